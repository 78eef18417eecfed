"""Rectangles of a worksheet and how formulas write them."""

from __future__ import annotations

from dataclasses import dataclass


def column_letters(column: int) -> str:
    """Letters of a column counted from 0.

    >>> [column_letters(i) for i in (0, 25, 26, 701, 702)]
    ['A', 'Z', 'AA', 'ZZ', 'AAA']
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True)
class Area:
    """``height`` x ``width`` cells of ``sheet``; ``row`` and ``column`` count from 0.

    >>> area = Area("Expected returns", 5, 1, 12, 3)
    >>> area.local, area.ref
    ('$B$6:$D$17', "'Expected returns'!$B$6:$D$17")
    >>> area.part(0, 2, width=1).local
    '$D$6:$D$17'
    """

    sheet: str
    row: int
    column: int
    height: int = 1
    width: int = 1

    @property
    def local(self) -> str:
        """Absolute address without the sheet."""
        first = f"${column_letters(self.column)}${self.row + 1}"
        if self.height == self.width == 1:
            return first
        return f"{first}:${column_letters(self.right)}${self.bottom + 1}"

    @property
    def ref(self) -> str:
        """Absolute address with the sheet, quoted where its name has a blank."""
        name = f"'{self.sheet}'" if " " in self.sheet else self.sheet
        return f"{name}!{self.local}"

    @property
    def bottom(self) -> int:
        """Last row."""
        return self.row + self.height - 1

    @property
    def right(self) -> int:
        """Last column."""
        return self.column + self.width - 1

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """First row, first column, last row, last column."""
        return self.row, self.column, self.bottom, self.right

    def part(
        self, row: int, column: int, height: int | None = None, width: int | None = None
    ) -> Area:
        """The area that begins ``row``, ``column`` further; to the end unless sized."""
        return Area(
            self.sheet,
            self.row + row,
            self.column + column,
            self.height - row if height is None else height,
            self.width - column if width is None else width,
        )

    def cell(self, row: int, column: int = 0) -> Area:
        """One cell."""
        return self.part(row, column, 1, 1)
