"""Stands in for LibreOffice's side of installing: a profile on disk as LibreOffice would leave it.

Run with a request on standard input, as the real `manage.py` is. A file ``behave.json`` beside
``soffice`` says what else it does.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.parse
import zipfile
from pathlib import Path


def unpack(package: str, place: Path, number: int) -> Path:
    """Unpack an extension the way LibreOffice does."""
    folder = place / f"lu{number}.tmp_" / Path(package).name
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    folder.with_name(folder.name + "properties").write_text("")
    (place / f"lu{number}.tmp").write_text("")
    return folder


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.readline())
    behave_file = Path(request["soffice"]).with_name("behave.json")
    behave = json.loads(behave_file.read_text()) if behave_file.exists() else {}
    time.sleep(behave.get("sleep", 0))
    if "dies" in behave:
        sys.stderr.write(behave["dies"])
        raise SystemExit(1)
    if "error" in behave:
        sys.stdout.write(json.dumps({"error": behave["error"]}) + "\n")
        return
    profile = Path(urllib.parse.unquote(request["profile"].removeprefix("file://")))
    cache = profile / "user" / "uno_packages" / "cache"
    (cache / "uno_packages").mkdir(parents=True, exist_ok=True)
    known = cache / "uno_packages.pmap"
    text = known.read_text() if known.exists() else "Pmp1"
    found = re.search(r"org\.kfxl\.addin (\S+) (\S+)\n", text)
    folder, changed = "", False
    number = len(list(profile.rglob("lu*.tmp"))) + os.getpid()
    if "package" in request:
        unpack(request["package"], profile / "user/extensions/tmp/extensions", number)
        path = unpack(request["package"], cache / "uno_packages", number + 1)
        folder, changed = str(path), True
        text = re.sub(r"org\.kfxl\.addin .*\n", "", text)
        text += f"org.kfxl.addin lu{number + 1}.tmp 0.1.0\n"
    if request.get("remove"):
        text, changed = re.sub(r"org\.kfxl\.addin .*\n", "", text), bool(found)
    known.write_text(text)
    before = [["org.example.other", "1.0"]] + ([["org.kfxl.addin", found[2]]] if found else [])
    answer = {
        "running": behave.get("running", False),
        "before": before,
        "after": [],
        "changed": changed,
        "folder": folder,
        "profile": str(profile),
        "shown": behave.get("shown", []),
    }
    sys.stdout.write("a word of LibreOffice's\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
