"""The media plan of `2_plan/media`: facts read, curves fitted, the budget split; with the frames that the page keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.media_contacts import Contacts
from apex.model import media_plan, split
from apex.model.media_plan import Learned
from apex.model.media_prices import Prices
from apex.report.upstream import lesson_prices, media_limits
from apex.report.upstream.media_facts import CannotPlan, Facts, facts
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.model.media_fit import Fit
    from apex.report.run import Run

    Floats = NDArray[np.float64]

TAIL = (0.1, 0.9)
# What the plan brings more than another split scatters so much more than the draws say: with it 83 % of 66 true differences in 22
# simulated markets lay within the 80 % interval, without it 68 % (`python -m truth media`).
STRETCH = 1.3


@dataclass(frozen=True)
class MediaPlan:
    """A plan. then, phases: what was spent in `window`, the earlier campaign; rivals: name → budget by channel."""

    of: Contacts
    learned: Learned
    window: tuple[date, date]
    then: pd.DataFrame
    phases: pd.DataFrame
    total: float
    floors: "Floats"
    caps: "Floats"
    least: list[split.Least]
    split: split.Split
    rivals: "dict[str, Floats]"
    trials: int

    @property
    def gains(self) -> "Floats":
        """(draws,) GMV that the split brings."""
        return self._gains(self.split.budget)

    def _gains(self, budget: "Floats") -> "Floats":
        curves = self.learned.curves
        return np.array([curves.gmv(budget, d).sum() for d in range(len(curves.orders))])

    def channels(self) -> pd.DataFrame:
        """A row a channel, the largest first.

        channel, site, buying, then (spent), planned, gmv_minor, first_yuan, next_yuan (what one more brings, from nothing and
        from the plan on), bound, bound_worth.
        """
        curves, budget = self.learned.curves, self.split.budget
        then = self.then.set_index("channel").reindex(curves.channels)
        step = max(self.total / 1000, 1.0)

        def more(at: "Floats") -> "Floats":
            return (curves.gmv(at + step) - curves.gmv(at)) / step

        frame = pd.DataFrame({
            "channel": curves.channels, "site": then.site.to_numpy(), "buying": then.buying.to_numpy(),
            "then": then.cost_minor.to_numpy(float), "planned": budget.round(), "gmv_minor": curves.gmv(budget).round(),
            "first_yuan": more(np.zeros(len(budget))), "next_yuan": more(budget), "bound": self.split.bound,
            "bound_worth": self.split.worth,
        })  # fmt: skip
        return frame.sort_values("planned", ascending=False, ignore_index=True)

    def compared(self) -> pd.DataFrame:
        """split (plan, last, even, touch), gmv_minor, low, high, less (than the plan), less_low, less_high, worse.

        low, high: 80 % of draws; worse: the share of draws in which it brings less than the plan; null of the plan itself.
        Differences are stretched, see STRETCH.
        """
        ours, rows = self.gains, []
        for name, budget in {"plan": self.split.budget, **self.rivals}.items():
            found = self._gains(budget)
            less = (ours - found).mean() + STRETCH * (ours - found - (ours - found).mean())
            worse = float((less > 0).mean())
            more = (np.nan,) * 4 if name == "plan" else (less.mean(), *np.quantile(less, TAIL), worse)
            rows.append((name, found.mean(), *np.quantile(found, TAIL), *more))
        columns = ["split", "gmv_minor", "low", "high", "less", "less_low", "less_high", "worse"]
        return pd.DataFrame(rows, columns=columns)

    def by_phase(self) -> pd.DataFrame:
        """channel, phase, planned: each channel's budget over the phases as it was spent then."""
        spent = self.phases[self.phases.channel.isin(self.learned.curves.channels)]
        share = spent.cost_minor / spent.groupby("channel").cost_minor.transform("sum")
        budget = dict(zip(self.learned.curves.channels, self.split.budget, strict=True))
        return spent[["channel", "phase"]].assign(planned=(share * spent.channel.map(budget)).round())

    def budget(self, days: Sequence[tuple[str, date, date]]) -> pd.DataFrame:
        """The plan by phase and channel: the columns `BUDGET`. days: (phase, first, last day), null where unknown.

        gmv_minor, low, high (80 %): a channel's, shared by contacts; next_yuan: what one more brings there.
        """
        curves, planned = self.learned.curves, self.split.budget
        spent = self.phases[self.phases.channel.isin(curves.channels)]
        phases = list(dict.fromkeys(spent.phase))
        met = curves.by_part(planned)
        part = np.divide(met, met.sum(axis=0), out=np.zeros_like(met), where=met.sum(axis=0) > 0)
        drawn = np.array([curves.gmv(planned, d) for d in range(len(curves.orders))])
        shown = self.channels().set_index("channel").reindex(curves.channels)
        low, high = np.quantile(drawn, TAIL, axis=0)
        spans = {name: (first, last) for name, first, last in days}
        frames = []
        for p, phase in enumerate(phases):
            first, last = spans.get(phase, (None, None))
            money = {"planned": planned * curves.share[p], "contacts": met[p], "gmv_minor": drawn.mean(axis=0) * part[p],
                     "low": low * part[p], "high": high * part[p]}  # fmt: skip
            frames.append(pd.DataFrame({
                "phase": phase, "first_day": first, "last_day": last, "channel": curves.channels, "site": shown.site.to_numpy(),
                "buying": shown.buying.to_numpy(), **{k: v.round() for k, v in money.items()},
                "next_yuan": shown.next_yuan.to_numpy(),
            }))  # fmt: skip
        frame = pd.concat(frames, ignore_index=True)
        return frame[frame.planned > 0].reset_index(drop=True)

    def met(self) -> pd.DataFrame:
        """group, asked, reached (shares), worth (GMV that asking for one point less would bring) of the groups to be met."""
        rows = []
        for limit, price in zip(self.least, self.split.least, strict=True):
            unmet = float(limit.sums(self.split.budget[None])[0].sum())
            asked = -float(np.expm1(-limit.amount))
            rows.append((limit.name, asked, -float(np.expm1(-unmet)), price * 0.01 / max(1 - asked, 0.001)))
        return pd.DataFrame(rows, columns=["group", "asked", "reached", "worth"])

    def reach(self) -> pd.DataFrame:
        """channel, buying, contacts, reach (people met at least once), frequency of the plan."""
        curves = self.learned.curves
        met = curves.contacts(self.split.budget)
        reach = curves.reach(met)
        then = self.then.set_index("channel").reindex(curves.channels)
        often = np.divide(met, reach, out=np.full(len(met), np.nan), where=reach >= 1)
        frame = pd.DataFrame({"channel": curves.channels, "buying": then.buying.to_numpy(), "contacts": met.round(),
                              "reach": pd.array(reach.round(), "Int64"), "frequency": often})  # fmt: skip
        return frame[met >= 1].reset_index(drop=True)

    def worths(self) -> pd.DataFrame:
        """channel, per_thousand (orders that 1,000 contacts bring), low, high, clicked (on their clicks), price_minor."""
        curves, w = self.learned.curves, self.learned.worth
        at = [self.of.channels.index(c) for c in curves.channels]
        low, high = np.quantile(curves.orders, TAIL, axis=0)
        return pd.DataFrame({
            "channel": curves.channels, "per_thousand": 1000 * curves.orders.mean(axis=0), "low": 1000 * low, "high": 1000 * high,
            "clicked": 1000 * w.direct[at], "price_minor": 1000 * curves.usual_price(),
        })  # fmt: skip

    def worth_spending(self, margin: float | None) -> float | None:
        """The part of the budget whose last unit still earns its cost at this margin; None where no margin is known."""
        if margin is None:
            return None
        curves = self.learned.curves
        found = split.best(
            lambda b: margin * curves.gmv(b) - b, self.total, self.floors, self.caps, curves.channels, self.least
        )
        return float(found.budget.sum())

    def regret(self) -> "Floats":
        """(draws,) share lost where a draw is the truth; see `media_plan.regret`."""
        return media_plan.regret(self.learned.curves, self.split.budget, self.total, self.floors, self.caps, self.least)


