"""Formulas with names and tables written out as the cells that they stand for.

The engine takes a name for a value where a function asks for a place (ROW, OFFSET, AGGREGATE...),
and does not follow a table's cells when they change; plain references it treats well.
"""

from collections.abc import Sequence
from typing import NamedTuple

from kfxl.spreadsheet.stored.book import FormulaCell, StoredWorkbook
from kfxl.spreadsheet.stored.formulas import (
    Token,
    arguments,
    calls,
    closing,
    function_name,
    plain_name,
    trimmed,
    untokenize,
)
from kfxl.spreadsheet.stored.references import is_relative, quoted, rectangle, structured

_DEEPEST_NAME = 20
_GIVES_CELLS = {"INDEX", "OFFSET", "ANCHORARRAY"}
_ABOUT_FORMULAS = {"FORMULATEXT", "ISFORMULA"}
_OPEN, _CLOSE = Token("open", "("), Token("close", ")")


def expanded(book: StoredWorkbook, cell: FormulaCell, *, every: bool) -> list[Token]:
    """Give a formula with names and tables written out.

    Parameters
    ----------
    book : StoredWorkbook
        Knows the names and tables.
    cell : FormulaCell
        The formula and its place.
    every : bool
        Also names that compute something; else only those that stand for cells, because a name's
        definition is computed as an array, whatever the formula around it.
    """
    return _expanded(cell.tokens, _Place(book, cell, every), 0)


class _Place(NamedTuple):
    book: StoredWorkbook
    cell: FormulaCell
    every: bool


def _expanded(tokens: Sequence[Token], place: _Place, depth: int) -> list[Token]:
    bound = bound_names(tokens)
    result: list[Token] = []
    for token in tokens:
        free = token.kind == "structured" or (
            token.kind == "name" and plain_name(token.text) not in bound
        )
        result.extend(_meaning(token, place, depth) if free else [token])
    return result


def _meaning(token: Token, place: _Place, depth: int) -> list[Token]:
    book, cell, every = place
    definition = None
    if token.kind == "name":
        definition = book.definition(token.text, cell.sheet)
    if definition is None:
        return [_cells_of_table(token, book, cell) or token]
    if is_relative(definition) or depth > _DEEPEST_NAME:
        return [token]
    inner = _expanded(definition, place, depth + 1)
    if _is_range(inner):
        return inner
    return [_OPEN, *inner, _CLOSE] if every else [token]


def _cells_of_table(token: Token, book: StoredWorkbook, cell: FormulaCell) -> Token | None:
    text = token.text if token.kind == "structured" else f"{token.text}[]"
    if text.startswith("["):  # within the table: its own name may be left out
        text = f"{book.table_at(cell.sheet, cell.row, cell.column)}{text}"
    area = structured(text, book.tables, cell.row)
    return Token("reference", str(area)) if area is not None else None


def _is_range(tokens: Sequence[Token]) -> bool:
    """Tell whether a definition is cells: references and calls that give them, with colons."""
    at = 0
    while at < len(tokens):
        if tokens[at].kind == "call" and function_name(tokens[at]) in _GIVES_CELLS:
            at = closing(tokens, at)
        elif tokens[at].kind != "reference":
            return False
        at += 1
        if at < len(tokens) and tokens[at].text != ":":
            return False
        at += 1
    return bool(tokens)


def on_own_sheet(tokens: Sequence[Token], sheet: str) -> list[Token]:
    """Write the formula's own sheet before every reference that names none.

    Where the engine evaluates a formula that reads a cell of another sheet, it computes that
    cell's formula anew, and takes such references for cells of the sheet that asked.

    >>> from kfxl.spreadsheet.stored.formulas import tokenize
    >>> untokenize(on_own_sheet(tokenize("A1+Other!B2"), "S"))
    "'S'!A1+Other!B2"
    """
    return [
        Token("reference", f"{quoted(sheet)}!{token.text}")
        if token.kind == "reference" and "!" not in token.text
        else token
        for token in tokens
    ]


def bound_names(tokens: Sequence[Token]) -> set[str]:
    """Give the upper-case names that LET and LAMBDA bind within a formula."""
    bound: set[str] = set()
    for at, name in calls(tokens):
        if name in {"LET", "LAMBDA"}:
            parts = arguments(tokens, at, closing(tokens, at))
            chosen = parts[:-1:2] if name == "LET" else parts[:-1]
            bound |= {plain_name(untokenize(trimmed(part))) for part in chosen}
    return bound


def with_facts(
    tokens: Sequence[Token],
    sheet: str,
    formulas: dict[tuple[str, int, int], FormulaCell],
    sheets: int,
) -> list[Token]:
    """Answer what the engine would get wrong: FORMULATEXT and ISFORMULA of one cell, SHEETS.

    It is given other formulas than the book has, and two sheets more.

    Parameters
    ----------
    tokens : sequence of Token
        The formula.
    sheet : str
        Where the formula stands.
    formulas : dict of (sheet, row, column) to FormulaCell
        All formulas of the book.
    sheets : int
        How many sheets the book has.
    """
    result = list(tokens)
    for at, name in calls(tokens):
        end = closing(tokens, at)
        parts = arguments(tokens, at, end)
        filler = [Token("space", "")] * (end - at)
        if name == "SHEETS" and not parts:
            result[at : end + 1] = [Token("number", str(sheets)), *filler]
        if name not in _ABOUT_FORMULAS or len(parts) != 1 or len(parts[0]) != 1:
            continue
        area = rectangle(parts[0][0].text, sheet) if parts[0][0].kind == "reference" else None
        found = formulas.get((area.sheet, area.top, area.left)) if area else None
        answer = Token("name", "TRUE" if found else "FALSE")
        if name == "FORMULATEXT":
            answer = Token("text", _quoted(found)) if found else Token("error", "#N/A")
        result[at : end + 1] = [answer, *filler]
    return [token for token in result if token.text]


def _quoted(cell: FormulaCell) -> str:
    text = "=" + untokenize(cell.tokens)
    if cell.kind == "array":
        text = "{" + text + "}"
    return '"' + text.replace('"', '""') + '"'
