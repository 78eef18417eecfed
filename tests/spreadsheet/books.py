"""Small workbooks for tests: made with xlsxwriter, read back with openpyxl, compared as XML."""

import io
import re
import zipfile
from collections.abc import Callable

import openpyxl
import xlsxwriter


def book(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    """A workbook that `fill` has written; formulas have the cached value 0 unless it gives one."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        fill(workbook)
    return stream.getvalue()


def one_sheet(fill: Callable[[xlsxwriter.worksheet.Worksheet], None]) -> bytes:
    """A workbook of one sheet, called S."""
    return book(lambda workbook: fill(workbook.add_worksheet("S")))


def values(package: bytes, sheet: str = "S") -> dict[str, object]:
    """Cached values by address, read by another program."""
    workbook = openpyxl.load_workbook(io.BytesIO(package), data_only=True)
    return {
        cell.coordinate: cell.value
        for row in workbook[sheet].iter_rows()
        for cell in row
        if cell.value is not None
    }


def members(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sheet_xml(package: bytes, number: int = 1) -> str:
    return members(package)[f"xl/worksheets/sheet{number}.xml"].decode()


def cell_xml(package: bytes, address: str, number: int = 1) -> str:
    """The element of a cell as it stands in the XML; empty text if there is none."""
    found = re.search(rf'<c r="{address}"[^>]*?(?:/>|>.*?</c>)', sheet_xml(package, number))
    return found.group() if found else ""


def with_member(package: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """The package with one member changed, as any tool might, compressed anew."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == name:
                content = change(content.decode()).encode()
            new.writestr(info, content)
    return stream.getvalue()


def with_macros(package: bytes) -> bytes:
    """The package as an .xlsm file, with a part that stands for its macros."""
    plain = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    enabled = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    changed = with_member(package, "[Content_Types].xml", lambda text: text.replace(plain, enabled))
    stream = io.BytesIO(changed)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macros")
    return stream.getvalue()


def without_values(xml: bytes) -> str:
    """A sheet's XML without what a recalculation may change: cached values, types, spill areas."""
    text = re.sub(r"<v[^>]*>[^<]*</v>|<v/>", "", xml.decode())
    text = re.sub(r'(<c [^>]*?) t="[^"]*"', r"\1", text)
    text = re.sub(r'(<f t="array") ref="[^"]*"', r"\1", text)
    text = re.sub(r"<c ([^>]*?)></c>", r"<c \1/>", text)
    text = re.sub(r'<c r="[A-Z]+\d+"/>', "", text)
    return re.sub(r'<row r="\d+"></row>|<row r="\d+"/>', "", text)
