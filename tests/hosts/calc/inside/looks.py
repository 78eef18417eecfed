"""How the cells of an area look, asked by Basic: a call per cell from outside is slow."""

from __future__ import annotations

from typing import Any

LIBRARY, MODULE = "Looks", "Module1"
SOURCE = """
Public Function Looks(area As Object) As Variant
    Dim place, rows As Long, columns As Long, i As Long, j As Long
    place = area.RangeAddress
    rows = place.EndRow - place.StartRow
    columns = place.EndColumn - place.StartColumn
    Dim texts(rows, columns) As String
    For i = 0 To rows
        For j = 0 To columns
            texts(i, j) = area.getCellByPosition(j, i).String
        Next
    Next
    Looks = texts
End Function
"""
URL = f"vnd.sun.star.script:{LIBRARY}.{MODULE}.Looks?language=Basic&location=application"


def of(context: Any, block: Any) -> list[list[str]]:
    """What each cell of an area shows."""
    texts, _, _ = _script(context).invoke((block,), (), ())
    return [list(row) for row in texts]


def _script(context: Any) -> Any:
    libraries = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.script.ApplicationScriptLibraryContainer", context
    )
    if not libraries.hasByName(LIBRARY):
        libraries.createLibrary(LIBRARY).insertByName(MODULE, SOURCE)
    factory = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.script.provider.MasterScriptProviderFactory", context
    )
    return factory.createScriptProvider("").getScript(URL)
