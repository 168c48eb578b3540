"""What to show next, where, and when to stop: a tabular Markov decision process over stage, recency, touches and last message.

A day: with chance `met` the consumer can be met. A step then brings its incremental GMV, costs its price, and changes the state:
one touch more, no day since, its message the last one, perhaps a deeper stage. Without a step the stage moves as it does
untouched. Money has a price λ (a Lagrangian of the budget: dynamic knapsack over consumers, Hao et al., MSBCB 2020): the step
with the largest value less λ times cost is taken, future steps counted; where none is above 0 one stops. λ is set so
that the expected cost of everybody is the budget. The future is as long as the plan on average (discount 1 − 1 / days).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

AGE = np.array(
    [1.0, 1 / 2, 1 / 4, 0.0]
)  # chance a day of the next band of days since the last step (1, 2–3, 4–7, more)
ROUNDS, ENOUGH = 400, 1e-4  # of value iteration; change that is small enough, as a share of what the best step brings
STOP = -1
CONVERGED, NEAR = 30, 0.02  # halvings of the interval in which λ is sought; share of the budget that is near enough
NONE = 1e-5  # share of the highest λ below which it is taken for none


@dataclass(frozen=True)
class Steps:
    """What a policy is made from: S stages, R bands of recency, K touches, M messages (last one: none, then M), C channels.

    value: (S, C) incremental GMV of an average step; response: (S, R, K, M + 1, M) its multiple by state and message; cost: (C,);
    able: (S, C) whether such a step may be taken; still: (S, S) stages after a day without a step; moved: (S, C, S) with one;
    met: chance a day of being met; days: of the plan.
    """

    value: "Floats"
    response: "Floats"
    cost: "Floats"
    able: "NDArray[np.bool_]"
    still: "Floats"
    moved: "Floats"
    met: float
    days: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(S, R, K, M + 1): of states."""
        return self.response.shape[:4]

    def rewards(self, times: float) -> "Floats":
        """(S, R, K, M + 1, C, M) GMV that each step brings a consumer who is worth `times` the average of his stage."""
        out = times * self.value[:, None, None, None, :, None] * self.response[..., None, :]
        return np.where(self.able[:, None, None, None, :, None], out, -np.inf)


@dataclass(frozen=True)
class Policy:
    """action: (S, R, K, M + 1) channel · M + message, STOP: none; worth: what the step taken, or the best one, brings, fen, and
    margin: the same with future steps, less λ · cost; future: (S, R, K, M + 1) value from here on, less λ · cost."""

    action: "Ints"
    worth: "Floats"
    margin: "Floats"
    future: "Floats"


def solve(of: Steps, times: float, price: float, start: "Floats | None" = None) -> Policy:
    """The best policy for consumers worth `times` their stage's average, at λ = price."""
    s, r, k, lasts = of.shape
    brings = of.rewards(times)
    gain = brings - price * of.cost[:, None]
    enough = ENOUGH * max(float(brings.max()), 0.0)
    if not (gain > 0).any():  # no step is worth its price by itself, so none is taken for what it leads to
        start = None
    gamma = 1 - 1 / max(of.days, 2)
    future = np.zeros(of.shape) if start is None else start.copy()
    for _ in range(ROUNDS):
        left, after = _next(of, future)
        margin = gain + gamma * (after[:, None, :, None] - left[..., None, None])
        best = margin.reshape(s, r, k, lasts, -1).max(axis=-1)
        new = gamma * left + of.met * np.maximum(best, 0)
        change = float(np.abs(new - future).max())
        future = new
        if change <= enough:
            break
    flat = margin.reshape(s, r, k, lasts, -1)
    action = flat.argmax(axis=-1)
    worth = np.take_along_axis(brings.reshape(flat.shape), action[..., None], -1)[..., 0]
    top = np.take_along_axis(flat, action[..., None], -1)[..., 0]
    stop = ~(top > 0)
    return Policy(np.where(stop, STOP, action), np.where(np.isfinite(worth), worth, 0.0), top, future)


def _next(of: Steps, future: "Floats") -> tuple["Floats", "Floats"]:
    """Expected future after a day without a step (S, R, K, M + 1), and after a step (S, K, C, M)."""
    aged = _aged(future)
    left = np.einsum("st,trkl->srkl", of.still, aged)
    k = future.shape[2]
    on = np.minimum(np.arange(k) + 1, k - 1)
    touched = future[:, 0][:, on, 1:]  # (S, K, M): no day since, one touch more, the message just shown
    return left, np.einsum("sct,tkm->skcm", of.moved, touched)


def _aged(future: "Floats") -> "Floats":
    """Values a day later, by band of recency."""
    later = np.concatenate([future[:, 1:], future[:, -1:]], axis=1)
    age = AGE[: future.shape[1]][None, :, None, None]
    return age * later + (1 - age) * future


