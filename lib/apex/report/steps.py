"""Answers that more than one notebook asks for: read from this run, or computed here by the same functions.

A notebook that needs an earlier one's table runs by itself in JupyterLab and under nbval: what is not there is computed, with
the knobs that the earlier notebook would have had (its parameters cell and the campaign's settings).
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.files import ROOT
from apex.measure import assets, crowds, peers, trial, windows
from apex.measure import history as past
from apex.model import backtest, conversion, evidence, goal
from apex.model.learned import Learned
from apex.model.verdict import Verdict
from apex.report.lesson import Lesson
from apex.report.notebooks import discover
from apex.show.say import closing as say_closing

if TYPE_CHECKING:
    from apex.report.run import Run


def history(run: "Run", cohort: int) -> past.History:
    """The past of this brand and of the `cohort` largest others, as this run's day knows it, for windows like the goal's."""
    largest = peers.largest(run.warehouse, cohort, run.campaign.peers.exclude)
    brands = list(dict.fromkeys([run.brand, *largest]))
    return past.history(run.book, brands, run.as_of, (run.campaign.eve - run.as_of).days, run.window_days)


def plan(
    run: "Run", seen: past.History, bought: goal.Bought, lessons: list[Lesson], seed: int
) -> "goal.GoalPlan | goal.CannotSay":
    """The stock needed on the eve for the campaign's goal, informed by lessons. ApexError where the campaign has no goal."""
    if run.campaign.goal.gmv_minor is None:
        raise ApexError(
            f"{run.campaign.file.name}: goal.gmv_minor is missing; without a goal there is nothing to plan for."
        )
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
    return in_order(run, table)


