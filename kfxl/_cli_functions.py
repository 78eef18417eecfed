"""``kfxl functions``: the catalogue of worksheet functions on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from rich.table import Table
from rich.text import Text

from kfxl._cli_output import console, say
from kfxl.errors import InputError
from kfxl.spreadsheet.catalogue import catalogue


def show_functions() -> None:
    """One line a function, by group."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    group = ""
    for entry in catalogue():
        if entry.group != group:
            if group:
                table.add_row()
            group = entry.group
            table.add_row(Text(group, style="bold"), "")
        first, _, _ = entry.summary.partition(". ")
        table.add_row(Text(f"  {entry.name}"), Text(first.rstrip(".")))
    console().print(table)
    say("\nkfxl functions NAME explains one.")


def show_function(name: str) -> None:
    """Arguments, result and an example of one function."""
    entries = {entry.name: entry for entry in catalogue()}
    wanted = name.strip().lstrip("=").upper()
    entry = entries.get(wanted)
    if entry is None:
        *others, last = nearest(wanted, list(entries)) or [""]
        choice = f"{', '.join(others)} or {last}" if others else last
        remedy = f"did you mean {choice}?" if choice else "kfxl functions lists them all"
        raise InputError("name", f"there is no function {name}", remedy)
    words = ", ".join(
        f"[{argument.name}]" if argument.optional else argument.name for argument in entry.arguments
    )
    _paragraph(f"{entry.name}({words})")
    _paragraph(f"\n{entry.summary}")
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for argument in entry.arguments:
        table.add_row(Text(argument.name), Text(argument.description))
    if entry.arguments:
        say("")
        console().print(table)
    _paragraph(f"\nResult: {entry.returns}")
    if entry.example:
        say(f"Example: {entry.example}")


def nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """The few names that somebody who typed this may have meant.

    >>> nearest("KF_RISK", ["KFXL_VERSION", "KF_RISK_CONTRIBUTIONS"])
    ['KF_RISK_CONTRIBUTIONS']
    """
    if not wanted:
        return []
    begin = [name for name in names if name.startswith(wanted)]
    hold = [name for name in names if wanted in name]
    return (begin or hold)[:3] or get_close_matches(wanted, names, n=1, cutoff=0.4)


def _paragraph(text: str) -> None:
    """Words wrapped between, not within."""
    console().print(Text(text))
