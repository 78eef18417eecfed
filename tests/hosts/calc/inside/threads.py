"""A recalculation while another thread has a command of the menu carried out.

Runs in a Python with ``uno``, on Linux.
"""

from __future__ import annotations

import array
import fcntl
import os
import signal
import termios
import threading
import time
from typing import Any

from starting import properties

HELPER = "com.sun.star.frame.DispatchHelper"


def asked(process: int) -> bool:
    """Whether a process has been sent a request that it has not read."""
    waiting = array.array("i", [0])
    pipe = os.open(f"/proc/{process}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    finally:
        os.close(pipe)
    return bool(waiting[0])


def recalculate_during(
    context: Any, document: Any, command: str, process: int, cell: str
) -> list[str]:
    """What a cell of the first sheet shows meanwhile, and what the command says in the end.

    kfxl's ``process`` stands still until the recalculation is over.
    """
    frame = document.CurrentController.Frame
    helper = context.ServiceManager.createInstanceWithContext(HELPER, context)
    said: list[str] = []

    def dispatch() -> None:
        event = helper.executeDispatch(frame, command, "", 0, properties(Silent=True))
        said.append(str(event.Result))

    os.kill(process, signal.SIGSTOP)
    thread = threading.Thread(target=dispatch, daemon=True)
    thread.start()
    while not asked(process):
        time.sleep(0.01)
    document.calculateAll()
    shown = document.Sheets.getByIndex(0).getCellRangeByName(cell).String
    os.kill(process, signal.SIGCONT)
    thread.join()
    return [shown, *said]
