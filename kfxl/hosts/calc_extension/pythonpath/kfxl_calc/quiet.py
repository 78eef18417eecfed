"""Works in an open document without flicker, and leaves the active sheet and selection alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kfxl_calc.failures import RestoreError, tried
from kfxl_calc.target import Target
from kfxl_calc.unotypes import properties

if TYPE_CHECKING:
    from collections.abc import Callable


FACTORY = "com.sun.star.task.StatusIndicatorFactory"
SHARE = re.compile(r"(\d+) (?:%|of (\d+))$")


class Status:
    """LibreOffice's status bar, while something takes long."""

    def __init__(self, context: Any, frame: Any) -> None:
        self._value = 0
        self._indicator: Any = None
        if frame is not None:
            # The frame's own would let the user and timers in between, and with them other
            # questions to kfxl's process while it works on this one.
            options = properties(Frame=frame, DisableReschedule=True)
            # Kept: an indicator does not keep its factory, and shows nothing without it.
            self._factory = context.ServiceManager.createInstanceWithArgumentsAndContext(
                FACTORY, options, context
            )
            self._indicator = self._factory.createStatusIndicator()

    def __enter__(self) -> Status:
        if self._indicator is not None:
            self._indicator.start("kfxl", 100)
        return self

    def __exit__(self, *_: object) -> None:
        if self._indicator is not None:
            self._indicator.end()

    def say(self, text: str) -> None:
        """Show a text; a share at its end, as ``20 %`` or ``3 of 7``, moves the bar, too."""
        if self._indicator is None:
            return
        found = SHARE.search(text)
        if found:
            self._value = 100 * int(found[1]) // int(found[2] or 100)
        self._indicator.setText(text)
        self._indicator.setValue(self._value)  # draws the text, too


class Quiet:
    """A document while kfxl writes into it: drawn once, and looked at afterwards as before.

    What is written cannot be undone: LibreOffice crashes when it is to bring back sheets with
    charts. Steps from before would then find other sheets than they were made on, so that they
    are forgotten; where nothing comes of it all they stay.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._document, self._controller = target.document, target.controller
        self._undo: list[tuple[str, Callable[[], Any]]] = []
        self._sheet = ""
        self._address: str | None = None
        self._chosen: Any = None
        self._instead: dict[str, str] = {}

    def __enter__(self) -> Quiet:
        self._sheet = self._controller.ActiveSheet.Name
        self._chosen = self._controller.Selection
        self._address = getattr(self._chosen, "AbsoluteName", None)
        undo = self._document.UndoManager
        steps = (
            (self._document.lockControllers, self._document.unlockControllers, "the display"),
            (undo.lock, undo.unlock, "the list to undo"),
        )
        try:
            for begin, end, words in steps:
                begin()
                self._undo.append((words, end))
        except Exception as error:
            self._restore(error)
            raise
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._restore(error if isinstance(error, Exception) else None)

    def keep(self, instead: dict[str, str]) -> None:
        """What was written stays.

        ``instead`` names the new sheet to look at where the one that was active is gone.
        """
        self._instead = instead
        self._undo.insert(0, ("the list to undo", self._document.UndoManager.clear))

    def _restore(self, error: Exception | None) -> None:
        steps = [*self._undo, ("the selection", self._look_back)]
        left = [words for words, step in reversed(steps) if not tried(step)]
        if left:
            raise RestoreError(left, error) from error

    def _look_back(self) -> None:
        """Show the sheet and select the cells that were, or those of the sheet in its place."""
        sheets, name = self._document.Sheets, self._sheet
        if name in self._instead:
            sheet = sheets.getByName(self._instead[name])
            self._controller.setActiveSheet(sheet)
            if self._address is not None:
                cells = self._address.rpartition(".")[2].rpartition("$$")[2]
                self._controller.select(sheet.getCellRangeByName(cells))
            return
        self._controller.setActiveSheet(sheets.getByName(name))
        if self._chosen is not None:
            self._controller.select(self._chosen)
