"""A user of the Windows in Wine: folders of their own, commands, and what is theirs."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.wine.session import LOCAL, Wine, windows_path
from tests.hosts.wine.windows_python import INSIDE

HOME = LOCAL.removesuffix("\\AppData\\Local")
PYTHON = f"{LOCAL}\\kfxl\\Scripts\\python.exe"
VARIABLES = {
    "LOCALAPPDATA": LOCAL,
    "APPDATA": f"{HOME}\\AppData\\Roaming",
    "USERPROFILE": HOME,
}


@dataclass(frozen=True)
class State:
    """A user's part of the registry as text, and the hash of each of their files."""

    registry: tuple[str, ...]
    files: dict[str, str]


class User:
    """The user in whose folders kfxl is installed."""

    def __init__(self, wine: Wine) -> None:
        self.wine = wine
        for folder in ("AppData\\Roaming", "Documents"):
            self.path(folder).mkdir(parents=True, exist_ok=True)

    def path(self, below_home: str) -> Path:
        """The file of this system behind a path in the user's home folder."""
        return self.wine.path(f"{HOME}\\{below_home}")

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the user's Python."""
        folders = [f"{name}={value}" for name, value in VARIABLES.items()]
        return self.wine.run(PYTHON, windows_path(INSIDE / "run_as.py"), *folders, "--", *words)

    def kfxl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command kfxl."""
        return self.python("-m", "kfxl", *words)

    def done(self, *words: str) -> str:
        """Run the command kfxl and see that it succeeds; what it says."""
        outcome = self.kfxl(*words)
        assert outcome.returncode == 0, outcome
        return outcome.stdout

    def register(self, key: str, name: str, text: str) -> None:
        """Put a text into the user's registry."""
        words = ("reg", "add", f"HKCU\\{key}", "/v", name, "/d", text, "/f")
        assert self.wine.run(*words).returncode == 0

    def unregister(self, key: str) -> None:
        """Delete a key of the user's registry with all that is in it."""
        self.wine.run("reg", "delete", f"HKCU\\{key}", "/f")

    def state(self) -> State:
        """What the registry and the folders hold now; the installed Python apart."""
        dump = self.wine.path("C:\\dump.reg")
        words = ("reg", "export", "HKCU\\Software", "C:\\dump.reg", "/y")
        assert self.wine.run(*words).returncode == 0
        registry = tuple(dump.read_text(encoding="utf-16").splitlines())
        users, python = self.wine.path("C:\\users"), self.wine.path(f"{LOCAL}\\kfxl\\Scripts")
        found = [path for path in sorted(users.rglob("*")) if not path.is_relative_to(python)]
        return State(registry, {str(path.relative_to(users)): _content(path) for path in found})

    @contextlib.contextmanager
    def running(self, program: str) -> Iterator[None]:
        """Have a program of this name run."""
        copy = self.path(f"AppData\\Local\\kfxl\\Scripts\\{program}")
        copy.write_bytes(copy.with_name("python.exe").read_bytes())
        waits = "import sys; print('up', flush=True); sys.stdin.read()"
        process = self.wine.opened(f"{LOCAL}\\kfxl\\Scripts\\{program}", "-c", waits)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == "up"
            yield
        finally:
            process.communicate()
            copy.unlink()


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
