"""Renders a report's sheets in a running Excel: the tables, and beside them native charts.

What a report looks like is decided in :mod:`kfxl.spreadsheet.reporting.layout`, for files too.
Each block of cells is written by one call: a call of another process costs far more than the
cells in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

import xlwings as xw
from xlwings.constants import HAlign, PageOrientation, VAlign

from kfxl.errors import InputError
from kfxl.hosts.excel_cells import DAYS_1904
from kfxl.hosts.excel_charts import color_of, draw
from kfxl.hosts.excel_failures import absences, tried
from kfxl.hosts.excel_formats import NumberFormats, formats_of
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.dates import serial
from kfxl.spreadsheet.reporting.layout import (
    FOOTER,
    PAPER,
    TITLE_HEIGHT,
    Align,
    columns_of,
    frozen_rows,
    is_landscape,
    picture_of,
    printed,
)
from kfxl.spreadsheet.reporting.model import Block, ReportSheet
from kfxl.spreadsheet.styles import FONT, HEADER, INK, NOTE

Look = TypeVar("Look")

FONT_SIZE, TITLE_SIZE = 11, 16
ALIGNMENTS: dict[Align, int] = {"left": HAlign.xlHAlignLeft, "right": HAlign.xlHAlignRight}
WHITE = 0xFFFFFF
NORMAL_VIEW = 1  # xlNormalView


@dataclass(frozen=True)
class Habits:
    """What depends on the user's Excel and workbook: number formats, and where days begin."""

    formats: NumberFormats
    days: int

    @classmethod
    def of(cls, book: xw.Book) -> Habits:
        """Those of a workbook."""
        formats = formats_of(book.api.Application)
        return cls(formats, DAYS_1904 if book.api.Date1904 else 0)


def render(page: xw.Sheet, sheet: ReportSheet, habits: Habits) -> None:
    """Write one sheet of a report onto an empty sheet, which becomes the active one."""
    _check_size(page, sheet)
    font = page.api.Cells.Font
    font.Name, font.Size, font.Color = FONT, FONT_SIZE, color_of(INK)
    page.range("A1:A2").raw_value = ((_text(sheet.title),), (_text(sheet.note),))
    title = page.range("A1")
    title.row_height = TITLE_HEIGHT
    _font(title.api, bold=True, size=TITLE_SIZE, color=color_of(HEADER))
    _font(page.range("A2").api, color=color_of(NOTE))
    for block in sheet.blocks:
        _block(page, block, habits)
    for chart in sheet.charts:
        draw(page, chart.anchor, picture_of(sheet, chart), habits.formats)
    _view(page, frozen_rows(sheet))
    _print_setup(page, sheet)


def _check_size(page: xw.Sheet, sheet: ReportSheet) -> None:
    height = max(block.anchor[0] + len(block.rows) + 1 for block in sheet.blocks)
    width = max(block.anchor[1] + len(block.header) for block in sheet.blocks)
    if height > page.api.Rows.Count or width > page.api.Columns.Count:
        raise InputError(
            "workbook",
            f"{sheet.name} takes {height} rows and {width} columns, more than it has",
            "save it as .xlsx, close it and open it again",
        )


def _text(text: str) -> str:
    # Typed so, text stays text, whatever it looks like: a formula, a number, a date.
    return f"'{text}" if text else ""


def _cell(value: object, days: int) -> object:
    """A cell as COM takes it; dates as numbers, which no time zone can shift."""
    if isinstance(value, dt.datetime):
        return float(serial(value) - days)
    if value is None or isinstance(value, bool):
        return value
    return float(value) if isinstance(value, int | float) else _text(str(value)) or None


def _block(page: xw.Sheet, block: Block, habits: Habits) -> None:
    top, left = block.anchor
    height, width = len(block.rows), len(block.header)
    whole = Area("", top, left, height + 1, width)
    head = whole.part(0, 0, height=1)
    title = page.range((top, left + 1))
    title.raw_value = _text(block.title)
    _font(title.api, bold=True, color=color_of(HEADER))
    values: list[list[object]] = [[_text(name) for name in block.header]]
    values += [[_cell(value, habits.days) for value in row] for row in block.rows]
    page.range(whole.local).raw_value = values
    columns = columns_of(block)
    if height:
        body = whole.part(1, 0)
        page.range(body.local).api.Font.Color = 0
        for first, count, number_format in _runs([look.number_format for look in columns]):
            part = body.part(0, first, width=count)
            habits.formats.put(page.range(part.local).api, number_format)
    for first, count, align in _runs([look.align for look in columns]):
        part = whole.part(0, first, width=count)
        page.range(part.local).api.HorizontalAlignment = ALIGNMENTS[align]
    for first, count, characters in _runs([look.width for look in columns]):
        page.range(head.part(0, first, width=count).local).column_width = characters
    _header(page.range(head.local).api)


def _runs(looks: Sequence[Look]) -> Iterator[tuple[int, int, Look]]:
    """Columns side by side with the same look: the first, how many, the look.

    >>> list(_runs(["a", "b", "b"]))
    [(0, 1, 'a'), (1, 2, 'b')]
    """
    first = 0
    for look, group in groupby(looks):
        count = len(list(group))
        yield first, count, look
        first += count


def _font(cells: Any, *, color: int, bold: bool = False, size: int | None = None) -> None:
    font = cells.Font
    font.Color = color
    if bold:
        font.Bold = True
    if size is not None:
        font.Size = size


def _header(cells: Any) -> None:
    _font(cells, bold=True, color=WHITE)
    cells.Interior.Color = color_of(HEADER)
    cells.WrapText = True
    cells.VerticalAlignment = VAlign.xlVAlignCenter


def _view(page: xw.Sheet, rows: int) -> None:
    """Freeze the header and hide the grid: settings of the window that shows the sheet."""
    page.api.Activate()
    application = page.api.Application
    try:
        window = application.ActiveWindow
        window.DisplayGridlines = False
        window.View = NORMAL_VIEW  # in Page Layout view panes cannot be frozen
        window.FreezePanes = False
        window.ScrollRow = window.ScrollColumn = 1
        window.SplitColumn, window.SplitRow = 0, rows
        window.FreezePanes = True
    except absences():  # a report is worth having without these looks
        return


def _print_setup(page: xw.Sheet, sheet: ReportSheet) -> None:
    """Fit onto a page; a computer without a printer has no page set-up, and needs none."""
    area = printed(sheet)
    application, setup = page.api.Application, page.api.PageSetup
    try:
        setup.PrintArea = Area("", 0, 0, area[2] + 1, area[3] + 1).local
        # Told all at once: each word with a printer takes long.
        application.PrintCommunication = False
        setup.PaperSize = PAPER
        setup.Orientation = (
            PageOrientation.xlLandscape if is_landscape(area) else PageOrientation.xlPortrait
        )
        setup.Zoom = False
        setup.FitToPagesWide = setup.FitToPagesTall = 1
        setup.LeftFooter, setup.RightFooter = FOOTER
    except absences():
        return
    finally:
        on = partial(setattr, application, "PrintCommunication", True)
        # The first time may fail with what the printer refuses.
        any(tried(on) for _ in range(2))
