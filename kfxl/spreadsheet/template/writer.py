"""Writes the sheets of the template, in order, with formulas but without their values."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from kfxl.spreadsheet.book_reader import open_book
from kfxl.spreadsheet.recalculate import recalculate
from kfxl.spreadsheet.styles import DATE
from kfxl.spreadsheet.template import (
    checks,
    expected_returns,
    factor_betas,
    inputs,
    risk,
    start,
    weights,
)
from kfxl.spreadsheet.template.frame import Template, TemplateData, check_size

# A fixed moment, so that the same data always give the same bytes.
CREATED = dt.datetime(2026, 1, 1)
CALCULATION_ENGINE = 191029


Values = Mapping[tuple[str, int, int], object]


def build(data: TemplateData) -> bytes:
    """The template with every value, in its cells and in what its charts remember.

    Charts keep a copy of the numbers that they draw, for programs that show a file without
    computing it (previews, mail). Those numbers are known only after the computation, so the
    sheets are written twice, and the second time's charts are taken.
    """
    package = recalculate(write_template(data))
    again = _parts(write_template(data, _values(package)))
    charts = {name: part for name, part in again.items() if name.startswith("xl/charts/")}
    return _packed(_parts(package) | charts)


def _values(package: bytes) -> Values:
    book = open_book(package)
    return {
        (page.title, row, column): value
        for page in book
        for row, cells in enumerate(page.iter_rows(values_only=True))
        for column, value in enumerate(cells)
        if isinstance(value, int | float | str)
    }


def _parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, part)
    return stream.getvalue()


def _sheet_class(values: Values) -> type:
    """Worksheets that know what their formulas give."""

    class KnownSheet(Worksheet):  # type: ignore[misc]
        def _write_formula(
            self, row: int, column: int, formula: str, style: Any = None, value: Any = 0
        ) -> int:
            known = values.get((self.name, row, column), value)
            return int(super()._write_formula(row, column, formula, style, known))

    return KnownSheet


def write_template(data: TemplateData, values: Values | None = None) -> bytes:
    """The template as a package; its formulas have no values but those given for its charts."""
    check_size(data)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": DATE})
    # Without this an Excel that lacks the add-in turns every cached value into #NAME?.
    book.set_calc_mode("auto", CALCULATION_ENGINE)
    book.calc_on_load = False
    book.set_properties({"title": "kfxl", "author": "kfxl", "created": CREATED})
    template = Template(book, data, _sheet_class(values or {}))
    start.write(template)
    inputs.write(template)
    expected_returns.write(template)
    factor_betas.write(template)
    weights.write(template)
    risk.write(template)
    checks.write(template)
    template.sheets["Start"].activate()
    book.close()
    return stream.getvalue()
