"""Worksheet functions for tests of recalculation, simple enough to check by hand."""

import numpy as np

RETURNS = np.random.default_rng(5).normal(0.01, 0.05, (24, 3)).round(6)
WEIGHTS = (1 / RETURNS.std(axis=0)) / (1 / RETURNS.std(axis=0)).sum()


def weights(data: list[list[object]]) -> list[list[float]]:
    rows = np.array([row for row in data if isinstance(row[0], float)], float)
    inverse = 1 / rows.std(axis=0)
    return [(inverse / inverse.sum()).tolist()]


def shares(held: list[list[float]], data: list[list[object]]) -> list[list[float]]:
    covariance = np.cov(np.array([row for row in data if isinstance(row[0], float)]).T)
    w = np.array(held[0])
    return [(w * (covariance @ w) / (w @ covariance @ w)).tolist()]


def total(data: object) -> float:
    return float(np.nansum(np.array(data, float)))


def many(rows: float, columns: float) -> list[list[float]]:
    return [[10 * i + j + 0.5 for j in range(int(columns))] for i in range(int(rows))]


def text(value: object = None) -> str:
    return f"got {value!r}"


TOYS = {"TOY_WEIGHTS": weights, "TOY_SHARES": shares, "TOY_SUM": total, "TOY_MANY": many}
TOYS |= {"TOY_TEXT": text}
