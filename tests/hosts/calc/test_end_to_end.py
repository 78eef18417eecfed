"""From the menu's command to a report in the document, a file that was saved, and a PDF."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from kfxl.evaluation.backtest import backtest
from kfxl.spreadsheet.report import build_report
from kfxl.spreadsheet.workbook import read_book, write_report
from tests.hosts.calc.documents import Document
from tests.hosts.calc.edits import settings
from tests.hosts.calc.office import Office
from tests.hosts.calc.own_formulas import OwnFormulas
from tests.hosts.calc.shown import CLOSE, Cells, apart, is_error, largest
from tests.hosts.calc.worksheet import cell

pytestmark = pytest.mark.host
TEMPLATE = Path(__file__).parents[3] / "workbook" / "kfxl.xlsx"
# Few decisions, as every one of them takes a while.
EDITS = (("Returns", "C100", 0.05), *settings(("B9", 6), ("B14", 8), ("B21", 36)))


@dataclass(frozen=True)
class Ran:
    """A document after the menu's command: what was said, its sheets, and files made of it."""

    document: Document
    said: str
    before: list[str]
    values: dict[str, Cells]
    charts: dict[str, list[dict[str, Any]]]
    saved: Path
    pdf: Path

    @property
    def added(self) -> list[str]:
        """Sheets of the report, as they are called in the document."""
        return [sheet for sheet in self.values if sheet not in self.before]


@pytest.fixture(scope="module")
def ran(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The template with some edits, after a backtest from the menu, saved and exported."""
    folder = tmp_path_factory.mktemp("end to end")
    with office.open(Path(shutil.copy(TEMPLATE, folder / "kfxl.xlsx"))) as document:
        document.write(*EDITS)
        before = document.sheets()
        said = document.dispatch("kfxl:run_backtest", Silent=True)
        values = {sheet: document.read(sheet) for sheet in document.sheets()}
        pdf = document.save(folder / "kfxl.pdf")
        saved = document.save_as(folder / "saved.xlsx")
        yield Ran(document, said, before, values, document.charts(), saved, pdf)


@pytest.fixture(scope="module")
def expected(ran: Ran) -> Any:
    """The report of the core's backtest on the saved file's inputs, as a workbook."""
    book = read_book(ran.saved)
    known = [book.settings[name] for name in ("rebalance_every", "risk_aversion", "lookback")]
    assert known == [6, 8, 36]
    assert book.returns.iloc[98, 1] == 0.05
    result = backtest(book.returns, factors=book.factors, **book.settings)
    content = write_report(build_report(result, book.returns, book.factors))
    return openpyxl.load_workbook(io.BytesIO(content))


def test_the_command_says_where_the_report_is(ran: Ran) -> None:
    assert ran.said.startswith("Backtest of kalman against equal-weight: see the sheets ")
    for sheet in ran.added:
        assert sheet in ran.said


def test_every_cell_of_the_report_equals_the_core_s(ran: Ran, expected: Any) -> None:
    assert len(ran.added) == len(expected.sheetnames)
    compared = 0
    for added, sheet in zip(ran.added, expected.worksheets, strict=True):
        assert added.removesuffix(" (2)") == sheet.title
        rows = [[cell(one.value) for one in row] for row in sheet.iter_rows()]
        shown = ran.values[added]
        for i, row in enumerate(rows):
            for j, meant in enumerate(row):
                found = shown[i][j] if i < len(shown) and j < len(shown[i]) else ""
                # Files keep sixteen digits, which a value of money needs.
                room = CLOSE * max(1, abs(meant) if isinstance(meant, float) else 0)
                assert apart(found, "" if meant is None else meant) <= room, (added, i, j)
                compared += isinstance(meant, float)
    assert compared > 10_000


def test_the_report_has_the_core_s_charts_with_their_numbers(ran: Ran, expected: Any) -> None:
    for added, sheet in zip(ran.added, expected.worksheets, strict=True):
        shown = ran.charts[added]
        assert len(shown) == len(sheet._charts)
        for chart in shown:
            assert chart["title"]
            numbers = [x for one in chart["series"] for _, values in one["values"] for x in values]
            assert sum(number is not None for number in numbers) > 2, chart["title"]


def test_the_template_s_own_cells_stay_right(ran: Ran) -> None:
    check_own(ran.saved, ran.values)


def check_own(book: Path, values: dict[str, Cells]) -> None:
    """All formulas of ours in a book's file, with plain names, show what the core gives."""
    ours = OwnFormulas(book)
    assert len(ours.formulas) == 23
    for area, _, meant in ours.expected(values):
        assert largest(ours.shown(values, area), meant) <= CLOSE


def test_the_saved_file_has_plain_names_after_a_second_time_too(
    ran: Ran, office: Office, tmp_path: Path
) -> None:
    check_names(ran.saved)
    with office.open(Path(shutil.copy(ran.saved, tmp_path / "second.xlsx"))) as document:
        document.recalculate()
        check_own(ran.saved, {sheet: document.read(sheet) for sheet in document.sheets()})
        check_names(document.save_as(tmp_path / "third.xlsx"))


def check_names(book: Path) -> None:
    """No formula, name or chart of a file has a long name of LibreOffice's."""
    with zipfile.ZipFile(book) as package:
        parts = {name: package.read(name) for name in package.namelist() if name.endswith("xml")}
    assert not [name for name, part in parts.items() if b"kfxl.addin" in part.lower()]
    sheets = b"".join(part for name, part in parts.items() if "worksheets/" in name)
    assert len(re.findall(rb"<f[^>]*>KF_", sheets)) > 10
    assert len([name for name in parts if "charts/chart" in name]) > 20


def test_the_pdf_shows_no_error_and_every_chart(ran: Ran) -> None:
    text = of_poppler("pdftotext", "-layout", str(ran.pdf), "-").decode()
    plain = " ".join(text.split())
    assert "###" not in plain
    assert "#KFXL!" not in plain.replace("#KFXL! argument:", "")
    # The sheet of functions says that an error value of this kind is taken for a missing one.
    assert not [word for word in plain.replace("#N/A are missing", "").split() if is_error(word)]
    titles = [chart["title"] for charts in ran.charts.values() for chart in charts]
    assert len(titles) > 30
    assert [title for title in titles if title not in plain] == []


def test_the_pdf_has_a_coloured_page_for_every_sheet_with_charts(ran: Ran) -> None:
    pages = pages_of(of_poppler("pdftoppm", "-r", "20", str(ran.pdf)))
    # Axes and letters are black or grey; bars, lines and areas are not.
    coloured = [page for page in pages if (np.ptp(page.astype(int), axis=2) > 60).mean() > 0.005]
    assert len(coloured) >= sum(bool(charts) for charts in ran.charts.values())


def of_poppler(program: str, *arguments: str) -> bytes:
    """What a program of poppler writes."""
    if shutil.which(program) is None:
        pytest.fail(f"{program} is not there; run: apt-get install poppler-utils")
    done = subprocess.run([program, *arguments], capture_output=True, timeout=120, check=True)
    return done.stdout


def pages_of(stream: bytes) -> list[np.ndarray]:
    """Pictures of pages that follow each other in the format PPM."""
    pages, at = [], 0
    while at < len(stream):
        header = re.compile(rb"P6\s(\d+)\s(\d+)\s255\s").match(stream, at)
        assert header is not None
        width, height = int(header[1]), int(header[2])
        at = header.end() + 3 * width * height
        flat = np.frombuffer(stream[header.end() : at], dtype=np.uint8)
        pages.append(flat.reshape(height, width, 3))
    return pages
