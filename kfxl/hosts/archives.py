"""Zip archives that depend on nothing but what is put into them."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold


def write_zip(target: Path | io.BytesIO, files: Mapping[str, bytes | Path]) -> None:
    """Write a zip in an order and with times that depend on nothing; its parts as they are.

    Compression would gain little, wheels being zips, and differs between builds of Python.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system = 3  # the same wherever it is written
            entry.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                package.writestr(entry, content)
                continue
            entry.file_size = content.stat().st_size
            with content.open("rb") as source, package.open(entry, "w") as part:
                shutil.copyfileobj(source, part)
