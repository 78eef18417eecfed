"""A registry that behaves as Windows' does, a winreg around it, and a pretended user's Windows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kfxl.hosts.excel_registry import ClearRegistry, Value
from kfxl.hosts.excel_windows import Windows


@dataclass
class Key:
    """A key: values and keys by folded name, each with the name as it was first written."""

    values: dict[str, tuple[str, Value]] = field(default_factory=dict)
    keys: dict[str, tuple[str, Key]] = field(default_factory=dict)


class FakeRegistry:
    """Case-insensitive names, kinds kept, keys that refuse, and a failure at a wanted write.

    Parameters
    ----------
    keys : str
        Keys that are there from the start, besides the software keys of user and machine.
    """

    def __init__(self, *keys: str) -> None:
        self.root = Key()
        self.refusing: set[str] = set()
        self.writes = 0
        self.fail_at = 0
        for key in (r"HKCU\Software", r"HKLM\Software", *keys):
            self._make(key)

    def state(self) -> Key:
        """Everything in it, to be compared later."""
        return copy.deepcopy(self.root)

    def given(self, key: str, **values: str | int | bytes | Value) -> None:
        """Prepare a key with values; a plain text, number or bytes gets the usual kind."""
        kinds = {str: 1, int: 4, bytes: 3}
        found = self._make(key)
        for name, value in values.items():
            plain = value if isinstance(value, Value) else Value(value, kinds[type(value)])
            found.values[name.casefold()] = (name, plain)

    def exists(self, key: str) -> bool:
        return self._find(key) is not None

    def value(self, key: str, name: str) -> Value | None:
        found = self._find(key)
        named = found.values.get(name.casefold()) if found else None
        return named[1] if named else None

    def values(self, key: str) -> dict[str, Value]:
        found = self._find(key)
        return dict(found.values.values()) if found else {}

    def subkeys(self, key: str) -> list[str]:
        found = self._find(key)
        return [name for name, _ in found.keys.values()] if found else []

    def put(self, key: str, name: str, value: Value) -> None:
        found = self._writable(key)
        assert value.kind in {1, 2, 3, 4, 7}
        stored, _ = found.values.get(name.casefold(), (name, None))
        found.values[name.casefold()] = (stored, value)

    def drop(self, key: str, name: str) -> None:
        found = self._writable(key)
        if name.casefold() not in found.values:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        del found.values[name.casefold()]

    def create(self, key: str) -> None:
        above, _, name = key.rpartition("\\")
        self._writable(above).keys.setdefault(name.casefold(), (name, Key()))

    def remove(self, key: str) -> None:
        above, _, name = key.rpartition("\\")
        found = self._writable(key, count=False)
        if found.keys:
            raise PermissionError(13, "Access is denied")
        del self._writable(above).keys[name.casefold()]

    def _find(self, key: str) -> Key | None:
        found = self.root
        for part in key.casefold().split("\\"):
            if part not in found.keys:
                return None
            _, found = found.keys[part]
        return found

    def _make(self, key: str) -> Key:
        found = self.root
        for part in key.split("\\"):
            _, found = found.keys.setdefault(part.casefold(), (part, Key()))
        return found

    def _writable(self, key: str, *, count: bool = True) -> Key:
        self.writes += count
        if key.casefold() in self.refusing or (count and self.writes == self.fail_at):
            raise PermissionError(13, "Access is denied")
        found = self._find(key)
        if found is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return found


# Spaces, an ampersand, an apostrophe, letters of the system's code page and others.
USER = "Zoë & Søn O'Brien 山田 🐍"


def windows_of(
    home: Path, registry: FakeRegistry, excel_runs: Callable[[], bool] = lambda: False
) -> Windows:
    """The Windows of a user whose profile is in a folder of the test."""
    profile = home / USER
    variables = {
        "USERPROFILE": profile,
        "APPDATA": profile / "AppData" / "Roaming",
        "LOCALAPPDATA": profile / "AppData" / "Local",
    }
    for folder in (*variables.values(), profile / "Documents"):
        folder.mkdir(parents=True, exist_ok=True)
    python = variables["LOCALAPPDATA"] / "kfxl" / "Scripts" / "python.exe"
    return Windows(
        ClearRegistry(registry),
        {name: str(folder) for name, folder in variables.items()},
        str(python),
        str(profile / "Python313"),
        excel_runs,
    )


def files_in(folder: Path) -> dict[str, bytes | None]:
    """Every file with its content and every folder, to be compared later."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
