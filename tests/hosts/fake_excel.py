"""A fake of Excel's COM object model, at the level at which xlwings' code for Windows calls it.

It knows what kfxl and xlwings ask of Excel and behaves as Excel's documentation says: names of
sheets, what can be deleted, what one cell and what many give. Charts are in ``fake_charts.py``,
cells in ``fake_cells.py``, the counting of calls in ``fake_com.py``.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl

from kfxl.spreadsheet.areas import column_letters
from tests.hosts.fake_cells import (
    ADDRESS,
    COLUMNS,
    EPOCH,
    EPOCH_1904,
    ERRORS,
    ROWS,
    Format,
    Range,
    Typed,
    shown,
)
from tests.hosts.fake_charts import ChartObject, ChartObjects
from tests.hosts.fake_com import Calls, Collection, ComObject, Setting
from tests.hosts.pywin32_stub import com_error

WORKSHEET_TEMPLATE = -4167
AUTOMATIC, MANUAL = -4105, -4135
VISIBLE = -1
NORMAL_VIEW, PAGE_LAYOUT = 1, 3
STATUS_DEFAULT = False


class Name(ComObject):
    def __init__(self, owner: Workbook | Worksheet, name: str, refers_to: str) -> None:
        super().__init__(owner.calls)
        self.owner, self.short, self.refers_to = owner, name, refers_to

    Visible = Setting(True)

    @property
    def name(self) -> str:
        if isinstance(self.owner, Workbook):
            return self.short
        sheet = self.owner.name
        return f"'{sheet}'!{self.short}" if re.search(r"\W", sheet) else f"{sheet}!{self.short}"

    @property
    def Name(self) -> str:
        return self.name

    @property
    def RefersTo(self) -> str:
        return self.refers_to

    def Delete(self) -> None:
        self.owner.names.remove(self)


class Names(Collection):
    def __init__(self, owner: Workbook | Worksheet) -> None:
        super().__init__(owner.calls)
        self.owner = owner

    def items(self) -> list[Name]:
        names = list(self.owner.names)
        if isinstance(self.owner, Workbook):
            names += [name for sheet in self.owner.worksheets() for name in sheet.names]
        return names

    def Add(self, Name: str, RefersTo: str, Visible: bool = True) -> Any:
        if not re.fullmatch(r"[A-Za-z_\\][\w.\\]*", Name) or not RefersTo.startswith("="):
            raise com_error("The syntax of this name isn't correct.")
        if isinstance(self.owner, Worksheet):
            self.owner.changing()
        self.owner.names[:] = [name for name in self.owner.names if name.short != Name]
        self.owner.names.append(_name(self.owner, Name, RefersTo))
        self.owner.names[-1].Visible = Visible
        return self.owner.names[-1]


def _name(owner: Any, name: str, refers_to: str) -> Name:
    return Name(owner, name, refers_to)


class PageSetup(ComObject):
    Zoom = Setting(100)
    FitToPagesWide = Setting(1)
    FitToPagesTall = Setting(1)
    PaperSize = Setting(1)
    Orientation = Setting(1, lambda value: value in (1, 2))
    PrintArea = Setting("")
    LeftFooter = Setting("")
    RightFooter = Setting("")


class Sheet(ComObject):
    """What worksheets and chart sheets share."""

    def __init__(self, book: Workbook, name: str) -> None:
        super().__init__(book.calls)
        self.book, self.name = book, name
        self.protected = False
        self.visible = VISIBLE

    @property
    def Name(self) -> str:
        return self.name

    @Name.setter
    def Name(self, value: str) -> None:
        others = [sheet.name.casefold() for sheet in self.book.sheets if sheet is not self]
        if not 1 <= len(value) <= 31 or re.search(r"[:\\/?*\[\]]|^'|'$", value):
            raise com_error("You typed an invalid name for a sheet or chart.")
        if value.casefold() == "history":
            raise com_error("'History' is a reserved name.")
        if value.casefold() in others:
            raise com_error("That name is already taken. Try a different one.")
        self.book.restructuring()
        self.name = value

    @property
    def Index(self) -> int:
        return self.book.sheets.index(self) + 1

    @property
    def Parent(self) -> Workbook:
        return self.book

    @property
    def Application(self) -> Application:
        return self.book.application

    @property
    def Visible(self) -> int:
        return self.visible

    @property
    def ProtectContents(self) -> bool:
        return self.protected

    def Activate(self) -> None:
        if self not in self.book.sheets:
            raise com_error("Object required")
        if self.visible != VISIBLE:
            raise com_error("Activate method of Worksheet class failed")
        if self not in self.book.selected:
            self.book.selected = [self]
        self.book.active_sheet = self
        self.book.Activate()

    def Select(self) -> None:
        self.book.selected = [self]
        self.Activate()

    def Delete(self) -> bool:
        assert not self.book.application.display_alerts, "Excel asks whether to delete"
        self.book.restructuring()
        visible = [sheet for sheet in self.book.sheets if sheet.visible == VISIBLE]
        if visible == [self] or self not in self.book.sheets:
            raise com_error("Delete method of Worksheet class failed")
        self.book.remove(self)
        return True

    def Move(self, Before: Sheet) -> None:
        self.book.restructuring()
        self.book.sheets.remove(self)
        self.book.sheets.insert(self.book.sheets.index(Before), self)


class ChartSheet(Sheet):
    """A chart on a sheet of its own, which has no cells."""


class Worksheet(Sheet):
    def __init__(self, book: Workbook, name: str) -> None:
        super().__init__(book, name)
        self.cells: dict[tuple[int, int], Typed] = {}
        self.formats: dict[str, list[Format]] = defaultdict(list)
        self.loaded_formats: dict[tuple[int, int], str] = {}
        self.charts: list[ChartObject] = []
        self.names: list[Name] = []
        self.view: dict[str, Any] = {}
        self.page = PageSetup(book.calls)

    def changing(self) -> None:
        if self not in self.book.sheets:
            raise com_error("Object required", -2146827864)
        if self.protected:
            raise com_error("The cell or chart you're trying to change is on a protected sheet.")

    def format(self, row: int, column: int, name: str, default: Any = None) -> Any:
        for known in reversed(self.formats[name]):
            if row in known.rows and column in known.columns:
                return known.value
        if name == "NumberFormat":
            return self.loaded_formats.get((row, column), default)
        return default

    def width(self, column: int) -> float:
        widths = reversed(self.formats["ColumnWidth"])
        return next((float(known.value) for known in widths if column in known.columns), 8.43)

    def value(self, row: int, column: int) -> Any:
        content = self.cells.get((row, column))
        return None if content is None else content.value

    def shown(self, row: int, column: int) -> Any:
        number_format = self.format(row, column, "NumberFormat", "General")
        with self.calls.inside():
            epoch = EPOCH_1904 if self.book.Date1904 else EPOCH
        return shown(self.cells.get((row, column)), number_format, epoch)

    @property
    def Names(self) -> Names:
        return Names(self)

    @property
    def Cells(self) -> Range:
        return Range(self, range(1, ROWS + 1), range(1, COLUMNS + 1))

    @property
    def Rows(self) -> Any:
        return self.Cells.Rows

    @property
    def Columns(self) -> Any:
        return self.Cells.Columns

    def Range(self, Cell1: str | Range, Cell2: Range | None = None) -> Range:
        if isinstance(Cell1, str):
            found = ADDRESS.match(Cell1)
            if not found or Cell2 is not None:
                raise com_error("Method 'Range' of object '_Worksheet' failed")
            left, top, right, bottom = found.groups()
            columns = range(_number(left), _number(right or left) + 1)
            return Range(self, range(int(top), int(bottom or top) + 1), columns)
        assert Cell2 is not None
        rows = range(Cell1.rows[0], Cell2.rows[-1] + 1)
        return Range(self, rows, range(Cell1.columns[0], Cell2.columns[-1] + 1))

    @property
    def UsedRange(self) -> Range:
        if not self.cells:
            return Range(self, range(1, 2), range(1, 2))
        rows, columns = zip(*self.cells, strict=True)
        down, across = range(min(rows), max(rows) + 1), range(min(columns), max(columns) + 1)
        return Range(self, down, across)

    def ChartObjects(self, Index: int | None = None) -> Any:
        charts = ChartObjects(self)
        return charts if Index is None else charts.Item(Index)

    @property
    def PageSetup(self) -> PageSetup:
        return self.page

    def copy_of(self, name: str) -> Worksheet:
        """What a person gets who duplicates the sheet: its names come along."""
        copy = Worksheet(self.book, name)
        copy.cells = dict(self.cells)
        copy.names = [_name(copy, known.short, known.refers_to) for known in self.names]
        self.book.sheets.append(copy)
        return copy


def _number(letters: str) -> int:
    return next(i + 1 for i in range(COLUMNS) if column_letters(i) == letters)


class Sheets(Collection):
    def __init__(self, book: Workbook, kind: type[Sheet]) -> None:
        super().__init__(book.calls)
        self.book, self.kind = book, kind

    def items(self) -> list[Any]:
        return [sheet for sheet in self.book.sheets if isinstance(sheet, self.kind)]

    @property
    def Parent(self) -> Workbook:
        return self.book

    def Item(self, key: int | str | list[str]) -> Any:
        if isinstance(key, list):
            return SomeSheets(self.book, [super(Sheets, self).Item(name) for name in key])
        return super().Item(key)

    def Add(self, Before: Sheet | None = None) -> Worksheet:
        self.book.restructuring()
        assert len(self.book.selected) == 1, "Excel adds as many sheets as are selected"
        before = Before or self.book.active_sheet
        sheet = Worksheet(self.book, self.book.fresh_name())
        self.book.sheets.insert(self.book.sheets.index(before), sheet)
        sheet.Activate()
        return sheet


class SomeSheets(Collection):
    """Several sheets, selected together."""

    def __init__(self, book: Workbook, sheets: list[Any]) -> None:
        super().__init__(book.calls)
        self.book, self.sheets = book, sheets

    def items(self) -> list[Any]:
        return self.sheets

    def Select(self) -> None:
        self.book.selected = list(self.sheets)
        self.sheets[0].Activate()


class Window(ComObject):
    """Shows one sheet; what is set goes to that sheet."""

    def __init__(self, book: Workbook) -> None:
        super().__init__(book.calls)
        self.book = book

    def _see(self, name: str, default: Any) -> Any:
        sheet = self.book.active_sheet
        return sheet.view.get(name, self.book.application.new_view.get(name, default))

    def _show(self, name: str, value: Any) -> None:
        self.book.active_sheet.view[name] = value

    @property
    def SelectedSheets(self) -> SomeSheets:
        return SomeSheets(self.book, self.book.selected)

    DisplayGridlines = property(
        lambda self: self._see("DisplayGridlines", True),
        lambda self, value: self._show("DisplayGridlines", value),
    )
    View = property(
        lambda self: self._see("View", NORMAL_VIEW), lambda self, value: self._show("View", value)
    )

    @property
    def FreezePanes(self) -> bool:
        return bool(self._see("FreezePanes", False))

    @FreezePanes.setter
    def FreezePanes(self, value: bool) -> None:
        if self._see("View", NORMAL_VIEW) != NORMAL_VIEW:
            raise com_error("Unable to set the FreezePanes property of the Window class")
        self._show("FreezePanes", value)

    SplitRow = property(
        lambda self: self._see("SplitRow", 0), lambda self, value: self._show("SplitRow", value)
    )
    SplitColumn = property(
        lambda self: self._see("SplitColumn", 0),
        lambda self, value: self._show("SplitColumn", value),
    )
    ScrollRow = property(
        lambda self: self._see("ScrollRow", 1), lambda self, value: self._show("ScrollRow", value)
    )
    ScrollColumn = property(
        lambda self: self._see("ScrollColumn", 1),
        lambda self, value: self._show("ScrollColumn", value),
    )


class Workbook(ComObject):
    def __init__(self, application: Application, name: str) -> None:
        super().__init__(application.calls)
        self.application, self.name = application, name
        self.names: list[Name] = []
        self.sheets: list[Sheet] = [Worksheet(self, "Sheet1")]
        self.active_sheet: Any = self.sheets[0]
        self.selected = list(self.sheets)
        self.structure_protected = False
        self.made = 1

    Date1904 = Setting(False)
    MultiUserEditing = Setting(False)

    def worksheets(self) -> list[Worksheet]:
        return [sheet for sheet in self.sheets if isinstance(sheet, Worksheet)]

    def sheet(self, name: str) -> Worksheet:
        return next(sheet for sheet in self.worksheets() if sheet.name == name)

    def sheet_names(self) -> list[str]:
        return [sheet.name for sheet in self.sheets]

    def fresh_name(self) -> str:
        self.made += 1
        name = f"Sheet{self.made}"
        return name if name not in self.sheet_names() else self.fresh_name()

    def restructuring(self) -> None:
        if self.structure_protected:
            raise com_error("Workbook is protected and cannot be changed.")

    def remove(self, sheet: Sheet) -> None:
        place = self.sheets.index(sheet)
        self.sheets.remove(sheet)
        if self.active_sheet is sheet:
            visible = [other for other in self.sheets if other.visible == VISIBLE]
            self.active_sheet = visible[min(place, len(visible) - 1)]
            self.selected = [self.active_sheet]
            self.application.select_first()

    @property
    def Name(self) -> str:
        return self.name

    @property
    def Application(self) -> Application:
        return self.application

    @property
    def Worksheets(self) -> Sheets:
        return Sheets(self, Worksheet)

    @property
    def Sheets(self) -> Sheets:
        return Sheets(self, Sheet)

    @property
    def Names(self) -> Names:
        return Names(self)

    @property
    def ActiveSheet(self) -> Any:
        return self.active_sheet

    @property
    def ProtectStructure(self) -> bool:
        return self.structure_protected

    def Activate(self) -> None:
        application = self.application
        changed = application.active_book is not self or application.selection_sheet is not (
            self.active_sheet
        )
        application.active_book = self
        if changed:
            application.select_first()

    def Close(self, SaveChanges: bool | None = None) -> None:
        assert SaveChanges is False, "Excel asks whether to save"
        self.application.books.remove(self)
        if self.application.active_book is self:
            books = self.application.books
            self.application.active_book = books[-1] if books else None


class Workbooks(Collection):
    def __init__(self, application: Application) -> None:
        super().__init__(application.calls)
        self.application = application

    def items(self) -> list[Workbook]:
        return self.application.books

    @property
    def Application(self) -> Application:
        return self.application

    def Add(self, Template: int | str | None = None) -> Workbook:
        made = len(self.application.books) + 1
        if isinstance(Template, str):
            if not Path(Template).is_file():
                raise com_error(f"Sorry, we couldn't find {Template}.")
            package = Path(Template).read_bytes()
            return self.application.load(f"{Path(Template).stem}{made}", package)
        assert Template in (None, WORKSHEET_TEMPLATE)
        return self.application.open(Workbook(self.application, f"Book{made}"))


class Count(ComObject):
    def __init__(self, calls: Calls, count: int) -> None:
        super().__init__(calls)
        self.count = count

    @property
    def Count(self) -> int:
        return self.count


ENGLISH = {".": ".", ",": ",", "y": "y", "m": "m", "d": "d", "General": "General"}
GERMAN = {".": ",", ",": ".", "y": "J", "m": "M", "d": "T", "General": "Standard"}
TOLD = {3: ".", 4: ",", 19: "y", 20: "m", 21: "d", 26: "General"}


class Application(ComObject):
    """The fake Excel; in lower case what tests need, in capitals what COM shows."""

    def __init__(self) -> None:
        super().__init__(Calls())
        self.books: list[Workbook] = []
        self.active_book: Workbook | None = None
        self.selection: Any = None
        self.calculation = AUTOMATIC
        self.status: list[Any] = [STATUS_DEFAULT]
        self.protected_views = 0
        self.language = ENGLISH
        self.new_view: dict[str, Any] = {}  # how the user's Excel shows sheets by default

    ScreenUpdating = Setting(True)
    DisplayAlerts = Setting(True)
    EnableEvents = Setting(True)
    PrintCommunication = Setting(True)
    CalculationState = Setting(0)

    # For tests

    @property
    def display_alerts(self) -> bool:
        with self.calls.inside():
            return bool(self.DisplayAlerts)

    @property
    def active_sheet(self) -> Any:
        return None if self.active_book is None else self.active_book.active_sheet

    @property
    def selection_sheet(self) -> Any:
        return getattr(self.selection, "sheet", None)

    def select_first(self) -> None:
        sheet = self.active_sheet
        is_sheet = isinstance(sheet, Worksheet)
        self.selection = Range(sheet, range(1, 2), range(1, 2)) if is_sheet else None

    def open(self, book: Workbook) -> Workbook:
        self.books.append(book)
        self.active_book = book
        self.select_first()
        return book

    def load(self, name: str, package: bytes) -> Workbook:
        """Open a workbook from a file's content, values instead of formulas."""
        source = openpyxl.load_workbook(io.BytesIO(package), data_only=True)
        book = Workbook(self, name)
        book.sheets = []
        for page in source.worksheets:
            sheet = Worksheet(book, page.title)
            book.sheets.append(sheet)
            for row in page.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        _load(sheet, cell)
        for defined, text in source.defined_names.items():
            book.names.append(_name(book, defined, f"={text.attr_text}"))
        book.active_sheet = book.sheets[source.index(source.active)]
        book.selected = [book.active_sheet]
        return self.open(book)

    # What COM shows

    @property
    def International(self) -> tuple[Any, ...]:
        return tuple(self.language.get(TOLD.get(i + 1, ""), None) for i in range(45))

    @property
    def Hwnd(self) -> int:
        return 1

    @property
    def Version(self) -> str:
        return "16.0"

    @property
    def Workbooks(self) -> Workbooks:
        return Workbooks(self)

    @property
    def ActiveWorkbook(self) -> Workbook | None:
        return self.active_book

    @property
    def ActiveSheet(self) -> Any:
        return self.active_sheet

    @property
    def ActiveWindow(self) -> Window | None:
        return None if self.active_book is None else Window(self.active_book)

    @property
    def Selection(self) -> Any:
        return self.selection

    @property
    def ProtectedViewWindows(self) -> Count:
        return Count(self.calls, self.protected_views)

    @property
    def StatusBar(self) -> Any:
        return self.status[-1]

    @StatusBar.setter
    def StatusBar(self, value: Any) -> None:
        self.status.append(value)

    @property
    def Calculation(self) -> int:
        if not self.books:
            raise com_error("Method 'Calculation' of object '_Application' failed")
        return self.calculation

    @Calculation.setter
    def Calculation(self, value: int) -> None:
        if not self.books or value not in (AUTOMATIC, MANUAL, 2):
            raise com_error("Method 'Calculation' of object '_Application' failed")
        self.calculation = value

    def Intersect(self, Arg1: Range, Arg2: Range) -> Range | None:
        if Arg1.sheet is not Arg2.sheet:
            return None
        rows = sorted({*Arg1.rows} & {*Arg2.rows}) if len(Arg1.rows) < ROWS else list(Arg2.rows)
        columns = [column for column in Arg2.columns if column in Arg1.columns]
        if not rows or not columns:
            return None
        return Range(Arg1.sheet, range(rows[0], rows[-1] + 1), range(columns[0], columns[-1] + 1))


def _load(sheet: Worksheet, cell: Any) -> None:
    value, place = cell.value, (cell.row, cell.column)
    if isinstance(value, dt.datetime):
        value = (value - EPOCH).total_seconds() / 86400
        sheet.loaded_formats[place] = cell.number_format
    if isinstance(value, bool):
        sheet.cells[place] = Typed(value, "boolean")
    elif isinstance(value, int | float):
        sheet.cells[place] = Typed(float(value), "number")
    elif value in ERRORS:
        sheet.cells[place] = Typed(ERRORS[value], "error")
    else:
        sheet.cells[place] = Typed(str(value), "text")
