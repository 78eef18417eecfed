"""What it costs to start: imports in a fresh interpreter, which tells the seconds itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from tests.benchmarks.frame import Contender, Measurement

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
from time import perf_counter
start = perf_counter()
import {modules}
print(perf_counter() - start)
"""
LOADED = "print(json.dumps(sorted(sys.modules)))"


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
        partial(assert_no_more, "kfxl.hosts.excel", packages),
        repeats=11,
    )
    core = "numpy, scipy.linalg, pandas"
    yield Measurement(
        "Import of the core in a fresh interpreter",
        (
            Contender(core, lambda: seconds(core), own_clock=True),
            Contender("kfxl", lambda: seconds("kfxl"), own_clock=True, limit=2),
        ),
        partial(assert_no_more, "kfxl", core),
        repeats=11,
    )


def seconds(modules: str) -> float:
    """How long a fresh interpreter imports ``modules``."""
    return float(_said_by(PROGRAM.format(modules=modules)))


@cache
def loaded_by(modules: str) -> frozenset[str]:
    """Names of all modules that a fresh interpreter holds after importing some."""
    return frozenset(json.loads(_said_by(f"import json, sys, {modules}\n{LOADED}")))


def assert_no_more(modules: str, packages: str, *_seconds: float) -> None:
    """What kfxl's ``modules`` load of other packages is loaded by the ``packages`` beside them."""
    more = loaded_by(modules) - loaded_by(packages)
    own = {"kfxl", *sys.stdlib_module_names}
    foreign = sorted(name for name in more if name.partition(".")[0] not in own)
    assert not foreign, f"{modules} loads {', '.join(foreign)}"


def _said_by(program: str) -> str:
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=variables,
    ).stdout
