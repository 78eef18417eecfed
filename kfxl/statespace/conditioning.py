"""How the observations of one period change a Gaussian state, whatever their values are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kfxl.arrays import FloatArray
from kfxl.errors import InputError

LOG_2PI = math.log(2 * math.pi)
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Conditioning:
    """How one period's observations change the state; it does not depend on their values."""

    observation: FloatArray
    factor: FloatArray  # lower Cholesky factor of the innovation covariance S
    weight: FloatArray  # H' S^-1
    gain: FloatArray  # P H' S^-1
    covariance: FloatArray  # of the state afterwards


def symmetric(matrix: FloatArray) -> FloatArray:
    """``matrix`` with its rounding averaged across the diagonal."""
    return (matrix + matrix.T) / 2


def condition(
    covariance: FloatArray, observation: FloatArray, observation_noise: FloatArray
) -> Conditioning:
    """Gain and covariance of an update, in Joseph form: (I - K H) P (I - K H)' + K R K'.

    The Joseph form is a sum of positive semidefinite terms, so rounding cannot make the
    covariance indefinite, as it can in P - K H P.

    Parameters
    ----------
    covariance : (n, n) array
        P, of the predicted state.
    observation, observation_noise : (m, n) and (m, m) arrays
        H and R; m may be 0.

    Raises
    ------
    InputError
        If the innovation covariance H P H' + R is singular: an observation would be known
        without error before it is seen, and its density would not exist.
    """
    innovation = symmetric(observation @ covariance @ observation.T) + observation_noise
    factor = _cholesky(innovation)
    weight: FloatArray = np.linalg.solve(factor.T, np.linalg.solve(factor, observation)).T
    gain = covariance @ weight
    rest = np.eye(len(covariance)) - gain @ observation
    after = rest @ covariance @ rest.T + gain @ observation_noise @ gain.T
    return Conditioning(observation, factor, weight, gain, symmetric(after))


def _cholesky(innovation: FloatArray) -> FloatArray:
    """Cholesky factor; a pivot that is all rounding counts as singular."""
    try:
        factor = np.asarray(np.linalg.cholesky(innovation), dtype=np.float64)
    except np.linalg.LinAlgError:
        singular = True
    else:
        rounding = 4 * len(innovation) * EPSILON * innovation.diagonal()
        singular = not (factor.diagonal() ** 2 > rounding).all()
    if singular:
        raise InputError(
            "observation_noise",
            "the covariance of an innovation is not positive definite",
            "give every observed series some noise of its own",
        )
    return factor


def log_densities(innovations: FloatArray, factor: FloatArray) -> FloatArray:
    """(k,) log densities of (k, m) innovations, given the (m, m) factor of their covariance."""
    scaled = np.linalg.solve(factor, innovations.T)
    constant = len(factor) * LOG_2PI + 2 * np.log(factor.diagonal()).sum()
    return np.asarray(-0.5 * (constant + (scaled**2).sum(axis=0)))
