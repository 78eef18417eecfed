"""Writes a report into a document with one call of LibreOffice failing, each in turn.

Runs in a Python with ``uno``. What the extension asks of LibreOffice goes through stand-ins that
count its steps, each a call, a property read or one set, and let the chosen one fail.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any

FAILURE = "failed on purpose"


class Steps:
    """Counts steps by name; the ``number``-th of the name ``chosen`` fails."""

    def __init__(self, chosen: str = "", number: int = 0) -> None:
        self.chosen, self.number = chosen, number
        self.counts: dict[str, int] = {}

    def take(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        if (name, self.counts[name]) == (self.chosen, self.number):
            raise RuntimeError(FAILURE)


class StandIn:
    """An object of LibreOffice, every step of which is counted."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self.__dict__.update(real=real, steps=steps)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, name)
        if not callable(value) or _is_object(value):
            self.steps.take(f"{name} read")
            return _wrapped(value, self.steps)

        def call(*arguments: Any) -> Any:
            self.steps.take(f"{name}()")
            return _wrapped(value(*_plain(arguments)), self.steps)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self.steps.take(f"{name} set")
        setattr(self.real, name, _plain(value))

    def __iter__(self) -> Any:
        return iter([_wrapped(each, self.steps) for each in self.real])


def _is_object(value: Any) -> bool:
    return type(value).__name__ == "pyuno"


def _wrapped(value: Any, steps: Steps) -> Any:
    if isinstance(value, tuple):
        return tuple(_wrapped(each, steps) for each in value)
    return StandIn(value, steps) if _is_object(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.real if isinstance(value, StandIn) else value


def write(
    context: Any, document: Any, package: str, report: Any, failing: str, number: int
) -> dict[str, Any]:
    """Write a report with a failure; what came of it and how often each step was taken."""
    if package not in sys.path:
        sys.path.insert(0, package)
    from kfxl_calc import charts, failures, unotypes
    from kfxl_calc.quiet import Quiet
    from kfxl_calc.sheets import write_report
    from kfxl_calc.target import Target

    charts.set_numbers = lambda target, *rest: unotypes.set_numbers(_plain(target), *rest)
    steps = Steps(failing, number)
    said = ""
    left: list[str] = []
    try:
        target = Target(StandIn(context, steps), StandIn(document, steps))
        with Quiet(target) as quiet:
            written = write_report(target, report, str)
            quiet.keep(written.instead)
            left = written.left
    except Exception as error:  # noqa: BLE001  (of whatever kind, it is told)
        said = failures.message(error)
    undo = document.UndoManager
    locked = [document.hasControllersLocked(), undo.isLocked()]
    while document.hasControllersLocked():
        document.unlockControllers()
    while undo.isLocked():
        undo.unlock()
    return {"said": said, "left": left, "locked": locked, "steps": steps.counts}


def state(context: Any, document: Any) -> dict[str, Any]:
    """What a document holds and shows: sheets, their cells, marks and charts, styles, selection."""
    controller = document.CurrentController
    return {
        "sheets": [_sheet(sheet) for sheet in document.Sheets],
        "styles": list(document.StyleFamilies.getByName("PageStyles").ElementNames),
        "sheet": controller.ActiveSheet.Name,
        "selection": controller.Selection.AbsoluteName,
    }


def _sheet(sheet: Any) -> list[Any]:
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.RangeAddress
    cells = sheet.getCellRangeByPosition(0, 0, end.EndColumn, end.EndRow).getFormulaArray()
    marks = [[name.Name, name.Content] for name in sheet.NamedRanges]
    charts = [
        chart.EmbeddedObject.Title.String + "|" + _areas(chart.EmbeddedObject)
        for chart in sheet.Charts
    ]
    digest = hashlib.sha256(repr(cells).encode()).hexdigest()
    return [sheet.Name, digest, marks, charts, sheet.PageStyle]


def _areas(chart: Any) -> str:
    (system,) = chart.getFirstDiagram().getCoordinateSystems()
    return " ".join(
        pair.getValues().getSourceRangeRepresentation()
        for kind in system.getChartTypes()
        for series in kind.getDataSeries()
        for pair in series.getDataSequences()
    )
