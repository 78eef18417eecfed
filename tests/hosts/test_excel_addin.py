"""The add-in file: reproducible, complete, and ours; read by tools that did not write it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest

from kfxl.errors import InputError
from kfxl.hosts import excel_addin, excel_vba
from kfxl.hosts.excel_addin import DEFAULT_INTERPRETER, build_addin, dll_name, notices
from kfxl.spreadsheet.catalogue import ArgumentEntry, FunctionEntry, catalogue

RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
RIBBON = "{http://schemas.microsoft.com/office/2009/07/customui}"
BUTTONS = {
    "Run backtest": "RunBacktest",
    "New workbook": "NewWorkbook",
    "Fit workbook to data": "FitWorkbook",
    "Recalculate": "RecalculateAll",
    "Function list": "FunctionList",
    "Check": "CheckKfxl",
}

# Reserved identifiers of [MS-VBAL] 3.3.5.2, which may not name an argument.
WORDS = """
    call case close const declare defbool defbyte defcur defdate defdbl defint deflng deflnglng
    deflngptr defobj defsng defstr defvar dim do else elseif end endif enum erase event exit
    for friend function get global gosub goto if implements input let lock loop lset next on
    open option print private public put raiseevent redim resume return rset seek select set
    static stop sub type unlock wend while with write rem any as byref byval each in new shared
    until withevents to optional paramarray preserve spc tab addressof and eqv imp is like mod
    not or typeof xor abs cbool cbyte ccur cdate cdbl cdec cint clng clnglng clngptr csng cstr
    cvar cverr date debug doevents fix int len lenb me pset scale sgn string array circle
    inputb lbound ubound boolean byte currency double integer long longlong longptr single
    variant true false nothing empty null attribute step name
"""
RESERVED = set(WORDS.split())


@pytest.fixture(scope="module")
def addin() -> bytes:
    return build_addin()


@pytest.fixture(scope="module")
def parts(addin: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(addin)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


@pytest.fixture(scope="module")
def sources(addin: bytes) -> dict[str, str]:
    """VBA sources by module, as olevba takes them out of the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # olevba uses deprecated names of pyparsing
        from oletools.olevba import VBA_Parser

        parser = VBA_Parser("kfxl.xlam", data=addin)
        found = {
            name.rpartition(".")[0]: code.replace("\r\n", "\n")
            for _, _, name, code in parser.extract_macros()
        }
        parser.close()
    return found


def test_built_twice_in_two_processes_it_is_the_same(addin: bytes, tmp_path: Path) -> None:
    code = "import sys; from kfxl.hosts.excel_addin import build_addin as b; "
    code += "open(sys.argv[1], 'wb').write(b())"
    for seed in ("1", "2"):
        target = tmp_path / seed
        variables = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"}
        subprocess.run([sys.executable, "-c", code, str(target)], check=True, env=variables)
        assert target.read_bytes() == addin


def test_modules(sources: dict[str, str]) -> None:
    ours = {"KfxlServer", "KfxlHelp", "KfxlRibbon", "KfxlFunctions", "ThisWorkbook"}
    assert set(sources) == {*ours, "Sheet2"}
    empty = [line for line in sources["Sheet2"].split("\n") if not line.startswith("Attribute")]
    assert not "".join(empty).strip()


def signatures(source: str) -> dict[str, list[tuple[str, bool]]]:
    """Names of the public functions, and of each argument with whether it may be left out."""
    joined = source.replace(" _\n", " ")
    found = {}
    for name, arguments in re.findall(r"^Public Function (\w+)\((.*)\) As Variant$", joined, re.M):
        words = [item.split() for item in arguments.split(",") if item.strip()]
        found[name] = [(item[-3], item[0] == "Optional") for item in words]
    return found


def test_a_wrapper_of_every_function(sources: dict[str, str]) -> None:
    expected = {
        entry.name: [(argument.name, argument.optional) for argument in entry.arguments]
        for entry in catalogue()
    }
    assert signatures(sources["KfxlFunctions"]) == expected


def test_every_wrapper_hands_its_arguments_on_in_order(sources: dict[str, str]) -> None:
    joined = re.sub(r" _\n\s*", " ", sources["KfxlFunctions"])
    for entry in catalogue():
        cells = ", ".join(f"CellsOf({argument.name})" for argument in entry.arguments)
        assert f'    {entry.name} = CallKfxl("{entry.name}", Array({cells}))\n' in joined


def test_every_wrapper_says_what_it_does(sources: dict[str, str]) -> None:
    for entry in catalogue():
        text = entry.summary.replace('"', '""')
        line = f'\nAttribute {entry.name}.VB_Description = "{text}"\n'
        assert sources["KfxlFunctions"].count(line) == 1


def test_the_texts_of_the_function_wizard(sources: dict[str, str]) -> None:
    code = re.sub(r'" & _\n\s*"', "", sources["KfxlFunctions"])
    for entry in catalogue():
        body = code.partition(f"Sub Help_{entry.name}()\n")[2].partition("End Sub")[0]
        texts = [item.replace('""', '"') for item in re.findall(r'= "((?:[^"]|"")*)"\n', body)]
        assert texts == [*(argument.description for argument in entry.arguments), entry.summary]
        assert f'Describe "{entry.name}", Summary, ' in body
        assert f"    Help_{entry.name}\n" in code


