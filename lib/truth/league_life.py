"""A brand's life in a simulated market, campaign after campaign: what it plans is played, what it may know is a warehouse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from apex.warehouse import Warehouse
from truth.worlds import booked
from twin.act import Config, Market, Played
from twin.curves import AFTER, usual_plan
from twin.plan import Plan
from twin.purchase import BUY
from twin.stages import AT

FESTIVALS = ("618", "d11")
YEARS = (2022, 2023, 2024)  # of the league; the year before them is what everybody remembers
TABLES = (
    "items", "consumers", "channels", "creatives", "events", "spend", "campaigns", "phases", "experiments", "assignments",
)  # fmt: skip
TRIALS = ("experiments", "assignments")
NEWEST = ("items", "consumers", "channels", "creatives")
UNION = {"campaigns": ["campaign_id"], "experiments": ["experiment_id"], "phases": ["campaign_id", "phase"]}
KEPT_DAYS = 90  # after a campaign, in which new consumers show whether they stay
CALENDAR = {"market/first_observed": date(YEARS[0] - 1, 1, 1), "market/last_observed": date(YEARS[-1] + 1, 2, 28)}


@dataclass(frozen=True)
class Season:
    """A market's six campaigns: `usual`, what the brand usually does in each; budgets in fen, the same for every policy."""

    market: Market
    usual: tuple[Plan, ...]
    budgets: tuple[float, ...]

    @property
    def brand(self) -> str:
        """Whose campaigns they are."""
        return self.market.drawn.brands[0]

    def eve(self, number: int) -> date:
        """The day before a campaign."""
        return self.usual[number].first_day - timedelta(days=1)

    def end(self, number: int) -> date:
        """The last day on which what a campaign caused is counted."""
        return self.usual[number].last_day + timedelta(days=AFTER)

    def earlier(self, number: int) -> str:
        """The campaign_id of the same festival a year before."""
        festival, year = FESTIVALS[number % 2], YEARS[number // 2]
        return f"b00-{festival}-{year - 1}" + ("-plan" if number > 1 else "")

    @property
    def first_window(self) -> tuple[date, date]:
        """The days of the last festival before the league."""
        drawn = self.market.drawn
        found = {c.key: c for c in drawn.campaigns}[f"b00-d11-{YEARS[0] - 1}"]
        return drawn.calendar.date(found.first), drawn.calendar.date(found.last)

    @property
    def last_day(self) -> date:
        """When new consumers of the last campaign have been watched long enough."""
        return self.usual[-1].last_day + timedelta(days=KEPT_DAYS)

    @cached_property
    def past(self) -> "Life":
        """What everybody lived up to the first campaign's eve."""
        lived = self.market.usual(self.eve(0), brand=self.brand, rivals=True, cores=1)
        return Life(self, (lived,))


def season(seed: int, consumers: int) -> Season:
    """The market of a seed, on the league's calendar. Budgets: the usual spend times a factor by the seed, log-uniform."""
    market = Market(Config(consumers, CALENDAR), seed)
    usual = []
    for year in YEARS:
        for festival in FESTIVALS:
            usual.append(usual_plan(market, f"b00-{festival}-{year}"))
    rng = np.random.default_rng([seed, 12])
    times = np.exp(rng.uniform(np.log(TIMES[0]), np.log(TIMES[1]), len(usual)))
    spent = [sum(m.budget_minor or 0 for m in plan.media) for plan in usual]
    return Season(market, tuple(usual), tuple(float(round(s * t)) for s, t in zip(spent, times, strict=True)))


TIMES = (0.8, 2.0)  # of the usual spend, what a campaign has


@dataclass(frozen=True)
class Life:
    """What was lived so far, in stretches that follow each other."""

    of: Season
    parts: tuple[Played, ...]

    @property
    def now(self) -> Played:
        """The last stretch."""
        return self.parts[-1]

    def played(self, plan: Plan, until: date) -> "Life":
        """Life under a plan that begins tomorrow, and as usual from its end to `until`."""
        lived = self.of.market.play(plan, after=self.now, until=until, brand=self.of.brand, rivals=True, cores=1)
        return Life(self.of, (*self.parts, lived))

    def sales(self, first: date, last: date) -> np.ndarray:
        """The brand's purchases from day to day: rows of events."""
        days = [self.of.market.drawn.calendar.number(d) for d in (first, last)]
        found = []
        for part in self.parts:
            e = part.events
            day = e[:, AT["minute"]] // 1440
            bought = (e[:, AT["behaviour"]] == BUY) & (e[:, AT["brand"]] == 0)
            found.append(e[bought & (day >= days[0]) & (day <= days[1])])
        return np.concatenate(found)

    def kept(self, number: int) -> int:
        """New consumers of a campaign (none of their purchases lies in the year before it) who bought again within KEPT_DAYS."""
        plan = self.of.usual[number]
        year = self.sales(plan.first_day - timedelta(days=365), plan.first_day - timedelta(days=1))
        inside = self.sales(plan.first_day, plan.last_day)
        after = self.sales(plan.last_day + timedelta(days=1), plan.last_day + timedelta(days=KEPT_DAYS))
        new = np.setdiff1d(inside[:, 0], year[:, 0])
        return len(np.intersect1d(new, after[:, 0]))

    def seen(self, folder: Path, *, own: bool = False, trials: bool = True) -> Warehouse:
        """All that was lived, filed as a brand's own files would be: a warehouse in `folder`.

        own: of this brand alone; trials: with those that were run.
        """
        names = [name for name in TABLES if trials or name not in TRIALS]
        tables = {name: _together(self.parts, name) for name in names}
        if own:
            for name in ("events", "spend"):
                tables[name] = tables[name].filter(pc.equal(tables[name]["brand"], self.of.brand))
        # reviews and refunds of late purchases lie some days ahead, and are not known yet
        return booked(tables, names, folder).until(self.now.last_day)


def _together(parts: Sequence[Played], name: str) -> pa.Table:
    """A table of all stretches: rows of their days one after the other; of lists the union, a campaign's largest budget."""
    if name in NEWEST:
        return parts[-1].tables[name]
    whole = pa.concat_tables([p.tables[name] for p in parts])
    if name not in UNION:
        return whole
    frame = whole.to_pandas()
    if name == "campaigns":
        frame = frame.sort_values("budget_minor", kind="stable")
    frame = frame.drop_duplicates(UNION[name], keep="last")
    return pa.Table.from_pandas(frame, whole.schema, preserve_index=False)
