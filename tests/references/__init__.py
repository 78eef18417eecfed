"""Reference numbers with provenance: see README.md in this folder."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

FOLDER = Path(__file__).parent


def table(name: str) -> pd.DataFrame:
    """The table ``name``.csv, all 17 digits kept."""
    texts = pd.read_csv(FOLDER / f"{name}.csv", dtype=str)
    return texts.apply(lambda c: c.astype(int if c.str.isdigit().all() else float))


def record(name: str) -> dict[str, Any]:
    """The record ``name``.json."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text()))
