"""Which arm is best by what is known: chances, what stopping now would cost, and tomorrow's shares.

Beta posteriors of the arms' rates, with a prior worth one thing that happened at the pooled rate. Thompson's rule (Biometrika 25,
1933) gives each arm traffic in proportion to its chance to be best; a floor keeps every arm observed, so that the trial can still
be read.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

DRAWS = 4000
FLOOR = 0.05  # convention: least share of an arm tomorrow


def draws(units: "ArrayLike", did: "ArrayLike", seed: int = 0, size: int = DRAWS) -> "Floats":
    """size × arms draws of the rates, from units and what happened; all arms alike where nothing happened yet."""
    n, x = np.asarray(units, float), np.asarray(did, float)
    rate = min(max(x.sum(), 0.5) / max(n.sum(), 1.0), 0.5)
    rng = np.random.default_rng(seed)
    found: Floats = rng.beta(1 + x, 1 / rate - 1 + np.maximum(n - x, 0), (size, len(n)))
    return found


def best(rates: "Floats") -> "Floats":
    """Each arm's chance to be the best, from draws."""
    return np.bincount(rates.argmax(axis=1), minlength=rates.shape[1]) / len(rates)


def loss(rates: "Floats") -> "Floats":
    """What is given up, on average, by going on with each arm for good: the best rate less its own, from draws."""
    found: Floats = (rates.max(axis=1, keepdims=True) - rates).mean(axis=0)
    return found


def shares(chances: "Floats", floor: float = FLOOR) -> "Floats":
    """Tomorrow's shares: in proportion to the chances, none below the floor (or an equal share, where that is less)."""
    least = min(floor, 1 / len(chances))
    return least + (1 - least * len(chances)) * chances / chances.sum()
