"""Running other commands, with their output kept in a log file or shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class InstallError(Exception):
    """What is wrong, and what to do: one line."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


@dataclass(frozen=True)
class Outcome:
    """Exit code and everything a command printed (empty when it was shown as it came)."""

    code: int
    text: str = ""


Words = Sequence[str | Path]


class Shell(Protocol):
    """What the steps need of the outside world; the tests give a pretended one."""

    def captured(self, command: Words, cwd: Path | None = None, *, echo: bool = False) -> Outcome:
        """Run a command and keep what it prints, or also show it."""
        ...

    def shown(self, command: Words, cwd: Path | None = None) -> Outcome:
        """Run a command whose output goes to the terminal."""
        ...

    def say(self, text: str) -> None:
        """Tell the user something."""
        ...


def child_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment for the commands we start.

    Packages on PYTHONPATH would count as installed and be missing later; PIP_USER would
    send packages elsewhere. The rest of pip's configuration is the user's and stays.
    """
    kept = {k: v for k, v in variables.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    quiet = {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # Output is read as UTF-8; on Windows Python would write it in the system's code page.
    return {**kept, **quiet, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


class Terminal:
    """The shell of a real run.

    Parameters
    ----------
    log : Path, optional
        Where the output of quiet commands is kept; without it only in memory.
    """

    def __init__(self, log: Path | None = None) -> None:
        self.log = log
        self.variables = child_variables(os.environ)

    def say(self, text: str) -> None:
        """Print a line at once, also into a pipe."""
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        sys.stdout.flush()

    def captured(self, command: Words, cwd: Path | None = None, *, echo: bool = False) -> Outcome:
        """Run a command; its output goes to the log file and into the outcome."""
        words = [str(word) for word in command]
        lines: list[str] = []
        with start(words, cwd, self.variables, pipe=True) as process:
            for line in process.stdout or ():
                lines.append(line)
                if echo:
                    self.say(line.rstrip("\n"))
                else:
                    show_progress(line)
        show_progress("")
        self.keep("$ " + " ".join(words) + "\n" + "".join(lines) + "\n")
        return Outcome(process.returncode, "".join(lines))

    def shown(self, command: Words, cwd: Path | None = None) -> Outcome:
        """Run a command on the user's terminal."""
        words = [str(word) for word in command]
        with start(words, cwd, self.variables, pipe=False) as process:
            code = process.wait()
        return Outcome(code)

    def keep(self, text: str) -> None:
        """Append to the log file; a log that cannot be written stops nothing."""
        if self.log is None:
            return
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            self.log = None


def start(
    words: list[str], cwd: Path | None, variables: Mapping[str, str], *, pipe: bool
) -> subprocess.Popen[str]:
    """Start a command; a missing program becomes clear words."""
    output = subprocess.PIPE if pipe else None
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if pipe else None,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise InstallError(
            f"{words[0]}: cannot be started ({error.strerror})",
            "run this again with another Python",
        ) from None


def show_progress(line: str) -> None:
    """Show on a terminal which package pip is at, on one line that is overwritten."""
    if not sys.stdout.isatty():
        return
    words = line.split()
    if words[:1] in (["Collecting"], ["Downloading"], ["Building"], ["Installing"]):
        sys.stdout.write("\r\x1b[K   " + " ".join(words)[:70])
    elif not line:
        sys.stdout.write("\r\x1b[K")
    sys.stdout.flush()
