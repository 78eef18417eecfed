"""Names of functions in documents: what is looked at after an event, and what the user is told."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kfxl_calc import boxes, formulas
from kfxl_calc.formulas import after, unresolved

from kfxl.hosts.calc_interface import SERVICE, methods

LONG = SERVICE.upper()


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
    path = tmp_path / "Plan.xlsx"
    path.touch()

    def refused(*_: object) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(formulas, "mend_file", refused)
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
