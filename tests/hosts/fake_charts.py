"""Charts of the fake Excel: what a renderer sets, with Excel's own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.hosts.fake_com import Calls, Collection, ComObject, Setting
from tests.hosts.pywin32_stub import com_error

if TYPE_CHECKING:
    from tests.hosts.fake_excel import Range, Worksheet

CATEGORY, VALUE = 1, 2
TIME_SCALE = 3
LINE, AREA_STACKED, COLUMN, COLUMN_STACKED = 4, 76, 51, 52
DEFAULT_TYPE = COLUMN


def is_color(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= 0xFFFFFF


def is_text(value: Any) -> bool:
    # Excel takes a text that begins so for a reference.
    return isinstance(value, str) and not value.startswith("=")


class Font(ComObject):
    Name = Setting("Aptos")
    Size = Setting(11, lambda value: 1 <= value <= 409)
    Bold = Setting(False)
    Color = Setting(0, is_color)


class ForeColor(ComObject):
    RGB = Setting(None, is_color)


class LineFormat(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.color = ForeColor(calls)

    Visible = Setting(-1)
    Weight = Setting(0.75, lambda value: value > 0)
    DashStyle = Setting(1, lambda value: value in range(1, 13))

    @property
    def ForeColor(self) -> ForeColor:
        return self.color


class FillFormat(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.color = ForeColor(calls)

    Visible = Setting(-1)

    @property
    def ForeColor(self) -> ForeColor:
        return self.color

    def Solid(self) -> None:
        """The default."""


class ChartFormat(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.line, self.fill = LineFormat(calls), FillFormat(calls)

    @property
    def Line(self) -> LineFormat:
        return self.line

    @property
    def Fill(self) -> FillFormat:
        return self.fill


class Formatted(ComObject):
    """Parts of a chart with a font and a format."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.font, self.format = Font(calls), ChartFormat(calls)

    @property
    def Font(self) -> Font:
        return self.font

    @property
    def Format(self) -> ChartFormat:
        return self.format


class ChartArea(Formatted):
    pass


class ChartTitle(Formatted):
    Text = Setting("Chart Title", is_text)


class AxisTitle(Formatted):
    Text = Setting("Axis Title", is_text)


class Legend(Formatted):
    Position = Setting(-4152, lambda value: value in (-4107, -4131, -4152, -4160, 2))


