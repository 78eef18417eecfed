"""A report in LibreOffice's terms, as plain JSON for the extension to write into a document.

Every decision is made here and in :mod:`kfxl.spreadsheet.reporting.layout`; the extension only
writes. Cells are rows of numbers and text (``""`` is blank), areas ``[row, column, height,
width]`` from 0, colours ``0xRRGGBB``, and lengths hundredths of a millimetre, but for widths of
columns, which are characters: how wide one is depends on the fonts that LibreOffice finds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from kfxl.spreadsheet import pictures
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.dates import serial
from kfxl.spreadsheet.pictures import Line, Picture
from kfxl.spreadsheet.reporting.layout import (
    COLUMN_PIXELS,
    FOOTER,
    ROW_PIXELS,
    TITLE_HEIGHT,
    Column,
    columns_of,
    frozen_rows,
    is_landscape,
    picture_of,
    printed,
)
from kfxl.spreadsheet.reporting.model import Block, Chart, Report, ReportSheet, Value
from kfxl.spreadsheet.styles import FONT, HEADER, INK, NOTE, RULE

Json = dict[str, Any]

FONT_SIZE, TITLE_SIZE = 11, 16
PIXEL, POINT = 2540 / 96, 2540 / 72
A4 = (21000, 29700)
GENERAL, LOGICAL = "General", "BOOLEAN"
WHITE, BLACK = 0xFFFFFF, 0
CODE = re.compile(r"&(\d+|[APN])")
FIELDS = {"A": "sheet", "P": "page", "N": "pages"}


def plain_report(report: Report, days: int = 0) -> Json:
    """A report as plain JSON.

    Parameters
    ----------
    report : Report
        From :func:`kfxl.spreadsheet.report.build_report`.
    days : int, optional
        How many days after 1899-12-30 the document begins to count.
    """
    return {
        "title": report.title,
        "sheets": [_sheet(sheet, days) for sheet in report.sheets],
    }


def color_of(text: str) -> int:
    """A colour as LibreOffice counts it.

    >>> hex(color_of("#112233"))
    '0x112233'
    """
    return int(text[1:], 16)


def _sheet(sheet: ReportSheet, days: int) -> Json:
    numbers: list[Json] = []
    texts = [_cells(0, 0, [[sheet.title], [sheet.note]])]
    looks = [
        {"area": [0, 0, 1, 1], "bold": True, "size": TITLE_SIZE, "color": color_of(HEADER)},
        {"area": [1, 0, 1, 1], "color": color_of(NOTE)},
    ]
    widths: list[list[float]] = []
    for block in sheet.blocks:
        for cells, is_number in _columns(block, days):
            (numbers if is_number else texts).append(cells)
        texts += _heads(block)
        looks += _looks(block)
        widths += _widths(block)
    area = printed(sheet)
    bottom, right = area[2:]
    heights = [block.anchor[0] + len(block.rows) for block in sheet.blocks]
    wide = [block.anchor[1] + len(block.header) - 1 for block in sheet.blocks]
    return {
        "name": sheet.name,
        "font": {"font": FONT, "size": FONT_SIZE, "color": color_of(INK)},
        "numbers": numbers,
        "texts": texts,
        "looks": looks,
        "size": [max(bottom, *heights) + 1, max(right, *wide) + 1],
        "cell": [round(COLUMN_PIXELS * PIXEL), round(ROW_PIXELS * PIXEL)],
        "heights": [[0, round(TITLE_HEIGHT * POINT)]],
        "headers": sorted({block.anchor[0] for block in sheet.blocks}),
        "widths": widths,
        "frozen": frozen_rows(sheet),
        "page": _page(area),
        "charts": [_chart(sheet, chart) for chart in sheet.charts],
    }


def _cells(row: int, column: int, rows: list[list[object]]) -> Json:
    return {"at": [row, column], "rows": rows}


def _value(value: Value, days: int) -> float | str:
    """A cell as LibreOffice's data arrays have it: a number or text, ``""`` where blank."""
    if isinstance(value, dt.datetime):
        return float(serial(value) - days)
    if value is None:
        return ""
    # TRUE is 1 with a format of its own; text stays text, whatever it looks like.
    return float(value) if isinstance(value, int | float) else str(value)


def _columns(block: Block, days: int) -> Iterator[tuple[Json, bool]]:
    """The cells of columns side by side, and whether they are numbers, which must not be cut."""
    top, left = block.anchor
    if not block.rows:
        return
    first = 0
    for is_number, formats in groupby(block.formats, lambda code: code != GENERAL):
        last = first + len(list(formats))
        rows: list[list[object]] = [
            [_value(v, days) for v in row[first:last]] for row in block.rows
        ]
        yield _cells(top + 1, left + first, rows), is_number
        first = last


