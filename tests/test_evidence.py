"""The evidence for the defaults: kfxl's own predictions, no look-ahead, the table."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

import kfxl
from tests.benchmarks import __main__ as command
from tests.benchmarks import evidence
from tests.benchmarks.evidence import Model, by_kfxl, calibrated, estimate, parameters, table
from tests.benchmarks.predictive import Data, Predictions, filtered, least_squares
from tests.benchmarks.readme import put
from tests.test_predictive import moving


def test_predictive_densities_are_those_of_statsmodels() -> None:
    data = moving(start=40, every=100)
    found = filtered(data, calibrated)
    settled = calibrated(data.before(40))
    actual = data.returns[40:]
    density = stats.norm.logpdf(actual, found.mean, np.sqrt(found.variance))
    for asset in range(3):
        model = KalmanFilter(k_endog=1, k_states=2)
        model.tolerance = 0
        model.bind(data.returns[:, asset].copy())
        model["design"] = data.regressors.T[None].copy()
        model["transition"] = model["selection"] = np.eye(2)
        model["state_cov"] = np.diag(settled.process[asset])
        model["obs_cov"] = settled.observation[[asset]][None]
        first = np.diag(settled.variance[asset] + settled.process[asset])
        model.initialize_known(np.zeros(2), first)
        np.testing.assert_allclose(density[:, asset], model.filter().llf_obs[40:], rtol=1e-7)


@pytest.mark.parametrize("factors", [0, 2])
def test_predictions_are_kfxls_own(factors: int) -> None:
    data = moving(factors=factors, every=100)
    found = filtered(data, by_kfxl)
    settled = estimate(data.before(30))
    given = settled.process_variance, settled.observation_variance
    if not factors:
        size = np.ones(1)
        kept = dict(zip(("process_variance", "observation_variance"), given, strict=True))
        means = np.asarray(estimate(data, **kept).mean)[29:-1]
    else:
        size = np.sqrt((data.regressors[:30] ** 2).mean(axis=0))
        kept = {
            "process_variance": given[0],
            "observation_variance": given[1],
            # Raw units: the diffuse start is scaled by the rows that the parameters are fitted on.
            "initial_variance": 1e6 * given[1][:, None] / size**2,
        }
        loadings = estimate(data, **kept).loadings
        means = np.einsum("tnk,tk->tn", loadings[29:-1], data.regressors[30:])
    np.testing.assert_allclose(found.mean, means, rtol=1e-7, atol=1e-9)
    upto = [estimate(data.before(row), **kept).log_likelihood for row in (59, 60)]
    last = stats.norm.logpdf(data.returns[-1], found.mean[-1], np.sqrt(found.variance[-1]))
    np.testing.assert_allclose(last, upto[1] - upto[0], rtol=1e-6)


@pytest.mark.parametrize("factors", [0, 2])
def test_a_ratio_of_0_is_least_squares(factors: int) -> None:
    data = moving(factors=factors)
    constant = filtered(data, lambda seen: by_kfxl(seen, process_variance=0.0))
    exact = least_squares(data)
    np.testing.assert_allclose(constant.mean, exact.mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(constant.variance, exact.variance, rtol=1e-4)


def every_model() -> list[tuple[Data, Model]]:
    means, betas = moving(factors=0), moving(factors=2)
    return [
        *((means, model) for model in evidence.mean_models(10)),
        *((betas, model) for model in evidence.beta_models(10)),
    ]


@pytest.mark.parametrize(("data", "model"), every_model(), ids=lambda part: part.name)
@pytest.mark.parametrize("now", [44, 47], ids=["at a refit", "between refits"])
def test_the_future_changes_no_past_prediction(data: Data, model: Model, now: int) -> None:
    past = model.predict(data)
    returns, regressors = data.returns.copy(), data.regressors.copy()
    returns[now:] = -3 * returns[now:]
    regressors[now + 1 :, 1:] *= 5
    changed = model.predict(dataclasses.replace(data, returns=returns, regressors=regressors))
    seen = now + 1 - data.start  # row `now` itself is predicted before its returns are known
    for kind in ("mean", "variance"):
        np.testing.assert_array_equal(getattr(changed, kind)[:seen], getattr(past, kind)[:seen])
        assert np.isfinite(getattr(changed, kind)).all()
    assert not np.array_equal(changed.mean[seen:], past.mean[seen:])


def test_settings_of_kfxl_are_spelt_out() -> None:
    data = moving(factors=0)
    found = kfxl.expected_returns(data.returns)
    settled = parameters(
        data, found.process_variance, found.observation_variance, long_run_mean=[1, 2, 3]
    )
    assert settled.centre.tolist() == [[1], [2], [3]]
    np.testing.assert_allclose(settled.variance[:, 0], 1e6 * found.observation_variance)
    assert parameters(data, *np.ones((2, 3)), initial_variance=0.5).variance.tolist() == [[0.5]] * 3


def test_calibration_without_gate_and_with_still_alphas() -> None:
    data = moving(factors=2)
    betas = kfxl.factor_betas(data.returns, data.regressors[:, 1:])
    np.testing.assert_allclose(calibrated(data).process, betas.process_variance)
    still = calibrated(data, still=evidence.STILL)
    ratio = still.process * (data.regressors**2).mean(axis=0) / still.observation[:, None]
    np.testing.assert_allclose(ratio[:, 0] * evidence.STILL**2, ratio[:, 1])


def test_the_table_marks_what_is_no_noise() -> None:
    data = moving(200, start=100)
    models = [
        Model("base", least_squares),
        Model("default", lambda seen: shifted(seen, 0.0)),
        Model("worse", lambda seen: shifted(seen, 0.05)),
    ]
    lines = [
        [cell.strip() for cell in row.split("|")] for row in table([(data, models)]).split("\n")
    ]
    assert lines[2][1:-1] == ["moving", "base", "0", "", "1"]
    assert lines[3][1:-1] == ["", "default", "0", "", "1"]
    assert lines[4][2] == "worse"
    assert all(cell.endswith(" *") and " ± " in cell for cell in lines[4][3:-1])
    assert lines[4][3].startswith("-")


def shifted(data: Data, by: float) -> Predictions:
    exact = least_squares(data)
    return Predictions(exact.mean + by, exact.variance)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """The command on a small sample, with or without skfolio."""

    def prepare(complete: bool) -> None:
        monkeypatch.setattr(
            evidence,
            "samples",
            lambda: [(moving(), [Model(name, least_squares) for name in ("base", "default")])],
        )
        find = importlib.util.find_spec
        answers = {"skfolio": object() if complete else None}
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name: answers[name] if name in answers else find(name),
        )

    return prepare


def test_without_skfolio_one_line_says_what_is_left_out(
    tiny: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    tiny(False)
    assert command.main(["evidence"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("skfolio is not installed (pip install '.[bench]')")
    assert "| moving" in said.out
    assert command.main(["evidence", "--readme"]) == 1  # half a table is not written


def test_the_readme_is_written_between_its_markers_on_request(
    tiny: Callable[[bool], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny(True)
    page = tmp_path / "README.md"
    monkeypatch.setattr(evidence, "README", page)
    page.write_text("a\n<!-- evidence: begin -->\nold\n<!-- evidence: end -->\nz\n", "utf-8")
    assert command.main(["evidence", "--readme"]) == 0
    text = page.read_text("utf-8")
    written = f"<!-- evidence: begin -->\n{capsys.readouterr().out}<!-- evidence: end -->"
    assert text == f"a\n{written}\nz\n"
    assert command.main(["evidence", "--other"]) == 2


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("<!-- evidence: begin -->", "utf-8")
    with pytest.raises(SystemExit, match=r"evidence: end -->: nothing is written"):
        put("text", "evidence", page)
    assert page.read_text("utf-8") == "<!-- evidence: begin -->"


def test_the_transition_of_highest_likelihood_draws_to_the_average() -> None:
    rng = np.random.default_rng(3)
    states = np.zeros((400, 4))
    for t in range(1, 400):
        states[t] = 0.5 * states[t - 1] + rng.normal(size=4)
    returns = 7 + states + 0.3 * rng.normal(size=(400, 4))
    data = Data("drawn", returns, np.ones((400, 1)), 100, 100)
    found = evidence.best_transition(data, (1.0, 0.9, 0.5, 0.2), to_average=True)
    assert found.transition == 0.5
    np.testing.assert_allclose(found.centre[:, 0], returns.mean(axis=0))
    np.testing.assert_allclose(found.observation, 0.09, rtol=1.5)
    drifting = dataclasses.replace(data, returns=states.cumsum(axis=0) + rng.normal(size=(400, 4)))
    assert evidence.best_transition(drifting, (1.0, 0.5), to_average=False).transition == 1.0
