"""The menu's commands without LibreOffice: refusals, questions, names, marks."""

from __future__ import annotations

import os
import pathlib
import shutil
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from kfxl_calc import boxes, marks, menu
from kfxl_calc.child import ChildError
from kfxl_calc.failures import RestoreError, message
from kfxl_calc.quiet import Status
from kfxl_calc.sheets import Written

CALC = "com.sun.star.sheet.SpreadsheetDocument"


class Document:
    """A document, as far as the commands look at it before they write."""

    Title = "Plan.ods"
    kind, read_only, protected, automatic = CALC, False, False, True

    def __init__(self) -> None:
        self.CurrentController = type("Controller", (), {"ActiveSheet": None, "Model": self})()

    def supportsService(self, name: str) -> bool:
        return name == self.kind

    def isReadonly(self) -> bool:
        return self.read_only

    def isProtected(self) -> bool:
        return self.protected

    def isAutomaticCalculationEnabled(self) -> bool:
        return self.automatic


class Child:
    """kfxl's process: what it is asked and what it answers."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []

    def ask(self, request: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        self.asked.append(request)
        answer = self.answers[request["action"]]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


class Office(menu.Office):
    """LibreOffice with one document, and without a status bar."""

    def __init__(self, document: Any, child: Child) -> None:
        super().__init__(None, None, child)
        self.shown = document

    def controller(self) -> Any:
        if self.shown is not None:
            self.frame = type("Frame", (), {"Controller": self.shown.CurrentController})
        try:
            return super().controller()
        finally:
            self.frame = None


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch) -> Document:
    monkeypatch.setattr("kfxl_calc.book.read", lambda _: {"days": 0})
    monkeypatch.setattr("kfxl_calc.book.selection", lambda *_: {"blocks": 1})
    return Document()


def give(command: str, document: Any, **answers: Any) -> str:
    return menu.carry_out(command, Office(document, Child(**answers)), True)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (
            {"read_only": True},
            "Plan.ods: is open for reading only; save a copy and work in that",
        ),
        (
            {"protected": True},
            "Plan.ods: its structure is protected; lift it with Tools > Protect Spreadsheet "
            "Structure, or work in a copy",
        ),
        (
            {"CurrentController": type("Preview", (), {})()},
            "Plan.ods: is shown as it prints; close the preview first",
        ),
        (
            {"kind": "com.sun.star.text.TextDocument"},
            "document: no spreadsheet is open; open one, or press New workbook",
        ),
    ],
    ids=["read only", "protected", "preview", "text"],
)
def test_what_stops_a_command(document: Document, change: dict[str, Any], answer: str) -> None:
    for name, value in change.items():
        setattr(document, name, value)
        if name == "CurrentController":
            value.Model = document
    assert give("run_backtest", document) == f"#KFXL! {answer}"


def test_no_document(document: Document) -> None:
    for command in ("run_backtest", "run_backtest_confirmed", "fit_workbook"):
        assert give(command, None) == (
            "#KFXL! document: no spreadsheet is open; open one, or press New workbook"
        )


def test_a_window_that_shows_nothing_yet(document: Document) -> None:
    document.CurrentController = None  # type: ignore[assignment]
    assert give("run_backtest", document) == (
        "#KFXL! document: this window does not show it yet; try again"
    )


def test_the_window_of_the_command_counts_where_a_document_has_two(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    monkeypatch.setattr("kfxl_calc.book.selection", lambda *given: looked.append(given) or {})
    office = Office(document, Child(run_backtest={"result": {"wants": "selection"}}))
    own = office.shown.CurrentController
    another = type("Controller", (), {"ActiveSheet": None, "Model": document})()
    monkeypatch.setattr(office, "controller", lambda: own)
    document.CurrentController = another
    menu.carry_out("run_backtest", office, True)
    assert looked == [(document, own)]


class Desktop:
    """LibreOffice, which opens what it is told to or, as when memory is short, nothing."""

    def __init__(self) -> None:
        self.ServiceManager = self
        self.opened: list[str] = []
        self.document: Any = None

    def createInstanceWithContext(self, *_: Any) -> Desktop:
        return self

    def loadComponentFromURL(self, url: str, *_: Any) -> Any:
        self.opened.append(url)
        return self.document


@pytest.mark.parametrize(
    ("command", "answer"),
    [("new_workbook", {"package": "UEs="}), ("function_list", {"report": {"sheets": []}})],
)
def test_a_workbook_that_does_not_open(
    monkeypatch: pytest.MonkeyPatch, command: str, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(menu, "properties", lambda **_: ())
    office = Office(None, Child(**{command: {"result": answer}}))
    office.context = Desktop()
    assert menu.carry_out(command, office, True) == (
        "#KFXL! LibreOffice: did not open the new workbook; try again"
    )


def test_a_file_that_windows_keeps_open_hinders_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "properties", lambda **_: ())
    kept: list[str] = []

    def remove(path: str, *_: Any, **__: Any) -> None:
        kept.append(str(path))
        raise PermissionError(13, "in use", path)

    office = Office(None, Child(new_workbook={"result": {"package": "UEs="}}))
    office.context = desktop = Desktop()
    desktop.document = object()
    monkeypatch.setattr(os, "unlink", remove)
    text = menu.carry_out("new_workbook", office, True)
    monkeypatch.undo()
    (url,) = desktop.opened
    folder = pathlib.Path(url2pathname(urlsplit(url).path)).parent
    assert folder.is_dir()
    shutil.rmtree(folder)
    assert (text, len(kept)) == ("", 1)


def test_failures_of_the_process_are_one_line(document: Document) -> None:
    error = {"error": "#KFXL! Settings: asset A has no budget and bounds; press Fit workbook"}
    assert give("run_backtest", document, run_backtest=error) == error["error"]
    gone = ChildError("Python: is not there; run: python3 install")
    assert give("run_backtest", document, run_backtest=gone) == f"#KFXL! {gone}"
    assert give("no_such_command", document).startswith("#KFXL! LibreOffice: KeyError")


def test_a_question_is_asked_and_yes_goes_on(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(boxes, "tell", lambda *arguments: shown.append(arguments[-1]))
    child = Child(
        run_backtest={"result": {"question": "Really?"}},
        run_backtest_confirmed={"error": "selection: is no good; select another"},
    )
    office = Office(document, child)
    assert menu.carry_out("run_backtest", office, True) == "?Really?"
    for answer, text in ((False, ""), (True, "#KFXL! selection: is no good; select another")):
        monkeypatch.setattr(boxes, "confirmed", lambda *_, answer=answer: answer)
        assert menu.carry_out("run_backtest", office, False) == text
    assert shown == ["#KFXL! selection: is no good; select another"]


def test_the_selection_is_read_only_when_it_is_wanted(document: Document) -> None:
    child = Child(run_backtest={"result": {"wants": "selection"}})
    menu.carry_out("run_backtest", Office(document, child), True)
    assert [request.keys() for request in child.asked] == [
        {"action", "book"},
        {"action", "book", "selection"},
    ]


class _Quiet:
    def __init__(self, target: Any) -> None:
        self.target = target

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def keep(self, _: dict[str, str]) -> None:
        return


@pytest.mark.parametrize("left", [[], ["earlier sheets of the report"]])
def test_what_is_said_when_it_is_done(
    document: Document, monkeypatch: pytest.MonkeyPatch, left: list[str]
) -> None:
    monkeypatch.setattr(menu, "Quiet", _Quiet)
    monkeypatch.setattr(menu, "Target", lambda *_: None)
    monkeypatch.setattr(menu, "write_report", lambda *_: Written(["Summary (2)"], {}, left))
    document.automatic = False
    child = Child(
        run_backtest={"result": {"report": {"title": "Backtest"}}},
        say_written={"result": "all is there"},
    )
    text = menu.carry_out("run_backtest", Office(document, child), True)
    if left:
        assert text == (
            "#KFXL! Done. Could not be set back: earlier sheets of the report; do it by hand"
        )
    else:
        assert text == "all is there"
        said = {"title": "Backtest", "names": ["Summary (2)"], "manual": True}
        assert child.asked[-1] == {"action": "say_written", **said}


def test_messages() -> None:
    cause = RuntimeError("at ./sc/source.cxx:161")
    assert message(RestoreError(["the selection"], cause)) == (
        "LibreOffice: RuntimeError: at ./sc/source.cxx:161; nothing of yours was changed; try "
        "again. Could not be set back: the selection; do it by hand"
    )


class _Sheet:
    def __init__(self, name: str, **marks_: str) -> None:
        self.Name = name
        content = {mark: type("Named", (), {"Content": text})() for mark, text in marks_.items()}
        names = {"hasByName": content.__contains__, "getByName": content.__getitem__}
        self.NamedRanges = type("Names", (), {k: staticmethod(v) for k, v in names.items()})()


def test_only_sheets_that_still_bear_their_name_are_kfxls_own() -> None:
    assert marks.is_own(_Sheet("Value", kfxl_report='"Value"'))
    assert marks.is_own(_Sheet('A "b"', kfxl_report='"A ""b"""'))
    assert not marks.is_own(_Sheet("Value_2", kfxl_report='"Value"'))
    assert not marks.is_own(_Sheet("Value", kfxl_functions='"Value"'))
    assert not marks.is_own(_Sheet("Value"))


def test_free_names_have_room_in_excel_too() -> None:
    assert marks.free_name("x" * 40, ["X" * 31]) == "x" * 27 + " (2)"


class Indicator:
    """LibreOffice's status bar: what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def setText(self, text: str) -> None:
        self.told.append(text)

    def setValue(self, value: int) -> None:
        self.told.append(value)


def test_the_status_bar_shows_texts_and_how_far_it_is() -> None:
    status = Status(None, None)
    status.say("nobody sees this")
    status._indicator = shown = Indicator()
    for text in ("reading", "kfxl backtest: 20 %", "kfxl report: sheet 3 of 4"):
        status.say(text)
    assert shown.told[1::2] == [0, 20, 75]
