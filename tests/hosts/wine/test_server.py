"""The add-in's command line starts kfxl's server through xlwings' own DLL, and starts it anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kfxl import __version__
from kfxl.hosts.excel_addin import DEFAULT_INTERPRETER, build_addin, dll_name
from tests.hosts.wine.addin import answer_of, interpreter_of, source_of
from tests.hosts.wine.session import LOCAL, Wine
from tests.hosts.wine.stand_in import StandIn

pytestmark = pytest.mark.host

START, STOP = 1, -1
SPACES_AND_ACCENTS = "C:\\users\\José de la Peña\\AppData\\Local"
SERVER_UNAVAILABLE = -2147023174
CALLS = 100
ROWS, COLUMNS = 1000, 50
# One argument of this size takes 1.2 MB as an array and more as Python's objects; a hundred
# that leaked would take 120 MB at least, one in five 24 MB; noise was below 2 MB.
LEAKED_BYTES = 12_000_000
LEAKED_HANDLES = 20


@pytest.fixture(scope="module")
def source() -> str:
    return source_of(build_addin())


@pytest.fixture(scope="module")
def interpreter() -> str:
    return interpreter_of(build_addin())


Line = Callable[[int], str]


@pytest.fixture(scope="module")
def line(wine: Wine, source: str, interpreter: str) -> Line:
    """What the add-in's own function makes of its settings, run by Windows."""

    def of_start(number: int) -> str:
        name = interpreter.rpartition("\\")[2]
        return answer_of(wine, source, "ServerCommandLine", f".\\{name}", number)

    return of_start


@pytest.fixture
def stand_in(wine: Wine) -> Iterator[StandIn]:
    made = StandIn(wine, f"{LOCAL}\\kfxl\\Scripts\\python.exe")
    yield made
    made.close()


def at_home(excel: StandIn, local: str, interpreter: str) -> None:
    """What the add-in does first: the DLL by its full path, the interpreter's folder current."""
    excel.ask("environment", variables={"LOCALAPPDATA": local})
    folder = interpreter.rpartition("\\")[0]
    environment = folder.rpartition("\\")[0]
    assert excel.ask("load", path=f"{environment}\\{dll_name()}")["loaded"]
    excel.ask("folder", path=folder)


def activated(excel: StandIn, command: str) -> None:
    answer = excel.ask("activate", line=command, mode=START)
    assert answer["object"], answer


def only_server(excel: StandIn) -> int:
    (server,) = excel.ask("servers")["servers"]
    return int(server)


def test_the_settings_name_the_usual_interpreter(interpreter: str) -> None:
    assert interpreter == DEFAULT_INTERPRETER


def test_the_addin_takes_the_steps_that_are_taken_here(source: str) -> None:
    # That it takes them when it runs is shown in tests/hosts/test_excel_vba_runs.py.
    for step in ("LoadDll Interpreter", 'Program = "."', "Shell.CurrentDirectory = Folder"):
        assert step in source


def test_the_code_page_does_not_hold_the_name(stand_in: StandIn, interpreter: str) -> None:
    # Otherwise the next test would show nothing.
    stand_in.ask("environment", variables={"LOCALAPPDATA": LOCAL})
    answer = stand_in.ask("load", path=f"%LOCALAPPDATA%\\kfxl\\{dll_name()}")
    assert answer == {"loaded": True, "code_page": 1252}
    with pytest.raises(UnicodeEncodeError):
        LOCAL.encode("cp1252")


@pytest.mark.parametrize("local", [LOCAL, SPACES_AND_ACCENTS])
def test_the_command_line_of_the_addin_starts_the_server_of_the_user(
    wine: Wine, stand_in: StandIn, line: Line, interpreter: str, local: str
) -> None:
    if not wine.path(f"{local}\\kfxl").exists():
        wine.install_kfxl(f"{local}\\kfxl")
    at_home(stand_in, local, interpreter)
    activated(stand_in, line(1))
    assert stand_in.call("KFXL_VERSION") == __version__
    server = only_server(stand_in)
    path = interpreter.replace("%LOCALAPPDATA%", local)
    assert stand_in.ask("program", process=server)["path"].casefold() == path.casefold()
    # The next call finds the server that is there.
    activated(stand_in, line(1))
    assert only_server(stand_in) == server
    stand_in.ask("activate", line=line(1), mode=STOP)
    assert not stand_in.ask("servers")["servers"]


