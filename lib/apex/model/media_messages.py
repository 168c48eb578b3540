"""Which message a channel should carry in the campaign ahead: the one that is clicked most by the people whom the channel meets.

What lets people click lets them be moved (as in `model.step_response`, an assumption). Money is far too rare to tell six messages
from each other, clicks just suffice where channels are read together: clicks ~ Poisson(contacts · wear(age) · exp(α_channel +
γ_weeks + μ_message + ν_targeting,message + κ_creative)), all but α held to nought by normal priors. Creatives wear out and are
replaced, so that of κ only the part of the days counts in which today's creative is still likely to be shown; that is why both
its own clicks tell and a year's clicks on its message. Errors are those of the curvature at the fit (Laplace).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Priors, sd of the logarithm (convention): of a message, by whom a channel meets, of a creative of it, four weeks, a channel.
MESSAGE, WHOM, CREATIVE, WEEKS, CHANNEL = 0.2, 0.15, 0.35, 0.5, 3.0
# Priors of days: a creative's pull halves every month down to this part of it, and a new one takes its place after so many days.
HALF, WORN, LIFE = 30.0, 0.45, 105.0
PERIOD = 28  # days that share a level, as seasons and who is met change
SEEN = 7  # days: a creative that was not shown in the last ones is not shown any more
AHEAD = 60  # days of a campaign
AGAIN = 0.2  # prior: what the same message once more loses beside another one
OFTEN = 0.5  # contacts that follow another one closely: 0.55 of the default market's come within 12 days, 0.49 in a campaign
# A second message this close to the first takes the second half of the days. That costs at most half of it in clicks, keeps some
# of what is shown safe from a creative that is replaced, and next time's clicks know two messages. Repetition stays the same.
NEAR = 0.03
# The last part of a phase's days shows any message: creatives that nobody has seen are seen, and the next choice knows more than
# the chosen ones (six campaigns in simulated markets 900 and 903 earned 2 % more with it, 10 % less with twice as much).
OPEN, SHORTEST = 0.15, 7  # share of the days; days of a phase from which on it is worth it
ROUNDS = 12
DRAWS, SEED = 2000, 2024  # behind intervals
TAIL = (0.1, 0.9)


@dataclass(frozen=True)
class Pull:
    """log pull of a message beside the usual one in the campaign ahead, by targeting.

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
        times = np.exp(row[order])
        if times[0] * self.repeated() <= times.mean():
            return ()
        return tuple(self.messages[i] for i in order[: 2 if times[1] > (1 - NEAR) * times[0] else 1])

    def repeated(self) -> float:
        """What is left of a message shown all the time, beside any in turn, where one contact in M repeats the last one."""
        lost = AGAIN * OFTEN
        return (1 - lost) / (1 - lost / len(self.messages))

    def beside(self, whom: str, names: tuple[str, ...]) -> tuple[float, float, float]:
        """Clicks on these messages, half of the days each, for one on any in turn, with as many contacts.

        Mean, and the ends that hold 80 % of draws. What repetition loses is taken off by its prior, whose error is not in them.
        """
        row, many = self._row(whom), len(self.messages)
        part = slice(row * many, (row + 1) * many)
        dice = np.random.default_rng(SEED)
        drawn = np.exp(dice.multivariate_normal(self.mean[row], self.covariance[part, part], DRAWS))
        ratio = drawn[:, [self.messages.index(n) for n in names]].mean(axis=1) / drawn.mean(axis=1) * self.repeated()
        low, high = np.quantile(ratio, TAIL)
        return float(ratio.mean()), float(low), float(high)

    def met(self, whom: str) -> int:
        """Clicks of channels of this targeting; of all where it is not known."""
        return self.clicks[self._row(whom)]