def in_order(run: "Run", frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its column `stage` as cells in order (none, O, then the stages, shallow to deep) and whole people."""
    people = [c for c in ("then", "needed", "kept", "to_gather") if c in frame and c in frame.select_dtypes("float")]
    whole = {c: np.ceil(frame[c].round(6)).astype("Int64") for c in people}
    return frame.assign(stage=frame.stage.astype(str).astype(windows.cell_type(run.book)), **whole)


def comparison_eve(run: "Run") -> date | None:
    """The eve of the campaign that this one is held against, where the data know it."""
    if not run.campaign.compare or not run.warehouse.has("campaigns"):
        return None
    campaigns = run.warehouse.table("campaigns")
    found = campaigns.filter(campaigns.campaign_id == run.campaign.compare[0]).first_day.execute()
    return None if found.empty else pd.Timestamp(found.iloc[0]).date() - timedelta(days=1)


def earlier_stock(run: "Run", lead: int) -> dict[str, float]:
    """The brand's stock by cell as long before the comparison campaign's eve; empty where the days do not compare."""
    eve = comparison_eve(run)
    if eve is None or not run.warehouse.first_day <= (day := eve - timedelta(days=lead)) <= run.as_of:
        return {}
    if not assets.comparable(run.book, day, run.as_of):
        return {}
    held = windows.stocks(run.book, [run.brand], [day])
    return dict(zip(held.cell.astype(str), held.consumers.astype(float), strict=True))


def benchmark_pace(run: "Run", same: peers.Peers, lead: int) -> dict[str, float]:
    """How much of its eve's stock the mean of the five best peers held `lead` days before the comparison campaign's eve."""
    eve = comparison_eve(run)
    if eve is None or not same.enough or not run.warehouse.first_day <= eve - timedelta(days=lead) or eve > run.as_of:
        return {}
    shares = windows.build_up(run.book, same.best, eve, lead)
    means = shares.groupby("cell", observed=True).share.mean().dropna()
    return {str(cell): float(share) for cell, share in means.items()}


def tested(run: "Run", cohort: int, first: str) -> pd.DataFrame:
    """The back-test of the forecast on windows that had ended by this run's day; see `apex.model.backtest.backtest`.

    first: the first window's first day (ISO), or "" to count seven windows back from the run's day. Windows with too little
    before them are left out; the frame is empty where none is left.
    """
    start = date.fromisoformat(first) if first else run.as_of + timedelta(days=1 - past.STEP * backtest.WINDOWS)
    day = backtest.grid_day(run.as_of, start)
    largest = peers.largest(run.warehouse, cohort, run.campaign.peers.exclude)
    brands = list(dict.fromkeys([run.brand, *largest]))[: max(cohort, 1)]
    seen = past.history(run.book, brands, day, past.STEP, run.window_days)
    earliest = run.warehouse.first_day + timedelta(days=run.window_days // 2 + past.STEP)  # so much is looked back on
    starts = [s for s in backtest.windows_until(day, start, run.window_days) if s >= earliest]
    if not starts:
        return pd.DataFrame(columns=[*backtest.TABLE[:3], "lead", *backtest.TABLE[3:]])
    return backtest.backtest(seen, starts)


def main_category(run: "Run") -> str | None:
    """The brand's main category as this run's day knows it; None for a brand that has sold nothing yet."""
    found = peers.main_categories(run.warehouse, [run.as_of], [run.brand])
    return None if found.empty else str(found.category.iloc[0])


def crowd_sizes(tally: crowds.Tally, people: pd.DataFrame, rules: crowds.Crowds) -> pd.DataFrame:
    """crowd, consumers (all who are in it), holdout (those of them who are held out), in the order of the file.

    people: one row a consumer, with a boolean column per crowd and held_out.
    """
    sizes = crowds.sizes(tally)
    held = [int((people[name] & people.held_out).sum()) for name in sizes.crowd]
    return sizes.assign(holdout=held, crowd=pd.Categorical(sizes.crowd, rules.names, ordered=True))


def crowd_worth(tally: crowds.Tally, needed: pd.DataFrame, sized: pd.DataFrame) -> pd.DataFrame:
    """crowd, worth_minor: what each crowd brings by itself at the plan's conversion and value.

    needed: the plan's table; worth is null for a crowd with people at a stage without a rate (all, where there is no plan), and
    for one whose size `sized` (crowd, suppressed) hides.
    """
    rate = needed.set_index("stage").conversion.astype(float) * needed.set_index("stage").value_minor.astype(float)
    there = crowds.by_stage(tally)
    there["worth"] = there.consumers * there.stage.astype(str).map(rate)
    found = there.groupby("crowd").worth.agg(lambda w: w.sum(skipna=False))
    worth = sized.crowd.astype(str).map(found).fillna(0.0 if len(needed) else np.nan)
    worth = worth.mask(sized.crowd.astype(str).isin(found.index[found.isna()]) | sized.suppressed)
    return pd.DataFrame({"crowd": sized.crowd, "worth_minor": worth.round().astype("Int64")})


def candidates(run: "Run", people: pd.DataFrame, needed: pd.DataFrame) -> pd.DataFrame:
    """For each planned stage its gap, and how many addressed consumers could close it: stage, gap, below (null: too few).

    Below are those of our audiences who stand one cell below the stage, or at it and in a crowd of those about to leave it.
    """
    cells = list(windows.cell_type(run.book).categories)
    mine = people[people.crowd.notna() & ~people.held_out]
    rows = []
    for row in needed[needed.gap.notna()].itertuples():
        at = cells.index(row.stage)
        n = int((mine.stage.isin(cells[max(at - 1, 0) : at]) | ((mine.stage == row.stage) & mine.leaving)).sum())
        rows.append((row.stage, int(row.gap), n if n == 0 or n >= run.campaign.privacy_threshold else None))
    return pd.DataFrame(rows, columns=["stage", "gap", "below"]).astype({"below": "Int64"})


def leaving(run: "Run", consumer_id: pd.Series, days: int) -> pd.Series:
    """Whether each consumer leaves the present stage within `days` days unless something happens (the open book knows)."""
    held = run.book.open_book(run.as_of, [run.brand])
    until = held["expires"].to_pandas()
    ends = pd.Series(
        [e[s - 1] for e, s in zip(until, held["stage"].to_pylist(), strict=True)], held["consumer_id"].to_pylist()
    )
    soon = ends.dropna() <= run.as_of + timedelta(days=days)
    return consumer_id.map(soon).fillna(False).astype(bool)


def traits(run: "Run") -> pd.DataFrame:
    """The consumers' traits of the canonical table that anybody has: consumer_id and one column a trait."""
    frame = run.warehouse.table("consumers").execute()
    return frame[["consumer_id", *[c for c in frame.columns[1:] if frame[c].notna().any()]]]


def converted(run: "Run") -> pd.DataFrame:
    """How each cell of the eve bought in the window, as far as this run sees it, with intervals."""
    return conversion.rates(windows.results(run.book, [run.brand], [run.seen_window]))


def verdicts(run: "Run", earlier: int) -> dict[tuple[str, str], Verdict]:
    """What the campaign changed, by measure and segment; empty where the data hold no list of who was addressed."""
    if not run.campaign.campaign_id or not run.warehouse.has("assignments"):
        return {}
    counted = trial.trial(run.warehouse, run.campaign.campaign_id, run.brand, earlier=earlier, window=run.seen_window)
    return evidence.judge_segments(counted)


def lesson_of(campaign: str) -> Lesson:
    """The lesson of a campaign, computed without rendering its report."""
    from apex.report.run import Run

    run = Run(campaign, "4_wrapup/closing", alone=True)
    answer = verdicts(run, knobs(run, "4_wrapup/closing")["earlier"]).get(("gmv_minor", "all"))
    return run.teach(converted(run)[list(say_closing.LEARNED)], say_closing.effect(answer))


def upstream(run: "Run", notebook: str, name: str) -> pd.DataFrame:
    """A table that an earlier notebook keeps, computed as it does."""
    from apex.report.run import Run

    known = {("2_plan/goal", "needed"): _needed}
    if (notebook, name) not in known:
        names = [f"{n} {t}" for n, t in known]
        raise ApexError(f'There is no table "{name}" of {notebook} to read.{nearest(f"{notebook} {name}", names)}')
    return known[notebook, name](Run(run.campaign.reference, notebook, alone=True))


def _needed(run: "Run") -> pd.DataFrame:
    knob = knobs(run, "2_plan/goal")
    made = plan(run, history(run, knob["cohort"]), goal.Bought(*knob["bought"]), run.lessons(), knob["seed"])
    return needed(run, made).astype({"stage": str})


def knobs(run: "Run", notebook: str) -> dict[str, Any]:
    """What a notebook's parameters are in this campaign: its parameters cell, overruled by the campaign's settings."""
    defaults = {n.id: n.defaults for n in discover(ROOT / "notebooks")}[notebook]
    return {**defaults, **run.campaign.settings.get(notebook, {})}
