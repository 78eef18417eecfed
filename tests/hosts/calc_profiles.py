"""Profiles of a LibreOffice that a stand-in plays, for the tests of installing in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kfxl.hosts import calc_install
from kfxl.hosts.calc_office import Office

HISTORY = "/org.openoffice.Office.Histories/Histories/x:HistoryInfo['PickList']"
ITEMS = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="ooSetupLastVersion"/></item>
<item oor:path="{HISTORY}/ItemList"><node oor:name="file:///home/ada/a.ods"/></item>
<item oor:path="{HISTORY}/ItemList"><node oor:name="file:///home/ada/kfxl.xlsx"/></item>
<item oor:path="{HISTORY}/ItemList"><node oor:name="file:///home/ada/z.ods"/></item>
<item oor:path="{HISTORY}/OrderList"><node oor:name="0"><value>file:///home/ada/z.ods</value></node></item>
<item oor:path="{HISTORY}/OrderList"><node oor:name="1"><value>file:///home/ada/kfxl.xlsx</value></node></item>
<item oor:path="{HISTORY}/OrderList"><node oor:name="2"><value>file:///home/ada/a.ods</value></node></item>
<item oor:path="/org.openoffice.Office.UI/States"><node oor:name="addon_org.kfxl.addin"/></item>
<item oor:path="/org.openoffice.Office.Accelerators"><value>kfxl:run_backtest</value></item>
<item oor:path="/org.openoffice.Office.Common/Path"><value>file:///home/ada/kfxl</value></item>
</oor:items>
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A LibreOffice of which nothing but the profile is there."""
    monkeypatch.setattr(calc_install, "MANAGER", Path(__file__).with_name("fake_manager.py"))
    program = tmp_path / "program"
    program.mkdir()
    place = tmp_path / "mit Leerzeichen ü"
    return Office(program / "soffice", "25.2", Path(sys.executable), place, elsewhere=True)


def behaves(office: Office, **how: Any) -> None:
    office.soffice.with_name("behave.json").write_text(json.dumps(how))


def names_kfxl(profile: Path) -> list[Path]:
    """What of a profile names kfxl, in its name or in its content."""
    return [
        path
        for path in profile.rglob("*")
        if "kfxl" in path.name.lower() or (path.is_file() and b"kfxl" in path.read_bytes().lower())
    ]


def lock(office: Office, host: str) -> Path:
    office.profile.mkdir()
    path = office.profile / ".lock"
    path.write_text(f"[Lockdata]\nUser=ada\nHost={host}\nStamp=1\nIPCServer=true\n")
    return path
