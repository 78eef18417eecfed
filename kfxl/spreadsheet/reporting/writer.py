"""Renders a report as a workbook with native charts."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import xlsxwriter

from kfxl.spreadsheet.charts import draw
from kfxl.spreadsheet.reporting.layout import (
    FOOTER,
    PAPER,
    TITLE_HEIGHT,
    columns_of,
    frozen_rows,
    is_landscape,
    picture_of,
    printed,
)
from kfxl.spreadsheet.reporting.model import Block, Report, ReportSheet
from kfxl.spreadsheet.styles import Styles

# A fixed moment, so that the same report always gives the same bytes.
CREATED = dt.datetime(2026, 1, 1)


def write_report(report: Report) -> bytes:
    """The report as an .xlsx package.

    Parameters
    ----------
    report : Report
        From :func:`kfxl.spreadsheet.report.build_report`.

    Returns
    -------
    bytes
        The workbook; the same report gives the same bytes.
    """
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"title": report.title, "author": "kfxl", "created": CREATED})
    styles = Styles(book)
    for sheet in report.sheets:
        _sheet(book, styles, sheet)
    book.close()
    return stream.getvalue()


def _sheet(book: Any, styles: Styles, sheet: ReportSheet) -> None:
    page = book.add_worksheet(sheet.name)
    page.hide_gridlines(2)
    page.write_string(0, 0, sheet.title, styles.title)
    page.write_string(1, 0, sheet.note, styles.note)
    page.set_row(0, TITLE_HEIGHT)
    for block in sheet.blocks:
        _block(page, styles, block)
    page.freeze_panes(frozen_rows(sheet), 0)
    for chart in sheet.charts:
        draw(book, page, chart.anchor, picture_of(sheet, chart))
    page.set_paper(PAPER)
    page.fit_to_pages(1, 1)
    page.set_footer("&L{}&R{}".format(*FOOTER))
    area = printed(sheet)
    page.print_area(*area)
    if is_landscape(area):
        page.set_landscape()


def _block(page: Any, styles: Styles, block: Block) -> None:
    top, left = block.anchor
    page.write_string(top - 1, left, block.title, styles.section)
    for column, look in enumerate(columns_of(block)):
        head = styles.number_header if look.align == "right" else styles.header
        page.write_string(top, left + column, block.header[column], head)
        style = styles.number(look.number_format, align=look.align)
        for row, line in enumerate(block.rows, start=top + 1):
            _cell(page, row, left + column, line[column], style)
        page.set_column(left + column, left + column, look.width)


def _cell(page: Any, row: int, column: int, value: object, style: Any) -> None:
    if value is None:
        page.write_blank(row, column, None, style)
    elif isinstance(value, dt.datetime):
        page.write_datetime(row, column, value, style)
    elif isinstance(value, bool):
        page.write_boolean(row, column, value, style)
    elif isinstance(value, int | float):
        page.write_number(row, column, value, style)
    else:
        # As text even where it begins with =, + or @.
        page.write_string(row, column, str(value), style)
