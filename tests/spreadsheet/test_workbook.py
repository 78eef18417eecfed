"""The template: structure, reproducibility, and its cached numbers against the core's."""

import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl.utils import range_boundaries

import kfxl
from kfxl.estimation.covariance import METHODS
from kfxl.spreadsheet.recalculate import recalculate
from kfxl.spreadsheet.settings import SETTINGS
from kfxl.spreadsheet.template.frame import FIRST, SHEETS
from kfxl.spreadsheet.workbook import FRENCH_BUDGETS, build_template
from tests.spreadsheet import template_xml
from tests.spreadsheet.built_template import FACTORS, RETURNS, named, template

COMMITTED = Path(__file__).parents[2] / "workbook" / "kfxl.xlsx"
ERRORS = ("#N/A", "#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NULL!", "#KFXL!")
LOOKBACK = 60


@cache
def opened(values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(template()), data_only=values)


def weights_of(book: openpyxl.Workbook, name: str) -> np.ndarray:
    header, values = named(book, name)
    assert header == list(RETURNS.columns)
    return np.array(values, dtype=float)


def test_same_data_give_the_same_bytes():
    assert build_template() == template()


def test_committed_template_is_the_one_that_is_built():
    old, new = template_xml.parts(COMMITTED.read_bytes()), template_xml.parts(template())
    assert list(old) == list(new)
    value = re.compile(rb"<v>(.*?)</v>")
    for name, data in new.items():
        assert value.sub(b"", old[name]) == value.sub(b"", data), name
        for mine, theirs in zip(value.findall(data), value.findall(old[name]), strict=True):
            if mine != theirs:  # another processor may round differently
                assert float(mine) == pytest.approx(float(theirs), rel=1e-6, abs=1e-9)


def test_sheets_and_names():
    book = opened(values=False)
    assert book.sheetnames == list(SHEETS)
    assert set(SETTINGS) < set(book.defined_names)
    for name, defined in book.defined_names.items():
        if name in ("Returns_Data", "Factors_Data"):
            continue
        sheet, _, address = defined.attr_text.rpartition("!")
        assert sheet.strip("'") in SHEETS
        assert range_boundaries(address)


def test_names_of_inputs_grow_with_the_data():
    text = opened(values=False).defined_names["Returns_Data"].attr_text
    assert text == (
        "Returns!$A$1:INDEX(Returns!$A$1:$CW$5001,MAX(2,COUNTA(Returns!$A$1:$A$5001)),"
        "MAX(2,COUNTA(Returns!$A$1:$CW$1)))"
    )


def test_no_merged_cells_frozen_headers_and_page_setup():
    for page in opened(values=False):
        assert not page.merged_cells.ranges
        assert page.freeze_panes
        assert page.page_setup.orientation == "landscape"
        assert page.sheet_properties.pageSetUpPr.fitToPage


def test_every_formula_has_a_value_and_none_is_an_error():
    count = 0
    for name, data in template_xml.parts(template()).items():
        if "worksheets/sheet" in name:
            formulas = re.findall(rb"<c [^>]*><f.*?</c>", data)
            assert all(b"<v>" in cell or b"<v/>" in cell for cell in formulas)
            count += len(formulas)
    assert count > 2000
    for page in opened(values=True):
        for row in page.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    assert not cell.value.startswith(ERRORS), (page.title, cell.coordinate)


def test_charts_remember_what_they_draw():
    contents = template_xml.parts(template())
    cached = re.findall(rb"<c:v>([-0-9.eE]+)</c:v>", contents["xl/charts/chart1.xml"])
    forecast = kfxl.expected_returns(RETURNS).forecast.to_numpy()
    assert np.array(cached[: len(forecast)], dtype=float) == pytest.approx(forecast, rel=1e-12)


def test_formulas_use_plain_function_names_and_no_spill_operator():
    for name, data in template_xml.parts(template()).items():
        if "worksheets/sheet" in name:
            for formula in re.findall(rb"<f[^>]*>(.*?)</f>", data):
                assert b"_xl" not in formula
                assert b"#" not in re.sub(rb'"[^"]*"|&quot;.*?&quot;', b"", formula)
                assert b"OFFSET(" not in formula


def test_charts_are_native_and_described():
    contents = template_xml.parts(template())
    assert sum(name.startswith("xl/charts/chart") for name in contents) == 12
    for name, data in contents.items():
        if name.startswith("xl/drawings/drawing"):
            frames = re.findall(rb"<xdr:cNvPr [^>]*>", data)
            assert frames
            assert all(re.search(rb'descr="[^"]{20,}"', frame) for frame in frames)


def test_opening_without_the_add_in_keeps_the_values():
    workbook = template_xml.parts(template())["xl/workbook.xml"]
    assert b'calcId="191029"' in workbook
    assert b"fullCalcOnLoad" not in workbook


def test_every_check_is_true():
    book = opened(values=True)
    assert named(book, "All_Checks") == [[True]]
    assert all(value is True for (value,) in named(book, "Check_Results"))


def test_settings_are_never_blank():
    book = opened(values=True)
    assert all(named(book, name)[0][0] not in (None, "") for name in SETTINGS)


def test_the_drop_down_offers_every_covariance_method():
    assert SETTINGS["Covariance_Method"].options == METHODS
    sheet, _, cell = (
        opened(values=False).defined_names["Covariance_Method"].attr_text.partition("!")
    )
    rules = opened(values=False)[sheet].data_validations.dataValidation
    rule = next(rule for rule in rules if cell.replace("$", "") in rule.sqref)
    assert rule.formula1 == f'"{",".join(METHODS)}"'


