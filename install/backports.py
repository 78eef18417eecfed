"""Newer packages from a Debian release's backports, with the machine's own sources as the pattern.

Nothing of the machine's configuration is changed: apt gets a folder of sources for one call, which
holds the machine's own and one more.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
ONE_LINE = re.compile(
    r"^\s*deb\s+(?P<options>\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.*\S)\s*$"
)


@dataclass(frozen=True)
class Source:
    """One more entry for apt's sources: the ending of its file says in which of the two forms."""

    ending: str
    text: str


def codename(os_release: Path = OS_RELEASE) -> str:
    """The name of the Debian release; empty on other systems, also on those made from Debian."""
    try:
        text = os_release.read_text(encoding="utf-8")
    except OSError:
        return ""
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    return facts.get("VERSION_CODENAME", "") if facts.get("ID") == "debian" else ""


def backports_of(release: str, apt: Path = APT) -> Source | None:
    """The entry for a release's backports, made from the machine's entry for the release."""
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        for stanza in stanzas(path):
            if entry := from_stanza(stanza, release):
                return Source(".sources", entry)
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))):
        for line in lines_of(path):
            if entry := from_line(line, release):
                return Source(".list", entry)
    return None


def from_stanza(stanza: str, release: str) -> str:
    r"""A stanza of the newer form with the backports as its suite; empty if it is another's.

    Examples
    --------
    >>> print(from_stanza("Types: deb\nURIs: mirror\nSuites: a a-updates\nSigned-By: k", "a"))
    Types: deb
    URIs: mirror
    Suites: a-backports
    Signed-By: k
    """
    fields = {
        name.casefold(): value.split()
        for name, value in re.findall(r"^([\w-]+):(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
    }
    enabled = "".join(fields.get("enabled", ["yes"])).casefold() not in {"no", "false", "0"}
    of_release = release in fields.get("suites", []) and "main" in fields.get("components", "main")
    if not enabled or not of_release or "deb" not in fields.get("types", []):
        return ""
    suites = rf"\g<1> {release}-backports"
    return re.sub(r"(?im)^(suites:).*(?:\n[ \t].*)*", suites, stanza, count=1)


def from_line(line: str, release: str) -> str:
    """A line of the older form with the backports as its suite; empty if it is another's.

    Examples
    --------
    >>> from_line("deb [signed-by=/k.gpg] mirror bookworm main contrib", "bookworm")
    'deb [signed-by=/k.gpg] mirror bookworm-backports main contrib'
    >>> from_line("deb-src mirror bookworm main", "bookworm")
    ''
    """
    match = ONE_LINE.match(line)
    if not match or match["suite"] != release or "main" not in match["components"].split():
        return ""
    words = [(match["options"] or "").strip(), match["uri"], f"{release}-backports"]
    return " ".join(["deb", *filter(None, words), match["components"]])


def stanzas(path: Path) -> list[str]:
    """The stanzas of a file of the newer form, without comments."""
    text = "\n".join(line for line in lines_of(path, comments="#") if not line.startswith("#"))
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def lines_of(path: Path, comments: str = "") -> list[str]:
    """The lines of a file; none where it cannot be read. One-line entries end at a comment."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    return lines if comments else [line.partition("#")[0].rstrip() for line in lines]


@contextmanager
def with_source(source: Source, apt: Path = APT) -> Iterator[tuple[str, ...]]:
    """Options for apt-get with one more source; all that it fetches for it goes away again."""
    with tempfile.TemporaryDirectory(prefix="kfxl-apt-") as name:
        folder = Path(name)
        # apt fetches as a user of its own.
        folder.chmod(0o755)
        parts = folder / "sources.list.d"
        parts.mkdir()
        for path in (apt / "sources.list.d").glob("*"):
            if path.suffix in {".list", ".sources"}:
                shutil.copyfile(path, parts / path.name)
        (parts / f"kfxl-backports{source.ending}").write_text(source.text + "\n", encoding="utf-8")
        (folder / "lists" / "partial").mkdir(parents=True)
        places = {"Dir::Etc::SourceParts": parts, "Dir::State::Lists": folder / "lists"}
        yield tuple(word for key, path in places.items() for word in ("-o", f"{key}={path}"))
