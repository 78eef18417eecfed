"""Adds kfxl's extension to the user's LibreOffice, and takes it away without a trace."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfxl.errors import InputError
from kfxl.hosts.calc_addin import ADDIN, IDENTIFIER
from kfxl.hosts.calc_office import Office, plain_variables

MANAGER = Path(__file__).with_name("calc_extension") / "manager" / "manage.py"
PATIENCE = 150.0
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
class Done:
    """What came of it: whether anything changed, which version was there before, what runs."""

    changed: bool
    before: str
    running: bool
    folder: Path | None = None


@dataclass(frozen=True)
class Installed:
    """The extension as it lies in a profile; ``off`` when its user has switched it off."""

    folder: Path
    version: str
    off: bool = False


def install(office: Office, package: bytes) -> Done:
    """Add the extension for this user, or replace another version of it.

    A LibreOffice that runs with the profile goes on undisturbed; it knows the functions once it
    has been started again.

    Raises
    ------
    InputError
        LibreOffice could not be asked, or refused.
    """
    refuse_foreign_lock(office)
    refuse_closed_folder(office)
    with tempfile.TemporaryDirectory(prefix="kfxl-") as name:
        path = Path(name) / ADDIN
        path.write_bytes(package)
        answer = ask(office, {"package": str(path)})
    done = _done(answer)
    # One that runs may still read from the folder of the version before; it deletes that itself
    # when it starts anew.
    clean(office.profile, LEFT_BEHIND if done.running else (*LEFT_BEHIND, UNPACKED), done.folder)
    return done


def uninstall(office: Office) -> Done:
    """Take the extension away, and what LibreOffice has kept of it.

    Other extensions, and the rest of the profile, stay as they are.
    """
    there = installed(office.profile) or is_known(office.profile)
    done = Done(changed=False, before="", running=False)
    if there:
        refuse_foreign_lock(office)
        done = _done(ask(office, {"remove": True}))
    if not done.running:
        forget(office.profile)
    left = clean(office.profile, (*LEFT_BEHIND, UNPACKED))
    return Done(done.changed or left, done.before, done.running)


def compute(office: Office, package: bytes, formulas: list[str]) -> list[str]:
    """What cells show in a LibreOffice with the extension and a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="kfxl-") as name:
        path = Path(name) / ADDIN
        path.write_bytes(package)
        apart = Office(office.soffice, office.version, office.python, Path(name) / "profile", True)
        # Functions of an extension are known from the next start on.
        ask(apart, {"package": str(path), "apart": True})
        answer = ask(apart, {"formulas": formulas, "apart": True})
    return [str(text) for text in answer["shown"]]


def ask(office: Office, request: dict[str, Any]) -> dict[str, Any]:
    """Let LibreOffice's Python carry a request out."""
    request = {"soffice": str(office.soffice), "identifier": IDENTIFIER, **request}
    if office.elsewhere:
        request["profile"] = office.profile.absolute().as_uri()
    with subprocess.Popen(
        [office.python, MANAGER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=plain_variables(),
        # It has to end what it starts, also when the user interrupts kfxl.
        start_new_session=os.name == "posix",
    ) as process:
        text, trouble = _conversation(process, json.dumps(request).encode() + b"\n")
    try:
        answer = json.loads(text.splitlines()[-1])
    except (IndexError, ValueError):
        last = (trouble.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        answer = {"error": last}
    if "error" in answer:
        raise InputError(
            "LibreOffice",
            f"the add-in could not be managed: {answer['error']}",
            "close LibreOffice, see whether it starts, and run this again",
        )
    return dict(answer)


def _conversation(process: subprocess.Popen[bytes], request: bytes) -> tuple[bytes, bytes]:
    try:
        return process.communicate(request, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()
    except KeyboardInterrupt:
        process.wait(PATIENCE)
        raise


def refuse_foreign_lock(office: Office) -> None:
    """Refuse a profile that LibreOffice uses on another machine; nothing must change it there.

    A lock of this machine is LibreOffice's own business: it is in use, and the one that runs is
    asked, or the lock was left by a crash, and LibreOffice sees that.
    """
    lock = office.profile / ".lock"
    try:
        text = lock.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    owner = dict(re.findall(r"^(\w+)=(.*?)\s*$", text, re.MULTILINE)).get("Host", "")
    ours = socket.gethostname()
    if owner and owner.split(".")[0].casefold() != ours.split(".")[0].casefold():
        raise InputError(
            "LibreOffice",
            f"its profile {office.profile} is in use on the machine {owner}",
            f"close LibreOffice there and run this again, or delete {lock} if it does not run",
        )


def refuse_closed_folder(office: Office) -> None:
    """Refuse a profile that cannot be written, which LibreOffice only says with a number."""
    places = [office.profile / "user", *office.profile.parents, office.profile]
    there = max((path for path in places if path.is_dir()), key=lambda path: len(path.parts))
    if not os.access(there, os.W_OK):
        raise InputError(
            "LibreOffice",
            f"its profile {office.profile} cannot be written",
            f"make {there} writable for you and run this again",
        )


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


def _done(answer: dict[str, Any]) -> Done:
    before = dict(answer["before"]).get(IDENTIFIER, "")
    folder = Path(answer["folder"]) if answer["folder"] else None
    return Done(bool(answer["changed"]), before, bool(answer["running"]), folder)
