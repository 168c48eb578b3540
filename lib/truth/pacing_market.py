"""One campaign for `truth.pacing`: a plan played in a simulated market, and what the pacing page would have known of it."""

import pickle
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from apex.ledger import load_rules, sweep
from apex.measure import pacing as measure
from apex.model.pacing_paths import Booked, Facts
from twin.act import Config, Market, Played
from twin.bought import Compiled, Compiler
from twin.curves import scaled, usual_plan
from twin.plan import Plan
from twin.play import world

CAMPAIGN = "b00-d11-2024"
CONSUMERS = 8000
TIMES = 12.0  # the plan buys so many times the usual media as far as they can be had: some 550 to 750 contacts a day
HISTORY = {"market/history_days": 180}  # unseen life before the two years that are recorded: a fifth, and twice as fast
SHORT = 0.2  # what a disturbed campaign delivers less


@dataclass(frozen=True)
class Lived:
    """A campaign. short_from: the first day of the shortfall, None where there is none; contacts: booked a day in the mean."""

    seed: int
    brand: str
    booked: Booked
    facts: Facts
    short_from: date | None
    contacts: float


def live(seed: int, disturbed: bool, folder: Path | None = None, times: float = TIMES) -> Lived:
    """Play a market and its plan, `times` the usual media; kept in `folder`, read from there the next time."""
    kept = None if folder is None else folder / f"{seed}-{'short' if disturbed else 'even'}-{times:g}.pickle"
    if kept is not None and kept.exists():
        found: Lived = pickle.loads(kept.read_bytes())
        return found
    market = Market(Config(CONSUMERS, HISTORY), seed)
    brand = market.drawn.brands[0]
    plan, contacts = confirmed(market, usual_plan(market, CAMPAIGN), times)
    short = first_short(plan, seed) if disturbed else None
    eve = market.eve(plan.first_day, None, brand, 1)
    played = _played(market, plan, eve, short)
    found = Lived(seed, brand, booked(plan, contacts), _facts(eve, played, brand), short,
                  sum(contacts) / ((plan.last_day - plan.first_day).days + 1))  # fmt: skip
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(found))
    return found


def first_short(plan: Plan, seed: int) -> date:
    """The first day of the shortfall: any of the plan's days but the last two, by the seed alone."""
    days = (plan.last_day - plan.first_day).days + 1
    return plan.first_day + timedelta(days=int(np.random.default_rng([seed, 10]).integers(0, days - 2)))


def confirmed(market: Market, plan: Plan, times: float) -> tuple[Plan, list[float]]:
    """The plan bought so many times, as far as media can sell it, and the contacts booked by each line.

    What costs nothing is left out: it is shown to whoever is there.
    """
    paid = [line for line in plan.media if line.budget_minor]
    plan = plan.model_copy(update={"media": paid})
    for channel in dict.fromkeys(line.channel for line in paid):
        plan = scaled(plan, channel, times)
    sold = [b.sum_minor for b in _compiled(market, plan).bought]
    lines = [line.model_copy(update={"budget_minor": int(s or 0)}) for line, s in zip(plan.media, sold, strict=True)]
    plan = plan.model_copy(update={"media": [line for line in lines if line.budget_minor]})
    return plan, [b.impressions for b in _compiled(market, plan).bought]


def booked(plan: Plan, contacts: list[float]) -> Booked:
    """The plan as the page reads it."""
    rows = [
        (line.channel, line.first_day, line.last_day, float(line.budget_minor or 0), n)
        for line, n in zip(plan.media, contacts, strict=True)
    ]
    lines = pd.DataFrame(rows, columns=["channel", "first_day", "last_day", "cost_minor", "impressions"])
    phases = [(name, *days) for name, days in plan.phases.items()]
    return Booked(lines, phases, plan.first_day, plan.last_day, (plan.phases["presale"][0], plan.last_day))


def _compiled(market: Market, plan: Plan) -> Compiled:
    eve = market.eve(plan.first_day, None, market.drawn.brands[0], 1)
    return Compiler(plan, eve.drawn, market.crowd, market._forecast(eve, plan, 0), 0).compiled()


def _played(market: Market, plan: Plan, eve: Played, short: date | None) -> Played:
    """The plan played; from `short` on media meet a fifth fewer people than booked, and a fifth less is paid."""
    brand, calendar = market.drawn.brands[0], market.drawn.calendar
    if short is None:
        return market.play(plan, brand=brand, cores=1)
    compiled, begins = _compiled(market, plan), calendar.number(short)
    lines, paid = [], {b.number: b for b in compiled.bought}
    for line in compiled.extra.lines:
        less = np.where(np.arange(line.first, line.last + 1) >= begins, SHORT, 0.0)
        lines.append(replace(line, rate=line.rate * (1 - less)))
        bought = paid[line.campaign]
        paid[line.campaign] = replace(bought, sum_minor=round((bought.sum_minor or 0) * (1 - less.mean())))
    changed = replace(compiled, bought=[paid[b.number] for b in compiled.bought])
    of = world(compiled.market, brand=0, quiet=compiled.quiet, more=replace(compiled.extra, lines=tuple(lines)), only=0)
    return market._lived(compiled.market, of, calendar.number(plan.last_day) + 1, eve, brand, 1, changed)


def _facts(eve: Played, played: Played, brand: str) -> Facts:
    """By the page's own functions, from the tables of the past and of the campaign."""
    both = {n: pa.concat_tables([eve.tables[n], played.tables[n]]) for n in ("events", "spend")}
    warehouse: Any = SimpleNamespace(has=both.__contains__, table=lambda name: ibis.memtable(both[name]))
    first, last = eve.drawn.calendar.date(eve.drawn.calendar.observed), played.last_day
    rules = load_rules("aipl")
    rows = sweep.sweep(both["events"], rules, last).select(["day", "brand", "from_stage", "to_stage"])
    book: Any = SimpleNamespace(rows=ibis.memtable(rows), rules=rules)
    sold = measure.sold(warehouse, brand, first, last)
    return Facts(
        measure.delivered(warehouse, brand, first, last), sold, sold.gmv_minor.astype(float),
        measure.risen(book, brand, first, last),
    )  # fmt: skip
