"""Creatives: a brand shows one a message at a time; each has its pull, wears out, and is replaced by a new one."""

from typing import Any

import numpy as np

from twin.chance import stream
from twin.days import Calendar


def creatives(spec: dict[str, Any], seed: int, calendar: Calendar, brands: int) -> dict[str, np.ndarray]:
    """Every creative of the calendar by brand: `message`, `first` and `last` day shown, `pull`; (brands, most), −1 beyond a
    brand's own. The numbers 0, 1, … are those of creatives seen in the observed years, by first day; earlier ones follow.
    """
    chance, own = stream(seed, "creatives"), spec["creatives"]
    rows = []
    for _ in range(brands):
        mine = []
        for message in range(len(spec["messages"])):
            life = _lives(chance, own["shown_days"], calendar.days)
            end = np.cumsum(life) - int(chance.uniform(0, life[0]))
            begin = np.concatenate([[end[0] - life[0]], end[:-1]])
            there = begin < calendar.days
            pull = np.exp(spec["demand"]["creative_sd"] * chance.standard_normal(len(life)))
            mine.append(np.column_stack([np.full(there.sum(), message), begin[there], end[there] - 1, pull[there]]))
        table = np.concatenate(mine)
        rows.append(table[np.lexsort((table[:, 0], table[:, 1], table[:, 2] < calendar.observed))])
    most = max(map(len, rows))
    whole = np.stack([np.pad(r, ((0, most - len(r)), (0, 0)), constant_values=-1) for r in rows])
    out = {name: whole[:, :, i].astype(np.int64) for i, name in enumerate(("message", "first", "last"))}
    return {**out, "pull": whole[:, :, 3]}


def _lives(chance: np.random.Generator, days: Any, until: int) -> np.ndarray:
    low, high = days["uniform"] if isinstance(days, dict) else (days, days)
    return chance.uniform(low, high, 2 + int(until / low)).astype(int)


def by_day(of: dict[str, np.ndarray], spec: dict[str, Any], days: int) -> dict[str, np.ndarray]:
    """Which creative a message has on a day and what it pulls then: `creative` and `creative_pull`, (days, brands, messages).

    pull · w(age) / w̄, w(age) = c + (1 − c) · exp(−age / τ); w̄ is its mean over an average life, so that wear moves no averages.
    """
    floor, tau = spec["creatives"]["wears_to"], spec["creatives"]["wear_days"]
    brands, number = of["message"].shape
    shape = (days, brands, len(spec["messages"]))
    creative, pull = np.full(shape, -1, np.int16), np.ones(shape, np.float32)
    shown = of["message"] >= 0
    life = np.arange((of["last"] - of["first"] + 1)[shown].mean())
    usual = (floor + (1 - floor) * np.exp(-life / tau)).mean()
    for b in range(brands):
        for c in range(number):
            if shown[b, c]:
                first, last = max(0, of["first"][b, c]), min(days - 1, of["last"][b, c])
                age = np.arange(first, last + 1) - of["first"][b, c]
                creative[first : last + 1, b, of["message"][b, c]] = c
                worn = floor + (1 - floor) * np.exp(-age / tau)
                pull[first : last + 1, b, of["message"][b, c]] = of["pull"][b, c] * worn / usual
    return {"creative": creative, "creative_pull": pull}
