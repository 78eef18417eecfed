"""A LibreOffice that does as it is told: one request in JSON a line, one answer a line.

Runs in a Python that has ``uno``; reads requests from standard input until it ends. A request is
``{"do": NAME, ...}``, the answer ``{"answer": ...}`` or ``{"error": text}``. See `office.Office`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

# An isolated Python does not look for modules beside the script.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import cells
import extensions
import facts
from starting import LibreOffice, properties

FILTERS = {
    ".xlsx": "Calc MS Excel 2007 XML",
    ".xlsm": "Calc MS Excel 2007 VBA XML",
    ".ods": "calc8",
    ".pdf": "calc_pdf_Export",
}


class Bridge:
    """What can be asked: every method without an underscore.

    Documents are known by a number; sheets by their names; areas are written as ``A1:C9``.
    """

    def __init__(self, folder: Path, program: str) -> None:
        self._office = LibreOffice(folder, program)
        self._documents: dict[int, Any] = {}
        self._opened = 0

    def start(self) -> int:
        """Start LibreOffice; the answer is the process to end with everything below it."""
        self._office.start()
        return int(self._office.process.pid)

    def end(self) -> None:
        """End LibreOffice; the profile stays."""
        self._documents.clear()
        self._office.end()

    def install(self, path: str) -> str:
        """Install an extension for the user; it works from the next start on."""
        return extensions.install(self._office.context, path)

    def remove(self, identifier: str) -> None:
        """Remove an extension."""
        extensions.remove(self._office.context, identifier)

    def extensions(self) -> list[list[str]]:
        """Identifier, version and place of every extension of the user."""
        return extensions.installed(self._office.context)

    def open(self, path: str | None) -> int:
        """Open a file, or an empty spreadsheet."""
        url = Path(path).as_uri() if path else "private:factory/scalc"
        hidden = ()
        document = self._office.desktop.loadComponentFromURL(url, "_blank", 0, hidden)
        if document is None:
            raise ValueError(f"{path} was not opened")
        return self._known(document)

    def adopt(self) -> list[int]:
        """Numbers of documents that are open and were not opened from here."""
        known = [*self._documents.values()]
        found = []
        components = self._office.desktop.Components.createEnumeration()
        while components.hasMoreElements():
            component = components.nextElement()
            if hasattr(component, "Sheets") and component not in known:
                found.append(self._known(component))
        return found

    def close(self, document: int) -> None:
        """Close a document, saved or not."""
        self._documents.pop(document).close(True)

    def save(self, document: int, path: str) -> None:
        """Write a copy, in the format that the name's end says; the document's place stays."""
        name = FILTERS[Path(path).suffix]
        self._at(document).storeToURL(Path(path).as_uri(), properties(FilterName=name))

    def save_as(self, document: int, path: str) -> None:
        """Save as the user does: the document is that file from now on."""
        name = FILTERS[Path(path).suffix]
        self._at(document).storeAsURL(Path(path).as_uri(), properties(FilterName=name))

    def recalculate(self, document: int) -> None:
        """Recompute every formula."""
        self._at(document).calculateAll()

    def automatic(self, document: int, on: bool) -> None:
        """Recompute what depends on an edit at once, or only when asked to."""
        self._at(document).enableAutomaticCalculation(on)

    def dispatch(self, document: int, command: str, arguments: dict[str, Any]) -> Any:
        """Give a command as the menu does; the answer is the command's result, if it has one."""
        frame = self._at(document).CurrentController.Frame
        helper = self._office.service("com.sun.star.frame.DispatchHelper")
        event = helper.executeDispatch(frame, command, "", 0, properties(**arguments))
        return getattr(event, "Result", None)

    def run(self, file: str, function: str, document: int | None, arguments: dict[str, Any]) -> Any:
        """Call ``function(context, document, **arguments)`` of a Python file, in here."""
        spec = importlib.util.spec_from_file_location(Path(file).stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        model = None if document is None else self._at(document)
        return getattr(module, function)(self._office.context, model, **arguments)

    def cells(self, document: int, work: str, arguments: dict[str, Any]) -> Any:
        """Call a function of `cells` on a document."""
        return getattr(cells, work)(self._office.context, self._at(document), **arguments)

    def facts(self, work: str, arguments: dict[str, Any]) -> Any:
        """Call a function of `facts`."""
        return getattr(facts, work)(self._office.context, **arguments)

    def _at(self, number: int) -> Any:
        return self._documents[number]

    def _known(self, document: Any) -> int:
        self._opened += 1
        self._documents[self._opened] = document
        return self._opened


def main() -> None:
    """Answer requests until there are no more, then end LibreOffice."""
    # Whatever prints by accident must not come between answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    bridge = Bridge(Path(sys.argv[1]), sys.argv[2])
    try:
        for line in sys.stdin:
            request = json.loads(line)
            try:
                done = {"answer": getattr(bridge, request.pop("do"))(**request)}
            except Exception:  # noqa: BLE001  (the one who asked must hear of it, whatever it is)
                done = {"error": traceback.format_exc()}
            answers.write(json.dumps(done) + "\n")
            answers.flush()
    finally:
        bridge.end()


if __name__ == "__main__":
    main()
