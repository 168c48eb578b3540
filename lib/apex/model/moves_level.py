"""What trials make of credit: one factor on all that comparison lays to contacts, and one for each channel with its own trial.

Media look for those who would move anyway, and not all of that shows in what was known of them. Where trials held consumers
out, a trial's contacts predict how much less its control arm moved; the factor on the prediction makes both agree.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALL = "all"
LEAST = 30  # consumer-days met, and as many not met, below which a cell and channel have no figure of their own
FACTOR = (1.0, 0.5)  # what is thought of credit before any trial: right, give or take half (convention)
SPREAD = 0.5  # half-normal prior of how far channels differ in their factor (convention)
OWN_SHARE = 0.8  # of what a trial's arms differ in, by which it is one channel's trial
STAYED = 10  # consumers of each arm who stayed, for the logarithm of their share to have a spread


class Factor(NamedTuple):
    """What trials make of credit: the common factor (posterior mean, sd), how far channels differ in it (spread), how many
    trials and consumers are behind it, and the factor (mean, sd) of each channel that had a trial of its own."""

    mean: float
    sd: float
    spread: float
    trials: int
    n: int
    own: dict[str, tuple[float, float]]

    def of(self, channel: str) -> tuple[float, float, bool]:
        """Mean and sd of a channel's factor, and whether a trial carries it."""
        if channel in self.own:
            mean, sd = self.own[channel]
            return mean, sd, sd**2 < FACTOR[1] ** 2 / 2
        return self.mean, float(np.hypot(self.sd, self.spread)), False

    def of_all(self, weight: pd.Series) -> tuple[float, float, bool]:
        """The same of all channels together. weight: each channel's part of what all add (index channel, sums to 1)."""
        if not len(weight):
            return self.mean, self.sd, False
        mean = sum(w * self.of(c)[0] for c, w in weight.items())
        other = weight[[c not in self.own for c in weight.index]]
        variance = sum((w * self.own[c][1]) ** 2 for c, w in weight.items() if c in self.own)
        variance += (other.sum() * self.sd) ** 2 + float((other**2).sum()) * self.spread**2
        return float(mean), float(np.sqrt(variance)), self.trials > 0 and variance < FACTOR[1] ** 2 / 2


UNTRIED = Factor(1.0, 0.0, 0.0, 0, 0, {})


def hazards(held: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By (cell, channel): a contact's extra over the share that would not move otherwise. held: see `all_held`."""
    single = held[held.channel != ALL]
    usual = (single.moved - single.extra).clip(0, 0.99).fillna(0.0)
    return dict(zip(zip(single.cell, single.channel, strict=True), single.extra_held / (1 - usual), strict=True))


def factor(people: pd.DataFrame, contacts: pd.DataFrame, hazard: Mapping[tuple[str, str], float]) -> Factor:
    """Step 3: what trials make of the extras. people, contacts: see `measure.moves.trials`.

    hazard: by (cell, channel), extra over the share that would not move otherwise. A consumer with contacts of hazards h
    stays with probability (1 − b) exp(−f Σ h); the ratio of the arms' stays by trial and cell does not hang on b. Each
    trial's factor lies around the common one (prior FACTOR), as far apart as the trials say; grids for both. A trial whose
    arms differ in one channel nearly alone (OWN_SHARE of the hazards) speaks for that channel first.
    """
    whole = _with_hazard(people, contacts, hazard)
    grid = np.linspace(-1, 4, 251)
    found, n = {}, 0
    for name, part in whole.groupby("experiment_id"):
        fit, of = _likelihood(part, grid)
        if of:
            weight = np.exp(fit - fit.max())
            weight /= weight.sum()
            mean = float(weight @ grid)
            found[str(name)] = (mean, float(np.sqrt(max(weight @ (grid - mean) ** 2, 1e-4))))
            n += of
    if not found:
        return UNTRIED
    f, se = (np.array([v[i] for v in found.values()]) for i in (0, 1))
    spreads, middles = np.linspace(0, 1, 41), np.linspace(-0.5, 2.5, 121)
    variance = spreads[:, None] ** 2 + se**2
    fit = -0.5 * ((f - middles[:, None, None]) ** 2 / variance + np.log(variance)).sum(-1)
    fit = fit - 0.5 * ((middles[:, None] - FACTOR[0]) / FACTOR[1]) ** 2 - 0.5 * (spreads / SPREAD) ** 2
    weight = np.exp(fit - fit.max())
    weight /= weight.sum()
    mean = float(weight.sum(1) @ middles)
    sd = float(np.sqrt(weight.sum(1) @ (middles - mean) ** 2))
    spread = float(np.sqrt(weight.sum(0) @ spreads**2))
    own = {}
    for name, (at, error) in found.items():
        if channel := _only_channel(whole[whole.experiment_id == name], contacts, hazard):
            before = sd**2 + spread**2
            var = 1 / (1 / error**2 + 1 / before)
            own[channel] = (float(var * (at / error**2 + mean / before)), float(np.sqrt(var)))
    return Factor(mean, sd, spread, len(found), n, own)


def _with_hazard(people: pd.DataFrame, contacts: pd.DataFrame, hazard: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    keys = ["experiment_id", "consumer_id"]
    each = [d * hazard.get((c, k), 0.0) for c, k, d in zip(contacts.cell, contacts.channel, contacts.days, strict=True)]
    summed = contacts.assign(h=np.array(each, float)).groupby(keys, as_index=False).h.sum()
    return people.merge(summed, on=keys, how="left").fillna({"h": 0.0})


def _likelihood(trial: pd.DataFrame, grid: "Floats") -> "tuple[Floats, int]":
    """Logarithm of a trial's likelihood at each factor, and consumers behind it; cells with too few are left out."""
    fit, n = np.zeros(len(grid)), 0
    for _, part in trial.groupby("cell"):
        arms = [part[part.treated == arm] for arm in (True, False)]
        stay = [int((a.moved == 0).sum()) for a in arms]
        if min(stay) < STAYED or min(len(a) for a in arms) < LEAST:
            continue
        share = [s / len(a) for s, a in zip(stay, arms, strict=True)]
        noise = sum((1 - p) / (p * len(a)) for p, a in zip(share, arms, strict=True)) + 1e-6
        gone = []
        for a in arms:  # few different sums of hazards: each once
            h, times = np.unique(a.h.to_numpy(float).round(4), return_counts=True)
            gone.append(np.exp(-np.outer(grid, h)) @ times / times.sum())
        fit += -0.5 * (np.log(share[0] / share[1]) - np.log(gone[0] / gone[1])) ** 2 / noise
        n += len(part)
    return fit, n


def _only_channel(trial: pd.DataFrame, contacts: pd.DataFrame, hazard: Mapping[tuple[str, str], float]) -> str | None:
    """The channel that makes up OWN_SHARE of what the arms' contacts differ in; None where it is several."""
    mine = contacts[contacts.experiment_id == trial.experiment_id.iloc[0]]
    arm = mine.consumer_id.map(trial.set_index("consumer_id").treated)
    n = trial.treated.value_counts()
    h = pd.Series(
        [d * max(hazard.get((c, k), 0.0), 0.0) for c, k, d in zip(mine.cell, mine.channel, mine.days, strict=True)],
        mine.index,
    )
    by = h.groupby([mine.channel, arm]).sum().unstack(fill_value=0.0).reindex(columns=[False, True], fill_value=0.0)
    gap = by[True] / n.get(True, 1) - by[False] / n.get(False, 1)
    if not len(gap) or gap.abs().sum() <= 0 or gap.max() < OWN_SHARE * gap.abs().sum():
        return None
    return str(gap.idxmax())
