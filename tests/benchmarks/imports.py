"""What it costs to start: imports in a fresh interpreter, which tells the seconds itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.frame import Contender, Measurement

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
from time import perf_counter
start = perf_counter()
import {modules}
print(perf_counter() - start)
"""


def measurements() -> Iterable[Measurement]:
    """Cold imports, with bytecode as an installation has it."""
    packages = "xlwings, numpy, scipy, pandas"
    yield Measurement(
        "Import in a fresh interpreter",
        (
            Contender(packages, lambda: seconds(packages), own_clock=True, needs=("xlwings",)),
            Contender(
                "kfxl.hosts.excel",
                lambda: seconds("kfxl.hosts.excel"),
                own_clock=True,
                needs=("xlwings",),
                limit=1.5,
            ),
        ),
        # The first import compiles what has no bytecode yet, and is not counted.
        lambda *_first: None,
        repeats=11,
    )
    core = "numpy, scipy.linalg, pandas"
    yield Measurement(
        "Import of the core in a fresh interpreter",
        (
            Contender(core, lambda: seconds(core), own_clock=True),
            Contender("kfxl", lambda: seconds("kfxl"), own_clock=True, limit=2),
        ),
        lambda *_first: None,
        repeats=11,
    )


def seconds(modules: str) -> float:
    """How long a fresh interpreter imports ``modules``."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(modules=modules)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=variables,
    )
    return float(done.stdout)
