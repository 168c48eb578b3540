"""What `3_execute/pacing` knows: the run's plan, what came so far, the paths of both, and what can be changed tomorrow."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import assets, media
from apex.measure import pacing as measure
from apex.measure.peers import main_category
from apex.model import alarms, pacing, pacing_paths, pacing_spread, recovery
from apex.model.alarms import Watched
from apex.model.pacing import Path
from apex.model.pacing_paths import LEVEL, YEAR, Booked, Facts

if TYPE_CHECKING:
    from apex.report.planned import Planned
    from apex.report.run import Run

LINES = ["channel", "phase", "first_day", "last_day", "cost_minor", "impressions"]
STATUS = [
    "metric",
    "to_date",
    "planned",
    "difference",
    "total",
    "low",
    "high",
    "planned_total",
    "alarm",
    "since",
    "size",
    "open",
]
CHANNELS = ["channel", "planned", "spent", "difference", "low", "high", "days"]
BEFORE, WINDOW = "before", "window"  # phases of a campaign that names none
SIZE = 0.2  # the shortfall whose detectability is told by channel


@dataclass(frozen=True)
class Pacing:
    """Everything behind the page. source: where the plan is from (`plan`, `campaign`, `none`)."""

    run: "Run"
    plan: "Planned | None"
    booked: Booked
    facts: Facts
    source: str
    rate: float
    seed: int

    @property
    def today(self) -> date:
        """The last day seen."""
        return self.run.as_of

    @cached_property
    def paths(self) -> dict[str, Path]:
        """impressions, spend, inflow, gmv: those that plan and data allow."""
        return pacing_paths.paths(self.facts, self.booked, self.today)

    @cached_property
    def watched(self) -> dict[str, Watched]:
        """The evidence of each metric that is watched."""
        rates = alarms.limits(list(self.paths), self.rate) if self.paths else {}
        return {name: self.paths[name].watched(rate) for name, rate in rates.items()}

    @cached_property
    def odds(self) -> dict[str, float]:
        """goal, forecast, low, high (80 %) of GMV in the goal's window as things stand, and the odds; empty without goal or
        path.
        """
        goal, path = self.run.campaign.goal.gmv_minor, self.paths.get("gmv")
        if goal is None or path is None:
            return {}
        first, last = self.booked.window
        middle, low, high = path.total(first, last)
        return {"goal": float(goal), "forecast": middle, "low": low, "high": high, "odds": path.odds(goal, first, last)}

    @property
    def planned_odds(self) -> float | None:
        """The odds of the GMV goal with the plan, when it was made."""
        rows = [] if self.plan is None else [g for g in self.plan.goals if g.goal == "gmv_minor"]
        return rows[0].odds_with_plan if rows else None

    @property
    def lead(self) -> str | None:
        """The figure that the page shows first."""
        return next((m for m in ("spend", "gmv") if m in self.paths), None)

    def running(self, metric: str) -> pd.DataFrame:
        """`Path.running` of a metric in whole units."""
        frame = self.paths[metric].running()
        return frame.assign(**{c: frame[c].round() for c in ("plan", "actual", "forecast", "low", "high")})

    def status(self) -> pd.DataFrame:
        """A row a metric (STATUS): sums to date and of the whole campaign with 80 % interval; alarm: its day, null without one.

        since, size: when the shortfall most likely began, and by how much less came until the alarm; open: it still is. Money in
        minor units; fewer people than may be shown are null.
        """
        few = self.run.campaign.privacy_threshold
        rows = []
        for name, path in self.paths.items():
            (came, due), watched, index = path.to_date(), self.watched.get(name), path.expected.index
            said = (came, due, came / due - 1 if due > 0 else np.nan, *path.total(), float(path.expected.sum()))
            hidden = name == "inflow" and min(came, due) < few
            alarm: tuple[object, ...] = (None, None, np.nan, False)
            if watched is not None and watched.rang is not None:
                began = int(watched.began[watched.rang])
                still = bool(watched.evidence[-1] >= watched.limit and path.since(began) < 1)
                alarm = (index[watched.rang], index[began], 1 - path.since(began, watched.rang), still)
            rows.append((name, *((np.nan,) * len(said) if hidden else said), *alarm))
        return pd.DataFrame(rows, columns=STATUS).astype({"open": bool})

    def channels(self) -> pd.DataFrame:
        """A row a channel of the plan's money (CHANNELS): due and spent so far, difference with what chance explains (80 %).

        days: until a shortfall of a fifth is noticed with power 90 %, null where that takes over 60 days.
        """
        if "spend" not in self.paths:
            return pd.DataFrame(columns=CHANNELS)
        due, spent = pacing_paths.by_channel(self.facts, self.booked, self.today, "cost_minor")
        met, shown = pacing_paths.by_channel(self.facts, self.booked, self.today, "impressions")
        spread, seen, rows = self.paths["spend"].spread, len(spent), []
        limit = next(self.watched[m].limit for m in ("impressions", "spend") if m in self.watched)
        for channel in due.columns:
            planned, came = float(due[channel].iloc[:seen].sum()), float(spent[channel].sum())
            if due[channel].sum() <= 0 and came <= 0:
                continue
            contacts = float(met[channel].iloc[:seen].sum()) or float(shown[channel].sum())
            sd = np.sqrt(1 / max(contacts, 1.0) + spread.level**2 + spread.phase**2)
            off = came / planned - 1 if planned > 0 else np.nan
            daily = max(contacts / max(seen, 1), 1e-9)
            days = alarms.days_to_notice(float(np.sqrt(1 / daily + spread.day**2)), SIZE, limit, len(due))
            rows.append((channel, planned, came, off, -pacing.TAIL * sd, pacing.TAIL * sd, days))
        frame = pd.DataFrame(rows, columns=CHANNELS).astype({"days": "Int64"})
        return frame.sort_values("planned", ascending=False, ignore_index=True)

    def lines(self) -> pd.DataFrame:
        """The media page's curves beside what was spent, as `model.recovery` wants them; empty where no money is planned by
        curves.
        """
        if self.plan is None or "spend" not in self.paths:
            return pd.DataFrame(columns=recovery.LINES)
        table = self.run.table("2_plan/media", "budget")
        _, spent = pacing_paths.by_channel(self.facts, self.booked, self.today, "cost_minor")
        names, rows = self.booked.phase.iloc[: len(spent)].to_numpy(), []
        spans = {name: (first, last) for name, first, last in self.booked.phases}
        for row in table.itertuples():
            if row.phase not in spans:
                continue
            first, last = spans[row.phase]
            left = max((last - max(self.today, first - timedelta(days=1))).days, 0) / ((last - first).days + 1)
            came = float(spent.loc[names == row.phase, row.channel].sum()) if row.channel in spent else 0.0
            rows.append((row.phase, row.channel, row.planned, row.planned * left, came, row.gmv_minor, row.low, row.high,
                         row.next_yuan))  # fmt: skip
        return pd.DataFrame(rows, columns=recovery.LINES)

    @cached_property
    def recovery(self) -> recovery.Recovery | None:
        """What to change from tomorrow on; None where nothing is known or left."""
        lines = self.lines()
        return None if lines.empty else recovery.recover(lines, self.seed)

    def stock(self) -> pd.DataFrame:
        """stage, now, planned (on the way from the plan's day to the eve, even), needed (on the eve), year_ago: consumers."""
        run, ids = self.run, list(self.run.book.rules.ids)
        held = assets.stock(run.book, run.brand, self.today, self.today).set_index("stage").consumers
        held.index = held.index.astype(str)
        then, ago = {}, self.today - timedelta(days=YEAR)
        if run.warehouse.first_day <= ago and assets.comparable(run.book, ago, self.today):
            found = assets.stock(run.book, run.brand, ago, ago).set_index("stage").consumers
            then = {str(k): int(v) for k, v in found.items()}
        wanted = {n.stage: n for n in self.plan.needed} if self.plan else {}
        rows = []
        for stage in ids:
            need = wanted.get(stage)
            goal = None if need is None or need.needed is None else need.needed
            on_way = None
            if self.plan and need is not None and goal is not None and need.stock_now is not None:
                whole = max((self.plan.eve - self.plan.as_of).days, 1)
                share = min(max((self.today - self.plan.as_of).days, 0) / whole, 1.0)
                on_way = round(need.stock_now + share * (goal - need.stock_now))
            rows.append(
                (stage, int(held.get(stage, 0)), on_way, None if goal is None else round(goal), then.get(stage))
            )
        frame = pd.DataFrame(rows, columns=["stage", "now", "planned", "needed", "year_ago"])
        return frame.astype(dict.fromkeys(["now", "planned", "needed", "year_ago"], "Int64"))

    def inflow(self) -> pd.DataFrame:
        """stage, risen (to it, in the plan's days so far), expected (as in last year's days, grown, or the last weeks):
        consumers.
        """
        run, seen = self.run, self.booked.index[self.booked.index <= self.today]
        came = self.facts.risen.reindex(seen).fillna(0).sum()
        rows = []
        for stage in run.book.rules.ids:
            one = Facts(self.facts.delivered, self.facts.sold, self.facts.market, self.facts.risen[[stage]])
            path = pacing_paths.inflow_path(one, self.booked, self.today)
            rows.append((stage, int(came[stage]), None if path is None else round(path.to_date()[1])))
        return pd.DataFrame(rows, columns=["stage", "risen", "expected"]).astype(
            {"risen": "Int64", "expected": "Int64"}
        )


def study(run: "Run", rate: float, tolerance: float, seed: int) -> Pacing:
    """The campaign's pacing as of the run's day. rate: false alarms a campaign; tolerance: a lasting difference that is none."""
    plan = run.planned
    booked, source = _booked(run, plan, tolerance)
    since = max(run.warehouse.first_day, booked.first - timedelta(days=YEAR + LEVEL + 1))
    risen = measure.risen(run.book, run.brand, since, run.as_of)
    category = main_category(run.warehouse, run.brand, run.as_of)
    facts = Facts(
        measure.delivered(run.warehouse, run.brand, max(since, booked.first - timedelta(days=YEAR)), run.as_of),
        measure.sold(run.warehouse, run.brand, since, run.as_of),
        measure.market(run.warehouse, category, since, run.as_of), risen,
    )  # fmt: skip
    return Pacing(run, plan, booked, facts, source, rate, seed)


def _booked(run: "Run", plan: "Planned | None", tolerance: float) -> tuple[Booked, str]:
    campaign = run.campaign
    phases = campaign.phases.days()
    first = min(
        (f for _, f, _ in phases), default=campaign.as_of_for("plan", run.warehouse.facts.last_day) + timedelta(days=1)
    )
    last = max([campaign.window[1], *(last for *_, last in phases)])
    if not phases:
        phases = [(WINDOW, *campaign.window)]
        if first <= campaign.eve:
            phases = [(BEFORE, first, campaign.eve), *phases]
    forecast = None
    if plan is not None:
        for goal in plan.goals:
            if goal.goal == "gmv_minor" and None not in (goal.forecast, goal.low, goal.high):
                forecast = (float(goal.forecast or 0), float(goal.low or 0), float(goal.high or 0))
        lines, source = _of_plan(run, plan, phases), "plan"
    else:
        lines, source = _of_file(run, phases), "campaign"
    source = source if len(lines) or plan is not None else "none"
    return Booked(lines, phases, first, last, campaign.window, forecast, tolerance), source


def _of_plan(run: "Run", plan: "Planned", phases: pacing.Phases) -> pd.DataFrame:
    """The lines of plan.yml; contacts that money buys are those of the media page, where it knows them."""
    spans = {name: (first, last) for name, first, last in phases} | dict(plan.act.phases)
    known: dict[tuple[str | None, str], tuple[float, float]] = {}
    if any(line.budget_minor for line in plan.act.media):
        table = run.table("2_plan/media", "budget")
        known = {(r.phase, r.channel): (float(r.contacts), float(r.planned)) for r in table.itertuples()}
    rows = []
    for line in plan.act.media:
        first, last = spans.get(
            line.phase or "", (line.first_day or plan.act.first_day, line.last_day or plan.act.last_day)
        )
        # a line of two messages names the days of its half of a phase
        phase = line.phase or next((p for p, (a, e) in spans.items() if a <= first and last <= e), "")
        contacts, money = known.get((phase, line.channel), (np.nan, 1.0))
        bought = contacts * (float(line.budget_minor or 0) / money)
        shown = bought if line.impressions is None else float(line.impressions)
        rows.append((line.channel, phase, first, last, float(line.budget_minor or 0), shown))
    return pd.DataFrame(rows, columns=LINES).astype({"impressions": float})


def _of_file(run: "Run", phases: pacing.Phases) -> pd.DataFrame:
    """Without a plan: the campaign file's budget as the earlier campaign's money ran over channels and phases, at its prices."""
    budget, earlier = run.campaign.budget_minor, next(iter(run.campaign.compare), None)
    spent = media.by_phase(run.warehouse, run.brand, earlier)
    spent = spent[spent.phase.isin([name for name, *_ in phases]) & (spent.cost_minor > 0)]
    if budget is None or spent.empty:
        return pd.DataFrame(columns=LINES)
    times = budget / float(spent.cost_minor.sum())
    spans = {name: (first, last) for name, first, last in phases}
    rows = [
        (r.channel, r.phase, *spans[r.phase], float(r.cost_minor) * times, float(r.impressions) * times)
        for r in spent.itertuples()
    ]
    return pd.DataFrame(rows, columns=LINES)


def weekday_range(study_: Pacing) -> float:
    """How much the best weekday has over the worst, in what media delivered before the campaign."""
    rows = study_.facts.delivered[study_.facts.delivered.day < study_.booked.first]
    if rows.empty:
        return 0.0
    index = measure.days(rows.day.min(), study_.booked.first - timedelta(days=1))
    daily = rows.groupby("day").impressions.sum().reindex(index).fillna(0)
    factors = pacing_spread.weekdays(daily)
    return max(factors.values()) / max(min(factors.values()), 1e-9) - 1
