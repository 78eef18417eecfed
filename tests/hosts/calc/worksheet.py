"""Worksheet functions called in cells: arguments are placed in ranges, results read back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from kfxl.spreadsheet.stored.formulas import column_letters
from tests.hosts.calc.documents import Cells, Document

DATA, CALLS = "Data", "Calls"
WIDEST = 900  # LibreOffice before 24 has 1,024 columns
DAY_0 = datetime(1899, 12, 30)


def rows_of(argument: Any) -> Cells:
    """A range argument as rows of cells that LibreOffice can hold."""
    if hasattr(argument, "tolist"):
        argument = argument.tolist()
    rows = argument if argument and isinstance(argument[0], list | tuple) else [argument]
    return [[cell(value) for value in row] for row in rows]


def cell(value: Any) -> Any:
    """A value as a cell of LibreOffice holds it: a date is a number."""
    return (value - DAY_0).total_seconds() / 86400 if isinstance(value, datetime) else value


def literal(value: Any) -> str:
    """A value as a formula of LibreOffice's spells it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE()" if value else "FALSE()"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(float(cell(value)))


class Worksheet:
    """A document with a sheet of data and a sheet of calls."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._places: dict[str, str] = {}
        self._top, self._left, self._lowest = 1, 1, 1
        self._calls: list[tuple[str, str, str]] = []
        self._areas: list[tuple[int, int, int]] = []
        self._next = 1
        document.call("add_sheet", name=DATA)
        document.call("add_sheet", name=CALLS)

    def place(self, argument: Any) -> str:
        """Put a range's cells on the sheet of data, once; the reference to them."""
        rows = rows_of(argument)
        key = json.dumps(rows)
        if key not in self._places:
            height, width = len(rows), len(rows[0])
            if self._left + width > WIDEST:
                self._top, self._left = self._lowest + 2, 1
            first = f"{column_letters(self._left)}{self._top}"
            last = f"{column_letters(self._left + width - 1)}{self._top + height - 1}"
            self.document.fill(DATA, first, rows)
            self._places[key] = f"${DATA}.{first}:{last}"
            self._left += width + 1
            self._lowest = max(self._lowest, self._top + height)
        return self._places[key]

    def call(
        self, function: str, arguments: tuple[Any, ...] | list[Any], height: int, width: int
    ) -> int:
        """Note a call whose result fills so many cells; its number."""
        parts = [
            self.place(argument)
            if isinstance(argument, list | tuple) or hasattr(argument, "tolist")
            else literal(argument)
            for argument in arguments
        ]
        return self.formula(f"={function}({';'.join(parts)})", height, width)

    def formula(self, formula: str, height: int = 1, width: int = 1) -> int:
        """Note an array formula whose result fills so many cells; its number."""
        area = f"A{self._next}:{column_letters(width)}{self._next + height - 1}"
        self._calls.append((CALLS, area, formula))
        self._areas.append((self._next, height, width))
        self._next += height
        return len(self._areas) - 1

    def results(self) -> list[Cells]:
        """Enter what was noted, and read what all of them show."""
        self.document.enter(*self._calls)
        self._calls.clear()
        shown = self.document.read(CALLS)
        return [
            [row[:width] for row in shown[top - 1 : top - 1 + height]]
            for top, height, width in self._areas
        ]
