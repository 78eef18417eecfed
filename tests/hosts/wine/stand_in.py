"""Talking to ``inside/excel_stand_in.py``, which does in Wine what Excel does."""

from __future__ import annotations

import json
import math
import select
from datetime import datetime
from typing import Any

from kfxl.hosts.excel_cells import ERROR_BASE, ERRORS
from tests.hosts.wine.session import Wine, windows_path
from tests.hosts.wine.windows_python import INSIDE

MODULE = "kfxl.hosts.excel"
MISSING = {"missing": True}
CODES = {name: ERROR_BASE + number for number, name in ERRORS.items()}
DAY_ZERO = datetime(1899, 12, 30)
SECONDS = 180
EXACT = 1e-12


class StandIn:
    """A stand-in for Excel that runs in Wine."""

    def __init__(self, wine: Wine, python: str) -> None:
        self.process = wine.opened(python, windows_path(INSIDE / "excel_stand_in.py"))

    def close(self) -> None:
        """End it; its servers end with it, as they do with Excel."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def ask(self, do: str, **request: Any) -> Any:
        """Send one request and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready, f"no answer to {do} within {SECONDS} seconds"
        line = self.process.stdout.readline()
        if not line.startswith("{"):
            raise AssertionError(line + self.process.stdout.read())
        answer = json.loads(line)
        assert "failure" not in answer, answer["failure"]
        return answer

    def call(self, function: str, *arguments: Any, times: int = 1) -> Any:
        """Call a worksheet function; its rows, or the text of one cell."""
        sent = [as_sent(argument) for argument in arguments]
        answer = self.ask("call", module=MODULE, function=function, arguments=sent, times=times)
        assert "hresult" not in answer, answer
        result = answer["result"]
        return result["rows"] if isinstance(result, dict) and "rows" in result else result


def as_sent(argument: Any) -> Any:
    """An argument as the stand-in sends it: rows, or one cell alone."""
    if hasattr(argument, "tolist"):
        argument = argument.tolist()
    if not isinstance(argument, list | tuple):
        return cell(argument)
    rows = [list(row) if isinstance(row, list | tuple) else [row] for row in argument]
    if len(rows) == 1 and len(rows[0]) == 1:
        return cell(rows[0][0])
    return [[cell(value) for value in row] for row in rows]


def cell(value: Any) -> Any:
    """One cell; errors and dates are kinds of their own."""
    if isinstance(value, datetime):
        return {"date": (value - DAY_ZERO).total_seconds() / 86400}
    if isinstance(value, str) and value in CODES:
        return {"error": CODES[value]}
    return value


def same(result: Any, expected: Any, tolerance: float = EXACT) -> bool:
    """Whether two results agree: text and truth values exactly, numbers within a tolerance."""
    if isinstance(result, list) and isinstance(expected, list):
        pairs = zip(result, expected, strict=False)
        return len(result) == len(expected) and all(same(*pair, tolerance) for pair in pairs)
    if isinstance(result, bool) or isinstance(expected, bool):
        return result is expected
    if isinstance(result, float) and isinstance(expected, int | float):
        return math.isclose(result, expected, rel_tol=tolerance, abs_tol=1e-15)
    return type(result) is type(expected) and bool(result == expected)
