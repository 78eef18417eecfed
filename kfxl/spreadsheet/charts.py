"""Native charts of a workbook file: the same look in the template and in reports."""

from __future__ import annotations

from typing import Any

from kfxl.spreadsheet.pictures import (
    COLUMN_GAP,
    GRID,
    GRID_WIDTH,
    TEXT_SIZE,
    TITLE_SIZE,
    Kind,
    Line,
    Picture,
)
from kfxl.spreadsheet.styles import FONT, INK, RULE

__all__ = ["Kind", "Line", "Picture", "draw"]


def draw(book: Any, sheet: Any, anchor: tuple[int, int], picture: Picture) -> None:
    """Put ``picture`` on ``sheet`` with its top left corner at ``anchor`` (row, column)."""
    kind, _, subtype = picture.kind.partition("-")
    chart = book.add_chart({"type": kind, "subtype": subtype} if subtype else {"type": kind})
    for position, line in enumerate(picture.series):
        chart.add_series(_series(picture, line, picture.color(position)))
    _axes(chart, picture)
    title = {"name": picture.title, "overlay": False, "name_font": _font(TITLE_SIZE, bold=True)}
    chart.set_title(title)
    if picture.shows_legend:
        chart.set_legend({"position": "bottom", "font": _font(TEXT_SIZE)})
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
            series["gap"] = COLUMN_GAP
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


def _axes(chart: Any, picture: Picture) -> None:
    horizontal: dict[str, Any] = {
        "name": picture.x_title,
        "name_font": _font(TEXT_SIZE),
        "num_font": _font(TEXT_SIZE),
        # Labels stay at the foot of the chart when values are negative.
        "label_position": "low",
        "line": {"color": RULE},
    }
    ticks, step = picture.ticks, picture.label_step
    if ticks is not None:
        horizontal |= {
            "date_axis": True,
            "minor_tick_mark": "none",
            "num_format": ticks.number_format,
            "major_unit": ticks.step,
            "major_unit_type": ticks.unit,
        }
    elif step is not None:
        horizontal |= {"interval_unit": step, "interval_tick": step}
    grid = {"visible": True, "line": {"color": GRID, "width": GRID_WIDTH}}
    vertical: dict[str, Any] = {
        "name": picture.y_title,
        "name_font": _font(TEXT_SIZE),
        "num_font": _font(TEXT_SIZE),
        "num_format": picture.y_format,
        "major_gridlines": grid,
        "line": {"none": True},
    }
    if picture.y_range is not None:
        vertical |= {"min": picture.y_range[0], "max": picture.y_range[1]}
    chart.set_x_axis(horizontal)
    chart.set_y_axis(vertical)
