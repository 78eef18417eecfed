"""Settings that are one number or one word, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from kfxl.errors import InputError

LARGEST = 1e30  # beyond it products of a few numbers overflow, and no return or price is


def number(
    value: object, argument: str, *, low: float = -math.inf, above: float = -math.inf
) -> float:
    """One finite number, at least ``low`` and strictly greater than ``above``."""
    if isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) != 0:  # type: ignore[arg-type]
        raise InputError(argument, f"{value!r} is not a number", "give one number")
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(argument, f"{value!r} is not a number", "give one number") from None
    if not abs(result) <= LARGEST:
        raise InputError(argument, f"{result:g} is no usable number", "give a finite one")
    if result < low:
        raise InputError(argument, f"{result:g} is too small", f"give {low:g} or more")
    if result <= above:
        raise InputError(argument, f"{result:g} is too small", f"give more than {above:g}")
    return result


def whole(value: object, argument: str, *, low: int = 1) -> int:
    """One whole number, at least ``low``."""
    result = number(value, argument)
    if result != int(result):
        raise InputError(argument, f"{result:g} is not a whole number", f"give {low} or more")
    if result < low:
        raise InputError(argument, f"{int(result)} is too small", f"give {low} or more")
    return int(result)


def choice(value: object, argument: str, options: Iterable[str]) -> str:
    """One of ``options``."""
    known = tuple(options)
    if value not in known:
        raise InputError(argument, f"{value!r} is not known", f"use one of {', '.join(known)}")
    return str(value)
