"""The sheets that a person fills in: Settings, Returns, Factors."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.settings import ASSET_COLUMNS, AUTO, GROUPS, TEXTBOOK, Setting
from kfxl.spreadsheet.styles import PERCENT, PERCENT_FINE
from kfxl.spreadsheet.template.frame import (
    MAX_COLUMNS,
    MAX_ROWS,
    WIDEST,
    Template,
    wide_enough,
)

RISK_FREE = "RF"
HEADER_ROW = 3
COLUMN = 9.0  # width of a column of returns
ASSET_TABLE = 5  # column of the table of assets on Settings


def write(template: Template) -> None:
    """Write the three sheets and define their names."""
    _panel_names(template)
    _settings(template)
    _panel(template, "Returns", template.data.returns, None)
    _panel(template, "Factors", template.data.factors, template.data.risk_free)


def _panel_names(template: Template) -> None:
    corner = f"{column_letters(MAX_COLUMNS)}${MAX_ROWS + 1}"
    last = column_letters(MAX_COLUMNS)
    for sheet in ("Returns", "Factors"):
        header = f"{sheet}!$A$1:${last}$1"
        width = f"COUNTA({header})"
        if sheet == "Factors":
            # Cash stands in the last column and is not a factor.
            width += f'-COUNTIF({header},"{RISK_FREE}")'
        template.book.define_name(
            f"{sheet}_Data",
            f"={sheet}!$A$1:INDEX({sheet}!$A$1:${corner},"
            f"MAX(2,COUNTA({sheet}!$A$1:$A${MAX_ROWS + 1})),MAX(2,{width}))",
        )


def _panel(
    template: Template,
    sheet: str,
    table: pd.DataFrame | None,
    risk_free: pd.Series[float] | None,
) -> None:
    page, styles = template.sheets[sheet], template.styles
    date, value = styles.input(template.date_format), styles.input(PERCENT_FINE)
    page.set_column(0, 0, 12, date)
    page.set_column(1, MAX_COLUMNS, COLUMN, value)
    columns = {} if table is None else {str(name): table[name] for name in table.columns}
    if risk_free is not None:
        columns[RISK_FREE] = risk_free
    page.write_string(0, 0, "Date" if template.data.dated else "Period", styles.header)
    index = template.data.returns.index
    for position, (name, series) in enumerate(columns.items(), start=1):
        if (width := wide_enough([name], COLUMN)) > COLUMN:
            page.set_column(position, position, width, value)
        if width >= WIDEST:
            page.set_row(0, 32)
        page.write_string(0, position, name, styles.number_header)
        for row, number in enumerate(series.to_numpy(dtype=float), start=1):
            if not math.isnan(number):  # a missing return stays blank
                page.write_number(row, position, float(number), value)
    if columns:
        for row, label in enumerate(index, start=1):
            if template.data.dated:
                page.write_datetime(row, 0, label.to_pydatetime(), date)
            else:
                page.write_number(row, 0, _period(label, row), date)
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&L&9kfxl  &A&R&9Page &P of &N")
    _panel_note(template, page, sheet, len(columns) + 2)


def _period(label: object, row: int) -> float:
    return float(label) if isinstance(label, int | float) else row


def _panel_note(template: Template, page: Any, sheet: str, column: int) -> None:
    source = str(template.setting("Data_Source"))
    if sheet == "Returns":
        text = (
            f"{source}\n\nPaste your own from A1: dates, then one column per asset, names in "
            "row 1. Nothing else may stand in row 1 or column A."
        )
    elif template.factors:
        text = (
            "Factor returns for the same dates as the sheet Returns. A last column headed RF is "
            "the risk-free rate: it is shown beside forecasts and is not used as a factor."
        )
    else:
        text = (
            "No factors yet. Paste factor returns from A1 for the same dates as the sheet "
            "Returns (dates, then one column per factor), then press Fit workbook to data on the "
            "tab (LibreOffice: menu) kfxl, or run: kfxl fit kfxl.xlsx -o mine.xlsx"
        )
    page.insert_textbox(
        2,
        column,
        text,
        {
            "width": 330,
            "height": 130,
            "object_position": 3,
            "description": f"Note on the sheet {sheet}: {text}",
            "fill": {"color": "#FFF9E5"},
            "line": {"color": "#DDB94A"},
            "font": {"name": "Calibri", "size": 10},
        },
    )


def _settings(template: Template) -> None:
    page = template.heading(
        "Settings",
        "Settings",
        "Blue cells are yours to change. A cell is never left blank: auto stands for the default.",
    )
    styles = template.styles
    template.header(
        "Settings", HEADER_ROW, 0, ["Setting", "Value", "In use", "Meaning"], numbers=False
    )
    row = HEADER_ROW + 1
    for group, settings in GROUPS.items():
        page.write_string(row, 0, group, styles.section)
        row += 1
        for setting in settings:
            page.write_string(row, 0, setting.label, styles.text)
            area = Area("Settings", row, 1)
            _setting_value(template, page, area, setting)
            _validate(page, area, setting)
            template.define(setting.name, area)
            _in_use(template, row, setting)
            if setting.meaning:
                page.write_string(row, 3, setting.meaning, styles.note)
            row += 1
    page.set_column(0, 0, 27)
    page.set_column(1, 2, 15)
    page.set_column(3, 3, 70)
    page.freeze_panes(HEADER_ROW + 1, 1)
    page.repeat_rows(HEADER_ROW)
    _assets(template)
    bottom = max(row - 1, HEADER_ROW + template.assets + 1)
    page.print_area(0, 0, bottom, ASSET_TABLE + 5)


def _setting_value(template: Template, page: Any, area: Area, setting: Setting) -> None:
    value = template.setting(setting.name)
    if setting.rule == "asset" and str(value) not in template.data.names:
        value = template.data.names[0]
    style = template.styles.input(setting.number_format, align="left")
    if isinstance(value, pd.Timestamp):
        page.write_datetime(area.row, area.column, value.to_pydatetime(), style)
    elif isinstance(value, int | float):
        page.write_number(area.row, area.column, value, style)
    else:
        page.write_string(area.row, area.column, str(value), style)


def _validate(page: Any, area: Area, setting: Setting) -> None:
    cell = area.local
    if setting.rule == "text":
        return
    rule: dict[str, Any]
    if setting.rule == "choice":
        rule = {"validate": "list", "source": list(setting.options)}
        remedy = "Choose one of the list."
    elif setting.rule == "asset":
        rule = {"validate": "list", "source": "=Asset_Names"}
        remedy = "Choose one of the assets."
    else:
        test = {
            "positive": f"{cell}>0",
            "nonnegative": f"{cell}>=0",
            "whole": f"AND({cell}>=1,{cell}=INT({cell}))",
            "number": "TRUE",
            "date": f"{cell}>1",
        }[setting.rule]
        numeric = f"IF(ISNUMBER({cell}),{test},FALSE)"
        accept = f'IF({cell}="{AUTO}",TRUE,{numeric})' if setting.auto else numeric
        rule = {"validate": "custom", "value": f"={accept}", "ignore_blank": False}
        kind = {"whole": "a whole number", "date": "a date"}.get(setting.rule, "a number")
        remedy = f"Give {kind}" + (f" or {AUTO}." if setting.auto else ".")
    rule |= {"error_title": setting.label, "error_message": remedy}
    page.data_validation(area.row, area.column, area.row, area.column, rule)


def _in_use(template: Template, row: int, setting: Setting) -> None:
    """Beside a setting that depends on others: what the formulas take."""
    name = setting.name.replace("Manual_", "KF_")
    if name in TEXTBOOK:
        formula = (
            f'=IF(Noise_Mode="Textbook",{TEXTBOOK[name]},'
            f'IF(Noise_Mode="Manual",{setting.name},"{AUTO}"))'
        )
    elif setting.name == "Periods_Per_Year":
        name, formula = "Periods_In_Use", _periods_formula()
    else:
        return
    style = template.styles.number("General", align="left")
    template.sheets["Settings"].write_formula(row, 2, formula, style, AUTO)
    template.define(name, Area("Settings", row, 2))


def _periods_formula() -> str:
    """Periods per year: as set, else from the dates (YYYYMM: monthly), else 252."""
    first, last = "INDEX(Returns_Data,2,1)", "INDEX(Returns_Data,ROWS(Returns_Data),1)"
    gap = f"({last}-{first})/(ROWS(Returns_Data)-2)"
    steps = f"IF({gap}<=4,252,IF({gap}<=10,52,IF({gap}<=45,12,IF({gap}<=135,4,1))))"
    months = f"AND({last}>190000,{last}<210000)"
    return (
        f"=IF(ISNUMBER(Periods_Per_Year),Periods_Per_Year,"
        f"IFERROR(IF({months},12,IF({last}<10000,252,{steps})),252))"
    )


ASSET_TEXTS = (
    "Asset",
    "Risk budget",
    "Minimum weight",
    "Maximum weight",
    "Weight held",
    "Budget used",
)


def _assets(template: Template) -> None:
    """The table of assets: names, risk budgets, bounds and the weights held now."""
    page, styles = template.sheets["Settings"], template.styles
    template.header("Settings", HEADER_ROW, ASSET_TABLE, list(ASSET_TEXTS))
    page.set_row(HEADER_ROW, 32)
    page.set_column(ASSET_TABLE - 1, ASSET_TABLE - 1, 3)
    page.set_column(ASSET_TABLE, ASSET_TABLE, template.name_width(14))
    page.set_column(ASSET_TABLE + 1, ASSET_TABLE + 5, 13)
    top = HEADER_ROW + 1
    names = Area("Settings", top, ASSET_TABLE, template.assets, 1)
    template.define("Asset_Names", names)
    for row, name in enumerate(template.data.names):
        page.write_string(top + row, ASSET_TABLE, name, styles.input())
    for offset, (column, defined) in enumerate(ASSET_COLUMNS.items(), start=1):
        area = Area("Settings", top, ASSET_TABLE + offset, template.assets, 1)
        template.define(defined, area)
        _asset_numbers(template, column, area, ASSET_TEXTS[offset])
    used = Area("Settings", top, ASSET_TABLE + 5, template.assets, 1)
    template.column(
        used,
        [
            f"=Settings!{names.cell(row).part(0, 1, 1, 1).local}/SUM(Asset_Budgets)"
            for row in range(template.assets)
        ],
        styles.number(PERCENT),
    )
    template.define("Budgets_Used", used)


def _asset_numbers(template: Template, column: str, area: Area, title: str) -> None:
    """One column of inputs per asset, and what may be typed into it."""
    page = template.sheets["Settings"]
    for row, number in enumerate(template.data.assets[column].to_numpy(dtype=float)):
        page.write_number(
            area.row + row, area.column, float(number), template.styles.input(PERCENT)
        )
    allowed: dict[str, object] = {"criteria": "between", "minimum": -10, "maximum": 10}
    if column in ("budget", "held"):
        allowed = {"criteria": ">=", "value": 0}
    rule = {
        "validate": "decimal",
        **allowed,
        "ignore_blank": False,
        "error_title": title,
        "error_message": "Give a number such as 10%.",
    }
    page.data_validation(*area.corners, rule)