def fixed(of: Steps, actions: Sequence[int]) -> "Ints":
    """The policy that shows everybody the same: the first action first, and so on; then nothing. Where it may not: nothing."""
    k = of.shape[2]
    row = np.array([*actions, *[STOP] * k])[:k]
    if len(actions) >= k and len(set(actions)) == 1:
        row[-1] = actions[-1]
    return np.broadcast_to(row[None, None, :, None], of.shape).copy()


@dataclass(frozen=True)
class Outlook:
    """What is expected of a policy over the plan's days, a consumer: cost, steps, how much of each value (S, C) is reaped."""

    cost: float
    steps: float
    weight: "Floats"

    def gmv(self, value: "Floats") -> "Floats":
        """GMV at values (…, S, C) of an average step."""
        return np.asarray((self.weight * value).sum(axis=(-2, -1)), float)


def outlook(of: Steps, action: "Ints", start: "Floats", times: float) -> Outlook:
    """Play a policy forward on the model for the plan's days. start: (S,) shares of consumers by stage, nobody touched yet."""
    s, r, k, lasts = of.shape
    m, c = lasts - 1, len(of.cost)
    at = np.zeros(of.shape)
    at[:, r - 1, 0, 0] = start
    acts = action >= 0
    index = np.maximum(action, 0)
    does = times * np.take_along_axis(of.response, (index % m)[..., None], -1)[..., 0]
    price = np.where(acts, of.cost[index // m], 0.0)
    on = np.minimum(np.arange(k) + 1, k - 1)
    where = np.nonzero(acts)
    stage, touch, shown = where[0], where[2], index[where]
    cost = steps = 0.0
    weight = np.zeros((s, c))
    for _ in range(of.days):
        taken = at * of.met * acts
        cost, steps = cost + float((taken * price).sum()), steps + float(taken.sum())
        some = taken[where]
        np.add.at(weight, (stage, shown // m), some * does[where])
        flow = np.bincount((stage * k + touch) * c * m + shown, some, s * k * c * m).reshape(s, k, c, m)
        moved = np.einsum("skcm,sct->tkm", flow, of.moved)
        at = np.einsum("srkl,st->trkl", _carried(at - taken), of.still)
        for old in range(k):
            at[:, 0, on[old], 1:] += moved[:, old]
    return Outlook(cost, steps, weight)


def _carried(at: "Floats") -> "Floats":
    """Where shares stand a day later, by band of recency: the adjoint of `_aged`."""
    age = AGE[: at.shape[1]][None, :, None, None]
    out = (1 - age) * at
    out[:, 1:] += (age * at)[:, :-1]
    out[:, -1:] += (age * at)[:, -1:]
    return out


@dataclass(frozen=True)
class Chosen:
    """Policies by group of consumers, the price λ of money (GMV a unit must bring), what is expected of each consumer."""

    policies: tuple[Policy, ...]
    price: float
    outlooks: tuple[Outlook, ...]


def choose(
    of: Steps, times: "Sequence[float] | Floats", start: "Floats", people: "Floats", budget: float | None
) -> Chosen:
    """The policies of G groups at the λ at which all together cost the budget; λ = 0 where it is not spent, or None is set.

    times: (G,); start: (G, S) shares by stage; people: (G,).
    """

    made: list[Policy] | None

    def at(price: float, warm: "list[Floats] | None") -> tuple[list[Policy], list[Outlook], float]:
        made = [solve(of, t, price, warm[g] if warm else None) for g, t in enumerate(times)]
        seen = [outlook(of, p.action, start[g], times[g]) for g, p in enumerate(made)]
        return made, seen, float(sum(n * o.cost for n, o in zip(people, seen, strict=True)))

    if budget is None:
        made, seen, _ = at(0.0, None)
        return Chosen(tuple(made), 0.0, tuple(seen))
    top = float(np.nanmax(np.where(of.cost > 0, of.value / np.maximum(of.cost, 1e-9), 0))) * max(times) * 4
    low, high, made = 0.0, max(top, NONE), None
    found = None
    for _ in range(CONVERGED):
        # without a price all steps are taken and all futures are long: solved only where next to none lets money be left
        price = 0.0 if high <= NONE * max(top, 1.0) else float(np.sqrt(max(low, high * 1e-4) * high))
        made, seen, cost = at(price, [p.future for p in made] if made else None)
        if cost > budget:
            low = price
        else:  # whole stages of a tier come in at once: the budget may not be spent to the last unit, and never beyond
            high, found = price, Chosen(tuple(made), price, tuple(seen))
        if price == 0.0 or (1 - NEAR) * budget < cost <= budget or (high < (1 + NEAR) * low and found is not None):
            break
    if found is None:
        made, seen, _ = at(high, None)
        found = Chosen(tuple(made), high, tuple(seen))
    return found
