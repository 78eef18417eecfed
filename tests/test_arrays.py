"""What arrays.py refuses, and what it says."""

import numpy as np
import pandas as pd
import pytest

from kfxl import arrays
from kfxl.errors import InputError, KfxlError, SolverError

DAYS = pd.date_range("2024-01-31", periods=3, freq="ME")
FRAME = pd.DataFrame([[0.1, 0.2], [0.0, np.nan], [0.3, 0.1]], index=DAYS, columns=["A", "B"])


def refusal(call, *arguments, **settings) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **settings)
    text = str(caught.value)
    assert "\n" not in text
    assert text.count("; ") >= 1
    return text


def test_panel_keeps_labels_and_values():
    panel = arrays.panel(FRAME, "returns")
    pd.testing.assert_frame_equal(panel.table(panel.values), FRAME)
    assert panel.last == DAYS[-1]
    assert arrays.panel(FRAME.to_numpy(), "returns").last == 2


def test_panel_says_whether_it_is_complete():
    assert not arrays.panel(FRAME, "returns").complete
    whole = arrays.panel(FRAME.dropna(), "returns")
    assert whole.complete
    assert arrays.align_rows(whole, whole, "factors").complete
    assert whole.labels(last=True).index.tolist() == [DAYS[2]]
    assert arrays.panel([[1.0, 2.0]], "returns").labels(last=True).index is None


def test_panel_reads_in_place_on_request():
    values = np.array([[0.1, 0.2]])
    assert arrays.panel(values, "returns", copy=False).values is values
    for given in ([[0.1, 0.2]], values.T, values.astype("float32"), pd.DataFrame(values)):
        table = arrays.panel(given, "returns", copy=False).values
        assert table.flags.c_contiguous
        assert table.dtype == np.float64


def test_panel_copies_its_input():
    source = np.ones((2, 2))
    arrays.panel(source, "returns").values[0, 0] = 5
    assert source[0, 0] == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (FRAME.iloc[::-1], "2024-02-29 comes after a later date"),
        (FRAME.set_axis(["A", "A"], axis=1), "name A occurs twice"),
        (FRAME.replace(0.3, np.inf), "2024-03-31, A is infinite"),
        ([[0.1, "x"]], "not a number"),
        ([[0.1, 0.2], [0.3]], "not a rectangular block"),
        (np.zeros((2, 2, 2)), "shape (2, 2, 2)"),
        (np.array([[True, False]]), "not a number"),
        (np.zeros((0, 2)), "has 0 rows"),
    ],
)
def test_panel_refuses(values, words):
    assert words in refusal(arrays.panel, values, "returns")


def test_missing_values_are_named_where_not_allowed():
    words = refusal(arrays.panel, FRAME, "returns", missing=False)
    assert "2024-02-29, B is missing" in words


def test_rows_are_aligned_by_date_and_missing_dates_named():
    onto = arrays.panel(FRAME, "asset_returns")
    shuffled = arrays.Panel(onto.values[[2, 0, 1]], DAYS[[2, 0, 1]], onto.columns)
    np.testing.assert_array_equal(arrays.align_rows(shuffled, onto, "f").values, onto.values)
    short = arrays.panel(FRAME.iloc[1:], "factor_returns")
    assert "date 2024-01-31 is missing" in refusal(arrays.align_rows, short, onto, "factor_returns")
    assert "date 2024-01-31 is not known" in refusal(arrays.align_rows, onto, short, "f")


def test_vectors_are_aligned_by_name():
    labels = pd.Index(["A", "B"])
    series = pd.Series({"B": 2.0, "A": 1.0})
    np.testing.assert_array_equal(arrays.vector(series, "budgets", 2, labels), [1, 2])
    np.testing.assert_array_equal(arrays.vector([[3.0], [4.0]], "budgets", 2, labels), [3, 4])
    assert "name B is missing" in refusal(arrays.vector, series.drop("B"), "budgets", 2, labels)
    assert "has 3 values, not 2" in refusal(arrays.vector, [1, 2, 3], "budgets", 2, labels)


def test_per_asset_broadcasts_one_number():
    np.testing.assert_array_equal(arrays.per_asset(0.5, "upper", 3), [0.5] * 3)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1.0, 0.5]], "shape (1, 2)"),
        ([[1.0, 0.5], [0.4, 1.0]], "differs across its diagonal at row 1 and column 2"),
        ([[1.0, 0.5], [0.5 + 1e-11, 1.0]], "differs across its diagonal at row 1 and column 2"),
        ([[1.0, 0.0], [0.0, 0.0]], "variance of asset 2 is not positive"),
        ([[1.0, 2.0], [2.0, 1.0]], "smallest eigenvalue -1"),
        ([[1.0, np.nan], [np.nan, 1.0]], "row 1, column 2 is missing"),
    ],
)
def test_covariance_refuses(matrix, words):
    assert words in refusal(arrays.covariance_matrix, np.array(matrix), "covariance")


