"""``kfxl excel``: the add-in for Excel, built, installed, looked at and handed on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kfxl._cli_check import report
from kfxl._cli_hosts import host
from kfxl._cli_output import book_target, fresh_target, note, say, working
from kfxl.errors import InputError
from kfxl.spreadsheet import files, workbook

ADDIN_ENDING = ".xlam"
BOOK = "kfxl.xlsx"
OTHER_NAME = "give another name, or --force to replace it"
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]

excel = typer.Typer(name="excel")


@excel.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    """The add-in for Excel on Windows: the functions in every workbook, and a ribbon tab."""
    if context.invoked_subcommand is None:
        say(context.get_help())


@excel.command()
def build(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The add-in to write (.xlam).")],
    interpreter: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHONW",
            help="The pythonw.exe that it starts, variables such as %LOCALAPPDATA% allowed.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write the add-in as a file, on any system."""
    target = fresh_target(path, OTHER_NAME, force=force, ending=ADDIN_ENDING)
    beside = target.with_name(f"{target.stem}-notices.txt")
    fresh_target(beside, OTHER_NAME, force=force, ending=".txt")
    addin = host("excel_addin")
    with working("Building the add-in"):
        data = addin.build_addin(_usual_interpreter() if interpreter is None else interpreter)
        files.write_whole(target, data)
        files.write_whole(beside, addin.notices().encode("utf-8"))
    say(f"Wrote {target} and {beside.name}")


@excel.command()
def install(
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="BOOK", help="Where to put the template (else kfxl.xlsx in Documents)."
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the template in Excel.")
    ] = False,
) -> None:
    """Install the add-in for you, in every Excel that you have (Windows)."""
    surroundings, installer, addin = (
        host(name) for name in ("excel_windows", "excel_install", "excel_addin")
    )
    windows = _windows("install")
    book = surroundings.documents_folder(windows) / BOOK if template is None else template
    book = book if book.exists() else book_target(book)
    surroundings.refuse_store_python(windows)
    installer.refuse_running_excel(windows)
    with working("Building the add-in"):
        data = addin.build_addin(surroundings.interpreter_text(windows))
    done = installer.install(windows, data, addin.notices())
    say(f"The add-in is {done.file}")
    say(f"Excel {', '.join(done.versions)} opens it" + ("" if done.changed else ", as before"))
    _give_template(windows, book, wanted=template is not None)
    for finding in host("excel_check").findings(windows):
        if not finding.good:
            note(f"{finding.what}: {finding.found}")
    if not no_open and book.exists():
        _open(book)


@excel.command()
def uninstall() -> None:
    """Take the add-in away again; your workbooks stay (Windows)."""
    windows = _windows("uninstall")
    done = host("excel_install").uninstall(windows)
    for what in done:
        say(f"Removed {what}")
    say("The add-in is gone." if done else "The add-in was not installed; nothing to remove.")


@excel.command()
def check() -> None:
    """Say what is wrong with kfxl in Excel, and what helps (Windows)."""
    windows = _windows("check")
    raise typer.Exit(report(host("excel_check").findings(windows)))


@excel.command()
def bundle(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The zip to write.", show_default=True)
    ] = Path("kfxl-windows.zip"),
    python: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="A Python that it serves, as in 3.13; more than one may be given (else all).",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Make one zip for colleagues, who need Python and no network, on any system."""
    target = fresh_target(path, OTHER_NAME, force=force, ending=".zip")
    maker = host("excel_bundle")
    pythons = maker.chosen_pythons(python)
    with working("Collecting packages for Windows (some minutes the first time)"):
        made = maker.write_bundle(target, pythons)
    say(f"Wrote {target}: {made.wheels} packages, {made.megabytes:.0f} MB")
    say("Your colleagues extract it and double-click Install kfxl.bat.")


def _windows(command: str) -> Any:
    """The Windows that this runs on, or one line about the command on another system."""
    try:
        return host("excel_windows").this_windows()
    except InputError:
        if sys.platform == "win32":
            raise
        remedy = "here use kfxl excel build or kfxl excel bundle"
        raise InputError(f"excel {command}", "works on Windows only", remedy) from None


def _give_template(windows: Any, book: Path, *, wanted: bool) -> None:
    """Write the template, unless a file is there already.

    Windows may guard Documents against programs that it does not know; that is no reason to fail,
    unless this place was asked for.
    """
    if book.exists():
        say(f"{book} was there already and stays as it is")
        return
    try:
        with working("Writing the template"):
            host("excel_install").keep_template(windows, book, workbook.build_template())
    except InputError as error:
        if wanted:
            raise
        note(f"{error}; for a template elsewhere run: kfxl template PATH")
    else:
        say(f"The template is {book}")


def _usual_interpreter() -> str:
    """The running environment's on Windows; elsewhere the place where the installer puts it."""
    if sys.platform == "win32":
        surroundings = host("excel_windows")
        return str(surroundings.interpreter_text(surroundings.this_windows()))
    return str(host("excel_addin").DEFAULT_INTERPRETER)


def _open(book: Path) -> None:
    """Open a workbook in Excel, as a double click does."""
    try:
        startfile = getattr(os, "startfile")  # noqa: B009 (Windows only)
        startfile(book)
    except (AttributeError, OSError) as error:
        why = getattr(error, "strerror", None) or "no program is known for it"
        note(f"{book} was not opened ({why}); open it in Excel")
