"""What a series of returns amounts to: growth, risk, and ratios of the two."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel
from kfxl.errors import InputError
from kfxl.evaluation.calendar import periods_per_year_of

TAIL = 0.05


def performance(
    returns: object,
    *,
    periods_per_year: float | None = None,
    risk_free: object = 0.0,
    ddof: int = 1,
) -> pd.Series[float] | pd.DataFrame:
    """Measures of the performance of one or several portfolios.

    Parameters
    ----------
    returns : (T,) or (T, M)
        Simple returns per period of one portfolio, or of M portfolios in columns.
    periods_per_year : float, optional
        Periods in a year; by default inferred from the dates (252, 52, 12, 4, 1), else 252.
    risk_free : float or (T,)
        Risk-free return per period, constant or a series (aligned by date).
    ddof : int
        Delta degrees of freedom of the volatility: 1 is the sample's, 0 the population's.

    Returns
    -------
    Series, or DataFrame with a column for each portfolio
        - ``total_return``: compounded over all periods;
        - ``annualized_return``: compounded, to the power periods_per_year / T;
        - ``annualized_volatility``: standard deviation times sqrt(periods_per_year);
        - ``sharpe``: annualised arithmetic mean of the excess over ``risk_free``, over the
          volatility;
        - ``sortino``: the same mean over the annualised root mean square of what fell short of
          ``risk_free``, all T periods counted;
        - ``max_drawdown``: largest fall of the compounded value from its highest so far, both
          at ends of periods (see :func:`drawdowns`); 0 or negative;
        - ``calmar``: annualised return over the size of the largest drawdown;
        - ``value_at_risk``, ``expected_shortfall``: the loss (positive) at the lowest 5 % of
          the returns, interpolated, and the mean of the losses at least as large;
        - ``hit_rate``: part of the periods with a return above 0.

        A ratio whose denominator is 0, or a volatility of too few periods, is NaN: undefined.

    Raises
    ------
    InputError
        For a missing return, or one below -1.

    References
    ----------
    Sharpe, W. (1994), The Sharpe Ratio. Sortino, F. and Price, L. (1994), Performance
    Measurement in a Downside Risk Framework.

    Examples
    --------
    >>> measures = performance([0.10, -0.20, 0.05], periods_per_year=3)
    >>> measures[["total_return", "max_drawdown", "hit_rate"]].round(4).to_dict()
    {'total_return': -0.076, 'max_drawdown': -0.2, 'hit_rate': 0.6667}
    """
    panel = _checked(returns)
    if periods_per_year is None:
        year = float(periods_per_year_of(panel.index))
    else:
        year = arrays.number(periods_per_year, "periods_per_year", above=0)
    free = _risk_free(risk_free, panel)
    degrees = arrays.whole(ddof, "ddof", low=0)
    names: list[Hashable] = (
        list(range(panel.values.shape[1])) if panel.columns is None else list(panel.columns)
    )
    columns = [_measures(column, free, year, degrees) for column in panel.values.T]
    table = pd.DataFrame(columns, index=pd.Index(names)).T
    one = isinstance(returns, pd.Series) or np.ndim(returns) == 1  # type: ignore[arg-type]
    return table.iloc[:, 0] if one else table


def drawdowns(returns: FloatArray) -> FloatArray:
    """(T,) compounded value at the end of each period over its highest so far, less 1.

    The highest is taken over the ends of periods, as a chart of the value shows it: the first
    period's own return opens no drawdown. After a total loss it is -1.

    >>> drawdowns(np.array([-0.10, 0.20, -0.50])).round(4).tolist()
    [0.0, 0.0, -0.5]
    """
    value = np.cumprod(1 + returns)
    peak = np.maximum.accumulate(value)
    return np.asarray(value / np.where(peak > 0, peak, 1.0) - 1)


def _checked(returns: object) -> Panel:
    panel = arrays.panel(returns, "returns", missing=False)
    if (panel.values < -1).any():
        row, column = (int(i) for i in np.argwhere(panel.values < -1)[0])
        where = arrays.place(panel.index, row, "row")
        problem = f"value at {where} is {panel.values[row, column]:g}, a loss of more than all"
        raise InputError("returns", problem, "give simple returns as decimals, -0.05 for -5 %")
    return panel


def _risk_free(risk_free: object, panel: Panel) -> FloatArray:
    if np.ndim(risk_free) == 0:  # type: ignore[arg-type]
        return np.full(len(panel.values), arrays.number(risk_free, "risk_free"))
    rates = arrays.panel(risk_free, "risk_free", missing=False, any_order=True)
    if rates.values.shape[1] != 1:
        raise InputError("risk_free", f"has {rates.values.shape[1]} columns", "give one")
    return arrays.align_rows(rates, panel, "risk_free").values[:, 0]


def _measures(returns: FloatArray, free: FloatArray, year: float, ddof: int) -> dict[str, float]:
    periods = len(returns)
    total = _grown(returns)
    annual = _annualised(total, year / periods)
    spread = _deviation(returns, ddof) * np.sqrt(year)
    excess = returns - free
    mean = float(excess.mean()) * year
    shortfall = np.sqrt(np.mean(np.minimum(excess, 0) ** 2) * year)
    fall = float(drawdowns(returns).min())
    quantile = np.quantile(returns, TAIL)
    return {
        "total_return": total,
        "annualized_return": annual,
        "annualized_volatility": spread,
        "sharpe": _ratio(mean, spread),
        "sortino": _ratio(mean, shortfall),
        "max_drawdown": min(fall, 0.0),
        "calmar": _ratio(annual, -fall),
        "value_at_risk": 0.0 - float(quantile),  # no -0.0
        "expected_shortfall": 0.0 - float(returns[returns <= quantile].mean()),
        "hit_rate": float((returns > 0).mean()),
    }


def _grown(returns: FloatArray) -> float:
    with np.errstate(over="ignore"):
        total = float(np.prod(1 + returns)) - 1
    if not np.isfinite(total):
        raise InputError("returns", "compound to more than a number holds", "give decimals")
    return total


def _annualised(total: float, power: float) -> float:
    try:
        return float((1 + total) ** power - 1)
    except OverflowError:
        problem = "the return of a year is too large to write down"
        raise InputError("periods_per_year", problem, "give more rows, or fewer periods") from None


def _deviation(returns: FloatArray, ddof: int) -> float:
    """Standard deviation; exactly 0 for constant returns, whatever the rounding of their mean."""
    if len(returns) <= ddof:
        return float("nan")
    return float(np.std(returns - returns[0], ddof=ddof))


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")
