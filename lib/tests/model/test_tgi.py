"""TGI against simulated truth and by hand; two known-wrong intervals fail the same test."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from apex.model import tgi

TIMES = 4000
# consumers of the category, share of them in the cell, penetration in the cell and outside
INSIDE = [
    (10000, 0.10, 0.30, 0.30),
    (8000, 0.12, 0.37, 0.33),
    (2000, 0.10, 0.50, 0.30),
    (400, 0.10, 0.80, 0.60),
    (2000, 0.30, 0.90, 0.70),
    (700, 0.40, 0.93, 0.85),
    (1000, 0.05, 0.10, 0.10),
]
# people in both groups, in the first only, in the second only; their shares with the trait
ANY_TWO = [
    ((0, 500, 500), (0.00, 0.10, 0.20)),
    ((200, 300, 500), (0.10, 0.20, 0.10)),
    ((1000, 50, 50), (0.10, 0.10, 0.30)),
]


def category(all_, share, inside, outside, drawn=False, seed=3):
    """TIMES categories (x, n) of which each consumer is ours or not; the true TGI, and the width of who knows all shares.

    drawn: the category's own consumers are a draw as well.
    """
    dice = np.random.default_rng(seed)
    cell = dice.binomial(all_, share, TIMES) if drawn else np.full(TIMES, round(all_ * share))
    ours, others, nobody = dice.binomial(cell, inside), dice.binomial(all_ - cell, outside), np.zeros(TIMES)
    x, n = np.array([ours, nobody, cell - ours], float), np.array([ours + others, nobody, all_ - ours - others], float)
    truth = inside / (inside * share + outside * (1 - share))
    spread = (1 - inside) / (all_ * share * inside) + (1 - outside) / (all_ * (1 - share) * outside)
    return x, n, truth, 2 * stats.norm.ppf(0.975) * truth * (1 - share * truth) * np.sqrt(spread)


def two(n, p, seed=3):
    """TIMES draws of any two groups (x, n) and the true TGI."""
    dice = np.random.default_rng(seed)
    x = np.array([dice.binomial(size, share, TIMES) for size, share in zip(n, p, strict=True)], float)
    first, second = ((n[0] * p[0] + n[i] * p[i]) / (n[0] + n[i]) for i in (1, 2))
    return x, np.broadcast_to(np.array(n, float)[:, None], x.shape), first / second


def independent(x, n):
    """Wrong: two samples that have nobody in common (logarithm of a ratio of two independent shares)."""
    (a, c), (of, all_) = (x[0] + x[1], x[0] + x[2]), (n[0] + n[1], n[0] + n[2])
    return on_the_logarithm(a, of, c, all_, 1 / a - 1 / of + 1 / c - 1 / all_)


def known(x, n):
    """Wrong: the category's share taken as known, as if ours were no part of it."""
    (a, c), (of, all_) = (x[0] + x[1], x[0] + x[2]), (n[0] + n[1], n[0] + n[2])
    return on_the_logarithm(a, of, c, all_, 1 / a - 1 / of)


def on_the_logarithm(a, of, c, all_, variance):
    half = stats.norm.ppf(0.975) * np.sqrt(np.maximum(variance, 0))
    value = (a / of) / (c / all_)
    return value * np.exp(-half), value * np.exp(half)


def holds(ends, truth):
    return float(np.mean((ends[0] <= truth) & (truth <= ends[1])))


@pytest.mark.parametrize("setting", INSIDE)
def test_the_interval_of_a_group_inside_another_holds_the_truth_as_often_as_it_says(setting):
    x, n, truth, width = category(*setting)
    low, high = tgi.interval_inside(x, n)[1:]
    assert 0.935 <= holds((low, high), truth) <= 0.965
    assert np.median(high - low) <= 1.25 * width
    x, n, truth, _ = category(*setting, drawn=True)
    assert 0.935 <= holds(tgi.interval_inside(x, n)[1:], truth) <= 0.965, "also where the category is a draw"


@pytest.mark.parametrize("wrong", [independent, known])
def test_forgetting_that_ours_are_part_of_the_category_fails_the_same_test(wrong):
    for setting in INSIDE[:6]:
        x, n, truth, _ = category(*setting)
        assert holds(wrong(x, n), truth) > 0.965, "too wide: what both have in common cancels"


def test_the_three_parts_of_any_two_groups_are_not_enough_inside_where_most_are_ours():
    """The known-wrong method where nearly all are ours: shares with the trait of those in both and of the few others."""
    x, n, truth, _ = category(2000, 0.30, 0.90, 0.70)
    assert holds(tgi.interval(x, n)[1:], truth) < 0.935


@pytest.mark.parametrize(("n", "p"), ANY_TWO)
def test_the_interval_of_any_two_groups_holds_the_truth(n, p):
    x, sizes, truth = two(n, p)
    assert 0.935 <= holds(tgi.interval(x, sizes)[1:], truth) <= 0.965


