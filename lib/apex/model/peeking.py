"""Means of two arms held against each other at every day's look: asymptotic confidence sequences.

After each look the interval is the estimate ± z errors, where z does not come from one look but from all of them together:

    z² = (1 + 1 / (ρ V)) · log((1 + ρ V) / α²)

V being the information so far. It is Robbins' normal mixture (Ann. Math. Statist. 41, 1970) around an estimate that is normal in
the large (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Time-uniform central limit theory and asymptotic confidence
sequences, 2021). ρ makes it narrowest when all the information that was planned is there.

Consumers on a list are the same on all days, and who bought much goes on buying much: what chance gave one arm it keeps.
Such sums move together more than a random walk does, so they cross a boundary made for random walks more rarely (Slepian's
inequality), never more often.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def comparisons(arms: int) -> float:
    """By how much the α of two-sided intervals is divided so that, whatever the true rates, an arm that is not the best wins with
    a chance of at most α.

    A winner must beat every other arm, the best one among them: that is one false one-sided statement an arm at most, so each may
    be wrong with α / arms, and an interval of two sides with twice that.
    """
    return arms / 2


def tuned(alpha: float) -> float:
    """ρ for which the interval is narrowest at information 1 (Howard, Ramdas, McAuliffe & Sekhon, Ann. Statist. 49, 2021)."""
    from scipy.special import lambertw

    return float(-lambertw(-(alpha**2) / np.e, -1).real - 1)


def reach(information: "Floats | float", alpha: float) -> "Floats":
    """z at an information of so much of what was planned (0: nothing is known yet, infinite)."""
    part = tuned(alpha) * np.asarray(information, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(part > 0, np.sqrt((1 + 1 / part) * (np.log1p(part) + 2 * np.log(1 / alpha))), np.inf)
    return found


def longer(alpha: float, power: float, comparing: float = 1.0) -> float:
    """How many times the units of a test that looks once, if the same lift is to be found as surely by the planned end."""
    from scipy.special import ndtri

    each, beta = alpha / comparing, ndtri(power)
    return float(((reach(1.0, each) + beta) / (ndtri(1 - each / 2) + beta)) ** 2)
