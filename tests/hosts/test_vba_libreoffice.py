"""LibreOffice imports the add-in's VBA, compiles it in its VBA mode and runs what needs no Excel.

Its limits, seen with version 7.4: it reads both branches of ``#If``, reserves the word Output,
knows neither PtrSafe nor LongPtr nor constants made of VBA's own, and takes names that are not
declared for something it will meet when it runs. What it cannot read is reworded here, and only
that. Objects of Excel, COM and the DLL are not there to run with.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from kfxl.hosts.excel_addin import ADDIN_TYPE, BOOK_TYPE, build_addin
from kfxl.hosts.excel_vba import modules
from tests.hosts.calc.office import INSIDE, python_with_uno

pytestmark = pytest.mark.host
RUNNING = [
    ("ServerHasGone(462)", "True"),
    ("ServerHasGone(-2147023174)", "True"),
    ("ServerHasGone(13)", "False"),
    ('FirstLine("a b" & vbCrLf & "c")', "a b"),
    (
        'FailureText(5, "x")',
        "#KFXL! Excel: the call failed (error 5); recalculate, or run: kfxl excel check",
    ),
    (
        'FailureText(OUR_ERROR, "it did not start")',
        "#KFXL! Python: it did not start; install kfxl again, or run: kfxl excel check",
    ),
    (
        'ServerCommandLine("C:\\a b\\pythonw.exe", 3)',
        'cmd.exe /D /C ""C:\\a b\\pythonw.exe" -I -c "import xlwings; '
        "xlwings.serve('$(CLSID)')  # start 3\"\"",
    ),
]
MISTAKES = [
    ("    End If\nEnd Sub", "End Sub"),
    (" Then Exit Sub", " Exit Sub"),
    ("IsArray(Arguments)", "IsArray(Arguments"),
    ("GoTo Refused", "GoTo NotThere"),
    ("ByVal Summary As String", "ByVal Next As String"),
    ("Public Sub Describe", "Public Sub RegisterHelp"),
    ("Summary, Category", "Summary Category"),
    ("End Sub\n\nPrivate", "\nPrivate"),
    ('"\'!"', "\"'!"),
]


def ask(
    book: Path | None, probes: list[tuple[str, str]]
) -> tuple[dict[str, str], list[str | None]]:
    """The modules that LibreOffice imports from a workbook, and what came of each probe."""
    done = subprocess.run(
        [python_with_uno(), "-I", str(INSIDE / "basic.py")],
        input=json.dumps({"book": book and str(book), "probes": probes}),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found["modules"], found["results"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The add-in's modules as LibreOffice imports them; it opens add-ins only as workbooks."""
    path: Path = tmp_path_factory.mktemp("book") / "kfxl.xlsm"
    with zipfile.ZipFile(io.BytesIO(build_addin())) as addin, zipfile.ZipFile(path, "w") as book:
        for item in addin.infolist():
            part = addin.read(item)
            if item.filename == "[Content_Types].xml":
                assert part.count(ADDIN_TYPE.encode()) == 1
                part = part.replace(ADDIN_TYPE.encode(), BOOK_TYPE.encode())
            book.writestr(item, part)
    return ask(path, [])[0]


def reworded(source: str) -> str:
    """What LibreOffice cannot read in other words: the 64-bit branch, older declarations."""
    kept, active = [], [True]
    for line in source.split("\n"):
        words = line.split()
        if words[:1] == ["#If"]:
            active.append(words[1] == "Win64")
        elif words[:1] == ["#ElseIf"]:
            active[-1] = False
        elif words[:2] == ["#End", "If"]:
            active.pop()
        elif all(active):
            kept.append(line)
    text = "\n".join(kept).replace(" PtrSafe ", " ").replace("As LongPtr", "As Long")
    text = text.replace("vbObjectError + 513", "-2147220991")
    return re.sub(r"\boutput\b", "output_", text)


def test_the_importer_reads_every_module_in_vba_mode(imported: dict[str, str]) -> None:
    assert set(imported) == {*modules(), "ThisWorkbook", "Sheet2"}
    for name, source in modules().items():
        assert "Option VBASupport 1" in imported[name]
        # Attributes are no code: the editor hides them, the importer leaves them out.
        body = re.sub(r"(?m)^Attribute .*\n", "", source.replace("\r\n", "\n"))
        assert imported[name].rstrip().endswith(body.rstrip())


def test_every_module_compiles(imported: dict[str, str]) -> None:
    sources = {name: reworded(source) for name, source in imported.items()}
    same = {name for name in sources if sources[name] == imported[name]}
    assert same == {"KfxlHelp", "KfxlRibbon", "Sheet2", "ThisWorkbook"}, "nothing to reword there"
    _, results = ask(None, [(source, '"compiled"') for source in sources.values()])
    assert dict(zip(sources, results, strict=True)) == dict.fromkeys(sources, "compiled")


def test_what_needs_no_excel_gives_the_right_results(imported: dict[str, str]) -> None:
    source = reworded(imported["KfxlServer"])
    _, results = ask(None, [(source, expression) for expression, _ in RUNNING])
    assert results == [expected for _, expected in RUNNING]


def test_mistakes_do_not_compile(imported: dict[str, str]) -> None:
    source = imported["KfxlHelp"]
    assert all(right in source for right, _ in MISTAKES)
    broken = [source.replace(right, wrong, 1) for right, wrong in MISTAKES]
    _, results = ask(None, [(text, '"compiled"') for text in broken])
    assert results == [None] * len(MISTAKES)


def test_words_that_libreoffice_cannot_read_are_why_two_are_reworded(
    imported: dict[str, str],
) -> None:
    names = ("KfxlServer", "KfxlFunctions")
    _, results = ask(None, [(imported[name], '"compiled"') for name in names])
    assert results == [None, None], "a newer LibreOffice may need less rewording"
