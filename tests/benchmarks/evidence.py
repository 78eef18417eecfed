"""Which settings predict best out of sample: ``python3 -m tests.benchmarks evidence``.

Every model's parameters are settled on the rows before a refit; with them it predicts each return
until the next refit from the rows before it: a mean, or a return given the factors' returns of the
same period. The table compares log scores and squared errors with those of a constant mean, or
constant betas, by least squares on all earlier rows.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import kfxl
from kfxl.arrays import FloatArray
from kfxl.data import FRENCH_FACTORS, FRENCH_INDUSTRIES, french_monthly
from kfxl.estimation.expected_returns import THRESHOLD
from kfxl.statespace.calibration import calibrate
from kfxl.statespace.dependence import exaggeration
from kfxl.statespace.likelihood import DIFFUSE, Regressions
from tests.benchmarks.frame import markdown
from tests.benchmarks.predictive import (
    Data,
    Parameters,
    Predictions,
    Score,
    filtered,
    least_squares,
    log_score_gain,
    squared_error_ratio,
)
from tests.benchmarks.readme import README, put

HEADINGS = ("Returns", "Model", "Log score", "Against the default", "Squared error")
# To the alphas of a calibration on regressors of root mean square 1; a step of theirs is then a
# hundredth of a beta's, and over the rows at hand they stay where they are.
STILL = 100.0


@dataclass(frozen=True)
class Model:
    """A way to predict, under the name that the table gives it."""

    name: str
    predict: Callable[[Data], Predictions]


def kfxl_with(**settings: Any) -> Callable[[Data], Predictions]:
    """Predictions by kfxl's estimators with these settings."""
    return lambda data: filtered(data, functools.partial(by_kfxl, **settings))


def by_kfxl(data: Data, **settings: Any) -> Parameters:
    """Parameters that kfxl settles on all rows of ``data``."""
    found = estimate(data, **settings)
    return parameters(data, found.process_variance, found.observation_variance, **settings)


def estimate(data: Data, **settings: Any) -> Any:
    """kfxl's expected returns, or its factor betas where there are factors."""
    if data.regressors.shape[1] == 1:
        return kfxl.expected_returns(data.returns, **settings)
    return kfxl.factor_betas(data.returns, data.regressors[:, 1:], **settings)


def parameters(
    data: Data,
    process: FloatArray,
    observation: FloatArray,
    *,
    transition: float = 1.0,
    long_run_mean: Any = 0.0,
    initial_variance: float | None = None,
    **_settings: Any,
) -> Parameters:
    """kfxl's settings and variances, spelt out for every asset and state."""
    shape = data.returns.shape[1], data.regressors.shape[1]
    spread = np.full(shape, initial_variance or 0.0)
    if initial_variance is None:
        spread = DIFFUSE * observation[:, None] / (data.regressors**2).mean(axis=0)
    return Parameters(
        transition,
        np.broadcast_to(np.reshape(process, (shape[0], -1)), shape),
        observation,
        centre=np.broadcast_to(np.reshape(long_run_mean, (-1, 1)), shape),
        mean=np.zeros(shape),
        variance=spread,
    )


def calibrated(
    data: Data, *, pooled: bool = True, still: float = 1.0, gate: float = 0.0
) -> Parameters:
    """Ratios of maximum likelihood, with any ``gate`` and with alphas ``still`` times as still."""
    size = np.sqrt((data.regressors**2).mean(axis=0))
    size[0] *= still
    start = np.zeros((data.returns.shape[1], len(size)))
    found = calibrate(
        Regressions(data.returns, data.regressors / size, 1.0, start, None),
        pooled=pooled,
        threshold=gate,
    )
    return parameters(data, found.process / size**2, found.observation)


def as_if_independent(data: Data) -> Parameters:
    """A pooled ratio, 0 unless twice the gain of the plain sum over assets exceeds 2.71."""
    known = np.ones(data.returns.shape, dtype=bool)
    gate = THRESHOLD / exaggeration(data.returns, data.regressors, known)
    return calibrated(data, gate=gate)


def best_transition(data: Data, among: Sequence[float], *, to_average: bool) -> Parameters:
    """The transition of highest likelihood, the first rows left out, with a pooled ratio."""
    head = data.before(data.regressors.shape[1])
    settings = {"long_run_mean": data.returns.mean(axis=0)} if to_average else {}
    best, highest = None, -np.inf
    for transition in among:
        found = estimate(data, transition=transition, **settings)
        given = {k: getattr(found, k) for k in ("process_variance", "observation_variance")}
        start = estimate(head, transition=transition, **given, **settings)
        likelihood = float(np.sum(found.log_likelihood - start.log_likelihood))
        if likelihood > highest:
            highest = likelihood
            best = parameters(data, *given.values(), transition=transition, **settings)
    assert best is not None
    return best


