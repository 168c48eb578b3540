"""What a policy would have earned that nobody played, from the log of another one: doubly robust, with an interval.

Episodes of up to T decisions in a tabular Markov decision process. ψ = v₀(x₀) + Σ_t w_t(x_t, a_t) (r_t + v_{t+1}(x_{t+1}) −
q_t(x_t, a_t)), w_t the ratio of how often the policy and the log come to a state and action at t (Kallus & Uehara, "Double
reinforcement learning", JMLR 2020; Xie, Ma & Wang, NeurIPS 2019). It is right where either the values q or the ratios w are.
Both are learned on other consumers than those they judge (FOLDS). The naive replay takes the logged decisions with which the
policy agrees as they come; it is shown because it misleads: who was shown that step was chosen by what he was like.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FOLDS = 5
PULL = 1.0  # decisions' worth of a margin by which a small cell is held back
RAREST = 1e-3  # no step of the log is taken for rarer than this: a weight is at most its inverse
Z80 = 1.2815515594600038


@dataclass(frozen=True)
class Log:
    """Decisions, N of them, by episode and time.

    episode: 0 … E − 1, ascending; time: 0 … T − 1; state: 0 … X − 1; action: 0 … A − 1; reward; unit: (E,) the consumer of each
    episode: errors are of consumers.
    """

    episode: "Ints"
    time: "Ints"
    state: "Ints"
    action: "Ints"
    reward: "Floats"
    unit: "Ints"


class Value(NamedTuple):
    """GMV an episode: estimate, error, 80 % interval, decisions behind it, and how many the weights are worth (effective)."""

    mean: float
    se: float
    low: float
    high: float
    n: int
    effective: float


def _value(psi: "Floats", unit: "Ints", n: int, effective: float) -> Value:
    """Mean over episodes with the error of consumers (sums of a consumer's episodes vary together)."""
    mean = float(psi.mean())
    _, number = np.unique(unit, return_inverse=True)
    left = np.bincount(number, psi - mean)
    u = len(left)
    se = float(np.sqrt(u / max(u - 1, 1) * (left**2).sum()) / len(psi))
    return Value(mean, se, mean - Z80 * se, mean + Z80 * se, n, effective)


def logged(log: Log) -> Value:
    """What the log itself earned an episode."""
    psi = np.bincount(log.episode, log.reward, len(log.unit)).astype(float)
    return _value(psi, log.unit, len(log.state), float(len(log.state)))


def replayed(log: Log, policy: "Floats") -> Value:
    """The naive estimate: rewards of decisions with which the policy agrees, times the decisions of an episode."""
    agree = policy[log.state, log.action]
    whole = float(agree.sum())
    if whole <= 0:
        return Value(np.nan, np.nan, np.nan, np.nan, 0, 0.0)
    length = len(log.state) / len(log.unit)
    mean = float(agree @ log.reward) / whole
    _, number = np.unique(log.unit, return_inverse=True)
    left = np.bincount(number[log.episode], agree * (log.reward - mean))
    se = float(np.sqrt((left**2).sum()) / whole) * length
    return Value(mean * length, se, mean * length - Z80 * se, mean * length + Z80 * se, int((agree > 0).sum()), whole)


def value(log: Log, policy: "Floats", horizon: int) -> Value:
    """The doubly robust value an episode. policy: (X, A) chances; what is left to 1 is stopping, worth nothing from then on."""
    fold = np.unique(log.unit, return_inverse=True)[1] % FOLDS
    psi, effective = np.zeros(len(log.unit)), 0.0
    follow = _next(log)
    for part in range(FOLDS):
        mine = fold[log.episode] == part
        if not mine.any() or mine.all():
            continue
        q, v, weight = _learned(log, follow, ~mine, policy, horizon)
        t, x, a = log.time[mine], log.state[mine], log.action[mine]
        w = weight[t, x, a]
        ahead = follow[mine]
        later = np.where(ahead >= 0, v[np.minimum(t + 1, horizon), np.maximum(ahead, 0)], 0.0)
        psi += np.bincount(log.episode[mine], w * (log.reward[mine] + later - q[t, x, a]), len(psi))
        first = mine & (log.time == 0)
        psi += np.bincount(log.episode[first], v[0, log.state[first]], len(psi))
        effective += w.sum() ** 2 / max((w**2).sum(), 1e-12)
    return _value(psi, log.unit, len(log.state), float(effective))


def _next(log: Log) -> "Ints":
    """The state of the episode's next decision, −1 after the last."""
    same = log.episode[1:] == log.episode[:-1]
    return np.append(np.where(same, log.state[1:], -1), -1)


def _learned(
    log: Log, follow: "Ints", on: "NDArray[np.bool_]", policy: "Floats", horizon: int
) -> tuple["Floats", "Floats", "Floats"]:
    """q (T, X, A), v (T + 1, X) and weights (T, X, A) from the decisions `on`; cells held back to their margins."""
    x_count, a_count = policy.shape
    t, x, a, r, ahead = log.time[on], log.state[on], log.action[on], log.reward[on], follow[on]
    cell = x * a_count + a
    n = np.bincount(cell, minlength=x_count * a_count).reshape(x_count, a_count).astype(float)
    sums = np.bincount(cell, r, x_count * a_count).reshape(n.shape)
    by_state = (sums.sum(1) + PULL * r.mean()) / (n.sum(1) + PULL)
    usual = np.bincount(a, r - by_state[x], a_count) / (
        n.sum(0) + PULL
    )  # what an action does beside its state's average
    reward = (sums + PULL * (by_state[:, None] + usual)) / (n + PULL)
    # where a decision leads: its own counts, held back to those of all actions in the state; the last decision of the horizon
    # says nothing of it, and what ends an episode leads nowhere
    whole = np.zeros((x_count, a_count, x_count + 1))
    told = t < horizon - 1
    np.add.at(whole, (x[told], a[told], np.where(ahead >= 0, ahead, x_count)[told]), 1.0)
    margin = whole.sum(1) + np.append(np.zeros(x_count), 1e-9)
    margin = margin / margin.sum(1, keepdims=True)
    leads = (whole + PULL * margin[:, None]) / (whole.sum(2) + PULL)[..., None]
    leads = leads[..., :x_count]
    v = np.zeros((horizon + 1, x_count))
    q = np.zeros((horizon, x_count, a_count))
    for step in range(horizon - 1, -1, -1):
        q[step] = reward + leads @ v[step + 1]
        v[step] = (policy * q[step]).sum(1)
    shares = (n.sum(0) + 1e-9) / (n.sum() + 1e-9 * a_count)
    taken = np.maximum((n + PULL * shares) / (n.sum(1, keepdims=True) + PULL), RAREST)
    arrives = np.bincount(t * x_count + x, minlength=horizon * x_count).reshape(horizon, x_count).astype(float)
    starts = max(arrives[0].sum(), 1.0)
    here, weight = arrives[0] / starts, np.zeros((horizon, x_count, a_count))
    for step in range(horizon):
        log_here = (arrives[step] + 1e-3) / starts
        weight[step] = (here / log_here)[:, None] * policy / taken
        here = np.einsum("x,xa,xay->y", here, policy, leads)
    return q, v, np.minimum(weight, 1 / RAREST)
