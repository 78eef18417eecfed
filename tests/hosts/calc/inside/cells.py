"""Reads and writes cells of a document.

A cell is a number, a text, True or False when written, None or "" when blank; an error is what the
cell shows: ``#N/A``, ``#NAME?``, ``Err:504``.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import looks

ERRORS = {"#N/A", "#DIV/0!", "#VALUE!", "#NUM!", "#REF!", "#NAME?", "#NULL!"}
# Whole columns are asked for in a formula; a result that long is no use to a test.
MOST_CELLS = 2_000_000
FEW = 20  # cells that are quicker asked for one by one


def sheets(context: Any, document: Any) -> list[str]:
    """Names of the sheets, in their order."""
    return list(document.Sheets.ElementNames)


def add_sheet(context: Any, document: Any, name: str) -> None:
    """Add an empty sheet at the end."""
    document.Sheets.insertNewByName(name, document.Sheets.Count)


def remove_sheet(context: Any, document: Any, name: str) -> None:
    """Remove a sheet."""
    document.Sheets.removeByName(name)


def names(context: Any, document: Any) -> dict[str, str]:
    """What each name of the document stands for, as LibreOffice writes it."""
    ranges = document.NamedRanges
    return {name: ranges.getByName(name).Content for name in ranges.ElementNames}


def read(context: Any, document: Any, sheet: str, area: str | None = None) -> list[list[Any]]:
    """Values of an area, or of the used part of a sheet, from A1 on."""
    block = _block(document.Sheets.getByName(sheet), area)
    rows = [list(row) for row in block.DataArray]
    errors = [(i, j) for i, row in enumerate(rows) for j, value in enumerate(row) if value is None]
    if len(errors) > FEW:
        texts = looks.of(context, block)
        for i, j in errors:
            rows[i][j] = texts[i][j]
    else:
        for i, j in errors:
            rows[i][j] = block.getCellByPosition(j, i).String
    return rows


def shown(context: Any, document: Any, sheet: str, area: str | None = None) -> list[list[str]]:
    """Cells as they look."""
    return looks.of(context, _block(document.Sheets.getByName(sheet), area))


def formulas(context: Any, document: Any, sheet: str, area: str | None = None) -> list[list[str]]:
    """Cells as they are entered, with LibreOffice's signs: ``=SUM(Sheet2.A1;2)``."""
    return [list(row) for row in _block(document.Sheets.getByName(sheet), area).FormulaArray]


def write(context: Any, document: Any, changes: list[list[Any]]) -> None:
    """Write single cells, ``[sheet, cell, value]`` each, as one edit.

    A text that begins with ``=`` is a formula in LibreOffice's own signs.
    """
    found = [
        (document.Sheets.getByName(sheet).getCellRangeByName(cell).getCellByPosition(0, 0), value)
        for sheet, cell, value in changes
    ]
    document.enableAutomaticCalculation(False)
    for cell, value in found:
        _put(cell, value)
    document.enableAutomaticCalculation(True)


def fill(context: Any, document: Any, sheet: str, cell: str, rows: list[list[Any]]) -> None:
    """Write a block of cells from ``cell`` on; ``""`` is a formula that gives an empty text."""
    here = document.Sheets.getByName(sheet)
    corner = here.getCellRangeByName(cell).CellAddress
    top, left = corner.Row, corner.Column
    width = max(len(row) for row in rows)
    full = [[*row, *[None] * (width - len(row))] for row in rows]
    data = tuple(tuple(_plain(value) for value in row) for row in full)
    _rectangle(here, top, left, len(rows), width).setDataArray(data)
    for j in range(width):
        first = 0
        for formula, run in groupby(_formula(row[j]) for row in full):
            count = len(list(run))
            if formula:
                part = _rectangle(here, top + first, left + j, count, 1)
                part.setFormulaArray(((formula,),) * count)
            first += count


def enter(context: Any, document: Any, entries: list[list[str]]) -> None:
    """Enter array formulas, ``[sheet, area, formula]`` each."""
    for sheet, area, formula in entries:
        _block(document.Sheets.getByName(sheet), area).setArrayFormula(formula)


def clear(context: Any, document: Any, sheet: str, area: str) -> None:
    """Empty an area."""
    _block(document.Sheets.getByName(sheet), area).clearContents(1023)


def charts(context: Any, document: Any) -> dict[str, list[dict[str, Any]]]:
    """Charts by sheet: kind, title, and for each series its numbers."""
    return {
        name: [_chart(charts.getByName(one).EmbeddedObject) for one in charts.ElementNames]
        for name in document.Sheets.ElementNames
        for charts in [document.Sheets.getByName(name).Charts]
    }


def places(context: Any, document: Any) -> dict[str, list[list[int]]]:
    """Where the charts of each sheet stand: left, top, right and bottom in hundredths of mm."""
    found = {}
    for name in document.Sheets.ElementNames:
        shapes = document.Sheets.getByName(name).DrawPage
        charts = [shape for shape in shapes if hasattr(shape, "PersistName")]
        corners = [(chart.Position, chart.Size) for chart in charts]
        found[name] = [[at.X, at.Y, at.X + by.Width, at.Y + by.Height] for at, by in corners]
    return found


def _chart(chart: Any) -> dict[str, Any]:
    diagram = chart.FirstDiagram
    series = []
    for system in diagram.CoordinateSystems:
        for kind in system.ChartTypes:
            for one in kind.DataSeries:
                values = [
                    [sequence.Values.SourceRangeRepresentation, list(sequence.Values.NumericalData)]
                    for sequence in one.DataSequences
                    if sequence.Values is not None
                ]
                series.append({"kind": kind.ChartType, "values": _finite(values)})
    title = chart.getTitleObject()
    text = "".join(part.String for part in title.Text) if title is not None else ""
    return {"title": text, "series": series}


def _finite(values: list[list[Any]]) -> list[list[Any]]:
    """Numbers that are none, which JSON cannot hold, as None."""
    return [[name, [x if x == x else None for x in numbers]] for name, numbers in values]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return ""
    return float(value) if isinstance(value, (int, float)) else str(value)


def _formula(value: Any) -> str:
    """The formula that gives a value which cannot be entered as one; empty text for others."""
    if isinstance(value, bool):
        return "=TRUE()" if value else "=FALSE()"
    return f"={value}" if value in ERRORS else '=""' if value == "" else ""


def _put(cell: Any, value: Any) -> None:
    if value is None or value == "":
        cell.setString("")
    elif _formula(value):
        cell.setFormula(_formula(value))
    elif isinstance(value, (int, float)):
        cell.setValue(value)
    elif value.startswith("="):
        cell.setFormula(value)
    else:
        cell.setString(value)


def _rectangle(sheet: Any, top: int, left: int, height: int, width: int) -> Any:
    return sheet.getCellRangeByPosition(left, top, left + width - 1, top + height - 1)


def _block(sheet: Any, area: str | None) -> Any:
    if area is not None:
        return sheet.getCellRangeByName(area)
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    end = cursor.RangeAddress
    if (end.EndRow + 1) * (end.EndColumn + 1) > MOST_CELLS:
        raise ValueError(f"{sheet.Name} uses {end.EndRow + 1} rows, {end.EndColumn + 1} columns")
    return _rectangle(sheet, 0, 0, end.EndRow + 1, end.EndColumn + 1)
