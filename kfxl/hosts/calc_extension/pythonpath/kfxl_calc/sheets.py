"""Puts the sheets of a report into a document, in place of kfxl's own earlier ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kfxl_calc import marks, page
from kfxl_calc.failures import RestoreError, tried
from kfxl_calc.readers import Readers
from kfxl_calc.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    Json = dict[str, Any]
    Say = Callable[[str], object]

BEGUN = "kfxl report in the making"


class Written:
    """What came of a report.

    ``names`` are those of the new sheets; ``instead`` has, by the name of each earlier sheet that
    is gone, the new one to look at; ``left`` is what is left to do by hand, in words.
    """

    def __init__(self, names: list[str], instead: dict[str, str], left: list[str]) -> None:
        self.names, self.instead, self.left = names, instead, left


def write_report(target: Target, report: Json, say: Say, mark: str = marks.REPORT) -> Written:
    """Write a report's sheets; the earlier ones go only when the new ones are complete.

    If anything fails before, what is half written is removed and the error raised; afterwards
    every step is tried, and nothing raised.
    """
    sheets = target.document.Sheets
    old = [sheet.Name for sheet in sheets if marks.is_own(sheet, mark)]
    begun: list[str] = []
    styles: list[str] = []
    try:
        place = sheets.ElementNames.index(old[0]) if old else _after_last_visible(sheets)
        digit = 0.0
        for number, plain in enumerate(report["sheets"]):
            say(f"kfxl report: sheet {number + 1} of {len(report['sheets'])}")
            begun.append(marks.free_name(BEGUN, sheets.ElementNames))
            sheets.insertNewByName(begun[-1], place + number)
            sheet = sheets.getByName(begun[-1])
            digit = digit or page.digit_width(target, sheet, plain["font"])
            page.write(target, sheet, plain, digit)
            sheet.PageStyle = _style(target, plain["page"], styles)
            page.show(target, sheet, plain)
        readers = Readers(target.document, old)
    except Exception as error:
        left = _remove(sheets, begun) + _remove(_styles(target), styles)
        if left:
            raise RestoreError(["what is there of an unfinished report"], error) from error
        raise
    written = _exchange(target, report, old, begun, mark)
    written.left += readers.enter_again()
    return written


def _exchange(target: Target, report: Json, old: list[str], new: list[str], mark: str) -> Written:
    """Remove the earlier sheets and give the new ones their names and marks."""
    sheets = target.document.Sheets
    left = ["earlier sheets of the report"] if _remove(sheets, old) else []
    names: list[str] = []
    for number, plain in enumerate(report["sheets"]):
        if not tried(partial(_take_name, sheets, new[number], plain["name"], mark, names)):
            left.append(f"the name of the sheet {plain['name']}")
    first = names[0] if names else new[0]
    return Written(names, {name: name if name in names else first for name in old}, left)


def _take_name(sheets: Any, begun: str, wanted: str, mark: str, names: list[str]) -> None:
    sheet = sheets.getByName(begun)
    sheet.Name = marks.free_name(wanted, [name for name in sheets.ElementNames if name != begun])
    names.append(sheet.Name)
    marks.put(sheet, mark)


def _after_last_visible(sheets: Any) -> int:
    visible = [number for number, sheet in enumerate(sheets) if sheet.IsVisible]
    return (visible[-1] if visible else len(sheets.ElementNames) - 1) + 1


def _styles(target: Target) -> Any:
    return target.document.StyleFamilies.getByName("PageStyles")


def _style(target: Target, plain: Json, made: list[str]) -> str:
    """The page style of a sheet, which other sheets of kfxl may have, too."""
    styles, name = _styles(target), page.style_of(plain)
    if not styles.hasByName(name):
        made.append(name)
        styles.insertByName(name, target.document.createInstance("com.sun.star.style.PageStyle"))
        page.set_up(target, styles.getByName(name), plain)
    return name


def _remove(container: Any, names: list[str]) -> list[str]:
    """Remove elements by name; those that could not be removed."""
    return [name for name in names if not tried(partial(_remove_one, container, name))]


def _remove_one(container: Any, name: str) -> None:
    if container.hasByName(name):
        container.removeByName(name)
