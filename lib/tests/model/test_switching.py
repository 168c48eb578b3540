"""Switching against markets without winners, newcomers' choice, and where a price stands."""

import numpy as np
import pandas as pd
import pytest

from apex.model import price as prices
from apex.model import switching as model

IDS = ["us", "best", "others", "none"]
KIND = pd.CategoricalDtype(IDS, ordered=True)


def flows(counts):
    """counts: rows us, best, others, none; columns the same; none → none is left out."""
    sides = [
        pd.Categorical.from_codes(codes, dtype=KIND)
        for codes in (np.repeat(range(4), 4)[:15], np.tile(range(4), 4)[:15])
    ]
    counts = pd.array(np.asarray(counts, dtype="int64").ravel()[:15], "Int64")
    return pd.DataFrame({"from_party": sides[0], "to_party": sides[1], "consumers": counts})


def dirichlet_market(dice, weights, consumers):
    """A purchase in each of two windows by consumers with constant tastes: counts by party."""
    taste = dice.dirichlet(weights, consumers)
    picks = [(taste.cumsum(axis=1) > dice.random((consumers, 1))).argmax(axis=1) for _ in range(2)]
    counts = np.zeros((4, 4), int)
    np.add.at(counts, (picks[0], picks[1]), 1)
    return counts


def test_a_market_without_winners_is_as_expected():
    """50 stationary markets: cells lie around what is expected, as chi-square says; independence is far off."""
    dice, ours, independent = np.random.default_rng(4), [], []
    for _ in range(50):
        counts = dirichlet_market(dice, [0.4, 0.8, 0.6], 1500)
        found = model.expected(flows(counts))
        ours.append(float(((found.consumers - found.expected) ** 2 / found.expected).sum()))
        inner = counts[:3, :3]
        plain = np.outer(inner.sum(axis=1), inner.sum(axis=0)) / inner.sum()
        independent.append(((inner - plain) ** 2 / plain).sum())
    # rows are met and so is the diagonal's sum: 9 cells less 3 rows, 2 sizes, 1 loyalty; some more as sizes are averaged
    assert np.mean(ours) < 8 < 200 < np.mean(independent)


def test_expected_conserves_rows_and_the_stayers_in_all():
    counts = [[50, 20, 5, 30], [10, 200, 40, 80], [8, 30, 90, 20], [15, 60, 25, 0]]
    found = model.expected(flows(counts))
    assert len(found) == 9
    rows = found.groupby("from_party", observed=True)
    assert rows.expected.sum().astype(float).to_dict() == pytest.approx(rows.consumers.sum().astype(float).to_dict())
    stayed = found[found.from_party == found.to_party.astype(KIND)]
    assert float(stayed.expected.sum()) == pytest.approx(int(stayed.consumers.sum()))
    alone = model.expected(flows([[9, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]]))
    assert alone[alone.from_party == "us"].expected.sum() == 9
    hidden = flows(counts)
    hidden.loc[0, "consumers"] = pd.NA
    assert model.expected(hidden).expected.isna().all()
    assert model.expected(flows(np.zeros((4, 4)))).expected.isna().all()


def test_net_switching_is_won_less_lost_and_covers_nought_in_a_market_without_winners():
    counts = [[50, 20, 5, 30], [11, 200, 40, 80], [8, 30, 90, 20], [15, 60, 25, 0]]
    found = model.net(flows(counts)).set_index("party")
    assert found.loc["best", ["won", "lost", "net"]].tolist() == [11, 20, -9]
    assert found.loc["none", "net"] == 15 - 30 and found.net.sum() == sum(r[0] for r in counts) - sum(counts[0])
    dice, hits = np.random.default_rng(6), 0
    for _ in range(200):
        row = model.net(flows(dirichlet_market(dice, [0.4, 0.8, 0.6], 800))).iloc[0]
        hits += row.low <= 0 <= row.high
    assert 181 <= hits < 200  # 95 % is not rejected at 1 % from 181 on (exact binomial)
    hidden = flows(counts)
    hidden.loc[(hidden.from_party == "us") & (hidden.to_party == "best"), "consumers"] = pd.NA
    assert model.net(hidden).set_index("party").net.isna().to_dict() == {"best": True, "others": False, "none": False}


def test_newcomers_choice():
    rows = [("new", "us", 30), ("new", "best", 70), ("settled", "us", 40), ("settled", "best", 0)]
    frame = pd.DataFrame(rows, columns=["segment", "party", "consumers"])
    frame = frame.astype({"segment": pd.CategoricalDtype(["new", "settled"], ordered=True), "consumers": "Int64"})
    found = model.chosen(frame).set_index("segment")
    assert found.share.to_dict() == {"new": 0.3, "settled": 1.0}
    # Wilson's interval of 30 of 100
    assert (found.low["new"], found.high["new"]) == pytest.approx((0.2189, 0.3958), abs=1e-4)
    frame.loc[1, "consumers"] = pd.NA
    assert model.chosen(frame).set_index("segment").share.isna().to_dict() == {"new": True, "settled": False}
    assert model.chosen(frame.iloc[:0]).share.isna().all()


def sold(rows):
    return pd.DataFrame(rows, columns=["subcategory", "party", "units", "gmv_minor", "brands"])


def test_price_at_the_same_mix():
    """We cost a tenth more everywhere, and sell the dear kind: the raw index says much more."""
    rows = [("dear", "us", 90, 90 * 1100, 1), ("dear", "others", 10, 10 * 1000, 4),
            ("cheap", "us", 10, 10 * 110, 1), ("cheap", "others", 90, 90 * 100, 4)]  # fmt: skip
    found = prices.price(sold(rows))
    assert found.fisher == pytest.approx(1.1) and found.matched == 1 and found.raw > 5
    assert found.ours == pytest.approx((90 * 1100 + 10 * 110) / 100)
    alone = prices.price(
        sold([*rows, ("odd", "us", 100, 100, 1), ("single", "us", 50, 50, 1), ("single", "others", 5, 5, 1)])
    )
    assert alone.fisher == pytest.approx(1.1) and alone.matched == pytest.approx(100 / 250)
    one = prices.price(sold([("", "us", 1, 300, 1), ("", "others", 2, 400, 3)]))
    assert one.raw == 1.5 and np.isnan(one.fisher)
    assert np.isnan(prices.price(sold([])).ours)


def test_position_is_given_where_the_window_may_be_shown():
    window = (1, 2)
    paid = pd.Series({"low": 80.0, "middle": 100.0, "high": 150.0, "below": 0.6, "buyers": 50.0})
    sizes = pd.DataFrame(
        {"first_day": [1], "last_day": [2], "buyers": [50], "buyers_brand": [20], "suppressed": [False]}
    )
    found = prices.position(prices.Price(110, 100, 1.1, 1.05, 1), paid, sizes, window).set_index("what")
    assert found.value["ours"] == 110 and found.buyers.to_dict()["ours"] == 20 and found.buyers["low"] == 50
    hidden = prices.position(prices.Price(110, 100, 1.1, 1.05, 1), paid, sizes.assign(suppressed=True), window)
    assert hidden.empty
