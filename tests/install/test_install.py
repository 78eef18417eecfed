"""The installer's decisions, with pretended commands; real installations are tried by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from install import bundles, checks, command, environment, launcher, packages, programs, setup
from install.environment import MARKER, Recipe, fingerprint, prepare
from install.places import Places, command_of, places, python_of
from install.shell import InstallError, Outcome, Terminal, child_variables
from kfxl.spreadsheet.failures import log_path
from tests.install.pretend_shell import OK, Answer, PretendShell, fails_at

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return Recipe(tmp_path / "mit Leerzeichen ü" / "kfxl", tmp_path, (".[files]",), "one")


@pytest.fixture
def here(tmp_path: Path) -> Places:
    return places({}, tmp_path / "home", "linux")


# The places


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "/h/.local/share/kfxl"),
        ("linux", {"XDG_DATA_HOME": "/d"}, "/d/kfxl"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/h/.local/share/kfxl"),
        ("linux", {"XDG_DATA_HOME": ""}, "/h/.local/share/kfxl"),
        ("darwin", {}, "/h/Library/Application Support/kfxl"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/kfxl"),
        ("win32", {}, "/h/AppData/Local/kfxl"),
    ],
)
def test_the_environment_is_in_the_users_data_folder(
    platform: str, variables: dict[str, str], expected: str
) -> None:
    assert places(variables, Path("/h"), platform).environment == Path(expected)


def test_no_home_folder_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(InstallError, match="set the variable HOME"):
        places({}, None, "linux")


@pytest.mark.skipif(sys.platform == "win32", reason="the state folder of this system")
def test_the_log_folder_is_the_one_that_kfxl_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/state")
    assert places().state == log_path().parent
    monkeypatch.delenv("XDG_STATE_HOME")
    assert places().state == log_path().parent


# The environment


def test_made_once_then_left_alone(recipe: Recipe) -> None:
    shell = PretendShell()
    assert prepare(recipe, shell)
    assert shell.ran("venv")
    assert shell.ran("install", ".[files]")
    second = PretendShell()
    assert not prepare(recipe, second)
    assert not second.commands


def test_changed_sources_are_installed_into_the_same_environment(recipe: Recipe) -> None:
    prepare(recipe, PretendShell())
    shell = PretendShell()
    changed = Recipe(recipe.folder, recipe.checkout, recipe.requirement, "two")
    assert prepare(changed, shell)
    assert shell.ran("install", ".[files]")
    assert not shell.ran("venv")


@pytest.mark.parametrize("word", ["venv", "install"])
def test_an_interrupted_run_is_repaired(recipe: Recipe, word: str) -> None:
    def interrupt(words: list[str]) -> Outcome | None:
        if word in words:
            raise KeyboardInterrupt
        return None

    with pytest.raises(KeyboardInterrupt):
        prepare(recipe, PretendShell(interrupt))
    (recipe.folder / "half a package").mkdir()
    shell = PretendShell()
    assert prepare(recipe, shell)
    assert shell.ran("venv")
    assert not (recipe.folder / "half a package").exists()


def test_an_update_that_fails_leaves_the_old_environment_in_use(recipe: Recipe) -> None:
    prepare(recipe, PretendShell())
    changed = Recipe(recipe.folder, recipe.checkout, recipe.requirement, "two")
    with pytest.raises(InstallError, match="no connection"):
        prepare(changed, PretendShell(fails_at("install", "NewConnectionError")))
    assert not prepare(recipe, PretendShell())
    assert prepare(changed, PretendShell())


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: python_of(folder).unlink(),
        lambda folder: (folder / MARKER).write_text("{not json"),
        lambda folder: (folder / MARKER).write_text("{}"),
    ],
    ids=["interpreter gone", "marker garbled", "marker empty"],
)
def test_a_damaged_environment_is_made_anew(
    recipe: Recipe, damage: Callable[[Path], object]
) -> None:
    prepare(recipe, PretendShell())
    damage(recipe.folder)
    shell = PretendShell()
    assert prepare(recipe, shell)
    assert shell.ran("venv")


def test_a_moved_environment_is_made_anew(recipe: Recipe, tmp_path: Path) -> None:
    prepare(recipe, PretendShell())
    moved = recipe.folder.rename(tmp_path / "moved")
    shell = PretendShell()
    assert prepare(Recipe(moved, recipe.checkout, recipe.requirement, "one"), shell)
    assert shell.ran("venv")


def test_another_python_gets_a_new_environment(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(recipe, PretendShell())
    monkeypatch.setattr(environment, "python_version", lambda: "cpython 3.99")
    shell = PretendShell()
    assert prepare(recipe, shell)
    assert shell.ran("venv")


def test_a_folder_of_someone_else_is_not_touched(recipe: Recipe) -> None:
    recipe.folder.mkdir(parents=True)
    (recipe.folder / "precious.txt").write_text("mine")
    with pytest.raises(InstallError, match="not made by kfxl's installer"):
        prepare(recipe, PretendShell())
    assert (recipe.folder / "precious.txt").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_not_touched(recipe: Recipe) -> None:
    recipe.folder.parent.mkdir(parents=True)
    recipe.folder.write_text("mine")
    with pytest.raises(InstallError, match="not made by"):
        prepare(recipe, PretendShell())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recipe = Recipe(tmp_path / "file" / "kfxl", tmp_path, ("x",), "one")
    with pytest.raises(InstallError, match=r"Not a directory|not find|File exists"):
        prepare(recipe, PretendShell())


def test_a_fingerprint_follows_names_and_contents(tmp_path: Path) -> None:
    package = tmp_path / "kfxl"
    package.mkdir()
    (package / "a.py").write_text("1")
    first = fingerprint([package], "fact")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_text("x")
    assert fingerprint([package], "fact") == first
    assert fingerprint([package], "other fact") != first
    (package / "a.py").write_text("2")
    second = fingerprint([package], "fact")
    (package / "a.py").rename(package / "b.py")
    assert len({first, second, fingerprint([package], "fact")}) == 3


def test_a_log_alone_is_no_foreign_folder(recipe: Recipe) -> None:
    # On Windows the log of kfxl is in the folder of the environment; with --system-packages
    # the log of the set-up is begun before there is one.
    recipe.folder.mkdir(parents=True)
    (recipe.folder / "kfxl-setup.log").write_text("")
    (recipe.folder / "kfxl.log").write_text("")
    (recipe.folder / "kfxl.log.1").write_text("")
    assert prepare(recipe, PretendShell())


# Debian: no ensurepip, or no pip either


def without_ensurepip(name: str) -> object:
    return None if name == "ensurepip" else object()


def outer_pip(version: str | None) -> Answer:
    """The environment has no pip; the running Python has this one."""

    def answer(words: list[str]) -> Outcome | None:
        if words[1:] != ["-m", "pip", "--version"]:
            return None
        if words[0] != sys.executable or version is None:
            return Outcome(1, "No module named pip")
        return Outcome(0, f"pip {version} from /usr/lib/python3/dist-packages/pip (python 3.11)")

    return answer


def test_without_ensurepip_the_systems_pip_fills_the_environment(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "find_spec", without_ensurepip)
    shell = PretendShell(outer_pip("23.0.1"))
    assert prepare(recipe, shell)
    assert shell.ran("venv", "--without-pip")
    assert shell.ran(sys.executable, "--python", str(python_of(recipe.folder)), "install")


def test_ensurepip_that_fails_is_done_without(recipe: Recipe) -> None:
    def answer(words: list[str]) -> Outcome | None:
        fails = "venv" in words and "--without-pip" not in words
        return Outcome(1, "ensurepip is not available") if fails else outer_pip("22.3")(words)

    shell = PretendShell(answer)
    assert prepare(recipe, shell)
    assert shell.ran("venv", "--without-pip")


@pytest.mark.parametrize(
    ("version", "words"), [(None, "pip is missing"), ("20.3.4", r"too old \(20\.3\.4\)")]
)
def test_without_any_pip_the_command_that_helps_is_named(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, version: str | None, words: str
) -> None:
    monkeypatch.setattr(environment, "find_spec", without_ensurepip)
    with pytest.raises(InstallError, match=words) as caught:
        prepare(recipe, PretendShell(outer_pip(version)))
    assert "apt install python3-venv" in str(caught.value)


def test_without_the_module_venv_the_command_that_helps_is_named(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)
    with pytest.raises(InstallError, match="apt install python3-venv"):
        prepare(recipe, PretendShell())


# pip's failures in plain words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Retrying (Retry(total=0)) after NewConnectionError('x')\nERROR: No matching", "network"),
        ("urllib3: Temporary failure in name resolution", "no connection"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "certificate"),
        ("ERROR: No matching distribution found for formulon==0.18.0", "no formulon==0.18.0 for"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: [WinError 5] Access is denied: 'x'", "close programs"),
        ("something\nERROR: Something new\nmore", "pip failed: Something new; the log"),
        ("", "gave no reason"),
    ],
)
def test_a_failure_of_pip_is_one_line(text: str, words: str) -> None:
    line = str(packages.explain_failure(text))
    assert words in line
    assert "\n" not in line


def test_children_see_no_foreign_packages_and_pip_keeps_the_users_settings() -> None:
    variables = {"PYTHONPATH": "/x", "PYTHONHOME": "/y", "PIP_INDEX_URL": "u", "PIP_USER": "1"}
    child = child_variables(variables)
    assert "PYTHONPATH" not in child
    assert "PYTHONHOME" not in child
    assert child["PIP_INDEX_URL"] == "u"
    assert child["PIP_USER"] == "0"


def test_no_package_index_is_named_anywhere() -> None:
    for path in (ROOT / "install").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "index-url" not in text
        assert "pypi" not in text.lower()


# The launcher


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_the_launcher_is_made_found_and_removed(here: Places) -> None:
    on_path = {"PATH": f"/usr/bin{os.pathsep}{here.launcher.parent}"}
    assert launcher.put(here, {"PATH": "/usr/bin"}, "linux") is launcher.Launcher.OFF_PATH
    assert launcher.put(here, on_path, "linux") is launcher.Launcher.ON_PATH
    assert here.launcher.readlink() == command_of(here.environment, "linux")
    assert launcher.remove(here, "linux")
    assert not launcher.exists(here.launcher)
    assert not launcher.remove(here, "linux")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
@pytest.mark.parametrize("link", [True, False])
def test_a_command_of_someone_else_stays(here: Places, *, link: bool) -> None:
    here.launcher.parent.mkdir(parents=True)
    if link:
        here.launcher.symlink_to("/opt/other/kfxl")
    else:
        here.launcher.write_text("#!/bin/sh\n")
    assert launcher.put(here, {}, "linux") is launcher.Launcher.NOT_MADE
    assert not launcher.remove(here, "linux")
    assert launcher.exists(here.launcher)
    assert "another program's" in setup.said(launcher.Launcher.NOT_MADE, here)


def test_windows_gets_a_batch_file_where_the_path_leads(tmp_path: Path) -> None:
    local = tmp_path / "Käthe" / "AppData" / "Local"
    windows = places({"LOCALAPPDATA": str(local)}, tmp_path, "win32")
    assert launcher.put(windows, {}, "win32") is launcher.Launcher.NOT_MADE
    windows.launcher.parent.mkdir(parents=True)
    launcher.put(windows, {}, "win32")
    assert b"%LOCALAPPDATA%\\kfxl\\Scripts\\kfxl.exe" in windows.launcher.read_bytes()
    windows.launcher.read_bytes().decode("ascii")
    assert launcher.remove(windows, "win32")
    assert not windows.launcher.exists()


# Installing and uninstalling


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "kfxl").mkdir(parents=True)
    (folder / "workbook").mkdir()
    (folder / "workbook" / "kfxl.xlsx").write_text("book")
    (folder / "pyproject.toml").write_text("")
    return folder


def test_installing_runs_the_templates_job_and_says_what_is_next(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    shell = PretendShell()
    assert setup.install(checkout, here, tmp_path, shell) == 0
    report = str(tmp_path / "kfxl-report.xlsx")
    assert shell.ran("recalc", str(checkout / "workbook" / "kfxl.xlsx"))
    assert shell.ran("backtest", "-o", report)
    words = "\n".join(shell.said)
    for wanted in (report, "What to do next", "template", "recalc", "backtest", "README.md"):
        assert wanted in words
    again = PretendShell()
    assert setup.install(checkout, here, tmp_path, again) == 0
    assert not again.ran("pip", "install")
    assert any("up to date" in line for line in again.said)


def test_a_changed_source_is_noticed(checkout: Path, here: Places, tmp_path: Path) -> None:
    setup.install(checkout, here, tmp_path, PretendShell())
    (checkout / "kfxl" / "new.py").write_text("")
    shell = PretendShell()
    setup.install(checkout, here, tmp_path, shell)
    assert shell.ran("pip", "install")


def test_an_environment_that_fails_its_check_is_made_anew_once(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    setup.install(checkout, here, tmp_path, PretendShell())
    answers = [Outcome(1, "numpy: not installed"), OK]
    shell = PretendShell(lambda words: answers.pop(0) if words[-1] == "check" else None)
    assert setup.install(checkout, here, tmp_path, shell) == 0
    assert shell.ran("venv")
    with pytest.raises(InstallError, match="own check fails: numpy: not installed"):
        setup.install(
            checkout, here, tmp_path, PretendShell(fails_at("check", "numpy: not installed"))
        )


def test_a_template_job_that_fails_fails_the_installation(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    with pytest.raises(InstallError, match="template's job failed"):
        setup.install(checkout, here, tmp_path, PretendShell(fails_at("backtest")))


def open_elsewhere(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that another program has open, as on Windows."""
    report.write_bytes(b"old")
    real = Path.open

    def refuse(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if self == report:
            raise PermissionError(13, "Permission denied", str(report))
        return real(self, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", refuse)


def not_writable(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is read only; for root none is."""

    def refuse(**_more: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(report.parent))

    monkeypatch.setattr(setup.tempfile, "TemporaryFile", refuse)


@pytest.mark.parametrize("hinder", [open_elsewhere, not_writable])
def test_a_report_that_cannot_be_written_is_left_out_with_one_note(
    checkout: Path,
    here: Places,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hinder: Callable[[Path, pytest.MonkeyPatch], None],
) -> None:
    report = tmp_path / "kfxl-report.xlsx"
    hinder(report, monkeypatch)
    shell = PretendShell(lambda words: Outcome(0, "opened\n") if words[-2] == "excel" else None)
    assert windows_ready(checkout, here, tmp_path, shell) == 0
    notes = [line.strip() for line in shell.said if "note: " in line]
    assert notes == [
        f"note: no report is written, because {report} cannot be (Permission denied); "
        "if it is open in Excel, close it, or run this in another folder to have one"
    ]
    assert shell.ran("backtest")
    assert not shell.ran("backtest", "-o")
    assert shell.commands[-1][-2:] == ["excel", "install"]
    assert "backtest of the template is in" not in "\n".join(shell.said)


def test_looking_whether_a_report_can_be_written_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "current"
    folder.mkdir()
    assert setup.report_in(folder, PretendShell()) == folder / "kfxl-report.xlsx"
    assert not list(folder.iterdir())
    (folder / "kfxl-report.xlsx").write_bytes(b"old")
    assert setup.report_in(folder, PretendShell()) == folder / "kfxl-report.xlsx"
    assert [path.read_bytes() for path in folder.iterdir()] == [b"old"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_uninstalling_takes_away_what_was_made_and_nothing_else(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    setup.install(checkout, here, tmp_path, PretendShell())
    here.state.mkdir(parents=True)
    (here.state / "install.log").write_text("")
    kept = [here.environment.parent / "other", here.launcher.parent / "other"]
    for path in kept:
        path.write_text("mine")
    assert setup.uninstall(here, PretendShell()) == 0
    assert not launcher.exists(here.launcher)
    assert not here.environment.exists()
    assert not here.state.exists()
    assert all(path.read_text() == "mine" for path in kept)
    shell = PretendShell()
    assert setup.uninstall(here, shell) == 0
    assert "not installed" in shell.said[-1]


def test_uninstalling_leaves_a_folder_of_someone_else(here: Places) -> None:
    here.environment.mkdir(parents=True)
    (here.environment / "precious.txt").write_text("mine")
    with pytest.raises(InstallError, match="not made by"):
        setup.uninstall(here, PretendShell())
    assert (here.environment / "precious.txt").exists()


# LibreOffice


def libreoffice(outcome: Outcome) -> Answer:
    return lambda words: outcome if "calc" in words else None


def test_libreoffice_gets_the_add_in_where_there_is_one(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    said = "LibreOffice 25.2 has the add-in\nnote: LibreOffice is running; close all of it\n"
    shell = PretendShell(libreoffice(Outcome(0, said)))
    assert setup.install(checkout, here, tmp_path, shell, "linux") == 0
    assert shell.commands[-1][1:] == ["-m", "kfxl", "calc", "install", "--if-found"]
    words = "\n".join(shell.said)
    for wanted in (
        "5 of 5  LibreOffice\n        LibreOffice 25.2 has the add-in\n        note: ",
        "What to do next in LibreOffice Calc",
        "calc check",
        "In a terminal:",
    ):
        assert wanted in words


def test_without_libreoffice_one_short_line_is_said(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    shell = PretendShell(libreoffice(OK))
    assert setup.install(checkout, here, tmp_path, shell, "linux") == 0
    lines = [line for line in "\n".join(shell.said).splitlines() if "LibreOffice" in line]
    assert lines == ["5 of 5  LibreOffice: not found, so there is nothing to do"]


def test_a_libreoffice_that_cannot_be_used_fails_nothing(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    line = "kfxl: LibreOffice: no module uno; install its package for Python\n"
    shell = PretendShell(libreoffice(Outcome(1, line)))
    assert setup.install(checkout, here, tmp_path, shell, "linux") == 0
    assert shell.said[-3].endswith(
        "note: it does not have kfxl yet (LibreOffice: no module uno; install its package for "
        "Python); then run this again"
    )
    assert "in LibreOffice Calc" not in "\n".join(shell.said)


def listed(home: Path) -> None:
    """A profile whose list of extensions names kfxl."""
    path = home / ".config/libreoffice/4/user/uno_packages/cache/uno_packages.pmap"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"Pmp1org.kfxl.addin\0")


def test_the_add_in_leaves_libreoffice_before_anything_else_goes(
    checkout: Path, here: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "is_in_libreoffice", lambda: True)
    setup.install(checkout, here, tmp_path, PretendShell())
    fails = PretendShell(libreoffice(Outcome(1, "kfxl: LibreOffice: it did not answer; again")))
    with pytest.raises(InstallError, match=r"still in LibreOffice, so nothing.*did not answer"):
        setup.uninstall(here, fails, "linux")
    assert here.environment.exists()
    shell = PretendShell(libreoffice(Outcome(0, "The add-in is gone from LibreOffice 7.4.\n")))
    assert setup.uninstall(here, shell, "linux") == 0
    assert shell.said[0] == "The add-in is gone from LibreOffice 7.4."
    assert not here.environment.exists()


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(0, "The add-in was not installed in LibreOffice; nothing to remove.\n"),
        Outcome(1, "kfxl: typer: this package is missing\n"),
        Outcome(2, "kfxl: No such command 'calc'; see kfxl --help\n"),
    ],
    ids=["not there", "kfxl damaged", "an older kfxl"],
)
def test_what_is_not_in_libreoffice_hinders_nothing(
    checkout: Path,
    here: Places,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
) -> None:
    monkeypatch.setattr(programs, "is_in_libreoffice", lambda: False)
    setup.install(checkout, here, tmp_path, PretendShell())
    shell = PretendShell(libreoffice(outcome))
    assert setup.uninstall(here, shell, "linux") == 0
    assert not any("LibreOffice" in line for line in shell.said)


def test_the_list_of_a_profile_tells_whether_the_add_in_is_in_libreoffice(tmp_path: Path) -> None:
    assert not programs.is_in_libreoffice({}, tmp_path, "linux")
    listed(tmp_path)
    assert programs.is_in_libreoffice({}, tmp_path, "linux")
    assert not programs.is_in_libreoffice({"XDG_CONFIG_HOME": "/nowhere"}, tmp_path, "linux")
    assert not programs.is_in_libreoffice({}, tmp_path, "win32")
    assert not programs.is_in_libreoffice({}, tmp_path, "darwin")


def test_a_list_that_cannot_be_read_does_not_stop_the_installer(tmp_path: Path) -> None:
    folder = tmp_path / ".config/libreoffice/3/user/uno_packages/cache/uno_packages.pmap"
    folder.mkdir(parents=True)
    assert not programs.is_in_libreoffice({}, tmp_path, "linux")
    listed(tmp_path)
    assert programs.is_in_libreoffice({}, tmp_path, "linux")


# Windows, and bundles


def windows_ready(checkout: Path, here: Places, tmp_path: Path, shell: PretendShell) -> int:
    return setup.install(checkout, here, tmp_path, shell, "win32")


def test_windows_gets_the_add_in_as_well(checkout: Path, here: Places, tmp_path: Path) -> None:
    said = "The add-in is kfxl.xlam\nExcel 16.0 opens it\n"
    shell = PretendShell(lambda words: Outcome(0, said) if words[-2] == "excel" else None)
    assert windows_ready(checkout, here, tmp_path, shell) == 0
    assert shell.ran("install", ".[files,excel]")
    assert shell.commands[-1][1:] == ["-m", "kfxl", "excel", "install"]
    words = "\n".join(shell.said)
    for wanted in ("6 of 6  Excel", "Excel 16.0 opens it", "What to do next in Excel", "tab kfxl"):
        assert wanted in words


def test_an_excel_that_runs_is_said_after_all_else_was_done(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    line = "kfxl: Excel: it is running; close it\n"
    shell = PretendShell(fails_at("excel", line))
    with pytest.raises(InstallError) as caught:
        windows_ready(checkout, here, tmp_path, shell)
    assert str(caught.value) == (
        "kfxl is installed, but not in Excel yet (Excel: it is running; close it); "
        "see to that and run this again"
    )
    assert shell.ran("backtest")


def test_other_systems_do_without_excel(checkout: Path, here: Places, tmp_path: Path) -> None:
    shell = PretendShell()
    setup.install(checkout, here, tmp_path, shell, "linux")
    assert not shell.ran("excel")
    assert "Excel" not in "\n".join(shell.said)


def test_a_python_of_the_store_is_refused_before_anything_is_done(
    checkout: Path, here: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_x64__qbz5n2kfra8p0"
    monkeypatch.setattr(sys, "base_prefix", store)
    shell = PretendShell()
    with pytest.raises(InstallError, match=r"Microsoft Store.*; install Python from python\.org"):
        windows_ready(checkout, here, tmp_path, shell)
    assert not shell.commands
    assert setup.install(checkout, here, tmp_path, shell, "linux") == 0


def test_the_add_in_goes_first_and_nothing_goes_without_it(
    checkout: Path, here: Places, tmp_path: Path
) -> None:
    windows_ready(checkout, here, tmp_path, PretendShell())
    with pytest.raises(InstallError, match=r"nothing was removed.*it is running"):
        setup.uninstall(here, PretendShell(fails_at("excel", "kfxl: it is running")), "win32")
    assert here.environment.exists()
    shell = PretendShell(lambda words: Outcome(0, "Removed kfxl.xlam") if words[1:] else None)
    assert setup.uninstall(here, shell, "win32") == 0
    assert shell.said[0] == "Removed kfxl.xlam"
    assert not here.environment.exists()
    assert setup.uninstall(here, PretendShell(), "win32") == 0


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "kfxl für Søn & Co"
    (folder / "wheels").mkdir(parents=True)
    for name in ("kfxl-0.1.0-py3-none-any.whl", "numpy-2.0-cp313-cp313-win_amd64.whl"):
        (folder / "wheels" / name).write_bytes(b"wheel")
    return folder


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python that runs is one that the bundle is for."""
    runs_on(monkeypatch, "win32", "win-amd64", (3, 13))


def runs_on(
    monkeypatch: pytest.MonkeyPatch, system: str, platform: str, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(bundles.sys, "platform", system)
    monkeypatch.setattr(bundles.sys, "version_info", version)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)


@pytest.mark.usefixtures("served")
def test_a_bundle_is_installed_without_network(bundle: Path, here: Places, tmp_path: Path) -> None:
    shell = PretendShell()
    assert windows_ready(bundle, here, tmp_path, shell) == 0
    assert shell.ran("install", "--no-index", "--find-links", "wheels", "kfxl[files,excel]")
    # Nothing is left in the folder that it was started from.
    assert not shell.ran("-o", str(tmp_path / "kfxl-report.xlsx"))
    assert shell.ran("backtest")
    assert "README.md" not in "\n".join(shell.said)
    again = PretendShell()
    windows_ready(bundle, here, tmp_path, again)
    assert not again.ran("--no-index")


@pytest.mark.parametrize(
    ("system", "platform", "version", "words"),
    [
        ("linux", "linux-x86_64", (3, 11), "Python 3.11 on Linux; take it to a Windows"),
        ("linux", "linux-x86_64", (3, 14), "Python 3.14 on Linux; take it to a Windows"),
        ("win32", "win-amd64", (3, 14), "Python 3.14 on Windows (64 bits); install Python 3.13"),
        ("win32", "win32", (3, 12), "Python 3.12 on Windows (32 bits); install Python 3.13"),
        ("win32", "win-arm64", (3, 13), "Python 3.13 on Windows (ARM); install Python 3.13"),
    ],
)
def test_a_bundle_for_others_is_refused_before_anything_is_made(
    bundle: Path,
    here: Places,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    platform: str,
    version: tuple[int, int],
    words: str,
) -> None:
    for minor in (11, 12):
        name = f"numpy-2.0-cp3{minor}-cp3{minor}-win_amd64.whl"
        (bundle / "wheels" / name).write_bytes(b"wheel")
    # One wheel for all Pythons from 3.9 on does not make it a bundle for 3.9.
    (bundle / "wheels" / "piqp-0.6-cp39-abi3-win_amd64.whl").write_bytes(b"wheel")
    before = sorted(tmp_path.rglob("*"))
    runs_on(monkeypatch, system, platform, version)
    monkeypatch.setattr(bundles.platform, "system", lambda: "Linux")
    shell = PretendShell()
    with pytest.raises(InstallError) as caught:
        setup.install(bundle, here, tmp_path, shell, system)
    start = "this bundle is for Windows with Python 3.11, 3.12 or 3.13 (64 bits), and this is "
    assert str(caught.value).startswith(start + words)
    assert not shell.commands
    assert not shell.said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bundle_without_its_packages_is_refused(
    bundle: Path, here: Places, tmp_path: Path
) -> None:
    next((bundle / "wheels").glob("numpy*")).unlink()
    with pytest.raises(InstallError, match="packages are missing in its folder wheels; extract"):
        windows_ready(bundle, here, tmp_path, PretendShell())


def test_a_bundle_has_nothing_to_test(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKOUT", bundle)
    before = sorted(bundle.rglob("*"))
    assert command.main(["--test"]) == 1
    printed = capsys.readouterr()
    assert printed.err == (
        "kfxl install: --test needs kfxl's sources, and this is a bundle; run it in the "
        "repository\n"
    )
    assert not printed.out
    assert sorted(bundle.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("kfxl-0.1.0-py3-none-any.whl", b"new"), ("numpy-2.1-cp313-cp313-win_amd64.whl", b"wheel")],
)
def test_a_newer_bundle_is_noticed(bundle: Path, here: Places, name: str, content: bytes) -> None:
    before = setup.recipe_of(bundle, here).fingerprint
    (bundle / "wheels" / name).write_bytes(content)
    assert setup.recipe_of(bundle, here).fingerprint != before


def test_wheels_beside_sources_make_no_bundle(checkout: Path, here: Places) -> None:
    (checkout / "wheels").mkdir()
    assert setup.recipe_of(checkout, here).requirement == (".[files,excel]",)


# The checks


def test_all_checks_run_and_the_closing_line_of_pytest_is_repeated(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    closing = "=== \x1b[32m12 passed\x1b[0m in 0.1s ===\n"
    shell = PretendShell(fails_at("pytest", f"...\n{closing}", code=0))
    assert checks.run(tmp_path, shell) == 0
    assert [words[2] for words in shell.commands[-4:]] == ["ruff", "ruff", "mypy", "pytest"]
    assert any("12 passed in 0.1s" in line for line in shell.said)
    assert shell.said[-1] == "All checks passed."


@pytest.mark.parametrize("tool", ["mypy", "pytest", "--check"])
def test_one_failure_fails_all_and_the_rest_still_runs(tmp_path: Path, tool: str) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    shell = PretendShell(fails_at(tool))
    assert checks.run(tmp_path, shell) == 1
    assert shell.ran("pytest")
    assert shell.said[-1].startswith("Failed: ")


# The command itself


def test_failures_are_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_shell: object) -> int:
        raise PermissionError(13, "Permission denied", "/nowhere")

    assert command.guarded(None, fail) == 1
    printed = capsys.readouterr()
    assert printed.err == (
        "kfxl install: /nowhere: Permission denied; see to that and run this again\n"
    )
    assert not printed.out


def test_an_interruption_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_shell: object) -> int:
        raise KeyboardInterrupt

    assert command.guarded(None, interrupt) == 130
    assert "run it again" in capsys.readouterr().err


def test_output_is_kept_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "state" / "install.log"
    outcome = Terminal(log).captured([sys.executable, "-c", "print('h\\u00e4llo')"], tmp_path)
    assert outcome.code == 0
    assert log.read_text(encoding="utf-8").rstrip().endswith("hällo")


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="cannot be started"):
        Terminal().captured([tmp_path / "no-such-program"])


def run_folder(*arguments: str, cwd: Path, program: str | None = None) -> Outcome:
    words = [sys.executable, *(["-c", program] if program else [str(ROOT / "install")])]
    done = subprocess.run(
        [*words, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout + done.stderr)


def test_the_folder_runs_from_elsewhere(tmp_path: Path) -> None:
    outcome = run_folder("--help", cwd=tmp_path)
    assert outcome.code == 0
    assert "--uninstall" in outcome.text
    assert run_folder("--nonsense", cwd=tmp_path).code == 2


def test_an_old_python_is_told_so(tmp_path: Path) -> None:
    program = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0); "
        f"runpy.run_path({str(ROOT / 'install')!r}, run_name='__main__')"
    )
    outcome = run_folder(cwd=tmp_path, program=program)
    assert outcome.code == 1
    assert "this is version 3.8 and kfxl needs 3.11 or later" in outcome.text
    assert outcome.text.count("\n") == 1
