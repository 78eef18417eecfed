"""Writes one sheet of a report: cells, looks, widths, what stays in view, how it prints.

What a report looks like is decided by kfxl's process; lengths are hundredths of a millimetre.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfxl_calc import charts
from kfxl_calc.target import Target, area_of
from kfxl_calc.unotypes import enum

if TYPE_CHECKING:
    Json = dict[str, Any]

BOLD = 150.0  # com.sun.star.awt.FontWeight
CENTER = 2  # com.sun.star.table.CellVertJustify2
CONTENT = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags
PADDING = 140  # of a column, beside its characters
LOOKS = {
    "font": "CharFontName",
    "size": "CharHeight",
    "color": "CharColor",
    "fill": "CellBackColor",
    "wrap": "IsTextWrapped",
}
FIELDS = {"sheet": "SheetName", "page": "PageNumber", "pages": "PageCount"}


def write(target: Target, sheet: Any, plain: Json, digit: float) -> None:
    """Write a sheet of a report onto an empty one; ``digit`` is the width of a digit."""
    height, width = plain["size"]
    whole = area_of(sheet, [0, 0, height, width])
    whole.Columns.Width, whole.Rows.Height = plain["cell"]
    _look(target, whole, plain["font"])
    for cells in plain["numbers"]:
        _put(sheet, cells)
    for look in plain["looks"]:
        _look(target, area_of(sheet, look["area"]), look)
    _set_widths(sheet, plain, digit)
    for cells in plain["texts"]:
        _put(sheet, cells)
    for row in plain["headers"]:
        _fit_height(sheet.Rows.getByIndex(row), plain["cell"][1])
    for row, points in plain["heights"]:
        sheet.Rows.getByIndex(row).Height = points
    for chart in plain["charts"]:
        charts.draw(target, sheet, chart)
    sheet.setPrintAreas((area_of(sheet, plain["page"]["area"]).RangeAddress,))


def _put(sheet: Any, cells: Json) -> None:
    """Write rows by one call. Data arrays know no formulas: text stays text."""
    rows = cells["rows"]
    row, column = cells["at"]
    block = area_of(sheet, [row, column, len(rows), len(rows[0])])
    block.setDataArray(tuple(tuple(line) for line in rows))


def _look(target: Target, cells: Any, look: Json) -> None:
    for name, value in look.items():
        if name in LOOKS:
            cells.setPropertyValue(LOOKS[name], value)
    if look.get("bold"):
        cells.CharWeight = BOLD
    if look.get("middle"):
        cells.VertJustify = CENTER
    if "align" in look:
        cells.HoriJustify = enum("table.CellHoriJustify", look["align"].upper())
    if "format" in look:
        cells.NumberFormat = target.format_key(look["format"])


def digit_width(target: Target, sheet: Any, look: Json) -> float:
    """How wide a digit is, in the font that LibreOffice has for the one of the report.

    Measured on an empty sheet, which is empty again afterwards.
    """
    cell, column = sheet.getCellByPosition(0, 0), sheet.Columns.getByIndex(0)
    _look(target, cell, look)
    widths = []
    for count in (10, 20):
        cell.setString("0" * count)
        column.OptimalWidth = True
        widths.append(column.Width)
    cell.clearContents(CONTENT)
    return float(widths[1] - widths[0]) / 10


def _set_widths(sheet: Any, plain: Json, digit: float) -> None:
    """Widths as the report has them, wider where a number would not fit.

    The numbers are the only cells so far, so that no long text counts.
    """
    least: dict[int, int] = {}
    for cells in plain["numbers"]:
        first, count = cells["at"][1], len(cells["rows"][0])
        area_of(sheet, [*cells["at"], 1, count]).Columns.OptimalWidth = True
        for column in range(first, first + count):
            least[column] = sheet.Columns.getByIndex(column).Width
    for first, count, characters in plain["widths"]:
        for column in range(first, first + count):
            width = max(round(characters * digit) + PADDING, least.get(column, 0))
            sheet.Columns.getByIndex(column).Width = width


def _fit_height(row: Any, least: int) -> None:
    """As high as its wrapped text, but not lower than the other rows."""
    row.OptimalHeight = True
    row.Height = max(row.Height, least)


def show(target: Target, sheet: Any, plain: Json) -> None:
    """Freeze the header and hide the grid: settings of the window that shows the sheet."""
    controller = target.controller
    controller.setActiveSheet(sheet)
    controller.freezeAtPosition(0, plain["frozen"])
    helper = target.new("com.sun.star.frame.DispatchHelper")
    helper.executeDispatch(controller.Frame, ".uno:ToggleSheetGrid", "", 0, ())


def style_of(page: Json) -> str:
    """The name of a sheet's page style; sheets of the same orientation share one."""
    return "kfxl landscape" if page["landscape"] else "kfxl portrait"


def set_up(target: Target, style: Any, page: Json) -> None:
    """Make a page style fit a sheet onto one page with a footer."""
    width, height = page["paper"]
    values = {
        "IsLandscape": page["landscape"],
        "Width": height if page["landscape"] else width,
        "Height": width if page["landscape"] else height,
        "FirstPageNumber": 0,  # goes on from the sheet before
        "ScaleToPagesX": 1,
        "ScaleToPagesY": 1,
        "HeaderIsOn": False,
        "FooterIsOn": True,
    }
    for name, value in values.items():
        style.setPropertyValue(name, value)
    footer = style.RightPageFooterContent  # a copy, to be given back
    footer.CenterText.setString("")
    left, right = page["footer"]
    for text, part in ((footer.LeftText, left), (footer.RightText, right)):
        _fill(target, text, part)
    style.RightPageFooterContent = footer


def _fill(target: Target, text: Any, part: Json) -> None:
    text.setString("")
    for piece in part["parts"]:
        end = text.createTextCursor()
        end.gotoEnd(False)
        if "text" in piece:
            text.insertString(end, piece["text"], False)
        else:
            field = f"com.sun.star.text.TextField.{FIELDS[piece['field']]}"
            text.insertTextContent(end, target.document.createInstance(field), False)
    whole = text.createTextCursor()
    whole.gotoStart(False)
    whole.gotoEnd(True)
    whole.CharHeight = float(part["size"])
