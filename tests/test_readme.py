"""The README keeps its word: its Python runs, its table lists every function."""

import doctest
import re
from pathlib import Path

from kfxl.spreadsheet.catalogue import catalogue

README = Path(__file__).parents[1] / "README.md"


def test_its_python_runs():
    result = doctest.testfile(str(README), module_relative=False)
    assert result.attempted >= 10
    assert result.failed == 0


def test_its_table_has_every_function_with_a_formula():
    rows = re.findall(r"^\| `(\w+)` \|.*\| `=(\w+)\(.*\)` \|$", README.read_text("utf-8"), re.M)
    assert [name for name, _ in rows] == [formula for _, formula in rows]
    assert {name for name, _ in rows} == {entry.name for entry in catalogue()}


def test_its_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (README.parent / target).exists(), target
