"""The names of our functions in documents: LibreOffice before 24 reads and writes them amiss.

It leaves plain names in files of Excel's kind unresolved (``#NAME?``) until the formulas are
entered again, and saves long names there that no other program knows. Newer ones do both right, so
nothing is done there.
"""

from __future__ import annotations

import functools
import re
import sys
import zipfile
from typing import TYPE_CHECKING, Any

from kfxl_calc import boxes
from kfxl_calc.ranges import MARK
from kfxl_calc.saved import may_name, mend_file
from kfxl_calc.unotypes import properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    Place = tuple[int, int, str]

LOADED, SHOWN = "OnLoadFinished", "OnLoad"
SAVED = ("OnSaveDone", "OnSaveAsDone")
RIGHT = 24  # the first version that needs none of this
SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"
EXCEL_FILES = (
    "Calc MS Excel 2007 XML",
    "Calc MS Excel 2007 VBA XML",
    "Calc MS Excel 2007 XML Template",
    "Calc Office Open XML",
    "Calc Office Open XML Template",
)
FORMULA = 16  # com.sun.star.sheet.CellFlags
LATER = "or use LibreOffice 24 or newer"

# Sheets that were left as they are, by document, until its window is there to tell it in.
_left: dict[str, list[str]] = {}
_told: set[str] = set()


def after(context: Any, event: str, document: Any, service: str, methods: dict[str, str]) -> None:
    """Do what is to be done after ``event``; ``methods`` has functions by their methods."""
    if is_right(context) or document is None or not document.supportsService(SPREADSHEET):
        return
    if _filter_of(document) not in EXCEL_FILES:
        return
    if event == LOADED:
        path = _path_of(document)
        named = path is None or may_name(path, methods.values())
        left = enter_again(document, unresolved(methods)) if named else []
        if left:
            _left[document.RuntimeUID] = left
    elif event == SHOWN:
        left = _left.pop(document.RuntimeUID, [])
        if left:
            _tell(context, document, _about_sheets(document.Title, left))
    elif event in SAVED:
        _mend(context, document, service, methods)


@functools.lru_cache(maxsize=1)
def is_right(context: Any) -> bool:
    """Whether this LibreOffice reads and writes the names right itself; asked for once."""
    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    product = provider.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationAccess",
        properties(nodepath="/org.openoffice.Setup/Product"),
    )
    return int(str(product.ooSetupVersion).partition(".")[0]) >= RIGHT


def unresolved(methods: dict[str, str]) -> re.Pattern[str]:
    """What a formula with a function that LibreOffice has not recognised looks like.

    One that it has recognised is spelt with its long name, except in an array.

    >>> pattern = unresolved({"kfxlVersion": "KFXL_VERSION"})
    >>> [bool(pattern.search(f)) for f in ("=1+kfxl_version()", "=ORG.KFXL_VERSION()", "=A1")]
    [True, False, False]
    """
    names = "|".join(sorted(methods.values()))
    return re.compile(rf"(?<![\w.])(?:{names})\s*\(", re.IGNORECASE)


def enter_again(document: Any, pattern: re.Pattern[str]) -> list[str]:
    """Enter again every name and formula that ``pattern`` finds; sheets where some could not be.

    The document, which has just been loaded, counts as unchanged; there is nothing to undo.
    """
    names = [name for name in _names(document) if pattern.search(name.getContent())]
    found = [(sheet, list(_places(sheet, pattern))) for sheet in document.getSheets()]
    found = [(sheet, places) for sheet, places in found if places]
    if not (names or found):
        return []
    undo = document.getUndoManager()
    undo.lock()
    document.addActionLock()
    try:
        for name in names:
            name.setContent(name.getContent())
        return [sheet.getName() for sheet, places in found if not _enter_all(sheet, places)]
    finally:
        document.removeActionLock()
        undo.unlock()
        _settle(document)


def _settle(document: Any) -> None:
    """Let a document count as unchanged, which one with a changed chart does not."""
    for sheet in document.getSheets():
        for chart in sheet.getCharts():
            chart.getEmbeddedObject().setModified(False)
    document.setModified(False)


def _names(document: Any) -> Iterator[Any]:
    """Names of the document and of its sheets."""
    for holder in (document, *document.getSheets()):
        yield from holder.NamedRanges


def _places(sheet: Any, pattern: re.Pattern[str]) -> Iterator[Place]:
    """Row, column and formula of each cell whose formula ``pattern`` finds."""
    for area in sheet.queryContentCells(FORMULA).getRangeAddresses():
        left, top = area.StartColumn, area.StartRow
        block = sheet.getCellRangeByPosition(left, top, area.EndColumn, area.EndRow)
        for row, formulas in enumerate(block.getFormulaArray(), start=top):
            for column, formula in enumerate(formulas, start=left):
                if pattern.search(formula):
                    yield row, column, formula


