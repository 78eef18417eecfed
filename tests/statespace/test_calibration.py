"""Calibrated variances against statsmodels' likelihood and scipy's optimiser."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize

from kfxl.arrays import FloatArray
from kfxl.statespace.calibration import Variances, calibrate, calibrate_transition
from kfxl.statespace.likelihood import Likelihood, Regressions
from tests.statespace.regressions import statsmodels_regression


def simulated(*, missing: bool = False, transition: float = 1.0) -> Regressions:
    rng = np.random.default_rng(21)
    periods, assets = 60, 3
    regressors = np.column_stack([np.ones(periods), rng.normal(size=periods)])
    steps = np.sqrt([0.2, 0.05, 0.4])[:, None] * rng.normal(size=(periods, assets, 2))
    signal = np.einsum("tk,tnk->tn", regressors, steps.cumsum(axis=0))
    observations = 0.03 * np.array([1.0, 2.0, 0.5]) * (signal + rng.normal(size=(periods, assets)))
    if missing:
        observations[rng.random(observations.shape) < 0.15] = np.nan
        regressors[5, 1] = np.nan
    return Regressions(observations, regressors, transition, np.full((assets, 2), 0.001), None)


def reference_likelihood(model: Regressions, asset: int, process: FloatArray, r: float) -> float:
    """Sum over all but the first m observed values, by statsmodels."""
    states = model.regressors.shape[1]
    prior = model.initial_variance
    result = statsmodels_regression(
        model.observations[:, asset],
        model.regressors,
        transition=model.transition,
        process=process,
        r=r,
        mean=model.initial_mean[asset],
        variance=np.full(states, 1e6 * r) if prior is None else prior[asset],
    )
    known = model.known()[:, asset]
    return float(result.llf_obs[known][states:].sum())


def explicit(model: Regressions) -> Regressions:
    return dataclasses.replace(model, initial_variance=np.full((3, 2), 0.002))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("transition", [1.0, 0.8])
@pytest.mark.parametrize("start", [None, 0.002, 0.0])
def test_likelihood_equals_statsmodels(
    missing: bool, transition: float, start: float | None
) -> None:
    model = simulated(missing=missing, transition=transition)
    if start is not None:
        model = dataclasses.replace(model, initial_variance=np.full((3, 2), start))
    ratios, r = np.array([0.0, 0.01, 3.0]), np.array([0.001, 0.004, 0.0003])
    likelihood = Likelihood(model)
    unit = likelihood.unit**2
    values = likelihood.given(np.broadcast_to(ratios[:, None], (2, 3, 1)), r / unit)
    # The density of z / unit is unit times that of z.
    counts = model.known().sum(axis=0) - 2
    values = values - counts * np.log(likelihood.unit)
    for g, ratio in enumerate(ratios):
        for i in range(3):
            expected = reference_likelihood(model, i, np.full(2, ratio * r[i]), r[i])
            assert values[g, i] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("model", [simulated(), explicit(simulated(missing=True))])
def test_concentrated_variance_is_the_best(model: Regressions) -> None:
    likelihood = Likelihood(model)
    process = np.full((2, 1, 1), 0.05)
    value, r = likelihood.concentrated(process)
    np.testing.assert_allclose(likelihood.given(process, r), value, rtol=1e-13)
    for factor in (0.99, 1.01):
        assert (likelihood.given(process, r * factor) < value).all()


def improved(objective: Callable[[FloatArray], float], start: FloatArray) -> FloatArray:
    """Where scipy ends, started beside ``start``."""
    tight = {"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000}
    result = minimize(lambda x: -objective(x), start + 0.1, method="Nelder-Mead", options=tight)
    assert objective(start) >= -result.fun - 1e-8
    return np.asarray(result.x)


CASES = [
    simulated(),
    simulated(missing=True),
    simulated(transition=0.9),
    explicit(simulated()),
    explicit(simulated(missing=True)),
]


@pytest.mark.parametrize("model", CASES)
def test_per_asset_equals_scipy(model: Regressions) -> None:
    found = calibrate(model, pooled=False)
    for i in range(3):
        ratio = found.process[i, 0] / found.observation[i]

        def objective(x: FloatArray, i: int = i) -> float:
            return reference_likelihood(model, i, np.full(2, np.exp(x[0] + x[1])), np.exp(x[1]))

        start = np.log([ratio, found.observation[i]])
        np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)


@pytest.mark.parametrize("model", CASES[1:4])
def test_pooled_equals_scipy(model: Regressions) -> None:
    found = calibrate(model)
    ratio = found.process / found.observation[:, None]
    assert np.ptp(ratio) <= 1e-14

    def objective(x: FloatArray) -> float:
        r = np.exp(x[1:])
        return sum(
            reference_likelihood(model, i, np.full(2, np.exp(x[0]) * r[i]), r[i]) for i in range(3)
        )

    start = np.log([ratio[0, 0], *found.observation])
    np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("model", CASES[::3])
def test_given_observation_variance(model: Regressions, pooled: bool) -> None:
    r = np.array([0.001, 0.004, 0.0003])
    found = calibrate(model, observation_variance=r, pooled=pooled)
    np.testing.assert_array_equal(found.observation, r)
    ratio = found.process[:, 0] / r
    for i in range(1 if pooled else 3):

        def objective(x: FloatArray, i: int = i) -> float:
            assets = range(3) if pooled else [i]
            return sum(
                reference_likelihood(model, j, np.full(2, np.exp(x[0]) * r[j]), r[j])
                for j in assets
            )

        start = np.log(ratio[[i]])
        np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("model", CASES[::3])
def test_given_process_variance(model: Regressions, pooled: bool) -> None:
    process = np.array([[1e-5, 1e-4], [1e-4, 0.0], [0.0, 0.0]])
    found = calibrate(model, process_variance=process, pooled=pooled)
    np.testing.assert_array_equal(found.process, process)
    for i in range(3):

        def objective(x: FloatArray, i: int = i) -> float:
            return reference_likelihood(model, i, process[i], np.exp(x[0]))

        start = np.log(found.observation[[i]])
        np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)


def test_ratio_zero_is_reached() -> None:
    rng = np.random.default_rng(3)
    regressors = np.column_stack([np.ones(200), rng.normal(size=200)])
    zeros = 0
    for _ in range(10):
        noise = rng.normal(size=(200, 1))
        model = Regressions(noise, regressors, 1.0, np.zeros((1, 2)), None)
        found = calibrate(model)
        zeros += int(not found.process.any())
    assert zeros >= 5  # half or more of constant betas look least squares


def test_the_threshold_decides_between_zero_and_the_best() -> None:
    model = simulated()
    likelihood = Likelihood(model)
    constant = likelihood.concentrated(np.zeros((2, 1, 1)))[0].sum()
    best = calibrate(model)
    ratio = best.process[0, 0] / best.observation[0]
    gain = 2 * (likelihood.concentrated(np.full((2, 1, 1), ratio))[0].sum() - constant)
    assert calibrate(model, threshold=gain * 0.999999).process.any()
    assert not calibrate(model, threshold=gain * 1.000001).process.any()


@pytest.mark.parametrize("pooled", [True, False])
def test_units_do_not_matter(pooled: bool) -> None:
    model = simulated(missing=True)
    found = calibrate(model, pooled=pooled)
    hundred = dataclasses.replace(
        model,
        observations=model.observations * 100,
        initial_mean=model.initial_mean * 100,
    )
    scaled = calibrate(hundred, pooled=pooled)
    np.testing.assert_allclose(scaled.process, found.process * 1e4, rtol=1e-10)
    np.testing.assert_allclose(scaled.observation, found.observation * 1e4, rtol=1e-11)


def test_an_exact_combination_is_marked_and_one_with_little_noise_is_not() -> None:
    model = simulated()
    noise = np.random.default_rng(0).normal(size=60) * np.array([[1e-6], [0.0], [3e-4]])
    observations = (0.5 * model.regressors[:, 1] + noise).T
    found = calibrate(dataclasses.replace(model, observations=observations), pooled=False)
    assert found.exact.tolist() == [True, True, False]


def test_many_rows_in_blocks_equal_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    model = simulated(missing=True)
    whole = calibrate(model)
    monkeypatch.setattr("kfxl.statespace.likelihood.BLOCK", 500)
    blocks = calibrate(model)
    np.testing.assert_allclose(blocks.process, whole.process, rtol=1e-11)
    np.testing.assert_allclose(blocks.observation, whole.observation, rtol=1e-12)


def patterns(start: float | None = None) -> Regressions:
    """Twenty assets: nine complete, eight late, three with gaps of their own."""
    rng = np.random.default_rng(22)
    regressors = np.column_stack([np.ones(90), rng.normal(size=90)])
    steps = np.sqrt(0.1) * rng.normal(size=(90, 20, 2))
    observations = np.einsum("tk,tnk->tn", regressors, steps.cumsum(axis=0))
    observations += rng.normal(size=(90, 20))
    observations[:30, 9:17] = np.nan
    observations[rng.integers(0, 90, (12, 3)), [17, 18, 19]] = np.nan
    regressors[50, 1] = np.nan
    prior = None if start is None else np.full((20, 2), start)
    return Regressions(observations, regressors, 0.95, np.full((20, 2), 0.1), prior)


@pytest.mark.parametrize("start", [None, 2.0])
@pytest.mark.parametrize("own", [False, True])
def test_likelihood_of_several_patterns_equals_statsmodels(
    start: float | None, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfxl.statespace.lifted_regression.BATCH", 2)
    monkeypatch.setattr("kfxl.statespace.innovation_sums.CACHE", 500)
    model = patterns(start)
    likelihood = Likelihood(model)
    ratios = np.array([[0.0], [0.02], [1.5]]) * (np.linspace(1, 2, 20) if own else 1.0)
    r = np.linspace(0.5, 1.5, 20)
    process = np.broadcast_to(ratios, (2, *ratios.shape))
    values = likelihood.given(process, r / likelihood.unit**2)
    values = values - (model.known().sum(axis=0) - 2) * np.log(likelihood.unit)
    for g, i in np.ndindex(3, 20):
        ratio = ratios[g, i if own else 0]
        expected = reference_likelihood(model, i, np.full(2, ratio * r[i]), r[i])
        assert values[g, i] == pytest.approx(expected, rel=1e-9)


def test_per_asset_ratios_are_each_asset_s_own_optimum() -> None:
    model = patterns()
    together = calibrate(model, pooled=False)
    for i in (0, 10, 18):
        alone = dataclasses.replace(
            model, observations=model.observations[:, [i]], initial_mean=model.initial_mean[[i]]
        )
        found = calibrate(alone, pooled=False)
        np.testing.assert_allclose(found.process[0], together.process[i], rtol=1e-9)
        np.testing.assert_allclose(found.observation[0], together.observation[i], rtol=1e-10)


def hessian(objective: Callable[[FloatArray], float], at: FloatArray) -> FloatArray:
    """Second derivatives by central differences."""
    steps = 1e-3 * np.eye(len(at))
    corners = [[objective(at + a + b) - objective(at + a - b) for b in steps] for a in steps]
    others = [[objective(at - a + b) - objective(at - a - b) for b in steps] for a in steps]
    return (np.array(corners) - np.array(others)) / 4e-6


@pytest.mark.parametrize("model", CASES[::4])
def test_standard_errors_are_those_of_the_whole_likelihood(model: Regressions) -> None:
    """The ratio's variance is its entry of the inverse Hessian, r and ratio free."""
    found = calibrate(model, pooled=False)
    for i in range(3):

        def objective(x: FloatArray, i: int = i) -> float:
            return reference_likelihood(model, i, np.full(2, np.exp(x[0] + x[1])), np.exp(x[1]))

        at = np.log([found.process[i, 0] / found.observation[i], found.observation[i]])
        assert found.log_likelihood[i] == pytest.approx(objective(at), rel=1e-9)
        expected = np.sqrt(np.linalg.inv(-hessian(objective, at))[0, 0])
        assert found.deviation[i] == pytest.approx(expected, rel=1e-3)
        assert not found.at_bound[i]
        still = calibrate(model, process_variance=np.zeros((3, 2)))
        gain = 2 * (found.log_likelihood[i] - still.log_likelihood[i])
        assert found.gain[i] == pytest.approx(gain, rel=1e-6)


