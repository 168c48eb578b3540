"""Credit held against lift: what trials say that a channel brings, beside what a method credits it with, and credit put right.

A trial moved contacts of some channels in one arm and saw orders move. The ratio of lift to credit is a factor of each channel;
it is normal before anything is seen, with a part that all channels share (a method that is wrong is wrong for all) and one of
its own. Every trial is one observation of the factors of the channels it moved, weighed by its error (Gordon, Zettelmeyer,
Bhargava & Chapsky, Marketing Science 2019, on how far credit and lift lie apart). So a trial of one channel says something of
the others too, and the less the more they differ. What calibrated credit leaves over has come by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COMMON, OWN = (
    1.0,
    0.1,
)  # prior sd of the ratio of lift to credit: shared by all channels; of one beside it, as a part of that
LEAST = 0.1  # of the shared ratio, where channels' own part is taken of it
LEVEL = 0.95


@dataclass(frozen=True)
class Seen:
    """A trial as credit sees it.

    orders: lift, orders more per treated consumer; variance: of it. credited: (by channel) what the method credits, per treated
    consumer, to the contacts that the trial moved: contacts more × credit a contact in the trial's days.
    """

    experiment: str
    treated: int
    control: int
    orders: float
    variance: float
    credited: pd.Series

    @property
    def channel(self) -> str:
        """The channel that has most of the credit moved; "" where none has more than half, as when all media are held out."""
        size = self.credited.abs()
        return str(size.idxmax()) if len(size) and size.max() > size.sum() / 2 else ""


def beside(trials: Sequence[Seen], level: float = LEVEL) -> pd.DataFrame:
    """Lift beside credit, trial by trial: experiment_id, channel (see `Seen`), lift, low, high
    (orders of all treated), credit, ratio (lift / credit), ratio_low, ratio_high, n (consumers of both arms).

    The ratio's interval takes the credit as it stands; it is null where there is no credit.
    """
    from scipy.special import ndtri

    z, rows = float(ndtri(0.5 + level / 2)), []
    for t in trials:
        credit, half = float(t.credited.sum()), z * np.sqrt(t.variance)
        ends = np.array([t.orders, t.orders - half, t.orders + half])
        ratio = ends / credit if credit > 0 else np.full(3, np.nan)
        rows.append((t.experiment, t.channel, *(ends * t.treated), credit * t.treated, *ratio, t.treated + t.control))
    columns = ["experiment_id", "channel", "lift", "low", "high", "credit", "ratio", "ratio_low", "ratio_high", "n"]
    return pd.DataFrame(rows, columns=columns)


def factors(channels: Sequence[str], trials: Sequence[Seen]) -> "tuple[Floats, Floats]":
    """(channels,) ratios of lift to credit, and their covariance, all trials heard one after the other.

    Twice: what is shared by all is found first, and channels differ from it in proportion to it (a method that credits three
    times too much is not off by half an order for one).
    """
    credited = [t.credited.reindex(list(channels)).fillna(0.0).to_numpy(float) for t in trials]
    common, count = np.ones((len(channels), len(channels))), len(channels)
    shared = _heard(np.ones(count), COMMON**2 * common, credited, trials)[0][:1] if count else np.ones(1)
    spread = OWN * max(float(shared[0]), LEAST)
    return _heard(np.ones(count), COMMON**2 * common + spread**2 * np.eye(count), credited, trials)


def _heard(
    mean: "Floats", covariance: "Floats", credited: "Sequence[Floats]", trials: Sequence[Seen]
) -> "tuple[Floats, Floats]":
    for a, t in zip(credited, trials, strict=True):
        spread = a @ covariance @ a + t.variance
        if spread > 0:
            gain = covariance @ a / spread
            mean = mean + gain * (t.orders - a @ mean)
            covariance = covariance - np.outer(gain, a @ covariance)
    return mean, (covariance + covariance.T) / 2


def calibrated(
    credit: pd.Series, error: "pd.Series | Mapping[str, float]", trials: Sequence[Seen], total: float,
    level: float = LEVEL,
) -> pd.DataFrame:  # fmt: skip
    """Credit put right by the trials: channel, conversions, low, high, ratio, trial (bool: a trial moved it itself).

    error: standard error of the credit. total: all conversions; calibrated credit is never more (then all is scaled).
    """
    from scipy.special import ndtri

    mean, covariance = factors(list(credit.index), trials)
    told = credit.to_numpy(float)
    up = told * np.maximum(mean, 0.0)
    scale = min(1.0, total / up.sum()) if up.sum() > 0 else 1.0
    noise = pd.Series(error, dtype=float).reindex(credit.index).fillna(0.0).to_numpy()
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(told**2 * np.diag(covariance) + (mean * noise) ** 2)
    own = {t.channel for t in trials}
    return pd.DataFrame({
        "channel": list(credit.index), "conversions": scale * up, "low": scale * np.maximum(told * mean - half, 0.0),
        "high": scale * np.maximum(told * mean + half, 0.0), "ratio": np.maximum(mean, 0.0),
        "trial": [c in own for c in credit.index],
    })  # fmt: skip
