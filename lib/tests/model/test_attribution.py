"""Credit by rules, Markov chains and Shapley values: by hand, and what must hold on any paths."""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apex.model import attribution, attribution_markov, attribution_methods, attribution_shapley
from apex.model.attribution import RULES, read, shares, whole

NAMES = "abcdefg"


def table(*rows):
    """Paths from (path, conversions, nulls, value, ages)."""
    columns = ["path", "conversions", "nulls", "value", "ages"]
    frame = pd.DataFrame([(*row, *(0, 0, 0, "")[len(row) - 1 :]) for row in rows], columns=columns)
    return frame if any(len(row) > 4 for row in rows) else frame.drop(columns="ages")


def credited(paths, method):
    return attribution_methods.one(method, paths).conversions


random_paths = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=6).map(" > ".join), st.integers(0, 9), st.integers(0, 9),
        st.integers(0, 10**6),
    ),
    min_size=1, max_size=25,
).filter(lambda rows: sum(r[1] for r in rows))  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first", {"a": 10, "b": 0, "c": 4}),
        ("last", {"a": 4, "b": 0, "c": 10}),
        # a > b > b > c ten times, c > a four times
        ("linear", {"a": 2.5 + 2, "b": 5, "c": 2.5 + 2}),
        ("position", {"a": 4 + 2, "b": 2, "c": 4 + 2}),
        # without times each touch counts half of the next: 1 2 4 8 of 15, and 1 2 of 3
        ("decay", {"a": 10 / 15 + 8 / 3, "b": 60 / 15, "c": 80 / 15 + 4 / 3}),
    ],
)
def test_rules_by_hand(rule, expected):
    paths = read(table(("a > b > b > c", 10), ("c > a", 4), ("b", 0, 7)))
    assert credited(paths, rule).to_dict() == pytest.approx(expected)


def test_decay_halves_every_seven_days():
    paths = read(table(("a > b", 3, 0, 0, "14 7"), ("a > b", 3, 0, 0, "7 7"), ("b", 0, 5)))
    # 1 : 2 of the first three, 1 : 1 of the others: only the days between touches count
    assert credited(paths, "decay").to_dict() == pytest.approx({"a": 1 + 1.5, "b": 2 + 1.5})


def test_conversions_without_a_touch_are_nobodys():
    paths = read(table(("", 5, 0, 700), ("a", 2, 0, 300)))
    assert paths.bare == (5, 700) and credited(paths, "linear").sum() == 2


def test_removal_effects_by_hand():
    """Start to c1 2/3, to c2 1/3; c1 to c2 or out 1/2; c2 to c3; c3 buys 1/2. All: 1/3; without c1 1/6, else nought."""
    paths = read(table(("c1 > c2 > c3", 1, 0, 900), ("c1", 0, 1), ("c2 > c3", 0, 1)))
    for order in (1, 2):
        assert attribution_markov.effects(paths, order)[0] == pytest.approx([0.5, 1, 1]), order
    assert credited(paths, "markov1").to_list() == pytest.approx([0.2, 0.4, 0.4])
    # order 3 knows that only those who came by c1 bought
    assert attribution_markov.effects(paths, 3)[0] == pytest.approx([1, 1, 1])


def test_a_higher_order_remembers():
    """b sells after a and never after c: one step back b is all one, two steps back it is not."""
    paths = read(table(("a > b", 1), ("c > b", 0, 1)))
    assert attribution_markov.effects(paths, 1)[0] == pytest.approx([0.5, 1, 0.5])
    for order in (2, 3):
        assert attribution_markov.effects(paths, order)[0] == pytest.approx([1, 1, 0])


def test_value_goes_with_the_dearer_paths():
    paths = read(table(("a", 1, 0, 900), ("b", 1, 0, 100)))
    assert [v.to_list() for v in (credited(paths, "markov1"), attribution_methods.one("markov1", paths).value)] == [
        pytest.approx([1, 1]), pytest.approx([900, 100])]  # fmt: skip


