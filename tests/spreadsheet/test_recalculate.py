"""Recalculation with toy functions: values against numpy, everything else byte for byte."""

from pathlib import Path

import numpy as np
import pytest
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kfxl.spreadsheet.recalculate import recalculate, recalculate_file, recalculation
from tests.spreadsheet.books import (
    book,
    members,
    one_sheet,
    values,
    with_member,
    without_values,
)
from tests.spreadsheet.toys import RETURNS, TOYS, WEIGHTS, shares, weights


def write_returns(sheet: Worksheet) -> None:
    sheet.write_row(0, 0, ["Gold", "Oil & Gas", "Tech"])
    for i, row in enumerate(RETURNS.tolist()):
        sheet.write_row(i + 1, 0, row)


def model(workbook: xlsxwriter.Workbook) -> None:
    """Weights, what hangs on them, a chart, a format, a rule, a list, a comment, a name."""
    returns, sheet = workbook.add_worksheet("My data"), workbook.add_worksheet("S")
    write_returns(returns)
    workbook.define_name("Rets", "='My data'!$A$2:$C$25")
    workbook.define_name(
        "Data",
        "='My data'!$A$1:INDEX('My data'!$A$1:$CW$5001,MAX(2,COUNTA('My data'!$A$1:$A$5001)),"
        "MAX(2,COUNTA('My data'!$A$1:$CW$1)))",
    )
    percent = workbook.add_format({"num_format": "0.00%", "bold": True})
    sheet.write_formula("A1", "=TOY_SUM(B9:D9)", percent)
    sheet.write_array_formula("B2:D2", "{=TOY_WEIGHTS(Rets)}", percent)
    sheet.write_array_formula("B3:D3", "{=TOY_SHARES(B2:D2,Data)}", percent)
    sheet.write_formula("B4", "=IF(COUNT(B3:D3)=COLUMNS(B3:D3),SUM(B3:D3),NA())")
    sheet.write_formula("B5", '=ROUND(SUM(TOY_WEIGHTS(Rets))*100,2)&" %"')
    sheet.write_dynamic_array_formula("B6:D6", "=TOY_WEIGHTS(Data)")
    sheet.write_formula("B7", "=SUM(_xlfn.ANCHORARRAY(B6))")
    sheet.write_array_formula("B9:D9", "{=B3:D3*2}")
    sheet.write_formula("B10", "=A1>1.5")
    sheet.write_formula("B11", "=INDEX(TOY_SHARES(TOY_WEIGHTS(Rets),Rets),1,2)")
    chart = workbook.add_chart({"type": "column"})
    chart.add_series({"values": "=S!$B$2:$D$2"})
    sheet.insert_chart("F2", chart)
    sheet.conditional_format("B2:D3", {"type": "data_bar"})
    sheet.data_validation("A20", {"validate": "list", "source": ["x", "y"]})
    sheet.write_comment("A1", "a remark")


def test_chain_of_calls_equals_numpy() -> None:
    found = values(recalculate(book(model), TOYS))
    part = np.array(shares([WEIGHTS.tolist()], RETURNS.tolist())[0])
    for column, weight, share in zip("BCD", WEIGHTS, part, strict=True):
        assert found[f"{column}2"] == weight
        assert found[f"{column}3"] == pytest.approx(share, abs=1e-15)
        assert found[f"{column}6"] == weight
        assert found[f"{column}9"] == pytest.approx(2 * share, abs=1e-15)
    assert found["A1"] == pytest.approx(2, abs=1e-12)
    assert found["B4"] == pytest.approx(1, abs=1e-12)
    assert found["B5"] == "100 %"
    assert found["B7"] == pytest.approx(1, abs=1e-12)
    assert found["B10"] is True
    assert found["B11"] == pytest.approx(part[1], abs=1e-15)


def test_only_cached_values_change() -> None:
    before = book(model)
    after = recalculate(before, TOYS)
    old, new = members(before), members(after)
    assert list(old) == list(new)
    changed = [name for name in old if old[name] != new[name]]
    assert changed == ["xl/worksheets/sheet2.xml"]
    assert without_values(old[changed[0]]) == without_values(new[changed[0]])
    assert recalculate(after, TOYS) == after


