"""Whether intent foretold sales: on a day 30 days ago, with weights learned before it, beside what was bought in those 30 days.

Two tests. Consumers: the chance of a purchase that the model gives each, calibrated on the last day whose outcome was known by
then (level and slope, Cox 1958), in ten groups, beside what they did. Brands: whether those of which people did more sold to more
people (rank correlation with interval, Bonett & Wright 2000), beside the rival that needs no intent, who bought before, and
whether a rise of the one went before a rise of the other.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.intent import AHEAD, Spells, bits
from apex.model.intent import FEWEST, LEVEL, Weights, Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RANKED = 6  # brands from which ranks are compared
GROUPS = ["group", "n", "buyers", "expected", "observed", "low", "high"]
RANKS = ["what", "brands", "rank", "low", "high"]
__all__ = ["GROUPS", "LEVEL", "RANKS", "groups", "ranks", "tested"]


def tested(of: Spells, weights: Weights | None) -> int | None:
    """The last spell whose 30 days after have passed, and on which nothing that the weights know of had not happened."""
    if weights is None:
        return None
    last = max((s for s in range(len(of.days)) if of.known(s)), default=-1)
    return last if last > weights.spells[1] + AHEAD else None


def groups(of: Spells, weights: Weights, spell: int) -> pd.DataFrame:
    """Our consumers by the chance that the model gives them, least first, up to ten groups with equals together (GROUPS).

    expected, observed: share that buys in the 30 days after; low, high: of the observed (Wilson, 90 %). Empty where the day on
    which the model is calibrated saw too few purchases.
    """
    eta, y = _own(of, weights, spell)
    before, bought = _own(of, weights, spell - AHEAD)
    if spell - AHEAD < 0 or bought.sum() < FEWEST or bought.all():
        return pd.DataFrame(columns=GROUPS)
    shift, slope = _calibrated(before, bought)
    p = 1 / (1 + np.exp(-(shift + slope * eta)))
    level, which, size = np.unique(p.round(9), return_inverse=True, return_counts=True)
    # consumers with the same chance stay together; a group is closed when it holds a tenth
    group, held, label = 0, 0, np.zeros(len(level), int)
    for n, some in enumerate(size):
        label[n] = group
        held += int(some)
        if held >= len(p) / 10 and n < len(level) - 1:
            group, held = group + 1, 0
    frame = pd.DataFrame({"group": label[which] + 1, "p": p, "y": y})
    found = frame.groupby("group").agg(n=("y", "size"), buyers=("y", "sum"), expected=("p", "mean")).reset_index()
    share, n = found.buyers / found.n, found.n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return found.assign(observed=share, low=middle - half, high=middle + half, buyers=found.buyers.astype(int))[GROUPS]


def ranks(of: Spells, weights: Weights, spell: int) -> pd.DataFrame:
    """Rank correlations over the brands of the category with buyers in the 30 days after (RANKS): of intent, of buyers of the 30
    days before, and of the change of intent with the change of buyers. No rows of fewer than RANKED brands.
    """
    if len(of.brands) < RANKED or spell < AHEAD:
        return pd.DataFrame(columns=RANKS)
    after = of.later(spell).sum(axis=0)
    past = (of.bought(spell) | of.bought(spell - 1)).sum(axis=0)
    now, then = _levels(of, weights, spell), _levels(of, weights, spell - AHEAD)
    told = {
        "intent": (now, after), "past": (past, after),
        "change": (np.log((now + 1e-3) / (then + 1e-3)), np.log((after + 0.5) / (past + 0.5))),
    }  # fmt: skip
    return pd.DataFrame([(what, len(of.brands), *_rank(*pair)) for what, pair in told.items()], columns=RANKS)


def _own(of: Spells, weights: Weights, spell: int) -> "tuple[Floats, NDArray[np.bool_]]":
    own = of.own
    return weights.odds(of.did[spell][:, own], of.old(spell)[:, own]), of.later(spell)[:, own]


def _levels(of: Spells, weights: Weights, spell: int) -> "Floats":
    """(G,) each brand's index beside the mean brand (1)."""
    did = bits(of.did[spell]).mean(axis=0)
    mean = did.mean(axis=0)
    return np.asarray(np.divide(did, mean, out=np.zeros_like(did), where=mean > 0) @ weights.share)


def _calibrated(eta: "Floats", y: "NDArray[np.bool_]") -> tuple[float, float]:
    """(shift, slope) of the log odds that fit what was bought, by maximum likelihood; the slope is held to what can be."""
    from scipy.optimize import minimize

    def loss(b: "Floats") -> "tuple[float, Floats]":
        line = b[0] + b[1] * eta
        gap = 1 / (1 + np.exp(-line)) - y
        value = (np.logaddexp(0, line) - y * line).sum() + (b[1] - 1) ** 2 / 2
        return value / len(y), np.array([gap.sum(), (gap * eta).sum() + b[1] - 1]) / len(y)

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.1, 5.0)]).x
    return float(found[0]), float(found[1])


def _rank(a: "Floats", b: "Floats") -> tuple[float, float, float]:
    """Spearman's rank correlation with its interval; NaN where one side does not vary."""
    from scipy.stats import spearmanr

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan, np.nan, np.nan
    r = float(spearmanr(a, b).statistic)
    half = Z * np.sqrt((1 + r**2 / 2) / (len(a) - 3))
    z = np.arctanh(np.clip(r, -0.9999, 0.9999))
    return r, float(np.tanh(z - half)), float(np.tanh(z + half))
