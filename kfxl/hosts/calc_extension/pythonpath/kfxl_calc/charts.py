"""Native charts of a report, with the look that kfxl's process has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfxl_calc.target import Target, area_of
from kfxl_calc.unotypes import enum, set_numbers, struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    Json = dict[str, Any]

TYPES = {
    "line": "LineChartType",
    "area-stacked": "AreaChartType",
    "column": "ColumnChartType",
    "column-stacked": "ColumnChartType",
}
BOLD, NORMAL = 150.0, 100.0  # com.sun.star.awt.FontWeight
DATE = 4  # com.sun.star.chart2.AxisType
UNITS = {"months": 1, "years": 2}  # com.sun.star.chart.TimeUnit
LEAVE_GAP = 0  # com.sun.star.chart.MissingValueTreatment
DASH = "kfxl dash"
DASHES = {"Dashes": 1, "DashLen": 400, "Distance": 300}  # per cent of the line's width


def draw(target: Target, sheet: Any, plain: Json) -> None:
    """Put a chart on a sheet, its top left corner at a cell."""
    name = target.chart_name()
    _add(sheet, name, plain)
    chart = sheet.Charts.getByName(name).EmbeddedObject
    chart.lockControllers()
    try:
        (system,) = chart.getFirstDiagram().getCoordinateSystems()
        _data(_Sequences(target, sheet, chart), system, plain)
        _frame(chart, plain)
        _dates_or_labels(target, system.getAxisByDimension(0, 0), chart.Diagram.XAxis, plain)
        _numbers(target, chart.Diagram, plain)
    finally:
        chart.unlockControllers()
    shape = _shape(sheet, name)
    row, column = plain["at"]
    shape.Anchor = sheet.getCellByPosition(column, row)
    _describe(shape, plain)


def _add(sheet: Any, name: str, plain: Json) -> None:
    """A new chart, with some cells to begin with, so that it knows where to look for others."""
    row, column = plain["at"]
    corner = sheet.getCellByPosition(column, row).Position
    width, height = plain["size"]
    place = struct("awt.Rectangle", X=corner.X, Y=corner.Y, Width=width, Height=height)
    first = area_of(sheet, plain["categories"]).RangeAddress
    sheet.Charts.addNewByName(name, place, (first,), False, False)


def _shape(sheet: Any, name: str) -> Any:
    """What stands on the sheet for a chart."""
    shapes = (sheet.DrawPage.getByIndex(i) for i in range(sheet.DrawPage.Count))
    return next(shape for shape in shapes if getattr(shape, "PersistName", None) == name)


def _describe(shape: Any, plain: Json) -> None:
    """The text for who cannot see the chart; it moves with its cell and keeps its size."""
    shape.Title, shape.Description = plain["title"], plain["alt"]
    shape.ResizeWithCell = False


class _Sequences:
    """Makes what a chart has its data in."""

    def __init__(self, target: Target, sheet: Any, chart: Any) -> None:
        self._target, self._sheet, self._chart = target, sheet, chart
        self._provider = chart.getDataProvider()

    def cells(self, area: Sequence[int], role: str) -> Any:
        """Cells in a role."""
        address = area_of(self._sheet, area).AbsoluteName
        cells = self._provider.createDataSequenceByRangeRepresentation(address)
        cells.Role = role
        return cells

    def labelled(self, values: Any, label: Any = None) -> Any:
        """Cells, and the one that names them."""
        pair = self.new("data.LabeledDataSequence")
        pair.setValues(values)
        if label is not None:
            pair.setLabel(label)
        return pair

    def dash(self) -> str:
        """The name under which the chart knows how a line is dashed."""
        known = self._chart.createInstance("com.sun.star.drawing.DashTable")
        if not known.hasByName(DASH):
            relative = enum("drawing.DashStyle", "RECTRELATIVE")
            known.insertByName(DASH, struct("drawing.LineDash", Style=relative, **DASHES))
        return DASH

    def new(self, service: str) -> Any:
        """An object of the charts' own."""
        return self._target.new(f"com.sun.star.chart2.{service}")


