"""A report as LibreOffice's extension gets it: the same cells, looks and charts as in a file."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from kfxl.hosts.calc_report import plain_report
from kfxl.spreadsheet.commands import function_report
from kfxl.spreadsheet.report import Report
from kfxl.spreadsheet.reporting.layout import columns_of, frozen_rows, picture_of, printed
from kfxl.spreadsheet.reporting.model import Block, ReportSheet
from kfxl.spreadsheet.reporting.writer import write_report as write_file
from tests.hosts.reports import full_report, small_report

EPOCH = dt.datetime(1899, 12, 30)
REPORTS: dict[str, Callable[[], Report]] = {"kalman": full_report, "functions": function_report}


@pytest.fixture(params=REPORTS, scope="module")
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


@pytest.fixture
def plain(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(plain_report(report), allow_nan=False))
    return found


def cells_of(page: dict[str, Any]) -> dict[tuple[int, int], Any]:
    """What is written where, numbers first, as the extension does."""
    found = {}
    for cells in [*page["numbers"], *page["texts"]]:
        top, left = cells["at"]
        assert len({len(row) for row in cells["rows"]}) == 1
        for row, line in enumerate(cells["rows"], start=top):
            for column, value in enumerate(line, start=left):
                assert isinstance(value, float | str), "data arrays take nothing else"
                if value != "":
                    assert (row, column) not in found, "written twice"
                    found[row, column] = value
    return found


def looks_of(page: dict[str, Any], name: str) -> dict[tuple[int, int], Any]:
    """One part of the look of each cell: the last that is set."""
    found = {}
    for look in page["looks"]:
        if name in look:
            top, left, height, width = look["area"]
            for row in range(top, top + height):
                for column in range(left, left + width):
                    found[row, column] = look[name]
    return found


def test_cells_are_those_of_the_file(report: Report, plain: dict[str, Any]) -> None:
    file = openpyxl.load_workbook(io.BytesIO(write_file(report)))
    assert file.sheetnames == [page["name"] for page in plain["sheets"]]
    for page in plain["sheets"]:
        wanted = {
            (cell.row - 1, cell.column - 1): (cell.value - EPOCH) / dt.timedelta(1)
            if isinstance(cell.value, dt.datetime)
            else cell.value
            for row in file[page["name"]].iter_rows()
            for cell in row
            if cell.value is not None
        }
        found = cells_of(page)
        assert found.keys() == wanted.keys()
        for place, value in wanted.items():
            assert found[place] == (value if isinstance(value, str) else pytest.approx(value))
        height, width = page["size"]
        assert height > max(row for row, _ in found)
        assert width > max(column for _, column in found)


def test_looks_are_those_of_the_layout(report: Report, plain: dict[str, Any]) -> None:
    for sheet, page in zip(report.sheets, plain["sheets"], strict=True):
        formats, aligned = looks_of(page, "format"), looks_of(page, "align")
        widths = {
            column: characters
            for first, count, characters in page["widths"]
            for column in range(first, first + count)
        }
        wanted = {}
        for block in sheet.blocks:
            top, left = block.anchor
            for column, look in enumerate(columns_of(block), start=left):
                wanted[column] = look.width
                for row in range(top, top + len(block.rows) + 1):
                    assert aligned[row, column] == look.align
                    shown = formats.get((row, column), "General")
                    assert shown == ("General" if row == top else look.number_format)
        assert widths == wanted
        assert page["frozen"] == frozen_rows(sheet)
        assert page["headers"] == sorted({block.anchor[0] for block in sheet.blocks})
        assert looks_of(page, "bold")[0, 0]


def test_only_columns_of_numbers_and_dates_are_made_to_fit(
    report: Report, plain: dict[str, Any]
) -> None:
    for page in plain["sheets"]:
        formats = looks_of(page, "format")
        for cells in page["numbers"]:
            top, left = cells["at"]
            assert all((top, left + column) in formats for column in range(len(cells["rows"][0])))


def test_charts_draw_what_the_pictures_say(report: Report, plain: dict[str, Any]) -> None:
    for sheet, page in zip(report.sheets, plain["sheets"], strict=True):
        cells = cells_of(page)
        assert len(page["charts"]) == len(sheet.charts)
        for chart, drawn in zip(sheet.charts, page["charts"], strict=True):
            picture = picture_of(sheet, chart)
            assert (drawn["kind"], drawn["title"], drawn["alt"]) == (
                picture.kind,
                picture.title,
                picture.alt,
            )
            assert drawn["legend"] == picture.shows_legend
            for position, (line, series) in enumerate(
                zip(picture.series, drawn["series"], strict=True)
            ):
                values = line.values
                place = [values.row, values.column, values.height, values.width]
                assert series["values"] == place
                assert f"#{series['color']:06X}" == picture.color(position).upper()
                assert series["dash"] == (line.dash == "dash")
                if picture.shows_legend:
                    assert cells[tuple(series["label"][:2])] == line.name
            ticks = picture.ticks
            assert drawn["x"]["dates"] == (
                ticks and {"format": ticks.number_format, "step": ticks.step, "unit": ticks.unit}
            )


def test_pages_are_those_of_the_layout(report: Report, plain: dict[str, Any]) -> None:
    for sheet, page in zip(report.sheets, plain["sheets"], strict=True):
        top, left, height, width = page["page"]["area"]
        assert (top, left, top + height - 1, left + width - 1) == printed(sheet)
        left_part, right_part = page["page"]["footer"]
        assert left_part == {"size": 9, "parts": [{"text": "kfxl  "}, {"field": "sheet"}]}
        parts = [{"text": "Page "}, {"field": "page"}, {"text": " of "}, {"field": "pages"}]
        assert right_part == {"size": 9, "parts": parts}


def test_dates_are_counted_from_the_documents_first_day() -> None:
    for days in (0, 1462):
        (page,) = plain_report(small_report("Small"), days)["sheets"]
        assert cells_of(page)[5, 1] == 43861.0 - days


def test_true_is_a_number_with_a_look_of_its_own() -> None:
    rows = (("on", True), ("=off", False), ("none", None))
    block = Block("Switches", (4, 2), ("Name", "Value"), rows, ("General", "General"))
    report = Report("Small", (ReportSheet("Small", "Title", "=note", (block,)),))
    (page,) = plain_report(report)["sheets"]
    cells = cells_of(page)
    assert (cells[5, 3], cells[6, 3], cells[6, 2]) == (1.0, 0.0, "=off")
    assert (7, 3) not in cells
    assert looks_of(page, "format") == {(5, 3): "BOOLEAN", (6, 3): "BOOLEAN"}


def test_a_table_without_rows_has_its_header() -> None:
    block = Block("Empty", (4, 0), ("Name", "Value"), (), ("General", "0.00"))
    report = Report("Small", (ReportSheet("Small", "Title", "Note", (block,)),))
    (page,) = plain_report(report)["sheets"]
    assert page["numbers"] == []
    assert cells_of(page)[4, 1] == "Value"
