"""Random mean-variance problems."""

import numpy as np


def random_problem(rng, largest):
    """Keywords of mean_variance_weights: N from 4, costs to 5 %, bounds, singular covariances."""
    size = int(np.exp(rng.uniform(np.log(4), np.log(largest + 1))))
    rows = int(rng.choice([max(2, size // 3), size + 2, 4 * size]))
    market = rng.normal(size=(rows, 1)) * rng.uniform(0.5, 1.5, size) / 100
    sample = market + rng.normal(size=(rows, size)) * 10 ** rng.uniform(-3, -1.3, size)
    previous = [np.zeros(size), np.full(size, 1 / size), rng.dirichlet(np.full(size, 0.3))]
    return {
        "expected_returns": rng.normal(size=size) * 10 ** rng.uniform(-5, -2),
        "covariance": np.cov(sample.T),
        "risk_aversion": float(rng.choice([0.5, 5.0, 50.0])),
        "previous_weights": previous[rng.integers(3)],
        "cost": float(rng.choice([0.0, 1e-4, 1e-3, 0.01, 0.05])),
        "horizon": float(rng.choice([1, 10, 21])),
        "lower": np.full(size, rng.choice([0.0, 0.0, -0.1, 0.3 / size])),
        "upper": np.full(size, rng.choice([1.0, 1.0, 1.5 / size, 3 / size])),
    }
