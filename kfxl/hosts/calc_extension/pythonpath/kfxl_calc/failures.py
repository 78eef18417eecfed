"""What goes wrong in LibreOffice, in one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfxl_calc.child import ChildError
from kfxl_calc.ranges import MARK

if TYPE_CHECKING:
    from collections.abc import Callable

TRY_AGAIN = "nothing of yours was changed; try again"


class RefusalError(Exception):
    """What keeps a command from being carried out: one line with its remedy."""


class RestoreError(Exception):
    """What could not be put back, in words; ``cause`` is what went wrong before, if anything."""

    def __init__(self, left: list[str], cause: Exception | None) -> None:
        super().__init__(left, cause)
        self.left, self.cause = left, cause


def tried(step: Callable[[], object]) -> bool:
    """Whether a step that must not stop the others worked."""
    try:
        step()
    except Exception:  # noqa: BLE001  (whatever it is, the other steps come next)
        return False
    return True


def message(error: Exception) -> str:
    """One line for a message box: what went wrong and what to do; never a traceback.

    >>> message(RefusalError("Plan.ods: is open for reading only; save a copy"))
    'Plan.ods: is open for reading only; save a copy'
    >>> message(ValueError("no such sheet."))
    'LibreOffice: ValueError: no such sheet; nothing of yours was changed; try again'
    """
    if isinstance(error, RestoreError):
        cause = "Done" if error.cause is None else message(error.cause)
        return f"{cause}. Could not be set back: {', '.join(error.left)}; do it by hand"
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, (RefusalError, ChildError)):
        return text[len(MARK) :].strip() if text.startswith(MARK) else text
    kind = type(error).__name__.rpartition(".")[2]  # UNO's have long names
    return f"LibreOffice: {kind}{': ' if text else ''}{text}; {TRY_AGAIN}"
