"""What `kfxl excel check` says: one fault at a time, in a Windows where all else is well."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from kfxl.hosts import excel_check
from kfxl.hosts.excel_addin import build_addin, dll_name, notices
from kfxl.hosts.excel_check import Finding, bits_of_excel, findings, interpreter_in
from kfxl.hosts.excel_install import install
from kfxl.hosts.excel_registry import Value
from kfxl.hosts.excel_windows import Windows, addins_folder, as_path, interpreter_text
from tests.hosts.excel_machine import DISABLED, OPTIONS, SECURITY, disabled, dll
from tests.hosts.fake_registry import FakeRegistry, windows_of

POLICIES = r"HKCU\Software\Policies\Microsoft\Office\16.0"
CLICK_TO_RUN = r"HKLM\Software\Microsoft\Office\ClickToRun\Configuration"
DEFENDER = r"HKLM\SOFTWARE\Policies\Microsoft\Windows Defender"
ASR = rf"{DEFENDER}\Windows Defender Exploit Guard\ASR\Rules"
CHILD_PROCESSES = "d4f940ab-401b-4efc-aadc-ad5f3c50688a"
WIN32_CALLS = "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b"
OUTLOOK = r"HKLM\Software\WOW6432Node\Microsoft\Office\16.0\Outlook"


@pytest.fixture(scope="module")
def addin() -> bytes:
    return build_addin()


@pytest.fixture
def registry() -> FakeRegistry:
    registry = FakeRegistry()
    registry.given(OPTIONS, Font="Aptos", OPEN="other.xlam")
    registry.given(CLICK_TO_RUN, Platform="x64")
    return registry


@pytest.fixture
def windows(tmp_path: Path, registry: FakeRegistry, addin: bytes) -> Windows:
    """A Windows on which kfxl is installed and all is well."""
    windows = windows_of(tmp_path, registry)
    scripts = Path(windows.python).parent
    scripts.mkdir(parents=True)
    (scripts / "pythonw.exe").write_bytes(b"")
    (scripts.parent / dll_name()).write_bytes(dll(64))
    install(windows, addin, notices())
    return windows


def bad(windows: Windows) -> list[str]:
    """The lines about what is wrong."""
    return [f"{f.what}: {f.found}" for f in findings(windows) if not f.good]


def test_all_is_well_after_an_installation(windows: Windows) -> None:
    found = findings(windows)
    assert not bad(windows)
    assert [finding.what for finding in found] == [
        *("Excel", "Python", "xlwings", "xlwings' DLL"),
        *("add-in", "interpreter", "registered", "macros"),
    ]
    assert found[0] == Finding("Excel", True, "version 16.0; 64 bits")
    assert found[5].found == r"%LOCALAPPDATA%\kfxl\Scripts\pythonw.exe"


def test_the_interpreter_of_the_add_in_is_the_one_it_was_built_with(
    windows: Windows, tmp_path: Path, addin: bytes
) -> None:
    assert interpreter_in(addins_folder(windows) / "kfxl.xlam") == interpreter_text(windows)
    path = tmp_path / "other.xlam"
    path.write_bytes(build_addin(r"D:\Zoë & Søn's 山\pythonw.exe"))
    assert interpreter_in(path) == r"D:\Zoë & Søn's 山\pythonw.exe"


def entry_without_path(registry: FakeRegistry, _: Windows) -> None:
    registry.given(OPTIONS, OPEN1="KFXL.XLAM")


def a_trusted_folder(registry: FakeRegistry, _: Windows) -> None:
    registry.given(SECURITY, VBAWarnings=4)
    registry.given(
        rf"{SECURITY}\Trusted Locations\Location7",
        Path=Value(r"%appdata%\Microsoft", 2),
        AllowSubfolders=1,
    )


def macros_with_notice(registry: FakeRegistry, _: Windows) -> None:
    registry.given(SECURITY, VBAWarnings=2, DisableAllAddins=0)


def a_listed_add_in(registry: FakeRegistry, _: Windows) -> None:
    registry.given(rf"{POLICIES}\Excel\Resiliency", RestrictToList=1)
    registry.given(rf"{POLICIES}\Excel\Resiliency\AddinList", **{"KFXL.xlam": "1"})


def rules_that_only_watch(registry: FakeRegistry, _: Windows) -> None:
    registry.given(ASR, **{CHILD_PROCESSES: "2", WIN32_CALLS: 0})
    registry.given(rf"{DEFENDER}\Policy Manager", ASRRules=f"{CHILD_PROCESSES}=1|{WIN32_CALLS}=1")


def other_rules(registry: FakeRegistry, _: Windows) -> None:
    other = "9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2"
    registry.given(ASR, **{other: "1"})
    registry.given(rf"{DEFENDER}\Policy Manager", ASRRules=f"{other}=1|{WIN32_CALLS}=2")


@pytest.mark.parametrize(
    "harmless",
    [
        *(entry_without_path, a_trusted_folder, macros_with_notice, a_listed_add_in),
        *(rules_that_only_watch, other_rules),
    ],
)
def test_what_is_no_fault(
    windows: Windows, registry: FakeRegistry, harmless: Callable[[FakeRegistry, Windows], None]
) -> None:
    harmless(registry, windows)
    assert not bad(windows)


Damage = Callable[[FakeRegistry, Windows], object]


def environment(windows: Windows) -> Path:
    return Path(windows.python).parent.parent


def file(windows: Windows) -> Path:
    return addins_folder(windows) / "kfxl.xlam"


FAULTS: dict[str, tuple[Damage, str]] = {
    "DLL gone": (
        lambda _, w: (environment(w) / dll_name()).unlink(),
        "xlwings' DLL: xlwings64-.*dll is missing beside .*; run the installer",
    ),
    "DLL of another version": (
        lambda _, w: (environment(w) / dll_name()).rename(environment(w) / "xlwings64-0.1.0.dll"),
        r"is missing beside .* \(there is xlwings64-0\.1\.0\.dll\)",
    ),
    "DLL for other bits": (
        lambda _, w: (environment(w) / dll_name()).write_bytes(dll(32)),
        "is damaged or not made for 64 bits",
    ),
    "DLL that is none": (
        lambda _, w: (environment(w) / dll_name()).write_bytes(b"x"),
        "is damaged or not made for 64 bits",
    ),
    "Excel for 32 bits": (
        lambda r, _: r.given(CLICK_TO_RUN, Platform="x86"),
        "xlwings' DLL: xlwings32-.*dll is missing",
    ),
    "interpreter gone": (
        lambda _, w: (environment(w) / "Scripts" / "pythonw.exe").unlink(),
        r"interpreter: %LOCALAPPDATA%\\kfxl\\Scripts\\pythonw.exe is missing; run the installer",
    ),
    "add-in gone": (
        lambda _, w: file(w).unlink(),
        "add-in: .*kfxl.xlam is missing; run: kfxl excel install",
    ),
    "add-in garbled": (
        lambda _, w: file(w).write_bytes(b"x"),
        "add-in: .*kfxl.xlam is damaged or not kfxl's; move it away and run",
    ),
    "add-in of another version": (
        lambda _, w: file(w).write_bytes(file(w).read_bytes() + b"x"),
        "was built by another version of kfxl or xlwings; run: kfxl excel install",
    ),
    "downloaded": (
        lambda _, w: Path(f"{file(w)}:Zone.Identifier").write_text("[ZoneTransfer]"),
        "origin: Windows marks .* as downloaded; delete it and run",
    ),
    "not registered": (
        lambda r, _: r.drop(OPTIONS, "OPEN1"),
        "registered: Excel 16.0 does not open the add-in; run: kfxl excel install",
    ),
    "registered elsewhere": (
        lambda r, _: r.given(OPTIONS, OPEN1=r'"D:\old\kfxl.xlam"'),
        r"registered: Excel 16.0 looks for it in D:\\old\\kfxl.xlam; run",
    ),
    "a gap before it": (
        lambda r, w: (r.given(OPTIONS, OPEN3=r.value(OPTIONS, "OPEN1")), r.drop(OPTIONS, "OPEN1")),
        "registered: Excel 16.0 stops before it: a number is missing in its list",
    ),
    "switched off by Excel": (
        lambda r, w: r.given(DISABLED, AB=disabled(str(file(w)))),
        "disabled: Excel 16.0 has switched the add-in off after a failure; close Excel and run",
    ),
    "all add-ins off": (
        lambda r, _: r.given(SECURITY, DisableAllAddins=1),
        "macros: in Excel 16.0 all add-ins are switched off; Excel: File, Options, Trust Center",
    ),
    "all add-ins off by policy": (
        lambda r, _: r.given(rf"{POLICIES}\Excel\Security", disablealladdins=1),
        "all add-ins are switched off; your organisation has set this",
    ),
    "only signed add-ins": (
        lambda r, _: r.given(SECURITY, RequireAddinSig=1),
        "add-ins must be signed, and kfxl's is not",
    ),
    "all macros off": (
        lambda r, _: r.given(SECURITY, VBAWarnings=4),
        "all macros are disabled without notice.*Trusted Locations: add .*AddIns$",
    ),
    "unsigned macros off by policy": (
        lambda r, _: r.given(rf"{POLICIES}\Excel\Security", VBAWarnings=3),
        r"macros without a signature are disabled.*\(your organisation has set this",
    ),
    "no VBA at all": (
        lambda r, _: r.given(r"HKLM\Software\Policies\Microsoft\Office\16.0\Common", vbaoff=1),
        "macros are switched off for all of Office; your organisation",
    ),
    "only listed add-ins": (
        lambda r, _: r.given(rf"{POLICIES}\Excel\Resiliency", RestrictToList=1),
        "only add-ins on a list may run, and kfxl.xlam is not one of them",
    ),
    "blocked by name": (
        lambda r, _: r.given(rf"{POLICIES}\Excel\Resiliency\AddinList", **{"kfxl.xlam": "0"}),
        "only add-ins on a list may run",
    ),
    "no programs started by Office": (
        lambda r, _: r.given(ASR, **{CHILD_PROCESSES.upper(): "1"}),
        r"macros: in Excel 16\.0 Windows Defender does not allow Office to start programs, and "
        rf"kfxl's Python is one \(rule {CHILD_PROCESSES}\); your organisation has set this: ask "
        r"whoever manages this computer for an exception for .*kfxl\.xlam$",
    ),
    "no calls of Windows by macros": (
        lambda r, _: r.given(ASR, **{WIN32_CALLS: 1}),
        r"Windows Defender does not allow macros to call Windows, as kfxl's must .* for .*xlam$",
    ),
    "no programs started by Office, says Intune": (
        lambda r, _: r.given(
            rf"{DEFENDER}\Policy Manager",
            ASRRules=f"{WIN32_CALLS}=2|{CHILD_PROCESSES.upper()}=1",
        ),
        "Windows Defender does not allow Office to start programs",
    ),
}


@pytest.mark.parametrize(("damage", "line"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_said_alone_with_its_remedy(
    windows: Windows, registry: FakeRegistry, damage: Damage, line: str
) -> None:
    damage(registry, windows)
    lines = bad(windows)
    assert len(lines) == 1, lines
    assert re.search(line, lines[0]), lines[0]


def test_a_policy_goes_before_the_users_own_setting(
    windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(SECURITY, VBAWarnings=4)
    registry.given(rf"{POLICIES}\Excel\Security", VBAWarnings=2)
    assert not bad(windows)


def test_trusted_locations_that_are_switched_off_are_none(
    windows: Windows, registry: FakeRegistry
) -> None:
    a_trusted_folder(registry, windows)
    registry.given(rf"{SECURITY}\Trusted Locations", AllLocationsDisabled=1)
    assert len(bad(windows)) == 1


def test_rules_of_defender_that_cannot_be_read_are_no_obstacle(
    windows: Windows, monkeypatch: pytest.MonkeyPatch, registry: FakeRegistry
) -> None:
    real = registry.value

    def refuse(key: str, name: str) -> Value | None:
        if "Windows Defender" in key:
            raise PermissionError(13, "Access is denied")
        return real(key, name)

    monkeypatch.setattr(registry, "value", refuse)
    assert not bad(windows)


def test_nothing_installed_at_all(tmp_path: Path) -> None:
    lines = bad(windows_of(tmp_path, FakeRegistry()))
    assert [line.partition(":")[0] for line in lines] == ["Excel", "xlwings' DLL", "add-in"]
    assert "none was found for you" in lines[0]


def test_excel_of_32_bits_is_served_by_its_own_dll(
    windows: Windows, registry: FakeRegistry
) -> None:
    registry.given(CLICK_TO_RUN, Platform="x86")
    (environment(windows) / dll_name(32)).write_bytes(dll(32))
    assert not bad(windows)


def test_bits_are_read_where_office_keeps_them(registry: FakeRegistry, windows: Windows) -> None:
    registry.drop(CLICK_TO_RUN, "Platform")
    assert bits_of_excel(windows) == 64
    registry.given(OUTLOOK, Bitness="x86")
    assert bits_of_excel(windows) == 32


def test_a_python_of_the_store_is_a_fault(windows: Windows) -> None:
    store = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.13_x64__qbz5n2kfra8p0"
    (line,) = bad(dataclasses.replace(windows, base=store))
    assert "is from the Microsoft Store, and Excel cannot see what it installs" in line


def test_without_xlwings_the_command_that_helps_is_named(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(excel_check.metadata, "version", missing)
    monkeypatch.setitem(sys.modules, "kfxl.hosts.excel_addin", None)
    lines = bad(windows)
    remedy = 'run the installer of kfxl again, or: pip install "kfxl[excel]"'
    assert lines[0] == f"xlwings: not installed; {remedy}"
    assert remedy in lines[1]


def test_what_cannot_be_looked_at_is_said_and_the_rest_goes_on(
    windows: Windows, monkeypatch: pytest.MonkeyPatch, registry: FakeRegistry
) -> None:
    real = registry.value

    def refuse(key: str, name: str) -> Value | None:
        if name == "VBAWarnings":
            raise PermissionError(13, "Access is denied")
        return real(key, name)

    monkeypatch.setattr(registry, "value", refuse)
    (line,) = bad(windows)
    assert line.startswith("macros: this could not be looked at: HKCU")


@pytest.mark.skipif(sys.platform == "win32", reason="about other systems")
def test_elsewhere_one_line_says_where_the_add_in_runs() -> None:
    (finding,) = findings()
    assert not finding.good
    assert finding.found.startswith("its add-in runs on Windows only; ")


def test_paths_of_windows_are_read_anywhere() -> None:
    assert as_path(r"a\b c\d").parts == ("a", "b c", "d")
