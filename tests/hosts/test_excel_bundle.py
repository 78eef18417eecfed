"""The zip for colleagues, with a pretended pip and a pretended index; no network."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import kfxl
from kfxl.errors import InputError
from kfxl.hosts import excel_bundle, excel_wheels
from kfxl.hosts.excel_bundle import installer_files, kfxl_wheel, write_bundle
from kfxl.hosts.excel_scripts import INSTALL, README, TERMINAL, UNINSTALL, scripts
from kfxl.hosts.excel_wheels import collect, pip_download, read_wheel

ROOT = Path(__file__).resolve().parent.parent.parent

# Name, version, tag of the wheel and what it needs. numpy has a wheel for each Python.
INDEX = [
    ("numpy", "2.0", "cp{v}-cp{v}-win_amd64", []),
    ("numpy", "1.9", "cp{v}-cp{v}-win_amd64", []),
    (
        *("pandas", "3.0", "py3-none-any"),
        [
            "numpy>=1.5",
            "tzdata>=1; sys_platform == 'win32'",
            "notzdata; sys_platform != 'win32'",
            "tomli; python_version < '3.12'",
            "matplotlib; extra == 'plot'",
        ],
    ),
    ("tzdata", "2026.1", "py2.py3-none-any", []),
    ("tomli", "2.0", "py3-none-any", []),
    ("xlwings", "0.37.8", "py3-none-any", ["pywin32>=224; platform_system == 'Windows'"]),
    ("xlwings", "0.37.8", "py3-none-any", ["appscript; platform_system == 'Darwin'"]),
    ("pywin32", "311", "cp{v}-cp{v}-win_amd64", []),
    ("typer", "0.12", "py3-none-any", ["click>=8", "Typing_Extensions"]),
    ("click", "8.1", "py3-none-any", ["colorama; platform_system == 'Windows'"]),
    ("colorama", "0.4", "py2.py3-none-any", []),
    ("typing-extensions", "4.0", "py3-none-any", []),
    ("old-fashioned", "1.0", "py3-none-any", ["numpy<2"]),
    ("extras", "1.0", "py3-none-any", ["numpy; extra == 'fast'"]),
    ("impossible", "1.0", "py3-none-any", ["numpy>9"]),
]
NEEDS = [
    "numpy>=1.5",
    "pandas",
    "xlwings==0.37.8; extra == 'excel'",
    "typer; extra == 'files'",
    "appscript; sys_platform == 'darwin' and extra == 'excel'",
    "pytest; extra == 'test'",
]


def wheel(name: str, version: str, needs: Sequence[str]) -> bytes:
    """A wheel that holds its description only."""
    stream = io.BytesIO()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    with zipfile.ZipFile(stream, "w") as package:
        info = zipfile.ZipInfo(f"{name}-{version}.dist-info/METADATA")
        package.writestr(info, "\n".join(lines) + "\n\nAbout it.\n")
    return stream.getvalue()


class PretendPip:
    """Downloads from INDEX as pip would; keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, requirements: Sequence[str], python: str, folder: Path) -> None:
        for text in requirements:
            self.asked.append((text, python))
            wanted = Requirement(text)
            assert wanted.marker is None
            found = [
                (name, version, tag, self.needs(name))
                for name, version, tag, _ in INDEX
                if canonicalize_name(name) == canonicalize_name(wanted.name)
                and wanted.specifier.contains(version)
            ]
            if not found:
                raise InputError("packages", f"no {text}", "")
            name, version, tag, needs = found[0]
            tag = tag.format(v=python.replace(".", ""))
            path = folder / f"{name.replace('-', '_')}-{version}-{tag}.whl"
            path.write_bytes(wheel(name, version, needs))

    @staticmethod
    def needs(name: str) -> list[str]:
        return [need for other, _, _, needs in INDEX if other == name for need in needs]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kfxl that was installed as a package, with few requirements."""
    lines = ["Metadata-Version: 2.4", "Name: kfxl", f"Version: {kfxl.__version__}"]
    lines += [f"Provides-Extra: {extra}" for extra in ("files", "excel", "test")]
    lines += [f"Requires-Dist: {need}" for need in NEEDS]
    texts = {
        "METADATA": "\n".join(lines) + "\n\nAbout it.\n",
        "entry_points.txt": "[console_scripts]\nkfxl = kfxl.cli:main\n",
        "licenses/LICENSE": "MIT",
    }

    class Pretended(metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return texts.get(filename)

        def locate_file(self, path: Any) -> Any:
            return Path(path)

    monkeypatch.setattr(metadata.Distribution, "from_name", classmethod(lambda *_: Pretended()))


# Which wheels


def names(wheels: list[excel_wheels.Wheel]) -> list[str]:
    return [wheel.name for wheel in wheels]


def test_what_is_needed_on_windows_is_found_on_any_system(tmp_path: Path) -> None:
    found = collect(["pandas", "xlwings==0.37.8", "typer"], "3.13", tmp_path, PretendPip())
    assert names(found) == [
        *("click", "colorama", "numpy", "pandas", "pywin32"),
        *("typer", "typing-extensions", "tzdata", "xlwings"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(w.path.name for w in found)


def test_conditions_on_the_python_are_those_of_the_python_that_is_served(tmp_path: Path) -> None:
    assert "tomli" in names(collect(["pandas"], "3.11", tmp_path, PretendPip()))


def test_a_limit_that_is_found_late_replaces_the_wheel(tmp_path: Path) -> None:
    found = collect(["pandas", "old-fashioned"], "3.13", tmp_path, PretendPip())
    assert {wheel.name: wheel.version for wheel in found}["numpy"] == "1.9"
    assert len(list(tmp_path.glob("numpy-*"))) == 1


def test_extras_are_followed(tmp_path: Path) -> None:
    assert names(collect(["extras[fast]"], "3.13", tmp_path, PretendPip())) == ["extras", "numpy"]


@pytest.mark.parametrize("need", ["impossible", "nowhere-to-be-found"])
def test_what_cannot_be_met_is_said(tmp_path: Path, need: str) -> None:
    with pytest.raises(InputError, match="packages: no "):
        collect([need], "3.13", tmp_path, PretendPip())


def test_a_download_that_brings_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing was downloaded for numpy and Python 3\.13"):
        collect(["numpy"], "3.13", tmp_path, lambda *_: None)


def test_pip_is_asked_for_wheels_for_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(excel_wheels, "find_spec", lambda name: name)
    pip_download(["numpy>=1.5"], "3.12", tmp_path)
    (command,) = commands
    assert command[:3] == [sys.executable, "-m", "pip"]
    assert command[-1] == "numpy>=1.5"
    text = " ".join(command)
    for words in ("--no-deps", "--only-binary=:all:", "--platform win_amd64"):
        assert words in text
    assert "--python-version 3.12" in text


def test_a_failure_of_pip_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        errors = "WARNING: x\nERROR: first\nERROR: No matching distribution found for numpy\n"
        return subprocess.CompletedProcess(command, 1, "", errors)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(InputError) as caught:
        pip_download(["numpy"], "3.12", tmp_path)
    assert "could not download them: No matching distribution found for numpy;" in str(caught.value)


def test_another_pip_serves_where_the_environment_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_wheels, "find_spec", lambda _name: None)
    monkeypatch.setattr(excel_wheels.shutil, "which", {"pip": "/usr/bin/pip"}.get)
    assert excel_wheels.pip() == ["/usr/bin/pip"]
    monkeypatch.setattr(excel_wheels.shutil, "which", lambda _name: None)
    with pytest.raises(InputError, match="pip: there is none"):
        excel_wheels.pip()


# The zip


@pytest.mark.usefixtures("installed")
def test_the_bundle_holds_installer_wheels_and_scripts(tmp_path: Path) -> None:
    path = tmp_path / "kfxl.zip"
    made = write_bundle(path, download=PretendPip())
    with zipfile.ZipFile(path) as package:
        found = package.namelist()
        assert package.testzip() is None
    wheels = [name for name in found if name.startswith("wheels/")]
    assert made.wheels == len(wheels)
    assert made.megabytes == pytest.approx(path.stat().st_size / 1e6)
    for version in ("311", "312", "313"):
        assert f"wheels/numpy-2.0-cp{version}-cp{version}-win_amd64.whl" in wheels
        assert f"wheels/pywin32-311-cp{version}-cp{version}-win_amd64.whl" in wheels
    assert wheels.count("wheels/pandas-3.0-py3-none-any.whl") == 1
    assert "wheels/tomli-2.0-py3-none-any.whl" in wheels
    assert not [name for name in wheels if "appscript" in name or "notzdata" in name]
    assert {INSTALL, UNINSTALL, README, "LICENSE"} <= set(found)
    # It speaks of the repository, which its reader does not have.
    assert "README.md" not in found
    installer = {f"install/{path.name}" for path in (ROOT / "install").glob("*.py")}
    assert installer <= set(found)
    assert [path.name for path in tmp_path.iterdir()] == ["kfxl.zip"]


@pytest.mark.usefixtures("installed")
def test_the_same_wheels_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    for path in (first, second):
        write_bundle(path, ["3.13"], PretendPip())
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.usefixtures("installed")
def test_a_bundle_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    def fail(requirements: Sequence[str], python: str, folder: Path) -> None:
        raise InputError("packages", "no network", "check it")

    path = tmp_path / "kfxl.zip"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="no network"):
        write_bundle(path, download=fail)
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["kfxl.zip"]


@pytest.mark.usefixtures("installed")
def test_our_own_wheel_can_be_installed_and_makes_bundles_again(tmp_path: Path) -> None:
    name, content = kfxl_wheel(installer_files())
    assert kfxl_wheel(installer_files()) == (name, content)
    path = tmp_path / name
    path.write_bytes(content)
    site = tmp_path / "site"
    with zipfile.ZipFile(path) as package:
        package.extractall(site)
        assert not [part for part in package.namelist() if "__pycache__" in part]
    assert read_wheel(path).needs == tuple(NEEDS)
    # What is in the wheel is what its own list says, and it brings the installer.
    record = (site / f"kfxl-{kfxl.__version__}.dist-info" / "RECORD").read_text().splitlines()
    assert {line.partition(",")[0] for line in record} == {
        found.relative_to(site).as_posix() for found in site.rglob("*") if found.is_file()
    }
    assert (site / "kfxl" / "_bundle" / "install" / "__main__.py").is_file()
    code = (
        "import kfxl, sys; from kfxl.hosts import excel_bundle as b; "
        "assert kfxl.__file__.startswith(sys.argv[1]), kfxl.__file__; "
        "print(len(b.installer_files()), b.kfxl_needs('3.13'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(site)],
        env={"PYTHONPATH": str(site), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count = len(list((ROOT / "install").glob("*.py")))
    wanted = "['numpy>=1.5', 'pandas', 'typer', 'xlwings==0.37.8']"
    assert done.stdout.strip() == f"{count} {wanted}"


def test_sources_that_were_not_installed_say_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(excel_bundle.metadata, "distribution", missing)
    with pytest.raises(InputError, match=r"was not installed; run: pip install -e \. in its"):
        kfxl_wheel({})


# The files to double-click


@pytest.mark.parametrize("name", [INSTALL, UNINSTALL])
def test_the_scripts_are_plain_and_name_no_folder(name: str) -> None:
    text = scripts(["3.11", "3.12", "3.13"])[name].decode("ascii")
    assert text.count("\r\n") == text.count("\n")
    lines = text.split("\r\n")
    assert lines[0] == "@echo off"
    # The newest first; each label that is gone to is there; every path is quoted.
    tried = [line.rpartition(" ")[2] for line in lines if "call :try py -" in line]
    assert tried == ["-3.13", "-3.12", "-3.11"]
    for label in ("packed", "missing", "end", "try"):
        assert lines.count(f":{label}") == 1
    assert [line.count('"') % 2 for line in lines] == [0] * len(lines)
    for line in lines:
        if "%HERE%" in line:
            assert '"%HERE%' in line
    assert ("--uninstall" in text) == (name == UNINSTALL)


def test_the_scripts_choose_a_python_that_the_wheels_serve() -> None:
    text = scripts(["3.12"])[INSTALL].decode("ascii")
    (line,) = [line for line in text.split("\r\n") if line.startswith("%* -c")]
    code = line.split('"')[1].replace("%%", "%")
    for version, platform, base, fits in (
        ((3, 12), "win-amd64", r"C:\Python312", True),
        ((3, 14), "win-amd64", r"C:\Python314", False),
        ((3, 1), "win-amd64", r"C:\Python31", False),
        ((3, 12), "win32", r"C:\Python312", False),
        ((3, 12), "win-arm64", r"C:\Python312", False),
        ((3, 12), "win-amd64", r"C:\Program Files\WindowsApps\Python", False),
    ):
        setting = (
            f"import sys, sysconfig; sys.version_info = {version}; sys.base_prefix = {base!r}; "
            f"sysconfig.get_platform = lambda: {platform!r}; "
        )
        done = subprocess.run([sys.executable, "-c", setting + code], check=False)
        assert (done.returncode == 0) == fits, (version, platform, base)


@pytest.mark.parametrize("name", [INSTALL, UNINSTALL])
def test_the_scripts_do_not_say_how_far_it_came(name: str) -> None:
    # The line above may say "kfxl is installed, but not in Excel yet".
    text = scripts(["3.13"])[name].decode("ascii")
    assert "echo Not finished. The line above says why.\r\n" in text
    assert "was not" not in text


def test_the_read_me_answers_what_a_colleague_asks() -> None:
    text = scripts(["3.11", "3.12", "3.13"])[README].decode("ascii").replace("\r\n", "\n")
    assert max(map(len, text.split("\n"))) <= 90
    assert text.startswith(f"kfxl {kfxl.__version__}: ")
    words = " ".join(text.split())
    for wanted in (
        "from python.org Python 3.13, 3.12 or 3.11 for 64 bits.",
        "4. Double-click",
        '"Windows protected your PC": click More info, then Run anyway.',
        '"The publisher could not be verified": click Run.',
        "Neither is offered: your organisation blocks it.",
        f"type {TERMINAL} ",
        'Keep the new folder: "Uninstall kfxl.bat" needs it.',
        "Extract the new zip, as above, and close Excel.",
        "At the end Excel opens with the template (kfxl.xlsx in Documents) and has a tab kfxl.",
    ):
        assert wanted in words


def test_the_command_of_the_read_me_starts_the_installer() -> None:
    command = [sys.executable, *TERMINAL.split()[1:], "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--uninstall" in done.stdout
