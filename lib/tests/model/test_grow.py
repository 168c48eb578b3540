"""The split is exact, keeps what it promises in odd cells, and its interval covers simulated truth where a rival's does not."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.grow import BUCKETS, KEYS, MARKET, MEASURES
from apex.model import grow

COLUMNS = [*KEYS, "bucket", *MEASURES]


def rows(cut, cell, before, now, bucket=0):
    """Both windows of a cell, each (buyers, orders, GMV) or None."""
    return [(period, cut, cell, bucket, *counts) for period, counts in (("before", before), ("now", now)) if counts]


def frame(*cells):
    """Cells of the cut `category`, and the whole of them (as if nobody bought in two)."""
    made = pd.DataFrame([row for cell in cells for row in cell], columns=COLUMNS)
    whole = made.groupby(["period", "bucket"], as_index=False)[MEASURES].sum().assign(cut="all", cell="all")
    return pd.concat([made, whole], ignore_index=True)[COLUMNS]


def random_market(seed, cells=8):
    dice = np.random.default_rng(seed)
    made = []
    for n in range(cells):
        for bucket in range(BUCKETS):
            sides = []
            for _ in range(2):
                buyers = dice.poisson(dice.choice([0, 0.02, 0.5]))
                orders = buyers + dice.poisson(buyers)
                sides.append((buyers, orders, int(dice.integers(1, 999)) * orders) if buyers else None)
            made += rows("category", f"c{n}", *sides, bucket)
    return frame(made)


# --- the split -------------------------------------------------------------------------------------------------------


def test_a_split_by_hand():
    """100 buyers × 2 orders × 10 against 150 × 2 × 12: growth by 1.8, of which ln 1.5 and ln 1.2 parts."""
    found = grow.split(np.array([100, 200, 2000]), np.array([150, 300, 3600]), widens=True)
    mean = 1600 / np.log(1.8)
    assert found == pytest.approx([mean * np.log(1.5), 0, mean * np.log(1.2), 0])
    assert found.sum() == pytest.approx(1600)


def test_it_knows_no_direction_and_no_scale():
    dice = np.random.default_rng(1)
    before, now = np.cumprod(dice.uniform(1, 9, (2, 3, 50)), axis=1)
    there, back = grow.split(before, now, True), grow.split(now, before, True)
    assert there == pytest.approx(-back)
    assert grow.split(before * 7, now * 7, True) == pytest.approx(there * 7)
    assert there.sum(0) == pytest.approx(now[2] - before[2])


def test_the_logarithmic_mean_lies_between_and_is_smooth_where_both_are_equal():
    assert grow.log_mean(np.array([5.0]), np.array([5.0]))[0] == 5
    for step in (1e-12, 1e-9, 1e-7, 1e-5, 1e-3):
        a, b = np.array([3e6]), np.array([3e6]) * (1 + step)
        assert grow.log_mean(a, b)[0] == pytest.approx(float(a[0]) * (1 + step / 2), rel=1e-6)
    assert np.sqrt(2 * 18) < grow.log_mean(np.array([2.0]), np.array([18.0]))[0] < 10


@pytest.mark.parametrize(("before", "now", "change"), [(None, (3, 4, 500), 500), ((3, 4, 500), None, -500)])
def test_a_category_that_begins_or_ends_is_w_and_a_crowd_that_does_is_g(before, now, change):
    lines = frame(rows("category", "new", before, now), rows("category", "kept", (5, 5, 100), (5, 5, 100)))
    wide, crowd = (grow.grow(lines, "category", "before", widens=w).total.iloc[0] for w in (True, False))
    assert (wide.gain, wide.widen, wide.retain, wide.boost) == (0, change, 0, 0)
    assert (crowd.gain, crowd.widen, crowd.retain, crowd.boost) == (change, 0, 0, 0)


def test_g_is_the_limit_for_a_crowd_as_its_buyers_go_to_nought():
    near = grow.split(np.array([1e-200, 1.3e-200, 1e-198]), np.array([300, 400, 50000]), False)
    assert near[0] == pytest.approx(50000, rel=0.02) and abs(near[1:3]).max() < 0.01 * 50000


@pytest.mark.parametrize("seed", range(20))
def test_everything_adds_up_to_the_last_minor_unit(seed):
    lines = random_market(seed)
    for widens in (True, False):
        found = grow.grow(lines, "category", "before", widens=widens)
        cells, total = found.cells, found.total.iloc[0]
        assert (cells[list(grow.FACTORS)].sum(axis=1) == cells.change).all()
        assert (cells.gmv_now - cells.gmv_before == cells.change).all()
        assert (cells[list(grow.SUMS)].sum() == total[list(grow.SUMS)]).all()
        assert total.change == total.gmv_now - total.gmv_before
        exact = grow.split(*(cells[[f"{m}_{side}" for m in ("buyers", "orders", "gmv")]].T.to_numpy()
                             for side in ("before", "now")), widens)  # fmt: skip
        assert np.abs(exact - cells[list(grow.FACTORS)].T.to_numpy()).max() < 1


def test_rounding_each_by_itself_would_not_add_up():
    parts = np.array([[0.4], [0.4], [0.2]])
    assert grow.rounded(parts, np.array([1])).sum() == 1 and np.rint(parts).sum() == 0
    assert list(grow.rounded(parts, np.array([1]))[:, 0]) == [1, 0, 0]
    assert list(grow.rounded(np.array([[-0.6], [-0.4], [2.0]]), np.array([1]))[:, 0]) == [-1, 0, 2]


def test_mix_is_price_in_the_whole_and_not_in_the_sum():
    """The same prices and frequencies in both windows, but buyers move to the dear category."""
    lines = frame(rows("category", "cheap", (80, 80, 800), (40, 40, 400)),
                  rows("category", "dear", (20, 20, 2000), (60, 60, 6000)))  # fmt: skip
    both = grow.totals(lines, "category", ["before"]).set_index("split")
    assert both.loc["cells", ["retain", "boost", "widen"]].eq(0).all() and both.loc["cells"].gain == 3600
    assert both.loc["whole"].gain == 0 and both.loc["whole"].boost == 3600
    assert (both.change == 3600).all() and list(both.against) == ["before"] * 2


def test_without_purchases_or_without_a_window_before():
    nothing = grow.grow(pd.DataFrame(columns=COLUMNS), "category", "before", widens=True)
    assert nothing.cells.empty and nothing.total[list(grow.SUMS)].eq(0).all(axis=None)
    assert grow.grow(random_market(1), "category", None).total.empty
    assert grow.totals(random_market(1), "category", []).empty
    assert grow.grow(random_market(1), "nobody's", "before").cells.empty
    one = grow.grow(frame(rows("category", "c", (1, 1, 100), (1, 2, 300))), "category", "before", widens=True)
    assert one.total.change.iloc[0] == 200 and one.total.change_low.isna().all()


# --- market and share, benchmark -----------------------------------------------------------------------------------------


def test_market_and_share_add_up_to_g():
    lines = frame(rows("category", "tea", (100, 150, 3000), (150, 240, 4000)),
                  rows("category", "begun", None, (10, 10, 900)))  # fmt: skip
    market = pd.DataFrame([("before", "category", "tea", 0, 400), ("now", "category", "tea", 3, 500)],
                          columns=[*KEYS, "bucket", "buyers"])  # fmt: skip
    growth = grow.grow(lines, "category", "before", widens=True)
    row = grow.penetration(growth, market, "before").set_index("cell").loc["tea"]
    mean = 1000 / np.log(4 / 3)
    assert row.gain_market == round(mean * np.log(500 / 400)) and row.gain_market + row.gain_share == row.gain
    assert row.gain_share == pytest.approx(mean * np.log((150 / 500) / (100 / 400)), abs=1)
    assert (row.share_before, row.share_now, row.others_before, row.others_now) == (0.25, 0.3, 300, 350)
    assert len(grow.penetration(growth, market, "before")) == 1, "what begins is W and not split further"


def test_the_gap_is_one_factor_at_the_benchmarks_level():
    sums = {MARKET: (1000, 1, 1), "me": (100, 150, 30000), "a": (200, 500, 60000), "b": (300, 450, 90000)}
    rivals = pd.DataFrame(
        [(b, 7 * n, *v) for n, (b, v) in enumerate(sums.items())], columns=["brand", "bucket", *MEASURES]
    )
    found = grow.gaps(rivals, "me", ["a", "b"]).set_index("factor")
    assert list(found.own) == [0.1, 1.5, 200]
    assert found.benchmark.tolist() == pytest.approx([0.25, 2.0, 160.0])
    assert found.gain_minor.tolist() == [45000, 10000, -6000]
    assert found.middle.tolist() == pytest.approx([0.25, 2.0, 160.0]) and (found.buyers == 100).all()
    assert grow.gaps(rivals, "nobody's", ["a"]).empty and grow.gaps(rivals, "me", []).empty
    few = rivals.assign(buyers=rivals.buyers.where(rivals.brand != "me", 12))
    assert grow.gaps(few, "me", ["a", "b"]).gain_low.isna().all()


# --- the interval --------------------------------------------------------------------------------------------------------

WORLDS, PEOPLE, RATES, PRICES = 1000, 1000, ((0.10, 0.13), (0.05, 0.04)), ((30.0, 30.0), (80.0, 88.0))


def world(dice, worlds, people):
    """Purchases of two categories in two windows: per category and window (measure, world, consumer).

    Few buy much: a consumer's rate is gamma-distributed with a burst of its own in each window, and prices are a consumer's.
    """
    habit, found = dice.gamma(0.6, 1 / 0.6, (worlds, people)), {}
    for c in range(2):
        taste = np.exp(dice.normal(-0.08, 0.4, (worlds, people)))
        for w in range(2):
            orders = dice.poisson(RATES[c][w] * habit * dice.gamma(0.5, 2, (worlds, people)))
            spent = PRICES[c][w] * taste * dice.gamma(np.maximum(orders, 1) * 4, 1 / 4) * (orders > 0)
            found[c, w] = np.stack([orders > 0, orders, spent]).astype(float)
    return found


def factors(of):
    """G, R, O and the change, summed over the categories."""
    parts = sum(grow.split(of[c, 0], of[c, 1], widens=True)[:3] for c in range(2))
    return np.concatenate([parts, parts.sum(0, keepdims=True)])


@pytest.fixture(scope="module")
def covered():
    """Share of worlds whose interval holds the truth, and median width over that of the true spread: ours, and a rival's."""
    dice = np.random.default_rng(20)
    expected = {key: sum(part[key].sum((1, 2)) for part in (world(dice, 100, PEOPLE) for _ in range(10))) / 1000
                for key in ((0, 0), (0, 1), (1, 0), (1, 1))}  # fmt: skip
    truth = factors({key: value[:, None] for key, value in expected.items()})
    values, ours, rival = [], [], []
    for _ in range(10):
        found = world(dice, WORLDS // 10, PEOPLE)
        cubes = {key: v.reshape(3, -1, BUCKETS, PEOPLE // BUCKETS).sum(-1) for key, v in found.items()}
        value = factors({key: cube.sum(-1) for key, cube in cubes.items()})
        values.append(value)
        ours.append(grow.interval(value, factors({key: grow.left_out(cube) for key, cube in cubes.items()})))
        alone = {key: as_orders(dice, cube.sum(-1)) for key, cube in cubes.items()}
        rival.append(grow.interval(value, factors({key: grow.left_out(cube) for key, cube in alone.items()})))
    value = np.concatenate(values, axis=1)
    spread = 2 * 1.96 * value.std(axis=1)
    found = {}
    for name, made in (("ours", ours), ("rival", rival)):
        low, high = (np.concatenate([ends[n] for ends in made], axis=1) for n in range(2))
        found[name] = ((low <= truth) & (truth <= high)).mean(1), np.median(high - low, axis=1) / spread
    return found


def as_orders(dice, sums):
    """The wrong method: each order on its own, as if another consumer had made it; buyers come with orders in proportion."""
    buyers, orders, spent = sums[..., None]
    split = dice.multinomial(orders[:, 0].astype(int), np.full(BUCKETS, 1 / BUCKETS)).astype(float)
    money = np.maximum(dice.gamma(np.maximum(split, 1e-9) * 4, 1 / 4), 1e-12) * (split > 0)
    return np.stack([split * buyers / orders, split, money * spent / money.sum(-1, keepdims=True)])


def test_intervals_hold_the_truth_as_often_as_they_say_and_are_no_wider_than_they_must(covered):
    share, width = covered["ours"]
    assert (np.abs(share - 0.95) <= 0.015).all(), share
    assert (width <= 1.25).all(), width


def test_orders_taken_for_independent_are_found_out(covered):
    """G, R and the change hang on people; whoever resamples orders is far too sure of them."""
    share, _ = covered["rival"]
    assert share[1] < 0.5 and share[3] < 0.92
