"""A document that is open in LibreOffice, as the extension has read it: a source of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kfxl.errors import InputError
from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.book_inputs import Cells
from kfxl.spreadsheet.commands import Selection, check_one_block, check_size
from kfxl.spreadsheet.dates import LAST_EXCEL_SERIAL, from_serial

Json = Mapping[str, Any]


class CalcCells:
    """The cells of an open document.

    ``book`` has its ``sheets`` (each a ``name``, and for those that hold inputs ``rows`` and
    ``dates``), ``names`` (sheet, row, column, height, width by name) and ``days``, the day after
    1899-12-30 from which its dates count.
    """

    def __init__(self, book: Json) -> None:
        self._sheets = {sheet["name"]: sheet for sheet in book["sheets"]}
        self._names = book["names"]
        self._days = book["days"]

    def sheet_names(self) -> list[str]:
        """Names of the sheets."""
        return list(self._sheets)

    def rows(self, sheet: str) -> Cells:
        """Values of a sheet from A1 to the end of what is used."""
        page = self._sheets[sheet]
        return cells_of(page.get("rows", []), page.get("dates", []), self._days, sheet)

    def named(self, name: str) -> Area | None:
        """The cells that a name of the document stands for."""
        place = self._names.get(name)
        return None if place is None else Area(*place)


def cells_of(
    rows: Sequence[Sequence[object]], dates: Sequence[Sequence[int]], days: int, where: str
) -> Cells:
    """Rows of plain cells, with datetimes in the areas (row, column, height) of dates.

    >>> cells_of([["Date", ""], [36922.0, 0.5]], [[1, 0, 1]], 0, "Returns")
    [['Date', None], [datetime.datetime(2001, 1, 31, 0, 0), 0.5]]
    """
    cells = [[None if cell == "" else cell for cell in row] for row in rows]
    for top, column, height in dates:
        for row in range(top, top + height):
            number = cells[row][column]
            if isinstance(number, float):
                place = f"{where}!{column_letters(column)}{row + 1}"
                cells[row][column] = _date(number, days, place)
    return cells


def _date(number: float, days: int, where: str) -> object:
    """The date that a number stands for; the number itself where it is none, as 20201231."""
    if 0 <= number + days <= LAST_EXCEL_SERIAL:
        return from_serial(number + days)
    if days:  # plain numbers would be read as days since 1900
        problem = "the cell is formatted as a date and holds none"
        raise InputError(where, problem, "correct it, or format it as a number")
    return number


def selection_of(selection: Json, days: int) -> Selection:
    """The selected block of cells.

    Raises
    ------
    InputError
        No cells are selected, or too few, or several blocks.
    """
    check_one_block(selection["blocks"])
    rows = selection["rows"]
    check_size(len(rows), len(rows[0]) if rows else 0)
    address = selection["address"]
    return Selection(address, cells_of(rows, selection["dates"], days, address))
