"""Runs the add-in's VBA in pyOpenVBA's interpreter, with its Excel in memory and no real DLL.

The interpreter is independent of the code that it runs and was measured against Excel by its
authors. It has no COM, no ``WithEvents`` and not all of ``Application``: the DLL, the file system
and the shell are objects of ours here, calls that it does not know are noted down. What the
add-in's VBA sends to Python goes on through xlwings' own COM server.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyopenvba.apps.excel import ExcelApplication
from pyopenvba.interpreter import (
    EMPTY,
    MISSING,
    NOTHING,
    VBAArray,
    VBADate,
    VBAErrorValue,
    VBAObject,
    VBARuntimeError,
    member,
    method,
    setter,
    to_number,
    to_text,
)

from kfxl.hosts import excel_vba
from kfxl.hosts.excel_addin import build_addin, dll_name
from tests.hosts import pywin32_stub

LOCAL = "C:\\Users\\Zoë Łęcka\\AppData\\Local"
DOCUMENTS = "C:\\Users\\Zoë Łęcka\\Documents"
# What the interpreter refuses: calls into DLLs, and attributes of procedures.
REFUSED = re.compile(r"^(Private Declare |Attribute \w+\.VB_Description ).*\r?\n", re.MULTILINE)
# Stands for the two Declare statements, which no interpreter can follow.
DLL_MODULE = """\
Public Function ActivateServer(ByRef Result As Variant, ByVal Command As String, _
    ByVal Mode As Long) As Long
    ActivateServer = CreateObject("kfxl.Dll").Activate(Command, Mode)
    If ActivateServer <> 0 Then
        Result = CreateObject("kfxl.Dll").Message()
    ElseIf Mode = 1 Then
        Set Result = CreateObject("kfxl.Server")
    End If
End Function
Public Function LoadLibrary(ByVal FileName As Variant) As Long
    LoadLibrary = CreateObject("kfxl.Dll").Load(FileName)
End Function
"""


class Server(VBAObject):
    """What the DLL gives: the server object in the Python process."""

    vba_type_name = "PyIDispatch"

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number

    @method
    def CallUDF(
        self, module: object, name: object, arguments: object, book: object, caller: object
    ) -> object:
        """Go on to xlwings, unless this server is no longer there."""
        assert (book, caller) == (NOTHING, NOTHING)
        assert isinstance(arguments, VBAArray)
        if self.number in self.world.killed:
            raise VBARuntimeError(self.world.death, "The RPC server is unavailable.")
        sent = [from_vba(argument) for argument in arguments.items]
        self.world.calls.append((to_text(name), sent))
        return to_vba(self.world.answer(to_text(module), to_text(name), *sent))


class Dll(VBAObject):
    """xlwings' DLL as far as the add-in calls it; :mod:`tests.hosts.wine` runs the real one."""

    vba_type_name = "Dll"

    def __init__(self, world: World) -> None:
        self.world = world

    @method
    def Activate(self, command: object, mode: object) -> object:
        """Start or stop; a line whose server has died never starts again."""
        line, start = to_text(command), int(to_number(mode)) == 1
        self.world.activations.append((line, int(to_number(mode))))
        if not start:
            return 0
        # Where `.\\pythonw.exe` is looked for; a whole path is found from anywhere.
        self.world.started_in.append(self.world.folder)
        fails = self.world.broken or [line for line, _ in self.world.activations].count(line) > 1
        return -2147467259 if fails else 0

    @method
    def Message(self) -> object:
        """What the DLL says after a failure."""
        return "Python process exited before it was possible to create the object.\nCommand: x"

    @method
    def Load(self, path: object) -> object:
        """LoadLibraryW: 0 is a failure."""
        self.world.loaded.append(to_text(path))
        return 0 if self.world.unloadable else 1


