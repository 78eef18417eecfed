"""Calls of our own functions inside formulas: arguments read, the function called, its place kept.

The engine knows the built-in functions only. A formula with calls of ours is evaluated from the
inside out: each result goes to a scratch sheet of the engine, a reference to it into the formula.
"""

import inspect
import marshal
from collections.abc import Callable, Mapping, Sequence

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.engine import Engine
from kfxl.spreadsheet.stored.formulas import (
    Token,
    arguments,
    calls,
    closing,
    expand_let,
    function_name,
    trimmed,
    untokenize,
)
from kfxl.spreadsheet.stored.references import COLUMNS, ROWS, Rectangle, rectangle
from kfxl.spreadsheet.stored.values import ErrorValue, Grid, Plain, cleaned

Function = Callable[..., object]
Read = Callable[[Rectangle], Grid]
_MANY_CELLS = 1_000_000
_MANGLED = "_XLDUDF_"
_SPACE = Token("space", " ")


class OwnFunctions:
    """The functions that are not the engine's, found under every name that programs give them.

    Parameters
    ----------
    functions : mapping of str to callable
        Worksheet functions: plain cells in, plain cells out.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = {name.upper(): function for name, function in functions.items()}
        self._signatures = {
            name: inspect.signature(function) for name, function in self._functions.items()
        }
        self._known: dict[tuple[str, bytes], Grid] = {}

    def find(self, name: str) -> str | None:
        """Give our name for a call's plain name; None if it is not ours."""
        if name in self._functions:
            return name
        if name.startswith(_MANGLED):  # _xldudf_<add-in>_<name>
            fitting = [own for own in self._functions if name.endswith(f"_{own}")]
            return max(fitting, key=len, default=None)
        return None

    def has(self, name: str) -> bool:
        """Tell whether a call's plain name is one of ours."""
        return self.find(name) is not None

    def call(self, name: str, cells: list[object], address: str) -> Grid:
        """Call a function; the same arguments are not computed twice."""
        try:
            self._signatures[name].bind(*cells)
        except TypeError as error:
            raise InputError(
                address, f"{name} is called with wrong arguments ({error})", "mend the formula"
            ) from error
        key = (name, marshal.dumps(cells, 2))
        if key not in self._known:
            self._known[key] = as_grid(self._functions[name](*cells))
        return self._known[key]


def as_grid(result: object) -> Grid:
    """Bring what a function gave to rows of plain values.

    >>> as_grid([1, "a"]), as_grid("text")
    ([[1.0, 'a']], [['text']])
    """
    if not isinstance(result, list | tuple) and hasattr(result, "tolist"):
        result = result.tolist()
    if not isinstance(result, list | tuple):
        return [[cleaned(result)]]
    rows = result if result and isinstance(result[0], list | tuple) else [result]
    return [[cleaned(value) for value in row] for row in rows]


