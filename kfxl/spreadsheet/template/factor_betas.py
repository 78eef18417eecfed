"""The sheet Factor betas."""

from __future__ import annotations

from kfxl.spreadsheet.areas import Area, column_letters
from kfxl.spreadsheet.charts import Line, Picture
from kfxl.spreadsheet.styles import NUMBER, PERCENT, PERCENT_FINE
from kfxl.spreadsheet.template.frame import FIRST, Template, is_number, place_of

SHEET = "Factor betas"
NOISE = (
    "KF_Beta_Transition,KF_Beta_Process_Variance,KF_Beta_Observation_Variance,Calibration,"
    "KF_Beta_As_Of"
)
DATA = "Returns_Data,Factors_Data"
SIZE = (620, 420)
FIT = ("R2 in sample", "R2 one step ahead", "Error one step ahead", "Forecast")


def write(template: Template) -> None:
    """Write the sheet; without factors it says how to get them."""
    page = template.heading(
        SHEET,
        "Factor betas",
        "Kalman-filtered alpha and betas at the last row, their standard errors, fit and what "
        "each factor contributed in the last period.",
    )
    page.set_column(0, 0, template.name_width(16))
    page.freeze_panes(FIRST, 1)
    if not template.factors:
        text = '"No factors: paste factor returns on sheet Factors from A1, then Fit workbook"'
        page.write_formula(
            2, 0, f"=IF(Factors_Fit,{text},Factors_Message)", template.styles.section, ""
        )
        template.header(SHEET, FIRST - 1, 0, ["Asset", "Alpha"])
        return
    _Sheet(template).write()


