"""Packages that an installation may lack, and what brings them back."""

from __future__ import annotations

FILES_EXTRA = frozenset(
    {"typer", "rich", "xlsxwriter", "openpyxl", "lxml", "formulon", "wasmtime", "click"}
)
EXCEL_EXTRA = frozenset({"xlwings", "pyopenvba", "packaging"})


def remedy(extra: str) -> str:
    """What brings the packages of one of kfxl's extras back, in words for every system.

    The name ``py install`` belongs to Python's own install manager on Windows, and its terminal
    knows no single quotes.

    >>> remedy("files").rpartition(": ")[2]
    'pip install "kfxl[files]"'
    """
    return (
        "run the installer of kfxl again (python3 install, on Windows py -m install), "
        f'or: pip install "kfxl[{extra}]"'
    )
