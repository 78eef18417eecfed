"""Files of Excel's kind: long names, which LibreOffice 7.4 writes, become plain."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kfxl_calc import saved
from kfxl_calc.saved import may_name, mend_file

from kfxl.hosts.calc_interface import SERVICE, methods

LONG = SERVICE.upper()
MOMENT_NS = 1_700_000_000_123_456_700
SHEET = (
    f"<c><f>{LONG}.RISKPARITYWEIGHTS(A1:B3)+{LONG}.KFXLVERSION()</f></c>"
    f"<c><f>IF({SERVICE}.kfExpectedReturns (é),{LONG}.NOSUCH(1),{LONG}X.KFXLVERSION())</f></c>"
    f"<c t='str'><v>{LONG}.KFXLVERSION is a text</v></c>"
)
MENDED = (
    "<c><f>RISK_PARITY_WEIGHTS(A1:B3)+KFXL_VERSION()</f></c>"
    f"<c><f>IF(KF_EXPECTED_RETURNS (é),{LONG}.NOSUCH(1),{LONG}X.KFXLVERSION())</f></c>"
    f"<c t='str'><v>{LONG}.KFXLVERSION is a text</v></c>"
)
OTHER = f"a picture with {LONG}.KFXLVERSION() in it".encode()


def book(path: Path, sheet: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", sheet)
        package.writestr("xl/media/image1.png", OTHER)
    os.utime(path, ns=(MOMENT_NS, MOMENT_NS))
    path.chmod(0o640)
    return path


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def test_long_names_of_ours_become_plain_and_nothing_else_changes(tmp_path: Path) -> None:
    path = book(tmp_path / "a book.xlsx", SHEET)
    assert mend_file(str(path), SERVICE, methods())
    assert read(path) == {
        "xl/worksheets/sheet1.xml": MENDED.encode(),
        "xl/media/image1.png": OTHER,
    }
    # LibreOffice tells by its time whether another program has changed a file.
    assert path.stat().st_mtime_ns == MOMENT_NS
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["a book.xlsx"]


def test_a_file_without_them_is_not_written(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx", MENDED)
    before = path.stat().st_ino
    assert not mend_file(str(path), SERVICE, methods())
    assert path.stat().st_ino == before


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx", SHEET)
    link = tmp_path / "link.xlsx"
    link.symlink_to(path)
    assert mend_file(str(link), SERVICE, methods())
    assert link.is_symlink()
    assert read(path)["xl/worksheets/sheet1.xml"] == MENDED.encode()


def test_a_file_with_the_names_as_text_alone_is_not_written(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx", f"<c t='str'><v>{LONG}.KFXLVERSION is a text</v></c>")
    before = path.read_bytes()
    assert not mend_file(str(path), SERVICE, methods())
    assert path.read_bytes() == before


def test_a_name_across_two_blocks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "BLOCK", 7)
    path = book(tmp_path / "book.xlsx", SHEET)
    assert mend_file(str(path), SERVICE, methods())
    assert read(path)["xl/worksheets/sheet1.xml"] == MENDED.encode()


def test_parts_without_formulas_are_not_read_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "book.xlsx", "<c><f>KFXL_VERSION()</f></c>")
    looked: list[str] = []
    opened = zipfile.ZipFile.open

    def look(package: zipfile.ZipFile, part: zipfile.ZipInfo, *more: Any, **options: Any) -> Any:
        looked.append(part.filename)
        return opened(package, part, *more, **options)

    monkeypatch.setattr(zipfile.ZipFile, "open", look)
    assert not mend_file(str(path), SERVICE, methods())
    assert looked == ["xl/worksheets/sheet1.xml"]


@pytest.mark.parametrize(
    ("module", "name"), [(os, "replace"), (os, "chown"), (tempfile, "mkstemp")]
)
def test_where_a_file_cannot_be_replaced_its_content_is(
    module: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "book.xlsx", SHEET)
    before = path.stat()
    refuse(monkeypatch, module, name)
    assert mend_file(str(path), SERVICE, methods())
    assert read(path)["xl/worksheets/sheet1.xml"] == MENDED.encode()
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == MOMENT_NS
    assert [each.name for each in tmp_path.iterdir()] == ["book.xlsx"]


def test_one_that_cannot_be_written_at_all_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "book.xlsx", SHEET)
    before = path.read_bytes()
    refuse(monkeypatch, os, "replace")
    fill, tries = saved._fill, []

    def half(stream: Any, content: bytes) -> None:
        tries.append(content)
        if len(tries) == 1:
            fill(stream, content[:99])
            raise OSError("no space left")
        fill(stream, content)

    monkeypatch.setattr(saved, "_fill", half)
    with pytest.raises(OSError, match="no space"):
        mend_file(str(path), SERVICE, methods())
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["book.xlsx"]


def test_a_file_keeps_what_the_system_knows_of_it(tmp_path: Path) -> None:
    path = book(tmp_path / "book.xlsx", SHEET)
    try:
        os.setxattr(path, "user.kfxl", b"mine")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    os.utime(path, ns=(MOMENT_NS, MOMENT_NS))
    assert mend_file(str(path), SERVICE, methods())
    assert os.getxattr(path, "user.kfxl") == b"mine"


def refuse(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Let a function of a module do what it does where something is not allowed."""

    def refused(*_: object) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(module, name, refused)


@pytest.mark.parametrize(
    ("name", "formula", "found"),
    [
        ("xl/worksheets/sheet1.xml", "=1+kf_expected_returns(A1)", True),
        ("xl/worksheets/sheet1.xml", "=SUM(A1)", False),
        ("xl/other/sheet1.xml", "=SUM(A1)", True),  # not where formulas are looked for
    ],
)
def test_files_whose_formulas_are_not_asked_for(
    tmp_path: Path, name: str, formula: str, found: bool
) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/workbook.xml", "<definedName>Plan!A1</definedName>")
        package.writestr("xl/sharedStrings.xml", "KF_EXPECTED_RETURNS(")
        package.writestr(name, f"<f>{formula}</f>")
    assert may_name(str(path), methods().values()) == found


def test_a_file_that_cannot_be_read_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    assert may_name(str(path), methods().values())
    path.write_bytes(b"no package")
    assert may_name(str(path), methods().values())
