"""Which message a channel should carry: the one whose creative is clicked most by the people whom the channel meets.

What lets people click lets them be moved (as in `model.step_response`, an assumption). Money is far too rare to tell six messages
from each other, clicks just suffice where channels are read together: clicks ~ Poisson(contacts · exp(α_channel + μ_message +
ν_targeting,message)), μ and ν held to nought by normal priors, so that a message that few have met stands where all do.
Errors are those of the curvature at the fit (Laplace).
"""

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
OFTEN = 0.5  # contacts that follow another one closely: 0.55 of the default market's come within 12 days, 0.49 in a campaign
# What of a difference in the logarithm is still there on average over a campaign of two months, and the sd of what comes new:
# creatives wear and are replaced. Set on 60 campaigns of simulated markets, seeds 940–969.
CARRY, LATER = 0.7, 0.2
# A second message this close to the first takes the second half of the days. That costs at most half of it in clicks, keeps some
# of what is shown safe from a creative that is replaced, and next time's clicks know two messages. Repetition stays the same.
NEAR = 0.03
ROUNDS = 12
DRAWS, SEED = 2000, 2024  # behind intervals
TAIL = (0.1, 0.9)


@dataclass(frozen=True)
class Pull:
    """log pull of a message beside the usual one in the days of the clicks, by targeting.

    mean: (T + 1, M), last a targeting that nobody was met by; covariance of all of them, flat; clicks: (T + 1), of each
    targeting, last of all.
    """

    whom: tuple[str, ...]
    messages: tuple[str, ...]
    mean: "Floats"
    covariance: "Floats"
    clicks: tuple[int, ...]

    def _row(self, whom: str) -> int:
        return self.whom.index(whom) if whom in self.whom else len(self.whom)

    def chosen(self, whom: str) -> tuple[str, ...]:
        """The message for channels of this targeting, or two in turn where they pull alike, the better one first.

        None where nothing is known, or where the best one would lose by repetition what it pulls more than any in turn.
        """
        if not self.messages:
            return ()
        row = self.mean[self._row(whom)]
        order = np.argsort(-row, kind="stable")
        times = np.exp(CARRY * row[order])
        if times[0] * self._repeated() <= times.mean():
            return ()
        return tuple(self.messages[i] for i in order[: 2 if times[1] > (1 - NEAR) * times[0] else 1])

    def _repeated(self) -> float:
        """What is left of a message shown all the time, beside any in turn, where one contact in M repeats the last one."""
        lost = AGAIN * OFTEN
        return (1 - lost) / (1 - lost / len(self.messages))

    def beside(self, whom: str, names: tuple[str, ...]) -> tuple[float, float, float]:
        """Clicks on these messages, half of the days each, for one on any in turn, with as many contacts.

        Mean, and the ends that hold 80 % of draws, in the campaign ahead (CARRY).
        What repetition loses is taken off by its prior, whose error is not in the interval.
        """
        row, many = self._row(whom), len(self.messages)
        part = slice(row * many, (row + 1) * many)
        dice = np.random.default_rng(SEED)
        now = dice.multivariate_normal(self.mean[row], self.covariance[part, part], DRAWS)
        drawn = np.exp(CARRY * now + LATER * dice.standard_normal(now.shape))
        ratio = drawn[:, [self.messages.index(n) for n in names]].mean(axis=1) / drawn.mean(axis=1) * self._repeated()
        low, high = np.quantile(ratio, TAIL)
        return float(ratio.mean()), float(low), float(high)

    def met(self, whom: str) -> int:
        """Clicks of channels of this targeting; of all where it is not known."""
        return self.clicks[self._row(whom)]


NOTHING = Pull((), (), np.zeros((1, 0)), np.zeros((0, 0)), (0,))


def pull(met: pd.DataFrame) -> Pull:
    """The fit on channel, whom, message, contacts, clicks; rows without a message, and channels without clicks, tell nothing.

    Of fewer than two messages nothing can be chosen: no messages then.
    """
    met = met[(met.message.fillna("") != "") & (met.contacts > 0)]
    met = met[met.groupby("channel").clicks.transform("sum") > 0] if len(met) else met
    messages, whom = tuple(sorted(met.message.unique())), tuple(sorted(met.whom.unique()))
    if len(messages) < 2:
        return NOTHING
    channel = pd.factorize(met.channel)[0]
    m, t = met.message.map(messages.index).to_numpy(), met.whom.map(whom.index).to_numpy()
    n, y = met.contacts.to_numpy(float), met.clicks.to_numpy(float)
    channels, many = channel.max() + 1, len(messages)
    cells = len(whom) * many
    x = np.zeros((len(met), channels + many + cells))
    row = np.arange(len(met))
    x[row, channel] = x[row, channels + m] = x[row, channels + many + t * many + m] = 1
    hold = np.diag(np.r_[np.full(channels, CHANNEL), np.full(many, MESSAGE), np.full(cells, WHOM)] ** -2.0)
    coef = np.zeros(x.shape[1])
    coef[:channels] = np.log((np.bincount(channel, y) + 0.5) / (np.bincount(channel, n) + 1))
    start = np.r_[coef[:channels], np.zeros(many + cells)]
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef, -30, 3))
        curve = (x.T * mu) @ x + hold
        step = np.linalg.solve(curve, x.T @ (y - mu) - hold @ (coef - start))
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    at = np.arange(cells + many)  # the last `many`: a targeting of which only the prior is known
    take = np.zeros((cells + many, len(coef)))
    take[at, channels + at % many] = 1
    take[at[:cells], channels + many + at[:cells]] = 1
    covariance = take @ np.linalg.inv(curve) @ take.T
    covariance[at[cells:], at[cells:]] += WHOM**2
    clicks = np.bincount(t, y, len(whom)).astype(int)
    return Pull(
        whom, messages, (take @ coef).reshape(-1, many), covariance, (*(int(c) for c in clicks), int(clicks.sum()))
    )
