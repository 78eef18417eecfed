"""What a machine with Excel has: keys of the registry, add-ins, DLLs."""

from __future__ import annotations

import io
import zipfile

from kfxl.hosts.excel_registry import Value

OFFICE = r"HKCU\Software\Microsoft\Office"
OPTIONS = rf"{OFFICE}\16.0\Excel\Options"
SECURITY = rf"{OFFICE}\16.0\Excel\Security"
DISABLED = rf"{OFFICE}\16.0\Excel\Resiliency\DisabledItems"


def addin_of(text: str) -> bytes:
    """A stand-in for kfxl.xlam: what tells it from other people's files, and a text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("xl/workbook.xml", f'<sheet name="kfxl.conf"/>{text}')
    return stream.getvalue()


ADDIN = addin_of("one")


def disabled(path: str) -> Value:
    """An entry of Excel's disabled items."""
    texts = [(text + "\0").encode("utf-16-le") for text in (path.lower(), "a description")]
    numbers = (1, len(texts[0]), len(texts[1]))
    head = b"".join(number.to_bytes(4, "little") for number in numbers)
    return Value(head + b"".join(texts), 3)


def dll(bits: int) -> bytes:
    """The first bytes of a DLL for so many bits."""
    machine = {64: 0x8664, 32: 0x14C}[bits]
    return b"MZ".ljust(0x3C, b"\0") + b"\x40\0\0\0" + b"PE\0\0" + machine.to_bytes(2, "little")
