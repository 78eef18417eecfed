"""What of the user's reads sheets that kfxl replaces, entered again when the new ones are there.

LibreOffice writes ``#REF!`` for a sheet that is removed, for good: also where another sheet takes
its name at once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kfxl_calc.failures import tried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMULA = 16  # com.sun.star.sheet.CellFlags


class Readers:
    """Formulas and names outside the sheets ``old`` that read these, as they are now."""

    def __init__(self, document: Any, old: list[str]) -> None:
        self._document, self._old = document, old
        self._kept: list[_Kept] = []
        if old:
            for sheet in document.Sheets:
                if sheet.Name not in old:
                    self._kept += self._cells(sheet)
                    self._kept += self._names(partial(_names_of, document, sheet.Name))
            self._kept += self._names(partial(_names_of, document, ""))

    def enter_again(self) -> list[str]:
        """Put back what has lost its sheet; in words what could not be put back."""
        there = self._document.Sheets.ElementNames
        gone = [name for name in self._old if name not in there]
        left = [name for name in gone if any(_says(kept.text, [name]) for kept in self._lost())]
        for kept in self._lost():
            if not _says(kept.text, gone):
                tried(partial(kept.write, kept.text))
        found = [f"formulas that read {name}, which the new report has not" for name in left]
        if any(not _says(kept.text, gone) for kept in self._lost()):
            found.append("formulas that read the report")
        return found

    def _lost(self) -> list[_Kept]:
        return [kept for kept in self._kept if kept.lost()]

    def _cells(self, sheet: Any) -> Iterator[_Kept]:
        arrays = set()
        for area in sheet.queryContentCells(FORMULA).RangeAddresses:
            top, left = area.StartRow, area.StartColumn
            block = sheet.getCellRangeByPosition(left, top, area.EndColumn, area.EndRow)
            for row, texts in enumerate(block.getFormulaArray(), top):
                for column, text in enumerate(texts, left):
                    if not _says(text, self._old):
                        continue
                    place = (column, row, column, row)
                    if text.startswith("{"):
                        place = _array_at(sheet, column, row)
                        if place in arrays:
                            continue
                        arrays.add(place)
                    yield _Kept(text, *_access(self._document, sheet.Name, place, text))

    def _names(self, names: Callable[[], Any]) -> Iterator[_Kept]:
        for name in names().ElementNames:
            text = names().getByName(name).Content
            if _says(text, self._old):
                read = partial(_content, names, name)
                yield _Kept(text, read, partial(_set_content, names, name))


class _Kept:
    """A formula, how it is read and how it is written; its sheet may stand elsewhere by then."""

    def __init__(self, text: str, read: Callable[[], str], write: Callable[[str], None]) -> None:
        self.text, self.read, self.write = text, read, write

    def lost(self) -> bool:
        """Whether it is no longer what it was."""
        return self.read() != self.text


def _says(text: str, names: list[str]) -> bool:
    """Whether a formula may read one of these sheets.

    One that only seems so is not lost, and so never written.

    >>> _says("=SUM($'Expected returns'.A1:B2)", ["Expected returns"])
    True
    >>> _says('=RISK_PARITY_WEIGHTS("Risk")', ["Risk", "Weights"])
    False
    """
    folded = text.casefold()
    spelt = [name.replace("'", "''").casefold() for name in names]
    return any(f"{name}{end}" in folded for name in spelt for end in (".", "'."))


def _array_at(sheet: Any, column: int, row: int) -> tuple[int, int, int, int]:
    """The cells of the array formula that a cell is of."""
    cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
    cursor.collapseToCurrentArray()
    area = cursor.RangeAddress
    return area.StartColumn, area.StartRow, area.EndColumn, area.EndRow


def _access(
    document: Any, sheet: str, place: tuple[int, int, int, int], text: str
) -> tuple[Callable[[], str], Callable[[str], None]]:
    """How a formula in cells is read and written."""

    def cells() -> Any:
        return document.Sheets.getByName(sheet).getCellRangeByPosition(*place)

    def read() -> str:
        return str(cells().getCellByPosition(0, 0).getFormula())

    def write(formula: str) -> None:
        if text.startswith("{"):
            cells().setArrayFormula(formula[1:-1])
        else:
            cells().getCellByPosition(0, 0).setFormula(formula)

    return read, write


def _names_of(document: Any, sheet: str) -> Any:
    """The names of a sheet, or of the whole document."""
    return (document.Sheets.getByName(sheet) if sheet else document).NamedRanges


def _content(names: Callable[[], Any], name: str) -> str:
    return str(names().getByName(name).Content)


def _set_content(names: Callable[[], Any], name: str, text: str) -> None:
    names().getByName(name).setContent(text)
