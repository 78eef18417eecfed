"""Names of functions in saved files: long ones, which LibreOffice 7.4 writes, become plain."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from kfxl_calc.formulas import mend_file, unresolved

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


def test_one_that_cannot_be_replaced_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "book.xlsx", SHEET)

    def refuse(*_: object) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError):
        mend_file(str(path), SERVICE, methods())
    assert read(path)["xl/worksheets/sheet1.xml"] == SHEET.encode()
    assert [each.name for each in tmp_path.iterdir()] == ["book.xlsx"]


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("=kf_expected_returns(A1:B9)", True),
        ("{=IFERROR(1+RISK_PARITY_WEIGHTS (A1:B9);0)}", True),
        (f"={LONG}.KFEXPECTEDRETURNS(A1)", False),
        ("=MY_RISK_PARITY_WEIGHTS(A1)", False),
        ("=Other.KFXL_VERSION()", False),
        ("=KF_Transition+1", False),
    ],
)
def test_formulas_that_are_entered_again(formula: str, found: bool) -> None:
    assert bool(unresolved(methods()).search(formula)) == found