def mean_models(window: int) -> list[Model]:
    """Of a mean; the first is the base, the second kfxl's default."""
    fit = functools.partial(best_transition, among=(1.0, 0.9, 0.5, 0.2), to_average=True)
    return [
        Model("constant mean", least_squares),
        Model("kfxl: pooled, gate (default)", kfxl_with()),
        Model("pooled, gate as if independent", lambda data: filtered(data, as_if_independent)),
        Model("per asset, gate", kfxl_with(calibration="per-asset")),
        Model("pooled, no gate", lambda data: filtered(data, calibrated)),
        Model(
            "per asset, no gate",
            lambda data: filtered(data, functools.partial(calibrated, pooled=False)),
        ),
        Model("drawn to the average, calibrated", lambda data: filtered(data, fit)),
        *_rolling("mean", window),
        Model(
            "textbook's parameters",
            kfxl_with(
                transition=0.99,
                process_variance=0.001,
                observation_variance=0.01,
                initial_variance=1.0,
            ),
        ),
    ]


def beta_models(window: int) -> list[Model]:
    """Of alpha and betas; the first is the base, the second kfxl's default."""
    fit = functools.partial(best_transition, among=(1.0, 0.999, 0.99), to_average=False)
    still = functools.partial(calibrated, still=STILL)
    return [
        Model("constant betas", least_squares),
        Model("kfxl: pooled (default)", kfxl_with()),
        Model("per asset", kfxl_with(calibration="per-asset")),
        Model("pooled, alpha almost constant", lambda data: filtered(data, still)),
        Model("pooled, transition 0.99", kfxl_with(transition=0.99)),
        Model("pooled, transition calibrated", lambda data: filtered(data, fit)),
        *_rolling("betas", window),
        Model(
            "textbook's parameters",
            kfxl_with(
                transition=0.99,
                process_variance=1e-5,
                observation_variance=0.01,
                initial_variance=0.1,
            ),
        ),
    ]


def _rolling(what: str, window: int) -> Iterable[Model]:
    for recent, suffix in ((False, ""), (True, ", and variance")):
        predict = functools.partial(least_squares, window=window, recent=recent)
        yield Model(f"{what} of the last {window} rows{suffix}", predict)


def samples() -> Iterable[tuple[Data, list[Model]]]:
    """Returns and the models that predict them; the stocks only where skfolio is installed."""
    months = french_monthly()
    industries = months[list(FRENCH_INDUSTRIES)].sub(months["RF"], axis=0)
    yield sample("12 industries' means, monthly", industries, None, 120, 12), mean_models(60)
    # As in backtests, where every decision estimates anew.
    yield sample("the same, refit every month", industries, None, 120, 1), mean_models(60)[:4]
    factors = months[list(FRENCH_FACTORS)]
    yield sample("12 industries' betas, monthly", industries, factors, 120, 12), beta_models(60)
    if importlib.util.find_spec("skfolio") is None:
        return
    from skfolio.datasets import load_factors_dataset, load_sp500_dataset

    stocks, funds = (
        load().pct_change().iloc[1:] for load in (load_sp500_dataset, load_factors_dataset)
    )
    yield sample("20 stocks' means, daily", stocks, None, 504, 252), mean_models(252)
    stocks = stocks.loc[funds.index]
    yield sample("20 stocks' betas, daily", stocks, funds, 504, 63), beta_models(252)


def sample(
    name: str, returns: pd.DataFrame, factors: pd.DataFrame | None, start: int, every: int
) -> Data:
    """``returns`` beside ones and the factors' returns, none of them missing."""
    columns = [np.ones(len(returns))] + ([] if factors is None else list(factors.to_numpy().T))
    data = Data(name, returns.to_numpy(), np.column_stack(columns), start, every)
    assert np.isfinite(data.returns).all()
    assert np.isfinite(data.regressors).all()
    return data


def table(cases: Iterable[tuple[Data, list[Model]]]) -> str:
    """One Markdown table; a model's scores come with the standard errors of their averages."""
    rows: list[Sequence[str]] = [HEADINGS]
    for data, models in cases:
        name = data.name
        found = []
        for model in models:
            sys.stderr.write(f"{data.name}: {model.name} ...\n")
            found.append(model.predict(data))
        base, default = found[:2]
        for model, predictions in zip(models, found, strict=True):
            cells = "0", "", "1"
            if predictions is not base:
                against = "" if predictions is default else _gain(data, predictions, default)
                ratio = _cell(squared_error_ratio(data, predictions, base), 1.0, "")
                cells = _gain(data, predictions, base), against, ratio
            rows.append((name, model.name, *cells))
            name = ""
    return markdown(rows)


def _gain(data: Data, found: Predictions, base: Predictions) -> str:
    return _cell(log_score_gain(data, found, base), 0.0, "+")


def _cell(score: Score, null: float, sign: str) -> str:
    """Value and error, with a star where two standard errors do not reach ``null``."""
    value, error = f"{score.value:{sign}.4f}", f"{score.error:.4f}"
    if float(value) == null and float(error) == 0:
        return f"{null:g}"
    return f"{value} ± {error}{' *' if abs(score.value - null) > 2 * score.error else ''}"


def main(options: list[str]) -> int:
    """Print the table; with ``--readme`` write it into the README as well."""
    if options not in ([], ["--readme"]):
        sys.stderr.write("python3 -m tests.benchmarks evidence [--readme]\n")
        return 2
    complete = importlib.util.find_spec("skfolio") is not None
    if not complete:
        sys.stderr.write("skfolio is not installed (pip install '.[bench]'): no 20 stocks\n")
        if options:
            return 1
    text = table(samples())
    sys.stdout.write(text + "\n")
    if options:
        put(text, "evidence", README)
    return 0
