"""Cells of the fake Excel: ranges, what typing a value makes of it, formats by area."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kfxl.spreadsheet.areas import column_letters
from tests.hosts.fake_charts import Font, is_color
from tests.hosts.fake_com import Calls, ComObject
from tests.hosts.pywin32_stub import com_error, com_time

if TYPE_CHECKING:
    from tests.hosts.fake_excel import Worksheet

ROWS, COLUMNS = 1_048_576, 16_384
EPOCH = dt.datetime(1899, 12, 30)
EPOCH_1904 = dt.datetime(1904, 1, 1)
LAST_DATE = 2_958_465  # 9999-12-31
LONGEST_TEXT = 32_767
ERRORS = {"#N/A": -2146826246, "#DIV/0!": -2146826281, "#VALUE!": -2146826273}
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
LOOKS_LIKE_DATE = re.compile(
    rf"(\d{{1,4}}[-/.]\d{{1,2}}([-/.]\d{{1,4}})?|({MONTHS})[a-z]*[ -]?\d{{1,4}}|"
    rf"\d{{1,2}}[ -]?({MONTHS})[a-z]*)$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?$")


@dataclass(frozen=True)
class Typed:
    """What a cell holds: a formula has no value here."""

    value: Any
    kind: str  # number, text, boolean, error or formula


def typed(value: Any, number_format: str) -> Typed | None:
    """What Excel makes of a value that COM hands over."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return Typed(value, "boolean")
    if isinstance(value, int | float | Decimal):
        assert math.isfinite(value), "Excel has no such number"
        assert not isinstance(value, int) or abs(value) < 2**31, "no COM number"
        return Typed(float(value), "number")
    if isinstance(value, dt.datetime):
        assert value.tzinfo is not None, "pywin32 would shift it by the local time zone"
        return Typed((value.replace(tzinfo=None) - EPOCH).total_seconds() / 86400, "number")
    assert isinstance(value, str), f"COM takes no {type(value).__name__}"
    return _typed_text(value, number_format)


def _typed_text(text: str, number_format: str) -> Typed:
    if len(text) > LONGEST_TEXT + text.startswith("'"):
        raise com_error("Application-defined or object-defined error")
    if text.startswith("'"):
        return Typed(text[1:], "text")
    if number_format == "@":
        return Typed(text, "text")
    if text[0] in "=+-@" and len(text) > 1:
        return Typed(text, "formula")
    if text.upper() in ("TRUE", "FALSE"):
        return Typed(text.upper() == "TRUE", "boolean")
    if text.upper() in ERRORS:
        return Typed(ERRORS[text.upper()], "error")
    if LOOKS_LIKE_DATE.match(text):
        return Typed(43831.0, "number")
    try:
        return Typed(float(text.rstrip("%").replace(",", "")), "number")
    except ValueError:
        return Typed(text, "text")


@dataclass(frozen=True)
class Format:
    """A property of all cells of an area; later ones win."""

    rows: range
    columns: range
    value: Any


class _CellFont(Font):
    """The font of a range."""

    def __init__(self, cells: Range) -> None:
        super().__init__(cells.calls)
        self.cells = cells

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name[0].isupper():
            self.cells.put(f"Font.{name}", value)


class Interior(ComObject):
    def __init__(self, cells: Range) -> None:
        super().__init__(cells.calls)
        self.cells = cells

    @property
    def Color(self) -> Any:
        return self.cells.got("Interior.Color", 0xFFFFFF)

    @Color.setter
    def Color(self, value: int) -> None:
        if not is_color(value):
            raise com_error("Unable to set the Color property of the Interior class")
        self.cells.put("Interior.Color", value)


class Areas(ComObject):
    def __init__(self, cells: Range, count: int) -> None:
        super().__init__(cells.calls)
        self.count = count

    @property
    def Count(self) -> int:
        return self.count


class Lines(ComObject):
    """``Range.Rows`` or ``Range.Columns``: their count, or one of them by its number."""

    def __init__(self, parts: Sequence[Range], calls: Calls) -> None:
        super().__init__(calls)
        self.parts = parts

    @property
    def Count(self) -> int:
        return len(self.parts)

    def __call__(self, number: int) -> Range:
        with self.calls.one("Range._Default"):
            return self.parts[number - 1]


