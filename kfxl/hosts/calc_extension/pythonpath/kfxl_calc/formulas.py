"""The names of our functions in documents: LibreOffice before 24 reads and writes them amiss.

It leaves plain names in files of Excel's kind unresolved (``#NAME?``) until the formulas are
entered again, and saves long names there that no other program knows. Newer ones do both right, and
find nothing to do here.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED = ("OnLoadFinished", "OnLoad")
SAVED = ("OnSaveDone", "OnSaveAsDone")
SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"
EXCEL_FILES = ("Calc MS Excel 2007 XML", "Calc MS Excel 2007 VBA XML")
FORMULA = 16  # com.sun.star.sheet.CellFlags
TEXT_PARTS = (".xml", ".rels")


def after(event: str, document: Any, service: str, methods: dict[str, str]) -> None:
    """Do what is to be done after ``event``; ``methods`` has functions by their methods."""
    if document is None or not document.supportsService(SPREADSHEET):
        return
    if _filter_of(document) not in EXCEL_FILES:
        return
    if event in OPENED:
        enter_again(document, unresolved(methods))
    elif event in SAVED:
        import uno

        if document.getURL().startswith("file:"):
            mend_file(uno.fileUrlToSystemPath(document.getURL()), service, methods)


def unresolved(methods: dict[str, str]) -> re.Pattern[str]:
    """What a formula with a function that LibreOffice has not recognised looks like.

    One that it has recognised is spelt with its long name.

    >>> pattern = unresolved({"kfxlVersion": "KFXL_VERSION"})
    >>> [bool(pattern.search(f)) for f in ("=1+kfxl_version()", "=ORG.KFXL_VERSION()", "=A1")]
    [True, False, False]
    """
    names = "|".join(sorted(methods.values()))
    return re.compile(rf"(?<![\w.])(?:{names})\s*\(", re.IGNORECASE)


def enter_again(document: Any, pattern: re.Pattern[str]) -> int:
    """Enter every formula again that ``pattern`` finds; how many there were.

    The document, which has just been loaded, counts as unchanged; there is nothing to undo.
    """
    places = [
        (sheet, place)
        for sheet in document.getSheets()
        if not sheet.isProtected()
        for place in _places(sheet, pattern)
    ]
    if not places:
        return 0
    undo = document.getUndoManager()
    undo.lock()
    document.addActionLock()
    try:
        for sheet, place in places:
            _enter(sheet, place, pattern)
    finally:
        document.removeActionLock()
        undo.unlock()
        _settle(document)
    return len(places)


def _settle(document: Any) -> None:
    """Let a document count as unchanged, which one with a changed chart does not."""
    for sheet in document.getSheets():
        for chart in sheet.getCharts():
            chart.getEmbeddedObject().setModified(False)
    document.setModified(False)


def _places(sheet: Any, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Row and column of each cell whose formula ``pattern`` finds."""
    for area in sheet.queryContentCells(FORMULA).getRangeAddresses():
        left, top = area.StartColumn, area.StartRow
        block = sheet.getCellRangeByPosition(left, top, area.EndColumn, area.EndRow)
        for row, formulas in enumerate(block.getFormulaArray(), start=top):
            for column, formula in enumerate(formulas, start=left):
                if pattern.search(formula):
                    yield row, column


def _enter(sheet: Any, place: tuple[int, int], pattern: re.Pattern[str]) -> None:
    row, column = place
    cell = sheet.getCellByPosition(column, row)
    formula = cell.getFormula()
    if not pattern.search(formula):  # one of an array that has been entered with its first cell
        return
    if not formula.startswith("{"):
        cell.setFormula(formula)
        return
    cursor = sheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    area = cursor.getRangeAddress()
    whole = sheet.getCellRangeByPosition(
        area.StartColumn, area.StartRow, area.EndColumn, area.EndRow
    )
    whole.setArrayFormula("")
    whole.setArrayFormula(formula[1:-1])


def _filter_of(document: Any) -> str:
    return next((str(each.Value) for each in document.getArgs() if each.Name == "FilterName"), "")


def mend_file(path: str, service: str, methods: dict[str, str]) -> bool:
    """Replace long names in a saved file by plain ones; whether there were any.

    The file is replaced as a whole, and keeps its time, by which LibreOffice would tell that
    another program has changed it.
    """
    names = {method.upper(): name for method, name in methods.items()}
    pattern = re.compile(rf"{re.escape(service)}\.([A-Z]+)(?=\s*\()", re.IGNORECASE)

    def plain(found: re.Match[str]) -> str:
        return names.get(found.group(1).upper(), found.group(0))

    path = os.path.realpath(path)
    with zipfile.ZipFile(path) as package:
        parts = {info: package.read(info) for info in package.infolist()}
    changed = False
    for info, content in parts.items():
        if info.filename.endswith(TEXT_PARTS) and service.upper().encode() in content.upper():
            parts[info] = pattern.sub(plain, content.decode("utf-8")).encode("utf-8")
            changed = changed or parts[info] != content
    if changed:
        _replace(path, parts)
    return changed


def _replace(path: str, parts: dict[zipfile.ZipInfo, bytes]) -> None:
    handle, temporary = tempfile.mkstemp(".tmp", ".kfxl-", os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w") as package:
            for info, content in parts.items():
                package.writestr(info, content)
        before = os.stat(path)
        if hasattr(os, "chown"):
            os.chown(temporary, before.st_uid, before.st_gid)
        shutil.copymode(path, temporary)
        os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def report(error: Exception) -> None:
    """Say what went wrong, for those who start LibreOffice from a terminal."""
    sys.stderr.write(f"kfxl: {type(error).__name__}: {error}\n")
