"""What a user sees of a fake Excel, and selects in it."""

from __future__ import annotations

from typing import Any

from tests.hosts.fake_excel import Application


def state(excel: Application) -> dict[str, Any]:
    """What must be as it was before."""
    with excel.calls.inside():
        names = ("ScreenUpdating", "DisplayAlerts", "EnableEvents", "PrintCommunication")
        settings = {name: getattr(excel, name) for name in names}
        where = getattr(excel.selection, "Address", excel.selection)
        book = excel.active_book
        return settings | {
            "calculation": excel.calculation,
            "status": excel.status[-1],
            "book": book and book.name,
            "sheet": excel.active_sheet and excel.active_sheet.name,
            "selection": where,
            "selected sheet": excel.selection_sheet and excel.selection_sheet.name,
            "group": [sheet.name for sheet in book.selected] if book else [],
        }


def select(excel: Application, sheet: str, address: str) -> None:
    assert excel.active_book is not None
    with excel.calls.inside():
        page = excel.active_book.sheet(sheet)
        page.Activate()
        page.Range(address).Select()
