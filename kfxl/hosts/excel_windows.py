"""What has to be known of Windows and of the user's Excel; nothing here changes anything."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from kfxl.errors import InputError
from kfxl.hosts.excel_registry import BINARY, ClearRegistry, Registry, Value, WindowsRegistry

OFFICE = r"HKCU\Software\Microsoft\Office"
MACHINE_OFFICE = (
    r"HKLM\Software\Microsoft\Office",
    r"HKLM\Software\WOW6432Node\Microsoft\Office",
)
CURRENT = "16.0"  # Excel 2016, 2019, 2021, 2024 and 365
OLDEST = 14  # Excel 2010, the first whose VBA knows 64 bits
SHELL_FOLDERS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
# The nearest folder first: with one of these variables the add-in holds no letters of the user's
# name. Its VBA expands them in Unicode and starts Python in Python's own folder, so that no letter
# has to be one of the system's code page.
HOMES = ("LOCALAPPDATA", "APPDATA", "USERPROFILE")


@dataclass(frozen=True)
class Windows:
    """One user's Windows; the tests give a pretended one.

    ``python`` is the running interpreter, ``base`` the folder of the Python that its environment
    was made from, ``excel_runs`` looks for a running Excel of this user.
    """

    registry: Registry
    variables: Mapping[str, str]
    python: str
    base: str
    excel_runs: Callable[[], bool]


def this_windows() -> Windows:
    """The Windows that this runs on.

    Raises
    ------
    InputError
        If this is another system.
    """
    if sys.platform != "win32":
        raise InputError(
            "Excel",
            "its add-in runs on Windows only",
            "kfxl excel build and kfxl excel bundle work here; install what they make on Windows",
        )
    registry = ClearRegistry(WindowsRegistry())
    return Windows(registry, os.environ, sys.executable, sys.base_prefix, excel_runs)


def refuse_store_python(windows: Windows) -> None:
    """Refuse a Python whose files Excel cannot see.

    Windows shows what a program of the Microsoft Store writes below AppData to that program only.
    """
    if from_store(windows.base):
        raise InputError(
            "Python",
            "this one is from the Microsoft Store, and Excel cannot see what it installs",
            "install Python from python.org, no administrator is needed, and run this with it",
        )


def from_store(base: str) -> bool:
    r"""Whether a Python's own folder is one of the Microsoft Store's.

    >>> from_store(r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.12_x64__qbz")
    True
    """
    return "windowsapps" in (part.casefold() for part in PureWindowsPath(base).parts)


def versions(windows: Windows) -> list[str]:
    """Versions of Excel that this user has, the newest first; empty where there is none."""
    registry = windows.registry
    found = {
        name
        for name in registry.subkeys(OFFICE)
        if _is_version(name) and registry.exists(rf"{OFFICE}\{name}\Excel")
    }
    for office in MACHINE_OFFICE:
        # What must not be read of the machine's part is no reason to stop.
        with contextlib.suppress(InputError):
            for name in registry.subkeys(office):
                if _is_version(name) and registry.exists(rf"{office}\{name}\Excel\InstallRoot"):
                    found.add(name)
    return sorted(found, key=float, reverse=True)


def _is_version(name: str) -> bool:
    return re.fullmatch(r"\d+\.\d", name) is not None and float(name) >= OLDEST


def addins_folder(windows: Windows) -> Path:
    """The folder that Excel shows first when add-ins are looked for; it may not be there yet.

    Its name depends on Office's language; Office keeps it in the registry.
    """
    microsoft = _folder(windows, "APPDATA") / "Microsoft"
    for version in versions(windows) or [CURRENT]:
        value = windows.registry.value(rf"{OFFICE}\{version}\Common\General", "AddIns")
        name = value.data if value else None
        if isinstance(name, str) and name.strip():
            return microsoft / as_path(expanded(name.strip(), windows.variables))
    return microsoft / "AddIns"


def documents_folder(windows: Windows) -> Path:
    """The user's Documents, wherever Windows or OneDrive have put them."""
    value = windows.registry.value(SHELL_FOLDERS, "Personal")
    if value and isinstance(value.data, str):
        folder = as_path(expanded(value.data, windows.variables))
        if folder.is_dir():
            return folder
    home = _folder(windows, "USERPROFILE")
    return home / "Documents" if (home / "Documents").is_dir() else home


def _folder(windows: Windows, variable: str) -> Path:
    text = windows.variables.get(variable, "")
    if not text:
        raise InputError(
            variable, "this variable is not set", "sign out of Windows, sign in, and run this again"
        )
    return as_path(text)


def as_path(text: str) -> Path:
    """A path as Windows writes it; where the tests run, backslashes are no separators."""
    return Path(text.replace("\\", "/"))


def expanded(text: str, variables: Mapping[str, str]) -> str:
    r"""A text with ``%NAME%`` replaced; what is not set stays, as in cmd.exe.

    >>> expanded(r"%HOME%\x", {"HOME": r"C:\Users\Zoë"})
    'C:\\Users\\Zoë\\x'
    """
    return re.sub(r"%([^%]+)%", lambda m: variables.get(m[1].upper(), m[0]), text)


def interpreter_text(windows: Windows) -> str:
    r"""Path of the running environment's ``pythonw.exe``, as the add-in keeps it.

    >>> local = {"LOCALAPPDATA": r"C:\Users\Zoë\AppData\Local"}
    >>> python = r"c:\users\ZOË\AppData\Local\kfxl\Scripts\python.exe"
    >>> print(interpreter_text(Windows(None, local, python, "", bool)))
    %LOCALAPPDATA%\kfxl\Scripts\pythonw.exe
    """
    path = PureWindowsPath(windows.python).with_name("pythonw.exe")
    for name in HOMES:
        home = windows.variables.get(name)
        if home and path.is_relative_to(PureWindowsPath(home)):
            return f"%{name}%\\{path.relative_to(PureWindowsPath(home))}"
    return str(path)


def file_name(path: str) -> str:
    r"""Last part of a path, in small letters; Excel puts quotation marks and switches around it.

    >>> file_name(r'/R "C:\Add Ins\Kfxl.xlam"')
    'kfxl.xlam'
    """
    return re.split(r"[\\/]", path.strip().strip('"'))[-1].casefold()


def disabled_file(value: Value) -> str:
    """The file that an entry of Excel's disabled items is about; empty for any other.

    An entry is three numbers of four bytes (a kind, the lengths in bytes of two texts) and the two
    texts: the path in small letters and a description.
    """
    data = value.data
    if value.kind != BINARY or not isinstance(data, bytes) or len(data) < 12:
        return ""
    length = int.from_bytes(data[4:8], "little")
    return data[12 : 12 + length].decode("utf-16-le", "ignore").rstrip("\0")


def excel_runs() -> bool:
    """Whether this user has an Excel running, a hidden one too."""
    import ctypes

    class Process(ctypes.Structure):
        _fields_ = (
            ("size", ctypes.c_uint32),
            ("usage", ctypes.c_uint32),
            ("identifier", ctypes.c_uint32),
            ("heap", ctypes.c_size_t),
            ("module", ctypes.c_uint32),
            ("threads", ctypes.c_uint32),
            ("parent", ctypes.c_uint32),
            ("priority", ctypes.c_int32),
            ("flags", ctypes.c_uint32),
            ("name", ctypes.c_wchar * 260),
        )

    kernel: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 (Windows only)
    kernel.CreateToolhelp32Snapshot.restype = ctypes.c_void_p
    processes_only = 2
    snapshot = ctypes.c_void_p(kernel.CreateToolhelp32Snapshot(processes_only, 0))
    process = Process(size=ctypes.sizeof(Process))
    own = _session(kernel, os.getpid())
    try:
        more = kernel.Process32FirstW(snapshot, ctypes.byref(process))
        while more:
            # Other users of the same computer have sessions of their own.
            excel = process.name.casefold() == "excel.exe"
            if excel and _session(kernel, process.identifier) == own:
                return True
            more = kernel.Process32NextW(snapshot, ctypes.byref(process))
    finally:
        kernel.CloseHandle(snapshot)
    return False


def _session(kernel: Any, process: int) -> int:
    """The session of Windows that a process belongs to."""
    import ctypes

    session = ctypes.c_uint32()
    known = kernel.ProcessIdToSessionId(process, ctypes.byref(session))
    return session.value if known else -1
