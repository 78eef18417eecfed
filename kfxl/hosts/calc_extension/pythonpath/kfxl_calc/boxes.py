"""Message boxes over the window of a document."""

from __future__ import annotations

from typing import Any

from kfxl_calc.ranges import MARK
from kfxl_calc.unotypes import enum

TITLE = "kfxl"
OK, YES_NO = 1, 3  # com.sun.star.awt.MessageBoxButtons
YES = 2  # com.sun.star.awt.MessageBoxResults


def tell(context: Any, frame: Any, text: str) -> None:
    """Show a text, as a warning where it begins with kfxl's mark."""
    wrong = text.startswith(MARK)
    kind = "WARNINGBOX" if wrong else "INFOBOX"
    _box(context, frame, kind, OK, text[len(MARK) :].strip() if wrong else text)


def confirmed(context: Any, frame: Any, question: str) -> bool:
    """Ask; whether the answer is Yes."""
    return bool(_box(context, frame, "QUERYBOX", YES_NO, question) == YES)


def _box(context: Any, frame: Any, kind: str, buttons: int, text: str) -> int:
    toolkit = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.Toolkit", context)
    window = frame.ContainerWindow if frame is not None else None
    box = toolkit.createMessageBox(window, enum("awt.MessageBoxType", kind), buttons, TITLE, text)
    try:
        return int(box.execute())
    finally:
        box.dispose()
