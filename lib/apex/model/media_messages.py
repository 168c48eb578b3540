"""Which message a channel should carry: the one whose creative, at its age, is clicked most by the people whom the channel meets.

What lets people click lets them be moved (as in `model.step_response`, an assumption). Money is far too rare to tell six messages
from each other, clicks just suffice where channels are read together: clicks ~ Poisson(contacts · exp(α_channel + μ_message +
ν_targeting,message + κ_creative + (1 + γ) w(age))), w(a) = −WEAR log(1 + a / FRESH) of how a creative wears by days since it was
first shown. μ, ν, κ and γ are held to nought by normal priors, so that what few have met stands where all do; older weeks count
less. Errors are those of the curvature at the fit (Laplace).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Priors, sd of the logarithm (conventions): a message, by whom a channel meets, one creative, how it wears; channels are free.
MESSAGE, WHOM, CREATIVE, WORN, CHANNEL = 0.3, 0.2, 0.4, 0.5, 3.0
# Prior of wear, and its days. Convention: after eight weeks a creative pulls 0.6 of what it did on its first day. Other shapes
# (exponential to a half, linear) chose as well in simulated markets.
WEAR, FRESH = 0.3, 14.0
HALF_LIFE = 60.0  # days in which what clicks say of messages halves in weight
AHEAD = 15.0  # days to the middle of what is planned: half a month of a phase
AGAIN = 0.2  # prior: what the same message once more loses beside another one
OFTEN = 0.5  # contacts that follow another one closely: 0.55 of the default market's come within 12 days, 0.49 in a campaign
# What of a difference in the logarithm is still there on average over a campaign of two months, and the sd of what comes new:
# creatives are replaced. Set on simulated markets, seeds 940–942: slope 0.64, 0.58, 0.48 two, four, seven weeks ahead.
CARRY, LATER = 0.6, 0.22
# A second message this close to the first takes the second half of the days. That costs at most half of it in clicks, keeps some
# of what is shown safe from a creative that is replaced, and next time's clicks know two messages. Repetition stays the same.
NEAR = 0.03
# The last part of a phase's days shows any message, so that creatives nobody has seen are seen: without it the next choice knows
# the chosen ones alone (six campaigns in two simulated markets: 6 % more with it, 5 % less with twice as much).
EXPLORED, SHORTEST = 0.15, 7  # share of the days; days of a phase from which on it is worth it
ROUNDS = 12
DRAWS, SEED = 2000, 2024  # behind intervals
TAIL = (0.1, 0.9)


@dataclass(frozen=True)
class Pull:
    """log pull of each message's newest creative in the days ahead, beside the mean of all messages, by targeting.

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


def wear(age: "Floats") -> "Floats":
    """Logarithm of what a creative of this age (days) pulls beside its first day, by the prior."""
    return np.asarray(-WEAR * np.log1p(np.maximum(age, 0) / FRESH), float)


def turns(days: int, names: Sequence[str]) -> list[tuple[str | None, int, int]]:
    """How messages take turns in so many days: (message, first, last day from 0), None for any; nothing is bought twice a day."""
    if not names:
        return [(None, 0, days - 1)]
    free = round(days * EXPLORED) if days >= SHORTEST else 0
    said = names[: days - free]
    edges = [-(-(days - free) * n // len(said)) for n in range(len(said) + 1)]  # the first takes the longer part
    out: list[tuple[str | None, int, int]] = [(m, a, b - 1) for m, a, b in zip(said, edges, edges[1:], strict=False)]
    return [*out, (None, days - free, days - 1)] if free else out


def pull(met: pd.DataFrame, ahead: float = AHEAD) -> Pull:
    """How messages will pull `ahead` days from now, the newest creative of each.

    met: channel, whom (targeting), message, creative, age (days since it was first shown), back (days ago), contacts, clicks.
    Rows without a message, and channels without clicks, tell nothing. Of fewer than two messages nothing can be chosen: no
    messages then.
    """
    met = met[(met.message.fillna("") != "") & (met.contacts > 0)]
    kept = 0.5 ** (met.back.to_numpy(float) / HALF_LIFE)
    met = met.assign(n=met.contacts * kept, y=met.clicks * kept)
    met = met[met.groupby("channel").y.transform("sum") > 0] if len(met) else met
    messages, whom = tuple(sorted(met.message.unique())), tuple(sorted(met.whom.unique()))
    if len(messages) < 2:
        return NOTHING
    many, cells = len(messages), len(whom) * len(messages)
    newest = (
        met.sort_values(["back", "age"], ascending=False, kind="stable")
        .groupby("message")
        .last()
        .reindex(list(messages))
    )
    channel, (creative, creatives) = pd.factorize(met.channel)[0], pd.factorize(met.creative, sort=True)
    m, t = met.message.map(messages.index).to_numpy(), met.whom.map(whom.index).to_numpy()
    sizes = [int(channel.max()) + 1, many, cells, len(creatives), 1]
    at = np.cumsum([0, *sizes])
    x, row = np.zeros((len(met), at[-1])), np.arange(len(met))
    for family, number in enumerate((channel, m, t * many + m, creative)):
        x[row, at[family] + number] = 1
    x[:, -1] = worn = wear(met.age.to_numpy(float))
    hold = np.diag(np.repeat([CHANNEL, MESSAGE, WHOM, CREATIVE, WORN], sizes) ** -2.0)
    coef, curve = _fitted(x, worn, met.n.to_numpy(float), met.y.to_numpy(float), hold, channel, sizes[0])
    cell = np.arange(cells + many)  # the last `many`: a targeting of which only the prior is known
    take = np.zeros((cells + many, at[-1]))
    take[cell, at[1] + cell % many] = 1
    take[cell[:cells], at[2] + cell[:cells]] = 1
    take[cell, at[3] + newest.creative.map({c: n for n, c in enumerate(creatives)}).to_numpy(int)[cell % many]] = 1
    take[:, -1] = aged = wear((newest.age + newest.back).to_numpy(float) + ahead)[cell % many]
    whole = (take @ coef + aged).reshape(-1, many)
    centred = np.kron(np.eye(len(whom) + 1), np.eye(many) - 1 / many) @ take
    covariance = centred @ np.linalg.inv(curve) @ centred.T
    covariance[cell[cells:], cell[cells:]] += WHOM**2
    clicks = np.bincount(t, met.clicks, len(whom)).astype(int)
    return Pull(
        whom,
        messages,
        whole - whole.mean(axis=1, keepdims=True),
        covariance,
        (*(int(c) for c in clicks), int(clicks.sum())),
    )


def _fitted(
    x: "Floats", offset: "Floats", n: "Floats", y: "Floats", hold: "Floats", channel: "NDArray[np.int64]", channels: int
) -> "tuple[Floats, Floats]":
    """Posterior mode of the coefficients and the curvature there (Newton, steps of at most one)."""
    start = np.zeros(x.shape[1])
    whole = np.bincount(channel, n * np.exp(offset), channels)
    start[:channels] = np.log((np.bincount(channel, y, channels) + 0.5) / (whole + 1))
    coef, curve = start.copy(), hold
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef + offset, -30, 3))
        curve = (x.T * mu) @ x + hold
        step = np.linalg.solve(curve, x.T @ (y - mu) - hold @ (coef - start))
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    return coef, curve
