"""The sheet Start: whether all is well, what to do, where things are."""

from __future__ import annotations

from typing import Any

from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.styles import HEADER, MONEY, PERCENT_FINE
from kfxl.spreadsheet.template.frame import MAX_COLUMNS, MAX_ROWS, Template
from kfxl.spreadsheet.template.inputs import RISK_FREE

STEPS = (
    "Put your returns on the sheet Returns from cell A1: dates down, one column per asset, "
    "simple returns as decimals (0.012 is 1.2 %). Excess returns (above cash) are best.",
    "Put factor returns on the sheet Factors the same way. A last column RF is cash.",
    "More rows need nothing else. More assets or factors: Fit workbook to data (tab kfxl in Excel, "
    "menu kfxl in LibreOffice Calc), or kfxl fit kfxl.xlsx -o mine.xlsx",
    "Set the blue cells on the sheet Settings: risk budgets, bounds, risk aversion, cost.",
    "Excel and LibreOffice Calc with the add-in compute at once. Without it save, then: "
    "kfxl recalc kfxl.xlsx -o kfxl.xlsx",
    "Read Expected returns, Factor betas, Weights and Risk. Look at Checks.",
    "Test the past: Run backtest (the same tab or menu), or kfxl backtest kfxl.xlsx -o report.xlsx",
)


def write(template: Template) -> None:
    """Write the sheet."""
    page = template.heading(
        "Start", "kfxl", "Kalman filters, risk budgets and honest backtests in spreadsheet cells"
    )
    styles = template.styles
    page.set_column(0, 0, 18)
    page.set_column(1, 1, 100)
    page.freeze_panes(2, 0)
    row = _facts(template, page, 3)
    page.write_string(row, 0, "Steps", styles.section)
    for offset, text in enumerate(STEPS, start=1):
        page.write_string(
            row + offset,
            0,
            f"{offset}",
            styles.make(align="right", indent=1, valign="top", font_color=HEADER),
        )
        page.write_string(row + offset, 1, text, styles.make(text_wrap=True, valign="top"))
        page.set_row(row + offset, 32 if len(text) > 105 else 16)
    row += len(STEPS) + 2
    page.write_string(row, 0, "Colours", styles.section)
    page.write_string(row + 1, 0, "Blue", styles.input())
    page.write_string(row + 1, 1, "Input: type or paste over it", styles.text)
    page.write_string(row + 2, 0, "Black", styles.number("General"))
    page.write_string(row + 2, 1, "Formula: computed, leave it alone", styles.text)
    row += 4
    page.write_string(row, 0, "Sheets", styles.section)
    for offset, (sheet, text) in enumerate(_contents().items(), start=1):
        link = styles.make(font_color="#1155CC", underline=1)
        page.write_url(row + offset, 0, f"internal:'{sheet}'!A1", link, sheet)
        page.write_string(row + offset, 1, text, styles.text)
    page.print_area(0, 0, row + len(_contents()), 1)
    page.fit_to_pages(1, 1)


def _facts(template: Template, page: Any, row: int) -> int:
    styles = template.styles
    last = "INDEX(Returns_Data,ROWS(Returns_Data),1)"
    facts = (
        (
            "Add-in",
            '=IFERROR(IF(LEFT(KFXL_VERSION(),1)="#",KFXL_VERSION(),'
            '"kfxl "&KFXL_VERSION()&" answers"),'
            '"not loaded in this program: use kfxl recalc")',
            "",
        ),
        (
            "Checks",
            '=IF(All_Checks,"All checks are TRUE","A check is FALSE: see sheet Checks")',
            "",
        ),
        ("Data", "=Data_Source", ""),
        ("Assets", "=COLUMNS(Returns_Data)-1", MONEY),
        ("Periods", "=ROWS(Returns_Data)-1", MONEY),
        ("From", "=INDEX(Returns_Data,2,1)", template.date_format),
        ("To", f"={last}", template.date_format),
        ("Cash, last period", _cash_formula(), PERCENT_FINE),
    )
    page.write_string(row, 0, "Status", styles.section)
    for offset, (label, formula, number_format) in enumerate(facts, start=1):
        page.write_string(row + offset, 0, label, styles.make(valign="top"))
        style = styles.number(
            number_format or "General", align="left", valign="top", text_wrap=label == "Data"
        )
        page.write_formula(row + offset, 1, formula, style, "")
    page.set_row(row + 3, 32)
    template.define("Addin_Status", Area("Start", row + 1, 1))
    template.define("Risk_Free_Now", Area("Start", row + len(facts), 1))
    template.judge(Area("Start", row + 1, 1), 'RIGHT({cell},7)="answers"')
    template.judge(Area("Start", row + 2, 1), "All_Checks")
    return row + len(facts) + 2


def _cash_formula() -> str:
    last = column_letters(MAX_COLUMNS)
    block = f"Factors!$A$1:${last}${MAX_ROWS + 1}"
    column = f'MATCH("{RISK_FREE}",Factors!$A$1:${last}$1,0)'
    return f"=IFERROR(INDEX({block},ROWS(Factors_Data),{column}),0)"


def _contents() -> dict[str, str]:
    return {
        "Settings": "Every choice in one place; risk budgets and bounds per asset",
        "Returns": "Your returns",
        "Factors": "Factor returns for the same dates, and the risk-free rate",
        "Expected returns": "Kalman-filtered expected return of each asset, with its uncertainty",
        "Factor betas": "Kalman-filtered alpha and betas, their history, fit and contributions",
        "Weights": "Mean-variance, risk parity, risk budget and equal weights side by side",
        "Risk": "Tracked risk contributions of a mix against the risk budgets",
        "Functions": "The worksheet functions and their arguments",
        "Checks": "What must be TRUE before a number here is used",
    }
