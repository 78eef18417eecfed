"""Builds kfxl.xlam, Excel's add-in, from the installed xlwings: on any system, the same bytes.

The container of the VBA project comes from the add-in template inside the xlwings package; its
modules are replaced by ours (:mod:`kfxl.hosts.excel_vba`). It is built where it is used because
its VBA loads the DLL of exactly the xlwings that is installed, and because a file made on the
machine itself carries no mark of the web.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import tempfile
import zipfile
from importlib.metadata import distribution, version
from importlib.util import find_spec
from pathlib import Path

from kfxl.errors import InputError
from kfxl.hosts import excel_vba

ADDIN = "kfxl.xlam"
PROJECT = "kfxl"
CONFIG = "kfxl.conf"
DEFAULT_INTERPRETER = r"%LOCALAPPDATA%\kfxl\Scripts\pythonw.exe"
# On a drive, on a server's share, or below the folder that a variable names.
INTERPRETER = re.compile(
    r"""(?:[a-z]:|\\\\[^\\/:*?"<>|]+\\[^\\/:*?"<>|]+|%[^\\/:*?"<>|%]+%)"""
    r"""\\(?:[^\\/:*?"<>|]+\\)*pythonw?\.exe""",
    re.IGNORECASE,
)
LONGEST_PATH = 255

TEMPLATE = "quickstart_addin_ribbon.xlam"
TEMPLATE_PROJECT = "MyAddin"
TEMPLATE_SHEET = "Sheet2"
BINARY = "xl/vbaProject.bin"
RIBBON = "customUI/customUI14.xml"
RIBBON_TYPE = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
BOOK_TYPE = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
ADDIN_TYPE = "application/vnd.ms-excel.addin.macroEnabled.main+xml"
# A fixed moment, so that the same xlwings always gives the same bytes.
CREATED = dt.datetime(2026, 1, 1)
PROJECT_NAME_RECORD = 4
CALC_ID = 191029  # of a recent Excel; an older one would be told to recompute


def build_addin(interpreter: str = DEFAULT_INTERPRETER) -> bytes:
    """The add-in as a file's content.

    Parameters
    ----------
    interpreter : str
        Windows' path of the ``pythonw.exe`` whose environment holds kfxl. Variables such as
        ``%LOCALAPPDATA%`` stay as they are and are read when the add-in starts Python.

    Returns
    -------
    bytes
        The .xlam package; the same interpreter, kfxl and xlwings give the same bytes.

    Raises
    ------
    InputError
        An interpreter that cmd.exe could not be told, or an xlwings whose template differs.

    Examples
    --------
    >>> build_addin() == build_addin()
    True
    """
    check_interpreter(interpreter)
    return _package(_binary(), interpreter)


def dll_name(bits: int = 64) -> str:
    """Name of xlwings' DLL, for Excel of 64 or 32 bits.

    >>> dll_name().startswith("xlwings64-")
    True
    """
    return f"xlwings{bits}-{version('xlwings')}.dll"


def notices() -> str:
    """Licence of what the add-in takes from others, to be put beside it.

    >>> "BSD" in notices() or "Redistribution" in notices()
    True
    """
    licence = distribution("xlwings").read_text("licenses/LICENSE.txt") or ""
    return (
        f"{ADDIN} is part of kfxl (MIT licence). The container of its VBA project comes from\n"
        f"xlwings {version('xlwings')}, whose DLL it loads. xlwings is under this licence:\n\n"
        f"{licence}"
    )


def check_interpreter(interpreter: str) -> None:
    r"""Refuse what is no full path of a Windows Python, or would break out of the command line.

    >>> check_interpreter(r"C:\Python & Co\pythonw.exe")
    """
    if len(interpreter) > LONGEST_PATH:
        problem = f"it has {len(interpreter)} characters, and at most {LONGEST_PATH} serve"
        raise InputError("interpreter", problem, "install kfxl in a shorter folder")
    if not INTERPRETER.fullmatch(interpreter) or not interpreter.isprintable():
        shown = "".join(c if c.isprintable() else " " for c in interpreter) or "nothing"
        problem = f"{shown} is not the full path of a pythonw.exe"
        raise InputError("interpreter", problem, f"give one such as {DEFAULT_INTERPRETER}")


def _binary() -> bytes:
    """The VBA project: xlwings' container, our modules, our name."""
    from pyopenvba import ExcelFile

    with tempfile.TemporaryDirectory(prefix="kfxl-") as name:
        source, target = Path(name) / "template.xlam", Path(name) / ADDIN
        source.write_bytes(_template().read_bytes())
        with ExcelFile(source) as book:
            project = book.vba_project()
            for module in project.module_names():
                if module not in (excel_vba.WORKBOOK_MODULE, TEMPLATE_SHEET):
                    project.delete_module(module)
            project.get_module(excel_vba.WORKBOOK_MODULE).body = excel_vba.workbook_module()
            for module, code in excel_vba.modules().items():
                project.add_module(module, code)
            # Nothing of ours needs it, and it names a folder of the template's author.
            book.remove_reference("MSForms")
            book.save(target)
        with zipfile.ZipFile(target) as package:
            return _renamed(package.read(BINARY))


def _template() -> Path:
    """The template, found without importing xlwings: on Windows that leaves files behind."""
    found = find_spec("xlwings")
    for folder in (found and found.submodule_search_locations) or ():
        if (path := Path(folder) / TEMPLATE).is_file():
            return path
    remedy = 'run the installer of kfxl again, or: pip install "kfxl[excel]"'
    raise InputError("xlwings", "its add-in template is missing", remedy)


def _renamed(binary: bytes) -> bytes:
    """The VBA project under our name, which Excel shows and uses to tell projects apart."""
    from pyopenvba.cfb import CFB
    from pyopenvba.vba import compress, decompress

    container = CFB.from_bytes(binary)
    listing = decompress(container.get_stream_in_storage("VBA", "dir"))
    old, new = (
        struct.pack("<HI", PROJECT_NAME_RECORD, len(name)) + name.encode("ascii")
        for name in (TEMPLATE_PROJECT, PROJECT)
    )
    listing = _replaced(listing, old, new)
    container.write_stream_in_storage("VBA", "dir", compress(listing))
    text = container.get_stream("PROJECT")
    old, new = (f'Name="{name}"'.encode("ascii") for name in (TEMPLATE_PROJECT, PROJECT))
    # The list of windows comes last; it is optional, and names windows that are no longer there.
    listed, _, _ = _replaced(text, old, new).partition(b"[Workspace]")
    container.write_stream("PROJECT", listed.rstrip() + b"\r\n")
    renamed: bytes = container.to_bytes()
    return renamed


def _replaced(content: bytes, old: bytes, new: bytes) -> bytes:
    if content.count(old) != 1:
        problem = f"the add-in template of version {version('xlwings')} is not the one known"
        raise InputError("xlwings", problem, "install kfxl again, which brings the right version")
    return content.replace(old, new)


def _package(binary: bytes, interpreter: str) -> bytes:
    """The workbook around the VBA project, with its settings and the ribbon's tab."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"title": PROJECT, "author": PROJECT, "created": CREATED})
    book.add_vba_project(io.BytesIO(binary), is_stream=True)
    book.set_vba_name(excel_vba.WORKBOOK_MODULE)
    sheet = book.add_worksheet(CONFIG)
    sheet.set_vba_name(TEMPLATE_SHEET)
    sheet.write_string("A1", "Interpreter_Win")
    sheet.write_string("B1", interpreter)
    # Opening the add-in must not recompute the books that are open.
    book.calc_on_load = False
    book.set_calc_mode("auto", CALC_ID)
    book.close()
    return _as_addin(stream.getvalue())


def _as_addin(package: bytes) -> bytes:
    """The workbook's package as an add-in's, with the part that describes the ribbon."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "[Content_Types].xml":
                content = _replaced(content, BOOK_TYPE.encode(), ADDIN_TYPE.encode())
            elif item.filename == "_rels/.rels":
                end = "</Relationships>"
                relation = f'<Relationship Id="kfxl" Type="{RIBBON_TYPE}" Target="{RIBBON}"/>{end}'
                content = _replaced(content, end.encode(), relation.encode())
            _write(new, item.filename, content)
        _write(new, RIBBON, excel_vba.stored("customUI14.xml").encode("utf-8"))
    return stream.getvalue()


def _write(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, CREATED.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0  # else the file would say on which system it was built
    package.writestr(entry, content)
