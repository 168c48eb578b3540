"""The sequence of `3_execute/sequence`: the log read, the value of steps learned, the policy chosen for the money there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure import moved_trials, touches
from apex.measure import moves as counting
from apex.measure import steps as measure
from apex.measure.market import category_of
from apex.measure.steps import NONE, SINCE, TOUCHES
from apex.measure.windows import OPPORTUNITY
from apex.model import moves, moves_level, sequence, step_response, step_value, untouched
from apex.model.sequence import Chosen, Steps
from apex.report.upstream.moves import BACK, IN_TRIPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OWNED = "owned"  # channels that are not bought: no money of the budget goes there
CAUTION = 1.0  # standard deviations by which a step's value enters lower: what is doubtful and cheap is no bargain
# Of a sequence's pressure: who is worth a step uses media that much of the highest use there is (default market played).
MEETS = 0.7
LEAST = 30  # steps of a channel at a stage, below which it is no candidate there: nobody knows what it does
HELD = 50.0  # steps' worth of all channels' moves by which a channel's own are held back


@dataclass(frozen=True)
class Learned:
    """What the log teaches. points: the days compared, with their steps; eve: who may be addressed, with tier and times.

    steps: of the decision process, with channels and messages by name, their values CAUTION lower than `mean` (S, C); sd: of
    mean (normal); spread: of the logarithm of response; times: (G,) of the tiers; n: (S, C) steps of the log; priced: whether
    steps cost something that is known.
    """

    points: pd.DataFrame
    eve: pd.DataFrame
    steps: Steps
    cells: tuple[str, ...]
    channels: tuple[str, ...]
    messages: tuple[str, ...]
    mean: "Floats"
    sd: "Floats"
    spread: "Floats"
    times: "Floats"
    n: "NDArray[np.int64]"
    kind: pd.Series
    told: moves_level.Factor
    clicks: int
    priced: bool

    @property
    def start(self) -> tuple["Floats", "Floats"]:
        """(G, S) shares of each tier's consumers by stage on the eve, and (G,) consumers."""
        number = self.eve.cell.map({c: i for i, c in enumerate(self.cells)}).to_numpy()
        counts = np.zeros((len(self.times), len(self.cells)))
        np.add.at(counts, (self.eve.tier.to_numpy(), number), 1.0)
        people = counts.sum(axis=1)
        return counts / np.maximum(people, 1)[:, None], people


def spans(book: Book, as_of: date, compare: Sequence[str]) -> list[counting.Span]:
    """The days learned from: the last BACK whose following days may be seen, and earlier campaigns."""
    last = as_of - timedelta(days=counting.CONVERT - 1)
    found = [(last - timedelta(days=BACK - 1), last)]
    if book.warehouse.has("campaigns"):
        campaigns = book.warehouse.table("campaigns")
        asked = campaigns.filter(campaigns.campaign_id.isin(list(compare))).select("first_day", "last_day").execute()
        found += [(pd.Timestamp(r.first_day).date(), pd.Timestamp(r.last_day).date()) for r in asked.itertuples()]
    return found


@dataclass(frozen=True)
class Read:
    """What is read of the log, before anything is learned: points and channels of `measure.moves.counted` with the day's steps,
    eve: everybody on the eve; held: the brand's trials; price: by channel; cells: stages' names."""

    points: pd.DataFrame
    channels: list[str]
    eve: pd.DataFrame
    held: moved_trials.Trials
    price: pd.DataFrame
    cells: tuple[str, ...]


def read(book: Book, brand: str, as_of: date, compare: Sequence[str]) -> Read | None:
    """See `Read`; None where media met nobody whose following days may be seen."""
    category = category_of(book.warehouse, brand, as_of)
    asked = spans(book, as_of, compare)
    first = min(a for a, _ in asked)
    trips = touches.in_trips(book.warehouse, brand, first, as_of) or 0.0
    seen = counting.counted(book, brand, category, asked, in_trips=trips >= IN_TRIPS)
    if not seen.channels:
        return None
    log = measure.steps(book, brand, first)
    points = measure.with_steps(seen.points, log)
    points["after"] = measure.stage_after(book, brand, points)
    # contacts are dearer in a promotion: prices are those of the earlier campaigns, where they met anybody
    return Read(
        points, seen.channels, measure.on_eve(book, brand, category, as_of, log), moved_trials.trials(book, brand, category),
        measure.prices(book, brand, asked[1:] or asked).set_index("channel"), (OPPORTUNITY, *book.rules.ids),
    )  # fmt: skip


