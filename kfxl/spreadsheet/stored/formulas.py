"""Formulas as they are stored in a workbook: split into tokens, and taken apart at calls.

The tokens of a formula joined again are the formula, character for character. A reference such as
``'My data'!$A$1:B9`` is one token; ``A1:INDEX(...)`` is a reference, an operator and a call.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

ERRORS = (
    "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!",
    "#FIELD!", "#BLOCKED!", "#CONNECT!", "#EXTERNAL!", "#BUSY!", "#PYTHON!", "#UNKNOWN!",
    "#GETTING_DATA",
)  # fmt: skip

_TEXT = r'"(?:[^"]|"")*"'
_SHEET = r"(?:'(?:[^']|'')*'|(?:\[\d+\])?[^\W\d][\w.]*(?::[^\W\d][\w.]*)?|\[\d+\])!"
_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}"
_WORD = r"[^\W\d][\w.\\?]*|\\[\w.\\?]*"
_BRACKETS = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]"
_PATTERN = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            ("text", _TEXT),
            ("array", r"\{(?:" + _TEXT + r"|[^\"}])*\}"),
            (
                "reference",
                rf"(?:{_SHEET})?(?:{_CELL}(?::(?:{_SHEET})?{_CELL})?"
                r"|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?[0-9]+:\$?[0-9]+)(?![\w.(\[\\?!])",
            ),
            ("error", "(?:" + _SHEET + ")?(?:" + "|".join(map(re.escape, ERRORS)) + ")"),
            ("call", rf"(?:{_SHEET})?(?:{_WORD})\("),
            ("structured", rf"(?:{_WORD})?{_BRACKETS}"),
            ("name", rf"(?:{_SHEET})?(?:{_WORD})"),
            ("number", r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
            ("operator", r"<=|>=|<>|[-+*/^&=<>%:@#]"),
            ("separator", r"[,;]"),
            ("open", r"\("),
            ("close", r"\)"),
            ("space", r"\s+"),
        )
    )
)
_LAST_COLUMN = 16384
_PREFIXES = re.compile(r"^(?:_xll\.|_xlfn\.|_xlws\.|_xlpm\.|_xludf\.)+", re.IGNORECASE)


class Token(NamedTuple):
    """One piece of a formula: what it is and its text."""

    kind: str
    text: str


class FormulaError(ValueError):
    """A formula that cannot be read; the text says where."""


def tokenize(formula: str) -> list[Token]:
    """Split a formula, without its leading ``=``, into tokens.

    Parameters
    ----------
    formula : str
        As stored in a workbook: English function names, commas between arguments.

    Returns
    -------
    list of Token
        Kinds: text, array, reference, error, call (with its parenthesis), structured, name,
        number, operator, separator, open, close, space.

    Raises
    ------
    FormulaError
        If some character belongs to no token or a parenthesis has no partner.

    Examples
    --------
    >>> [token.text for token in tokenize("SUM('A b'!A1:B2,2)")]
    ['SUM(', "'A b'!A1:B2", ',', '2', ')']
    """
    tokens = []
    at = depth = 0
    while at < len(formula):
        match = _PATTERN.match(formula, at)
        if match is None or match.lastgroup is None:
            raise FormulaError(f"cannot be read from {formula[at : at + 20]!r} on")
        kind = match.lastgroup
        if kind == "reference" and not _on_sheet(match.group()):
            kind = "name"
        tokens.append(Token(kind, match.group()))
        depth += (kind in {"call", "open"}) - (kind == "close")
        if depth < 0:
            raise FormulaError("has a closing parenthesis too many")
        at = match.end()
    if depth:
        raise FormulaError("has a parenthesis that is never closed")
    return tokens


def untokenize(tokens: Sequence[Token]) -> str:
    """Join tokens to a formula again.

    >>> untokenize(tokenize("-B3#*50%"))
    '-B3#*50%'
    """
    return "".join(token.text for token in tokens)


def function_name(call: Token) -> str:
    """Give the plain upper-case name of a call, without the prefixes that programs add.

    >>> function_name(Token("call", "_xlfn.stdev.s("))
    'STDEV.S'
    >>> function_name(Token("call", "[1]!RISK_PARITY_WEIGHTS("))
    'RISK_PARITY_WEIGHTS'
    """
    return plain_name(call.text.rstrip("(").rpartition("!")[2])


def plain_name(name: str) -> str:
    """Strip the prefixes that programs put before names in files, and raise the case."""
    return _PREFIXES.sub("", name).upper()


def closing(tokens: Sequence[Token], start: int) -> int:
    """Find the parenthesis that closes the one opened by ``tokens[start]``."""
    depth = 0
    for at in range(start, len(tokens)):
        kind = tokens[at].kind
        depth += (kind in {"call", "open"}) - (kind == "close")
        if depth == 0:
            return at
    raise FormulaError("has a parenthesis that is never closed")


def opening(tokens: Sequence[Token], end: int) -> int:
    """Find the token that opened the parenthesis closed by ``tokens[end]``."""
    depth = 0
    for at in range(end, -1, -1):
        kind = tokens[at].kind
        depth += (kind == "close") - (kind in {"call", "open"})
        if depth == 0:
            return at
    raise FormulaError("has a closing parenthesis too many")


def arguments(tokens: Sequence[Token], start: int, end: int) -> list[list[Token]]:
    """Split what stands between ``tokens[start]``, a call, and ``tokens[end]``, its close.

    >>> formula = tokenize("F(A1,,G(1,2))")
    >>> [untokenize(argument) for argument in arguments(formula, 0, len(formula) - 1)]
    ['A1', '', 'G(1,2)']
    """
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens[start + 1 : end]:
        if token.kind == "separator" and depth == 0:
            parts.append([])
            continue
        depth += (token.kind in {"call", "open"}) - (token.kind == "close")
        parts[-1].append(token)
    return [] if len(parts) == 1 and not trimmed(parts[0]) else parts


def trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Drop spaces at both ends, and parentheses around the whole.

    >>> untokenize(trimmed(tokenize(" ((A1)) ")))
    'A1'
    """
    first, last = 0, len(tokens)
    while first < last and tokens[first].kind == "space":
        first += 1
    while last > first and tokens[last - 1].kind == "space":
        last -= 1
    inner = list(tokens[first:last])
    if len(inner) > 1 and inner[0].kind == "open" and closing(inner, 0) == len(inner) - 1:
        return trimmed(inner[1:-1])
    return inner


