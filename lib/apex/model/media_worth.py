"""What a contact brings in orders, channel by channel: on its click, and carried on to later visits; held against trials.

Two parts are counted on the data: orders on a click (few would have come anyway: `LOST`), and orders by themselves that the
contact made likelier (`media_fit`). Media that chase likely buyers meet them before they buy anyway, so that the second part is
held back there (`CHASING`). What a bought contact costs tells what others found it worth (`PRICED`). All of it is normal, with a
factor that the channels have in common; each trial is one more observation, and what it says reaches the channels without a
trial through the common factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from apex.measure.media_contacts import Contacts
from apex.measure.media_trials import Lift
from apex.model.media_fit import Fit, carried

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LOST = 0.15  # prior: orders on a click that would have come later without it
CHASING = {"likely": 0.5, "visitors": 0.4}  # prior: what is left of the carried part, by targeting
COMMON, OWN = 0.3, 0.25  # prior sd: of the factor of all channels, and of one channel beside it
# prior, mean and sd: what a bought contact is worth, in units of what its price buys over all channels
PRICED = 0.4, 1.0
FEW = 5.0  # clicks' worth of the others' conversion that a channel's own is held back by
LEAST = 1e-7


@dataclass(frozen=True)
class Worth:
    """Orders per contact, (C,) each: direct and carried as counted over all days, and how a campaign's days multiply them.

    mean, covariance: of both parts together over all days, trials heard.
    """

    direct: "Floats"
    carried: "Floats"
    times: "Floats"
    mean: "Floats"
    covariance: "Floats"

    def draws(self, rng: np.random.Generator, size: int) -> "Floats":
        """(size, C) orders a contact of a campaign; none below 0."""
        drawn = rng.multivariate_normal(self.mean, self.covariance, size, method="eigh")
        return self.times * np.maximum(drawn, 0)


def worth(
    of: Contacts, found: Fit, clicks: "Floats", targeting: Sequence[str], price: "Floats", window: tuple[int, int],
    trials: Sequence[Lift],
) -> Worth:  # fmt: skip
    """What a contact brings in days like those of `window` (days since 1970).

    clicks: (C,) over all days, as bought; targeting: of each channel (`likely`, `visitors`, any other); price: (C,) of a contact,
    0 where it is not bought (owned).
    """
    direct, later = _parts(of, found, clicks, targeting, (of.first, of.last))
    here = (of.contacts.day >= window[0]) & (of.contacts.day <= window[1])
    met = np.bincount(of.contacts.what[here], of.contacts.value[here], len(of.channels)).astype(float)
    # how a campaign's contacts do beside those of all days is asked of all channels together, since one alone is few
    more = _campaign(of, found, (direct, later), targeting, window, met)
    total = np.maximum(direct + later, 0)
    spread = _error(of, found) ** 2 + (OWN * total) ** 2
    mean, covariance = direct + later, np.diag(spread) + COMMON**2 * np.outer(total, total)
    every = np.bincount(of.contacts.what, of.contacts.value, len(of.channels))
    usual = (every * total)[price > 0].sum() / max((every * price).sum(), LEAST)  # orders a unit of money
    for c in np.flatnonzero(price > 0):
        at = usual * price[c]
        gain = covariance[:, c] / (covariance[c, c] + (PRICED[1] * at) ** 2 + LEAST**2)
        mean = mean + gain * (PRICED[0] * at - mean[c])
        covariance = covariance - np.outer(gain, covariance[c])
    for trial in trials:
        moved = trial.contacts
        gain = covariance @ moved / (moved @ covariance @ moved + trial.variance)
        mean = mean + gain * (trial.orders - moved @ mean)
        covariance = covariance - np.outer(gain, moved @ covariance)
    times = (direct * more[0] + np.maximum(later, 0) * more[1] + LEAST) / (direct + np.maximum(later, 0) + LEAST)
    return Worth(direct, later, times, mean, (covariance + covariance.T) / 2)


def _parts(
    of: Contacts, found: Fit, clicks: "Floats", targeting: Sequence[str], days: tuple[int, int]
) -> "tuple[Floats, Floats]":
    """(C,) orders a contact, direct and carried, over these days."""
    number = len(of.channels)
    met = np.maximum(np.bincount(of.contacts.what, of.contacts.value, number), 1.0)
    led = np.bincount(of.orders.what[of.orders.what >= 0], minlength=number)
    usual = led.sum() / max(clicks.sum(), 1.0)
    converts = (led + FEW * usual) / (clicks + FEW)
    direct = (1 - LOST) * clicks * of.share / met * converts
    left = np.array([CHASING.get(t, 1.0) for t in targeting])
    return direct, left * carried(of, found, *days) / met


def _campaign(
    of: Contacts,
    found: Fit,
    plain: "tuple[Floats, Floats]",
    targeting: Sequence[str],
    window: tuple[int, int],
    met: "Floats",
) -> tuple[float, float]:
    """Times what contacts bring in the window beside all days: direct, carried."""
    inside = (of.orders.day >= window[0]) & (of.orders.day <= window[1]) & (of.orders.what >= 0)
    expected = (plain[0] * met).sum() / (1 - LOST)
    direct = (inside.sum() + 10) / (expected + 10)
    left = np.array([CHASING.get(t, 1.0) for t in targeting])
    then = (left * np.maximum(carried(of, found, *window), 0)).sum()
    usual = (plain[1] * met).sum()
    return float(direct), float((then + 5) / (usual + 5))


def _error(of: Contacts, found: Fit) -> "Floats":
    """(C,) standard error of orders a contact: of few clicked orders, and of the fit."""
    number = len(of.channels)
    met = np.maximum(np.bincount(of.contacts.what, of.contacts.value, number), 1.0)
    led = np.bincount(of.orders.what[of.orders.what >= 0], minlength=number)
    step = np.sqrt(np.maximum(np.diag(found.covariance), 0))
    up = carried(of, found, of.first, of.last, found.mean + step) - carried(of, found, of.first, of.last)
    return np.sqrt(led + up**2 + 1) / met