def test_no_name_is_a_word_of_vba(sources: dict[str, str]) -> None:
    for entry in catalogue():
        assert not {argument.name.lower() for argument in entry.arguments} & RESERVED


def test_lines_and_statements_stay_within_vbas_limits(sources: dict[str, str]) -> None:
    for name, code in sources.items():
        assert code.isascii(), name
        lines = code.split("\n")
        assert max(map(len, lines)) <= 1023
        assert " _\n" * 25 not in re.sub(r"[^\n]*( _)?\n", r"\1\n", code)


def test_long_argument_lists_survive() -> None:
    many = tuple(
        ArgumentEntry(f"a_rather_long_argument_{i:03}", "x" * 255, True) for i in range(60)
    )
    entry = FunctionEntry("WIDE", 'say "auto"', many, "", "", "")
    code = excel_vba.functions_module([entry])
    assert max(map(len, code.split("\n"))) <= 1023
    assert signatures(code)["WIDE"] == [(argument.name, True) for argument in many]
    too_many = tuple(ArgumentEntry(f"a{'b' * 250}{i:03}", "", True) for i in range(90))
    with pytest.raises(InputError, match="lines of VBA"):
        excel_vba.wrapper(FunctionEntry("WIDE", "", too_many, "", "", ""))


def test_a_text_that_vba_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match=r"KfxlFunctions: line 2 .* ASCII"):
        excel_vba.checked("KfxlFunctions", 'Option Explicit\nx = "naïve"')


def test_the_project_is_named_kfxl(parts: dict[str, bytes]) -> None:
    from pyopenvba.cfb import CFB
    from pyopenvba.vba import decompress, parse_vba_project

    container = CFB.from_bytes(parts["xl/vbaProject.bin"])
    project = parse_vba_project(container)
    assert project.name == "kfxl"
    assert project.validate(container) == []
    text = container.get_stream("PROJECT").decode("ascii")
    assert 'Name="kfxl"' in text
    assert "myaddin" not in text.lower()
    assert b"MyAddin" not in decompress(container.get_stream_in_storage("VBA", "dir"))


def test_the_config_names_the_interpreter(addin: bytes, parts: dict[str, bytes]) -> None:
    assert config(addin) == [("Interpreter_Win", DEFAULT_INTERPRETER)]
    other = "C:\\Users\\Zoë Łęcka & 株\\kfxl\\Scripts\\pythonw.exe"
    assert config(build_addin(other)) == [("Interpreter_Win", other)]
    assert b"fullCalcOnLoad" not in parts["xl/workbook.xml"]


