"""Benefits: four kinds that a brand may offer, when it does, and what holding one is worth to each consumer."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from twin.chance import stream, uniform
from twin.crowds import CROWDS
from twin.days import Calendar

if TYPE_CHECKING:
    import pyarrow as pa


def kinds(spec: dict[str, Any]) -> list[str]:
    """Kinds of benefit, in the order of every array here."""
    return list(spec["benefits"]["kinds"])


def coupon(brand: int, kind: str) -> str:
    """The coupon_id of a brand's benefit of a kind."""
    return f"b{brand:02}-{kind}"


def response(spec: dict[str, Any], seed: int, numbers: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """(n, kinds) float32: utility of holding a benefit while choosing; nobody sees it, and for some it is below 0.

    numbers: consumers; crowd: (n,) indices of CROWDS. Mean of the kind + the crowd's + the consumer's own deviation.
    """
    of = list(spec["benefits"]["kinds"].values())
    mean, between, own = (np.array([float(k[n]) for k in of]) for n in ("mean", "crowd", "own"))
    crowds = between * stream(seed, "benefits by crowd").standard_normal((len(CROWDS), len(of)))
    z = ndtri(uniform(seed, "benefit response", numbers, len(of)))
    return (mean + crowds[crowd] + own * z).astype(np.float32)


def offered(spec: dict[str, Any], seed: int, calendar: Calendar, brands: int) -> np.ndarray:
    """(T, G, kinds) bool: what a brand offers on which day: in presale and warm-up of promotions, and in some own weeks.

    A brand offers at least one kind in every promotion.
    """
    of, chance = spec["benefits"], stream(seed, "benefits")
    weeks = np.array([float(k["weeks"]) for k in of["kinds"].values()])
    n = len(weeks)
    own = chance.random((calendar.days // 7 + 1, brands, n)) < weeks
    out = np.repeat(own, 7, axis=0)[: calendar.days]
    for p in calendar.promotions:
        out[p.first : p.last + 1] = False
        u = chance.random((brands, n))
        chosen = (u < of["promotion"]) | (u == u.min(axis=1, keepdims=True))
        for phase in ("presale", "warm-up"):
            first, last = p.days(phase)
            out[first : last + 1] = chosen
    return out


def table(spec: dict[str, Any], calendar: Calendar, of: np.ndarray, brands: list[str]) -> "pa.Table":
    """The canonical table `benefits`: one row for each run of days in which a brand offers a kind, in the observed years.

    of: (T, G, kinds) as `offered` gives it. A run that began before is told from the first observed day on.
    """
    from twin.tables import _table

    names, seen = kinds(spec), of[calendar.observed :]
    edge = np.zeros((1, *seen.shape[1:]), bool)
    change = np.diff(np.concatenate([edge, seen, edge]).astype(np.int8), axis=0)
    # By brand and kind, so that the first and the last day of a run stand in the same place.
    first, last = (np.argwhere((change == sign).transpose(1, 2, 0)) for sign in (1, -1))
    rows = []
    for (g, k, a), (_, _, b) in zip(first, last, strict=True):
        kind = spec["benefits"]["kinds"][names[k]]
        days = calendar.date(calendar.observed + a), calendar.date(calendar.observed + b - 1)
        rows.append((coupon(g, names[k]), brands[g], names[k], kind.get("value"), kind.get("discount"), *days))
    rows.sort(key=lambda r: (r[0], r[5]))
    columns = ("coupon_id", "brand", "kind", "value_minor", "discount", "first_day", "last_day")
    return _table("benefits", dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
