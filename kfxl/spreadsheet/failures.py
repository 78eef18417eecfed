"""What a cell says when a function fails, and the log of failures that nobody foresaw."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from kfxl.errors import InputError, SolverError
from kfxl.spreadsheet.cells import MARK

LONGEST = 250
LOG_BYTES = 1_000_000


def error_text(error: Exception, renames: Mapping[str, str] | None = None) -> str:
    """One line for a cell: ``#KFXL! argument: what is wrong; what to do``.

    ``renames`` gives the worksheet's name of an argument that the core calls otherwise.

    >>> error_text(InputError("lower", "2 is too large", "lower it"), {"lower": "min_weight"})
    '#KFXL! min_weight: 2 is too large; lower it'
    """
    if isinstance(error, InputError):
        argument = (renames or {}).get(error.argument, error.argument)
        start, problem, end = f"{MARK} {argument}: ", error.problem, f"; {error.remedy}"
    elif isinstance(error, SolverError):
        start, problem, end = f"{MARK} solver: ", error.problem, f"; {error.remedy}"
    else:
        log_failure(error)
        start, problem = f"{MARK} unexpected: ", f"{type(error).__name__} in {_place(error)}"
        end = "; run kfxl check, which names the log, and report it"
    return _one_line(start, problem, end)


def _one_line(start: str, problem: str, end: str) -> str:
    start, problem, end = (_printable(part) for part in (start, problem, end))
    room = LONGEST - len(start) - len(end)
    if len(problem) > room >= 20:
        half = (room - 5) // 2
        problem = f"{problem[:half]} ... {problem[len(problem) - half :]}"
    text = start + problem + end
    return text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."


def _printable(text: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text)
    gap = " " if plain.endswith(" ") else ""
    return " ".join(plain.split()) + gap


def _frames(error: BaseException) -> list[str]:
    """The lines of kfxl's own code that an error came through, innermost last."""
    home = Path(__file__).parents[1]
    return [
        f"{Path(frame.filename).relative_to(home)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(home)
    ]


def _place(error: BaseException) -> str:
    frames = _frames(error)
    return frames[-1] if frames else "an unknown place"


def log_path() -> Path:
    """The log of unexpected failures, in the platform's folder for such files."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "kfxl" / "kfxl.log"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Logs" / "kfxl" / "kfxl.log"
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "kfxl" / "kfxl.log"


def _quiet_handler(path: Path) -> logging.Handler:
    # Rotating needs sockets' code, too, which a start without a failure need not load.
    from logging.handlers import RotatingFileHandler

    class QuietHandler(RotatingFileHandler):
        """A log that cannot be written must not disturb a sheet."""

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            """Drop the record."""

    return QuietHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")


def log_failure(error: BaseException) -> None:
    """Write the kind of an error and where in kfxl it arose; never a value or a message.

    Messages of foreign errors may quote data, and a user sends the log to others.
    """
    try:
        path = log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _quiet_handler(path)
    except Exception:  # noqa: BLE001 (whatever stops the log, the cell still gets its text)
        return
    try:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        text = " < ".join([type(error).__name__, *reversed(_frames(error))])
        handler.handle(logging.LogRecord("kfxl", logging.ERROR, "", 0, text, None, None))
    finally:
        handler.close()
