"""kfxl's own process behind LibreOffice: ended at any moment, or not there at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfxl.hosts.calc_addin import build_addin
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.hosts.calc.documents import Document
from tests.hosts.calc.office import INSIDE, Office
from tests.hosts.calc.shown import CLOSE, Cells, largest
from tests.spreadsheet.function_data import NAMES, RETURNS, SERIALS, dated

pytestmark = pytest.mark.host
DATA = dated(SERIALS, "Date")(RETURNS, NAMES)
AREA = f"A1:D{len(DATA)}"
FORMULAS = (
    ("Sheet1", "F1:H2", f"=KF_EXPECTED_RETURNS({AREA})"),
    ("Sheet1", "F4:H5", f"=RISK_PARITY_WEIGHTS({AREA})"),
    ("Sheet1", "F7:H8", f"=KF_OPTIMAL_WEIGHTS({AREA})"),
)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def document(office: Office) -> Iterator[Document]:
    """A document with three formulas."""
    with office.open() as opened:
        opened.fill("Sheet1", "A1", DATA)
        opened.enter(*FORMULAS)
        yield opened


def right(document: Document) -> bool:
    """Whether every formula shows what the functions give for the cells that are there."""
    data = document.read("Sheet1", AREA)
    return all(
        largest(document.read("Sheet1", area), FUNCTIONS[formula[1:].partition("(")[0]](data))
        <= CLOSE
        for _, area, formula in FORMULAS
    )


def results(document: Document) -> Cells:
    """Everything that the formulas show."""
    return [row for _, area, _ in FORMULAS for row in document.read("Sheet1", area)]


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so; it may take a while on a busy machine."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def asked(process: int) -> bool:
    """Whether a process has been sent a request that it has not read."""
    pipe = os.open(f"/proc/{process}/fd/0", os.O_RDONLY | os.O_NONBLOCK)
    try:
        (waiting,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))
    finally:
        os.close(pipe)
    return bool(waiting)


def edit_while(
    document: Document, value: float, meanwhile: Callable[[threading.Event], None]
) -> None:
    """Change a return and read the results; ``meanwhile`` does something until that is done."""
    done = threading.Event()
    thread = threading.Thread(target=meanwhile, args=(done,))
    thread.start()
    try:
        document.write(("Sheet1", "B9", value))
        document.recalculate()
        results(document)
    finally:
        done.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def test_one_process_serves_all_documents(office: Office, document: Document) -> None:
    assert right(document)
    (process,) = office.processes()
    with office.open() as another:
        another.write(("Sheet1", "A1", "=KFXL_VERSION()"))
        assert another.value("Sheet1", "A1") == FUNCTIONS["KFXL_VERSION"]()
    assert office.processes() == [process]


def test_a_process_that_was_ended_while_idle_is_started_anew(
    office: Office, document: Document
) -> None:
    (process,) = office.processes()
    os.kill(process, signal.SIGKILL)
    document.write(("Sheet1", "B9", 0.031))
    assert right(document)
    (other,) = office.processes()
    assert other != process


def test_a_process_that_was_ended_in_a_recalculation_is_started_anew(
    office: Office, document: Document
) -> None:
    (process,) = office.processes()
    os.kill(process, signal.SIGSTOP)  # so that it is surely in the middle of something

    def end(_done: threading.Event) -> None:
        until(lambda: asked(process))
        os.kill(process, signal.SIGKILL)

    edit_while(document, 0.032, end)
    assert right(document)
    assert process not in office.processes()


def test_a_process_that_cannot_stay_is_told_in_one_line(office: Office, document: Document) -> None:
    (first,) = office.processes()
    os.kill(first, signal.SIGSTOP)

    def end_all(done: threading.Event) -> None:
        until(lambda: asked(first))
        while not done.wait(0.01):
            for process in office.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    edit_while(document, 0.033, end_all)
    shown = {str(cell) for row in results(document) for cell in row}
    wrong = {text for text in shown if text.startswith("#")}
    assert wrong
    for text in wrong:
        assert text.startswith("#KFXL! Python: ")
        assert text.isprintable()
        assert len(text) <= 250

    def recalculated() -> bool:
        document.recalculate()
        return right(document)

    until(recalculated)


def test_a_recalculation_within_a_command_does_not_wait_for_it(
    office: Office, tmp_path: Path
) -> None:
    # The command needs LibreOffice's lock to show how far it is; a recalculation holds that lock.
    with office.open() as document:
        document.fill("Sheet1", "A1", DATA)
        document.enter(*FORMULAS)
        assert right(document)
        (process,) = office.processes()
        os.kill(process, signal.SIGSTOP)
        file = tmp_path / "asked"

        def tell() -> None:
            until(lambda: asked(process))
            file.touch()

        thread = threading.Thread(target=tell)
        thread.start()
        shown, said = document.run(
            INSIDE / "threads.py",
            "recalculate_during",
            command="kfxl:run_backtest_confirmed",
            process=process,
            asked=str(file),
            cell="F1",
        )
        thread.join()
        assert shown == "#KFXL! Python: works on something else; recalculate with Ctrl+Shift+F9"
        assert said.startswith("Backtest of kalman against equal-weight: see the sheets ")
        document.recalculate()
        assert right(document)


def test_without_its_environment_a_cell_says_so_until_it_is_there(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    with Office() as office:
        office.install(build_addin(str(python)))
        with office.open() as document:
            document.write(("Sheet1", "A1", "=KFXL_VERSION()"))
            text = document.value("Sheet1", "A1")
            assert text.startswith(f"#KFXL! Python: {python} is not there; run: ")
            assert text.isprintable()
            python.parent.mkdir()
            python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
            python.chmod(0o755)

            def answers() -> bool:
                document.recalculate()
                return bool(document.value("Sheet1", "A1") == FUNCTIONS["KFXL_VERSION"]())

            until(answers)
