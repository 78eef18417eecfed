"""The sheet Weights: four mixes side by side."""

from __future__ import annotations

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.charts import Line, Picture
from kfxl.spreadsheet.settings import ASSET_COLUMNS, MIXES
from kfxl.spreadsheet.styles import NUMBER, PERCENT, PERCENT_FINE, SCIENTIFIC
from kfxl.spreadsheet.template.frame import CHART_ROWS, FIRST, Template, is_number

SHEET = "Weights"
COVARIANCE = "Lookback,Covariance_Method,Half_Life,KF_As_Of"
CHARTS, RAW = 11, 22
NAMES = ("Weights_Mean_Variance", "Weights_Risk_Parity", "Weights_Risk_Budget", "Weights_Equal")
SETTINGS_HEADS = ("Budget", "Minimum", "Maximum", "Held")
OPTIMAL = (
    'KF_OPTIMAL_WEIGHTS(Returns_Data,Risk_Aversion,IF(Use_Weights_Held="Yes",Held_Row,"auto"),'
    "Cost,Horizon,Minimum_Row,Maximum_Row,KF_Transition,KF_Process_Variance,"
    f"KF_Observation_Variance,Calibration,{COVARIANCE})"
)
BUDGET = (
    "RISK_BUDGET_WEIGHTS(Returns_Data,Budget_Row,"
    'IF(ISNUMBER(Minimum_Return),Expected_Returns,"auto"),Minimum_Return,'
    f"{COVARIANCE})"
)


def write(template: Template) -> None:
    """Write the sheet: comparison table, charts, the calls themselves."""
    page = template.heading(
        SHEET,
        "Weights",
        "Four mixes from the same returns and the same covariance: what to hold, and where its "
        "risk comes from.",
    )
    raw = _calls(template)
    _table(template, raw)
    _summary(template, raw)
    _charts(template)
    template.message(SHEET, [area for name, area in raw.items() if name not in ASSET_COLUMNS])
    page.set_column(0, 0, template.name_width(24))
    page.set_column(1, 9, 11)
    page.set_column(CHARTS - 1, CHARTS - 1, 2)
    page.set_column(RAW - 1, RAW - 1, 2)
    page.set_column(RAW, RAW, 26)
    page.set_column(RAW + 1, RAW + template.assets, 11)
    page.set_row(FIRST - 1, 32)
    page.freeze_panes(FIRST, 1)
    page.print_area(0, 0, max(FIRST + template.assets + 5, FIRST + 2 * CHART_ROWS), RAW - 2)
    page.fit_to_pages(1, 1)


def _calls(template: Template) -> dict[str, Area]:
    """Settings of each asset in the order of the returns, then the calls."""
    page, n = template.sheets[SHEET], template.assets
    page.write_string(FIRST - 2, RAW, "As the functions return it", template.styles.section)
    raw: dict[str, Area] = {}
    names = Area(SHEET, FIRST, RAW + 1, 1, n)
    page.write_string(FIRST, RAW, "Asset", template.styles.section)
    for i in range(n):
        formula = f'=INDEX(Returns_Data,1,{i + 2})&""'
        page.write_formula(FIRST, RAW + 1 + i, formula, template.styles.section, "")
    for place, (column, defined) in enumerate(ASSET_COLUMNS.items(), start=1):
        area = Area(SHEET, FIRST + place, RAW + 1, 1, n)
        page.write_string(
            area.row, RAW, f"{SETTINGS_HEADS[place - 1]}, by name", template.styles.text
        )
        source = "Budgets_Used" if column == "budget" else defined
        for i in range(n):
            name = names.cell(0, i).ref
            formula = f"=INDEX({source},MATCH({name},Asset_Names,0))"
            page.write_formula(
                area.row, area.column + i, formula, template.styles.number(PERCENT), 0
            )
        template.define(f"{column.capitalize()}_Row", area)
        raw[column] = area
    top = FIRST + 6
    for title, call, height, number_format in _blocks(n):
        side = 0 if height == 2 else 1
        area = Area(SHEET, top, RAW + 1 - side, height, n + side)
        page.write_string(top - side, RAW, title, template.styles.section)
        if title == "Equal":
            _equal(template, area, names)
        else:
            template.result(area, call, number_format)
        raw[title] = area
        if title in MIXES:
            name = NAMES[MIXES.index(title)]
            template.define(name, area)
            template.define(f"{name}_Row", area.part(1, 0))
        top = area.bottom + (2 if height == 2 else 3)
    return raw


def _blocks(n: int) -> list[tuple[str, str, int, str]]:
    calls = {
        "Mean-variance": OPTIMAL,
        "Risk parity": f"RISK_PARITY_WEIGHTS(Returns_Data,{COVARIANCE})",
        "Risk budget": BUDGET,
        "Equal": "",
    }
    blocks = [(title, call, 2, PERCENT_FINE) for title, call in calls.items()]
    blocks += [
        (
            f"Risk of {title}",
            f"RISK_CONTRIBUTIONS({name},Returns_Data,{COVARIANCE})",
            2,
            PERCENT_FINE,
        )
        for title, name in zip(MIXES, NAMES, strict=True)
    ]
    covariance = f"RISK_COVARIANCE(Returns_Data,{COVARIANCE})"
    return [*blocks, ("Covariance", covariance, n + 1, SCIENTIFIC)]


