"""What a report is made of: sheets of tables and charts, for any host to render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = "float | int | str | bool | object | None"
Kind = Literal["line", "area-stacked", "column", "column-stacked"]


@dataclass(frozen=True)
class Block:
    """A table: title above, header, rows; ``anchor`` is the cell of its first header.

    ``anchor`` is (row, column) from 0, ``formats`` has one number format per column. Missing
    numbers are None and stay blank.
    """

    title: str
    anchor: tuple[int, int]
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """One line, area or set of columns: a column of a block of the same sheet."""

    block: int
    column: int
    name: str
    color: str | None = None
    dash: str = "solid"


@dataclass(frozen=True)
class Chart:
    """A chart: its categories are the column ``categories`` of ``block``.

    ``anchor`` is the cell of its top left corner, ``size`` its width and height in pixels;
    the first ``skip`` rows of the block are not drawn.
    """

    kind: Kind
    title: str
    anchor: tuple[int, int]
    block: int
    series: tuple[Series, ...]
    x_title: str
    y_title: str
    y_format: str
    alt: str
    categories: int = 0
    dates: bool = False
    size: tuple[int, int] = (620, 320)
    legend: bool = True
    y_range: tuple[float, float] | None = None
    skip: int = 0


@dataclass(frozen=True)
class ReportSheet:
    """One sheet: title, a line that says what it shows, tables, charts."""

    name: str
    title: str
    note: str
    blocks: tuple[Block, ...]
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Report:
    """All sheets, in order."""

    title: str
    sheets: tuple[ReportSheet, ...]
