"""Windows side: processes started by this one, what they hold, and ending them."""

from __future__ import annotations

import ctypes as c
import os
from collections.abc import Iterator
from typing import Any

PROCESSES_ONLY = 2
ALL_ACCESS = 0x1FFFFF
EVERY_HANDLE = 64
STILL_RUNNING = 0x102
WAIT_MILLISECONDS = 30_000
KERNEL = c.WinDLL("kernel32")
KERNEL.CreateToolhelp32Snapshot.restype = c.c_void_p
KERNEL.OpenProcess.restype = c.c_void_p


class _Process(c.Structure):
    _fields_ = (
        ("size", c.c_uint32),
        ("usage", c.c_uint32),
        ("identifier", c.c_uint32),
        ("heap", c.c_size_t),
        ("module", c.c_uint32),
        ("threads", c.c_uint32),
        ("parent", c.c_uint32),
        ("priority", c.c_int32),
        ("flags", c.c_uint32),
        ("name", c.c_wchar * 260),
    )


class _Memory(c.Structure):
    _fields_ = (
        ("size", c.c_uint32),
        ("faults", c.c_uint32),
        ("peak_working_set", c.c_size_t),
        ("working_set", c.c_size_t),
        ("quotas", c.c_size_t * 4),
        ("committed", c.c_size_t),
        ("peak_committed", c.c_size_t),
    )


class _Handle(c.Structure):
    _fields_ = (
        ("object", c.c_void_p),
        ("process", c.c_size_t),
        ("handle", c.c_size_t),
        ("access", c.c_uint32),
        ("trace", c.c_uint16),
        ("type", c.c_uint16),
        ("attributes", c.c_uint32),
        ("reserved", c.c_uint32),
    )


def descendants() -> list[tuple[str, int]]:
    """Name and identifier of every process that this one has started, directly or not."""
    everything = list(_all())
    family = {os.getpid()}
    found: list[tuple[str, int]] = []
    # A parent may come after its child in the list.
    for _ in range(3):
        found = [(name, own) for name, own, parent in everything if parent in family]
        family |= {own for _, own in found}
    return found


def servers() -> list[int]:
    """The Python servers among them."""
    return [own for name, own in descendants() if name.casefold() == "pythonw.exe"]


def _all() -> Iterator[tuple[str, int, int]]:
    snapshot = c.c_void_p(KERNEL.CreateToolhelp32Snapshot(PROCESSES_ONLY, 0))
    process = _Process(size=c.sizeof(_Process))
    more = KERNEL.Process32FirstW(snapshot, c.byref(process))
    while more:
        yield process.name, process.identifier, process.parent
        more = KERNEL.Process32NextW(snapshot, c.byref(process))
    KERNEL.CloseHandle(snapshot)


def program(identifier: int) -> str:
    """Path of the program that a process runs."""
    handle, path, length = _opened(identifier), c.create_unicode_buffer(1024), c.c_uint32(1024)
    KERNEL.QueryFullProcessImageNameW(handle, 0, path, c.byref(length))
    KERNEL.CloseHandle(handle)
    return path.value


def held(identifier: int) -> dict[str, int]:
    """Bytes of memory and number of handles of a process."""
    handle, memory = _opened(identifier), _Memory(size=c.sizeof(_Memory))
    KERNEL.K32GetProcessMemoryInfo(handle, c.byref(memory), c.sizeof(memory))
    KERNEL.CloseHandle(handle)
    return {
        "working_set": memory.working_set,
        "committed": memory.committed,
        "handles": _handles(identifier),
    }


def _handles(identifier: int) -> int:
    """Handles of a process, counted in the list of all; Wine counts them in no other way."""
    room = c.create_string_buffer(16_000_000)
    status = c.WinDLL("ntdll").NtQuerySystemInformation(
        EVERY_HANDLE, c.byref(room), c.sizeof(room), None
    )
    if status != 0:
        raise OSError(f"NtQuerySystemInformation: {status:#x}")
    count = c.c_size_t.from_buffer(room).value
    entries = (_Handle * count).from_buffer(room, 2 * c.sizeof(c.c_size_t))
    return sum(entry.process == identifier for entry in entries)


_watched: dict[int, Any] = {}


def watch(identifier: int) -> bool:
    """Hold on to a running process, so that its number is not given to another."""
    _watched[identifier] = _opened(identifier)
    return int(KERNEL.WaitForSingleObject(_watched[identifier], 0)) == STILL_RUNNING


def ended(identifier: int) -> bool:
    """Whether a watched process ends in time."""
    return KERNEL.WaitForSingleObject(_watched.pop(identifier), WAIT_MILLISECONDS) == 0


def kill(identifier: int) -> None:
    """End a process at once and wait until it has gone."""
    handle = _opened(identifier)
    KERNEL.TerminateProcess(handle, 1)
    KERNEL.WaitForSingleObject(handle, WAIT_MILLISECONDS)
    KERNEL.CloseHandle(handle)


def _opened(identifier: int) -> Any:
    handle = KERNEL.OpenProcess(ALL_ACCESS, 0, identifier)
    if not handle:
        raise OSError(f"process {identifier} cannot be opened")
    return c.c_void_p(handle)
