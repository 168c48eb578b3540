"""What `4_wrapup/closing` hands over: how the eve converted, what the campaign changed, and both as a lesson."""

from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import trial, windows
from apex.model import conversion, evidence
from apex.model.verdict import Verdict, in_short
from apex.report.lesson import Lesson
from apex.report.upstream import knobs

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


def lesson_of(campaign: str) -> Lesson:
    """The lesson of a campaign, computed without rendering its report."""
    from apex.report.run import Run

    run = Run(campaign, "4_wrapup/closing", alone=True)
    answer = verdicts(run, knobs(run, "4_wrapup/closing")["earlier"]).get(("gmv_minor", "all"))
    return run.teach(converted(run), in_short(answer))
