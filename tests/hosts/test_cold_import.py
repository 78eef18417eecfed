"""What Excel waits for when it calls the first function: only the packages it cannot spare."""

from __future__ import annotations

import pytest

from tests.benchmarks.imports import assert_no_more, loaded_by

# The solver is loaded by the calls that need it, the others by no function.
HEAVY = {
    *("sklearn", "piqp", "joblib", "xlsxwriter", "openpyxl", "lxml", "formulon", "wasmtime"),
    *("typer", "rich", "cvxpy", "statsmodels", "matplotlib", "pyopenvba", "olefile"),
}
EXCEL = ("kfxl.hosts.excel", "xlwings, numpy, scipy, pandas")


@pytest.mark.parametrize(
    ("modules", "spared"),
    [
        EXCEL,
        ("kfxl.spreadsheet.functions", "numpy, scipy, pandas"),
        ("kfxl", "numpy, scipy, pandas"),
    ],
)
def test_a_cold_start_loads_nothing_beyond_what_it_cannot_spare(modules: str, spared: str) -> None:
    assert not {name.partition(".")[0] for name in loaded_by(modules)} & HEAVY
    assert_no_more(modules, spared)  # nor submodules of packages that a start does without
    # A start without a failure and without a workbook needs none of these either.
    more = loaded_by(modules) - loaded_by(spared)
    assert not more & {"socket", "logging.handlers", "zipfile", "xml.etree.ElementTree", "asyncio"}
