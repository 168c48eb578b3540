"""How much likelier a consumer looks at a brand after a contact: a conditional logit of brand choice (Guadagni & Little, 1983).

Utility = Σ β_c log(1 + stock_c) + what else tells. Channels do the same for every brand of the category, so that all of them
teach; they are held towards each other by a normal prior whose centre is fitted with them. Brands' own levels are fitted on a
part of the choices and kept.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts, Rows
from apex.model.media_choices import Choices, Index

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CARRY = 14.0  # days: carry-over of a contact, a prior between what a click and what being known leaves
CENTRE, WIDTH = (0.2, 0.3), 0.2  # prior: a fresh contact's utility, over channels; and between channels
HELD = 1.0  # sd of the prior of what else tells
FIRST = 20_000  # choices from which brands' levels are learned
STEPS = 20
ENOUGH = 0.05  # of the log posterior: less gain ends the search


@dataclass(frozen=True)
class Fit:
    """Coefficients of the channels: mean (C,), covariance (C, C); carry_days; choices read."""

    mean: "Floats"
    covariance: "Floats"
    carry_days: float
    choices: int


def fitted(of: Choices, carry_days: float = CARRY, centre: tuple[float, float] = CENTRE, width: float = WIDTH) -> Fit:
    """Maximum of the posterior by Newton's method, its curvature as covariance (Laplace).

    centre: mean and sd of the prior's centre; width: of the channels around it.
    """
    channels, known, shown = of.stock.shape[1], of.known.shape[1], of.brands.shape[1]
    spread = np.linalg.inv(centre[1] ** 2 + width**2 * np.eye(channels)) if channels else np.zeros((0, 0))
    stock = np.log1p(of.stock).astype(np.float32)
    stop = of.start[FIRST] if len(of.start) > FIRST else len(of.choice)
    design = np.column_stack([stock[:stop], of.known[:stop], of.brands[:stop]])
    prior = np.r_[np.full(channels, centre[0]), np.zeros(known + shown)]
    precision = np.eye(len(prior)) / HELD**2
    precision[:channels, :channels] = spread
    start = of.start[of.start < stop]
    beta, _ = _newton(design, of.choice[:stop], start, of.chosen[:stop], of.offset[:stop], prior, prior, precision)
    few = channels + known
    offset = of.offset + of.brands @ beta[few:].astype(np.float32)
    design = np.column_stack([stock, of.known])
    beta, curve = _newton(
        design, of.choice, of.start, of.chosen, offset, beta[:few], prior[:few], precision[:few, :few]
    )
    covariance = np.linalg.inv(curve)[:channels, :channels]
    return Fit(beta[:channels], np.asarray(covariance, float), carry_days, len(of.start))


def _newton(
    design: "NDArray[np.float32]", choice: "NDArray[np.int64]", start: "NDArray[np.int64]", chosen: "Floats",
    offset: "Floats", beta: "Floats", prior: "Floats", precision: "Floats",
) -> "tuple[Floats, Floats]":  # fmt: skip
    """Where the log posterior is largest, and its negative curvature there. Single precision where it is heavy."""
    if not len(start):
        return prior.copy(), precision

    def posterior(b: "Floats") -> "tuple[float, Floats]":
        score = (design @ b.astype(np.float32)).astype(float) + offset
        top = np.maximum.reduceat(score, start)
        weight = np.exp(score - top[choice])
        whole = np.add.reduceat(weight, start)
        off = b - prior
        log = float(score @ chosen - (np.log(whole) + top).sum() - off @ precision @ off / 2)
        return log, weight / whole[choice]

    log, share = posterior(beta)
    curve = precision
    for _ in range(STEPS):
        part = share.astype(np.float32)
        mean = np.add.reduceat(design * part[:, None], start, axis=0)
        rooted = design * np.sqrt(part)[:, None]
        curve = (rooted.T @ rooted).astype(float) - (mean.T @ mean).astype(float) + precision
        slope = (design.T @ (chosen - share).astype(np.float32)).astype(float) - precision @ (beta - prior)
        step, size = np.linalg.solve(curve, slope), 1.0
        tried, other = posterior(beta + step)
        while tried < log - ENOUGH and size > 1e-3:
            size /= 2
            tried, other = posterior(beta + size * step)
        beta, gained = beta + size * step, tried - log
        log, share = tried, other
        if gained < ENOUGH:
            break
    return beta, curve


def carried(
    of: Contacts, found: Fit, days: "NDArray[np.bool_]", beta: "Floats | None" = None, per_visit: float | None = None
) -> "Floats":
    """(C,) the brand's orders by themselves on some days that would not be without the channel's contacts.

    days: (last − first + 1,) of those with media. Counted on visits, of which there are several times as many, at `per_visit`,
    the orders that came by themselves per visit, of these days by default. beta: (C,) coefficients, of the fit by default.
    """
    visits = of.visits
    here = on(visits, of, days)
    met = Index(of.contacts, of.first - 1)
    stock = met.decayed(visits.who[here], visits.day[here], found.carry_days, len(of.channels))
    lost = (1 - np.exp(-np.log1p(stock) * (found.mean if beta is None else beta))).sum(axis=0)
    if per_visit is None:
        per_visit = by_themselves(of, days)
    return np.asarray(lost * per_visit, float)


def by_themselves(of: Contacts, days: "NDArray[np.bool_]") -> float:
    """Orders that no click led to, per visit, on these days."""
    return float(((of.orders.what < 0) & on(of.orders, of, days)).sum() / max(int(on(of.visits, of, days).sum()), 1))


def on(rows: Rows, of: Contacts, days: "NDArray[np.bool_]") -> "NDArray[np.bool_]":
    """Which rows lie on the days."""
    known = (rows.day >= of.first) & (rows.day <= of.last)
    return known & days[np.clip(rows.day - of.first, 0, len(days) - 1)]
