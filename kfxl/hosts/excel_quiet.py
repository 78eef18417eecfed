"""Works in a running Excel without flicker, and leaves its settings and the selection alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import xlwings as xw

from kfxl.errors import InputError
from kfxl.hosts.excel_failures import RestoreError, absences, tried

MANUAL = -4135  # xlCalculationManual

# In the order in which they are set; put back the other way round.
SETTINGS: tuple[tuple[str, object, str], ...] = (
    ("ScreenUpdating", False, "screen updating"),
    ("DisplayAlerts", False, "alerts"),
    ("EnableEvents", False, "events"),
)


class Quiet:
    """Excel as it is while kfxl writes into it; a context manager.

    On leaving, every setting, the active sheet and the selection are put back one by one, so
    that one that cannot be does not keep the others. With ``stay`` the sheet that is then active
    stays so unless something failed.
    """

    def __init__(self, app: xw.App, *, stay: bool = False) -> None:
        self._app = app.api
        self._stay = stay
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._place: tuple[Any, Any, Any] | None = None
        self._group: list[str] = []
        self._name = self._address = ""
        self._status: object = False
        self.was_manual = False

    def __enter__(self) -> Quiet:
        self._remember_place()
        before = self._app.StatusBar
        # Excel says FALSE where it shows its own text.
        self._status = before if before and str(before).upper() != "FALSE" else False
        try:
            for name, value, words in SETTINGS:
                self._change(name, value, words)
            if self._app.ActiveWorkbook is not None:  # without one there is no such property
                self.was_manual = self._app.Calculation == MANUAL
                self._change("Calculation", MANUAL, "calculation mode")
                self._ungroup()
        except Exception as error:
            self._restore(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore(error if isinstance(error, Exception) else None)

    def say(self, text: str) -> None:
        """Show ``text`` in the status bar; where that fails nothing is lost."""
        try:
            self._app.StatusBar = text
        except absences():
            return

    def follow(self, sheets: dict[str, Any]) -> None:
        """Return to a new sheet where the one that was active is gone.

        ``sheets`` has the new sheets by the names of the old ones.
        """
        if self._place is None or self._name not in sheets:
            return
        new = sheets[self._name]
        address = self._address
        self._place = (self._place[0], new, new.Range(address) if address else None)

    def _remember_place(self) -> None:
        book, sheet = self._app.ActiveWorkbook, self._app.ActiveSheet
        if book is None or sheet is None:
            return
        selection = self._app.Selection
        self._place = (book, sheet, selection)
        self._name = sheet.Name
        try:
            self._address = selection.Address
        except absences():  # a shape, a chart, or nothing
            self._address = ""

    def _ungroup(self) -> None:
        """Leave one sheet selected: with several, each new sheet would be several, too."""
        names = [sheet.Name for sheet in self._app.ActiveWindow.SelectedSheets]
        if len(names) > 1:
            self._group = names
            self._app.ActiveSheet.Select()

    def _change(self, name: str, value: object, words: str) -> None:
        before = getattr(self._app, name)
        self._undo.append((words, partial(setattr, self._app, name, before)))
        setattr(self._app, name, value)

    def _restore(self, error: Exception | None) -> None:
        undo = list(self._undo)
        if self._place is not None and not (self._stay and error is None):
            undo.append(("selection", partial(_return, *self._place, self._group)))
        undo.append(("status bar", partial(setattr, self._app, "StatusBar", self._status)))
        left = [words for words, step in reversed(undo) if not tried(step)]
        if left:
            raise RestoreError(left, error) from error


def _return(book: Any, sheet: Any, selection: Any, group: list[str]) -> None:
    book.Activate()
    if group:
        book.Sheets(group).Select()
    sheet.Activate()
    if selection is not None:
        selection.Select()


def check_writable(book: xw.Book) -> None:
    """Refuse a workbook that takes no new sheets or charts.

    Raises
    ------
    InputError
        Its structure is protected, or it is shared in the old way.
    """
    if book.api.ProtectStructure:
        raise InputError(
            book.name,
            "its structure is protected",
            "lift it with Review > Protect Workbook, or work in a copy",
        )
    if book.api.MultiUserEditing:
        raise InputError(
            book.name, "is a shared workbook (legacy), which takes no charts", "stop sharing it"
        )
