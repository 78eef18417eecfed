"""COM objects for tests: every use is counted, can be made to fail, and must be one that exists.

Names that begin with a capital are the object's COM members. A class declares them as properties,
methods and :class:`Setting`; any other is an AttributeError, as with a real COM object. A property
read or set and a method called are one call each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.hosts.pywin32_stub import com_error


class Calls:
    """What was called: ``names``, with ``=`` behind those that were set.

    ``fail_at`` makes the call of that number fail (from 0), with the next ones as ``fail_for``
    says; ``broken`` all calls of these names; ``error`` makes the error. What the model itself
    does on behalf of a call does not count.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.fail_at: int | None = None
        self.fail_for = 1
        self.broken: set[str] = set()
        self.failed: list[str] = []
        self.error: Callable[[str], Exception] = lambda name: com_error(f"{name} refused")
        self._inside = 0

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Count a call while it runs, or fail instead."""
        if not self._inside:
            self.names.append(name)
            late = -1 if self.fail_at is None else len(self.names) - 1 - self.fail_at
            if 0 <= late < self.fail_for or name in self.broken:
                self.failed.append(name)
                raise self.error(name)
        with self.inside():
            yield

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Do not count what happens here."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


class Setting:
    """A plain property with a value; ``check`` raises where Excel would not take one."""

    def __init__(self, default: Any, check: Callable[[Any], bool] | None = None) -> None:
        self.default, self.check = default, check

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else vars(instance).get(f"_{self.name}", self.default)

    def __set__(self, instance: Any, value: Any) -> None:
        if self.check is not None and not self.check(value):
            what = f"Unable to set the {self.name} property of the {type(instance).__name__} class"
            raise com_error(what)
        vars(instance)[f"_{self.name}"] = value


class ComObject:
    """Base of all: ``calls`` is shared by the objects of one application."""

    calls: Calls

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def __getattribute__(self, name: str) -> Any:
        if not name[0].isupper():
            return object.__getattribute__(self, name)
        kind = type(self)
        member = inspect.getattr_static(kind, name, None)
        if member is None:
            raise AttributeError(f"{kind.__name__}.{name}")
        calls = object.__getattribute__(self, "calls")
        label = f"{kind.__name__}.{name}"
        if inspect.isfunction(member):
            method = object.__getattribute__(self, name)
            return lambda *values, **named: _called(calls, label, method, *values, **named)
        with calls.one(label):
            return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name[0].isupper():
            object.__setattr__(self, name, value)
            return
        kind = type(self)
        member = inspect.getattr_static(kind, name, None)
        readable_only = isinstance(member, property) and member.fset is None
        if member is None or inspect.isfunction(member) or readable_only:
            raise AttributeError(f"Property '{kind.__name__}.{name}' can not be set.")
        with self.calls.one(f"{kind.__name__}.{name}="):
            object.__setattr__(self, name, value)


def _called(
    calls: Calls, label: str, method: Callable[..., Any], *values: Any, **named: Any
) -> Any:
    with calls.one(label):
        return method(*values, **named)


class Collection(ComObject):
    """A collection: called with a number from 1, or a name in any case."""

    def items(self) -> list[Any]:
        raise NotImplementedError

    def key(self, item: Any) -> str:
        return str(item.name)

    @property
    def Count(self) -> int:
        return len(self.items())

    def Item(self, key: int | str) -> Any:
        items = self.items()
        if isinstance(key, str):
            items = [item for item in items if self.key(item).casefold() == key.casefold()]
            key = 1
        if not 1 <= key <= len(items):
            raise com_error("Subscript out of range", -2146828279)
        return items[key - 1]

    def __call__(self, key: int | str) -> Any:
        return self.Item(key)

    def __iter__(self) -> Iterator[Any]:
        with self.calls.one(f"{type(self).__name__}._NewEnum"):
            items = list(self.items())
        return iter(items)