class _Sheet:
    """The positions on this sheet, which depend on the number of assets and factors."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.page = template.sheets[SHEET]
        self.n, self.k = template.assets, template.factors
        self.names = ["Alpha", *template.data.factor_names]
        self.charts = 1 + len(self.names) + len(FIT) + 1
        self.history = self.charts + 21
        self.raw = self.history + len(self.names) + 2
        self.rows = template.history_rows(1 + self.n * (self.k + 1))

    def write(self) -> None:
        raw = self._calls()
        for place, (title, output) in enumerate(
            (("", "loadings"), ("Standard errors", "stderr"), ("Last period", "contributions"))
        ):
            self._table(place, title, raw[output], PERCENT_FINE if place == 2 else NUMBER)
        self._fit(raw)
        self._history(raw["history"])
        self._now_charts()
        self._history_charts()
        self.template.message(SHEET, list(raw.values()), needs="Factors")
        page = self.page
        page.set_column(1, self.charts - 2, 11)
        page.set_column(self.charts - 1, self.charts - 1, 2)
        page.set_column(self.history - 1, self.history - 1, 2)
        page.set_column(self.history, self.history + len(self.names), 11)
        page.set_column(self.raw, self.raw + self.n * (self.k + 1), 11)
        page.set_row(FIRST - 1, 32)
        bottom = max(self._top(2) + self.n + 1, FIRST + 43)
        page.print_area(0, 0, bottom, self.history - 2)
        page.fit_to_pages(1, 1)

    def _top(self, place: int) -> int:
        return FIRST + place * (self.n + 3)

    def _calls(self) -> dict[str, Area]:
        """The calls of the factor functions, as they return their results."""
        template, n, wide = self.template, self.n, self.k + 2
        template.sheets[SHEET].write_string(
            FIRST - 2, self.raw, "As the functions return it", template.styles.section
        )
        history_width = 1 + n * (self.k + 1)
        blocks: tuple[tuple[str, str, int, int, str], ...] = (
            ("loadings", f"KF_FACTOR_BETAS({DATA},{NOISE})", n + 1, wide, NUMBER),
            ("stderr", f'KF_FACTOR_BETAS({DATA},{NOISE},"stderr")', n + 1, wide, NUMBER),
            ("fit", f'KF_FACTOR_BETAS({DATA},{NOISE},"fit")', n + 1, 5, "0.0000"),
            (
                "contributions",
                f"KF_FACTOR_CONTRIBUTIONS({DATA},,{NOISE})",
                n + 1,
                wide,
                PERCENT_FINE,
            ),
            (
                "factor forecast",
                "KF_EXPECTED_RETURNS(Factors_Data,KF_Transition,KF_Process_Variance,"
                "KF_Observation_Variance,Calibration,KF_Beta_As_Of)",
                2,
                self.k,
                PERCENT_FINE,
            ),
            ("forecast", "", 2, n, PERCENT_FINE),
            (
                "history",
                f'KF_FACTOR_BETAS({DATA},{NOISE},"history",{self.rows})',
                self.rows + 1,
                history_width,
                NUMBER,
            ),
        )
        raw: dict[str, Area] = {}
        top = FIRST - 1
        for output, call, height, width, number_format in blocks:
            template.sheets[SHEET].write_string(top, self.raw, output, template.styles.section)
            side = 1 if output in ("factor forecast", "forecast") else 0
            area = Area(SHEET, top + 1, self.raw + side, height, width)
            if output == "forecast":
                factor = raw["factor forecast"].local
                call = f"KF_FACTOR_FORECAST({DATA},{factor},{NOISE})"  # noqa: PLW2901
            raw[output] = template.result(area, call, number_format, dates=output == "history")
            top = area.bottom + 2
        template.define("Factor_Betas", raw["loadings"])
        return raw

    def _table(self, place: int, title: str, raw: Area, number_format: str) -> None:
        """Assets down, alpha and factors across; totals where the numbers add up."""
        template, top = self.template, self._top(place)
        heads = ["Asset", *self.names]
        if place == 2:
            heads.append("Sum")
        if title:
            heads[0] = title
        template.header(SHEET, top - 1, 0, heads)
        styles = [template.styles.number(PERCENT_FINE)]
        styles += [template.styles.number(number_format)] * (self.k + 1)
        for i in range(self.n):
            name = f'=INDEX(Returns_Data,1,{i + 2})&""'
            self.page.write_formula(top + i, 0, name, template.styles.number("General"), "")
            for j in range(self.k + 1):
                formula = f"={is_number(raw.cell(i + 1, j + 1).ref)}"
                self.page.write_formula(top + i, j + 1, formula, styles[j], 0)
            if place == 2:
                cells = Area(SHEET, top + i, 1, 1, self.k + 1).ref
                total = f"=IF(COUNT({cells})=COLUMNS({cells}),SUM({cells}),NA())"
                self.page.write_formula(top + i, self.k + 2, total, styles[0], 0)

    def _fit(self, raw: dict[str, Area]) -> None:
        """Fit and forecast to the right of the betas."""
        template, left = self.template, self.k + 2
        template.header(SHEET, FIRST - 1, left, FIT, names=False)
        formats = (PERCENT, PERCENT, PERCENT_FINE, PERCENT_FINE)
        for i in range(self.n):
            cells = (
                raw["fit"].cell(i + 1, 1),
                raw["fit"].cell(i + 1, 3),
                raw["fit"].cell(i + 1, 4),
                raw["forecast"].cell(1, i),
            )
            for offset, (cell, number_format) in enumerate(zip(cells, formats, strict=True)):
                style = template.styles.number(number_format)
                formula = f"={is_number(cell.local)}"
                self.page.write_formula(FIRST + i, left + offset, formula, style, 0)

    def _history(self, raw: Area) -> None:
        """Alpha and betas of the shown asset over time."""
        template, left = self.template, self.history
        styles = template.styles
        self.page.write_formula(FIRST - 2, left, "=Shown_Asset", styles.section, "")
        template.header(SHEET, FIRST - 1, left, ["Date", *self.names])
        heads = raw.part(0, 0, 1)
        for j, name in enumerate(["alpha", *template.data.factor_names]):
            key = name.replace('"', '""')
            formula = "=" + place_of(f'Shown_Asset&" {key}"', heads)
            self.page.write_formula(FIRST - 2, left + 1 + j, formula, styles.note, 0)
        template.define("Shown_Beta_Places", Area(SHEET, FIRST - 2, left + 1, 1, self.k + 1))
        for i in range(self.rows):
            row = FIRST + i
            date = f"={is_number(raw.cell(i + 1).local)}"
            self.page.write_formula(row, left, date, styles.number(template.date_format), 0)
            values = raw.part(i + 1, 0, 1).local
            for j in range(self.k + 1):
                chosen = f"{column_letters(left + 1 + j)}${FIRST - 1}"
                formula = f"={is_number(f'INDEX({values},{chosen})')}"
                self.page.write_formula(row, left + 1 + j, formula, styles.number(NUMBER), 0)

    def _heads(self, column: int) -> Area:
        return Area(SHEET, FIRST - 1, column)

    def _now_charts(self) -> None:
        table = Area(SHEET, FIRST, 0, self.n, self.charts - 1)
        names = table.part(0, 0, width=1)
        betas = tuple(Line(self._heads(j), table.part(0, j, width=1)) for j in range(2, self.k + 2))
        self.template.draw(
            SHEET,
            FIRST - 1,
            self.charts,
            Picture(
                "column",
                "Betas at the last row",
                names,
                betas,
                "Asset",
                "Beta",
                "0.0",
                "Clustered columns: current beta of each asset to each factor.",
                size=SIZE,
            ),
        )
        last = Area(SHEET, self._top(2), 0, self.n, self.k + 2)
        parts = tuple(
            Line(Area(SHEET, self._top(2) - 1, j), last.part(0, j, width=1))
            for j in range(1, self.k + 2)
        )
        self.template.draw(
            SHEET,
            FIRST + 21,
            self.charts,
            Picture(
                "column-stacked",
                "What alpha and factors contributed in the last period",
                last.part(0, 0, width=1),
                parts,
                "Asset",
                "Return",
                "0.0%",
                "Stacked columns: contribution of alpha and each factor to each asset's return in "
                "the last period.",
                size=SIZE,
            ),
        )

    def _history_charts(self) -> None:
        history = Area(SHEET, FIRST, self.history, self.rows, self.k + 2)
        lines = tuple(
            Line(self._heads(self.history + j), history.part(0, j, width=1))
            for j in range(2, self.k + 2)
        )
        years = self.template.data.years
        self.template.draw(
            SHEET,
            FIRST - 1,
            self.charts + 10,
            Picture(
                "line",
                "Betas of the asset shown over time",
                history.part(0, 0, width=1),
                lines,
                "Period" if years is None else "Date",
                "Beta",
                "0.0",
                "Line chart: history of the betas of the asset chosen on Settings.",
                years=years,
                size=SIZE,
            ),
        )
        left = self.k + 2
        table = Area(SHEET, FIRST, 0, self.n, left + 2)
        self.template.draw(
            SHEET,
            FIRST + 21,
            self.charts + 10,
            Picture(
                "column",
                "Fit: share of variance explained",
                table.part(0, 0, width=1),
                (
                    Line(FIT[0], table.part(0, left, width=1)),
                    Line(FIT[1], table.part(0, left + 1, width=1)),
                ),
                "Asset",
                "R squared",
                "0%",
                "Clustered columns: R squared of each asset, in sample and one step ahead.",
                size=SIZE,
            ),
        )
