"""Hierarchical shrinkage: what a brand's own windows say, held back towards what other brands' windows say.

How alike the cohort's brands are is learned from the cohort itself, and the doubt about it is carried along: posteriors are
mixed over a grid of what the brands may have in common (Gelman et al., Bayesian Data Analysis, chapter 5, with a uniform
prior on how far they differ). Each brand then weighs its own windows against the others', the more the larger they are.
Conversion: beta-binomial (buyers among consumers). Value: log-normal (money per buyer), normal on the logarithm of each
window's mean. Windows that overlap count in part (`weight`), and windows that scatter more than chance allows count less.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_BRANDS = 5  # fewer brands with data say nothing of one without
GRID = 40  # points of each grid
FLAT = 20.0  # spread of the logarithm of money where nothing was ever sold: any sum is possible
WIDEST = 3.0  # brands differ at most by so many times what their raw figures do


@dataclass(frozen=True)
class Conversion:
    """Posterior share of buyers: Beta(a[b], b[b]) a brand; `prior` is a brand's of which nothing is known.

    Where `known` is false (no own windows and too few brands) the posterior is no more than flat.
    """

    a: "Floats"
    b: "Floats"
    prior: tuple[float, float]
    known: "NDArray[np.bool_]"

    @property
    def mean(self) -> "Floats":
        """The posterior mean of each brand."""
        return self.a / (self.a + self.b)

    def interval(self, level: float = 0.8) -> "tuple[Floats, Floats]":
        """Equal-tailed interval of each brand's conversion."""
        from scipy import special

        tail = (1 - level) / 2
        return special.betaincinv(self.a, self.b, tail), special.betaincinv(self.a, self.b, 1 - tail)

    def draw(self, rng: np.random.Generator, size: int) -> "Floats":
        """size × brands draws."""
        return rng.beta(self.a, self.b, (size, len(self.a)))


@dataclass(frozen=True)
class Value:
    """Posterior money per buyer: its logarithm is Normal(centre[b], spread[b]) a brand; `prior` as in Conversion."""

    centre: "Floats"
    spread: "Floats"
    prior: tuple[float, float]
    known: "NDArray[np.bool_]"

    @property
    def mean(self) -> "Floats":
        """The posterior mean in money of each brand."""
        return np.exp(self.centre + self.spread**2 / 2)

    def interval(self, level: float = 0.8) -> "tuple[Floats, Floats]":
        """Equal-tailed interval of each brand's value per buyer."""
        from scipy import special

        reach = special.ndtri((1 + level) / 2) * self.spread
        return np.exp(self.centre - reach), np.exp(self.centre + reach)

    def draw(self, rng: np.random.Generator, size: int) -> "Floats":
        """size × brands draws."""
        return np.exp(rng.normal(self.centre, self.spread, (size, len(self.centre))))


def conversion(consumers: "Floats", buyers: "Floats", weight: float = 1.0) -> Conversion:
    """Posterior conversion of each brand from brands × windows counts (0 consumers: no such window).

    weight: how much of an independent window each window is (step over length where windows overlap).
    """
    from scipy import special

    n, y = np.nan_to_num(np.asarray(consumers, float)), np.nan_to_num(np.asarray(buyers, float))
    counts = weight / _excess(n, y)
    total, bought = (np.append(x.sum(axis=1) * counts, 0.0) for x in (n, y))  # the last one: a brand without data
    left = np.maximum(total - bought, 0.0)
    common = (bought.sum() + 0.5) / (total.sum() + 1)
    seen = total > 0
    raw = np.var(bought[seen] / total[seen]) if seen.any() else 0.0
    doubt = np.sqrt(common * (1 - common) / (total.sum() + 1) + raw / max(seen.sum(), 1)) / (common * (1 - common))
    means = special.expit(special.logit(common) + np.linspace(-4, 4, GRID) * doubt)
    strengths = np.linspace(0.01, 1, GRID) ** -2 - 1 + 1e-3  # brands' spread, relative to the widest there is, uniform
    m, s = (g.ravel()[:, None] for g in np.meshgrid(means, strengths))
    a, b = m * s, (1 - m) * s
    weights = special.softmax((special.betaln(a + bought, b + left) - special.betaln(a, b)).sum(axis=1))[:, None]
    at = (a + bought) / (s + total)
    mean = (weights * at).sum(axis=0)
    variance = (weights * (at * (1 - at) / (s + total + 1) + (at - mean) ** 2)).sum(axis=0)
    strength = mean * (1 - mean) / variance - 1
    a, b = mean * strength, (1 - mean) * strength
    known = seen | (seen.sum() >= LEAST_BRANDS)
    return Conversion(a[:-1], b[:-1], (float(a[-1]), float(b[-1])), known[:-1])


