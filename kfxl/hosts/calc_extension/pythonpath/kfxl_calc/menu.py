"""The commands of the menu: what is read, what kfxl's process is asked, what is written."""

from __future__ import annotations

import base64
import pathlib
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from kfxl_calc import book, boxes, findings, marks
from kfxl_calc.failures import RefusalError, RestoreError, message
from kfxl_calc.quiet import Quiet, Status
from kfxl_calc.ranges import MARK
from kfxl_calc.sheets import Written, write_report
from kfxl_calc.target import Target
from kfxl_calc.unotypes import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    Json = dict[str, Any]

NEW_DOCUMENT = "private:factory/scalc"
NO_SPREADSHEET = "document: no spreadsheet is open; open one, or press New workbook"
SPREADSHEET = "com.sun.star.sheet.SpreadsheetDocument"


class Office:
    """The running LibreOffice: its context, the frame of the document, kfxl's process."""

    def __init__(self, context: Any, frame: Any, child: Any) -> None:
        self.context, self.frame, self.child = context, frame, child

    def ask(self, action: str, say: Callable[[str], None], **request: Any) -> Any:
        """What kfxl's process gives for an action."""
        answer = self.child.ask({"action": action, **request}, say)
        if "error" in answer:
            raise RefusalError(answer["error"])
        return answer["result"]

    def document(self) -> Any:
        """The spreadsheet in the frame."""
        document = self.controller().Model
        if document is None or not document.supportsService(SPREADSHEET):
            raise RefusalError(NO_SPREADSHEET)
        return document

    def controller(self) -> Any:
        """What the user sees in the frame; a document may be in more than one window."""
        if self.frame is None:
            raise RefusalError(NO_SPREADSHEET)
        controller = self.frame.Controller
        if controller is None:
            raise RefusalError("document: this window does not show it yet; try again")
        return controller

    def open(self, url: str, **options: Any) -> Any:
        """Open a document in a window of its own."""
        desktop = self.context.ServiceManager.createInstanceWithContext(
            "com.sun.star.frame.Desktop", self.context
        )
        document = desktop.loadComponentFromURL(url, "_blank", 0, properties(**options))
        if document is None:
            raise RefusalError("LibreOffice: did not open the new workbook; try again")
        return document


def carry_out(command: str, office: Office, silent: bool) -> str:
    """Do what a menu entry says; the text that the user sees, after kfxl's mark what is wrong.

    Where nothing is to be shown, a question is given back, too: it begins with ``?``, and on Yes
    the command ``..._confirmed`` is meant.
    """
    text = _tried(command, office)
    if silent or not text:
        return text
    if text.startswith("?"):
        if not boxes.confirmed(office.context, office.frame, text[1:]):
            return ""
        text = _tried(f"{command}_confirmed", office)
    if text:
        boxes.tell(office.context, office.frame, text)
    return text


def _tried(command: str, office: Office) -> str:
    try:
        with Status(office.context, office.frame) as status:
            return COMMANDS[command](office, status.say)
    except Exception as error:  # noqa: BLE001  (the user gets one line, never a traceback)
        return f"{MARK} {message(error)}"


def run_backtest(office: Office, say: Callable[[str], None]) -> str:
    """Backtest the workbook's returns by its settings; its report becomes sheets of it."""
    return _backtest("run_backtest", office, say)


def run_backtest_confirmed(office: Office, say: Callable[[str], None]) -> str:
    """Backtest the selected returns with default settings; the report becomes sheets."""
    return _backtest("run_backtest_confirmed", office, say)


def _backtest(action: str, office: Office, say: Callable[[str], None]) -> str:
    document, controller = office.document(), office.controller()
    _check_writable(document, controller)
    say("kfxl backtest: reading the workbook")
    read = book.read(document)
    found = office.ask(action, say, book=read)
    if found.get("wants") == "selection":
        found = office.ask(action, say, book=read, selection=book.selection(document, controller))
    if "question" in found:
        return f"?{found['question']}"
    with Quiet(Target(office.context, document, controller)) as quiet:
        written = write_report(quiet.target, found["report"], say)
        quiet.keep(written.instead)
    return _told(office, document, found["report"]["title"], written, say)


def _told(
    office: Office, document: Any, title: str, written: Written, say: Callable[[str], None]
) -> str:
    if written.left:
        raise RestoreError(written.left, None)
    manual = not document.isAutomaticCalculationEnabled()
    return str(office.ask("say_written", say, title=title, names=written.names, manual=manual))


def _check_writable(document: Any, controller: Any) -> None:
    """Refuse a document that takes no new sheets."""
    if document.isReadonly():
        raise RefusalError(
            f"{document.Title}: is open for reading only; save a copy and work in that"
        )
    if not hasattr(controller, "ActiveSheet"):
        raise RefusalError(f"{document.Title}: is shown as it prints; close the preview first")
    if document.isProtected():
        raise RefusalError(
            f"{document.Title}: its structure is protected; lift it with Tools > Protect "
            "Spreadsheet Structure, or work in a copy"
        )


def new_workbook(office: Office, say: Callable[[str], None]) -> str:
    """The template, as a new workbook that is not yet saved."""
    _open(office, office.ask("new_workbook", say)["package"])
    return ""


def fit_workbook(office: Office, say: Callable[[str], None]) -> str:
    """A new workbook with the data and settings of the open one, fitted to their size."""
    document = office.document()
    say("kfxl: reading the workbook")
    found = office.ask("fit_workbook", say, book=book.read(document))
    name = _open(office, found["package"]).Title
    return str(office.ask("say_fitted", say, name=name, source=document.Title, own=found["own"]))


def _open(office: Office, package: str) -> Any:
    """Open a package as a new workbook without a file."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kfxl"))
    try:
        path = folder / "kfxl.xlsx"
        path.write_bytes(base64.b64decode(package))
        return office.open(path.as_uri(), AsTemplate=True)
    finally:
        # On Windows LibreOffice may still have it open; the workbook is there all the same.
        shutil.rmtree(folder, ignore_errors=True)


def function_list(office: Office, say: Callable[[str], None]) -> str:
    """All worksheet functions with their arguments, in a new workbook."""
    report = office.ask("function_list", say)["report"]
    document = office.open(NEW_DOCUMENT)
    try:
        blank = document.Sheets.ElementNames
        with Quiet(Target(office.context, document)) as quiet:
            written = write_report(quiet.target, report, say, marks.FUNCTIONS)
            for name in blank:
                document.Sheets.removeByName(name)
            quiet.keep(dict.fromkeys(blank, written.names[0]))
        document.setModified(False)
    except Exception:
        document.close(True)
        raise
    return ""


def check(office: Office, say: Callable[[str], None]) -> str:
    """What is right and what is wrong with the installation, line by line."""
    return findings.lines(office.context, lambda: office.ask("check", say))


COMMANDS: dict[str, Callable[[Office, Callable[[str], None]], str]] = {
    command.__name__: command
    for command in (
        run_backtest,
        run_backtest_confirmed,
        new_workbook,
        fit_workbook,
        function_list,
        check,
    )
}
