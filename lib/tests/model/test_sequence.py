"""The decision process: against a simulation of single consumers, against brute force, and its budget."""

import numpy as np
import pytest

from apex.model import sequence
from apex.model.sequence import STOP, Steps

S, R, K, M, C = 3, 4, 6, 2, 2


def steps(seed=1, days=20, met=0.3):
    dice = np.random.default_rng(seed)
    value = dice.gamma(2, 5, (S, C)) * np.array([0.5, 1, 5])[:, None]
    response = np.exp(dice.normal(0, 0.2, (S, R, K, M + 1, M))) / (1 + 0.2 * np.arange(K))[None, None, :, None, None]
    still = dice.dirichlet(np.ones(S), S) * 0.1 + 0.9 * np.eye(S)
    moved = dice.dirichlet(np.ones(S), (S, C)) * 0.3 + 0.7 * np.eye(S)[:, None]
    able = np.ones((S, C), bool)
    able[0, 1] = False
    return Steps(value, response, np.array([4.0, 9.0]), able, still, moved, met, days)


def lived(of, action, start, times, people=20_000, seed=3):
    """The same, consumer by consumer: GMV and cost per head."""
    dice = np.random.default_rng(seed)
    stage = dice.choice(S, people, p=start)
    recency, touches, last = np.full(people, R - 1), np.zeros(people, int), np.zeros(people, int)
    gmv = cost = 0.0
    for _ in range(of.days):
        does = action[stage, recency, touches, last]
        on = (does != STOP) & (dice.random(people) < of.met)
        c, m = np.divmod(np.maximum(does, 0), M)
        gmv += (times * of.value[stage, c] * of.response[stage, recency, touches, last, m])[on].sum()
        cost += of.cost[c][on].sum()
        chance = np.where(on[:, None], of.moved[stage, c], of.still[stage])
        after = np.minimum((dice.random(people)[:, None] > chance.cumsum(1)).sum(1), S - 1)
        older = dice.random(people) < sequence.AGE[recency]
        recency = np.where(on, 0, np.minimum(recency + older, R - 1))
        touches, last, stage = np.where(on, np.minimum(touches + 1, K - 1), touches), np.where(on, m + 1, last), after
    return gmv / people, cost / people


def test_outlook_is_what_consumers_live():
    of, start = steps(), np.array([0.5, 0.3, 0.2])
    action = sequence.solve(of, 1.5, 1.2).action
    seen, (gmv, cost) = sequence.outlook(of, action, start, 1.5), lived(of, action, start, 1.5)
    assert float(seen.gmv(of.value)) == pytest.approx(gmv, rel=0.03)
    assert seen.cost == pytest.approx(cost, rel=0.03)


def test_no_single_change_is_better():
    """The policy's value beats that of every policy which differs in what it does first in one stage."""
    of, price = steps(days=6), 1.5
    policy = sequence.solve(of, 1.0, price)
    for stage in range(S):
        start = np.eye(S)[stage]

        def net(action, start=start):
            long = sequence.Steps(**{**of.__dict__, "days": 4 * of.days})
            total, before, gamma = 0.0, 0.0, 1 - 1 / of.days
            for days in range(1, long.days):  # discounted, as the policy was made
                part = sequence.outlook(sequence.Steps(**{**of.__dict__, "days": days}), action, start, 1.0)
                now = float(part.gmv(of.value)) - price * part.cost
                total += gamma ** (days - 1) * (now - before)
                before = now
            return total

        best = net(policy.action)
        assert best == pytest.approx(policy.future[stage, R - 1, 0, 0], rel=0.08)
        for action in [STOP, *range(M if stage == 0 else C * M)]:
            other = policy.action.copy()
            other[stage, R - 1, 0, 0] = action
            assert net(other) <= best + 1e-6


def test_the_budget_is_a_price():
    of, start, people = steps(), np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([400.0, 100.0])
    free = sequence.choose(of, [0.6, 2.5], start, people, None)
    whole = sum(n * o.cost for n, o in zip(people, free.outlooks, strict=True))
    assert free.price == 0
    chosen = sequence.choose(of, [0.6, 2.5], start, people, whole / 4)
    cost = sum(n * o.cost for n, o in zip(people, chosen.outlooks, strict=True))
    assert chosen.price > 0 and 0.8 * whole / 4 < cost <= whole / 4
    taken = [(p.action != STOP).mean() for p in chosen.policies]
    assert taken[1] > taken[0]  # money goes where people are worth more
    assert (chosen.policies[1].margin[chosen.policies[1].action != STOP] > 0).all()
    assert (chosen.policies[0].margin[chosen.policies[0].action == STOP] <= 0).all()


def test_a_step_nobody_took_is_none():
    of = steps()
    assert not np.isin(sequence.solve(of, 5.0, 0.0).action[0], [M, M + 1]).any()


def test_fixed_is_the_same_for_all():
    of = steps()
    action = sequence.fixed(of, [1, 0])
    assert (action[:, :, 0] == 1).all() and (action[:, :, 1] == 0).all() and (action[:, :, 2:] == STOP).all()
