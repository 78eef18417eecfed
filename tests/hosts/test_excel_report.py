"""A report written into a running Excel: the same as the report, and as the file of it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

import kfxl
from kfxl.spreadsheet.report import Report
from kfxl.spreadsheet.reporting.layout import picture_of
from kfxl.spreadsheet.reporting.model import Block, Chart, ReportSheet
from kfxl.spreadsheet.reporting.writer import write_report as write_file
from tests.hosts.fake_charts import CATEGORY, VALUE
from tests.hosts.fake_excel import (
    GERMAN,
    NORMAL_VIEW,
    PAGE_LAYOUT,
    Application,
    ChartSheet,
    Workbook,
    Worksheet,
)
from tests.hosts.pywin32_stub import WindowsXlwings
from tests.hosts.reports import full_report, small_report

KINDS = {"line": 4, "area-stacked": 76, "column": 51, "column-stacked": 52}
Write = Callable[[Report], Any]


@pytest.fixture
def excel() -> Application:
    application = Application()
    application.open(Workbook(application, "Mine.xlsx"))
    application.DisplayAlerts = False
    return application


@pytest.fixture
def write(windows: WindowsXlwings, excel: Application) -> Write:
    sheets = windows.load("kfxl.hosts.excel_sheets")

    def written(report: Report) -> Any:
        return sheets.write_report(windows.app(excel).books.active, report)

    return written


def cells_of(book: Workbook, sheet: str) -> dict[tuple[int, int], Any]:
    page = book.sheet(sheet)
    return {place: page.shown(*place) for place in page.cells}


def plain(value: Any) -> Any:
    """Dates without the time zone that COM gives them."""
    if isinstance(value, dt.datetime):
        parts = (value.year, value.month, value.day, value.hour, value.minute, value.second)
        return dt.datetime(*parts)
    return value


def test_sheets_are_those_of_the_report(write: Write, excel: Application) -> None:
    report = full_report()
    written = write(report)
    wanted = [sheet.name for sheet in report.sheets]
    assert excel.active_book is not None
    assert excel.active_book.sheet_names() == ["Sheet1", *wanted]
    assert list(written.names) == wanted
    assert not written.left


def test_cells_are_those_of_the_file(write: Write, excel: Application) -> None:
    report = full_report()
    write(report)
    file = openpyxl.load_workbook(io.BytesIO(write_file(report)))
    assert excel.active_book is not None
    for page in file.worksheets:
        wanted = {
            (cell.row, cell.column): cell.value
            for row in page.iter_rows()
            for cell in row
            if cell.value is not None
        }
        found = {k: plain(v) for k, v in cells_of(excel.active_book, page.title).items()}
        assert found.keys() == wanted.keys(), page.title
        for place, value in wanted.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert found[place] == pytest.approx(value, rel=1e-15), (page.title, place)
            else:
                assert found[place] == value, (page.title, place)


def test_cells_are_those_of_the_report(write: Write, excel: Application) -> None:
    report = full_report()
    write(report)
    assert excel.active_book is not None
    for sheet in report.sheets:
        found = cells_of(excel.active_book, sheet.name)
        assert (found[1, 1], found[2, 1]) == (sheet.title, sheet.note)
        for block in sheet.blocks:
            top, left = block.anchor
            assert found[top, left + 1] == block.title
            for row, line in enumerate((block.header, *block.rows), start=top + 1):
                for column, value in enumerate(line, start=left + 1):
                    assert plain(found.get((row, column))) == value


def test_looks_are_those_of_the_file(write: Write, excel: Application) -> None:
    report = full_report()
    write(report)
    file = openpyxl.load_workbook(io.BytesIO(write_file(report)))
    aligned = {"left": -4131, "right": -4152}
    assert excel.active_book is not None
    for page in file.worksheets:
        sheet = excel.active_book.sheet(page.title)
        widths = {
            column: known.width
            for known in page.column_dimensions.values()
            for column in range(known.min, known.max + 1)
        }
        assert f"A{sheet.view['SplitRow'] + 1}" == page.freeze_panes
        assert sheet.view == {**sheet.view, "FreezePanes": True, "DisplayGridlines": False}
        for block in next(s for s in report.sheets if s.name == page.title).blocks:
            top, left = block.anchor
            for column in range(left + 1, left + 1 + len(block.header)):
                head, body = page.cell(top + 1, column), page.cell(top + 2, column)

                def look(row: int, name: str, column: int = column, on: Any = sheet) -> Any:
                    return on.format(row, column, name)

                # The file's widths include the padding of five pixels.
                assert sheet.width(column) == pytest.approx(widths[column] - 5 / 7, abs=0.01)
                assert look(top + 2, "NumberFormat") == body.number_format
                assert look(top + 2, "HorizontalAlignment") == aligned[body.alignment.horizontal]
                assert look(top + 1, "HorizontalAlignment") == aligned[head.alignment.horizontal]
                assert look(top + 1, "Interior.Color") == bgr(head.fill.fgColor.rgb)
                assert look(top + 1, "Font.Color") == bgr(head.font.color.rgb)
                assert look(top + 2, "Font.Color") == bgr(body.font.color.rgb)
                assert look(top + 1, "Font.Bold") is True
                assert look(top + 1, "WrapText") is True
                assert look(top + 1, "Font.Name") == head.font.name == look(top + 2, "Font.Name")
        assert (sheet.format(1, 1, "Font.Size"), sheet.format(1, 1, "RowHeight")) == (16, 24)


def test_pages_are_those_of_the_file(write: Write, excel: Application) -> None:
    report = full_report()
    write(report)
    file = openpyxl.load_workbook(io.BytesIO(write_file(report)))
    assert excel.active_book is not None
    for page in file.worksheets:
        setup = excel.active_book.sheet(page.title).page
        assert setup.PrintArea == page.print_area.split("!")[-1]
        assert {1: "portrait", 2: "landscape"}[setup.Orientation] == page.page_setup.orientation
        assert (setup.PaperSize, setup.Zoom) == (page.page_setup.paperSize, False)
        assert (setup.FitToPagesWide, setup.FitToPagesTall) == (1, 1)
        assert setup.LeftFooter == "&9kfxl  &A"
        assert setup.RightFooter == "&9Page &P of &N"


def bgr(rgb: str) -> int:
    red, green, blue = (int(rgb[i : i + 2], 16) for i in (2, 4, 6))
    return red + 256 * green + 65536 * blue


@pytest.mark.parametrize("strategy", ["kalman", "risk-parity"])
def test_charts_are_those_of_the_report(strategy: str, write: Write, excel: Application) -> None:
    report = full_report(strategy)
    write(report)
    assert excel.active_book is not None
    for sheet in report.sheets:
        page = excel.active_book.sheet(sheet.name)
        assert len(page.charts) == len(sheet.charts)
        for frame, chart in zip(page.charts, sheet.charts, strict=True):
            check_chart(page, frame, sheet, chart)


def check_chart(page: Worksheet, frame: Any, sheet: ReportSheet, wanted: Chart) -> None:
    chart, picture = frame.chart, picture_of(sheet, wanted)
    assert chart.ChartType == KINDS[wanted.kind]
    assert chart.ChartTitle.Text.removeprefix(" ") == wanted.title
    assert frame.ShapeRange.AlternativeText == wanted.alt
    corner = page.Range(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[wanted.anchor[1]]}{wanted.anchor[0] + 1}")
    assert frame.place == (corner.Left, corner.Top, 0.75 * wanted.size[0], 0.75 * wanted.size[1])
    assert [series.Name.removeprefix(" ") for series in chart.series] == [
        series.name for series in wanted.series
    ]
    for position, (series, line) in enumerate(zip(chart.series, picture.series, strict=True)):
        assert series.values.sheet is series.categories.sheet is page
        assert series.values.Address == line.values.local
        assert series.categories.Address == picture.categories.local
        color = bgr("FF" + picture.color(position)[1:])
        if wanted.kind == "line":
            assert color == series.format.line.ForeColor.RGB
            assert series.format.line.Weight == line.width
            assert series.format.line.DashStyle == {"solid": 1, "dash": 4}[line.dash]
            assert series.MarkerStyle == -4142
        else:
            assert color == series.format.fill.ForeColor.RGB
    category, value = chart.axes[CATEGORY], chart.axes[VALUE]
    assert (category.AxisTitle.Text, value.AxisTitle.Text) == (wanted.x_title, wanted.y_title)
    assert value.TickLabels.NumberFormatLocal == wanted.y_format
    assert value.HasMajorGridlines
    assert category.TickLabelPosition == -4134
    if wanted.dates:
        assert picture.ticks is not None
        assert category.CategoryType == 3
        assert category.TickLabels.NumberFormatLocal == picture.ticks.number_format
        assert category.MajorUnit == picture.ticks.step
        assert category.MajorUnitScale == {"months": 1, "years": 2}[picture.ticks.unit]
    if wanted.y_range:
        assert (value.MinimumScale, value.MaximumScale) == wanted.y_range
    assert chart.HasLegend == (wanted.legend and len(wanted.series) > 1)


def test_series_and_titles_that_look_like_references_are_text(
    write: Write, excel: Application
) -> None:
    write(full_report())
    assert excel.active_book is not None
    names = [series.Name for series in excel.active_book.sheet("Weights").charts[0].chart.series]
    assert names == ["Stocks", " =Bonds", "2020"]


def test_text_stays_text_and_missing_numbers_stay_blank(write: Write, excel: Application) -> None:
    texts = ("=1+1", "+Bonds", "-5%", "@Gold", "2020", "MAR1", "1/2", "TRUE", "#N/A", "'x", "")
    rows = tuple((text, None, True, 3) for text in texts)
    block = Block("T", (4, 0), ("=A1", "1", "TRUE", "-"), rows, ("General",) * 4)
    write(Report("R", (ReportSheet("S", "=title", "+note", (block,)),)))
    assert excel.active_book is not None
    page = excel.active_book.sheet("S")
    for row, text in enumerate(texts, start=6):
        content = page.cells.get((row, 1))
        assert (content.value, content.kind) == (text, "text") if text else content is None
        assert (row, 2) not in page.cells
        assert page.value(row, 3) is True
        assert page.value(row, 4) == 3.0
    assert all(page.cells[5, column].kind == "text" for column in range(1, 5))
    assert (page.value(1, 1), page.value(2, 1)) == ("=title", "+note")


def test_workbooks_that_count_from_1904_get_the_same_dates(
    write: Write, excel: Application
) -> None:
    assert excel.active_book is not None
    excel.active_book.Date1904 = True
    write(small_report("S"))
    assert excel.active_book.sheet("S").value(6, 2) == 43861 - 1462


def test_number_formats_in_a_german_excel(write: Write, excel: Application) -> None:
    excel.language = GERMAN
    report = full_report()
    write(report)
    assert excel.active_book is not None
    for sheet in report.sheets:
        page = excel.active_book.sheet(sheet.name)
        for block in sheet.blocks:
            top, left = block.anchor
            found = [
                page.format(top + 2, left + 1 + i, "NumberFormat")
                for i in range(len(block.formats))
            ]
            assert found == list(block.formats)
    chart = excel.active_book.sheet("Value").charts[0].chart
    assert chart.axes[CATEGORY].TickLabels.NumberFormatLocal == "JJJJ"
    assert chart.axes[VALUE].TickLabels.NumberFormatLocal == "#.##0"


@pytest.mark.parametrize("told", [None, (), ("US",) * 45, tuple(range(45))])
def test_an_excel_that_tells_no_codes_gets_us_formats(
    told: object, write: Write, excel: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Application, "International", property(lambda _: told))
    write(small_report("S"))
    assert excel.active_book is not None
    assert excel.active_book.sheet("S").format(6, 2, "NumberFormat") == "yyyy-mm-dd"


def test_own_sheets_are_replaced_in_their_place(write: Write, excel: Application) -> None:
    write(small_report("Weights", "Risk", "Old"))
    book = excel.active_book
    assert book is not None
    with excel.calls.inside():
        book.sheets.append(Worksheet(book, "After"))
    old = [book.sheet(name) for name in ("Weights", "Risk", "Old")]
    write(small_report("Weights", "Risk"))
    assert book.sheet_names() == ["Sheet1", "Weights", "Risk", "After"]
    assert not set(old) & set(book.sheets)


def test_a_users_sheets_are_never_touched(write: Write, excel: Application) -> None:
    book = excel.active_book
    assert book is not None
    mine = Worksheet(book, "weights")
    chart = ChartSheet(book, "Risk")
    book.sheets += [mine, chart]
    book.worksheets()[0].Range("A1").Value = "keep"
    before = dict(book.sheet("Sheet1").cells)
    written = write(small_report("Weights", "Risk"))
    assert written.names == ("Weights (2)", "Risk (2)")
    assert mine in book.sheets
    assert chart in book.sheets
    assert not mine.cells
    assert book.sheet("Sheet1").cells == before
    series = book.sheet("Weights (2)").charts[0].chart.series[0]
    assert series.Formula == ("=SERIES(\"One\",'Weights (2)'!$B$6:$B$7,'Weights (2)'!$C$6:$C$7,1)")
    write(small_report("Weights", "Risk"))
    assert book.sheet_names() == ["Sheet1", "weights", "Weights (2)", "Risk (2)", "Risk"]


def test_renamed_and_copied_report_sheets_are_the_users(write: Write, excel: Application) -> None:
    write(small_report("Value", "Risk"))
    book = excel.active_book
    assert book is not None
    renamed, original = book.sheet("Value"), book.sheet("Risk")
    renamed.Name = "Value 2019"
    copy = original.copy_of("Risk (2)")
    write(small_report("Value", "Risk"))
    assert renamed in book.sheets
    assert copy in book.sheets
    assert original not in book.sheets
    assert sorted(book.sheet_names()) == ["Risk", "Risk (2)", "Sheet1", "Value", "Value 2019"]


def test_marks_are_hidden_and_of_the_sheet(write: Write, excel: Application) -> None:
    write(small_report("Expected returns"))
    assert excel.active_book is not None
    (mark,) = excel.active_book.sheet("Expected returns").names
    assert (mark.Name, mark.RefersTo) == (
        "'Expected returns'!kfxl_report",
        '="Expected returns"',
    )
    assert mark.Visible is False


def test_hidden_last_sheet_and_long_names(write: Write, excel: Application) -> None:
    book = excel.active_book
    assert book is not None
    hidden = Worksheet(book, "Hidden")
    hidden.visible = 2
    book.sheets.append(hidden)
    book.sheets.append(Worksheet(book, "x" * 31))
    written = write(small_report("x" * 31))
    assert written.names == ("x" * 27 + " (2)",)
    assert book.sheet_names() == ["Sheet1", "Hidden", "x" * 31, "x" * 27 + " (2)"]


def test_old_format_is_too_small(write: Write, excel: Application, monkeypatch: Any) -> None:
    from tests.hosts import fake_excel

    monkeypatch.setattr(fake_excel, "COLUMNS", 3)
    with pytest.raises(kfxl.InputError, match=r"more than it has; save it as \.xlsx"):
        write(small_report("S"))
    assert excel.active_book is not None
    assert excel.active_book.sheet_names() == ["Sheet1"]


def test_panes_are_frozen_where_new_sheets_come_in_page_layout_view(
    write: Write, excel: Application
) -> None:
    excel.new_view["View"] = PAGE_LAYOUT
    write(small_report("S"))
    assert excel.active_book is not None
    view = excel.active_book.sheet("S").view
    assert (view["View"], view["FreezePanes"], view["SplitRow"]) == (NORMAL_VIEW, True, 5)


@pytest.mark.parametrize("call", ["Application.ActiveWindow", "Window.View=", "Window.SplitRow="])
def test_a_window_that_refuses_its_looks_does_not_keep_the_report(
    write: Write, excel: Application, call: str
) -> None:
    excel.calls.broken = {call}
    assert write(small_report("S")).names == ("S",)
    assert excel.active_book is not None
    sheet = excel.active_book.sheet("S")
    assert sheet.page.FitToPagesWide == 1
    assert "FreezePanes" not in sheet.view or not sheet.view["FreezePanes"]


def test_blocks_are_written_by_one_call_each(write: Write, excel: Application) -> None:
    report = full_report()
    write(report)
    writes = excel.calls.names.count("Range.Value=")
    blocks = sum(len(sheet.blocks) for sheet in report.sheets)
    assert writes == 2 * blocks + len(report.sheets)
