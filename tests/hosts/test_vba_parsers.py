"""All VBA in the add-in is read without a complaint by two independent readers of the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfxl.hosts.excel_addin import build_addin
from tests.hosts.vba_parsers import SYSTEMS, compiler_errors, grammar_errors, modules_in

NAMES = ("KfxlServer", "KfxlHelp", "KfxlRibbon", "KfxlFunctions", "ThisWorkbook", "Sheet2")
CALL = 'Macro = "\'" & ThisWorkbook.Name & "\'!" & FunctionName'


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path: Path = tmp_path_factory.mktemp("addin") / "kfxl.xlam"
    path.write_bytes(build_addin())
    return modules_in(path)


def test_these_are_all_modules(sources: dict[str, str]) -> None:
    assert set(sources) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_module_is_within_the_grammar(sources: dict[str, str], name: str) -> None:
    assert grammar_errors(sources[name]) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_compiler_would_refuse_the_project(sources: dict[str, str], system: str) -> None:
    assert compiler_errors(sources, system) == []


# That the checks can fail: mistakes made on purpose, in a module of ours, and who sees them.


@pytest.mark.parametrize(
    ("right", "wrong", "in_grammar", "in_compiler"),
    [
        ("    End If\r\nEnd Sub", "End Sub", True, False),
        ("End Sub\r\n\r\nPrivate", "\r\nPrivate", True, False),
        ('"\'!"', "\"'!", True, False),
        (" Then Exit Sub", " Exit Sub", True, True),
        ("Description:=Summary, Category", "Description:=Summary Category", True, False),
        ("IsArray(Arguments)", "IsArray(Arguments", True, True),
        ("ByVal Summary As String", "ByVal Next As String", True, True),
        ("Registering = True", "Registring = True", False, True),
        ("    DescribeFunctions\r\n", "    DescribeFunctons\r\n", False, True),
        ("    DescribeFunctions\r\n", '    Describe "KFXL_VERSION"\r\n', False, True),
        ("GoTo Refused", "GoTo NotThere", False, True),
        ("Public Sub Describe", "Public Sub RegisterHelp", False, True),
        (CALL, f'{CALL} & "{"a" * 1000}"', False, True),
        (CALL, CALL + ' & _\r\n ""' * 25, False, True),
        ("Option Explicit", 'Option Explicit\r\nDeclare Sub Beep Lib "user32" ()', False, True),
    ],
    ids=[
        "If not closed",
        "Sub not closed",
        "text not closed",
        "no Then",
        "no comma",
        "parenthesis not closed",
        "keyword as name",
        "variable not declared",
        "unknown procedure",
        "arguments missing",
        "unknown label",
        "twice the same name",
        "line too long",
        "statement too long",
        "Declare without PtrSafe",
    ],
)
def test_a_mistake_is_seen(
    sources: dict[str, str], right: str, wrong: str, in_grammar: bool, in_compiler: bool
) -> None:
    assert right in sources["KfxlHelp"]
    broken = sources["KfxlHelp"].replace(right, wrong, 1)
    assert bool(grammar_errors(broken)) == in_grammar
    assert bool(compiler_errors({**sources, "KfxlHelp": broken}, only="KfxlHelp")) == in_compiler


def test_a_mistake_for_one_system_is_seen(sources: dict[str, str]) -> None:
    right, wrong = '"xlwings32-', '"xlwings32-" & Nowhere & "'
    assert right in sources["KfxlServer"]
    broken = {**sources, "KfxlServer": sources["KfxlServer"].replace(right, wrong, 1)}
    assert [bool(compiler_errors(broken, system, "KfxlServer")) for system in SYSTEMS] == [
        False,
        True,
        False,
    ]
