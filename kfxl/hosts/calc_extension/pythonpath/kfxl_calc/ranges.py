"""Arguments and results of cells, as LibreOffice has them and as kfxl's process has them."""

from __future__ import annotations

from typing import Any

BLANK = ""
MARK = "#KFXL!"


def plain(argument: Any) -> Any:
    """An argument without the blank cells below and to the right of what is filled.

    LibreOffice sends a whole column with all its million cells. A range stays one, of one blank
    cell where nothing is filled.

    >>> plain((("Date", "A", ""), (1.0, 0.5, ""), ("", "", "")))
    [['Date', 'A'], [1.0, 0.5]]
    >>> plain((("",), ("",))), plain(0.5), plain(None)
    ([['']], 0.5, None)
    """
    if not isinstance(argument, tuple):
        return argument
    end = len(argument)
    empty = (BLANK,) * len(argument[0]) if argument else ()
    while end > 1 and argument[end - 1] == empty:
        end -= 1
    width = max((_width(row) for row in argument[:end]), default=0)
    return [list(row[: max(width, 1)]) for row in argument[:end]]


def _width(row: tuple[Any, ...]) -> int:
    width = len(row)
    while width and row[width - 1] == BLANK:
        width -= 1
    return width


def cells(result: Any) -> tuple[tuple[Any, ...], ...]:
    """A result as rows of cells: whole numbers, TRUE and FALSE as LibreOffice's numbers.

    It shows FALSE in a matrix as 1, but knows numbers alone in cells anyway.

    >>> cells([["A", 1], [True, ""]]), cells("#KFXL! x: wrong; mend it")
    ((('A', 1.0), (1.0, '')), (('#KFXL! x: wrong; mend it',),))
    """
    if not isinstance(result, list):
        return ((_cell(result),),)
    return tuple(tuple(map(_cell, row)) for row in result)


def _cell(cell: Any) -> Any:
    return float(cell) if isinstance(cell, int) else cell


def wrong(text: str) -> str:
    """What a cell or a message box says of something that went wrong.

    >>> wrong("Python: is not there; run: python3 install")
    '#KFXL! Python: is not there; run: python3 install'
    """
    return f"{MARK} {' '.join(text.split())}"
