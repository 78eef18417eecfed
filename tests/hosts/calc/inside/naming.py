"""What a user does with documents whose functions' names the extension sees to."""

from __future__ import annotations

from typing import Any

from starting import properties

FILTER = "Calc MS Excel 2007 XML"


def protect(context: Any, document: Any, sheet: str, password: str) -> None:
    """Protect a sheet; an empty password is none."""
    document.Sheets.getByName(sheet).protect(password)


def is_protected(context: Any, document: Any, sheet: str) -> bool:
    """Whether a sheet is protected."""
    return bool(document.Sheets.getByName(sheet).isProtected())


def name_in_sheet(context: Any, document: Any, sheet: str, name: str, content: str) -> None:
    """Give a formula a name that one sheet alone knows."""
    import uno

    place = uno.createUnoStruct("com.sun.star.table.CellAddress")
    document.Sheets.getByName(sheet).NamedRanges.addNewByName(name, content, place, 0)


def save_with(context: Any, document: Any, url: str, filter_name: str) -> None:
    """Save as the user does who picks a format."""
    document.storeAsURL(url, properties(FilterName=filter_name))


def encrypt(context: Any, document: Any, url: str, password: str) -> None:
    """Save with a password for opening."""
    import uno

    given = []
    for name, value in (("OOXPassword", password), ("CryptoType", "Standard")):
        item = uno.createUnoStruct("com.sun.star.beans.NamedValue")
        item.Name, item.Value = name, value
        given.append(item)
    key = uno.Any("[]com.sun.star.beans.NamedValue", tuple(given))
    document.storeAsURL(url, properties(FilterName=FILTER, EncryptionData=key))


def load(context: Any, document: Any, url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Open a file in some way, recalculate it, and close it; what its first sheet's A1 shows."""
    desktop = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.frame.Desktop", context
    )
    opened = desktop.loadComponentFromURL(url, "_blank", 0, properties(**options))
    try:
        modified = opened.isModified()
        opened.calculateAll()
        cell = opened.Sheets.getByIndex(0).getCellRangeByName("A1")
        return {"shown": cell.String, "modified": modified}
    finally:
        opened.close(True)
