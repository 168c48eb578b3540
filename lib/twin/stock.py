"""Goods in stock: days on which an item cannot be bought, and the units on hand that go with what was sold."""

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.chance import stream
from twin.days import Calendar

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = 28  # days over which an orderer means sales


def outages(spec: dict[str, Any], seed: int, calendar: Calendar, launch: np.ndarray) -> np.ndarray:
    """(T, G, J) bool: days on which an item cannot be bought for want of stock.

    launch: (G, J) day numbers. A few gaps a year and brand, one more now and then in the week after a burst; one launched item
    of a brand is always in stock, and an item that is not launched is not out of stock.
    """
    of, chance = spec["stock"], stream(seed, "outages")
    brands, items = launch.shape
    out = np.zeros((calendar.days, brands, items), bool)
    for b in range(brands):
        begins = chance.integers(0, calendar.days, chance.poisson(of["gaps"] * calendar.days / 365)).tolist()
        begins += [
            p.days("burst")[1] + int(late)
            for p, late, u in zip(
                calendar.promotions,
                chance.integers(0, 7, len(calendar.promotions)),
                chance.random(len(calendar.promotions)),
                strict=True,
            )
            if u < of["after_burst"]
        ]
        for first in begins:
            long, which = int(chance.integers(of["days"][0], of["days"][1] + 1)), chance.random()
            there = np.flatnonzero(launch[b] < first)
            last = min(first + long, calendar.days)
            if not len(there) or first >= last:
                continue
            item = there[int(which * len(there))]
            others = there[there != item]
            # A gap that touches another of the same item would be a longer one, and one that empties the shelf is none.
            near = slice(max(0, first - 1), last + 1)
            if len(others) and not out[near, b, item].any() and (~out[first:last, b][:, others]).any(axis=1).all():
                out[first:last, b, item] = True
    return out


def levels(
    spec: dict[str, Any], seed: int, calendar: Calendar, sold: np.ndarray, out: np.ndarray, launch: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Units at the end of each observed day and units delivered on it, (items, observed days) int64 each; items as g · J + j.

    sold: (items, T) units counted from purchases; out: (T, G, J); launch: (G, J). An item is ordered by what it sold before
    (mean of four weeks, more before a burst), in lots, every one to three weeks, sooner if it would run out. 0 before the launch
    and on days out of stock, else at least 1. Today = yesterday − sold + delivered, but on the first day of a gap the
    one piece that was left is taken off the shelf. Raises ValueError where something was sold that was not there.
    """
    of, chance = spec["stock"], stream(seed, "stock")
    begin, days = calendar.observed, calendar.days
    n = sold.shape[0]
    empty = out.reshape(days, n).T | (np.arange(days) < launch.reshape(n, 1))
    if (sold[:, begin:][empty[:, begin:]] > 0).any():
        raise ValueError("an item was sold on a day on which it was not in stock or not launched")
    every = chance.integers(of["review_days"][0], of["review_days"][1] + 1, n)
    offset = chance.integers(0, every)
    cover = chance.uniform(of["cover_days"][0], of["cover_days"][1], n)
    lot = chance.integers(2, 9, n)
    more = np.zeros(days)
    for p in calendar.promotions:
        first, _ = p.days("burst")
        more[max(0, first - 14) : first + 1] = of["before_burst"]
    mean = sold[:, max(0, begin - MEMORY) : begin].mean(axis=1)
    units, came = np.zeros((n, days - begin), np.int64), np.zeros((n, days - begin), np.int64)
    held = np.zeros(n, np.int64)
    for t in range(begin, days):
        gone = empty[:, t]
        # Lots of some days of sales, so that a market of any size is delivered now and then and not every day.
        size = np.maximum(lot, np.ceil(mean * lot)).astype(np.int64)
        target = 1 + np.ceil(mean * (cover + more[t]))
        ordered = ((t - offset) % every == 0) | (held == 0)
        wanted = np.where(ordered, np.maximum(0, target - held), 0)
        wanted = np.maximum(wanted, 1 + sold[:, t] - held)
        delivered = np.where(gone, 0, -(-np.maximum(0, wanted) // size) * size).astype(np.int64)
        held = np.where(gone, 0, held + delivered - sold[:, t])
        units[:, t - begin], came[:, t - begin] = held, delivered
        mean += (sold[:, t] - mean) / MEMORY * ~gone
    _run_down(units, came, empty[:, begin:])
    return units, came


def _run_down(units: np.ndarray, came: np.ndarray, empty: np.ndarray) -> None:
    """The last deliveries before a gap fail to come, so that one piece is left on its eve; in place.

    After the last delivery that stays units only fall, so that none falls below the 1 of the eve.
    """
    starts = ~empty & np.column_stack([np.ones(len(empty), bool), empty[:, :-1]])
    ends = ~empty & np.column_stack([empty[:, 1:], np.zeros(len(empty), bool)])
    for item, last in np.argwhere(ends):
        first = int(np.flatnonzero(starts[item, : last + 1])[-1])
        part = came[item, first : last + 1]
        later = np.cumsum(part[::-1])[::-1] - part
        less = np.clip(units[item, last] - 1 - later, 0, part)
        came[item, first : last + 1] -= less
        units[item, first : last + 1] -= np.cumsum(less)


def on_hand(
    spec: dict[str, Any], seed: int, calendar: Calendar, sold: np.ndarray, out: np.ndarray, launch: np.ndarray
) -> "pa.Table":
    """The canonical table `on_hand` of the observed years: see `levels`; an item has rows from its launch on."""
    from twin.tables import _table

    units, _ = levels(spec, seed, calendar, sold, out, launch)
    items = launch.shape[1]
    item, at = np.nonzero(np.arange(calendar.observed, calendar.days) >= launch.reshape(-1, 1))
    start = np.datetime64(calendar.date(calendar.observed).isoformat(), "D")
    names = np.array([f"b{g:02}-i{j}" for g in range(len(launch)) for j in range(items)], dtype=object)
    return _table(
        "on_hand",
        {"item_id": names[item], "day": start + at.astype("timedelta64[D]"), "units": units[item, at]},
    )
