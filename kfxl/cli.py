"""The command ``kfxl``: every failure becomes one line on standard error.

The commands themselves are in ``_cli_commands.py``; this module stands in front of them and
imports nothing that may be missing.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from kfxl._cli_extras import EXCEL_EXTRA, FILES_EXTRA, remedy
from kfxl.errors import KfxlError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``kfxl``; those of the process by default.

    Returns
    -------
    int
        0, or 1 when something failed, 2 when the command was not understood, 130 when the user
        interrupted it.
    """
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show is no reason to fail.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from kfxl._cli_commands import run

        code = run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    except KeyboardInterrupt:
        return _fail("interrupted; no output was written", 130)
    except ModuleNotFoundError as error:
        return _missing(error)
    except Exception as error:  # noqa: BLE001  the one place where nothing may pass
        return _fail(*_explain(error))
    return code


def _explain(error: Exception) -> tuple[str, int]:
    """One line for any exception, and its exit code."""
    if isinstance(error, KfxlError):
        return str(error), 1
    understood = getattr(error, "format_message", None)
    if callable(understood):  # the command line was not understood
        return f"{understood().rstrip('.')}; see kfxl --help", getattr(error, "exit_code", 2)
    if isinstance(error, MemoryError):
        return "memory: there is not enough for this; use fewer rows or assets", 1
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}; check the name, the place and its permissions", 1
    return _unexpected(error), 1


def _unexpected(error: Exception) -> str:
    """Log what nobody foresaw, and name the log."""
    from kfxl.spreadsheet.failures import log_failure, log_path

    log_failure(error)
    return (
        f"unexpected: {type(error).__name__}: {error}; please report this with the log {log_path()}"
    )


def _missing(error: ModuleNotFoundError) -> int:
    """Name the remedy for a package that is not there."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in (("files", FILES_EXTRA), ("excel", EXCEL_EXTRA)):
        if package in packages:
            return _fail(f"{package}: this package is missing; {remedy(extra)}", 1)
    if package == "kfxl":
        return _fail(f"{error.name}: this part of kfxl is missing; install kfxl again", 1)
    return _fail(f"{package or error}: this package is missing; run: pip install kfxl", 1)


def _fail(message: str, code: int) -> int:
    """Write one line, whatever was in the message."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("kfxl: " + " ".join(message.split()) + "\n")
    return code


def _reader_gone() -> int:
    """End in silence when the reader of our output has gone, as in ``kfxl functions | head``."""
    with contextlib.suppress(OSError, ValueError):
        # Python flushes standard output once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
