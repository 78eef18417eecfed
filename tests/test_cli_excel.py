"""`kfxl excel`: what the commands say and write; on Windows pretended, elsewhere refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from kfxl.hosts import excel_addin, excel_bundle, excel_windows
from kfxl.hosts.excel_windows import Windows, addins_folder
from kfxl.spreadsheet import workbook
from tests.console import Console
from tests.hosts.excel_machine import OPTIONS, SECURITY, dll
from tests.hosts.fake_registry import FakeRegistry, files_in, windows_of


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(capsys)


@pytest.fixture
def registry() -> FakeRegistry:
    registry = FakeRegistry()
    registry.given(OPTIONS, OPEN="other.xlam")
    return registry


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened as by a double click."""
    paths: list[str] = []
    monkeypatch.setattr(os, "startfile", lambda path: paths.append(str(path)), raising=False)
    return paths


@pytest.fixture
def windows(
    tmp_path: Path, registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> Windows:
    """A pretended Windows, on which the commands then run."""
    windows = windows_of(tmp_path, registry)
    scripts = Path(windows.python).parent
    scripts.mkdir(parents=True)
    (scripts / "pythonw.exe").write_bytes(b"")
    (scripts.parent / excel_addin.dll_name()).write_bytes(dll(64))
    monkeypatch.setattr(excel_windows, "this_windows", lambda: windows)
    monkeypatch.setattr(workbook, "build_template", lambda: b"the template")
    return windows


def documents(windows: Windows) -> Path:
    return Path(windows.variables["USERPROFILE"]) / "Documents"


# Building, on any system


def test_build_writes_the_add_in_and_the_notices(run: Console, tmp_path: Path) -> None:
    path = tmp_path / "kfxl.xlam"
    assert run("excel", "build", path) == 0
    assert run.out == f"Wrote {path} and kfxl-notices.txt\n"
    if sys.platform != "win32":
        assert path.read_bytes() == excel_addin.build_addin()
    assert "xlwings" in (tmp_path / "kfxl-notices.txt").read_text(encoding="utf-8")
    assert "exists already; give another name, or --force" in run.fails("excel", "build", path)
    assert run("excel", "build", path, "--force", "--interpreter", r"D:\Py & Ø\pythonw.exe") == 0
    assert path.read_bytes() == excel_addin.build_addin(r"D:\Py & Ø\pythonw.exe")


def test_build_looks_before_it_works(run: Console, tmp_path: Path) -> None:
    assert "give a name ending in .xlam" in run.fails("excel", "build", tmp_path / "kfxl.xlsx")
    assert "create it first" in run.fails("excel", "build", tmp_path / "no" / "kfxl.xlam")
    for path in ('a"b', "/usr/bin/python3", ""):
        line = run.fails("excel", "build", tmp_path / "kfxl.xlam", "--interpreter", path)
        assert line.startswith(f"kfxl: interpreter: {path or 'nothing'} is not the full path ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["xlwings", "pyopenvba"])
def test_a_missing_package_is_named_with_its_extra(
    run: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    def missing(_text: str) -> bytes:
        raise ModuleNotFoundError(f"No module named '{package}'", name=package)

    monkeypatch.setattr(excel_addin, "build_addin", missing)
    assert run.fails("excel", "build", tmp_path / "kfxl.xlam") == (
        f"kfxl: {package}: this package is missing; run the installer of kfxl again "
        '(python3 install, on Windows py -m install), or: pip install "kfxl[excel]"\n'
    )


@pytest.mark.parametrize("words", [("excel",), ("excel", "--help"), ("excel", "install", "-h")])
def test_help(run: Console, words: tuple[str, ...]) -> None:
    assert run(*words) == 0
    assert "Usage: kfxl excel" in run.out


# Installing


@pytest.mark.skipif(sys.platform == "win32", reason="about other systems")
@pytest.mark.parametrize("command", ["install", "uninstall", "check"])
def test_other_systems_are_told_where_the_add_in_runs(run: Console, command: str) -> None:
    assert run.fails("excel", command) == (
        f"kfxl: excel {command}: works on Windows only; "
        "here use kfxl excel build or kfxl excel bundle\n"
    )


def test_install_says_what_it_did_and_opens_the_template(
    run: Console, windows: Windows, registry: FakeRegistry, opened: list[str]
) -> None:
    assert run("excel", "install") == 0
    addin, book = addins_folder(windows) / "kfxl.xlam", documents(windows) / "kfxl.xlsx"
    assert run.out.splitlines() == [
        f"The add-in is {addin}",
        "Excel 16.0 opens it",
        f"The template is {book}",
    ]
    assert not run.err
    assert addin.read_bytes() == excel_addin.build_addin()
    assert book.read_bytes() == b"the template"
    assert opened == [str(book)]
    assert registry.value(OPTIONS, "OPEN1")


def test_installing_again_keeps_the_users_book(
    run: Console, windows: Windows, opened: list[str]
) -> None:
    run("excel", "install")
    book = documents(windows) / "kfxl.xlsx"
    book.write_bytes(b"work")
    assert run("excel", "install", "--no-open") == 0
    assert "Excel 16.0 opens it, as before" in run.out
    assert f"{book} was there already and stays as it is" in run.out
    assert book.read_bytes() == b"work"
    assert len(opened) == 1


def test_the_template_goes_where_it_is_wanted(
    run: Console, windows: Windows, tmp_path: Path
) -> None:
    wanted = tmp_path / "mine.xlsx"
    assert run("excel", "install", "--template", wanted, "--no-open") == 0
    assert wanted.read_bytes() == b"the template"
    assert not (documents(windows) / "kfxl.xlsx").exists()


def test_a_bad_place_for_the_template_is_found_before_anything_is_changed(
    run: Console, windows: Windows, registry: FakeRegistry, tmp_path: Path
) -> None:
    before, files = registry.state(), files_in(tmp_path)
    for place in (tmp_path / "no" / "x.xlsx", tmp_path / "x.docx"):
        run.fails("excel", "install", "--template", place)
    assert registry.state() == before
    assert files_in(tmp_path) == files


def test_documents_that_are_guarded_are_a_remark(
    run: Console, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def guarded(self: Path, target: Path) -> Path:
        if target.suffix == ".xlsx":
            raise PermissionError(13, "Access is denied")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", guarded)
    assert run("excel", "install") == 0
    assert (addins_folder(windows) / "kfxl.xlam").exists()
    assert "cannot be written (access is denied)" in run.err
    assert "for a template elsewhere run: kfxl template PATH" in run.err
    run.fails("excel", "install", "--template", tmp_path / "x.xlsx")


def test_what_will_keep_it_from_running_is_said_at_once(
    run: Console, windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(SECURITY, DisableAllAddins=1)
    assert run("excel", "install") == 0
    assert run.err.startswith("note: macros: in Excel 16.0 all add-ins are switched off; ")
    assert run.err.count("\n") == 1


def test_a_template_that_nothing_opens_is_a_remark(
    run: Console, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise OSError(1155, "No application is associated with the specified file")

    monkeypatch.setattr(os, "startfile", refuse, raising=False)
    assert run("excel", "install") == 0
    assert "was not opened (No application is associated" in run.err


def test_a_running_excel_is_one_line_and_nothing_is_built(
    run: Console, windows: Windows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = windows_of(tmp_path, FakeRegistry(), lambda: True)
    monkeypatch.setattr(excel_windows, "this_windows", lambda: busy)
    monkeypatch.delattr(excel_addin, "build_addin")
    assert "Excel: it is running" in run.fails("excel", "install")


def test_uninstall_says_what_is_gone(run: Console, windows: Windows) -> None:
    run("excel", "install")
    assert run("excel", "uninstall") == 0
    lines = run.out.splitlines()
    assert f"Removed {addins_folder(windows) / 'kfxl.xlam'}" in lines
    assert f"Removed {documents(windows) / 'kfxl.xlsx'}" in lines
    assert lines[-1] == "The add-in is gone."
    assert run("excel", "uninstall") == 0
    assert run.out == "The add-in was not installed; nothing to remove.\n"


def test_check_lists_what_is_wrong(run: Console, windows: Windows) -> None:
    run("excel", "install")
    assert run("excel", "check") == 0
    assert run.out.splitlines()[-1] == "All is well."
    for path in Path(windows.python).parent.parent.rglob("*"):
        path.unlink() if path.is_file() else None
    assert run("excel", "check") == 1
    assert "registered           Excel 16.0 opens it" in run.out
    assert run.out.splitlines()[-1] == "Broken: xlwings' DLL, interpreter."


# Handing on


def test_bundle_says_what_to_do_with_it(
    run: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pretended(path: Path, pythons: Any) -> Any:
        assert pythons == ("3.13",)
        path.write_bytes(b"zip")
        return excel_bundle.Bundle(wheels=9, megabytes=12.3)

    monkeypatch.setattr(excel_bundle, "write_bundle", pretended)
    path = tmp_path / "kfxl.zip"
    assert run("excel", "bundle", path, "--python", "3.13") == 0
    assert run.out.splitlines() == [
        f"Wrote {path}: 9 packages, 12 MB",
        "Your colleagues extract it and double-click Install kfxl.bat.",
    ]
    assert "exists already" in run.fails("excel", "bundle", path)
    assert "give a name ending in .zip" in run.fails("excel", "bundle", tmp_path / "kfxl.exe")
    assert "python: 3.9" in run.fails("excel", "bundle", "--force", path, "--python", "3.9")
