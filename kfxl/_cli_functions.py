"""``kfxl functions``: the catalogue of worksheet functions on the terminal."""

from __future__ import annotations

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
    entry = entries.get(name.strip().lstrip("=").upper())
    if entry is None:
        close = get_close_matches(name.upper(), entries, n=1, cutoff=0.4)
        remedy = f"did you mean {close[0]}?" if close else "kfxl functions lists them all"
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


def _paragraph(text: str) -> None:
    """Words wrapped between, not within."""
    console().print(Text(text))
