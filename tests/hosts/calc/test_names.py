"""Names of our functions in real files of Excel's kind: what LibreOffice 7.4 must be helped with.

Newer ones do all this themselves; the tests are the same.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from kfxl import __version__
from tests.hosts.calc.documents import Document
from tests.hosts.calc.office import INSIDE, Office

pytestmark = pytest.mark.host

DO = INSIDE / "naming.py"
REPORTS = INSIDE / "reports.py"
CALL = "=KFXL_VERSION()"


@pytest.fixture
def saved(office: Office, tmp_path: Path) -> Path:
    """A file with our function in a cell, an array, a name of the book and one of the sheet."""
    with office.open() as document:
        fill(document)
        return document.save_as(tmp_path / "book.xlsx")


def fill(document: Document) -> None:
    document.run(REPORTS, "name_formula", name="OF_BOOK", content="KFXL_VERSION()")
    document.run(DO, "name_in_sheet", sheet="Sheet1", name="OF_SHEET", content='KFXL_VERSION()&"!"')
    document.write(
        ("Sheet1", "A1", CALL), ("Sheet1", "A2", "=OF_BOOK"), ("Sheet1", "A3", "=OF_SHEET")
    )
    document.enter(("Sheet1", "C1:D2", CALL))


def check_shown(document: Document) -> None:
    """All show the version, and still do when they are recalculated."""
    document.recalculate()
    assert document.shown("Sheet1", "A1:A3") == [[__version__], [__version__], [f"{__version__}!"]]
    assert document.shown("Sheet1", "C1:D2") == [[__version__] * 2] * 2


def check_plain(path: Path) -> None:
    """No long name is in a file; the plain one is in its cells and names."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert not [name for name, part in parts.items() if b"kfxl.addin" in part.lower()]
    cells = parts["xl/worksheets/sheet1.xml"]
    assert len(re.findall(rb"<f[^>]*>(?i:KFXL_VERSION)\(\)", cells)) == 2
    assert len(re.findall(rb"(?i:KFXL_VERSION)\(\)", parts["xl/workbook.xml"])) == 2


def test_cells_arrays_and_names_work_after_opening_and_are_saved_plain(
    office: Office, saved: Path, tmp_path: Path
) -> None:
    check_plain(saved)
    with office.open(saved) as document:
        check_shown(document)
        check_plain(document.save_as(tmp_path / "again.xlsx"))


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("Calc MS Excel 2007 VBA XML", "xlsm"),
        ("Calc MS Excel 2007 XML Template", "xltx"),
        ("Calc Office Open XML", "xlsx"),
    ],
)
def test_every_format_of_excel_s_kind_has_plain_names(
    office: Office, tmp_path: Path, name: str, ending: str
) -> None:
    path = tmp_path / f"book.{ending}"
    with office.open() as document:
        fill(document)
        document.run(DO, "save_with", url=path.as_uri(), filter_name=name)
    check_plain(path)
    with office.open(path) as document:
        check_shown(document)


@pytest.mark.parametrize("options", [{}, {"Hidden": True}, {"AsTemplate": True}])
def test_however_it_is_opened(office: Office, saved: Path, options: dict[str, bool]) -> None:
    found = office.run(DO, "load", url=saved.as_uri(), options=options)
    assert found == {"shown": __version__, "modified": False}


def test_a_protected_sheet_works_and_stays_protected_as_it_was(
    office: Office, saved: Path, tmp_path: Path
) -> None:
    given = b'<sheetProtection sheet="true" objects="true" scenarios="true" sort="false"/>'
    change_sheet(saved, b"</sheetData>", b"</sheetData>" + given)
    with office.open(saved) as document:
        assert document.run(DO, "is_protected", sheet="Sheet1")
        check_shown(document)
        again = document.save_as(tmp_path / "again.xlsx")
    with zipfile.ZipFile(again) as package:
        (found,) = re.findall(b"<sheetProtection[^>]*>", package.read("xl/worksheets/sheet1.xml"))
    assert set(found.split()) >= {b'sort="false"/>', b'sheet="true"'}


def test_cells_of_a_sheet_with_a_password_work(office: Office, tmp_path: Path) -> None:
    with office.open() as document:
        fill(document)
        document.run(DO, "protect", sheet="Sheet1", password="secret")
        path = document.save_as(tmp_path / "book.xlsx")
    with office.open(path) as document:
        document.recalculate()
        assert document.run(DO, "is_protected", sheet="Sheet1")
        assert document.shown("Sheet1", "A1:A2") == [[__version__], [__version__]]


def test_a_file_with_a_password_is_saved_and_opens(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with office.open() as document:
        fill(document)
        document.run(DO, "encrypt", url=path.as_uri(), password="secret")
    assert not zipfile.is_zipfile(path)
    found = office.run(DO, "load", url=path.as_uri(), options={"Password": "secret"})
    assert found["shown"] == __version__


def change_sheet(path: Path, old: bytes, new: bytes) -> None:
    """Write a file anew with a change in its first sheet."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert parts["xl/worksheets/sheet1.xml"].count(old) == 1
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
