"""What event days of a market's default brand truly did, by paired worlds, beside the daily trade that an observer sees.

An own festival is taken away whole: its discount, its appeal and its media, everything else as it is (the twin's cause `event`
leaves the media). A promotion is taken away whole too, and of everybody: traffic, phases, discounts, appeal and its media; what
remains is a market without promotions from the first observed day on, so a later one's effect holds what earlier ones left.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from apex.measure.daily_trade import MEASURES, of_brand
from apex.measure.event_calendar import COLUMNS
from twin.market import Drawn, draw_market
from twin.people import People
from twin.play import advance, consumers, world
from twin.stages import AT, codes

LEAD, AFTER = 7, 21  # as the notebook counts
PHASES = ("build-up", "presale", "warm-up", "burst", "return")


@dataclass(frozen=True)
class Market:
    """A lived market. trade: of `measure.daily_trade.of_brand`, with pushed; events: of `measure.event_calendar`.

    without: event → daily orders of the brand (days,) in the world without it, everything else being the same.
    """

    trade: pd.DataFrame
    events: pd.DataFrame
    without: dict[str, "np.ndarray"]


def live(seed: int, size: int, promotions: bool = False) -> Market:
    """Live a market's first category once with all of it, and once without each own festival (and without promotions)."""
    drawn = draw_market(seed)
    crowd, _ = consumers(drawn, np.arange(1, size + 1))
    _, state = advance(drawn, crowd, world(drawn), 0, 0, drawn.calendar.observed, keep=True)
    sold = _sold(drawn, _play(drawn, drawn, crowd, state, {}))
    events, without = _events(drawn), {}
    for row in events[events.kind == "own"].itertuples():
        number = next(i for i, c in enumerate(drawn.campaigns) if c.key == row.campaign_id)
        days = (drawn.calendar.number(row.first_day), drawn.calendar.number(row.last_day))
        lived = _play(drawn, drawn, crowd, state, {"campaigns": (number,), "event_days": (days,), "only": 0})
        without[row.event] = _orders(drawn, lived)
    if promotions:
        lived = _play(drawn, plain(drawn), crowd, state, {"only": 0})
        for row in events[events.campaign_id.notna() & (events.kind == "platform")].itertuples():
            without[row.event] = _orders(drawn, lived)
    first, last = drawn.calendar.date(drawn.calendar.observed), drawn.calendar.date(drawn.calendar.days - 1)
    trade = of_brand(sold, drawn.brands[0], first, last, _others(drawn))
    return Market(trade.assign(pushed=_pushed(drawn, trade.day)), events, without)


def plain(drawn: Drawn) -> Drawn:
    """The market without promotions from the first observed day on: plain traffic, no phases, and own festivals as they are."""
    flat = {f"phase/{phase}/{what}": 1.0 for phase in PHASES for what in ("upper", "lower", "traffic")}
    bare = draw_market(drawn.seed, flat)
    inside = np.zeros(drawn.calendar.days, bool)
    for promotion in drawn.calendar.promotions:
        inside[promotion.first : promotion.last + 1] = True
    inside[: drawn.calendar.observed] = False
    event, lift = drawn.event_discount.copy(), drawn.event_lift.copy()
    event[:, inside], lift[:, inside] = 0.0, 0.0
    none = bare.rules._replace(phase=np.where(inside, 0, drawn.rules.phase).astype(drawn.rules.phase.dtype))
    return replace(bare, event_discount=event, event_lift=lift, rules=none)


def truth(market: Market, taken: pd.DataFrame, event: str, block: str) -> float:
    """Orders that an event truly brought in one of its blocks (`net`: all); taken: of `model.event_days.assign`."""
    at = (taken.event == event).to_numpy()
    if block != "net":
        at = at & (taken.block == block).to_numpy()
    return float((market.trade.orders.to_numpy() - market.without[event])[at].sum())


def _play(drawn: Drawn, lived: Drawn, crowd: People, state: "np.ndarray", without: dict[str, Any]) -> "np.ndarray":
    events, _ = advance(lived, crowd, world(lived, **without), 0, drawn.calendar.observed, None, state)
    return events[events[:, AT["behaviour"]] == codes("buy")[0]]


def _day(drawn: Drawn, bought: "np.ndarray") -> "np.ndarray":
    return np.asarray(bought[:, AT["minute"]] // 1440 - drawn.calendar.observed)


def _sold(drawn: Drawn, bought: "np.ndarray") -> pd.DataFrame:
    """The frame of `measure.daily_trade.by_brand` (nobody's first purchase is known here: new_buyers is 0)."""
    frame = pd.DataFrame({
        "day": _day(drawn, bought), "brand": np.array(drawn.brands)[bought[:, AT["brand"]]], "consumer": bought[:, 0],
        "order": bought[:, 0].astype(np.int64) * 1_000_000 + bought[:, AT["basket"]], "value": bought[:, AT["value"]],
    })  # fmt: skip
    by = frame.groupby(["day", "brand"])
    out = by.agg(gmv_minor=("value", "sum"), orders=("order", "nunique"), buyers=("consumer", "nunique")).reset_index()
    first = drawn.calendar.date(drawn.calendar.observed)
    return out.assign(new_buyers=0, day=[first + timedelta(days=int(d)) for d in out.day])[["day", "brand", *MEASURES]]


def _orders(drawn: Drawn, bought: "np.ndarray") -> "np.ndarray":
    """Orders of the default brand by day."""
    ours = bought[bought[:, AT["brand"]] == 0]
    order = np.unique(ours[:, 0].astype(np.int64) * 1_000_000 + ours[:, AT["basket"]], return_index=True)[1]
    return np.bincount(_day(drawn, ours[order]), minlength=drawn.calendar.days - drawn.calendar.observed)


def _events(drawn: Drawn) -> pd.DataFrame:
    of = drawn.calendar
    rows: list[tuple[str, str, str | None, int, int, int]] = []
    for name, first, last, _ in of.platform_days:
        rows.append((name, "platform", None, first, first, last))
    for campaign in drawn.campaigns:
        if campaign.brand == 0 and campaign.promotion:
            first, last = campaign.promotion.days("burst")
            rows.append((campaign.promotion.name, "platform", campaign.key, campaign.first, first, last))
        elif campaign.brand == 0 and "-own-" in campaign.key:
            rows.append(("own", "own", campaign.key, campaign.first, campaign.first, campaign.last))
    dated = [
        (f"{of.date(first)} {name}", name, kind, key, min(of.date(begun), of.date(first - LEAD)), of.date(first), of.date(last),
         of.date(last + AFTER))
        for name, kind, key, begun, first, last in rows if first >= of.observed
    ]  # fmt: skip
    return pd.DataFrame(dated, columns=COLUMNS).sort_values("first_day", ignore_index=True)


def _others(drawn: Drawn) -> pd.DataFrame:
    of = drawn.calendar
    mine = [c for c in drawn.campaigns if 0 < c.brand < drawn.rules.brands and "-own-" in c.key]
    rows = [(drawn.brands[c.brand], of.date(c.first), of.date(c.last)) for c in mine]
    return pd.DataFrame(rows, columns=["brand", "first_day", "last_day"])


def _pushed(drawn: Drawn, days: pd.Series) -> pd.Series:
    """1.0 on days of the brand's campaigns that are neither promotion nor festival."""
    busy = pd.Series(False, days.index)
    for c in drawn.campaigns:
        if c.brand == 0 and not c.promotion and "-own-" not in c.key:
            busy |= (days >= drawn.calendar.date(c.first)) & (days <= drawn.calendar.date(c.last))
    return busy.astype(float)
