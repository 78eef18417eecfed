"""Names of functions in saved files: long ones, which LibreOffice 7.4 writes, become plain."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfxl_calc import boxes, formulas, saved
from kfxl_calc.formulas import after, unresolved
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


class Cells:
    """A sheet with one formula, as far as it is looked at when its document is saved."""

    def __init__(self, formula: str) -> None:
        self.formula = formula
        self.NamedRanges: list[Any] = []

    def queryContentCells(self, kinds: int) -> Any:
        area = SimpleNamespace(StartColumn=0, StartRow=0, EndColumn=0, EndRow=0)
        return SimpleNamespace(getRangeAddresses=lambda: [area] if self.formula else [])

    def getCellRangeByPosition(self, *_: int) -> Any:
        return SimpleNamespace(getFormulaArray=lambda: [[self.formula]])


class Saved:
    """A document that has been saved."""

    Title = "Plan.xlsx"
    RuntimeUID = ""
    NamedRanges: tuple[Any, ...] = ()

    def __init__(self, url: str, formula: str = f"={LONG}.KFXLVERSION()", seen: bool = True):
        self.url, self.sheets = url, [Cells(formula)]
        window = SimpleNamespace(isVisible=lambda: seen)
        self.frame: Any = SimpleNamespace(getContainerWindow=lambda: window)

    def supportsService(self, name: str) -> bool:
        return name == formulas.SPREADSHEET

    def getArgs(self) -> list[Any]:
        return [SimpleNamespace(Name="FilterName", Value="Calc Office Open XML")]

    def getURL(self) -> str:
        return self.url

    def getSheets(self) -> list[Cells]:
        return self.sheets

    def getCurrentController(self) -> Any:
        return SimpleNamespace(getFrame=lambda: self.frame)


class Told:
    """An old LibreOffice, and what its user was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: list[str] = []

    def save(self, document: Saved) -> list[str]:
        self.texts.clear()
        after(self, "OnSaveDone", document, SERVICE, methods())
        return self.texts


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    given = Told(tmp_path)
    monkeypatch.setattr(formulas, "is_right", lambda _: False)
    monkeypatch.setattr(formulas, "_told", set())
    monkeypatch.setattr(boxes, "tell", lambda context, frame, text: given.texts.append(text))
    monkeypatch.setitem(
        sys.modules, "uno", SimpleNamespace(fileUrlToSystemPath=lambda url: url[len("file://") :])
    )
    return given


def test_a_file_with_a_password_is_told_once(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "Plan.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0 no package")
    (text,) = told.save(Saved(f"file://{path}"))
    assert text == (
        "#KFXL! Plan.xlsx: is saved, but with names of kfxl's functions that only LibreOffice "
        "knows; in Excel they show #NAME?. The reason: the file has a password. For Excel, save it "
        "without a password, or use LibreOffice 24 or newer."
    )
    assert told.save(Saved(f"file://{path}")) == []


def test_a_file_that_cannot_be_written_is_told(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = book(tmp_path / "Plan.xlsx", SHEET)
    refuse(monkeypatch, saved, "_replace")
    refuse(monkeypatch, saved, "_overwrite")
    (text,) = told.save(Saved(f"file://{path}"))
    assert "The reason: the file cannot be written to once more." in text


@pytest.mark.parametrize("formula", [f"={LONG}.KFXLVERSION()", "{=1+KFXL_VERSION()}"])
def test_a_place_elsewhere_is_told(told: Told, formula: str) -> None:
    (text,) = told.save(Saved("https://example.org/Plan.xlsx", formula))
    assert "no file of this computer" in text


@pytest.mark.parametrize("formula", ["", "=A1", "=KFXL_VERSION_2"])
def test_nothing_is_told_of_a_document_without_our_functions(told: Told, formula: str) -> None:
    assert told.save(Saved("https://example.org/Plan.xlsx", formula)) == []


def test_nothing_is_told_where_there_is_no_window(told: Told) -> None:
    hidden, bare = (Saved(f"https://example.org/{name}.xlsx") for name in "ab")
    hidden.frame.getContainerWindow = lambda: SimpleNamespace(isVisible=lambda: False)
    bare.frame = None
    assert told.save(hidden) == told.save(bare) == []


def test_a_saved_document_without_formulas_is_not_read(told: Told, tmp_path: Path) -> None:
    assert told.save(Saved(f"file://{tmp_path}/not there.xlsx", "")) == []


def test_sheets_that_were_left_are_told_once_their_window_is_there(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formulas, "enter_again", lambda *_: ["Plan", "Data"])
    document = Saved("https://example.org/Plan.xlsx")
    document.RuntimeUID = "7"
    for event, count in (("OnLoadFinished", 0), ("OnLoad", 1), ("OnLoad", 1)):
        after(told, event, document, SERVICE, methods())
        assert len(told.texts) == count
    assert "in Plan, Data show #NAME?" in told.texts[0]


@pytest.mark.parametrize(
    ("version", "right"), [("7.4", False), ("7.6", False), ("24.2", True), ("25.2", True)]
)
def test_a_newer_libreoffice_is_left_alone(
    version: str, right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def create(name: str, *_: object) -> Any:
        asked.append(name)
        product = SimpleNamespace(ooSetupVersion=version)
        return SimpleNamespace(createInstanceWithArguments=lambda *_: product)

    class Context:
        ServiceManager = SimpleNamespace(createInstanceWithContext=create)

    monkeypatch.setattr(formulas, "properties", lambda **_: ())
    context = Context()
    assert formulas.is_right(context) == formulas.is_right(context) == right
    assert len(asked) == 1
    if right:  # not even the document is looked at
        after(context, "OnLoadFinished", object(), SERVICE, methods())


def test_a_program_without_a_terminal_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    formulas.report(ValueError("wrong"))
