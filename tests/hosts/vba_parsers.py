"""Two independent readers of VBA from the package index; each sees what the other misses.

* antlr4_vba holds the grammar of Microsoft's language specification: every block is closed, every
  statement is one. It knows no names, no limits and no types, and skips conditional compilation.
* pyvbaanalysis knows what the compiler refuses beyond that: names that are not declared or are
  keywords, calls with too few arguments, Declare without PtrSafe, lines and statements that are
  too long; for each system that ``#If`` tells apart. It does not notice every unclosed block.

Neither knows whether Excel's object model has a member that is called late, nor what happens when
the code runs.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import antlr4
import pyvbaanalysis

# What the editor hides at the top of a document's module; the grammar knows them of classes only.
HIDDEN = re.compile(r"^Attribute VB_(?!Name\b)\w+ = .*\r?\n", re.MULTILINE)
EXCEL_64 = {"VBA7": 1, "VBA6": 1, "Win64": 1, "Win32": 1, "Win16": 0, "Mac": 0, "TWINBASIC": 0}
SYSTEMS = {
    "64-bit": EXCEL_64,
    "32-bit": {**EXCEL_64, "Win64": 0},
    "Mac": {**EXCEL_64, "Win64": 1, "Win32": 0, "Mac": 1},
}


def modules_in(addin: Path) -> dict[str, str]:
    """The sources in a workbook by module, as olevba finds them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # olevba uses deprecated names of pyparsing
        from oletools.olevba import VBA_Parser

        parser = VBA_Parser(str(addin))
        try:
            return {Path(name).stem: code for _, _, name, code in parser.extract_macros()}
        finally:
            parser.close()


def grammar_errors(source: str) -> list[str]:
    """Where a module leaves the grammar of the language specification."""
    from antlr4.error.ErrorListener import ErrorListener
    from antlr4_vba.vbaLexer import vbaLexer
    from antlr4_vba.vbaParser import vbaParser

    found: list[str] = []

    class Listener(ErrorListener):  # type: ignore[misc]
        def syntaxError(
            self, _reader: Any, _symbol: Any, line: int, column: int, problem: str, _error: Any
        ) -> None:
            found.append(f"line {line}, column {column}: {problem}")

    lexer = vbaLexer(antlr4.InputStream(HIDDEN.sub("", source)))
    parser = vbaParser(antlr4.CommonTokenStream(lexer))
    parser.buildParseTrees = False
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(Listener())
    parser.startRule()
    return found


def compiler_errors(
    sources: Mapping[str, str], system: str = "64-bit", only: str | None = None
) -> list[str]:
    """What the compiler of a system would refuse in a project or one module, or finds doubtful."""
    kinds = pyvbaanalysis.ModuleSymbolKind
    project = [
        pyvbaanalysis.ModuleInput(
            name, kinds.DOCUMENT if HIDDEN.search(source) else kinds.STANDARD, source
        )
        for name, source in sources.items()
    ]
    found = pyvbaanalysis.analyze_project(
        project,
        only=None if only is None else [only],
        conditional_compilation=pyvbaanalysis.ConditionalCompilationEnvironment(SYSTEMS[system]),
    )
    return [
        f"{name}: {problem.code}: {problem.message}"
        for name, problems in found.items()
        for problem in problems
        if problem.severity.value != "information"
    ]
