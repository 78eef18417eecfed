"""From a plain function on rows of cells to a worksheet function that never raises.

A worksheet function takes whatever a host sends and returns rows of plain cells, or one text
that begins with ``#KFXL!``. The bodies see tidied rows (:func:`~kfxl.spreadsheet.cells.tidy`)
and may raise; the rest is done here, once.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeAlias

from kfxl.errors import InputError
from kfxl.spreadsheet.cells import MARK, Rows, tidy
from kfxl.spreadsheet.failures import error_text
from kfxl.spreadsheet.grids import cells_but_numbers
from kfxl.spreadsheet.layout import OutRows, clean_rows

# What stands in a signature: hosts read it, and find nothing there to convert by.
Range: TypeAlias = Any
Setting: TypeAlias = Any
Result: TypeAlias = "OutRows | str"

P = ParamSpec("P")
CORE_NAMES = {
    "lower": "min_weight",
    "upper": "max_weight",
    "window": "lookback",
    "method": "covariance_method",
}


def worksheet_function(
    group: str, renames: Mapping[str, str] | None = None
) -> Callable[[Callable[P, Any]], Callable[P, Result]]:
    """Make a worksheet function of one that takes rows of cells and may raise.

    ``group`` is where the catalogue lists it; ``renames`` are its names of the core's arguments
    beyond those that all functions share.
    """
    names = {**CORE_NAMES, **(renames or {})}

    def decorate(function: Callable[P, Any]) -> Callable[P, Result]:
        signature = inspect.signature(function)
        body: Callable[..., Any] = function

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> Result:
            try:
                rows = _tidied(signature, args, kwargs)
                passed_on = _first_error(rows)
                if passed_on is not None:
                    return passed_on
                result = body(**rows)
                return result if isinstance(result, str) else clean_rows(result)
            except Exception as error:  # noqa: BLE001 (a cell shows text, never a traceback)
                return error_text(error, names)

        call.__signature__ = signature  # type: ignore[attr-defined]
        call.group = group  # type: ignore[attr-defined]
        return call

    return decorate


def _tidied(signature: inspect.Signature, args: Any, kwargs: Any) -> dict[str, Rows]:
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:
        count = len(signature.parameters)
        raise InputError("arguments", f"there are more than {count}", "leave some out") from None
    return {name: tidy(given.get(name), name) for name in signature.parameters}


def _first_error(arguments: Mapping[str, Rows]) -> str | None:
    for rows in arguments.values():
        for cell in cells_but_numbers(rows):
            if isinstance(cell, str) and cell.startswith(MARK):
                return cell
    return None
