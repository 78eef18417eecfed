"""The extension as a package: reproducible, complete, and in step with the catalogue."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kfxl import __version__
from kfxl.errors import InputError
from kfxl.hosts.calc_addin import IDENTIFIER, SOURCES, build_addin
from kfxl.hosts.calc_interface import SERVICE, camel, idl, methods
from kfxl.spreadsheet.catalogue import catalogue

OOR = "{http://openoffice.org/2001/registry}"
MANIFEST = "{http://openoffice.org/2001/manifest}"
# Words that UNOIDL keeps for itself, of those that could be a method's or an argument's name.
RESERVED = {
    *("any", "attribute", "boolean", "bound", "byte", "char", "const", "constants", "context"),
    *("default", "double", "enum", "exception", "fixed", "float", "get", "hyper", "in", "inout"),
    *("interface", "long", "methods", "module", "native", "object", "optional", "out", "property"),
    *("published", "raises", "readonly", "sequence", "service", "set", "short", "string"),
    *("struct", "switch", "type", "typedef", "union", "unsigned", "void"),
}
NO_PATH = r"(?i)/(?:home|root|usr|work|tmp)/|[a-z]:\\"
INTERPRETER = "/opt/a place/kfxl/bin/python"


def parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def package() -> dict[str, bytes]:
    return parts(build_addin())


def test_the_same_input_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib; from kfxl.hosts.calc_addin import build_addin;"
        "print(hashlib.sha256(build_addin()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1


def test_every_registered_part_is_there_and_types_come_before_code(
    package: dict[str, bytes],
) -> None:
    entries = ElementTree.fromstring(package["META-INF/manifest.xml"])
    names = [entry.attrib[f"{MANIFEST}full-path"] for entry in entries]
    assert set(names) <= set(package)
    assert names.index("kfxl.rdb") < names.index("kfxl.components")
    assert "kfxl_component.py" in package
    assert {name for name in package if name.endswith(".xcu")} <= set(names)


def test_every_xml_part_is_well_formed(package: dict[str, bytes]) -> None:
    for name, content in package.items():
        if name.endswith((".xml", ".xcu")):
            ElementTree.fromstring(content)


def test_identifier_and_version(package: dict[str, bytes]) -> None:
    about = package["description.xml"].decode()
    assert f'<identifier value="{IDENTIFIER}"/>' in about
    assert f'<version value="{__version__}"/>' in about


def test_no_part_names_a_place_of_the_machine_that_built_it(package: dict[str, bytes]) -> None:
    for name, content in package.items():
        assert not re.search(NO_PATH, content.decode("utf-8", "replace")), name


def test_the_type_in_the_repository_is_that_of_the_catalogue() -> None:
    assert (SOURCES / "XKfxl.idl").read_text(encoding="utf-8") == idl()


def test_the_type_library_holds_the_names_of_the_type() -> None:
    # What LibreOffice makes of it is tested in LibreOffice; this tells when it is out of date.
    library = (SOURCES / "kfxl.rdb").read_bytes()
    words = set(re.findall(rb"[A-Za-z][A-Za-z0-9]+", library))
    for entry in catalogue():
        assert camel(entry.name).encode() in words
        assert {camel(argument.name).encode() for argument in entry.arguments} <= words


def test_names_are_ones_that_unoidl_takes() -> None:
    names = {camel(each.name) for entry in catalogue() for each in (entry, *entry.arguments)}
    assert not names & RESERVED
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", name) for name in names)
    assert len(methods()) == len(catalogue())


def test_the_configuration_tells_what_the_catalogue_tells(package: dict[str, bytes]) -> None:
    root = ElementTree.fromstring(package["CalcAddIns.xcu"])
    (service,) = root.findall("node/node")
    assert service.attrib[f"{OOR}name"] == SERVICE
    functions = service.findall("node/node")
    assert [node.attrib[f"{OOR}name"] for node in functions] == list(methods())
    for node, entry in zip(functions, catalogue(), strict=True):
        told = {prop.attrib[f"{OOR}name"]: prop.findtext("value") for prop in node.findall("prop")}
        assert told == {
            "DisplayName": entry.name,
            "Description": entry.summary,
            "Category": "Add-In",
            "CompatibilityName": entry.name,
        }
        arguments = node.findall("node/node")
        keys = [argument.attrib[f"{OOR}name"] for argument in arguments]
        # LibreOffice finds them by the names of the method's arguments.
        assert keys == [camel(argument.name) for argument in entry.arguments]
        help_texts = [[prop.findtext("value") for prop in each] for each in arguments]
        assert help_texts == [[a.name, a.description] for a in entry.arguments]


def test_menu_entries_are_commands_of_our_protocol(package: dict[str, bytes]) -> None:
    menu = ElementTree.fromstring(package["Addons.xcu"])
    values = [value.text or "" for value in menu.iter("value")]
    commands = [value for value in values if value.startswith("kfxl:")]
    names = [command.removeprefix("kfxl:") for command in commands]
    assert names == ["run_backtest", "new_workbook", "fit_workbook", "function_list", "check"]
    source = package["pythonpath/kfxl_calc/menu.py"].decode()
    assert all(re.search(rf"\b{name}\b", source) for name in names)
    handler = ElementTree.fromstring(package["ProtocolHandler.xcu"])
    (node,) = handler.findall("node/node")
    assert node.attrib[f"{OOR}name"] == f"{SERVICE}Menu"
    assert node.findtext("prop/value") == "kfxl:*"


def test_the_code_runs_on_the_python_of_libreoffice_7_4(package: dict[str, bytes]) -> None:
    names = [name for name in package if name.endswith(".py")]
    assert "kfxl_component.py" in names
    for name in names:
        tree = ast.parse(package[name], name, feature_version=(3, 8))
        assert "annotations" in {
            alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for alias in node.names
        } or not any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree)), name


def test_it_needs_nothing_but_the_standard_library_and_uno(package: dict[str, bytes]) -> None:
    known = set(sys.stdlib_module_names) | {"uno", "unohelper", "com", "org", "kfxl_calc"}
    for name, content in package.items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= known, name
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in known, name


def test_the_interpreter_is_the_usual_one_of_each_user_or_the_one_given() -> None:
    def interpreters(package: bytes) -> list[str]:
        settings = json.loads(parts(package)["pythonpath/kfxl_calc/settings.json"])
        found = settings["interpreters"]
        assert isinstance(found, list)
        return found

    usual = interpreters(build_addin())
    assert "~/.local/share/kfxl/bin/python" in usual
    assert not any(str(Path.home()) in place for place in usual)
    assert interpreters(build_addin(INTERPRETER)) == [INTERPRETER]


@pytest.mark.parametrize("wrong", ["python", "bin/python", "", "./python"])
def test_an_interpreter_that_is_no_full_path_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match=r"interpreter: .*give the whole path"):
        build_addin(wrong)
