"""Cell values as a workbook's XML writes them."""

import math
import re
from datetime import datetime

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_EPOCH = datetime(1899, 12, 30)


class ErrorValue(str):
    """An error value such as ``#N/A``; a plain str of the same letters is text."""

    __slots__ = ()


Plain = float | bool | str | None
Grid = list[list[Plain]]


def decoded(  # noqa: PLR0911  one return a type
    kind: str, text: str | None, shared_strings: list[str]
) -> Plain:
    """Read a cell's value from its type and the text of its ``<v>``.

    >>> decoded("n", "1.50", []), decoded("b", "1", []), decoded("s", "0", ["a"])
    (1.5, True, 'a')
    """
    if text is None or (not text and kind in {"n", "b", "e", "s", "d"}):
        return None
    if kind == "s":
        return shared_strings[int(text)]
    if kind in {"str", "inlineStr"}:
        return unescaped(text)
    if kind == "b":
        return text.strip() in {"1", "true"}
    if kind == "e":
        return ErrorValue(text)
    if kind == "d":
        moment = datetime.fromisoformat(text.strip().removesuffix("Z"))
        return (moment.replace(tzinfo=None) - _EPOCH).total_seconds() / 86400
    return float(text)


def unescaped(text: str) -> str:
    """Undo ``_x000D_``, the way a workbook writes what XML cannot hold.

    >>> unescaped("a_x005F_x0041_b")
    'a_x0041_b'
    """
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)


def escaped(text: str) -> str:
    """Write what XML cannot hold as ``_x000D_``.

    >>> escaped("a_x0041_b")
    'a_x005F_x0041_b'
    """
    return _UNWRITABLE.sub(lambda match: f"_x{ord(match.group()):04X}_", text)


def number_text(number: float) -> str:
    """Write a number in the fewest digits that read back as the same one.

    >>> number_text(3.0), number_text(0.1), number_text(-0.0), number_text(1e300)
    ('3', '0.1', '0', '1e+300')
    """
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return repr(float(number))


def written(value: Plain) -> tuple[str, str]:
    """Give the type of a cell and the text of its value.

    >>> written(True), written("a"), written(0.5), written(ErrorValue("#N/A"))
    (('b', '1'), ('str', 'a'), ('n', '0.5'), ('e', '#N/A'))
    """
    if isinstance(value, ErrorValue):
        return "e", str(value)
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, str):
        return "str", escaped(value)
    return "n", number_text(value or 0.0)


def same(one: Plain, other: Plain) -> bool:
    """Tell whether two values are the same, kind and all: TRUE is not 1, ``#N/A`` not its text."""
    if one is None or other is None:
        return one is other
    return _kind(one) is _kind(other) and one == other


def _kind(value: Plain) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def cleaned(value: object) -> Plain:
    """Turn what a function gave into a value that a cell can hold.

    >>> cleaned(3), cleaned(float("nan")), cleaned(None)
    (3.0, '#NUM!', None)
    """
    if value is None or isinstance(value, bool | ErrorValue):
        return value
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
        if isinstance(value, bool):
            return value
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else ErrorValue("#NUM!")
