"""Runs the real xlwings code for Windows on any system: pywin32 and ctypes.windll are stand-ins.

Under :func:`windows_xlwings` a second copy of xlwings is in ``sys.modules``, imported as Windows
imports it: ``_xlwindows``, ``udfs``, ``com_server`` and the converters are xlwings' own code. The
modules of ``kfxl.hosts`` are imported anew too, so that they hold that copy. Afterwards all is as
it was. The copies are kept, so that only the first use costs an import.

The stand-ins have what xlwings asks of them and no more; COM objects themselves come from the
test (see ``fake_excel.py``).
"""

from __future__ import annotations

import atexit
import ctypes
import datetime as dt
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import pytest

FAILED = -2147352567  # DISP_E_EXCEPTION: the called program raised an error
REJECTED = -2147418111  # RPC_E_CALL_REJECTED: Excel is busy, for example editing a cell
MISSING = -2147352572  # how VBA hands over an argument that was left out
PROCESS_ID = 4711
# Extension modules of Rust can be initialised once only; they know nothing of the system.
SHARED = "xlwings.xlwingslib"
PACKAGES = ("xlwings", "kfxl.hosts")


class ComError(Exception):
    """``pywintypes.com_error``: code, text, details and the argument at fault."""

    def __init__(
        self,
        hresult: int = FAILED,
        strerror: str = "Exception occurred.",
        excepinfo: tuple[Any, ...] | None = None,
        argerror: int | None = None,
    ) -> None:
        super().__init__(hresult, strerror, excepinfo, argerror)
        self.hresult, self.strerror = hresult, strerror
        self.excepinfo, self.argerror = excepinfo, argerror


class Win32Error(Exception):
    """``pywintypes.error``: a call of Windows failed."""


class ComTime(dt.datetime):
    """``pywintypes.TimeType``: what COM makes of a date; its time zone says UTC."""


def com_time(moment: dt.datetime) -> ComTime:
    """A moment as Excel sends it."""
    parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return ComTime(*parts, moment.microsecond, tzinfo=dt.UTC)


def com_error(description: str, scode: int = -2146827284) -> ComError:
    """The error that Excel raises, with its own words."""
    return ComError(
        FAILED,
        "Exception occurred.",
        (0, "Microsoft Excel", description, "xlmain11.chm", 0, scode),
        None,
    )


class CDispatch:
    """``win32com.client.CDispatch``: base of late-bound COM objects."""


class DispatchBaseClass:
    """``win32com.client.DispatchBaseClass``: base of early-bound COM objects."""


class CoClassBaseClass:
    """``win32com.client.CoClassBaseClass``."""


class PyIDispatch:
    """``pythoncom.TypeIIDs[IID_IDispatch]``: a COM interface without its wrapper."""


def _dispatch(obj: Any, *_: Any, **__: Any) -> Any:
    return obj


def _no_excel(*_: Any, **__: Any) -> Any:
    raise com_error("there is no Excel here")


def _nothing(*_: Any, **__: Any) -> int:
    return 0


class TimeZoneInfo:
    """``win32timezone.TimeZoneInfo``, of which xlwings needs UTC."""

    @staticmethod
    def utc() -> dt.tzinfo:
        """UTC."""
        return dt.UTC


class _Anything:
    """A library of functions that all succeed: ``ctypes.windll.kernel32`` and the like."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing if name[:1].isupper() or name.startswith("Py") else _Anything()


class _Library(_Anything):
    """What ``ctypes.PyDLL`` gives for pythoncom's own file."""

    def __init__(self, *_: Any) -> None:
        self.PyCom_PyObjectFromIUnknown = SimpleNamespace(restype=None)


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(names)
    return module


