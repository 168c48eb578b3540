"""What `4_wrapup/closing` hands over: how the eve converted, and what the campaign changed."""

from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import trial, windows
from apex.model import conversion, evidence
from apex.model.verdict import Verdict

if TYPE_CHECKING:
    from apex.report.run import Run


def converted(run: "Run") -> pd.DataFrame:
    """How each cell of the eve bought in the window, as far as this run sees it, with intervals."""
    return conversion.rates(windows.results(run.book, [run.brand], [run.seen_window]))


def verdicts(run: "Run", earlier: int) -> dict[tuple[str, str], Verdict]:
    """What the campaign changed, by measure and segment; empty where the data hold no list of who was addressed.

    earlier: at most so many equal windows before the campaign, to test the methods on.
    """
    if not run.campaign.campaign_id or not run.warehouse.has("assignments"):
        return {}
    counted = trial.trial(run.warehouse, run.campaign.campaign_id, run.brand, earlier=earlier, window=run.seen_window)
    return evidence.judge_segments(counted)
