"""``python3 -m tests.benchmarks [WORD ...]``: the measurements whose names hold a word, or all.

With ``--readme`` the table goes into the README, too.
``python3 -m tests.benchmarks evidence``: which settings predict best, in :mod:`.evidence`.
Installs nothing: contenders whose packages are missing are listed and left out.
"""

from __future__ import annotations

import sys


def main(words: list[str]) -> int:
    """Measure, print one table, and return 1 if something took longer than it may."""
    try:
        from tests.benchmarks import (
            backtests,
            betas,
            filters,
            imports,
            mean_variance,
            ranges,
            risk_budgets,
        )
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error}; run it with an interpreter that has kfxl's packages\n")
        return 1
    from tests.benchmarks.frame import measure_apart, table
    from tests.benchmarks.readme import README, put

    if words[:1] == ["evidence"]:
        from tests.benchmarks import evidence

        return evidence.main(words[1:])
    write = "--readme" in words
    words = [word for word in words if word != "--readme"]
    outcomes = []
    for source in (filters, betas, risk_budgets, mean_variance, backtests, ranges, imports):
        for measurement in source.measurements():
            if not words or any(word.lower() in measurement.name.lower() for word in words):
                sys.stderr.write(f"{measurement.name} ...\n")
                outcomes.append(measure_apart(measurement))
    text = table(outcomes)
    sys.stdout.write(f"{text}\n")
    if write:
        put(text, "benchmarks", README)
    return int(any(o.over_limit(timing) for o in outcomes for timing in o.timings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
