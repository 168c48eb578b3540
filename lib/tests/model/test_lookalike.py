"""Look-alikes: what a known world says, and what must not be found in noise."""

import numpy as np

from apex.model import lookalike as model


def world(n=6000, labelled=0.4, seed=0):
    """Who is like: a logistic rule of two of six things known; the seed is a fair share of them; who came: like, a half."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    like = rng.random(n) < 1 / (1 + np.exp(-(6 * x[:, 0] + 3 * x[:, 1] - 6)))
    seed_ = like & (rng.random(n) < labelled)
    came = like & ~seed_ & (rng.random(n) < 0.5)
    return x, like, seed_, came, rng.integers(0, 2**62, n)


def test_the_share_that_the_seed_holds_is_nearly_found_again():
    """c is 0.4, and found a little small, since like and unlike overlap: their chance comes out a little large, never above 1."""
    x, like, seed, _, key = world()
    found = model.likeness(x, seed, key)
    assert 0.25 < found.c < 0.42
    assert like[~seed].mean() - 0.02 < found.chance[~seed].mean() < 1.8 * like[~seed].mean()
    assert (found.chance <= 1).all() and model.likeness(x, seed, key).g.tolist() == found.g.tolist()


def test_who_came_is_found_far_above_chance_and_a_poor_rule():
    x, _, seed, came, key = world()
    g, pool = model.likeness(x, seed, key).g[~seed], ~seed
    rule = {"poor": x[pool, 1] > 1, "good": 6 * x[pool, 0] + 3 * x[pool, 1] > 6}
    told = model.beside(g, came[pool], rule).set_index("crowd")
    assert told.low["random"] > 0.3 and told.low["poor"] > 0 and told.low["good"] < 0.02 < told.lead["all"]
    assert (told.low <= told.lead).all() and (told.lead <= told.high).all()
    curve = model.gain(g, came[pool])
    assert curve.caught.is_monotonic_increasing and curve.caught.iloc[[0, -1]].tolist() == [0, 1]


def test_noise_is_not_like_anything():
    """A seed drawn at random: nothing is found, though a model that saw its own people would find it."""
    rng = np.random.default_rng(1)
    x, key = rng.normal(size=(1500, 60)), rng.integers(0, 2**62, 1500)
    seed, came = rng.random(1500) < 0.3, rng.random(1500) < 0.2
    g = model.likeness(x, seed, key).g
    assert abs(g[seed].mean() - g[~seed].mean()) < 0.02, "cross-fitted"
    seen = model.fitted(x, seed, x)
    assert seen[seed].mean() - seen[~seed].mean() > 0.05
    lead = model.beside(g[~seed], (came & ~seed)[~seed], {}).set_index("crowd").loc["random"]
    assert lead.low < 0.02


def test_leads_cover_nought_as_often_as_they_say():
    misses = 0
    for i in range(30):
        rng = np.random.default_rng(100 + i)
        lead = model.beside(rng.random(600), rng.random(600) < 0.2, {}, seed=i).iloc[-1]
        misses += not lead.low <= 0 <= lead.high
    assert misses <= 5  # 1.5 expected; more than 5 has a chance below one in a hundred


def test_chances_are_true():
    x, _, seed, came, key = world(12_000)
    g = model.likeness(x, seed, key).g
    then, now = model.calibrated(g[~seed], came[~seed], key[~seed], g[~seed])
    told = model.reliability(then, came[~seed])
    assert (told.low - 0.01 <= told.said).all() and (told.said <= told.high + 0.01).all()
    assert np.abs(now - then).max() < 0.1 and told.arrived.sum() == came.sum() and told.people.sum() == (~seed).sum()


def test_points_of_the_curve_do_not_tell_of_few():
    rng = np.random.default_rng(3)
    came = rng.random(800) < 0.1
    curve = model.gain(rng.random(800), came, few=20)
    steps = np.diff(curve.caught) * came.sum()
    assert (steps > 19.99).all() and curve.share.iloc[-1] == 1


def test_one_answer_is_no_lesson():
    x, key = np.zeros((40, 2)), np.arange(40)
    assert model.crossed(x, np.ones(40, bool), key).tolist() == [1.0] * 40
    assert model.fitted(x, np.zeros(40, bool), x[:3]).tolist() == [0.0] * 3
