"""The calculation engine for built-in functions: formulon, kept behind a few plain calls."""

import re
from datetime import datetime
from functools import cache
from typing import Any

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.formulas import column_letters
from kfxl.spreadsheet.stored.references import Rectangle, quoted, rectangle
from kfxl.spreadsheet.stored.values import ErrorValue, Grid, Plain

_NAME_ONLY = 3  # formulon's mark of a function that it knows by name but cannot compute
_FREE_COLUMN = 15000
_PLACE = re.compile(r"\b(?:ROW|COLUMN|CELL|SHEET)\s*\(|@|#This Row|_calls", re.IGNORECASE)


@cache
def known_functions() -> frozenset[str]:
    """Give the names of the built-in functions that can be computed."""
    from formulon import Workbook

    names = (Workbook.function_name_at(index) for index in range(Workbook.function_count()))
    return frozenset(
        name
        for name in names
        if (about := Workbook.function_metadata(name)) is not None
        and about.availability != _NAME_ONLY
    )


class Engine:
    """A workbook in the engine; rows and columns count from 1, as in formulas.

    Parameters
    ----------
    data : bytes
        The package.

    Raises
    ------
    InputError
        If the engine refuses the package.
    """

    def __init__(self, data: bytes) -> None:
        from formulon import FormulonError, Workbook

        try:
            self._book: Any = Workbook.load(data)
        except FormulonError as error:
            raise InputError(
                "workbook",
                f"the calculation engine cannot read it ({error})",
                "save it once more as .xlsx",
            ) from error
        now = datetime.now().astimezone()
        # One moment for the whole run, so that NOW() is the same in every pass.
        self._book.set_pinned_now(now.year, now.month, now.day, now.hour, now.minute, now.second)
        names = [self._book.sheet_name(at) for at in range(self._book.sheet_count())]
        self._index = {name: at for at, name in enumerate(names)}
        self.scratch, self.results = _unused(names, "_calls"), _unused(names, "_results")
        for name in (self.scratch, self.results):
            self._book.add_sheet(name)
            self._index[name] = self._book.sheet_count() - 1
        self._next_row = {self.scratch: 1, self.results: 1}
        self._stale = True
        self._areas: dict[tuple[str, str], Rectangle | None] = {}

    def has(self, sheet: str) -> bool:
        """Tell whether there is a sheet of that name."""
        return sheet in self._index

    def recalculate(self) -> bool:
        """Bring all formulas up to date; False if they were."""
        if not self._stale:
            return False
        self._book.recalc()
        self._areas.clear()
        self._stale = False
        return True

    def value(self, sheet: str, row: int, column: int) -> Plain:
        """Give a cell's present value."""
        return _plain(self._book.get_value(self._index[sheet], row - 1, column - 1))

    def values(self, area: Rectangle) -> Grid | None:
        """Give the values of many cells, blanks as 0; None if they do not fit at the edge."""
        grid = self._evaluated(area.sheet, 1, _FREE_COLUMN, str(area))
        fits = len(grid) == area.height and len(grid[0]) == area.width
        return grid if fits else None

    def evaluate(self, sheet: str, row: int, column: int, formula: str) -> Grid:
        """Evaluate a formula as an array formula of that cell would be; nothing is stored."""
        grid = self._evaluated(sheet, row, column, formula)
        if grid == [["#SPILL!"]]:  # neighbours are in the way, though nothing will be put there
            grid = self._evaluated(sheet, row, _FREE_COLUMN, formula)
        return grid

    def _evaluated(self, sheet: str, row: int, column: int, formula: str) -> Grid:
        found = self._book.evaluate_formula_array(
            self._index[sheet], row - 1, column - 1, f"={formula}"
        )
        return [[_plain(value) for value in line] for line in found]

    def area_of(self, sheet: str, row: int, column: int, formula: str) -> Rectangle | None:
        """Tell which cells a formula refers to; None if it gives values."""
        if _PLACE.search(formula):  # depends on the cell that asks
            return self._area_of(sheet, row, column, formula)
        key = (sheet, formula)
        if key not in self._areas:
            self._areas[key] = self._area_of(sheet, row, column, formula)
        return self._areas[key]

    def _area_of(self, sheet: str, row: int, column: int, formula: str) -> Rectangle | None:
        def ask(question: str) -> Plain:
            return self.evaluate(sheet, row, column, question)[0][0]

        if ask(f"ISREF({formula})") is not True:
            return None
        corner = ask(f'CELL("address",INDEX({formula},1,1))')
        height, width = ask(f"ROWS({formula})"), ask(f"COLUMNS({formula})")
        if (
            not isinstance(corner, str)
            or isinstance(corner, ErrorValue)
            or not isinstance(height, float)
            or not isinstance(width, float)
        ):
            return None
        first = rectangle(corner, sheet)
        if first is None:
            return None
        return first._replace(bottom=first.top + int(height) - 1, right=first.left + int(width) - 1)

    def spill(self, sheet: str, row: int, column: int) -> tuple[int, int]:
        """Give height and width of what a dynamic array fills; (1, 1) if it does not spill."""
        about = self._book.spill_info(self._index[sheet], row - 1, column - 1)
        anchored = about.engaged and (about.anchor_row, about.anchor_col) == (row - 1, column - 1)
        return (about.rows, about.cols) if anchored else (1, 1)

    def put(self, sheet: str, row: int, column: int, value: Plain) -> None:
        """Put a constant into a cell."""
        at = (self._index[sheet], row - 1, column - 1)
        if value is None:
            self._book.set_blank(*at)
        elif isinstance(value, ErrorValue):
            self._book.set_error(*at, _error_codes()[str(value)])
        elif isinstance(value, bool):
            self._book.set_bool(*at, value)
        elif isinstance(value, str):
            self._book.set_text(*at, value)
        else:
            self._book.set_number(*at, value)
        self._stale = self._stale or sheet != self.scratch

    def put_formula(self, sheet: str, row: int, column: int, formula: str) -> None:
        """Put a formula into a cell; an array result spills."""
        self._book.set_formula(self._index[sheet], row - 1, column - 1, f"={formula}")
        self._stale = True

    def put_block(self, sheet: str, grid: Grid) -> str:
        """Store an array on one of the two sheets of its own and give the reference to it."""
        top = self._next_row[sheet]
        for down, line in enumerate(grid):
            for across, value in enumerate(line):
                self.put(sheet, top + down, across + 1, value)
        self._next_row[sheet] = top + len(grid)
        last = f"${column_letters(len(grid[0]))}${top + len(grid) - 1}"
        return f"{quoted(sheet)}!$A${top}:{last}"

    def clear_scratch(self) -> None:
        """Use the scratch sheet from its top again."""
        self._next_row[self.scratch] = 1


@cache
def _error_codes() -> dict[str, int]:
    from formulon import ErrorCode, error_display_name

    return {error_display_name(code): int(code) for code in ErrorCode}


@cache
def _error_names() -> dict[int, ErrorValue]:
    return {code: ErrorValue(name) for name, code in _error_codes().items()}


def _plain(value: Any) -> Plain:
    kind = value.kind.name
    if kind == "NUMBER":
        return float(value.number)
    if kind == "TEXT":
        return str(value.text)
    if kind == "BOOL":
        return bool(value.boolean)
    if kind == "BLANK":
        return None
    if kind == "ERROR":
        return _error_names().get(value.error_code, ErrorValue("#VALUE!"))
    return ErrorValue("#CALC!")


def _unused(names: list[str], wish: str) -> str:
    taken = {name.lower() for name in names}
    while wish in taken:
        wish += "_"
    names.append(wish)
    return wish
