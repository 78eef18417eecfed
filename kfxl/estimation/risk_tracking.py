"""Each asset's share of portfolio risk over time, observed on a rolling window and filtered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from kfxl import arrays
from kfxl.arrays import FloatArray, Panel, Table
from kfxl.errors import InputError
from kfxl.estimation.settings import variances
from kfxl.statespace.scalar_bank import filter_bank

# The textbook's settings, which the defaults are.
WINDOW = 20
PROCESS_VARIANCE = 1e-4
OBSERVATION_VARIANCE = 0.01
INITIAL_VARIANCE = 0.01
BLOCK = 200_000  # numbers held at once while windows are read: they should stay in the cache


@dataclass(frozen=True, eq=False)
class TrackedRisk:
    """Risk shares as seen and as filtered; both use only what was known before each period.

    Attributes
    ----------
    observed : (T, N)
        Shares measured from the window before each period, NaN where that has fewer than two
        complete rows. Rows sum to 1 (in absolute value with ``signed=False``).
    filtered : (T, N)
        The shares' filtered means.
    variance : (T, N)
        The filter's variance of them.
    """

    observed: Table
    filtered: Table
    variance: Table


def track_risk_contributions(
    returns: object,
    weights: object,
    *,
    window: int = WINDOW,
    process_variance: object = PROCESS_VARIANCE,
    observation_variance: object = OBSERVATION_VARIANCE,
    initial_mean: object = None,
    initial_variance: object = INITIAL_VARIANCE,
    signed: bool = True,
) -> TrackedRisk:
    """Track each asset's share of portfolio risk: rolling shares, smoothed by a Kalman filter.

    The share observed in period t is w_i (S w)_i / w'S w with the weights w of period t and
    the sample covariance S of the ``window`` periods before it. While there are fewer earlier
    periods it is w / sum(w). The filter's state is a random walk per asset.

    Parameters
    ----------
    returns : array or DataFrame, shape (T, N)
        Returns per period, NaN where missing.
    weights : array, Series or DataFrame, shape (N,) or (T, N)
        Weights held in each period, one row for all periods or one a period; by name and
        date where both sides are labelled.
    window : int
        Periods in the covariance, at least 2. Rows with a missing return count but are not
        used; with fewer than two complete ones nothing is observed and the filter predicts.
    process_variance, observation_variance : float or (N,)
        Variances q of the share's change per period and r of its measurement.
    initial_mean : float or (N,), optional
        Share before the first period; 1/N each unless given.
    initial_variance : float or (N,)
        Its variance.
    signed : bool
        False gives the textbook's absolute shares, abs(w_i (S w)_i) over their sum, which
        hide that an asset hedges the others.

    Returns
    -------
    TrackedRisk
        Labelled as ``returns`` are.

    Raises
    ------
    InputError
        If a window gives the portfolio no variance to share out, weights sum to zero while
        the window is not yet full, or an argument does not fit; the period is named.

    Examples
    --------
    >>> returns = np.array([[0.01, 0.0], [-0.01, 0.01], [0.01, 0.02], [0.0, 0.0]])
    >>> tracked = track_risk_contributions(returns, [0.5, 0.5], window=2)
    >>> tracked.observed.round(4).tolist()
    [[0.5, 0.5], [0.5, 0.5], [2.0, -1.0], [0.6667, 0.3333]]
    """
    panel = arrays.panel(returns, "returns")
    window = arrays.whole(window, "window", low=2)
    held = _held(weights, panel)
    early = _by_weight(held[:window], panel)
    late, idle = _by_risk(panel, held, window, signed=signed)
    _refuse_first(
        idle,
        panel,
        window,
        f"have no variance in the {window} rows before",
        "hold an asset that moves, or use a longer window",
    )
    observed = np.vstack([early, late])
    size = panel.values.shape[1]
    start = 1 / size if initial_mean is None else initial_mean
    bank = filter_bank(
        observed,
        transition=1.0,
        process_variance=variances(process_variance, "process_variance", panel),
        observation_variance=variances(
            observation_variance, "observation_variance", panel, zero=False
        ),
        initial_mean=arrays.per_asset(start, "initial_mean", size, panel.columns),
        initial_variance=variances(initial_variance, "initial_variance", panel),
    )
    return TrackedRisk(*(panel.table(part) for part in (observed, bank.mean, bank.variance)))


def shares_while_held(returns: Panel, held: FloatArray) -> FloatArray:
    """Filtered shares (T, N) of weights (T, N) with sum 1, at the default settings.

    A mix that did not move for a whole window, such as cash, has no shares to observe: the
    filter predicts, so that a backtest need not stop for it.
    """
    shares, _ = _by_risk(returns, held, WINDOW, signed=True)
    observed = np.vstack([_by_weight(held[:WINDOW], returns), shares])
    size = held.shape[1]
    return filter_bank(
        observed,
        transition=1.0,
        process_variance=np.full(size, PROCESS_VARIANCE),
        observation_variance=np.full(size, OBSERVATION_VARIANCE),
        initial_mean=np.full(size, 1 / size),
        initial_variance=np.full(size, INITIAL_VARIANCE),
    ).mean


def _held(weights: object, panel: Panel) -> FloatArray:
    """(T, N) weights, by name and date where both sides are labelled."""
    given = arrays.panel(weights, "weights", any_order=True)
    shape = panel.values.shape
    if given.values.shape != shape and 1 in given.values.shape:
        row = arrays.vector(weights, "weights", shape[1], panel.columns)
        return np.array(np.broadcast_to(row, shape))
    given = arrays.panel(weights, "weights", missing=False, any_order=True)
    if given.columns is not None and panel.columns is not None and shape[1] > 1:
        order = arrays.reorder(given.columns, panel.columns, "weights", "name")
        given = Panel(given.values[:, order], given.index, panel.columns)
    values = arrays.align_rows(given, panel, "weights").values
    if values.shape[1] != shape[1]:
        problem = f"has {values.shape[1]} columns, not {shape[1]}"
        raise InputError("weights", problem, "give one for each asset")
    return values


def _by_weight(held: FloatArray, panel: Panel) -> FloatArray:
    """Weights over their sum, for periods that have too few before them."""
    total = held.sum(axis=1)
    rounding = held.shape[1] * np.finfo(float).eps * np.abs(held).sum(axis=1)
    _refuse_first(np.abs(total) <= rounding, panel, 0, "sum to zero", "hold something")
    return np.asarray(held / total[:, None])


def _by_risk(
    panel: Panel, held: FloatArray, window: int, *, signed: bool
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Shares of variance over the ``window`` rows before each period that has so many.

    NaN where they cannot be observed; also where that is so for want of any variance.
    """
    periods, size = panel.values.shape
    shares = np.empty((max(periods - window, 0), size))
    still = np.zeros(len(shares), dtype=bool)
    block = max(BLOCK // (window * size), 1)
    known: npt.NDArray[np.bool_] = np.logical_not(np.isnan(panel.values).any(axis=1))
    for start in range(0, len(shares), block):
        stop = min(start + block, len(shares))
        rows = slice(start, stop + window - 1)
        windows = sliding_window_view(panel.values[rows], window, axis=0)
        usable = sliding_window_view(known[rows], window)
        weights = held[start + window : stop + window]
        parts, complete, idle = _risk_parts(windows, usable, weights)
        still[start:stop] = complete & idle
        parts = parts if signed else np.abs(parts)
        parts[~complete | idle] = np.nan
        shares[start:stop] = parts / parts.sum(axis=1, keepdims=True)
    return shares, still


def _risk_parts(
    windows: FloatArray, usable: npt.NDArray[np.bool_], weights: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """w_i (S w)_i up to a factor, from (B, N, window) returns and (B, N) weights.

    Only ``usable`` rows (B, window) count. Also whether a window has two of them, and whether its
    portfolio has no variance. S w is the covariance of each asset with the portfolio, so S itself
    is never formed.
    """
    # Measured from a row of the window, a constant has a variance of exactly 0.
    first = np.take_along_axis(windows, usable.argmax(axis=1)[:, None, None], axis=2)
    moves = windows - first
    if not usable.all():
        moves = np.where(usable[:, None, :], moves, 0.0)
    portfolio = (weights[:, None, :] @ moves)[:, 0, :]
    rows: npt.NDArray[np.int_] = usable.sum(axis=1)
    portfolio -= portfolio.sum(axis=1, keepdims=True) / np.maximum(rows, 1)[:, None]
    portfolio[~usable] = 0.0
    parts = weights * (moves @ portfolio[:, :, None])[:, :, 0]
    size = np.sqrt(np.einsum("bnw,bnw->bn", moves, moves))
    gross = (np.abs(weights) * size).sum(axis=1) ** 2
    variance: FloatArray = parts.sum(axis=1)
    idle = variance <= 4 * moves.shape[1] * np.finfo(float).eps * gross
    return parts, rows >= 2, idle


def _refuse_first(
    wrong: npt.NDArray[np.bool_], panel: Panel, offset: int, problem: str, remedy: str
) -> None:
    if wrong.any():
        period = arrays.place(panel.index, offset + int(np.argmax(wrong)), "row")
        raise InputError("weights", f"those of {period} {problem}", remedy)
