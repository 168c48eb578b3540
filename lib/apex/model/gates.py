"""Growth gates of a young brand: first enough people and purchases to tell whether it works, then money for growth."""

from collections.abc import Mapping, Sequence

import pandas as pd

STAGES = ("validate", "accelerate")


def gates(asked: Sequence[tuple[str, str, float]], seen: Mapping[str, float]) -> pd.DataFrame:
    """Each gate with what was seen. asked: (stage, measure, at least). A measure that is null has not passed.

    Returns stage, measure, target, value (null: not known), passed, in the order asked.
    """
    rows = [
        (stage, measure, target, seen.get(measure), pd.notna(seen.get(measure)) and seen[measure] >= target)
        for stage, measure, target in asked
    ]
    frame = pd.DataFrame(rows, columns=["stage", "measure", "target", "value", "passed"])
    return frame.astype({"target": float, "value": float, "passed": bool})


def standing(passed: pd.DataFrame) -> str:
    """Where the brand stands: `validate` (a gate of that stage is not passed yet), `accelerate` (one of the next), or `open`."""
    for stage in STAGES:
        if not passed.passed[passed.stage == stage].all():
            return stage
    return "open"
