"""The stand-in for pywin32: xlwings' code for Windows inside, nothing left of it outside."""

import ctypes
import sys

import xlwings as plain

from tests.hosts.pywin32_stub import PACKAGES, WindowsXlwings, stand_ins, windows_xlwings


def own_modules() -> dict[str, object]:
    return {name: sys.modules[name] for name in sys.modules if name.startswith(PACKAGES)}


def test_xlwings_is_the_one_of_windows(windows: WindowsXlwings) -> None:
    assert windows.xw is not plain
    assert windows.xw.engines.active.name == "excel"
    assert windows.xw.func is windows.udfs.xlfunc
    assert windows.xw.__file__ == plain.__file__


def test_everything_is_restored() -> None:
    before, engines = own_modules(), list(plain.engines)
    pywin32 = set(stand_ins()) & set(sys.modules)
    windll = getattr(ctypes, "windll", None)
    with windows_xlwings() as first:
        import xlwings

        import kfxl.hosts

        assert xlwings is first.xw
        hosts = kfxl.hosts
    after = own_modules()
    assert {name: after[name] for name in before} == before
    assert set(after) == set(before)
    assert list(plain.engines) == engines
    assert set(stand_ins()) & set(sys.modules) == pywin32
    assert getattr(ctypes, "windll", None) is windll
    with windows_xlwings() as second:
        import kfxl.hosts

        assert second.xw is first.xw
        assert kfxl.hosts is hosts


def test_modules_imported_inside_stay() -> None:
    sys.modules.pop("colorsys", None)
    with windows_xlwings() as windows:
        windows.load("colorsys")
    assert "colorsys" in sys.modules
