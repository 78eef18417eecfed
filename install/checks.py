"""``python3 install --test``: an environment with the test tools, and every check in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from install import hosts
from install.bundles import refuse_tests
from install.environment import Recipe, fingerprint, prepare
from install.places import python_of
from install.shell import Outcome, Shell


@dataclass(frozen=True)
class Check:
    """One tool and the question it answers; ``obstacle`` says why it cannot be asked here."""

    name: str
    words: tuple[str, ...]
    obstacle: str = ""


@dataclass(frozen=True)
class Extent:
    """How much is checked: also in real hosts, and with their system packages installed first."""

    hosts: bool = False
    system_packages: bool = False


CHECKS = (
    Check("ruff", ("ruff", "check", ".")),
    Check("ruff format", ("ruff", "format", "--check", ".")),
    Check("mypy", ("mypy",)),
    Check("pytest", ("pytest",)),
)
QUICK = Extent()


def host_checks() -> tuple[Check, ...]:
    """The tests in each real host, as far as they can run here."""
    return tuple(
        Check(host.name, ("pytest", "-m", "host", *host.tests), hosts.why_not(host))
        for host in hosts.HOSTS
    )


def recipe_of(checkout: Path) -> Recipe:
    """The checkout's own environment: editable, so that what is tested is what is here."""
    requirement = ("--editable", ".[files,test]")
    facts = fingerprint([checkout / "pyproject.toml"], *requirement)
    return Recipe(checkout / ".venv", checkout, requirement, facts)


def run(checkout: Path, shell: Shell, extent: Extent = QUICK) -> int:
    """Set the environment up, run every check, sum up; 0 only when all passed."""
    refuse_tests(checkout)
    if extent.system_packages:
        hosts.install_packages(shell)
    recipe = recipe_of(checkout)
    shell.say(f"Setting up {recipe.folder} with the test tools (a few minutes the first time)")
    if not prepare(recipe, shell):
        shell.say("It is up to date.")
    python = python_of(recipe.folder)
    checks = (*CHECKS, *host_checks()) if extent.hosts else CHECKS
    results = []
    for number, check in enumerate(checks, start=1):
        shell.say(f"\n{number} of {len(checks)}  {check.name}")
        if check.obstacle:
            shell.say(f"not run: {check.obstacle}")
            outcome = Outcome(1, check.obstacle)
        else:
            outcome = shell.captured([python, "-m", *check.words], checkout, echo=True)
        results.append((check, outcome))
    return summed_up(results, shell)


def summed_up(results: list[tuple[Check, Outcome]], shell: Shell) -> int:
    """Say what came of each check; what could not run has not passed."""
    shell.say("\nSummary")
    for check, outcome in results:
        verdict = "passed" if outcome.code == 0 else f"FAILED (exit code {outcome.code})"
        verdict = "NOT RUN" if check.obstacle else verdict
        shell.say(f"  {check.name:<12} {verdict:<8} {closing_line(outcome.text)}".rstrip())
    failures = [check.name for check, outcome in results if outcome.code != 0]
    shell.say(f"Failed: {', '.join(failures)}" if failures else "All checks passed.")
    return 1 if failures else 0


def closing_line(text: str) -> str:
    """The line in which a tool sums up: its last one, without colours and rules."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [line.strip(" =") for line in plain.splitlines() if line.strip(" =")]
    return lines[-1] if lines else ""
