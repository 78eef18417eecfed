"""What Excel waits for when it calls the first function: only the packages it cannot spare."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# The solver is loaded by the calls that need it, the others by no function.
HEAVY = {
    *("sklearn", "piqp", "joblib", "xlsxwriter", "openpyxl", "lxml", "formulon", "wasmtime"),
    *("typer", "rich", "cvxpy", "statsmodels", "matplotlib", "pyopenvba", "olefile"),
}
EXCEL = ("kfxl.hosts.excel", "xlwings, numpy, scipy, pandas")


def loaded_by(modules: str) -> set[str]:
    """Names of all modules that a fresh Python holds after importing some."""
    program = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("modules", "spared"),
    [
        EXCEL,
        ("kfxl.spreadsheet.functions", "numpy, scipy, pandas"),
        ("kfxl", "numpy, scipy, pandas"),
    ],
)
def test_a_cold_start_loads_nothing_beyond_what_it_cannot_spare(modules: str, spared: str) -> None:
    loaded, needed = loaded_by(modules), loaded_by(spared)
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    more = {name for name in loaded - needed if not name.startswith("kfxl")}
    foreign = {name for name in more if name.partition(".")[0] not in sys.stdlib_module_names}
    assert not foreign, "submodules of packages that a start does without"
    # A start without a failure and without a workbook needs none of these either.
    assert not more & {"socket", "logging.handlers", "zipfile", "xml.etree.ElementTree", "asyncio"}
