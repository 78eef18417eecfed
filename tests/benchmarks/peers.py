"""The same filters by other packages, one asset after the other where they know no other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kfxl.arrays import FloatArray


@dataclass(frozen=True)
class Settings:
    """Transition, process and observation variance, and variance of the state before.

    Those of the state are one number, or one for each of its m elements.
    """

    transition: float = 0.99
    process: Any = 1e-3
    observation: float = 1e-2
    initial: Any = 1.0

    @property
    def first(self) -> Any:
        """Variance of the first predicted state, from which the others start."""
        return self.transition**2 * self.initial + self.process

    def for_kfxl(self) -> dict[str, Any]:
        """The same in kfxl's words."""
        return {
            "transition": self.transition,
            "process_variance": self.process,
            "observation_variance": self.observation,
            "initial_variance": self.initial,
        }


def statsmodels_states(
    returns: FloatArray, regressors: FloatArray, s: Settings, *, exact: bool = False
) -> FloatArray:
    """Filtered states (T, N, m) by statsmodels, which takes a gain that hardly moves for settled.

    Unless it shall be ``exact``: then it computes every gain.
    """
    from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

    periods, states = regressors.shape
    constant = bool((regressors == regressors[0]).all())
    design = regressors[:1].T[None] if constant else regressors.T[None]
    found = np.empty((periods, returns.shape[1], states))
    for asset, values in enumerate(np.ascontiguousarray(returns.T)):
        model = KalmanFilter(k_endog=1, k_states=states, k_posdef=states)
        model.bind(values)
        model["design"] = np.ascontiguousarray(design[..., 0] if constant else design)
        model["transition"] = s.transition * np.eye(states)
        model["selection"] = np.eye(states)
        model["state_cov"] = s.process * np.eye(states)
        model["obs_cov"] = np.array([[s.observation]])
        if exact:
            model.tolerance = 0
        model.initialize_known(np.zeros(states), s.first * np.eye(states))
        found[:, asset] = model.filter().filtered_state.T
    return found


def simdkalman_states(returns: FloatArray, s: Settings) -> FloatArray:
    """Filtered means (T, N) by simdkalman, all assets at once."""
    import simdkalman

    model = simdkalman.KalmanFilter(
        state_transition=[[s.transition]],
        process_noise=[[s.process]],
        observation_model=[[1.0]],
        observation_noise=s.observation,
    )
    result = model.compute(
        returns.T,
        0,
        filtered=True,
        smoothed=False,
        initial_value=[0.0],
        initial_covariance=[[s.first]],
    )
    means: FloatArray = result.filtered.states.mean[:, :, 0].T
    return means


def filterpy_states(returns: FloatArray, regressors: FloatArray, s: Settings) -> FloatArray:
    """Filtered states (T, N, m) by filterpy, asset by asset and row by row."""
    from filterpy.kalman import KalmanFilter

    periods, states = regressors.shape
    found: FloatArray = np.empty((periods, returns.shape[1], states))
    for asset in range(returns.shape[1]):
        model: Any = KalmanFilter(dim_x=states, dim_z=1)
        model.F, model.Q = s.transition * np.eye(states), s.process * np.eye(states)
        model.R, model.P = np.array([[s.observation]]), s.initial * np.eye(states)
        for t in range(periods):
            model.H = regressors[t : t + 1]
            model.predict()
            model.update(returns[t, asset])
            found[t, asset] = model.x[:, 0]
    return found