def calls(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Go over the calls in a formula: where each one starts and its plain name.

    >>> list(calls(tokenize("1+SUM(A1)")))
    [(2, 'SUM')]
    """
    for at, token in enumerate(tokens):
        if token.kind == "call":
            yield at, function_name(token)


def expand_let(tokens: Sequence[Token]) -> list[Token]:
    """Write out every LET, so that each argument of a call stands on its own.

    >>> untokenize(expand_let(tokenize("LET(x,A1:B2,OURS(x)+1)")))
    '(OURS((A1:B2))+1)'
    """
    for at, name in calls(tokens):
        if name == "LET":
            end = closing(tokens, at)
            body = _let_body(arguments(tokens, at, end))
            return expand_let([*tokens[:at], *body, *tokens[end + 1 :]])
    return list(tokens)


def _let_body(parts: list[list[Token]]) -> list[Token]:
    if len(parts) % 2 == 0:
        raise FormulaError("has a LET without a result")
    bound: dict[str, list[Token]] = {}
    for name, value in zip(parts[:-1:2], parts[1::2], strict=True):
        bound[plain_name(untokenize(trimmed(name)))] = _bracketed(_substitute(value, bound))
    return _bracketed(_substitute(parts[-1], bound))


def _substitute(tokens: Sequence[Token], bound: dict[str, list[Token]]) -> list[Token]:
    result = []
    for token in tokens:
        known = token.kind in {"name", "reference"} and plain_name(token.text) in bound
        result.extend(bound[plain_name(token.text)] if known else [token])
    return result


def _bracketed(tokens: Sequence[Token]) -> list[Token]:
    return [Token("open", "("), *trimmed(tokens), Token("close", ")")]


def _on_sheet(reference: str) -> bool:
    """Tell a cell from a name that only looks like one: the last column is XFD."""
    bare = re.sub(_SHEET, "", reference)
    return all(column_number(letters) <= _LAST_COLUMN for letters in re.findall("[A-Za-z]+", bare))


def column_number(letters: str) -> int:
    """Give the number of a column from its letters, ``A`` being 1.

    >>> column_number("XFD")
    16384
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """Give the letters of a column from its number.

    >>> column_letters(28)
    'AB'
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
