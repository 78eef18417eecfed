"""The sheet Expected returns."""

from __future__ import annotations

from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.charts import Line, Picture
from kfxl.spreadsheet.styles import PERCENT_FINE, SCIENTIFIC, SERIES
from kfxl.spreadsheet.template.frame import CHART_ROWS, FIRST, Template, is_number, place_of

SHEET = "Expected returns"
NOISE = "KF_Transition,KF_Process_Variance,KF_Observation_Variance,Calibration,KF_As_Of"
CHARTS, HISTORY, RAW = 9, 20, 26  # columns where charts, history and raw results begin
HEADER = (
    "Asset",
    "Expected return",
    "Standard error",
    "Low",
    "High",
    "Expected per year",
    "With cash, per year",
    "Signal to noise",
)


def write(template: Template) -> None:
    """Write the sheet: results, charts, history of the shown asset, the calls themselves."""
    page = template.heading(
        SHEET,
        "Expected returns",
        "Kalman-filtered forecast for the next period with one standard error either side. "
        "Estimated on all rows up to the date As of.",
    )
    raw = _calls(template)
    _table(template, raw)
    _history(template, raw)
    _charts(template)
    template.message(SHEET, list(raw.values()))
    page.set_column(0, 0, template.name_width(13))
    page.set_column(1, 7, 11)
    page.set_column(8, 8, 2)
    page.set_column(HISTORY - 1, HISTORY - 1, 2)
    page.set_column(HISTORY, HISTORY + 4, 11)
    page.set_column(RAW, RAW + template.assets, 11)
    page.set_row(FIRST - 1, 32)
    page.freeze_panes(FIRST, 1)
    page.print_area(0, 0, max(FIRST + template.assets, FIRST + 2 * CHART_ROWS), HISTORY - 2)
    page.fit_to_pages(1, 1)


def _calls(template: Template) -> dict[str, Area]:
    """The calls of KF_EXPECTED_RETURNS, as the functions return them."""
    page, n = template.sheets[SHEET], template.assets
    rows = template.history_rows(n + 1)
    layout = {
        "forecast": (2, ""),
        "stderr": (2, ',"stderr"'),
        "parameters": (5, ',"parameters"'),
        "history": (rows + 1, f',"history",{rows}'),
        "history_stderr": (rows + 1, f',"history_stderr",{rows}'),
    }
    page.write_string(FIRST - 2, RAW, "As the functions return it", template.styles.section)
    raw: dict[str, Area] = {}
    top = FIRST - 1
    for output, (height, tail) in layout.items():
        page.write_string(top, RAW, output.replace("_", " "), template.styles.section)
        side = 0 if output in ("forecast", "stderr") else 1
        area = Area(SHEET, top + 1, RAW + 1 - side, height, n + side)
        number_format = SCIENTIFIC if output == "parameters" else PERCENT_FINE
        call = f"KF_EXPECTED_RETURNS(Returns_Data,{NOISE}{tail})"
        dates = output.startswith("history")
        raw[output] = template.result(area, call, number_format, dates=dates)
        top = area.bottom + 2
    template.define("Expected_Returns", raw["forecast"])
    template.define("Expected_Returns_Row", raw["forecast"].part(1, 0))
    return raw


def _table(template: Template, raw: dict[str, Area]) -> None:
    template.header(SHEET, FIRST - 1, 0, HEADER)
    styles, n = template.styles, template.assets
    for i in range(n):
        row = FIRST + i
        excel_row = row + 1
        forecast, error = raw["forecast"].cell(1, i).ref, raw["stderr"].cell(1, i).ref
        ratio = raw["parameters"].cell(3, i + 1).ref
        formulas = (
            f'=INDEX(Returns_Data,1,{i + 2})&""',
            f"={is_number(forecast)}",
            f"={is_number(error)}",
            f"=$B{excel_row}-$C{excel_row}",
            f"=$B{excel_row}+$C{excel_row}",
            f"=$B{excel_row}*Periods_In_Use",
            f"=($B{excel_row}+Risk_Free_Now)*Periods_In_Use",
            f"={is_number(ratio)}",
        )
        for column, formula in enumerate(formulas):
            number_format = "0.0000" if column == 7 else PERCENT_FINE
            template.sheets[SHEET].write_formula(
                row, column, formula, styles.number(number_format), 0
            )


def _history(template: Template, raw: dict[str, Area]) -> None:
    """Filtered mean of the shown asset with its band, ready to be charted."""
    page, styles = template.sheets[SHEET], template.styles
    means, errors = raw["history"], raw["history_stderr"]
    page.write_formula(FIRST - 2, HISTORY, '="Filtered mean of "&Shown_Asset', styles.section, "")
    template.header(
        SHEET, FIRST - 1, HISTORY, ["Date", "Filtered mean", "Standard error", "Low", "High"]
    )
    position = f"={place_of('Shown_Asset', means.part(0, 0, 1))}"
    page.write_formula(FIRST - 2, HISTORY + 4, position, styles.note, 0)
    place = Area(SHEET, FIRST - 2, HISTORY + 4)
    template.define("Shown_Mean_Place", place)
    chosen = place.local
    for i in range(means.height - 1):
        row, excel_row = FIRST + i, FIRST + i + 1
        date = means.cell(i + 1).local
        mean = f"INDEX({means.part(i + 1, 0, 1).local},{chosen})"
        error = f"INDEX({errors.part(i + 1, 0, 1).local},{chosen})"
        page.write_formula(
            row, HISTORY, f"={is_number(date)}", styles.number(template.date_format), 0
        )
        style = styles.number(PERCENT_FINE)
        page.write_formula(row, HISTORY + 1, f"={is_number(mean)}", style, 0)
        page.write_formula(row, HISTORY + 2, f"={is_number(error)}", style, 0)
        page.write_formula(row, HISTORY + 3, f"=V{excel_row}-W{excel_row}", style, 0)
        page.write_formula(row, HISTORY + 4, f"=V{excel_row}+W{excel_row}", style, 0)


def _charts(template: Template) -> None:
    n = template.assets
    table = Area(SHEET, FIRST, 0, n, len(HEADER))
    rows = template.history_rows(n + 1)
    history = Area(SHEET, FIRST, HISTORY, rows, 5)
    template.draw(
        SHEET,
        FIRST - 1,
        CHARTS,
        Picture(
            "column",
            "Expected return per period, with one standard error",
            table.part(0, 0, width=1),
            (
                Line(
                    "Expected return", table.part(0, 1, width=1), errors=table.part(0, 2, width=1)
                ),
                # Axes make room for columns, not for error bars.
                Line("Low", table.part(0, 3, width=1), hidden=True),
                Line("High", table.part(0, 4, width=1), hidden=True),
            ),
            "Asset",
            "Return per period",
            "0.0%",
            "Column chart: expected return of each asset for the next period, with error bars of "
            "one standard error.",
        ),
    )
    template.draw(
        SHEET,
        FIRST - 1 + CHART_ROWS,
        CHARTS,
        Picture(
            "line",
            "Filtered mean of the asset shown, with its band",
            history.part(0, 0, width=1),
            (
                Line("Filtered mean", history.part(0, 1, width=1), SERIES[0], width=2.25),
                Line("Low", history.part(0, 3, width=1), SERIES[8], "dash"),
                Line("High", history.part(0, 4, width=1), SERIES[8], "dash"),
            ),
            "Date" if template.data.dated else "Period",
            "Return per period",
            "0.0%",
            "Line chart: history of the filtered expected return of the asset chosen on Settings, "
            "with one standard error either side.",
            years=template.data.years,
        ),
    )
