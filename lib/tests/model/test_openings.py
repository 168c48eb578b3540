"""Who is missing, by hand and against simulated truth."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.grow import BUCKETS, MARKET
from apex.model import openings

BEST = ["p1", "p2"]


def frame(rows):
    return pd.DataFrame(rows, columns=["cell", "brand", "bucket", "buyers", "gmv_minor"])


def test_yardsticks_and_money_by_hand():
    rows = [("a", MARKET, 3, 100, 0), ("a", "b", 3, 20, 4000), ("a", "p1", 3, 30, 0), ("a", "p2", 4, 50, 0),
            ("c", MARKET, 5, 100, 0), ("c", "b", 5, 60, 6000), ("c", "p1", 6, 10, 0),
            ("", MARKET, 7, 900, 0), ("", "b", 7, 1, 1)]  # fmt: skip
    found = openings.openings(frame(rows), ["a", "c", ""], "b", BEST).set_index("cell")
    assert list(found.index) == ["a", "c"], "of whom nothing is known nobody is asked for"
    a, c = found.loc["a"], found.loc["c"]
    assert (a.shoppers, a.buyers, a.others, a.own, a.value_minor) == (100, 20, 80, 0.2, 200)
    assert a.benchmark == pytest.approx(0.4) and c.benchmark == pytest.approx(0.05)
    assert a.average == c.average == pytest.approx(80 / 200), "over those of whom it is known"
    assert (a.at_benchmark, a.people_benchmark, a.money_benchmark) == (40, 20, 4000)
    assert (a.people_average, a.money_average) == (20, 4000)
    assert (c.people_benchmark, c.money_benchmark, c.people_average) == (0, 0, 0), "a lead is no opening"
    assert pd.isna(a.money_average_low), "20 buyers carry no interval"


def test_no_benchmark_no_buyers_nobody():
    found = openings.openings(frame([("a", MARKET, 1, 50, 0), ("a", "b", 1, 40, 400)]), ["a", "c"], "b", [])
    assert found.benchmark.isna().all() and found.money_benchmark.isna().all()
    assert found.people_average[0] == 0 and found.shoppers.to_list() == [50, 0]
    assert pd.isna(found.own[1]) and pd.isna(found.money_average[1])
    assert openings.openings(frame([]), ["a"], "b", []).shoppers.to_list() == [0]


def simulated(dice, sizes, own, bench, spend):
    """A market: consumers by cell in buckets, who buys us (penetration `own`), for how much, and who each of two peers."""
    cube = np.zeros((2, len(sizes), 2 + len(BEST), BUCKETS))
    for cell, (size, share) in enumerate(zip(sizes, own, strict=True)):
        people = dice.multinomial(size, np.full(BUCKETS, 1 / BUCKETS))
        cube[0, cell] = [people, *(dice.binomial(people, p) for p in (share, *[bench] * len(BEST)))]
        cube[1, cell, 1] = dice.gamma(2 * np.maximum(cube[0, cell, 1], 1e-9), spend / 2)
    return cube


def test_intervals_hold_the_truth_and_those_of_a_known_benchmark_do_not():
    sizes, own, bench, spend = (600, 900), (0.25, 0.4), 0.5, 3000
    truth = (bench - own[0]) * sizes[0] * spend
    average = (np.dot(sizes, own) / sum(sizes) - own[0]) * sizes[0] * spend
    dice, held, both, naive, times = np.random.default_rng(8), 0, 0, 0, 2000
    for _ in range(times):
        cube = simulated(dice, sizes, own, bench, spend)
        told = {name: [float(end[0]) for end in ends] for name, ends in openings.estimates(cube).items()}
        value, low, high = told["money_benchmark"]
        held += low <= truth <= high
        both += told["money_average"][1] <= average <= told["money_average"][2]
        # wrong: only our penetration varies; the benchmark and what a buyer spends are taken as known
        share = told["own"][0]
        half = 1.96 * np.sqrt(share * (1 - share) * sizes[0]) * told["value_minor"][0]
        naive += abs(value - truth) <= half
    assert 0.935 <= held / times <= 0.965 and 0.935 <= both / times <= 0.965
    assert naive / times < 0.935