def test_members_keep_their_bytes_in_the_archive() -> None:
    before = book(model)
    after = recalculate(before, TOYS)
    begin = before.index(b"xl/worksheets/sheet2.xml") - 30
    assert after[:begin] == before[:begin]
    end = before.index(b"PK\x03\x04", begin + 4)
    rest = before[end : before.index(b"PK\x01\x02")]
    assert rest in after


def test_changed_input_changes_what_hangs_on_it() -> None:
    done = recalculate(book(model), TOYS)
    number = repr(float(RETURNS[0, 0]))
    edited = with_member(
        done, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(f"<v>{number}</v>", "<v>0.3</v>")
    )
    data = RETURNS.copy()
    data[0, 0] = 0.3
    found = values(recalculate(edited, TOYS))
    assert [found[f"{c}2"] for c in "BCD"] == weights(data.tolist())[0]
    assert [found[f"{c}6"] for c in "BCD"] == weights(data.tolist())[0]


def test_nothing_changed_gives_the_input() -> None:
    plain = one_sheet(lambda sheet: sheet.write_formula("A1", "=1+1", None, 2))
    assert recalculate(plain, {}) == plain
    assert recalculate(one_sheet(lambda sheet: None), {})


def test_counts() -> None:
    done = recalculation(book(model), TOYS)
    assert (done.formulas, done.own_formulas) == (10, 6)
    assert done.changed_cells == 18


def test_genuine_errors_are_values() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_column("A1", [1, 0])
        for row, formula in enumerate(
            ["=A1/A2", "=NA()", "=SQRT(-1)", '="a"+1', "=INDEX(A1:A2,9)"]
        ):
            sheet.write_formula(row, 2, formula)

    found = values(recalculate(one_sheet(fill), {}))
    assert [found[f"C{row}"] for row in range(1, 6)] == [
        "#DIV/0!",
        "#N/A",
        "#NUM!",
        "#VALUE!",
        "#REF!",
    ]


def test_names_reach_functions_that_ask_for_a_place() -> None:
    """The engine alone gives errors here, because a name is no reference to it."""

    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet("S")
        sheet.write_column("B3", [5, 7, 9])
        workbook.define_name("Fixed", "=S!$B$3:$B$5")
        for row, formula in enumerate(
            ["ROW(Fixed)", "SUM(OFFSET(Fixed,1,0,2,1))", "AGGREGATE(9,6,Fixed)", "COLUMN(Fixed)"]
        ):
            sheet.write_formula(row, 4, f"={formula}")
        sheet.write_array_formula("F1:F3", "{=ROW(Fixed)}")

    found = values(recalculate(book(fill), {}))
    assert [found[f"E{row}"] for row in range(1, 5)] == [3, 16, 21, 2]
    assert [found[f"F{row}"] for row in (1, 2, 3)] == [3, 4, 5]


def test_tables() -> None:
    """The engine alone does not notice when a column of a table changes."""

    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("S").write_formula("A1", "=SUM(Deals[Both])")
        columns = [
            {"header": "One"},
            {"header": "Two", "total_function": "sum"},
            {"header": "Both", "formula": "=TOY_SUM(Deals[@[One]:[Two]])", "total_function": "max"},
        ]
        options = {"name": "Deals", "total_row": True, "columns": columns}
        options |= {"data": [[1, 2], [3, 4]]}
        workbook.add_worksheet("T").add_table("B2:D5", options)

    done = recalculate(book(fill), TOYS)
    assert values(done)["A1"] == 10
    found = values(done, "T")
    assert [found[address] for address in ("D3", "D4", "C5", "D5")] == [3, 7, 6, 7]
    assert recalculate(done, TOYS) == done


def test_functions_that_look_at_formulas() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_formula("A1", '=TOY_SUM(B1)&"x"')
        sheet.write_array_formula("A2:B2", "{=TOY_MANY(1,2)}")
        for row, formula in enumerate(["FORMULATEXT(A1)", "FORMULATEXT(A2)", "ISFORMULA(A1)"]):
            sheet.write_formula(row, 3, f"={formula}")
        sheet.write_formula("D4", "=IFERROR(_xlfn.FORMULATEXT(C9),ISFORMULA(C9))")
        sheet.write_formula("D5", "=_xlfn.SHEETS()+1")
        sheet.write_formula("D6", "=TOY_TEXT(_xlfn.FORMULATEXT(A2))")

    found = values(recalculate(one_sheet(fill), TOYS))
    assert found["D1"] == '=TOY_SUM(B1)&"x"'
    assert found["D2"] == "{=TOY_MANY(1,2)}"
    assert (found["D3"], found["D4"]) == (True, False)
    assert (found["D5"], found["D6"]) == (2, "got '{=TOY_MANY(1,2)}'")


