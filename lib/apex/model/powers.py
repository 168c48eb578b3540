"""Five powers as percentiles among peers, with chance: how strong a brand's operation is, where it moved, and what moved it.

A measure's percentile is the share of the peers below the brand, equals by half (mid-rank), times 100. A power is the mean of
its measures' percentiles, the whole the mean of the powers that have any. These peers are all there are, so chance lies in the
measures alone: consumers are drawn again in a hundred buckets (the Bayesian bootstrap of Rubin, *Annals of Statistics* 9, 1981),
the same draw for all brands, measures and periods, and everything is computed again from each draw. A place among many is not a
normal number: near the top chance can only take away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.peers import LEAST_PEERS
from apex.measure.powers import COUNTS, SUMS, Counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERIODS = ("now", "before", "year")
LEAST = 30  # consumers under a quotient: below that it says nothing
DRAWS = 400


class Figure(NamedTuple):
    """A measure: its power; top / under (None: an amount); the people who are the top, and those under it (None: top, under)."""

    power: str
    top: str
    under: str | None = None
    some: str | None = None
    base: str | None = None


FIGURES = {
    "gain": Figure("goods", "grown", "grew_from", "buyers", "then"),
    "fresh": Figure("goods", "fresh", "gmv", "fresh_buyers", "buyers"),
    "assets": Figure("crowd", "assets"),
    "advancing": Figure("crowd", "rose", "start"),
    "deepened": Figure("crowd", "deepened", "open"),
    "members": Figure("member", "members"),
    "active": Figure("member", "members_active", "members"),
    "member_gmv": Figure("member", "members_gmv", "gmv", "members_buying", "buyers"),
    "viewers": Figure("content", "viewers"),
    "effective": Figure("content", "effective", "seen", "viewers", "met"),
    "interaction": Figure("content", "interactions", "effective", "viewers", "viewers"),
    "searchers": Figure("brand", "searchers"),
    "premium": Figure("brand", "priced", "expected", "buyers", "buyers"),
}
POWERS = ("goods", "crowd", "member", "content", "brand")
OF = {p: [m for m, f in FIGURES.items() if f.power == p] for p in POWERS}
AMOUNTS = [m for m, f in FIGURES.items() if f.under is None]
STAGED = [m for m, f in FIGURES.items() if f.power == "crowd"]
MEASURES = ["power", "measure", "period", "value", "low", "high", "percentile", "percentile_low", "percentile_high", "peers",
            "peer_low", "peer_middle", "peer_high", "best"]  # fmt: skip
TABLE = ["power", "period", "percentile", "low", "high", "measures", "of"]
TREND = ["power", "against", "change", "low", "high", "measures", "mover", "moved"]
MOVES = ["power", "measure", "against", "moved", "moved_low", "moved_high", "change", "low", "high"]
WHOLE = "all"


@dataclass(frozen=True)
class Drawn:
    """Of every measure that the data hold, by period: value (1 + draws, brands) with NaN where it says nothing, row 0 as counted
    and column 0 the brand itself; place: the brand's percentile (1 + draws; NaN: none). comparable: as `Counted` has it.
    best: columns of the best five by GMV.
    """

    value: dict[tuple[str, str], "Floats"]
    place: dict[tuple[str, str], "Floats"]
    periods: tuple[str, ...]
    comparable: Mapping[str, bool]
    best: list[int]


def draw(counted: Counted, brand: str, peers: list[str], few: int = 1, draws: int = DRAWS) -> Drawn:
    """All measures of the brand and its peers, as counted and in `draws` draws of consumers.

    peers: largest GMV first; with fewer than five nothing has a place. few: a figure of the brand of fewer people than that (more
    than none), or of all but so few, has no value. A measure that nobody has in `now` is not held by the data and has no entry.
    """
    brands, periods = [brand, *peers], tuple(counted.comparable)
    dice = np.random.default_rng(0)
    weight = np.vstack([np.ones(BUCKETS), dice.exponential(size=(draws, BUCKETS))])
    weight *= BUCKETS / weight.sum(axis=1, keepdims=True)
    sums = _drawn(counted.people, periods, brands, weight) | _growth(counted.trade, periods, brands, weight)
    value, place = {}, {}
    for name, figure in FIGURES.items():
        for period in periods:
            if not np.nansum(np.abs(sums["now", figure.top][0])) > 0:
                continue
            known, some = sums[period, figure.top].copy(), sums[period, figure.some or figure.top][0, 0]
            hidden = 0 < some < few
            if figure.under is not None:
                base = sums[period, figure.base or figure.under][0]
                under = sums[period, figure.under]
                known = np.divide(known, under, out=np.full_like(known, np.nan), where=under > 0)
                known[:, base < LEAST] = np.nan
                hidden |= (figure.base or figure.under) != figure.some and 0 < base[0] - some < few and name != "gain"
            if hidden:
                known[:, 0] = np.nan
            value[name, period], place[name, period] = known, _place(known)
    return Drawn(
        value, place, periods, counted.comparable, list(range(1, LEAST_PEERS + 1)) if len(peers) >= LEAST_PEERS else []
    )


def measures(drawn: Drawn) -> pd.DataFrame:
    """A row a measure and period (MEASURES): value and percentile with 95 %, peers with a value, their quartiles and the mean of
    the best five (NaN: one of them has none). Amounts are an index: the peers' median is 1.
    """
    rows = []
    for (name, period), known in drawn.value.items():
        others = known[0, 1:][np.isfinite(known[0, 1:])]
        enough = len(others) >= LEAST_PEERS
        quarters = np.quantile(others, [0.25, 0.5, 0.75]) if enough else np.full(3, np.nan)
        best = float(known[0, drawn.best].mean()) if drawn.best else np.nan
        own = known[:, 0]
        if name in AMOUNTS:
            scale = quarters[1] if quarters[1] > 0 else np.nan
            own, quarters, best = own / scale, quarters / scale, best / scale
        rows.append((FIGURES[name].power, name, period, own[0], *_ends(own), *_told(drawn.place[name, period]), len(others),
                     *quarters, best))  # fmt: skip
    return _in_order(pd.DataFrame(rows, columns=MEASURES))


def powers(drawn: Drawn) -> pd.DataFrame:
    """A row a power and period (TABLE), and WHOLE, their mean: percentile with 95 %, measures counted of how many there are."""
    rows = []
    for period in drawn.periods:
        for power in (*POWERS, WHOLE):
            mean, names = _power(drawn, power, [period])
            of = len(FIGURES if power == WHOLE else OF[power])
            rows.append((power, period, *_told(mean[period]), len(names), of))
    return _in_order(pd.DataFrame(rows, columns=TABLE))


def trend(drawn: Drawn) -> pd.DataFrame:
    """A row a power and earlier period (TREND), and WHOLE: change of its percentile since, over the measures that both have.

    Places of both periods are taken among the peers that have a value in both: one without moves nobody.
    mover: the measure that moved the power most ("" where none did), moved: by how much, in points of the power.
    """
    rows = []
    for against in drawn.periods[1:]:
        common = _common(drawn, against)
        for power in (*POWERS, WHOLE):
            mean, names = _power(common, power, ["now", against])
            steps = {
                m: (common.place[m, "now"][0] - common.place[m, against][0]) * _weight(m, names, power) for m in names
            }
            mover = max(steps, key=lambda m: abs(steps[m])) if steps and any(steps.values()) else ""
            rows.append(
                (power, against, *_told(mean["now"] - mean[against]), len(names), mover, steps.get(mover, np.nan))
            )
    return _in_order(pd.DataFrame(rows, columns=TREND))


def moves(drawn: Drawn) -> pd.DataFrame:
    """A row a measure and earlier period (MOVES): change of the percentile (moved) and of the measure itself, with 95 %.

    Amounts and the price: a share of what they were; shares: points (0.01 is one). Null where the ledger saw less then.
    """
    rows, common = [], {against: _common(drawn, against) for against in drawn.periods[1:]}
    for name, against in ((m, p) for m, p in drawn.value if p != "now"):
        place = common[against].place
        now, then = drawn.value[name, "now"][:, 0], drawn.value[name, against][:, 0]
        change = (
            np.divide(now, then, out=np.full_like(now, np.nan), where=then > 0) - 1 if in_part(name) else now - then
        )
        if name in STAGED and not drawn.comparable[against]:
            change = np.full_like(now, np.nan)
        rows.append(
            (FIGURES[name].power, name, against, *_told(place[name, "now"] - place[name, against]), *_told(change))
        )
    return _in_order(pd.DataFrame(rows, columns=MOVES))


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with powers, measures and periods as categories in the order of people who speak of them."""
    orders = {"power": (WHOLE, *POWERS), "measure": FIGURES, "period": PERIODS, "against": PERIODS[1:]}
    return frame.assign(**{c: pd.Categorical(frame[c], list(o), ordered=True) for c, o in orders.items() if c in frame})


