"""Excel's side of kfxl: the worksheet functions as xlwings UDFs, and the ribbon's callbacks.

The add-in's VBA (:mod:`kfxl.hosts.excel_vba`) calls this module through xlwings' COM server.
Cells come and go raw: xlwings' own cleaning looks at each cell by itself, makes blanks of error
values and is slow on large ranges. What a range means is decided in
:mod:`kfxl.spreadsheet.cells`, the same for every host; here only the codes that COM gives for
error values become their names.

>>> sorted(UDFS) == sorted(FUNCTIONS)
True
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable
from typing import Any

import xlwings as xw

from kfxl.hosts.excel_cells import Cells, from_excel, to_excel
from kfxl.spreadsheet.catalogue import FunctionEntry, catalogue
from kfxl.spreadsheet.cells import MARK
from kfxl.spreadsheet.functions import FUNCTIONS

CATEGORY = "kfxl"
RAW = "raw"


def _udf(entry: FunctionEntry) -> Callable[..., Any]:
    """The worksheet function of an entry, as xlwings registers it."""
    function = FUNCTIONS[entry.name]

    def udf(*cells: Cells) -> Cells:
        return to_excel(function(*(from_excel(cell) for cell in cells)))

    # xlwings takes arguments and help from here, and would convert by annotations.
    parameters = [
        inspect.Parameter(
            argument.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None if argument.optional else inspect.Parameter.empty,
        )
        for argument in entry.arguments
    ]
    _described(udf, entry.name, entry.summary, parameters)
    for argument in entry.arguments:
        udf = xw.arg(argument.name, RAW, doc=argument.description)(udf)
    return xw.func(category=CATEGORY)(xw.ret(RAW)(udf))


def _described(
    function: Callable[..., Any], name: str, summary: str, parameters: list[inspect.Parameter]
) -> None:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = summary
    function.__annotations__ = {}
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]


UDFS: dict[str, Callable[..., Any]] = {entry.name: _udf(entry) for entry in catalogue()}
# COM calls find a function by its name in this module.
globals().update(UDFS)


def run_action(action, application):  # type: ignore[no-untyped-def]  # xlwings converts by hints
    """Do what a button of the ribbon asks for.

    Parameters
    ----------
    action : str
        A key of :data:`kfxl.hosts.excel_actions.ACTIONS`.
    application : COM object
        Excel's ``Application``.

    Returns
    -------
    str
        Empty when there is nothing to say; a message; after ``#KFXL!`` what is wrong; or, after a
        question mark, a question: on Yes the add-in calls the action ``..._confirmed``. Never a
        traceback.
    """
    from kfxl.hosts.excel_failures import message

    try:
        from xlwings import _xlwindows

        from kfxl.hosts.excel_actions import ACTIONS

        excel = _xlwindows.App(xl=application)  # type: ignore[no-untyped-call]
        return str(ACTIONS[action](xw.App(impl=excel)))
    except Exception as error:  # noqa: BLE001 (a message box shows text, never a traceback)
        return f"{MARK} {message(error)}"
    finally:
        # A reference to Excel in a cycle would keep a hidden Excel running after it is closed.
        gc.collect()


run_action = xw.func(xw.ret(RAW)(xw.arg("application", RAW)(xw.arg("action", RAW)(run_action))))