class Files(VBAObject):
    """``Scripting.FileSystemObject``."""

    vba_type_name = "FileSystemObject"

    def __init__(self, world: World) -> None:
        self.world = world

    @method
    def FileExists(self, path: object) -> object:
        """Whether a file of the pretended disk has this name."""
        return to_text(path) in self.world.files

    @method
    def GetParentFolderName(self, path: object) -> object:
        """All before the last backslash."""
        return to_text(path).rpartition("\\")[0]

    @method
    def BuildPath(self, folder: object, name: object) -> object:
        """A name in a folder."""
        return f"{to_text(folder)}\\{to_text(name)}"


class Shell(VBAObject):
    """``WScript.Shell``."""

    vba_type_name = "WshShell"

    def __init__(self, world: World) -> None:
        self.world = world

    @member
    def CurrentDirectory(self) -> object:
        """The current folder of the process."""
        return self.world.folder

    @setter("CurrentDirectory")
    def _set_current_directory(self, value: object) -> None:
        self.world.folder = to_text(value)

    @method
    def ExpandEnvironmentStrings(self, text: object) -> object:
        """One variable is enough."""
        return to_text(text).replace("%LOCALAPPDATA%", LOCAL)


class World:
    """Excel in memory with the add-in's modules, and everything around them."""

    def __init__(self, folder: Path, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[str, list[Any]]] = []
        self.activations: list[tuple[str, int]] = []
        self.loaded: list[str] = []
        self.killed: set[int] = set()
        self.death = -2147023174
        self.broken = self.unloadable = False
        self.servers = 0
        self.described: dict[str, dict[str, Any]] = {}
        self.rebuilt = 0
        self.from_1904 = False
        self.links: list[str] = []
        self.changed_links: list[tuple[Any, ...]] = []
        self.refuses_help = False
        self.hidden = True
        self.folder = DOCUMENTS
        self.started_in: list[str] = []
        scripts = f"{LOCAL}\\kfxl\\Scripts\\"
        self.files = {f"{scripts}pythonw.exe", f"{LOCAL}\\kfxl\\{dll_name()}"}
        self.app = ExcelApplication.open(as_workbook(folder), with_vba=False)
        self._equip()
        for name, source in {"TheDll": DLL_MODULE, **excel_vba.modules()}.items():
            self.app.add_module(REFUSED.sub("", source), name=name)
        source = excel_vba.workbook_module().replace("WithEvents ", "")
        self.app.add_module(source, name="ThisWorkbook", kind="document")
        self.book = self.app.add_workbook()
        self._complete(self.book)

    def _equip(self) -> None:
        machine, application = self.app.interpreter, self.app.application
        machine._intrinsics = {**machine._intrinsics, "strptr": lambda _vba, args, _named: args[0]}
        machine.host.create = self._created  # type: ignore[method-assign]
        plain = type(application).vba_get

        def vba_get(name: str, args: Any = (), named: Any = None) -> Any:
            if name.lower() == "macrooptions" and self.refuses_help and self.hidden:
                raise VBARuntimeError(1004, "Cannot edit a macro on a hidden workbook.")
            if name.lower() == "macrooptions":
                told = {key.lower(): value for key, value in named.items()}
                self.described[to_text(told["macro"])] = told
                return EMPTY
            if name.lower() == "calculatefullrebuild":
                self.rebuilt += 1
                return EMPTY
            return plain(application, name, args, named)

        application.vba_get = vba_get
        addin = application.vba_get("ThisWorkbook")
        plain_set = type(addin).vba_set

        def vba_set(name: str, value: Any, *rest: Any, **named: Any) -> None:
            if name.lower() == "isaddin":
                self.hidden = bool(value)
            else:
                plain_set(addin, name, value, *rest, **named)

        addin.vba_set = vba_set

    def _complete(self, book: Any) -> None:
        """Give a book what the Excel in memory does not know: its date system, its links."""
        plain = type(book).vba_get

        def vba_get(name: str, args: Any = (), named: Any = None) -> Any:
            if name.lower() == "date1904":
                return self.from_1904
            if name.lower() == "linksources":
                return to_vba(self.links) if self.links else EMPTY
            if name.lower() == "changelink":
                self.changed_links.append(tuple(from_vba(arg) for arg in args))
                return EMPTY
            return plain(book, name, args, named)

        book.vba_get = vba_get

    def _created(self, name: str) -> object:
        if name == "kfxl.Server":
            self.servers += 1
            return Server(self, self.servers)
        made: dict[str, Callable[[], object]] = {
            "kfxl.Dll": lambda: Dll(self),
            "Scripting.FileSystemObject": lambda: Files(self),
            "WScript.Shell": lambda: Shell(self),
        }
        return made[name]()

    def set_interpreter(self, path: str) -> None:
        """Write the add-in's setting anew."""
        sheet = self.app.application.vba_get("ThisWorkbook").vba_get("Worksheets", ["kfxl.conf"])
        sheet.vba_get("Range", ["B1"]).vba_set("Value", path)

    def fill(self, sheet: str, top: int, left: int, rows: Any) -> Any:
        """Write rows of cells; the range that they take."""
        page = self.book.vba_get("Worksheets", [sheet])
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None and value != "":
                    cell = page.vba_get("Cells", [top + i, left + j])
                    cell.vba_set("Value", to_vba(value))
        first = page.vba_get("Cells", [top, left])
        return first.vba_get("Resize", [len(rows), len(rows[0])])

    def range(self, address: str, sheet: str = "Sheet1") -> Any:
        """A range of the user's book."""
        return self.book.vba_get("Worksheets", [sheet]).vba_get("Range", [address])

    def run(self, name: str, *arguments: Any) -> Any:
        """Call a function or a procedure of the add-in."""
        return from_vba(self.app.interpreter.run(name, list(arguments)))


