"""LibreOffice from a Debian release's backports: which source, which calls, what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from install import backports, hosts
from install.backports import Source, backports_of, codename, with_source
from install.shell import Outcome
from tests.install.pretend_shell import OK, PretendShell

NEWER_FORM = """\
# the mirror of this house
Types: deb
URIs: http://mirror.example/debian http://other.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
OLDER_FORM = """\
# deb http://old.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main  # all
deb http://mirror.example/debian-security bookworm-security main
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm"),
        ('ID="debian"\nVERSION_CODENAME="trixie"\n', "trixie"),
        ("ID=debian\n", ""),
        ("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n", ""),
    ],
    ids=["bookworm", "quoted", "testing", "made from Debian"],
)
def test_backports_are_debians(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "os-release").write_text(text)
    assert codename(tmp_path / "os-release") == name
    assert codename(tmp_path / "nowhere") == ""


def test_the_newer_form_keeps_mirror_key_and_the_rest(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(NEWER_FORM)
    source = backports_of("bookworm", apt)
    assert source == Source(
        ".sources",
        """\
Types: deb
URIs: http://mirror.example/debian http://other.example/debian
Suites: bookworm-backports
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc""",
    )


@pytest.mark.parametrize("place", ["sources.list", "sources.list.d/house.list"])
def test_the_older_form_keeps_mirror_and_options(apt: Path, place: str) -> None:
    (apt / place).write_text(OLDER_FORM)
    line = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main"
    assert backports_of("bookworm", apt) == Source(".list", line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NEWER_FORM.replace("Types: deb\n", "Types: deb-src\n"),
        NEWER_FORM.replace("Types: deb\n", "Enabled: no\nTypes: deb\n"),
        NEWER_FORM.replace("main contrib", "contrib"),
        NEWER_FORM.replace("bookworm", "sid"),
    ],
    ids=["none", "sources only", "switched off", "not main", "another release"],
)
def test_what_is_not_the_releases_own_source_is_no_pattern(apt: Path, text: str) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(text)
    (apt / "sources.list").write_text("deb cdrom:[Debian]/ stable main\n")
    assert backports_of("bookworm", apt) is None


def test_suites_on_lines_of_their_own(apt: Path) -> None:
    text = "Types: deb\nURIs: u\nSuites:\n bookworm\n bookworm-updates\nComponents: main\n"
    (apt / "sources.list.d" / "a.sources").write_text(text)
    source = backports_of("bookworm", apt)
    assert source is not None
    assert source.text == "Types: deb\nURIs: u\nSuites: bookworm-backports\nComponents: main"


def test_apt_gets_one_more_source_for_a_while(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(NEWER_FORM)
    (apt / "sources.list.d" / "old.list.disabled").write_text("")
    before = {path: path.read_bytes() for path in apt.rglob("*") if path.is_file()}
    with with_source(Source(".list", "deb u s main"), apt) as options:
        assert options[::2] == ("-o", "-o")
        places = dict(word.split("=") for word in options[1::2])
        parts = Path(places["Dir::Etc::SourceParts"])
        assert {path.name for path in parts.iterdir()} == {"debian.sources", "kfxl-backports.list"}
        assert (parts / "kfxl-backports.list").read_text() == "deb u s main\n"
        assert (Path(places["Dir::State::Lists"]) / "partial").is_dir()
    assert not parts.exists()
    assert {path: path.read_bytes() for path in apt.rglob("*") if path.is_file()} == before


# What is installed


@pytest.fixture
def debian(monkeypatch: pytest.MonkeyPatch, apt: Path) -> None:
    """A Debian whose sources name its release."""
    (apt / "sources.list.d" / "debian.sources").write_text(NEWER_FORM)
    monkeypatch.setattr(backports, "codename", lambda: "bookworm")
    monkeypatch.setattr(backports, "backports_of", lambda name: backports_of(name, apt))


def without_libreoffice(program: str) -> str | None:
    return None if program == "soffice" else f"/usr/bin/{program}"


@pytest.mark.usefixtures("debian")
def test_libreoffice_comes_from_the_backports() -> None:
    shell = PretendShell()
    hosts.install_packages(shell, without_libreoffice, root=True)
    first, update, newer, rest = shell.commands
    assert first == [*hosts.PACKAGE_MANAGER, "update"]
    assert update[-1] == "update"
    assert any(word.startswith("Dir::Etc::SourceParts=") for word in update)
    at = newer.index("--target-release")
    assert newer[at:] == [
        *("--target-release", "bookworm-backports", "libreoffice-calc", "python3-uno"),
    ]
    assert not [word for word in rest if word.startswith("Dir::")]
    assert "poppler-utils" in rest
    assert not [line for line in shell.said if line.startswith("note:")]


@pytest.mark.usefixtures("debian")
@pytest.mark.parametrize(
    ("word", "text", "reason"),
    [
        ("--target-release", "E: The value 'bookworm-backports' is invalid", "is invalid"),
        ("Dir::", "", "apt-get update: exit code 100"),
    ],
    ids=["not reached", "update fails"],
)
def test_where_the_backports_fail_the_release_has_libreoffice(
    word: str, text: str, reason: str
) -> None:
    def answer(words: list[str]) -> Outcome:
        return Outcome(100, text) if any(each.startswith(word) for each in words) else OK

    shell = PretendShell(answer)
    hosts.install_packages(shell, without_libreoffice, root=True)
    assert shell.commands[-1][-5:] == list(hosts.HOSTS[1].packages)
    (note,) = [line for line in shell.said if line.startswith("note:")]
    assert note.startswith("note: libreoffice-calc, python3-uno as the release has them (apt-get")
    assert reason in note


def test_other_systems_have_no_backports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backports, "codename", lambda: "")
    shell = PretendShell()
    hosts.install_packages(shell, without_libreoffice, root=True)
    assert [words[-1] for words in shell.commands] == ["update", "fonts-crosextra-carlito"]
    assert "there are no backports for this system" in shell.said[-1]


@pytest.mark.usefixtures("debian")
def test_a_libreoffice_that_is_there_is_used_as_it_is() -> None:
    shell = PretendShell()
    lacks = {"pdftoppm"}
    hosts.install_packages(shell, lambda name: None if name in lacks else name, root=True)
    assert not [words for words in shell.commands if "--target-release" in words]
    assert shell.ran("--no-upgrade", "poppler-utils", "libreoffice-calc")
