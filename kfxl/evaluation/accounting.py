"""The books of a portfolio that trades at some closes and drifts in between.

V_t = V_t- - c_t with V_t- = V_{t-1} (1 + r_t) and c_t = cost * V_t- * sum|w_new - w_drifted|.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kfxl.arrays import FloatArray, Panel, place
from kfxl.errors import InputError


@dataclass(frozen=True, eq=False)
class Books:
    """What a portfolio was worth, held and paid in each of T periods.

    Attributes
    ----------
    value : (T,)
        At the end of each period, after the cost of trading there.
    weights : (T, N)
        Held at the start of each period.
    turnover, costs : (T,)
        Sum of absolute changes of weight at the close, and what they cost; the first purchase
        is booked in the first period.
    next_weights : (N,)
        Held after the last close.
    """

    value: FloatArray
    weights: FloatArray
    turnover: FloatArray
    costs: FloatArray
    next_weights: FloatArray


def keep_books(
    returns: Panel,
    first_weights: FloatArray,
    trade_rows: Sequence[int],
    target: Callable[[int, FloatArray], FloatArray],
    *,
    cost: float,
    initial_value: float,
) -> Books:
    """Buy ``first_weights`` from cash, then trade to ``target(row, drifted)`` at ``trade_rows``.

    Examples
    --------
    >>> books = keep_books(Panel(np.array([[0.1, 0.0], [0.0, 0.2]])), np.array([0.5, 0.5]), [],
    ...                    lambda row, drifted: drifted, cost=0.01, initial_value=100.0)
    >>> books.value.round(4).tolist(), books.turnover.tolist()
    ([103.95, 113.85], [1.0, 0.0])
    """
    periods, assets = returns.values.shape
    value, weights = np.empty(periods), np.empty((periods, assets))
    turnover, costs = np.zeros(periods), np.zeros(periods)

    def pay(row: int, worth: float, traded: float) -> float:
        bill = cost * worth * traded
        turnover[row] += traded
        costs[row] += bill
        if bill >= worth:
            when = place(returns.index, row, "row")
            problem = f"{cost:g} of the traded value takes the whole portfolio at {when}"
            raise InputError("cost", problem, "give a fraction such as 0.001")
        return worth - bill

    held, gaps = first_weights, np.isnan(returns.values)
    holes = gaps if gaps.any() else None
    worth = pay(0, initial_value, float(np.abs(held).sum()))
    start = 0
    for stop in [*trade_rows, periods - 1]:
        if start > stop:
            break  # the last row was a trade
        rows = slice(start, stop + 1)
        growth, weights[rows], held = _drift(returns, rows, held, holes)
        with np.errstate(over="ignore"):
            value[rows] = worth * growth
        if not value[rows].max() < np.inf:
            _refuse_first(~np.isfinite(value[rows]), returns, rows, "grows beyond all numbers")
        worth = float(value[stop])
        if stop in trade_rows:
            wanted = target(stop, held)
            worth = value[stop] = pay(stop, worth, float(np.abs(wanted - held).sum()))
            held = wanted
        start = stop + 1
    return Books(value, weights, turnover, costs, held)


def _drift(
    returns: Panel, rows: slice, held: FloatArray, holes: npt.NDArray[np.bool_] | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Growth of the portfolio, weights at the start of each row, and after the last one."""
    moves, idle = returns.values[rows], held == 0
    if idle.any():
        moves = np.where(idle, 0.0, moves)
    if holes is not None and (holes[rows] & ~idle).any():
        row, column = (int(i) for i in np.argwhere(holes[rows] & ~idle)[0])
        where = place(returns.index, rows.start + row, "row")
        asset = place(returns.columns, column, "column")
        raise InputError(
            "returns", f"value at {where}, {asset} is missing and held", "fill it or drop the asset"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        parts = held * np.cumprod(1 + moves, axis=0)
        growth = parts.sum(axis=1)
    if not 0 < growth.min() <= growth.max() < np.inf:
        _refuse_first(growth <= 0, returns, rows, "is worth nothing")
        _refuse_first(~np.isfinite(growth), returns, rows, "grows beyond all numbers")
    after = parts / growth[:, None]
    return growth, np.concatenate([held[None], after[:-1]]), after[-1]


def _refuse_first(wrong: npt.NDArray[np.bool_], returns: Panel, rows: slice, end: str) -> None:
    if wrong.any():
        where = place(returns.index, rows.start + int(np.argmax(wrong)), "row")
        raise InputError("returns", f"the portfolio {end} at {where}", "check them")
