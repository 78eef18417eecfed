"""The benchmarks at a tiny size: they run, compare results first, and say what they found."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.benchmarks import betas, filters, imports, ranges
from tests.benchmarks.frame import (
    Contender,
    Measurement,
    Outcome,
    Timing,
    measure,
    measure_apart,
    table,
)


def _clock(*seconds: float) -> Callable[[], float]:
    turns = iter(seconds)
    return lambda: next(turns)


def test_conversions_agree_at_a_tiny_size() -> None:
    for measurement in ranges.measurements(60, 12):
        measure(measurement, repeats=1)


def test_imports_are_beside_packages_that_load_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(imports.seconds("sys"), float)
    with pytest.raises(subprocess.CalledProcessError):
        imports.seconds("no_such_module")
    monkeypatch.setattr(imports, "seconds", lambda _modules: 1.0)
    for measurement in imports.measurements():
        measure(measurement, repeats=1)
    monkeypatch.setattr(imports, "loaded_by", lambda name: {"lxml"} if "kfxl" in name else set())
    for measurement in imports.measurements():
        with pytest.raises(AssertionError, match=r"kfxl.* loads lxml"):
            measure(measurement, repeats=1)


@pytest.mark.parametrize(
    "measurement",
    [*filters.measurements([(3, 40), (9, 70)]), *betas.measurements([(3, 40, 2), (9, 70, 1)])],
    ids=lambda measurement: measurement.name,
)
def test_filters_agree_at_a_tiny_size(measurement: Measurement) -> None:
    """With whichever other packages are installed: statsmodels is, with the tests."""
    measure(measurement, repeats=1)


def test_contenders_take_turns_and_are_measured_by_the_first() -> None:
    turns: list[str] = []

    def run(name: str, seconds: Callable[[], float]) -> Callable[[], float]:
        return lambda: (turns.append(name), seconds())[1]

    slow = Contender("slow", run("slow", _clock(8.0, 2.0, 4.0)), own_clock=True, limit=1.5)
    fast = Contender("fast", run("fast", _clock(1.0, 2.0, 9.0)), own_clock=True)
    absent = Contender("absent", run("absent", _clock()), needs=("no_such_package",), limit=2)
    near = Contender("near", run("near", _clock(6.0, 6.0, 6.0)), own_clock=True, least=4)
    found = measure(Measurement("work", (fast, slow, absent, near), repeats=3))
    assert turns == ["fast", "slow", "near"] * 3
    assert [found.over_limit(timing) for timing in found.timings] == [False, True, False, True]
    cells = [[cell.strip() for cell in line.split("|")[2:7]] for line in table([found]).split("\n")]
    assert cells[2:] == [
        ["fast", "2 s", "1.00", "", ""],
        ["slow", "4 s", "2.00", "at most 1.5", "TOO SLOW"],
        ["absent", "", "", "at most 2", "needs no_such_package"],
        ["near", "6 s", "3.00", "at least 4", "TOO SLOW"],
    ]


def test_nothing_is_timed_unless_results_agree() -> None:
    def differ(*_results: object) -> None:
        raise AssertionError("different")

    once = Contender("a", _clock(1.0))
    with pytest.raises(AssertionError, match="different"):
        measure(Measurement("work", (once,), differ))


def test_durations_are_readable() -> None:
    contender = Contender("c", float)
    outcome = Outcome(
        Measurement("m", (contender,)), tuple(Timing(contender, (s,)) for s in (1.5, 0.0123, 4e-6))
    )
    text = table([outcome])
    assert all(shown in text for shown in ("1.5 s", "12.3 ms", "4 us"))


def test_the_first_contender_must_be_there() -> None:
    with pytest.raises(RuntimeError, match="no_such_package"):
        measure(Measurement("work", (Contender("a", float, needs=("no_such_package",)),)))


def test_a_process_of_its_own_measures_the_same_and_says_what_failed() -> None:
    first = Contender("a", _clock(3.0, 1.0, 2.0), own_clock=True)
    found = measure_apart(Measurement("work", (first,), repeats=3))
    assert [timing.seconds for timing in found.timings] == [(3.0, 1.0, 2.0)]
    with pytest.raises(RuntimeError, match="other work"):
        measure_apart(Measurement("other work", (Contender("b", lambda: 1 / 0),)))