def config(package: bytes) -> list[tuple[str, str]]:
    """Cells of the sheet of settings; openpyxl reads the file once it says that it is a book."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b"addin.macroEnabled", b"sheet.macroEnabled")
            new.writestr(name, content)
    book = openpyxl.load_workbook(stream)
    assert book.sheetnames == ["kfxl.conf"]
    return list(book["kfxl.conf"].values)


@pytest.mark.parametrize(
    "path",
    [
        "",
        'C:\\a" & calc.exe & "\\pythonw.exe',
        "C:\\a\nb\\pythonw.exe",
        "/usr/bin/python3",
        "/usr/bin/pythonw.exe",
        "C:/Python/pythonw.exe",
        "pythonw.exe",
        "kfxl\\Scripts\\pythonw.exe",
        "C:pythonw.exe",
        "C:\\kfxl\\Scripts",
        "C:\\kfxl\\\\pythonw.exe",
        "C:\\kfxl\\excel.exe",
        "C:\\kfxl\\pythonw.exe\n",
        "\\\\server\\pythonw.exe",
        "100%\\pythonw.exe",
        "%%\\pythonw.exe",
    ],
)
def test_an_interpreter_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InputError) as caught:
        build_addin(path)
    shown = path.replace("\n", " ") or "nothing"
    assert str(caught.value) == (
        f"interpreter: {shown} is not the full path of a pythonw.exe; "
        r"give one such as %LOCALAPPDATA%\kfxl\Scripts\pythonw.exe"
    )


@pytest.mark.parametrize(
    "path",
    [
        DEFAULT_INTERPRETER,
        r"c:\PYTHON.EXE",
        r"D:\Zoë Łęcka & 株 100%\(1)\pythonw.exe",
        r"\\server\share$\pythonw.exe",
        r"%ProgramFiles(x86)%\kfxl\python.exe",
    ],
)
def test_paths_of_every_kind_are_taken(path: str) -> None:
    excel_addin.check_interpreter(path)


def test_a_path_of_an_interpreter_has_a_length_that_windows_takes() -> None:
    excel_addin.check_interpreter(r"C:\%s\pythonw.exe" % ("x" * 240))
    with pytest.raises(InputError, match="it has 256 characters, and at most 255 serve"):
        excel_addin.check_interpreter(r"C:\%s\pythonw.exe" % ("x" * 241))


def test_the_dll_of_the_installed_xlwings(sources: dict[str, str]) -> None:
    assert dll_name() == f"xlwings64-{version('xlwings')}.dll"
    assert dll_name(32) == f"xlwings32-{version('xlwings')}.dll"
    for bits in (32, 64):
        assert sources["KfxlServer"].count(f'"{dll_name(bits)}"') == 2
    assert "@" not in sources["KfxlServer"]


def test_every_part_is_well_formed_typed_and_related(parts: dict[str, bytes]) -> None:
    for name, content in parts.items():
        if not name.endswith(".bin"):
            ElementTree.fromstring(content)
    types = ElementTree.fromstring(parts["[Content_Types].xml"])
    defaults = {item.get("Extension") for item in types.iter(f"{TYPES}Default")}
    overrides = {item.get("PartName") for item in types.iter(f"{TYPES}Override")}
    assert {name.lstrip("/") for name in overrides if name} <= set(parts)
    for name in set(parts) - {"[Content_Types].xml"}:
        assert f"/{name}" in overrides or name.rpartition(".")[2] in defaults, name
    reached = {"[Content_Types].xml"}
    for name, content in parts.items():
        if not name.endswith(".rels"):
            continue
        folder = Path(name).parent.parent
        for relation in ElementTree.fromstring(content).iter(f"{RELATIONS}Relationship"):
            target = (folder / str(relation.get("Target"))).as_posix()
            assert target in parts, f"{name}: {target}"
            reached |= {name, target}
    assert reached == set(parts)
    assert b"addin.macroEnabled.main+xml" in parts["[Content_Types].xml"]


def test_the_ribbon_has_the_buttons_and_their_procedures(
    parts: dict[str, bytes], sources: dict[str, str]
) -> None:
    tab = ElementTree.fromstring(parts["customUI/customUI14.xml"]).find(f".//{RIBBON}tab")
    assert tab is not None
    assert tab.get("label") == "kfxl"
    buttons = {item.get("label"): str(item.get("onAction")) for item in tab.iter(f"{RIBBON}button")}
    assert buttons == {label: f"KfxlRibbon.{name}" for label, name in BUTTONS.items()}
    identifiers = [item.get("id") for item in tab.iter() if item.get("id")]
    assert len(set(identifiers)) == len(identifiers)
    for name in BUTTONS.values():
        assert f"Public Sub {name}(ByVal control As IRibbonControl)\n" in sources["KfxlRibbon"]


def test_the_actions_of_the_ribbon_exist(sources: dict[str, str]) -> None:
    from kfxl.hosts.excel_actions import ACTIONS

    asked = set(re.findall(r'RunAction "(\w+)"', sources["KfxlRibbon"]))
    assert asked == {"run_backtest", "new_workbook", "fit_workbook", "function_list", "check"}
    assert asked | {"run_backtest_confirmed"} == set(ACTIONS)


def test_no_path_of_any_machine_is_inside(parts: dict[str, bytes], sources: dict[str, str]) -> None:
    from pyopenvba.cfb import CFB
    from pyopenvba.vba import decompress

    container = CFB.from_bytes(parts["xl/vbaProject.bin"])
    streams = [decompress(container.get_stream_in_storage("VBA", "dir"))]
    streams += [container.get_stream("PROJECT"), container.get_stream("PROJECTwm")]
    streams += [source.encode() for source in sources.values()]
    here = [Path.home(), Path.cwd(), Path(sys.prefix), Path(excel_addin.__file__).parent]
    foreign = ["\\Users\\", "/Users/", "/home/", "felix", *(str(path) for path in here)]
    for content in [*streams, *parts.values()]:
        for coding in ("latin-1", "utf-16-le"):
            text = content.decode(coding, "replace")
            assert not [name for name in foreign if len(name) > 3 and name in text]


def test_no_third_partys_module_is_inside(sources: dict[str, str]) -> None:
    text = "".join(sources.values())
    assert "Copyright" not in text
    assert "http" not in text
    assert "Redistribution and use" in notices()
    assert version("xlwings") in notices()


def test_the_command_line_starts_xlwings_server(sources: dict[str, str]) -> None:
    # VBA doubles a quotation mark inside text; under Wine this same text is run.
    line = next(x for x in sources["KfxlServer"].split("\n") if "ServerCommandLine = " in x)
    pieces = [piece.replace('""', '"') for piece in re.findall(r'"((?:[^"]|"")*)"', line)]
    assert f"{pieces[0]}.\\pythonw.exe{pieces[1]}2{pieces[2]}" == (
        'cmd.exe /D /C "".\\pythonw.exe" -I -c '
        '"import xlwings; xlwings.serve(\'$(CLSID)\')  # start 2""'
    )


def test_a_template_that_differs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_addin, "TEMPLATE_PROJECT", "Other")
    with pytest.raises(InputError, match="xlwings: the add-in template"):
        build_addin()
