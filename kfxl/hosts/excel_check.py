"""What is wrong with kfxl in Excel, in plain words: everything between a cell and Python."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from kfxl.errors import InputError
from kfxl.hosts.excel_install import RECORD, made_by_kfxl
from kfxl.hosts.excel_open import ADDIN, Entry, disabled_key, entries
from kfxl.hosts.excel_policies import obstacles
from kfxl.hosts.excel_windows import (
    MACHINE_OFFICE,
    Windows,
    addins_folder,
    as_path,
    disabled_file,
    expanded,
    file_name,
    from_store,
    this_windows,
    versions,
)
from kfxl.hosts.findings import Finding, Looks, all_found, refused

AGAIN = "run: kfxl excel install"
EXTRA = 'run the installer of kfxl again, or: pip install "kfxl[excel]"'
MACHINES = {0x8664: 64, 0x14C: 32}  # what a DLL's header says it was made for
BITS = {"x64": 64, "x86": 32}


def findings(windows: Windows | None = None) -> list[Finding]:
    """Look at everything that the worksheet functions need in Excel.

    Parameters
    ----------
    windows : Windows, optional
        Where to look; the Windows that this runs on by default.

    Returns
    -------
    list of Finding
        In words for the user; each bad one ends with its remedy.

    Examples
    --------
    >>> {type(finding.good) for finding in findings()}
    {<class 'bool'>}
    """
    if windows is None:
        try:
            windows = this_windows()
        except InputError as error:
            return [refused(error)]
    looks: Looks[Windows] = {
        "Excel": _excel,
        "Python": _python,
        "xlwings": _xlwings,
        "add-in": _addin,
        "registered": _registered,
        "disabled": _disabled,
        "macros": _macros,
    }
    return all_found(looks, windows, EXTRA)


def bits_of_excel(windows: Windows) -> int:
    """32 or 64; 64 where nothing says it."""
    for office in MACHINE_OFFICE:
        key = rf"{office}\ClickToRun\Configuration"
        places = [(key, "Platform")]
        places += [(rf"{office}\{v}\Outlook", "Bitness") for v in versions(windows)]
        for key, name in places:
            value = windows.registry.value(key, name)
            if value is not None and str(value.data).casefold() in BITS:
                return BITS[str(value.data).casefold()]
    return 64


def addin_file(windows: Windows) -> Path:
    """Where the add-in lies: as recorded when it was installed, else where it would be put."""
    recorded = windows.registry.value(RECORD, "Add-in")
    return Path(str(recorded.data)) if recorded else addins_folder(windows) / ADDIN


def interpreter_in(addin: Path) -> str:
    """The interpreter that an add-in starts: the text of cell B1 of its settings."""
    with zipfile.ZipFile(addin) as package:
        names = package.namelist()
        strings = package.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in names else b""
    from lxml import etree

    items = etree.fromstring(strings) if strings else ()
    texts = ["".join(str(part) for part in item.itertext()) for item in items]
    if texts[:1] != ["Interpreter_Win"] or len(texts) < 2:
        raise InputError(str(addin), "its settings name no interpreter", AGAIN)
    return texts[1]


def _excel(windows: Windows) -> Iterator[Finding]:
    found = versions(windows)
    if found:
        bits = bits_of_excel(windows)
        yield Finding("Excel", True, f"version {', '.join(found)}; {bits} bits")
    else:
        remedy = "install Excel, start it once and look again"
        yield Finding("Excel", False, f"none was found for you; {remedy}")


def _python(windows: Windows) -> Iterator[Finding]:
    if from_store(windows.base):
        yield Finding(
            "Python",
            False,
            f"{windows.base} is from the Microsoft Store, and Excel cannot see what it installs; "
            "install Python from python.org and kfxl with it",
        )
    else:
        yield Finding("Python", True, windows.python)


def _xlwings(windows: Windows) -> Iterator[Finding]:
    """The package, and its DLL beside the interpreter that the add-in starts."""
    try:
        version = metadata.version("xlwings")
    except metadata.PackageNotFoundError:
        yield Finding("xlwings", False, f"not installed; {EXTRA}")
        return
    yield Finding("xlwings", True, version)
    bits = bits_of_excel(windows)
    name = f"xlwings{bits}-{version}.dll"
    interpreter = _interpreter(windows)
    folders = (interpreter.parent, interpreter.parent.parent)
    place = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if place is None:
        others = sorted(path.name for folder in folders for path in folder.glob("xlwings*.dll"))
        there = f" (there is {', '.join(others)})" if others else ""
        what = f"{name} is missing beside {interpreter}{there}"
        yield Finding("xlwings' DLL", False, f"{what}; run the installer of kfxl again")
    elif _bits_of(place) != bits:
        what = f"{place} is damaged or not made for {bits} bits"
        yield Finding("xlwings' DLL", False, f"{what}; run the installer of kfxl again")
    else:
        yield Finding("xlwings' DLL", True, str(place))


def _interpreter(windows: Windows) -> Path:
    """The interpreter that the add-in starts, or the running one where there is no add-in."""
    file = addin_file(windows)
    if made_by_kfxl(file):
        return as_path(expanded(interpreter_in(file), windows.variables))
    return as_path(windows.python)


def _bits_of(dll: Path) -> int:
    """32 or 64, as a DLL's header says; 0 if it is none."""
    with dll.open("rb") as file:
        head = file.read(4096)
    start = int.from_bytes(head[0x3C:0x40], "little")
    if head[:2] != b"MZ" or head[start : start + 4] != b"PE\0\0":
        return 0
    return MACHINES.get(int.from_bytes(head[start + 4 : start + 6], "little"), 0)