def test_a_server_that_died_is_started_again(
    stand_in: StandIn, line: Line, source: str, wine: Wine, interpreter: str
) -> None:
    at_home(stand_in, LOCAL, interpreter)
    activated(stand_in, line(1))
    assert stand_in.call("KFXL_VERSION") == __version__
    first = only_server(stand_in)
    stand_in.ask("kill", process=first)
    request: dict[str, Any] = {"module": "kfxl.hosts.excel", "function": "KFXL_VERSION"}
    answer = stand_in.ask("call", **request, arguments=[])
    assert answer["hresult"] == SERVER_UNAVAILABLE
    # What the add-in does then; that it knows this error for what it is, Windows says itself.
    assert answer_of(wine, source, "ServerHasGone", answer["hresult"]) in ("-1", "True")
    stand_in.ask("forget")
    stand_in.ask("activate", line=line(1), mode=STOP)
    activated(stand_in, line(2))
    assert stand_in.call("KFXL_VERSION") == __version__
    assert only_server(stand_in) != first
    # Nothing of the first one is left, its shell included.
    names = [name for name, _ in stand_in.ask("servers")["all"]]
    assert names.count("cmd.exe") == 1


def test_what_is_no_death_is_not_taken_for_one(wine: Wine, source: str) -> None:
    assert answer_of(wine, source, "ServerHasGone", 13) in ("0", "False")


def test_a_server_ends_with_excel(
    wine: Wine, stand_in: StandIn, line: Line, interpreter: str
) -> None:
    witness = StandIn(wine, f"{LOCAL}\\kfxl\\Scripts\\python.exe")
    try:
        at_home(stand_in, LOCAL, interpreter)
        activated(stand_in, line(1))
        server = only_server(stand_in)
        assert witness.ask("runs", process=server)["runs"]
        stand_in.close()
        assert witness.ask("ended", process=server)["ended"]
    finally:
        witness.close()


def test_an_environment_without_python_is_said_at_once(
    stand_in: StandIn, line: Line, interpreter: str
) -> None:
    at_home(stand_in, LOCAL, interpreter)
    stand_in.ask("folder", path="C:\\windows")
    answer = stand_in.ask("activate", line=line(1), mode=START)
    assert not answer["object"]
    assert answer["text"].startswith("Python process exited before")


LEAKY = """
import xlwings as xw

kept = []

@xw.func
@xw.arg("cells", "raw")
def keep(cells):
    kept.append(cells)
    return 0.0
"""


def big_range() -> list[list[float]]:
    noise = random.Random(7)
    return [[noise.gauss(0, 0.01) for _ in range(COLUMNS)] for _ in range(ROWS)]


def test_a_hundred_calls_leak_nothing(stand_in: StandIn, line: Line, interpreter: str) -> None:
    at_home(stand_in, LOCAL, interpreter)
    activated(stand_in, line(1))
    server = only_server(stand_in)
    stand_in.call("RISK_COVARIANCE", big_range(), times=CALLS // 2)
    before = stand_in.ask("held", process=server)
    stand_in.call("RISK_COVARIANCE", big_range(), times=CALLS)
    after = stand_in.ask("held", process=server)
    assert before["handles"] > 0
    for what in ("working_set", "committed"):
        assert after[what] - before[what] < LEAKED_BYTES, (what, before, after)
    assert after["handles"] - before["handles"] < LEAKED_HANDLES, (before, after)


def test_a_leak_would_be_seen(wine: Wine, stand_in: StandIn, line: Line, interpreter: str) -> None:
    packages = wine.path(f"{LOCAL}\\kfxl\\Scripts\\Lib\\site-packages")
    leaky = packages / "leaky_functions.py"
    leaky.write_text(LEAKY)
    at_home(stand_in, LOCAL, interpreter)
    activated(stand_in, line(1))
    server = only_server(stand_in)
    request: dict[str, Any] = {"module": "leaky_functions", "function": "keep"}
    stand_in.ask("call", **request, arguments=[1.0])
    before = stand_in.ask("held", process=server)
    answer = stand_in.ask("call", **request, arguments=[big_range()], times=CALLS // 5)
    leaky.unlink()
    assert answer == {"result": 0.0}
    after = stand_in.ask("held", process=server)
    for what in ("working_set", "committed"):
        assert after[what] - before[what] > LEAKED_BYTES, (what, before, after)
