"""Who rests: counted by hand on a small log."""

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import load_rules
from apex.measure import fatigue

LOG = [  # consumer, behaviour, day of January, hour, channel
    ("a", "expose", 10, 9, "feed"), ("a", "expose", 10, 20, "feed"), ("a", "click", 10, 21, "tv"), ("a", "watch", 9, 9, "feed"),
    ("a", "expose", 3, 9, "feed"), ("b", "view", 10, 9, "feed"), ("b", "expose", 10, 9, None), ("c", "expose", 4, 9, "feed"),
    ("d", "expose", 10, 9, "feed"),
]  # fmt: skip


def test_a_channel_counts_once_a_day_and_only_in_the_last_days(market):
    events = pd.DataFrame(LOG, columns=["consumer_key", "behaviour", "d", "h", "channel"])
    events["occurred_at"] = (
        pd.to_datetime("2024-01-01") + pd.to_timedelta(events.d - 1, "D") + pd.to_timedelta(events.h, "h")
    )
    events = events.assign(brand="b", seq=range(len(events))).drop(columns=["d", "h"])
    book = ledger.ensure(market(events), load_rules("aipl-panel"))
    met = fatigue.met(book, "b", pd.Timestamp("2024-01-10").date(), 7)
    assert sorted(met.tolist()) == [1, 1, 3], (
        "a: feed and tv on the 10th, feed on the 9th; c and d once; b never by media"
    )


@pytest.mark.parametrize(("most", "tired"), [(0, [False] * 3), (1, [True, False, False]), (3, [False] * 3)])
def test_the_limit(most, tired):
    met = pd.Series([3, 1], index=[7, 8])
    assert fatigue.rested(pd.Series([7, 8, 9]), met, most).tolist() == tired


def test_counts_by_crowd():
    crowd = pd.Series(["x", "x", None, "y"], dtype="string")
    told = fatigue.counted(crowd, pd.Series([True, False, True, False]), ["x", "y", "z"])
    assert told.reached.tolist() == [2, 1, 0] and told.tired.tolist() == [1, 0, 0]
