"""Installing in LibreOffice, with a stand-in for what it does to a profile."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from kfxl.errors import InputError
from kfxl.hosts import calc_install, calc_profile
from kfxl.hosts.calc_addin import build_addin
from kfxl.hosts.calc_install import ask, compute, install, uninstall
from kfxl.hosts.calc_office import Office
from kfxl.hosts.calc_profile import (
    KNOWN,
    LEFT_BEHIND,
    UNPACKED,
    Installed,
    clean,
    forget,
    installed,
    is_known,
)
from tests.hosts.calc_profiles import ITEMS, behaves, lock, names_kfxl, office

__all__ = ["office"]
OTHER = '<identifier value="org.example.other"/><version value="1.0"/>'


@pytest.fixture(scope="module")
def package() -> bytes:
    return build_addin(sys.executable)


def test_installed_once_and_again(office: Office, package: bytes) -> None:
    assert installed(office.profile) is None
    first = install(office, package)
    assert (first.changed, first.before, first.running) == (True, "", False)
    there = installed(office.profile)
    assert there == Installed(first.folder or Path(), "0.1.0")
    second = install(office, package)
    assert second.before == "0.1.0"
    # What LibreOffice has left of the first one is gone.
    assert [path.parent.parent for path in office.profile.rglob("kfxl.rdb")] == [
        (second.folder or Path()).parent
    ]


def test_uninstalled_nothing_names_kfxl(office: Office, package: bytes) -> None:
    install(office, package)
    (office.profile / "user/registrymodifications.xcu").write_text(ITEMS.replace("ada/kfxl<", "b<"))
    done = uninstall(office)
    assert (done.changed, done.before) == (True, "0.1.0")
    assert not names_kfxl(office.profile)
    assert not uninstall(office).changed


def test_uninstalling_starts_nothing_where_there_is_nothing(office: Office) -> None:
    behaves(office, error="it was started")
    assert not uninstall(office).changed
    assert not office.profile.exists()


def test_other_extensions_stay(office: Office, package: bytes) -> None:
    places = (*LEFT_BEHIND, UNPACKED)
    for place in places:
        other = office.profile / place / "lu1.tmp_" / "other.oxt"
        other.mkdir(parents=True)
        (other / "description.xml").write_text(OTHER)
    install(office, package)
    uninstall(office)
    assert len(list(office.profile.rglob("other.oxt"))) == len(places)


def test_settings_of_a_running_libreoffice_are_left_to_it(office: Office, package: bytes) -> None:
    behaves(office, running=True)
    assert install(office, package).running
    settings = office.profile / "user/registrymodifications.xcu"
    settings.write_text(ITEMS)
    assert uninstall(office).running
    assert settings.read_text() == ITEMS
    # What it had unpacked goes at once: the list no longer names it.
    assert names_kfxl(office.profile) == [settings]


@pytest.mark.parametrize(
    ("host", "running", "left"),
    [
        (socket.gethostname(), True, True),
        (socket.gethostname(), False, False),
        ("elsewhere", False, True),
    ],
    ids=["it runs", "it crashed", "on another machine"],
)
def test_settings_in_use_are_left_also_where_nothing_is_installed(
    office: Office, monkeypatch: pytest.MonkeyPatch, host: str, running: bool, left: bool
) -> None:
    monkeypatch.setattr(calc_profile, "runs", lambda: running)
    lock(office, host)
    settings = office.profile / "user/registrymodifications.xcu"
    settings.parent.mkdir()
    settings.write_text(ITEMS)
    done = uninstall(office)
    assert (done.changed, done.running) == (False, left)
    assert (settings.read_text() == ITEMS) == left


def test_a_running_libreoffice_keeps_the_version_that_it_has_loaded(
    office: Office, package: bytes
) -> None:
    old = install(office, package).folder
    behaves(office, running=True)
    new = install(office, package).folder
    assert old is not None
    assert new is not None
    assert old.is_dir()
    assert not list(office.profile.glob(f"{LEFT_BEHIND[0]}/*/*"))
    assert installed(office.profile) == Installed(new, "0.1.0")


def test_only_what_the_extension_brought_is_forgotten(tmp_path: Path) -> None:
    settings = tmp_path / "user" / "registrymodifications.xcu"
    forget(tmp_path)
    settings.parent.mkdir()
    settings.write_text(ITEMS)
    forget(tmp_path)
    before, after = ITEMS.splitlines(), settings.read_text().splitlines()
    gone = ("addin", "kfxl:", "kfxl.xlsx")
    assert [line for line in after if "OrderList" not in line] == [
        line for line in before if "OrderList" not in line and not any(g in line for g in gone)
    ]
    # The two that stay are counted anew, in their order.
    first, last = (line for line in after if "OrderList" in line)
    assert (first, last) == (before[6], before[8].replace('"2"', '"1"'))
    assert [path.name for path in settings.parent.iterdir()] == [settings.name]


def test_an_older_copy_that_is_no_longer_known_is_not_installed(
    office: Office, package: bytes
) -> None:
    install(office, package)
    known = office.profile / KNOWN
    known.write_bytes(b"Pmp1")
    assert not is_known(office.profile)
    assert installed(office.profile) is None
    assert clean(office.profile, (UNPACKED,))
    assert not clean(office.profile, (UNPACKED,))
    assert not names_kfxl(office.profile)


# What goes wrong


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"error": "it did not answer"}, "it did not answer"),
        ({"dies": "Traceback\nImportError: no module uno\n"}, "ImportError: no module uno"),
        ({"dies": ""}, "it said nothing"),
    ],
)
def test_what_libreoffice_says_becomes_one_line(
    office: Office, package: bytes, how: dict[str, str], words: str
) -> None:
    behaves(office, **how)
    with pytest.raises(InputError, match=words) as caught:
        install(office, package)
    assert str(caught.value).endswith(
        "close LibreOffice, see whether it starts, and run this again"
    )
    assert "\n" not in str(caught.value)


def test_a_libreoffice_that_hangs_is_given_up(
    office: Office, package: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calc_install, "PATIENCE", 0.2)
    behaves(office, sleep=60)
    with pytest.raises(InputError, match="it said nothing"):
        install(office, package)


def test_a_profile_in_use_on_another_machine_is_refused(office: Office, package: bytes) -> None:
    path = lock(office, "elsewhere")
    with pytest.raises(InputError, match="in use on the machine elsewhere") as caught:
        install(office, package)
    assert f"delete {path} if it does not run" in str(caught.value)
    assert installed(office.profile) is None
    assert not uninstall(office).changed


@pytest.mark.parametrize("host", [socket.gethostname(), socket.gethostname().upper() + ".lan", ""])
def test_a_lock_of_this_machine_is_libreoffices_business(
    office: Office, package: bytes, host: str
) -> None:
    lock(office, host)
    assert install(office, package).changed
    assert uninstall(office).changed


def test_a_profile_that_cannot_be_written_is_refused(
    office: Office, package: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("os.access", lambda path, _how: asked.append(path))
    with pytest.raises(InputError, match=r"cannot be written; make .* writable for you") as caught:
        install(office, package)
    assert asked == [office.profile.parent]
    assert str(office.profile) in str(caught.value)
    (office.profile / "user").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot be written"):
        install(office, package)
    assert asked[-1] == office.profile / "user"


# A LibreOffice of its own


def test_cells_are_computed_apart_from_the_users_profile(office: Office, package: bytes) -> None:
    behaves(office, shown=["2"])
    assert compute(office, package, ["=1+1"]) == ["2"]
    assert not office.profile.exists()


def test_the_usual_profile_is_left_to_libreoffice(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "echo.py"
    script.write_text("import sys; print('{\"request\":' + sys.stdin.readline().strip() + '}')")
    monkeypatch.setattr(calc_install, "MANAGER", script)
    usual = Office(office.soffice, "7.4", office.python, office.profile)
    asked = ask(usual, {"remove": True})["request"]
    assert asked == {
        "soffice": str(office.soffice),
        "identifier": "org.kfxl.addin",
        "remove": True,
    }
