"""An open spreadsheet in a running LibreOffice, from the tests' side."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

SECONDS = 60.0
Cells = list[list[Any]]


class Asked(Protocol):
    """What can be asked to have something done; an `office.Office`."""

    def ask(self, do: str, seconds: float = SECONDS, **request: Any) -> Any:
        """Have one thing done."""


class Document:
    """An open spreadsheet. Areas are written ``A1:C9``; values as `inside/cells.py` says."""

    def __init__(self, office: Asked, number: int) -> None:
        self.office = office
        self.number = number

    def __enter__(self) -> Document:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def _cells(self, work: str, seconds: float = SECONDS, **arguments: Any) -> Any:
        return self.office.ask(
            "cells", seconds, document=self.number, work=work, arguments=arguments
        )

    def sheets(self) -> list[str]:
        """Names of the sheets."""
        found: list[str] = self._cells("sheets")
        return found

    def read(self, sheet: str, area: str | None = None) -> Cells:
        """Values of an area, or of all that is used from A1 on; errors as they are shown."""
        found: Cells = self._cells("read", sheet=sheet, area=area)
        return found

    def value(self, sheet: str, cell: str) -> Any:
        """The value of one cell."""
        return self.read(sheet, cell)[0][0]

    def shown(self, sheet: str, area: str | None = None) -> list[list[str]]:
        """Cells as they look."""
        found: list[list[str]] = self._cells("shown", sheet=sheet, area=area)
        return found

    def formulas(self, sheet: str, area: str | None = None) -> list[list[str]]:
        """Cells as they are entered, with LibreOffice's signs."""
        found: list[list[str]] = self._cells("formulas", sheet=sheet, area=area)
        return found

    def names(self) -> dict[str, str]:
        """Names and what they stand for."""
        found: dict[str, str] = self._cells("names")
        return found

    def charts(self) -> dict[str, list[dict[str, Any]]]:
        """Charts by sheet, each with its title and its series' numbers."""
        found: dict[str, list[dict[str, Any]]] = self._cells("charts")
        return found

    def places(self) -> dict[str, list[list[int]]]:
        """Where the charts of each sheet stand: left, top, right and bottom."""
        found: dict[str, list[list[int]]] = self._cells("places")
        return found

    def write(self, *changes: tuple[str, str, Any]) -> None:
        """Write single cells as one edit: sheet, cell, value."""
        self._cells("write", changes=[list(change) for change in changes])

    def fill(self, sheet: str, cell: str, rows: Cells) -> None:
        """Write a block of values from ``cell`` on."""
        self._cells("fill", sheet=sheet, cell=cell, rows=rows)

    def enter(self, *entries: tuple[str, str, str]) -> None:
        """Enter array formulas: sheet, area, formula in LibreOffice's signs."""
        self._cells("enter", 120, entries=[list(entry) for entry in entries])

    def call(self, work: str, **arguments: Any) -> Any:
        """Any other function of `inside/cells.py`."""
        return self._cells(work, **arguments)

    def recalculate(self, seconds: float = SECONDS) -> None:
        """Recompute every formula."""
        self.office.ask("recalculate", seconds, document=self.number)

    def dispatch(self, command: str, seconds: float = 120, **arguments: Any) -> Any:
        """Give a command as the menu does; its result, if it has one."""
        return self.office.ask(
            "dispatch", seconds, document=self.number, command=command, arguments=arguments
        )

    def run(self, file: Path, function: str, seconds: float = SECONDS, **arguments: Any) -> Any:
        """Call ``function(context, document, **arguments)`` of a Python file in there."""
        request = {"file": str(file), "function": function, "arguments": arguments}
        return self.office.ask("run", seconds, document=self.number, **request)

    def save(self, path: Path) -> Path:
        """Write a copy: .xlsx, .xlsm, .ods or .pdf, as the name's end says."""
        self.office.ask("save", 120, document=self.number, path=str(path))
        return path

    def save_as(self, path: Path) -> Path:
        """Save as the user does: the document is that file from now on."""
        self.office.ask("save_as", 120, document=self.number, path=str(path))
        return path

    def close(self) -> None:
        """Close it, saved or not."""
        self.office.ask("close", document=self.number)
