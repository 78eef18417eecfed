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
    group = None
    for entry in catalogue():
        if entry.group != group:
            group = entry.group
            table.add_section()
            table.add_row(Text(group, style="bold"), "")
        table.add_row(Text(entry.name), Text(entry.summary))
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
    screen = console()
    screen.print(Text(f"{entry.name}({words})", style="bold"))
    screen.print(Text(f"\n{entry.summary}\n"))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for argument in entry.arguments:
        table.add_row(Text(argument.name), Text(argument.description))
    if entry.arguments:
        screen.print(table)
    screen.print(Text(f"\nResult: {entry.returns}"))
    if entry.example:
        screen.print(Text(f"Example: {entry.example}"))
