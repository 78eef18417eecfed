"""Installs Excel's add-in for the user who runs this, and takes it away again.

The add-in's file goes into the user's add-ins folder and is registered with every Excel that the
user has. What was made for it, keys and folders too, is recorded in the registry, so that nothing
of it is left afterwards. Each run changes everything or nothing.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from kfxl.errors import InputError
from kfxl.hosts.excel_changes import Changes, missing_folders, missing_keys, together
from kfxl.hosts.excel_open import (
    ADDIN,
    entries,
    forget,
    numbered,
    options_key,
    rewrite,
    with_ours,
)
from kfxl.hosts.excel_registry import TEXTS, Registry, Value
from kfxl.hosts.excel_windows import (
    CURRENT,
    Windows,
    addins_folder,
    refuse_store_python,
    versions,
)

NOTICES_FILE = "kfxl-notices.txt"
OUR_KEY = r"HKCU\Software\kfxl"
RECORD = rf"{OUR_KEY}\Excel"
TEMPLATES = rf"{RECORD}\Templates"  # path and hash of each template that was written
# Names of the values in the record.
FILE, KEYS, FOLDERS = "Add-in", "Keys made", "Folders made"
MARK = b"kfxl.conf"


@dataclass(frozen=True)
class Installed:
    """What an installation has come to.

    ``versions`` are those of Excel that open the add-in (the current one where none was found),
    ``changed`` is False where all was so already.
    """

    file: Path
    versions: tuple[str, ...]
    changed: bool


def install(windows: Windows, addin: bytes, notices: str) -> Installed:
    """Put the add-in into the user's folder and have Excel open it.

    Parameters
    ----------
    windows : Windows
        Where to install.
    addin : bytes
        The add-in's content, of :func:`kfxl.hosts.excel_addin.build_addin`.
    notices : str
        Licences of what the add-in takes from others, to be put beside it.

    Returns
    -------
    Installed

    Raises
    ------
    InputError
        If Excel is running, if Python is one that Excel cannot see, or if Windows refuses a step;
        nothing is changed then.
    """
    refuse_store_python(windows)
    refuse_running_excel(windows)
    registry = windows.registry
    file = addins_folder(windows) / ADDIN
    refuse_foreign_file(windows, file)
    found = versions(windows) or [CURRENT]
    with together(registry) as changes:
        _record(changes, file, [options_key(version) for version in found])
        changes.folder(file.parent)
        changes.write(file.with_name(NOTICES_FILE), notices.encode("utf-8"))
        changes.write(file, addin)
        for version in found:
            _register(changes, version, file)
    return Installed(file, tuple(found), changes.made)


def uninstall(windows: Windows) -> list[str]:
    """Take away what :func:`install` has made, and nothing else.

    Returns
    -------
    list of str
        What was taken away, in words; empty where nothing was installed.

    Raises
    ------
    InputError
        If Excel is running or Windows refuses a step; nothing is changed then.
    """
    registry = windows.registry
    record = registry.values(RECORD)
    registered = [v for v in versions(windows) if any(e.ours for e in entries(registry, v))]
    files = [file for file in _files(windows) if file.is_file()]
    if not record and not registered and not files:
        return []
    refuse_running_excel(windows)
    done: list[str] = []
    with together(registry) as changes:
        for version in versions(windows):
            _deregister(changes, version)
        done += [f"the entry in Excel {version}" for version in registered]
        done += [str(file) for file in files if changes.delete(file)]
        done += [str(file) for file in _unused_templates(registry) if changes.delete(file)]
        for folder in reversed(_texts_of(record.get(FOLDERS))):
            changes.remove_empty_folder(Path(folder))
        _forget_record(changes, _texts_of(record.get(KEYS)))
    return done


def keep_template(windows: Windows, path: Path, data: bytes) -> bool:
    """Write the template for the user; False where a file is there, which stays as it is.

    The record keeps the content's hash: taking kfxl away deletes the template only while nobody
    has worked in it.
    """
    if path.exists():
        return False
    with together(windows.registry) as changes:
        changes.write(path, data)
        changes.key(TEMPLATES)
        changes.put(TEMPLATES, str(path), Value(hashlib.sha256(data).hexdigest()))
    return True


def refuse_running_excel(windows: Windows) -> None:
    """Refuse while Excel runs: it holds the file and writes its list of add-ins when it ends."""
    if windows.excel_runs():
        raise InputError(
            "Excel",
            "it is running and would undo the change when it ends",
            "save your work, close every Excel window and run this again; if no window is open, "
            "end Microsoft Excel in the Task Manager",
        )


def refuse_foreign_file(windows: Windows, file: Path) -> None:
    """Refuse to replace a file of that name which kfxl has not made."""
    recorded = _text(windows.registry, FILE) == str(file)
    if not recorded and file.exists() and not made_by_kfxl(file):
        raise InputError(
            str(file), "this file was not made by kfxl and stays as it is", "move it away"
        )


def made_by_kfxl(file: Path) -> bool:
    """Whether a file is an add-in of kfxl, of any version: by the sheet with its settings."""
    try:
        with zipfile.ZipFile(file) as package:
            return MARK in package.read("xl/workbook.xml")
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _record(changes: Changes, file: Path, keys: list[str]) -> None:
    """Note what is about to be made, before it is; what an earlier run has noted stays."""
    registry = changes.registry
    former = _text(registry, FILE)
    if former not in ("", str(file)):
        _leave(changes, Path(former))
    made_keys = _texts(registry, KEYS)
    made_folders = _texts(registry, FOLDERS)
    for key in (OUR_KEY, *keys):
        made_keys += [new for new in missing_keys(registry, key) if new not in made_keys]
    new_folders = [str(new) for new in missing_folders(file.parent)]
    made_folders += [new for new in new_folders if new not in made_folders]
    changes.key(RECORD)
    changes.put(RECORD, FILE, Value(str(file)))
    _put_texts(changes, KEYS, made_keys)
    _put_texts(changes, FOLDERS, made_folders)


def _leave(changes: Changes, file: Path) -> None:
    """Take away the add-in from the folder where it was before."""
    changes.delete(file)
    changes.delete(file.with_name(NOTICES_FILE))
    for folder in reversed(_texts(changes.registry, FOLDERS)):
        changes.remove_empty_folder(Path(folder))


def _register(changes: Changes, version: str, file: Path) -> None:
    """Have one Excel open the add-in, after those that it opens already."""
    present = entries(changes.registry, version)
    others = [entry for entry in present if not entry.ours]
    names = [entry.name.upper() for entry in present]
    if names != list(numbered([entry.value for entry in present])):
        # Closing a gap brings add-ins back that Excel did not open; uninstalling undoes that.
        lines = tuple(f"{entry.name.upper()}={entry.file}" for entry in others)
        changes.put(RECORD, f"Before {version}", Value(lines, TEXTS))
    changes.key(options_key(version))
    rewrite(changes, version, with_ours(present, str(file)))
    forget(changes, version)


def _deregister(changes: Changes, version: str) -> None:
    """Take the add-in out of one Excel; the others move up so that no number is missing."""
    present = entries(changes.registry, version)
    others = [entry for entry in present if not entry.ours]
    if len(others) != len(present):
        names = list(numbered([entry.value for entry in others]))
        before = [line.partition("=") for line in _texts(changes.registry, f"Before {version}")]
        if before and [file for _, _, file in before] == [entry.file for entry in others]:
            names = [name for name, _, _ in before]
        rewrite(changes, version, {n: o.value for n, o in zip(names, others, strict=True)})
    forget(changes, version)


def _files(windows: Windows) -> list[Path]:
    """Every file of ours: where the record, the default folder and Excel's own entries say."""
    registry = windows.registry
    recorded = _text(registry, FILE)
    places = [Path(recorded)] if recorded else []
    opened = [entry for version in versions(windows) for entry in entries(registry, version)]
    candidates = [Path(entry.file) for entry in opened if entry.ours and entry.folder]
    candidates.append(addins_folder(windows) / ADDIN)
    places += [file for file in candidates if file not in places and made_by_kfxl(file)]
    return [path for file in places for path in (file, file.with_name(NOTICES_FILE))]


def _unused_templates(registry: Registry) -> list[Path]:
    """The templates that the installation wrote and nobody has changed."""
    return [
        Path(path)
        for path, digest in registry.values(TEMPLATES).items()
        if Path(path).is_file()
        and hashlib.sha256(Path(path).read_bytes()).hexdigest() == digest.data
    ]


def _forget_record(changes: Changes, made: list[str]) -> None:
    """Delete the record, and the keys that were made and hold nothing now."""
    for key in (TEMPLATES, RECORD):
        for name in changes.registry.values(key):
            changes.drop(key, name)
        changes.remove_empty_key(key)
    for key in reversed(made):
        changes.remove_empty_key(key)


def _text(registry: Registry, name: str) -> str:
    value = registry.value(RECORD, name)
    return value.data if value is not None and isinstance(value.data, str) else ""


def _texts(registry: Registry, name: str) -> list[str]:
    return _texts_of(registry.value(RECORD, name))


def _texts_of(value: Value | None) -> list[str]:
    return list(value.data) if value is not None and isinstance(value.data, tuple) else []


def _put_texts(changes: Changes, name: str, texts: list[str]) -> None:
    if texts:
        changes.put(RECORD, name, Value(tuple(texts), TEXTS))
