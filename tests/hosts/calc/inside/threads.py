"""A recalculation while another thread has a command of the menu carried out.

Runs in a Python with ``uno``.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from starting import properties

HELPER = "com.sun.star.frame.DispatchHelper"


def recalculate_during(
    context: Any, document: Any, command: str, process: int, asked: str, cell: str
) -> list[str]:
    """What a cell of the first sheet shows meanwhile, and what the command says in the end.

    kfxl's ``process`` stands still until the recalculation is over, which begins when there is
    a file ``asked``.
    """
    frame = document.CurrentController.Frame
    helper = context.ServiceManager.createInstanceWithContext(HELPER, context)
    said: list[str] = []

    def dispatch() -> None:
        event = helper.executeDispatch(frame, command, "", 0, properties(Silent=True))
        said.append(str(event.Result))

    thread = threading.Thread(target=dispatch, daemon=True)
    thread.start()
    while not Path(asked).exists():
        time.sleep(0.01)
    document.calculateAll()
    shown = document.Sheets.getByIndex(0).getCellRangeByName(cell).String
    os.kill(process, signal.SIGCONT)
    thread.join()
    return [shown, *said]
