"""What a purchase of each buyer brings: the gamma–gamma model by maximum likelihood.

A buyer's purchases scatter around his own mean (gamma with shape p and rate ν), and ν differs between buyers (gamma: q, gamma).
Fader & Hardie, "The gamma-gamma model of monetary value" (2013). What a buyer has spent so far is held back towards the
others', the more the less often he bought. It takes money and frequency for independent; `apex.model.clv_check` shows
whether that holds well enough.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.model import maximum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAMES = ("p", "q", "gamma")
STARTS = ((1.0, 1.0, 0.0), (0.0, 0.5, 0.5), (2.0, 1.5, -0.5))
LEAST = 50  # buyers that three parameters take


@dataclass(frozen=True)
class Spend(maximum.Fitted):
    """A fitted model of money per purchase, in the unit of the means it was fitted to."""

    NAMES = NAMES

    @property
    def mean(self) -> float:
        """Money per purchase over all buyers, those without purchases included; infinite where q ≤ 1."""
        p, q, gamma = np.exp(self.log)
        return float(p * gamma / (q - 1)) if q > 1 else np.inf

    def expected(self, purchases: "Floats", mean: "Floats") -> "Floats":
        """Expected money of each buyer's next purchase, given the mean of `purchases` (at least 1) so far."""
        p, q, gamma = np.exp(self.log)
        return p * (gamma + purchases * mean) / np.maximum(p * purchases + q - 1, 1e-9)

    def drawn(
        self, purchases: "Floats", mean: "Floats", future: "NDArray[np.int64]", rng: np.random.Generator
    ) -> "Floats":
        """Money of the `future` purchases of each buyer: one draw, with parameters of its own."""
        p, q, gamma = np.exp(maximum.draws(self.log, self.covariance, rng, 1)[0])
        made, buys = np.zeros(len(future)), future > 0
        x = purchases[buys]
        rate = rng.standard_gamma(p * x + q) / (gamma + x * mean[buys])
        made[buys] = rng.standard_gamma(p * future[buys]) / rate
        return made


def fit(purchases: "pd.Series | Floats", mean: "pd.Series | Floats") -> Spend:
    """The model of maximum likelihood. purchases: of each buyer, at least 1; mean: money per purchase, above 0.

    Raises ApexError for too few buyers and for means that are not above 0.
    """
    from scipy import special

    x, m = np.asarray(purchases, float), np.asarray(mean, float)
    if len(x) < LEAST or (x > 1).sum() < 2:
        raise ApexError(f"spend: {len(x)} buyers, {int((x > 1).sum())} of them with a second purchase, are too few.")
    if not ((x >= 1).all() and (m > 0).all()):
        raise ApexError("spend: every buyer has at least one purchase and spent more than nothing.")
    unit, psi = float(m.mean()), special.digamma
    m = m / unit

    def loss(log: "Floats") -> "tuple[float, Floats]":
        p, q, gamma = np.exp(log)
        px, whole = p * x, np.log(gamma + x * m)
        value = (special.gammaln(px + q) - special.gammaln(px) - special.gammaln(q) + q * log[2]
                 + (px - 1) * np.log(m) + px * np.log(x) - (px + q) * whole)  # fmt: skip
        slope = np.array([
            (x * (psi(px + q) - psi(px) + np.log(m * x) - whole)).mean(),
            (psi(px + q) - psi(q) + log[2] - whole).mean(),
            (q / gamma - (px + q) / (gamma + x * m)).mean(),
        ])  # fmt: skip
        return -float(value.mean()), -slope * np.exp(log)

    found = maximum.minimise(loss, STARTS, len(x))
    whole = -len(x) * (found.loss + np.log(unit))
    return Spend(found.log + np.array([0.0, 0.0, np.log(unit)]), found.covariance, whole, len(x))
