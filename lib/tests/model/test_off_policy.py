"""Off-policy values against worlds whose truth is computed exactly; the log chooses by what the policy sees."""

import numpy as np
import pytest
from scipy import stats

from apex.model import off_policy

STATES, ACTIONS, HORIZON = 6, 4, 5


def world(seed, episodes=3000):
    """A log, a policy that takes the best action (and stops in the worst state), and what that policy is truly worth.

    Good states are worth more whatever is done, and the log shows the last actions there: replay takes that for their effect.
    """
    dice = np.random.default_rng(seed)
    base = np.sort(dice.gamma(1, 1, STATES))
    effect = dice.gamma(2, 0.3, (STATES, ACTIONS)) * base[:, None]
    leads = dice.dirichlet(np.full(STATES, 0.5), (STATES, ACTIONS)) * 0.9
    chases = np.arange(ACTIONS) / ACTIONS * np.linspace(-2, 2, STATES)[:, None]
    taken = np.exp(dice.normal(0, 0.7, (STATES, ACTIONS)) + chases)
    taken = 0.85 * taken / taken.sum(1, keepdims=True) + 0.15 / ACTIONS
    policy = np.eye(ACTIONS)[effect.argmax(1)]
    policy[0] = 0
    start, mean, value = dice.dirichlet(np.ones(STATES)), base[:, None] + effect, np.zeros(STATES)
    for _ in range(HORIZON):
        value = (policy * (mean + leads @ value)).sum(1)
    rows, state = [], dice.choice(STATES, episodes, p=start)
    alive = np.arange(episodes)
    for t in range(HORIZON):
        action = np.minimum((dice.random(len(alive))[:, None] > taken[state].cumsum(1)).sum(1), ACTIONS - 1)
        reward = (dice.random(len(alive)) < 0.2) * dice.gamma(2, 2.5, len(alive)) * mean[state, action]
        rows.append(np.c_[alive, np.full(len(alive), t), state, action, reward])
        after = (dice.random(len(alive))[:, None] > leads[state, action].cumsum(1)).sum(1)
        alive, state = alive[after < STATES], after[after < STATES]
    whole = np.concatenate(rows)
    whole = whole[np.lexsort((whole[:, 1], whole[:, 0]))]
    whole_numbers = whole[:, :4].astype(int).T
    return off_policy.Log(*whole_numbers, whole[:, 4], unit=np.arange(episodes)), policy, float(start @ value)


def held(seeds):
    """Of so many worlds: how often the 80 % interval holds the truth, for the doubly robust and the naive estimate."""
    ours, naive = 0, 0
    for seed in seeds:
        log, policy, truth = world(seed)
        value, replay = off_policy.value(log, policy, HORIZON), off_policy.replayed(log, policy)
        ours += value.low <= truth <= value.high
        naive += replay.low <= truth <= replay.high
    return ours, naive


def test_a_few_worlds():
    ours, naive = held(range(1000, 1020))
    assert ours >= 11 and naive <= 8


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Slow: 200 worlds."""
    ours, naive = held(range(200))
    assert stats.binomtest(ours, 200, 0.8).pvalue > 0.01
    assert stats.binomtest(naive, 200, 0.8).pvalue < 0.01


def test_the_log_is_its_own_policy():
    log, _, _ = world(7)
    n = np.zeros((STATES, ACTIONS))
    np.add.at(n, (log.state, log.action), 1)
    same = off_policy.value(log, n / n.sum(1, keepdims=True), HORIZON)
    own = off_policy.logged(log)
    assert own.mean == pytest.approx(log.reward.sum() / len(log.unit))
    assert same.mean == pytest.approx(own.mean, abs=own.se / 3)
    assert same.effective > 0.9 * own.effective


def test_errors_are_of_consumers():
    log, policy, _ = world(8, 1000)
    twice = off_policy.Log(
        np.concatenate([log.episode, log.episode + 1000]),
        *(np.tile(x, 2) for x in (log.time, log.state, log.action, log.reward)),
        unit=np.tile(log.unit, 2),
    )  # fmt: skip
    assert off_policy.value(twice, policy, HORIZON).se == pytest.approx(
        off_policy.value(log, policy, HORIZON).se, rel=0.02
    )


def test_nothing_agrees():
    log, policy, _ = world(9, 200)
    kept = policy[log.state, log.action] == 0
    few = off_policy.Log(np.arange(kept.sum()), np.zeros(kept.sum(), int), log.state[kept], log.action[kept], log.reward[kept],
                         np.arange(kept.sum()))  # fmt: skip
    assert np.isnan(off_policy.replayed(few, policy).mean)
