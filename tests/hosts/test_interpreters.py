"""The extension and `kfxl calc check` take the same interpreter out of the same list."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from kfxl_calc.child import ChildError
from kfxl_calc.child import interpreter_of as started

from kfxl.hosts.calc_check import interpreter_among as looked_at

CASES = {
    "the only one": (["{there}"], "{there}"),
    "the first that is there": (["{there}/gone", "{other}", "{there}"], "{other}"),
    "a variable": (["$KFXL_TEST_FOLDER/python"], "{there}"),
    "a variable in braces": (["${{KFXL_TEST_FOLDER}}/python"], "{there}"),
    "the home folder": (["~/python"], "{there}"),
    "the home folder in a variable": (["$KFXL_TEST_HOME/python"], "{there}"),
    "parts of the path that lead nowhere": (["{folder}/./python"], "{there}"),
    "no such variable": (["$KFXL_NO_SUCH_VARIABLE/python", "{other}"], "{other}"),
    "a path that is not full": (["python", "{other}"], "{other}"),
    "a folder": (["{folder}", "{other}"], "{other}"),
    "none": (["{folder}/gone", "$KFXL_NO_SUCH_VARIABLE/python"], None),
    "none of full paths": (["python"], None),
}


@pytest.mark.skipif(sys.platform == "win32", reason="variables and the home folder of POSIX")
@pytest.mark.parametrize("case", CASES)
def test_the_same_interpreter_is_started_and_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    names = {"folder": tmp_path, "there": tmp_path / "python", "other": tmp_path / "python3.8"}
    for name in ("there", "other"):
        names[name].touch()
    monkeypatch.chdir(tmp_path)  # where a path that is not full would lead somewhere
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KFXL_TEST_FOLDER", str(tmp_path))
    monkeypatch.setenv("KFXL_TEST_HOME", "~")
    listed, wanted = CASES[case]
    places = [place.format(**names) for place in listed]
    if wanted is None:
        assert looked_at(places) is None
        with pytest.raises(ChildError, match=r"is not there; run"):
            started(places)
        return
    path = wanted.format(**names)
    assert (started(places), str(looked_at(places))) == (path, path)