class Gridlines(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.format = ChartFormat(calls)

    @property
    def Format(self) -> ChartFormat:
        return self.format


class TickLabels(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.font = Font(calls)

    NumberFormat = Setting("General", lambda value: isinstance(value, str))
    NumberFormatLocal = Setting("General", lambda value: isinstance(value, str))

    @property
    def Font(self) -> Font:
        return self.font


class Axis(ComObject):
    def __init__(self, calls: Calls, kind: int) -> None:
        super().__init__(calls)
        self.kind = kind
        self.title, self.labels = AxisTitle(calls), TickLabels(calls)
        self.format, self.gridlines = ChartFormat(calls), Gridlines(calls)
        self.settings: dict[str, Any] = {}

    HasTitle = Setting(False)
    HasMajorGridlines = Setting(False)
    TickLabelPosition = Setting(4, lambda value: value in (-4127, -4134, 4, -4142))
    MinorTickMark = Setting(-4142, lambda value: value in (4, 2, 3, -4142))

    @property
    def AxisTitle(self) -> AxisTitle:
        if not self.HasTitle:
            raise com_error("Unable to get the AxisTitle property of the Axis class")
        return self.title

    @property
    def TickLabels(self) -> TickLabels:
        return self.labels

    @property
    def Format(self) -> ChartFormat:
        return self.format

    @property
    def MajorGridlines(self) -> Gridlines:
        if not self.HasMajorGridlines:
            raise com_error("Unable to get the MajorGridlines property of the Axis class")
        return self.gridlines

    def put(self, name: str, value: Any, allowed: bool) -> None:
        if not allowed:
            raise com_error(f"Unable to set the {name} property of the Axis class")
        self.settings[name] = value

    @property
    def CategoryType(self) -> int:
        return int(self.settings.get("CategoryType", -4105))

    @CategoryType.setter
    def CategoryType(self, value: int) -> None:
        self.put("CategoryType", value, self.kind == CATEGORY and value in (2, 3, -4105))

    @property
    def MajorUnit(self) -> float:
        return float(self.settings.get("MajorUnit", 1.0))

    @MajorUnit.setter
    def MajorUnit(self, value: float) -> None:
        self.put("MajorUnit", value, value > 0 and (self.kind == VALUE or self.is_time()))

    @property
    def MajorUnitScale(self) -> int:
        return int(self.settings.get("MajorUnitScale", 0))

    @MajorUnitScale.setter
    def MajorUnitScale(self, value: int) -> None:
        self.put("MajorUnitScale", value, self.is_time() and value in (0, 1, 2))

    @property
    def TickLabelSpacing(self) -> int:
        return int(self.settings.get("TickLabelSpacing", 1))

    @TickLabelSpacing.setter
    def TickLabelSpacing(self, value: int) -> None:
        self.put("TickLabelSpacing", value, self.kind == CATEGORY and 1 <= value <= 31999)

    @property
    def TickMarkSpacing(self) -> int:
        return int(self.settings.get("TickMarkSpacing", 1))

    @TickMarkSpacing.setter
    def TickMarkSpacing(self, value: int) -> None:
        self.put("TickMarkSpacing", value, self.kind == CATEGORY and 1 <= value <= 31999)

    @property
    def MinimumScale(self) -> float:
        return float(self.settings.get("MinimumScale", 0.0))

    @MinimumScale.setter
    def MinimumScale(self, value: float) -> None:
        self.put("MinimumScale", value, self.kind == VALUE)

    @property
    def MaximumScale(self) -> float:
        return float(self.settings.get("MaximumScale", 1.0))

    @MaximumScale.setter
    def MaximumScale(self, value: float) -> None:
        self.put("MaximumScale", value, self.kind == VALUE)

    def is_time(self) -> bool:
        return self.kind == CATEGORY and self.settings.get("CategoryType") == TIME_SCALE


class Series(ComObject):
    def __init__(self, calls: Calls, chart: Chart) -> None:
        super().__init__(calls)
        self.chart = chart
        self.format = ChartFormat(calls)
        self.values: Range | None = None
        self.categories: Range | None = None

    Name = Setting("", is_text)
    MarkerStyle = Setting(-4105)

    @property
    def Format(self) -> ChartFormat:
        return self.format

    @property
    def Values(self) -> Any:
        return self.values and self.values.Value

    @Values.setter
    def Values(self, cells: Range) -> None:
        self.values = self.checked(cells, "Values")

    @property
    def XValues(self) -> Any:
        return self.categories and self.categories.Value

    @XValues.setter
    def XValues(self, cells: Range) -> None:
        self.categories = self.checked(cells, "XValues")

    @staticmethod
    def checked(cells: Range, name: str) -> Range:
        if type(cells).__name__ != "Range" or (len(cells.rows) > 1 and len(cells.columns) > 1):
            raise com_error(f"Unable to set the {name} property of the Series class")
        return cells

    @property
    def Formula(self) -> str:
        parts = (self.categories, self.values)
        where = ",".join(cells.reference() if cells else "" for cells in parts)
        return f'=SERIES("{self.Name}",{where},{self.chart.series.index(self) + 1})'

    def Delete(self) -> None:
        self.chart.series.remove(self)


class SeriesCollection(Collection):
    def __init__(self, calls: Calls, chart: Chart) -> None:
        super().__init__(calls)
        self.chart = chart

    def items(self) -> list[Series]:
        return self.chart.series

    def NewSeries(self) -> Series:
        self.chart.series.append(Series(self.calls, self.chart))
        return self.chart.series[-1]


class ChartGroup(ComObject):
    GapWidth = Setting(150, lambda value: 0 <= value <= 500)
    Overlap = Setting(0, lambda value: -100 <= value <= 100)


class Chart(ComObject):
    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.series: list[Series] = []
        self.title, self.legend = ChartTitle(calls), Legend(calls)
        self.area, self.group = ChartArea(calls), ChartGroup(calls)
        self.axes = {kind: Axis(calls, kind) for kind in (CATEGORY, VALUE)}

    ChartType = Setting(
        DEFAULT_TYPE, lambda value: value in (LINE, AREA_STACKED, COLUMN, COLUMN_STACKED)
    )
    HasTitle = Setting(False)
    HasLegend = Setting(True)

    @property
    def ChartTitle(self) -> ChartTitle:
        if not self.HasTitle:
            raise com_error("Unable to get the ChartTitle property of the Chart class")
        return self.title

    @property
    def Legend(self) -> Legend:
        if not self.HasLegend:
            raise com_error("Unable to get the Legend property of the Chart class")
        return self.legend

    @property
    def ChartArea(self) -> ChartArea:
        return self.area

    def SeriesCollection(self, key: int | None = None) -> Any:
        series = SeriesCollection(self.calls, self)
        return series if key is None else series.Item(key)

    def Axes(self, Type: int, AxisGroup: int = 1) -> Axis:
        if Type not in self.axes or AxisGroup != 1 or not self.series:
            raise com_error("Method 'Axes' of object 'Chart' failed")
        return self.axes[Type]

    def ChartGroups(self, key: int) -> ChartGroup:
        if key != 1 or not self.series:
            raise com_error("Invalid parameter")
        return self.group


class ShapeRange(ComObject):
    AlternativeText = Setting("", lambda value: isinstance(value, str))


class ChartObject(ComObject):
    def __init__(self, sheet: Worksheet, left: float, top: float, wide: float, high: float) -> None:
        super().__init__(sheet.calls)
        self.sheet, self.chart = sheet, Chart(sheet.calls)
        self.shapes = ShapeRange(sheet.calls)
        self.name = f"Chart {len(sheet.charts) + 1}"
        self.place = (left, top, wide, high)

    Placement = Setting(1, lambda value: value in (1, 2, 3))

    @property
    def Chart(self) -> Chart:
        return self.chart

    @property
    def ShapeRange(self) -> ShapeRange:
        return self.shapes

    def Select(self) -> None:
        self.sheet.book.application.selection = self


class ChartObjects(Collection):
    def __init__(self, sheet: Worksheet) -> None:
        super().__init__(sheet.calls)
        self.sheet = sheet

    def items(self) -> list[ChartObject]:
        return self.sheet.charts

    def Add(self, Left: float, Top: float, Width: float, Height: float) -> ChartObject:
        self.sheet.changing()
        self.sheet.charts.append(ChartObject(self.sheet, Left, Top, Width, Height))
        return self.sheet.charts[-1]
