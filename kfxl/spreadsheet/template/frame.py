"""The template workbook: what goes in, and the order in which its sheets are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kfxl.errors import InputError
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.charts import Picture, draw
from kfxl.spreadsheet.settings import SETTINGS
from kfxl.spreadsheet.styles import DATE, Styles

WIDEST = 40  # of a column of names
MAX_ROWS = 5000
MAX_COLUMNS = 100
HISTORY_ROWS = 240
HISTORY_CELLS = 12_000
FITTED = "Fitted to the data on the sheets Returns and Factors."
FIRST = 5  # first row of every table on a result sheet, below title, note, message and header
CHART_ROWS = (
    19  # from the top of a chart to that of the next: LibreOffice draws rows lower than Excel
)

SHEETS = (
    "Start",
    "Settings",
    "Returns",
    "Factors",
    "Expected returns",
    "Factor betas",
    "Weights",
    "Risk",
    "Functions",
    "Checks",
)


@dataclass(frozen=True)
class TemplateData:
    """What the template is built from.

    ``returns`` (T, N) and ``factors`` (T, K) share their index; ``settings`` is keyed by the
    settings' names; ``assets`` has a row per asset and columns budget, minimum, maximum, held.
    """

    returns: pd.DataFrame
    factors: pd.DataFrame | None = None
    risk_free: pd.Series[float] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    assets: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def names(self) -> list[str]:
        """Names of the assets as text."""
        return [str(name) for name in self.returns.columns]

    @property
    def factor_names(self) -> list[str]:
        """Names of the factors as text."""
        return [] if self.factors is None else [str(name) for name in self.factors.columns]

    @property
    def years(self) -> float | None:
        """Time from the first row to the last, where rows carry dates."""
        if not self.dated:
            return None
        first, last = self.returns.index[0], self.returns.index[-1]
        return float((last - first).days) / 365.25

    @property
    def dated(self) -> bool:
        """Whether rows carry dates."""
        return isinstance(self.returns.index, pd.DatetimeIndex)


class Template:
    """The workbook being written: its sheets, styles, names and sizes."""

    def __init__(self, book: Any, data: TemplateData, sheet_class: type | None = None) -> None:
        self.book = book
        self.data = data
        self.styles = Styles(book)
        self.assets = len(data.names)
        self.factors = len(data.factor_names)
        self.sheets = {name: book.add_worksheet(name, sheet_class) for name in SHEETS}
        self.date_format = DATE if data.dated else "0"

    def history_rows(self, columns: int) -> int:
        """Rows of a history this wide: at most 240, fewer where the sheet would grow too large."""
        rows = min(HISTORY_ROWS, max(60, HISTORY_CELLS // columns))
        # The first tenth rests on few rows: its wide bands would flatten the rest of a chart.
        return min(rows, len(self.data.returns) - len(self.data.returns) // 10)

    def name_width(self, least: float) -> float:
        """Width of a column of asset names: wide enough for the longest within reason."""
        return wide_enough(self.data.names, least)

    def define(self, name: str, area: Area) -> None:
        """Give ``area`` a name for the whole workbook."""
        self.book.define_name(name, f"={area.ref}")

    def setting(self, name: str) -> object:
        """Value of a setting: as given, else its default."""
        return self.data.settings.get(name, SETTINGS[name].default)

    def heading(self, sheet: str, title: str, note: str) -> Any:
        """Title and note of a sheet; the page is landscape and one page wide."""
        page = self.sheets[sheet]
        page.hide_gridlines(2)
        page.write_string(0, 0, title, self.styles.title)
        page.write_string(1, 0, note, self.styles.note)
        page.set_row(0, 24)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer("&L&9kfxl  &A&R&9Page &P of &N")
        return page

    def header(
        self,
        sheet: str,
        row: int,
        column: int,
        texts: Sequence[str],
        *,
        names: bool = True,
        numbers: bool = True,
    ) -> None:
        """Header cells of a table: a column of ``names``, then of ``numbers`` or of text."""
        for position, text in enumerate(texts):
            style = (
                self.styles.number_header
                if numbers and (position or not names)
                else self.styles.header
            )
            self.sheets[sheet].write_string(row, column + position, text, style)

    def result(
        self,
        area: Area,
        call: str,
        number_format: str,
        *,
        dates: bool = False,
    ) -> Area:
        """A call of a worksheet function over ``area``.

        The result's first row holds names; with ``dates`` its first column holds dates. Where
        the data have outgrown the sheet, the argument as_of carries the words that say so, and
        the function returns them (see :mod:`kfxl.spreadsheet.template.checks`).
        """
        page, styles = self.sheets[area.sheet], self.styles
        number = styles.number(number_format)
        page.write_array_formula(*area.corners, f"={call}", styles.section, 0)
        # The cells of one array formula may each look their own way.
        for row in range(area.height):
            for column in range(area.width):
                if row == 0 and column:
                    page.write_number(area.row, area.column + column, 0, styles.section)
                elif dates and column == 0 and row:
                    date = styles.number(self.date_format)
                    page.write_number(area.row + row, area.column, 0, date)
                elif row:
                    page.write_number(area.row + row, area.column + column, 0, number)
        return area

    def column(self, area: Area, formulas: Sequence[str], cell_format: Any) -> Area:
        """One formula in each cell of a column."""
        for position, formula in enumerate(formulas):
            self.sheets[area.sheet].write_formula(
                area.row + position, area.column, formula, cell_format, 0
            )
        return area

    def message(self, sheet: str, blocks: Sequence[Area], *, needs: str = "Assets") -> None:
        """Row 3: says what is wrong with this sheet, or that nothing is."""
        text = f'"{FITTED}"'
        for block in reversed(blocks):
            # A labelled result has its first value at the second row, second column; an error
            # fills the area or stands in its first cell only, depending on the host.
            corner = block.cell(0).ref
            text = f'IF(LEFT({corner},5)="#KFXL",{corner},{text})'
        formula = (
            f"=IF(NOT({needs}_Fit),{needs}_Message,"
            f'IFERROR({text},"kfxl is not loaded: see sheet Start"))'
        )
        self.sheets[sheet].write_formula(2, 0, formula, self.styles.text, "")
        self.judge(Area(sheet, 2, 0), f'{{cell}}="{FITTED}"')

    def judge(self, area: Area, good: str) -> None:
        """Green where the condition ``good`` on ``{cell}`` holds, else red."""
        page = self.sheets[area.sheet]
        # Conditions as formulas: LibreOffice 7.4 crashes on those about the text of a cell.
        condition = good.format(cell=area.cell(0).local.replace("$", ""))
        for test, style in ((condition, self.styles.good), (f"NOT({condition})", self.styles.bad)):
            rule = {"type": "formula", "criteria": f"={test}", "format": style}
            page.conditional_format(*area.corners, rule)

    def draw(self, sheet: str, row: int, column: int, picture: Picture) -> None:
        """A chart with its corner at a cell."""
        draw(self.book, self.sheets[sheet], (row, column), picture)


def wide_enough(texts: Sequence[str], least: float) -> float:
    """Width of a column in which the longest of bold ``texts`` is not clipped, up to a limit."""
    return max(least, min(WIDEST, 1.15 * max(map(len, texts), default=0) + 1))


def is_number(cell: str) -> str:
    """Formula text: the cell's number, or #N/A, which charts leave out."""
    return f"IF(ISNUMBER({cell}),{cell},NA())"