def _heads(block: Block) -> list[Json]:
    top, left = block.anchor
    return [_cells(top - 1, left, [[block.title]]), _cells(top, left, [list(block.header)])]


def _looks(block: Block) -> Iterator[Json]:
    top, left = block.anchor
    height, width = len(block.rows), len(block.header)
    columns = columns_of(block)
    yield {"area": [top - 1, left, 1, 1], "bold": True, "color": color_of(HEADER)}
    if height:
        yield {"area": [top + 1, left, height, width], "color": BLACK}
        for first, count, look in _runs(columns):
            if look.number_format != GENERAL:
                area = [top + 1, left + first, height, count]
                yield {"area": area, "format": look.number_format}
        yield from _logical(block)
    for first, count, look in _runs(columns):
        yield {"area": [top, left + first, height + 1, count], "align": look.align}
    yield {
        "area": [top, left, 1, width],
        "bold": True,
        "color": WHITE,
        "fill": color_of(HEADER),
        "wrap": True,
        "middle": True,
    }


def _logical(block: Block) -> Iterator[Json]:
    top, left = block.anchor
    for row, line in enumerate(block.rows, start=top + 1):
        for column, value in enumerate(line, start=left):
            if isinstance(value, bool):
                yield {"area": [row, column, 1, 1], "format": LOGICAL}


def _runs(columns: tuple[Column, ...]) -> Iterator[tuple[int, int, Column]]:
    """Columns side by side with the same look: the first, how many, the look."""
    first = 0
    for look, group in groupby(columns):
        count = len(list(group))
        yield first, count, look
        first += count


def _widths(block: Block) -> list[list[float]]:
    """Columns with the same width: the first, how many, characters."""
    left = block.anchor[1]
    return [[left + first, count, look.width] for first, count, look in _runs(columns_of(block))]


def _page(area: tuple[int, int, int, int]) -> Json:
    return {
        "area": [area[0], area[1], area[2] - area[0] + 1, area[3] - area[1] + 1],
        "landscape": is_landscape(area),
        "paper": list(A4),
        "footer": [_footer(text) for text in FOOTER],
    }


def _footer(text: str) -> Json:
    """A part of a footer: its size in points, and its texts and fields in order.

    >>> _footer("&9kfxl  &A")
    {'size': 9, 'parts': [{'text': 'kfxl  '}, {'field': 'sheet'}]}
    """
    size = FONT_SIZE
    parts: list[Json] = []
    for position, piece in enumerate(CODE.split(text)):
        if position % 2 == 0:
            parts += [{"text": piece}] if piece else []
        elif piece in FIELDS:
            parts.append({"field": FIELDS[piece]})
        else:
            size = int(piece)
    return {"size": size, "parts": parts}


def _chart(sheet: ReportSheet, chart: Chart) -> Json:
    picture = picture_of(sheet, chart)
    ticks = picture.ticks
    header_rows = [sheet.blocks[series.block].anchor[0] for series in chart.series]
    return {
        "at": list(chart.anchor),
        "size": [round(pixels * PIXEL) for pixels in picture.size],
        "kind": picture.kind,
        "title": picture.title,
        "alt": picture.alt,
        "legend": picture.shows_legend,
        "categories": _area(picture.categories),
        "series": [
            _series(picture, position, line, header_rows[position])
            for position, line in enumerate(picture.series)
        ],
        "x": {
            "title": picture.x_title,
            "crowded": picture.label_step is not None,
            "dates": ticks
            and {"format": ticks.number_format, "step": ticks.step} | {"unit": ticks.unit},
        },
        "y": {
            "title": picture.y_title,
            "format": picture.y_format,
            "range": picture.y_range and list(picture.y_range),
        },
        "look": _chart_look(),
    }


def _area(area: Area) -> list[int]:
    return [area.row, area.column, area.height, area.width]


def _series(picture: Picture, position: int, line: Line, header_row: int) -> Json:
    return {
        # LibreOffice takes the name of a series from a cell only.
        "label": [header_row, line.values.column, 1, 1],
        "values": _area(line.values),
        "color": color_of(picture.color(position)),
        "width": round(line.width * POINT),
        "dash": line.dash != "solid",
    }


def _chart_look() -> Json:
    return {
        "font": FONT,
        "title_size": pictures.TITLE_SIZE,
        "text_size": pictures.TEXT_SIZE,
        "ink": color_of(INK),
        "rule": color_of(RULE),
        "grid": color_of(pictures.GRID),
        "grid_width": round(pictures.GRID_WIDTH * POINT),
        "gap": pictures.COLUMN_GAP,
    }
