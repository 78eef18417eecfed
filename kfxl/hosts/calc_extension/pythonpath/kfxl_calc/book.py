"""The open document as plain values for kfxl's process: cells, dates, names, selection."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from kfxl_calc import marks

if TYPE_CHECKING:
    Json = dict[str, Any]
    Rows = list[list[Any]]

INPUTS = ("Settings", "Returns", "Factors")  # the only sheets that kfxl reads
AS_OF = "As_Of"
MOST_ROWS, MOST_COLUMNS = 5001, 101
CONTENT = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
DATE = 2  # com.sun.star.util.NumberFormat
EPOCH = dt.date(1899, 12, 30)
ERRORS = {
    32767: "#N/A",
    503: "#NUM!",
    519: "#VALUE!",
    521: "#NULL!",
    524: "#REF!",
    525: "#NAME?",
    532: "#DIV/0!",
}


def read(document: Any) -> Json:
    """The document for an action: all sheets by name, the cells of those with inputs."""
    names = _names(document)
    sheets = []
    for sheet in document.Sheets:
        plain: Json = {"name": sheet.Name, "own": marks.is_own(sheet)}
        if sheet.Name in INPUTS:
            plain.update(_inputs(document, sheet, names.get(AS_OF)))
        sheets.append(plain)
    return {"name": document.Title, "days": days_of(document), "sheets": sheets, "names": names}


def days_of(document: Any) -> int:
    """How many days after 1899-12-30 the document begins to count."""
    start = document.NullDate
    return (dt.date(start.Year, start.Month, start.Day) - EPOCH).days


def _names(document: Any) -> dict[str, list[Any]]:
    """The cells of each name that stands for a block of them: sheet, row, column, size.

    Names whose content is a formula, such as ``$A$1:INDEX(...)``, stand for no fixed cells.
    """
    found: dict[str, list[Any]] = {}
    sheets = document.Sheets.ElementNames
    for name in document.NamedRanges:
        cells = name.getReferredCells()
        if cells is None:
            continue
        area = cells.RangeAddress
        found[name.Name] = [sheets[area.Sheet], *_area(area)]
    return found


def _area(area: Any) -> list[int]:
    height, width = area.EndRow - area.StartRow + 1, area.EndColumn - area.StartColumn + 1
    return [area.StartRow, area.StartColumn, height, width]


def _inputs(document: Any, sheet: Any, as_of: Any) -> Json:
    """Cells from A1 to the end of what is filled, dates in the first column and As of."""
    bottom, right = _end(sheet)
    height, width = min(bottom + 1, MOST_ROWS), min(right + 1, MOST_COLUMNS)
    if not height or not width:
        return {"rows": [], "dates": []}
    cells = sheet.getCellRangeByPosition(0, 0, width - 1, height - 1)
    dates = _dates(document, sheet.getCellRangeByPosition(0, 0, 0, height - 1))
    if as_of and as_of[0] == sheet.Name and as_of[1] < height and as_of[2] < width:
        _, row, column, _, _ = as_of
        place = sheet.getCellRangeByPosition(column, row, column, row)
        if column and _dates(document, place):
            dates.append([row, column, 1])
    return {"rows": _rows(cells), "dates": dates}


def _end(sheet: Any) -> tuple[int, int]:
    """Last row and column with content; formats alone may reach a million rows down."""
    areas = sheet.queryContentCells(CONTENT).RangeAddresses
    return (
        max((area.EndRow for area in areas), default=-1),
        max((area.EndColumn for area in areas), default=-1),
    )


def _rows(cells: Any) -> Rows:
    """Numbers and text, ``""`` where blank, error values by their names."""
    rows = [list(row) for row in cells.getDataArray()]
    for number, row in enumerate(rows):
        if None in row:
            for column, value in enumerate(row):
                if value is None:
                    row[column] = _error(cells.getCellByPosition(column, number))
    return rows


def _error(cell: Any) -> str:
    code = cell.getError()
    return ERRORS.get(code, f"Err:{code}")


def _dates(document: Any, column: Any) -> list[list[int]]:
    """The parts of a column that are formatted as dates: row, column and height within it."""
    top = column.RangeAddress.StartRow
    found: list[list[int]] = []
    for group in column.UniqueCellFormatRanges:
        if document.NumberFormats.getByKey(group.NumberFormat).Type & DATE:
            found += [
                [area.StartRow - top, 0, area.EndRow - area.StartRow + 1]
                for area in group.RangeAddresses
            ]
    return found


def selection(document: Any, controller: Any) -> Json:
    """The block of cells that is selected in a window; of one cell the block around it.

    ``blocks`` counts them, 0 where something else than cells is selected.
    """
    chosen = controller.Selection
    ranges = _ranges(chosen)
    empty: Json = {"blocks": len(ranges), "address": "", "rows": [], "dates": []}
    if len(ranges) != 1:
        return empty
    (area,) = ranges
    sheet = document.Sheets.getByIndex(area.Sheet)
    if area.StartRow == area.EndRow and area.StartColumn == area.EndColumn:
        cursor = sheet.createCursorByRange(sheet.getCellByPosition(area.StartColumn, area.StartRow))
        cursor.collapseToCurrentRegion()
        area = cursor.RangeAddress
    bottom, right = _end(sheet)
    bottom, right = min(area.EndRow, bottom), min(area.EndColumn, right)
    if bottom < area.StartRow or right < area.StartColumn:
        return empty
    cells = sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, right, bottom)
    first = sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.StartColumn, bottom)
    address = cells.AbsoluteName.replace("$", "")
    dates = _dates(document, first)
    return {"blocks": 1, "address": address, "rows": _rows(cells), "dates": dates}


def _ranges(chosen: Any) -> list[Any]:
    """The addresses of the selected blocks of cells."""
    if chosen is None:
        return []
    if hasattr(chosen, "RangeAddresses"):
        return list(chosen.RangeAddresses)
    return [chosen.RangeAddress] if hasattr(chosen, "RangeAddress") else []
