"""What money adds to a window: stock bought beside what comes by itself, converting at m times the average rate of its stage.

An earlier campaign's media met so many consumers of each stage; whoever was met is stock that was bought. With x times its money
more, bought stock grows by (1 + x)^η − 1 (η below 1: the next yuan meets those who were met before), so that a measure grows by

    m · share · ((1 + x)^η − 1),    share = Σ met · rate / Σ stock · rate,

the share of the measure that stands with those who were met, `rate` being a stage's conversion (for money, × value). m and η are
priors, informed by a random hold-out where there is one, and drawn with every draw of the window.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z80 = 1.2816
ETA = (0.5, 0.3, 0.7)  # returns to media: square root, 80 % between these
GRID = 400


@dataclass(frozen=True)
class Lift:
    """What more money adds. x: extra money over the earlier campaign's (below 0: less); share: by measure; m, eta: priors."""

    x: float
    share: Mapping[str, float]
    m: tuple[float, float, float]
    eta: tuple[float, float, float] = ETA

    def times(self, rng: np.random.Generator, size: int) -> pd.DataFrame:
        """(size, measures) draws of the factor by which the money multiplies each measure; m and η are the same in all."""
        m = _lognormal(self.m, rng, size)
        eta = np.clip(rng.normal(self.eta[0], (self.eta[2] - self.eta[1]) / (2 * Z80), size), 0.05, 1.0)
        grown = (1 + max(self.x, -0.95)) ** eta - 1
        return pd.DataFrame({measure: 1 + m * share * grown for measure, share in self.share.items()})

    def middle(self, measure: str = "gmv_minor") -> float:
        """The factor at the middle of the priors."""
        return 1 + self.m[0] * self.share[measure] * ((1 + max(self.x, -0.95)) ** self.eta[0] - 1)

    def money_for(self, factor: float, measure: str = "gmv_minor") -> float:
        """x that multiplies a measure by `factor`, at the middle of the priors; infinite where nothing was met."""
        if factor <= 1:
            return 0.0
        worth = self.m[0] * self.share[measure]
        return float((1 + (factor - 1) / worth) ** (1 / self.eta[0]) - 1) if worth > 0 else float("inf")


def shares(cells: pd.DataFrame, deep: tuple[str, ...]) -> dict[str, float]:
    """The share of each measure that stands with those who were met.

    cells: stage, consumers, met, conversion, value_minor; deep: stages that take a purchase, whose buyers are not new.
    """
    rates = {
        "gmv_minor": cells.conversion * cells.value_minor,
        "new_consumers": cells.conversion.where(~cells.stage.isin(deep), 0.0),
        "aac": cells.conversion.where(~cells.stage.isin(deep), 0.0),
        "joins": cells.conversion,
    }
    found = {}
    for measure, rate in rates.items():
        whole = float((cells.consumers * rate).sum())
        found[measure] = min(float((cells.met * rate).sum()) / whole, 1.0) if whole > 0 else 0.0
    return found


def informed(m: tuple[float, float, float], effect: float, se: float, worth: float) -> tuple[float, float, float]:
    """m after a trial: `effect` (with its standard error) is what bought stock of `worth` at the average rate brought.

    Log-normal prior on a grid × normal likelihood of effect = m · worth; middle and 80 % interval of the posterior. The prior
    where the trial says nothing (se or worth not above 0).
    """
    if not (se > 0 and worth > 0 and np.isfinite([effect, se, worth]).all()):
        return m
    sd = np.log(m[2] / m[1]) / (2 * Z80)
    at = np.linspace(np.log(m[0]) - 4 * sd, np.log(m[0]) + 4 * sd, GRID)
    log = -0.5 * ((at - np.log(m[0])) / sd) ** 2 - 0.5 * ((effect - np.exp(at) * worth) / se) ** 2
    mass = np.exp(log - log.max())
    below = np.cumsum(mass) / mass.sum()
    low, middle, high = np.exp(np.interp([0.1, 0.5, 0.9], below, at))
    return float(middle), float(low), float(high)


def _lognormal(three: tuple[float, float, float], rng: np.random.Generator, size: int) -> Floats:
    """Draws with this median and this width of 80 % (on the logarithm)."""
    sd = np.log(three[2] / three[1]) / (2 * Z80)
    return np.exp(rng.normal(np.log(three[0]), sd, size)) if sd > 0 else np.full(size, three[0])
