"""A worksheet's XML: its cells with their places in the text, and edits that leave the rest alone.

Serialising a parsed tree would rewrite quotes, declarations and spacing, so values are exchanged
in the text itself: an XML parser says where each cell begins and ends, nothing is guessed.
"""

import re
import xml.parsers.expat
from collections.abc import Mapping
from dataclasses import dataclass, field

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.formulas import column_letters, column_number

_TAG_END = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_ADDRESS = re.compile("([A-Za-z]+)([0-9]+)")

Span = tuple[int, int]


@dataclass(slots=True)
class Formula:
    """What an ``<f>`` element says: its text, kind and area, and where it stands."""

    text: str = ""
    kind: str = "normal"
    area: str = ""
    shared: str = ""
    span: Span = (0, 0)
    start_tag: Span = (0, 0)


@dataclass(slots=True)
class CellElement:
    """A ``<c>`` element: where its pieces stand in the text, and what it holds."""

    row: int
    column: int
    start_tag: Span
    kind: str
    dynamic: bool
    end: int = 0
    formula: Formula | None = None
    value: str | None = None
    value_span: Span | None = None
    inline_span: Span | None = None


@dataclass(slots=True)
class RowElement:
    """A ``<row>`` element: where its start tag stands and where its content ends."""

    start_tag: Span
    inside_end: int = 0


@dataclass
class Sheet:
    """A worksheet: its XML and where its rows and cells stand in it."""

    name: str
    part: str
    xml: bytes
    prefix: str = ""
    cells: dict[tuple[int, int], CellElement] = field(default_factory=dict)
    rows: dict[int, RowElement] = field(default_factory=dict)
    data_end: int = 0

    def address(self, row: int, column: int) -> str:
        """Name a cell as people do, with the sheet."""
        return f"{self.name}!{column_letters(column)}{row}"


def read_sheet(name: str, part: str, xml_bytes: bytes) -> Sheet:
    """Find the cells of a worksheet in its XML.

    Raises
    ------
    InputError
        If it is not well-formed XML in UTF-8, or declares a document type.

    Examples
    --------
    >>> row = b'<row r="1"><c r="A1"><v>5</v></c></row>'
    >>> sheet = read_sheet("S", "s.xml", b"<a><sheetData>" + row + b"</sheetData></a>")
    >>> sheet.cells[1, 1].value
    '5'
    """
    sheet = Sheet(name, part, xml_bytes)
    if xml_bytes[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError(name, "its XML is not in UTF-8", "save the book with Excel once")
    reader = _Reader(sheet)
    try:
        reader.parser.Parse(xml_bytes, True)
    except xml.parsers.expat.ExpatError as error:
        raise InputError(
            name, f"the sheet's XML is damaged ({error})", "save the book once more as .xlsx"
        ) from error
    return sheet


class _Reader:
    """The parser's callbacks; they hold what is open at the moment."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.row = self.column = 0
        self.cell: CellElement | None = None
        self.tag: Span = (0, 0)
        self.text: list[str] = []
        self.reading = False
        self.within_phonetic = False
        self.parser = xml.parsers.expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype

    def doctype(self, *_: object) -> None:
        raise InputError(
            self.sheet.name, "its XML declares a document type", "save the book with Excel once"
        )

    def characters(self, text: str) -> None:
        if self.reading:
            self.text.append(text)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "sheetData":
            self.sheet.prefix = name[: -len(kind)]
        elif kind == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = 0
            self.sheet.rows[self.row] = RowElement(self._tag_here())
        elif kind == "c":
            self._start_cell(attributes)
        elif self.cell is not None:
            self._start_content(kind, attributes, self.cell)

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        match = _ADDRESS.fullmatch(attributes.get("r", ""))
        self.column = column_number(match.group(1)) if match else self.column + 1
        self.cell = CellElement(
            self.row,
            self.column,
            self._tag_here(),
            attributes.get("t", "n"),
            "cm" in attributes,
        )
        self.sheet.cells[self.row, self.column] = self.cell

    def _start_content(self, kind: str, attributes: Mapping[str, str], cell: CellElement) -> None:
        if kind in {"f", "v", "is"}:
            self.tag, self.text = self._tag_here(), []
        if kind == "f":
            cell.formula = Formula(
                kind=attributes.get("t", "normal"),
                area=attributes.get("ref", ""),
                shared=attributes.get("si", ""),
                start_tag=self.tag,
            )
        self.within_phonetic = self.within_phonetic or kind == "rPh"
        self.reading = kind in {"f", "v"} or (kind == "t" and not self.within_phonetic)

    def end(self, name: str) -> None:
        kind = name.rpartition(":")[2]
        self.reading = False
        if kind == "sheetData":
            self.sheet.data_end = self.parser.CurrentByteIndex
        elif kind == "row":
            self.sheet.rows[self.row].inside_end = self.parser.CurrentByteIndex
        elif kind == "rPh":
            self.within_phonetic = False
        elif self.cell is not None:
            self._end_content(kind, self.cell)

    def _end_content(self, kind: str, cell: CellElement) -> None:
        if kind == "c":
            cell.end, self.cell = self._end_of(cell.start_tag), None
        elif kind == "f" and cell.formula is not None:
            cell.formula.text = "".join(self.text)
            cell.formula.span = (self.tag[0], self._end_of(self.tag))
        elif kind in {"v", "is"}:
            span = (self.tag[0], self._end_of(self.tag))
            cell.value = "".join(self.text)
            if kind == "v":
                cell.value_span = span
            else:
                cell.inline_span = span

    def _tag_here(self) -> Span:
        begin = self.parser.CurrentByteIndex
        match = _TAG_END.match(self.sheet.xml, begin)
        return begin, match.end() if match else begin

    def _end_of(self, start_tag: Span) -> int:
        """After the end tag; an element without one ends where its only tag did."""
        if self.sheet.xml[start_tag[1] - 2 : start_tag[1]] == b"/>":
            return start_tag[1]
        return self._tag_here()[1]
