"""A worksheet function against an answer that everybody can check by hand."""

from __future__ import annotations

# Assets of 10 % and 20 % volatility without correlation: risk parity weighs them 2 to 1.
KNOWN_COVARIANCE = [[0.01, 0.0], [0.0, 0.04]]
KNOWN_WEIGHTS = (2.0 / 3.0, 1.0 / 3.0)


def self_test() -> str:
    """Compute risk-parity weights; in words that they are right.

    Raises
    ------
    ArithmeticError
        They are wrong.

    Examples
    --------
    >>> self_test()
    'risk parity gives the known answer'
    """
    from kfxl.spreadsheet.functions import FUNCTIONS

    (found,) = FUNCTIONS["RISK_PARITY_WEIGHTS"](KNOWN_COVARIANCE)
    gap = max(abs(a - b) for a, b in zip(found, KNOWN_WEIGHTS, strict=True))
    if gap > 1e-9:
        raise ArithmeticError(f"risk parity gives {found} and should give 2/3 and 1/3")
    return "risk parity gives the known answer"
