"""What a randomised hold-out tells, and what a comparison of the reached and the others does not.

Each market is drawn anew. A small one is what an analyst sees; the truth is paired worlds of the same draw with twenty times
the consumers.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import norm

from twin.market import draw_market
from twin.play import advance, consumers, world
from twin.stages import AT, codes

SMALL, TIMES = 1500, 20
Z = norm.ppf(0.975)


def buyers(events, n, first, last):
    day = events[:, AT["minute"]] // 1440
    at = (events[:, AT["behaviour"]] == codes("buy")[0]) & (day >= first) & (day <= last)
    return np.isin(np.arange(n), events[at, 0])


def difference(outcome, group):
    """Difference in means and its standard error, variances apart."""
    a, b = outcome[group].astype(float), outcome[~group].astype(float)
    return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def one_market(seed):
    """(hold-out: estimate, error, truth), (reached against others: estimate, error, truth) of one draw."""
    m = draw_market(seed, {"market/history_days": 60})
    n = SMALL * TIMES
    crowd, _ = consumers(m, np.arange(1, n + 1))
    campaign = next(i for i, c in enumerate(m.campaigns) if c.key == "b00-618-2023")
    c = m.campaigns[campaign]
    e = next(i for i, t in enumerate(m.trials) if t["key"] == "b00-social-2023")
    trial = m.trials[e]
    factual = world(m, only=0)

    _, eve = advance(m, crowd, factual, 0, 0, c.first, keep=True)
    lived, later = advance(m, crowd, factual, 0, c.first, trial["first"], eve, keep=True)
    without, _ = advance(m, crowd, world(m, only=0, campaigns=(campaign,)), 0, c.first, c.last + 1, eve)
    reached = np.isin(np.arange(n), lived[lived[:, AT["campaign"]] == campaign, 0])
    with_, without = (buyers(x, n, c.first, c.last) for x in (lived, without))
    naive = (*difference(with_[:SMALL], reached[:SMALL]), with_[reached].mean() - without[reached].mean())

    span = trial["first"], trial["last"]
    listed = crowd.arm[:, e] >= 0
    worlds = [factual, *(world(m, only=0, force={e: arm}) for arm in (1, 0))]
    seen, treated, control = (buyers(advance(m, crowd, w, 0, span[0], span[1] + 1, later)[0], n, *span) for w in worlds)
    few = listed[:SMALL]
    held_out = difference(seen[:SMALL][few], crowd.arm[:SMALL, e][few] == 1)
    return (*held_out, treated[listed].mean() - control[listed].mean()), naive


def covered(results):
    estimate, error, true = np.array(results).T
    return np.abs(estimate - true) <= Z * error


def check(seeds, low):
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the kernel lets other threads run
        results = list(pool.map(one_market, seeds))
    held_out, naive = covered([r[0] for r in results]), covered([r[1] for r in results])
    shares = f"hold-out covers {held_out.mean():.3f}, naive covers {naive.mean():.3f} of {len(results)}"
    assert held_out.mean() >= low, shares
    assert naive.mean() < 0.5, shares
    return held_out.mean(), naive.mean()


def test_a_few_markets():
    check(range(4), 0.5)


@pytest.mark.slow
def test_a_hundred_markets():
    share, _ = check(range(100), 0.89)  # 95 % less 2.8 standard errors
    assert share <= 1.0


@pytest.mark.slow
def test_a_thousand_markets():
    """95 ± 1.5 %: what a right interval must cover."""
    share, _ = check(range(1000), 0.935)
    assert share <= 0.965
