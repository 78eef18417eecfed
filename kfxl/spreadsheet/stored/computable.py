"""Refuses formulas that cannot be computed here, before anything is computed.

An unknown function yields ``#NAME?``, which IFERROR or an IF may hide: the formula is read instead.
"""

from collections.abc import Callable, Sequence

from kfxl.errors import InputError
from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.engine import known_functions
from kfxl.spreadsheet.stored.formulas import Token, calls, closing, plain_name
from kfxl.spreadsheet.stored.inlining import bound_names

_LITERALS = {"TRUE", "FALSE"}


def check_computable(
    book: StoredWorkbook, cell: FormulaCell, is_own: Callable[[str], bool]
) -> None:
    """Look at every function, name and reference of a formula.

    Raises
    ------
    InputError
        If one of them is unknown here or lies outside the workbook; the cell is named.
    """
    tokens = cell.expanded
    bound = bound_names(tokens)
    for _, name in calls(tokens):
        known = name in known_functions() or is_own(name) or name in bound
        if not known and book.definition(name, cell.sheet) is None:
            raise InputError(
                cell.address,
                f"the function {name} is not known here",
                "correct its name, or put a value in its place",
            )
    for token in tokens:
        _check_operand(book, cell, token, bound)
    _check_lambdas(cell, tokens, is_own)


def _check_operand(book: StoredWorkbook, cell: FormulaCell, token: Token, bound: set[str]) -> None:
    text = token.text
    if token.kind in {"reference", "name"} and "[" in text.rpartition("!")[0]:
        raise InputError(
            cell.address,
            f"{text} lies in another workbook",
            "copy the values into this one",
        )
    if token.kind == "structured":  # one that is known has been written out
        known = False
    elif token.kind == "name":
        known = (
            plain_name(text) in bound | _LITERALS or book.definition(text, cell.sheet) is not None
        )
    else:
        return
    if not known:
        raise InputError(
            cell.address, f"the name {text} is not defined", "define it or correct the formula"
        )


def _check_lambdas(
    cell: FormulaCell, tokens: Sequence[Token], is_own: Callable[[str], bool]
) -> None:
    """A LAMBDA's parameters have no values that could be handed to one of our functions."""
    for at, name in calls(tokens):
        inner = tokens[at : closing(tokens, at)]
        if name == "LAMBDA" and any(is_own(other) for _, other in calls(inner)):
            raise InputError(
                cell.address,
                "it calls a kfxl function inside LAMBDA",
                "give that function a cell of its own",
            )
