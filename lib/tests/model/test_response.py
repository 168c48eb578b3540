"""Rates of use: small cells are held back, large ones stand, and joins have Wilson's interval."""

import numpy as np
import pandas as pd
import pytest

from apex.model import response


def frame(*rows):
    made = pd.DataFrame(rows, columns=["benefit", "cut", "cell", "offered", "used"])
    return made.assign(unused=made.offered - made.used)


def test_small_cells_are_held_back_and_large_ones_stand():
    rows = [("c", "age", f"{n}", 400, 80 + 10 * (n % 3)) for n in range(8)]
    found = response.rates(frame(*rows, ("c", "age", "few", 4, 4), ("c", "age", "nobody", 0, 0)))
    assert len(found) == 9 and "nobody" not in set(found.cell)
    few, large = found[found.cell == "few"].iloc[0], found[found.cell == "2"].iloc[0]
    assert few.rate == 1 and few.likely < 0.5 and few.high - few.low > large.high - large.low
    assert (
        large.likely == pytest.approx(0.25, abs=0.02)
        and ((found.low < found.likely) & (found.likely < found.high)).all()
    )


def test_raw_rates_of_small_cells_are_further_from_the_truth():
    """Known-wrong: the share as counted. Twenty worlds of ten cells of thirty people each."""
    off, held = {"likely": [], "rate": []}, []
    for seed in range(20):
        dice = np.random.default_rng(seed)
        truth = dice.beta(8, 24, 10)
        found = response.rates(frame(*[("c", "age", f"{n}", 30, k) for n, k in enumerate(dice.binomial(30, truth))]))
        for column, errors in off.items():
            errors.append(((found[column] - truth) ** 2).mean())
        held.append(((found.low <= truth) & (truth <= found.high)).mean())
    assert np.mean(off["likely"]) < 0.8 * np.mean(off["rate"])
    assert np.mean(held) >= 0.9


def test_cuts_are_estimated_apart_and_benefits_add_up():
    used = frame(
        ("c", "all", "all", 100, 30), ("d", "all", "all", 50, 5), ("c", "age", "x", 100, 30), ("d", "age", "x", 50, 5)
    )
    assert len(response.by_cut(used)) == 4 and response.by_cut(used.iloc[:0]).empty
    both = response.together(used)
    assert both.offered.tolist() == [150, 150] and both.used.tolist() == [35, 35] and both.unused.tolist() == [115, 115]


def test_goods_beside_those_offered():
    goods = pd.DataFrame(
        [("c", "x", "tea", 12), ("c", "x", "soap", 3), ("c", "y", "tea", 1)],
        columns=["benefit", "cell", "good", "people"],
    )
    used = frame(("c", "age", "x", 60, 15), ("c", "age", "y", 9, 1))
    found = response.of_goods(goods, used).set_index(["cell", "good"])
    assert found.offered.tolist() == [60, 60, 9] and found.unused.tolist() == [48, 57, 8]
    assert found.likely["x", "tea"] == pytest.approx(0.2, abs=0.06)


def test_joins():
    rows = [("business", "a", 100, 20, 80, 130), ("business", "b", 29, 9, 20, 40), ("business", "c", 300, 30, 270, 301)]
    invited = pd.DataFrame(rows, columns=["cut", "cell", "people", "joined", "stayed_out", "days"])
    found = response.joins(invited)
    assert list(found.cell) == ["c", "a"] and found.rate.tolist() == pytest.approx([30 / 301, 20 / 130])
    assert found.low[1] == pytest.approx(0.1018, abs=1e-3) and found.high[1] == pytest.approx(0.2257, abs=1e-3)
    nobody = invited.assign(joined=0)
    assert (
        response.joins(nobody).empty and response.joins(invited.assign(joined=pd.NA).astype({"joined": "Int64"})).empty
    )
