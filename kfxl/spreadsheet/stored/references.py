"""References in formulas as rectangles of cells: A1 style, whole columns, tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kfxl.spreadsheet.stored.formulas import Token, column_letters, column_number

ROWS, COLUMNS = 1048576, 16384
_CORNER = re.compile(r"(\$?)([A-Za-z]*)(\$?)([0-9]*)")
_SPECIFIER = re.compile(r"\[((?:[^\[\]']|'.)*)\]")


class Rectangle(NamedTuple):
    """Cells of one sheet, first and last row and column included and counted from 1."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left + 1

    def __str__(self) -> str:
        first = f"${column_letters(self.left)}${self.top}"
        last = f"${column_letters(self.right)}${self.bottom}"
        return f"{quoted(self.sheet)}!{first}" + ("" if first == last else f":{last}")


@dataclass(frozen=True)
class Table:
    """A table of a workbook: where it stands and what its columns are called."""

    area: Rectangle
    header_rows: int
    totals_rows: int
    columns: tuple[str, ...]


def quoted(sheet: str) -> str:
    """Write a sheet's name as a formula needs it.

    >>> quoted("It's")
    "'It''s'"
    """
    return "'" + sheet.replace("'", "''") + "'"


def split_sheet(text: str) -> tuple[str | None, str]:
    """Split ``Sheet!rest`` into the sheet's plain name, None without one, and the rest.

    >>> split_sheet("'It''s'!A1")
    ("It's", 'A1')
    """
    prefix, mark, rest = text.rpartition("!")
    if not mark:
        return None, rest
    if prefix.startswith("'"):
        prefix = prefix[1:-1].replace("''", "'")
    return prefix, rest


def rectangle(reference: str, sheet: str) -> Rectangle | None:
    """Read a reference that stands in a formula on ``sheet``; None if it is not on one sheet.

    >>> rectangle("'A b'!$B$2:C9", "S")
    Rectangle(sheet='A b', top=2, left=2, bottom=9, right=3)
    >>> rectangle("C:A", "S")
    Rectangle(sheet='S', top=1, left=1, bottom=1048576, right=3)
    """
    # A second sheet, as in A!B1:A!B2, is the same one in every file seen; elsewhere it is refused.
    parts = [split_sheet(part) for part in _ranges(reference)]
    sheets = {part[0] for part in parts if part[0] is not None}
    if len(sheets) > 1:
        return None
    named = sheets.pop() if sheets else sheet
    corners = [_corner(part[1]) for part in parts]
    rows = [row for row, _ in corners if row]
    columns = [column for _, column in corners if column]
    return Rectangle(
        named,
        min(rows, default=1),
        min(columns, default=1),
        max(rows, default=ROWS),
        max(columns, default=COLUMNS),
    )


def _ranges(reference: str) -> list[str]:
    """Split at the colon between two corners, not at one within a sheet's name."""
    head, colon, tail = reference.rpartition(":")
    if not colon or ("!" in tail and "!" not in head):
        return [reference]  # one cell, or first:last!A1, a reference through several sheets
    return [head, tail]


def _corner(text: str) -> tuple[int, int]:
    match = _CORNER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    letters, digits = match.group(2), match.group(4)
    return int(digits or 0), column_number(letters)


def shifted(reference: str, rows: int, columns: int) -> str:
    """Move the relative parts of a reference, as copying its cell would.

    >>> shifted("A$1:$B2", 2, 1)
    'B$1:$B4'
    """
    moved = []
    for part in _ranges(reference):
        prefix, mark, corner = part.rpartition("!")
        match = _CORNER.fullmatch(corner)
        if match is None:
            raise ValueError(reference)
        fixed, letters, held, digits = match.groups()
        if letters and not fixed:
            letters = column_letters((column_number(letters) - 1 + columns) % COLUMNS + 1)
        if digits and not (held or (fixed and not letters)):
            digits = str((int(digits) - 1 + rows) % ROWS + 1)
        moved.append(f"{prefix}{mark}{fixed}{letters}{held}{digits}")
    return ":".join(moved)


def is_relative(tokens: Sequence[Token]) -> bool:
    """Tell whether any reference would move if the formula were copied."""
    return any(
        token.kind == "reference" and shifted(token.text, 1, 1) != token.text for token in tokens
    )


def structured(text: str, tables: dict[str, Table], row: int) -> Rectangle | None:
    """Read a structured reference from a cell in ``row``; None if there is no such table or part.

    >>> table = Table(Rectangle("S", 1, 1, 4, 3), 1, 0, ("Asset", "Q", "Prod"))
    >>> structured("Views[[Q]:[Prod]]", {"views": table}, 9)
    Rectangle(sheet='S', top=2, left=2, bottom=4, right=3)
    """
    name, _, inner = text.partition("[")
    table = tables.get(name.lower())
    if table is None:
        return None
    if not _SPECIFIER.search(inner):
        inner = f"[{inner}"
    items: set[str] = set()
    columns: list[int] = []
    known = [column.lower() for column in table.columns]
    for specifier in _SPECIFIER.findall(inner):
        plain = re.sub("'(.)", r"\1", specifier).lower()
        if specifier.startswith("#"):
            items.add(specifier.lower())
        elif plain in known:
            columns.append(known.index(plain))
        elif plain:
            return None
    rows = _table_rows(table, items, row)
    if rows is None:
        return None
    left = table.area.left
    first, last = (min(columns), max(columns)) if columns else (0, table.area.width - 1)
    return Rectangle(table.area.sheet, rows[0], left + first, rows[1], left + last)


def _table_rows(table: Table, items: set[str], row: int) -> tuple[int, int] | None:
    top, bottom = table.area.top, table.area.bottom
    first, last = top + table.header_rows, bottom - table.totals_rows
    spans = {
        "#all": (top, bottom),
        "#headers": (top, first - 1),
        "#data": (first, last),
        "#totals": (last + 1, bottom),
        "#this row": (row, row),
    }
    chosen = [spans[item] for item in items or {"#data"} if item in spans]
    if not chosen:
        return None
    highest, lowest = min(span[0] for span in chosen), max(span[1] for span in chosen)
    return (highest, lowest) if lowest >= highest else None
