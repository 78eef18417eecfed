"""Windows side: calling a method of a COM object by name, as VBA's late binding does."""

from __future__ import annotations

import ctypes as c
from typing import Any

from variants import DISPATCH, Variant, clear, read

GET_IDS_OF_NAMES, INVOKE, RELEASE = 5, 6, 2
METHOD = 1
NO_INTERFACE = (c.c_byte * 16)()
OLE32 = c.WinDLL("ole32")
OLE = c.WinDLL("oleaut32")
OLE.SysFreeString.argtypes = [c.c_void_p]


class _Arguments(c.Structure):
    _fields_ = (
        ("values", c.POINTER(Variant)),
        ("names", c.c_void_p),
        ("count", c.c_uint),
        ("named", c.c_uint),
    )


class _Exception(c.Structure):
    _fields_ = (
        ("code", c.c_uint16),
        ("reserved", c.c_uint16),
        ("source", c.c_void_p),
        ("description", c.c_void_p),
        ("help", c.c_void_p),
        ("context", c.c_uint32),
        ("reserved_pointer", c.c_void_p),
        ("deferred", c.c_void_p),
        ("result", c.c_int32),
    )


class CallFailedError(Exception):
    """A call that COM answered with an error: its HRESULT and, if there is one, a text."""

    def __init__(self, hresult: int, description: str = "") -> None:
        super().__init__(hresult, description)
        self.hresult = hresult
        self.description = description


def start_com() -> None:
    """Make this thread a single-threaded apartment, as Excel's is."""
    apartment_threaded = 2
    OLE32.CoInitializeEx(None, apartment_threaded)


def nothing() -> Variant:
    """VBA's ``Nothing``."""
    variant = Variant()
    variant.kind = DISPATCH
    return variant


def call(pointer: int, name: str, arguments: list[Variant]) -> Any:
    """Call a method; its result for JSON. The arguments stay the caller's."""
    identifier = c.c_int32()
    text = c.c_wchar_p(name)
    names = _method(pointer, GET_IDS_OF_NAMES, *(c.c_void_p,) * 2, c.c_uint, c.c_uint32, c.c_void_p)
    code = names(pointer, NO_INTERFACE, c.byref(text), 1, 0, c.byref(identifier))
    if code != 0:
        raise CallFailedError(code)
    values = (Variant * len(arguments))()
    for place, argument in zip(reversed(range(len(arguments))), arguments, strict=True):
        c.memmove(c.byref(values[place]), c.byref(argument), c.sizeof(Variant))
    packed = _Arguments(values, None, len(arguments), 0)
    result, exception, wrong = Variant(), _Exception(), c.c_uint()
    invoke = _method(
        *(pointer, INVOKE, c.c_int32, c.c_void_p, c.c_uint32, c.c_uint16),
        *(c.c_void_p,) * 4,
    )
    code = invoke(
        *(pointer, identifier.value, NO_INTERFACE, 0, METHOD),
        *(c.byref(packed), c.byref(result), c.byref(exception), c.byref(wrong)),
    )
    if code != 0:
        raise CallFailedError(code, _description(exception))
    try:
        return read(result)
    finally:
        clear(result)


def release(pointer: int) -> None:
    """Give a COM object back, as ``Set Server = Nothing`` does."""
    _method(pointer, RELEASE)(pointer)


def _method(pointer: int, place: int, *types: Any) -> Any:
    """A method by its place in the object's table."""
    table = c.cast(pointer, c.POINTER(c.c_void_p))[0]
    address = c.cast(table, c.POINTER(c.c_void_p))[place]
    return c.WINFUNCTYPE(c.c_int32, c.c_void_p, *types)(address)


def _description(exception: _Exception) -> str:
    found = c.wstring_at(exception.description) if exception.description else ""
    for text in (exception.source, exception.description, exception.help):
        OLE.SysFreeString(text)
    return found