def test_false_circle_is_none() -> None:
    """A range that ends at INDEX of a vast area reads only up to there."""

    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet("S")
        sheet.write_column("A1", [1, 2, 3])
        workbook.define_name("Data", "=S!$A$1:INDEX(S!$A$1:$CW$500,COUNTA(S!$A$1:$A$500),1)")
        sheet.write_formula("F9", "=TOY_SUM(Data)")

    assert values(recalculate(book(fill), TOYS))["F9"] == 6


def test_long_chain_and_dates_of_1904() -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet("S")
        sheet.write("A1", 1)
        for row in range(1, 3000):
            sheet.write_formula(row, 0, f"=A{row}+1")
        sheet.write_formula("B1", "=TOY_SUM(A3000)+YEAR(0)")

    package = book(fill)
    assert values(recalculate(package, TOYS))["B1"] == 3000 + 1900
    later = with_member(
        package,
        "xl/workbook.xml",
        lambda xml: xml.replace("<workbookPr ", '<workbookPr date1904="1" '),
    )
    assert values(recalculate(later, TOYS))["B1"] == 3000 + 1904


def test_each_call_is_made_once() -> None:
    made = []

    def count(data: object) -> float:
        made.append(data)
        return 1.0

    def fill(sheet: Worksheet) -> None:
        sheet.write_column("A1", [1, 2])
        for row in range(4):
            sheet.write_formula(row, 2, "=TOY(A1:A2)+TOY(A$1:A$2)")

    recalculate(one_sheet(fill), {"TOY": count})
    assert made == [[[1.0], [2.0]]]


def test_file_goes_beside_its_source_unless_told(tmp_path: Path) -> None:
    source = tmp_path / "book.xlsx"
    package = book(model)
    source.write_bytes(package)
    done = recalculate_file(source, None, TOYS)
    assert done.path == tmp_path / "book-recalculated.xlsx"
    assert done.path.read_bytes() == done.package == recalculate(package, TOYS)
    assert source.read_bytes() == package
    assert recalculate_file(source, source, TOYS).path == source
    assert source.read_bytes() == done.package


@pytest.mark.parametrize("rows", [3, 80])
def test_cells_of_another_sheet_keep_to_their_own_sheet(rows: int) -> None:
    """Few cells are read one by one, many at once: in both, A1 is the A1 beside the formula."""

    def fill(workbook: xlsxwriter.Workbook) -> None:
        near, far = workbook.add_worksheet("Near"), workbook.add_worksheet("S")
        near.write_column("A1", range(1, rows + 1))
        far.write_column("A1", range(100, 100 + rows))
        for row in range(rows):
            near.write_formula(row, 1, f"=A{row + 1}+1")
            near.write_formula(row, 2, "=A:A*10")
            near.write_formula(row, 3, f"=LET(x,A{row + 1},x+OFFSET(A1,0,0))")
            far.write_formula(row, 1, f"=Near!B{row + 1}*10")
        near.write_array_formula(0, 4, rows - 1, 4, f"{{=ROW(A1:A{rows})*A1:A{rows}}}")
        far.write_formula("D1", f"=TOY_SUM(Near!B1:B{rows}*1)")
        far.write_formula("D2", f"=TOY_SUM(Near!C1:C{rows})+SUM(Near!C1:C{rows})")
        far.write_formula("D3", f"=SUM(TOY_SUM(Near!E1:E{rows}),SUM(Near!E1:E{rows}))")
        far.write_formula("D4", "=TOY_SUM(Near!D2+0)")

    found = values(recalculate(book(fill), TOYS))
    numbers = range(1, rows + 1)
    assert [found[f"B{row}"] for row in numbers] == [10 * (row + 1) for row in numbers]
    assert found["D1"] == sum(numbers) + rows
    assert found["D2"] == 2 * 10 * sum(numbers)
    assert found["D3"] == 2 * sum(row * row for row in numbers)
    assert found["D4"] == 3
