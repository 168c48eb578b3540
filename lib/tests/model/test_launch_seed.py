"""Seed crowds, sample sizes, growth curves and what is listed, by hand and beside statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from apex.model import launch_seed, launch_shape


@pytest.mark.parametrize("base", [0.001, 0.02, 0.3])
@pytest.mark.parametrize("lift", [0.25, 0.5, 1.0])
def test_sample_sizes_are_those_of_statsmodels(base, lift):
    each = launch_seed.needed(base, lift)
    size = proportion_effectsize(base * (1 + lift), base)
    assert abs(each - NormalIndPower().solve_power(size, alpha=0.05, power=0.8)) <= 2
    assert launch_seed.tellable(base, each) == pytest.approx(lift, rel=0.02)


def test_no_size_where_there_is_nothing_to_tell():
    assert (
        launch_seed.needed(0.0, 0.5) is None
        and launch_seed.needed(0.7, 0.5) is None
        and launch_seed.needed(0.1, 0) is None
    )
    assert launch_seed.tellable(0.1, 1) is None and launch_seed.tellable(0.5, 3) is None
    found = launch_seed.tests([("sampling", 0.02, 5000), ("item", 0.7, 90)], [0.25, 1.0])
    assert list(zip(found.kind, found.lift, strict=True)) == [("sampling", 0.25), ("sampling", 1.0), ("item", 0.25)]
    assert (found.both == 2 * found["each"]).all() and list(found.enough) == [False, True, False]


def test_a_sample_of_that_size_tells_the_lift_in_four_of_five():
    chance, each = np.random.default_rng(1), launch_seed.needed(0.05, 0.5)
    a, b = chance.binomial(each, 0.05, 4000) / each, chance.binomial(each, 0.075, 4000) / each
    error = np.sqrt((a * (1 - a) + b * (1 - b)) / each)
    assert 0.77 < ((b - a) / error > 1.96).mean() < 0.84


def counted(dice, launches=20, truth=(3.0, 1.0), people=(200, 800), noise=0.0):
    rows = []
    for n in range(launches):
        rate = 0.02 * np.exp(noise * dice.normal(size=2))
        early = [dice.binomial(p, r * t) for p, r, t in zip(people, rate, truth, strict=True)]
        rows += [(f"i{n}", "L", "stage", "", people[0], early[0]), (f"i{n}", "A", "stage", "", people[1], early[1]),
                 (f"i{n}", "", "", "", sum(people), sum(early))]  # fmt: skip
    rows += [
        ("", "L", "stage", "L", 70, 0),
        ("", "A", "stage", "A", 300, 0),
        ("", "", "", "L", 70, 0),
        ("", "A", "stage", "none", 9, 0),
    ]
    return pd.DataFrame(rows, columns=["item_id", "crowd", "kind", "stage", "people", "early"])


def test_a_crowd_that_buys_early_is_found_with_its_lift():
    frame = counted(np.random.default_rng(2))
    found = launch_seed.lifts(frame, ["A", "L"])
    first = found.iloc[0]
    whole = frame[(frame.kind == "") & (frame.item_id != "")]
    assert (
        first.crowd == "L"
        and first.ranked
        and not found.ranked.iloc[1]
        and first.reach == 70
        and found.reach.iloc[1] == 300
    )
    assert first.lift == pytest.approx(first.early / first.people / (whole.early.sum() / whole.people.sum()))
    assert first.low < first.lift < first.high


def test_intervals_hold_the_lift_also_where_launches_differ():
    """Lifts that differ from launch to launch: the interval is widened; without that it holds too seldom."""
    truth, inside, plain = 3.0 * 1000 / (200 * 3.0 + 800), [], []
    for seed in range(40):
        frame = counted(np.random.default_rng(seed), noise=0.4)
        row = launch_seed.lifts(frame, ["A", "L"]).set_index("crowd").loc["L"]
        inside.append(row.low <= truth <= row.high)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(launch_seed, "_over", lambda *_: 1.0)
            bare = launch_seed.lifts(frame, ["A", "L"]).set_index("crowd").loc["L"]
        plain.append(bare.low <= truth <= bare.high)
    assert np.mean(inside) >= 0.85 and np.mean(plain) < np.mean(inside) - 0.05


def test_stages_of_too_few_early_buyers_are_taken_together():
    frame = counted(np.random.default_rng(3))
    frame.loc[frame.crowd == "A", "early"] = 0
    frame.loc[(frame.crowd == "A") & (frame.item_id == "i0"), "early"] = 2
    both = launch_seed.joined(frame, ["A", "L"], 5)
    assert set(both.crowd[both.kind == "stage"]) == {"A+L"}
    assert both.people[both.kind == "stage"].sum() == frame.people[frame.kind == "stage"].sum()
    same = launch_seed.joined(frame, ["A", "L"], 2)
    assert set(same.crowd[same.kind == "stage"]) == {"A", "L"}
    assert launch_seed.lifts(frame.head(0), ["A"]).empty


def test_weighted_quantiles():
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert launch_shape.weighted(values, weight, (0.25, 0.5, 0.76, 1.0)) == [1.0, 2.0, 3.0, 3.0]


def test_people_of_few_other_brands_are_left_out():
    rows = (
        [("alike", "b", 10, 4, 8, 2)]
        + [("alike", f"c{n}", 20, 5, 20, 1) for n in range(4)]
        + [("ours", "b", 7, 3, 0, 0)]
    )
    kpis = pd.DataFrame(rows, columns=["part", "brand", "buyers", "new", "judged", "again"]).assign(
        out_days=3, known_days=30
    )
    found = launch_shape.people(kpis, "b").set_index(["kpi", "who"])
    assert tuple(found.loc[("new", "analogues")]) == (4, 10, 1) and tuple(found.loc[("again", "ours")]) == (0, 0, 1)
    more = pd.concat([kpis, kpis.iloc[[1]].assign(brand="c9")])
    assert launch_shape.people(more, "b").set_index(["kpi", "who"]).of["new", "analogues"] == 110
    assert launch_shape.out_days(kpis) == pytest.approx(9.0)
    assert launch_shape.out_days(kpis.assign(known_days=pd.NA)) is None
