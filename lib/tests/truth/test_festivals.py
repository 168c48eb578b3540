"""What is said of event days, held against worlds without them."""

import numpy as np
import pytest
from scipy.stats import binomtest

from apex.model import event_days
from truth import festivals

MARKETS = range(100, 150)  # fixed before any of them was looked at
SIZE = 8000


def naive(market, taken, event):
    """The known-wrong method: the mean of the event's days less that of all others, times its days, with a normal interval."""
    at = (taken.event == event).to_numpy()
    y = market.trade.orders.to_numpy(float)
    effect = (y[at].mean() - y[~at].mean()) * at.sum()
    reach = 1.96 * at.sum() * np.sqrt(y[at].var(ddof=1) / at.sum() + y[~at].var(ddof=1) / (~at).sum())
    return effect - reach, effect + reach


def held(market):
    """kind, block, whether the interval holds the truth, whether the wrong one does, by event."""
    taken = event_days.assign(market.trade.day, market.events)
    found = event_days.effects(market.trade, market.events, "orders").set_index(["event", "block"])
    for event, kind in zip(market.events.event, market.events.kind, strict=True):
        if event in market.without:
            for block in ("on", "net"):
                true, row = festivals.truth(market, taken, event, block), found.loc[(event, block)]
                low, high = naive(market, taken, event)
                yield kind, block, row.low <= true <= row.high, low <= true <= high, row.high - row.low, true


@pytest.fixture(scope="module")
def small():
    return festivals.live(3, 1500)


def test_a_world_without_a_festival_is_the_same_until_it_begins(small):
    for event in small.without:
        begins = small.events.set_index("event").first_day[event]
        gone = small.trade.orders.to_numpy() - small.without[event]
        assert not gone[(small.trade.day < begins).to_numpy()].any()
        assert gone[(small.trade.day >= begins).to_numpy()].any()


def test_truth_adds_up_and_plain_days_are_no_events(small):
    taken = event_days.assign(small.trade.day, small.events)
    for event in small.without:
        parts = [festivals.truth(small, taken, event, block) for block in event_days.BLOCKS]
        assert sum(parts) == festivals.truth(small, taken, event, "net")
    found = event_days.effects(small.trade, small.events, "orders").set_index(["event", "block"])
    for event in small.without:
        for block in ("on", "net"):
            row = found.loc[(event, block)]
            assert abs(row.effect - festivals.truth(small, taken, event, block)) < 4 * row.se


@pytest.mark.slow  # 50 markets of 8,000 consumers, three worlds and one without promotions: four minutes
def test_intervals_hold_the_truth_and_the_wrong_method_does_not():
    rows = [row for seed in MARKETS for row in held(festivals.live(seed, SIZE, promotions=True))]
    for kind in ("own", "platform"):
        for block in ("on", "net"):
            mine = [row for row in rows if row[:2] == (kind, block)]
            right = binomtest(sum(row[2] for row in mine), len(mine), 0.95)
            assert right.pvalue > 0.01, (kind, block, right.statistic)
            if kind == "own":  # over a promotion's seventy days the wrong interval is so wide that it holds anything
                wrong = binomtest(sum(row[3] for row in mine), len(mine), 0.95)
                assert wrong.pvalue < 0.01, (kind, wrong.statistic)
