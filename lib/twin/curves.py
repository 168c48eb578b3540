"""What a plan truly brings, and every channel's true response curve: paired plays that share all chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from twin.act import Market, Played
from twin.money import Spend
from twin.plan import EventDay, Media, Plan
from twin.purchase import BUY
from twin.stages import AT

if TYPE_CHECKING:
    from twin.market import Campaign

AFTER = 15  # days after a plan in which what it caused is still counted
MEASURES = ("gmv_minor", "orders", "buyers")


@dataclass(frozen=True)
class Outcome:
    """One play's result for the plan's brand from its first day to `AFTER` days after its last."""

    spent_minor: int
    gmv_minor: int
    orders: int
    buyers: int


def outcome(played: Played, brand: int, first: int, last: int) -> Outcome:
    """GMV, orders and buyers of a brand (its number) from day `first` to `last`, and what its plan cost."""
    e = played.events
    day = e[:, AT["minute"]] // 1440
    bought = e[(e[:, AT["behaviour"]] == BUY) & (e[:, AT["brand"]] == brand) & (day >= first) & (day <= last)]
    orders = np.unique(bought[:, AT["consumer"]].astype(np.int64) << 32 | bought[:, AT["basket"]])
    spent = int(played.lines.spent_minor.sum())
    return Outcome(spent, int(bought[:, AT["value"]].sum()), len(orders), len(np.unique(bought[:, AT["consumer"]])))


def outcomes(market: Market, plan: Plan, replays: int = 1, *, cores: int | None = None) -> pd.DataFrame:
    """(replays,) outcomes of a plan, each with its own chance from the plan's first day on; the first with the market's own."""
    brand = plan.brand or market.drawn.brands[0]
    last = min(plan.last_day + timedelta(days=AFTER), market.drawn.calendar.date(market.drawn.calendar.days - 1))
    found = []
    for salt in range(replays):
        played = market.play(plan, until=last, brand=brand, salt=salt, cores=cores)
        found.append(outcome(played, market.drawn.brands.index(brand), played.begin, played.until - 1))
    return pd.DataFrame(found)


def gain(market: Market, plan: Plan, replays: int = 1, *, cores: int | None = None) -> pd.DataFrame:
    """(replays,) spent_minor, and gmv_minor, orders, buyers that the plan brings over doing nothing in its days."""
    idle = Plan(campaign_id=plan.campaign_id, brand=plan.brand, first_day=plan.first_day, last_day=plan.last_day)
    with_, without = (outcomes(market, p, replays, cores=cores) for p in (plan, idle))
    return with_[["spent_minor"]].join(with_[list(MEASURES)] - without[list(MEASURES)])


def curves(
    market: Market, plan: Plan, times: Sequence[float] = (0.0, 0.5, 1.0, 2.0, 4.0), replays: int = 4, *,
    cores: int | None = None,
) -> pd.DataFrame:  # fmt: skip
    """True response of each channel of a plan: its lines bought so many times, the other channels as planned.

    Returns channel, times, spent_minor (of the channel), and gmv_minor, orders, buyers over the channel left out, means of
    `replays` plays of the same chance, with `gmv_se`, their Monte Carlo error.
    """
    rows = []
    for channel in dict.fromkeys(m.channel for m in plan.media):
        base = None
        for factor in sorted({0.0, *times}):
            found = outcomes(market, scaled(plan, channel, factor), replays, cores=cores)
            base = found if base is None else base
            more = found[list(MEASURES)] - base[list(MEASURES)]
            error = more.gmv_minor.std(ddof=1) / np.sqrt(replays) if replays > 1 else np.nan
            spent = (found.spent_minor - base.spent_minor).mean()
            rows.append({"channel": channel, "times": factor, "spent_minor": spent, **more.mean(), "gmv_se": error})
    return pd.DataFrame(rows)


def scaled(plan: Plan, channel: str, times: float) -> Plan:
    """The plan with its lines in one channel bought so many times."""
    media = []
    for line in plan.media:
        if line.channel == channel:
            bought = {
                k: round(v * times) for k in ("budget_minor", "impressions") if (v := getattr(line, k)) is not None
            }
            line = line.model_copy(update=bought)
        media.append(line)
    return plan.model_copy(update={"media": media})


def usual_plan(market: Market, campaign_id: str) -> Plan:
    """What the brand usually does during one of its campaigns, as a plan: the same money by channel and phase, the same days.

    What costs nothing is planned by impressions. Raises KeyError for a campaign that the market does not have.
    """
    drawn = market.drawn
    campaign = {c.key: c for c in drawn.campaigns}[campaign_id]
    brand = drawn.brands[campaign.brand]
    eve = market.eve(drawn.calendar.date(campaign.first), None, brand, None)
    lived = market.usual(drawn.calendar.date(campaign.last), after=eve, brand=brand)
    phases = _phases(campaign, market)
    media: list[Media] = []
    for first, last in phases.values():
        day = lived.events[:, AT["minute"]] // 1440
        inside = (day >= drawn.calendar.number(first)) & (day <= drawn.calendar.number(last))
        spend = Spend(drawn)
        spend.add(lived.events[inside])
        for channel, (shown, cost) in sorted(spend.by_channel(campaign.brand).items()):
            media.append(
                Media(channel=drawn.channels[channel], first_day=first, last_day=last,
                      budget_minor=cost or None, impressions=None if cost else shown)
            )  # fmt: skip
    depth = drawn.event_discount[campaign.brand]
    events = []
    for first, last in phases.values():
        level = float(depth[drawn.calendar.number(first)])
        if level > 0:
            events.append(EventDay(first_day=first, last_day=last, depth=min(level, 0.89)))
    return Plan(
        campaign_id=f"{campaign_id}-plan", brand=brand, first_day=drawn.calendar.date(campaign.first),
        last_day=drawn.calendar.date(campaign.last), phases=phases, media=media, events=events,
    )  # fmt: skip


def _phases(campaign: "Campaign", market: Market) -> dict[str, tuple[date, date]]:
    day = market.drawn.calendar.date
    if campaign.promotion is None:
        return {"festival": (day(campaign.first), day(campaign.last))}
    return {name: (day(first), day(last)) for name, first, last in campaign.promotion.phases}
