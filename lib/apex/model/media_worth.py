"""What a contact brings in orders, channel by channel: on its click, and carried on to later visits; held against trials.

Two parts are counted on the data: orders on a click (few would have come anyway: `LOST`), and orders by themselves that the
contact made likelier (`media_fit`). Media that chase likely buyers meet them before they buy anyway: what choices far away do not
show of that is taken off the second part by a prior (`CHASING`). All of it is normal, with factors that all channels and
those of one targeting have in common; each trial is one more observation, and the factors carry it to channels without a trial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts, Rows
from apex.measure.media_trials import Lift
from apex.model.media_fit import Fit, by_themselves, carried, on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LOST = 0.15  # prior: orders on a click that would have come later without it
CHASING = {"likely": 0.75, "visitors": 0.75}  # prior: what is left of the carried part, by targeting
LEFT = 0.2  # prior sd of that
COMMON, OWN = 0.3, 0.35  # prior sd: of the factor of all channels, and of one channel beside it
FEW = 40.0  # clicks' worth of all brands' conversion that a channel's own is held back by
AGAIN = 0.45  # prior sd: of the logarithm of what a campaign's media bring beside the one before
LONG = 30  # days of a promotion at least


@dataclass(frozen=True)
class Worth:
    """Orders per contact, (C,) each: direct and carried as counted over all days; times: a campaign's days beside all days.

    mean, covariance: of both parts together over all days, trials heard.
    """

    direct: "Floats"
    carried: "Floats"
    times: float
    mean: "Floats"
    covariance: "Floats"

    def draws(self, rng: np.random.Generator, size: int) -> "Floats":
        """(size, C) orders a contact of a campaign; none below 0. How well the campaign does as a whole is drawn as well."""
        drawn = rng.multivariate_normal(self.mean, self.covariance, size, method="eigh")
        level = np.exp(AGAIN * rng.standard_normal((size, 1)) - AGAIN**2 / 2)
        return self.times * level * np.maximum(drawn, 0)


def worth(of: Contacts, found: Fit, targeting: Sequence[str], window: tuple[int, int], trials: Sequence[Lift]) -> Worth:
    """What a contact brings in days like those of `window` (days since 1970).

    targeting: of each channel (`likely`, `visitors`, any other).
    """
    count = len(of.channels)
    every = np.ones(of.last - of.first + 1, bool)
    met = np.maximum(np.bincount(of.contacts.what, of.contacts.value, count), 1.0)
    left = np.array([CHASING.get(t, 1.0) for t in targeting])
    bare = carried(of, found, every) / met
    direct, later = (1 - LOST) * _on_clicks(of) / met, left * bare
    total = np.maximum(direct + later, 0)
    step = np.sqrt(np.maximum(np.diag(found.covariance), 0))
    up = carried(of, found, every, found.mean + step) / met - bare
    clicked = np.bincount(of.orders.what[of.orders.what >= 0], minlength=count)
    covariance = np.diag((left * up) ** 2 + (clicked + 1) / met**2 + (OWN * total) ** 2) + COMMON**2 * np.outer(
        total, total
    )
    for kind in CHASING:
        part = np.where(np.array(targeting) == kind, LEFT * np.maximum(bare, 0), 0.0)
        covariance = covariance + np.outer(part, part)
    mean = direct + later
    days = np.arange(of.first, of.last + 1)
    plain = every.copy()
    for brand, first, last in of.campaigns:
        plain &= (brand != of.own) | (last - first < LONG) | (days < first) | (days > last)
    # trials run on plain days, on which a contact brings less than in a promotion
    usual = _times(of, found, left, plain, mean, by_themselves(of, every))
    for trial in trials:
        moved = usual * trial.contacts
        gain = covariance @ moved / (moved @ covariance @ moved + trial.variance)
        mean = mean + gain * (trial.orders - moved @ mean)
        covariance = covariance - np.outer(gain, moved @ covariance)
    then = _times(of, found, left, (days >= window[0]) & (days <= window[1]), direct + later)
    return Worth(direct, later, then, mean, (covariance + covariance.T) / 2)


def _on_clicks(of: Contacts) -> "Floats":
    """(C,) orders on clicks, the brand's conversion held towards that of all brands at its own level."""
    count, brands = len(of.channels), len(of.brands)

    def sums(rows: Rows, own: bool, value: bool) -> "Floats":
        kept = (rows.what >= 0) & ((rows.who % brands == of.own) | (not own))
        return np.bincount(rows.what[kept], rows.value[kept] if value else None, count).astype(float)

    clicks, led = sums(of.every_click, own=True, value=True), sums(of.every_order, own=True, value=False)
    every, bought = sums(of.every_click, own=False, value=True), sums(of.every_order, own=False, value=False)
    usual = (bought + 1) / (every + 20)
    level = (led.sum() + 5) / ((clicks * usual).sum() + 5)
    converts = (led + FEW * usual * level) / (clicks + FEW)
    return np.asarray(clicks * converts, float)


def _times(
    of: Contacts, found: Fit, left: "Floats", days: "NDArray[np.bool_]", mean: "Floats", per_visit: float | None = None
) -> float:
    """What contacts bring on some days beside all days; asked of all channels together, since one alone is few."""
    here = on(of.contacts, of, days)
    then = np.bincount(of.contacts.what[here], of.contacts.value[here], len(mean)).astype(float)
    clicked = (on(of.orders, of, days) & (of.orders.what >= 0)).sum()
    brought = (1 - LOST) * clicked + (left * np.maximum(carried(of, found, days, per_visit=per_visit), 0)).sum()
    usual = (then * np.maximum(mean, 0)).sum()
    return float((brought + 10) / (usual + 10))
