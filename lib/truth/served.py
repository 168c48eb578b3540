"""What each service of a market truly changed: the same lives played again without it, from its first day on."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from twin import services
from twin.market import Drawn
from twin.play import advance, consumers, world
from twin.purchase import BUY, JOIN
from twin.stages import AT

METRICS = ("gmv_minor", "buyers", "members")
NEEDED = [AT["consumer"], AT["minute"], AT["behaviour"], AT["brand"], AT["value"], AT["detail"]]


@dataclass(frozen=True)
class Seen:
    """What anybody can count of a market: by brand and day, (G, T): GMV in fen, consumers who bought, who joined."""

    gmv_minor: np.ndarray
    buyers: np.ndarray
    members: np.ndarray


def played(market: Drawn, numbers: np.ndarray) -> tuple[pd.DataFrame, Seen]:
    """Every service's true effects beside the days that everybody sees.

    Of a service without ability no life can differ, so that it is not played again. Returns one row a service: provider, brand
    (number), track, first, last (day numbers, the last one of its days in the data), ability, and of its days and of all days
    from its first to the end of the data each metric `_with` and `_without` (`…_all_with`, `…_all_without`): GMV in fen,
    consumers who bought, consumers who joined.
    """
    able = services.abilities(market.spec, market.seed)
    crowd, _ = consumers(market, numbers)
    per, days = market.rules.brands, market.calendar.days
    shape = (len(market.brands), days)
    seen = Seen(*(np.zeros(shape) for _ in METRICS))
    rows = []
    for k in range(len(market.categories)):
        mine = [(n, s) for n, s in enumerate(market.services) if s.brand // per == k]
        facts: list[np.ndarray] = []
        states: dict[int, np.ndarray] = {}
        begin, state = 0, None
        for stop in [*sorted({s.first for _, s in mine}), days]:
            lived, state = advance(market, crowd, world(market), k, begin, stop, state, keep=True)
            facts.append(_needed(lived))
            states[stop] = state
            begin = stop
        fact = np.concatenate(facts)
        for b in range(k * per, (k + 1) * per):
            for metric, found in zip(METRICS, _daily(fact[fact[:, 3] == b], days), strict=True):
                getattr(seen, metric)[b] = found

        def other(item: tuple[int, services.Service], k: int = k, states: dict[int, np.ndarray] = states) -> np.ndarray:
            n, s = item
            of = world(market, brand=s.brand, only=s.brand, services=(n,))
            return _needed(advance(market, crowd, of, k, s.first, days, states[s.first])[0])

        busy = [item for item in mine if able[item[1].provider] != 0]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            without = dict(zip([n for n, _ in busy], pool.map(other, busy), strict=True))
        for n, s in mine:
            since = fact[(fact[:, 3] == s.brand) & (fact[:, 1] >= s.first * 1440)]
            row = {
                "provider": s.provider, "brand": s.brand, "track": s.track, "first": s.first, "last": min(s.last, days - 1),
                "ability": able[s.provider],
            }  # fmt: skip
            for side, events in (("with", since), ("without", without.get(n, since))):
                row |= {f"{m}_{side}": v for m, v in _totals(events, s.first, min(s.last, days - 1))}
                row |= {f"{m}_all_{side}": v for m, v in _totals(events, s.first, days - 1)}
            rows.append(row)
    return pd.DataFrame(rows).sort_values(["provider", "first", "brand"], ignore_index=True), seen


def _needed(events: np.ndarray) -> np.ndarray:
    """Purchases and joinings: consumer, minute, behaviour, brand, value, detail."""
    what = events[:, AT["behaviour"]]
    return events[(what == BUY) | (what == JOIN)][:, NEEDED]


def _totals(events: np.ndarray, first: int, last: int) -> Iterator[tuple[str, int]]:
    inside = events[(events[:, 1] >= first * 1440) & (events[:, 1] < (last + 1) * 1440)]
    bought = inside[inside[:, 2] == BUY]
    yield "gmv_minor", int(bought[:, 4].sum(dtype=np.int64))
    yield "buyers", len(np.unique(bought[:, 0]))
    yield "members", int((inside[:, 2] == JOIN).sum())


def _daily(events: np.ndarray, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """GMV, consumers who bought and joinings by day; who was a member when the data began did not join then."""
    day, bought = events[:, 1] // 1440, events[:, 2] == BUY
    money = np.bincount(day[bought], events[bought, 4], days)
    who = np.unique(events[bought, 0].astype(np.int64) * days + day[bought])
    joined = (events[:, 2] == JOIN) & (events[:, 5] < 0)
    return money, np.bincount(who % days, minlength=days), np.bincount(day[joined], minlength=days)
