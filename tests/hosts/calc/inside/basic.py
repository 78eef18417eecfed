"""Imports a workbook's VBA into LibreOffice, compiles Basic and runs it; for a Python with ``uno``.

Reads JSON on standard input, ``{"book": path or null, "probes": [[source, expression], ...]}``, and
writes ``{"modules": {name: source}, "results": [text or null, ...]}``. Basic compiles a module as
a whole before it runs any part of it, and says nothing where it cannot: so each source gets one
more procedure, which writes the value of the expression to a file; no file means not compiled.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

# An isolated Python does not look for modules beside the script.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from starting import LibreOffice, properties

PROBE = """
Public Sub KfxlProbe()
    Open "{file}" For Output As #1
    Print #1, {expression}
    Close #1
End Sub
"""


def main() -> None:
    """Start LibreOffice, do the work, end it."""
    work = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        office = LibreOffice(Path(folder))
        try:
            office.start()
            modules = _modules(office.desktop, work["book"]) if work["book"] else {}
            results = _results(office.desktop, work["probes"], Path(folder, "answer"))
            json.dump({"modules": modules, "results": results}, sys.stdout)
        finally:
            office.end()


def _open(desktop: Any, url: str) -> Any:
    return desktop.loadComponentFromURL(url, "_blank", 0, properties(Hidden=True))


def _modules(desktop: Any, book: str) -> dict[str, str]:
    document = _open(desktop, Path(book).as_uri())
    libraries = document.BasicLibraries
    (own,) = (name for name in libraries.ElementNames if name != "Standard")
    library = libraries.getByName(own)
    found = {name: library.getByName(name) for name in library.ElementNames}
    document.close(True)
    return found


def _results(desktop: Any, probes: list[list[str]], answer: Path) -> list[str | None]:
    from com.sun.star.script.provider import ScriptFrameworkErrorException

    document = _open(desktop, "private:factory/scalc")
    provider, libraries = document.getScriptProvider(), document.BasicLibraries
    results: list[str | None] = []
    for number, (source, expression) in enumerate(probes):
        name = f"Library{number}"
        libraries.createLibrary(name)
        probe = PROBE.format(file=answer, expression=expression)
        libraries.getByName(name).insertByName("Module1", source + probe)
        url = f"vnd.sun.star.script:{name}.Module1.KfxlProbe?language=Basic&location=document"
        # Raised where it could not even find the procedure.
        with contextlib.suppress(ScriptFrameworkErrorException):
            provider.getScript(url).invoke((), (), ())
        results.append(answer.read_text().rstrip("\n") if answer.exists() else None)
        answer.unlink(missing_ok=True)
        libraries.removeLibrary(name)
    document.close(True)
    return results


if __name__ == "__main__":
    main()
