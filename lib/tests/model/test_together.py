"""Pairs against quasi-independence, categories like with like: independent draws show nothing, the plain rivals do."""

import numpy as np
import pandas as pd
import pytest

from apex.model import together

WEIGHTS = np.array([0.45, 0.2, 0.15, 0.1, 0.06, 0.04])


def orders(seed, n=4000, bond=0.0):
    """Orders of one or two items drawn by weight; with `bond`, whoever holds e takes f along so often."""
    chance = np.random.default_rng(seed)
    rows = []
    for order in range(n):
        held = {int(chance.choice(6, p=WEIGHTS))}
        if chance.random() < 0.4:
            held.add(int(chance.choice(6, p=WEIGHTS)))
        if 4 in held and chance.random() < bond:
            held.add(5)
        rows += [(order, int(chance.integers(0, 1000)), "abcdef"[i]) for i in held]
    return pd.DataFrame(rows, columns=["order", "who", "item"])


def pairs_of(lines):
    lines = lines.assign(who=lines.groupby("order").who.transform("first"))
    both = lines.merge(lines, on=["order", "who"], suffixes=("_a", "_b")).query("item_a < item_b")
    both = both.assign(bucket=both.who % 100)
    counted = both.groupby(["item_a", "item_b", "bucket"]).agg(orders=("order", "size"), buyers=("who", "nunique"))
    return counted.reset_index()


def test_independent_draws_have_no_pair_and_the_product_of_shares_says_otherwise():
    clear, lifts, naive = 0, [], []
    for seed in range(6):
        lines = orders(seed)
        found = together.pair_lifts(pairs_of(lines), 10)
        clear += int(found.clear.sum())
        lifts += list(np.log(found.lift))
        share = lines.item.value_counts() / lines.order.nunique()
        naive += [np.log(r.orders / 4000 / (share[r.item_a] * share[r.item_b])) for r in found.itertuples()]
    assert clear <= 2 and abs(np.mean(lifts)) < 0.05
    assert np.mean(naive) < -0.7, "the known-wrong method: in small orders everything seems to repel everything"


def test_a_pair_that_goes_together_is_found():
    found = together.pair_lifts(pairs_of(orders(9, bond=0.35)), 10)
    top = found.iloc[0]
    assert (top.item_a, top.item_b) == ("e", "f") and top.clear and top.low > 1.5
    assert found.buyers.ge(10).all() and found.orders.ge(10).all()


def test_expected_counts_have_the_sums_of_the_items():
    chance = np.random.default_rng(1)
    counts = chance.integers(5, 90, (6, 6)).astype(float)
    counts = np.triu(counts, 1) + np.triu(counts, 1).T
    found = together.quasi_independent(counts)
    assert found.sum(axis=1) == pytest.approx(counts.sum(axis=1), rel=1e-3) and np.diag(found) == pytest.approx(0)
    ratio = found[0, 2] * found[1, 3] / (found[0, 3] * found[1, 2])
    assert ratio == pytest.approx(1), "a product of weights"


def test_few_items_say_nothing():
    lines = orders(2, 800)
    assert together.pair_lifts(pairs_of(lines[lines.item.isin(list("abc"))]), 1).empty
    assert together.pair_lifts(pairs_of(lines), 10_000).empty
    assert together.pair_lifts(pairs_of(lines.iloc[:0]), 1).empty


def test_adjusted_is_benjamini_and_hochbergs():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(3).random(40) ** 3
    assert together.adjusted(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert together.adjusted(np.array([])).size == 0


def world(seed, effect=1.0, categories=1):
    """Ours shop more; who shops more buys more of everything. effect: what being ours does by itself."""
    chance = np.random.default_rng(seed)
    rows = []
    for category in range(categories):
        for stratum, (few, many) in {1: (900, 200), 2: (500, 400), 4: (200, 500)}.items():
            for ours, n in ((False, few), (True, many)):
                p = min(0.05 * stratum * (effect if ours else 1.0), 1.0)
                rows.append((f"c{category}", stratum, ours, n, chance.binomial(n, p)))
    return pd.DataFrame(rows, columns=["category", "stratum", "ours", "consumers", "bought"])


def test_like_with_like_holds_the_truth_where_bare_shares_do_not():
    found = together.affinities(world(0, categories=1000), 10)
    assert len(found) == 1000 and 0.935 <= np.mean((found.low <= 1) & (found.high >= 1)) <= 0.965
    assert np.mean(found.share_ours / found.share_others) > 1.4, "the known-wrong method"
    found = together.affinities(world(1, effect=1.6), 10).iloc[0]
    assert found.low > 1.2 and found.clear
    assert found.ours + found.ours_not == 1100 and found.others + found.others_not == 1600


def test_few_false_discoveries_among_many_categories():
    frame = world(5, categories=120)
    found = together.affinities(frame, 10)
    assert len(found) == 120 and found.clear.sum() <= 3 < (found.low > 1).sum() + (found.high < 1).sum()


def test_mantel_and_haenszels_ratio_by_hand():
    frame = world(7)
    found = together.affinities(frame, 1).iloc[0]
    wide = frame.set_index(["stratum", "ours"])
    r = s = 0.0
    for stratum in (1, 2, 4):
        n1, a = wide.loc[(stratum, True), ["consumers", "bought"]]
        n0, c = wide.loc[(stratum, False), ["consumers", "bought"]]
        r, s = r + a * n0 / (n1 + n0), s + c * n1 / (n1 + n0)
    assert found.ratio == pytest.approx(r / s)


def test_a_side_without_buyers_says_nothing():
    frame = world(8)
    assert together.affinities(frame.assign(bought=frame.bought.where(~frame.ours, 0)), 1).empty
    alone = together.affinities(frame[frame.ours], 0)
    assert alone.ratio.isna().all() and not alone.clear.any()
    assert together.affinities(frame.iloc[:0], 1).empty
