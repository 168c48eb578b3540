"""What `3_execute/sequence` keeps and shows: the sequence by state, the audiences, and what the log says of the policy."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from apex.measure.steps import SINCE, TOUCHES
from apex.model import sequence
from apex.model.moves import Z80
from apex.model.sequence import STOP, Chosen
from apex.report.upstream import sequence as learning
from apex.report.upstream.sequence import Learned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.report.run import Run

SHOWN = 3  # steps one after the other that the page shows of each state
# What a sequence brought when it was played beside what single contacts foretell, and its sd: whoever is met often is saturated,
# and not all of whom media chase is known (the default market, three budgets: 0.58, 0.69, 0.72).
PLAYED = (0.7, 0.2)
COMMON = 0.5  # correlation of the errors of two values: trials set the level of all (convention)
FIRST = len(SINCE) - 1  # band of days since the last step of whoever was never met
LATER = 2  # and at which later steps are shown: 4 to 7 days


@dataclass(frozen=True)
class Study:
    """The policy of a campaign. budget: None where nothing is known to cost anything; same: the best fixed sequence of the model
    at the same money: channel, messages, GMV; names of tiers are their numbers, the least worth first."""

    of: Learned
    chosen: Chosen
    budget: float | None
    pressure: float
    gmv: tuple[float, float, float]
    cost: float
    steps: float
    fixed: tuple[str, tuple[str, ...], float] | None
    logged: float | None


def study(run: "Run", share: float, pressure: float) -> Study | None:
    """See `Study`; None where the log holds no step. share: of the campaign's budget that the sequence may cost."""
    first, last = run.campaign.window
    days = (last - max(first, run.as_of + timedelta(days=1))).days + 1
    found = learning.learn(
        run.book, run.brand, run.as_of, run.campaign.compare, pressure * learning.MEETS, max(days, 2)
    )
    if found is None:
        return None
    budget = None
    if found.priced and run.campaign.budget_minor is not None:
        budget = share * float(run.campaign.budget_minor)
    return made(found, budget, pressure)


def made(of: Learned, budget: float | None, pressure: float) -> Study:
    """The policy for this money."""
    _, people = of.start
    steps, chosen = learning.choose(of, budget)
    of = replace(of, steps=steps)
    weight = sum(n * o.weight for n, o in zip(people, chosen.outlooks, strict=True))
    mean = float((weight * of.mean).sum())
    own, common = float(((weight * of.sd) ** 2).sum()), float((weight * of.sd).sum()) ** 2
    level, doubt = PLAYED
    spread = level**2 * ((1 - COMMON) * own + COMMON * common) + (doubt * mean) ** 2
    mean, reach = level * mean, Z80 * float(np.sqrt(spread))
    cost = float(sum(n * o.cost for n, o in zip(people, chosen.outlooks, strict=True)))
    number = float(sum(n * o.steps for n, o in zip(people, chosen.outlooks, strict=True)))
    spent = (of.n * of.steps.cost).sum()
    logged = float((of.n * of.mean * _usual_times(of)[:, None]).sum() / spent) if spent > 0 else None
    return Study(
        of, chosen, budget, pressure, (mean, mean - reach, mean + reach), cost, number, _fixed(of, cost), logged
    )


def _usual_times(of: Learned) -> "NDArray[np.float64]":
    """(S,) how much more than their stage's average those buy whom media met."""
    met = of.points[of.points.channel.notna()]
    return (
        met.groupby("cell")
        .tier.apply(lambda t: float(of.times[t].mean()))
        .reindex(list(of.cells))
        .fillna(1.0)
        .to_numpy()
    )


def _fixed(of: Learned, cost: float) -> tuple[str, tuple[str, ...], float] | None:
    """The best sequence that shows everybody the same, by the model, for the same money; None where nothing costs anything."""
    if cost <= 0:
        return None
    start, people = of.start
    weight = (people[:, None] * start).sum(axis=0)
    best: tuple[str, tuple[str, ...], float] | None = None
    m, most = len(of.messages), 0.0
    for c, channel in enumerate(of.channels):
        last, shown = 0, []
        for k in range(TOUCHES):
            worth = weight * of.mean[:, c]
            last = (
                int(np.einsum("s,sm->m", worth, of.steps.response[:, FIRST if k == 0 else LATER, k, last]).argmax()) + 1
            )
            shown.append(c * m + last - 1)
        action = sequence.fixed(of.steps, shown)
        seen = [sequence.outlook(of.steps, action, start[g], t) for g, t in enumerate(of.times)]
        spent = sum(n * o.cost for n, o in zip(people, seen, strict=True))
        gmv = sum(n * o.gmv(of.mean) for n, o in zip(people, seen, strict=True))
        careful = sum(n * o.gmv(of.steps.value) for n, o in zip(people, seen, strict=True))
        if spent > 0 and careful / spent > most:
            most = careful / spent
            best = (channel, tuple(of.messages[a % m] for a in shown), float(gmv / spent * cost))
    return best


LADDER = ["tier", "stage", "consumers", "n", "looked_at", "says", "value", "low", "high", "cost", "price",
          *(f"{what}_{k + 1}" for k in range(SHOWN) for what in ("channel", "message")), "stops"]  # fmt: skip
