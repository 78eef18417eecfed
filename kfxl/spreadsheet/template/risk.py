"""The sheet Risk: tracked risk contributions of a mix against the risk budgets."""

from __future__ import annotations

from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.charts import Line, Picture
from kfxl.spreadsheet.settings import MIXES
from kfxl.spreadsheet.styles import PERCENT, PERCENT_FINE, SERIES
from kfxl.spreadsheet.template.frame import CHART_ROWS, FIRST, Template, is_number, place_of
from kfxl.spreadsheet.template.weights import NAMES

SHEET = "Risk"
TRACK = "Risk_Window,Risk_Process_Variance,Risk_Observation_Variance,KF_As_Of"
CHARTS, HISTORY, RAW = 7, 18, 23
HEADER = ("Asset", "Weight", "Target share", "Tracked share", "Observed share", "Off target")


def write(template: Template) -> None:
    """Write the sheet: now, over time, the calls themselves."""
    page = template.heading(
        SHEET,
        "Risk",
        "Kalman-tracked share of each asset in portfolio risk, if the mix chosen on Settings had "
        "been held throughout, against its target.",
    )
    raw = _calls(template)
    _table(template, raw)
    _history(template, raw)
    _charts(template, raw)
    template.message(SHEET, [raw[name] for name in ("tracked", "observed", "history")])
    page.set_column(0, 0, template.name_width(22))
    page.set_column(1, 5, 10)
    page.set_column(CHARTS - 1, CHARTS - 1, 2)
    page.set_column(HISTORY - 1, HISTORY - 1, 2)
    page.set_column(HISTORY, HISTORY + 3, 11)
    page.set_column(RAW, RAW, 14)
    page.set_column(RAW + 1, RAW + template.assets, 11)
    page.set_row(FIRST - 1, 32)
    page.freeze_panes(FIRST, 1)
    page.print_area(0, 0, max(FIRST + template.assets + 3, FIRST + 3 * CHART_ROWS), HISTORY - 2)
    page.fit_to_pages(1, 1)


def _calls(template: Template) -> dict[str, Area]:
    page, n = template.sheets[SHEET], template.assets
    rows = template.history_rows(n + 1)
    page.write_string(FIRST - 2, RAW, "As the functions return it", template.styles.section)
    weights = Area(SHEET, FIRST, RAW + 1, 2, n)
    page.write_string(FIRST, RAW, "weights", template.styles.section)
    chosen = ",".join(f'IF(Tracked_Weights="{mix}",{{}}' for mix in MIXES[:-1])
    for row in range(2):
        for i in range(n):
            cells = [f"INDEX({name},{row + 1},{i + 1})" for name in NAMES]
            picked = chosen.format(*cells[:-1]) + f",{cells[-1]}" + ")" * (len(MIXES) - 1)
            style = template.styles.number(PERCENT_FINE) if row else template.styles.section
            page.write_formula(FIRST + row, RAW + 1 + i, f"={picked}", style, 0)
    target = Area(SHEET, FIRST + 2, RAW + 1, 1, n)
    page.write_string(FIRST + 2, RAW, "target", template.styles.section)
    for i in range(n):
        budget = f"INDEX(Budget_Row,1,{i + 1})"
        formula = f'=IF(Tracked_Weights="Risk parity",1/COLUMNS(Budget_Row),{budget})'
        style = template.styles.number(PERCENT_FINE)
        page.write_formula(target.row, target.column + i, formula, style, 0)
    raw = {"weights": weights, "target": target}
    top = FIRST + 4
    for name, height, tail in (
        ("tracked", 2, ""),
        ("observed", 2, ',"observed"'),
        ("history", rows + 1, f',"history",{rows}'),
    ):
        side = 1 if name == "history" else 0
        page.write_string(top, RAW, name, template.styles.section)
        area = Area(SHEET, top + side, RAW + 1 - side, height, n + side)
        call = f"KF_RISK_CONTRIBUTIONS(Returns_Data,{weights.local},{TRACK}{tail})"
        raw[name] = template.result(area, call, PERCENT_FINE, dates=name == "history")
        top = area.bottom + 2
    return raw


