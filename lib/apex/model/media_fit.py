"""How much likelier a consumer buys after a contact: a conditional logit on purchases and their controls.

log hazard = Σ β_c log(1 + stock_c) + what else tells; channels are held back towards each other (normal prior whose centre is
fitted with them and whose width is an argument). The carry-over is the one under which the data are likeliest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts
from apex.model.media_cases import Cases, cases, decayed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CARRY = (5.0, 10.0, 20.0)  # days among which the carry-over is chosen
CENTRE, WIDTH = (0.15, 0.15), 0.15  # prior: a fresh contact's log hazard, over channels; and between channels
DEEPER = (1.4, 0.4)  # prior, mean and sd: a contact's effect on the log hazard of an order beside that of a visit
ALIKE = 0.06  # prior: how far a channel's may differ from that
HELD = 1.0  # sd of the prior of what else tells
STEPS = 30


@dataclass(frozen=True)
class Fit:
    """Coefficients of the channels: mean (C,), covariance (C, C); carry_days; purchases read; log: the log posterior."""

    mean: "Floats"
    covariance: "Floats"
    carry_days: float
    purchases: int
    log: float


def fit(of: Contacts, carry_days: Sequence[float] = CARRY, seed: int = 1, centre: tuple[float, float] = CENTRE,
        width: float = WIDTH) -> Fit:  # fmt: skip
    """The fit under the likeliest carry-over. centre: mean and sd of the prior's centre."""
    count = len(of.channels)
    start = np.full(count, centre[0]), np.full((count, count), centre[1] ** 2) + width**2 * np.eye(count)
    seen = max((fitted(cases(of, days, seed, "visits"), days, *start) for days in carry_days), key=lambda f: f.log)
    # what moves visits moves orders by some factor, channel by channel nearly alike
    mean = DEEPER[0] * seen.mean
    spread = (
        DEEPER[1] ** 2 * np.outer(seen.mean, seen.mean) + DEEPER[0] ** 2 * seen.covariance + ALIKE**2 * np.eye(count)
    )
    return fitted(cases(of, seen.carry_days, seed), seen.carry_days, mean, spread)


def fitted(of: Cases, carry_days: float, mean: "Floats", spread: "Floats") -> Fit:
    """Maximum of the posterior by Newton's method, its curvature as covariance (Laplace). mean, spread: prior of the channels."""
    channels = of.stock.shape[2]
    design = np.concatenate([np.log1p(of.stock), of.known], axis=2)
    design = design - design[:, :1]  # against the buyer
    k = design.shape[2]
    precision = np.zeros((k, k))
    precision[:channels, :channels] = np.linalg.inv(spread)
    precision[channels:, channels:] = np.eye(k - channels) / HELD**2
    start = np.r_[mean, np.zeros(k - channels)]
    beta = start.copy()
    log, slope, curve = _posterior(design, beta, start, precision)
    for _ in range(STEPS):
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while size > 1e-6:
            tried = _posterior(design, beta + size * step, start, precision)
            if tried[0] >= log:
                break
            size /= 2
        else:
            break
        done = tried[0] - log < 1e-6
        beta, (log, slope, curve) = beta + size * step, tried
        if done:
            break
    covariance = np.linalg.inv(curve)[:channels, :channels]
    return Fit(beta[:channels], np.asarray(covariance, float), carry_days, len(of.day), log)


def _posterior(
    design: "Floats", beta: "Floats", prior: "Floats", precision: "Floats"
) -> "tuple[float, Floats, Floats]":
    """Log posterior, its slope and its negative curvature."""
    score = design @ beta
    top = score.max(axis=1, keepdims=True) if len(score) else score
    weight = np.exp(score - top)
    whole = weight.sum(axis=1, keepdims=True)
    share = weight / whole
    log = -(np.log(whole) + top).sum()  # the buyer's own score is 0
    mean = np.einsum("nj,njk->nk", share, design)
    flat = design.reshape(-1, design.shape[2])
    curve = (flat * share.reshape(-1, 1)).T @ flat - mean.T @ mean
    off = beta - prior
    return float(log - off @ precision @ off / 2), -mean.sum(axis=0) - precision @ off, curve + precision


def carried(of: Contacts, found: Fit, first: int, last: int, beta: "Floats | None" = None) -> "Floats":
    """(C,) purchases by themselves from day `first` to `last` that would not be without the channel's contacts.

    beta: (C,) coefficients, those of the fit by default.
    """
    orders = of.orders
    here = (orders.what < 0) & (orders.day >= first) & (orders.day <= last)
    stock = decayed(of.contacts, orders.who[here], orders.day[here], found.carry_days, len(of.channels))
    return (1 - np.exp(-np.log1p(stock) * (found.mean if beta is None else beta))).sum(axis=0)
