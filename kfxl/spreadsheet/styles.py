"""The look of kfxl's workbooks: one palette, one set of cell formats."""

from __future__ import annotations

from typing import Any

FONT = "Calibri"
INK = "#1F2933"
INPUT = "#0000FF"
HEADER = "#1F3A5F"
PALE = "#E8EEF5"
RULE = "#B8C4D0"
GREEN = "#1B7F3B"
RED = "#C0392B"
NOTE = "#52606D"

# Colours of Paul Tol's "muted" and "bright" sets, told apart by colour-blind readers too.
SERIES = (
    "#332288",
    "#DD8452",
    "#44AA99",
    "#CC6677",
    "#4C72B0",
    "#DDB94A",
    "#117733",
    "#AA4499",
    "#88CCEE",
    "#882255",
    "#999933",
    "#8C8C8C",
)

PERCENT = "0.0%"
PERCENT_FINE = "0.00%"
NUMBER = "0.00"
MONEY = "#,##0"
DATE = "yyyy-mm-dd"
SCIENTIFIC = "0.00E+00"


class Styles:
    """Cell formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def make(self, **properties: Any) -> Any:
        """A format in the house font with these xlsxwriter properties."""
        merged = {"font_name": FONT, "font_size": 11, "font_color": INK} | properties
        key = tuple(sorted(merged.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(merged)
        return self._made[key]

    @property
    def title(self) -> Any:
        """Title of a sheet."""
        return self.make(bold=True, font_size=16, font_color=HEADER)

    @property
    def section(self) -> Any:
        """Heading above a table."""
        return self.make(bold=True, font_color=HEADER)

    @property
    def header(self) -> Any:
        """First cell of a header row, above names."""
        return self._heading("left")

    @property
    def number_header(self) -> Any:
        """The other cells of a header row, above numbers."""
        return self._heading("right")

    def _heading(self, align: str) -> Any:
        return self.make(
            bold=True,
            font_color="#FFFFFF",
            bg_color=HEADER,
            text_wrap=True,
            valign="vcenter",
            align=align,
        )

    @property
    def note(self) -> Any:
        """Explanation."""
        return self.make(font_color=NOTE)

    @property
    def wrapped(self) -> Any:
        """Explanation over several lines."""
        return self.make(font_color=NOTE, text_wrap=True, valign="top")

    @property
    def text(self) -> Any:
        """Plain text."""
        return self.make()

    def number(self, number_format: str, **properties: Any) -> Any:
        """A computed number: black."""
        return self.make(num_format=number_format, font_color="#000000", **properties)

    def total(self, number_format: str) -> Any:
        """A number in the summary rows of a table."""
        return self.number(number_format, bold=True, bg_color=PALE)

    def input(self, number_format: str = "General", **properties: Any) -> Any:
        """A cell that the user fills in: blue."""
        return self.make(num_format=number_format, font_color=INPUT, **properties)

    @property
    def good(self) -> Any:
        """Conditional: all is well."""
        return self._book.add_format({"font_color": GREEN, "bold": True})

    @property
    def bad(self) -> Any:
        """Conditional: something needs attention."""
        return self._book.add_format({"font_color": RED, "bold": True})
