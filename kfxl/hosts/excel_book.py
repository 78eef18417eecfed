"""The workbook that is open in Excel, as a source of cells, and the selection as returns."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import xlwings as xw

from kfxl.errors import InputError
from kfxl.hosts.excel_cells import DAYS_1904, from_excel
from kfxl.hosts.excel_failures import absences, com_errors, is_busy
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.book_inputs import MAX_COLUMNS, MAX_ROWS, Cells
from kfxl.spreadsheet.commands import Selection, check_one_block, check_size
from kfxl.spreadsheet.dates import from_serial

REFERENCE = re.compile(
    r"=(?:'((?:[^']|'')+)'|([^'!]+))!\$([A-Z]{1,3})\$(\d+)(?::\$([A-Z]{1,3})\$(\d+))?$"
)
SELECT_ALL = "select the whole block of returns, then press Run backtest"
AS_OF = "As_Of"


def active_book(app: xw.App) -> xw.Book:
    """The workbook that the user sees.

    Raises
    ------
    InputError
        There is none, or it is in Protected View.
    """
    if app.api.ActiveWorkbook is not None:
        return app.books.active
    if app.api.ProtectedViewWindows.Count:
        raise InputError("workbook", "is in Protected View", "press Enable Editing")
    raise InputError("workbook", "none is open", "open one, or press New workbook")


def cells_of(value: Any) -> Cells:
    """Rows of plain cells of what ``Range.Value2`` gave; dates are numbers there.

    >>> cells_of(((1.0, None), (-2146826246, "x")))
    [[1.0, None], ['#N/A', 'x']]
    """
    rows = value if isinstance(value, tuple | list) else ((value,),)
    return [list(row) for row in from_excel(rows)]


def _dated(block: Any) -> Cells:
    """Cells of a COM range, with dates in the first column where cells are formatted as such.

    Value2 gives every number whole, where Value cuts money at four decimals.
    """
    cells = cells_of(block.Value2)
    for row, moment in zip(cells, _dates(block.Columns(1)), strict=True):
        row[0] = row[0] if moment is None else moment
    return cells


def _dates(column: Any) -> list[dt.datetime | None]:
    """The date of each cell of a column, None where a cell is not formatted as one.

    Value says which are dates, Value2 and the workbook say which ones.
    """
    plain = cells_of(column.Value2)
    from_1904 = column.Worksheet.Parent.Date1904
    refusals: tuple[type[Exception], ...] = (ValueError, OverflowError, *com_errors())
    try:
        shown = cells_of(column.Value)
    except refusals as error:
        # Fails on a number that is no date in a cell formatted as one, such as 20201231.
        if is_busy(error):
            raise
        if from_1904:  # plain numbers would be read as days since 1900
            where = f"{column.Worksheet.Name}!{column.Address.replace('$', '')}"
            problem = "a cell is formatted as a date and holds none"
            remedy = "correct it, or format the cells as numbers"
            raise InputError(where, problem, remedy) from None
        return [None] * len(plain)
    days = DAYS_1904 if from_1904 else 0
    return [
        from_serial(cell + days)
        if isinstance(cell, float) and isinstance(look, dt.datetime)
        else None
        for (cell,), (look,) in zip(plain, shown, strict=True)
    ]


class ExcelCells:
    """The cells of a workbook that is open in Excel."""

    def __init__(self, book: xw.Book) -> None:
        self._book = book
        self._names: dict[str, str] | None = None

    def sheet_names(self) -> list[str]:
        """Names of the sheets that have cells."""
        return [sheet.name for sheet in self._book.sheets]

    def rows(self, sheet: str) -> Cells:
        """Values of a sheet from A1 to the end of what is used; dates in the first column.

        Elsewhere a date is a number, but for the setting As of.
        """
        page = self._book.sheets[sheet]
        used = page.used_range
        height = min(used.row + used.shape[0] - 1, MAX_ROWS)
        width = min(used.column + used.shape[1] - 1, MAX_COLUMNS)
        cells = _dated(page.range((1, 1), (height, width)).api)
        place = self.named(AS_OF)
        if place and place.sheet == sheet and place.row < height and place.column < width:
            (moment,) = _dates(page.range((place.row + 1, place.column + 1)).api)
            cells[place.row][place.column] = moment or cells[place.row][place.column]
        return cells

    def named(self, name: str) -> Area | None:
        """The cells that a name of the workbook stands for."""
        if self._names is None:
            # One by one: looked up by name, a sheet's own name would go first.
            names = self._book.api.Names
            self._names = {item.Name: item.RefersTo for item in names}
        found = REFERENCE.match(self._names.get(name, ""))
        if not found:
            return None
        quoted, plain, left, top, right, bottom = found.groups()
        sheet = quoted.replace("''", "'") if quoted else plain
        row, column = int(top) - 1, _column(left)
        last_row = row if bottom is None else int(bottom) - 1
        last_column = column if right is None else _column(right)
        return Area(sheet, row, column, last_row - row + 1, last_column - column + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def selection_of(app: xw.App) -> Selection:
    """The selected block of cells; of one cell the block around it.

    Raises
    ------
    InputError
        No cells are selected, or too few, or several blocks, or one cell of a protected sheet.
    """
    cells = app.api.Selection
    try:
        areas = 0 if cells is None else cells.Areas.Count
    except absences():  # a shape or a chart
        areas = 0
    check_one_block(areas)
    if cells.Rows.Count == 1 and cells.Columns.Count == 1:
        cells = _around(cells)
    sheet = cells.Worksheet
    # Whole columns have a million rows, most of them never used.
    cells = app.api.Intersect(cells, sheet.UsedRange)
    height, width = (0, 0) if cells is None else (cells.Rows.Count, cells.Columns.Count)
    check_size(height, width)
    address = f"{sheet.Name}!{cells.Address.replace('$', '')}"
    return Selection(address, _dated(cells))


def _around(cell: Any) -> Any:
    """The block of cells around one of them, which Excel does not tell on a protected sheet."""
    try:
        return cell.CurrentRegion
    except com_errors() as error:
        if is_busy(error):
            raise
        raise InputError("selection", "is one cell of a protected sheet", SELECT_ALL) from None