def test_orders_agree_where_one_step_back_is_all_there_is():
    """All paths of a chain of order 1 with their chances: what is further back tells nothing."""
    go, buy = {"a": {"a": 0.1, "b": 0.3}, "b": {"a": 0.2, "b": 0.1}}, {"a": 0.1, "b": 0.4}
    rows = []
    for n in range(1, 11):
        for turn in product("ab", repeat=n):
            chance = {"a": 0.7, "b": 0.3}[turn[0]] * np.prod([go[x][y] for x, y in pairwise(turn)])
            leave = 1 - sum(go[turn[-1]].values())
            rows.append((" > ".join(turn), chance * leave * buy[turn[-1]], chance * leave * (1 - buy[turn[-1]])))
    paths = read(table(*rows))
    first = attribution_markov.effects(paths, 1)[0]
    for order in (2, 3):
        assert attribution_markov.effects(paths, order)[0] == pytest.approx(first, abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(random_paths)
def test_every_method_keeps_the_sums(rows):
    paths = read(table(*rows))
    for method in attribution_methods.METHODS:
        found = attribution_methods.one(method, paths)
        assert found.conversions.sum() + found.level[0] == pytest.approx(paths.conversions.sum()), method
        if paths.value[paths.conversions > 0].sum() == paths.value.sum():
            assert found.value.sum() + found.level[1] == pytest.approx(paths.value.sum()), method
        assert (found.conversions > -1e-9).all(), method


@settings(max_examples=15, deadline=None)
@given(random_paths, st.sampled_from(["a", "b", "c", "d"]))
def test_splitting_a_channel_leaves_sums_of_the_simple_rules(rows, split):
    dice = np.random.default_rng(1)
    halved = [
        (" > ".join(t + str(dice.integers(2)) if t == split else t for t in r[0].split(" > ")), *r[1:]) for r in rows
    ]
    one, two = read(table(*rows)), read(table(*halved))
    for rule in ("first", "last", "linear"):
        parts = credited(two, rule)
        again = parts.groupby(parts.index.str[0]).sum()
        assert again.to_dict() == pytest.approx(credited(one, rule).to_dict()), rule


@settings(max_examples=15, deadline=None)
@given(random_paths)
def test_collapsing_repeats_leaves_a_chain_of_order_one(rows):
    short = []
    for path, *rest in rows:
        turn = path.split(" > ")
        short.append((" > ".join(t for n, t in enumerate(turn) if not n or t != turn[n - 1]), *rest))
    both = [attribution_markov.effects(read(table(*r)), 1)[0] for r in (rows, short)]
    assert both[0] == pytest.approx(both[1], abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(random_paths, st.integers(2, 50))
def test_counting_every_path_so_many_times_changes_no_share(rows, times):
    more = [(p, c * times, n * times, v * times) for p, c, n, v in rows]
    for order in (1, 2, 3):
        both = [attribution_markov.effects(read(table(*r)), order)[0] for r in (rows, more)]
        assert both[0] == pytest.approx(both[1], abs=1e-12)


def drawn(seed, channels=12, count=3_000):
    dice = np.random.default_rng(seed)
    lengths = dice.geometric(0.3, count)
    paths = [" > ".join(f"c{t:02}" for t in dice.integers(0, channels, n)) for n in lengths]
    return read(table(*((p, int(c), 4, int(c) * 100) for p, c in zip(paths, dice.poisson(0.5, count), strict=True))))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_both_ways_of_solving_a_chain_agree(order, monkeypatch):
    paths = drawn(2, channels=5)
    dense = attribution_markov.effects(paths, order)[0]
    monkeypatch.setattr(attribution_markov, "DENSE", 0)
    series = attribution_markov.effects(paths, order)[0]
    monkeypatch.setattr(attribution_markov, "STEPS", 0)
    factored = attribution_markov.effects(paths, order)[0]
    assert dense == pytest.approx(series, abs=1e-12) and dense == pytest.approx(factored, abs=1e-12)


def test_shapley_of_gloves():
    """One left glove, two right ones; a pair is worth 1: 2/3 to the left, 1/6 to each right one (Shapley 1953)."""
    worth = np.array([0, 0, 0, 1, 0, 1, 0, 1], float)  # bits: left, right, right
    assert attribution_shapley.exact(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


games = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.integers(-50, 50), min_size=2**n, max_size=2**n).map(lambda v: np.array([0, *v[1:]], float))
)


@settings(max_examples=60, deadline=None)
@given(games)
def test_shapley_axioms(worth):
    n = len(worth).bit_length() - 1
    found = attribution_shapley.exact(worth)
    assert found.sum() == pytest.approx(worth[-1])  # efficiency
    with_null = np.r_[worth, worth]  # one more player, who adds nothing
    assert attribution_shapley.exact(with_null) == pytest.approx(np.r_[found, 0])
    if n > 1:  # symmetry: two players swapped, and their values with them
        index = np.arange(len(worth))
        swapped = (index & ~3) | (index & 1) << 1 | (index & 2) >> 1
        again = attribution_shapley.exact(worth[swapped])
        assert again[[1, 0, *range(2, n)]] == pytest.approx(found)
    assert attribution_shapley.exact(worth + 3 * worth) == pytest.approx(4 * found)  # linearity


def test_subset_sums_by_hand():
    assert attribution_shapley.subset_sums(np.array([1.0, 2, 4, 8])).tolist() == [1, 3, 5, 15]


def test_sampled_shapley_is_within_its_error():
    paths = drawn(3)
    exact = attribution_shapley.credit(paths, paths.conversions)
    told, error = attribution_shapley.sampled(paths, paths.conversions, np.random.default_rng(4), 4_000)
    assert told.sum() == pytest.approx(paths.conversions.sum()) and (error > 0).all()
    assert (np.abs(told - exact) < 4 * error).all() and np.abs(told - exact).max() > 0


def test_many_channels_are_sampled():
    paths = drawn(5, channels=20, count=300)
    assert attribution_shapley.credit(paths, paths.conversions).sum() == pytest.approx(paths.conversions.sum())


@given(st.lists(st.integers(0, 10**6).map(lambda n: n / 997), min_size=1, max_size=12), st.integers(0, 10**7))
def test_whole_numbers_keep_the_sum(parts, total):
    told = whole(pd.Series(parts, [f"c{n}" for n in range(len(parts))]), total)
    assert told.sum() == (total if sum(parts) > 0 else min(total, len(parts))) and (told >= 0).all()


def test_shares_of_a_path_sum_to_one():
    paths = drawn(6)
    for rule in RULES:
        assert np.bincount(paths.path, shares(paths, rule)) == pytest.approx(1), rule
    with pytest.raises(KeyError):
        shares(paths, "no such rule")


def test_how_far_methods_are_apart():
    share = pd.DataFrame(
        {"x": [0.5, 0.5], "y": [0.8, 0.2], "z": [0.5, 0.5]}, index=pd.Index(["a", "b"], name="channel")
    )
    told = attribution_methods.apart(share)
    assert (told.a[0], told.b[0], told.moved[0]) == ("x", "y", pytest.approx(0.3)) and told.moved.iloc[-1] == 0
    gap = attribution_methods.ranges(share).set_index("channel")
    assert gap.loc["a", "high_method"] == "y" and gap.gap.to_list() == pytest.approx([0.3, 0.3])


def test_intervals_are_of_consumers_drawn_again():
    """All paths of a bucket go together: copies of one bucket's paths in twenty buckets are twenty times as much evidence."""
    one = table(*(("a", 1), ("b", 1)) * 10)
    spread = one.assign(bucket=range(20))
    lumped = one.assign(bucket=np.repeat([0, 1], 10))
    widths = []
    for frame in (spread, lumped):
        told, _ = attribution_methods.side_by_side(read(frame), methods=["last"], draws=200, seed=3)
        widths.append(float((told.high - told.low).iloc[0]))
    assert widths[1] > 1.5 * widths[0] > 0
    empty, found = attribution_methods.side_by_side(read(table(("", 3))), methods=["last"])
    assert empty.empty and not found


def test_names_are_in_the_order_of_the_alphabet():
    paths = read(table(("z > a", 1), ("m", 2)))
    assert paths.channels == ("a", "m", "z") and attribution.credit(paths, shares(paths, "last"), paths.conversions).tolist() == [
        1, 2, 0]  # fmt: skip
