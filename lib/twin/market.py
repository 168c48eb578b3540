"""One market: everything that is drawn once and then holds for every consumer and every world."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from twin import creatives, days, priors, services, stock
from twin.benefits import offered
from twin.chance import stream
from twin.crowds import CROWDS
from twin.lines import Line

TARGETS = ("broad", "likely", "members", "visitors")
UPPER = ("social", "video-feed", "tv", "outdoor", "topview", "short-video")
CONTENT_CHANNELS = ("short-video", "live", "social", "video-feed")


class Rules(NamedTuple):
    """What the kernel reads of a market. G brands of all categories, B of one, C channels, T days, X crowds, J items."""

    seed: int
    observed: int
    brands: int
    traffic: np.ndarray  # (T,)
    phase: np.ndarray  # (T,) 0 none, 1 presale, 2 warm-up, 3 burst
    candidates: np.ndarray  # (K, T) expected media contacts a consumer before acceptance
    cdf: np.ndarray  # (K, T, B * C)
    guide: np.ndarray  # (K, T, STEPS) where to begin to look in the cdf, see `lookup`
    since: np.ndarray  # (K, T) the first day since which the cdf is as it is
    campaign: np.ndarray  # (T, G) the campaign running, −1 none
    extra: np.ndarray  # (T, G, C) which share of the media belongs to it
    trial: np.ndarray  # (campaigns,) its trial, −1 none
    content_first: np.ndarray  # (T, G, C) contents shown are first … last − 1
    content_last: np.ndarray
    content_pull: np.ndarray  # (contents,)
    content_length: np.ndarray
    creative: np.ndarray  # (T, G, V) the brand's creative of each message, −1 before any is recorded
    creative_pull: np.ndarray  # (T, G, V)
    message: np.ndarray  # (4, V) response to a message by standing
    appeal: np.ndarray  # (G, J) how much more an item is clicked than others
    clock: np.ndarray  # minutes of the day at equal shares of its doings
    benefit_off: np.ndarray  # (K,) discount of a benefit when it is redeemed
    usage: np.ndarray  # (X, C) at most 1
    target: np.ndarray  # (C,)
    aware: np.ndarray  # (C,)
    intent: np.ndarray  # (C,)
    click: np.ndarray  # (C,)
    is_content: np.ndarray  # (C,)
    response: np.ndarray  # (X,)
    stage_aware: np.ndarray  # (4,)
    stage_intent: np.ndarray  # (4,)
    price_response: np.ndarray  # (X,)
    quality: np.ndarray  # (G,)
    item_cdf: np.ndarray  # (T, G, J)
    item_price: np.ndarray  # (G, J)
    business_cdf: np.ndarray  # (6, businesses)
    physical: int
    tier_money: np.ndarray
    decay: (
        np.ndarray
    )  # (5, days) what is left of awareness, bought and own intent, loyalty, weariness after so many days
    demand: np.ndarray  # see DEMAND
    habits: np.ndarray  # see HABITS


DEMAND = (
    "outside", "need", "loyalty", "loyalty_days", "price", "member", "awareness", "bought_intent", "own_intent", "synergy",
    "awareness_days", "bought_days", "own_days", "click_gain", "wait", "chase", "fatigue", "repeat", "sample_gain",
)  # fmt: skip
HABITS = (
    "search_category", "search_brand", "second_view", "favourite", "cart", "reserve", "pays_deposit", "claim", "refund",
    "review", "share", "join", "follow", "engage", "leave", "sample", "second_line", "glance",
)  # fmt: skip


@dataclass(frozen=True)
class Campaign:
    """A brand's campaign; `trial` is an index of the market's trials."""

    key: str
    brand: int
    name: str
    scene: str
    first: int
    last: int
    promotion: days.Promotion | None = None
    trial: int = -1


@dataclass(frozen=True)
class Drawn:
    """A drawn market: parameters, names, calendar, campaigns, and the arrays the kernel reads."""

    seed: int
    spec: dict[str, Any]
    calendar: days.Calendar
    categories: list[str]
    brands: list[str]
    channels: list[str]
    campaigns: list[Campaign]
    trials: list[dict[str, Any]]
    contents: dict[str, np.ndarray]
    creatives: dict[str, np.ndarray]
    items: dict[str, np.ndarray]
    outages: np.ndarray  # (T, G, J) bool: days on which an item cannot be had
    services: list[services.Service]
    lines: list[Line]  # item trials
    item_trials: list[dict[str, Any]]
    discount: np.ndarray  # (G, T) daily trade
    event_discount: np.ndarray  # (G, T) on event days
    event_lift: np.ndarray  # (G, T)
    offer: np.ndarray  # (T, G, K) bool: benefits that may be claimed
    rules: Rules

    @property
    def businesses(self) -> list[str]:
        """Selling formats."""
        return list(self.spec["businesses"])

    @property
    def messages(self) -> list[str]:
        """What a creative may say."""
        return list(self.spec["messages"])

    def brand_of(self, category: int, brand: int) -> int:
        """The number of a category's brand among all brands."""
        return category * self.rules.brands + brand


