"""Installing and uninstalling for one user."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from install import environment, launcher, programs
from install.bundles import WHEELS, is_bundle, refuse_other_systems
from install.environment import Recipe, fingerprint, prepare
from install.places import Places, command_of, python_of
from install.shell import InstallError, Shell, Words

REPORT = "kfxl-report.xlsx"
SOURCES = ("kfxl", "install", "pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md")
EXTRAS = "[files,excel]"


def recipe_of(checkout: Path, here: Places) -> Recipe:
    """The user's environment: kfxl with what files and the add-in for Excel need.

    The add-in is built on any system, to be handed on to those who have Excel.
    It comes from a checkout, or from a bundle that holds every wheel.
    """
    if is_bundle(checkout):
        wheels = sorted((checkout / WHEELS).glob("*.whl"))
        own = [wheel for wheel in wheels if wheel.name.startswith("kfxl-")]
        # pip would keep a kfxl of the same version, whatever is in it.
        requirement: tuple[str, ...] = ("--no-index", "--find-links", WHEELS, "--force-reinstall")
        requirement += (f"kfxl{EXTRAS}",)
        facts = fingerprint(own, *requirement, *(wheel.name for wheel in wheels))
    else:
        sources = [checkout / name for name in SOURCES if (checkout / name).exists()]
        requirement = (f".{EXTRAS}",)
        facts = fingerprint(sources, *requirement)
    return Recipe(here.environment, checkout, requirement, facts)


def install(
    checkout: Path, here: Places, current: Path, shell: Shell, platform: str = sys.platform
) -> int:
    """Set kfxl up, run the template's job, add it to LibreOffice and Excel, say what is next."""
    steps = 5
    if is_bundle(checkout):
        refuse_other_systems(checkout)
    if platform == "win32":
        refuse_store_python(sys.base_prefix)
        steps = 6
    shell.say(f"Setting up kfxl for you, with Python {sys.version.split()[0]}.")
    shell.say(f"1 of {steps}  The environment {here.environment} (a minute or two the first time)")
    recipe = recipe_of(checkout, here)
    made = prepare(recipe, shell)
    if not made:
        shell.say("        is up to date")
    shell.say(f"2 of {steps}  Checking it")
    verify(recipe, shell, just_made=made)
    shell.say(f"3 of {steps}  The command kfxl")
    state = launcher.put(here)
    call = how_to_call(state, here)
    shell.say(f"        {said(state, here)}")
    shell.say(f"4 of {steps}  The template: recompute, backtest, report")
    # A bundle's folder may be a network's, and its owner has Excel for reports.
    report = None if is_bundle(checkout) else report_in(current, shell)
    run_template(checkout, here, report, shell)
    libreoffice = programs.add_to_libreoffice(here, shell, f"5 of {steps}")
    if platform == "win32":
        shell.say(f"6 of {steps}  Excel")
        programs.add_to_excel(here, shell)
    shell.say(next_steps(report, call, platform, libreoffice=libreoffice))
    if not is_bundle(checkout):
        shell.say("The first five minutes with your own data are in README.md.")
    return 0


def refuse_store_python(base: str) -> None:
    """Refuse a Python whose files other programs cannot see."""
    if "windowsapps" in base.casefold():
        raise InstallError(
            "Python: this one is from the Microsoft Store, and Excel cannot see what it installs",
            "install Python from python.org, no administrator is needed, and run this with it",
        )


def verify(recipe: Recipe, shell: Shell, *, just_made: bool) -> None:
    """Run kfxl's own check; an environment that was damaged is made anew, once."""
    check: Words = [python_of(recipe.folder), "-m", "kfxl", "check"]
    outcome = shell.captured(check, recipe.folder)
    if outcome.code != 0 and not just_made:
        shell.say("        something is broken in it; making it anew")
        prepare(recipe, shell, afresh=True)
        outcome = shell.captured(check, recipe.folder)
    if outcome.code != 0:
        raise InstallError(
            f"kfxl's own check fails: {environment.last_line(outcome.text)}",
            "please report this with the log",
        )


def report_in(folder: Path, shell: Shell) -> Path | None:
    """Where the report goes; None, with a note, where it cannot be written."""
    report = folder / REPORT
    try:
        # Excel keeps a workbook that it has open from being written.
        if report.exists():
            report.open("r+b").close()
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        shell.say(
            f"        note: no report is written, because {report} cannot be ({error.strerror}); "
            "if it is open in Excel, close it, or run this in another folder to have one"
        )
        return None
    return report


