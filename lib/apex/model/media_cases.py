"""Purchases beside consumers who did not buy that day: what both had met, done and bought before (nested case–control).

Goldstein & Langholz, "Asymptotic theory for nested case-control sampling", Annals of Statistics 20 (1992): comparing each
buyer with some of those at risk on the same day tells the relative hazard without reading every consumer's every day.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

CONTROLS = 6  # beside each case
READ = 12_000  # cases of one outcome that are read at most
BACK = 3.5  # carry-overs after which a contact is forgotten
LONG_AGO = 40  # days: whom media met before tells whom they choose to meet; what they did has faded
SETTLE = 60  # days of media before the first purchase that counts
SCALE = 1 << 20  # more than there are days


@dataclass(frozen=True)
class Cases:
    """N purchases, each the first of 1 + CONTROLS consumers on its day.

    stock: (N, 1 + CONTROLS, C) contacts by channel, decayed; known: (N, 1 + CONTROLS, K) what else tells; day, who: (N,).
    """

    stock: "Floats"
    known: "Floats"
    day: "Whole"
    who: "Whole"


def cases(of: Contacts, carry_days: float, seed: int, outcome: str = "orders", controls: int = CONTROLS) -> Cases:
    """Orders or visits that came by themselves (no click led to them) while media were recorded, and their controls."""
    rng = np.random.default_rng(seed)
    rows = of.orders if outcome == "orders" else of.visits
    own = (rows.day > of.first + SETTLE) & (rows.day <= of.last)
    own &= rows.what < 0 if outcome == "orders" else True
    who, day = rows.who[own], rows.day[own]
    if len(who) > READ:
        some = np.sort(rng.choice(len(who), READ, replace=False))
        who, day = who[some], day[some]
    others = rng.integers(0, max(of.consumers, 1), (len(who), controls))
    everybody = np.column_stack([who, others])
    days = np.broadcast_to(day[:, None], everybody.shape)
    shape = everybody.shape
    stock = decayed(of.contacts, everybody.ravel(), days.ravel(), carry_days, len(of.channels))
    known = _known(of, everybody.ravel(), days.ravel())
    return Cases(stock.reshape(*shape, stock.shape[1]), known.reshape(*shape, known.shape[1]), day, who)


def decayed(rows: Rows, who: "Whole", day: "Whole", carry_days: float, kinds: int, same: bool = True) -> "Floats":
    """(n, kinds) of each consumer on each day: Σ value · e^(−age / carry_days) by kind. same: the day itself counts."""
    key = rows.who * SCALE + rows.day
    low = np.searchsorted(key, who * SCALE + day - int(BACK * carry_days), side="left")
    high = np.searchsorted(key, who * SCALE + day, side="right" if same else "left")
    count = high - low
    at = np.repeat(np.arange(len(who)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    weight = rows.value[row] * np.exp(-(day[at] - rows.day[row]) / carry_days)
    return np.bincount(at * kinds + rows.what[row], weight, len(who) * kinds).astype(float).reshape(len(who), kinds)


def _known(of: Contacts, who: "Whole", day: "Whole") -> "Floats":
    """What tells of a purchase beside media, all from days before: orders, need, visits, relation, how much media one uses."""
    orders, since = _before(of.orders, who, day)
    bought, category = _before(of.others, who, day)
    visited, seen = _before(of.visits, who, day)
    relation = _sum(of.relations, who, day)
    visits = decayed(of.visits, who, day, 10.0, 1, same=False)[:, 0]
    columns = [
        *(orders >= n for n in (1, 2, 3, 5)), np.log1p(orders),
        *(since <= n for n in (1, 7, 20, 40, 80, 200)),
        np.log1p(bought), bought > 0, *(category <= n for n in (1, 7, 20, 40, 80)),
        visits, np.minimum(visits, 1.0), np.log1p(visited), *(seen <= n for n in (1, 3, 30)),
        relation > 0, np.log1p(of.busy[who]), of.busy[who] > 0, np.log1p(_long_ago(of, who, day)),
    ]  # fmt: skip
    return np.column_stack([np.asarray(c, float) for c in columns])


def _long_ago(of: Contacts, who: "Whole", day: "Whole") -> "Floats":
    """(n, C) contacts by channel up to LONG_AGO days before, a year at most counting in full."""
    out = np.zeros((len(who), len(of.channels)))
    for c in range(len(of.channels)):
        mine = of.contacts.what == c
        rows = Rows(of.contacts.who[mine], of.contacts.day[mine], of.contacts.what[mine], of.contacts.value[mine])
        # a rate, so that a purchase late in the data is not one of much-met consumers
        out[:, c] = _sum(rows, who, day - LONG_AGO) * 365 / np.maximum(day - LONG_AGO - of.first, 30)
    return out


def _before(rows: Rows, who: "Whole", day: "Whole") -> "tuple[Floats, Floats]":
    """How many rows a consumer had before the day, and how many days the last one is ago (infinite: never)."""
    key = rows.who * SCALE + rows.day
    start, stop = np.searchsorted(key, who * SCALE), np.searchsorted(key, who * SCALE + day)
    last = rows.day[np.maximum(stop - 1, 0)] if len(key) else np.zeros(len(who))
    return (stop - start).astype(float), np.where(stop > start, day - last, np.inf)


def _sum(rows: Rows, who: "Whole", day: "Whole") -> "Floats":
    key, whole = rows.who * SCALE + rows.day, np.r_[0.0, np.cumsum(rows.value)]
    return whole[np.searchsorted(key, who * SCALE + day)] - whole[np.searchsorted(key, who * SCALE)]
