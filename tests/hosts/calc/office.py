"""A real LibreOffice from the tests' side: started, given documents to work on, ended.

The tests' Python has no ``uno``; LibreOffice's has. So every request goes, as one line of JSON, to
`inside/bridge.py` there, and every one has a time limit after which everything is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import pytest

from tests.hosts.calc.documents import SECONDS, Document
from tests.hosts.calc.processes import below, command_line

INSIDE = Path(__file__).with_name("inside")


class OfficeError(AssertionError):
    """LibreOffice refused, or did not answer in time."""


@cache
def python_with_uno() -> str:
    """A Python that can talk to LibreOffice; not the one that runs the tests."""
    if shutil.which("soffice") is None:
        pytest.fail("soffice is not there; run: apt-get install libreoffice-calc python3-uno")
    for python in ("/usr/bin/python3", "/usr/lib/libreoffice/program/python"):
        if Path(python).exists():
            found = subprocess.run([python, "-c", "import uno"], capture_output=True, check=False)
            if found.returncode == 0:
                return python
    pytest.fail("no Python with LibreOffice's uno; run: apt-get install python3-uno")


class Office:
    """One LibreOffice with a profile of its own.

    Parameters
    ----------
    folder : Path, optional
        Where the profile is, and stays when it is there already; a temporary folder, deleted by
        `close`, unless given.
    environment : mapping, optional
        Variables of the environment to set; a value of None takes one away.
    program : str
        The program to start.

    Use it in a ``with`` block; it starts with it and is ended and cleaned up at its end.
    """

    def __init__(
        self,
        folder: Path | None = None,
        environment: Mapping[str, str | None] | None = None,
        program: str = "soffice",
    ) -> None:
        python = python_with_uno()
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="kfxl-office-")) if folder is None else folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.profile = self.folder / "profile"
        changed = {**os.environ, **(environment or {})}
        variables = {key: value for key, value in changed.items() if value is not None}
        variables.pop("DISPLAY", None)
        # Or its Python may take its library from beside another one, and have no uno.
        variables["PATH"] = os.pathsep.join([str(Path(python).parent), variables["PATH"]])
        with (self.folder / "bridge.log").open("ab") as said:
            self._bridge = subprocess.Popen(
                [python, "-I", str(INSIDE / "bridge.py"), str(self.folder), program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=variables,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self._answers: queue.Queue[str] = queue.Queue()
        assert self._bridge.stdout is not None
        self._reader = threading.Thread(
            target=_forward, args=(self._bridge.stdout, self._answers), daemon=True
        )
        self._reader.start()

    def __enter__(self) -> Office:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def ask(self, do: str, seconds: float = SECONDS, **request: Any) -> Any:
        """Have one thing done; see `inside/bridge.py` for what there is."""
        assert self._bridge.stdin is not None
        try:
            self._bridge.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._bridge.stdin.flush()
            line = self._answers.get(timeout=seconds)
        except (queue.Empty, OSError) as error:
            self.kill()
            raise OfficeError(f"no answer to {do} within {seconds} s\n{self.said()}") from error
        if not line:
            self.kill()
            raise OfficeError(f"ended instead of answering {do}\n{self.said()}")
        done = json.loads(line)
        if "error" in done:
            raise OfficeError(f"{do}: {done['error']}")
        return done["answer"]

    def start(self) -> None:
        """Start LibreOffice."""
        self.ask("start", 120)

    def restart(self) -> None:
        """End LibreOffice and start it again on the same profile."""
        self.ask("end", 120)
        self.start()

    def install(self, extension: bytes | Path, name: str = "kfxl.oxt") -> str:
        """Install an extension and restart; its identifier."""
        path = extension if isinstance(extension, Path) else self.folder / name
        if isinstance(extension, bytes):
            path.write_bytes(extension)
        identifier = str(self.ask("install", 120, path=str(path)))
        self.restart()
        return identifier

    def remove(self, identifier: str) -> None:
        """Remove an extension and restart."""
        self.ask("remove", 120, identifier=identifier)
        self.restart()

    def extensions(self) -> list[list[str]]:
        """Identifier, version and place of each extension of the user."""
        found: list[list[str]] = self.ask("extensions")
        return found

    def open(self, path: Path | None = None) -> Document:
        """Open a file, or an empty spreadsheet."""
        return Document(self, self.ask("open", 120, path=None if path is None else str(path)))

    def adopt(self) -> list[Document]:
        """Documents that are open and were not opened from here, as commands leave them."""
        return [Document(self, number) for number in self.ask("adopt")]

    def facts(self, work: str, **arguments: Any) -> Any:
        """Ask what LibreOffice knows; see `inside/facts.py`."""
        return self.ask("facts", work=work, arguments=arguments)

    def run(self, file: Path, function: str, seconds: float = SECONDS, **arguments: Any) -> Any:
        """Call ``function(context, None, **arguments)`` of a Python file in LibreOffice's Python.

        Arguments and result are what JSON can hold.
        """
        return self.ask(
            "run", seconds, file=str(file), function=function, document=None, arguments=arguments
        )

    def processes(self, word: str = "kfxl.hosts.calc") -> list[int]:
        """Processes below LibreOffice with that word on their command line."""
        return [number for number in below(self._bridge.pid) if word in command_line(number)]

    def said(self) -> str:
        """The end of what LibreOffice and the bridge wrote to their standard errors."""
        texts = [
            (self.folder / name).read_text("utf-8", "replace")[-2000:]
            for name in ("soffice.log", "bridge.log")
            if (self.folder / name).exists()
        ]
        return "\n".join(texts)

    def kill(self) -> None:
        """End everything at once, as a crash would."""
        started = below(self._bridge.pid)
        # What has lost its parent is still in the session that the bridge leads.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bridge.pid, signal.SIGKILL)
        for number in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self._bridge.wait(SECONDS)

    def close(self) -> None:
        """End LibreOffice and delete the profile, if it was made here."""
        try:
            if self._bridge.poll() is None:
                assert self._bridge.stdin is not None
                self._bridge.stdin.close()
                self._bridge.wait(SECONDS)
        finally:
            self.kill()
            self._reader.join(SECONDS)
            if self._temporary:
                shutil.rmtree(self.folder, ignore_errors=True)


def _forward(lines: IO[str], answers: queue.Queue[str]) -> None:
    """Hand on each line as it comes; an empty one says that no more come."""
    with lines:
        for line in lines:
            answers.put(line)
    answers.put("")