def test_the_factor_models_covariance_reaches_every_weight():
    place = opened(values=False).defined_names["Covariance_Method"].attr_text.split("!")[1]
    package = template_xml.with_cell(
        template(), "Settings", place.replace("$", ""), "kalman_factor"
    )
    book = openpyxl.load_workbook(io.BytesIO(recalculate(package)), data_only=True)
    covariance = kfxl.covariance(RETURNS, method="kalman_factor", window=LOOKBACK)
    forecast = kfxl.expected_returns(RETURNS).forecast
    wanted = {
        "Weights_Mean_Variance": kfxl.mean_variance_weights(forecast, covariance, cost=0.001),
        "Weights_Risk_Parity": kfxl.risk_parity_weights(covariance),
    }
    for name, weights in wanted.items():
        assert weights_of(book, name) == pytest.approx(weights.to_numpy(), rel=0, abs=1e-12)
    assert named(book, "All_Checks") == [[True]]


def test_expected_returns_are_the_cores():
    expected = kfxl.expected_returns(RETURNS).forecast
    assert weights_of(opened(values=True), "Expected_Returns") == pytest.approx(
        expected.to_numpy(), rel=0, abs=1e-12
    )


def test_betas_are_the_cores():
    rows = named(opened(values=True), "Factor_Betas")
    found = np.array([row[1:] for row in rows[1:]], dtype=float)
    assert found == pytest.approx(
        kfxl.factor_betas(RETURNS, FACTORS).latest.to_numpy(), rel=0, abs=1e-12
    )


def test_weights_are_the_cores():
    book = opened(values=True)
    covariance = kfxl.covariance(RETURNS, method="ledoit_wolf", window=LOOKBACK)
    forecast = kfxl.expected_returns(RETURNS).forecast
    wanted = {
        "Weights_Mean_Variance": kfxl.mean_variance_weights(forecast, covariance, cost=0.001),
        "Weights_Risk_Parity": kfxl.risk_parity_weights(covariance),
        "Weights_Risk_Budget": kfxl.risk_budget_weights(
            covariance, [FRENCH_BUDGETS[name] for name in RETURNS.columns]
        ),
    }
    for name, weights in wanted.items():
        assert weights_of(book, name) == pytest.approx(weights.to_numpy(), rel=0, abs=1e-12)
    volatility = np.sqrt(
        [12 * weights @ covariance.to_numpy() @ weights for weights in wanted.values()]
    )
    assert named(book, "Weights_Volatility")[0][:3] == pytest.approx(volatility, rel=1e-12)


def test_one_changed_return_changes_every_weight_that_depends_on_it():
    changed = RETURNS.copy()
    changed.iloc[-1, 0] = 0.25
    package = recalculate(template_xml.with_cell(template(), "Returns", "B241", 0.25))
    book = openpyxl.load_workbook(io.BytesIO(package), data_only=True)
    covariance = kfxl.covariance(changed, method="ledoit_wolf", window=LOOKBACK)
    parity = kfxl.risk_parity_weights(covariance).to_numpy()
    assert weights_of(book, "Weights_Risk_Parity") == pytest.approx(parity, rel=0, abs=1e-12)
    assert named(book, "All_Checks") == [[True]]


def test_textbook_mode_reaches_the_formulas():
    place = opened(values=False).defined_names["Noise_Mode"].attr_text.split("!")[1]
    package = template_xml.with_cell(template(), "Settings", place.replace("$", ""), "Textbook")
    book = openpyxl.load_workbook(io.BytesIO(recalculate(package)), data_only=True)
    expected = kfxl.expected_returns(
        RETURNS, transition=0.99, process_variance=0.001, observation_variance=0.01
    ).forecast
    assert weights_of(book, "Expected_Returns") == pytest.approx(
        expected.to_numpy(), rel=0, abs=1e-12
    )


def test_a_sheet_that_fits_says_so_in_green():
    formulas, values = opened(values=False), opened(values=True)
    for sheet in ("Expected returns", "Factor betas", "Weights", "Risk"):
        good = next(
            rule.formula[0]
            for area in formulas[sheet].conditional_formatting
            if "A3" in str(area.sqref)
            for rule in area.rules
            if not rule.formula[0].startswith("NOT")
        )
        assert good == f'A3="{values[sheet]["A3"].value}"'


def test_no_check_reads_an_array_formula():
    """LibreOffice computes those anew when it loads the file, without our functions."""
    book = opened(values=False)
    arrays = {
        (sheet.title, cell.coordinate)
        for sheet in book
        for area in (range_boundaries(str(a)) for a in sheet.array_formulae.values())
        for row in sheet.iter_rows(area[1], area[3], area[0], area[2])
        for cell in row
    }
    assert arrays
    text = " ".join(str(row[0].value) for row in book["Checks"]["B3:B60"])
    for name, defined in book.defined_names.items():
        sheet, _, address = defined.attr_text.rpartition("!")
        if re.search(rf"\b{name}\b", text) and "(" not in defined.attr_text:
            left, top, _, _ = range_boundaries(address)
            corner = book[sheet.strip("'")].cell(top, left).coordinate
            assert (sheet.strip("'"), corner) not in arrays, name


@pytest.mark.parametrize(("weight", "kept"), [(0.25, True), (1.5, False), (-0.1, False)])
def test_the_check_of_the_bounds_sees_a_weight_outside(weight, kept):
    book = openpyxl.load_workbook(io.BytesIO(template()))
    book["Weights"].cell(FIRST + 2, 2).value = weight
    changed = io.BytesIO()
    book.save(changed)
    done = openpyxl.load_workbook(io.BytesIO(recalculate(changed.getvalue())), data_only=True)
    rows = {row[0].value: row[1].value for row in done["Checks"]["A6:B40"]}
    assert rows["Mean-variance weights keep their bounds"] is kept