def value(buyers: "Floats", money: "Floats", weight: float = 1.0) -> Value:
    """Posterior value per buyer of each brand from brands × windows buyers and money (0 buyers: no such window)."""
    from scipy import special

    n, gmv = np.nan_to_num(np.asarray(buyers, float)), np.nan_to_num(np.asarray(money, float))
    n = np.where(gmv > 0, n, 0.0)
    log = np.log(np.where(n > 0, gmv, 1.0) / np.where(n > 0, n, 1.0))
    noise = _noise(n, log)
    log = log + noise / (2 * np.maximum(n, 1))  # the log of a mean lies below the mean's log
    total = n.sum(axis=1)
    seen = total > 0
    if not seen.any():
        return Value(np.zeros(len(n)), np.full(len(n), FLAT), (0.0, FLAT), seen)
    own = np.divide((n * log).sum(axis=1), total, out=np.zeros(len(n)), where=seen)
    error = noise / np.where(seen, weight * total, 1.0)
    widest = WIDEST * max(float(np.std(own[seen])), float(np.sqrt(error[seen].min())))
    between = (np.linspace(0.005, 1, GRID) * widest)[:, None] ** 2
    spread = error[seen] + between
    precision = (1 / spread).sum(axis=1, keepdims=True)
    middle = (own[seen] / spread).sum(axis=1, keepdims=True) / precision
    fit = -0.5 * (np.log(spread) + (own[seen] - middle) ** 2 / spread).sum(axis=1) - 0.5 * np.log(precision[:, 0])
    weights = special.softmax(fit)[:, None]
    held = np.where(np.append(seen, False), np.append(error, 1.0) / (np.append(error, 1.0) + between), 1.0)
    at = (1 - held) * np.append(own, 0.0) + held * middle
    inner = held * between + held**2 / precision
    centre = (weights * at).sum(axis=0)
    sigma = np.sqrt((weights * (inner + (at - centre) ** 2)).sum(axis=0))
    known = seen | (seen.sum() >= LEAST_BRANDS)
    return Value(centre[:-1], sigma[:-1], (float(centre[-1]), float(sigma[-1])), known)


def _excess(n: "Floats", y: "Floats") -> float:
    """How many times more a brand's windows scatter than the binomial allows (Pearson's chi² over its freedom), at least 1."""
    total = n.sum(axis=1, keepdims=True)
    share = np.divide(y.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    expected = n * share * (1 - share)
    chi2 = np.divide((y - n * share) ** 2, expected, out=np.zeros_like(n), where=expected > 0).sum()
    freedom = np.maximum((expected > 0).sum(axis=1) - 1, 0).sum()
    return max(1.0, float(chi2 / freedom)) if freedom else 1.0


def _noise(n: "Floats", log: "Floats") -> float:
    """Variance of one buyer's part in a window's log mean, pooled over brands from how their windows scatter."""
    total = n.sum(axis=1, keepdims=True)
    own = np.divide((n * log).sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    freedom = np.maximum((n > 0).sum(axis=1) - 1, 0).sum()
    return max(float((n * (log - own) ** 2).sum() / freedom), 1e-6) if freedom else 1.0
