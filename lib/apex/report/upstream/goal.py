"""What `2_plan/goal` hands over: the stock needed on the eve."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.measure import history as past
from apex.measure import peers, same_days, windows
from apex.model import backtest, goal, yearly
from apex.model.learned import Learned
from apex.model.lessons import discounted
from apex.report.lesson import Conversion, Lesson
from apex.report.lesson import once as once_each
from apex.report.upstream import goal_inputs, knobs, once

if TYPE_CHECKING:
    from apex.report.run import Run
    from apex.report.upstream.goal_study import Study


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
    learned = taught(lessons)
    bought = goal_inputs.informed(run, seen, bought, lessons)
    rng = np.random.default_rng(seed)
    return goal.plan(
        seen, run.brand, run.campaign.goal.gmv_minor, rng, bought=bought, learned=learned,
        outlook=goal_inputs.outlook_of(run, seen, seed),
    )  # fmt: skip


def taught(lessons: Sequence[Lesson]) -> list[Learned]:
    """The conversions of every campaign that these lessons know of, each once, an older one discounted as its lesson says."""
    told, out = once_each(lessons), []
    for known in told:
        cells = pd.DataFrame([c.model_dump() for c in known.conversion], columns=list(Conversion.model_fields))
        cells = discounted(cells, known.as_of, told[-1].as_of, lessons[-1].half_life_days)
        out.append(Learned(known.campaign, (known.window[1] - known.window[0]).days + 1, cells))
    return out


def needed(run: "Run", made: "goal.GoalPlan | goal.CannotSay") -> pd.DataFrame:
    """The table `needed` of a plan, in the order of the cells; empty where nothing can be said."""
    table = made.needed(run.campaign.eve) if isinstance(made, goal.GoalPlan) else pd.DataFrame(columns=goal.NEEDED)
    return windows.in_order(run.book, table)


def tested(run: "Run", seen: "past.History | None", cohort: int, first: str) -> pd.DataFrame:
    """How far off such forecasts were, in the frame of `backtest.backtest`, as far as the scores over other brands may be shown.

    Where the forecast comes from the same days of earlier years, these are what is tested. Else windows of the grid, from `first`
    (ISO) on, "" counted back from the plan's day.
    """
    if seen is not None and len(years := yearly.backtest(goal_inputs.years_of(run, seen))):
        window = {y: tuple(same_days.earlier(d, int(y)) for d in run.campaign.window) for y in years.year.unique()}
        frame = years.assign(
            lead=0, window_start=[window[y][0] for y in years.year], window_end=[window[y][1] for y in years.year]
        )
        frame["method"] = pd.Categorical(frame.method, yearly.METHODS, ordered=True)
        return backtest.poolable(frame[[*backtest.TABLE[:3], "lead", *backtest.TABLE[3:]]], run.brand)
    start = date.fromisoformat(first) if first else None
    day, starts = backtest.possible(run.as_of, run.warehouse.first_day, run.window_days, start)
    brands = peers.cohort(run.warehouse, run.brand, cohort, run.campaign.peers.exclude)[: max(cohort, 1)]
    ended = past.history(run.book, brands, day, past.STEP, run.window_days) if starts else None
    return backtest.poolable(backtest.backtest(ended, starts), run.brand)


def kept(run: "Run") -> pd.DataFrame:
    """The table `needed` of a run of that notebook, with its own knobs."""
    return needed(run, _with_knobs(run)[1]).astype({"stage": str})


def study(run: "Run") -> "Study | None":
    """The goals of a run of that notebook, with its own knobs; None where nothing can be said."""
    from apex.report.upstream.goal_study import Study

    seen, made = _with_knobs(run)
    if seen is None or not isinstance(made, goal.GoalPlan):
        return None
    return Study(run, seen, made, knobs(run, "2_plan/goal")["seed"])


def _with_knobs(run: "Run") -> "tuple[past.History | None, goal.GoalPlan | goal.CannotSay]":
    def make() -> "tuple[past.History | None, goal.GoalPlan | goal.CannotSay]":
        knob = knobs(run, "2_plan/goal")
        seen = history(run, knob["cohort"])
        return seen, plan(run, seen, goal.Bought(*knob["bought"]), run.lessons(), knob["seed"])

    return once(run, "the goal's plan", make)


def foretold(run: "Run") -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a run of that notebook foretold: goal, forecast, low, high; and its table `needed`.

    Read where this run has them; else computed, without the odds that purchases add.
    """
    folder = run.folder / "tables"
    if all((folder / f"2_plan-goal.{name}.parquet").exists() for name in ("goals", "needed")):
        return run.table("2_plan/goal", "goals"), run.table("2_plan/goal", "needed")
    from apex.report.run import Run

    planner = Run(run.campaign.reference, "2_plan/goal", alone=True)
    seen, made = _with_knobs(planner)
    table = needed(planner, made).astype({"stage": str})
    columns = ["goal", "forecast", "low", "high"]
    if seen is None or not isinstance(made, goal.GoalPlan):
        return pd.DataFrame(columns=columns), table
    from apex.report.upstream.goal_study import Study

    told = Study(planner, seen, made, knobs(planner, "2_plan/goal")["seed"])
    rows = [(m, told.outlook.middle(m), *told.outlook.interval(m)) for m in told.targets]
    few = run.campaign.privacy_threshold
    return pd.DataFrame([r for r in rows if r[0] == "gmv_minor" or r[1] >= few], columns=columns), table


def no_way() -> pd.DataFrame:
    """The table `way` where nothing can be said."""
    from apex.report.upstream.goal_study import WAY

    return pd.DataFrame(columns=WAY)


def where_shown(frame: pd.DataFrame, like: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame without the numbers in `columns` of stages that `like`, a kept table, suppresses; with `suppressed`."""
    gone = set(like.loc[like.suppressed, "stage"].astype(str))
    hidden = frame.stage.astype(str).isin(gone)
    shown = {c: frame[c].astype("Float64").mask(hidden) for c in columns}
    return frame.assign(**shown, suppressed=hidden)
