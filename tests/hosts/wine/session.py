"""One run of the tests in Wine: a fresh Windows with a user's folders, and programs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.hosts.wine.windows_python import SEARCH_PATH, built, unpack_wheel

SECONDS = 180
# Once in some 600 starts Wine 8.0 ends at once with code 1 and not a word: the program itself never
# ran, for those of the tests say something when they fail.
STARTS = 3
# A name that no code page of Windows holds as a whole: each letter but the first is in another.
LOCAL = "C:\\users\\Zoë Łukasz 株\\AppData\\Local"


class Wine:
    """A fresh Windows of its own, headless, in a folder.

    Parameters
    ----------
    folder : Path
        A folder that is not there yet; it is deleted by :meth:`close`.
    python : Path
        The Windows Python to install in it.
    """

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.python = python
        folder.mkdir(parents=True)
        self.variables = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "WINE"))},
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # No offers to download what .NET and web pages would need.
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "LC_ALL": "C.UTF-8",
        }
        self.variables.pop("DISPLAY", None)

    def start(self) -> None:
        """Make the prefix and start Windows' services."""
        self._quiet("wine", "wineboot", "--init")
        # In the session that makes the prefix the first call of COM never returns.
        self._quiet("wineserver", "--kill")
        self._quiet("wineserver", "--wait")
        self._quiet("wineserver", "--persistent=60")
        # Services must not inherit the pipe of a test's program, or its end is never seen.
        self._quiet("wine", "wineboot")

    def close(self) -> None:
        """End every program of this prefix and delete it."""
        self._quiet("wineserver", "--kill")
        self._quiet("wineserver", "--wait")
        shutil.rmtree(self.folder, ignore_errors=True)

    def install_kfxl(self, windows_folder: str) -> None:
        """Put Python and kfxl where the installer does: an environment in a user's folder.

        The embeddable Python makes no virtual environment, so that one is laid out by hand.
        """
        environment = self.path(windows_folder)
        environment.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.python, environment / "Scripts", copy_function=_linked)
        for dll in (environment / "Scripts").glob("xlwings*.dll"):
            dll.rename(environment / dll.name)
        own = self.folder / "own"
        own.mkdir(exist_ok=True)
        for wheel in list(own.glob("*.whl")) or [built(own)]:
            unpack_wheel(wheel, environment / "Scripts")
        assert (environment / "Scripts" / "python313._pth").read_text() == SEARCH_PATH

    def path(self, windows: str) -> Path:
        """The file of this system behind a path on drive C."""
        drive, *parts = windows.split("\\")
        assert drive.upper() == "C:", windows
        return self.prefix.joinpath("drive_c", *parts)

    def run(
        self, *words: str | Path, seconds: int = SECONDS, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Windows program to its end; standard streams of Wine 8.0 have to be pipes."""
        for _ in range(STARTS):
            done = subprocess.run(
                ["wine", *map(str, words)],
                env={**self.variables, **(variables or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
                cwd=self.folder,
            )
            if done.returncode != 1 or done.stdout or done.stderr:
                break
        return done

    def opened(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start a Windows program that is talked to line by line."""
        for _ in range(STARTS):
            process = subprocess.Popen(
                ["wine", *map(str, words)],
                env=self.variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=self.folder,
            )
            try:
                process.wait(1)
            except subprocess.TimeoutExpired:
                return process
            said, _ = process.communicate()
            if process.returncode != 1 or said:
                raise AssertionError(f"{words[0]} ended at once: {said}")
        raise AssertionError(f"Wine did not start {words[0]}")

    def _quiet(self, *words: str) -> None:
        subprocess.run(
            words,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )


def _linked(source: str, target: str) -> str:
    """Copy without copying, where that is possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def windows_path(path: Path) -> str:
    r"""A path of this system as Windows programs in Wine see it.

    >>> print(windows_path(Path("/tmp/a b")))
    Z:\tmp\a b
    """
    return "Z:" + str(path).replace("/", "\\")
