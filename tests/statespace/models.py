"""Random models, and what a joint Gaussian of all states and observations says about them."""

import numpy as np
from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

from kfxl.statespace import StateSpace


def covariance(rng: np.random.Generator, size: int, rank: int | None = None) -> np.ndarray:
    root = rng.normal(size=(size, size if rank is None else rank))
    return root @ root.T


def random_model(
    seed: int, n: int = 3, m: int = 2, *, periods: int | None = None, singular: bool = False
) -> StateSpace:
    """Any F, H, Q, R; ``singular``: F and Q without full rank; ``periods``: one H a period."""
    rng = np.random.default_rng(seed)
    transition = rng.normal(size=(n, n)) / np.sqrt(n)
    if singular:
        transition[-1] = 0
    shape = (m, n) if periods is None else (periods, m, n)
    return StateSpace(
        transition,
        rng.normal(size=shape),
        np.zeros((n, n)) if singular else covariance(rng, n),
        covariance(rng, m) + 0.1 * np.eye(m),
        rng.normal(size=n),
        covariance(rng, n),
    )


def random_observations(seed: int, periods: int, m: int = 2, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed + 1000)
    values = rng.normal(size=(periods, m)) * 3
    values[rng.random(values.shape) < missing] = np.nan
    return values


def joint_gaussian(model: StateSpace, periods: int) -> tuple[np.ndarray, ...]:
    """Mean and covariance of all states, the matrix that observes them, and its noise."""
    n, m = model.state_count, model.series_count
    means, covariances = [], np.zeros((periods, n, periods, n))
    mean, own = model.initial_mean, model.initial_covariance
    for t in range(periods):
        mean = model.transition @ mean
        own = model.transition @ own @ model.transition.T + model.process_noise
        means.append(mean)
        block = own
        for later in range(t, periods):
            covariances[later, :, t] = block
            covariances[t, :, later] = block.T
            block = model.transition @ block
    seen = np.zeros((periods, m, periods, n))
    for t in range(periods):
        seen[t, :, t] = model.observation if model.observation.ndim == 2 else model.observation[t]
    return (
        np.concatenate(means),
        covariances.reshape(periods * n, periods * n),
        seen.reshape(periods * m, periods * n),
        np.kron(np.eye(periods), model.observation_noise),
    )


def condition_jointly(
    model: StateSpace, observations: np.ndarray, known: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Means (T, n), covariances (T, n, n) of all states given the first ``known`` rows; density."""
    periods, n = len(observations), model.state_count
    mean, own, seen, noise = joint_gaussian(model, periods)
    usable = ~np.isnan(observations) & (np.arange(periods) < known)[:, None]
    rows = np.flatnonzero(usable)
    seen, noise = seen[rows], noise[np.ix_(rows, rows)]
    innovation = observations.ravel()[rows] - seen @ mean
    spread = seen @ own @ seen.T + noise
    # By triangular factors: an inverse would cost half the digits, and this is the reference.
    factor = np.linalg.cholesky(spread)
    weights = np.linalg.solve(factor, seen @ own)
    scaled = np.linalg.solve(factor, innovation)
    after = (own - weights.T @ weights).reshape(periods, n, periods, n)
    density = -0.5 * (len(rows) * np.log(2 * np.pi) + scaled @ scaled)
    density -= np.log(factor.diagonal()).sum()
    blocks = np.stack([after[t, :, t] for t in range(periods)])
    return (mean + weights.T @ scaled).reshape(periods, n), blocks, float(density)


def from_statsmodels(model: StateSpace, observations: np.ndarray):
    """The same model in statsmodels, whose initial state is the first *predicted* one."""
    n, m = model.state_count, model.series_count
    twin = KalmanSmoother(k_endog=m, k_states=n, k_posdef=n, tolerance=0)
    twin.bind(np.array(observations))
    twin["design"] = np.array(
        model.observation if model.observation.ndim == 2 else np.moveaxis(model.observation, 0, -1)
    )
    twin["obs_cov"], twin["transition"] = model.observation_noise, model.transition
    twin["selection"], twin["state_cov"] = np.eye(n), model.process_noise
    twin.initialize_known(
        model.transition @ model.initial_mean,
        model.transition @ model.initial_covariance @ model.transition.T + model.process_noise,
    )
    return twin.smooth()
