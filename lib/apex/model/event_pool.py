"""Several event days together: what one brings in *days of trade*, held back towards the others; and whether spacing matters.

An effect over a usual day's sale compares from year to year and from brand to brand. Effects are taken as normal around a common
mean, with a spread between them that is learned too and whose doubt is carried along: posteriors are mixed over a grid of
spreads, uniform up to three times what the raw effects differ by (Gelman et al., Bayesian Data Analysis, ch. 5.4).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, NAN

GRID = 60
LEAST = 2  # effects to be pooled
LEAST_BRANDS = 5  # of a group of which anything is said


@dataclass(frozen=True)
class Pooled:
    """mean with low and high (95 %); next_low and next_high: where one more would lie; spread: between them; n: effects.

    shrunk, shrunk_se: each effect, held back towards the mean. All NaN where fewer than two are known.
    """

    mean: float
    low: float
    high: float
    next_low: float
    next_high: float
    spread: float
    n: int
    shrunk: "np.ndarray"
    shrunk_se: "np.ndarray"


def pool(effect: np.ndarray, se: np.ndarray) -> Pooled:
    """Pool effects with their standard errors; those without a number (NaN) are not counted and stay NaN."""
    from scipy import special

    y, s = np.asarray(effect, float), np.asarray(se, float)
    known = np.isfinite(y) & (s > 0)
    shrunk, shrunk_se = np.full(len(y), NAN), np.full(len(y), NAN)
    n = int(known.sum())
    if n < LEAST:
        return Pooled(NAN, NAN, NAN, NAN, NAN, NAN, n, shrunk, shrunk_se)
    y, s = y[known], s[known]
    widest = 3 * max(float(np.std(y, ddof=1)), float(np.median(s)))
    tau = np.linspace(0, widest, GRID)[:, None]
    precision = 1 / (s**2 + tau**2)
    total = precision.sum(axis=1)
    middle = (precision * y).sum(axis=1) / total
    fit = 0.5 * np.log(precision).sum(axis=1) - 0.5 * np.log(total)
    fit -= 0.5 * (precision * (y - middle[:, None]) ** 2).sum(axis=1)
    weight = special.softmax(fit)
    mean = float(weight @ middle)
    variance = float(weight @ (1 / total + (middle - mean) ** 2))
    spread = tau[:, 0]
    ahead = float(weight @ (1 / total + spread**2 + (middle - mean) ** 2))
    held = s**2 / (s**2 + tau**2)  # how much of each is the common mean
    at = (1 - held) * y + held * middle[:, None]
    inner = (1 - held) * s**2 + held**2 / total[:, None]
    own = weight @ at
    shrunk[known], shrunk_se[known] = own, np.sqrt(weight @ (inner + (at - own) ** 2))
    # with few effects the common mean is not that sure: Student's degrees of as many
    reach = float(special.stdtrit(max(n - 1, 2), 0.5 + LEVEL / 2))
    one, more = reach * np.sqrt(variance), reach * np.sqrt(ahead)
    return Pooled(
        mean, mean - one, mean + one, mean - more, mean + more, float(weight @ spread), n, shrunk, shrunk_se
    )  # fmt: skip


def in_days(effects: pd.DataFrame, block: str = "net") -> pd.DataFrame:
    """One block of the frame of `event_days.effects` in days of trade: event, extra, se (null where there is no number)."""
    rows = effects[effects.block == block]
    usual = rows.usual.where(rows.usual > 0)
    return pd.DataFrame({"event": rows.event, "extra": rows.effect / usual, "se": rows.se / usual}).reset_index(
        drop=True
    )


@dataclass(frozen=True)
class Spacing:
    """Festivals soon after the platform's last days beside later ones: difference (late less soon) in days of trade.

    answer: "no_difference", "later", "sooner", or "few" (fewer than five brands on a side). soon, late: brands on each side.
    """

    answer: str
    difference: float
    low: float
    high: float
    soon: int
    late: int


def spacing(festivals: pd.DataFrame, gap: int) -> Spacing:
    """Whether festivals less than `gap` days after the platform's last days bring less than later ones.

    festivals: brand, extra, se, since (days since the platform's last event day; null where none was seen). Brands are the units.
    """
    from scipy import special

    known = festivals[festivals.extra.notna() & (festivals.se > 0) & festivals.since.notna()]
    sides = []
    for at in (known.since < gap, known.since >= gap):
        by_brand = known[at].assign(w=lambda t: 1 / t.se**2).groupby("brand")[["extra", "w"]]
        mean = by_brand.apply(
            lambda t: pd.Series({"extra": (t.extra * t.w).sum() / t.w.sum(), "se": t.w.sum() ** -0.5})
        )
        sides.append(mean if len(mean) else pd.DataFrame({"extra": [], "se": []}))
    soon, late = len(sides[0]), len(sides[1])
    if min(soon, late) < LEAST_BRANDS:
        return Spacing("few", NAN, NAN, NAN, soon, late)
    first, second = (pool(side.extra.to_numpy(), side.se.to_numpy()) for side in sides)
    errors = [(p.high - p.low) / 2 / float(special.stdtrit(max(p.n - 1, 2), 0.5 + LEVEL / 2)) for p in (first, second)]
    gain = second.mean - first.mean
    reach = float(special.stdtrit(min(soon, late) - 1, 0.5 + LEVEL / 2)) * float(np.hypot(errors[0], errors[1]))
    answer = "later" if gain > reach else "sooner" if gain < -reach else "no_difference"
    return Spacing(answer, gain, gain - reach, gain + reach, soon, late)


def own_outlook(festivals: pd.DataFrame, brand: str) -> tuple[Pooled | None, float, float, int]:
    """What the brand's next own festival brings, in days of trade: (all brands pooled, expected, error, own festivals seen).

    The brand's own festivals, as one, held back towards those of at least five brands; of fewer brands, its own alone (with
    what they differ by). NaN where neither is there. The pool is None where it is of too few brands to be spoken of.
    """
    known = festivals[festivals.extra.notna() & (festivals.se > 0)]
    mine = known[known.brand == brand]
    weights = 1 / known.se**2
    by_brand = pd.DataFrame({
        "extra": (known.extra * weights).groupby(known.brand).sum() / weights.groupby(known.brand).sum(),
        "se": weights.groupby(known.brand).sum() ** -0.5,
    })  # fmt: skip
    others = by_brand.index != brand
    if others.sum() >= LEAST_BRANDS:
        pooled = pool(by_brand.extra.to_numpy(), by_brand.se.to_numpy())
        if brand in by_brand.index:
            at = list(by_brand.index).index(brand)
            return pooled, float(pooled.shrunk[at]), float(pooled.shrunk_se[at]), len(mine)
        return pooled, pooled.mean, (pooled.next_high - pooled.next_low) / 4, 0
    if not len(mine):
        return None, NAN, NAN, 0
    return None, float(by_brand.extra[brand]), float(by_brand.se[brand]), len(mine)