STATES = ["tier", "stage", "days_since", "touches", "last", "channel", "message", "value", "price"]


def ladder(study: Study | None) -> pd.DataFrame:
    """Who stands where on the eve, and what comes next. A row a tier and stage: tier, stage, consumers, steps (of the log at that
    stage in the channel), channel, message (null: nothing), value, low, high (80 %), cost, price (GMV that the cost must bring),
    then_channel and then_message of step 2 …, stops (steps after which nothing follows, if days pass; null: none does).

    Without a step the value is that of the best one. Empty without a study, as the next frames are.
    """
    if study is None:
        return pd.DataFrame(columns=LADDER)
    of, rows = study.of, []
    start, people = of.start
    m = len(of.messages)
    for g, policy in enumerate(study.chosen.policies):
        for s, cell in enumerate(of.cells):
            taken, last = [], 0
            for k in range(TOUCHES):
                action = int(policy.action[s, FIRST if k == 0 else LATER, k, last])
                if action == STOP:
                    break
                taken.append(action)
                last = action % m + 1
            best = taken[0] if taken else _best(study, g, s)
            value, low, high = _worth(of, g, s, best)
            named = {}
            for k in range(SHOWN):
                action = taken[k] if k < len(taken) else STOP
                named[f"channel_{k + 1}"] = of.channels[action // m] if action != STOP else None
                named[f"message_{k + 1}"] = of.messages[action % m] if action != STOP else None
            rows.append({
                "tier": g, "stage": cell, "consumers": round(people[g] * start[g, s]), "n": int(of.n[s, best // m]),
                "looked_at": of.channels[best // m], "says": of.messages[best % m], "value": value, "low": low, "high": high,
                "cost": float(of.steps.cost[best // m]), "price": study.chosen.price * float(of.steps.cost[best // m]), **named,
                "stops": len(taken) if len(taken) < TOUCHES else None,
            })  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["stage"] = pd.Categorical(frame.stage, list(of.cells), ordered=True)
    return frame.astype({"stops": "Int64", "consumers": "Int64"})


def _best(study: Study, g: int, s: int) -> int:
    """The step that brings most for its money where none is worth it."""
    of = study.of
    worth = of.times[g] * of.steps.value[s][:, None] * of.steps.response[s, FIRST, 0, 0]
    cost = of.steps.cost[:, None] if study.budget is not None else 1.0
    return int(np.where(of.steps.able[s][:, None], worth / cost, -np.inf).argmax())


def _worth(of: Learned, g: int, s: int, action: int) -> tuple[float, float, float]:
    c, m = divmod(action, len(of.messages))
    by = of.times[g] * of.steps.response[s, FIRST, 0, 0, m]
    value = by * of.mean[s, c]
    reach = Z80 * float(np.hypot(by * of.sd[s, c], value * of.spread[s, FIRST, 0, 0, m]))
    return float(value), float(value - reach), float(value + reach)


def states(study: Study | None) -> pd.DataFrame:
    """The whole policy: tier, stage, days_since (of the band), touches, last, channel, message (null: stop), value, price."""
    if study is None:
        return pd.DataFrame(columns=STATES)
    of, parts = study.of, []
    s, r, k, lasts = of.steps.shape
    m = lasts - 1
    index = np.indices((s, r, k, lasts)).reshape(4, -1)
    for g, policy in enumerate(study.chosen.policies):
        action = policy.action.ravel()
        does = action != STOP
        parts.append(pd.DataFrame({
            "tier": g, "stage": np.array(of.cells, object)[index[0]], "days_since": np.array([a for a, _ in SINCE])[index[1]],
            "touches": index[2], "last": np.array(["", *of.messages], object)[index[3]],
            "channel": _where(does, np.array(of.channels, object)[action // m]),
            "message": _where(does, np.array(of.messages, object)[action % m]),
            "value": policy.worth.ravel(), "price": study.chosen.price * of.steps.cost[np.maximum(action, 0) // m],
        })[(index[2] == 0) == (index[3] == 0)])  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _where(there: "NDArray[np.bool_]", names: "NDArray[np.object_]") -> "NDArray[np.object_]":
    out = names.copy()
    out[~there] = None
    return out


def grammar(study: Study | None, stages: dict[str, str] | None = None) -> str:
    """The sequences as YAML, in the grammar of plans (`sequences` of `act`); audiences are tiers, by name."""
    if study is None:
        return yaml.safe_dump({"sequences": []})
    of = study.of
    names = stages or {}
    made = learning.sequences(
        of, study.chosen, study.pressure, [names.get(c, "none" if c == "O" else c) for c in of.cells]
    )
    return yaml.safe_dump({"sequences": made}, allow_unicode=True, sort_keys=False)


def audiences(study: Study | None) -> pd.DataFrame:
    """How many people are in each tier that gets a step: crowd, addressed. Whose stage gets no step waits in it.

    Whose keys are written is for `sequence_keys`.
    """
    if study is None:
        return pd.DataFrame({"crowd": pd.Series(dtype=object), "addressed": pd.Series(dtype="int64")})
    tier = study.of.eve.tier
    some = [g for g, p in enumerate(study.chosen.policies) if (p.action != STOP).any()]
    return pd.DataFrame({"crowd": [f"tier-{g}" for g in some], "addressed": [int((tier == g).sum()) for g in some]})
