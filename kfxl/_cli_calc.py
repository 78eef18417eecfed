"""``kfxl calc``: the add-in for LibreOffice Calc, built, installed and looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kfxl import __version__
from kfxl._cli_check import report
from kfxl._cli_hosts import host
from kfxl._cli_output import fresh_target, note, say, working
from kfxl.spreadsheet import files

OTHER_NAME = "give another name, or --force to replace it"
ENDING = ".oxt"
NOTHING = "The add-in was not installed in LibreOffice; nothing to remove."

calc = typer.Typer(name="calc")


@calc.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """The add-in for LibreOffice Calc: the functions in every spreadsheet, and a menu."""
    if context.invoked_subcommand is None:
        say(context.get_help())


@calc.command()
def build(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The extension to write (.oxt).")],
    interpreter: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON",
            help="The Python with kfxl that it starts (else where kfxl's installer puts it).",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write the extension as a file, on any system."""
    target = fresh_target(path, OTHER_NAME, force=force, ending=ENDING)
    with working("Building the add-in"):
        files.write_whole(target, host("calc_addin").build_addin(interpreter))
    say(f"Wrote {target}")


@calc.command()
def install(
    if_found: Annotated[
        bool, typer.Option("--if-found", help="Say and do nothing where there is no LibreOffice.")
    ] = False,
) -> None:
    """Add the extension to your LibreOffice; documents that are open stay open."""
    offices = host("calc_office")
    try:
        office = offices.this_office()
    except offices.NoOfficeError:
        if if_found:
            return
        raise
    with working("Adding the extension to LibreOffice"):
        package = host("calc_addin").build_addin(sys.executable)
        done = host("calc_install").install(office, package)
    how = "" if done.changed else ", as before"
    if done.before not in {"", __version__}:
        how = f", in place of version {done.before}"
    say(f"LibreOffice {office.version} has the add-in{how}")
    if done.running and done.changed:
        note("LibreOffice is running; close all of it and start it again to have the functions")


@calc.command()
def uninstall() -> None:
    """Take the extension away again; your documents stay."""
    offices = host("calc_office")
    # LibreOffice is not even looked for where there is nothing to take away.
    if not host("calc_profile").has_traces(offices.default_profile()):
        say(NOTHING)
        return
    try:
        office = offices.this_office()
    except offices.NoOfficeError:
        note("the settings of a LibreOffice that is gone still name the add-in")
        return
    with working("Taking the extension away from LibreOffice"):
        done = host("calc_install").uninstall(office)
    say(f"The add-in is gone from LibreOffice {office.version}." if done.changed else NOTHING)
    if done.running and done.changed:
        note("LibreOffice is running; close all of it to be rid of the functions there too")
    elif done.running:
        note(
            "LibreOffice is running; close all of it and run this again to clear its settings, too"
        )


@calc.command()
def check() -> None:
    """Say what is wrong with kfxl in LibreOffice, and what helps (a few seconds)."""
    with working("Looking at LibreOffice"):
        found = host("calc_check").findings()
    raise typer.Exit(report(found))
