"""What people buy untouched: ranked as planted, at the level of those who were not met."""

import numpy as np
import pandas as pd
import pytest

from apex.model import untouched


def points(n=30_000, seed=4):
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame({"cell": dice.choice(["I", "P"], n), "visits": dice.integers(0, 4, n), "cohort": dice.integers(0, 5, n),
                          "met": (dice.random(n) < 0.4).astype(int)})  # fmt: skip
    mean = (
        np.where(frame.cell == "P", 300, 50) * np.exp(0.4 * frame.visits - 0.6) * np.where(frame.cohort == 3, 2.0, 1.0)
    )
    return frame.assign(mean=mean, gmv_minor=(dice.random(n) < 0.05) * mean * 20 * (1 + frame.met))


def test_planted():
    frame = points()
    got = untouched.fit(frame, ["visits"])
    then = got.expected_then(frame)
    assert np.corrcoef(then, frame["mean"])[0, 1] > 0.97
    free = frame.met == 0
    assert then[free].mean() == pytest.approx(frame.gmv_minor[free].mean(), rel=0.05)
    assert got.expected(frame)[free].mean() == pytest.approx(frame.gmv_minor[free].mean(), rel=0.05)
    assert pd.Series(got.times(frame)).groupby(frame.cell).mean().round(1).tolist() == [1.0, 1.0]


def test_tiers():
    times = np.random.default_rng(1).lognormal(0, 1, 1000)
    tier = untouched.tiers(times, untouched.cuts(times))
    assert np.bincount(tier).tolist() == [400, 300, 200, 50, 30, 10, 5, 5]
    assert times[tier == 3].min() >= times[tier == 2].max()


def test_nothing_bought_fits_nothing():
    assert untouched.fit(points().assign(gmv_minor=0.0), ["visits"]) is None
    assert untouched.fit(points().iloc[:0], ["visits"]) is None
