"""Saved files of Excel's kind: long names of our functions in them become plain."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from typing import IO, Any

# Nothing else that LibreOffice writes begins to call a function.
FORMULA_PARTS = re.compile(r"xl/(?:workbook|worksheets/[^/]+)\.xml$")
TEXT_PARTS = (".xml", ".rels")
BLOCK = 1 << 20


def mend_file(path: str, service: str, methods: dict[str, str]) -> bool:
    """Replace long names in a saved file by plain ones; whether there were any.

    The file keeps its time, by which LibreOffice would tell that another program has changed it.

    Raises
    ------
    zipfile.BadZipFile
        It is no package, as one with a password is not.
    OSError
        It cannot be read or written; it is whole, with the long names.
    """
    path = os.path.realpath(path)
    with zipfile.ZipFile(path) as package:
        word = service.upper().encode()
        parts = [each for each in package.infolist() if FORMULA_PARTS.match(each.filename)]
        if not any(_holds(package, each, word) for each in parts):
            return False
        content = _mended(package, service, methods)
    if content is not None:
        _write(path, content)
    return content is not None


def _holds(package: zipfile.ZipFile, part: zipfile.ZipInfo, word: bytes) -> bool:
    """Whether a part has ``word``, in capitals or not; read in blocks, as sheets may be large."""
    with package.open(part) as stream:
        rest = b""
        while True:
            block = stream.read(BLOCK)
            if not block:
                return False
            rest += block.upper()
            if word in rest:
                return True
            rest = rest[-len(word) :]


def _mended(package: zipfile.ZipFile, service: str, methods: dict[str, str]) -> bytes | None:
    """The package with plain names, as a whole in memory; None where no name changes."""
    names = {method.upper(): name for method, name in methods.items()}
    pattern = re.compile(rf"{re.escape(service)}\.([A-Z]+)(?=\s*\()", re.IGNORECASE)

    def plain(found: re.Match[str]) -> str:
        return names.get(found.group(1).upper(), found.group(0))

    stream, changed = io.BytesIO(), False
    with zipfile.ZipFile(stream, "w") as written:
        for part in package.infolist():
            content = package.read(part)
            if part.filename.endswith(TEXT_PARTS) and service.upper().encode() in content.upper():
                mended = pattern.sub(plain, content.decode("utf-8")).encode("utf-8")
                changed = changed or mended != content
                content = mended
            written.writestr(part, content)
    return stream.getvalue() if changed else None


def _write(path: str, content: bytes) -> None:
    """Replace a file as a whole, or, where that is not allowed, what is in it.

    It is not in a folder that takes no new files, for a file whose owner is somebody else, or on
    Windows while LibreOffice has it open.
    """
    try:
        _replace(path, content)
    except OSError:
        _overwrite(path, content)


def _replace(path: str, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(".tmp", ".kfxl-", os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        before = os.stat(path)
        if hasattr(os, "chown"):
            os.chown(temporary, before.st_uid, before.st_gid)
        shutil.copystat(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _overwrite(path: str, content: bytes) -> None:
    before = os.stat(path)
    with open(path, "r+b") as stream:
        old = stream.read()
        try:
            _fill(stream, content)
        except BaseException:
            _fill(stream, old)
            raise
    # Only its owner may set a file's time.
    with contextlib.suppress(OSError):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _fill(stream: IO[Any], content: bytes) -> None:
    stream.seek(0)
    stream.write(content)
    stream.truncate()
    stream.flush()