def test_standard_error_of_an_observation_variance() -> None:
    model, process = CASES[1], np.full((3, 2), 1e-5)
    found = calibrate(model, process_variance=process)
    for i in range(3):

        def objective(x: FloatArray, i: int = i) -> float:
            return reference_likelihood(model, i, process[i], np.exp(x[0]))

        expected = np.sqrt(-1 / hessian(objective, np.log(found.observation[[i]])).item())
        assert found.deviation[i] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("sums", "bound"), [(0, 0.0), (2, 100.0)])
@pytest.mark.parametrize("pooled", [True, False])
def test_the_report_says_where_the_optimum_is_at_a_bound(
    sums: int, bound: float, pooled: bool
) -> None:
    """Noise has a constant mean; what has momentum has no noise around its mean."""
    observations = np.random.default_rng(0).normal(size=(300, 2))
    for _ in range(sums):
        observations = observations.cumsum(axis=0)
    model = Regressions(observations, np.ones((300, 1)), 1.0, np.zeros((2, 1)), None)
    found = calibrate(model, pooled=pooled, threshold=2.71)
    assert found.at_bound.all()
    assert np.isnan(found.deviation).all()
    np.testing.assert_allclose(found.process[:, 0], bound * found.observation, rtol=1e-6)


def reverting(transition: float) -> Regressions:
    """Three means that revert to 0, seen through noise."""
    rng = np.random.default_rng(31)
    means = np.zeros((400, 3))
    for t in range(1, 400):
        means[t] = transition * means[t - 1] + 0.5 * rng.normal(size=3)
    noisy = means + rng.normal(size=means.shape)
    return Regressions(noisy, np.ones((400, 1)), 1.0, np.zeros((3, 1)), None)