def _addin(windows: Windows) -> Iterator[Finding]:
    """The file, what it was built from, and what it starts."""
    file = addin_file(windows)
    if not file.is_file():
        yield Finding("add-in", False, f"{file} is missing; {AGAIN}")
        return
    if not made_by_kfxl(file):
        yield Finding("add-in", False, f"{file} is damaged or not kfxl's; move it away and {AGAIN}")
        return
    text = interpreter_in(file)
    from kfxl.hosts.excel_addin import build_addin

    current = file.read_bytes() == build_addin(text)
    older = f"{file} was built by another version of kfxl or xlwings; {AGAIN}"
    yield Finding("add-in", current, str(file) if current else older)
    interpreter = as_path(expanded(text, windows.variables))
    there = interpreter.is_file()
    missing = f"{text} is missing; run the installer of kfxl again"
    yield Finding("interpreter", there, text if there else missing)
    # Windows marks what came from elsewhere in a second stream of the file.
    if Path(f"{file}:Zone.Identifier").exists():
        yield Finding("origin", False, f"Windows marks {file} as downloaded; delete it and {AGAIN}")


def _registered(windows: Windows) -> Iterator[Finding]:
    """Whether each Excel opens the add-in that lies there."""
    file = addin_file(windows)
    for version in versions(windows):
        present = entries(windows.registry, version)
        ours = [entry for entry in present if entry.ours]
        if not ours:
            found = f"Excel {version} does not open the add-in; {AGAIN}"
        elif not _leads_to(ours[0], file):
            found = f"Excel {version} looks for it in {ours[0].file}; {AGAIN}"
        elif ours[0].number != present.index(ours[0]):
            found = f"Excel {version} stops before it: a number is missing in its list; {AGAIN}"
        else:
            yield Finding("registered", True, f"Excel {version} opens it")
            continue
        yield Finding("registered", False, found)


def _leads_to(entry: Entry, file: Path) -> bool:
    return not entry.folder or as_path(entry.file.casefold()) == as_path(str(file).casefold())


def _disabled(windows: Windows) -> Iterator[Finding]:
    """Whether Excel has switched the add-in off after a failure."""
    for version in versions(windows):
        for value in windows.registry.values(disabled_key(version)).values():
            if file_name(disabled_file(value)) == ADDIN:
                what = f"Excel {version} has switched the add-in off after a failure"
                yield Finding("disabled", False, f"{what}; close Excel and {AGAIN}")


def _macros(windows: Windows) -> Iterator[Finding]:
    for version in versions(windows):
        found = list(obstacles(windows, version, addin_file(windows)))
        for obstacle in found:
            yield Finding("macros", False, f"in Excel {version} {obstacle}")
        if not found:
            yield Finding("macros", True, f"Excel {version} lets installed add-ins run")
