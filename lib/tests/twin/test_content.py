"""What content brings, estimated from what is recorded of consumers whom nobody drew, against paired worlds.

The cause: the brand's contents, watched in the build-up of Double 11, 2024. The outcome: whether a watcher buys in the four weeks
after it. The market is as it is: half of the content channels show to anybody, the others (live, video feed) chase
likely buyers by an affinity that nobody records, by need and by intent. Also hidden: whether a consumer needs the category at
all and how much time goes to media; watchers differ in both. What stands for them is recorded: what was bought of the
brand and of others, when last, how often the category's media were met, membership, the crowd. All of it lies before the
build-up, for watchers and others alike, and the outcome lies after it, so that no purchase comes before its cause.

It is enough for an interval of this size, and not for one much smaller: a bias of about a quarter of the standard error is
left, half a point, as much as the effect itself; told the true chances there is none. That is why a verdict comes with a bound.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.model import effect
from apex.model.verdict import Standards
from twin.crowds import CROWDS
from twin.market import draw_market
from twin.people import People
from twin.play import advance, consumers, world
from twin.stages import AT, codes

SMALL, TIMES = 4000, 4  # consumers an analyst sees; the truth is that of so many times more
FUTURES = 60  # of the same eve, to count everybody's true chance to watch
EVE, LAST, END = date(2024, 9, 20), date(2024, 10, 20), date(2024, 11, 18)  # first day, last day to watch, last to buy
LEAST = Standards().least
WIDER = 1.25
RECENT = (30, 90, 365)


def rows(events, *behaviours, brand=0):
    """Events of these kinds, of one brand (None: of any)."""
    at = np.isin(events[:, AT["behaviour"]], codes(*behaviours))
    return events[at if brand is None else at & (events[:, AT["brand"]] == brand)]


def who(events, n):
    return np.bincount(events[:, 0], minlength=n) > 0


def known(m, past, crowd, day):
    """What is recorded of each consumer before `day`: the smallest set of covariates that was found to be enough."""
    n, out = len(crowd), {}
    for name, keep in (("own", lambda e: e[:, AT["brand"]] == 0), ("other", lambda e: e[:, AT["brand"]] > 0)):
        bought = rows(past, "buy", brand=None)
        bought = bought[keep(bought)]
        ago = day - bought[:, AT["minute"]] // 1440
        out[f"{name}: bought {RECENT[0]}"] = np.bincount(bought[ago <= RECENT[0], 0], minlength=n)
        for first, last in zip(RECENT, (*RECENT[1:], 10_000), strict=True):
            out[f"{name}: bought {last}"] = np.bincount(bought[(ago > first) & (ago <= last), 0], minlength=n)
        since = np.full(n, 3000)
        np.minimum.at(since, bought[:, 0], ago)
        out[f"{name}: days since"] = since
        met = rows(past, "expose", "watch", brand=None)
        met = met[keep(met) & (met[:, AT["channel"]] < len(m.channels)) & (day - met[:, AT["minute"]] // 1440 <= 365)]
        out[f"{name}: media met"] = np.bincount(met[:, 0], minlength=n)
    for name, on, off in (("member", "join", "leave"), ("follower", "follow", "unfollow")):
        out[name] = who(rows(past, on), n) & ~who(rows(past, off), n)
    return pd.DataFrame(out).assign(crowd=np.array(CROWDS)[crowd])


def one_market(seed, small=SMALL, times=TIMES, futures=FUTURES):
    """{estimator: estimate} and the truth, for whether watchers buy and for what they pay; None where hardly anybody watched."""
    m = draw_market(seed)
    n = small * times
    people, _ = consumers(m, np.arange(1, n + 1))
    first, last, end = (m.calendar.number(d) for d in (EVE, LAST, END))
    past, state = advance(m, people, world(m), 0, 0, first, keep=True)
    contents = tuple(int(i) for i in np.flatnonzero(m.contents["brand"] == 0))
    lived, without = (
        advance(m, people, world(m, only=0, contents=c), 0, first, end + 1, state)[0] for c in ((), contents)
    )
    watches = rows(lived, "watch")
    watched = who(watches[watches[:, AT["minute"]] // 1440 <= last], n)
    if watched[:small].sum() < LEAST:
        return None
    few = People(*(a[:small] for a in people))
    covariates = known(m, past[past[:, 0] < small], few.crowd, first)
    chance = np.zeros(small)
    for k in range(1, futures + 1):
        of = world(m, only=0, salt_day=first - 1, salt=k)
        chance += who(rows(advance(m, few, of, 0, first, last + 1, state[:small])[0], "watch"), small)
    chance = pd.Series(np.clip(chance / max(futures, 1), 0.5 / max(futures, 1), 1 - 0.5 / max(futures, 1)))
    treated, found = pd.Series(watched[:small]), {}
    for outcome, value in (
        ("buys", lambda e: who(e, n)),
        ("pays", lambda e: np.bincount(e[:, 0], e[:, AT["value"]], n)),
    ):
        with_, off = (
            value(e[e[:, AT["minute"]] // 1440 > last]).astype(float)
            for e in (rows(lived, "buy"), rows(without, "buy"))
        )
        y = pd.Series(with_[:small])
        found[outcome] = {
            "aipw": effect.aipw(y, treated, covariates),
            "traits": effect.aipw(y, treated, covariates[["crowd"]]),
            "naive": effect.naive(pd.DataFrame({0: y}), treated),
            "oracle": effect.aipw(y, treated, covariates, propensity=chance),
            "truth": (with_ - off)[watched].mean(),
        }
    return found


def summary(outcome, found):
    """Coverage, p of the exact binomial test of 95 %, bias and median width of each estimator."""
    told = [f[outcome] for f in found if f]
    out = {}
    for name in ("aipw", "traits", "naive", "oracle"):
        covers = [t[name].low <= t["truth"] <= t[name].high for t in told]
        out[name] = {
            "markets": len(told),
            "coverage": np.mean(covers),
            "p": binomtest(int(np.sum(covers)), len(told), 0.95).pvalue,
            "bias": np.mean([t[name].effect - t["truth"] for t in told]),
            "error": np.mean([t[name].se for t in told]),
            "width": np.median([t[name].high - t[name].low for t in told]),
        }
    return pd.DataFrame(out).T


def test_two_markets():
    for seed in (2, 4):  # in both the bare difference is off by more than its interval
        found = one_market(seed, small=2500, times=1, futures=0)["buys"]
        assert found["aipw"].low < found["truth"] < found["aipw"].high
        assert found["naive"].low > found["truth"]
        assert found["aipw"].effect < found["naive"].effect


@pytest.mark.slow
def test_two_hundred_markets():
    """Twenty minutes of processor time: a market is four years, twice, and its build-up 60 times more."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the kernel lets other threads run
        found = list(pool.map(one_market, range(200)))
    assert sum(f is not None for f in found) >= 180  # elsewhere fewer than 30 watched, and the verdict is "too few"
    for outcome in ("buys", "pays"):
        table = summary(outcome, found)
        assert table.p["aipw"] > 0.01, table
        assert table.width["aipw"] <= WIDER * table.width["oracle"], table
        assert (table.p[["naive", "traits"]] < 0.01).all(), table
