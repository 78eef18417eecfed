"""The document that a report is written into, with what depends on it and on its user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfxl_calc.unotypes import struct

if TYPE_CHECKING:
    from collections.abc import Sequence


class Target:
    """A document and the window that shows it; the one in front where none is given."""

    def __init__(self, context: Any, document: Any, controller: Any = None) -> None:
        self.context, self.document = context, document
        self.controller = document.CurrentController if controller is None else controller
        self._us = struct("lang.Locale", Language="en", Country="US")
        self._users = struct("lang.Locale")
        self._keys: dict[str, int] = {}
        self._charts = {name for sheet in document.Sheets for name in sheet.Charts.ElementNames}

    def new(self, service: str) -> Any:
        """An object of LibreOffice's."""
        return self.context.ServiceManager.createInstanceWithContext(service, self.context)

    def format_key(self, code: str) -> int:
        """The document's number for a number format in US codes, in its user's language."""
        if code not in self._keys:
            formats = self.document.NumberFormats
            self._keys[code] = formats.addNewConverted(code, self._us, self._users)
        return self._keys[code]

    def chart_name(self) -> str:
        """A name that no chart of the document has."""
        number = len(self._charts) + 1
        while f"kfxl chart {number}" in self._charts:
            number += 1
        self._charts.add(f"kfxl chart {number}")
        return f"kfxl chart {number}"


def area_of(sheet: Any, area: Sequence[int]) -> Any:
    """Cells of a sheet: row, column, height, width."""
    row, column, height, width = area
    return sheet.getCellRangeByPosition(column, row, column + width - 1, row + height - 1)
