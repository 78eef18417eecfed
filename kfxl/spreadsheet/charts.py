"""Native charts from plain descriptions: the same look in the template and in reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.styles import FONT, INK, RULE, SERIES

Kind = Literal["line", "area-stacked", "column", "column-stacked"]


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


def draw(book: Any, sheet: Any, anchor: tuple[int, int], picture: Picture) -> None:
    """Put ``picture`` on ``sheet`` with its top left corner at ``anchor`` (row, column)."""
    kind, _, subtype = picture.kind.partition("-")
    chart = book.add_chart({"type": kind, "subtype": subtype} if subtype else {"type": kind})
    for position, line in enumerate(picture.series):
        chart.add_series(_series(picture, line, SERIES[position % len(SERIES)]))
    _axes(chart, picture)
    chart.set_title({"name": picture.title, "overlay": False, "name_font": _font(13, bold=True)})
    if picture.legend and sum(not line.hidden for line in picture.series) > 1:
        chart.set_legend({"position": "bottom", "font": _font(9)})
    else:
        chart.set_legend({"none": True})
    chart.show_na_as_empty_cell()
    chart.set_chartarea({"border": {"color": RULE}})
    width, height = picture.size
    chart.set_size({"width": width, "height": height})
    sheet.insert_chart(
        *anchor,
        chart,
        {"description": picture.alt, "object_position": 2},
    )


def _font(size: int, *, bold: bool = False) -> dict[str, Any]:
    return {"name": FONT, "size": size, "bold": bold, "color": INK}


def _series(picture: Picture, line: Line, color: str) -> dict[str, Any]:
    color = line.color or color
    series: dict[str, Any] = {
        "name": line.name if isinstance(line.name, str) else f"={line.name.ref}",
        "categories": f"={picture.categories.ref}",
        "values": f"={line.values.ref}",
    }
    if picture.kind == "line":
        series["line"] = {"color": color, "width": line.width, "dash_type": line.dash}
        series["marker"] = {"type": "none"}
    else:
        series["fill"] = {"none": True} if line.hidden else {"color": color}
        if picture.kind.startswith("column"):
            series["gap"] = 60
            if any(other.hidden for other in picture.series):
                series["overlap"] = 100
    if line.errors is not None:
        series["y_error_bars"] = {
            "type": "custom",
            "plus_values": f"={line.errors.ref}",
            "minus_values": f"={line.errors.ref}",
            "line": {"color": INK, "width": 1},
        }
    return series


def _ticks(years: float) -> dict[str, Any]:
    """About ten labels on an axis of dates."""
    if years <= 3:
        step = 1 if years <= 1 else 3
        return {"num_format": "yyyy-mm", "major_unit": step, "major_unit_type": "months"}
    step = next((step for step in (1, 2, 5, 10) if years <= 12 * step), 20)
    return {"num_format": "yyyy", "major_unit": step, "major_unit_type": "years"}


def _axes(chart: Any, picture: Picture) -> None:
    horizontal: dict[str, Any] = {
        "name": picture.x_title,
        "name_font": _font(9),
        "num_font": _font(9),
        # Labels stay at the foot of the chart when values are negative.
        "label_position": "low",
        "line": {"color": RULE},
    }
    if picture.years is not None:
        horizontal |= {"date_axis": True, "minor_tick_mark": "none", **_ticks(picture.years)}
    elif picture.categories.height > 40:
        step = -(-picture.categories.height // 10)
        horizontal |= {"interval_unit": step, "interval_tick": step}
    vertical: dict[str, Any] = {
        "name": picture.y_title,
        "name_font": _font(9),
        "num_font": _font(9),
        "num_format": picture.y_format,
        "major_gridlines": {"visible": True, "line": {"color": "#E1E7ED", "width": 0.75}},
        "line": {"none": True},
    }
    if picture.y_range is not None:
        vertical |= {"min": picture.y_range[0], "max": picture.y_range[1]}
    chart.set_x_axis(horizontal)
    chart.set_y_axis(vertical)