def test_transition_equals_scipy() -> None:
    model = reverting(0.9)
    transition, found = calibrate_transition(model)
    ratio = found.process[0, 0] / found.observation[0]

    def objective(x: FloatArray) -> float:
        f, r = 1 - np.exp(x[0]), np.exp(x[2:])
        free = dataclasses.replace(model, transition=f)
        return sum(reference_likelihood(free, i, np.exp(x[1]) * r[[i]], r[i]) for i in range(3))

    start = np.log([1 - transition, ratio, *found.observation])
    np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)
    assert 0.8 < transition < 0.97
    assert found.log_likelihood.sum() == pytest.approx(objective(start), rel=1e-9)


def test_the_threshold_decides_between_a_transition_of_one_and_the_best() -> None:
    three = reverting(0.9)
    model = dataclasses.replace(
        three, observations=three.observations[:, :1], initial_mean=np.zeros((1, 1))
    )
    transition, best = calibrate_transition(model)

    def likelihood(found: Variances, f: float) -> float:
        free = dataclasses.replace(model, transition=f)
        return reference_likelihood(free, 0, found.process[0], found.observation[0])

    gain = 2 * (likelihood(best, transition) - likelihood(calibrate(model), 1.0))
    assert calibrate_transition(model, threshold=gain * 0.9999)[0] == transition
    assert calibrate_transition(model, threshold=gain * 1.0001)[0] == 1.0


def test_transition_of_a_random_walk_is_one() -> None:
    transition, found = calibrate_transition(reverting(1.0), threshold=2.71)
    assert transition == 1.0
    np.testing.assert_array_equal(found.process, calibrate(reverting(1.0), threshold=2.71).process)


def test_transition_beside_given_variances() -> None:
    model, one = reverting(0.9), np.ones(3)
    given = {"process_variance": 0.25 * one[:, None], "observation_variance": one}
    transition, found = calibrate_transition(model, **given)
    np.testing.assert_array_equal(found.observation, one)

    def objective(x: FloatArray) -> float:
        free = dataclasses.replace(model, transition=1 - np.exp(x[0]))
        return sum(reference_likelihood(free, i, np.full(1, 0.25), 1.0) for i in range(3))

    start = np.log([1 - transition])
    np.testing.assert_allclose(improved(objective, start), start, atol=1e-4)
