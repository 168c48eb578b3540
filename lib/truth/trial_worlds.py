"""Trials drawn from nothing but chance, in the shape in which `apex.measure.trial_counts` counts them, with the true best known.

Impressions: every arm is shown at random and clicked at its rate, which moves with the weekday and triples on festival days.
Consumers: purchases come at a rate of each consumer's own (gamma: a few buy most), an order's money is log-normal
(heavy-tailed), the year before comes from the same rates; arms are drawn once. A lift multiplies the first arm's rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure.trial_counts import CONSUMER, DAYS, IMPRESSION, Counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIRST = date(2024, 3, 1)
MONEY = "gmv_minor"


@dataclass(frozen=True)
class Shape:
    """One kind of trial. chances: of the arms; rate: of a click, or of a consumer's purchases in the trial's days."""

    name: str
    unit: str
    metric: str
    chances: tuple[float, ...]
    units: int
    rate: float
    days: int = 28
    heavy: float = 1.2  # standard deviation of the logarithm of an order
    apart: float = 0.3  # shape of the gamma of consumers' rates: the smaller, the fewer buy most


SHAPES = (
    Shape("clicks", IMPRESSION, "clicks", (0.5, 0.5), 8_000, 0.03),
    Shape("four items", IMPRESSION, "clicks", (0.25,) * 4, 8_000, 0.03),
    Shape("few clicks", IMPRESSION, "clicks", (0.25,) * 4, 1_200, 0.02, days=14),
    Shape("buyers", CONSUMER, "buyers", (0.5, 0.5), 6_000, 0.06),
    Shape("buyers, one in ten held out", CONSUMER, "buyers", (0.9, 0.1), 10_000, 0.06, days=60),
    Shape("money", CONSUMER, MONEY, (0.5, 0.5), 6_000, 0.15),
    Shape("money, one in ten held out", CONSUMER, MONEY, (0.9, 0.1), 10_000, 0.15, days=60),
    Shape("money, three arms", CONSUMER, MONEY, (0.4, 0.3, 0.3), 9_000, 0.15),
)


def draw(shape: Shape, rng: np.random.Generator, lift: float = 0.0) -> Counted:
    """One trial. lift: how much more the first arm does than the others."""
    return (_impressions if shape.unit == IMPRESSION else _consumers)(shape, rng, lift)


def _impressions(shape: Shape, rng: np.random.Generator, lift: float) -> Counted:
    k = len(shape.chances)
    daily = rng.multinomial(rng.poisson(shape.units / shape.days, shape.days), shape.chances)
    season = 1 + 0.3 * np.sin(np.arange(shape.days) * 2 * np.pi / 7)
    season[shape.days // 2] = 3.0
    rates = shape.rate * (season / season.mean())[:, None] * np.r_[1 + lift, np.ones(k - 1)]
    return told(shape, daily, rng.binomial(daily, np.minimum(rates, 1.0)))


def told(shape: Shape, units: "NDArray[np.int64]", did: "NDArray[np.int64]") -> Counted:
    """Impressions and clicks by day and arm as a counted trial."""
    names = [f"a{n}" for n in range(units.shape[1])]
    arms = pd.DataFrame({"arm": names, "chance": shape.chances, "control": False, "units": units.sum(0)})
    arms = arms.assign(old=0.0, old_square=0.0, past=0.0, past_square=0.0)
    return _counted(shape, arms, {"units": units, "did": did})


def _consumers(shape: Shape, rng: np.random.Generator, lift: float) -> Counted:
    n, k, days = shape.units, len(shape.chances), shape.days
    arm = rng.choice(k, n, p=shape.chances)
    own = rng.gamma(shape.apart, 1 / shape.apart, n) * shape.rate
    spends = np.exp(rng.normal(0, 0.5, n))  # some always buy for more

    def orders(rate: "Floats", length: int) -> "tuple[NDArray[np.int64], NDArray[np.int64], Floats]":
        who = np.repeat(np.arange(n), rng.poisson(rate))
        when = rng.integers(0, length, len(who))
        money = np.round(5_000 * spends[who] * np.exp(rng.normal(0, shape.heavy, len(who))))
        order = np.lexsort((when, who))
        return who[order], when[order], money[order]

    who, when, money = orders(own * 365 / days, 365)
    old = np.bincount(who, money, n)
    past = np.bincount(who[when >= 365 - days], money[when >= 365 - days], n)
    who, when, money = orders(own * np.where(arm == 0, 1 + lift, 1.0), days)
    upto = np.cumsum(money)
    begins = np.r_[True, who[1:] != who[:-1]] if len(who) else np.zeros(0, bool)
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(who)), 0)) if len(who) else np.zeros(0, int)
    upto = upto - (upto[starts] - money[starts])
    cell = when * k + arm[who]
    daily = {
        "did": np.bincount(cell[begins], minlength=days * k),
        "gmv_minor": np.bincount(cell, money, days * k), "square": np.bincount(cell, upto**2 - (upto - money) ** 2, days * k),
        "cross": np.bincount(cell, money * old[who], days * k),
    }  # fmt: skip
    grown: dict[str, Any] = {name: part.reshape(days, k) for name, part in daily.items()}
    grown |= {name: grown[name].cumsum(0) for name in ("gmv_minor", "square", "cross")}
    sizes = np.bincount(arm, minlength=k)
    sums = {name: np.bincount(arm, x, k) for name, x in (
        ("old", old), ("old_square", old**2), ("past", past), ("past_square", past**2))}  # fmt: skip
    arms = pd.DataFrame({"arm": [f"a{i}" for i in range(k)], "chance": shape.chances, "control": np.arange(k) == k - 1,
                         "units": sizes, **sums})  # fmt: skip
    return _counted(shape, arms, grown | {"units": np.tile(sizes, (days, 1))})


def _counted(shape: Shape, arms: pd.DataFrame, grids: "dict[str, Any]") -> Counted:
    days = len(grids["units"])
    last = FIRST + timedelta(days=days - 1)
    grid = pd.MultiIndex.from_product([pd.date_range(FIRST, last).date, arms.arm], names=["day", "arm"])
    frame = pd.DataFrame({name: grid_.ravel() for name, grid_ in grids.items()}, index=grid).reset_index()
    frame = frame.reindex(columns=DAYS).fillna(0.0)
    return Counted(shape.name, shape.unit, shape.metric, 0.05, FIRST, last, last, arms, frame)


def fixed_test(counted: Counted) -> "NDArray[np.bool_]":
    """By day: whether a test made for one look, at the level of ours, would name a winner if asked that day."""
    from scipy.special import ndtri

    from apex.model.peeking import comparisons

    units, did = (counted.grid(c).to_numpy(float) for c in ("units", "did"))
    k = units.shape[1]
    if counted.metric == MONEY:
        mean = counted.grid("gmv_minor").to_numpy(float) / units
        variance = (counted.grid("square").to_numpy(float) / units - mean**2) / units
    else:
        n = units if counted.unit == CONSUMER else units.cumsum(0)
        mean = did.cumsum(0) / np.maximum(n, 1)
        variance = mean * (1 - mean) / np.maximum(n, 1)
    z = float(ndtri(1 - counted.alpha / comparisons(k) / 2))
    wins = np.ones((len(units), k), bool)
    for i in range(k):
        for j in range(k):
            if i != j:
                error = np.sqrt(variance[:, i] + variance[:, j])
                wins[:, i] &= (mean[:, i] - mean[:, j] > z * error) & (error > 0)
    return np.asarray(wins.any(axis=1))


def seeds(first: int, trials: int) -> Sequence[int]:
    """Seeds of so many trials."""
    return range(first, first + trials)