def learn(book: Book, brand: str, as_of: date, compare: Sequence[str], met: float, days: int) -> Learned | None:
    """See `Learned`; None where there is nothing to learn from. met, days: see `sequence.Steps`."""
    log = read(book, brand, as_of, compare)
    return None if log is None else learned(log, met, days)


def learned(log: Read, met: float, days: int) -> Learned | None:
    """See `learn`."""
    points, eve, price, cells = log.points.copy(), log.eve, log.price, log.cells
    held = moves.all_held(moves.compared(points, log.channels, counting.KNOWN, list(cells)))
    told = moves_level.UNTRIED
    if len(log.held.people):
        told = moves_level.factor(log.held.people, log.held.contacts, moves_level.hazards(held))
    table = moves.table(held, {}, {}, told)
    anyway = untouched.fit(points, counting.KNOWN)
    if anyway is None or not len(eve):
        return None
    longer = untouched.fit(_longer(points), counting.KNOWN) or anyway
    worth = longer.times(eve)
    cuts = untouched.cuts(worth)
    points["expected"], points["tier"] = anyway.expected_then(points), untouched.tiers(longer.times(points), cuts)
    eve = eve.assign(times=worth, expected=anyway.expected(eve), tier=untouched.tiers(worth, cuts))
    times = np.array([eve.times[eve.tier == g].mean() if (eve.tier == g).any() else 1.0 for g in range(len(cuts) + 1)])
    priced = bool((price.cost_minor > 0).any())
    names = [c for c in log.channels if c in price.index]
    if priced:
        names = [c for c in names if price.cost_minor[c] > 0 and price.buying[c] != OWNED]
    worths = _per_money(held, told, names, price, points, cells) if priced else None
    return _learned(points, eve, cells, names, price, table, told, times, met, days, priced, worths)


def _longer(points: pd.DataFrame) -> pd.DataFrame:
    """Points with the money of a month later added, where such a point is: a plan is longer than what follows one contact, and
    who has just bought needs nothing for a while. All of them as they are where such points are few."""
    keys = ["consumer_id", "day"]
    later = points[[*keys, "gmv_minor"]].assign(day=points.day - counting.EVERY).rename(columns={"gmv_minor": "later"})
    both = points.merge(later, on=keys)
    if 2 * len(both) < len(points):
        return points
    return both.assign(gmv_minor=both.gmv_minor + both.later)


def _learned(
    points: pd.DataFrame, eve: pd.DataFrame, cells: tuple[str, ...], names: list[str], price: pd.DataFrame,
    table: pd.DataFrame, told: moves_level.Factor, times: "Floats", met: float, days: int, priced: bool,
    worths: "tuple[Floats, Floats] | None",
) -> Learned:  # fmt: skip
    steps = points[points.channel.notna()]
    messages = tuple(sorted(set(steps.message) - {NONE})) or (NONE,)
    response = step_response.fit(steps)
    by, spread = step_response.table(response, cells, messages, len(SINCE), TOUCHES)
    wide = table[table.channel != moves_level.ALL].set_index(["from_stage", "channel"])
    grid = pd.MultiIndex.from_product([cells, names])
    wide = wide.reindex(grid)
    shape = (len(cells), len(names))
    value = wide.gmv_extra_minor.astype(float).to_numpy().reshape(shape)
    sd = ((wide.gmv_high - wide.gmv_low).astype(float).to_numpy() / (2 * moves.Z80)).reshape(shape)
    if worths is not None:
        value, sd = worths
    n = steps.groupby(["cell", "channel"]).size().reindex(grid, fill_value=0).to_numpy().reshape(shape)
    # what a step brings is known of an average step of the stage; tiers share it out by what their people buy anyway
    mean = (
        steps.groupby("cell").tier.apply(lambda t: float(times[t].mean())).reindex(list(cells)).fillna(1.0).to_numpy()
    )
    value, sd = value / mean[:, None], sd / mean[:, None]
    still, moved = _moves(points, cells, names)
    cost = np.nan_to_num(price.cost_minor.reindex(names).astype(float).to_numpy()) if priced else np.zeros(len(names))
    able = (n >= LEAST) & np.isfinite(value)
    value, sd = np.nan_to_num(value), np.nan_to_num(sd)
    made = Steps(value - CAUTION * sd, by, cost, able, still, moved, met, days)
    return Learned(
        points, eve, made, cells, tuple(names), messages, value, sd, spread, times, n, wide.kind, told,
        response.clicks, priced,
    )  # fmt: skip