def _equal(template: Template, area: Area, names: Area) -> None:
    page = template.sheets[SHEET]
    for i in range(template.assets):
        page.write_formula(
            area.row, area.column + i, f"={names.cell(0, i).ref}", template.styles.section, ""
        )
        share = "=IF(Assets_Fit,1/(COLUMNS(Returns_Data)-1),NA())"
        page.write_formula(
            area.row + 1, area.column + i, share, template.styles.number(PERCENT_FINE), 0
        )


def _table(template: Template, raw: dict[str, Area]) -> None:
    """Assets down; weights, shares of risk and settings across."""
    page, styles, n = template.sheets[SHEET], template.styles, template.assets
    for column, text in ((1, "Weights"), (5, "Share of portfolio risk"), (9, "Wanted")):
        page.write_string(FIRST - 2, column, text, styles.section)
    template.header(SHEET, FIRST - 1, 0, ["Asset", *MIXES, *MIXES, "Risk budget"])
    sources = [raw[title].part(1, 0, 1) for title in MIXES]
    sources += [raw[f"Risk of {title}"].part(1, 0, 1) for title in MIXES]
    sources.append(raw["budget"])
    for i in range(n):
        name = f'=INDEX(Returns_Data,1,{i + 2})&""'
        page.write_formula(FIRST + i, 0, name, styles.number("General"), "")
        for column, source in enumerate(sources, start=1):
            formula = f"={is_number(source.cell(0, i).ref)}"
            page.write_formula(FIRST + i, column, formula, styles.number(PERCENT), 0)


def _summary(template: Template, raw: dict[str, Area]) -> None:
    """Totals, and each mix's volatility, expected return and their ratio per year."""
    page, styles, n = template.sheets[SHEET], template.styles, template.assets
    bottom = FIRST + n
    page.write_string(bottom, 0, "Total", styles.total("General"))
    for column in range(1, 10):
        cells = Area(SHEET, FIRST, column, n, 1).ref
        formula = f"=IF(COUNT({cells})=ROWS({cells}),SUM({cells}),NA())"
        page.write_formula(bottom, column, formula, styles.total(PERCENT), 0)
    covariance = raw["Covariance"].part(1, 1).ref
    returns = "Expected_Returns_Row"
    for row, label in enumerate(
        ("Volatility per year", "Expected return per year", "Return over volatility"), start=1
    ):
        page.write_string(bottom + row, 0, label, styles.total("General"))
    for column, title in enumerate(MIXES, start=1):
        weights = raw[title].part(1, 0, 1).ref
        volatility = f"SQRT(SUMPRODUCT(MMULT({weights},{covariance}),{weights})*Periods_In_Use)"
        mean = f"SUMPRODUCT({weights},{returns})*Periods_In_Use"
        up, down = (Area(SHEET, bottom + row, column).ref for row in (2, 1))
        for row, (body, number_format) in enumerate(
            (
                (f"IFERROR({volatility},NA())", PERCENT),
                (f"IF(COUNT({weights},{returns})=2*COLUMNS({weights}),{mean},NA())", PERCENT),
                (f"IFERROR({up}/{down},NA())", NUMBER),
            ),
            start=1,
        ):
            page.write_formula(bottom + row, column, f"={body}", styles.total(number_format), 0)
    template.define("Weights_Totals", Area(SHEET, bottom, 1, 1, 8))
    template.define("Weights_Volatility", Area(SHEET, bottom + 1, 1, 1, 4))


def _charts(template: Template) -> None:
    n = template.assets
    table = Area(SHEET, FIRST, 0, n, 10)
    names = table.part(0, 0, width=1)
    for place, (first, title, what) in enumerate(
        (
            (1, "Weights of the four mixes", "weight"),
            (5, "Where the risk comes from", "share of portfolio risk"),
        )
    ):
        template.draw(
            SHEET,
            FIRST - 1 + CHART_ROWS * place,
            CHARTS,
            Picture(
                "column",
                title,
                names,
                tuple(Line(mix, table.part(0, first + j, width=1)) for j, mix in enumerate(MIXES)),
                "Asset",
                what.capitalize(),
                "0%",
                f"Clustered columns: {what} of each asset in the mean-variance, risk parity, "
                "risk budget and equal mixes.",
            ),
        )
    bottom = FIRST + n + 1
    template.draw(
        SHEET,
        bottom + 4,
        0,
        Picture(
            "column",
            "Volatility and expected return per year",
            Area(SHEET, FIRST - 1, 1, 1, 4),
            (
                Line("Volatility", Area(SHEET, bottom, 1, 1, 4)),
                Line("Expected return", Area(SHEET, bottom + 1, 1, 1, 4)),
            ),
            "Mix",
            "Per year",
            "0%",
            "Clustered columns: volatility and expected return per year of the four mixes.",
            size=(620, 300),
        ),
    )
