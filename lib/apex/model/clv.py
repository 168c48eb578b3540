"""How often buyers will buy again, and who still is one: BG/NBD and MBG/NBD by maximum likelihood.

While active, a buyer buys at a rate λ of his own (gamma over buyers: r, alpha) and after a purchase becomes inactive for good
with a chance p of his own (beta: a, b). BG/NBD (Fader, Hardie & Lee, Marketing Science 24, 2005) lets nobody leave after the
very first purchase, MBG/NBD (Batislam, Denizel & Filiztekin, IJRM 24, 2007) does: all its formulas are those of BG/NBD with
b + 1 in the place of b once purchases were seen. What a purchase brings is `apex.model.spend`.

A buyer's history is three numbers in any unit of time: `frequency` (purchases after the first), `recency` (from the first to
the last) and `age` (from the first to now). Everything is computed in logarithms, with analytic gradients.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.model import maximum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HISTORY = ["frequency", "recency", "age"]
NAMES = ("r", "alpha", "a", "b")
FAMILIES = {"BG/NBD": 0.0, "MBG/NBD": 1.0}  # by how much b is larger once purchases were seen
STARTS = ((-1.0, -1.5, -0.5, 1.0), (0.0, 0.0, -3.0, 2.0))  # in mean ages: much leaving and little
NODES = 64  # of the quadrature over p
LEAST, LEAST_AGAIN = 100, 20  # buyers, and those of them who bought again, that four parameters take


@dataclass(frozen=True)
class Rhythm(maximum.Fitted):
    """A fitted model of repeat purchases. Times are in the unit of the histories that it was fitted to.

    log, covariance: of r, alpha, a, b.
    """

    NAMES = NAMES
    family: str

    @property
    def leaves(self) -> float:
        """The mean chance to be gone for good after a purchase."""
        _, _, a, b = np.exp(self.log)
        return float(a / (a + b))

    def every(self, share: float) -> float:
        """The time between purchases of the buyer who buys more often than this share of all buyers, while active."""
        from scipy import special

        r, alpha, _, _ = np.exp(self.log)
        return float(alpha / special.gammaincinv(r, share))

    def alive(self, histories: pd.DataFrame) -> "Floats":
        """The probability that each buyer is still active at his age."""
        return np.exp(-np.logaddexp(0.0, self._gone(histories)))

    def expected(self, histories: pd.DataFrame, ahead: float, *, active: bool = False) -> "Floats":
        """Expected purchases of each buyer in the time `ahead`; active: of one who surely were still active.

        The textbook's hypergeometric function is the mean of (1 − (1 + p t / (α + T)) ** −(r + x)) / p over a beta density
        of p; Gauss–Jacobi takes it without the pole at a = 1 and without overflow at large x.
        """
        x, _, age = _columns(histories)
        r, alpha, a, b = np.exp(self.log)
        reach, (number, at) = ahead / (alpha + age), np.unique(x, return_inverse=True)
        found = np.empty(len(x))
        for k, purchases in enumerate(number):
            mine = np.flatnonzero(at == k)
            p, weight = _nodes(a, b + purchases + FAMILIES[self.family])
            found[mine] = -np.expm1(-(r + purchases) * np.log1p(reach[mine, None] * p)) / p @ weight
        return found if active else found * self.alive(histories)

    def usual(self, histories: pd.DataFrame) -> "Floats":
        """The chance that a buyer who is still active is silent for as long as this one has been."""
        x, recency, age = _columns(histories)
        r, alpha = np.exp(self.log[:2])
        return np.exp(-(r + x) * np.log((alpha + age) / (alpha + recency)))

    def futures(
        self, histories: pd.DataFrame, ahead: float, rng: np.random.Generator, draws: int
    ) -> "Iterator[NDArray[np.int64]]":
        """Numbers of purchases of all buyers in the time `ahead`, draw after draw, each with parameters of its own.

        So their spread holds what chance does and what is not known of the parameters. Given λ and p the number is the
        smaller of a Poisson (what would be bought) and a geometric (the purchase that is the last).
        """
        x, _, age = _columns(histories)
        for log in maximum.draws(self.log, self.covariance, rng, draws):
            r, alpha, a, b = np.exp(log)
            there = rng.random(len(x)) < replace(self, log=log).alive(histories)
            rate = rng.standard_gamma(r + x) / (alpha + age)
            p = np.maximum(rng.beta(a, b + x + FAMILIES[self.family]), 1e-12)
            yield np.where(there, np.minimum(rng.poisson(rate * ahead), rng.geometric(p)), 0)

    def _gone(self, histories: pd.DataFrame) -> "Floats":
        """The logarithm of the odds that each is gone."""
        x, recency, age = _columns(histories)
        r, alpha, _, b = np.exp(self.log)
        could, before = _could_leave(b, x, FAMILIES[self.family])
        odds = self.log[2] - np.log(before) + (r + x) * np.log((alpha + age) / (alpha + recency))
        return np.where(could, odds, -np.inf)


def fit(histories: pd.DataFrame, family: str = "BG/NBD") -> Rhythm:
    """The model of maximum likelihood. histories: frequency, recency, age, one row a buyer.

    Equal histories are counted together. Raises ApexError for histories that cannot be, for too few buyers (see `trouble`),
    and for an unknown family.
    """
    if family not in FAMILIES:
        raise ApexError(f'clv: there is no model "{family}".{nearest(family, FAMILIES)}')
    if (why := trouble(histories)) is not None:
        raise ApexError(f"clv: {why}.")
    counted = histories[HISTORY].astype(float).value_counts(sort=False)
    x, recency, age = (counted.index.get_level_values(c).to_numpy(float) for c in HISTORY)
    weight, unit = counted.to_numpy(float), float(histories.age.mean())
    n, shift = weight.sum(), FAMILIES[family]

    def loss(log: "Floats") -> "tuple[float, Floats]":
        value, slope = _likelihood(log, x, recency / unit, age / unit, weight, shift)
        return -value / n, -slope / n

    found = maximum.minimise(loss, STARTS, n)
    whole = -n * found.loss - float((weight * x).sum()) * np.log(unit)  # x densities in time, back to the unit given
    return Rhythm(found.log + np.array([0.0, np.log(unit), 0.0, 0.0]), found.covariance, whole, int(n), family)


def trouble(histories: pd.DataFrame) -> str | None:
    """Why nothing can be fitted to these histories, or None."""
    x, recency, age = _columns(histories)
    again = int((x > 0).sum())
    if len(x) < LEAST or again < LEAST_AGAIN:
        return f"{len(x)} buyers, of whom {again} bought again, are too few (at least {LEAST} and {LEAST_AGAIN})"
    if not ((x >= 0).all() and (recency >= 0).all() and (recency <= age).all() and np.isfinite(age).all()):
        return "a history has its last purchase before its first or after now"
    return "purchases after the first need time after the first" if ((x > 0) != (recency > 0)).any() else None


def _columns(histories: pd.DataFrame) -> "tuple[Floats, Floats, Floats]":
    x, recency, age = (histories[c].to_numpy(float) for c in HISTORY)
    return x, recency, age


def _could_leave(b: float, x: "Floats", shift: float) -> "tuple[NDArray[np.bool_], Floats]":
    """Who had a purchase after which he could leave, and b as of before his last one (1 for the others)."""
    could = (x > 0) | (shift > 0)
    return could, np.where(could, b + x - 1 + shift, 1.0)


def _likelihood(
    log: "Floats", x: "Floats", recency: "Floats", age: "Floats", weight: "Floats", shift: float
) -> "tuple[float, Floats]":
    """Log-likelihood and its gradient in the logarithms of the parameters."""
    from scipy import special

    psi = special.digamma
    r, alpha, a, b = np.exp(log)
    after, (could, before) = b + x + shift, _could_leave(b, x, shift)
    stays = special.betaln(a, after) - (r + x) * np.log(alpha + age)
    leaves = np.where(could, special.betaln(a + 1, before) - (r + x) * np.log(alpha + recency), -np.inf)
    both = np.logaddexp(stays, leaves)
    value = special.gammaln(r + x) - special.gammaln(r) + r * log[1] + both - special.betaln(a, b)
    w = np.exp(stays - both)  # the chance of each to be still there
    v = 1 - w
    slope = np.array([
        psi(r + x) - psi(r) + log[1] - w * np.log(alpha + age) - v * np.log(alpha + recency),
        r / alpha - (r + x) * (w / (alpha + age) + v / (alpha + recency)),
        w * psi(a) + v * psi(a + 1) - psi(a + after) - psi(a) + psi(a + b),
        w * psi(after) + v * psi(before) - psi(a + after) - psi(b) + psi(a + b),
    ])  # fmt: skip
    return float(weight @ value), (slope @ weight) * np.exp(log)


def _nodes(a: float, b: float) -> "tuple[Floats, Floats]":
    """Points and weights (sum 1) for means over Beta(a, b): Gauss–Jacobi on (0, 1) by Golub & Welsch (1969).

    scipy's own rule scales its weights by a beta function, which overflows where b is large.
    """
    from scipy.linalg import eigh_tridiagonal

    n, s = np.arange(2, NODES), a + b + 2 * np.arange(NODES - 1)
    middle = np.append((a - b) / (a + b), (a - b) * (a + b - 2) / (s * (s + 2)))
    t = s[1:]
    beside = 4 * n * (n + a - 1) * (n + b - 1) * (n + a + b - 2) / (t**2 * (t + 1) * (t - 1))
    first = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    at, vectors = eigh_tridiagonal(middle, np.sqrt(np.append(first, beside)))
    return np.clip((1 + at) / 2, 1e-300, 1.0), vectors[0] ** 2
