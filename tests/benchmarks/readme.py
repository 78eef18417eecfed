"""Tables in the README, between markers that name them."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def put(text: str, name: str, path: Path) -> None:
    """Replace what stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = path.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{path.name} has no lines {begin} and {end}: nothing is written")
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