def _enter_all(sheet: Any, places: list[Place]) -> bool:
    """Enter the formulas of a sheet again; whether all could be.

    Protection keeps arrays alone from being entered.
    """
    locked = sheet.isProtected() and any(formula.startswith("{") for *_, formula in places)
    if locked and not _unprotected(sheet):
        for row, column, formula in places:
            if not formula.startswith("{"):
                sheet.getCellByPosition(column, row).setFormula(formula)
        return False
    try:
        done: set[tuple[int, int]] = set()
        for place in places:
            _enter(sheet, place, done)
    finally:
        if locked:
            sheet.protect("")
    return True


def _unprotected(sheet: Any) -> bool:
    """Take the protection from a sheet; whether that was possible, which a password prevents."""
    try:
        sheet.unprotect("")
    except Exception:  # noqa: BLE001  (UNO's own exceptions cannot be named without uno)
        return False
    return not sheet.isProtected()


def _enter(sheet: Any, place: Place, done: set[tuple[int, int]]) -> None:
    """Enter a formula again, an array's once; ``done`` has the cells of arrays."""
    row, column, formula = place
    if (row, column) in done:
        return
    cell = sheet.getCellByPosition(column, row)
    if not formula.startswith("{"):
        cell.setFormula(formula)
        return
    cursor = sheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    area = cursor.getRangeAddress()
    rows = range(area.StartRow, area.EndRow + 1)
    done.update((i, j) for i in rows for j in range(area.StartColumn, area.EndColumn + 1))
    # Over the old one: where this fails, the old one is still there.
    sheet.getCellRangeByPosition(
        area.StartColumn, area.StartRow, area.EndColumn, area.EndRow
    ).setArrayFormula(formula[1:-1])


def _filter_of(document: Any) -> str:
    return next((str(each.Value) for each in document.getArgs() if each.Name == "FilterName"), "")


def _path_of(document: Any) -> str | None:
    """Where a document's file is, if it is a file of this computer."""
    url = document.getURL()
    if not url.startswith("file:"):
        return None
    import uno

    return str(uno.fileUrlToSystemPath(url))


def _mend(context: Any, document: Any, service: str, methods: dict[str, str]) -> None:
    """Write plain names into the file of a document that has just been saved, or tell why not."""
    if not _has_formulas(document):
        return
    url, path = document.getURL(), _path_of(document)
    try:
        if path is None:
            raise OSError("it is no file of this computer")
        mend_file(path, service, methods)
    except (OSError, zipfile.BadZipFile) as error:
        report(error)
        if url not in _told and _uses(document, service, methods):
            _told.add(url)
            _tell(context, document, _about_file(document.Title, error))


def _has_formulas(document: Any) -> bool:
    """Whether there are any, so that a file without is not read."""
    return any(True for _ in _names(document)) or any(
        sheet.queryContentCells(FORMULA).getRangeAddresses() for sheet in document.getSheets()
    )


def _uses(document: Any, service: str, methods: dict[str, str]) -> bool:
    """Whether a document calls functions of ours, by whatever name."""
    pattern = re.compile(rf"{re.escape(service)}\.|{unresolved(methods).pattern}", re.IGNORECASE)
    return any(pattern.search(name.getContent()) for name in _names(document)) or any(
        True for sheet in document.getSheets() for _ in _places(sheet, pattern)
    )


def _about_sheets(title: str, sheets: list[str]) -> str:
    return (
        f"{title}: array formulas with kfxl's functions in {', '.join(sheets)} show #NAME? when "
        "they are recalculated, as these sheets are protected with a password. Take the protection "
        f"off (Tools > Protect Sheet), save and open the file again, {LATER}."
    )


def _about_file(title: str, error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile):
        cause, remedy = "the file has a password", "save it without a password"
    elif isinstance(error, PermissionError):
        cause = "the file cannot be written to once more"
        remedy = "close it and save it in another folder"
    else:
        cause, remedy = str(error), "save it in another folder of this computer"
    return (
        f"{title}: is saved, but with names of kfxl's functions that only LibreOffice knows; in "
        f"Excel they show #NAME?. The reason: {cause}. For Excel, {remedy}, {LATER}."
    )


def _tell(context: Any, document: Any, text: str) -> None:
    """Show a text over the document's window, if it has one; without a screen nothing appears."""
    controller = document.getCurrentController()
    frame = controller.getFrame() if controller is not None else None
    window = frame.getContainerWindow() if frame is not None else None
    if window is not None and window.isVisible():
        boxes.tell(context, frame, f"{MARK} {text}")


def report(error: Exception) -> None:
    """Say what went wrong, for those who start LibreOffice from a terminal."""
    if sys.stderr is not None:  # as it is in a program with windows alone
        sys.stderr.write(f"kfxl: {type(error).__name__}: {error}\n")
