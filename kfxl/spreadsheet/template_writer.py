"""Writes the sheets of the template, in order, with formulas but without their values."""

from __future__ import annotations

import datetime as dt
import io

import xlsxwriter

from kfxl.spreadsheet import (
    template_betas,
    template_checks,
    template_inputs,
    template_returns,
    template_risk,
    template_start,
    template_weights,
)
from kfxl.spreadsheet.styles import DATE
from kfxl.spreadsheet.template import Template, TemplateData, check_size

# A fixed moment, so that the same data always give the same bytes.
CREATED = dt.datetime(2026, 1, 1)
CALCULATION_ENGINE = 191029


def write_template(data: TemplateData) -> bytes:
    """The template as a package whose formulas have no values yet."""
    check_size(data)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": DATE})
    # Without this an Excel that lacks the add-in turns every cached value into #NAME?.
    book.set_calc_mode("auto", CALCULATION_ENGINE)
    book.calc_on_load = False
    book.set_properties({"title": "kfxl", "author": "kfxl", "created": CREATED})
    template = Template(book, data)
    template_start.write(template)
    template_inputs.write(template)
    template_returns.write(template)
    template_betas.write(template)
    template_weights.write(template)
    template_risk.write(template)
    template_checks.write(template)
    template.sheets["Start"].activate()
    book.close()
    return stream.getvalue()
