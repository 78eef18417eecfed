"""Which assets share a path: their missing values and parameters decide."""

import numpy as np

from kfxl.statespace.alike import alike, columns_of


def groups(seen: np.ndarray, *parameters: np.ndarray) -> tuple[list[list[int]], list[int]]:
    shared, rest = alike(seen, *parameters)
    return [group.tolist() for group in shared], rest.tolist()


def test_all_alike_are_one_group_however_few() -> None:
    assert groups(np.ones((5, 3), dtype=bool), np.full(3, 0.1)) == ([[0, 1, 2]], [])


def test_patterns_and_parameters_part_the_assets() -> None:
    seen = np.ones((20, 40), dtype=bool)
    seen[3, ::2] = False
    ratio = np.where(np.arange(40) < 30, 0.1, 0.2)
    shared, rest = groups(seen, ratio, np.ones((2, 40)))
    assert shared == [list(range(0, 30, 2)), list(range(1, 30, 2))]
    assert rest == list(range(30, 40))


def test_a_rounding_apart_is_alike() -> None:
    ratio = 0.1 * np.array([1.0, 1 + 2e-16, 1 - 2e-16] * 5)
    assert groups(np.ones((4, 15), dtype=bool), ratio) == ([list(range(15))], [])
    assert groups(np.ones((4, 15), dtype=bool), ratio * 1e-200) == ([list(range(15))], [])
    other = ratio * np.repeat([1.0, 1 + 1e-12, 1 - 1e-12], 5)
    assert groups(np.ones((4, 15), dtype=bool), other) == ([], list(range(15)))


def test_columns_next_to_each_other_are_a_slice() -> None:
    assert columns_of(np.array([3, 4, 5])) == slice(3, 6)
    np.testing.assert_array_equal(columns_of(np.array([3, 5])), [3, 5])