def _table(template: Template, raw: dict[str, Area]) -> None:
    page, styles, n = template.sheets[SHEET], template.styles, template.assets
    page.write_formula(FIRST - 2, 0, "=Tracked_Weights", styles.section, "")
    template.header(SHEET, FIRST - 1, 0, HEADER)
    sources = (
        raw["weights"].part(1, 0, 1),
        raw["target"],
        raw["tracked"].part(1, 0, 1),
        raw["observed"].part(1, 0, 1),
    )
    for i in range(n):
        row, excel_row = FIRST + i, FIRST + i + 1
        name = f'=INDEX(Returns_Data,1,{i + 2})&""'
        page.write_formula(row, 0, name, styles.number("General"), "")
        for column, source in enumerate(sources, start=1):
            formula = f"={is_number(source.cell(0, i).ref)}"
            page.write_formula(row, column, formula, styles.number(PERCENT), 0)
        off = f"=$D{excel_row}-$C{excel_row}"
        page.write_formula(row, 5, off, styles.number(PERCENT), 0)
    bottom = FIRST + n
    page.write_string(bottom, 0, "Total", styles.total("General"))
    for column in range(1, 6):
        cells = Area(SHEET, FIRST, column, n, 1).ref
        formula = f"=IF(COUNT({cells})=ROWS({cells}),SUM({cells}),NA())"
        page.write_formula(bottom, column, formula, styles.total(PERCENT), 0)
    page.write_string(bottom + 1, 0, "Tracking error", styles.total("General"))
    for column in range(1, 5):
        page.write_blank(bottom + 1, column, None, styles.total("General"))
    off = Area(SHEET, FIRST, 5, n, 1).local
    error = f"=IF(COUNT({off})=ROWS({off}),SQRT(SUMSQ({off})/ROWS({off})),NA())"
    page.write_formula(bottom + 1, 5, error, styles.total(PERCENT), 0)
    page.write_string(bottom + 2, 0, "Tracking error: root mean square of Off target.", styles.note)
    template.define("Tracked_Total", Area(SHEET, bottom, 3))


def _history(template: Template, raw: dict[str, Area]) -> None:
    """Tracking error, and the shown asset's share against its target, over time."""
    page, styles, n = template.sheets[SHEET], template.styles, template.assets
    history, target = raw["history"], raw["target"].local
    page.write_formula(FIRST - 2, HISTORY, "=Shown_Asset", styles.section, "")
    heads = ["Date", "Tracked share", "Target share", "Tracking error"]
    template.header(SHEET, FIRST - 1, HISTORY, heads)
    position = f"={place_of('Shown_Asset', raw['weights'].part(0, 0, 1))}"
    page.write_formula(FIRST - 2, HISTORY + 1, position, styles.note, 0)
    template.define("Shown_Share_Place", Area(SHEET, FIRST - 2, HISTORY + 1))
    chosen = f"{column_letters(HISTORY + 1)}${FIRST - 1}"
    share = styles.number(PERCENT)
    for i in range(history.height - 1):
        row = FIRST + i
        shares = history.part(i + 1, 1, 1).local
        date = f"={is_number(history.cell(i + 1).local)}"
        page.write_formula(row, HISTORY, date, styles.number(template.date_format), 0)
        tracked = f"={is_number(f'INDEX({shares},1,{chosen})')}"
        page.write_formula(row, HISTORY + 1, tracked, share, 0)
        page.write_formula(row, HISTORY + 2, f"=INDEX({target},1,{chosen})", share, 0)
        error = f"=IF(COUNT({shares})={n},SQRT(SUMXMY2({shares},{target})/{n}),NA())"
        page.write_formula(row, HISTORY + 3, error, share, 0)


def _charts(template: Template, raw: dict[str, Area]) -> None:
    n, years = template.assets, template.data.years
    table = Area(SHEET, FIRST, 0, n, 6)
    history = Area(SHEET, FIRST, HISTORY, raw["history"].height - 1, 4)
    x_title = "Period" if years is None else "Date"
    pictures = (
        Picture(
            "column",
            "Tracked share of risk against target, last row",
            table.part(0, 0, width=1),
            (
                Line("Target share", table.part(0, 2, width=1), SERIES[8]),
                Line("Tracked share", table.part(0, 3, width=1), SERIES[0]),
            ),
            "Asset",
            "Share of risk",
            "0%",
            "Clustered columns: target and tracked share of portfolio risk of each asset.",
        ),
        Picture(
            "line",
            "Share of risk of the asset shown",
            history.part(0, 0, width=1),
            (
                Line("Tracked share", history.part(0, 1, width=1), SERIES[0]),
                Line("Target share", history.part(0, 2, width=1), SERIES[1], "dash"),
            ),
            x_title,
            "Share of risk",
            "0%",
            "Line chart: tracked share of risk of the asset chosen on Settings over time against "
            "its target.",
            years=years,
        ),
        Picture(
            "line",
            "Tracking error of all shares",
            history.part(0, 0, width=1),
            (Line("Tracking error", history.part(0, 3, width=1), SERIES[3]),),
            x_title,
            "Root mean square",
            "0%",
            "Line chart: root mean square difference between tracked shares and targets over time.",
            years=years,
        ),
    )
    for place, picture in enumerate(pictures):
        template.draw(SHEET, FIRST - 1 + CHART_ROWS * place, CHARTS, picture)
