"""What is wrong with kfxl in LibreOffice, in plain words: everything between a cell and Python."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from kfxl import __version__
from kfxl.errors import InputError
from kfxl.hosts.calc_install import compute
from kfxl.hosts.calc_office import Office, plain_variables, this_office
from kfxl.hosts.calc_profile import LOCK, Installed, in_use, installed
from kfxl.hosts.findings import Finding, Looks, all_found, refused

AGAIN = "run: kfxl calc install"
SETTINGS = "pythonpath/kfxl_calc/settings.json"
# Assets of 10 % and 20 % volatility without correlation: risk parity weighs them 2 to 1.
KNOWN_FORMULA = "=ROUND(INDEX(RISK_PARITY_WEIGHTS({0.01;0|0;0.04});1;1)*3;9)"
KNOWN_ANSWER = "2"


def findings(office: Office | None = None) -> list[Finding]:
    """Look at everything that the worksheet functions need in LibreOffice.

    Parameters
    ----------
    office : Office, optional
        Where to look; the LibreOffice of this machine by default.

    Returns
    -------
    list of Finding
        In words for the user; each bad one ends with its remedy.
    """
    if office is None:
        try:
            office = this_office()
        except InputError as error:
            return [refused(error)]
    looks: Looks[Office] = {
        "LibreOffice": _office,
        "add-in": _addin,
        "interpreter": _interpreter,
        "running": _running,
        "a cell": _cell,
    }
    return all_found(looks, office)


def interpreters_in(addin: Installed) -> list[str]:
    """The interpreters that an extension looks for, the first one that is there being started."""
    text = (addin.folder / SETTINGS).read_text(encoding="utf-8")
    try:
        return list(map(str, json.loads(text)["interpreters"]))
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"the add-in's settings are damaged; {AGAIN}") from error


def interpreter_of(addin: Installed) -> Path | None:
    """The interpreter that an extension starts; None where there is none of its list."""
    return interpreter_among(interpreters_in(addin))


def interpreter_among(places: list[str]) -> Path | None:
    """The first of these that is there, as :mod:`kfxl_calc.child` finds it."""
    for place in places:
        path = os.path.expanduser(os.path.expandvars(place))
        if os.path.isabs(path) and "$" not in path and os.path.isfile(path):
            return Path(os.path.normpath(path))
    return None


def _office(office: Office) -> Iterator[Finding]:
    yield Finding("LibreOffice", True, f"version {office.version}, {office.soffice}")
    yield Finding("its Python", True, str(office.python))
    yield Finding("its profile", True, str(office.profile))


def _addin(office: Office) -> Iterator[Finding]:
    addin = installed(office.profile)
    if addin is None:
        yield Finding("add-in", False, f"it is not installed; {AGAIN}")
    elif addin.off:
        found = f"it is switched off in LibreOffice's list of extensions; {AGAIN}"
        yield Finding("add-in", False, found)
    elif addin.version != __version__:
        found = f"version {addin.version} is installed and this is kfxl {__version__}; {AGAIN}"
        yield Finding("add-in", False, found)
    elif not _is_current(addin):
        found = f"version {addin.version} was built from other sources; {AGAIN}"
        yield Finding("add-in", False, found)
    else:
        yield Finding("add-in", True, f"version {addin.version}")


def _is_current(addin: Installed) -> bool:
    """Whether it holds what this kfxl would put into it."""
    from kfxl.hosts.calc_addin import build_addin

    listed = interpreters_in(addin)
    current = build_addin(listed[0] if len(listed) == 1 else None)
    with zipfile.ZipFile(io.BytesIO(current)) as package:
        parts = {addin.folder / name: package.read(name) for name in package.namelist()}
    return all(path.is_file() and path.read_bytes() == part for path, part in parts.items())


def _interpreter(office: Office) -> Iterator[Finding]:
    """What the add-in starts has to be there, and to be a Python with kfxl of the same version."""
    addin = installed(office.profile)
    if addin is None:
        return
    python = interpreter_of(addin)
    if python is None:
        listed = " or ".join(interpreters_in(addin))
        yield Finding("interpreter", False, f"{listed} is missing; {AGAIN}")
        return
    said = _first_line(python)
    if said == {"ready": addin.version}:
        yield Finding("interpreter", True, str(python))
    elif "ready" in said:
        found = f"{python} has kfxl {said['ready']} and the add-in {addin.version}; {AGAIN}"
        yield Finding("interpreter", False, found)
    else:
        found = f"{python} cannot start kfxl ({said['error']}); run the installer of kfxl again"
        yield Finding("interpreter", False, found)


def _first_line(python: Path) -> dict[str, str]:
    """What kfxl's process says when it starts, as the add-in starts it."""
    try:
        done = subprocess.run(
            [python, "-I", "-m", "kfxl.hosts.calc"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
            env=plain_variables(),
        )
    except subprocess.TimeoutExpired:
        return {"error": "it does not answer"}
    except OSError as error:
        return {"error": error.strerror or "it cannot be started"}
    said = done.stdout.decode(errors="replace").strip()
    with contextlib.suppress(ValueError):
        answer = json.loads(said)
        if isinstance(answer, dict) and "ready" in answer:
            return {"ready": str(answer["ready"])}
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    if said and not lines:
        return {"error": f"it says {said.splitlines()[0]}"}
    return {"error": lines[-1] if lines else "it says nothing"}


def _running(office: Office) -> Iterator[Finding]:
    if needs_restart(office):
        found = "it was started before the add-in was installed; close all of it and start it again"
        yield Finding("running", False, found)


def needs_restart(office: Office) -> bool:
    """Whether a LibreOffice runs that does not know the add-in yet."""
    addin = installed(office.profile)
    if addin is None or not in_use(office.profile):
        return False
    return (office.profile / LOCK).stat().st_mtime < addin.folder.parent.stat().st_mtime


def _cell(office: Office) -> Iterator[Finding]:
    """A cell that computes: another LibreOffice, with settings of its own that are thrown away."""
    from kfxl.hosts.calc_addin import build_addin

    addin = installed(office.profile)
    python = None if addin is None else interpreter_of(addin)
    if python is None:
        return
    (shown,) = compute(office, build_addin(str(python)), [KNOWN_FORMULA])
    if shown == KNOWN_ANSWER:
        yield Finding("a cell", True, "computes risk parity weights as it should")
    else:
        remedy = f"{AGAIN}, and report this if it stays so ({sys.executable})"
        yield Finding("a cell", False, f"shows {shown or 'nothing'} instead of a result; {remedy}")
