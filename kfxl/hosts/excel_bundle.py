"""One zip that installs kfxl with its Excel add-in on a colleague's Windows, without network.

It holds the installer, kfxl's own wheel and the wheels of all that it needs, for several Pythons;
a wheel that serves all of them is there once. The same wheels give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import kfxl
from kfxl.errors import InputError
from kfxl.hosts.archives import write_zip
from kfxl.hosts.excel_scripts import scripts
from kfxl.hosts.excel_wheels import Download, applying, collect, pip_download, windows_environment

PYTHONS = ("3.11", "3.12", "3.13")
EXTRAS = ("files", "excel")
PACKAGE = Path(kfxl.__file__).parent
# Where kfxl's own wheel keeps the installer, which in a checkout lies beside the package.
INSTALLER = "kfxl/_bundle/install"
AGAIN = "install kfxl again and run this again"


@dataclass(frozen=True)
class Bundle:
    """What was put together: how many wheels, and the zip's size."""

    wheels: int
    megabytes: float


def chosen_pythons(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The Pythons that a bundle is to serve; all without a wish.

    >>> chosen_pythons(["3.13", "3.12"])
    ('3.12', '3.13')
    """
    for python in wanted or ():
        if python not in PYTHONS:
            raise InputError("python", f"{python} is not served", f"give {', '.join(PYTHONS)}")
    return tuple(python for python in PYTHONS if not wanted or python in wanted)


def write_bundle(
    path: Path, pythons: Sequence[str] = PYTHONS, download: Download = pip_download
) -> Bundle:
    """Put the zip together.

    Parameters
    ----------
    path : Path
        The zip to write, whole or not at all.
    pythons : sequence of str
        The Pythons that it is to serve, as in ``"3.13"``.
    download : callable
        How wheels are fetched; by pip unless a test gives another.

    Returns
    -------
    Bundle

    Raises
    ------
    InputError
        If kfxl is not installed as a package, or a package has no wheel for Windows.
    """
    installer = installer_files()
    own_name, own_wheel = kfxl_wheel(installer)
    with tempfile.TemporaryDirectory(prefix="kfxl-") as name:
        files: dict[str, bytes | Path] = {f"wheels/{own_name}": own_wheel}
        for python in pythons:
            folder = Path(name) / python
            folder.mkdir()
            for wheel in collect(kfxl_needs(python), python, folder, download):
                files[f"wheels/{wheel.path.name}"] = wheel.path
        count = len(files)
        files |= {f"install/{part}": content for part, content in installer.items()}
        files |= scripts(pythons)
        files |= {Path(part).name: content for part, content in _licences().items()}
        with _whole(path) as target:
            write_zip(target, files)
        return Bundle(count, path.stat().st_size / 1e6)


def kfxl_needs(python: str) -> list[str]:
    """What kfxl itself needs on Windows, extras included, without conditions."""
    needs = metadata.requires("kfxl") or []
    offered = metadata.metadata("kfxl").get_all("Provides-Extra") or []
    if not set(EXTRAS) <= set(offered):
        problem = "the package that is installed does not know its add-in for Excel"
        raise InputError("kfxl", problem, AGAIN)
    environment = windows_environment(python)
    found: dict[str, None] = {}
    for extra in EXTRAS:
        for requirement in applying(needs, extra, environment):
            requirement.marker = None
            found[str(requirement)] = None
    return list(found)


def installer_files() -> dict[str, bytes]:
    """The modules of the installer by name."""
    inside, beside = PACKAGE.parent / INSTALLER, PACKAGE.parent / "install"
    folder = inside if inside.is_dir() else beside
    if not (folder / "__main__.py").is_file():
        raise InputError("kfxl", "its installer is not there", AGAIN)
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.py"))}


def kfxl_wheel(installer: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Name and content of a wheel of the kfxl that runs, always the same bytes."""
    try:
        about = metadata.distribution("kfxl")
    except metadata.PackageNotFoundError:
        problem = "it runs from its sources and was not installed"
        raise InputError("kfxl", problem, "run: pip install -e . in its checkout") from None
    if about.version != kfxl.__version__:
        problem = f"version {kfxl.__version__} runs and version {about.version} is installed"
        raise InputError("kfxl", problem, AGAIN)
    info = f"kfxl-{kfxl.__version__}.dist-info"
    files = {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    files |= {f"{INSTALLER}/{name}": content for name, content in installer.items()}
    files |= {f"{info}/{name}": content for name, content in _licences().items()}
    for name in ("METADATA", "entry_points.txt"):
        files[f"{info}/{name}"] = (about.read_text(name) or "").encode("utf-8")
    tag = "py3-none-any"
    lines = ("Wheel-Version: 1.0", "Generator: kfxl", "Root-Is-Purelib: true", f"Tag: {tag}")
    files[f"{info}/WHEEL"] = "".join(f"{line}\n" for line in lines).encode()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    stream = io.BytesIO()
    write_zip(stream, files)
    return f"kfxl-{kfxl.__version__}-{tag}.whl", stream.getvalue()


def _licences() -> dict[str, bytes]:
    """The licence and notices of kfxl, as parts of its ``.dist-info``."""
    found = {}
    for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
        text = metadata.distribution("kfxl").read_text(f"licenses/{name}")
        if text is not None:
            found[f"licenses/{name}"] = text.encode("utf-8")
    return found


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    """The list of a wheel's files with their hashes."""
    lines = []
    for name, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{own},,\n"]).encode("utf-8")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside the target that takes its place when all went well; it may be too large for
    memory.
    """
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=".tmp", delete=False
    ) as handle:
        temporary = Path(handle.name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
