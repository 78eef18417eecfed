"""Products and factorisations against numpy and fractions; threads while they run and after."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from kfxl.portfolio import dense


def symmetric(size, seed=0):
    rows = np.random.default_rng(seed).normal(size=(2 * size, size))
    return rows.T @ rows / size


@pytest.mark.parametrize("size", [1, 5, 70])
def test_products_and_solutions(size):
    matrix, vector = symmetric(size), np.arange(1.0, size + 1)
    np.testing.assert_allclose(dense.times(matrix, vector), matrix @ vector, rtol=1e-12)
    single = dense.coarse_times(matrix.astype(np.float32), vector)
    assert single.dtype == np.float64
    np.testing.assert_allclose(single, matrix @ vector, rtol=1e-3)
    factor = dense.cholesky(matrix)
    np.testing.assert_allclose(matrix @ dense.solve(factor, vector), vector, rtol=1e-9)
    sides = np.column_stack([vector, vector**2])
    np.testing.assert_allclose(matrix @ dense.solve(factor, sides), sides, rtol=1e-8)


def test_an_indefinite_matrix_has_no_factor():
    with pytest.raises(np.linalg.LinAlgError):
        dense.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))


@pytest.mark.parametrize("seed", range(5))
def test_exact_products_are_those_of_fractions(seed):
    """Terms of 1e12 and of 1e-12 that cancel."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(4, 8)) * 10.0 ** rng.uniform(-12, 12, size=(4, 8))
    matrix = np.concatenate([matrix, -matrix * (1 + 1e-9 * rng.normal(size=(4, 8)))], axis=1)
    vector = rng.normal(size=16)
    exact = [
        float(sum(Fraction(a) * Fraction(x) for a, x in zip(row, vector.tolist(), strict=True)))
        for row in matrix.tolist()
    ]
    assert dense.exact_times(matrix, vector).tolist() == exact


def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_one_thread_for_large_matrices_and_as_many_as_before_afterwards():
    before = threads()
    for large in (np.eye(65), np.eye(65).tolist(), pd.DataFrame(np.eye(65))):
        with dense.one_thread(large):
            assert set(threads()) == {1}
        assert threads() == before
    for small in ([[1.0]], np.eye(3), np.array(0.04), None):
        with dense.one_thread(small):
            assert threads() == before


def test_callers_that_overlap_leave_one_thread_to_each_other_and_all_in_the_end():
    before = threads()
    first, second = (dense.one_thread(np.eye(65)) for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(threads()) == {1}
    second.__exit__(None, None, None)
    assert threads() == before


def test_threads_that_come_first_at_the_same_time_agree():
    """In a fresh process, where none has asked for the limit before."""
    program = """
import threading, time
import numpy as np
from threadpoolctl import threadpool_info
import scipy.linalg.blas
from kfxl.portfolio import dense

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

before, barrier = threads(), threading.Barrier(6)

def work(k):
    barrier.wait()
    with dense.one_thread(np.eye(65)):
        time.sleep(0.01 * k)

workers = [threading.Thread(target=work, args=(k,)) for k in range(6)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
assert threads() == before, (threads(), before)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
