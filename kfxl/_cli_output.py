"""What the commands print, and where they may write."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from kfxl.errors import InputError


def say(text: str) -> None:
    """A line of result on standard output, as it is: no wrapping, no markup."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A remark on standard error, after what was said before it."""
    sys.stdout.flush()
    sys.stderr.write(f"note: {text}\n")


def console() -> Console:
    """Where tables go; made anew because tests and pipes exchange standard output."""
    return Console(highlight=False, emoji=False, markup=False)


def progress_console() -> Console:
    """Where progress goes: standard error, so that results can be piped."""
    return Console(stderr=True, highlight=False, emoji=False, markup=False)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something is being done; nothing elsewhere."""
    screen = progress_console()
    if not screen.is_terminal:
        yield
        return
    with screen.status(what + " ..."):
        yield


def book_target(path: Path, ending: str = ".xlsx") -> Path:
    """A workbook that may be written because the user named it as output.

    Found out before the work, not after it.
    """
    if path.is_dir():
        raise InputError("output", f"{path} is a folder", "give the name of a file")
    if path.suffix.lower() != ending:
        problem = f"{path.name} is no {ending} file"
        raise InputError("output", problem, f"give a name ending in {ending}")
    if not path.parent.is_dir():
        raise InputError("output", f"there is no folder {path.parent}", "create it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(
            "output", f"the folder {path.parent} cannot be written to", "choose another place"
        )
    return path


def fresh_target(path: Path, remedy: str, *, force: bool = False, ending: str = ".xlsx") -> Path:
    """A workbook that must not be there yet, because no ``-o`` names it."""
    target = book_target(path, ending)
    if target.exists() and not force:
        raise InputError("output", f"{path} exists already", remedy)
    return target
