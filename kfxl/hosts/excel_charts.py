"""Native charts in a running Excel, with the look that :mod:`kfxl.spreadsheet.charts` gives a file.

xlwings has calls for a part of this only, so that here Excel's own object model is used.
"""

from __future__ import annotations

from typing import Any

import xlwings as xw
from xlwings.constants import (
    AxisType,
    CategoryType,
    ChartType,
    LegendPosition,
    MarkerStyle,
    Placement,
    TickMark,
    TimeUnit,
)

from kfxl.hosts.excel_failures import absences
from kfxl.hosts.excel_formats import NumberFormats
from kfxl.spreadsheet.pictures import (
    COLUMN_GAP,
    GRID,
    GRID_WIDTH,
    TEXT_SIZE,
    TITLE_SIZE,
    Kind,
    Picture,
)
from kfxl.spreadsheet.styles import FONT, INK, RULE

POINTS = 0.75  # per pixel
CHART_TYPES: dict[Kind, int] = {
    "line": ChartType.xlLine,
    "area-stacked": ChartType.xlAreaStacked,
    "column": ChartType.xlColumnClustered,
    "column-stacked": ChartType.xlColumnStacked,
}
DASHES = {"solid": 1, "dash": 4}  # msoLineSolid, msoLineDash
UNITS = {"months": TimeUnit.xlMonths, "years": TimeUnit.xlYears}
YES, NO = -1, 0  # msoTrue, msoFalse
LOW = -4134  # xlTickLabelPositionLow


def color_of(text: str) -> int:
    """A colour as Excel counts it, red last.

    >>> hex(color_of("#112233"))
    '0x332211'
    """
    red, green, blue = (int(text[i : i + 2], 16) for i in (1, 3, 5))
    return red + 256 * green + 65536 * blue


def draw(page: xw.Sheet, anchor: tuple[int, int], picture: Picture, formats: NumberFormats) -> None:
    """Put ``picture`` on a sheet with its top left corner at ``anchor`` (row, column from 0).

    Hidden series and error bars, which no report has, are not drawn.
    """
    corner = page.range((anchor[0] + 1, anchor[1] + 1))
    width, height = (POINTS * pixels for pixels in picture.size)
    frame, chart = page.charts.add(corner.left, corner.top, width, height, style=None).api
    chart.ChartType = CHART_TYPES[picture.kind]
    series = chart.SeriesCollection()
    while series.Count:  # Excel may have taken the cells around the cursor
        series(1).Delete()
    for position in range(len(picture.series)):
        _series(page, series.NewSeries(), picture, position)
    if picture.kind.startswith("column"):
        chart.ChartGroups(1).GapWidth = COLUMN_GAP
    _look(chart, picture)
    _dates_or_labels(chart.Axes(AxisType.xlCategory), picture, formats)
    _numbers(chart.Axes(AxisType.xlValue), picture, formats)
    frame.Placement = Placement.xlMove
    frame.ShapeRange.AlternativeText = picture.alt


def _text(text: str) -> str:
    # Excel takes the text of a title or the name of a series that begins so for a reference.
    return f" {text}" if text.startswith("=") else text


def _series(page: xw.Sheet, series: Any, picture: Picture, position: int) -> None:
    line = picture.series[position]
    series.Name = _text(str(line.name))
    series.Values = page.range(line.values.local).api
    series.XValues = page.range(picture.categories.local).api
    color = color_of(picture.color(position))
    if picture.kind == "line":
        shape = series.Format.Line
        shape.Visible = YES
        shape.ForeColor.RGB = color
        shape.Weight = line.width
        shape.DashStyle = DASHES[line.dash]
        # After the line, whose look Excel passes on to markers.
        series.MarkerStyle = MarkerStyle.xlMarkerStyleNone
    else:
        fill = series.Format.Fill
        fill.Visible = YES
        fill.Solid()
        fill.ForeColor.RGB = color


def _look(chart: Any, picture: Picture) -> None:
    """Fonts, border, title and legend."""
    area = chart.ChartArea
    area.Font.Name = FONT
    area.Font.Size = TEXT_SIZE
    area.Font.Color = color_of(INK)
    area.Format.Line.ForeColor.RGB = color_of(RULE)
    chart.HasTitle = True
    title = chart.ChartTitle
    title.Text = _text(picture.title)
    title.Font.Size = TITLE_SIZE
    title.Font.Bold = True
    chart.HasLegend = picture.shows_legend
    if picture.shows_legend:
        chart.Legend.Position = LegendPosition.xlLegendPositionBottom


def _title(axis: Any, text: str) -> None:
    axis.HasTitle = True
    axis.AxisTitle.Text = _text(text)
    axis.AxisTitle.Font.Bold = False


def _dates_or_labels(axis: Any, picture: Picture, formats: NumberFormats) -> None:
    """The horizontal axis: one label every few months or years, or every few rows."""
    _title(axis, picture.x_title)
    # Labels stay at the foot of the chart when values are negative.
    axis.TickLabelPosition = LOW
    axis.Format.Line.ForeColor.RGB = color_of(RULE)
    ticks, step = picture.ticks, picture.label_step
    if ticks is not None:
        axis.CategoryType = CategoryType.xlTimeScale
        axis.MinorTickMark = TickMark.xlTickMarkNone
        formats.put(axis.TickLabels, ticks.number_format)
        try:
            axis.MajorUnitScale = UNITS[ticks.unit]
            axis.MajorUnit = ticks.step
        except absences():  # finer than the dates are: then Excel's own ticks will do
            return
    elif step is not None:
        axis.TickLabelSpacing = step
        axis.TickMarkSpacing = step


def _numbers(axis: Any, picture: Picture, formats: NumberFormats) -> None:
    """The vertical axis, with a grid instead of a line."""
    _title(axis, picture.y_title)
    formats.put(axis.TickLabels, picture.y_format)
    axis.HasMajorGridlines = True
    grid = axis.MajorGridlines.Format.Line
    grid.ForeColor.RGB = color_of(GRID)
    grid.Weight = GRID_WIDTH
    axis.Format.Line.Visible = NO
    if picture.y_range is not None:
        axis.MinimumScale, axis.MaximumScale = picture.y_range
