"""What recalculation writes: arrays, spills, kinds of values, XML of other programs."""

import warnings

import numpy as np
import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kfxl.errors import InputError
from kfxl.spreadsheet.recalculate import recalculate
from tests.references import FOLDER
from tests.spreadsheet.books import (
    book,
    cell_xml,
    members,
    one_sheet,
    sheet_xml,
    values,
    with_member,
    without_values,
)
from tests.spreadsheet.toys import RETURNS, TOYS, WEIGHTS, shares


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1,1", [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]),
        ("1,2", [[0.5, 1.5, "#N/A"], [0.5, 1.5, "#N/A"]]),
        ("2,1", [[0.5, 0.5, 0.5], [10.5, 10.5, 10.5]]),
        ("2,2", [[0.5, 1.5, "#N/A"], [10.5, 11.5, "#N/A"]]),
        ("3,4", [[0.5, 1.5, 2.5], [10.5, 11.5, 12.5]]),
    ],
)
def test_array_formula_fills_its_area(size: str, expected: list[list[object]]) -> None:
    package = one_sheet(lambda sheet: sheet.write_array_formula("B2:D3", f"{{=TOY_MANY({size})}}"))
    done = recalculate(package, TOYS)
    found = values(done)
    assert [[found[f"{c}{r}"] for c in "BCD"] for r in (2, 3)] == expected
    assert 'ref="B2:D3"' in cell_xml(done, "B2")


def spilling(size: str, area: str, formula: str = "TOY_MANY") -> bytes:
    def fill(sheet: Worksheet) -> None:
        sheet.write_dynamic_array_formula(area, f"={formula}({size})")
        sheet.write_formula("H1", "=SUM(_xlfn.ANCHORARRAY(B2))")
        sheet.write("A9", "below")

    return one_sheet(fill)


@pytest.mark.parametrize("formula", ["TOY_MANY", "0.5+10*(_xlfn.SEQUENCE(3)-1)+0*SUM"])
def test_dynamic_array_grows(formula: str) -> None:
    size = "3,1" if formula == "TOY_MANY" else "1"
    before = spilling(size, "B2:B2", formula)
    done = recalculate(before, TOYS)
    found = values(done)
    assert [found[f"B{row}"] for row in (2, 3, 4)] == [0.5, 10.5, 20.5]
    assert found["H1"] == 31.5
    assert 'ref="B2:B4"' in cell_xml(done, "B2")
    assert without_values(members(before)["xl/worksheets/sheet1.xml"]) == without_values(
        members(done)["xl/worksheets/sheet1.xml"]
    )
    assert recalculate(done, TOYS) == done


def test_dynamic_array_shrinks() -> None:
    done = recalculate(spilling("1,2", "B2:D4"), TOYS)
    found = values(done)
    assert (found["B2"], found["C2"], found["H1"]) == (0.5, 1.5, 2)
    assert not {"D2", "B3", "C4", "D4"} & set(found)
    assert 'ref="B2:C2"' in cell_xml(done, "B2")
    assert recalculate(done, TOYS) == done


def test_dynamic_array_becomes_one_cell() -> None:
    done = recalculate(spilling("1,1", "B2:C2"), TOYS)
    assert 'ref="B2"' in cell_xml(done, "B2")
    assert "C2" not in values(done)


def test_dynamic_array_is_blocked() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_dynamic_array_formula("B2:B2", "=TOY_MANY(3,1)")
        sheet.write("B4", "in the way")
        sheet.write_formula("C1", '=IF(ISERROR(B2),"blocked",B2)')

    done = recalculate(one_sheet(fill), TOYS)
    assert cell_xml(done, "B2").endswith("<v>#SPILL!</v></c>")
    assert 't="e"' in cell_xml(done, "B2")
    found = values(done)
    assert (found["B4"], found["C1"]) == ("in the way", "blocked")
    assert "B3" not in found
    assert recalculate(done, TOYS) == done


def test_reader_of_a_spill_that_grows() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_formula("A1", "=TOY_SUM(B2:F2)")
        sheet.write_dynamic_array_formula("B2:B2", "=TOY_MANY(1,A9)")
        sheet.write_formula("A9", "=2+1")

    assert values(recalculate(one_sheet(fill), TOYS))["A1"] == 0.5 + 1.5 + 2.5


@pytest.mark.parametrize(
    ("value", "element"),
    [
        (3, '<c r="A1"><f>TOY()</f><v>3</v></c>'),
        (0.1, '<c r="A1"><f>TOY()</f><v>0.1</v></c>'),
        (np.float64(0.25), '<c r="A1"><f>TOY()</f><v>0.25</v></c>'),
        (True, '<c r="A1" t="b"><f>TOY()</f><v>1</v></c>'),
        ("", '<c r="A1" t="str"><f>TOY()</f><v></v></c>'),
        ("a<b & c", '<c r="A1" t="str"><f>TOY()</f><v>a&lt;b &amp; c</v></c>'),
        (" a", '<c r="A1" t="str"><f>TOY()</f><v xml:space="preserve"> a</v></c>'),
        ("\x01_x0041_", '<c r="A1" t="str"><f>TOY()</f><v>_x0001__x005F_x0041_</v></c>'),
        ("#N/A", '<c r="A1" t="str"><f>TOY()</f><v>#N/A</v></c>'),
        (float("nan"), '<c r="A1" t="e"><f>TOY()</f><v>#NUM!</v></c>'),
        (None, '<c r="A1"><f>TOY()</f><v>0</v></c>'),
    ],
)
def test_kinds_of_values(value: object, element: str) -> None:
    package = one_sheet(lambda sheet: sheet.write_formula("A1", "=TOY()", None, 77))
    done = recalculate(package, {"TOY": lambda: value})
    assert cell_xml(done, "A1") == element
    assert recalculate(done, {"TOY": lambda: value}) == done


