"""What LibreOffice keeps of extensions in the user's profile, and whether it is in use."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kfxl.errors import InputError
from kfxl.hosts.calc_addin import IDENTIFIER

LOCK = ".lock"
# Where LibreOffice unpacks extensions, and where it forgets copies of replaced ones.
UNPACKED = "user/uno_packages/cache/uno_packages"
LEFT_BEHIND = ("user/extensions/tmp/extensions", "user/extensions/bak/extensions")
KNOWN = "user/uno_packages/cache/uno_packages.pmap"
SWITCHED = (
    "user/uno_packages/cache/registry/"
    "com.sun.star.comp.deployment.bundle.PackageRegistryBackend/backenddb.xml"
)
SETTINGS = "user/registrymodifications.xcu"
# Menus, tool bars and keys that LibreOffice remembers for what the extension brought.
RECENT = re.compile(r'<item oor:path="/org\.openoffice\.Office\.Histories/.*kfxl.*</item>', re.I)
ORDER = re.compile(
    r'(<item oor:path="/org\.openoffice\.Office\.Histories/[^"]*/OrderList"><node oor:name=")\d+'
)
OURS = (IDENTIFIER, "service:org.kfxl.", '"kfxl:', ">kfxl:")


@dataclass(frozen=True)
class Installed:
    """The extension as it lies in a profile; ``off`` when its user has switched it off."""

    folder: Path
    version: str
    off: bool = False


def refuse_foreign_lock(profile: Path) -> None:
    """Refuse a profile that LibreOffice uses on another machine; nothing must change it there.

    A lock of this machine is LibreOffice's own business: it is in use, and the one that runs is
    asked, or the lock was left by a crash, and LibreOffice sees that.
    """
    owner = other_machine(profile)
    if owner:
        raise InputError(
            "LibreOffice",
            f"its profile {profile} is in use on the machine {owner}",
            f"close LibreOffice there and run this again, or delete {profile / LOCK} "
            "if it does not run",
        )


def other_machine(profile: Path) -> str:
    """The other machine that has locked a profile; empty where none has."""
    try:
        text = (profile / LOCK).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    owner = dict(re.findall(r"^(\w+)=(.*?)\s*$", text, re.MULTILINE)).get("Host", "")
    ours = socket.gethostname()
    return "" if owner.split(".")[0].casefold() == ours.split(".")[0].casefold() else owner


def refuse_closed_folder(profile: Path) -> None:
    """Refuse a profile that cannot be written, which LibreOffice only says with a number."""
    places = [profile / "user", *profile.parents, profile]
    there = max((path for path in places if path.is_dir()), key=lambda path: len(path.parts))
    if not os.access(there, os.W_OK):
        raise InputError(
            "LibreOffice",
            f"its profile {profile} cannot be written",
            f"make {there} writable for you and run this again",
        )


def in_use(profile: Path) -> bool:
    """Whether a LibreOffice runs with a profile, as far as its lock and this system tell."""
    return bool(other_machine(profile)) or ((profile / LOCK).is_file() and runs())


def runs(processes: Path = Path("/proc")) -> bool:
    """Whether a LibreOffice of this user runs, as far as this system tells."""
    if not processes.is_dir():
        return True
    for name in processes.glob("[0-9]*/comm"):
        try:
            ours = name.stat().st_uid == os.getuid()
            if ours and name.read_text(encoding="utf-8").startswith("soffice"):
                return True
        except OSError:
            continue
    return False


def installed(profile: Path) -> Installed | None:
    """The extension in a profile, without starting LibreOffice."""
    try:
        known = (profile / KNOWN).read_bytes()
    except OSError:
        return None
    for folder in _of_ours(profile / UNPACKED):
        # LibreOffice deletes the folders of extensions that it no longer knows later on.
        if IDENTIFIER.encode() in known and folder.parent.name.rstrip("_").encode() in known:
            text = (folder / "description.xml").read_text(encoding="utf-8", errors="replace")
            version = re.search(r"<version[^>]*\bvalue=\"([^\"]*)\"", text)
            found = version[1] if version else "of unknown version"
            return Installed(folder, found, off=_is_off(profile, folder))
    return None


def _is_off(profile: Path, folder: Path) -> bool:
    try:
        text = (profile / SWITCHED).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    place = re.escape(f"{folder.parent.name}/{folder.name}")
    return bool(re.search(rf'url="[^"]*{place}"\s+revoked="true"', text))


def is_known(profile: Path) -> bool:
    """Whether LibreOffice has the extension in its list."""
    try:
        return IDENTIFIER.encode() in (profile / KNOWN).read_bytes()
    except OSError:
        return False


def has_traces(profile: Path) -> bool:
    """Whether anything in a profile is there because of the extension."""
    left = any(list(_of_ours(profile / place)) for place in (*LEFT_BEHIND, UNPACKED))
    return left or is_known(profile) or any(map(_is_ours, _lines(profile)))


def clean(profile: Path, places: Iterable[str], keep: Path | None = None) -> bool:
    """Delete copies of the extension, but the one to keep; whether there were any."""
    found = False
    for place in places:
        for folder in list(_of_ours(profile / place)):
            if keep is not None and folder.resolve() == keep.resolve():
                continue
            found = True
            shutil.rmtree(folder.parent, ignore_errors=True)
    return found


def _of_ours(place: Path) -> Iterator[Path]:
    """Folders into which our extension, and no other, was unpacked."""
    for description in place.glob("*/*/description.xml"):
        with contextlib.suppress(OSError):
            text = description.read_text(encoding="utf-8", errors="replace")
            if re.search(rf"<identifier[^>]*\bvalue=\"{re.escape(IDENTIFIER)}\"", text):
                yield description.parent


def forget(profile: Path) -> None:
    """Take what belongs to kfxl out of LibreOffice's settings.

    That is what it remembers of the extension's menu, and documents with kfxl in their name or
    place in its list of recent ones. LibreOffice writes an item a line; it must not run, because
    it would write its own again.
    """
    lines = _lines(profile)
    kept = _renumbered([line for line in lines if not (_is_ours(line) or RECENT.match(line))])
    if kept != lines:
        path = profile / SETTINGS
        fresh = path.with_name(f"{path.name}.new")
        shutil.copy2(path, fresh)
        fresh.write_bytes("".join(kept).encode())
        os.replace(fresh, path)


def _lines(profile: Path) -> list[str]:
    """LibreOffice's settings; none where they cannot be read."""
    try:
        return (profile / SETTINGS).read_bytes().decode().splitlines(keepends=True)
    except (OSError, ValueError):
        return []


def _is_ours(line: str) -> bool:
    whole = line.startswith("<item ") and line.rstrip().endswith("</item>")
    return whole and any(mark in line for mark in OURS)


def _renumbered(lines: list[str]) -> list[str]:
    """Recent documents counted from 0 without a gap, at which LibreOffice would stop reading."""
    numbers: Counter[str] = Counter()
    kept = []
    for line in lines:
        match = ORDER.match(line)
        if match:
            line = f"{match[1]}{numbers[match[1]]}{line[match.end() :]}"  # noqa: PLW2901
            numbers[match[1]] += 1
        kept.append(line)
    return kept
