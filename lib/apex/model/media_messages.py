"""Which message a channel should carry: the one whose creative is clicked most by the people whom the channel meets.

What lets people click lets them be moved (as in `model.step_response`, an assumption). Money is far too rare to tell six messages
from each other, clicks just suffice where channels are read together: clicks ~ Poisson(contacts · exp(α_channel + μ_message +
ν_targeting,message)), μ and ν held to nought by normal priors, so that a message that few have met stands where all do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Priors, sd of the logarithm (convention): a creative's pull with what its message is worth; and by whom a channel meets.
MESSAGE, WHOM, CHANNEL = 0.4, 0.2, 3.0
AGAIN = 0.2  # prior: what the same message once more loses beside another one
OFTEN = 0.5  # prior: contacts that follow another one closely
ROUNDS = 12


@dataclass(frozen=True)
class Pull:
    """log pull of a message beside the usual one, by targeting: (T, M) mean and covariance of all of them, flat."""

    whom: tuple[str, ...]
    messages: tuple[str, ...]
    mean: "Floats"
    covariance: "Floats"

    def chosen(self, whom: str) -> tuple[str, ...]:
        """The message for channels of this targeting, or two in turn where that is better; none where nothing is known."""
        if not self.messages:
            return ()
        row = self.mean[self.whom.index(whom)] if whom in self.whom else self.mean.mean(axis=0)
        order = np.argsort(-row, kind="stable")
        pull = np.exp(row[order])
        alone = pull[0] * (1 - AGAIN * OFTEN)
        if len(pull) > 1 and pull[:2].mean() * (1 - AGAIN * OFTEN / 2) > alone:
            return self.messages[order[0]], self.messages[order[1]]
        return (self.messages[order[0]],)


def pull(met: pd.DataFrame) -> Pull:
    """The fit on channel, whom, message, contacts, clicks; rows without a message, and channels without clicks, tell nothing."""
    met = met[(met.message.fillna("") != "") & (met.contacts > 0)]
    met = met[met.groupby("channel").clicks.transform("sum") > 0] if len(met) else met
    messages, whom = tuple(sorted(met.message.unique())), tuple(sorted(met.whom.unique()))
    if len(messages) < 2:
        return Pull((), (), np.zeros((0, 0)), np.zeros((0, 0)))
    channel = pd.factorize(met.channel)[0]
    m, t = met.message.map(messages.index).to_numpy(), met.whom.map(whom.index).to_numpy()
    channels, cells = channel.max() + 1, len(whom) * len(messages)
    x = np.zeros((len(met), channels + len(messages) + cells))
    row = np.arange(len(met))
    x[row, channel] = x[row, channels + m] = x[row, channels + len(messages) + t * len(messages) + m] = 1
    hold = np.diag(np.r_[np.full(channels, CHANNEL), np.full(len(messages), MESSAGE), np.full(cells, WHOM)] ** -2.0)
    n, y = met.contacts.to_numpy(float), met.clicks.to_numpy(float)
    coef = np.zeros(x.shape[1])
    coef[:channels] = np.log((np.bincount(channel, y) + 0.5) / (np.bincount(channel, n) + 1))
    start = np.r_[coef[:channels], np.zeros(len(messages) + cells)]
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef, -30, 3))
        curve = (x.T * mu) @ x + hold
        step = np.linalg.solve(curve, x.T @ (y - mu) - hold @ (coef - start))
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    take = np.zeros((cells, len(coef)))
    at = np.arange(cells)
    take[at, channels + at % len(messages)] = take[at, channels + len(messages) + at] = 1
    return Pull(whom, messages, (take @ coef).reshape(len(whom), -1), take @ np.linalg.inv(curve) @ take.T)
