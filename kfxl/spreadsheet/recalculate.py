"""Recomputes a workbook's formulas without a spreadsheet program.

Built-in functions go to a calculation engine, ours to Python; then the cached values in the file's
XML are exchanged, and nothing else.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kfxl.errors import InputError
from kfxl.spreadsheet.files import read_whole, write_whole
from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.computation import Computation
from kfxl.spreadsheet.stored.package import Package
from kfxl.spreadsheet.stored.references import Rectangle
from kfxl.spreadsheet.stored.sheet_edits import Change, Position, with_values
from kfxl.spreadsheet.stored.values import Plain, same

Function = Callable[..., object]


@dataclass(frozen=True)
class Recalculation:
    """What a recalculation did.

    Attributes
    ----------
    package : bytes
        The workbook with up-to-date values; the input bytes themselves if nothing changed.
    formulas, own_formulas, changed_cells : int
        How many formulas there are, how many of them call functions of ours, and how many cells
        have another value than before.
    path : Path or None
        Where it was written, if it was.
    """

    package: bytes
    formulas: int
    own_formulas: int
    changed_cells: int
    path: Path | None = None


def recalculate(package: bytes, functions: Mapping[str, Function] | None = None) -> bytes:
    """Recompute every formula of a workbook.

    Only cached values differ in the result: the ``<v>`` and ``t`` of cells and the area of a
    dynamic array. With TODAY, NOW or RAND in it, two runs may differ.

    Parameters
    ----------
    package : bytes
        The content of an .xlsx or .xlsm file.
    functions : mapping of str to callable, optional
        Worksheet functions by name; those of kfxl unless given. A range comes in as a list of
        rows, a blank as None, an error value as text.

    Returns
    -------
    bytes
        The workbook with up-to-date values; the very input if nothing changed.

    Raises
    ------
    InputError
        If it is no workbook, or a formula cannot be computed; the cell is named.
    """
    return recalculation(package, functions).package


def recalculation(package: bytes, functions: Mapping[str, Function] | None = None) -> Recalculation:
    """Recompute every formula of a workbook and say what changed; see `recalculate`."""
    if functions is None:
        from kfxl.spreadsheet.functions import FUNCTIONS

        functions = FUNCTIONS
    stored = Package(package)
    book = StoredWorkbook(stored)
    computation = Computation(book, functions)
    cells = computation.run()
    changes: dict[str, dict[Position, Change]] = {}
    for cell in cells:
        changes.setdefault(cell.sheet, {}).update(_changes(book, computation, cell))
    parts = {
        book.sheets[name].part: with_values(book.sheets[name], changed)
        for name, changed in changes.items()
        if changed
    }
    return Recalculation(
        package=stored.with_parts(parts),
        formulas=len(cells),
        own_formulas=sum(cell.own for cell in cells),
        changed_cells=sum(len(changed) for changed in changes.values()),
    )


def recalculate_file(
    book: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    functions: Mapping[str, Function] | None = None,
) -> Recalculation:
    """Recompute a workbook file.

    Parameters
    ----------
    book : path
        The workbook; it stays as it is unless ``out`` names it.
    out : path, optional
        Where the result goes, whole or not at all; ``<book>-recalculated.xlsx`` unless given.
    functions : mapping of str to callable, optional
        As for `recalculate`.

    Returns
    -------
    Recalculation

    Raises
    ------
    InputError
        If the file is missing, is no workbook, holds a formula that cannot be computed, or the
        result cannot be written.
    """
    source = Path(book)
    target = (
        Path(out)
        if out is not None
        else source.with_name(f"{source.stem}-recalculated{source.suffix}")
    )
    try:
        done = recalculation(read_whole(source), functions)
    except InputError as error:
        if error.argument == "workbook":
            raise InputError(source.name, error.problem, error.remedy) from error
        raise
    write_whole(target, done.package)
    return Recalculation(done.package, done.formulas, done.own_formulas, done.changed_cells, target)


def _changes(
    book: StoredWorkbook, computation: Computation, cell: FormulaCell
) -> dict[Position, Change]:
    """Compare what a formula fills now with what the file says."""
    area = computation.area_now(cell)
    changes = {}
    for row in range(area.top, area.bottom + 1):
        for column in range(area.left, area.right + 1):
            value = computation.value_now(cell, row, column)
            if not same(value, book.stored_value(cell.sheet, row, column)):
                changes[row, column] = Change(value)
    if cell.kind == "dynamic" and area != cell.area:
        anchor = (cell.row, cell.column)
        value = computation.value_now(cell, *anchor)
        changes[anchor] = Change(value, _short(area))
        changes.update(_leftovers(book, cell, area))
    return changes


def _leftovers(book: StoredWorkbook, cell: FormulaCell, area: Rectangle) -> dict[Position, Change]:
    """Empty the cells that a dynamic array filled and fills no more."""
    old = cell.area
    emptied: Plain = None
    cells = book.sheets[cell.sheet].cells
    return {
        (row, column): Change(emptied)
        for row in range(old.top, old.bottom + 1)
        for column in range(old.left, old.right + 1)
        if not (row <= area.bottom and column <= area.right)
        and (row, column) in cells
        and cells[row, column].formula is None
        and cells[row, column].value is not None
    }


def _short(area: Rectangle) -> str:
    return str(area).rpartition("!")[2].replace("$", "")
