"""Parts of a change: they add up to it, whatever the numbers; what is hidden has none."""

import numpy as np
import pandas as pd
import pytest

from apex.model import reasons

STAGES = pd.CategoricalDtype(["none", "A", "P", "L"], ordered=True)


def sold(before, now, whole=True):
    frame = pd.DataFrame(
        [("before", "all", *before), ("now", "all", *now)], columns=["period", "cut", "buyers", "orders", "gmv_minor"]
    )
    return frame.assign(whole=whole)


@pytest.mark.parametrize("seed", range(20))
def test_gmv_is_buyers_times_orders_times_price(seed):
    rng = np.random.default_rng(seed)
    before, now = rng.integers(1, 50, (2, 3)).cumprod(axis=1)
    found = reasons.gmv(sold(before, now))
    assert found.value.sum() == pytest.approx(now[2] - before[2])
    assert list(found.part) == ["buyers", "orders", "price"]


def test_gmv_of_one_factor_alone():
    found = reasons.gmv(sold((10, 20, 4000), (15, 30, 6000))).set_index("part").value
    assert (
        found["buyers"] == pytest.approx(2000)
        and found["orders"] == pytest.approx(0)
        and found["price"] == pytest.approx(0)
    )


@pytest.mark.parametrize(
    "frame", [sold((0, 0, 0), (1, 1, 9)), sold((1, 1, 9), (pd.NA, pd.NA, pd.NA)), sold((1, 1, 9), (1, 1, 9), False)]
)
def test_no_parts_where_a_period_is_empty_hidden_or_not_whole(frame):
    assert reasons.gmv(frame).empty


@pytest.mark.parametrize("seed", range(20))
def test_a_share_changes_by_its_two_sides(seed):
    rng = np.random.default_rng(seed)
    mine, other = (pd.Series(rng.integers(0, 9, 2), ["before", "now"]) for _ in range(2))
    found = reasons.share("T", mine, other)
    if ((mine + other) == 0).any():
        assert found.empty
        return
    share = mine / (mine + other)
    assert found.value.sum() == pytest.approx(share["now"] - share["before"])
    swapped = reasons.share("T", other, mine)
    assert found.value.tolist() == pytest.approx((-swapped.value[::-1]).tolist()), "the other side sees the opposite"


def test_a_share_whose_rest_alone_moved_has_no_part_of_its_own():
    found = (
        reasons.share("T", pd.Series([5, 5], ["before", "now"]), pd.Series([5, 15], ["before", "now"]))
        .set_index("part")
        .value
    )
    assert found["mine"] == pytest.approx(0) and found["other"] == pytest.approx(-0.25)
    assert reasons.share("T", pd.Series([5, None], ["before", "now"]), pd.Series([5, 15], ["before", "now"])).empty
    assert reasons.share("T", pd.Series({"now": 5}), pd.Series({"now": 5})).empty


def flow(cells):
    frame = pd.DataFrame([(*k, v) for k, v in cells.items()], columns=["from_stage", "to_stage", "consumers"])
    return frame.astype({"from_stage": STAGES, "to_stage": STAGES, "consumers": "Int64"})


NOW = {
    ("none", "A"): 10,
    ("A", "A"): 30,
    ("A", "P"): 8,
    ("A", "L"): 2,
    ("P", "L"): 5,
    ("P", "P"): 40,
    ("L", "A"): 3,
    ("P", "none"): 4,
}
THEN = {("A", "A"): 40, ("A", "P"): 4, ("P", "L"): 6, ("P", "P"): 50}


def test_each_stage_gains_and_loses_what_the_flow_says():
    found = reasons.by_stage(flow(NOW)).set_index(["figure", "part"]).value
    assert found["stage:A", "came"] == 13 and found["stage:A", "left"] == -10
    assert found["stage:P", "came"] == 8 and found["stage:P", "left"] == -9
    assert found["stage:L", "came"] == 7 and found["stage:L", "left"] == -3
    hidden = reasons.by_stage(flow(NOW | {("A", "P"): None}))
    assert set(hidden.figure) == {"stage:L"}, "what needs the hidden cell is not said"


def test_advance_is_split_by_the_stage_risen_from():
    found = reasons.advance(flow(NOW), flow(THEN)).set_index("part").value
    now, then = 15 / 92, 10 / 100
    assert found.sum() == pytest.approx(now - then)
    assert found["stage:A"] == pytest.approx(10 / 92 - 4 / 100) and "stage:L" not in found
    assert reasons.advance(flow(NOW), None).empty
    assert reasons.advance(flow(NOW | {("A", "P"): None}), flow(THEN)).empty


def test_all_together_and_nothing_at_all():
    lines = [("now", "all", "all", 20, 25, 900), ("before", "all", "all", 10, 12, 300)]
    for period, new in (("now long", 8), ("before long", 4)):
        lines += [
            (period, "all", "all", 30, 30, 900),
            (period, "history", "new", new, new, 100),
            (period, "history", "old", 30 - new, 30, 800),
        ]
    frame = pd.DataFrame(lines, columns=["period", "cut", "group", "buyers", "orders", "gmv_minor"]).assign(whole=True)
    turns = pd.DataFrame({"part": ["joined", "lapsed"], "consumers": pd.array([9, None], "Int64")})
    moved = pd.DataFrame({"came": [12], "left": [5]})
    health = pd.DataFrame({"period": ["now", "before"], "figure": "T", "n": [30, 20], "rest": [70, 80]})
    turned = pd.DataFrame({"joined": [10], "left": [4]})
    found = reasons.together(frame, turns, moved, flow(NOW), flow(THEN), health, turned)
    assert not found.duplicated(["figure", "part"]).any()
    without = reasons.together(frame, turns, moved, flow(NOW), None, health, turned.iloc[:0])
    assert not {"S", "A"} & set(without.figure) and len(without) < len(found)
    sums = found.groupby("figure").value.sum()
    assert (
        sums["gmv"] == pytest.approx(600) and sums["assets"] == 7 and sums["S"] == 6 and sums["T"] == pytest.approx(0.1)
    )
    assert sums["new_buyers"] == pytest.approx(4 / 30) and "aac" not in sums and "member_buyers" not in sums
