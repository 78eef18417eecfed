"""Values of all formulas of a workbook: ours by Python, the others by the engine, in order."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.computable import check_computable
from kfxl.spreadsheet.stored.dependencies import Order, ordered
from kfxl.spreadsheet.stored.engine import Engine
from kfxl.spreadsheet.stored.formulas import Token, calls, untokenize
from kfxl.spreadsheet.stored.inlining import expanded, on_own_sheet, with_facts
from kfxl.spreadsheet.stored.own_calls import (
    Function,
    OwnCalls,
    OwnFunctions,
    clipped,
    filled,
    own_calls,
)
from kfxl.spreadsheet.stored.package import without_prefixes
from kfxl.spreadsheet.stored.references import Rectangle
from kfxl.spreadsheet.stored.values import ErrorValue, Grid, Plain

_RANDOM = {"RAND", "RANDBETWEEN", "RANDARRAY"}
_UNFORESEEN = {"OFFSET", "INDIRECT"}
_MOST_PASSES = 20
_WORTH_FETCHING = 50


class Computation:
    """Computes every formula of a stored workbook.

    Parameters
    ----------
    book : StoredWorkbook
    functions : mapping of str to callable
        Our worksheet functions.
    """

    def __init__(self, book: StoredWorkbook, functions: Mapping[str, Function]) -> None:
        self._book = book
        self._functions = OwnFunctions(functions)
        self._cells = book.formulas()
        self._by_place = {(cell.sheet, cell.row, cell.column): cell for cell in self._cells}
        for cell in self._cells:
            cell.expanded = self._written_out(cell, every=True)
            cell.own = own_calls(cell.expanded, self._functions)
            check_computable(book, cell, self._functions.has)
        self._names = {name for cell in self._cells for _, name in calls(cell.expanded)}
        self._engine = Engine(book.package.with_parts(self._engine_parts()))
        self._calls = OwnCalls(book, self._engine, self._functions, self._read)
        self._filled_by = {
            (cell.sheet, row, column): cell
            for cell in self._cells
            for row in range(cell.area.top, cell.area.bottom + 1)
            for column in range(cell.area.left, cell.area.right + 1)
        }
        self._results: dict[FormulaCell, Grid] = {}
        self._areas: dict[FormulaCell, Rectangle] = {}
        self._values: dict[tuple[str, int, int], Plain] = {}
        self._ours: dict[tuple[str, int, int], Plain] = {}
        self._grids: dict[Rectangle, Grid] = {}
        self._last: dict[str, tuple[int, int]] = {}

    def run(self) -> list[FormulaCell]:
        """Compute everything and give the formulas, each after those that it reads.

        Raises
        ------
        InputError
            If a formula reads its own result, or yields ``#NAME?``; the cell is named.
        """
        self._refresh()
        order = ordered(self._book, self._cells, self._area_of)
        self._refuse_own_circles(order)
        levels: dict[int, list[FormulaCell]] = {}
        for cell in order.cells:
            if cell.own:
                levels.setdefault(order.level[cell], []).append(cell)
        self._compute([levels[level] for level in sorted(levels)], self._beyond_our_reach(order))
        for name in self._book.sheets:
            self._fetch(Rectangle(name, 1, 1, *self._last_used(name)))
        self._check_results(order)
        return order.cells

    def area_now(self, cell: FormulaCell) -> Rectangle:
        """Give the cells that a formula's result fills."""
        return self._areas.get(cell, cell.area)

    def value_now(self, cell: FormulaCell, row: int, column: int) -> Plain:
        """Give the value of one of the cells that a formula fills; a blank result shows as 0."""
        value = self._value(cell.sheet, row, column)
        return 0.0 if value is None else value

    def _beyond_our_reach(self, order: Order) -> set[FormulaCell]:
        """Formulas that read no result of ours, as far as that is certain."""
        if self._names & _UNFORESEEN or any(c.own and c.kind == "dynamic" for c in self._cells):
            return set()
        return {cell for cell in self._cells if order.level[cell] == 0 and not cell.own}

    def _compute(self, levels: Sequence[Sequence[FormulaCell]], constant: set[FormulaCell]) -> None:
        """Go through the levels until nothing changes any more.

        The order makes one pass enough; the second confirms it, and catches what no order can
        foresee: OFFSET, INDIRECT, arrays that spill further than before.
        """
        random = bool(self._names & _RANDOM)
        for _ in range(_MOST_PASSES):
            unsettled = None
            self._values = {
                key: value
                for key, value in self._values.items()
                if self._filled_by[key] in constant
            }
            self._grids.clear()
            for level in levels:
                for cell in level:
                    grid = self._calls.evaluate(cell)
                    if self._results.get(cell) != grid:
                        self._place(cell, grid)
                        unsettled = cell
                self._refresh()
            if unsettled is None or random:
                return
        raise InputError(
            unsettled.address if unsettled else "workbook",
            "its value does not settle: it seems to depend on itself",
            "break the circle",
        )

    def _place(self, cell: FormulaCell, grid: Grid) -> None:
        """Put a result into the engine, as values; one that spills as a reference to values."""
        self._results[cell] = grid
        if cell.kind == "dynamic":
            block = self._engine.put_block(self._engine.results, grid)
            self._engine.put_formula(cell.sheet, cell.row, cell.column, block)
            return
        for down, line in enumerate(filled(grid, cell.area.height, cell.area.width)):
            for across, value in enumerate(line):
                shown = 0.0 if value is None else value
                row, column = cell.area.top + down, cell.area.left + across
                self._engine.put(cell.sheet, row, column, shown)
                self._ours[cell.sheet, row, column] = shown

    def _refresh(self) -> None:
        """Bring the engine up to date and see how far dynamic arrays reach now."""
        if not self._engine.recalculate():
            return
        for cell in self._cells:
            if cell.kind == "dynamic":
                height, width = self._engine.spill(cell.sheet, cell.row, cell.column)
                area = cell.area._replace(
                    bottom=cell.area.top + height - 1, right=cell.area.left + width - 1
                )
                self._areas[cell] = area
                for row in range(area.top, area.bottom + 1):
                    for column in range(area.left, area.right + 1):
                        self._filled_by.setdefault((cell.sheet, row, column), cell)
        self._last.clear()
        self._grids.clear()

    def _value(self, sheet: str, row: int, column: int) -> Plain:
        key = (sheet, row, column)
        if key not in self._filled_by:
            return self._book.stored_value(sheet, row, column)
        if key in self._ours:
            return self._ours[key]
        if key not in self._values:
            self._values[key] = self._engine.value(sheet, row, column)
        return self._values[key]

    def _read(self, area: Rectangle) -> Grid:
        if area.sheet not in self._book.sheets:
            return [[ErrorValue("#REF!")]]
        if area not in self._grids:
            part = clipped(area, *self._last_used(area.sheet))
            self._fetch(part)
            columns = range(part.left, part.right + 1)
            self._grids[area] = [
                [self._value(part.sheet, row, column) for column in columns]
                for row in range(part.top, part.bottom + 1)
            ]
        return self._grids[area]

    def _fetch(self, area: Rectangle) -> None:
        """Ask the engine for many values at once, which takes half as long as one by one."""
        wanted = [
            key
            for row in range(area.top, area.bottom + 1)
            for column in range(area.left, area.right + 1)
            if (key := (area.sheet, row, column)) not in self._values
            and key not in self._ours
            and (cell := self._filled_by.get(key)) is not None
            and cell.kind != "dynamic"
        ]
        if len(wanted) < _WORTH_FETCHING:
            return
        rows, columns = [row for _, row, _ in wanted], [column for *_, column in wanted]
        box = Rectangle(area.sheet, min(rows), min(columns), max(rows), max(columns))
        if box.height * box.width > 4 * len(wanted):
            return
        grid = self._engine.values(box)
        if grid is not None:
            for key in wanted:
                self._values[key] = grid[key[1] - box.top][key[2] - box.left]

    def _last_used(self, sheet: str) -> tuple[int, int]:
        if sheet not in self._last:
            cells = self._book.sheets[sheet].cells
            used = [at for at, cell in cells.items() if cell.value is not None or cell.formula]
            used += [(row, column) for name, row, column in self._filled_by if name == sheet]
            self._last[sheet] = (
                max((row for row, _ in used), default=1),
                max((column for _, column in used), default=1),
            )
        return self._last[sheet]

    def _area_of(self, cell: FormulaCell, formula: str) -> Rectangle | None:
        return self._engine.area_of(cell.sheet, cell.row, cell.column, formula)

    def _written_out(self, cell: FormulaCell, *, every: bool) -> list[Token]:
        tokens = expanded(self._book, cell, every=every)
        return with_facts(tokens, cell.sheet, self._by_place, len(self._book.order))

    def _engine_parts(self) -> dict[str, bytes]:
        """The sheets for the engine: without our calls, with names and sheets written out.

        A dynamic array of ours keeps its formula, so that the engine knows that the cells around
        it are its own.
        """
        edits: dict[str, list[tuple[int, int, bytes]]] = {}
        for cell in self._cells:
            sheet = self._book.sheets[cell.sheet]
            formula = sheet.cells[cell.row, cell.column].formula
            if formula is None or (cell.own and cell.kind == "dynamic"):
                continue
            new = b""
            if not cell.own:
                tokens = on_own_sheet(self._written_out(cell, every=False), cell.sheet)
                if tokens == cell.tokens:
                    continue
                tag = sheet.xml[slice(*formula.start_tag)]
                if formula.kind == "shared":  # its other cells are written out as well
                    tag = f"<{sheet.prefix}f>".encode()
                new = tag + escape(untokenize(tokens)).encode() + f"</{sheet.prefix}f>".encode()
            edits.setdefault(cell.sheet, []).append((*formula.span, new))
        parts = {
            self._book.sheets[name].part: _spliced(self._book.sheets[name].xml, sorted(changed))
            for name, changed in edits.items()
        }
        return parts | without_prefixes(self._book.package, parts)

    def _refuse_own_circles(self, order: Order) -> None:
        for circle in order.circles:
            for cell in circle:
                if cell.own:
                    raise _circular(cell)

    def _check_results(self, order: Order) -> None:
        for circle in order.circles:
            values = [self._value(cell.sheet, cell.row, cell.column) for cell in circle]
            if not self._book.iterates and all(value == "#REF!" for value in values):
                raise _circular(circle[0])
        for cell in order.cells:
            value = self._value(cell.sheet, cell.row, cell.column)
            if not isinstance(value, ErrorValue):
                continue
            if value == "#NAME?":
                raise InputError(
                    cell.address,
                    f"its formula ={untokenize(cell.tokens)[:80]} cannot be computed",
                    "check the names of its functions, or put a value in its place",
                )
            if value == "#REF!" and any(name == "INDIRECT" for _, name in calls(cell.expanded)):
                raise InputError(
                    cell.address,
                    "INDIRECT cannot find a cell by its text",
                    "give INDIRECT the address of a cell, not a name",
                )


def _circular(cell: FormulaCell) -> InputError:
    return InputError(cell.address, "its formula reads its own result", "break the circle")


def _spliced(xml_bytes: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    pieces, done = [], 0
    for begin, end, new in edits:
        pieces += [xml_bytes[done:begin], new]
        done = end
    return b"".join([*pieces, xml_bytes[done:]])
