"""Half-life on simulated decay: by hand, covered over fixed seeds, and what becomes of who forgets that pieces are young."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.model import half_life

LAST = dt.date(2024, 12, 31)
DAYS, HALF, SPREAD = 60, 6.0, 0.5


def market(rng, pieces, half=HALF, spread=SPREAD, size=0.7, told=False):
    """Pieces published ever more often up to LAST, each with its own size and decay; views by day of age, as far as seen.

    told: the views to come are seen as well, and every piece is as old as its life is long.
    """
    ago = (400 * rng.random(pieces) ** 3).astype(int)
    rate = np.log(2) / half * np.exp(spread * rng.standard_normal(pieces))
    mean = 200 * np.exp(size * rng.standard_normal(pieces))
    age = np.arange(DAYS)
    come = mean[:, None] * (np.exp(-rate[:, None] * age) - np.exp(-rate[:, None] * (age + 1)))
    ago = np.maximum(ago, DAYS) if told else ago
    seen = rng.poisson(come) * (age <= ago[:, None])
    piece, day = np.nonzero(seen)
    views = pd.DataFrame({"content_id": piece, "age": day, "views": seen[piece, day]})
    published = [LAST - dt.timedelta(days=int(a)) for a in ago]
    return views, pd.DataFrame({"content_id": range(pieces), "published": published})


def truth(days, half=HALF, spread=SPREAD):
    """The age by which half of the mean views of the first `days` days have come."""
    rate = np.log(2) / half * np.exp(spread * np.random.default_rng(1).standard_normal(100_000))
    at = np.arange(days + 1)
    come = np.array([(1 - np.exp(-rate * a)).mean() for a in at])
    return float(np.interp(0.5, come / come[-1], at))


def old(pieces):
    """The known-wrong reading: as if every piece had been out for ever."""
    return pieces.assign(published=LAST - dt.timedelta(days=10 * DAYS))


def covered(replications, pieces=30, read=lambda p: p, told=False):
    rng, inside, widths, want = np.random.default_rng(7), 0, [], {}
    for _ in range(replications):
        views, known = market(rng, pieces, told=told)
        found = half_life.half_life(half_life.curve(views, read(known), LAST, DAYS, 8))
        true = want.setdefault(found["days"], truth(found["days"]))
        inside += found["low"] <= true <= found["high"]
        widths.append(found["high"] - found["low"])
    return inside, float(np.median(widths))


def test_by_hand():
    views = pd.DataFrame({"content_id": ["a", "a", "b", "b", "c"], "age": [0, 1, 0, 2, 0], "views": [8, 2, 4, 6, 3]})
    ago = {"a": 5, "b": 2, "c": 0}
    pieces = pd.DataFrame({"content_id": list(ago), "published": [LAST - dt.timedelta(days=n) for n in ago.values()]})
    found = half_life.curve(views, pieces, LAST, 3, 1)
    assert found.pieces.tolist() == [3, 2, 2] and found.views.tolist() == [15, 2, 6]
    mean = np.cumsum([15 / 3, 2 / 2, 6 / 2])
    assert np.allclose(found.share, mean / mean[-1])
    assert half_life.half_life(found)["value"] == pytest.approx(0.5 / (mean[0] / mean[-1]))
    assert half_life.curve(views, pieces, LAST, 3, 2).equals(found)
    assert half_life.curve(views, pieces, LAST, 3, 3).day.tolist() == [1], "ends where fewer than three have got"


def test_it_does_not_matter_how_young_the_others_are():
    """The same pieces seen twenty days earlier, and a crowd of new ones: the curve of the old ones' first days is the same."""
    rng = np.random.default_rng(3)
    views, pieces = market(rng, 4000, spread=0.0)
    whole = half_life.curve(views, pieces, LAST, DAYS, 8)
    assert abs(half_life.half_life(whole)["value"] - truth(DAYS, spread=0.0)) < 0.25
    assert half_life.pooled(views, DAYS) < truth(DAYS, spread=0.0) - 0.5, "the median age of all views is too young"


def test_coverage_in_short_and_the_wrong_reading_fails():
    inside, _ = covered(60)
    assert binomtest(inside, 60, 0.95).pvalue > 0.01
    wrong, _ = covered(60, read=old)
    assert binomtest(wrong, 60, 0.95).pvalue < 0.01


@pytest.mark.slow
def test_coverage_over_a_thousand_markets():
    """Slow: 3,000 curves take some minutes. 95 ± 1.5 %, the wrong reading fails, and the width: what it is held against knows
    the views still to come, which is more than a nuisance, so that it may be up to 1.3 and not 1.25 times as wide."""
    inside, width = covered(1000)
    assert abs(inside / 1000 - 0.95) <= 0.015
    _, least = covered(1000, told=True)
    assert width <= 1.3 * least, (width, least)
    wrong, _ = covered(1000, read=old)
    assert abs(wrong / 1000 - 0.95) > 0.015


def test_too_few_pieces_or_no_views_are_no_error():
    views, pieces = market(np.random.default_rng(5), 6)
    assert half_life.curve(views, pieces, LAST, DAYS, 8).empty
    nothing = half_life.curve(views.iloc[:0], pieces, LAST, DAYS, 3)
    assert nothing.empty and list(nothing) == half_life.CURVE
    assert half_life.half_life(nothing) == {"value": None, "low": None, "high": None, "days": 0, "pieces": 0}
    assert half_life.curve(views.iloc[:0], pieces.iloc[:0], LAST, DAYS, 3).empty


def test_own_pieces_first_and_the_category_where_they_are_too_few():
    rng = np.random.default_rng(9)
    views, pieces = market(rng, 120, spread=0.0)
    brand = np.array(["b", "c", "d", "e", "f", "g"])[np.arange(120) % 6]
    form = np.where(np.arange(120) // 6 % 2, "live", "video")
    pieces = pieces.assign(brand=brand, format=form)
    lives, curves = half_life.lives(views, pieces, "b", LAST, DAYS, 9)
    assert lives.format.tolist() == ["all", "live", "video"] and set(curves.format) <= set(lives.format)
    assert lives.set_index("format").whose.to_dict() == {"all": "own", "live": "category", "video": "category"}, lives
    assert (lives.days == DAYS).all(), "own pieces that do not reach as far give way"
    assert (lives.low < lives.half).all() and (lives.half < lives.most).all()
    few, _ = half_life.lives(views, pieces[pieces.brand.isin(["b", "c"])], "b", LAST, DAYS, 9)
    assert set(few.whose) == {"own"} and few.days.min() < DAYS, "two brands are not told together"
    none, _ = half_life.lives(views, pieces[pieces.brand != "b"], "b", LAST, DAYS, 9)
    assert none.format.tolist() == ["all"]
