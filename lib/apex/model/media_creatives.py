"""Which message a channel should carry: the one whose creative, at its age, is clicked most by the people whom the channel meets.

What lets people click lets them be moved (as in `model.step_response`, an assumption). Money is far too rare to tell messages from
each other; clicks suffice where channels are read together: clicks ~ Poisson(contacts · exp(α_channel + μ_message + ν_targeting,message
+ κ_creative + (1 + γ) w(age))), w(a) = −WEAR log(1 + a / FRESH) of how a creative wears by days since it was first shown. μ, ν, κ, γ are
held to nought by normal priors, so that what few have met stands where all do; older weeks count less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Priors, sd of the logarithm (conventions): a message, by whom a channel meets, one creative of it, how it wears; channels are free.
MESSAGE, WHOM, CREATIVE, WORN, CHANNEL = 0.3, 0.2, 0.4, 0.5, 3.0
WEAR, FRESH = 0.3, 14.0  # prior of wear; days (convention: after eight weeks a creative pulls 0.6 of what it did on its first day)
HALF_LIFE = 60.0  # days in which what clicks say of messages halves in weight
AGAIN = 0.2  # prior: what the same message once more loses beside another one
OFTEN = 0.5  # prior: contacts that follow another one closely
ROUNDS = 12
# The last part of a phase's days shows any message, so that creatives nobody has seen are seen: without it the next choice knows
# the chosen ones alone (six campaigns in two simulated markets: 6 % more with it, 5 % less with twice as much).
EXPLORED, SHORTEST = 0.15, 7  # share of the days; days of a phase from which on it is worth it


def wear(age: "Floats | float") -> "Floats":
    """Logarithm of what a creative of this age (days) pulls beside its first day, by the prior."""
    return np.asarray(-WEAR * np.log1p(np.maximum(age, 0) / FRESH), float)


@dataclass(frozen=True)
class Pull:
    """log pull of each message's newest creative, beside the mean of all messages, by targeting: (T, M) mean; covariance, flat.

    clicks: how many it rests on, older ones discounted.
    """

    whom: tuple[str, ...]
    messages: tuple[str, ...]
    mean: "Floats"
    covariance: "Floats"
    clicks: float

    def row(self, whom: str) -> "Floats":
        """(M,) of channels of this targeting; of all where it is not known."""
        return np.asarray(self.mean[self.whom.index(whom)] if whom in self.whom else self.mean.mean(axis=0), float)

    def chosen(self, whom: str) -> tuple[str, ...]:
        """The message for channels of this targeting, or two in turn where that is better; none where nothing is known."""
        if not self.messages:
            return ()
        row = self.row(whom)
        order = np.argsort(-row, kind="stable")
        pull = np.exp(row[order])
        if len(pull) > 1 and pull[:2].mean() * (1 - AGAIN * OFTEN / 2) > pull[0] * (1 - AGAIN * OFTEN):
            return self.messages[order[0]], self.messages[order[1]]
        return (self.messages[order[0]],)


def turns(days: int, names: Sequence[str]) -> list[tuple[str | None, int, int]]:
    """How messages take turns in so many days: (message, first, last day from 0), None for any; nothing is bought twice a day."""
    if not names:
        return [(None, 0, days - 1)]
    open_ = round(days * EXPLORED) if days >= SHORTEST else 0
    own = days - open_
    said = names[:own]
    edges = [round(own * n / len(said)) for n in range(len(said) + 1)]
    out: list[tuple[str | None, int, int]] = [(m, a, b - 1) for m, a, b in zip(said, edges, edges[1:], strict=False)]
    return [*out, (None, own, days - 1)] if open_ else out


NOTHING = Pull((), (), np.zeros((0, 0)), np.zeros((0, 0)), 0.0)


def pull(met: pd.DataFrame, ahead: float) -> Pull:
    """How messages will pull `ahead` days from now, the newest creative of each.

    met: channel, whom (targeting), message, creative, age (days since it was first shown), back (days ago), contacts, clicks.
    Rows without a message, and channels without clicks, tell nothing; with fewer than two messages nothing is told.
    """
    met = met[(met.message.fillna("") != "") & (met.contacts > 0)]
    weight = 0.5 ** (met.back.to_numpy(float) / HALF_LIFE)
    met = met.assign(n=met.contacts * weight, y=met.clicks * weight)
    met = met[met.groupby("channel").y.transform("sum") > 0] if len(met) else met
    messages, whom = tuple(sorted(met.message.unique())), tuple(sorted(met.whom.unique()))
    if len(messages) < 2:
        return NOTHING
    newest = met.sort_values(["back", "age"], ascending=False, kind="stable").groupby("message").last()
    channel, creative = pd.factorize(met.channel)[0], pd.factorize(met.creative, sort=True)
    m, t = met.message.map(messages.index).to_numpy(), met.whom.map(whom.index).to_numpy()
    sizes = [int(channel.max()) + 1, len(messages), len(whom) * len(messages), len(creative[1]), 1]
    at = np.cumsum([0, *sizes])
    x, row = np.zeros((len(met), at[-1])), np.arange(len(met))
    for family, column in enumerate((channel, m, t * len(messages) + m, creative[0])):
        x[row, at[family] + column] = 1
    worn = wear(met.age.to_numpy(float))
    x[:, -1] = worn
    hold = np.diag(np.repeat([CHANNEL, MESSAGE, WHOM, CREATIVE, WORN], sizes) ** -2.0)
    coef, curve = _fitted(x, worn, met.n.to_numpy(float), met.y.to_numpy(float), hold, channel, sizes[0])
    cells = np.arange(sizes[2])
    take = np.zeros((sizes[2], at[-1]))
    take[cells, at[1] + cells % len(messages)] = take[cells, at[2] + cells] = 1
    known = newest.reindex(list(messages))
    number = {name: n for n, name in enumerate(creative[1])}
    take[cells, at[3] + known.creative.map(number).to_numpy(int)[cells % len(messages)]] = 1
    aged = wear(known.age.to_numpy(float) + known.back.to_numpy(float) + ahead)[cells % len(messages)]
    take[:, -1] = aged
    mean = (take @ coef + aged).reshape(len(whom), -1)
    beside = np.kron(np.eye(len(whom)), np.eye(len(messages)) - 1 / len(messages)) @ take
    return Pull(
        whom, messages, mean - mean.mean(axis=1, keepdims=True), beside @ np.linalg.inv(curve) @ beside.T, float(met.y.sum())
    )


def _fitted(
    x: "Floats", offset: "Floats", n: "Floats", y: "Floats", hold: "Floats", channel: "NDArray[np.int64]", channels: int
) -> "tuple[Floats, Floats]":
    """Posterior mode of the coefficients and the curvature there (Newton, steps of at most one)."""
    start = np.zeros(x.shape[1])
    whole = np.bincount(channel, n * np.exp(offset), channels)
    start[:channels] = np.log((np.bincount(channel, y, channels) + 0.5) / (whole + 1))
    coef = start.copy()
    curve = hold
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef + offset, -30, 3))
        curve = (x.T * mu) @ x + hold
        step = np.linalg.solve(curve, x.T @ (y - mu) - hold @ (coef - start))
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    return coef, curve
