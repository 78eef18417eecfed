"""What LibreOffice tells its users and its files of the worksheet functions."""

from __future__ import annotations

from typing import Any

import pytest

from kfxl.hosts.calc_interface import SERVICE, camel
from kfxl.spreadsheet.catalogue import catalogue
from tests.hosts.calc.office import Office

pytestmark = pytest.mark.host
ADD_IN = 11  # com.sun.star.sheet.FunctionCategory.ADDIN
RANGE, ANYTHING = "[][]any", "any"
DOCUMENT = "com.sun.star.beans.XPropertySet"
INTERFACE = "org.kfxl.addin.XKfxl"


def test_the_function_wizard_shows_the_catalogue(office: Office) -> None:
    entries = catalogue()
    shown = office.facts("functions", names=[entry.name for entry in entries])
    expected: dict[str, Any] = {
        entry.name: {
            "category": ADD_IN,
            "description": entry.summary,
            "arguments": [[a.name, a.description, a.optional] for a in entry.arguments],
        }
        for entry in entries
    }
    assert shown == expected


def test_functions_have_their_plain_names_in_cells_and_in_files(office: Office) -> None:
    configured = office.facts("configured", service=SERVICE)
    assert configured == {
        camel(entry.name): {
            "DisplayName": entry.name,
            "CompatibilityName": entry.name,
            "Description": entry.summary,
            "Category": "Add-In",
        }
        for entry in catalogue()
    }


def test_the_type_library_has_the_arguments_of_the_catalogue(office: Office) -> None:
    assert office.facts("interface", name=INTERFACE) == {
        camel(entry.name): [
            RANGE,
            [
                ["document", DOCUMENT],  # LibreOffice fills it in; users do not see it
                *([camel(a.name), ANYTHING if a.optional else RANGE] for a in entry.arguments),
            ],
        ]
        for entry in catalogue()
    }
