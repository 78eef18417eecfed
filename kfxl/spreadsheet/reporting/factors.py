"""The sheets of a report that need factors: returns, betas over time, contributions, fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kfxl.spreadsheet.reporting.model import ReportSheet
from kfxl.spreadsheet.reporting.tables import LEFT, STEP, TOP, over_time, table
from kfxl.spreadsheet.styles import NUMBER, PERCENT, PERCENT_FINE

if TYPE_CHECKING:
    from kfxl.estimation.factor_betas import FactorBetas


def sheets(betas: FactorBetas, returns: pd.DataFrame, factors: pd.DataFrame) -> list[ReportSheet]:
    """All sheets about factors."""
    return [
        factor_returns(returns, factors),
        betas_over_time(betas, returns, factors),
        contributions(betas, returns, factors),
    ]


def factor_returns(returns: pd.DataFrame, factors: pd.DataFrame) -> ReportSheet:
    """Returns of factors and assets, and what 1 invested in each became."""
    both = pd.concat([factors, returns], axis=1)
    growth = (1.0 + both).cumprod().add_suffix(" growth")
    columns = len(factors.columns), len(returns.columns)
    blocks = (
        table("Returns per period", both, PERCENT_FINE),
        table("Growth of 1", growth, NUMBER, (TOP, LEFT + sum(columns) + 2)),
    )
    spans = (
        ("factors", range(1, columns[0] + 1)),
        ("assets", range(columns[0] + 1, sum(columns) + 1)),
    )
    charts = tuple(
        over_time(
            blocks[1],
            1,
            span,
            title=f"Growth of 1 in the {what}",
            y_title="Growth of 1",
            y_format="0.0",
            alt=f"Line chart: what 1 invested in each of the {what} became.",
            anchor=(TOP + (STEP + 3) * place, 0),
            size=(640, 380),
        )
        for place, (what, span) in enumerate(spans)
    )
    return ReportSheet(
        "Factor returns",
        "Returns of factors and assets",
        "As given, per period; missing returns leave gaps.",
        blocks,
        charts,
    )


def betas_over_time(
    betas: FactorBetas, returns: pd.DataFrame, factors: pd.DataFrame
) -> ReportSheet:
    """One table and one chart per factor: the beta of every asset over time."""
    loadings = np.asarray(betas.loadings, dtype=float)
    shape = (len(returns), len(returns.columns), len(factors.columns) + 1)
    cube = loadings.reshape(shape)
    blocks, charts = [], []
    names = ["Alpha", *(str(name) for name in factors.columns)]
    for place, name in enumerate(names):
        frame = pd.DataFrame(cube[:, :, place], index=returns.index, columns=returns.columns)
        left = LEFT + place * (len(returns.columns) + 2)
        is_alpha = place == 0
        block = table(
            f"{name} of each asset", frame, PERCENT_FINE if is_alpha else NUMBER, (TOP, left)
        )
        blocks.append(block)
        charts.append(
            over_time(
                block,
                place,
                range(1, len(returns.columns) + 1),
                title="Alpha per period" if is_alpha else f"Beta to {name}",
                y_title="Alpha" if is_alpha else "Beta",
                y_format="0.0%" if is_alpha else "0.0",
                alt=f"Line chart: {'alpha' if is_alpha else 'beta to ' + name} of each asset.",
                anchor=(TOP + (STEP + 3) * place, 0),
                size=(640, 380),
                # The first rows rest on few data and would flatten the rest.
                skip=len(returns) // 10,
            )
        )
    # Betas are what a reader of this sheet came for: alpha goes last.
    order = charts[1:] + charts[:1]
    placed = tuple(
        replace(chart, anchor=(TOP + (STEP + 3) * place, 0)) for place, chart in enumerate(order)
    )
    return ReportSheet(
        "Betas",
        "Factor betas over time",
        "Kalman-filtered: each row uses data up to its date, with noise variances estimated on "
        "all rows.",
        tuple(blocks),
        placed,
    )


def contributions(betas: FactorBetas, returns: pd.DataFrame, factors: pd.DataFrame) -> ReportSheet:
    """What alpha and each factor contributed in the last period, and the fit of each asset."""
    last = np.asarray(betas.contributions(factors.iloc[-1]), dtype=float)
    names = ["Alpha", *(str(name) for name in factors.columns)]
    parts = pd.DataFrame(last, index=[str(name) for name in returns.columns], columns=names)
    fit = betas.fit.copy()
    fit.index = parts.index
    fit.columns = pd.Index(
        ["R2 in sample", "Error in sample", "R2 one step ahead", "Error one step ahead"]
    )
    blocks = (
        table("Contributions of the last period", parts, PERCENT_FINE, corner="Asset"),
        table(
            "Fit",
            fit,
            (PERCENT, PERCENT_FINE, PERCENT, PERCENT_FINE),
            (TOP, LEFT + len(names) + 2),
            "Asset",
        ),
    )
    charts = (
        over_time(
            blocks[0],
            0,
            range(1, len(names) + 1),
            title="Contributions of the last period",
            y_title="Return",
            y_format="0.0%",
            alt="Stacked columns: what alpha and each factor contributed to the last return.",
            kind="column-stacked",
        ),
        over_time(
            blocks[1],
            1,
            (1, 3),
            title="Fit: share of variance explained",
            y_title="R squared",
            y_format="0%",
            alt="Clustered columns: R squared of each asset in sample and one step ahead.",
            kind="column",
            anchor=(TOP + STEP, 0),
        ),
    )
    return ReportSheet(
        "Contributions",
        "Contributions of the last period and fit",
        "Beta at the last row times the factor's return in that period, alpha beside it.",
        blocks,
        charts,
    )