def in_part(name: str) -> bool:
    """Whether a measure's change is told as a share of what it was (else in points)."""
    return name in AMOUNTS or name == "premium"


def _common(drawn: Drawn, against: str) -> Drawn:
    """The same with places of `now` and `against` among the peers that have a value in both."""
    place: dict[tuple[str, str], Floats] = {}
    for name in {m for m, _ in drawn.value}:
        both = [drawn.value[name, p] for p in ("now", against)]
        kept = np.isfinite(both[0][0]) & np.isfinite(both[1][0])
        kept[0] = True
        place |= {(name, p): _place(known[:, kept]) for p, known in zip(("now", against), both, strict=True)}
    return Drawn(drawn.value, place, ("now", against), drawn.comparable, drawn.best)


def _power(drawn: Drawn, power: str, periods: list[str]) -> tuple[dict[str, "Floats"], list[str]]:
    """The power by period (1 + draws), and the measures with a place in all of these periods that it is made of."""
    if power == WHOLE:
        parts = [_power(drawn, p, periods) for p in POWERS]
        parts = [(mean, names) for mean, names in parts if names]
        names = [m for _, some in parts for m in some]
    else:
        names = [
            m for m in OF[power] if all(np.isfinite(drawn.place.get((m, p), np.array([np.nan]))[0]) for p in periods)
        ]
        parts = [({p: drawn.place[m, p] for p in periods}, [m]) for m in names]
    if not parts:
        return {p: np.full(2, np.nan) for p in periods}, []
    return {p: np.mean([mean[p] for mean, _ in parts], axis=0) for p in periods}, names


