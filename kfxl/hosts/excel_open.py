"""Which add-ins Excel opens when it starts: the values OPEN, OPEN1, OPEN2 ... of its options.

Excel reads them by number and stops at the first number that is missing; on its way out it writes
them anew. An add-in that is known but not opened is a name in the key ``Add-in Manager``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kfxl.hosts.excel_changes import Changes
from kfxl.hosts.excel_registry import Registry, Value
from kfxl.hosts.excel_windows import OFFICE, disabled_file, file_name

ADDIN = "kfxl.xlam"


@dataclass(frozen=True)
class Entry:
    """One add-in that Excel opens: the value's name in the registry, its number, the value."""

    name: str
    number: int
    value: Value

    @property
    def file(self) -> str:
        """The add-in's path; its name alone where it lies in the user's add-ins folder."""
        return self.value.data.strip().strip('"') if isinstance(self.value.data, str) else ""

    @property
    def ours(self) -> bool:
        """Whether it is kfxl's add-in, wherever that lies."""
        return file_name(self.file) == ADDIN

    @property
    def folder(self) -> bool:
        """Whether the path says where the add-in lies."""
        return self.file.casefold() != file_name(self.file)


def options_key(version: str) -> str:
    """The key of Excel's options."""
    return rf"{OFFICE}\{version}\Excel\Options"


def manager_key(version: str) -> str:
    """The key of the add-ins that Excel knows and does not open."""
    return rf"{OFFICE}\{version}\Excel\Add-in Manager"


def disabled_key(version: str) -> str:
    """The key of what Excel has disabled after it failed."""
    return rf"{OFFICE}\{version}\Excel\Resiliency\DisabledItems"


def entries(registry: Registry, version: str) -> list[Entry]:
    """Every add-in that is to be opened, by number, gaps left out."""
    found = []
    for name, value in registry.values(options_key(version)).items():
        match = re.fullmatch(r"open([1-9]\d*)?", name, re.IGNORECASE)
        if match:
            found.append(Entry(name, int(match[1] or 0), value))
    return sorted(found, key=lambda entry: entry.number)


def numbered(values: list[Value]) -> dict[str, Value]:
    """The values under their names, without a gap.

    >>> list(numbered([Value("a.xlam"), Value("b.xlam"), Value("c.xlam")]))
    ['OPEN', 'OPEN1', 'OPEN2']
    """
    return {f"OPEN{number or ''}": value for number, value in enumerate(values)}


def rewrite(changes: Changes, version: str, wanted: dict[str, Value]) -> None:
    """Make the values those that are wanted; what stays the same is not written."""
    key = options_key(version)
    present = entries(changes.registry, version)
    for name, value in wanted.items():
        changes.put(key, name, value)
    for entry in present:
        if entry.name.upper() not in wanted:
            changes.drop(key, entry.name)


def with_ours(found: list[Entry], path: str) -> dict[str, Value]:
    """The entries with ours in the place that it has, at the end if it is new, and only once."""
    wanted = Value(f'"{path}"')
    values: list[Value] = []
    for entry in found:
        if not entry.ours:
            values.append(entry.value)
        elif wanted not in values:
            values.append(wanted)
    return numbered(values if wanted in values else [*values, wanted])


def forget(changes: Changes, version: str) -> None:
    """Take kfxl out of what Excel knows but does not open, and out of what it has disabled."""
    registry = changes.registry
    for name in registry.values(manager_key(version)):
        if file_name(name) == ADDIN:
            changes.drop(manager_key(version), name)
    for name, value in registry.values(disabled_key(version)).items():
        if file_name(disabled_file(value)) == ADDIN:
            changes.drop(disabled_key(version), name)
