"""What goes wrong in a running Excel, in one line that says what to do."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kfxl.errors import InputError
from kfxl.spreadsheet.cells import MARK
from kfxl.spreadsheet.commands import in_words_of_the_menu
from kfxl.spreadsheet.failures import error_text

# Excel refuses every call while a cell is being edited or a dialog is open.
REJECTED = -2147418111
IGNORED = -2146777998
ATTEMPTS, PAUSE = 20, 0.1  # seconds: Excel may be busy for a moment
WHEN_BUSY = "finish editing the cell (Enter or Esc), close any dialog, then try again"


class RestoreError(Exception):
    """What could not be put back, in words; ``cause`` is what went wrong before, if anything."""

    def __init__(self, settings: list[str], cause: Exception | None) -> None:
        super().__init__(settings, cause)
        self.settings, self.cause = settings, cause


def com_errors() -> tuple[type[Exception], ...]:
    """The kinds of error that a call of Excel raises."""
    try:
        return (importlib.import_module("pywintypes").com_error,)
    except ImportError:  # not on Windows: no Excel, no such errors
        return ()


def absences() -> tuple[type[Exception], ...]:
    """The kinds of error that say that an object has no such member, or that it refuses."""
    return (AttributeError, *com_errors())


def is_busy(error: Exception) -> bool:
    """Whether Excel refused to listen at all."""
    if is_refusal(error):
        return True
    if not isinstance(error, com_errors()):
        return False
    return bool({REJECTED, IGNORED} & {getattr(error, "hresult", None), _details(error)[5]})


def is_refusal(error: Exception) -> bool:
    """Whether pywin32 hides why a call failed: it then says that there is no such attribute."""
    if not isinstance(error, AttributeError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and "win32com" in Path(frames[-1].filename).parts


def tried(step: Callable[[], object]) -> bool:
    """Whether a step that must not stop the others worked, with some patience for a busy Excel."""
    for _ in range(ATTEMPTS):
        try:
            step()
        except Exception as error:  # noqa: BLE001 (whatever it is, the other steps come next)
            if not is_busy(error):
                return False
            time.sleep(PAUSE)
        else:
            return True
    return False


def message(error: Exception) -> str:
    """One line for a message box: what went wrong and what to do; never a traceback.

    >>> message(InputError("Settings", "asset A has no budget and bounds", "run kfxl fit first"))
    'Settings: asset A has no budget and bounds; press Fit workbook to data'
    """
    if isinstance(error, RestoreError):
        cause = "Done" if error.cause is None else message(error.cause)
        return f"{cause}. Could not be set back: {', '.join(error.settings)}; do it by hand"
    if isinstance(error, InputError):
        error = in_words_of_the_menu(error)
    elif is_busy(error):
        problem = " ".join(str(error).split()).rstrip(".") if is_refusal(error) else "is busy"
        error = InputError("Excel", problem, WHEN_BUSY)
    elif isinstance(error, com_errors()):
        error = InputError("Excel", _words(error), "nothing of yours was changed; try again")
    return error_text(error).removeprefix(f"{MARK} ")


def _details(error: Exception) -> tuple[Any, ...]:
    return getattr(error, "excepinfo", None) or (None,) * 6


def _words(error: Exception) -> str:
    """Excel's own description, else the system's."""
    text = _details(error)[2] or getattr(error, "strerror", None) or "refused"
    return " ".join(str(text).split()).rstrip(".")