def _per_money(
    held: pd.DataFrame, told: moves_level.Factor, names: list[str], price: pd.DataFrame, points: pd.DataFrame,
    cells: tuple[str, ...],
) -> tuple["Floats", "Floats"]:  # fmt: skip
    """(S, C) money that a step brings and its sd, held back per unit of its cost; see `step_value`."""
    of = held.set_index(["cell", "channel"]).reindex(pd.MultiIndex.from_product([cells, names]))
    shape = (len(cells), len(names))
    cost = price.cost_minor.reindex(names).astype(float).to_numpy()
    worth = of.worth.astype(float).to_numpy().reshape(shape)
    unit = np.where(np.isfinite(worth), worth, np.nanmean(worth)) * cost
    factor = np.array([told.of(c)[:2] for c in names])
    value, se = (of[c].astype(float).to_numpy().reshape(shape) / unit for c in ("gmv", "gmv_se"))
    doubt = np.hypot(factor[:, 0] * se, factor[:, 1] * np.maximum(value, 0))
    steps = points[points.channel.isin(names)]
    clicks = steps.groupby("channel").clicked.mean().reindex(names).fillna(0.0).to_numpy() / cost
    share = steps.channel.value_counts().reindex(names).fillna(0).to_numpy() * cost
    usual = float(clicks @ share / max(share.sum(), 1e-9))
    mean, sd = step_value.held(factor[:, 0] * value, doubt, clicks / usual if usual > 0 else np.ones(len(names)))
    return mean * unit, sd * unit


def _moves(points: pd.DataFrame, cells: tuple[str, ...], names: list[str]) -> tuple["Floats", "Floats"]:
    """Stages at the end of a day: (S, S) without a step, (S, C, S) with one, held back to all channels' moves."""
    number = {c: i for i, c in enumerate(cells)}
    here, there = points.cell.map(number).to_numpy(), points.after.map(number).to_numpy()
    channel = points.channel.map({c: i for i, c in enumerate(names)}).fillna(-1).astype(int).to_numpy()
    s, c = len(cells), len(names)
    free, some = (points.met == 0).to_numpy(), channel >= 0
    still, every, own = np.eye(s), 0.5 * np.eye(s), np.zeros((s, c, s))
    np.add.at(still, (here[free], there[free]), 1.0)
    np.add.at(every, (here[~free], there[~free]), 1.0)
    np.add.at(own, (here[some], channel[some], there[some]), 1.0)
    every = every / every.sum(axis=1, keepdims=True)
    own = own + HELD * every[:, None, :]
    return still / still.sum(axis=1, keepdims=True), own / own.sum(axis=2, keepdims=True)


def choose(of: Learned, budget: float | None) -> tuple[Steps, Chosen]:
    """The policy for this money, and the steps with the values by which it was chosen.

    As cautious as the money allows: where it buys more than every step that is worth something at CAUTION, half of that, then
    none is taken off; in small markets all is doubtful.
    """
    start, people = of.start
    for caution in (CAUTION, CAUTION / 2, 0.0):
        steps = replace(of.steps, value=of.mean - caution * of.sd)
        chosen = sequence.choose(steps, of.times, start, people, budget)
        if budget is None or chosen.price > 0:
            break
    return steps, chosen


def sequences(of: Learned, chosen: Chosen, pressure: float, stages: Sequence[str]) -> list[dict[str, Any]]:
    """The policies in the grammar of plans: one sequence a tier, `audience` names it; stages: the grammar's name of each cell."""
    m = len(of.messages)
    found = []
    for tier, policy in enumerate(chosen.policies):
        steps = []
        for (s, r, k), row in _rows(policy.action):
            for action in np.unique(row[row >= 0]):
                last = [of.messages[i - 1] if i else None for i in np.flatnonzero(row == action)]
                steps.append({
                    "channel": of.channels[action // m], "message": of.messages[action % m], "stages": [stages[s]],
                    "touches": [k], "days_since": list(SINCE[r]), "last_message": last,
                })  # fmt: skip
        if steps:
            found.append(
                {"name": f"tier-{tier}", "audience": f"tier-{tier}", "steps": _merged(steps), "pressure": pressure}
            )
    return found


def _rows(action: "NDArray[np.int64]") -> list[tuple[tuple[int, int, int], "NDArray[np.int64]"]]:
    s, r, k, _ = action.shape
    return [((i, j, n), action[i, j, n]) for i in range(s) for j in range(r) for n in range(k)]


def _merged(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps that differ in one coordinate alone become one: by touches."""
    out: dict[str, dict[str, Any]] = {}
    for step in steps:
        key = str({k: v for k, v in step.items() if k != "touches"})
        if key in out:
            out[key]["touches"] = [*out[key]["touches"], *step["touches"]]
        else:
            out[key] = dict(step)
    return list(out.values())
