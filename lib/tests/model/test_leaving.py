"""Who leaves: chances learned from earlier days, intervals that know that days differ, curves and actions."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from apex.model import kept, leaving, recall_actions


def cohorts(seed=0, days=8, n=400, apart=0.0):
    """Days with n people of one stage; who did much lately stays; `apart`: how far days differ, in log-odds."""
    rng, parts = np.random.default_rng(seed), []
    for k in range(days):
        lately, left = rng.poisson(1, n), rng.integers(1, 29, n)
        chance = expit(1.5 - 1.2 * lately + rng.normal(0, apart))
        parts.append(pd.DataFrame({
            "day": dt.date(2024, 1, 1) + dt.timedelta(days=28 * k), "consumer_id": np.arange(n), "stage": 1, "left": left,
            "lower": 0, "fell": pd.array(rng.random(n) < chance if k < days - 1 else [None] * n, "boolean"),
            "lately": lately, "bought": 0,
        }))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    return frame, sorted(frame.day.unique())


def test_chances_are_learned_from_days_before_only():
    frame, days = cohorts()
    found = leaving.rolled(frame, days)
    assert set(found.day) == set(days[1:])
    last = found[found.day == days[-1]]
    truth = expit(1.5 - 1.2 * last.lately)
    assert np.abs(last.chance - truth).mean() < 0.05
    changed = frame.copy()
    changed.loc[changed.day == days[-2], "fell"] = True
    again = leaving.rolled(changed, days)
    assert (again.chance[again.day == days[-2]] == found.chance[found.day == days[-2]]).all()
    bins = leaving.reliability(found, days[-2])
    assert ((bins.low <= bins.told) & (bins.told <= bins.high)).sum() >= len(bins) - 1 and bins.people.sum() == 400
    ours, base, n = leaving.brier(found, days[-2])
    assert ours < base and n == 400


def test_days_that_differ_widen_the_interval():
    alike, apart = (leaving.spread(leaving.rolled(*cohorts(3, 14, apart=a)).dropna(subset="fell")) for a in (0.0, 0.6))
    assert alike < 0.15 and 0.3 < apart < 1.2
    frame, days = cohorts(4, 14, apart=0.6)
    tested = leaving.tested(leaving.rolled(frame, days), days[:-1])
    inside = (tested.left >= tested.low) & (tested.left <= tested.high)
    assert inside.mean() >= 0.6 and (tested.low <= tested.told).all()
    assert leaving.spread(frame.iloc[:0].assign(chance=[])) == leaving.FLAT


def test_the_interval_holds_four_of_five():
    """Over 15 histories the last day whose outcome is known lies in its 80 % interval about as often as said."""
    held = 0
    for seed in range(15):
        frame, days = cohorts(100 + seed, 8, n=120, apart=0.5)
        found = leaving.tested(leaving.rolled(frame, days), days[-2:-1])
        held += bool(((found.left >= found.low) & (found.left <= found.high)).all())
    assert held >= 8  # binomial(15, 0.8), 1 %


def test_where_hardly_anybody_stays_a_share_is_told():
    frame, days = cohorts(1)
    frame["fell"] = frame.fell.where(frame.day == days[-1], True)
    found = leaving.rolled(frame, days)
    assert found.chance.nunique() <= len(days) and found.chance.min() > 0.99
    few = frame.groupby("day").head(5)
    assert leaving.rolled(few, days)[lambda f: f.day <= days[2]].empty


def test_curves_hide_small_steps():
    stays = pd.DataFrame({"stage": "A", "days": [3] * 40 + [10] * 2 + [20] * 58, "fell": [True] * 42 + [False] * 58})
    found = kept.curves(stays, ["A", "B"], least=5)
    assert found.share[found.day == 7].item() == pytest.approx(0.6)
    assert 14 not in set(found.day)  # two more left
    assert 14 in set(kept.curves(stays, ["A"], least=1).day)
    assert kept.curves(stays.head(10), ["A"], 5).empty
    assert found.low[found.day == 7].item() < 0.6 < found.high[found.day == 7].item()


def test_the_best_action_is_one_that_is_shown():
    columns = [
        "from_stage",
        "channel",
        "extra",
        "low",
        "high",
        "kind",
        "gmv_extra_minor",
        "gmv_low",
        "gmv_high",
        "cost_minor",
        "n",
    ]
    rows = [
        ("L", "sms", 0.02, -0.01, 0.05, "credit", 900.0, -100.0, 2000.0, 5.0, 50),
        ("L", "feed", 0.03, 0.01, 0.05, "credit", 400.0, 100.0, 700.0, 40.0, 90),
        ("L", "live", 0.04, 0.02, 0.06, "lift", 300.0, 100.0, 500.0, 60.0, 80),
        ("L", "all", 0.09, 0.08, 0.1, "lift", 999.0, 900.0, 1100.0, 50.0, 300),
        ("A", "sms", 0.02, -0.01, 0.05, "credit", 90.0, -10.0, 200.0, 5.0, 50),
        ("A", "tv", 0.09, 0.01, 0.15, "prior", 990.0, 10.0, 2000.0, 5.0, 2),
    ]  # fmt: skip
    found = recall_actions.best(pd.DataFrame(rows, columns=columns), ["A", "I", "L"]).set_index("stage")
    assert list(found.index) == ["A", "L"] and found.channel["L"] == "live" and bool(found.shown["L"])
    assert found.channel["A"] == "sms" and not found.shown["A"]
    assert recall_actions.best(pd.DataFrame(columns=columns), ["A"]).empty