Made = MediaPlan | CannotPlan


def channels(made: Made) -> pd.DataFrame:
    """`MediaPlan.channels`, empty without a plan; so are the next ones."""
    return made.channels() if isinstance(made, MediaPlan) else pd.DataFrame(columns=["channel", "planned"])


def compared(made: Made) -> pd.DataFrame:
    """`MediaPlan.compared`."""
    return made.compared() if isinstance(made, MediaPlan) else pd.DataFrame(columns=["split"])


def ways(by_channel: pd.DataFrame) -> pd.DataFrame:
    """site, buying, then, planned (shares of all), gmv_minor: the frame of `channels` by how media are bought."""
    known = by_channel.fillna({"site": "", "buying": ""})
    sums = known.groupby(["site", "buying"], as_index=False)[["then", "planned", "gmv_minor"]].sum()
    for column in ("then", "planned"):
        sums[column] = sums[column] / max(sums[column].sum(), 1.0)
    return sums


def plan(
    run: "Run", floors: Sequence[str], caps: Sequence[str], reach: Sequence[str], seed: int
) -> MediaPlan | CannotPlan:
    """The campaign's media plan. floors, caps, reach: see `media_limits`. ApexError for limits that cannot be met.

    Days are those of the phases, else of the goal's window.
    """
    campaign = run.campaign
    named = campaign.phases.days() or [("", *campaign.window)]
    first, last = min(first for _, first, _ in named), max(last for *_, last in named)
    earlier = next(iter(campaign.compare), None)
    budget = None if campaign.budget_minor is None else float(campaign.budget_minor)
    return planned(
        run.warehouse, run.brand, earlier, (last - first).days + 1, budget, floors, caps, seed, reach, first,
        lesson_prices.heard(run.lessons()),
    )  # fmt: skip


