"""Simulated trials whose truth is known, in the shape that `apex.measure.trial` counts them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure.trial import Trial


def make_trial(spend, treated, *, propensity=None, busy=None, old=True, **traits):
    """A Trial from spend (consumers × periods, the last one the campaign's) and who was treated."""
    n, k = spend.shape
    periods = np.arange(1 - k, 1)
    days = [dt.date(2024, 6, 1) + dt.timedelta(days=28 * int(p)) for p in periods]
    consumers = {
        "consumer_id": np.arange(n),
        "treated": treated,
        "propensity": np.nan if propensity is None else propensity,
        "old": old,
        "other_campaigns": 0 if busy is None else busy,
    }
    outcomes = {
        "consumer_id": np.repeat(np.arange(n), k),
        "period": np.tile(periods, n),
        "gmv_minor": spend.ravel(),
        "orders": spend.ravel() // 10,
        "buyers": (spend.ravel() > 0).astype(int),
        "all_minor": spend.ravel(),
    }
    control = None if propensity is None else "control"
    frame = pd.DataFrame({"period": periods, "first_day": days, "last_day": days})
    return Trial(
        "c", None, days[-1], days[-1], True, control, frame, pd.DataFrame(consumers | traits), pd.DataFrame(outcomes)
    )


def spend_of(dice, n, periods=4):
    """Consumers who differ for good, a common trend, and noise; positive throughout."""
    level = dice.gamma(4, 5, n)
    return level, 20 + level[:, None] + 1.5 * np.arange(periods) + dice.normal(0, 6, (n, periods))


def campaign(dice, how, n=600, effect=5.0):
    """One simulated campaign with `effect` on each treated.

    how: "randomised"; "clean" (who was treated has to do with their level only, and little); "past" and "mild" (chosen by
    past spend, strongly and a little); "last" (chosen by the last period alone).
    """
    level, spend = spend_of(dice, n)
    z = {"clean": level, "past": spend[:, :-1].mean(1), "last": spend[:, -2]}
    z["mild"] = z["past"]
    strength = {"clean": 0.15, "past": 1.5, "mild": 0.5, "last": 1.0}
    if how == "randomised":
        chance = np.full(n, 0.5)
    else:
        chance = 1 / (1 + np.exp(0.3 - strength[how] * (z[how] - z[how].mean()) / z[how].std()))
    treated = dice.random(n) < chance
    spend[treated, -1] += effect
    return make_trial(spend, treated, propensity=chance if how == "randomised" else None)


@pytest.fixture(name="make_trial")
def make_trial_fixture():
    return make_trial


@pytest.fixture(name="campaign")
def campaign_fixture():
    return campaign
