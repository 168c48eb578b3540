"""What is on sale: items through their life, prices, discounts of daily trade and of event days, where one buys."""

from typing import Any

import numpy as np

from twin.chance import stream
from twin.days import Calendar
from twin.priors import draws


def prices(spec: dict[str, Any], seed: int, calendar: Calendar, brands: int) -> tuple[np.ndarray, ...]:
    """(brands, days) each: discount of daily trade, discount on event days, utility of an event day beside it."""
    chance = stream(seed, "discounts")
    daily = np.zeros((brands, calendar.days))
    for b in range(brands):  # a week at a discount now and then, the brand's own habit
        weeks = chance.random(calendar.days // 7 + 1) < chance.uniform(0.05, 0.2)
        daily[b] = np.repeat(np.where(weeks, chance.uniform(0.05, 0.15), 0.0), 7)[: calendar.days]
    event, lift = np.zeros_like(daily), np.zeros_like(daily)
    for p in calendar.promotions:
        depth = draws(spec["promotions"][p.kind]["depth"], stream(seed, f"depth {p.key}"), brands)
        shares = {"presale": (0.6, 0.3), "burst": (1.0, 1.0), "return": (0.5, 0.2)}
        for phase, (part, pull) in shares.items():
            first, last = p.days(phase)
            event[:, first : last + 1] = part * depth[:, None]
            lift[:, first : last + 1] = pull * spec["demand"]["event_lift"]
    depth = draws(spec["own_festival"]["depth"], stream(seed, "own depth"), brands)
    for b, y in np.argwhere(calendar.own >= 0):
        days = slice(calendar.own[b, y], calendar.own[b, y] + calendar.own_days)
        event[b, days], lift[b, days] = depth[b], spec["demand"]["event_lift"]
    return daily, event, lift


def pull_of_day(spec: dict[str, Any], calendar: Calendar) -> np.ndarray:
    """(days,): utility of taking part on a day beside the discount: a promotion's burst or a plain day's own festival in full."""
    out = np.ones(calendar.days)
    for p in calendar.promotions:
        for phase, part in {"presale": 0.3, "warm-up": 0.3, "return": 0.2}.items():
            first, last = p.days(phase)
            out[first : last + 1] = part
    return out * spec["demand"]["event_lift"]


def items(
    spec: dict[str, Any], seed: int, calendar: Calendar, categories: list[str], brands: list[str]
) -> dict[str, np.ndarray]:
    """Items of all brands, (brands, items) each: launch day, price in fen, life in days, size."""
    chance = stream(seed, "items")
    n, per = spec["market"]["items_per_brand"], len(brands) // len(categories)
    base = np.repeat([spec["categories"][c]["price"] for c in categories], per)
    price = base[:, None] * np.exp(0.15 * chance.standard_normal((len(brands), 1)))
    price = price * np.exp(0.35 * chance.standard_normal((len(brands), n)))
    price = np.maximum(100, np.round(price / 100) * 100 - 10).astype(np.int64)
    launch = np.sort(chance.integers(-700, 0, (len(brands), n)), axis=1)
    newer = n // 2  # half of them come during history and the observed years
    launch[:, n - newer :] = np.sort(chance.integers(0, calendar.days - 30, (len(brands), newer)), axis=1)
    life = chance.uniform(400, 1500, (len(brands), n))
    size = np.exp(0.7 * chance.standard_normal((len(brands), n)))
    return {"launch": launch, "price": price, "life": life, "size": size}


def chosen(items: dict[str, np.ndarray], outages: np.ndarray, days: int) -> np.ndarray:
    """(days, brands, items) cdf of what is chosen among a brand's items that can be had on a day.

    An item's weight rises after its launch, holds, and declines: w(t) = s · (1 − e^(−(t−l+1)/30)) · e^(−max(0, t−l−life)/200).
    """
    age = np.arange(days)[:, None, None] - items["launch"]
    weight = (
        items["size"] * (1 - np.exp(-np.maximum(age + 1, 0) / 30)) * np.exp(-np.maximum(0, age - items["life"]) / 200)
    )
    cdf = np.cumsum(np.where(outages, 0.0, weight), axis=2)
    if (cdf[:, :, -1] <= 0).any():
        raise ValueError("a brand has nothing to sell on some day; see `stock` in priors.yml")
    return np.ascontiguousarray((cdf / cdf[:, :, -1:]).astype(np.float32))


def appeal(spec: dict[str, Any], size: np.ndarray) -> np.ndarray:
    """(brands, items): how much more an item is clicked and carted when it is shown, 1 on average of the brand's logs."""
    z = np.log(size)
    return np.exp(spec["demand"]["appeal"] * (z - z.mean(axis=1, keepdims=True)) / 0.7)


def businesses(spec: dict[str, Any]) -> np.ndarray:
    """(6 city tiers, businesses) cdf: smaller cities buy more from resellers and in shops, less by instant delivery."""
    share = np.array(list(spec["businesses"].values()))
    tier = np.arange(6)[:, None] / 5
    tilt = np.array([0.0, 0.8, -0.2, -1.2, 0.6])[: len(share)]
    weight = share * np.exp(tilt * tier)
    return np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
