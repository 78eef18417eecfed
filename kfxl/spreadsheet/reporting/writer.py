"""Renders a report as a workbook with native charts."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import xlsxwriter

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.charts import Line, Picture, draw
from kfxl.spreadsheet.reporting.model import Block, Chart, Report, ReportSheet
from kfxl.spreadsheet.styles import Styles

# A fixed moment, so that the same report always gives the same bytes.
CREATED = dt.datetime(2026, 1, 1)
WIDEST = 24


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
    page.set_row(0, 24)
    tops = {block.anchor[0] for block in sheet.blocks}
    for block in sheet.blocks:
        _block(page, styles, block)
    page.freeze_panes(min(tops) + 1, 0)
    for chart in sheet.charts:
        draw(book, page, chart.anchor, _picture(sheet, chart))
    page.set_paper(9)
    page.fit_to_pages(1, 1)
    page.set_footer("&L&9kfxl  &A&R&9Page &P of &N")
    printed = _printed(sheet)
    page.print_area(*printed)
    # Rows are 20 pixels high, columns 64 wide.
    if printed[3] * 64 > printed[2] * 20:
        page.set_landscape()


def _printed(sheet: ReportSheet) -> tuple[int, int, int, int]:
    """Charts and the short tables beside them: long histories are for the screen."""
    bottom = right = 0
    for chart in sheet.charts:
        bottom = max(bottom, chart.anchor[0] + -(-chart.size[1] // 20))
        right = max(right, chart.anchor[1] + -(-chart.size[0] // 64))
    for block in sheet.blocks:
        if block.anchor[1] < right or not sheet.charts:
            bottom = max(bottom, block.anchor[0] + len(block.rows))
            right = max(right, block.anchor[1] + len(block.header) - 1)
    return 0, 0, bottom, right


def _block(page: Any, styles: Styles, block: Block) -> None:
    top, left = block.anchor
    page.write_string(top - 1, left, block.title, styles.section)
    for column, (text, number_format) in enumerate(zip(block.header, block.formats, strict=True)):
        heads_numbers = column and number_format != "General"
        head = styles.number_header if heads_numbers else styles.header
        page.write_string(top, left + column, text, head)
        style = styles.number(number_format, align="left" if column == 0 else "right")
        if number_format == "General" and column:
            style = styles.number(number_format, align="left")
        for row, line in enumerate(block.rows, start=top + 1):
            _cell(page, row, left + column, line[column], style)
        page.set_column(left + column, left + column, _width(block, column))


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


def _width(block: Block, column: int) -> float:
    cells = (line[column] for line in block.rows)
    texts = [len(cell) for cell in cells if isinstance(cell, str)]
    return max(11, min(WIDEST, max(texts, default=0) + 2))


def _picture(sheet: ReportSheet, chart: Chart) -> Picture:
    return Picture(
        kind=chart.kind,
        title=chart.title,
        categories=_column(sheet, chart.block, chart.categories, chart.skip),
        series=tuple(
            Line(
                series.name,
                _column(sheet, series.block, series.column, chart.skip),
                series.color,
                series.dash,
            )
            for series in chart.series
        ),
        x_title=chart.x_title,
        y_title=chart.y_title,
        y_format=chart.y_format,
        alt=chart.alt,
        years=_years(sheet, chart),
        size=chart.size,
        legend=chart.legend,
        y_range=chart.y_range,
    )


def _column(sheet: ReportSheet, number: int, column: int, skip: int) -> Area:
    block = sheet.blocks[number]
    whole = Area(sheet.name, block.anchor[0] + 1, block.anchor[1] + column, len(block.rows), 1)
    return whole.part(skip, 0)


def _years(sheet: ReportSheet, chart: Chart) -> float | None:
    """Time that the categories of a chart span, where they are dates."""
    rows = sheet.blocks[chart.block].rows
    if not chart.dates or not rows:
        return None
    first, last = rows[chart.skip][chart.categories], rows[-1][chart.categories]
    if isinstance(first, dt.datetime) and isinstance(last, dt.datetime):
        return (last - first).days / 365.25
    return None
