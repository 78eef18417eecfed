"""The .xlsx package: its parts, and a copy with some parts replaced and all else untouched."""

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from kfxl.errors import InputError

_BOOK = "workbook"
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DESCRIPTOR_FOLLOWS = 0x0008
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_PREFIXED = re.compile(
    rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<([\w.-]+):[^>]*?\sxmlns:\1\s*=\s*[\"'][^\"']*"
    rb"/(?:spreadsheetml|ooxml/spreadsheetml)/",
    re.DOTALL,
)
_RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}"


class Relationship(NamedTuple):
    """A link from one part of the package to another: its kind and the part's name."""

    kind: str
    target: str


class Package:
    """The parts of a workbook file, by name.

    Parameters
    ----------
    data : bytes
        The content of an .xlsx or .xlsm file.

    Raises
    ------
    InputError
        If it is not such a file: another format, encrypted, damaged.

    Examples
    --------
    >>> Package(b"Date;Gold")
    Traceback (most recent call last):
    kfxl.errors.InputError: workbook: this is not an .xlsx file; save it as "Excel Workbook (.xlsx)"
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        if data.startswith(_OLD_OFFICE):
            raise InputError(
                _BOOK,
                "this is an encrypted or an old .xls file",
                "remove its password and save it as .xlsx",
            )
        if not data.startswith(b"PK"):
            raise InputError(
                _BOOK, "this is not an .xlsx file", 'save it as "Excel Workbook (.xlsx)"'
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            damaged = self._zip.testzip()
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as bad:
            raise _damaged(str(bad)) from bad
        if damaged is not None:
            raise _damaged(damaged)
        self.names = frozenset(self._zip.namelist())
        self.book = self._find_book()

    def _find_book(self) -> str:
        found = [r.target for r in self.relationships("").values() if r.kind == "officeDocument"]
        if not found or found[0] not in self.names or not found[0].endswith(".xml"):
            raise InputError(
                _BOOK,
                "this file holds no Excel workbook",
                'save it as "Excel Workbook (.xlsx)"',
            )
        return found[0]

    def read(self, name: str) -> bytes:
        """Give the content of a part.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        if name not in self.names:
            raise _damaged(f"{name} is missing")
        return self._zip.read(name)

    def tree(self, name: str) -> Any:
        """Parse a part; entities and doctypes are not followed."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        try:
            return etree.fromstring(self.read(name), parser)
        except etree.XMLSyntaxError as error:
            raise _damaged(f"{name} is no XML") from error

    def relationships(self, name: str) -> dict[str, Relationship]:
        """Give the links of a part, by their ids; the empty name is the package itself."""
        folder, file = posixpath.split(name)
        links = posixpath.join(folder, "_rels", f"{file}.rels")
        if links not in self.names:
            return {}
        return {
            link.get("Id"): Relationship(
                link.get("Type", "").rpartition("/")[2],
                link.get("Target", "")
                if link.get("TargetMode") == "External"
                else posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))[1:]),
            )
            for link in self.tree(links).iter(f"{_RELATIONSHIPS}Relationship")
        }

    def with_parts(self, parts: Mapping[str, bytes]) -> bytes:
        """Give a copy in which some parts have another content.

        Every other member keeps its bytes, its place, its time stamp and its compression.

        Parameters
        ----------
        parts : mapping of str to bytes
            New contents of existing parts; none: the input bytes themselves.
        """
        return _rewritten(self.data, self._zip, parts) if parts else self.data


def without_prefixes(package: Package, parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give the parts that spell the main namespace with a prefix, without it.

    Some programs write ``<x:row>``, which the calculation engine does not read.

    Parameters
    ----------
    package : Package
        All parts are looked at.
    parts : mapping of str to bytes
        Parts that have another content already.
    """
    plain = {}
    for name in package.names:
        if not name.endswith(".xml"):
            continue
        content = parts.get(name) or package.read(name)
        match = _PREFIXED.match(content)
        if match:
            prefix = match.group(1)
            content = re.sub(rb"<(/?)" + prefix + b":", rb"<\1", content)
            plain[name] = content.replace(b"xmlns:" + prefix + b"=", b"xmlns=", 1)
    return plain


def _rewritten(data: bytes, source: zipfile.ZipFile, parts: Mapping[str, bytes]) -> bytes:
    """Copy members as they stand in the file, up to where the next one begins."""
    if any(info.header_offset >= 0xFFFFFFFF for info in source.filelist):
        raise _damaged("larger than 4 GB")
    starts = sorted(info.header_offset for info in source.filelist)
    ends = dict(zip(starts, [*starts[1:], source.start_dir], strict=True))
    body, directory = bytearray(data[: starts[0]]), bytearray()
    entry_at = source.start_dir
    moved: dict[int, tuple[int, bytes]] = {}
    entries = []
    for info in source.filelist:  # in the order of the directory
        entry = _directory_entry(data, entry_at)
        entry_at += len(entry)
        entries.append((info, entry))
    for info, old in sorted(entries, key=lambda pair: pair[0].header_offset):
        begin = info.header_offset
        member, entry = data[begin : ends[begin]], old
        if info.filename in parts:
            member, entry = _member(data, info, old, parts[info.filename])
        moved[begin] = (len(body), entry)
        body += member
    for info, _ in entries:
        place, entry = moved[info.header_offset]
        directory += entry[:42] + struct.pack("<I", place) + entry[46:]
    end = list(_END.unpack_from(data, data.rindex(b"PK\x05\x06")))
    end[5:7] = [len(directory), len(body)]
    return bytes(body + directory + _END.pack(*end) + source.comment)


def _directory_entry(data: bytes, at: int) -> bytes:
    fields = _CENTRAL.unpack_from(data, at)
    if fields[0] != b"PK\x01\x02":
        raise _damaged("its directory cannot be read")
    return data[at : at + _CENTRAL.size + sum(fields[10:13])]


def _member(
    data: bytes, info: zipfile.ZipInfo, entry: bytes, content: bytes
) -> tuple[bytes, bytes]:
    """Write a member anew under its old header; sizes stand there, no descriptor follows."""
    packed = content
    if info.compress_type == zipfile.ZIP_DEFLATED:
        squeeze = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = squeeze.compress(content) + squeeze.flush()
    elif info.compress_type != zipfile.ZIP_STORED:
        raise _damaged(f"{info.filename} is compressed in an unusual way")
    sizes = (zlib.crc32(content), len(packed), len(content))
    local = list(_LOCAL.unpack_from(data, info.header_offset))
    name_at = info.header_offset + _LOCAL.size
    name = data[name_at : name_at + local[9]]
    local[2] &= ~_DESCRIPTOR_FOLLOWS
    local[6:9] = sizes
    local[10] = 0  # the extra field may repeat the sizes (zip64): leave it out
    central = list(_CENTRAL.unpack_from(entry))
    central[3] &= ~_DESCRIPTOR_FOLLOWS
    central[7:10] = sizes
    return _LOCAL.pack(*local) + name + packed, _CENTRAL.pack(*central) + entry[_CENTRAL.size :]


def _damaged(detail: str) -> InputError:
    return InputError(
        _BOOK, f"this file is damaged or not a workbook ({detail})", "save it once more as .xlsx"
    )
