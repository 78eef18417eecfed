"""Which wheels a Python elsewhere would get: pip resolves, conditions are judged for that Python.

``pip install --platform`` picks wheels for another system, but judges conditions such as
``platform_system == "Windows"`` by the machine that it runs on. So what each wheel needs on that
system is read from pip's report, and pip is asked again until nothing is left out.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kfxl.hosts.excel_wheels import pip

MOST_ROUNDS = 5
SYSTEMS = {
    "win": ("nt", "win32", "Windows", "AMD64"),
    "macosx": ("posix", "darwin", "Darwin", ""),
    "manylinux": ("posix", "linux", "Linux", "x86_64"),
}


@dataclass(frozen=True)
class Target:
    """A CPython on some system, named as wheels name it."""

    platform: str
    python: str

    @property
    def environment(self) -> dict[str, str]:
        """What conditions on requirements see there."""
        system = self.platform.partition("_")[0].rstrip("0123456789")
        os_name, sys_platform, platform_system, machine = SYSTEMS[system]
        return {
            "os_name": os_name,
            "sys_platform": sys_platform,
            "platform_system": platform_system,
            "platform_machine": machine or self.platform.split("_", 3)[3],
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_release": "",
            "platform_version": "",
        }


Report = list[dict[str, Any]]
Ask = Callable[[Sequence[str], Target], Report]


def resolve(requirements: Iterable[str], target: Target, ask: Ask) -> dict[str, dict[str, Any]]:
    """The entries of pip's report for all that ``target`` needs, by canonical name."""
    roots = [Requirement(text) for text in requirements]
    asked = [r for r in roots if applies(r, target)]
    for _ in range(MOST_ROUNDS):
        report = ask([f"{r.name}{_extras(r)}{r.specifier}" for r in asked], target)
        found = {canonicalize_name(entry["metadata"]["name"]): entry for entry in report}
        needed = _below(asked, found, target)
        absent = [r for r in needed if canonicalize_name(r.name) not in found]
        if not absent:
            return {canonicalize_name(r.name): found[canonicalize_name(r.name)] for r in needed}
        asked += absent
    raise AssertionError(f"no end to what {target} needs: {absent}")


def applies(requirement: Requirement, target: Target, extra: str = "") -> bool:
    """Whether a requirement's condition holds there."""
    context = {**target.environment, "extra": extra}
    return requirement.marker is None or requirement.marker.evaluate(context)


def _below(
    asked: Iterable[Requirement], found: dict[str, dict[str, Any]], target: Target
) -> list[Requirement]:
    """Every requirement of those asked for and of what they need, each checked for its version."""
    needed, todo, seen = [], list(asked), set()
    while todo:
        requirement = todo.pop()
        needed.append(requirement)
        entry = found.get(canonicalize_name(requirement.name))
        if entry is None:
            continue
        facts = entry["metadata"]
        assert requirement.specifier.contains(facts["version"], prereleases=True), requirement
        for extra in ("", *requirement.extras):
            if (facts["name"], extra) not in seen:
                seen.add((facts["name"], extra))
                below = map(Requirement, facts.get("requires_dist", []))
                todo += [r for r in below if applies(r, target, extra)]
    return needed


def _extras(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def ask_pip(requirements: Sequence[str], target: Target) -> Report:
    """pip's report on what it would install; wheels only, nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(*pip(), "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--dry-run", "--ignore-installed", "--only-binary=:all:", "--implementation", "cp"),
            *("--platform", target.platform, "--python-version", target.python),
            *("--target", str(Path(folder) / "target"), "--report", str(report)),
            *requirements,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: Report = json.loads(report.read_text(encoding="utf-8"))["install"]
        return found
