"""How a report lies on its sheets, the same for every program that shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.pictures import Line, Picture
from kfxl.spreadsheet.reporting.model import Block, Chart, ReportSheet

Align = Literal["left", "right"]

TITLE_HEIGHT = 24  # points
NARROWEST, WIDEST = 11, 24  # characters
ROW_PIXELS, COLUMN_PIXELS = 20, 64
PAPER = 9  # A4
FOOTER = ("&9kfxl  &A", "&9Page &P of &N")  # left, right


@dataclass(frozen=True)
class Column:
    """The look of one column of a table."""

    number_format: str
    align: Align
    width: float


def columns_of(block: Block) -> tuple[Column, ...]:
    """The look of each column: names and text to the left, numbers to the right."""
    return tuple(_column(block, position) for position in range(len(block.header)))


def _column(block: Block, position: int) -> Column:
    number_format = block.formats[position]
    numbers = position > 0 and number_format != "General"
    align: Align = "right" if numbers else "left"
    cells = (line[position] for line in block.rows)
    texts = [len(cell) for cell in cells if isinstance(cell, str)]
    width = max(NARROWEST, min(WIDEST, max(texts, default=0) + 2))
    return Column(number_format, align, width)


def frozen_rows(sheet: ReportSheet) -> int:
    """Rows that stay in view: down to the header of the highest table."""
    return min(block.anchor[0] for block in sheet.blocks) + 1


def printed(sheet: ReportSheet) -> tuple[int, int, int, int]:
    """Charts and the short tables beside them: long histories are for the screen."""
    bottom = right = 0
    for chart in sheet.charts:
        bottom = max(bottom, chart.anchor[0] + -(-chart.size[1] // ROW_PIXELS))
        right = max(right, chart.anchor[1] + -(-chart.size[0] // COLUMN_PIXELS))
    for block in sheet.blocks:
        if block.anchor[1] < right or not sheet.charts:
            bottom = max(bottom, block.anchor[0] + len(block.rows))
            right = max(right, block.anchor[1] + len(block.header) - 1)
    return 0, 0, bottom, right


def is_landscape(area: tuple[int, int, int, int]) -> bool:
    """Whether a printed area is wider than high."""
    return area[3] * COLUMN_PIXELS > area[2] * ROW_PIXELS


def picture_of(sheet: ReportSheet, chart: Chart, name: str | None = None) -> Picture:
    """A chart with the areas that it draws; ``name`` is the sheet's where it is another."""
    return Picture(
        kind=chart.kind,
        title=chart.title,
        categories=_area(sheet, chart.block, chart.categories, chart.skip, name),
        series=tuple(
            Line(
                series.name,
                _area(sheet, series.block, series.column, chart.skip, name),
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


def _area(sheet: ReportSheet, number: int, column: int, skip: int, name: str | None) -> Area:
    block = sheet.blocks[number]
    top, left = block.anchor
    whole = Area(name or sheet.name, top + 1, left + column, len(block.rows), 1)
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