def stand_ins() -> dict[str, ModuleType]:
    """The modules of pywin32 by name."""
    iid = "{00020400-0000-0000-C000-000000000046}"
    gencache = _module("win32com.client.gencache", EnsureModule=_no_excel)
    client = _module(
        "win32com.client",
        Dispatch=_dispatch,
        DispatchEx=_no_excel,
        CDispatch=CDispatch,
        DispatchBaseClass=DispatchBaseClass,
        CoClassBaseClass=CoClassBaseClass,
        gencache=gencache,
        __path__=[],
    )
    policy = _module("win32com.server.policy", DefaultPolicy=object)
    util = _module("win32com.server.util", wrap=_dispatch, unwrap=_no_excel)
    dispatcher = _module("win32com.server.dispatcher")
    server = _module(
        "win32com.server", policy=policy, util=util, dispatcher=dispatcher, __path__=[]
    )
    modules = (
        *(gencache, client, policy, util, dispatcher, server),
        _module("win32com", client=client, server=server, __path__=[]),
        _module(
            "pywintypes", com_error=ComError, error=Win32Error, TimeType=ComTime, IID=str.upper
        ),
        _module(
            "pythoncom",
            com_error=ComError,
            ole_error=ComError,
            CoInitialize=_nothing,
            CoUninitialize=_nothing,
            IID_IDispatch=iid,
            TypeIIDs={iid: PyIDispatch},
            __file__="pythoncom.dll",
        ),
        _module("win32api"),
        _module("win32con"),
        _module("win32event"),
        _module("win32gui", FindWindowEx=_nothing),
        _module("win32process", GetWindowThreadProcessId=lambda _: (1, PROCESS_ID)),
        _module("win32timezone", TimeZoneInfo=TimeZoneInfo),
    )
    return {module.__name__: module for module in modules}


@dataclass(frozen=True)
class WindowsXlwings:
    """xlwings as it is on Windows: the package and the modules that only Windows has."""

    xw: ModuleType
    xlwindows: ModuleType
    udfs: ModuleType
    com_server: ModuleType
    load: Callable[[str], ModuleType]

    def app(self, application: Any) -> Any:
        """An ``xw.App`` around a COM object."""
        return self.xw.App(impl=self.xlwindows.App(xl=application))

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """Call a function as the add-in does: through xlwings' COM server."""
        return self.com_server.XLPython().CallUDF(module, function, arguments, None, None)


_kept: dict[str, ModuleType] = {}


@contextmanager
def windows_xlwings() -> Iterator[WindowsXlwings]:
    """Put xlwings for Windows in place of xlwings, for as long as the context lasts."""
    _warm_up()
    with ExitStack() as stack:
        stack.enter_context(_added(stand_ins()))
        stack.enter_context(mock.patch.object(ctypes, "windll", _Anything(), create=True))
        stack.enter_context(mock.patch.object(ctypes, "oledll", _Anything(), create=True))
        stack.enter_context(_other_copies())
        if "xlwings" not in sys.modules:
            _import_as_on_windows()
        names = ("xlwings", "xlwings._xlwindows", "xlwings.udfs", "xlwings.com_server")
        yield WindowsXlwings(*(sys.modules[name] for name in names), importlib.import_module)


@contextmanager
def _added(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Modules that are there for a while; those that are imported meanwhile stay."""
    hidden = {name: sys.modules.pop(name) for name in modules if name in sys.modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)


def _warm_up() -> None:
    # What xlwings needs of others is imported before it is told that this is Windows.
    for name in ("xlwings", "asyncio", "concurrent.futures", "subprocess", "tempfile"):
        importlib.import_module(name)


def _ours(modules: dict[str, ModuleType]) -> dict[str, ModuleType]:
    def ours(name: str) -> bool:
        within = any(name == package or name.startswith(f"{package}.") for package in PACKAGES)
        return within and name != SHARED

    return {name: module for name, module in modules.items() if ours(name)}


@contextmanager
def _other_copies() -> Iterator[None]:
    """Swap the modules that know about Windows, and what their parents call by their names."""
    kfxl = importlib.import_module("kfxl")
    before, hosts = _ours(sys.modules), kfxl.__dict__.get("hosts")
    for name in before:
        del sys.modules[name]
    sys.modules.update(_kept)
    kfxl.__dict__.pop("hosts", None)
    if "kfxl.hosts" in _kept:
        kfxl.__dict__["hosts"] = _kept["kfxl.hosts"]
    try:
        yield
    finally:
        copies = _ours(sys.modules)
        _kept.update(copies)
        for name in copies:
            del sys.modules[name]
        sys.modules.update(before)
        kfxl.__dict__.pop("hosts", None)
        if hosts is not None:
            kfxl.__dict__["hosts"] = hosts


def _import_as_on_windows() -> None:
    with mock.patch.object(sys, "platform", "win32"), mock.patch.object(ctypes, "PyDLL", _Library):
        importlib.import_module("xlwings")
    # It would ask Windows for its list of processes when this process ends.
    atexit.unregister(sys.modules["xlwings._xlwindows"].cleanup)


@pytest.fixture
def windows() -> Iterator[WindowsXlwings]:
    """xlwings as it is on Windows, for one test."""
    with windows_xlwings() as xlwings:
        yield xlwings
