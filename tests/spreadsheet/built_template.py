"""The template as it is built, the data in it and the cells of its names."""

from functools import cache

import openpyxl
from openpyxl.utils import range_boundaries

from kfxl.data import FRENCH_FACTORS, FRENCH_INDUSTRIES, french_monthly
from kfxl.spreadsheet.workbook import build_template

CASH = french_monthly()["RF"].tail(240)
RETURNS = french_monthly().tail(240)[list(FRENCH_INDUSTRIES)].sub(CASH, axis=0).round(4)
FACTORS = french_monthly().tail(240)[list(FRENCH_FACTORS)]


@cache
def template() -> bytes:
    return build_template()


def named(book: openpyxl.Workbook, name: str) -> list[list[object]]:
    sheet, _, address = book.defined_names[name].attr_text.rpartition("!")
    left, top, right, bottom = range_boundaries(address)
    rows = book[sheet.strip("'")].iter_rows(top, bottom, left, right, values_only=True)
    return [list(row) for row in rows]