def test_value_written_otherwise_keeps_its_bytes() -> None:
    package = one_sheet(lambda sheet: sheet.write_formula("A1", "=1/10", None, 0))
    part = "xl/worksheets/sheet1.xml"
    edited = with_member(package, part, lambda xml: xml.replace("<v>0</v>", "<v>1.0000E-1</v>"))
    assert recalculate(edited, {}) == edited


SHARED = (
    '<row r="1"><c r="A1"><v>1</v></c>'
    '<c r="B1"><f t="shared" ref="B1:B3" si="0">{0}</f><v>0</v></c></row><row r="2">'
    '<c r="A2"><v>2</v></c><c r="B2"><f t="shared" si="0"/><v>0</v></c></row>'
    '<row r="3"><c r="A3"><v>4</v></c><c r="B3"><f t="shared" si="0"/></c><c r="C3"/></row>'
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A1*10+A$1", [11, 21, 41]),
        ("TOY_SUM(A1:A2)+A$1", [4, 7, 5]),
        ("SUM(Top)+A1", [2, 3, 5]),
        ("TOY_SUM(Top,Top)+A1", None),
    ],
)
def test_shared_formulas(formula: str, expected: list[float] | None) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("S").write("Z9", 1)
        workbook.define_name("Top", "=S!$A$1")

    def share(xml: str) -> str:
        return xml.replace("<sheetData>", "<sheetData>" + SHARED.format(formula))

    package = with_member(book(fill), "xl/worksheets/sheet1.xml", share)
    if expected is None:
        with pytest.raises(InputError, match="S!B1: TOY_SUM is called with wrong arguments"):
            recalculate(package, TOYS)
        return
    done = recalculate(package, TOYS)
    assert [values(done)[f"B{row}"] for row in (1, 2, 3)] == expected
    assert '<f t="shared" si="0"/>' in cell_xml(done, "B3")


def test_xml_of_another_program() -> None:
    """Prefixed elements, single quotes, self-closing cells, odd spaces."""
    sheet = (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<!-- a > remark -->"
        "<x:worksheet xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
        "<x:sheetData><x:row r='1'><x:c r='A1'><x:v>2</x:v></x:c>"
        "<x:c r='B1' s='0' ><x:f>A1*3</x:f></x:c>"
        "<x:c r='C1' t='n'><x:f>TOY_SUM(A1:B1)</x:f><x:v>5</x:v></x:c></x:row><x:row r='3'/>"
        "<x:row r='5'><x:c r='A5' t='inlineStr'><x:is><x:t>in</x:t></x:is></x:c>"
        "<x:c r='B5' cm='1'><x:f t='array' ref='B5'>TOY_MANY(1,2)</x:f><x:v>0</x:v></x:c>"
        "</x:row></x:sheetData></x:worksheet>"
    )
    package = with_member(
        one_sheet(lambda s: s.write_dynamic_array_formula("B5", "=SUM(A1:A2*2)")),
        "xl/worksheets/sheet1.xml",
        lambda _: sheet,
    )
    done = sheet_xml(recalculate(package, TOYS))
    expected = (
        sheet.replace("<x:f>A1*3</x:f>", "<x:f>A1*3</x:f><x:v>6</x:v>")
        .replace("<x:v>5</x:v>", "<x:v>8</x:v>")
        .replace("ref='B5'", 'ref="B5:C5"')
        .replace("<x:v>0</x:v></x:c>", '<x:v>0.5</x:v></x:c><x:c r="C5"><x:v>1.5</x:v></x:c>')
    )
    assert done == expected


def test_book_saved_by_libreoffice() -> None:
    """Functions in small letters, values without them, arrays that no longer spill."""
    before = (FOLDER / "recalculation_saved_by_libreoffice.xlsx").read_bytes()
    assert "toy_weights" in sheet_xml(before, 2)
    after = recalculate(before, TOYS)
    with warnings.catch_warnings(action="ignore"):  # the other reader leaves out the chart's style
        found = values(after)
    part = shares([WEIGHTS.tolist()], RETURNS.tolist())[0]
    for row, expected in {2: WEIGHTS.tolist(), 3: part, 6: WEIGHTS.tolist()}.items():
        assert [found[f"{column}{row}"] for column in "BCD"] == expected
    assert [found[f"{column}9"] for column in "BCD"] == [2 * share for share in part]
    assert (found["B5"], found["B10"]) == ("100 %", True)
    old, new = members(before), members(after)
    name = "xl/worksheets/sheet2.xml"
    assert [part for part in old if old[part] != new[part]] == [name]
    assert without_values(old[name]) == without_values(new[name])
    assert recalculate(after, TOYS) == after
