"""Our formulas of a workbook, and what each must show for the cells that LibreOffice holds.

The names, the ranges and the conditions in their arguments are followed here, without a
spreadsheet program's help; only values of cells come from LibreOffice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kfxl.spreadsheet.functions import FUNCTIONS
from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.formulas import Token, arguments, calls, closing, tokenize, trimmed
from kfxl.spreadsheet.stored.package import Package
from kfxl.spreadsheet.stored.references import Rectangle, rectangle
from tests.hosts.calc.shown import REFUSAL, Cells, in_area, is_error

GROWING = {"returns_data": "Returns", "factors_data": "Factors"}
NO_FACTOR = "RF"


class OwnFormulas:
    """The formulas of a workbook file that are one call of a worksheet function."""

    def __init__(self, path: Path) -> None:
        self.book = StoredWorkbook(Package(path.read_bytes()))
        self.formulas = [formula for formula in self.book.formulas() if _whole_call(formula)]

    def add(self, sheet: str, area: str, formula: str) -> None:
        """Count one more array formula among them, written as in a file."""
        tokens = tokenize(formula)
        filled = rectangle(area, sheet)
        assert filled is not None
        self.formulas.append(
            FormulaCell(sheet, filled.top, filled.left, "array", filled, tokens, str(filled))
        )

    def functions(self) -> set[str]:
        """The worksheet functions that are called."""
        return {_whole_call(formula) for formula in self.formulas}

    def expected(self, held: dict[str, Cells]) -> Iterator[tuple[Rectangle, str, Cells]]:
        """Area, function and what it must show, for values of all cells by sheet."""
        values = _Values(self.book, held)
        for formula in self.formulas:
            name = _whole_call(formula)
            parts = arguments(formula.tokens, 0, len(formula.tokens) - 1)
            sent = [values.argument(part, formula.sheet) for part in parts]
            area = formula.area
            if any(is_error(cell) for cell in _cells(sent)):
                result: Any = REFUSAL
            else:
                result = FUNCTIONS[name](*sent)
            yield area, name, in_area(result, area.height, area.width)

    def shown(self, held: dict[str, Cells], area: Rectangle) -> Cells:
        """What LibreOffice shows in an area."""
        return _Values(self.book, held).block(area)


class _Values:
    """Arguments of formulas as plain values."""

    def __init__(self, book: StoredWorkbook, held: dict[str, Cells]) -> None:
        self._book = book
        self._held = held

    def block(self, area: Rectangle) -> Cells:
        """The cells of an area; what is beyond those in use is blank."""
        rows = self._held[area.sheet]
        return [
            [
                rows[i - 1][j - 1] if i <= len(rows) and j <= len(rows[i - 1]) else ""
                for j in range(area.left, area.right + 1)
            ]
            for i in range(area.top, area.bottom + 1)
        ]

    def argument(self, tokens: Sequence[Token], sheet: str) -> Any:
        """The value of an argument; None where it is left out."""
        tokens = trimmed(tokens)
        if not tokens:
            return None
        if tokens[0] == Token("call", "IF("):
            condition, yes, no = arguments(tokens, 0, closing(tokens, 0))
            return self.argument(yes if self._holds(condition, sheet) else no, sheet)
        (token,) = tokens
        if token.kind == "text":
            return token.text[1:-1].replace('""', '"')
        if token.kind == "number":
            return float(token.text)
        if token.kind == "name" and token.text.lower() in GROWING:
            return self._grown(GROWING[token.text.lower()])
        if token.kind == "name":
            definition = self._book.definition(token.text, sheet)
            assert definition is not None, token
            return self.argument(definition, sheet)
        area = rectangle(token.text, sheet)
        assert area is not None, token
        cells = self.block(area)
        return cells if area.height * area.width > 1 else cells[0][0]

    def _holds(self, tokens: Sequence[Token], sheet: str) -> bool:
        """Whether ``ISNUMBER(name)`` or ``name="text"`` is true."""
        if tokens[0].text == "ISNUMBER(":
            (part,) = arguments(tokens, 0, len(tokens) - 1)
            return isinstance(self.argument(part, sheet), float)
        left, sign, right = tokens
        assert sign.text == "="
        return bool(self.argument([left], sheet) == self.argument([right], sheet))

    def _grown(self, sheet: str) -> Cells:
        """The data of a sheet from A1 on, as far as the first column and the first row go."""
        cells = self._held[sheet]
        height = max(2, sum(row[0] != "" for row in cells))
        heads = [head for head in cells[0] if head not in ("", NO_FACTOR)]
        return self.block(Rectangle(sheet, 1, 1, height, max(2, len(heads))))


def _whole_call(formula: FormulaCell) -> str:
    """The worksheet function that a formula is a call of; empty text for any other formula."""
    first, name = next(calls(formula.tokens), (None, ""))
    whole = first == 0 and closing(formula.tokens, 0) == len(formula.tokens) - 1
    return name if whole and name in FUNCTIONS else ""


def _cells(sent: Sequence[Any]) -> Iterator[Any]:
    for argument in sent:
        if isinstance(argument, list):
            yield from (cell for row in argument for cell in row)
        else:
            yield argument
