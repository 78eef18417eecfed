"""Files read and written whole: a target holds the old or the new content, never half of one."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from kfxl.errors import InputError

_REMEDIES = {
    errno.EACCES: "close the program that has it open, or choose another place",
    errno.EPERM: "close the program that has it open, or choose another place",
    errno.ENOSPC: "free some space on the disk",
    errno.EROFS: "choose a place that can be written to",
}


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """Read a file.

    Parameters
    ----------
    path : path
        The file to read.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If there is no such file or it cannot be read.

    Examples
    --------
    >>> read_whole("/no/such/book.xlsx")
    Traceback (most recent call last):
    kfxl.errors.InputError: book.xlsx: there is no such file in /no/such; check the name
    """
    path = Path(path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        problem, remedy = f"there is no such file in {path.parent.absolute()}", "check the name"
    except IsADirectoryError:
        problem, remedy = "this is a folder", "give the name of a file"
    except OSError as error:
        problem, remedy = f"cannot be read ({_reason(error)})", _remedy(error)
    raise InputError(path.name or str(path), problem, remedy)


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all.

    The data go to a temporary file in the same folder, which then takes the target's place in one
    step; when anything fails the target is as it was and the temporary file is gone. An existing
    target keeps its permissions; a symbolic link is followed, not replaced.

    Parameters
    ----------
    path : path
        The file to write; its folder must exist.
    data : bytes
        The whole content.

    Raises
    ------
    InputError
        If the folder does not exist or the file cannot be written or replaced.

    Examples
    --------
    >>> write_whole("no/such/book.xlsx", b"")
    Traceback (most recent call last):
    kfxl.errors.InputError: book.xlsx: there is no folder no/such; create it first
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError(path.name or str(path), "this is a folder", "give the name of a file")
    if not target.parent.is_dir():
        raise InputError(path.name, f"there is no folder {path.parent}", "create it first")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem[:40]}-", suffix=".tmp"
        )
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_permissions(target))
        Path(temporary).replace(target)
    except OSError as error:
        raise InputError(
            path.name, f"cannot be written ({_reason(error)})", _remedy(error)
        ) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def _permissions(target: Path) -> int:
    """Those of the file that is replaced; else those any new file would get."""
    with contextlib.suppress(FileNotFoundError):
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _remedy(error: OSError) -> str:
    return _REMEDIES.get(error.errno or 0, "check the name and the place")
