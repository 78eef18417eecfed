"""In which order formulas are computed: each after those that it reads."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.formulas import (
    Token,
    arguments,
    closing,
    function_name,
    opening,
    untokenize,
)
from kfxl.spreadsheet.stored.references import Rectangle, rectangle, split_sheet

AreaOf = Callable[[FormulaCell, str], Rectangle | None]


class Order(NamedTuple):
    """Formulas so that each follows what it reads.

    ``level`` counts the calls of our functions that lie below a formula, one upon the other;
    ``circles`` are the groups that read each other.
    """

    cells: list[FormulaCell]
    level: dict[FormulaCell, int]
    circles: list[list[FormulaCell]]


def ordered(book: StoredWorkbook, cells: Sequence[FormulaCell], area_of: AreaOf) -> Order:
    """Put formulas in an order in which they can be computed.

    Parameters
    ----------
    book : StoredWorkbook
        The book that they stand in.
    cells : sequence of FormulaCell
        All formulas of the book, names written out in ``expanded``.
    area_of : callable
        Tells which cells an expression such as ``A1:INDEX(...)`` means at present.

    Returns
    -------
    Order
    """
    index = _Index(cells)
    reads = {
        cell: {other for area in _areas_read(book, cell, area_of) for other in index.within(area)}
        for cell in cells
    }
    level: dict[FormulaCell, int] = {}
    circles = []
    sequence = []
    for group in _groups(cells, reads):
        below = [
            level[other] + other.own for cell in group for other in reads[cell] if other in level
        ]
        for cell in group:
            level[cell] = max(below, default=0)
        if len(group) > 1 or group[0] in reads[group[0]]:
            circles.append(group)
        sequence += group
    return Order(sequence, level, circles)


class _Index:
    """Which formula fills a cell."""

    def __init__(self, cells: Sequence[FormulaCell]) -> None:
        self._rows: dict[str, dict[int, dict[int, FormulaCell]]] = {}
        self._found: dict[Rectangle, list[FormulaCell]] = {}
        for cell in cells:
            rows = self._rows.setdefault(cell.sheet.lower(), {})
            for row in range(cell.area.top, cell.area.bottom + 1):
                columns = rows.setdefault(row, {})
                for column in range(cell.area.left, cell.area.right + 1):
                    columns[column] = cell

    def within(self, area: Rectangle) -> list[FormulaCell]:
        if area not in self._found:
            rows = self._rows.get(area.sheet.lower(), {})
            span = range(area.top, area.bottom + 1)
            self._found[area] = list(
                {
                    cell: None
                    for row in (span if len(span) < len(rows) else rows)
                    if row in rows and row in span
                    for column, cell in rows[row].items()
                    if area.left <= column <= area.right
                }
            )
        return self._found[area]


def _areas_read(book: StoredWorkbook, cell: FormulaCell, area_of: AreaOf) -> Iterator[Rectangle]:
    """Areas that a formula may read; those of OFFSET and INDIRECT cannot be told beforehand."""
    tokens = cell.expanded
    skipped: set[int] = set()
    for at, token in enumerate(tokens):
        if token.text == ":" and at not in skipped:
            begin, end = _operand_before(tokens, at), _operand_after(tokens, at)
            area = area_of(cell, untokenize(tokens[begin : end + 1]))
            if area is not None:
                yield area
                skipped |= _mere_bounds(tokens, begin, end)
    for at, token in enumerate(tokens):
        if at in skipped:
            continue
        if token.kind == "reference":
            yield from _areas_of_reference(book, token.text, cell)


def _areas_of_reference(book: StoredWorkbook, text: str, cell: FormulaCell) -> Iterator[Rectangle]:
    sheet, inner = split_sheet(text)
    ends = [end.lower() for end in (sheet or "").split(":")]
    order = [name.lower() for name in book.order]
    if len(ends) == 2 and all(end in order for end in ends):  # first:last!A1, several sheets
        first, last = sorted(order.index(end) for end in ends)
        areas = [rectangle(inner, name) for name in book.order[first : last + 1]]
    else:
        areas = [rectangle(text, cell.sheet)]
    yield from (area for area in areas if area is not None)


def _operand_before(tokens: Sequence[Token], at: int) -> int:
    return opening(tokens, at - 1) if tokens[at - 1].kind == "close" else at - 1


def _operand_after(tokens: Sequence[Token], at: int) -> int:
    kind = tokens[at + 1].kind if at + 1 < len(tokens) else "none"
    if kind == "none":
        return at
    return closing(tokens, at + 1) if kind in {"call", "open"} else at + 1


def _mere_bounds(tokens: Sequence[Token], begin: int, end: int) -> set[int]:
    """Positions of references that only bound a range: its ends, and what INDEX chooses from."""
    bounds = {at for at in range(begin, end + 1) if tokens[at].text == ":"}
    at = begin
    while at <= end:
        kind = tokens[at].kind
        if kind == "call" and function_name(tokens[at]) == "INDEX":
            close = closing(tokens, at)
            first = arguments(tokens, at, close)[0]
            bounds |= set(range(at + 1, at + 1 + len(first)))
            at = close
        elif kind in {"call", "open"}:
            at = closing(tokens, at)
        elif kind == "reference":
            bounds.add(at)
        at += 1
    return bounds


def _groups(
    cells: Sequence[FormulaCell], reads: dict[FormulaCell, set[FormulaCell]]
) -> Iterator[list[FormulaCell]]:
    """Tarjan's strongly connected components, dependencies first, without recursion."""
    number: dict[FormulaCell, int] = {}
    lowest: dict[FormulaCell, int] = {}
    stack: list[FormulaCell] = []
    waiting: set[FormulaCell] = set()
    for root in cells:
        work = [] if root in number else [(root, iter(reads[root]))]
        while work:
            cell, rest = work[-1]
            if cell not in number:
                number[cell] = lowest[cell] = len(number)
                stack.append(cell)
                waiting.add(cell)
            for other in rest:
                if other not in number:
                    work.append((other, iter(reads[other])))
                    break
                if other in waiting:
                    lowest[cell] = min(lowest[cell], number[other])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[cell])
                if lowest[cell] == number[cell]:
                    yield _unstacked(stack, waiting, cell)


def _unstacked(
    stack: list[FormulaCell], waiting: set[FormulaCell], last: FormulaCell
) -> list[FormulaCell]:
    group = []
    while True:
        cell = stack.pop()
        waiting.discard(cell)
        group.append(cell)
        if cell is last:
            return group