class _Slices(Sequence[Any]):
    """The rows or columns of a range, which may be a million: made when they are asked for."""

    def __init__(self, cells: Range, lines: range, *, down: bool) -> None:
        self.cells, self.lines, self.down = cells, lines, down

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, position: Any) -> Any:
        line = range(self.lines[position], self.lines[position] + 1)
        cells = self.cells
        rows, columns = (line, cells.columns) if self.down else (cells.rows, line)
        return Range(cells.sheet, rows, columns)


class Range(ComObject):
    """A block of cells; ``rows`` and ``columns`` count from 1, as Excel does."""

    def __init__(self, sheet: Worksheet, rows: range, columns: range, areas: int = 1) -> None:
        super().__init__(sheet.calls)
        if not (1 <= rows[0] <= rows[-1] <= ROWS and 1 <= columns[0] <= columns[-1] <= COLUMNS):
            raise com_error("Application-defined or object-defined error")
        self.sheet, self.rows, self.columns, self.areas = sheet, rows, columns, areas

    def places(self) -> Iterator[tuple[int, int]]:
        return ((row, column) for row in self.rows for column in self.columns)

    def reference(self) -> str:
        name = self.sheet.name.replace("'", "''")
        return f"'{name}'!{self.Address}"

    def put(self, name: str, value: Any) -> None:
        self.sheet.changing()
        self.sheet.formats[name].append(Format(self.rows, self.columns, value))

    def got(self, name: str, default: Any) -> Any:
        return self.sheet.format(self.rows[0], self.columns[0], name, default)

    # Values

    @property
    def Value(self) -> Any:
        return self._read(self.sheet.shown)

    @Value.setter
    def Value(self, value: Any) -> None:
        self.sheet.changing()
        if not isinstance(value, tuple | list):
            value = [[value] * len(self.columns) for _ in self.rows]
        shape = (len(value), {len(row) for row in value})
        assert shape == (len(self.rows), {len(self.columns)}), "Excel would pad or cut it"
        for row, cells in zip(self.rows, value, strict=True):
            for column, cell in zip(self.columns, cells, strict=True):
                text = isinstance(cell, str)
                number_format = self.sheet.format(row, column, "NumberFormat") if text else ""
                content = typed(cell, number_format)
                self.sheet.cells.pop((row, column), None)
                if content is not None:
                    self.sheet.cells[row, column] = content

    @property
    def Value2(self) -> Any:
        return self._read(self.sheet.value)

    def _read(self, of: Any) -> Any:
        if len(self.rows) == len(self.columns) == 1:
            return of(self.rows[0], self.columns[0])
        return tuple(tuple(of(row, column) for column in self.columns) for row in self.rows)

    # Place

    @property
    def Row(self) -> int:
        return self.rows[0]

    @property
    def Column(self) -> int:
        return self.columns[0]

    @property
    def Rows(self) -> Lines:
        return Lines(_Slices(self, self.rows, down=True), self.calls)

    @property
    def Columns(self) -> Lines:
        return Lines(_Slices(self, self.columns, down=False), self.calls)

    @property
    def Count(self) -> int:
        return len(self.rows) * len(self.columns)

    @property
    def Areas(self) -> Areas:
        return Areas(self, self.areas)

    @property
    def Worksheet(self) -> Worksheet:
        return self.sheet

    @property
    def Address(self) -> str:
        first = f"${column_letters(self.columns[0] - 1)}${self.rows[0]}"
        last = f"${column_letters(self.columns[-1] - 1)}${self.rows[-1]}"
        return first if first == last else f"{first}:{last}"

    @property
    def CurrentRegion(self) -> Range:
        if self.sheet.protected:
            raise com_error("CurrentRegion method of Range class failed")
        rows, columns = self.rows, self.columns
        while True:
            around = (range(rows[0] - 1, rows[-1] + 2), range(columns[0] - 1, columns[-1] + 2))
            near = [key for key in self.sheet.cells if key[0] in around[0] and key[1] in around[1]]
            near += [(rows[0], columns[0]), (rows[-1], columns[-1])]
            down, across = zip(*near, strict=True)
            wider = (range(min(down), max(down) + 1), range(min(across), max(across) + 1))
            if wider == (rows, columns):
                return Range(self.sheet, rows, columns)
            rows, columns = wider

    @property
    def Left(self) -> float:
        return sum(self.sheet.width(column) * 5.25 + 3.75 for column in range(1, self.columns[0]))

    @property
    def Top(self) -> float:
        heights = (self.sheet.format(row, 1, "RowHeight", 15) for row in range(1, self.rows[0]))
        return float(sum(heights))

    def __call__(self, row: int, column: int) -> Range:
        with self.calls.one("Range._Default"):
            down, across = self.rows[0] + row - 1, self.columns[0] + column - 1
            return Range(self.sheet, range(down, down + 1), range(across, across + 1))

    def Select(self) -> None:
        if self.sheet.book.application.active_sheet is not self.sheet:
            raise com_error("Select method of Range class failed")
        self.sheet.book.application.selection = self

    # Formats

    @property
    def Font(self) -> Font:
        return _CellFont(self)

    @property
    def Interior(self) -> Interior:
        return Interior(self)

    @property
    def NumberFormat(self) -> str:
        return str(self.got("NumberFormat", "General"))

    @NumberFormat.setter
    def NumberFormat(self, value: str) -> None:
        # What foreign programs see of it: the user's language, not the US codes.
        self.put("NumberFormat", us_format(value, self.sheet.book.application.language))

    @property
    def NumberFormatLocal(self) -> str:
        raise NotImplementedError

    @NumberFormatLocal.setter
    def NumberFormatLocal(self, value: str) -> None:
        self.put("NumberFormat", us_format(value, self.sheet.book.application.language))

    @property
    def HorizontalAlignment(self) -> int:
        return int(self.got("HorizontalAlignment", 1))

    @HorizontalAlignment.setter
    def HorizontalAlignment(self, value: int) -> None:
        if value not in (1, -4131, -4152, -4108):
            raise com_error("Unable to set the HorizontalAlignment property of the Range class")
        self.put("HorizontalAlignment", value)

    @property
    def VerticalAlignment(self) -> int:
        return int(self.got("VerticalAlignment", -4107))

    @VerticalAlignment.setter
    def VerticalAlignment(self, value: int) -> None:
        if value not in (-4160, -4108, -4107):
            raise com_error("Unable to set the VerticalAlignment property of the Range class")
        self.put("VerticalAlignment", value)

    @property
    def WrapText(self) -> bool:
        return bool(self.got("WrapText", False))

    @WrapText.setter
    def WrapText(self, value: bool) -> None:
        self.put("WrapText", value)

    @property
    def ColumnWidth(self) -> float:
        return float(self.sheet.width(self.columns[0]))

    @ColumnWidth.setter
    def ColumnWidth(self, value: float) -> None:
        if not 0 <= value <= 255:
            raise com_error("Unable to set the ColumnWidth property of the Range class")
        self.put("ColumnWidth", value)

    @property
    def RowHeight(self) -> float:
        return float(self.got("RowHeight", 15))

    @RowHeight.setter
    def RowHeight(self, value: float) -> None:
        if not 0 <= value <= 409:
            raise com_error("Unable to set the RowHeight property of the Range class")
        self.put("RowHeight", value)


def us_format(text: str, language: Mapping[str, str]) -> str:
    """A number format of the user's language in US codes; foreign letters are literal text."""
    if text == language["General"]:
        return "General"
    known = {local: us for us, local in language.items() if len(us) == 1}
    literal = set("ymdJT") - set(known)
    return "".join(rf"\{c}" if c in literal else known.get(c, c) for c in text)


def shown(content: Typed | None, number_format: str, epoch: dt.datetime = EPOCH) -> Any:
    """A cell as ``Range.Value`` gives it: dates and amounts of money have types of their own.

    A number that is no date, in a cell formatted as one, fails the whole range.
    """
    if content is None:
        return None
    if content.kind == "number":
        if re.search("[ymd]", number_format.lower()) and number_format != "General":
            if not 0 <= content.value <= LAST_DATE:
                raise com_error("Application-defined or object-defined error")
            return com_time(epoch + dt.timedelta(days=content.value))
        if "$" in number_format:
            return Decimal(str(round(content.value, 4)))
    return content.value
