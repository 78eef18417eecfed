"""Puts the sheets of a report into the active workbook, in place of kfxl's own earlier ones.

A sheet is kfxl's own while it bears kfxl's mark, a hidden name of that sheet, and still the sheet
name that the mark tells. So a sheet that the user has renamed or copied is the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import xlwings as xw
from xlwings.constants import SheetVisibility

from kfxl.hosts.excel_failures import RestoreError, tried
from kfxl.hosts.excel_report import Habits, render
from kfxl.spreadsheet.reporting.model import Report

REPORT_MARK = "kfxl_report"
LONGEST_NAME = 31


@dataclass(frozen=True)
class Written:
    """What came of a report.

    Attributes
    ----------
    names
        Those of the new sheets.
    instead
        By the name of each earlier sheet that is gone, the new one to look at.
    left
        What is left to do by hand, in words.
    """

    names: tuple[str, ...]
    instead: Mapping[str, xw.Sheet]
    left: tuple[str, ...]


def write_report(
    book: xw.Book,
    report: Report,
    say: Callable[[str], object] = str,
    mark: str = REPORT_MARK,
) -> Written:
    """Write a report's sheets; the earlier ones go only when the new ones are complete.

    Parameters
    ----------
    book : Book
        The active workbook.
    report : Report
        From :func:`kfxl.spreadsheet.report.build_report`.
    say : callable, optional
        Told in a few words how far it is.
    mark : str, optional
        Tells this kind of sheets from others of kfxl.

    Returns
    -------
    Written
        If anything fails before the new sheets are complete, they are removed again and the
        error is raised; afterwards nothing is raised.
    """
    old = [sheet for sheet in book.sheets if is_own(sheet, mark)]
    made: list[xw.Sheet] = []
    try:
        gone = [sheet.name for sheet in old]
        anchor = old[0] if old else _last_visible(book)
        habits = Habits.of(book)
        for number, sheet in enumerate(report.sheets, start=1):
            say(f"kfxl report: sheet {number} of {len(report.sheets)}")
            made.append(_added(book, anchor))
            render(made[-1], sheet, habits)
        if not old:
            anchor.api.Move(made[0].api)
    except Exception as error:
        if _remove(made):
            raise RestoreError(["the sheets of an unfinished report"], error) from error
        raise
    # The new sheets are complete: from here on every step is tried, whatever the others do.
    left = _remove(old)
    named: dict[str, xw.Sheet] = {}
    for page, sheet in zip(made, report.sheets, strict=True):
        if not tried(partial(_take_name, book, page, sheet.name, mark, named)):
            left.append(f"the name of the sheet {sheet.name}")
    instead = {name: named.get(name, made[0]) for name in gone}
    return Written(tuple(named), instead, tuple(left))


def _added(book: xw.Book, anchor: xw.Sheet) -> xw.Sheet:
    """A new sheet before another one."""
    return xw.Sheet(impl=type(anchor.impl)(xl=book.api.Worksheets.Add(anchor.api)))


def _take_name(
    book: xw.Book, page: xw.Sheet, wanted: str, mark: str, named: dict[str, xw.Sheet]
) -> None:
    name = free_name(wanted, _names(book, but=page))
    page.name = name
    named[name] = page
    set_mark(page, mark)


def _remove(sheets: Collection[xw.Sheet]) -> list[str]:
    """Delete sheets; those that could not be deleted, in words."""
    left = [sheet for sheet in sheets if not tried(sheet.delete)]
    return ["earlier sheets of the report"] if left else []


def _last_visible(book: xw.Book) -> xw.Sheet:
    visible = [sheet for sheet in book.sheets if sheet.visible == SheetVisibility.xlSheetVisible]
    return visible[-1] if visible else book.sheets[0]


def _names(book: xw.Book, but: xw.Sheet) -> list[str]:
    """Names of all other sheets, those with a chart alone among them."""
    own = but.name
    return [sheet.Name for sheet in book.api.Sheets if sheet.Name != own]


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A sheet name that is not taken, in any case: Weights, else Weights (2) and so on.

    >>> free_name("Weights", ["weights", "Weights (2)"])
    'Weights (3)'
    """
    known = {name.casefold() for name in taken}
    name, number = wanted[:LONGEST_NAME], 1
    while name.casefold() in known:
        number += 1
        end = f" ({number})"
        name = wanted[: LONGEST_NAME - len(end)] + end
    return name


def is_own(sheet: xw.Sheet, mark: str = REPORT_MARK) -> bool:
    """Whether kfxl has made a sheet and nobody has renamed or copied it since."""
    return any(
        name.Name.rpartition("!")[2] == mark and name.RefersTo == _marked(sheet.name)
        for name in sheet.api.Names
    )


def set_mark(sheet: xw.Sheet, mark: str) -> None:
    """Mark a sheet as kfxl's own under its present name; the mark is saved with the workbook."""
    names: Any = sheet.api.Names
    names.Add(mark, _marked(sheet.name), False)


def _marked(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'="{quoted}"'
