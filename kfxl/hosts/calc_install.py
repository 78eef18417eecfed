"""Adds kfxl's extension to the user's LibreOffice, and takes it away without a trace."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfxl.errors import InputError
from kfxl.hosts.calc_addin import ADDIN, IDENTIFIER
from kfxl.hosts.calc_office import Office, plain_variables
from kfxl.hosts.calc_profile import (
    LEFT_BEHIND,
    UNPACKED,
    clean,
    forget,
    in_use,
    installed,
    is_known,
    refuse_closed_folder,
    refuse_foreign_lock,
)

MANAGER = Path(__file__).with_name("calc_extension") / "manager" / "manage.py"
PATIENCE = 150.0


@dataclass(frozen=True)
class Done:
    """What came of it: whether anything changed, which version was there before, what runs."""

    changed: bool
    before: str
    running: bool
    folder: Path | None = None


def install(office: Office, package: bytes) -> Done:
    """Add the extension for this user, or replace another version of it.

    A LibreOffice that runs with the profile goes on undisturbed; it knows the functions once it
    has been started again.

    Raises
    ------
    InputError
        LibreOffice could not be asked, or refused.
    """
    refuse_foreign_lock(office.profile)
    refuse_closed_folder(office.profile)
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
    done = Done(changed=False, before="", running=in_use(office.profile))
    if there:
        refuse_foreign_lock(office.profile)
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
        env=plain_variables(office.python),
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


def _done(answer: dict[str, Any]) -> Done:
    before = dict(answer["before"]).get(IDENTIFIER, "")
    folder = Path(answer["folder"]) if answer["folder"] else None
    return Done(bool(answer["changed"]), before, bool(answer["running"]), folder)