def planned(
    warehouse: Warehouse, brand: str, earlier: str | None, days: int, budget: float | None, floors: Sequence[str],
    caps: Sequence[str], seed: int, reach: Sequence[str] = (), first: date | None = None, prices: Prices | None = None,
) -> MediaPlan | CannotPlan:  # fmt: skip
    """See `plan`. earlier: the campaign to learn phases, prices and the season from; without one, as many days up to the last.

    first: of the campaign's days, by which slots' inventory is looked up. prices: what lessons told of them.
    """
    found = facts(warehouse, brand, earlier, days)
    if isinstance(found, CannotPlan):
        return found
    total = float(found.bought.cost_minor.sum()) if budget is None else budget
    return (
        made(found, total, floors, caps, seed, reach, first, prices) if total > 0 else CannotPlan("no_budget", found.of)
    )


def made(
    of: Facts, total: float, floors: Sequence[str], caps: Sequence[str], seed: int, reach: Sequence[str] = (),
    first: date | None = None, prices: Prices | None = None, fit: "Fit | None" = None,
) -> MediaPlan:  # fmt: skip
    """The plan of `total` from what was read. fit: of an earlier plan from the same facts, which is not made again."""
    warehouse, then, window, trials = of.warehouse, of.then, of.window, of.trials
    learned = media_plan.learn(of.of, of.whole, then, of.phases, of.supply, window, of.days, trials, seed, prices, fit)
    curves, names = learned.curves, learned.curves.channels
    low = media_limits.bounds(floors, names, total, "floors", 0.0)
    most = curves.most()
    if first is not None:
        most = np.minimum(most, media_limits.slots(warehouse, curves, first, first + timedelta(days=of.days - 1)))
    high = np.minimum(media_limits.bounds(caps, names, total, "caps", 1.0), most)
    least = media_limits.people(warehouse, of.of, curves, reach)
    chosen = split.best(curves.gmv, total, low, high, names, least)
    credit = media_plan.last_touch(of.of, names, *window)
    rivals = media_plan.rivals(learned, then, credit, total, most)
    return MediaPlan(of.of, learned, window, then, of.phases, total, low, high, least, chosen, rivals, len(trials))


BUDGET = [
    "phase",
    "first_day",
    "last_day",
    "channel",
    "site",
    "buying",
    "planned",
    "contacts",
    "gmv_minor",
    "low",
    "high",
    "next_yuan",
]


def budget(run: "Run") -> pd.DataFrame:
    """What other notebooks read: `MediaPlan.budget`, empty where no money can be planned, with the notebook's own knobs."""
    from apex.report.upstream import knobs

    known = knobs(run, "2_plan/media")
    made = plan(run, known["floors"], known["caps"], known["reach"], known["seed"])
    return budgeted(run, made)


def budgeted(run: "Run", made: Made) -> pd.DataFrame:
    """`MediaPlan.budget` of this run's phases, empty without a plan."""
    return made.budget(run.campaign.phases.days()) if isinstance(made, MediaPlan) else pd.DataFrame(columns=BUDGET)


def met(of: Contacts) -> pd.DataFrame:
    """channel, contacts, people (met at least once), buyers (of those, who ever bought): the last 365 days."""
    rows, year = of.contacts, of.last - 365
    bought = np.zeros(max(of.consumers, 1), bool)
    bought[of.orders.who[of.orders.day > year]] = True
    out = []
    for c, name in enumerate(of.channels):
        mine = (rows.what == c) & (rows.day > year)
        people = np.unique(rows.who[mine])
        out.append((name, int(rows.value[mine].sum()), len(people), int(bought[people].sum())))
    frame = pd.DataFrame(out, columns=["channel", "contacts", "people", "buyers"])
    return frame.astype({"contacts": "Int64", "people": "Int64", "buyers": "Int64"})
