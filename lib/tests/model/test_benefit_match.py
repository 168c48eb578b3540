"""Which kind of benefit for which crowd: large crowds say, small ones follow the usual."""

import numpy as np
import pandas as pd
import pytest

from apex.model.benefit_match import matched


def counts(*rows):
    return pd.DataFrame(rows, columns=["crowd", "kind", "offered", "used"])


def test_a_large_crowd_says_and_a_small_one_follows_the_usual():
    rows = [
        ("big", "gift", 500, 100),
        ("big", "points", 500, 300),
        ("rest", "gift", 3000, 1500),
        ("rest", "points", 3000, 600),
    ]
    told = matched(counts(*rows, ("small", "gift", 2, 0), ("small", "points", 2, 1)), "crowd").set_index("crowd")
    assert told.kind.to_dict() == {"big": "points", "rest": "gift", "small": "gift"}
    assert told.odds["big"] > 0.99 and told.odds["small"] < 0.9 and told.runner["big"] == "gift"
    assert (
        told.rate["big"] == pytest.approx(0.6, abs=0.03)
        and (told.low < told.rate).all()
        and (told.rate < told.high).all()
    )


def test_odds_are_fair_where_kinds_are_alike():
    wins = []
    for i in range(100):
        rng = np.random.default_rng(i)
        rows = [("c", k, 60, int(rng.binomial(60, 0.3))) for k in "xyz"]
        told = matched(counts(*rows), "crowd", seed=i)
        wins.append(told.odds.iloc[0] >= 0.95)
    assert sum(wins) <= 15, "a winner is seldom called where there is none"


def test_nothing_offered_nothing_matched():
    assert matched(counts(), "crowd").empty and matched(counts(("a", "x", 0, 0)), "crowd").empty
