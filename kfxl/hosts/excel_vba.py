"""The add-in's VBA: our modules from ``addin/``, and the functions generated from the catalogue.

The modules are kept as VBA that an editor can read. What is generated is one wrapper per
worksheet function and the texts of the function wizard, so that nothing has to be imported in
Excel and no trust setting is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files

from kfxl.errors import InputError
from kfxl.spreadsheet.catalogue import ArgumentEntry, FunctionEntry, catalogue

MODULES = ("KfxlServer", "KfxlHelp", "KfxlRibbon")
FUNCTIONS_MODULE = "KfxlFunctions"
WORKBOOK_MODULE = "ThisWorkbook"
# VBA reads no line beyond 1,023 characters, and no statement of more than 25 lines.
LINE, STATEMENT_LINES = 1023, 25
WIDTHS = (100, 1000)
LITERAL = 80
INDENT = "    "
CRLF = "\r\n"
HEADER = f"""\
Attribute VB_Name = "{FUNCTIONS_MODULE}"
' The worksheet functions, generated from kfxl's catalogue.
Option Explicit
"""


def modules() -> dict[str, str]:
    """Standard modules of the add-in by name, with their sources.

    >>> list(modules())
    ['KfxlServer', 'KfxlHelp', 'KfxlRibbon', 'KfxlFunctions']
    """
    sources = {name: stored(f"{name}.bas") for name in MODULES}
    sources[FUNCTIONS_MODULE] = functions_module(catalogue())
    return {name: crlf(checked(name, source)) for name, source in sources.items()}


def workbook_module() -> str:
    """What stands in the module of the add-in's workbook."""
    return crlf(checked(WORKBOOK_MODULE, stored(f"{WORKBOOK_MODULE}.cls")))


def stored(name: str) -> str:
    """A file of ``addin/``, with the version of the xlwings that is installed."""
    text = (files("kfxl.hosts") / "addin" / name).read_text(encoding="utf-8")
    return text.replace("@VERSION@", version("xlwings"))


def crlf(text: str) -> str:
    """The line ends that VBA wants, wherever the file was checked out."""
    return CRLF.join(text.splitlines()) + CRLF


def checked(name: str, source: str) -> str:
    """Refuse what the VBA editor could not read; a catalogue of long texts must not break Excel."""
    for number, line in enumerate(source.splitlines(), start=1):
        if len(line) > LINE or not line.isascii():
            problem = f"line {number} is longer than {LINE} characters or not ASCII"
            raise InputError(name, problem, "shorten or reword the help text it holds")
    return source


def functions_module(entries: Sequence[FunctionEntry]) -> str:
    """Wrappers of all functions, then the procedure that describes them to Excel."""
    parts = [HEADER, *(wrapper(entry) for entry in entries)]
    calls = "\n".join(f"{INDENT}Help_{entry.name}" for entry in entries)
    parts.append(f"Public Sub DescribeFunctions()\n{calls}\nEnd Sub\n")
    parts += [description(entry) for entry in entries]
    return "\n".join(parts)


def wrapper(entry: FunctionEntry) -> str:
    """The function that Excel sees: every argument goes on, missing ones too.

    >>> from kfxl.spreadsheet.catalogue import catalogue
    >>> lines = wrapper(next(e for e in catalogue() if e.name == "PRICES_TO_RETURNS")).splitlines()
    >>> lines[0]
    'Public Function PRICES_TO_RETURNS(prices As Variant, Optional log As Variant) As Variant'
    >>> lines[2].strip()
    'PRICES_TO_RETURNS = CallKfxl("PRICES_TO_RETURNS", Array(CellsOf(prices), CellsOf(log)))'
    """
    signature = wrapped(
        f"Public Function {entry.name}(",
        [declared(argument) for argument in entry.arguments],
        ") As Variant",
    )
    call = wrapped(
        f'{INDENT}{entry.name} = CallKfxl("{entry.name}", Array(',
        [f"CellsOf({argument.name})" for argument in entry.arguments],
        "))",
    )
    # Hidden in the editor; the function wizard shows it even where Excel takes no other texts.
    text = entry.summary.replace('"', '""')
    attribute = f'Attribute {entry.name}.VB_Description = "{text}"'
    return f"{signature}\n{attribute}\n{call}\nEnd Function\n"


def declared(argument: ArgumentEntry) -> str:
    """An argument as a VBA signature states it."""
    return f"{'Optional ' if argument.optional else ''}{argument.name} As Variant"


def wrapped(start: str, items: Sequence[str], end: str) -> str:
    """A statement with a list in it, on as many lines as it needs.

    >>> print(wrapped("f(", ["a" * 50, "b" * 50], ")"))
    f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, _
        bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)
    """
    if not items:
        return start + end
    texts = [f"{item}, " for item in items[:-1]] + [items[-1] + end]
    for width in WIDTHS:
        lines = [start + texts[0]]
        for text in texts[1:]:
            if len(lines[-1]) + len(text) > width:
                lines[-1] += "_"
                lines.append(INDENT)
            lines[-1] += text
        if len(lines) <= STATEMENT_LINES:
            return "\n".join(lines)
    remedy = "give the function fewer arguments, or shorter names"
    raise InputError(start.strip(), f"needs {len(lines)} lines of VBA", remedy)


def description(entry: FunctionEntry) -> str:
    """The procedure that gives the texts of one function to the function wizard."""
    lines = [f"Private Sub Help_{entry.name}()"]
    if entry.arguments:
        lines.append(f"{INDENT}Dim Texts(1 To {len(entry.arguments)}) As String")
        for position, argument in enumerate(entry.arguments, start=1):
            lines += assigned(f"Texts({position})", argument.description)
    lines.append(f"{INDENT}Dim Summary As String")
    lines += assigned("Summary", entry.summary)
    texts = "Texts" if entry.arguments else "Empty"
    lines.append(f'{INDENT}Describe "{entry.name}", Summary, {texts}')
    return "\n".join([*lines, "End Sub", ""])


def assigned(variable: str, text: str) -> Iterator[str]:
    """Lines that put a text into a variable.

    >>> list(assigned("Text", 'TRUE or "auto".'))
    ['    Text = "TRUE or ""auto""."']
    """
    pieces = [text[start : start + LITERAL] for start in range(0, len(text), LITERAL)] or [""]
    literals = ['"{}"'.format(piece.replace('"', '""')) for piece in pieces]
    yield f"{INDENT}{variable} = " + f" & _\n{INDENT}{INDENT}".join(literals)
