"""kfxl's process behind LibreOffice: asked over its standard streams, restarted, described."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kfxl_calc import child
from kfxl_calc.child import Child, ChildError

from kfxl import __version__
from kfxl.spreadsheet.functions import FUNCTIONS
from tests.spreadsheet.function_calls import CALLS
from tests.spreadsheet.function_data import DRESSES

PRETENDER = """#!{python}
import json, sys, pathlib
log = pathlib.Path({log!r})
starts = len(log.read_text()) if log.exists() else 0
log.write_text("x" * (starts + 1))
def put(message):
    sys.stdout.write(json.dumps(message) + "\\n")
    sys.stdout.flush()
{body}
"""
Pretend = Callable[[str], Child]
READY = f'put({{"ready": {__version__!r}}})\n'


@pytest.fixture
def kfxl() -> Iterator[Child]:
    process = Child([sys.executable], __version__)
    yield process
    stop(process)


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    return tmp_path / "starts"


@pytest.fixture
def pretender(tmp_path: Path) -> Iterator[Pretend]:
    """Processes that do as a text says; the file ``starts`` has a letter for each start."""
    made: list[Child] = []

    def make(body: str) -> Child:
        script = tmp_path / "python"
        text = PRETENDER.format(python=sys.executable, log=str(tmp_path / "starts"), body=body)
        script.write_text(text)
        script.chmod(0o755)
        made.append(Child([str(script)], __version__))
        return made[-1]

    yield make
    for process in made:
        stop(process)


def stop(process: Child) -> None:
    """End the process as LibreOffice's own end does: it has no input any more."""
    if process._process is not None:
        process._close(process._process)


def process_of(process: Child) -> subprocess.Popen[bytes]:
    running = process._process
    assert running is not None
    return running


def version_of(process: Child) -> Any:
    return process.ask({"call": "KFXL_VERSION", "arguments": []})["result"]


def test_every_function_gives_what_it_gives_without_a_host(kfxl: Child) -> None:
    for call in CALLS.values():
        arguments = call.arguments(DRESSES["serial numbers"])
        expected = FUNCTIONS[call.function](*arguments)
        found = kfxl.ask({"call": call.function, "arguments": arguments})["result"]
        assert found == expected, call.function


def test_large_ranges_pass_in_both_directions(kfxl: Child) -> None:
    prices = [[100.0 + row + column / 7 for column in range(20)] for row in range(20_000)]
    found = kfxl.ask({"call": "PRICES_TO_RETURNS", "arguments": [prices]})["result"]
    assert found == FUNCTIONS["PRICES_TO_RETURNS"](prices)


def test_an_error_of_a_function_is_its_result(kfxl: Child) -> None:
    found = kfxl.ask({"call": "RISK_PARITY_WEIGHTS", "arguments": [[["x"]]]})
    assert found["result"].startswith("#KFXL! data: ")


def test_what_is_not_foreseen_is_one_line(kfxl: Child) -> None:
    (text,) = kfxl.ask({"call": "NO_SUCH_FUNCTION", "arguments": []}).values()
    assert text.startswith("#KFXL! unexpected: KeyError")
    assert version_of(kfxl) == __version__


def test_one_that_was_killed_is_started_anew(kfxl: Child) -> None:
    version_of(kfxl)
    first = process_of(kfxl).pid
    os.kill(first, signal.SIGKILL)
    assert version_of(kfxl) == __version__
    assert process_of(kfxl).pid != first


def test_an_interrupt_meant_for_libreoffice_does_not_end_it(kfxl: Child) -> None:
    version_of(kfxl)
    first = process_of(kfxl)
    first.send_signal(signal.SIGINT)
    assert version_of(kfxl) == __version__
    assert process_of(kfxl) is first


def test_it_ends_with_its_input(kfxl: Child) -> None:
    version_of(kfxl)
    process = process_of(kfxl)
    stop(kfxl)
    assert process.returncode == 0


def test_one_that_dies_over_a_request_is_asked_again_once(pretender: Pretend, starts: Path) -> None:
    body = READY + "sys.stdin.readline()\nif starts: put({'result': 7})\nsys.exit(1)"
    process = pretender(body)
    assert process.ask({}) == {"result": 7}
    assert starts.read_text() == "xx"


def test_one_that_dies_in_the_middle_of_an_answer_is_asked_again(pretender: Pretend) -> None:
    half = "sys.stdout.write('{\"result\": [[0.1, 0.')\nsys.stdout.flush()\nsys.exit(1)"
    body = READY + f"sys.stdin.readline()\nif starts: put({{'result': 7}})\n{half}"
    assert pretender(body).ask({}) == {"result": 7}


