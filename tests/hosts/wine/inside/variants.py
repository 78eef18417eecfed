"""Windows side: VARIANTs as Excel makes them, and what came back, by ctypes alone.

pywin32 would choose the types of the array and of its elements by itself; Excel sends a
two-dimensional array of VARIANTs that counts from 1.
"""

from __future__ import annotations

import ctypes as c
from typing import Any

EMPTY, LONG, DOUBLE, CURRENCY, DATE, TEXT, DISPATCH, ERROR, BOOLEAN = 0, 3, 5, 6, 7, 8, 9, 10, 11
VARIANT_ELEMENTS, ARRAY = 12, 0x2000
MISSING = -2147352572  # DISP_E_PARAMNOTFOUND


class _Value(c.Union):
    _fields_ = (
        ("double", c.c_double),
        ("pointer", c.c_void_p),
        ("code", c.c_int32),
        ("boolean", c.c_int16),
        ("currency", c.c_int64),
        ("record", c.c_void_p * 2),
    )


class Variant(c.Structure):
    """One VARIANT; the field ``kind`` is Windows' ``vt``."""

    _anonymous_ = ("value",)
    _fields_ = (("kind", c.c_uint16), ("reserved", c.c_uint16 * 3), ("value", _Value))


class _Bound(c.Structure):
    _fields_ = (("count", c.c_uint32), ("first", c.c_int32))


OLE = c.WinDLL("oleaut32")
OLE.SysAllocStringLen.restype = c.c_void_p
OLE.SysAllocStringLen.argtypes = [c.c_wchar_p, c.c_uint]
OLE.SysStringLen.argtypes = [c.c_void_p]
OLE.SafeArrayCreate.restype = c.c_void_p
OLE.SafeArrayCreate.argtypes = [c.c_uint16, c.c_uint, c.POINTER(_Bound)]
OLE.SafeArrayAccessData.argtypes = [c.c_void_p, c.POINTER(c.c_void_p)]
OLE.SafeArrayUnaccessData.argtypes = [c.c_void_p]
OLE.SafeArrayGetDim.argtypes = [c.c_void_p]
for _limit in (OLE.SafeArrayGetLBound, OLE.SafeArrayGetUBound):
    _limit.argtypes = [c.c_void_p, c.c_uint, c.POINTER(c.c_int32)]
OLE.VariantClear.argtypes = [c.POINTER(Variant)]


def fill(variant: Variant, cell: Any) -> None:
    """Put one cell of the request into an empty VARIANT; a dict names a kind JSON lacks."""
    if cell is None:
        variant.kind = EMPTY
    elif isinstance(cell, bool):
        variant.kind, variant.boolean = BOOLEAN, -1 if cell else 0
    elif isinstance(cell, int | float):
        variant.kind, variant.double = DOUBLE, cell
    elif isinstance(cell, str):
        letters = len(cell.encode("utf-16-le")) // 2
        variant.kind, variant.pointer = TEXT, OLE.SysAllocStringLen(cell, letters)
    elif "error" in cell:
        variant.kind, variant.code = ERROR, cell["error"]
    elif "date" in cell:
        variant.kind, variant.double = DATE, cell["date"]
    elif "currency" in cell:
        variant.kind, variant.currency = CURRENCY, round(cell["currency"] * 10_000)
    elif "missing" in cell:
        variant.kind, variant.code = ERROR, MISSING
    else:
        raise ValueError(cell)


def argument(value: Any) -> Variant:
    """A cell, or a list of rows as the value of a range of several cells."""
    variant = Variant()
    if not isinstance(value, list):
        fill(variant, value)
        return variant
    rows, columns = len(value), len(value[0])
    array, elements = _array([(rows, 1), (columns, 1)])
    for i, row in enumerate(value):
        for j, cell in enumerate(row):
            fill(elements[j * rows + i], cell)
    OLE.SafeArrayUnaccessData(array)
    variant.kind, variant.pointer = ARRAY | VARIANT_ELEMENTS, array
    return variant


def listed(values: list[Any]) -> Variant:
    """What VBA's ``Array(...)`` makes of some arguments: one dimension that counts from 0."""
    array, elements = _array([(len(values), 0)])
    for element, value in zip(elements, values, strict=True):
        made = argument(value)
        c.memmove(c.byref(element), c.byref(made), c.sizeof(Variant))
    OLE.SafeArrayUnaccessData(array)
    variant = Variant()
    variant.kind, variant.pointer = ARRAY | VARIANT_ELEMENTS, array
    return variant


def _array(shape: list[tuple[int, int]]) -> tuple[Any, Any]:
    """An array of VARIANTs and a view of its elements, the first index running fastest."""
    bounds = (_Bound * len(shape))(*(_Bound(*size) for size in shape))
    array = OLE.SafeArrayCreate(VARIANT_ELEMENTS, len(shape), bounds)
    count = 1
    for size, _ in shape:
        count *= size
    return array, _elements(array, count)


def _elements(array: Any, count: int) -> Any:
    data = c.c_void_p()
    if OLE.SafeArrayAccessData(array, c.byref(data)) != 0:
        raise OSError("SafeArrayAccessData")
    return (Variant * count).from_address(data.value) if count else ()


def read(variant: Variant) -> Any:
    """A result for JSON: a cell, or {"rows": ...}; a kind of value not expected is named."""
    kind = variant.kind
    if kind == DOUBLE:
        return variant.double
    if kind == LONG:
        # Whole dates; a number like any other to Excel.
        return float(variant.code)
    if kind == TEXT:
        return text(variant)
    if kind == BOOLEAN:
        return bool(variant.boolean)
    if kind == ARRAY | VARIANT_ELEMENTS:
        return {"rows": _rows(variant.pointer)}
    return {"kind": kind}


def text(variant: Variant) -> str:
    """The text of a VARIANT that holds one."""
    if not variant.pointer:
        return ""
    return c.wstring_at(variant.pointer, OLE.SysStringLen(variant.pointer))


def _rows(array: Any) -> list[list[Any]]:
    """The rows of an array; one dimension is what Excel shows as one row."""
    sizes = []
    for dimension in range(1, OLE.SafeArrayGetDim(array) + 1):
        first, last = c.c_int32(), c.c_int32()
        OLE.SafeArrayGetLBound(array, dimension, c.byref(first))
        OLE.SafeArrayGetUBound(array, dimension, c.byref(last))
        sizes.append(last.value - first.value + 1)
    rows, columns = sizes if len(sizes) == 2 else (1, sizes[0])
    elements = _elements(array, rows * columns)
    found = [[read(elements[j * rows + i]) for j in range(columns)] for i in range(rows)]
    OLE.SafeArrayUnaccessData(array)
    return found


def clear(variant: Variant) -> None:
    """Free what a VARIANT holds."""
    OLE.VariantClear(c.byref(variant))
