"""What a model refuses, and how labelled matrices are put in order."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kfxl.errors import InputError
from kfxl.statespace import StateSpace, kalman_filter

GOOD = {
    "transition": np.eye(2),
    "observation": np.ones((1, 2)),
    "process_noise": np.eye(2),
    "observation_noise": np.eye(1),
    "initial_mean": np.zeros(2),
    "initial_covariance": np.eye(2),
}


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("transition", np.ones((2, 3)), "has shape (2, 3), not (2, 2)"),
        ("transition", [1.0, 2.0], "has shape (2,)"),
        ("transition", [[1.0], [1.0, 2.0]], "rows of different lengths"),
        ("transition", [["a", "b"], ["c", "d"]], "not a number"),
        ("transition", [[1.0, np.nan], [0.0, 1.0]], "is missing"),
        ("transition", np.empty((0, 0)), "has shape (0, 0)"),
        ("observation", np.ones((1, 3)), "has shape (1, 3), not (1, 2)"),
        ("observation", np.ones((5, 1, 3)), "has shape (5, 1, 3), not (5, 1, 2)"),
        ("observation", np.full((5, 1, 2), np.inf), "is infinite"),
        ("observation", 1.0, "has shape ()"),
        ("process_noise", np.eye(3), "has shape (3, 3), not (2, 2)"),
        ("process_noise", -np.eye(2), "not positive"),
        ("process_noise", [[1.0, 2.0], [2.0, 1.0]], "is no covariance matrix"),
        ("process_noise", [[1.0, 0.5], [0.4, 1.0]], "differs across its diagonal"),
        ("observation_noise", np.eye(2), "has shape (2, 2), not (1, 1)"),
        ("observation_noise", [[np.nan]], "is missing"),
        ("initial_mean", np.zeros(3), "has shape (3,), not (2,)"),
        ("initial_mean", [0.0, np.inf], "is infinite"),
        ("initial_covariance", np.eye(1), "has shape (1, 1), not (2, 2)"),
    ],
)
def test_refuses_and_names_the_argument(argument, value, words):
    with pytest.raises(InputError) as caught:
        StateSpace(**{**GOOD, argument: value})
    assert str(caught.value).startswith(f"{argument}: ")
    assert words in str(caught.value)


def test_is_frozen_and_keeps_its_own_copies():
    noise = np.eye(2)
    model = StateSpace(**{**GOOD, "process_noise": noise})
    noise[0, 0] = 5
    assert model.process_noise[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        model.process_noise[0, 0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.transition = np.eye(2)


def labelled(order: list[str], seen: list[str]) -> dict[str, object]:
    """One model, its labelled parts written down in another order."""
    states, series = ["level", "slope"], ["A", "B"]
    rng = np.random.default_rng(3)
    square = pd.DataFrame(rng.normal(size=(2, 2)), states, states)
    start = pd.Series([1.0, 2.0], states)
    noise = pd.DataFrame([[1.0, 0.2], [0.2, 2.0]], series, series)
    design = pd.DataFrame(rng.normal(size=(2, 2)), series, states)
    spread = pd.DataFrame([[2.0, 0.5], [0.5, 1.0]], states, states)
    return {
        "transition": square,
        "observation": design.loc[series, order],
        "process_noise": spread.loc[order, order],
        "observation_noise": noise.loc[seen, seen],
        "initial_mean": start[order],
        "initial_covariance": spread.loc[order, order],
    }


def test_labelled_matrices_go_by_name():
    plain = StateSpace(**labelled(["level", "slope"], ["A", "B"]))
    mixed = StateSpace(**labelled(["slope", "level"], ["B", "A"]))
    days = pd.date_range("2024-01-31", periods=4, freq="ME")
    seen = pd.DataFrame(np.random.default_rng(1).normal(size=(4, 2)), days, ["A", "B"])
    one, two = kalman_filter(plain, seen), kalman_filter(mixed, seen[["B", "A"]])
    pd.testing.assert_frame_equal(one.filtered_mean, two.filtered_mean)
    assert list(one.filtered_mean.columns) == ["level", "slope"]
    assert one.log_likelihood == two.log_likelihood


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="observations: name A is missing"):
        kalman_filter(
            StateSpace(**labelled(["level", "slope"], ["A", "B"])),
            pd.DataFrame(np.zeros((3, 2)), columns=["B", "C"]),
        )
