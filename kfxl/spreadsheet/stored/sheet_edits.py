"""New values into a worksheet's XML, every other byte of which stays."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from kfxl.spreadsheet.stored.formulas import column_letters
from kfxl.spreadsheet.stored.sheets import CellElement, Sheet
from kfxl.spreadsheet.stored.values import Plain, written

Position = tuple[int, int]


class Change(NamedTuple):
    """What becomes of a cell: its value (None: emptied) and, of a spilling formula, its area."""

    value: Plain
    area: str | None = None


class _Edit(NamedTuple):
    begin: int
    end: int
    order: Position
    new: bytes


def with_values(sheet: Sheet, changes: Mapping[Position, Change]) -> bytes:
    """Write changed values into a worksheet's XML.

    Parameters
    ----------
    sheet : Sheet
        As read; it stays as it is.
    changes : mapping of (row, column) to Change
        Only cells that change; one that the XML lacks is put in at its place.

    Examples
    --------
    >>> from kfxl.spreadsheet.stored.sheets import read_sheet
    >>> row = b'<row r="1"><c  r="A1"><v>5</v></c></row>'
    >>> sheet = read_sheet("S", "s.xml", b"<a><sheetData>" + row + b"</sheetData></a>")
    >>> with_values(sheet, {(1, 1): Change("a"), (1, 2): Change(0.5)}).decode()[14:-16]
    '<row r="1"><c  r="A1" t="str"><v>a</v></c><c r="B1"><v>0.5</v></c></row>'
    """
    edits = [
        _changed(sheet, sheet.cells[at], change)
        for at, change in changes.items()
        if at in sheet.cells
    ]
    missing = sorted(
        at for at, change in changes.items() if at not in sheet.cells and change.value is not None
    )
    edits += _insertions(sheet, {at: changes[at].value for at in missing})
    pieces, done = [], 0
    for edit in sorted(edits):
        pieces += [sheet.xml[done : edit.begin], edit.new]
        done = edit.end
    return b"".join([*pieces, sheet.xml[done:]])


def _changed(sheet: Sheet, cell: CellElement, change: Change) -> _Edit:
    kind, value = _value_element(sheet.prefix, change.value)
    tag = sheet.xml[slice(*cell.start_tag)]
    alone = tag.endswith(b"/>")
    tag = _with_kind(tag, kind)
    body_begin, body_end = cell.start_tag[1], cell.end
    if alone:
        closing = f"</{sheet.prefix}c>".encode()
        new = tag[:-2].rstrip() + b">" + value + closing if value else tag
        return _Edit(cell.start_tag[0], cell.end, (cell.row, cell.column), new)
    pieces, done = [tag], body_begin
    for span in sorted(filter(None, (cell.value_span, cell.inline_span))):
        pieces += [sheet.xml[done : span[0]], value]
        value, done = b"", span[1]
    if value:  # there was none: it follows the formula, if any
        place = cell.formula.span[1] if cell.formula else body_begin
        pieces += [sheet.xml[done:place], value]
        done = place
    new = b"".join([*pieces, sheet.xml[done:body_end]])
    if change.area is not None and cell.formula is not None:
        old_tag = sheet.xml[slice(*cell.formula.start_tag)]
        new = new.replace(old_tag, _with_attribute(old_tag, "ref", change.area), 1)
    return _Edit(cell.start_tag[0], cell.end, (cell.row, cell.column), new)


def _value_element(prefix: str, value: Plain) -> tuple[str, bytes]:
    if value is None:
        return "n", b""
    kind, text = written(value)
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return kind, f"<{prefix}v{space}>{escape(text)}</{prefix}v>".encode()


def _with_kind(tag: bytes, kind: str) -> bytes:
    """Numbers are the default; ``vm`` may say that the old value was a special error: drop it."""
    tag = _with_attribute(tag, "vm", None)
    if re.search(rb"""\st\s*=\s*["']""" + kind.encode() + rb"""["']""", tag):
        return tag
    if kind == "n":
        return _with_attribute(tag, "t", None)
    return _with_attribute(tag, "t", kind)


def _with_attribute(tag: bytes, name: str, value: str | None) -> bytes:
    found = re.compile(rb"\s+" + name.encode() + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
    new = b"" if value is None else f" {name}={quoteattr(value)}".encode()
    match = found.search(tag)
    if match or not new:
        return tag[: match.start()] + new + tag[match.end() :] if match else tag
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + new + tag[end:]


def _insertions(sheet: Sheet, values: Mapping[Position, Plain]) -> Iterator[_Edit]:
    """Put new cells, and the rows they need, where their numbers say."""
    by_row: dict[int, dict[int, Plain]] = {}
    for (row, column), value in values.items():
        by_row.setdefault(row, {})[column] = value
    for row, cells in by_row.items():
        if row not in sheet.rows:
            begin, end = f'<{sheet.prefix}row r="{row}">', f"</{sheet.prefix}row>"
            inner = b"".join(_new_cell(sheet, row, *cell) for cell in cells.items())
            place = min(
                (element.start_tag[0] for number, element in sheet.rows.items() if number > row),
                default=sheet.data_end,
            )
            yield _Edit(place, place, (row, 0), begin.encode() + inner + end.encode())
            continue
        yield from _cells_into_row(sheet, row, cells)


def _cells_into_row(sheet: Sheet, row: int, cells: Mapping[int, Plain]) -> Iterator[_Edit]:
    element = sheet.rows[row]
    tag = sheet.xml[slice(*element.start_tag)]
    if tag.endswith(b"/>"):
        inner = b"".join(_new_cell(sheet, row, *cell) for cell in cells.items())
        new = tag[:-2].rstrip() + b">" + inner + f"</{sheet.prefix}row>".encode()
        yield _Edit(*element.start_tag, (row, 0), new)
        return
    there = sorted(
        (cell.column, cell.start_tag[0]) for at, cell in sheet.cells.items() if at[0] == row
    )
    for column, value in cells.items():
        place = min(
            (begin for number, begin in there if number > column), default=element.inside_end
        )
        yield _Edit(place, place, (row, column), _new_cell(sheet, row, column, value))


def _new_cell(sheet: Sheet, row: int, column: int, value: Plain) -> bytes:
    kind, element = _value_element(sheet.prefix, value)
    tag = f'<{sheet.prefix}c r="{column_letters(column)}{row}">'.encode()
    return _with_kind(tag, kind) + element + f"</{sheet.prefix}c>".encode()
