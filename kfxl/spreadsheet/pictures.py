"""Charts as plain descriptions, and what follows from them for whoever draws one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.styles import SERIES

Kind = Literal["line", "area-stacked", "column", "column-stacked"]

TITLE_SIZE, TEXT_SIZE = 13, 9  # points
GRID = "#E1E7ED"
GRID_WIDTH = 0.75  # points
COLUMN_GAP = 60  # per cent of a column's width
MOST_LABELS = 40  # more categories than this get about ten labels


@dataclass(frozen=True)
class Line:
    """One series: its name (text, or the header cell), its values and how it is drawn."""

    name: str | Area
    values: Area
    color: str | None = None
    dash: str = "solid"
    width: float = 1.75
    errors: Area | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Ticks:
    """Labels of an axis of dates: one every ``step`` months or years."""

    number_format: str
    step: int
    unit: Literal["months", "years"]


@dataclass(frozen=True)
class Picture:
    """A chart to draw: categories and series as areas, axes, size in pixels, alt text.

    ``years`` is the time that the categories span where they are dates. A ``hidden`` series
    is not seen, but the axis makes room for it.
    """

    kind: Kind
    title: str
    categories: Area
    series: tuple[Line, ...]
    x_title: str
    y_title: str
    y_format: str
    alt: str
    years: float | None = None
    size: tuple[int, int] = (620, 320)
    y_range: tuple[float, float] | None = None
    legend: bool = True

    @property
    def shows_legend(self) -> bool:
        """Whether there is a legend: it is wanted, and there is more than one series."""
        return self.legend and sum(not line.hidden for line in self.series) > 1

    @property
    def ticks(self) -> Ticks | None:
        """About ten labels on an axis of dates; None where there are no dates."""
        if self.years is None:
            return None
        if self.years <= 3:
            return Ticks("yyyy-mm", 1 if self.years <= 1 else 3, "months")
        step = next((step for step in (1, 2, 5, 10) if self.years <= 12 * step), 20)
        return Ticks("yyyy", step, "years")

    @property
    def label_step(self) -> int | None:
        """Every how many categories one is labelled; None: as the program likes."""
        height = self.categories.height
        return -(-height // 10) if self.years is None and height > MOST_LABELS else None

    def color(self, position: int) -> str:
        """Colour of the series in this position, as ``#RRGGBB``."""
        return self.series[position].color or SERIES[position % len(SERIES)]
