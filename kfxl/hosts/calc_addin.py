"""Builds kfxl.oxt, LibreOffice's extension: on any system, the same bytes.

What is inside lies in the folder ``calc_extension`` and runs in LibreOffice's own Python; what
depends on the worksheet functions is made here from the catalogue.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from kfxl import __version__
from kfxl.errors import InputError
from kfxl.hosts.archives import write_zip
from kfxl.hosts.calc_interface import IDENTIFIER, SERVICE, configuration, methods

__all__ = ["ADDIN", "IDENTIFIER", "build_addin"]

ADDIN = "kfxl.oxt"
SOURCES = Path(__file__).with_name("calc_extension")
MADE = "CalcAddIns.xcu"
# The order of the parts is the order in which LibreOffice registers them: types before code.
REGISTERED = {
    "kfxl.rdb": "application/vnd.sun.star.uno-typelibrary;type=RDB",
    # Listed, not run to register itself: that would leave kfxl's name in a binary file of the
    # profile for ever.
    "kfxl.components": "application/vnd.sun.star.uno-components",
    MADE: "application/vnd.sun.star.configuration-data",
    "Addons.xcu": "application/vnd.sun.star.configuration-data",
    "Jobs.xcu": "application/vnd.sun.star.configuration-data",
    "ProtocolHandler.xcu": "application/vnd.sun.star.configuration-data",
}
LIBRARY = "pythonpath"
PARTS = ("*.py", "*.components", "*.rdb", "*.xcu", "description.txt", f"{LIBRARY}/**/*.py")
SETTINGS = f"{LIBRARY}/kfxl_calc/settings.json"
# Where `python3 install` puts kfxl, with variables that are read when it is started.
USUAL_INTERPRETERS = (
    "%LOCALAPPDATA%/kfxl/Scripts/python.exe",
    "$XDG_DATA_HOME/kfxl/bin/python",
    "~/.local/share/kfxl/bin/python",
    "~/Library/Application Support/kfxl/bin/python",
)


def build_addin(interpreter: str | None = None) -> bytes:
    """The extension as a file's content.

    Parameters
    ----------
    interpreter : str, optional
        Full path of the Python whose environment holds kfxl. Unless given it is looked for, when
        it is needed, where ``python3 install`` puts it for each user.

    Returns
    -------
    bytes
        The package; the same interpreter and version give the same bytes.

    Raises
    ------
    InputError
        ``interpreter`` is no full path.

    Examples
    --------
    >>> build_addin("/opt/kfxl/bin/python")[:2]
    b'PK'
    """
    settings = {
        "version": __version__,
        "service": SERVICE,
        "methods": methods(),
        "interpreters": list(USUAL_INTERPRETERS if interpreter is None else [_full(interpreter)]),
    }
    parts: dict[str, bytes | Path] = {
        path.relative_to(SOURCES).as_posix(): path.read_bytes()
        for pattern in PARTS
        for path in SOURCES.glob(pattern)
    }
    about = (SOURCES / "description.xml").read_text(encoding="utf-8")
    parts["description.xml"] = about.replace("VERSION", __version__).encode()
    parts["META-INF/manifest.xml"] = _manifest().encode()
    parts[MADE] = configuration().encode()
    parts[SETTINGS] = (json.dumps(settings, indent=1, sort_keys=True) + "\n").encode()
    stream = io.BytesIO()
    write_zip(stream, parts)
    return stream.getvalue()


def _full(interpreter: str) -> str:
    windows = interpreter[1:3] in (":\\", ":/") or interpreter.startswith("\\\\")
    if not (windows or interpreter.startswith(("/", "~", "$", "%"))):
        raise InputError(
            "interpreter", f"{interpreter} is no full path", "give the whole path of that Python"
        )
    return interpreter


def _manifest() -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">',
        *(
            f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
            for name, kind in REGISTERED.items()
        ),
        "</manifest:manifest>",
    ]
    return "".join(f"{line}\n" for line in lines)
