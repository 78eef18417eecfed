"""A stored workbook as recalculation needs it: sheets, names, tables, and every formula."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.formulas import (
    FormulaError,
    Token,
    tokenize,
)
from kfxl.spreadsheet.stored.package import Package
from kfxl.spreadsheet.stored.references import (
    Rectangle,
    Table,
    rectangle,
    shifted,
    split_sheet,
)
from kfxl.spreadsheet.stored.sheets import CellElement, Sheet, read_sheet
from kfxl.spreadsheet.stored.values import Plain, decoded, unescaped

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_DEEPEST_NAME = 20


@dataclass(eq=False)
class FormulaCell:
    """A formula: where it stands, its tokens, and the cells that its result fills.

    ``kind`` is ``plain`` (one cell), ``array`` (a fixed area) or ``dynamic`` (spills).
    """

    sheet: str
    row: int
    column: int
    kind: str
    area: Rectangle
    tokens: list[Token]
    address: str
    expanded: list[Token] = field(default_factory=list)
    own: bool = False


class StoredWorkbook:
    """What a package says, before anything is computed."""

    def __init__(self, package: Package) -> None:
        self.package = package
        book = package.tree(package.book)
        links = package.relationships(package.book)
        self.sheets: dict[str, Sheet] = {}
        self.order: list[str] = []
        for element in _elements(book, "sheet"):
            name = element.get("name", "")
            self.order.append(name)
            ids = [value for key, value in element.attrib.items() if key.endswith("}id")]
            link = links.get(ids[0]) if ids else None
            if link is not None and link.kind == "worksheet":
                self.sheets[name] = read_sheet(name, link.target, package.read(link.target))
        self.by_lower = {name.lower(): name for name in self.sheets}
        self.names = self._names(book)
        self.tables = dict(self._tables())
        self.iterates = any(
            element.get("iterate") in {"1", "true"} for element in _elements(book, "calcPr")
        )
        self._constants: dict[tuple[str, int, int], Plain] = {}

    def _names(self, book: Any) -> dict[tuple[str, str], list[Token]]:
        """Defined names by sheet ("" for the whole book) and lower-case name."""
        names = {}
        for element in _elements(book, "definedName"):
            scope = element.get("localSheetId")
            sheet = self.order[int(scope)].lower() if scope is not None else ""
            try:
                tokens = tokenize((element.text or "").lstrip("="))
            except FormulaError:
                continue  # a formula that uses it will be refused, others need not care
            names[sheet, element.get("name", "").lower()] = tokens
        return names

    def _tables(self) -> Iterator[tuple[str, Table]]:
        for sheet in self.sheets.values():
            for link in self.package.relationships(sheet.part).values():
                if link.kind != "table":
                    continue
                element = self.package.tree(link.target)
                area = rectangle(element.get("ref", "A1"), sheet.name)
                if area is not None:
                    yield (
                        element.get("displayName", "").lower(),
                        Table(
                            area,
                            int(element.get("headerRowCount", 1)),
                            int(element.get("totalsRowCount", 0)),
                            tuple(
                                unescaped(column.get("name", ""))
                                for column in _elements(element, "tableColumn")
                            ),
                        ),
                    )

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings; phonetic readings left out."""
        links = self.package.relationships(self.package.book).values()
        parts = [link.target for link in links if link.kind == "sharedStrings"]
        if not parts:
            return []
        return [
            unescaped(
                "".join(
                    text.text or ""
                    for text in _elements(item, "t")
                    if not text.getparent().tag.endswith("}rPh")
                )
            )
            for item in _elements(self.package.tree(parts[0]), "si")
        ]

    def stored_value(self, sheet: str, row: int, column: int) -> Plain:
        """Give the value that stands in the file: a constant, or a formula's cached one."""
        key = (sheet, row, column)
        if key not in self._constants:
            cell = self.sheets[sheet].cells.get((row, column))
            self._constants[key] = None if cell is None else self._decoded(sheet, cell)
        return self._constants[key]

    def _decoded(self, sheet: str, cell: CellElement) -> Plain:
        try:
            return decoded(cell.kind, cell.value, self.strings)
        except (ValueError, IndexError) as error:
            raise InputError(
                self.sheets[sheet].address(cell.row, cell.column),
                f"its value {cell.value!r} cannot be read",
                "save the book once more as .xlsx",
            ) from error

    def formulas(self) -> list[FormulaCell]:
        """Give every formula of the book, shared ones written out.

        Raises
        ------
        InputError
            If one cannot be read; the cell is named.
        """
        found = []
        for sheet in self.sheets.values():
            masters: dict[str, tuple[CellElement, list[Token]]] = {}
            for cell in sheet.cells.values():
                if cell.formula is None:
                    continue
                try:
                    found.append(_formula_cell(sheet, cell, masters))
                except FormulaError as error:
                    raise InputError(
                        sheet.address(cell.row, cell.column),
                        f"its formula {error}",
                        "rewrite the formula or put a value there",
                    ) from error
        return found

    def table_at(self, sheet: str, row: int, column: int) -> str:
        """Give the name of the table that a cell lies in; empty text outside of tables."""
        for name, table in self.tables.items():
            area = table.area
            inside = area.top <= row <= area.bottom and area.left <= column <= area.right
            if area.sheet == sheet and inside:
                return name
        return ""

    def definition(self, name: str, sheet: str) -> list[Token] | None:
        """Give what a name stands for in formulas of a sheet; None for an unknown name."""
        scope, bare = split_sheet(name)
        scopes = [(scope or sheet).lower(), ""]
        found = (self.names.get((level, bare.lower())) for level in scopes)
        return next((definition for definition in found if definition is not None), None)


def _formula_cell(
    sheet: Sheet, cell: CellElement, masters: dict[str, tuple[CellElement, list[Token]]]
) -> FormulaCell:
    formula = cell.formula
    assert formula is not None  # noqa: S101  (the caller looked)
    if formula.kind == "dataTable":
        raise FormulaError("is a what-if data table, which cannot be recomputed here")
    if formula.kind == "shared" and not formula.text:
        if formula.shared not in masters:
            raise FormulaError("is shared with a cell that has none")
        master, tokens = masters[formula.shared]
        tokens = _moved(tokens, cell.row - master.row, cell.column - master.column)
    else:
        tokens = tokenize(formula.text.strip().removeprefix("="))
        if formula.kind == "shared":
            masters[formula.shared] = (cell, tokens)
    if not tokens:
        raise FormulaError("is empty")
    area = None
    kind = "plain"
    if formula.kind == "array":
        kind = "dynamic" if cell.dynamic else "array"
        area = rectangle(formula.area, sheet.name) if formula.area else None
    here = Rectangle(sheet.name, cell.row, cell.column, cell.row, cell.column)
    address = sheet.address(cell.row, cell.column)
    return FormulaCell(sheet.name, cell.row, cell.column, kind, area or here, tokens, address)


def _moved(tokens: list[Token], rows: int, columns: int) -> list[Token]:
    return [
        Token(token.kind, shifted(token.text, rows, columns))
        if token.kind == "reference"
        else token
        for token in tokens
    ]


def _elements(tree: Any, name: str) -> Iterator[Any]:
    """Elements of the main namespace, whichever of its two spellings a file uses."""
    yield from tree.iter(f"{_MAIN}{name}", f"{_STRICT}{name}")
