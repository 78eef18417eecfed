"""What our functions are given when a workbook is recalculated, and formulas around them."""

import pytest
import xlsxwriter

from kfxl.spreadsheet.recalculate import recalculate
from tests.spreadsheet.books import (
    book,
    values,
)
from tests.spreadsheet.toys import TOYS

ARGUMENTS = [
    ("7", 7.0),
    ("-7", -7.0),
    ("50%", 0.5),
    ("1E-5", 1e-5),
    ('"a,""b"" (c"', 'a,"b" (c'),
    ("TRUE", True),
    ("", None),
    ("B1", "Gold"),
    ("B4", None),
    ("B5", "#N/A"),
    ("B1:C1", [["Gold", 1.0]]),
    ("B1:B6", [["Gold"], [2.5], [True], [None], ["#N/A"], ["#DIV/0!"]]),
    ("$B$2:B$3", [[2.5], [True]]),
    ("(B2:B3)", [[2.5], [True]]),
    (" B2 ", 2.5),
    ("C:C", [[1.0], [4.0], [None], [None], [None], [None], [None], [None]]),
    ("C1:C3*2", [[2.0], [8.0], [0.0]]),
    ('{1,TRUE;"x}",#N/A}', [[1.0, True], ["x}", "#N/A"]]),
    ("'It''s'!A1:A2", [["there"], [0.25]]),
    ("'it''s'!A2", 0.25),
    ("Fixed", [[2.5], [True]]),
    ("fixed", [[2.5], [True]]),
    ("Grows", [["Gold", 1.0], [2.5, 4.0]]),
    ("Half", 0.5),
    ("Local", 4.0),
    ("'More data'!Local", 0.75),
    ("Deals[Amount]", [[10.0], [20.0]]),
    ("Deals[[#Headers],[Amount]]", "Amount"),
    ("Deals[[#All],[Name]:[Amount]]", [["Name", "Amount"], ["x", 10.0], ["y", 20.0]]),
    ("Deals", [["x", 10.0], ["y", 20.0]]),
    ("IF(B2>2,B2:B4,C1)", [[2.5], [True], [None]]),
    ("INDEX(B1:C3,0,1)", [["Gold"], [2.5], [True]]),
    ("B1:INDEX(B1:C9,2,2)", [["Gold", 1.0], [2.5, 4.0]]),
    ("OFFSET(B1,1,0,3,1)", [[2.5], [True], [None]]),
    ("OFFSET(Fixed,0,1,1,1)", 4.0),
    ('INDIRECT("B2:B4")', [[2.5], [True], [None]]),
    ("_xlfn.ANCHORARRAY(E1)", [[2.0, 8.0]]),
    ("E1#", [[2.0, 8.0]]),
    ("E4#", [[0.5, 1.5], [10.5, 11.5]]),
    ("E4:F6", [[0.5, 1.5], [10.5, 11.5], [None, None]]),
    ("_xlfn.LET(_xlpm.x,B2:B4,_xlpm.x)", [[2.5], [True], [None]]),
    ("TOY_MANY(1,2)", [[0.5, 1.5]]),
    ("TRANSPOSE(TOY_MANY(1,2))", [[0.5], [1.5]]),
    ("@TOY_MANY(1,2)", 0.5),
    ("_xlfn.SINGLE(TOY_MANY(2,2))", 0.5),
    ("IF(TRUE,TOY_MANY(1,2),1)", [[0.5, 1.5]]),
    ("1/0", "#DIV/0!"),
    ("Nowhere!A1", "#REF!"),
]


@pytest.mark.parametrize("prefix", ["", "_xll.", "_xldudf_KFXL_", "@"])
@pytest.mark.parametrize(("argument", "expected"), ARGUMENTS[:1] + ARGUMENTS[-5:-4])
def test_prefixes_of_own_functions(prefix: str, argument: str, expected: object) -> None:
    check_argument(prefix, argument, expected)


@pytest.mark.parametrize(("argument", "expected"), ARGUMENTS, ids=[a for a, _ in ARGUMENTS])
def test_argument_as_the_function_sees_it(argument: str, expected: object) -> None:
    check_argument("", argument, expected)


def check_argument(prefix: str, argument: str, expected: object) -> None:
    seen = []

    def look(first: object, value: object = None, last: object = None) -> float:
        seen.append((first, value, last))
        return 1.0

    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet, other = workbook.add_worksheet("S"), workbook.add_worksheet("It's")
        sheet.write_column("B1", ["Gold", 2.5, True])
        sheet.write_formula("B5", "=NA()", None, "#N/A")
        sheet.write_formula("B6", "=1/0")
        sheet.write_column("C1", [1, 4])
        other.write_column("A1", ["there", 0.25])
        workbook.define_name("Fixed", "=S!$B$2:$B$3")
        workbook.define_name("Grows", "=S!$B$1:INDEX(S!$A$1:$CW$50,2,COUNTA(S!$B$1:$C$1)+1)")
        workbook.define_name("Half", "=0.5")
        workbook.define_name("S!Local", "=S!$C$2")
        workbook.add_worksheet("More data").write("A2", 0.75)
        workbook.define_name("'More data'!Local", "='More data'!$A$2")
        columns = [{"header": "Name"}, {"header": "Amount"}]
        other.add_table(
            "D1:E3", {"name": "Deals", "columns": columns, "data": [["x", 10], ["y", 20]]}
        )
        sheet.write_dynamic_array_formula("E1:F1", "=TRANSPOSE(C1:C2)*2")
        sheet.write_dynamic_array_formula("E4:F5", "=TOY_MANY(2,2)")
        sheet.write_formula("H8", f"={prefix}TOY_LOOK(1,{argument},)")

    found = recalculate(book(fill), TOYS | {"TOY_LOOK": look})
    first, value, last = seen[0]
    assert (first, last) == (1.0, None)
    assert value == expected
    assert type(value) is type(expected)
    assert values(found)["H8"] == 1


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=IF(A1="x",TOY_MANY(1,1),A2)', 3.0),
        ("=IFERROR(1/TOY_MANY(1,1),9)", 2.0),
        ("=IFERROR(TOY_MANY(1,1)/0,9)", 9.0),
        ("=TOY_MANY(2,2)", 0.5),
        ("=INDEX(TOY_MANY(2,3),2,3)", 12.5),
        ("=-TOY_SUM(A2:A3)%", -0.07),
        ("=SUMPRODUCT(TOY_MANY(1,2),TOY_MANY(1,2))", 2.5),
        ("=TOY_SUM(TOY_SUM(A2)*{1,2}+TOY_SUM(A3))", 17.0),
        ("=_xlfn.LET(_xlpm.k,A2:A3,TOY_SUM(_xlpm.k)+SUM(_xlpm.k))", 14.0),
        ("=Twice", 14.0),
        ("=TOY_TEXT(A2)", "got 3.0"),
        ('=TOY_TEXT(A1)&" & <"', "got 'y' & <"),
        ("=TOY_SUM(A2)=3", True),
        ("=MATCH(11.5,INDEX(TOY_MANY(2,2),2,0),0)", 2.0),
        ("=A9", 0.0),
    ],
)
def test_nested_calls(formula: str, expected: object) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        sheet = workbook.add_worksheet("S")
        sheet.write_column("A1", ["y", 3, 4])
        workbook.define_name("Twice", "=2*TOY_SUM(S!$A$2:$A$3)")
        sheet.write_formula("C3", formula)

    found = values(recalculate(book(fill), TOYS))["C3"]
    assert (
        found == pytest.approx(expected, abs=1e-15)
        if isinstance(expected, float)
        else found == expected
    )