def run_template(checkout: Path, here: Places, report: Path | None, shell: Shell) -> None:
    """Recompute a copy of the template, run its backtest and leave the report, if wanted."""
    kfxl: list[str | Path] = [python_of(here.environment), "-m", "kfxl"]
    template = checkout / "workbook" / "kfxl.xlsx"
    with tempfile.TemporaryDirectory(prefix="kfxl-") as name:
        folder = Path(name)
        book = folder / "kfxl.xlsx"
        recompute: Words = ["template", book]
        if template.is_file():
            recompute = ["recalc", template, "-o", book]
        outcome = shell.captured([*kfxl, *recompute], folder)
        if outcome.code == 0:
            # Shown as it runs: it has a progress bar, and says itself in one line what is wrong.
            output: Words = ["-o", report] if report else []
            outcome = shell.shown([*kfxl, "backtest", book, *output], folder)
    if outcome.code != 0:
        why = environment.last_line(outcome.text) if outcome.text else "the line above says why"
        raise InstallError(
            f"kfxl is installed, but the template's job failed ({why})",
            "see to that and run this again",
        )


def how_to_call(state: launcher.Launcher, here: Places) -> str:
    """What the user types for kfxl."""
    if state is launcher.Launcher.ON_PATH:
        return "kfxl"
    made = state is launcher.Launcher.OFF_PATH
    path = here.launcher if made else command_of(here.environment)
    return f'"{path}"' if sys.platform == "win32" else shlex.quote(str(path))


def said(state: launcher.Launcher, here: Places) -> str:
    """What came of the launcher, in words."""
    if state is launcher.Launcher.ON_PATH:
        return f"is {here.launcher}"
    if state is launcher.Launcher.OFF_PATH:
        return (
            f"is {here.launcher}; that folder is not on your PATH in this terminal "
            "(many systems add it at the next login), so use the full name until it is"
        )
    if launcher.exists(here.launcher):
        return f"{here.launcher} is another program's and stays as it is; use the full name below"
    return "gets no short name on this system; use the full name below"


NEXT = (
    ("template mine.xlsx", "your own copy of the template, with real data"),
    ("template mine.xlsx --returns FILE.csv", "the same with your returns"),
    ("recalc mine.xlsx -o mine.xlsx", "recompute it after a change"),
    ("backtest mine.xlsx -o report.xlsx", "its backtest, with charts"),
    ("functions", "the worksheet functions"),
    ("check", "whether all is well"),
)


IN_EXCEL = """
What to do next in Excel:
  The template is open: the tab kfxl is in the ribbon, and every workbook has the functions,
  as in =RISK_PARITY_WEIGHTS(B1:M61). If Excel was open before, close all of it and start it.
  Your own data: the sheet Returns, then the button Fit workbook to data, then Run backtest.
"""
IN_LIBREOFFICE = """
What to do next in LibreOffice Calc (if it was open before, close all of it and start it):
  Every spreadsheet has the functions, as in =RISK_PARITY_WEIGHTS(B1:M61), and a menu kfxl.
  Menu kfxl, New workbook: the template. Your own data: the sheet Returns, then Fit workbook to
  data, then Run backtest.
"""


def next_steps(
    report: Path | None, call: str, platform: str = sys.platform, *, libreoffice: bool = False
) -> str:
    """The closing words."""
    commands = [f"  {call} {words:<38} {meaning}" for words, meaning in NEXT]
    where = f" The backtest of the template is in {report}" if report else ""
    excel = platform == "win32"
    if excel:
        commands.append(f"  {call} {'excel check':<38} what is wrong in Excel, if something is")
    if libreoffice:
        commands.append(f"  {call} {'calc check':<38} the same for LibreOffice")
    return "\n".join(
        [
            "",
            f"Done.{where}",
            *(IN_EXCEL.splitlines() if excel else ()),
            *(IN_LIBREOFFICE.splitlines() if libreoffice else ()),
            "",
            "In a terminal:" if excel or libreoffice else "What to do next:",
            *commands,
        ]
    )


def uninstall(here: Places, shell: Shell, platform: str = sys.platform) -> int:
    """Take away what `install` made, and nothing else."""
    marker = environment.read_marker(here.environment)
    environment.check_ours(here.environment, marker)
    if platform == "win32":
        programs.take_from_excel(here, shell)
    programs.take_from_libreoffice(here, shell)
    done = []
    if launcher.remove(here):
        done.append(here.launcher)
    if here.environment.exists():
        environment.remove(here.environment)
        done.append(here.environment)
    if here.state.is_dir():
        shutil.rmtree(here.state)
        done.append(here.state)
    for path in done:
        shell.say(f"Removed {path}")
    shell.say("kfxl is gone." if done else "kfxl was not installed; nothing to remove.")
    return 0
