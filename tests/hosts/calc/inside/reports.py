"""Prepares documents for a report, and tells how a report looks; runs in a Python with ``uno``."""

from __future__ import annotations

import sys
from typing import Any

import uno

DATE = 36  # YYYY-MM-DD is not among LibreOffice's fixed formats; any date does


def select(context: Any, document: Any, sheet: str, area: str) -> None:
    """Show a sheet and select cells of it."""
    controller, page = document.CurrentController, document.Sheets.getByName(sheet)
    controller.setActiveSheet(page)
    controller.select(page.getCellRangeByName(area))


def format_dates(context: Any, document: Any, sheet: str, area: str) -> None:
    """Format cells as dates."""
    document.Sheets.getByName(sheet).getCellRangeByName(area).NumberFormat = DATE


def count_from_1904(context: Any, document: Any) -> None:
    """Let the document count days as old Macintoshes did."""
    day = uno.createUnoStruct("com.sun.star.util.Date")
    day.Day, day.Month, day.Year = 1, 1, 1904
    document.NullDate = day


def rename(context: Any, document: Any, sheet: str, name: str) -> None:
    """Rename a sheet as a user does."""
    document.Sheets.getByName(sheet).Name = name


def copy(context: Any, document: Any, sheet: str, name: str) -> None:
    """Copy a sheet as a user does."""
    document.Sheets.copyByName(sheet, name, document.Sheets.Count)


def protect(context: Any, document: Any, on: bool) -> None:
    """Protect the order of sheets, or not."""
    if on:
        document.protect("")
    else:
        document.unprotect("")


def protect_sheet(context: Any, document: Any, sheet: str, on: bool) -> None:
    """Protect the cells of a sheet, or not."""
    page = document.Sheets.getByName(sheet)
    if on:
        page.protect("")
    else:
        page.unprotect("")


def name_formula(context: Any, document: Any, name: str, content: str) -> None:
    """Give a formula a name."""
    place = uno.createUnoStruct("com.sun.star.table.CellAddress")
    document.NamedRanges.addNewByName(name, content, place, 0)


def title(context: Any, document: Any) -> str:
    """What the document's window says."""
    return str(document.Title)


def undo_titles(context: Any, document: Any) -> list[str]:
    """What can be undone."""
    return list(document.UndoManager.getAllUndoActionTitles())


def active(context: Any, document: Any) -> list[str]:
    """The sheet that is shown, and the selected cells."""
    controller = document.CurrentController
    return [controller.ActiveSheet.Name, controller.Selection.AbsoluteName.replace("$", "")]


def in_the_first_of_two_windows(
    context: Any, document: Any, command: str, areas: list[str]
) -> list[Any]:
    """Give a command in one window while another is in front; its answer, what both select."""
    helper = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.frame.DispatchHelper", context
    )
    silent = uno.createUnoStruct("com.sun.star.beans.PropertyValue", Name="Silent", Value=True)
    first = document.CurrentController
    helper.executeDispatch(first.Frame, ".uno:NewWindow", "", 0, ())
    second = document.CurrentController
    windows = [first, second]
    for window, area in zip(windows, areas, strict=True):
        window.select(window.ActiveSheet.getCellRangeByName(area))
    document.setCurrentController(second)
    said = helper.executeDispatch(first.Frame, command, "", 0, (silent,)).Result
    found = [window.Selection.AbsoluteName.replace("$", "") for window in windows]
    same = first.Frame is second.Frame or first.Frame == second.Frame
    second.Frame.close(True)
    return [said, found, same]


def read_book(context: Any, document: Any, package: str) -> Any:
    """The document as the extension reads it."""
    return _extension(package).read(document)


def read_selection(context: Any, document: Any, package: str) -> Any:
    """The selection as the extension reads it."""
    return _extension(package).selection(document, document.CurrentController)


def _extension(package: str) -> Any:
    if package not in sys.path:
        sys.path.insert(0, package)
    from kfxl_calc import book

    return book


def looks(context: Any, document: Any, sheet: str, area: str) -> dict[str, Any]:
    """How a sheet looks, its window, its page, its charts; what kinds the cells of an area are."""
    page = document.Sheets.getByName(sheet)
    document.CurrentController.setActiveSheet(page)
    cells = page.getCellRangeByName(area)
    style = document.StyleFamilies.getByName("PageStyles").getByName(page.PageStyle)
    footer = style.RightPageFooterContent
    shapes = [page.DrawPage.getByIndex(i) for i in range(page.DrawPage.Count)]
    return {
        "types": [
            page.getCellByPosition(column, row).Type.value
            for row in range(cells.RangeAddress.StartRow, cells.RangeAddress.EndRow + 1)
            for column in range(cells.RangeAddress.StartColumn, cells.RangeAddress.EndColumn + 1)
        ],
        "frozen": document.CurrentController.getSplitRow(),
        "printed": [area.EndRow for area in page.PrintAreas],
        "scaled": [style.ScaleToPagesX, style.ScaleToPagesY],
        "footer": [footer.LeftText.String, footer.RightText.String],
        "landscape": style.IsLandscape,
        "alt": [[shape.Title, shape.Description] for shape in shapes],
        "anchors": [shape.Anchor.AbsoluteName for shape in shapes],
        "axes": [_axes(chart.EmbeddedObject) for chart in page.Charts],
    }


def _axes(chart: Any) -> list[Any]:
    """Titles and number formats of both axes, the kind of the horizontal one, the legend."""
    diagram = chart.Diagram
    formats = chart.NumberFormats
    (system,) = chart.getFirstDiagram().getCoordinateSystems()
    return [
        diagram.XAxis.AxisTitle.String,
        diagram.YAxis.AxisTitle.String,
        formats.getByKey(diagram.XAxis.NumberFormat).FormatString,
        formats.getByKey(diagram.YAxis.NumberFormat).FormatString,
        system.getAxisByDimension(0, 0).getScaleData().AxisType,
        chart.HasLegend,
    ]
