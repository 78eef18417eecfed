"""What asks the real Windows: the adapter of winreg, and the look for a running Excel."""

from __future__ import annotations

import ctypes
import types
from pathlib import Path
from typing import Any

import pytest

from kfxl.hosts import excel_registry
from kfxl.hosts.excel_install import install, keep_template, uninstall
from kfxl.hosts.excel_registry import Value, WindowsRegistry
from kfxl.hosts.excel_windows import Windows, documents_folder, excel_runs
from tests.hosts.excel_machine import ADDIN, OPTIONS
from tests.hosts.fake_registry import FakeRegistry, windows_of


class Handle:
    """What winreg gives for an open key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None: ...

    def Close(self) -> None: ...


def pretended_winreg(registry: FakeRegistry) -> types.SimpleNamespace:
    """The functions of winreg that are used, on a pretended registry."""

    def open_key(hive: str, path: str, _reserved: int, access: int) -> Handle:
        assert access & 0x100
        if not registry.exists(f"{hive}\\{path}"):
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return Handle(f"{hive}\\{path}")

    def query(handle: Handle, name: str) -> tuple[object, int]:
        value = registry.value(handle.key, name)
        if value is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return (list(value.data) if isinstance(value.data, tuple) else value.data), value.kind

    def listed(handle: Handle, index: int) -> tuple[str, object, int]:
        name = list(registry.values(handle.key))[index]
        return (name, *query(handle, name))

    def put(handle: Handle, name: str, _reserved: int, kind: int, data: Any) -> None:
        registry.put(handle.key, name, Value(tuple(data) if isinstance(data, list) else data, kind))

    def create(hive: str, path: str, _reserved: int, _access: int) -> Handle:
        registry.create(f"{hive}\\{path}")
        return Handle(f"{hive}\\{path}")

    return types.SimpleNamespace(
        HKEY_CURRENT_USER="HKCU", HKEY_LOCAL_MACHINE="HKLM",
        KEY_READ=0x20019, KEY_SET_VALUE=2, KEY_WRITE=0x20006, KEY_WOW64_64KEY=0x100,
        OpenKeyEx=open_key, QueryValueEx=query, EnumValue=listed,
        SetValueEx=put, CreateKeyEx=create,
        QueryInfoKey=lambda h: (len(registry.subkeys(h.key)), len(registry.values(h.key)), 0),
        EnumKey=lambda h, index: registry.subkeys(h.key)[index],
        DeleteValue=lambda h, name: registry.drop(h.key, name),
        DeleteKeyEx=lambda hive, path, _access, _reserved: registry.remove(f"{hive}\\{path}"),
    )  # fmt: skip


def test_the_adapter_of_winreg_installs_and_uninstalls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = FakeRegistry()
    registry.given(OPTIONS, OPEN=Value("other.xlam", 2), Options3=17)
    api = pretended_winreg(registry)
    monkeypatch.setattr(excel_registry.importlib, "import_module", lambda _name: api)
    plain = windows_of(tmp_path, registry)
    windows = Windows(WindowsRegistry(), plain.variables, plain.python, plain.base, lambda: False)
    before = registry.state()
    file = install(windows, ADDIN, "").file
    assert registry.value(OPTIONS, "OPEN1") == Value(f'"{file}"')
    assert keep_template(windows, documents_folder(windows) / "kfxl.xlsx", b"book")
    uninstall(windows)
    assert registry.state() == before


class PretendedKernel:
    """The functions of kernel32 that list processes: names, and the session of each."""

    def __init__(self, *processes: tuple[str, int]) -> None:
        self.processes = list(processes)
        self.next = 0
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        steps = {
            "CreateToolhelp32Snapshot": lambda _what, _process: 1,
            "Process32FirstW": self.step,
            "Process32NextW": self.step,
            "ProcessIdToSessionId": self.session,
            "CloseHandle": lambda _handle: setattr(self, "closed", True),
        }
        return Function(steps[name])

    def step(self, _snapshot: object, reference: Any) -> int:
        if self.next == len(self.processes):
            return 0
        entry = reference._obj
        assert entry.size == ctypes.sizeof(entry)
        entry.identifier, entry.name = self.next, self.processes[self.next][0]
        self.next += 1
        return 1

    def session(self, process: int, reference: Any) -> int:
        known = process < len(self.processes)
        reference._obj.value = self.processes[process][1] if known else OWN
        return 1


class Function:
    """A function of a DLL, whose type of result can be set."""

    def __init__(self, step: Any) -> None:
        self.step = step

    def __call__(self, *arguments: Any) -> Any:
        return self.step(*arguments)


OWN = 5


@pytest.mark.parametrize(
    ("processes", "runs"),
    [
        ([], False),
        ([("System", 0), ("explorer.exe", OWN), ("excelsior.exe", OWN)], False),
        ([("explorer.exe", OWN), ("EXCEL.EXE", OWN)], True),
        ([("Excel.exe", OWN + 1), ("explorer.exe", OWN)], False),
    ],
    ids=["nothing", "no Excel", "Excel", "another user's Excel"],
)
def test_a_running_excel_of_this_user_is_found(
    monkeypatch: pytest.MonkeyPatch, processes: list[tuple[str, int]], *, runs: bool
) -> None:
    kernel = PretendedKernel(*processes)
    monkeypatch.setattr(ctypes, "WinDLL", lambda _name: kernel, raising=False)
    monkeypatch.setattr("os.getpid", lambda: 99)
    assert excel_runs() == runs
    assert kernel.closed
