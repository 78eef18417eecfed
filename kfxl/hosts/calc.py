"""kfxl's process behind LibreOffice: one request a line on standard input, one answer a line.

LibreOffice runs add-ins in its own Python, which need not be one that kfxl can use; so its
extension starts ``python -I -m kfxl.hosts.calc`` in kfxl's environment. All is JSON::

    {"ready": "0.1.0"}                                             first of all, to LibreOffice
    {"call": "RISK_PARITY_WEIGHTS", "arguments": [[[0.1, ...]]]}   from LibreOffice
    {"result": [[0.4, 0.6]]}
    {"call": ..., "arguments": [...], "days": 1462}                a document from 1904 on
    {"action": "run_backtest", "book": {...}}                      from LibreOffice
    {"progress": "kfxl backtest: 40 %"}
    {"result": ...} or {"error": "one line"}

The process ends with its standard input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import IO, Any

from kfxl import __version__
from kfxl.spreadsheet.failures import error_text
from kfxl.spreadsheet.functions import FUNCTIONS

Message = dict[str, Any]


def answer_to(request: Message, say: Callable[[str], None]) -> Message:
    """What to answer; ``say`` shows how far a long action is.

    >>> answer_to({"call": "KFXL_VERSION", "arguments": []}, print) == {"result": __version__}
    True
    """
    try:
        if "call" in request:
            name, arguments = request["call"], request["arguments"]
            if request.get("days"):
                from kfxl.hosts.calc_dates import translated

                arguments = translated(name, arguments, request["days"])
            return {"result": FUNCTIONS[name](*arguments)}
        from kfxl.hosts.calc_actions import ACTIONS

        return {"result": ACTIONS[request["action"]](request, say)}
    except Exception as error:  # noqa: BLE001  (a cell and a message box show text, no traceback)
        return {"error": error_text(error)}


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more, or nobody listens."""

    def put(message: Message) -> None:
        answers.write(json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n")
        answers.flush()

    def say(text: str) -> None:
        put({"progress": text})

    try:
        put({"ready": __version__})
        for line in requests:
            put(answer_to(json.loads(line), say))
    except BrokenPipeError:
        return


def main() -> None:
    """Serve LibreOffice on the standard streams."""
    # Ctrl+C in the terminal that LibreOffice was started from is meant for LibreOffice.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints must not come between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
