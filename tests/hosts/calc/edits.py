"""Edits of the template, as its users make them, and what must come of its checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Change = tuple[str, str, Any]
NEXT_MONTH = 42826.0
NEXT_RETURNS = [NEXT_MONTH, *(0.01 * ((7 * i) % 5 - 2) for i in range(12))]
NEXT_FACTORS = [NEXT_MONTH, 0.0123, -0.0042, 0.0077, 0.0031]
END_OF_2010 = 40513.0


@dataclass(frozen=True)
class Edit:
    """Cells to change, whether every check must hold afterwards, and a text that cells show."""

    name: str
    changes: tuple[Change, ...]
    fine: bool = True
    text: str = ""


def settings(*changes: tuple[str, Any]) -> tuple[Change, ...]:
    """Cells of the sheet of settings."""
    return tuple(("Settings", cell, value) for cell, value in changes)


def cells(sheet: str, row: int, values: list[float]) -> tuple[Change, ...]:
    """A row of a sheet, from its first column on."""
    return tuple((sheet, f"{chr(65 + i)}{row}", value) for i, value in enumerate(values))


EDITS = [
    Edit("a return", (("Returns", "C100", 0.05),)),
    Edit("a blanked return", (("Returns", "D50", None),)),
    Edit("a blanked last return", (("Returns", "M241", None),)),
    Edit("a factor return", (("Factors", "B241", -0.08),)),
    Edit(
        "a text among the returns",
        (("Returns", "E60", "n.a."),),
        fine=False,
        text='#KFXL! returns: text "n.a." in row 60',
    ),
    Edit("an error among the returns", (("Returns", "F70", "#DIV/0!"),), fine=False),
    Edit("a missing value among the returns", (("Returns", "F70", "#N/A"),), fine=False),
    Edit(
        "another row of data",
        cells("Returns", 242, NEXT_RETURNS) + cells("Factors", 242, NEXT_FACTORS),
    ),
    Edit(
        "another asset",
        (("Returns", "N1", "New"), ("Returns", "N2", 0.01), ("Returns", "N3", 0.02)),
        fine=False,
        text="#KFXL! data have 13 assets, sheet is fitted to 12: Fit workbook",
    ),
    Edit("risk aversion", settings(("B14", 12))),
    Edit("trading cost and weights held", settings(("B15", 0.004), ("B16", 3), ("B17", "Yes"))),
    Edit("a minimum return", settings(("B19", 0.008))),
    Edit(
        "a minimum return that no asset has",
        settings(("B19", 0.5)),
        fine=False,
        text="#KFXL! minimum_return: ",
    ),
    Edit("lookback", settings(("B21", 36))),
    Edit("all rows for covariances", settings(("B21", "auto"))),
    Edit("covariance method", settings(("B22", "oas"))),
    Edit("half-life of weighted covariances", settings(("B22", "ewma"), ("B23", 24))),
    Edit("noise Textbook", settings(("B25", "Textbook"))),
    Edit(
        "noise Manual",
        settings(("B25", "Manual"), ("B27", 0.98), ("B28", 1e-6), ("B31", 1e-5), ("B32", 4e-4)),
    ),
    Edit("calibration per asset", settings(("B26", "per-asset"))),
    Edit("a budget", settings(("G6", 0.3))),
    Edit("a budget of 0", settings(("G7", 0))),
    Edit("a negative budget", settings(("G5", -0.2)), fine=False, text="#KFXL! budgets: "),
    Edit("a maximum weight", settings(*((f"I{row}", 0.1) for row in range(5, 17)))),
    Edit("a minimum weight", settings(("H9", 0.05))),
    Edit("bounds without room", settings(("H5", 1.2)), fine=False, text="#KFXL! "),
    Edit("as of", settings(("B11", END_OF_2010))),
    Edit("weights to track", settings(("B34", "Mean-variance"), ("B35", 36), ("B36", 1e-3))),
    Edit("the asset to show", settings(("B39", "Money"))),
    Edit(
        "a setting of the wrong kind",
        settings(("B14", "high")),
        fine=False,
        text="#KFXL! risk_aversion: ",
    ),
]
