"""The cases of ``cell_cases.json``, decoded; every host's tests use the same ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cell_cases.json")


def _decoded(item: dict[str, Any]) -> Any:
    return datetime.fromisoformat(item["datetime"]) if set(item) == {"datetime"} else item


def cases(section: str) -> list[Any]:
    """The cases of a section, ``ranges`` or ``calls``."""
    found: list[Any] = json.loads(FILE.read_text(encoding="utf-8"), object_hook=_decoded)[section]
    return found


def case_name(case: dict[str, Any]) -> str:
    """What pytest calls a case."""
    return str(case["name"])
