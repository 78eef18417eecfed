"""The returns that come with kfxl; sources in the README.md beside this file."""

from __future__ import annotations

import io
from importlib.resources import files

import pandas as pd

FRENCH_FACTORS = ("MktRF", "SMB", "HML")
FRENCH_INDUSTRIES = (
    "NoDur",
    "Durbl",
    "Manuf",
    "Enrgy",
    "Chems",
    "BusEq",
    "Telcm",
    "Utils",
    "Shops",
    "Hlth",
    "Money",
    "Other",
)
FRENCH_SOURCE = (
    "Kenneth R. French data library, as shipped in the Python package linearmodels (NCSA licence)"
)


def _text(name: str) -> io.StringIO:
    return io.StringIO(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def french_monthly() -> pd.DataFrame:
    """Monthly returns 1949-01 to 2017-03: 4 factors, risk-free rate, 12 US industries.

    Returns
    -------
    DataFrame
        (819, 17) simple returns in decimals; industries are total returns.

    Notes
    -----
    Source: Kenneth R. French data library, as shipped in linearmodels (NCSA licence).

    Examples
    --------
    >>> french_monthly().shape
    (819, 17)
    """
    return pd.read_csv(_text("french_monthly.csv"), index_col=0, parse_dates=True)


def textbook_four_assets() -> pd.DataFrame:
    """The textbook's simulated daily returns of four assets, without dates.

    Returns
    -------
    DataFrame
        (504, 4) simple returns in decimals.

    Notes
    -----
    Simulated; from "Applications of Kalman Filtering in Portfolio Management".

    Examples
    --------
    >>> list(textbook_four_assets())
    ['Stock A', 'Stock B', 'Bond A', 'Commodity A']
    """
    return pd.read_csv(_text("textbook_four_assets.csv"))
