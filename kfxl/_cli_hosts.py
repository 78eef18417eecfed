"""The commands' way to what kfxl does in spreadsheet programs."""

from __future__ import annotations

import importlib
from typing import Any


def host(name: str) -> Any:
    """A module of :mod:`kfxl.hosts`, which nothing else loads."""
    return importlib.import_module(f"kfxl.hosts.{name}")
