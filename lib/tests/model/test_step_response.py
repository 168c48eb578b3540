"""Response by message and state: planted in clicks, held back where few."""

import numpy as np
import pandas as pd
import pytest

from apex.model import step_response

CELLS, MESSAGES = ("A", "P"), ("news", "price")


def log(n=60_000, seed=2):
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "channel": dice.choice(["feed", "live", "tv"], n), "cell": dice.choice(CELLS, n), "message": dice.choice(MESSAGES, n),
        "since": dice.integers(0, 4, n), "touches": dice.integers(0, 6, n), "last": dice.choice(["", *MESSAGES], n),
    })  # fmt: skip
    rate = frame.channel.map({"feed": 0.03, "live": 0.1, "tv": 0.0}).to_numpy()
    rate = (
        rate
        * np.where((frame.cell == "P") & (frame.message == "price"), 1.6, 1.0)
        * np.where(frame["last"] == frame.message, 0.7, 1)
    )
    return frame.assign(clicked=(dice.random(n) < rate).astype(int))


def test_planted():
    got = step_response.fit(log())
    by, spread = step_response.table(got, CELLS, MESSAGES, 4, 6)
    assert by.shape == (2, 4, 6, 3, 2)
    assert by[1, 3, 0, 0, 1] / by[1, 3, 0, 0, 0] == pytest.approx(1.6, rel=0.2)
    assert by[0, 3, 0, 0, 1] / by[0, 3, 0, 0, 0] == pytest.approx(1.0, rel=0.15)
    assert by[0, 3, 1, 2, 1] / by[0, 3, 1, 1, 1] == pytest.approx(0.7, rel=0.15)
    assert (spread > 0).all() and spread.max() < 0.5
    assert got.clicks == log().clicked.sum()


def test_few_are_held_back():
    few, many = (step_response.table(step_response.fit(log(n)), CELLS, MESSAGES, 4, 6) for n in (150, 60_000))
    assert np.abs(np.log(few[0][:, 3, 0, 0])).max() < 0.5
    assert few[1].mean() > 2 * many[1].mean()


def test_touches_wear_by_the_prior():
    by, _ = step_response.table(step_response.fit(log().iloc[:0]), CELLS, MESSAGES, 4, 6)
    assert by[0, 0, 0, 0, 0] == 1 and by[0, 0, 5, 0, 0] == pytest.approx(1 / (1 + 5 * step_response.WEAR))
