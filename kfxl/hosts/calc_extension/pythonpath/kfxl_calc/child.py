"""kfxl's own process: started when first needed, asked line by line, started anew when it ends.

One request is one line of JSON on its standard input, its answer one line on its standard output;
lines ``{"progress": text}`` may come before the answer.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "kfxl.hosts.calc"
REPAIR = "run: python3 install"
AGAIN = "recalculate with Ctrl+Shift+F9"
TRIES = 2
PAUSE = 5.0  # seconds before a start that failed is tried again; a sheet asks many times
LAST_LINES = 20
HELLO = 60.0  # seconds for a process to say that it is there; virus scanners make first starts slow
JOIN = 5.0  # seconds to wait for the last words of a process that has ended


class ChildError(Exception):
    """kfxl could not answer; the text is one line: where, what, remedy."""


def interpreter_of(places: list[str]) -> str:
    """The first of these paths that exists, with ``~`` and variables filled in.

    >>> import sys
    >>> interpreter_of(["$KFXL_NO_SUCH_VARIABLE/python", sys.executable]) == sys.executable
    True
    """
    found = [os.path.expanduser(os.path.expandvars(place)) for place in places]
    known = [path for path in found if os.path.isabs(path) and "$" not in path]
    for path in known:
        if os.path.isfile(path):
            return os.path.normpath(path)
    where = known[0] if known else places[0]
    raise ChildError(f"Python: {where} is not there; {REPAIR}")


class Child:
    """kfxl's process, which works on one request at a time; others meanwhile are refused.

    They cannot wait. One thread may show progress, for which it needs LibreOffice's own lock, and
    another hold that lock while it recalculates and asks.

    ``places`` are paths of its Python, the first that exists is taken; ``version`` is the one
    that the process has to have.
    """

    def __init__(self, places: list[str], version: str) -> None:
        self._places = places
        self._version = version
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        self._failed_at = float("-inf")
        self._failure = ""

    def ask(
        self, request: dict[str, Any], progress: Callable[[str], None] | None = None
    ) -> dict[str, Any]:
        """The answer to a request; a process that ended meanwhile is started anew, once.

        Raises
        ------
        ChildError
            It does not start, ended twice while it worked on this request, or works on another,
            as when it is asked from within ``progress``.
        """
        line = json.dumps(request, separators=(",", ":")).encode("ascii") + b"\n"
        if not self._lock.acquire(blocking=False):
            raise ChildError(f"Python: works on something else; {AGAIN}")
        try:
            return self._answer(line, progress)
        finally:
            self._lock.release()

    def _answer(self, line: bytes, progress: Callable[[str], None] | None) -> dict[str, Any]:
        for _ in range(TRIES):
            process = self._running()
            answer = self._asked(process, line, progress)
            if answer is not None:
                return answer
            self._ended(process)
        raise ChildError(f"Python: ended while it computed; {AGAIN}")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        if time.monotonic() - self._failed_at < PAUSE:
            raise ChildError(self._failure)
        try:
            self._process = self._started()
        except ChildError as error:
            self._failed_at, self._failure = time.monotonic(), str(error)
            raise
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        python = interpreter_of(self._places)
        self._said.clear()
        try:
            process = subprocess.Popen(
                [python, "-I", "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ChildError(f"Python: {python}: {error.strerror}; {REPAIR}") from error
        listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        hello, late = self._hello(process)
        if late:
            self._ended(process)
            raise ChildError(
                f"Python: {python} did not answer within {HELLO:.0f} s; {AGAIN}, or {REPAIR}"
            )
        if hello is None:
            self._ended(process)
            listener.join(JOIN)
            why = self._said[-1] if self._said else "it ended at once"
            raise ChildError(f"Python: {python} does not start kfxl ({why}); {REPAIR}")
        if hello.get("ready") != self._version:
            self._ended(process)
            found = hello.get("ready")
            raise ChildError(
                f"LibreOffice: its extension is kfxl {self._version}, installed is {found}; "
                "run: kfxl calc install, and start LibreOffice again"
            )
        return process

    def _hello(self, process: subprocess.Popen[bytes]) -> tuple[dict[str, Any] | None, bool]:
        """The first line of the process, and whether it was ended for keeping silent."""
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(HELLO, end)
        timer.daemon = True
        timer.start()
        hello = self._line(process)
        timer.cancel()
        return hello, late.is_set()

    def _asked(
        self, process: subprocess.Popen[bytes], line: bytes, progress: Callable[[str], None] | None
    ) -> dict[str, Any] | None:
        """The answer, None where the process has ended."""
        requests = cast("IO[bytes]", process.stdin)
        try:
            requests.write(line)
            requests.flush()
        except OSError:
            return None
        while True:
            answer = self._line(process)
            if answer is None or "progress" not in answer:
                return answer
            if progress is not None:
                progress(str(answer["progress"]))

    @staticmethod
    def _line(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        """The next line of the process; None where it has ended, in the middle of one as well."""
        answers = cast("IO[bytes]", process.stdout)
        try:
            read = answers.readline()
            answer = json.loads(read) if read.endswith(b"\n") else None
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Keep what the process says of its end, and its pipe from filling up."""
        with cast("IO[bytes]", process.stderr) as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._said.append(text)

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.kill()
        self._close(process)

    @staticmethod
    def _close(process: subprocess.Popen[bytes]) -> None:
        for pipe in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(OSError):  # what was not sent cannot be sent any more
                pipe.close()
        process.wait()
