"""Changes to the registry and to files that are made together or not at all.

Every step notes how it is taken back. When a later one fails, all are taken back in reverse order
and the failure is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kfxl.errors import InputError
from kfxl.hosts.excel_registry import Registry, Value
from kfxl.spreadsheet.files import write_whole

FOLDER_REMEDY = "make the folder writable for you"
FILE_REMEDY = "close every program that has it open (Excel), and make its folder writable for you"


class Changes:
    """What was changed so far, and how it is taken back."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._undo: list[tuple[str, Callable[[], object]]] = []

    @property
    def made(self) -> bool:
        """Whether anything was changed."""
        return bool(self._undo)

    def take_back(self) -> list[str]:
        """Undo every change, the last one first; the places where that failed."""
        left = []
        while self._undo:
            where, undo = self._undo.pop()
            try:
                undo()
            except (OSError, InputError):
                left.append(where)
        return left

    def key(self, key: str) -> None:
        """Make a key, and what is missing above it."""
        for missing in missing_keys(self.registry, key):
            self.registry.create(missing)
            self._noted(missing, self.registry.remove, missing)

    def put(self, key: str, name: str, value: Value) -> None:
        """Set a value of a key that is there, unless it is that already."""
        former = self.registry.value(key, name)
        if former == value:
            return
        self.registry.put(key, name, value)
        if former is None:
            self._noted(key, self.registry.drop, key, name)
        else:
            self._noted(key, self.registry.put, key, name, former)

    def drop(self, key: str, name: str) -> None:
        """Delete a value, if it is there."""
        former = self.registry.value(key, name)
        if former is not None:
            self.registry.drop(key, name)
            self._noted(key, self.registry.put, key, name, former)

    def remove_empty_key(self, key: str) -> None:
        """Delete a key, if it is there and holds nothing."""
        registry = self.registry
        if registry.exists(key) and not registry.values(key) and not registry.subkeys(key):
            registry.remove(key)
            self._noted(key, registry.create, key)

    def folder(self, path: Path) -> None:
        """Make a folder, and what is missing above it."""
        for missing in missing_folders(path):
            _file_step(missing, "made", FOLDER_REMEDY, missing.mkdir)
            self._noted(str(missing), missing.rmdir)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file whole, unless it holds that already; its folder must be there."""
        former = _content(path) if path.is_file() else None
        if former == data:
            return
        _file_step(path, "written", FILE_REMEDY, write_whole, path, data)
        if former is None:
            self._noted(str(path), path.unlink)
        else:
            self._noted(str(path), write_whole, path, former)

    def delete(self, path: Path) -> bool:
        """Delete a file, if it is there."""
        if not path.is_file():
            return False
        former = _content(path)
        _file_step(path, "deleted", FILE_REMEDY, path.unlink)
        self._noted(str(path), write_whole, path, former)
        return True

    def remove_empty_folder(self, path: Path) -> None:
        """Delete a folder, if it is there and holds nothing."""
        if path.is_dir() and not any(path.iterdir()):
            _file_step(path, "deleted", FOLDER_REMEDY, path.rmdir)
            self._noted(str(path), path.mkdir)

    def _noted(self, where: str, undo: Callable[..., object], *arguments: object) -> None:
        self._undo.append((where, lambda: undo(*arguments)))


@contextmanager
def together(registry: Registry) -> Iterator[Changes]:
    """Changes that are taken back when the block fails, whatever the reason."""
    changes = Changes(registry)
    try:
        yield changes
    except BaseException as error:
        left = changes.take_back()
        if not isinstance(error, InputError):
            raise
        state = "nothing was changed"
        if left:
            state = f"these could not be put back as they were: {', '.join(left)}"
        raise InputError(error.argument, error.problem, f"{error.remedy}; {state}") from error


def missing_keys(registry: Registry, key: str) -> list[str]:
    """The key and those above it that are not there, the outermost first."""
    parts = key.split("\\")
    above = ["\\".join(parts[:depth]) for depth in range(2, len(parts) + 1)]
    return [part for part in above if not registry.exists(part)]


def missing_folders(path: Path) -> list[Path]:
    """The folder and those above it that are not there, the outermost first."""
    return [folder for folder in (*reversed(path.parents), path) if not folder.is_dir()]


def _content(path: Path) -> bytes:
    content: list[bytes] = []
    _file_step(path, "read", FILE_REMEDY, lambda: content.append(path.read_bytes()))
    return content[0]


def _file_step(
    path: Path, what: str, remedy: str, step: Callable[..., object], *arguments: object
) -> None:
    """Do something to a file; what the system refuses is one line."""
    try:
        step(*arguments)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise InputError(str(path), f"this cannot be {what} ({why})", remedy) from error
    except InputError as error:  # of write_whole, which names the file without its folder
        raise InputError(str(path), error.problem, remedy) from error
