"""Reads a kfxl workbook back from a file: returns, factors, settings. Never writes one."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from kfxl.errors import InputError
from kfxl.spreadsheet.areas import Area
from kfxl.spreadsheet.book_inputs import (
    MAX_COLUMNS,
    MAX_ROWS,
    REMEDY,
    Book,
    Cells,
    Inputs,
    book_of,
    inputs_of,
)
from kfxl.spreadsheet.panels import read_returns_csv

__all__ = ["Book", "Inputs", "book_of", "open_book", "read_book", "read_inputs", "read_returns_csv"]


def read_book(source: str | Path | bytes) -> Book:
    """Read a kfxl workbook: its returns, factors and settings.

    Parameters
    ----------
    source : path or bytes
        The .xlsx file or its content; it is not changed.

    Returns
    -------
    Book
        Returns, factors and settings as keywords of :func:`kfxl.backtest`.

    Raises
    ------
    InputError
        No such file, not a kfxl workbook, or a cell that cannot be used; names sheet and cell.
    """
    return book_of(read_inputs(source))


def open_book(source: str | Path | bytes) -> Any:
    """The workbook as openpyxl reads it, values instead of formulas."""
    if isinstance(source, bytes):
        name, content = "book", source
    else:
        name = Path(source).name
        try:
            content = Path(source).read_bytes()
        except FileNotFoundError:
            raise InputError(
                str(source), "there is no such file", "check its name and folder"
            ) from None
        except OSError as error:
            raise InputError(str(source), str(error.strerror), "check the file") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parts that openpyxl would not write back
            return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError):
        raise InputError(name, "is not an Excel workbook (.xlsx)", REMEDY) from None


def read_inputs(source: str | Path | bytes) -> Inputs:
    """Everything a person has put in, checked cell by cell."""
    return inputs_of(FileCells(open_book(source)))


class FileCells:
    """The cells of a workbook that openpyxl has opened."""

    def __init__(self, book: Any) -> None:
        self._book = book

    def sheet_names(self) -> list[str]:
        """Names of the sheets."""
        return list(self._book.sheetnames)

    def rows(self, sheet: str) -> Cells:
        """Values of a sheet from A1 on."""
        page = self._book[sheet]
        # Programs that write files often state a sheet's size wrongly.
        page.reset_dimensions()
        rows = page.iter_rows(max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True)
        return [[_plain(cell) for cell in row] for row in rows]

    def named(self, name: str) -> Area | None:
        """The cells that a defined name stands for."""
        defined = self._book.defined_names.get(name)
        sheet, _, address = (defined.attr_text if defined else "").rpartition("!")
        try:
            left, top, right, bottom = range_boundaries(address)
        except ValueError:  # a formula, or what was there is gone
            return None
        if sheet == "#REF" or None in (left, top, right, bottom):  # whole columns have no rows
            return None
        name = sheet.strip("'").replace("''", "'")
        return Area(name, top - 1, left - 1, bottom - top + 1, right - left + 1)


def _plain(cell: object) -> object:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(cell)
    return cell
