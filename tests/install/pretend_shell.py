"""A shell that runs nothing, for the tests of the installer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from install.places import python_of
from install.shell import Outcome

OK = Outcome(0)
Answer = Callable[[list[str]], Outcome | None]


class PretendShell:
    """Writes down what it is asked to run, and answers as told; `venv` makes an interpreter."""

    def __init__(self, answer: Answer = lambda _words: None) -> None:
        self.answer = answer
        self.commands: list[list[str]] = []
        self.said: list[str] = []

    def captured(
        self, command: Sequence[str | Path], cwd: Path | None = None, *, echo: bool = False
    ) -> Outcome:
        assert cwd is None or cwd.is_dir()
        words = [str(word) for word in command]
        self.commands.append(words)
        answer = self.answer(words)
        if answer is not None:
            return answer
        if words[1:3] == ["-m", "venv"]:
            python = python_of(Path(words[-1]))
            python.parent.mkdir(parents=True)
            python.write_text("")
        return OK

    def shown(self, command: Sequence[str | Path], cwd: Path | None = None) -> Outcome:
        return self.captured(command, cwd)

    def say(self, text: str) -> None:
        self.said.append(text)

    def ran(self, *words: str) -> bool:
        """Whether a command with all these words was run."""
        return any(set(words) <= set(command) for command in self.commands)


def fails_at(word: str, text: str = "", code: int = 1) -> Answer:
    return lambda words: Outcome(code, text) if word in words else None