def _weight(name: str, names: list[str], power: str) -> float:
    same = sum(FIGURES[m].power == FIGURES[name].power for m in names)
    return 1 / same / (len({FIGURES[m].power for m in names}) if power == WHOLE else 1)


def _place(known: "Floats") -> "Floats":
    """The percentile of column 0 among the others (those that have a value as counted), draw by draw."""
    others = known[:, 1:][:, np.isfinite(known[0, 1:])]
    if others.shape[1] < LEAST_PEERS or not np.isfinite(known[0, 0]):
        return np.full(len(known), np.nan)
    own = known[:, :1]
    found: Floats = 100 * ((others < own).sum(axis=1) + 0.5 * (others == own).sum(axis=1)) / others.shape[1]
    return found


def _ends(drawn: "Floats") -> tuple[float, float]:
    """The middle 95 % of the draws, stretched to hold what was counted."""
    rest = drawn[1:][np.isfinite(drawn[1:])]
    if not np.isfinite(drawn[0]) or not len(rest):
        return np.nan, np.nan
    low, high = np.quantile(rest, [0.025, 0.975])
    return min(float(low), float(drawn[0])), max(float(high), float(drawn[0]))


def _told(drawn: "Floats") -> tuple[float, float, float]:
    return (float(drawn[0]), *_ends(drawn))


def _wide(frame: pd.DataFrame, keys: list[list[str]], names: list[str], columns: list[str]) -> "Floats":
    """The columns as an array over the keys (in their order) and buckets, noughts where there is no row."""
    grid = np.zeros((*(len(k) for k in keys), BUCKETS, len(columns)))
    at = [pd.Index(k).get_indexer(frame[n]) for k, n in zip(keys, names, strict=True)]
    inside = np.all([a >= 0 for a in at], axis=0)
    grid[(*(a[inside] for a in at), frame.bucket.to_numpy()[inside])] = frame[columns].to_numpy(float)[inside]
    return grid


def _drawn(
    people: pd.DataFrame, periods: tuple[str, ...], brands: list[str], weight: "Floats"
) -> dict[tuple[str, str], "Floats"]:
    grid = _wide(people, [list(periods), list(brands)], ["period", "brand"], SUMS)
    summed = np.einsum("rk,pbkc->pcrb", weight, grid, optimize=True)
    return {(p, c): summed[n, m] for n, p in enumerate(periods) for m, c in enumerate(SUMS)}


def _growth(
    trade: pd.DataFrame, periods: tuple[str, ...], brands: list[str], weight: "Floats"
) -> dict[tuple[str, str], "Floats"]:
    """GROW's G + W (grown), the GMV it grew from, and the buyers then: G by logarithmic mean in categories sold in both periods
    (growth by more buyers), W what new categories brought less what went with old ones.
    """
    found: dict[tuple[str, str], Floats] = {}
    for period in periods:
        shape = (len(weight), len(brands))
        grown, before, then = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        pair = [period, f"{period}-"]
        part = trade[trade.period.isin(pair)]
        if pair[1] not in set(trade.period):
            part = part.iloc[:0]
        for _, rows in part.groupby("category"):
            here = np.flatnonzero(np.isin(brands, rows.brand.unique()))  # few brands sell in a category
            grid = _wide(rows, [pair, [brands[n] for n in here]], ["period", "brand"], COUNTS)
            summed = np.einsum("rk,pbkc->cprb", weight, grid, optimize=True)
            (b1, b0), (v1, v0) = summed[0], summed[2]
            both = (b1 > 0) & (b0 > 0) & (v1 > 0) & (v0 > 0)
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(np.isclose(v1, v0), v0, (v1 - v0) / np.log(v1 / v0))
                grown[:, here] += np.where(both, mean * np.log(b1 / b0), v1 - v0)
            before[:, here] += v0
            then[:, here] += b0
        found |= {(period, "grown"): grown, (period, "grew_from"): before, (period, "then"): then}
    return found
