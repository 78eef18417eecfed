"""From a range as Excel hands it over to the array that the core gets, and back to cells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from kfxl.hosts.excel_cells import from_excel, to_excel
from kfxl.spreadsheet.blocks import read_block
from kfxl.spreadsheet.cells import tidy
from kfxl.spreadsheet.layout import clean_rows, history
from tests.benchmarks.frame import Contender, Measurement

# The contract of issue 3; it is about numbers alone, the other ranges are shown beside them.
LIMIT = 3.0


def measurements(periods: int = 2520, assets: int = 500) -> Iterable[Measurement]:
    """Conversions of a range of ``periods`` x ``assets``, as Excel sends it over COM."""
    numbers = np.random.default_rng(0).normal(0.0, 0.01, (periods, assets))
    rows = tuple(map(tuple, numbers.tolist()))
    days = [datetime(2015, 1, 1) + timedelta(days=i) for i in range(periods)]
    names = ("", *(f"Asset {j + 1}" for j in range(assets)))
    labelled = (names, *((day, *row) for day, row in zip(days, rows, strict=True)))
    few = tuple((None, *row[1:]) if i % 50 == 0 else row for i, row in enumerate(rows))
    many = tuple(
        tuple(None if (i + j) % 100 == 0 else cell for j, cell in enumerate(row))
        for i, row in enumerate(rows)
    )
    text = (*rows[:-1], ("#N/A", *rows[-1][1:]))
    title = f"{periods} x {assets} cells to array and back"
    yield Measurement(
        title,
        (
            Contender("numpy.array(rows, dtype=float) alone", lambda: _array(rows)),
            Contender("kfxl, numbers", lambda: _round_trip(rows), limit=LIMIT),
            Contender("kfxl, under names and beside dates", lambda: _round_trip(labelled)),
            Contender("kfxl, a blank in every 50th row", lambda: _round_trip(few)),
            Contender("kfxl, every 100th cell blank", lambda: _round_trip(many)),
            Contender("kfxl, one #N/A among them", lambda: _round_trip(text)),
        ),
        partial(_check, (rows, labelled, few, many, text)),
    )
    whole = tuple(row[:13] for row in labelled) + ((None,) * 13,) * (1_048_576 - len(labelled))
    yield Measurement(
        "1,048,576 x 13 cells, mostly blank, to array",
        (
            Contender("the same, the exact range", lambda: _read(whole[: len(labelled)])),
            Contender("kfxl, whole columns", lambda: _read(whole)),
        ),
        np.testing.assert_array_equal,
    )


def _array(rows: Any) -> Any:
    return np.array(rows, dtype=float)


def _read(rows: Any) -> Any:
    return read_block(tidy(rows, "returns"), "returns").values


def _round_trip(rows: Any) -> Any:
    block = read_block(tidy(from_excel(rows), "returns"), "returns")
    return to_excel(clean_rows(history(block.values, block.names, block.labels, None)))


def _check(given: Any, array: Any, *found: Any) -> None:
    np.testing.assert_array_equal(array, np.array(given[0], dtype=float))
    for back, rows in zip(found, given, strict=True):
        assert len(back) == len(rows)
        for row, sent in zip(back, rows, strict=True):
            cells = ["" if cell in (None, "#N/A") else cell for cell in sent]
            assert row[1:] == cells[1:]
            assert isinstance(cells[0], datetime) or row[0] == cells[0]
