"""The command line in this process, for the tests of commands."""

from __future__ import annotations

import pytest

from kfxl import cli


class Console:
    """Runs commands in this process and keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        code = cli.main([str(word) for word in words])
        self.out, self.err = self.capsys.readouterr()
        return code

    def fails(self, *words: object, code: int = 1) -> str:
        """The one line on standard error."""
        assert self(*words) == code, self.out + self.err
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("kfxl: ")
        assert "Traceback" not in self.out + self.err
        return self.err
