"""Installing and uninstalling for one user."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from install import environment, launcher
from install.environment import Recipe, fingerprint, prepare
from install.places import Places, command_of, python_of
from install.shell import InstallError, Shell, Words

REPORT = "kfxl-report.xlsx"
SOURCES = ("kfxl", "pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md")


def recipe_of(checkout: Path, here: Places) -> Recipe:
    """The user's environment: this checkout as a wheel, with what files need."""
    sources = [checkout / name for name in SOURCES if (checkout / name).exists()]
    requirement = (".[files]",)
    return Recipe(here.environment, checkout, requirement, fingerprint(sources, *requirement))


def install(checkout: Path, here: Places, current: Path, shell: Shell) -> int:
    """Set kfxl up, run the template's job, say what to do next."""
    shell.say(f"Setting up kfxl for you, with Python {sys.version.split()[0]}.")
    shell.say(f"1 of 4  The environment {here.environment} (a minute or two the first time)")
    recipe = recipe_of(checkout, here)
    made = prepare(recipe, shell)
    if not made:
        shell.say("        is up to date")
    shell.say("2 of 4  Checking it")
    verify(recipe, shell, just_made=made)
    shell.say("3 of 4  The command kfxl")
    state = launcher.put(here)
    call = how_to_call(state, here)
    shell.say(f"        {said(state, here)}")
    shell.say("4 of 4  The template: recompute, backtest, report")
    run_template(checkout, here, current / REPORT, shell)
    shell.say(next_steps(current / REPORT, call))
    return 0


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


def run_template(checkout: Path, here: Places, report: Path, shell: Shell) -> None:
    """Recompute a copy of the template, run its backtest and leave the report."""
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
            outcome = shell.shown([*kfxl, "backtest", book, "-o", report], folder)
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


def next_steps(report: Path, call: str) -> str:
    """The closing words."""
    commands = [f"  {call} {words:<38} {meaning}" for words, meaning in NEXT]
    return "\n".join(
        [
            "",
            f"Done. The backtest of the template is in {report}",
            "",
            "What to do next:",
            *commands,
            "The first five minutes with your own data are in README.md.",
        ]
    )


def uninstall(here: Places, shell: Shell) -> int:
    """Take away what `install` made, and nothing else."""
    marker = environment.read_marker(here.environment)
    environment.check_ours(here.environment, marker)
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
