"""What a person has put in, from any source of cells: here a plain one, and a file."""

import pytest
import xlsxwriter

from kfxl import InputError
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.book_inputs import Cells, inputs_of, is_kfxl_book
from kfxl.spreadsheet.book_reader import FileCells, open_book
from kfxl.spreadsheet.settings import ASSET_COLUMNS, SETTINGS
from tests.spreadsheet.books import book


class PlainCells:
    """A workbook in a dict."""

    def __init__(self) -> None:
        settings = [[setting.default] for setting in SETTINGS.values()]
        assets: Cells = [["A", 0.5, 0.0, 1.0, 0.0], [700.0, 0.5, 0.0, 1.0, 0.0]]
        self.sheets: dict[str, Cells] = {
            "Settings": [*settings, *assets],
            "Returns": [["Month", "A", 700.0], [202001.0, 0.1, None], [202002.0, -0.1, "#N/A"]],
        }
        self.areas = {name: Area("Settings", row, 0) for row, name in enumerate(SETTINGS)}
        for column, name in enumerate(("Asset_Names", *ASSET_COLUMNS.values())):
            self.areas[name] = Area("Settings", len(settings), column, 2)

    def sheet_names(self) -> list[str]:
        return list(self.sheets)

    def rows(self, sheet: str) -> Cells:
        return self.sheets[sheet]

    def named(self, name: str) -> Area | None:
        return self.areas.get(name)


def test_a_plain_source_is_read() -> None:
    cells = PlainCells()
    assert is_kfxl_book(cells)
    inputs = inputs_of(cells)
    assert list(inputs.returns.columns) == ["A", "700"] == list(inputs.assets.index)
    assert inputs.returns["700"].isna().all()
    assert inputs.settings["Strategy"] == "kalman"
    assert inputs.factors is None


def test_tables_of_different_height_name_the_cell() -> None:
    cells = PlainCells()
    first = cells.areas["Asset_Names"]
    cells.areas["Asset_Names"] = Area("Settings", first.row, 0, 3)
    cells.sheets["Settings"].append(["B"])
    with pytest.raises(InputError, match=r"Settings!B\d+: is blank; give the budget of B"):
        inputs_of(cells)


@pytest.mark.parametrize("missing", ["Settings", "Returns"])
def test_other_books_are_no_kfxl_books(missing: str) -> None:
    cells = PlainCells()
    del cells.sheets[missing]
    assert not is_kfxl_book(cells)
    with pytest.raises(InputError, match=f"has no sheet {missing}"):
        inputs_of(cells)


def test_sheets_of_these_names_alone_make_no_kfxl_book() -> None:
    cells = PlainCells()
    cells.areas.clear()
    assert not is_kfxl_book(cells)


def test_names_of_a_file() -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("Bob's sheet").write(1, 2, 7)
        workbook.define_name("Cell", "='Bob''s sheet'!$C$2")
        workbook.define_name("Block", "='Bob''s sheet'!$C$2:$D$4")
        workbook.define_name("Columns", "='Bob''s sheet'!$C:$D")
        workbook.define_name("Formula", "=SUM('Bob''s sheet'!$C$2)")
        workbook.define_name("Gone", "=#REF!$A$1")

    cells = FileCells(open_book(book(fill)))
    assert cells.rows("Bob's sheet")[1][2] == 7.0
    assert cells.named("Cell") == Area("Bob's sheet", 1, 2)
    assert cells.named("Block") == Area("Bob's sheet", 1, 2, 3, 2)
    assert [cells.named(name) for name in ("Columns", "Formula", "Gone", "None")] == [None] * 4
