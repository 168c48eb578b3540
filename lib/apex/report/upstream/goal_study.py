"""What `2_plan/goal` knows of its goals: odds of each and of all, the way to them, what they hang on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import bought_stock, pace, windows
from apex.measure.touches import purchase_stages
from apex.model import bought as bought_model
from apex.model import goal, levers
from apex.model import way as ways
from apex.model.inflow import by_phase
from apex.model.outlook import Outlook, of_plan
from apex.report.upstream import goal_inputs
from apex.report.upstream import moves as currency

if TYPE_CHECKING:
    from apex.measure.history import History
    from apex.measure.peers import Peers
    from apex.report.run import Run

GOALS = ["goal", "target", "forecast", "low", "high", "odds", "odds_with_plan"]
WAY = ["stage", "channel", "people", "cost_minor", "low", "high", "phase"]
PHASE_OF = {
    "none": "build-up",
    "O": "build-up",
    "A": "presale",
    "I": "warm-up",
}  # whom a phase is for; deeper ones: the burst
CURVE = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5)  # of the goal
BACK = 7  # weeks of the pace chart
MONEY = 0.5  # money of the plan more or less, in the tornado


@dataclass(frozen=True)
class Study:
    """Everything behind the page but the plan's cells. plan: of `upstream.goal.plan`."""

    run: "Run"
    seen: "History"
    plan: goal.GoalPlan
    seed: int

    @cached_property
    def outlook(self) -> Outlook:
        """What the window may bring without further purchases."""
        found = goal_inputs.outlook_of(self.run, self.seen, self.seed)
        rng = np.random.default_rng(self.seed)
        return found or of_plan(self.plan.forecast, self.plan.low, self.plan.high, rng)

    @property
    def targets(self) -> dict[str, int]:
        """The campaign's goals that can be forecast."""
        return {m: v for m, v in self.run.campaign.goal.targets.items() if m in self.outlook.measures}

    @property
    def silent(self) -> list[str]:
        """Goals that the data cannot forecast."""
        return [m for m in self.run.campaign.goal.targets if m not in self.outlook.measures]

    @cached_property
    def moves(self) -> pd.DataFrame:
        """What a contact adds, by stage and channel."""
        return currency.moves(self.run)

    @cached_property
    def stock(self) -> bought_stock.BoughtStock | None:
        """The stock that the earlier campaign's media bought."""
        return goal_inputs.earlier_stock(self.run)

    @cached_property
    def lift(self) -> bought_model.Lift | None:
        """What as much money as the earlier campaign's would add, x = 1; None where that money or whom it met is not known."""
        return goal_inputs.lift_of(self.run, self.seen, self.plan.bought, self.stock)

    @cached_property
    def options(self) -> pd.DataFrame:
        """What can be bought until the window ends."""
        cells = self.plan.cells.set_index("stage")
        days = (self.run.campaign.window[1] - self.run.as_of).days
        back = sum((last - first).days + 1 for first, last in currency.spans(self.run))
        return ways.options(
            self.moves, self.people, cells.value_minor.to_dict(), self.deep, max(days, 1), max(back, 1), self.worth
        )

    @property
    def people(self) -> dict[str, float]:
        """Whom there is to meet, by stage: the eve's forecast without those at no stage and no chance."""
        return {str(r.stage): float(r.stock_forecast) for r in self.plan.cells.itertuples() if r.stage != "none"}

    @property
    def deep(self) -> tuple[str, ...]:
        """Stages that take a purchase."""
        return tuple(purchase_stages(self.run.book.rules))

    @cached_property
    def worth(self) -> float:
        """What bought contacts bring beside what moves say of contacts.

        Where the earlier campaign's money is known: so much that as many contacts again as it bought bring what `lift` says of
        the first of them. Else bought contacts convert at m of what contacts are credited with.
        """
        if self.lift is None or self.stock is None or not len(self.moves):
            return self.plan.bought.m
        rows = self.moves[self.moves.channel != "all"]
        back = sum((last - first).days + 1 for first, last in currency.spans(self.run))
        days = (self.stock.last_day - self.stock.first_day).days + 1
        said = float((rows.gmv_extra_minor.astype(float).clip(lower=0) * rows.n).sum()) * days / back
        first = self.lift.m[0] * self.lift.share["gmv_minor"] * self.lift.eta[0] * self.plan.forecast
        return float(np.clip(first / said, 0.05, 1.0)) if said > 0 else self.plan.bought.m

    @cached_property
    def way(self) -> ways.Way:
        """The least-cost way to all goals that contacts are known to move, within the campaign's budget."""
        days = (self.run.campaign.window[1] - self.run.as_of).days
        wanted = {m: v - self.outlook.middle(m) for m, v in self.targets.items() if m != "joins"}
        return ways.least_cost(self.options, wanted, self.people, max(days, 1), self.run.campaign.budget_minor)

    @cached_property
    def with_plan(self) -> Outlook:
        """What the window may bring with the way's purchases: m and what moves say are doubtful, and drawn."""
        rng = np.random.default_rng(self.seed + 1)
        size, made, m = len(self.outlook.draws), self.way, self.plan.bought
        gain = made.brings_gmv / self.plan.forecast
        doubt = np.clip(1 + made.relative_error * rng.standard_normal(size), 0.0, 2.0)
        grown = gain * doubt * np.exp(rng.normal(0, np.log(m.high / m.low) / 2.5631, size))
        new = made.brings_new
        factors, middles = {"gmv_minor": 1 + grown}, {"gmv_minor": 1 + gain}
        for measure in ("new_consumers", "aac"):
            if measure in self.outlook.measures and gain > 0:
                base = self.outlook.middle(measure) - self.outlook.kept.get(measure, 0.0)
                share = new / base if base > 0 else 0.0
                factors[measure], middles[measure] = 1 + share * grown / gain, 1 + share
        return self.outlook.times(pd.DataFrame(factors), middles)

    def goals(self) -> pd.DataFrame:
        """One row a goal, and `all` last where there are several (GOALS); counts below the privacy threshold are null."""
        before, after = (o.odds(self.targets) for o in (self.outlook, self.with_plan))
        few, rows = self.run.campaign.privacy_threshold, []
        for measure, target in self.targets.items():
            said = (self.outlook.middle(measure), *self.outlook.interval(measure))
            hidden = measure != "gmv_minor" and said[0] < few
            shown = (np.nan,) * 3 if hidden else said
            rows.append((measure, float(target), *shown, before[measure], after[measure]))
        if len(self.targets) > 1:
            rows.append(("all", np.nan, np.nan, np.nan, np.nan, before["all"], after["all"]))
        return pd.DataFrame(rows, columns=GOALS)

    def purchases(self) -> pd.DataFrame:
        """The way as other notebooks read it (WAY): people to meet, money (null: unknown), 80 % of the GMV it brings, phase."""
        frame = self.way.purchases
        phase = frame.stage.map(PHASE_OF).fillna("burst") if self.run.campaign.phases.days() else ""
        told = frame.assign(people=np.ceil(frame.people.astype(float)), phase=phase)[WAY]
        return told.sort_values(["stage", "channel"], ignore_index=True)

    def curve(self) -> pd.DataFrame:
        """The odds curve: goal_minor, odds, odds_with_plan, from well below the goal to well above it."""
        goals = sorted({round(self.plan.goal * c) for c in CURVE})
        rows = [(g, *(o.odds({"gmv_minor": g})["gmv_minor"] for o in (self.outlook, self.with_plan))) for g in goals]
        return pd.DataFrame(rows, columns=["goal_minor", "odds", "odds_with_plan"])

    def true(self, confidence: float) -> pd.DataFrame:
        """What would have to be true for the goal with the odds wanted, each alone. See `levers.would_have_to`."""
        sure = self.outlook.quantile("gmv_minor", 1 - confidence) / self.plan.forecast
        factor = self.plan.goal / self.plan.forecast / sure
        past = levers.moved(self.seen.results, self.seen.length)
        return levers.would_have_to(factor, self.plan.bought.m, past)

    def tornado(self) -> pd.DataFrame:
        """What moves the odds most, from the odds with the plan on. See `levers.tornado`."""
        made, m, goal_minor = self.way, self.plan.bought, self.plan.goal
        low, high = self.outlook.interval("gmv_minor")
        ends = {
            "window": (low / self.plan.forecast, high / self.plan.forecast),
            **levers.ends_of_cells(self.plan.cells),
        }
        gain = made.brings_gmv / self.plan.forecast
        if gain > 0:
            ends["bought"] = ((1 + gain * m.low / m.m) / (1 + gain), (1 + gain * m.high / m.m) / (1 + gain))
            ends["money"] = ((1 + gain * (1 - MONEY)) / (1 + gain), (1 + gain * (1 + MONEY)) / (1 + gain))
        sure = self.outlook.middle("gmv_minor") * (1 + gain)

        def odds(factor: float) -> float:
            """A driver known at its end takes its own doubt away; what is left is what the whole interval holds beside it."""
            return self.with_plan.odds({"gmv_minor": goal_minor / max(factor, 1e-6)})["gmv_minor"]

        def known(factor: float) -> float:
            return 1.0 if sure * factor >= goal_minor else 0.0

        found = levers.tornado(odds, ends)
        window = found.driver == "window"
        found.loc[window, "at_low"], found.loc[window, "at_high"] = (known(f) for f in ends["window"])
        found["swing"] = (found.at_high - found.at_low).abs()
        return found.sort_values("swing", ascending=False, kind="stable", ignore_index=True)

    def paces(self, same: "Peers", before: date | None) -> pd.DataFrame:
        """Stock by week beside the same day before the earlier eve: stage, day, value, year_ago, middle (consumers).

        middle: what the five best peers' share of their eve's stock would be of the stock needed here.
        """
        run = self.run
        eve, lead = run.campaign.eve, (run.campaign.eve - run.as_of).days
        leads = [lead + 7 * n for n in reversed(range(BACK))]
        days = {n: eve - timedelta(days=n) for n in leads}
        then = {} if before is None else {n: before - timedelta(days=n) for n in leads}
        first = run.warehouse.first_day
        asked = sorted({d for d in [*days.values(), *then.values()] if first <= d <= run.as_of})
        held = windows.stocks(run.book, [run.brand], asked)
        held = held.assign(stage=held.cell.astype(str)).set_index(["stage", "day"]).consumers
        benchmark = pace.benchmarks(run.book, same, before, leads, run.as_of)
        needed = self.plan.cells.set_index("stage").needed
        rows = [
            (s, days[n], held.get((s, days[n])), held.get((s, then.get(n))), _times(needed.get(s), benchmark[n].get(s)))
            for s in run.book.rules.ids
            for n in leads
        ]
        return pd.DataFrame(rows, columns=["stage", "day", "value", "year_ago", "middle"]).astype(
            dict.fromkeys(["value", "year_ago", "middle"], "Int64")
        )

    def phases(self, lives: Mapping[str, int]) -> pd.DataFrame:
        """Daily inflow by phase. See `apex.model.inflow.by_phase`."""
        campaign = self.run.campaign
        return by_phase(
            self.plan.inflow(lives), lives, campaign.phases.days(), self.run.as_of, campaign.eve, campaign.window[1]
        )


def _times(people: float | None, share: float | None) -> int | None:
    return None if people is None or share is None or pd.isna(people) else round(float(people) * share)
