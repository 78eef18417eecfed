"""Every worksheet function called in LibreOffice's cells, against the function itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.calc.office import Office
from tests.hosts.calc.shown import CLOSE, Cells, in_area, largest
from tests.hosts.calc.worksheet import Worksheet
from tests.spreadsheet.function_calls import CALLS
from tests.spreadsheet.function_data import DRESSES, NAMES, RETURNS, WEIGHTS

pytestmark = pytest.mark.host
MIX = [WEIGHTS.tolist()]
SETTINGS = [["lookback", 36], ["cost", 0.002], ["benchmark", "equal-weight"]]
MORE = {
    "performance": ("PORTFOLIO_PERFORMANCE", (MIX, 12.0, 0.001)),
    "backtest of a mix": ("PORTFOLIO_BACKTEST", ("fixed", MIX, SETTINGS)),
    "backtest with rows": ("PORTFOLIO_BACKTEST", ("risk-parity", None, SETTINGS, "weights", 12.0)),
}
# Others differ in Python alone, and fill the same cells.
DRESSED = {
    name: DRESSES[name] for name in DRESSES if name not in {"numpy array", "tuples of tuples"}
}
ALL = {
    **{name: (call.function, call.arguments) for name, call in CALLS.items()},
    **{
        name: (function, lambda dress, more=more: (dress(RETURNS, NAMES), *more))
        for name, (function, more) in MORE.items()
    },
}


def size(result: Any) -> tuple[int, int]:
    """Rows and columns of a result."""
    return (len(result), len(result[0])) if isinstance(result, list) else (1, 1)


@pytest.fixture(scope="module")
def sheet(office: Office) -> Iterator[Worksheet]:
    """An empty document to call functions in."""
    with office.open() as document:
        yield Worksheet(document)


@pytest.fixture(scope="module")
def dressed(sheet: Worksheet) -> dict[tuple[str, str], tuple[Cells, Cells]]:
    """What every call in every dress shows, and must show."""
    expected, numbers = {}, {}
    for name, (function, arguments) in ALL.items():
        for dress, dressing in DRESSED.items():
            given = arguments(dressing)
            result = FUNCTIONS[function](*given)
            height, width = size(result)
            expected[name, dress] = in_area(result, height, width)
            numbers[name, dress] = sheet.call(function, given, height, width)
    shown = sheet.results()
    return {key: (shown[numbers[key]], expected[key]) for key in expected}


@pytest.mark.parametrize("dress", DRESSED)
@pytest.mark.parametrize("name", ALL)
def test_every_function_equals_itself_in_cells(
    dressed: dict[tuple[str, str], tuple[Cells, Cells]], name: str, dress: str
) -> None:
    found, expected = dressed[name, dress]
    assert not isinstance(expected[0][0], str) or not expected[0][0].startswith("#KFXL!")
    assert largest(found, expected) <= CLOSE