class OwnCalls:
    """Evaluates formulas that call our functions."""

    def __init__(
        self, book: StoredWorkbook, engine: Engine, functions: OwnFunctions, read: Read
    ) -> None:
        self._book, self._engine, self._functions, self._read = book, engine, functions, read

    def evaluate(self, cell: FormulaCell) -> Grid:
        """Give the whole result of a formula, as an array formula's would be.

        Raises
        ------
        InputError
            If it cannot be computed; the cell is named.
        """
        self._engine.clear_scratch()
        return self._value(expand_let(cell.expanded), cell)

    def _value(self, tokens: Sequence[Token], cell: FormulaCell) -> Grid:
        tokens = trimmed(tokens)
        call = self._whole_call(tokens)
        if call is not None:
            return self._called(tokens, 0, len(tokens) - 1, call, cell)
        text = untokenize(self._rewritten(tokens, cell))
        return self._engine.evaluate(cell.sheet, cell.row, cell.column, text)

    def _whole_call(self, tokens: Sequence[Token]) -> str | None:
        if not tokens or tokens[0].kind != "call" or closing(tokens, 0) != len(tokens) - 1:
            return None
        return self._functions.find(function_name(tokens[0]))

    def _called(
        self, tokens: Sequence[Token], start: int, end: int, name: str, cell: FormulaCell
    ) -> Grid:
        parts = arguments(tokens, start, end)
        cells = [_as_argument(self._argument(part, cell)) for part in parts]
        return self._functions.call(name, cells, cell.address)

    def _rewritten(self, tokens: Sequence[Token], cell: FormulaCell) -> list[Token]:
        """Replace our calls, the outermost ones and with them what they hold, by references."""
        result: list[Token] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            name = self._functions.find(function_name(token)) if token.kind == "call" else None
            if name is None:
                result.append(token)
                at += 1
                continue
            end = closing(tokens, at)
            grid = self._called(tokens, at, end, name, cell)
            if _takes_one(result):
                grid = [grid[0][:1]]
                result[-1] = Token("open", "(") if result[-1].kind == "call" else _SPACE
            block = self._engine.put_block(self._engine.scratch, grid)
            result.append(Token("reference", block))
            at = end + 1
        return result

    def _argument(self, tokens: Sequence[Token], cell: FormulaCell) -> Grid:
        tokens = trimmed(tokens)
        if not tokens:
            return [[None]]
        if self._whole_call(tokens) is not None:
            return self._value(tokens, cell)
        area = self._area(tokens, cell)
        if area is not None:
            return self._read(area)
        if len(tokens) == 1 and tokens[0].kind in {"number", "text"}:
            text = tokens[0].text
            return [[text[1:-1].replace('""', '"') if text.startswith('"') else float(text)]]
        text = untokenize(self._rewritten(tokens, cell))
        area = self._engine.area_of(cell.sheet, cell.row, cell.column, text)
        if area is None:
            return self._evaluated(text, untokenize(tokens), cell)
        return self._cells(area) if area.sheet == self._engine.scratch else self._read(area)

    def _evaluated(self, text: str, argument: str, cell: FormulaCell) -> Grid:
        grid = self._engine.evaluate(cell.sheet, cell.row, cell.column, text)
        if grid == [["#NAME?"]]:
            raise InputError(
                cell.address,
                f"the argument {argument[:80]} cannot be computed",
                "put it into a cell of its own, or correct it",
            )
        return grid

    def _cells(self, area: Rectangle) -> Grid:
        return [
            [
                self._engine.value(area.sheet, row, column)
                for column in range(area.left, area.right + 1)
            ]
            for row in range(area.top, area.bottom + 1)
        ]

    def _area(self, tokens: Sequence[Token], cell: FormulaCell) -> Rectangle | None:
        """Cells that an argument names outright: a reference or a spill."""
        first = tokens[0]
        if len(tokens) == 1 and first.kind == "reference":
            return self._on_book(rectangle(first.text, cell.sheet))
        if first.kind == "call" and function_name(first) == "ANCHORARRAY":
            anchor = trimmed(tokens[1:-1])
        elif len(tokens) == 2 and tokens[1].text == "#":
            anchor = [first]
        else:
            return None
        if len(anchor) != 1 or anchor[0].kind != "reference":
            return None
        area = self._on_book(rectangle(anchor[0].text, cell.sheet))
        if area is None:
            return None
        height, width = self._engine.spill(area.sheet, area.top, area.left)
        return area._replace(bottom=area.top + height - 1, right=area.left + width - 1)

    def _on_book(self, area: Rectangle | None) -> Rectangle | None:
        """The same area under the sheet's name as it is stored: case does not matter."""
        name = self._book.by_lower.get(area.sheet.lower()) if area else None
        return area._replace(sheet=name) if area and name else None


def clipped(area: Rectangle, last_row: int, last_column: int) -> Rectangle:
    """Cut a whole column or row, or a vast area, at the last cell in use.

    >>> clipped(Rectangle("S", 1, 1, 1048576, 2), 9, 20)
    Rectangle(sheet='S', top=1, left=1, bottom=9, right=2)
    """
    bottom, right = area.bottom, area.right
    vast = area.height * area.width > _MANY_CELLS
    if bottom == ROWS or vast:
        bottom = max(area.top, min(bottom, last_row))
    if right == COLUMNS or vast:
        right = max(area.left, min(right, last_column))
    return area._replace(bottom=bottom, right=right)


def filled(grid: Grid, height: int, width: int) -> Grid:
    """Fit a result into an array formula's area as Excel does.

    One value fills all; a row is repeated down, a column across; elsewhere what is missing is
    ``#N/A`` and what is too much is cut.

    >>> filled([[1.0, 2.0]], 2, 3)
    [[1.0, 2.0, '#N/A'], [1.0, 2.0, '#N/A']]
    """

    def at(row: int, column: int) -> Plain:
        row = 0 if len(grid) == 1 else row
        column = 0 if len(grid[0]) == 1 else column
        inside = row < len(grid) and column < len(grid[0])
        return grid[row][column] if inside else ErrorValue("#N/A")

    return [[at(row, column) for column in range(width)] for row in range(height)]


def _as_argument(grid: Grid) -> object:
    """One cell as a scalar, more as rows; error values as text."""
    rows = [[str(v) if isinstance(v, ErrorValue) else v for v in line] for line in grid]
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows


def _takes_one(before: Sequence[Token]) -> bool:
    """Tell whether implicit intersection, ``@`` or SINGLE, stands right before a call."""
    if not before:
        return False
    last = before[-1]
    return last.text == "@" or (last.kind == "call" and function_name(last) == "SINGLE")


def own_calls(tokens: Sequence[Token], functions: OwnFunctions) -> bool:
    """Tell whether a formula calls any of our functions."""
    return any(functions.has(name) for _, name in calls(tokens))
