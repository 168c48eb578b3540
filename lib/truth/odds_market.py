"""One market for `truth.odds`: what is known on the plan's day, as a warehouse, what a plan buys, and what comes of it."""

import pickle
import tempfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from apex.warehouse.ingest import ingest
from truth.worlds import source
from twin.act import Config, Market, Played
from twin.curves import scaled, usual_plan
from twin.people import People
from twin.plan import Plan
from twin.play import BLOCK, advance, ordered, world
from twin.purchase import BUY
from twin.stages import AT, codes

CAMPAIGN, BEFORE = "b00-d11-2024", "b00-d11-2023"
CONSUMERS = 4000
TABLES = ("items", "consumers", "channels", "events", "spend")
MORE = (0.5, 4.0)  # how many times its usual media the plan buys beside them: log-uniform


@dataclass(frozen=True)
class Outcome:
    """What the brand had in the window: GMV (minor units), buyers, buyers who had never bought, members who joined."""

    gmv_minor: int
    buyers: int
    new_consumers: int
    joins: int


@dataclass(frozen=True)
class Lived:
    """One market. plan_day: the last day known; window: first and last day; more: usual media bought once more, so many times;
    usual_minor, spent_minor: what the usual media of the campaign and the media beside them cost; came: under the plan;
    as_usual: without what it bought (never shown to a model). folder: its warehouse, cut on the plan's day.
    """

    seed: int
    brand: str
    plan_day: date
    window: tuple[date, date]
    more: float
    usual_minor: int
    spent_minor: int
    came: Outcome
    as_usual: Outcome
    folder: Path


def drawn(seed: int) -> tuple[float, float]:
    """(times the usual media are bought once more, standard normal of the goal): by the seed alone, before anything is played."""
    rng = np.random.default_rng([seed, 6])
    low, high = np.log(MORE)
    return float(np.exp(rng.uniform(low, high))), float(rng.normal())


def live(seed: int, folder: Path, consumers: int = CONSUMERS) -> Lived:
    """Play a market to the plan's day, then the plan to its window's end; kept in `folder`, read from there the next time."""
    kept = folder / f"{seed}.pickle"
    if kept.exists():
        found: Lived = pickle.loads(kept.read_bytes())
        return replace(found, folder=folder / str(seed))
    market = Market(Config(consumers), seed)
    brand, calendar = market.drawn.brands[0], market.drawn.calendar
    campaign = {c.key: c for c in market.drawn.campaigns}[CAMPAIGN]
    eve = past(market, calendar.date(campaign.first - 1))
    market._past = eve  # else `usual_plan` lives all that once more
    plan = usual_plan(market, CAMPAIGN)
    window = plan.phases["presale"][0], plan.phases["return"][1]
    _warehouse(eve, folder / str(seed))
    usual = market.usual(window[1], after=eve, brand=brand, cores=1)
    more = drawn(seed)[0]
    lines = plan.model_copy(update={"events": []})
    for channel in dict.fromkeys(line.channel for line in plan.media):
        lines = scaled(lines, channel, more)
    bought, spent = _beside(market, lines, eve, calendar.number(window[1]) + 1)
    found = Lived(
        seed, brand, plan.first_day - timedelta(days=1), window, more, sum(m.budget_minor or 0 for m in plan.media), spent,
        _outcome(eve, bought, window), _outcome(eve, usual.events, window), folder / str(seed),
    )  # fmt: skip
    kept.write_bytes(pickle.dumps(found))
    return found


def past(market: Market, day: date) -> Played:
    """The default brand's category lived up to `day`: all that the brand sees, and of the others what was bought."""
    drawn_, stop = market.drawn, market.drawn.calendar.number(day) + 1
    parts, states = [], []
    for start in range(0, market.config.consumers, BLOCK):
        part = People(*(a[start : start + BLOCK] for a in market.crowd))
        events, state = advance(drawn_, part, world(drawn_), 0, 0, stop, keep=True)
        events = events[(events[:, AT["brand"]] == 0) | (events[:, AT["behaviour"]] == BUY)]
        events[:, 0] = part.number[events[:, 0]]
        parts.append(ordered(events))
        states.append(state)
    return Played(market, drawn_, 0, stop, np.concatenate(parts), {0: np.concatenate(states)})


def _warehouse(eve: Played, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch)
        for name in TABLES:
            pq.write_table(eve.tables[name], files / f"{name}.parquet")
        ingest(source({n: files / f"{n}.parquet" for n in TABLES}), "market", folder, "truth")


def _beside(market: Market, lines: Plan, eve: Played, stop: int) -> tuple[np.ndarray, int]:
    """Life as usual with the plan's media beside it: events of the brand, and what these media cost.

    `Market.play` silences what a brand does usually; here it goes on.
    """
    brand = market.drawn.brands[0]
    played = market.play(lines, after=eve, until=lines.first_day, brand=brand, cores=1)
    compiled = played.compiled
    assert compiled is not None
    of = world(compiled.market, more=compiled.extra, only=0)
    crowd, parts = market.crowd._replace(listed=compiled.listed), []
    for start in range(0, market.config.consumers, BLOCK):
        part = People(*(a[start : start + BLOCK] for a in crowd))
        events, _ = advance(compiled.market, part, of, 0, eve.until, stop, eve.states[0][start : start + BLOCK])
        events[:, 0] = part.number[events[:, 0]]
        parts.append(events)
    return np.concatenate(parts), sum(b.sum_minor or 0 for b in compiled.bought)


def _outcome(eve: Played, events: np.ndarray, window: tuple[date, date]) -> Outcome:
    first, last = (eve.drawn.calendar.number(day) for day in window)
    past, events = (e[e[:, AT["brand"]] == 0] for e in (eve.events, events))
    day = events[:, AT["minute"]] // 1440
    inside, did = (day >= first) & (day <= last), events[:, AT["behaviour"]]
    bought, who = did == BUY, events[:, 0].astype(np.int64)
    buyers = np.unique(who[bought & inside])
    earlier = np.concatenate([past[past[:, AT["behaviour"]] == BUY, 0].astype(np.int64), who[bought & (day < first)]])
    joined = did == codes("join")[0]
    return Outcome(
        int(events[bought & inside, AT["value"]].sum()), len(buyers), len(np.setdiff1d(buyers, earlier)),
        len(np.unique(who[joined & inside])),
    )  # fmt: skip
