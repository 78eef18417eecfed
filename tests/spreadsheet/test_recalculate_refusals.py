"""What recalculation refuses: one line that names the cell or the file, and nothing written."""

from pathlib import Path

import pytest
import xlsxwriter

from kfxl.errors import InputError
from kfxl.spreadsheet.recalculate import recalculate, recalculate_file
from tests.spreadsheet.books import (
    book,
    one_sheet,
    with_member,
)
from tests.spreadsheet.toys import TOYS

REFUSED = [
    ("=NOSUCH(1)", "the function NOSUCH is not known here"),
    ("=IFERROR(NOSUCH(1),0)", "the function NOSUCH is not known here"),
    ("=IF(TRUE,1,TOY_SUM(NOSUCH(1)))", "the function NOSUCH is not known here"),
    ("=_xlfn.STOCKHISTORY(A1)", "the function STOCKHISTORY is not known here"),
    ("=Nobody+1", "the name Nobody is not defined"),
    ("=Nothing[Q]", "the name Nothing[Q] is not defined"),
    ("=[1]Sheet1!A1", "lies in another workbook"),
    ("='[other.xlsx]Sheet1'!A1", "lies in another workbook"),
    ("=SUM(A1", "a parenthesis that is never closed"),
    ("=1+!", "cannot be read from '!' on"),
    ("=TOY_SUM()", "TOY_SUM is called with wrong arguments"),
    ("=TOY_SUM(1,2)", "TOY_SUM is called with wrong arguments"),
    ("=TOY_SUM(A1:C9)", "its formula reads its own result"),
    ("=TOY_SUM(A2)", "its formula reads its own result"),
    ("=A2+1", "its formula reads its own result"),
    ("=_xlfn.MAP(A3:A4,_xlfn.LAMBDA(_xlpm.v,TOY_SUM(_xlpm.v)))", "inside LAMBDA"),
    ('=INDIRECT("Nobody")', "INDIRECT cannot find a cell"),
    ("=TOY_SUM((A3:A4,A5))", "the argument A3:A4,A5 cannot be computed"),
    ("=SUM(1,,)+*", "cannot be computed"),
]


@pytest.mark.parametrize(("formula", "problem"), REFUSED, ids=[f for f, _ in REFUSED])
@pytest.mark.parametrize("cached", ["#NAME?", 0])
def test_refusal_names_the_cell(tmp_path: Path, formula: str, problem: str, cached: object) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("First").write_formula("A1", "=1+1")
        sheet = workbook.add_worksheet("S")
        sheet.write_formula("B7", formula, None, cached)
        sheet.write_formula("A2", "=B7*1")

    source, target = tmp_path / "book.xlsx", tmp_path / "new.xlsx"
    source.write_bytes(book(fill))
    with pytest.raises(InputError) as caught:
        recalculate_file(source, target, TOYS)
    assert caught.value.argument in {"S!B7"} | ({"S!A2"} if formula == "=A2+1" else set())
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_data_table_is_refused() -> None:
    package = one_sheet(lambda sheet: sheet.write_formula("B7", "=1"))
    package = with_member(
        package,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("<f>1</f>", '<f t="dataTable" ref="B7:B9" dt2D="0" r1="A1"/>'),
    )
    with pytest.raises(InputError, match="S!B7: its formula is a what-if data table"):
        recalculate(package, {})


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "this is not an .xlsx file"),
        (b"Date;Gold\n1;2\n", "this is not an .xlsx file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "encrypted or an old .xls file"),
        (b"PK\x03\x04" + bytes(60), "damaged or not a workbook"),
        (one_sheet(lambda sheet: None)[:-400], "damaged or not a workbook"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    source = tmp_path / "book.xlsx"
    source.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        recalculate_file(source, None, {})
    assert str(caught.value).startswith("book.xlsx: ")
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_archive_without_a_workbook_is_refused() -> None:
    package = with_member(
        one_sheet(lambda s: None),
        "_rels/.rels",
        lambda xml: xml.replace('officeDocument"', 'other"'),
    )
    with pytest.raises(InputError, match="holds no Excel workbook"):
        recalculate(package, {})


def test_broken_sheet_is_refused() -> None:
    package = with_member(
        one_sheet(lambda s: s.write("A1", 1)), "xl/worksheets/sheet1.xml", lambda xml: xml[:-9]
    )
    with pytest.raises(InputError, match="S: the sheet's XML is damaged"):
        recalculate(package, {})


def test_doctype_is_refused() -> None:
    package = with_member(
        one_sheet(lambda s: s.write("A1", 1)),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("<worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet', 1),
    )
    with pytest.raises(InputError, match="declares a document type"):
        recalculate(package, {})


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        recalculate_file(tmp_path / "no.xlsx", None, {})
    source = tmp_path / "book.xlsx"
    source.write_bytes(one_sheet(lambda sheet: None))
    with pytest.raises(InputError, match="there is no folder"):
        recalculate_file(source, tmp_path / "no" / "new.xlsx", {})
