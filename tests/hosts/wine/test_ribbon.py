"""The ribbon's buttons through real pywin32: a fake Excel behind real COM objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.hosts.excel_books import contents, kfxl_book
from tests.hosts.fake_excel import Application
from tests.hosts.pywin32_stub import WindowsXlwings, windows_xlwings
from tests.hosts.wine.session import LOCAL, Wine, windows_path
from tests.hosts.wine.windows_python import INSIDE

pytestmark = pytest.mark.host

SETTINGS = {"Strategy": "risk-parity", "Lookback": 12.0}


@pytest.fixture(scope="module")
def pressed(wine: Wine) -> dict[str, Any]:
    """What the program inside says of its four buttons."""
    python = f"{LOCAL}\\kfxl\\Scripts\\python.exe"
    done = wine.run(python, windows_path(INSIDE / "ribbon.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_answers(pressed: dict[str, Any]) -> None:
    first, failed, second, functions = pressed["answers"]
    assert (
        first
        == second
        == (
            "Backtest of risk-parity against equal-weight: see the sheets "
            "Summary, Value, Weights, Sharpe, Trading, Risk."
        )
    )
    assert failed.startswith("#KFXL! Excel: ")
    assert "Color" in failed
    assert functions == ""


def test_a_failure_keeps_the_earlier_report(pressed: dict[str, Any]) -> None:
    assert pressed["kept"]


def test_a_second_run_replaces_the_first(pressed: dict[str, Any]) -> None:
    assert pressed["again"]


def test_sheets_are_those_without_pywin32(pressed: dict[str, Any]) -> None:
    excel = Application()
    book = kfxl_book(excel, settings=SETTINGS)
    with windows_xlwings() as xlwings:
        press(xlwings, excel)
    wanted = contents(book)
    found = pressed["sheets"]
    assert found.keys() == wanted.keys()
    for name, sheet in wanted.items():
        assert found[name]["charts"] == sheet["charts"]
        for mine, theirs in zip(found[name]["cells"], sheet["cells"], strict=True):
            assert mine[:2] == theirs[:2]
            assert mine[3] == theirs[3]
            # Another processor's libraries may round differently.
            if mine[3] == "number":
                assert mine[2] == pytest.approx(theirs[2], rel=1e-9, abs=1e-12)
            else:
                assert mine[2] == theirs[2]


def press(xlwings: WindowsXlwings, excel: Application) -> None:
    answer = xlwings.call("kfxl.hosts.excel", "run_action", "run_backtest", excel)
    assert answer.startswith("Backtest of risk-parity")
