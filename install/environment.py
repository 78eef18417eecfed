"""Virtual environments that are made once, updated when something changed, repaired when broken.

A marker file is the first thing put into an environment and says how far it has come. A folder
without one is not ours and is never touched; a marker that does not say "ready" means that an
earlier run was interrupted, and the environment is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from install.packages import explain_failure, pip_command
from install.places import python_of
from install.shell import InstallError, Shell

MARKER = "kfxl-environment.json"
LOGS = ("kfxl.log", "install.log", "kfxl-setup.log")
READY, UNFINISHED = "ready", "unfinished"


@dataclass(frozen=True)
class Recipe:
    """What an environment holds.

    ``requirement`` is given to pip from the checkout's top; ``fingerprint`` changes whenever
    the environment has to follow.
    """

    folder: Path
    checkout: Path
    requirement: tuple[str, ...]
    fingerprint: str


def fingerprint(paths: Iterable[Path], *facts: str) -> str:
    """Hash of some files' names and contents, folders walked, and of some facts."""
    digest = hashlib.sha256("\0".join(facts).encode())
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"\0{file.relative_to(path.parent).as_posix()}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def prepare(recipe: Recipe, shell: Shell, *, afresh: bool = False) -> bool:
    """Make or update the environment; False where there was nothing to do."""
    marker = read_marker(recipe.folder)
    check_ours(recipe.folder, marker)
    usable = (
        marker.get("state") == READY
        and marker.get("python") == python_version()
        and marker.get("folder") == str(recipe.folder)
        and python_of(recipe.folder).exists()
        and not afresh
    )
    if usable and marker.get("fingerprint") == recipe.fingerprint:
        return False
    try:
        if not usable:
            remove(recipe.folder)
            recipe.folder.mkdir(parents=True)
            write_marker(recipe, UNFINISHED)
            create(recipe.folder, shell)
        write_marker(recipe, UNFINISHED)
        fill(recipe, shell, marker if usable else None)
        write_marker(recipe, READY)
    except OSError as error:
        raise InstallError(
            f"{error.filename or recipe.folder}: {error.strerror}",
            "make the folder writable for you or free some space, and run this again",
        ) from None
    return True


def create(folder: Path, shell: Shell) -> None:
    """Make the virtual environment, with its own pip where Python brings one."""
    if find_spec("venv") is None:
        remedy = "sudo apt install python3-venv, then run this again"
        if sys.platform == "win32":
            remedy = "this Python is a reduced one; install that of python.org and use it"
        raise InstallError("Python's module venv is missing", remedy)
    if find_spec("ensurepip") is not None:
        outcome = shell.captured([sys.executable, "-m", "venv", folder], folder.parent)
        if outcome.code == 0:
            return
    # Debian splits ensurepip off into python3-venv; an environment without a pip of its own can
    # be filled by the system's.
    outcome = shell.captured([sys.executable, "-m", "venv", "--without-pip", folder], folder.parent)
    if outcome.code != 0:
        raise InstallError(
            f"{folder}: Python could not make a virtual environment there "
            f"({last_line(outcome.text)})",
            "the log says more",
        )


def fill(recipe: Recipe, shell: Shell, former: dict[str, str] | None) -> None:
    """Install the requirement; a failed update leaves what was there, and says so in the marker."""
    pip = pip_command(recipe.folder, shell)
    command = [*pip, "install", *recipe.requirement]
    outcome = shell.captured(command, recipe.checkout)
    if outcome.code == 0:
        return
    if former is not None:
        # pip puts back what it had replaced, so the environment is as good as before.
        write(recipe.folder / MARKER, former)
    raise explain_failure(outcome.text)


def check_ours(folder: Path, marker: dict[str, str]) -> None:
    """Refuse a folder that something else has put there."""
    foreign = not marker and (folder.is_symlink() or (folder.exists() and not is_empty(folder)))
    if foreign:
        raise InstallError(
            f"{folder}: this was not made by kfxl's installer, so it stays as it is",
            "move or delete it and run this again",
        )


def is_empty(folder: Path) -> bool:
    """Whether a folder has nothing in it but logs of ours; a file is not an empty folder."""
    return folder.is_dir() and all(entry.name.startswith(LOGS) for entry in folder.iterdir())


def remove(folder: Path) -> None:
    """Delete an environment of ours, the marker last so that an interruption can be resumed."""
    if not folder.exists():
        return
    for entry in folder.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    (folder / MARKER).unlink(missing_ok=True)
    folder.rmdir()


def read_marker(folder: Path) -> dict[str, str]:
    """What the marker says; empty where there is none. An unreadable one is still ours."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError):
        return {"state": UNFINISHED}
    return content if isinstance(content, dict) and content else {"state": UNFINISHED}


def write_marker(recipe: Recipe, state: str) -> None:
    """Record how far the environment has come."""
    facts = {
        "about": "virtual environment of kfxl; `python3 install` made it and replaces it",
        "state": state,
        "fingerprint": recipe.fingerprint,
        "folder": str(recipe.folder),
        "python": python_version(),
    }
    write(recipe.folder / MARKER, facts)


def write(path: Path, facts: dict[str, str]) -> None:
    """Write a marker in one step, so that it is never half there."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    os.replace(fresh, path)


def python_version() -> str:
    """Minor version of the running Python; an environment follows smaller updates by itself."""
    return f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"


def last_line(text: str) -> str:
    """Last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