def place_of(name: str, heads: Area) -> str:
    """Formula text: the place of a name in a row of names, or #N/A where it is not there once.

    LibreOffice takes no text that an add-in's function has put into cells for equal to another,
    so that MATCH finds none there; joined with an empty text it is one like any other.
    """
    cells, first = heads.local, heads.cell(0).local
    found = f'({cells}&""={name})'
    place = f"SUMPRODUCT({found}*(COLUMN({cells})-COLUMN({first})+1))"
    return f"IF(SUMPRODUCT(--{found})=1,{place},NA())"


def check_size(data: TemplateData) -> None:
    """Refuse what the names of the template cannot hold, or cannot tell apart."""
    rows, columns = data.returns.shape
    if not 3 <= rows <= MAX_ROWS:
        raise InputError("returns", f"has {rows} rows", f"give 3 to {MAX_ROWS}")
    if not 1 <= columns <= MAX_COLUMNS:
        raise InputError("returns", f"has {columns} assets", f"give 1 to {MAX_COLUMNS}")
    for names, what in ((data.names, "returns"), (data.factor_names, "factors")):
        lower = [name.casefold().strip() for name in names]
        blank = [name for name in lower if not name]
        if blank:
            raise InputError(what, "has a column without a name", "name every column")
        twice = [name for name in names if lower.count(name.casefold().strip()) > 1]
        if twice:
            raise InputError(what, f"has two columns named {twice[0]}", "give each name once")
    if data.factors is not None and not data.factors.index.equals(data.returns.index):
        _say_which_dates_differ(data.returns.index, data.factors.index)


def _say_which_dates_differ(returns: pd.Index, factors: pd.Index) -> None:
    """Name the first period that only one of the two has, and how many more there are."""
    for here, there, owner in ((returns, factors, "returns"), (factors, returns, "factors")):
        alone = here.difference(there)
        if len(alone):
            first = alone[0].date() if isinstance(alone[0], pd.Timestamp) else alone[0]
            more = f" and {len(alone) - 1} more" if len(alone) > 1 else ""
            raise InputError(
                "factors",
                f"has other dates than returns: only {owner} have {first}{more}",
                "give both for the same dates",
            )
    raise InputError("factors", "has other dates than returns", "give both in the same order")


def default_assets(names: Sequence[str], known: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table of assets: kept by name where ``known``, else equal budgets and bounds 0 and 1.

    A new asset gets the mean of the budgets that are kept.
    """
    equal = 1.0 / len(names)
    start = pd.DataFrame(
        {"budget": np.nan, "minimum": 0.0, "maximum": 1.0, "held": np.nan}, index=list(names)
    )
    if known is not None:
        kept = [name for name in names if name in known.index]
        start.loc[kept, list(known.columns)] = known.loc[kept]
    mean = start["budget"].mean()
    start["budget"] = start["budget"].fillna(equal if np.isnan(mean) else mean)
    new_holding = equal if start["held"].isna().all() else 0.0
    start["held"] = start["held"].fillna(new_holding)
    return start
