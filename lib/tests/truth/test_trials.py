"""Trials without effect and a look every day: the bars of the notebook `3_execute/trials`, on seeds that nothing was chosen
on."""

import numpy as np
import pytest

from truth import trials
from truth.trial_worlds import SHAPES, draw

PEEKED = ("clicks", "buyers", "buyers, one in ten held out", "money", "money, one in ten held out")


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.name)
def test_false_winners(shape):
    """2,000 trials a shape (seeds 700,000 on; twenty seconds each): not more than 5 % by the exact test; of two arms a
    one-look test that is asked every day fails it."""
    found = trials.false_winners(shape)
    assert found["p"] > 0.01, found
    if shape.name in PEEKED:
        assert found["fixed_p"] < 0.01, found


@pytest.mark.slow
def test_thompson_misses_less():
    """300 trials of four items (a minute): fewer clicks are missed than by an equal split, and false winners stay rare under
    it."""
    found = trials.regret(300)
    assert found["low"] > 0 and found["false"] <= 0.08 * 300


@pytest.mark.slow
def test_what_peeking_costs():
    """400 trials: with a real lift of one half most are found, sooner than planned, and hardly ever the wrong arm."""
    found = trials.found(SHAPES[0], 0.5, 400)
    assert found["found"] >= 0.7 and found["wrong"] <= 0.01 and found["days"] < found["of"]


def test_the_page_is_written(tmp_path, capsys):
    """Two trials a shape: that all of it fits together."""
    assert trials.main(["--trials", "2", "--first", "5", "--folder", str(tmp_path)]) == 0
    page = (tmp_path / "trials.html").read_text(encoding="utf-8")
    assert "Thompson" in page and "four items" in page and (tmp_path / "trials.csv").exists()
    assert capsys.readouterr().out.strip().endswith("trials.html")


def test_drawn_trials_are_what_they_say():
    counted = draw(SHAPES[3], np.random.default_rng(0))
    assert counted.arms.units.sum() == 6000 and counted.grid("did").to_numpy().sum() < 6000
    assert counted.grid("gmv_minor").diff().dropna().ge(0).all().all()
    many = [draw(SHAPES[5], np.random.default_rng(k), 1.0).grid("gmv_minor").iloc[-1] for k in range(5)]
    assert np.mean([m["a0"] / m["a1"] for m in many]) > 1.4
