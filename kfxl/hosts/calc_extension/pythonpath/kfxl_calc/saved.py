"""Files of Excel's kind: whether they name our functions; long names in saved ones become plain."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
import zipfile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

# The parts that hold formulas: of names, and of cells.
BOOK, SHEET = "xl/workbook.xml", re.compile(r"xl/worksheets/[^/]+\.xml$")
USUAL = 2  # a book and a sheet; other programs may call them otherwise
TEXT_PARTS = (".xml", ".rels")
BLOCK = 1 << 20


def may_name(path: str, names: Collection[str]) -> bool:
    """Whether a file has one of these names where formulas are, as far as that is quickly seen.

    Reading a file takes much less time than asking LibreOffice for all formulas.
    """
    try:
        with zipfile.ZipFile(path) as package:
            parts = _parts(package)
            return len(parts) < USUAL or any(_holds(package, part, names) for part in parts)
    except (OSError, zipfile.BadZipFile):  # one with a password, or a place elsewhere
        return True


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
        if not any(_holds(package, part, (service,)) for part in _parts(package)):
            return False
        content = _mended(package, service, methods)
    if content is not None:
        _write(path, content)
    return content is not None


def _parts(package: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The parts with formulas, as both Excel and LibreOffice call them."""
    names = package.infolist()
    return [each for each in names if each.filename == BOOK or SHEET.match(each.filename)]


def _holds(package: zipfile.ZipFile, part: zipfile.ZipInfo, names: Collection[str]) -> bool:
    """Whether a part has a name, in capitals or not; read in blocks, as sheets may be large."""
    words = [name.upper().encode() for name in names]
    kept = max(map(len, words))
    with package.open(part) as stream:
        rest = b""
        while True:
            block = stream.read(BLOCK)
            if not block:
                return False
            rest += block.upper()
            if any(word in rest for word in words):
                return True
            rest = rest[-kept:]


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
