"""Changes a template's XML the way another program would, leaving everything else as it is."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from kfxl.spreadsheet.areas import column_letters
from kfxl.spreadsheet.template.frame import SHEETS

Cell = float | str


def part_of(sheet: str) -> str:
    return f"xl/worksheets/sheet{SHEETS.index(sheet) + 1}.xml"


def parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(contents: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _cell(row: int, column: int, value: Cell) -> str:
    place = f"{column_letters(column)}{row + 1}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def with_cell(package: bytes, sheet: str, place: str, value: Cell) -> bytes:
    """One input cell with another value."""
    contents = parts(package)
    xml = contents[part_of(sheet)].decode()
    found = re.search(rf'<c r="{place}"([^>]*?)(/>|>.*?</c>)', xml)
    assert found, place
    style = "".join(re.findall(r' s="\d+"', found.group(1)))
    if isinstance(value, str):
        new = f'<c r="{place}"{style} t="inlineStr"><is><t>{value}</t></is></c>'
    else:
        new = f'<c r="{place}"{style}><v>{value!r}</v></c>'
    contents[part_of(sheet)] = xml.replace(found.group(0), new).encode()
    return packed(contents)


def with_row(package: bytes, sheet: str, row: int, values: Sequence[Cell]) -> bytes:
    """One more row after the last one; ``row`` counts from 0."""
    cells = "".join(_cell(row, column, value) for column, value in enumerate(values))
    contents = parts(package)
    xml = contents[part_of(sheet)].decode()
    xml = xml.replace("</sheetData>", f'<row r="{row + 1}">{cells}</row></sheetData>')
    contents[part_of(sheet)] = xml.encode()
    return packed(contents)


def with_column(package: bytes, sheet: str, column: int, values: Sequence[Cell]) -> bytes:
    """One more column to the right, from row 1 down."""
    contents = parts(package)
    xml = contents[part_of(sheet)].decode()
    for row, value in enumerate(values):
        pattern = re.compile(rf'(<row r="{row + 1}"[^>]*>.*?)(</row>)', re.DOTALL)
        xml, count = pattern.subn(rf"\g<1>{_cell(row, column, value)}\g<2>", xml, count=1)
        assert count == 1
    contents[part_of(sheet)] = xml.encode()
    return packed(contents)


def with_sheets_of(package: bytes, donor: bytes, sheets: Sequence[str]) -> bytes:
    """The same package with the inputs of another one pasted over its own."""
    contents, given = parts(package), parts(donor)
    texts = re.findall(r"<si><t[^>]*>(.*?)</t></si>", given["xl/sharedStrings.xml"].decode())

    def inline(found: re.Match[str]) -> str:
        text = texts[int(found.group(2))]
        return f'<c {found.group(1)} t="inlineStr"><is><t>{text}</t></is></c>'

    for sheet in sheets:
        source = given[part_of(sheet)].decode()
        rows = re.search(r"<sheetData>.*</sheetData>", source, re.DOTALL)
        assert rows
        pasted = re.sub(r'<c ([^>]*?) t="s"><v>(\d+)</v></c>', inline, rows.group(0))
        pasted = re.sub(r' s="\d+"', "", pasted)
        own = contents[part_of(sheet)].decode()
        start, end = own.index("<sheetData>"), own.index("</sheetData>") + len("</sheetData>")
        contents[part_of(sheet)] = (own[:start] + pasted + own[end:]).encode()
    return packed(contents)
