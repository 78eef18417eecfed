"""What LibreOffice has to be told about the worksheet functions, made from the catalogue.

LibreOffice wants three descriptions of an add-in: the type of its methods (UNOIDL, from which
its tool ``unoidl-write`` makes the binary type library that is shipped), the names and the help
that users see (configuration ``CalcAddIns``), and the code, which takes its methods from
:func:`methods`.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from kfxl.spreadsheet.catalogue import ArgumentEntry, FunctionEntry, catalogue

IDENTIFIER = "org.kfxl.addin"
INTERFACE = "XKfxl"
SERVICE = f"{IDENTIFIER}.Kfxl"
CATEGORY = "Add-In"  # the one of LibreOffice's own categories that is meant for add-ins
LANGUAGE = "en-US"

CELLS = "sequence< sequence< any > >"
OPTIONAL = "any"  # the only type that LibreOffice lets users leave out
# LibreOffice fills an argument of this type with the document; users neither see nor count it.
DOCUMENT = "[in] com::sun::star::beans::XPropertySet document"


def camel(name: str) -> str:
    """A name as UNOIDL wants it, which takes underscores for a mistake.

    >>> camel("KF_EXPECTED_RETURNS"), camel("process_variance")
    ('kfExpectedReturns', 'processVariance')
    """
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def methods() -> dict[str, str]:
    """The worksheet function by the name of the method that stands for it.

    >>> methods()["kfExpectedReturns"]
    'KF_EXPECTED_RETURNS'
    """
    return {camel(entry.name): entry.name for entry in catalogue()}


def idl() -> str:
    """The type of the add-in in UNOIDL."""
    modules = IDENTIFIER.split(".")
    opening = " ".join(f"module {name} {{" for name in modules)
    lines = [
        "// Made from the catalogue of worksheet functions; kfxl.rdb is made from this file with",
        "//   unoidl-write LIBREOFFICE/program/types.rdb LIBREOFFICE/program/types/offapi.rdb \\",
        f"//       {INTERFACE}.idl kfxl.rdb",
        opening,
        f"interface {INTERFACE} {{",
        *(_method(entry) for entry in catalogue()),
        "};",
        "}; " * len(modules),
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _method(entry: FunctionEntry) -> str:
    seen = (
        f"[in] {OPTIONAL if argument.optional else CELLS} {camel(argument.name)}"
        for argument in entry.arguments
    )
    arguments = ", ".join((DOCUMENT, *seen))
    return f"    {CELLS} {camel(entry.name)}( {arguments} );"


def configuration() -> str:
    """The names and the help of all functions, as LibreOffice's configuration."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<oor:component-data xmlns:oor="http://openoffice.org/2001/registry"',
        '    xmlns:xs="http://www.w3.org/2001/XMLSchema"',
        '    oor:name="CalcAddIns" oor:package="org.openoffice.Office">',
        '<node oor:name="AddInInfo">',
        f'<node oor:name="{SERVICE}" oor:op="replace">',
        '<node oor:name="AddInFunctions">',
        *(line for entry in catalogue() for line in _function(entry)),
        "</node></node></node>",
        "</oor:component-data>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _function(entry: FunctionEntry) -> list[str]:
    lines = [
        f'<node oor:name="{camel(entry.name)}" oor:op="replace">',
        _said("DisplayName", entry.name),
        _said("Description", entry.summary),
        f'<prop oor:name="Category"><value>{CATEGORY}</value></prop>',
        # In files of Excel's kind the function has this name, in every language.
        _said("CompatibilityName", entry.name),
        '<node oor:name="Parameters">',
    ]
    for argument in entry.arguments:
        lines += _parameter(argument)
    return [*lines, "</node></node>"]


def _parameter(argument: ArgumentEntry) -> list[str]:
    # LibreOffice finds the text by the name that the method's type gives to the argument.
    return [
        f'<node oor:name="{camel(argument.name)}" oor:op="replace">',
        _said("DisplayName", argument.name),
        _said("Description", argument.description),
        "</node>",
    ]


def _said(name: str, text: str) -> str:
    return f'<prop oor:name="{name}"><value xml:lang="{LANGUAGE}">{escape(text)}</value></prop>'