def turns(days: int, names: Sequence[str]) -> list[tuple[str | None, int, int]]:
    """How messages take turns in so many days: (message, first, last day from 0), None for any. Nothing is bought twice a day.

    The first takes the longer part; the last OPEN of the days is left to any.
    """
    if not names:
        return [(None, 0, days - 1)]
    own = days - (round(days * OPEN) if days >= SHORTEST else 0)
    said = names[:own]
    edges = [-(-own * n // len(said)) for n in range(len(said) + 1)]
    out: list[tuple[str | None, int, int]] = [(m, a, b - 1) for m, a, b in zip(said, edges, edges[1:], strict=False)]
    return [*out, (None, own, days - 1)] if own < days else out


NOTHING = Pull((), (), np.zeros((1, 0)), np.zeros((0, 0)), (0,))


def pull(met: pd.DataFrame, ahead: int = AHEAD) -> Pull:
    """The fit on channel, whom, message, contacts, clicks, and where they are known creative, old, back, seen.

    old: the creative's age on the eve; back: how long before it the row's contacts were on average; seen: since it was last
    shown (days). Without them a message is one creative of usual wear. Rows without a message, and channels without clicks, tell
    nothing; of fewer than two messages nothing can be chosen: no messages then. ahead: days of the campaign.
    """
    met = met[(met.message.fillna("") != "") & (met.contacts > 0)]
    met = met[met.groupby("channel").clicks.transform("sum") > 0] if len(met) else met
    messages, whom = tuple(sorted(met.message.unique())), tuple(sorted(met.whom.unique()))
    if len(messages) < 2:
        return NOTHING
    aged = "creative" in met
    met = met if aged else met.assign(creative=met.message, back=0.0, seen=0.0)
    age = (met.old - met.back).to_numpy(float) if aged else np.zeros(len(met))
    n, y = met.contacts.to_numpy(float) * (_wear(age) if aged else 1.0), met.clicks.to_numpy(float)
    channel, channels = pd.factorize(met.channel)
    week, weeks = pd.factorize(met.back.to_numpy(float) // PERIOD)
    made, creatives = pd.factorize(met.creative, sort=True)
    m, t = met.message.map(messages.index).to_numpy(), met.whom.map(whom.index).to_numpy()
    many, cells = len(messages), len(whom) * len(messages)
    sizes = (len(channels), len(weeks), many, cells, len(creatives))
    begin = np.cumsum((0, *sizes))
    x, row = np.zeros((len(met), begin[-1])), np.arange(len(met))
    for start, code in zip(begin, (channel, week, m, t * many + m, made), strict=False):
        x[row, start + code] = 1
    hold = np.repeat(np.array([CHANNEL, WEEKS, MESSAGE, WHOM, CREATIVE]) ** -2.0, sizes)
    level = np.zeros(begin[-1])
    level[: sizes[0]] = np.log((np.bincount(channel, y) + 0.5) / (np.bincount(channel, n) + 1))
    coef = level
    for _ in range(ROUNDS):
        mu = n * np.exp(np.clip(x @ coef, -30, 3))
        curve = (x.T * mu) @ x + np.diag(hold)
        step = np.linalg.solve(curve, x.T @ (y - mu) - hold * (coef - level))
        coef = coef + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
    # what is ahead: one row a targeting and message; the last `many`: a targeting of which only the prior is known
    at = np.arange(cells + many)
    take = np.zeros((cells + many, begin[-1]))
    take[at, begin[2] + at % many] = 1
    take[at[:cells], begin[3] + at[:cells]] = 1
    stays, wear, chance = np.zeros((3, many))
    for number in range(many):
        seen = np.where(m == number, met.seen.to_numpy(float), np.inf)
        now = (seen == seen.min()) & (seen < SEEN)  # several where they run side by side
        old = float(np.average(met.old[now], weights=met.contacts[now])) if aged and now.any() else None
        stays[number], wear[number], chance[number] = _ahead(old if now.any() else np.inf, ahead)
        part = np.bincount(made[now], met.contacts[now], sizes[4])
        take[number::many, begin[4] :] = stays[number] * part / max(part.sum(), 1.0)
    covariance = take @ np.linalg.inv(curve) @ take.T
    covariance[at[cells:], at[cells:]] += WHOM**2
    covariance[at, at] += chance[at % many]
    clicks = [int(c) for c in np.bincount(t, y, len(whom))]
    mean = (take @ coef).reshape(-1, many) + wear
    return Pull(whom, messages, mean, covariance, (*clicks, sum(clicks)))


def _wear(age: "Floats") -> "Floats":
    """What is left of a creative's pull after so many days."""
    return WORN + (1 - WORN) * 0.5 ** (np.maximum(age, 0) / HALF)


def _ahead(old: float | None, days: int) -> tuple[float, float, float]:
    """Of a creative of this age: share of the days in which it is still shown; log of what it and the next one are worn to.

    Last the variance that comes of when and by what it is replaced: between a half and one and a half LIFE, later where it is
    older. old: None where ages are not known; infinite where a new one begins.
    """
    day = np.arange(days, dtype=float)
    if old is None:
        share = float(np.exp(-day / LIFE).mean())
        return share, 0.0, CREATIVE**2 * (1 - share)
    left = np.asarray(np.linspace(0.5, 1.5, 41) * LIFE - old, np.float64)
    left = left[left > 0] if (left > 0).any() else np.zeros(1)
    on = day < left[:, None]
    log = np.log(np.where(on, _wear(old + day), _wear(day - left[:, None])).mean(axis=1))
    share = on.mean(axis=1)
    return float(share.mean()), float(log.mean()), float(log.var() + CREATIVE**2 * (1 - share).mean())
