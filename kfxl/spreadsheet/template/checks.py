"""The sheets Functions and Checks."""

from __future__ import annotations

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.catalogue import catalogue
from kfxl.spreadsheet.settings import MIXES, SETTINGS
from kfxl.spreadsheet.styles import PALE
from kfxl.spreadsheet.template.frame import FIRST, Template
from kfxl.spreadsheet.template.inputs import RISK_FREE

Check = tuple[str, str]
HEADER_ROW = 4
TOP = HEADER_ROW + 1


def write(template: Template) -> None:
    """Write both sheets."""
    _functions(template)
    _checks(template)


def _functions(template: Template) -> None:
    page = template.heading(
        "Functions",
        "Worksheet functions",
        "Ranges first, then settings. Arguments in brackets may be left out or given as auto.",
    )
    styles = template.styles
    template.header("Functions", 3, 0, ["Function", "Argument", "Meaning"], numbers=False)
    page.freeze_panes(4, 1)
    page.repeat_rows(3)
    page.set_column(0, 0, 27)
    page.set_column(1, 1, 24)
    page.set_column(2, 2, 110)
    row = 4
    name_style = styles.make(bold=True, bg_color=PALE, valign="top")
    summary_style = styles.make(bg_color=PALE, text_wrap=True, valign="top")
    top_style = styles.make(valign="top")
    for entry in catalogue():
        page.write_string(row, 0, entry.name, name_style)
        page.write_string(row, 1, "", name_style)
        page.write_string(row, 2, entry.summary, summary_style)
        page.set_row(row, _height(entry.summary))
        row += 1
        lines = [
            (f"[{item.name}]" if item.optional else item.name, item.description)
            for item in entry.arguments
        ]
        for label, text in [*lines, ("result", entry.returns), ("example", entry.example)]:
            if not text:
                continue
            page.write_string(row, 1, label, top_style)
            page.write_string(row, 2, " ".join(text.split()), styles.wrapped)
            page.set_row(row, _height(text))
            row += 1
    page.print_area(0, 0, row - 1, 2)


