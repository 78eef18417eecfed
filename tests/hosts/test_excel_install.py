"""Installing Excel's add-in for one user, against a pretended registry and real folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfxl.errors import InputError
from kfxl.hosts import excel_changes
from kfxl.hosts.excel_install import (
    NOTICES_FILE,
    RECORD,
    install,
    keep_template,
    uninstall,
)
from kfxl.hosts.excel_registry import Value
from kfxl.hosts.excel_windows import Windows, addins_folder, documents_folder, interpreter_text
from tests.hosts.excel_machine import ADDIN, DISABLED, OFFICE, OPTIONS, addin_of, disabled
from tests.hosts.fake_registry import USER, FakeRegistry, files_in, windows_of

MANAGER = rf"{OFFICE}\16.0\Excel\Add-in Manager"
SOLVER = Value(r'"C:\Program Files\Solver\SOLVER.XLAM"')
ANALYSIS = Value(r'/R "%ProgramFiles%\Analysis\ANALYS32.XLL"', 2)


@pytest.fixture
def registry() -> FakeRegistry:
    """A user of Excel 16 with two add-ins of others, one of them of another kind of text."""
    registry = FakeRegistry()
    registry.given(OPTIONS, OPEN=SOLVER, OPEN1=ANALYSIS, Options3=17, OPENER="x")
    return registry


@pytest.fixture
def windows(tmp_path: Path, registry: FakeRegistry) -> Windows:
    return windows_of(tmp_path, registry)


def ours(windows: Windows) -> Value:
    return Value(f'"{addins_folder(windows) / "kfxl.xlam"}"')


def opened(registry: FakeRegistry, key: str = OPTIONS) -> dict[str, Value]:
    """The values that name add-ins."""
    values = registry.values(key)
    return {name: values[name] for name in sorted(values) if name.upper().startswith("OPEN")}


# Installing


def test_the_addin_is_put_into_the_users_folder_and_registered_after_the_others(
    windows: Windows, registry: FakeRegistry
) -> None:
    installed = install(windows, ADDIN, "the notices")
    assert installed.file.read_bytes() == ADDIN
    assert installed.file.with_name(NOTICES_FILE).read_text(encoding="utf-8") == "the notices"
    assert USER in str(installed.file)
    assert installed.versions == ("16.0",)
    assert installed.changed
    assert opened(registry) == {
        "OPEN": SOLVER,
        "OPEN1": ANALYSIS,
        "OPEN2": Value(f'"{installed.file}"'),
        "OPENER": Value("x"),
    }


def test_installing_again_changes_nothing(windows: Windows, registry: FakeRegistry) -> None:
    first = install(windows, ADDIN, "notices")
    state, writes, written = registry.state(), registry.writes, first.file.stat().st_mtime_ns
    again = install(windows, ADDIN, "notices")
    assert not again.changed
    assert registry.state() == state
    assert registry.writes == writes
    assert first.file.stat().st_mtime_ns == written


def test_a_new_version_replaces_the_file_alone(windows: Windows, registry: FakeRegistry) -> None:
    install(windows, ADDIN, "notices")
    state = registry.state()
    installed = install(windows, addin_of("two"), "notices")
    assert installed.changed
    assert installed.file.read_bytes() == addin_of("two")
    assert registry.state() == state


@pytest.mark.parametrize(
    "old",
    [r'"D:\old place\Kfxl.xlam"', r"D:\old\KFXL.XLAM", "kfxl.xlam"],
    ids=["quoted", "bare", "Excel's short form"],
)
def test_an_old_entry_of_ours_is_replaced_in_its_place(
    windows: Windows, registry: FakeRegistry, old: str
) -> None:
    registry.given(OPTIONS, OPEN1=old, OPEN2=ANALYSIS, OPEN3=old)
    install(windows, ADDIN, "")
    assert list(opened(registry).values())[:3] == [SOLVER, ours(windows), ANALYSIS]
    assert "OPEN3" not in opened(registry)


def test_a_gap_in_the_numbers_is_closed_and_uninstalling_restores_it(
    windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(OPTIONS, OPEN7="later.xlam")
    before = registry.state()
    install(windows, ADDIN, "")
    names = ["OPEN", "OPEN1", "OPEN2", "OPEN3", "OPENER"]
    assert list(opened(registry)) == names
    assert opened(registry)["OPEN2"] == Value("later.xlam")
    install(windows, addin_of("two"), "")
    uninstall(windows)
    assert registry.state() == before


@given(
    numbers=st.sets(st.integers(0, 12), max_size=6),
    later=st.lists(st.sampled_from(["x.xlam", "y.xlam"]), max_size=2),
    old=st.booleans(),
)
def test_other_addins_keep_their_order_whatever_the_numbers(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], later: list[str], *, old: bool
) -> None:
    registry = FakeRegistry(OPTIONS)
    windows = windows_of(tmp_path_factory.mktemp("home"), registry)
    others = [Value(f"{number}.xlam") for number in sorted(numbers)]
    for value in others:
        number = int(str(value.data).partition(".")[0])
        registry.given(OPTIONS, **{f"OPEN{number or ''}": value})
    if old:
        registry.given(OPTIONS, OPEN13=r"D:\old\kfxl.xlam")
    before = registry.state()
    install(windows, ADDIN, "")
    names = [f"OPEN{number or ''}" for number in range(len(others) + 1)]
    assert [registry.value(OPTIONS, name) for name in names] == [*others, ours(windows)]
    assert len(registry.values(OPTIONS)) == len(names)
    for count, name in enumerate(later, start=len(names)):
        registry.given(OPTIONS, **{f"OPEN{count}": name})
    uninstall(windows)
    if later:
        wanted = [*others, *(Value(name) for name in later)]
        names = [f"OPEN{number or ''}" for number in range(len(wanted))]
        assert [registry.value(OPTIONS, name) for name in names] == wanted
        assert len(registry.values(OPTIONS)) == len(names)
    elif not old:
        assert registry.state() == before


def test_eleven_addins_are_ordered_by_number(windows: Windows, registry: FakeRegistry) -> None:
    for number in range(2, 12):
        registry.given(OPTIONS, **{f"OPEN{number}": f"{number}.xlam"})
    install(windows, ADDIN, "")
    assert opened(registry)["OPEN12"] == ours(windows)
    assert opened(registry)["OPEN10"] == Value("10.xlam")


def test_names_in_small_letters_are_the_same_names(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.given(OPTIONS.lower(), open=SOLVER)
    windows = windows_of(tmp_path, registry)
    before = registry.state()
    install(windows, ADDIN, "")
    assert list(registry.values(OPTIONS)) == ["open", "OPEN1"]
    uninstall(windows)
    assert registry.state() == before


def test_every_excel_of_the_user_gets_the_addin(windows: Windows, registry: FakeRegistry) -> None:
    registry.given(rf"{OFFICE}\15.0\Excel", FirstRun=1)
    registry.given(rf"{OFFICE}\12.0\Excel", FirstRun=1)  # its VBA knows no 64 bits
    registry.given(rf"{OFFICE}\13.0\Word", FirstRun=1)
    registry.given(r"HKLM\Software\WOW6432Node\Microsoft\Office\14.0\Excel\InstallRoot", Path="C:")
    before = registry.state()
    assert install(windows, ADDIN, "").versions == ("16.0", "15.0", "14.0")
    for version in ("15.0", "14.0"):
        assert opened(registry, rf"{OFFICE}\{version}\Excel\Options") == {"OPEN": ours(windows)}
    for version in ("13.0", "12.0"):
        assert not registry.exists(rf"{OFFICE}\{version}\Excel\Options")
    uninstall(windows)
    assert registry.state() == before


def test_without_any_excel_the_current_one_is_expected(tmp_path: Path) -> None:
    registry = FakeRegistry()
    before, windows = registry.state(), windows_of(tmp_path, registry)
    files = files_in(tmp_path)
    installed = install(windows, ADDIN, "")
    assert installed.versions == ("16.0",)
    assert opened(registry) == {"OPEN": ours(windows)}
    uninstall(windows)
    assert registry.state() == before
    assert files_in(tmp_path) == files


def test_the_addins_folder_has_the_name_that_office_gives_it(
    windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(rf"{OFFICE}\16.0\Common\General", AddIns="Macros complémentaires")
    assert install(windows, ADDIN, "").file.parent.name == "Macros complémentaires"


def test_a_moved_folder_is_followed(windows: Windows, registry: FakeRegistry) -> None:
    before, files = registry.state(), files_in(Path(windows.variables["USERPROFILE"]))
    old = install(windows, ADDIN, "notices").file
    registry.given(rf"{OFFICE}\16.0\Common\General", AddIns="Moved")
    new = install(windows, ADDIN, "notices").file
    assert new.parent.name == "Moved"
    assert not old.parent.exists()
    assert opened(registry)["OPEN2"] == Value(f'"{new}"')
    assert "OPEN3" not in opened(registry)
    registry._find(rf"{OFFICE}\16.0").keys.pop("common")  # type: ignore[union-attr]
    uninstall(windows)
    assert registry.state() == before
    assert files_in(Path(windows.variables["USERPROFILE"])) == files


def test_what_excel_has_disabled_or_unticked_is_opened_again(
    windows: Windows, registry: FakeRegistry
) -> None:
    other = disabled(r"C:\elsewhere\other.xlam")
    path = str(addins_folder(windows) / "kfxl.xlam")
    registry.given(MANAGER, **{path: "", r"C:\elsewhere\other.xlam": ""})
    odd = Value(b"\1\0")
    registry.given(DISABLED, ABC=disabled(path), DEF=other, GHI=odd, JKL="kfxl.xlam")
    install(windows, ADDIN, "")
    assert list(registry.values(MANAGER)) == [r"C:\elsewhere\other.xlam"]
    assert registry.values(DISABLED) == {"DEF": other, "GHI": odd, "JKL": Value("kfxl.xlam")}


# Uninstalling


def test_uninstalling_leaves_registry_and_folders_as_they_were(
    windows: Windows, registry: FakeRegistry, tmp_path: Path
) -> None:
    before, files = registry.state(), files_in(tmp_path)
    installed = install(windows, ADDIN, "notices")
    assert registry.exists(RECORD)
    done = uninstall(windows)
    assert str(installed.file) in done
    assert "the entry in Excel 16.0" in done
    assert registry.state() == before
    assert files_in(tmp_path) == files
    assert uninstall(windows) == []
    assert registry.state() == before


def test_addins_that_came_later_move_up(windows: Windows, registry: FakeRegistry) -> None:
    install(windows, ADDIN, "")
    registry.given(OPTIONS, OPEN3="late.xlam", OPEN4="latest.xlam")
    uninstall(windows)
    found = opened(registry)
    assert found == {
        "OPEN": SOLVER,
        "OPEN1": ANALYSIS,
        "OPEN2": Value("late.xlam"),
        "OPEN3": Value("latest.xlam"),
        "OPENER": Value("x"),
    }


def test_an_addin_that_was_unticked_leaves_nothing_either(
    windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(MANAGER)
    before = registry.state()
    file = install(windows, ADDIN, "").file
    registry.drop(OPTIONS, "OPEN2")
    registry.given(MANAGER, **{str(file): ""})
    uninstall(windows)
    assert registry.state() == before


def test_keys_and_folders_that_others_use_by_now_stay(tmp_path: Path) -> None:
    registry = FakeRegistry()
    windows = windows_of(tmp_path, registry)
    file = install(windows, ADDIN, "").file
    registry.given(OPTIONS, Font="Aptos")
    (file.parent / "other.xlam").write_bytes(b"other")
    uninstall(windows)
    assert registry.values(OPTIONS) == {"Font": Value("Aptos")}
    assert [path.name for path in file.parent.iterdir()] == ["other.xlam"]
    assert not registry.exists(r"HKCU\Software\kfxl")


def test_without_its_record_the_addin_is_still_found(
    windows: Windows, registry: FakeRegistry, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "kfxl.xlam"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(ADDIN)
    registry.given(OPTIONS, OPEN2=f'"{elsewhere}"')
    assert str(elsewhere) in uninstall(windows)
    assert not elsewhere.exists()
    assert "OPEN2" not in opened(registry)


# The template


def test_the_template_goes_with_the_addin_unless_somebody_worked_in_it(
    windows: Windows, registry: FakeRegistry, tmp_path: Path
) -> None:
    before, files = registry.state(), files_in(tmp_path)
    install(windows, ADDIN, "")
    documents = documents_folder(windows)
    unused, used = documents / "kfxl.xlsx", documents / "used.xlsx"
    assert keep_template(windows, unused, b"book")
    assert keep_template(windows, used, b"book")
    assert not keep_template(windows, used, b"other")
    assert used.read_bytes() == b"book"
    used.write_bytes(b"book with work in it")
    uninstall(windows)
    assert not unused.exists()
    assert used.read_bytes() == b"book with work in it"
    used.unlink()
    assert registry.state() == before
    assert files_in(tmp_path) == files


def test_documents_are_where_onedrive_has_put_them(
    windows: Windows, registry: FakeRegistry, tmp_path: Path
) -> None:
    assert documents_folder(windows).name == "Documents"
    moved = Path(windows.variables["USERPROFILE"]) / "OneDrive - Søn" / "Dokumente"
    moved.mkdir(parents=True)
    shell = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
    registry.given(shell, Personal=Value(r"%USERPROFILE%\OneDrive - Søn\Dokumente", 2))
    assert documents_folder(windows) == moved
    registry.given(shell, Personal=Value(r"%USERPROFILE%\gone", 2))
    assert documents_folder(windows).name == "Documents"


# Failures


def test_a_running_excel_is_found_before_anything_is_changed(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    windows = windows_of(tmp_path, registry, lambda: True)
    before, files = registry.state(), files_in(tmp_path)
    with pytest.raises(InputError, match=r"Excel: it is running.*close every Excel window"):
        install(windows, ADDIN, "")
    assert uninstall(windows) == []
    assert registry.state() == before
    assert files_in(tmp_path) == files
    install(windows_of(tmp_path, registry), ADDIN, "")
    before, files = registry.state(), files_in(tmp_path)
    with pytest.raises(InputError, match="it is running"):
        uninstall(windows)
    assert registry.state() == before
    assert files_in(tmp_path) == files


def prepared(tmp_path: Path) -> tuple[FakeRegistry, Windows]:
    """A registry in which installing has to write something of every kind."""
    registry = FakeRegistry()
    windows = windows_of(tmp_path, registry)
    path = str(addins_folder(windows) / "kfxl.xlam")
    registry.given(OPTIONS, OPEN=SOLVER, OPEN1=r'"D:\old\kfxl.xlam"', OPEN3=ANALYSIS)
    registry.given(MANAGER, **{path: ""})
    registry.given(DISABLED, ABC=disabled(path))
    registry.given(rf"{OFFICE}\15.0\Excel", FirstRun=1)
    return registry, windows


def refuse_each_write_in_turn(
    tmp_path: Path, work: Callable[[Windows], object], ready: Callable[[Windows], object]
) -> int:
    """Let one write fail after the other; how many there are."""
    registry, windows = prepared(tmp_path / "all well")
    ready(windows)
    registry.writes = 0
    work(windows)
    for fail_at in range(1, registry.writes + 1):
        folder = tmp_path / str(fail_at)
        refusing, windows = prepared(folder)
        ready(windows)
        before, files = refusing.state(), files_in(folder)
        refusing.fail_at = refusing.writes + fail_at
        with pytest.raises(InputError) as caught:
            work(windows)
        assert "HKCU" in caught.value.argument
        assert "access is denied" in caught.value.problem
        assert caught.value.remedy.endswith("; nothing was changed")
        assert "\n" not in str(caught.value)
        assert refusing.state() == before
        assert files_in(folder) == files
    return registry.writes


def test_a_registry_that_refuses_any_write_leaves_nothing_half_installed(tmp_path: Path) -> None:
    count = refuse_each_write_in_turn(tmp_path, lambda w: install(w, ADDIN, "x"), lambda _w: None)
    assert count >= 10


def test_a_registry_that_refuses_any_write_leaves_nothing_half_uninstalled(tmp_path: Path) -> None:
    def ready(windows: Windows) -> None:
        install(windows, ADDIN, "x")
        keep_template(windows, documents_folder(windows) / "kfxl.xlsx", b"book")

    assert refuse_each_write_in_turn(tmp_path, uninstall, ready) >= 10


def test_a_key_that_may_not_be_written_is_named(windows: Windows, registry: FakeRegistry) -> None:
    registry.refusing.add(OPTIONS.casefold())
    with pytest.raises(InputError, match=r"16\.0.Excel.Options: Windows does not let this key"):
        install(windows, ADDIN, "")


def test_what_cannot_be_put_back_is_said(windows: Windows, registry: FakeRegistry) -> None:
    registry.refusing.add(OPTIONS.casefold())

    def no_removal(_key: str) -> None:
        raise PermissionError(13, "Access is denied")

    registry.remove = no_removal  # type: ignore[method-assign]
    with pytest.raises(InputError, match=r"could not be put back as they were: HKCU.Software.kfxl"):
        install(windows, ADDIN, "")


@pytest.mark.parametrize("at", range(1, 4))
def test_a_file_that_is_locked_leaves_nothing_half_done(
    windows: Windows,
    registry: FakeRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    install(windows, ADDIN, "notices")
    before, files = registry.state(), files_in(tmp_path)
    real, calls = excel_changes._file_step, 0

    def locked(path: Path, what: str, *rest: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 * at:  # each change reads the file first
            raise InputError(str(path), f"this cannot be {what} (permission denied)", "close it")
        real(path, what, *rest)

    monkeypatch.setattr(excel_changes, "_file_step", locked)
    step: Callable[[], object] = lambda: install(windows, addin_of("two"), "other notices")  # noqa: E731
    if at == 3:
        step, calls = lambda: uninstall(windows), 2
    with pytest.raises(InputError, match="nothing was changed"):
        step()
    assert registry.state() == before
    assert files_in(tmp_path) == files


def test_a_file_in_use_is_said_with_its_folder(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(windows, ADDIN, "")

    def in_use(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(Path, "replace", in_use)
    with pytest.raises(InputError) as caught:
        install(windows, addin_of("two"), "")
    assert str(addins_folder(windows) / "kfxl.xlam") in str(caught.value)
    assert "close every program that has it open (Excel)" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_said(windows: Windows) -> None:
    microsoft = Path(windows.variables["APPDATA"]) / "Microsoft"
    microsoft.write_bytes(b"a file where a folder should be")
    with pytest.raises(InputError, match="make the folder writable for you; nothing was changed"):
        install(windows, ADDIN, "")


def test_a_file_of_someone_else_is_not_replaced(windows: Windows) -> None:
    file = addins_folder(windows) / "kfxl.xlam"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"precious")
    with pytest.raises(InputError, match="was not made by kfxl"):
        install(windows, ADDIN, "")
    assert uninstall(windows) == []
    assert file.read_bytes() == b"precious"


def test_an_interruption_leaves_nothing_half_done(
    windows: Windows, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, files = registry.state(), files_in(tmp_path)

    def interrupt(_key: str, name: str, _value: Value) -> None:
        if name == "OPEN2":
            raise KeyboardInterrupt
        real(_key, name, _value)

    real = registry.put
    monkeypatch.setattr(registry, "put", interrupt)
    with pytest.raises(KeyboardInterrupt):
        install(windows, ADDIN, "")
    assert registry.state() == before
    assert files_in(tmp_path) == files


def test_a_python_of_the_store_is_refused(tmp_path: Path, registry: FakeRegistry) -> None:
    plain = windows_of(tmp_path, registry)
    base = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_x64__qbz5n2kfra8p0"
    windows = Windows(plain.registry, plain.variables, plain.python, base, plain.excel_runs)
    with pytest.raises(InputError, match=r"Microsoft Store.*python\.org"):
        install(windows, ADDIN, "")


# The interpreter


@pytest.mark.parametrize(
    ("python", "text"),
    [
        (r"C:\Users\Zoë 山\AppData\Local\kfxl\Scripts\python.exe",
         r"%LOCALAPPDATA%\kfxl\Scripts\pythonw.exe"),
        (r"c:\users\ZOË 山\appdata\local\kfxl\Scripts\python.exe",
         r"%LOCALAPPDATA%\kfxl\Scripts\pythonw.exe"),
        (r"C:\Users\Zoë 山\miniconda3\envs\kfxl\python.exe",
         r"%USERPROFILE%\miniconda3\envs\kfxl\pythonw.exe"),
        (r"D:\Python & more\python.exe", r"D:\Python & more\pythonw.exe"),
        (r"C:\Users\Zoë 山 2\python.exe", r"C:\Users\Zoë 山 2\pythonw.exe"),
    ],
)  # fmt: skip
def test_the_interpreter_is_named_without_the_users_name_where_it_can_be(
    python: str, text: str
) -> None:
    variables = {
        "LOCALAPPDATA": r"C:\Users\Zoë 山\AppData\Local",
        "APPDATA": r"C:\Users\Zoë 山\AppData\Roaming",
        "USERPROFILE": r"C:\Users\Zoë 山",
    }
    windows = Windows(FakeRegistry(), variables, python, "", lambda: False)
    assert interpreter_text(windows) == text
