"""Windows side: presses the ribbon's buttons over a fake Excel that real COM objects stand before.

Every call goes through pywin32 and VARIANTs, in one process. Prints what came of it as JSON.
"""

from __future__ import annotations

import inspect
import json
import sys
import types
from pathlib import Path
from typing import Any

import pythoncom
import win32com.client
import win32com.server.util
from win32com.server.exception import COMException
from win32com.server.policy import DynamicPolicy

PUTS = pythoncom.DISPATCH_PROPERTYPUT | pythoncom.DISPATCH_PROPERTYPUTREF
NOT_FOUND = -2147352573  # DISP_E_MEMBERNOTFOUND: then pywin32 takes a name for a method


class Exposed:
    """A fake object as COM sees it."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def _dynamic_(self, name: str, _: int, flags: int, arguments: tuple[Any, ...]) -> Any:
        from tests.hosts.pywin32_stub import ComError

        try:
            return sent(self._called(name, flags, [received(value) for value in arguments]))
        except AttributeError:
            raise COMException(scode=NOT_FOUND) from None
        except ComError as error:
            raise COMException(error.excepinfo[2], error.excepinfo[5]) from None

    def _called(self, name: str, flags: int, arguments: list[Any]) -> Any:
        target = self.target
        if name == "_NewEnum":
            return Many(list(target))
        if name == "_value_":
            return target(*arguments)
        if flags & PUTS:
            return setattr(target, name, *arguments)
        if inspect.isfunction(inspect.getattr_static(type(target), name, None)):
            if not flags & pythoncom.DISPATCH_METHOD:
                raise COMException(scode=NOT_FOUND)
            return getattr(target, name)(*arguments)
        value = getattr(target, name)
        return value(*arguments) if arguments else value


class Many(list[Any]):
    """The items of a collection."""


def sent(value: Any) -> Any:
    """What a call gives, as COM carries it."""
    from tests.hosts.fake_com import ComObject

    if isinstance(value, Many):
        return win32com.server.util.NewEnum([sent(item) for item in value])
    if isinstance(value, ComObject):
        if not hasattr(value, "exposed"):
            value.exposed = win32com.server.util.wrap(Exposed(value), usePolicy=DynamicPolicy)
        return value.exposed
    # pywin32 takes a tuple for the result and arguments that are to come back.
    return (value,) if isinstance(value, tuple) else value


def received(value: Any) -> Any:
    """An argument as the fake takes it."""
    if isinstance(value, type(pythoncom.TypeIIDs[pythoncom.IID_IDispatch])) or hasattr(
        value, "QueryInterface"
    ):
        return win32com.server.util.unwrap(value).target
    return list(value) if isinstance(value, tuple) and all(map(is_text, value)) else value


def is_text(value: Any) -> bool:
    """Whether a value is text."""
    return isinstance(value, str)


def press(excel: Any, action: str) -> str:
    """Press a button as xlwings' server is told to."""
    from kfxl.hosts.excel import run_action

    return str(run_action(action, win32com.client.Dispatch(sent(excel))))


def main() -> None:
    """Run a backtest twice, once with a failure, and list the functions."""
    sys.path.append(str(Path(__file__).resolve().parents[4]))
    sys.modules["pytest"] = types.SimpleNamespace(fixture=lambda function: function)
    from tests.hosts.excel_books import contents, kfxl_book
    from tests.hosts.fake_excel import Application

    excel = Application()
    book = kfxl_book(excel, settings={"Strategy": "risk-parity", "Lookback": 12.0})
    answers = [press(excel, "run_backtest")]
    first = contents(book)
    excel.calls.broken = {"Interior.Color="}
    answers.append(press(excel, "run_backtest"))
    excel.calls.broken = set()
    kept = contents(book) == first
    answers.append(press(excel, "run_backtest"))
    again = contents(book) == first
    answers.append(press(excel, "function_list"))
    found = {"answers": answers, "kept": kept, "again": again, "sheets": first}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
