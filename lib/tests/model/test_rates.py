"""Intervals against simulated truth, and against the usual one, which is wrong for small shares."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from apex.measure.peers import Peers
from apex.model import rates


def coverage(interval, p, n, q, m, seed=5, times=4000):
    """How often the interval of a difference holds the true one; each distinct pair of counts is asked once."""
    rng = np.random.default_rng(seed)
    pairs, seen = np.unique(np.c_[rng.binomial(n, p, times), rng.binomial(m, q, times)], axis=0, return_counts=True)
    held = [low <= p - q <= high for low, high in (interval(int(x), n, int(y), m) for x, y in pairs)]
    return float((np.array(held) * seen).sum() / times)


def newcombe(x, n, y, m):
    found = rates.difference(x, n, y, m)
    return found.low, found.high


def wald(x, n, y, m):
    """The textbook's interval, which is known to be too short here."""
    p, q = x / n, y / m
    half = stats.norm.ppf(0.975) * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return p - q - half, p - q + half


@pytest.mark.parametrize(
    ("p", "n", "q", "m"), [(0.9, 20, 0.97, 30), (0.02, 60, 0.05, 60), (0.3, 80, 0.3, 40), (0.02, 400, 0.03, 500)]
)
def test_the_interval_holds_the_truth_as_often_as_it_says(p, n, q, m):
    assert 0.935 <= coverage(newcombe, p, n, q, m) <= 0.99


def test_the_textbooks_interval_fails_the_same_test():
    assert coverage(wald, 0.9, 20, 0.97, 30) < 0.935


def test_the_published_example():
    """Newcombe 1998, table II: 56/70 against 48/80, method 10."""
    found = rates.difference(56, 70, 48, 80)
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)
    assert found.n == 150 and found.clear
    assert not rates.difference(5, 10, 4, 10).clear


def test_a_share_of_nobody_has_no_difference():
    assert rates.difference(0, 0, 3, 9) is None and rates.difference(1, 9, 0, 0) is None
    one = rates.difference(1, 1, 0, 1)
    assert one.value == 1 and one.low <= 1 <= one.high and one.n == 2


def peers_of(count):
    frame = pd.DataFrame({"brand": [f"p{n}" for n in range(count)], "gmv_minor": range(count, 0, -1), "buyers": 50})
    return Peers("category", "tea", frame)


def values_of(count, own, figure="A"):
    brands = ["us", *[f"p{n}" for n in range(count)]]
    return pd.DataFrame({"brand": brands, "figure": figure, "value": pd.array([own, *range(count)], "Float64")})


def test_the_rank_is_the_share_of_peers_below_and_equals_count_half():
    found = rates.among_peers(values_of(8, 5), "us", peers_of(8)).iloc[0]
    assert found["rank"] == 5.5 / 8 and found.peers == 8
    assert found.rank_low < found["rank"] < found.rank_high
    assert (found.low, found.middle, found.high) == (1.75, 3.5, 5.25) and found.best == 2
    wide = rates.among_peers(values_of(200, 125), "us", peers_of(200)).iloc[0]
    assert wide.rank_high - wide.rank_low < (found.rank_high - found.rank_low) / 2, "more peers, less doubt"


def test_too_few_peers_or_no_figure_of_ones_own_give_no_rank():
    few = rates.among_peers(values_of(4, 2), "us", peers_of(4)).iloc[0]
    assert few[["rank", "low", "middle", "best"]].isna().all() and few.peers == 4
    none = rates.among_peers(values_of(6, None), "us", peers_of(6)).iloc[0]
    assert pd.isna(none["rank"]) and none.middle == 2.5
    gap = values_of(6, 3)
    gap.loc[gap.brand.isin(["p0", "p1"]), "value"] = pd.NA
    assert pd.isna(rates.among_peers(gap, "us", peers_of(6)).iloc[0]["rank"]), "only four of them have the figure"


def test_middles_are_of_peers_alone():
    two = pd.concat([values_of(6, 999).assign(day=1), values_of(6, 999).assign(day=2, value=7.0)])
    assert rates.middles(two, peers_of(6)).middle.tolist() == [2.5, 7]
    assert rates.middles(two, peers_of(3)).middle.isna().all()


def shown(**figures):
    """figure=(now, before, year_ago), each a count or (n, of); None: nothing may be shown or compared."""
    rows = []
    for figure, periods in figures.items():
        for period, given in zip(("now", "before", "year_ago"), periods, strict=True):
            n, of = given if isinstance(given, tuple) else (given, None)
            value = None if n is None else n if of is None else n / max(of, 1)
            value = None if of == 0 else value
            rows.append({"figure": figure, "period": period, "n": n, "of": of, "value": value, "suppressed": n is None})
    frame = pd.DataFrame(rows).astype({"n": "Int64", "of": "Int64", "value": "Float64"})
    return frame.assign(figure=pd.Categorical(frame.figure, list(figures), ordered=True))


def test_amounts_are_better_beyond_the_noticeable_and_shares_beyond_chance():
    frame = rates.compared(
        shown(
            F=(1100, 1000, 900),
            S=(1010, 1000, None),
            A=((40, 1000), (80, 1000), (50, 1000)),
            T=((4, 10), (3, 10), (1, 9)),
        ),
        noticeable=0.02,
    ).set_index("figure")
    assert frame.state.to_dict() == {"F": "better", "S": "steady", "A": "worse", "T": "steady"}
    assert frame.change.round(4).to_dict() == {"F": 0.1, "S": 0.01, "A": -0.04, "T": 0.1}
    assert frame.n.fillna(0).tolist() == [0, 0, 2000, 20] and frame.low["A"] < -0.04 < frame.high["A"] < 0
    assert pd.isna(frame.year_ago["S"]) and frame.year_ago["A"] == 0.05


def test_what_is_hidden_or_not_compared_is_unknown():
    frame = rates.compared(shown(F=(None, 9, 9), A=((1, 9), None, None), S=(5, 0, None)), 0.02).set_index("figure")
    assert (frame.state == "unknown").all() and frame.change.isna().all()
    assert frame.hidden.tolist() == [True, False, False] and frame.now["S"] == 5


def test_changes_of_all_brands_are_measured_as_ones_own():
    ours = shown(F=(1100, 1000, 900), A=((40, 1000), (80, 1000), (50, 1000))).assign(brand="us")
    theirs = shown(F=(50, 0, 1), A=((10, 100), (0, 0), (1, 2))).assign(brand="p0")
    theirs.loc[(theirs.figure == "A") & (theirs.period == "before"), "value"] = pd.NA
    found = rates.changes(pd.concat([ours, theirs])).set_index(["brand", "figure"]).value
    own = rates.compared(ours, 0.02).set_index("figure").change
    assert found["us", "F"] == pytest.approx(own["F"]) and found["us", "A"] == pytest.approx(own["A"])
    assert found["p0"].isna().all()