def test_of_one_or_two_people_it_still_holds_the_truth_where_the_logarithm_has_no_answer():
    x, n, truth, _ = category(500, 0.03, 0.10, 0.10)
    assert 0.935 <= holds(tgi.interval_inside(x, n)[1:], truth) <= 0.98 and (x[0] == 0).mean() > 0.1
    nobody, everybody = np.array([[0.0], [0.0], [9.0]]), np.array([[40.0], [0.0], [100.0]])
    value, low, high = tgi.interval_inside(nobody, everybody)
    assert value == 0 and low == 0 and 0 < high < 5


def test_wilson_is_statsmodels():
    x, n = np.array([0.0, 3, 40, 100]), np.array([50.0, 20, 90, 100])
    low, high = proportion_confint(x, n, method="wilson")
    mine = tgi.wilson(x, n)
    assert np.allclose(mine[0], low) and np.allclose(mine[1], high)


def parts(*rows, cut="crowd"):
    columns = ["cell", "both", "who_only", "against_only"]
    return pd.DataFrame(rows, columns=columns).assign(cut=cut)[["cut", *columns]]


def test_shares_are_those_of_whom_it_is_known_and_the_unknown_are_said():
    found = tgi.index(parts(("a", 30, 0, 30), ("b", 30, 0, 90), ("", 40, 0, 80))).set_index("cell")
    assert found.share.to_dict() == {"a": 0.5, "b": 0.5, "": 0.4}
    assert found.share_against["a"] == pytest.approx(60 / 180) and found.share_against[""] == pytest.approx(120 / 300)
    assert found.tgi["a"] == pytest.approx(150) and found.tgi["b"] == pytest.approx(75)
    assert found.loc[""][["tgi", "low", "high"]].isna().all()
    assert (found.low.dropna() < found.tgi.dropna()).all() and (found.high.dropna() > found.tgi.dropna()).all()
    assert found.who.to_list() == [30, 30, 40] and found.against.to_list() == [60, 120, 120]


def test_each_cut_has_its_own_whole():
    both = pd.concat([parts(("a", 10, 0, 10), ("b", 10, 5, 30)), parts(("a", 1, 2, 3), cut="other")], ignore_index=True)
    alone = tgi.index(both[both["cut"] == "other"])
    pd.testing.assert_frame_equal(tgi.index(both).tail(1).reset_index(drop=True), alone)
    assert alone.tgi[0] == 100
    inside = tgi.index(both.assign(who_only=[0, 0, 2]))
    assert inside.low[0] != tgi.index(both).low[0] and inside.low[2] == alone.low[0], (
        "each cut is inside or not by itself"
    )


def test_few_and_clear_come_from_what_is_shown():
    found = tgi.index(parts(("a", 29, 0, 3), ("b", 300, 0, 900), ("c", 31, 0, 90), ("", 9, 0, 9)))
    hidden = found.assign(**{c: found[c].mask(found.cell == "b") for c in (*tgi.PEOPLE, *tgi.ALSO)})
    judged = tgi.judged(hidden.astype(dict.fromkeys(tgi.PEOPLE, "Int64"))).set_index("cell")
    assert judged.few.to_dict() == {"a": True, "b": False, "c": False, "": False}
    assert judged.clear.to_dict() == {"a": True, "b": False, "c": False, "": False}


def test_over_all_cells_chance_is_pearsons():
    found = tgi.inside(tgi.index(parts(("a", 30, 0, 30), ("b", 30, 0, 90), ("c", 5, 0, 20), ("", 40, 0, 80))))
    expected = stats.chi2_contingency([[30, 30, 5], [30, 90, 20]], correction=False).pvalue
    assert tgi.chance(found) == pytest.approx(expected)
    assert tgi.chance(found[found.cell == ""]) == 1


def test_nobody_of_against_has_no_tgi_and_where_all_are_ours_it_is_100():
    found = tgi.index(parts(("a", 0, 5, 0), ("b", 5, 5, 50))).set_index("cell")
    assert pd.isna(found.tgi["a"]) and pd.isna(found.low["a"])
    assert tgi.index(parts(("a", 0, 0, 5), ("b", 0, 0, 9)))[["tgi", "low", "high", "share"]].isna().all(axis=None), (
        "no who"
    )
    same = tgi.index(parts(("a", 7, 0, 0), ("b", 5, 0, 0)))
    assert (same.tgi == 100).all() and (same.low < 100).all(), "seven of seven may have been six"
    assert tgi.index(parts()).empty


def test_stages_are_held_against_all_of_the_category():
    counts = pd.DataFrame(
        [("a", "O", 50), ("a", "P", 30), ("b", "O", 100), ("b", "P", 20), ("", "O", 5), ("", "P", 5)],
        columns=["cell", "stage", "consumers"],
    )
    found = tgi.of_stages(counts).set_index(["cell", "stage"])
    assert found.tgi["a", "P"] == pytest.approx(100 * (30 / 50) / (80 / 200))
    assert found.tgi["b", "O"] == pytest.approx(100 * (100 / 150) / (120 / 200)) and pd.isna(found.tgi["", "P"])
