"""Which brand a consumer looks at when he comes by himself: choices, and what each brand at choice had done to him before.

A consumer's need and his day are the same for all brands of a category, so that they cancel in the choice among them; what is
left to confound media is a liking of one brand, for which his choices and contacts far from that day stand (`AWAY` days, before
and after).
Brands that he met of late are all at choice, of the others a random part, with the correction that this asks for: of alternatives
kept with chance π the utility is raised by −log π (McFadden, "Modelling the choice of residential location", 1978).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

READ = 200_000  # choices that are read at most
KEPT = 0.1  # of the brands at choice without a contact of late
BACK = 3.5  # carry-overs after which a contact is forgotten
AWAY = 40  # days: choices so far from this one tell of liking; what moved them has faded
SETTLE = 30  # days of media before the first choice that counts
SPAN = 1 << 14  # more than there are days


class Index:
    """Rows by who and day, to be looked up."""

    def __init__(self, rows: Rows, start: int) -> None:  # noqa: D107
        self.rows, self.start = rows, start
        self.key = rows.who * SPAN + (rows.day - start)
        self.sums = np.r_[0.0, np.cumsum(rows.value)]

    def at(self, who: "Whole", day: "Whole | int", side: str = "left") -> "Whole":
        """The place before (left) or after (right) the rows of who on a day."""
        return np.searchsorted(self.key, who * SPAN + np.clip(day - self.start, 0, SPAN - 1), side=side)  # type: ignore[call-overload]

    def before(self, who: "Whole", day: "Whole") -> "tuple[Floats, Floats, Floats]":
        """Rows before a day, days since the last one (infinite: never), their sum."""
        first, stop = self.at(who, self.start), self.at(who, day)
        last = self.rows.day[np.maximum(stop - 1, 0)] if len(self.key) else np.zeros(len(who))
        return (
            (stop - first).astype(float),
            np.where(stop > first, day - last, np.inf),
            self.sums[stop] - self.sums[first],
        )

    def away(self, who: "Whole", day: "Whole", *kinds: "NDArray[np.bool_]") -> "list[Floats]":
        """The sum of what lies more than AWAY days before or after a day; with `kinds`, of each of these parts of the rows."""
        first, stop = self.at(who, self.start), self.at(who, self.start + SPAN - 1, "right")
        low, high = self.at(who, day - AWAY), self.at(who, day + AWAY, "right")
        every = [np.r_[0.0, np.cumsum(self.rows.value * kind)] for kind in kinds] or [self.sums]
        return [s[low] - s[first] + s[stop] - s[high] for s in every]

    def decayed(self, who: "Whole", day: "Whole", days: float, kinds: int) -> "Floats":
        """(n, kinds) Σ value · e^(−age / days) by kind, of the days before."""
        low, high = self.at(who, day - int(BACK * days)), self.at(who, day)
        count = high - low
        at = np.repeat(np.arange(len(who)), count)
        row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
        weight = self.rows.value[row] * np.exp(-(day[at] - self.rows.day[row]) / days)
        return np.bincount(at * kinds + self.rows.what[row], weight, len(who) * kinds).astype(float).reshape(-1, kinds)


@dataclass(frozen=True)
class Choices:
    """N choices, each among several brands: R rows in all, those of one choice together.

    choice: (R,) whose row; start: (N,) each choice's first row; chosen: (R,) 1 or 0; offset: (R,) −log π;
    stock: (R, C) contacts by channel, decayed; known: (R, K) what else tells; brands: (R, 2 B) which brand, and in a campaign
    of its own.
    """

    choice: "Whole"
    start: "Whole"
    chosen: "Floats"
    offset: "Floats"
    stock: "Floats"
    known: "NDArray[np.float32]"
    brands: "NDArray[np.float32]"


def choices(of: Contacts, targeting: Sequence[str], carry_days: float, seed: int, most: int = READ) -> Choices:
    """Choices of the days in which media were recorded, at most so many. targeting: of each channel; see `Choices`."""
    rng = np.random.default_rng(seed)
    count = len(of.brands)
    met = Index(of.every_contact, _start(of))
    # a brand met in passing on one's own way is one that one comes to, if not first
    pair, day = (np.r_[getattr(of.every_visit, k), getattr(of.passing, k)] for k in ("who", "day"))
    late = np.flatnonzero(day > of.first + SETTLE)
    late = late[np.lexsort((day[late], pair[late]))]
    who, brand, day = pair[late] // count, pair[late] % count, day[late]
    if len(who) > most:
        some = np.sort(rng.choice(len(who), most, replace=False))
        who, brand, day = who[some], brand[some], day[some]
    pair, days = (who[:, None] * count + np.arange(count)).ravel(), np.repeat(day, count)
    near = (met.at(pair, days) - met.at(pair, days - int(BACK * carry_days))).astype(bool).reshape(-1, count)
    chance = np.where(near, 1.0, KEPT)
    kept = rng.random(chance.shape) < chance
    kept[np.arange(len(who)), brand] = True
    # who met no brand of late tells nothing of media; what else tells is learned from the others
    asked = np.asarray(near.any(axis=1))
    kept &= asked[:, None]
    choice, at = np.nonzero(kept)
    chosen, offset = (at == brand[choice]).astype(float), -np.log(chance[choice, at])
    choice = np.cumsum(np.r_[0, np.diff(choice) > 0]) if len(choice) else choice
    row = np.flatnonzero(asked)[choice] if len(choice) else choice
    pair, days = who[row] * count + at, day[row]
    start = np.flatnonzero(np.r_[True, np.diff(choice) > 0]) if len(choice) else choice
    shown = np.zeros((len(row), 2 * count), np.float32)
    shown[np.arange(len(row)), at] = 1
    for b, first, last in of.campaigns:
        shown[(at == b) & (days >= first) & (days <= last), count + b] = 1
    stock = met.decayed(pair, days, carry_days, len(of.channels))
    return Choices(choice, start, chosen, offset, stock, _known(of, who[row], at, days, targeting), shown)


def _start(of: Contacts) -> int:
    """A day before all."""
    return int(min([of.first, *(r.day.min() for r in (of.every_order, of.members, of.every_visit) if len(r.day))])) - 1


def _known(of: Contacts, who: "Whole", at: "Whole", day: "Whole", targeting: Sequence[str]) -> "NDArray[np.float32]":
    """What tells of a choice beside media: habit, purchases, relation, and liking as choices and contacts far away show it."""
    count, start = len(of.brands), _start(of)
    pair = who * count + at
    visits, orders = Index(of.every_visit, start), Index(of.every_order, start)
    own = visits.decayed(pair, day, 10.0, 1)[:, 0]
    bought, since, _ = orders.before(pair, day)
    anything, _, _ = Index(_consumers(of.every_order, count), start).before(who, day)
    share = [np.bincount(r.who % count, minlength=count) / max(len(r.who), 1) for r in (of.every_order, of.every_visit)]
    usual = [np.maximum(s[at], 1e-4) for s in share]
    (away,), (whole,) = visits.away(pair, day), Index(_consumers(of.every_visit, count), start).away(who, day)
    relations = [Index(r, start).before(pair, day)[2] > 0 for r in (of.members, of.followers)]
    columns = [
        own / (1 + own), np.log1p(own), np.log1p(Index(of.passing, start).decayed(pair, day, 10.0, 1)[:, 0]),
        np.minimum(bought, 3) / 3 * np.exp(-np.minimum(since, 2000) / 200), bought > 0, since <= 3, since <= 20,
        np.log((bought + 4 * usual[0]) / (anything + 4) / usual[0]),
        *(np.log((away + n * usual[1]) / (whole + n) / usual[1]) for n in (1, 5)), np.log1p(away), *relations,
    ]  # fmt: skip
    met = of.every_contact
    kinds = [np.isin(met.what, [c for c, t in enumerate(targeting) if t == kind]) for kind in sorted(set(targeting))]
    columns += [np.log1p(a) for a in Index(met, start).away(pair, day, *kinds)] if kinds else []
    return np.column_stack([np.asarray(c, np.float32) for c in columns])


def _consumers(rows: Rows, count: int) -> Rows:
    """The same by consumer, whatever the brand."""
    order = np.lexsort((rows.day, rows.who // count))
    return Rows((rows.who // count)[order], rows.day[order], rows.what[order], np.ones(len(order)))
