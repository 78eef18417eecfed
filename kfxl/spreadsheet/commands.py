"""What the commands of a host's menu or ribbon do and say, apart from the host itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfxl.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kfxl.spreadsheet.reporting.model import Report

NO_KFXL_BOOK = "this workbook is not a kfxl workbook"
SELECT = "select the returns with their names and dates, then press Run backtest"
FEWEST_ROWS, FEWEST_COLUMNS = 3, 2
MOST_NAMES = 12
REMEDIES = {
    "make a workbook with: kfxl template": "press New workbook",
    "run kfxl fit first": "press Fit workbook to data",
}


def in_words_of_the_menu(error: InputError) -> InputError:
    """The same error, with a command of the menu for its remedy where there is one.

    >>> error = InputError("Settings", "asset A has no budget and bounds", "run kfxl fit first")
    >>> in_words_of_the_menu(error).remedy
    'press Fit workbook to data'
    """
    if error.remedy not in REMEDIES:
        return error
    return InputError(error.argument, error.problem, REMEDIES[error.remedy])


@dataclass(frozen=True)
class Selection:
    """Cells that the user has selected: where they are and what they hold."""

    address: str
    cells: Sequence[Sequence[object]]

    def returns(self) -> pd.DataFrame:
        """The cells as a table of returns, read as a worksheet function reads a range.

        Raises
        ------
        InputError
            A cell that cannot be a return; names row and column.
        """
        from kfxl.spreadsheet.blocks import read_block
        from kfxl.spreadsheet.cells import tidy

        return read_block(tidy(self.cells, "selection"), "selection").frame()


def check_one_block(blocks: int) -> None:
    """Refuse a selection that is not one block of cells."""
    if blocks != 1:
        what = "no cells are selected" if not blocks else "there are several blocks"
        raise InputError("selection", what, SELECT)


def check_size(height: int, width: int) -> None:
    """Refuse a selection too small for returns with names or dates."""
    if height < FEWEST_ROWS or width < FEWEST_COLUMNS:
        raise InputError("selection", f"has {height} x {width} cells with content", SELECT)


def offer(selection_of: Callable[[], Selection]) -> str:
    """The question whether the selected cells are to be the returns.

    Raises
    ------
    InputError
        They cannot be; says why.
    """
    try:
        selection = selection_of()
        periods, assets = selection.returns().shape
    except InputError as error:
        problem = f"{NO_KFXL_BOOK}, and the selection cannot be returns: {error.problem}"
        remedy = f"press New workbook, or {error.remedy}"
        raise InputError("Run backtest", problem, remedy) from None
    return (
        f"?This workbook is not a kfxl workbook. Run a backtest with the selection "
        f"{selection.address} as returns ({periods} periods of {assets} assets), "
        "with default settings?"
    )


def backtest_report(
    returns: pd.DataFrame,
    factors: pd.DataFrame | None,
    settings: dict[str, Any],
    progress: Callable[[int, int], None],
    say: Callable[[str], object],
) -> Report:
    """The report of the backtest of these returns by these settings."""
    from kfxl.evaluation.backtest import backtest
    from kfxl.spreadsheet.report import build_report

    result = backtest(returns, factors=factors, progress=progress, **settings)
    say("kfxl report: tables and charts")
    return build_report(result, returns, factors)


def percents(say: Callable[[str], object]) -> Callable[[int, int], None]:
    """A function that tells how far a backtest is, each whole per cent once.

    >>> tell = percents(print)
    >>> tell(1, 200), tell(2, 200), tell(3, 200)
    kfxl backtest: 0 %
    kfxl backtest: 1 %
    (None, None, None)
    """
    last = -1

    def tell(done: int, total: int) -> None:
        nonlocal last
        percent = 100 * done // max(total, 1)
        if percent != last:
            last = percent
            say(f"kfxl backtest: {percent} %")

    return tell


def where_to_look(title: str, sheets: Sequence[str]) -> str:
    """What is said when a report is written."""
    return f"{title}: see the sheets {listed(sheets)}."


def what_was_fitted(name: str, source: str, own: Sequence[str]) -> str:
    """What is said when a workbook has been fitted; ``own`` are the sheets that stay behind."""
    text = f"{name} is fitted to the data of {source}, which is unchanged; save it."
    return f"{text}\nNot carried over: {listed(own)}." if own else text


def listed(names: Sequence[str]) -> str:
    """Names for a message box, which has little room.

    >>> listed([str(number) for number in range(14)])
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more'
    """
    shown, rest = names[:MOST_NAMES], len(names) - MOST_NAMES
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def function_report() -> Report:
    """The worksheet functions as a report of one sheet."""
    from kfxl.spreadsheet.catalogue import catalogue
    from kfxl.spreadsheet.reporting.model import Block, Report, ReportSheet

    entries = catalogue()
    # The last column of each table is the long one: it may run over the empty cells beside it.
    tables = {
        "Functions": (
            ("Function", "Group", "What it gives"),
            tuple((entry.name, entry.group, entry.summary) for entry in entries),
        ),
        "Arguments": (
            ("Function", "Argument", "Needed", "Meaning"),
            tuple(
                (entry.name, item.name, "optional" if item.optional else "yes", item.description)
                for entry in entries
                for item in entry.arguments
            ),
        ),
        "Examples": (
            ("Function", "Formula"),
            tuple((entry.name, entry.example) for entry in entries),
        ),
    }
    blocks, top = [], 4
    for title, (header, rows) in tables.items():
        blocks.append(Block(title, (top, 0), header, rows, ("General",) * len(header)))
        top += len(rows) + 3
    note = "Settings that are left out, blank or auto have their default."
    sheet = ReportSheet("kfxl functions", "Worksheet functions", note, tuple(blocks))
    return Report("Worksheet functions", (sheet,))


def own_sheet_names(sheets: Sequence[str], made: Sequence[str]) -> list[str]:
    """Sheets that are neither the template's nor among those ``made`` by kfxl."""
    from kfxl.spreadsheet.template.frame import SHEETS

    return [name for name in sheets if name not in SHEETS and name not in made]
