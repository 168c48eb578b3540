"""Overlaps from buyers by combination, against sets of people; and that nothing hidden follows from what is shown."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from apex.measure import overlaps
from apex.measure.privacy import suppress

NAMES = ["a", "b", "c", "d"]


def frames(seed, scale=60):
    """A random market of buyers: (consumer → set), and the frame of `businesses.bought` that belongs to it."""
    dice = random.Random(seed)
    sets = [frozenset(s) for k in range(1, 5) for s in itertools.combinations(NAMES, k)]
    size = {s: int(scale * dice.random() ** 4) for s in sets}
    rows = [
        ("now", " + ".join(sorted(s)), b, n, 100 * n * (len(b) + len(s)), n)
        for s, n in size.items()
        if n
        for b in sorted(s)
    ]
    frame = pd.DataFrame(rows, columns=["period", "combination", "business", "consumers", "gmv_minor", "orders"])
    return {s: n for s, n in size.items() if n}, frame


@pytest.mark.parametrize("seed", range(5))
def test_totals_matrix_and_exclusive_against_sets(seed):
    size, bought = frames(seed)
    base = overlaps.combinations(bought)
    assert dict(zip(base.combination, base.consumers, strict=True)) == {
        " + ".join(sorted(s)): n for s, n in size.items()
    }
    assert base.gmv_minor.sum() == bought.gmv_minor.sum() and base.consumers.is_monotonic_decreasing
    sums = overlaps.versus(overlaps.by_business(bought), ["business"])
    brand = overlaps.versus(overlaps.whole(bought))
    assert brand.consumers.tolist() == [sum(size.values())] and brand.consumers_before.isna().all()
    names = overlaps.names_of(bought)
    for row in sums.itertuples():
        assert row.consumers == sum(n for s, n in size.items() if row.business in s)
        assert row.spend_minor * row.consumers == pytest.approx(row.gmv_minor)
    matrix = overlaps.matrix(base, sums, names)
    for row in matrix.itertuples():
        assert row.consumers == sum(n for s, n in size.items() if {row.business, row.other} <= s)
        assert row.share == pytest.approx(row.consumers / sums.set_index("business").consumers[row.business])
    assert not matrix.least.any()
    for row in overlaps.only(base, brand, names).itertuples():
        assert row.consumers == size.get(frozenset(row.business), 0)
        assert row.share == pytest.approx(row.consumers / sum(size.values()))


def test_in_order_of_money_and_beside_the_period_before():
    _, bought = frames(1)
    both = pd.concat([bought, bought.assign(period="before", consumers=2 * bought.consumers)])
    sums = overlaps.in_order(overlaps.versus(overlaps.by_business(both), ["business"]), overlaps.names_of(both))
    assert sums.gmv_minor.is_monotonic_decreasing
    assert (sums.consumers_before == 2 * sums.consumers).all() and (sums.gmv_minor_before == sums.gmv_minor).all()
    totals = overlaps.totals(sums, overlaps.versus(overlaps.whole(both)))
    assert totals["any"] == overlaps.whole(both).set_index("period").consumers["now"]


def solvable(base, hidden, names):
    """Hidden combinations that the shown ones and the known sums (by business, in all) determine, by elimination."""
    inside = overlaps.members(base, names)[hidden].to_numpy(float)
    system = np.column_stack([inside, np.ones(len(inside))]).T
    free = np.linalg.svd(system)[2][np.linalg.matrix_rank(system) :]  # directions in which the hidden may move
    return [n for n in range(len(inside)) if not len(free) or np.abs(free[:, n]).max() < 1e-9]


@pytest.mark.parametrize("seed", range(30))
def test_no_hidden_combination_follows_from_the_known_sums(seed):
    _, bought = frames(seed)
    base, names = overlaps.combinations(bought), overlaps.names_of(bought)
    shown = overlaps.protected(base, names, 10)
    small = (base.consumers > 0) & (base.consumers < 10)
    assert shown.suppressed[small].all()
    if shown.suppressed.all():
        return  # nothing is left that could be hidden besides
    assert not solvable(base, shown.suppressed, names)
    for name, there in overlaps.members(base, names).items():
        for side in (there, ~there):
            left = base.consumers[shown.suppressed & side].sum()
            # a business all of whose combinations are hidden may be small itself: its sum is hidden where sums are shown
            assert left == 0 or left >= 10 or shown.suppressed[side].all(), name


def test_hiding_the_small_alone_would_give_some_away():
    """Known-wrong: each sum by itself finds two hidden in it and is content; all five together solve every pair."""
    rows = [("a", 50), ("b", 40), ("c", 30), ("d", 35), ("e", 45)]
    rows += [("a + b", 6), ("b + c", 7), ("c + d", 8), ("d + e", 9), ("a + e", 5), ("a + b + c", 60)]
    base = pd.DataFrame(rows, columns=["combination", "consumers"]).assign(formats=1, gmv_minor=1)
    names = ["a", "b", "c", "d", "e"]
    one_by_one = base.consumers < 10
    sums = [
        base.consumers[one_by_one & there].agg(["count", "sum"]) for _, there in overlaps.members(base, names).items()
    ]
    assert all(s["count"] == 2 and s["sum"] >= 10 for s in sums) and solvable(base, one_by_one, names)
    groups = overlaps.members(base, names).add_prefix("in ").assign(all=0)
    together = suppress(base.join(groups), ["consumers"], 10, [[c] for c in groups]).suppressed
    assert together.sum() > 5, "suppress asks all sums together"
    shown = overlaps.protected(base, names, 10)
    assert shown.suppressed.sum() > 5 and not solvable(base, shown.suppressed, names)


def test_what_is_hidden_stays_hidden_in_what_follows():
    _, bought = frames(2)
    base, names = overlaps.combinations(bought), overlaps.names_of(bought)
    marked = overlaps.protected(base, names, 10)
    assert marked.suppressed.any() and not marked.suppressed.all()
    shown = marked.assign(**{c: marked[c].astype("Int64").mask(marked.suppressed) for c in ("consumers", "gmv_minor")})
    sums, brand = (
        overlaps.versus(f, k) for f, k in ((overlaps.by_business(bought), ["business"]), (overlaps.whole(bought), []))
    )
    matrix, truth = overlaps.matrix(shown, sums, names), overlaps.matrix(base, sums, names)
    assert matrix.least.any() and (matrix.consumers <= truth.consumers).all()
    assert (matrix.consumers[~matrix.least] == truth.consumers[~matrix.least]).all()
    only = overlaps.only(shown, brand, names)
    hidden = set(marked.combination[marked.suppressed])
    assert (only.consumers.isna() == only.business.isin(hidden)).all()


def test_nobody():
    bought = frames(1)[1][:0]
    assert overlaps.combinations(bought).empty and overlaps.names_of(bought) == []
    assert overlaps.protected(overlaps.combinations(bought), [], 5).empty
    assert (
        overlaps.versus(overlaps.by_business(bought), ["business"]).empty
        and overlaps.versus(overlaps.whole(bought)).empty
    )