def as_workbook(folder: Path) -> Path:
    """The add-in as a macro workbook, which is what the reader of files takes."""
    path = folder / "kfxl.xlsm"
    with (
        zipfile.ZipFile(io.BytesIO(build_addin())) as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name).replace(b"addin.macroEnabled", b"sheet.macroEnabled")
            new.writestr(name, content)
    return path


def from_vba(value: Any) -> Any:
    """A Variant as pywin32 hands it to Python."""
    if isinstance(value, VBAArray):
        return _rows(value)
    if value is MISSING:
        return pywin32_stub.MISSING
    if value is EMPTY or value is NOTHING:
        return None
    if isinstance(value, VBAErrorValue):
        return -2146828288 + value.number
    if isinstance(value, VBADate):
        return pywin32_stub.com_time(value.to_datetime())
    if isinstance(value, bool | str | VBAObject):
        return value
    return float(to_number(value))


def _rows(array: VBAArray) -> Any:
    if array.dimensions == 1:
        return tuple(from_vba(item) for item in array.items)
    (top, bottom), (left, right) = array.bounds
    return tuple(
        tuple(from_vba(array.get([row, column])) for column in range(left, right + 1))
        for row in range(top, bottom + 1)
    )


def to_vba(value: Any) -> Any:
    """What Python answers, or a cell's content, as a Variant."""
    if isinstance(value, list | tuple):
        rows = [list(row) for row in value] if isinstance(value[0], list | tuple) else None
        if rows is None:
            return VBAArray([(0, len(value) - 1)], items=[to_vba(item) for item in value])
        columns = zip(*rows, strict=True)
        items = [to_vba(item) for column in columns for item in column]
        return VBAArray([(0, len(rows) - 1), (0, len(rows[0]) - 1)], items=items)
    if isinstance(value, dt.datetime):
        return VBADate.from_datetime(value)
    if isinstance(value, str) and value in ERRORS:
        return VBAErrorValue(ERRORS[value])
    return float(value) if type(value) is int else value


ERRORS = {"#NULL!": 2000, "#DIV/0!": 2007, "#VALUE!": 2015, "#REF!": 2023, "#N/A": 2042}
