"""``kfxl excel install``, ``check`` and ``uninstall`` in a real registry and real folders."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest

from kfxl.hosts.excel_addin import build_addin
from tests.hosts.wine.addin import interpreter_of
from tests.hosts.wine.session import Wine
from tests.hosts.wine.user import State, User

pytestmark = pytest.mark.host

OFFICE = "Software\\Microsoft\\Office"
OPTIONS = f"{OFFICE}\\16.0\\Excel\\Options"
OTHER = '/R \\"C:\\\\Program Files\\\\other.xlam\\"'
ADDIN = "AppData\\Roaming\\Microsoft\\AddIns\\kfxl.xlam"
NOTICES = "AppData\\Roaming\\Microsoft\\AddIns\\kfxl-notices.txt"
TEMPLATE = "Documents\\kfxl.xlsx"
FORMER = """
from kfxl.hosts import excel_addin, excel_install, excel_windows
former = excel_addin.build_addin("C:\\\\former\\\\pythonw.exe")
excel_install.install(excel_windows.this_windows(), former, "former notices")
"""


@pytest.fixture
def user(wine: Wine) -> User:
    return User(wine)


@pytest.fixture
def before(user: User) -> State:
    """How it was; a first run lets Wine write what it writes for any program."""
    user.kfxl("excel", "check")
    return user.state()


@pytest.fixture
def with_excel(user: User) -> Iterator[None]:
    """An Excel that opens another add-in already."""
    user.register(OPTIONS, "OPEN", '/R "C:\\Program Files\\other.xlam"')
    yield
    user.unregister(OFFICE)


def parts(addin: bytes) -> dict[str, bytes]:
    """What is in an add-in; only the wrapping may depend on the system that built it."""
    with zipfile.ZipFile(io.BytesIO(addin)) as package:
        return {name: package.read(name) for name in package.namelist()}


def opened(user: User) -> dict[str, str]:
    """What Excel's list of add-ins says, by name."""
    lines = iter(user.state().registry)
    for line in lines:
        if line.casefold() == f"[HKEY_CURRENT_USER\\{OPTIONS}]".casefold():
            break
    found = {}
    for line in lines:
        if not line.startswith('"'):
            break
        name, _, text = line.partition("=")
        found[name.strip('"')] = text.removeprefix('"').removesuffix('"')
    return {name: text for name, text in found.items() if name.startswith("OPEN")}


def test_installing_without_excel_and_uninstalling_leave_nothing(user: User, before: State) -> None:
    user.done("excel", "install", "--no-open")
    addin = user.path(ADDIN).read_bytes()
    assert parts(addin) == parts(build_addin())
    assert interpreter_of(addin) == "%LOCALAPPDATA%\\kfxl\\Scripts\\pythonw.exe"
    assert "xlwings" in user.path(NOTICES).read_text(encoding="utf-8")
    assert user.path(TEMPLATE).is_file()
    assert list(opened(user)) == ["OPEN"]
    # The key that an Excel would have is there now, and all is well for it.
    assert "All is well." in user.done("excel", "check")
    assert "The add-in is gone." in user.done("excel", "uninstall")
    assert user.state() == before
    assert "nothing to remove" in user.done("excel", "uninstall")
    assert user.state() == before


@pytest.mark.usefixtures("with_excel")
def test_upgrading_beside_another_addin(user: User, before: State) -> None:
    # A template of the user's keeps the installer from writing one.
    user.path(TEMPLATE).write_text("the user's own")
    outcome = user.python("-c", FORMER)
    assert outcome.returncode == 0, outcome
    assert interpreter_of(user.path(ADDIN).read_bytes()) == "C:\\former\\pythonw.exe"
    assert opened(user)["OPEN"] == OTHER
    assert opened(user)["OPEN1"].casefold().endswith('kfxl.xlam\\"')
    outcome = user.kfxl("excel", "check")
    assert outcome.returncode == 1
    assert "C:\\former\\pythonw.exe is missing" in outcome.stdout

    user.done("excel", "install", "--no-open")
    assert parts(user.path(ADDIN).read_bytes()) == parts(build_addin())
    assert user.path(NOTICES).read_text(encoding="utf-8") != "former notices"
    assert list(opened(user)) == ["OPEN", "OPEN1"]
    assert "All is well." in user.done("excel", "check")

    installed = user.state()
    assert "as before" in user.done("excel", "install", "--no-open")
    assert user.state() == installed

    assert "The add-in is gone." in user.done("excel", "uninstall")
    assert user.path(TEMPLATE).read_text() == "the user's own"
    user.path(TEMPLATE).unlink()
    assert user.state() == before


def test_a_running_excel_is_noticed_and_nothing_changed(user: User, before: State) -> None:
    with user.running("EXCEL.EXE"):
        outcome = user.kfxl("excel", "install", "--no-open")
    assert outcome.returncode == 1
    assert "Excel: it is running" in outcome.stdout
    assert user.state() == before


def test_what_is_missing_is_said(user: User) -> None:
    outcome = user.kfxl("excel", "check")
    assert outcome.returncode == 1
    assert "run: kfxl excel install" in outcome.stdout
