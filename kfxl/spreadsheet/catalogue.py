"""What each worksheet function does and takes, read from its signature and docstring.

One source for the help of every host, the workbook's sheet of functions and the terminal.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfxl.spreadsheet.functions import FUNCTIONS

LONGEST = 255  # what Excel shows of a text about a function or an argument
SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)


@dataclass(frozen=True)
class ArgumentEntry:
    """One argument: its name, what it means, and whether it may be left out."""

    name: str
    description: str
    optional: bool


@dataclass(frozen=True)
class FunctionEntry:
    """One worksheet function as its users see it; ``example`` is a formula."""

    name: str
    summary: str
    arguments: tuple[ArgumentEntry, ...]
    returns: str
    example: str
    group: str


@functools.cache
def _entries() -> tuple[FunctionEntry, ...]:
    return tuple(_entry(name, function) for name, function in FUNCTIONS.items())


def catalogue() -> list[FunctionEntry]:
    """All worksheet functions, group by group.

    >>> entry = catalogue()[0]
    >>> entry.name, entry.arguments[0].name, entry.example
    ('KF_EXPECTED_RETURNS', 'returns', '=KF_EXPECTED_RETURNS(Returns!A1:M241)')
    """
    return list(_entries())


def _entry(name: str, function: Callable[..., Any]) -> FunctionEntry:
    # The first part has no title; then title and text take turns.
    head, *parts = SECTION.split(inspect.getdoc(function) or "")
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    described = _described(sections.get("Parameters", ""))
    arguments = tuple(
        ArgumentEntry(item.name, described[item.name], item.default is not inspect.Parameter.empty)
        for item in inspect.signature(function).parameters.values()
    )
    formulas = re.findall(r"^=.*$", sections["Examples"], re.MULTILINE)
    result = " ".join(sections["Returns"].split("\n", 1)[1].split())
    group = str(getattr(function, "group", ""))
    return FunctionEntry(name, _summary(head), arguments, result, formulas[0], group)


def _summary(head: str) -> str:
    """The first paragraph, and the next ones as far as they fit."""
    summary = ""
    for paragraph in head.strip().split("\n\n"):
        longer = f"{summary} {' '.join(paragraph.split())}".strip()
        if len(longer) > LONGEST:
            break
        summary = longer
    return summary


def _described(section: str) -> dict[str, str]:
    """Descriptions by argument from the lines ``name : kind`` and what is indented below them."""
    found = re.findall(r"^(\w+) : .*\n((?:[ \t]+.*\n?)+)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
