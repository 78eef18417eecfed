"""What LibreOffice does with arguments and results that other hosts do otherwise, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kfxl import __version__
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.calc.documents import Document
from tests.hosts.calc.office import INSIDE, Office
from tests.hosts.calc.shown import CLOSE, REFUSAL, in_area, largest
from tests.spreadsheet.function_data import NAMES, RETURNS, SERIALS, dated

pytestmark = pytest.mark.host
DATA = dated(SERIALS, "Date")(RETURNS, NAMES)
AREA = f"A1:D{len(DATA)}"
BLANK = "Z1"
COVARIANCE = FUNCTIONS["RISK_COVARIANCE"](DATA)
WEIGHTS = FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA)


@pytest.fixture(scope="module")
def opened(office: Office) -> Iterator[Document]:
    """A document with returns on its one sheet."""
    with office.open() as document:
        document.fill("Sheet1", "A1", DATA)
        yield document


@pytest.fixture
def sheet(opened: Document) -> Iterator[Document]:
    """The document with room for results, emptied afterwards."""
    yield opened
    opened.call("clear", sheet="Sheet1", area="F1:Y100")


def entered(document: Document, area: str, formula: str) -> list[list[Any]]:
    """What an array formula shows in an area."""
    document.enter(("Sheet1", area, formula))
    return document.read("Sheet1", area)


def of_one_cell(document: Document, formula: str) -> Any:
    """What a formula in one cell shows."""
    document.write(("Sheet1", "F1", formula))
    return document.value("Sheet1", "F1")


@pytest.mark.parametrize(("area", "height", "width"), [("F1:H3", 3, 3), ("F1:F1", 1, 1)])
def test_a_result_larger_than_its_range_is_cut(
    sheet: Document, area: str, height: int, width: int
) -> None:
    shown = entered(sheet, area, f"=RISK_COVARIANCE({AREA})")
    assert largest(shown, [row[:width] for row in COVARIANCE[:height]]) <= CLOSE


def test_a_result_smaller_than_its_range_is_padded(sheet: Document) -> None:
    shown = entered(sheet, "F1:K6", f"=RISK_COVARIANCE({AREA})")
    assert shown[4:] == [["#N/A"] * 6] * 2
    assert {cell for row in shown for cell in row[4:]} == {"#N/A"}
    assert largest([row[:4] for row in shown[:4]], COVARIANCE) <= CLOSE


def test_a_single_row_is_repeated_and_one_cell_fills_the_range(sheet: Document) -> None:
    numbers = [row[1:] for row in DATA[1:]]
    row = FUNCTIONS["RISK_PARITY_WEIGHTS"](numbers)
    assert len(row) == 1
    shown = entered(sheet, "F1:H3", f"=RISK_PARITY_WEIGHTS(B2:D{len(DATA)})")
    assert largest(shown, row * 3) <= CLOSE
    shown = entered(sheet, "J1:M3", "=KFXL_VERSION()")
    assert shown == in_area(__version__, 3, 4) == [[__version__] * 4] * 3


def test_an_error_text_stands_in_every_cell_of_the_range(sheet: Document) -> None:
    text = FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA, -1)
    assert text.startswith("#KFXL! lookback: ")
    assert entered(sheet, "F1:I2", f"=RISK_PARITY_WEIGHTS({AREA};-1)") == [[text] * 4] * 2


def test_a_single_empty_cell_arrives_as_zero(sheet: Document) -> None:
    assert of_one_cell(sheet, f"=RISK_PARITY_WEIGHTS({AREA};{BLANK})") == (
        FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA, 0.0)
    )
    assert "lookback: 0 is too small" in FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA, 0.0)


def test_an_as_of_that_is_an_empty_cell_is_none(sheet: Document) -> None:
    shown = entered(sheet, "F1:H2", f"=RISK_PARITY_WEIGHTS({AREA};;;;{BLANK})")
    assert largest(shown, WEIGHTS) <= CLOSE


@pytest.mark.parametrize("setting", ["", '""', '"auto"', "Z2", "{36}"])
def test_settings_can_be_left_out(sheet: Document, setting: str) -> None:
    sheet.write(("Sheet1", "Z2", "auto"))
    lookback = 36 if setting == "{36}" else None
    expected = FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA, lookback)
    shown = entered(sheet, "F1:H2", f"=RISK_PARITY_WEIGHTS({AREA};{setting})")
    assert largest(shown, expected) <= CLOSE


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"])
def test_an_argument_with_an_error_is_refused(sheet: Document, error: str) -> None:
    sheet.write(("Sheet1", "F3", error))
    assert sheet.value("Sheet1", "F3") == error
    assert of_one_cell(sheet, "=RISK_COVARIANCE(F2:G3)") == REFUSAL
    assert of_one_cell(sheet, f"=RISK_COVARIANCE({AREA};F3)") == error
    assert of_one_cell(sheet, '=IFERROR(RISK_COVARIANCE(F2:G3);"caught")') == "caught"


def test_missing_values_of_a_range_can_be_made_blank_in_the_formula(sheet: Document) -> None:
    rows = [["A", "B"], [0.01, 0.02], ["#N/A", 0.01], [0.03, -0.01], [0.02, 0.01]]
    sheet.fill("Sheet1", "J1", rows)
    shown = entered(sheet, "F1:H3", '=RISK_COVARIANCE(IFERROR(J1:K5;""))')
    assert largest(shown, FUNCTIONS["RISK_COVARIANCE"](rows)) <= CLOSE


def test_texts_of_results_equal_others_only_when_joined_with_an_empty_one(
    sheet: Document,
) -> None:
    entered(sheet, "F1:H2", f"=RISK_PARITY_WEIGHTS({AREA})")
    sheet.write(
        ("Sheet1", "F4", '=G1="Land"'),
        ("Sheet1", "F5", '=G1&""="Land"'),
        ("Sheet1", "F6", '=MATCH("Land";F1:H1;0)'),
        ("Sheet1", "F7", '=MATCH("Land";INDEX(F1:H1&"";0);0)'),
    )
    assert sheet.read("Sheet1", "F4:F7") == [[0.0], [1.0], ["#N/A"], [2.0]]


def test_results_compose_with_other_functions(sheet: Document) -> None:
    numbers = f"B2:D{len(DATA)}"
    assert of_one_cell(sheet, f"=SUM(RISK_PARITY_WEIGHTS({numbers}))") == pytest.approx(1)
    formula = f"=SUMPRODUCT(MMULT(RISK_PARITY_WEIGHTS({numbers});RISK_COVARIANCE({numbers})))"
    assert isinstance(of_one_cell(sheet, formula), float)
    formula = f"=INDEX(RISK_PARITY_WEIGHTS({AREA});2;3)"
    assert of_one_cell(sheet, formula) == pytest.approx(WEIGHTS[1][2], abs=CLOSE)


def test_a_whole_column_is_its_filled_part(sheet: Document) -> None:
    shown = entered(sheet, "F1:H2", "=RISK_PARITY_WEIGHTS(A1:D1048576)")
    assert largest(shown, WEIGHTS) <= CLOSE


@pytest.mark.parametrize("days", [0, 1462])
@pytest.mark.parametrize("as_of", ["200401", "20040131", "DATE(2004;1;31)", "A50"])
def test_as_of_is_the_same_day_from_whatever_day_a_document_counts(
    office: Office, days: int, as_of: str
) -> None:
    expected = FUNCTIONS["RISK_PARITY_WEIGHTS"](DATA, None, None, None, 200401)
    assert DATA[49][0] == SERIALS[48] == 38017  # 2004-01-31
    with office.open() as document:
        if days:
            document.run(INSIDE / "reports.py", "count_from_1904")
        document.fill("Sheet1", "A1", [DATA[0], *([row[0] - days, *row[1:]] for row in DATA[1:])])
        document.run(INSIDE / "reports.py", "format_dates", sheet="Sheet1", area="A2:A9")
        assert document.shown("Sheet1", "A2:A2") == [["01/31/2000"]]
        shown = entered(document, "F1:H2", f"=RISK_PARITY_WEIGHTS({AREA};;;;{as_of})")
        assert largest(shown, expected) <= CLOSE


def test_what_as_of_means_can_be_unknown_in_a_document_that_counts_from_1904(
    office: Office,
) -> None:
    with office.open() as document:
        document.run(INSIDE / "reports.py", "count_from_1904")
        document.fill(
            "Sheet1", "A1", [["t", *NAMES], *([i, *row[1:]] for i, row in enumerate(DATA[1:], 1))]
        )
        text = of_one_cell(document, f"=RISK_PARITY_WEIGHTS({AREA};;;;200401)")
        assert text == (
            "#KFXL! as_of: 200401 is no number as the rows have, in a document that counts from "
            "1904-01-01; give a date cell, or a number as the rows have"
        )