def test_rounding_across_the_diagonal_is_averaged():
    rounded = np.array([[1.0, 0.5], [0.5 + 2.0**-42, 1.0]])
    found = arrays.covariance_matrix(rounded, "covariance").values
    assert found.tolist() == [[1.0, 0.5 + 2.0**-43], [0.5 + 2.0**-43, 1.0]]


def test_covariance_accepts_a_singular_matrix():
    arrays.covariance_matrix(np.ones((3, 3)) * 1e-8, "covariance")


def test_numbers():
    assert arrays.number(np.float64(2), "cost") == 2.0
    assert arrays.whole(3.0, "window") == 3
    assert "give 0 or more" in refusal(arrays.number, -1, "cost", low=0)
    assert "more than 0" in refusal(arrays.number, 0, "half_life", above=0)
    assert "not a number" in refusal(arrays.number, True, "cost")
    assert "not a whole number" in refusal(arrays.whole, 2.5, "window")
    assert "use one of a, b" in refusal(arrays.choice, "c", "method", ["a", "b"])


def test_errors_are_one_family():
    assert issubclass(InputError, KfxlError)
    assert issubclass(SolverError, KfxlError)


def test_pandas_own_missing_values_are_missing():
    given = FRAME.astype("Float64")
    assert given.iloc[1, 1] is pd.NA
    np.testing.assert_array_equal(arrays.panel(given, "returns").values, FRAME)


@pytest.mark.parametrize("values", [[[1j]], np.array([[1 + 0j]]), [[10**400]]])
def test_numbers_that_no_float_holds_are_refused(values):
    assert "give numbers only" in refusal(arrays.panel, values, "returns")


def test_dates_must_be_there_and_ascend_also_as_python_objects():
    days = [day.date() for day in DAYS]
    assert "after a later date" in refusal(arrays.panel, FRAME.set_axis(days[::-1]), "returns")
    assert "after a later date" in refusal(
        arrays.panel, FRAME.set_axis(DAYS[::-1].to_period("M")), "returns"
    )
    arrays.panel(FRAME.set_axis(days), "returns")
    gap = FRAME.set_axis(pd.DatetimeIndex([DAYS[0], pd.NaT, DAYS[2]]))
    assert "the date of row 2 is missing" in refusal(arrays.panel, gap, "returns")
    twice = FRAME.set_axis(DAYS[[0, 1, 1]])
    assert "date 2024-02-29 occurs twice" in refusal(arrays.panel, twice, "returns")


def test_what_is_aligned_by_date_may_come_in_any_order():
    onto = arrays.panel(FRAME, "asset_returns")
    for index in (DAYS, DAYS.tz_localize("Europe/Berlin"), DAYS.to_period("M"), list("zxy")):
        frame = FRAME.set_axis(index)
        given = arrays.panel(frame.iloc[[2, 0, 1]], "factors", any_order=True)
        found = arrays.align_rows(given, arrays.panel(frame, "returns"), "factors")
        np.testing.assert_array_equal(found.values, onto.values)


def test_dates_still_ascend_where_nothing_tells_the_right_order():
    given = arrays.panel(FRAME.iloc[[2, 0, 1]], "factors", any_order=True)
    plain = arrays.panel(FRAME.to_numpy(), "returns")
    assert "after a later date" in refusal(arrays.align_rows, given, plain, "factors")


def test_a_vector_names_the_asset_whose_number_is_missing():
    labels = pd.Index(["A", "B"])
    assert "budgets: value at B is missing;" in refusal(
        arrays.vector, [1, np.nan], "budgets", 2, labels
    )
    assert "value at place 1 is infinite" in refusal(arrays.vector, [np.inf, 1], "budgets", 2)
    assert "has shape (), not (2,)" in refusal(arrays.vector, 1.0, "budgets", 2)


def test_numbers_too_large_to_compute_with_are_refused():
    assert "row 1, column 2 is infinite or absurdly large" in refusal(
        arrays.panel, [[0.1, -1e40]], "returns"
    )
    assert "1e+40 is no usable number" in refusal(arrays.number, 1e40, "process_variance")
