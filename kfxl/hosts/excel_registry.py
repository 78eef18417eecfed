r"""The few things that are needed of Windows' registry, and the real one.

A key is written as in ``HKCU\Software\kfxl``. Names of keys and values do not tell capital from
small letters. Whatever Windows refuses is an OSError, as everywhere in Python.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from kfxl.errors import InputError

TEXT, EXPANDABLE_TEXT, BINARY, NUMBER, TEXTS = 1, 2, 3, 4, 7

T = TypeVar("T")
Data = str | int | bytes | tuple[str, ...] | None


@dataclass(frozen=True)
class Value:
    """What a name in a key stands for: the data, and their kind as Windows counts kinds."""

    data: Data
    kind: int = TEXT


class Registry(Protocol):
    """A registry; the tests give a pretended one."""

    def exists(self, key: str) -> bool:
        """Whether there is such a key."""
        ...

    def value(self, key: str, name: str) -> Value | None:
        """One value; None where the key or the value is missing."""
        ...

    def values(self, key: str) -> dict[str, Value]:
        """All values of a key by name; none where the key is missing."""
        ...

    def subkeys(self, key: str) -> list[str]:
        """Names of the keys in a key; none where the key is missing."""
        ...

    def put(self, key: str, name: str, value: Value) -> None:
        """Set a value of a key that is there."""
        ...

    def drop(self, key: str, name: str) -> None:
        """Delete a value that is there."""
        ...

    def create(self, key: str) -> None:
        """Make a key in a key that is there."""
        ...

    def remove(self, key: str) -> None:
        """Delete a key that holds no other key."""
        ...


class WindowsRegistry:
    """The registry of the user who runs this; always the 64-bit view."""

    def __init__(self) -> None:
        # Loaded by name because the module, and so its types, are there on Windows only.
        self._api: Any = importlib.import_module("winreg")
        self._hives = {
            "HKCU": self._api.HKEY_CURRENT_USER,
            "HKLM": self._api.HKEY_LOCAL_MACHINE,
        }

    def _split(self, key: str) -> tuple[Any, str]:
        hive, _, path = key.partition("\\")
        return self._hives[hive], path

    def _open(self, key: str, access: int) -> Any:
        hive, path = self._split(key)
        return self._api.OpenKeyEx(hive, path, 0, access | self._api.KEY_WOW64_64KEY)

    def exists(self, key: str) -> bool:
        """Whether there is such a key."""
        with contextlib.suppress(FileNotFoundError), self._open(key, self._api.KEY_READ):
            return True
        return False

    def value(self, key: str, name: str) -> Value | None:
        """One value; None where the key or the value is missing."""
        with (
            contextlib.suppress(FileNotFoundError),
            self._open(key, self._api.KEY_READ) as handle,
        ):
            data, kind = self._api.QueryValueEx(handle, name)
            return _plain(data, kind)
        return None

    def values(self, key: str) -> dict[str, Value]:
        """All values of a key by name; none where the key is missing."""
        found: dict[str, Value] = {}
        with (
            contextlib.suppress(FileNotFoundError),
            self._open(key, self._api.KEY_READ) as handle,
        ):
            for index in range(self._api.QueryInfoKey(handle)[1]):
                name, data, kind = self._api.EnumValue(handle, index)
                found[name] = _plain(data, kind)
        return found

    def subkeys(self, key: str) -> list[str]:
        """Names of the keys in a key; none where the key is missing."""
        with (
            contextlib.suppress(FileNotFoundError),
            self._open(key, self._api.KEY_READ) as handle,
        ):
            count = self._api.QueryInfoKey(handle)[0]
            return [self._api.EnumKey(handle, index) for index in range(count)]
        return []

    def put(self, key: str, name: str, value: Value) -> None:
        """Set a value of a key that is there."""
        data = list(value.data) if isinstance(value.data, tuple) else value.data
        with self._open(key, self._api.KEY_SET_VALUE) as handle:
            self._api.SetValueEx(handle, name, 0, value.kind, data)

    def drop(self, key: str, name: str) -> None:
        """Delete a value that is there."""
        with self._open(key, self._api.KEY_SET_VALUE) as handle:
            self._api.DeleteValue(handle, name)

    def create(self, key: str) -> None:
        """Make a key in a key that is there."""
        hive, path = self._split(key)
        access = self._api.KEY_WRITE | self._api.KEY_WOW64_64KEY
        self._api.CreateKeyEx(hive, path, 0, access).Close()

    def remove(self, key: str) -> None:
        """Delete a key that holds no other key."""
        hive, path = self._split(key)
        self._api.DeleteKeyEx(hive, path, self._api.KEY_WOW64_64KEY, 0)


def _plain(data: Any, kind: int) -> Value:
    """Lists become tuples, so that values can be compared and kept."""
    return Value(tuple(data) if isinstance(data, list) else data, kind)


class ClearRegistry:
    """A registry whose refusals are one line each that names the key."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def exists(self, key: str) -> bool:
        """Whether there is such a key."""
        return _clear(key, "read", lambda: self._registry.exists(key))

    def value(self, key: str, name: str) -> Value | None:
        """One value; None where the key or the value is missing."""
        return _clear(key, "read", lambda: self._registry.value(key, name))

    def values(self, key: str) -> dict[str, Value]:
        """All values of a key by name; none where the key is missing."""
        return _clear(key, "read", lambda: self._registry.values(key))

    def subkeys(self, key: str) -> list[str]:
        """Names of the keys in a key; none where the key is missing."""
        return _clear(key, "read", lambda: self._registry.subkeys(key))

    def put(self, key: str, name: str, value: Value) -> None:
        """Set a value of a key that is there."""
        _clear(key, "changed", lambda: self._registry.put(key, name, value))

    def drop(self, key: str, name: str) -> None:
        """Delete a value that is there."""
        _clear(key, "changed", lambda: self._registry.drop(key, name))

    def create(self, key: str) -> None:
        """Make a key in a key that is there."""
        _clear(key, "made", lambda: self._registry.create(key))

    def remove(self, key: str) -> None:
        """Delete a key that holds no other key."""
        _clear(key, "deleted", lambda: self._registry.remove(key))


def _clear(key: str, what: str, step: Callable[[], T]) -> T:
    try:
        return step()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        problem = f"Windows does not let this key of the registry be {what} ({why})"
        remedy = "ask whoever manages this computer to allow it"
        raise InputError(key, problem, remedy) from error
