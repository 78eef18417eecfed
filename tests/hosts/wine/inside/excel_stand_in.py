"""Windows side: does what Excel and the add-in's VBA do, one request in JSON a line.

Reads requests from standard input and answers each with one line, until the input ends.
"""

from __future__ import annotations

import ctypes as c
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

# The embeddable Python does not look for modules beside the script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import dispatch
import processes
import variants

Answer = dict[str, Any]


class StandIn:
    """Excel, as far as the server can tell."""

    def __init__(self) -> None:
        self.dll: Any = None
        self.server: variants.Variant | None = None

    def environment(self, variables: dict[str, str]) -> Answer:
        """Set variables of the environment, which the server inherits."""
        os.environ.update(variables)
        return {}

    def folder(self, path: str) -> Answer:
        """Change the current folder, which the server inherits."""
        os.chdir(os.path.expandvars(path))
        return {}

    def load(self, path: str) -> Answer:
        """Load xlwings' DLL by its full path, then find it by its name alone, as VBA does."""
        loader = c.WinDLL("kernel32").LoadLibraryW
        loader.restype = c.c_void_p
        handle = loader(c.c_wchar_p(os.path.expandvars(path)))
        if handle:
            self.dll = c.WinDLL(os.path.basename(path))
        return {"loaded": bool(handle), "code_page": c.WinDLL("kernel32").GetACP()}

    def activate(self, line: str, mode: int) -> Answer:
        """Start the server of a command line, or (mode -1) stop it."""
        answer = variants.Variant()
        command = c.c_char_p(line.encode("mbcs", "replace"))
        code = self.dll.XLPyDLLActivateAuto(c.byref(answer), command, c.c_long(mode))
        if answer.kind == variants.DISPATCH:
            self.server = answer
            return {"code": code, "text": "", "object": True}
        found = variants.text(answer) if answer.kind == variants.TEXT else ""
        variants.clear(answer)
        return {"code": code, "text": found, "object": False}

    def forget(self) -> Answer:
        """Give the server's object back."""
        if self.server is not None:
            variants.clear(self.server)
            self.server = None
        return {}

    def call(self, module: str, function: str, arguments: list[Any], times: int = 1) -> Answer:
        """Call a function of the server; the same arguments some times over, if wanted."""
        assert self.server is not None, "no server"
        values = [variants.Variant() for _ in range(2)]
        variants.fill(values[0], module)
        variants.fill(values[1], function)
        values += [variants.listed(arguments), dispatch.nothing(), dispatch.nothing()]
        try:
            for _ in range(times):
                result = dispatch.call(self.server.pointer, "CallUDF", values)
        except dispatch.CallFailedError as failure:
            return {"hresult": failure.hresult, "description": failure.description}
        finally:
            for value in values:
                variants.clear(value)
        return {"result": result}

    def servers(self) -> Answer:
        """Processes that were started from here, and the servers among them."""
        return {"servers": processes.servers(), "all": processes.descendants()}

    def held(self, process: int) -> Answer:
        """What a process holds."""
        return dict(processes.held(process))

    def program(self, process: int) -> Answer:
        """The program that a process runs."""
        return {"path": processes.program(process)}

    def runs(self, process: int) -> Answer:
        """Whether a process is there; from then on its end can be waited for."""
        return {"runs": processes.watch(process)}

    def ended(self, process: int) -> Answer:
        """Whether a process that was there has come to its end, soon at the latest."""
        return {"ended": processes.ended(process)}

    def kill(self, process: int) -> Answer:
        """End a process at once."""
        processes.kill(process)
        return {}


def main() -> None:
    """Answer requests; a failure of a request is an answer too."""
    dispatch.start_com()
    stand_in = StandIn()
    for line in sys.stdin:
        request = json.loads(line)
        action: Callable[..., Answer] = getattr(stand_in, request.pop("do"))
        try:
            answer = action(**request)
        except Exception:  # noqa: BLE001 (the test shows it)
            answer = {"failure": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
    # The server's object must not be given back after COM has ended.
    sys.stdout.flush()
    os._exit(0)