def _height(text: str) -> int:
    """Points that wrapped text needs in the column Meaning."""
    return 15 * (1 + len(text) // 105)


def _checks(template: Template) -> None:
    page = template.heading(
        "Checks", "Checks", "Every cell in the column Result must be TRUE before a number is used."
    )
    styles = template.styles
    page.set_column(0, 0, 92)
    page.set_column(1, 1, 12)
    page.set_column(2, 2, 3)
    page.set_column(3, 3, 30)
    page.set_column(4, 5, 13)
    page.freeze_panes(TOP, 0)
    checks = _list(template)
    results = Area("Checks", TOP, 1, len(checks), 1)
    template.header("Checks", HEADER_ROW, 0, ["Check", "Result"], numbers=False)
    for row, (text, formula) in enumerate(checks):
        page.write_string(TOP + row, 0, text, styles.text)
        page.write_formula(
            TOP + row,
            1,
            f"=IFERROR({formula},FALSE)",
            styles.number("General", align="left"),
            False,
        )
    page.write_string(2, 0, "All checks", styles.section)
    overall = f"=AND(COUNTIF({results.local},TRUE)=ROWS({results.local}))"
    page.write_formula(2, 1, overall, styles.number("General", align="left"), False)
    template.define("All_Checks", Area("Checks", 2, 1))
    template.define("Check_Results", results)
    template.judge(Area("Checks", 2, 1), "{cell}")
    template.judge(results, "{cell}")
    _fitted(template)
    page.print_area(0, 0, results.bottom, 5)


def _fitted(template: Template) -> None:
    """The sizes of the data beside those of the result sheets, and the words when they differ."""
    page, styles = template.sheets["Checks"], template.styles
    template.header("Checks", HEADER_ROW, 3, ["Fitted to", "Assets", "Factors"])
    factors = f'COUNTA(Factors!$B$1:$CW$1)-COUNTIF(Factors!$B$1:$CW$1,"{RISK_FREE}")'
    # With their sheet: other sheets read these cells through names.
    lines = (
        ("The sheets are fitted to", f"={template.assets}", f"={template.factors}"),
        ("The data have", "=COLUMNS(Returns_Data)-1", f"={factors}"),
        ("Same", "=Checks!E6=Checks!E7", "=AND(Checks!F6=Checks!F7,Assets_Fit)"),
        (
            "Message",
            '=IF(Assets_Fit,"",'
            '"data have "&Checks!E7&" assets, sheet is fitted to "&Checks!E6&": Fit workbook")',
            '=IF(NOT(Assets_Fit),Assets_Message,IF(Factors_Fit,"",'
            '"data have "&Checks!F7&" factors, sheet is fitted to "&Checks!F6&": Fit workbook"))',
        ),
        # Every call of a worksheet function on the result sheets takes as_of from here, and a
        # function returns an argument that holds an error text: no asset vanishes unseen.
        (
            "As of, passed on",
            '=IF(Assets_Fit,As_Of,"#KFXL! "&Assets_Message)',
            '=IF(Factors_Fit,As_Of,"#KFXL! "&Factors_Message)',
        ),
    )
    for row, (label, assets, factor) in enumerate(lines, start=TOP):
        page.write_string(row, 3, label, styles.text)
        right = styles.number("General", align="right")
        page.write_formula(row, 4, assets, right, 0)
        page.write_formula(row, 5, factor, right, 0)
    for column, what in ((4, "Assets"), (5, "Factors")):
        template.define(f"{what}_Fit", Area("Checks", TOP + 2, column))
        template.define(f"{what}_Message", Area("Checks", TOP + 3, column))
    template.define("KF_As_Of", Area("Checks", TOP + 4, 4))
    template.define("KF_Beta_As_Of", Area("Checks", TOP + 4, 5))


def _list(template: Template) -> list[Check]:
    return [
        *_input_checks(template),
        *_return_checks(template),
        *(_beta_checks(template) if template.factors else []),
        *_weight_checks(template),
        _shown_check(template),
    ]


def _input_checks(template: Template) -> list[Check]:
    blank = "+".join(f'({name}="")' for name in SETTINGS)
    body = "INDEX(Returns_Data,2,2):INDEX(Returns_Data,ROWS(Returns_Data),COLUMNS(Returns_Data))"
    checks = [
        ("Result sheets are fitted to the number of assets in the data", "Assets_Fit"),
        ("Result sheets are fitted to the number of factors in the data", "Factors_Fit"),
        ("No setting is blank", f"({blank})=0"),
        (
            "Every asset has its row on Settings (budget, bounds, weight held)",
            "COUNT(Budget_Row,Minimum_Row,Maximum_Row,Held_Row)=4*COLUMNS(Budget_Row)",
        ),
        (
            "No risk budget is negative, and not all are 0",
            "AND(MIN(Asset_Budgets)>=0,SUM(Asset_Budgets)>0)",
        ),
        (
            "Bounds leave room: minimums sum to at most 100%, maximums to at least 100%",
            "AND(SUM(Minimum_Row)<=1+1E-9,SUM(Maximum_Row)>=1-1E-9)",
        ),
        (
            "Returns are decimals, not per cent or prices: none below -100% or above 1000%",
            f"AND(MIN({body})>=-1,MAX({body})<=10)",
        ),
        ("The asset to show is one of the assets", "COUNTIF(Asset_Names,Shown_Asset)=1"),
        (
            "Cash (RF), if given, is the last column of Factors",
            f'IF(COUNTIF(Factors!$A$1:$CW$1,"{RISK_FREE}")=0,TRUE,'
            f'INDEX(Factors!$A$1:$CW$1,COUNTA(Factors!$A$1:$CW$1))="{RISK_FREE}")',
        ),
    ]
    if template.factors:
        checks.append(
            (
                "Returns and Factors have the same number of rows, first and last date",
                "AND(ROWS(Returns_Data)=ROWS(Factors_Data),"
                "INDEX(Returns_Data,2,1)=INDEX(Factors_Data,2,1),"
                "INDEX(Returns_Data,ROWS(Returns_Data),1)="
                "INDEX(Factors_Data,ROWS(Factors_Data),1))",
            )
        )
    return checks


def _return_checks(template: Template) -> list[Check]:
    n = template.assets
    table = Area("Expected returns", FIRST, 1, n, 2)
    return [
        (
            "Every asset has an expected return and a standard error above 0",
            f"AND(COUNT({table.ref})={2 * n},MIN({table.part(0, 1).ref})>0)",
        )
    ]


def _beta_checks(template: Template) -> list[Check]:
    n, k = template.assets, template.factors
    betas = Area("Factor betas", FIRST, 1, n, k + 1).ref
    sums = Area("Factor betas", FIRST + 2 * (n + 3), k + 2, n, 1).ref
    return [
        ("Every asset has an alpha and a beta to each factor", f"COUNT({betas})={n * (k + 1)}"),
        ("Every asset has the contributions of the last period", f"COUNT({sums})={n}"),
    ]


def _weight_checks(template: Template) -> list[Check]:
    n = template.assets
    checks: list[Check] = [
        (
            f"{mix} weights sum to 100%",
            f"ABS(INDEX(Weights_Totals,1,{place})-1)<1E-9",
        )
        for place, mix in enumerate(MIXES, start=1)
    ]
    # From the table of the sheet, as every other check: LibreOffice computes the calls beside it
    # anew when it loads the file, and a check of them would be FALSE there.
    names, held = (Area("Weights", FIRST, column, n, 1).ref for column in (0, 1))
    lower, upper = (
        f'SUMIF(Asset_Names,"="&{names},Asset_{bounds})' for bounds in ("Minimums", "Maximums")
    )
    inside = (
        f"AND(SUMPRODUCT(--({held}<{lower}-1E-9))=0,"
        f"SUMPRODUCT(--({held}>{upper}+1E-9))=0,COUNT({held})={n})"
    )
    shares = Area("Weights", FIRST, 5, n, 4)
    parity, budget = shares.part(0, 1, width=1).ref, shares.part(0, 2, width=1).ref
    wanted = Area("Weights", FIRST, 9, n, 1).ref
    checks += [
        ("Mean-variance weights keep their bounds", inside),
        (
            "Risk parity: every asset has the same share of risk",
            f"MAX({parity})-MIN({parity})<1E-8",
        ),
        (
            "Risk budget: every share of risk is its budget (unless a minimum return is set)",
            f"IF(ISNUMBER(Minimum_Return),TRUE,SUMXMY2({budget},{wanted})<1E-14)",
        ),
        (
            "Shares of risk sum to 100% in every mix",
            f"AND(COUNT({shares.ref})={4 * n},"
            + ",".join(f"ABS(INDEX(Weights_Totals,1,{5 + j})-1)<1E-9" for j in range(4))
            + ")",
        ),
        (
            "Every asset has a weight, a target and a tracked share of risk",
            f"COUNT({Area('Risk', FIRST, 1, n, 4).ref})={4 * n}",
        ),
        ("Tracked shares of risk sum to 100%", "ABS(Tracked_Total-1)<1E-6"),
    ]
    return checks


def _shown_check(template: Template) -> Check:
    places, count = "Shown_Mean_Place,Shown_Share_Place", 2
    if template.factors:
        places, count = f"{places},Shown_Beta_Places", count + 1 + template.factors
    return "The asset to show is found in every history", f"COUNT({places})={count}"
