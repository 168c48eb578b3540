"""How the league plays a decision: the same money spent by everybody, messages on lines, and what it brings by many chances."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from apex.measure import media
from apex.model import media_messages
from truth.league_life import Life
from truth.media import split_as, usual_budget
from twin.curves import AFTER, outcome
from twin.money import Spend
from twin.plan import Media, Plan, Trial
from twin.stages import AT

HOLD_OUT = "hold-out"
ROUNDS = 4  # in which money that a channel cannot take goes to the others
SHORT = 0.98  # of its budget: a channel that pays out less has no more to sell
Spoken = Callable[[str, date], Sequence[str]]  # (targeting, first day of the line) → messages in turn, () any


def usual(life: Life, number: int) -> pd.Series:
    """A campaign's budget by channel as the brand usually splits it, fen."""
    spent = usual_budget(life.of.usual[number])
    return spent / spent.sum() * life.of.budgets[number]


def planned(life: Life, number: int, budget: Mapping[str, float] | pd.Series, held: float = 0.0) -> Plan:
    """The usual plan with another split; held: the share of consumers whom all media leave alone, by chance.

    Money that a channel has no room for is spent on the others, as they share, whoever made the split: what is compared is the
    same money well or badly spent.
    """
    base, total = life.of.usual[number], life.of.budgets[number]
    if held:
        arms = {"treated": 1 - held, "control": held}
        base = base.model_copy(
            update={"trials": [Trial(name=HOLD_OUT, arms=arms, share=1.0, alpha=0.05)], "hold_out": HOLD_OUT}
        )
    wished = pd.Series(budget, dtype=float).reindex(usual_budget(base).index).fillna(0.0).clip(lower=0.0)
    now, full = wished * total / wished.sum(), pd.Series(False, wished.index)
    for _ in range(ROUNDS):
        paid = paid_for(life, split_as(base, now)).reindex(now.index).fillna(0.0)
        short = (paid < SHORT * now) & (now > 0)
        full |= short
        now = now.where(~short, paid)
        left = total - now.sum()
        if left < 0.005 * total or full.all():
            break
        open_ = wished.where(~full, 0.0)
        open_ = open_ if open_.sum() > 0 else pd.Series(1.0, now.index).where(~full, 0.0)
        now = now + left * open_ / open_.sum()
    return split_as(base, now)


def paid_for(life: Life, plan: Plan) -> pd.Series:
    """What each channel would take of its budget, fen."""
    begun = life.of.market.play(plan, after=life.now, until=plan.first_day, brand=life.of.brand, cores=1)
    assert begun.compiled is not None
    names = life.of.market.drawn.channels
    rows = [(names[b.channel], float(b.sum_minor or 0)) for b in begun.compiled.bought if b.budget_minor is not None]
    return pd.DataFrame(rows, columns=["channel", "paid"]).groupby("channel").paid.sum()


def spoken(life: Life, plan: Plan, says: Spoken) -> Plan:
    """The plan with messages on its lines, in turn."""
    channels, out = life.of.market.drawn.spec["channels"], []
    for line in plan.media:
        first, last = plan.days(line)
        days = (last - first).days + 1
        out += in_turn(line, first, days, media_messages.turns(days, says(channels[line.channel]["target"], first)))
    return plan.model_copy(update={"media": out})


def in_turn(line: Media, first: date, days: int, turns: Sequence[tuple[str | None, int, int]]) -> list[Media]:
    """A line in parts, each with its message, its days (from `first`) and its part of the money or contacts."""
    key, out = "budget_minor" if line.budget_minor is not None else "impressions", []
    whole = getattr(line, key)
    for message, a, b in turns:
        part = round(whole * (b + 1) / days) - round(whole * a / days)
        when = {"first_day": first + timedelta(days=a), "last_day": first + timedelta(days=b), "phase": None}
        out.append(line.model_copy(update={**when, key: part, "message": message}))
    return out


def brought(life: Life, plan: Plan, salts: Iterable[int]) -> np.ndarray:
    """(salts, 2) GMV from the plan's first day to AFTER days behind it, and what was spent, fen; salt 0: as it is lived."""
    market, found = life.of.market, []
    first, until = market.drawn.calendar.number(plan.first_day), plan.last_day + timedelta(days=AFTER)
    for salt in salts:
        lived = market.play(plan, after=life.now, until=until, brand=life.of.brand, salt=salt, cores=1)
        told = outcome(lived, 0, first, lived.until - 1)
        found.append((told.gmv_minor, told.spent_minor))
    return np.array(found, float)


def clicked(life: Life, plan: Plan | None, last: date) -> pd.DataFrame:
    """`measure.media.by_creative` on a day, of the life so far and of a plan that runs: as its spend will show.

    Read from the stretches themselves: a warehouse for each phase of every policy would take hours.
    """
    parts = [_own(p.tables["spend"], life.of.brand) for p in life.parts]
    if plan is not None:
        part = life.of.market.play(plan, after=life.now, until=last, brand=life.of.brand, cores=1)
        spend, assigned = Spend(part.drawn), part.compiled
        spend.add(part.events[part.events[:, AT["brand"]] == 0])
        parts.append(_own(spend.tables(assigned.bought if assigned else [])["spend"], life.of.brand))
    told = pd.concat(parts, ignore_index=True).rename(columns={"impressions": "contacts", "creative_id": "creative"})
    told["ago"] = (pd.Timestamp(last) - pd.to_datetime(told.day)).dt.days
    by = told.groupby("creative").ago
    told["old"], told["seen"], told["turn"] = by.transform("max"), by.transform("min"), told.ago // media.FRESH
    told["message"] = told.creative.map(life.now.tables["creatives"].to_pandas().set_index("creative_id").message)
    channels = life.of.market.drawn.spec["channels"]
    told["whom"] = told.channel.map({c: v["target"] for c, v in channels.items()})
    told = told[(told.ago < media.YEAR) & (told.contacts > 0)].assign(all=told.ago * told.contacts)
    keys = ["channel", "whom", "message", "creative", "old", "seen", "turn"]
    sums = told.groupby(keys, as_index=False)[["contacts", "clicks", "all"]].sum()
    return sums.assign(back=sums["all"] / sums.contacts)[media.CREATIVES]


def _own(spend: pa.Table, brand: str) -> pd.DataFrame:
    mine = spend.filter(pc.equal(spend["brand"], brand))
    frame = mine.select(["day", "channel", "creative_id", "impressions", "clicks"]).to_pandas()
    return frame.astype({"channel": str, "creative_id": str})