def draw_market(seed: int, overrides: dict[str, Any] | None = None) -> Drawn:
    """One market of the prior file; `overrides` maps a place such as "demand/chase" to a value or a prior."""
    from twin import media, shelf

    spec = priors.drawn(priors.changed(priors.read(), overrides or {}), seed)
    categories = list(spec["categories"])
    brands = [b for c in categories for b in spec["brands"][c][: spec["market"]["brands_per_category"]]]
    channels = list(spec["channels"])
    calendar = days.calendar(spec, seed, len(brands))
    demand = spec["demand"]
    quality = demand["quality_sd"] * stream(seed, "quality").standard_normal(len(brands))
    quality[0] = demand["focal_quality"]
    campaigns, trials = media.campaigns(spec, calendar, brands)
    discount, event_discount, lift = shelf.prices(spec, seed, calendar, len(brands))
    items = shelf.items(spec, seed, calendar, categories, brands)
    outages = stock.outages(spec, seed, calendar, items["launch"])
    item_trials, lines = media.item_trials(spec, calendar, items["launch"][0], campaigns, brands[0], channels)
    shown = creatives.creatives(spec, seed, calendar, len(brands))
    contents = media.contents(spec, seed, calendar, len(brands), channels)
    response = np.exp(demand["crowd_response_sd"] * stream(seed, "crowd response").standard_normal(len(CROWDS)))
    price_response = np.array([1.3, 1.2, 0.9, 0.9, 0.7, 1.2, 0.9, 1.1, 1.0])
    kind = [spec["channels"][c] for c in channels]
    rules = Rules(
        seed=seed,
        observed=calendar.observed,
        brands=len(brands) // len(categories),
        traffic=days.traffic(calendar, spec),
        phase=media.phase_of_day(calendar),
        **media.plan(spec, seed, calendar, campaigns, trials, quality, channels),
        trial=np.array([c.trial for c in campaigns], np.int16),
        **media.shown(contents, len(brands), channels, calendar, spec["market"]["content_days"]),
        **creatives.by_day(shown, spec, calendar.days),
        message=np.array(list(spec["messages"].values())).T
        * np.exp(
            spec["creatives"]["message_sd"] * stream(seed, "messages").standard_normal((4, len(spec["messages"])))
        ),
        appeal=shelf.appeal(spec, items["size"]),
        clock=days.clock(spec),
        benefit_off=np.array([float(b.get("discount", 0)) for b in spec["benefits"]["kinds"].values()]),
        usage=media.usage(spec, seed, channels),
        target=np.array([TARGETS.index(c["target"]) for c in kind], np.int8),
        aware=np.array([float(c["aware"]) for c in kind]),
        intent=np.array([float(c["intent"]) for c in kind]),
        click=np.array([float(c["click"]) for c in kind]),
        is_content=np.array([c in CONTENT_CHANNELS for c in channels]),
        response=response,
        stage_aware=np.array(spec["stage_response"]["aware"]),
        stage_intent=np.array(spec["stage_response"]["intent"]),
        price_response=price_response,
        quality=quality,
        item_cdf=shelf.chosen(items, outages, calendar.days),
        item_price=items["price"],
        business_cdf=shelf.businesses(spec),
        physical=list(spec["businesses"]).index(spec["physical"]),
        tier_money=np.array(list(spec["tiers"].values()), np.int64),
        decay=np.exp(
            -np.arange(1200)
            / np.array(
                [[demand[n]] for n in ("awareness_days", "bought_days", "own_days", "loyalty_days")]
                + [[spec["fatigue"]["days"]]]
            )
        ),
        demand=np.array([float({**spec["fatigue"], **demand, "fatigue": spec["fatigue"]["share"]}[n]) for n in DEMAND]),
        habits=np.array([float(spec["habits"][name]) for name in HABITS]),
    )
    served = services.services(spec, seed, calendar, quality)
    return Drawn(
        seed, spec, calendar, categories, brands, channels, campaigns, trials, contents, shown, items, outages, served, lines,
        item_trials, discount, event_discount, lift, offered(spec, seed, calendar, len(brands)), rules,
    )  # fmt: skip