def test_one_that_always_dies_is_described_in_one_line(pretender: Pretend, starts: Path) -> None:
    process = pretender(READY + "sys.stdin.readline()\nsys.exit(1)")
    with pytest.raises(ChildError, match=r"^Python: ended while .*; recalculate"):
        process.ask({})
    assert starts.read_text() == "xx"


def test_progress_comes_before_the_answer(pretender: Pretend) -> None:
    body = READY + "sys.stdin.readline()\nfor n in (1, 2): put({'progress': f'{n}'})\nput({'a': 1})"
    said: list[str] = []
    assert pretender(body).ask({}, said.append) == {"a": 1}
    assert said == ["1", "2"]


def test_a_question_within_a_question_does_not_take_its_answer(pretender: Pretend) -> None:
    process = pretender(READY + "sys.stdin.readline()\nput({'progress': ''})\nput({'a': 1})")
    inner: list[str] = []

    def progress(_: str) -> None:
        with pytest.raises(ChildError) as caught:
            process.ask({})
        inner.append(str(caught.value))

    assert process.ask({}, progress) == {"a": 1}
    assert inner == ["Python: works on something else; recalculate with Ctrl+Shift+F9"]


def test_a_question_of_another_thread_does_not_wait(pretender: Pretend) -> None:
    # It may hold what the one who asks needs for showing how far it is, as LibreOffice's lock.
    process = pretender(READY + "sys.stdin.readline()\nput({'progress': ''})\nput({'a': 1})")
    other: list[str] = []

    def ask() -> None:
        with pytest.raises(ChildError) as caught:
            process.ask({})
        other.append(str(caught.value))

    def progress(_: str) -> None:
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(60)

    assert process.ask({}, progress) == {"a": 1}
    assert other == ["Python: works on something else; recalculate with Ctrl+Shift+F9"]


def test_one_that_keeps_silent_at_its_start_is_ended(
    pretender: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = pretender("sys.stdin.readline()")
    monkeypatch.setattr(child, "HELLO", 0.0)
    with pytest.raises(ChildError) as caught:
        process.ask({})
    remedy = "recalculate with Ctrl+Shift+F9, or run: python3 install"
    assert str(caught.value).endswith(f"python did not answer within 0 s; {remedy}")
    assert process._process is None


def test_one_that_has_said_hello_is_not_waited_for_any_more(kfxl: Child) -> None:
    version_of(kfxl)
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers)


def test_why_it_does_not_start_is_said_once_and_not_tried_at_every_cell(
    pretender: Pretend, starts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = pretender("sys.stderr.write('a\\nNo module named kfxl\\n')\nsys.exit(1)")
    monkeypatch.setattr(child, "PAUSE", float("inf"))
    monkeypatch.setattr(child, "JOIN", 60.0)
    texts = set()
    for _ in range(3):
        with pytest.raises(ChildError) as caught:
            process.ask({})
        texts.add(str(caught.value))
    (text,) = texts
    assert "No module named kfxl" in text
    assert text.endswith("run: python3 install")
    assert "\n" not in text
    assert starts.read_text() == "x"
    monkeypatch.setattr(child, "PAUSE", -1.0)
    with pytest.raises(ChildError):
        process.ask({})
    assert starts.read_text() == "xx"


def test_another_version_of_kfxl_is_refused_with_the_remedy(pretender: Pretend) -> None:
    process = pretender("put({'ready': '9.9'})\nsys.stdin.readline()")
    with pytest.raises(ChildError, match=rf"is kfxl {__version__}, installed is 9\.9; run: kfxl"):
        process.ask({})


@pytest.mark.parametrize("places", [["/nowhere/python"], ["$NO_SUCH_VARIABLE/python"]])
def test_an_interpreter_that_is_not_there_is_named(places: list[str]) -> None:
    with pytest.raises(ChildError) as caught:
        Child(places, __version__).ask({})
    assert str(caught.value) == f"Python: {places[0]} is not there; run: python3 install"


def test_the_first_interpreter_that_exists_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python").touch()
    monkeypatch.setenv("KFXL_TEST_FOLDER", str(tmp_path))
    places = ["/nowhere/python", "$KFXL_TEST_FOLDER/python", sys.executable]
    assert child.interpreter_of(places) == str(tmp_path / "python")


def test_what_a_library_prints_does_not_come_between_the_answers() -> None:
    script = (
        "import kfxl.hosts.calc as c, os;"
        "c.FUNCTIONS['NOISY'] = lambda: print('noise', flush=True) or os.write(1, b'more') * 1.0;"
        "c.main()"
    )
    request = json.dumps({"call": "NOISY", "arguments": []}) + "\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=request.encode(),
        capture_output=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [{"ready": __version__}, {"result": 4.0}]
    assert done.stderr.decode().split() == ["noise", "more"]
