"""What the built add-in says: its settings, and one of its VBA functions run by Windows itself."""

from __future__ import annotations

import io
import re
import warnings
import zipfile

import openpyxl

from tests.hosts.wine.session import Wine

SHEET = "kfxl.conf"
SERVER = "KfxlServer"
ADDIN_TYPE = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"
BOOK_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def interpreter_of(addin: bytes) -> str:
    """The interpreter in the add-in's settings, variables unexpanded."""
    plain = io.BytesIO()
    # openpyxl opens workbooks only; the sheets of an add-in are a workbook's.
    with zipfile.ZipFile(io.BytesIO(addin)) as package, zipfile.ZipFile(plain, "w") as copy:
        for name in package.namelist():
            copy.writestr(name, package.read(name).replace(ADDIN_TYPE, BOOK_TYPE))
    sheet = openpyxl.load_workbook(plain)[SHEET]
    assert sheet["A1"].value == "Interpreter_Win"
    return str(sheet["B1"].value)


def source_of(addin: bytes, module: str = SERVER) -> str:
    """The VBA source of a module, as olevba takes it out of the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # olevba uses deprecated names of pyparsing
        from oletools.olevba import VBA_Parser

        parser = VBA_Parser("kfxl.xlam", data=addin)
        sources = {file: code for _, _, file, code in parser.extract_macros()}
        parser.close()
    return str(sources[f"{module}.bas"])


def answer_of(wine: Wine, source: str, function: str, *arguments: str | int) -> str:
    """Call a function of the add-in's VBA: untyped, it is VBScript too, which Windows runs."""
    pattern = rf"^Public Function {function}\(.*?^End Function"
    found = re.search(pattern, source, re.MULTILINE | re.DOTALL)
    assert found, f"{function} is not in the add-in"
    script = wine.path("C:\\call.vbs")
    words = ", ".join(f'"{a}"' if isinstance(a, str) else str(a) for a in arguments)
    call = f"WScript.Echo {function}({words})\r\n"
    script.write_bytes((found[0] + "\r\n" + call).encode("ascii"))
    done = wine.run("cscript", "//nologo", "C:\\call.vbs")
    assert done.returncode == 0, done
    return done.stdout.rstrip("\r\n")