def _data(sequences: _Sequences, system: Any, plain: Json) -> None:
    """The kind of chart, its series and categories."""
    kind = sequences.new(TYPES[plain["kind"]])
    series = tuple(_series(sequences, each, plain["kind"]) for each in plain["series"])
    kind.setDataSeries(series)
    if plain["kind"].startswith("column"):
        for name, values in (("GapwidthSequence", plain["look"]["gap"]), ("OverlapSequence", 0)):
            set_numbers(kind, name, (values, values))
    system.setChartTypes((kind,))
    axis = system.getAxisByDimension(0, 0)
    scale = axis.getScaleData()
    categories = sequences.cells(plain["categories"], "categories")
    scale.Categories = sequences.labelled(categories)
    axis.setScaleData(scale)


def _series(sequences: _Sequences, plain: Json, kind: str) -> Any:
    series = sequences.new("DataSeries")
    label = sequences.cells(plain["label"], "label")
    values = sequences.cells(plain["values"], "values-y")
    series.setData((sequences.labelled(values, label),))
    series.Color = plain["color"]
    if kind == "line":
        series.LineWidth = plain["width"]
        if plain["dash"]:
            series.LineDashName = sequences.dash()
            series.LineStyle = enum("drawing.LineStyle", "DASH")
    else:
        series.BorderStyle = enum("drawing.LineStyle", "NONE")
    if kind.endswith("stacked"):
        series.StackingDirection = enum("chart2.StackingDirection", "Y_STACKING")
    return series


def _font(text: Any, look: Json, size: int, weight: float = NORMAL) -> None:
    text.CharFontName, text.CharColor = look["font"], look["ink"]
    text.CharHeight, text.CharWeight = float(size), weight


def _frame(chart: Any, plain: Json) -> None:
    """Title, legend, border, and no ground behind the lines."""
    look = plain["look"]
    chart.HasMainTitle = True
    chart.Title.String = plain["title"]
    _font(chart.Title, look, look["title_size"], BOLD)
    chart.HasLegend = plain["legend"]
    if plain["legend"]:
        chart.Legend.Alignment = enum("chart.ChartLegendPosition", "BOTTOM")
        _font(chart.Legend, look, look["text_size"])
        _bare(chart.Legend)
    chart.Area.LineStyle = enum("drawing.LineStyle", "SOLID")
    chart.Area.LineColor = look["rule"]
    diagram = chart.Diagram
    _bare(diagram.Wall)
    diagram.MissingValueTreatment = LEAVE_GAP
    diagram.HasXAxisTitle = diagram.HasYAxisTitle = True


def _bare(part: Any) -> None:
    """Without ground and border."""
    part.FillStyle = enum("drawing.FillStyle", "NONE")
    part.LineStyle = enum("drawing.LineStyle", "NONE")


def _dates_or_labels(target: Target, axis: Any, shown: Any, plain: Json) -> None:
    """The horizontal axis: one label every few months or years, or as many as have room."""
    look, dates = plain["look"], plain["x"]["dates"]
    _title(shown, plain["x"]["title"], look)
    _font(shown, look, look["text_size"])
    shown.LineColor = look["rule"]
    # Labels stay at the foot of the chart when values are negative.
    shown.LabelPosition = enum("chart.ChartAxisLabelPosition", "OUTSIDE_START")
    if plain["x"]["crowded"]:
        shown.Marks = 0  # LibreOffice leaves out labels that have no room, but no ticks
    scale = axis.getScaleData()
    scale.AutoDateAxis = False
    if dates:
        scale.AxisType = DATE
        times = scale.TimeIncrement
        times.MajorTimeInterval = struct(
            "chart.TimeInterval", Number=dates["step"], TimeUnit=UNITS[dates["unit"]]
        )
        scale.TimeIncrement = times
        shown.LinkNumberFormatToSource = False
        shown.NumberFormat = target.format_key(dates["format"])
    axis.setScaleData(scale)


def _title(axis: Any, text: str, look: Json) -> None:
    """The title of an axis."""
    axis.AxisTitle.String = text
    _font(axis.AxisTitle, look, look["text_size"])


def _numbers(target: Target, diagram: Any, plain: Json) -> None:
    """The vertical axis, with a grid instead of a line."""
    look, y = plain["look"], plain["y"]
    axis = diagram.YAxis
    _title(axis, y["title"], look)
    _font(axis, look, look["text_size"])
    axis.LineStyle = enum("drawing.LineStyle", "NONE")
    axis.LinkNumberFormatToSource = False
    axis.NumberFormat = target.format_key(y["format"])
    diagram.HasYAxisGrid = True
    grid = diagram.YMainGrid
    grid.LineColor, grid.LineWidth = look["grid"], look["grid_width"]
    if y["range"]:
        axis.Min, axis.Max = y["range"]
