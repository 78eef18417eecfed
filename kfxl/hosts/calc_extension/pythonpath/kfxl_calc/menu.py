"""The commands of the menu."""

from __future__ import annotations

from typing import Any

COMMANDS = ("run_backtest", "new_workbook", "fit_workbook", "function_list", "check")


class Office:
    """The running LibreOffice: its context, the frame of the document, kfxl's process."""

    def __init__(self, context: Any, frame: Any, child: Any) -> None:
        self.context, self.frame, self.child = context, frame, child


def carry_out(command: str, office: Office, silent: bool) -> str:
    """Do what a menu entry says; the text that the user sees."""
    return ""
