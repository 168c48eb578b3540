"""What `2_plan/goal` hands over: the stock needed on the eve."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.measure import history as past
from apex.measure import peers, windows
from apex.model import goal
from apex.model.learned import Learned
from apex.report.lesson import Lesson
from apex.report.upstream import knobs

if TYPE_CHECKING:
    from apex.report.run import Run


def history(run: "Run", cohort: int) -> past.History | None:
    """The past of this brand and of the `cohort` largest others, as this run's day knows it, for windows like the goal's.

    None where the goal's window is too short to be planned for.
    """
    if run.window_days < past.SHORTEST:
        return None
    brands = peers.cohort(run.warehouse, run.brand, cohort, run.campaign.peers.exclude)
    return past.history(run.book, brands, run.as_of, (run.campaign.eve - run.as_of).days, run.window_days)


def plan(
    run: "Run", seen: past.History | None, bought: goal.Bought, lessons: Sequence[Lesson], seed: int
) -> "goal.GoalPlan | goal.CannotSay":
    """The stock needed on the eve for the campaign's goal, informed by lessons. ApexError where the campaign has no goal."""
    if run.campaign.goal.gmv_minor is None:
        raise ApexError(
            f"{run.campaign.file.name}: goal.gmv_minor is missing; without a goal there is nothing to plan for."
        )
    if seen is None:
        return goal.CannotSay(run.brand, "short_window")
    learned = []
    for known in lessons:
        cells = pd.DataFrame([c.model_dump() for c in known.conversion])
        learned.append(Learned(known.campaign, (known.window[1] - known.window[0]).days + 1, cells))
        if known.bought is not None:
            bought = bought.informed_by(goal.Bought(known.bought.m, known.bought.low, known.bought.high))
    rng = np.random.default_rng(seed)
    return goal.plan(seen, run.brand, run.campaign.goal.gmv_minor, rng, bought=bought, learned=learned)


def needed(run: "Run", made: "goal.GoalPlan | goal.CannotSay") -> pd.DataFrame:
    """The table `needed` of a plan, in the order of the cells; empty where nothing can be said."""
    table = made.needed(run.campaign.eve) if isinstance(made, goal.GoalPlan) else pd.DataFrame(columns=goal.NEEDED)
    return windows.in_order(run.book, table)


def kept(run: "Run") -> pd.DataFrame:
    """The table `needed` of a run of that notebook, with its own knobs."""
    knob = knobs(run, "2_plan/goal")
    made = plan(run, history(run, knob["cohort"]), goal.Bought(*knob["bought"]), run.lessons(), knob["seed"])
    return needed(run, made).astype({"stage": str})
