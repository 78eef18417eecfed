"""Writes the template workbook, fits it to other data, reads it back.

The template is written by xlsxwriter with formulas only; :mod:`kfxl.spreadsheet.recalculate`
then fills in every value, so that a reader without the add-in sees the results.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kfxl.arrays import panel
from kfxl.data import FRENCH_FACTORS, FRENCH_INDUSTRIES, FRENCH_SOURCE, french_monthly
from kfxl.evaluation.calendar import defaults_for, periods_per_year_of
from kfxl.spreadsheet.book_reader import Book, open_book, read_book, read_inputs
from kfxl.spreadsheet.panels import read_returns_csv
from kfxl.spreadsheet.reporting.writer import write_report
from kfxl.spreadsheet.template.frame import SHEETS, TemplateData, default_assets
from kfxl.spreadsheet.template.writer import build

__all__ = [
    "Book",
    "build_template",
    "fit",
    "own_sheets",
    "read_book",
    "read_returns_csv",
    "write_report",
]

FRENCH_MONTHS = 240
# A tilt to industries that people need in bad times; sums to 100 %.
FRENCH_BUDGETS = {
    "NoDur": 0.10,
    "Durbl": 0.06,
    "Manuf": 0.08,
    "Enrgy": 0.08,
    "Chems": 0.08,
    "BusEq": 0.10,
    "Telcm": 0.08,
    "Utils": 0.08,
    "Shops": 0.08,
    "Hlth": 0.12,
    "Money": 0.08,
    "Other": 0.06,
}


def build_template(
    returns: pd.DataFrame | None = None,
    factors: pd.DataFrame | None = None,
    *,
    risk_free: pd.Series[float] | None = None,
    settings: Mapping[str, object] | None = None,
    assets: pd.DataFrame | None = None,
) -> bytes:
    """The template workbook, with real data or with one's own.

    Parameters
    ----------
    returns : DataFrame, optional
        (T, N) simple returns per period, decimals, best above cash; at most 5,000 x 100.
        Left out: 240 months of 12 US industries above the risk-free rate, with 3 factors.
    factors : DataFrame, optional
        (T, K) factor returns for the same dates. A column ``RF`` is taken as ``risk_free``.
    risk_free : Series, optional
        (T,) risk-free rate per period, shown beside forecasts.
    settings : mapping, optional
        Values by name of the cell (``Risk_Aversion``, ...); the rest keep their defaults.
    assets : DataFrame, optional
        Rows by asset name, any of the columns budget, minimum, maximum, held. Assets that are
        not in it get the mean budget, bounds 0 and 1.

    Returns
    -------
    bytes
        The .xlsx package; the same input gives the same bytes.

    Raises
    ------
    InputError
        Too many rows or assets, names that occur twice, other dates in ``factors``.
    """
    settings = dict(settings or {})
    if returns is None:
        returns, factors, risk_free, assets = _french(assets)
        settings.setdefault("Data_Source", _french_source(returns))
    elif not _is_french(returns) and settings.get("Data_Source") == _french_source(
        _french(None)[0]
    ):
        del settings["Data_Source"]  # of the data that were here before
    returns, factors, risk_free = _panels(returns, factors, risk_free)
    data = TemplateData(
        returns,
        factors,
        risk_free,
        {**_schedule(returns), **settings},
        default_assets([str(name) for name in returns.columns], assets),
    )
    return build(data)


def fit(package: bytes) -> bytes:
    """Rebuild a template for the assets and factors that its sheets now hold.

    Settings are kept; budgets, bounds and weights held are kept by asset name, and a new asset
    gets the mean budget and bounds 0 and 1. Sheets of one's own are not carried over
    (:func:`own_sheets` names them).

    Parameters
    ----------
    package : bytes
        A kfxl workbook.

    Returns
    -------
    bytes
        The new workbook.

    Raises
    ------
    InputError
        Not a kfxl workbook, or a cell that cannot be used; names sheet and cell.
    """
    inputs = read_inputs(package)
    return build_template(
        inputs.returns,
        inputs.factors,
        risk_free=inputs.risk_free,
        settings=inputs.settings,
        assets=inputs.assets,
    )


def own_sheets(package: bytes) -> list[str]:
    """Names of the sheets that kfxl did not make, which :func:`fit` leaves out."""
    return [name for name in open_book(package).sheetnames if name not in SHEETS]


def _french(
    assets: pd.DataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series[float], pd.DataFrame]:

    table = french_monthly().tail(FRENCH_MONTHS)
    cash = table["RF"]
    # Rounded to the source's four decimals: a difference of decimals is not exact in binary.
    excess = table[list(FRENCH_INDUSTRIES)].sub(cash, axis=0).round(4)
    budgets = pd.DataFrame({"budget": FRENCH_BUDGETS})
    return excess, table[list(FRENCH_FACTORS)], cash, budgets if assets is None else assets


def _french_source(returns: pd.DataFrame) -> str:

    return (
        f"{len(returns.columns)} US industries, monthly returns above the risk-free rate (RF "
        f"subtracted when this book was built). {FRENCH_SOURCE}."
    )


def _is_french(returns: pd.DataFrame) -> bool:
    """Whether returns are for the names and dates of the template's real data."""
    french = _french(None)[0]
    return returns.index.equals(french.index) and returns.columns.equals(french.columns)


def _panels(
    returns: pd.DataFrame,
    factors: pd.DataFrame | None,
    risk_free: pd.Series[float] | None,
) -> tuple[pd.DataFrame, pd.DataFrame | None, pd.Series[float] | None]:
    """Checked tables; a factor column RF becomes the risk-free rate."""
    panel(returns, "returns")
    if factors is not None:
        panel(factors, "factors")
        if "RF" in factors.columns:
            risk_free = factors["RF"] if risk_free is None else risk_free
            factors = factors.drop(columns="RF")
        if factors.shape[1] == 0:
            factors = None
    return returns, factors, risk_free


def _schedule(returns: pd.DataFrame) -> dict[str, object]:
    """The lookback written out, so that cells and backtests use the same rows."""
    return {"Lookback": defaults_for(periods_per_year_of(returns.index)).lookback}
