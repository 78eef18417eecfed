"""The committed template in LibreOffice: all our cells against the core, after each edit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from kfxl import __version__
from kfxl.spreadsheet.functions import FUNCTIONS
from kfxl.spreadsheet.recalculate import recalculate
from kfxl.spreadsheet.stored.book import StoredWorkbook
from kfxl.spreadsheet.stored.package import Package
from tests.hosts.calc.documents import Document
from tests.hosts.calc.edits import EDITS, Edit
from tests.hosts.calc.office import Office
from tests.hosts.calc.own_formulas import OwnFormulas
from tests.hosts.calc.shown import CLOSE, Cells, apart, is_error, largest

pytestmark = pytest.mark.host
TEMPLATE = Path(__file__).parents[3] / "workbook" / "kfxl.xlsx"
SEVERAL = ("a return", "risk aversion", "noise Textbook", "a budget", "as of", "the asset to show")
# What the template does not use itself, on its own names and on a sheet of its own.
MORE = "More"
SETTINGS = [["rebalance_every", 12.0], ["lookback", 36.0]]
PRICES = [["Date", "Gold", "Land"], [36922.0, 4.0, 8.0], [36950.0, 5.0, 6.0], [36981.0, 2.5, 9.0]]
ADDED = (
    ("E1:P2", "MEAN_VARIANCE_WEIGHTS(Expected_Returns,Weights!$W$36:$AI$48,Risk_Aversion)"),
    ("E4:F18", "PORTFOLIO_PERFORMANCE(Returns_Data,Weights_Risk_Parity,12)"),
    ("H4:T28", 'PORTFOLIO_BACKTEST(Returns_Data,"risk-budget",Budget_Row,$A$1:$B$2,"weights",24)'),
    ("E30:G33", "PRICES_TO_RETURNS($A$4:$C$7)"),
    ("E35:E35", "KFXL_VERSION()"),
)


@pytest.fixture(scope="module")
def template(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    """The template as a user opens it, and recalculates it."""
    path = shutil.copy(TEMPLATE, tmp_path_factory.mktemp("template") / "kfxl.xlsx")
    with office.open(Path(path)) as document:
        document.call("add_sheet", name=MORE)
        document.fill(MORE, "A1", SETTINGS)
        document.fill(MORE, "A4", PRICES)
        for area, formula in ADDED:
            spelt = formula.replace("Weights!", "$Weights.").replace(",", ";")
            document.enter((MORE, area, f"={spelt}"))
        document.recalculate()
        yield document


@pytest.fixture(scope="module")
def ours() -> OwnFormulas:
    """Our formulas as the file has them, and those that were added."""
    formulas = OwnFormulas(TEMPLATE)
    for area, formula in ADDED:
        formulas.add(MORE, area, formula)
    return formulas


def held(document: Document) -> dict[str, Cells]:
    """Values of all cells."""
    return {sheet: document.read(sheet) for sheet in document.sheets()}


def check_cells(ours: OwnFormulas, values: dict[str, Cells]) -> set[str]:
    """Every cell of every formula of ours shows what the core gives; texts about what is wrong.

    A backtest refuses some data that the sheets of the template take, so its own do not count.
    """
    texts = set()
    for area, name, expected in ours.expected(values):
        distance = largest(ours.shown(values, area), expected)
        assert distance <= CLOSE, f"{name} in {area}: {distance}"
        if area.sheet != MORE:
            texts |= {str(cell) for row in expected for cell in row}
    return {text for text in texts if text.startswith("#KFXL!")}


def check_checks(values: dict[str, Cells], fine: bool) -> None:
    """The sheet Checks says TRUE throughout, or not."""
    results = {row[0]: row[1] for row in values["Checks"][5:] if row[0]}
    assert len(results) > 20
    wrong = [name for name, result in results.items() if result != 1]
    assert bool(wrong) != fine, wrong
    assert values["Checks"][2][1] == fine


def test_a_function_answers_in_the_template(template: Document) -> None:
    assert template.value("Start", "B5") == f"kfxl {__version__} answers"


def test_after_load_every_cell_of_ours_equals_the_core(
    template: Document, ours: OwnFormulas
) -> None:
    values = held(template)
    assert ours.functions() == set(FUNCTIONS)
    assert check_cells(ours, values) == set()
    check_checks(values, True)


def test_after_load_every_formula_shows_what_the_file_held(
    template: Document, ours: OwnFormulas
) -> None:
    check_against(ours.book, held(template))


def check_against(book: StoredWorkbook, values: dict[str, Cells]) -> None:
    """Every formula's cells, ours and others, show what a workbook's file holds."""
    distances: dict[str, float] = {}
    for formula in book.formulas():
        area = formula.area
        for i in range(area.top, area.bottom + 1):
            for j in range(area.left, area.right + 1):
                stored: Any = book.stored_value(formula.sheet, i, j)
                cell = values[formula.sheet][i - 1][j - 1]
                stored = "" if stored is None else stored
                if is_error(cell) and is_error(stored):
                    continue  # programs have errors of their own for the same mistake
                distance = apart(cell, stored)
                if distance > CLOSE:
                    distances[f"{formula.address} ({i}, {j}): {stored!r}, {cell!r}"] = distance
    assert distances == {}


def test_no_chart_covers_another(template: Document) -> None:
    places = template.places()
    assert sum(map(len, places.values())) == 12
    for sheet, charts in places.items():
        for one, other in combinations(charts, 2):
            beside = one[2] <= other[0] or other[2] <= one[0]
            below = one[3] <= other[1] or other[3] <= one[1]
            assert beside or below, (sheet, one, other)


@pytest.fixture(scope="module")
def at_first(template: Document) -> dict[str, Cells]:
    """Values of all cells before any edit."""
    return held(template)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_after_an_edit_every_cell_of_ours_equals_the_core(
    template: Document, ours: OwnFormulas, at_first: dict[str, Cells], edit: Edit
) -> None:
    before = [(sheet, cell, template.value(sheet, cell)) for sheet, cell, _ in edit.changes]
    template.write(*edit.changes)
    try:
        values = held(template)
    finally:
        template.write(*before)
    wrong = check_cells(ours, values)
    check_checks(values, edit.fine)
    changed = {sheet for sheet in values if values[sheet] != at_first[sheet]}
    assert changed & {"Expected returns", "Factor betas", "Weights", "Risk"}
    assert bool(wrong) == bool(edit.text), wrong
    assert not edit.text or any(text.startswith(edit.text) for text in wrong), wrong


def test_after_all_edits_are_undone_every_cell_is_as_it_was(
    template: Document, at_first: dict[str, Cells]
) -> None:
    values = held(template)
    for sheet, rows in at_first.items():
        # What was added is still in use, as blank cells.
        kept = [row[: len(rows[0])] for row in values[sheet][: len(rows)]]
        assert largest(kept, rows) <= CLOSE


def test_a_book_that_libreoffice_saved_recalculates_to_what_it_shows(
    template: Document, tmp_path: Path
) -> None:
    changes = [change for edit in EDITS if edit.name in SEVERAL for change in edit.changes]
    before = [(sheet, cell, template.value(sheet, cell)) for sheet, cell, _ in changes]
    template.write(*changes)
    try:
        values = held(template)
        saved = template.save_as(tmp_path / "saved.xlsx").read_bytes()
    finally:
        template.write(*before)
    check_against(StoredWorkbook(Package(recalculate(saved))), values)
