"""The layers of kfxl, read from its imports, and the shape of the repository."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kfxl"
# What runs in LibreOffice's Python is no part of the package; tests/hosts/test_calc_addin.py
# holds it to the standard library and uno.
ELSEWHERE = PACKAGE / "hosts" / "calc_extension"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if ELSEWHERE not in path.parents)

# What each layer may import of kfxl, besides itself. `.` is the package's own __init__.
FOUNDATION = {"errors", "arrays"}
CORE = FOUNDATION | {"statespace", "estimation", "portfolio", "evaluation"}
ALLOWED = {
    "errors": set(),
    "arrays": {"errors"},
    "statespace": FOUNDATION,
    "estimation": FOUNDATION | {"statespace"},
    "portfolio": FOUNDATION,
    "evaluation": FOUNDATION | {"statespace", "estimation", "portfolio"},
    "data": FOUNDATION,
    "spreadsheet": CORE | {"data", "."},
    "hosts": CORE | {"data", "spreadsheet", "."},
    "cli": CORE | {"data", "spreadsheet", "."},
    "__main__": {"cli"},
    ".": CORE,
}
# Third-party packages that a module may import when it is itself imported.
LIGHT = {"numpy", "scipy", "pandas"}
COMMAND_LINE = {"typer", "rich"}
# Modules that do nothing but read or write a workbook need their library in any case; that they
# do not weigh on the worksheet functions is tested in test_public_api.py.
WORKBOOK_FILES = {
    "kfxl/spreadsheet/book_reader.py": {"openpyxl"},
    "kfxl/spreadsheet/reporting/writer.py": {"xlsxwriter"},
    "kfxl/spreadsheet/template/writer.py": {"xlsxwriter"},
}
# Files, clock, network, processes, global state: the core has none of them.
UNTOUCHED = {
    *("os", "pathlib", "shutil", "tempfile", "io", "glob", "socket", "ssl", "http", "urllib"),
    *("time", "subprocess", "threading", "multiprocessing", "logging", "random", "importlib"),
    *("sqlite3", "pickle", "platform", "sys"),
}
# The number of a library's threads is the whole process's: callers have to agree on it.
LOCKED = {"kfxl/portfolio/dense.py": {"threading"}}
CLOCK_CALLS = {"now", "today", "utcnow"}


@dataclass(frozen=True)
class Import:
    """One import of a module: its dotted name, and whether it runs when the module is imported."""

    name: str
    at_import: bool
    line: int


def layer_of(path: Path) -> str:
    """The first part of a module's name inside kfxl."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if first == "__init__":
        return "."
    return "cli" if first.startswith("_cli_") else first


def imports_of(path: Path) -> list[Import]:
    """Every import statement, those for type checkers apart."""
    found: list[Import] = []

    def walk(node: ast.AST, at_import: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                continue
            if isinstance(child, ast.Import):
                found.extend(Import(a.name, at_import, child.lineno) for a in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: imports are absolute"
                module = child.module or ""
                names = [f"{module}.{a.name}" for a in child.names] if module == "kfxl" else None
                found.extend(Import(name, at_import, child.lineno) for name in names or [module])
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            walk(child, at_import and not inside)

    walk(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=MODULES, ids=name_of)
def module(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


def test_imports_point_one_way(module: Path) -> None:
    layer = layer_of(module)
    for imported in imports_of(module):
        if imported.name.partition(".")[0] != "kfxl":
            continue
        parts = imported.name.split(".")
        target = parts[1] if len(parts) > 1 else "."
        target = "cli" if target.startswith("_cli_") else target
        if target not in ALLOWED:  # a name that `kfxl` itself exports
            target = "."
        assert target == layer or target in ALLOWED[layer], (
            f"{name_of(module)}:{imported.line}: {layer} imports {imported.name}"
        )


def test_heavy_packages_are_imported_where_they_are_used(module: Path) -> None:
    allowed = LIGHT | WORKBOOK_FILES.get(name_of(module), set())
    allowed |= COMMAND_LINE if layer_of(module) == "cli" else set()
    allowed |= {"xlwings"} if layer_of(module) == "hosts" else set()
    heavy = [
        f"{name_of(module)}:{imported.line}: {imported.name}"
        for imported in imports_of(module)
        if imported.at_import and is_third_party(imported.name)
        if imported.name.partition(".")[0] not in allowed
    ]
    assert not heavy


def test_the_core_needs_the_packages_that_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=;\s]", entry)[0] for entry in project["dependencies"]}
    imports = {i.name for path in MODULES if layer_of(path) in CORE for i in imports_of(path)}
    assert declared == {name.partition(".")[0] for name in imports if is_third_party(name)}


def is_third_party(name: str) -> bool:
    first = name.partition(".")[0]
    return first != "kfxl" and first not in sys.stdlib_module_names


def test_xlwings_is_imported_in_hosts_alone(module: Path) -> None:
    if layer_of(module) != "hosts":
        assert not [i for i in imports_of(module) if i.name.startswith("xlwings")]


def test_the_core_touches_no_file_clock_network_or_process(module: Path) -> None:
    if layer_of(module) not in CORE:
        return
    untouched = UNTOUCHED - LOCKED.get(name_of(module), set())
    touched = [i.name for i in imports_of(module) if i.name.partition(".")[0] in untouched]
    assert not touched, name_of(module)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "eval", "exec"}, name_of(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCK_CALLS, f"{name_of(module)}:{node.lineno}"
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) != "np.random", f"{name_of(module)}: random numbers"
        assert not isinstance(node, ast.Global), f"{name_of(module)}: global state"


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "install").glob("*.py"))], ids=name_of)
def test_modules_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 330, f"{name_of(path)} has {len(text.splitlines())} lines"
    assert ast.get_docstring(ast.parse(text)), f"{name_of(path)} has no docstring"


def test_the_installer_needs_the_standard_library_only() -> None:
    for path in (ROOT / "install").glob("*.py"):
        for imported in imports_of(path):
            first = imported.name.partition(".")[0]
            assert first == "install" or not is_third_party(first), name_of(path)


def test_the_installer_starts_on_old_pythons() -> None:
    # The grammar of the oldest Python that this parser still knows; f-strings, annotations of
    # variables and the walrus are refused by it or below.
    text = (ROOT / "install" / "__main__.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    text.encode("ascii")  # Python 2 reads no other bytes without a declaration


def test_the_repository_holds_what_its_layout_names() -> None:
    ours = {
        *("kfxl", "workbook", "install", "tests", "pyproject.toml", "README.md", "LICENSE"),
        *("CHANGELOG.md", "THIRD_PARTY_NOTICES.md", ".ci", ".gitignore"),
    }
    there = {path.name for path in ROOT.iterdir()}
    assert ours <= there, f"missing: {sorted(ours - there)}"
