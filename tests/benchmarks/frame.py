"""Measurements side by side: the same work done by several contenders, in turns.

Before anything is timed, the contenders' results are compared. Then they run in turns, so that
a busy machine is equally busy for all of them, and the table shows the median of each and how
many times longer it took than the contender it is measured by.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

HEADINGS = ("Measurement", "Contender", "Median", "Ratio", "Limit", "")


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a measurement.

    ``run`` does it once and returns the result, or the seconds it took where ``own_clock``.
    ``needs`` are packages without which it is left out; ``limit`` is the highest ratio allowed,
    ``least`` the lowest: how many times faster the first contender has to be.
    """

    name: str
    run: Callable[[], Any]
    own_clock: bool = False
    needs: tuple[str, ...] = ()
    limit: float | None = None
    least: float | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages it needs that are not installed."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)


@dataclass(frozen=True)
class Measurement:
    """Contenders for the same work; the first is the one that the others are measured by.

    ``agree`` takes their results in the same order and raises AssertionError where they differ.
    """

    name: str
    contenders: tuple[Contender, ...]
    agree: Callable[..., None] | None = None
    repeats: int = 9


@dataclass(frozen=True)
class Timing:
    """A contender's seconds, one for each turn; none where packages are missing."""

    contender: Contender
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Outcome:
    """A measurement's timings in the order of its contenders."""

    measurement: Measurement
    timings: tuple[Timing, ...]

    def ratio(self, timing: Timing) -> float:
        """How many times as long as the first contender."""
        return timing.median / self.timings[0].median

    def over_limit(self, timing: Timing) -> bool:
        """Whether a contender, or the first beside it, took longer than it may."""
        limit, least = timing.contender.limit, timing.contender.least
        if not timing.seconds:
            return False
        ratio = self.ratio(timing)
        return (limit is not None and ratio > limit) or (least is not None and ratio < least)


def measure(measurement: Measurement, repeats: int | None = None) -> Outcome:
    """Compare the results, then time the contenders that can run, in turns."""
    present = [c for c in measurement.contenders if not c.missing]
    if measurement.contenders[0] not in present:
        raise RuntimeError(f"{measurement.name}: {measurement.contenders[0].missing} not installed")
    if measurement.agree is not None:
        measurement.agree(*(contender.run() for contender in present))
    seconds: dict[str, list[float]] = {contender.name: [] for contender in measurement.contenders}
    for _ in range(repeats or measurement.repeats):
        for contender in present:
            seconds[contender.name].append(_timed(contender))
    return Outcome(
        measurement, tuple(Timing(c, tuple(seconds[c.name])) for c in measurement.contenders)
    )


def measure_apart(measurement: Measurement, repeats: int | None = None) -> Outcome:
    """:func:`measure` in a process of its own, where the system has such copies of a process.

    What other packages loaded and left in memory does not slow the next measurement.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return measure(measurement, repeats)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def work() -> None:
        there.send([timing.seconds for timing in measure(measurement, repeats).timings])

    process = context.Process(target=work)
    process.start()
    there.close()
    try:
        seconds = here.recv()
    except EOFError:
        raise RuntimeError(f"{measurement.name}: failed, as said above") from None
    finally:
        process.join()
    pairs = zip(measurement.contenders, seconds, strict=True)
    return Outcome(measurement, tuple(Timing(*pair) for pair in pairs))


def _timed(contender: Contender) -> float:
    start = time.perf_counter()
    # The name keeps a large result alive until the clock has stopped.
    result = contender.run()
    end = time.perf_counter()
    return float(result) if contender.own_clock else end - start


def table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes as one Markdown table."""
    rows: list[Sequence[str]] = [HEADINGS]
    for outcome in outcomes:
        name = outcome.measurement.name
        for timing in outcome.timings:
            rows.append((name, *_columns(outcome, timing)))
            name = ""
    return markdown(rows)


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table, headings first, columns in line."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def _columns(outcome: Outcome, timing: Timing) -> tuple[str, ...]:
    contender = timing.contender
    limits = ("at most", contender.limit), ("at least", contender.least)
    limit = ", ".join(f"{word} {value:g}" for word, value in limits if value is not None)
    if not timing.seconds:
        return contender.name, "", "", limit, f"needs {', '.join(contender.missing)}"
    verdict = "ok" if limit else ""
    if outcome.over_limit(timing):
        verdict = "TOO SLOW"
    ratio = f"{outcome.ratio(timing):.2f}"
    return contender.name, _duration(timing.median), ratio, limit, verdict


def _duration(seconds: float) -> str:
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"
