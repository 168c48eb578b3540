"""Buyers who live by the model's own rules, event by event, so that the truth is known."""

import numpy as np
import pandas as pd

TRUTH = {"r": 0.6, "alpha": 7.0, "a": 0.9, "b": 2.6}  # in weeks
MONEY = {"p": 4.0, "q": 3.5, "gamma": 12.0}


def buyers(dice, n, *, later=26.0, shortest=20.0, longest=60.0, at_once=False, truth=TRUTH):
    """Histories as of now (frequency, recency, age), whether still active, and what each buys in the `later` weeks after.

    at_once: a buyer may leave after the very first purchase (MBG/NBD).
    """
    rate = dice.gamma(truth["r"], 1 / truth["alpha"], n)
    p = dice.beta(truth["a"], truth["b"], n)
    age, time = dice.uniform(shortest, longest, n), np.zeros(n)
    frequency, recency, future = np.zeros(n), np.zeros(n), np.zeros(n)
    there = dice.random(n) >= p if at_once else np.ones(n, bool)
    active = there.copy()
    while there.any():
        time[there] += dice.exponential(1 / rate[there])
        seen, coming = there & (time <= age), there & (time > age) & (time <= age + later)
        frequency[seen] += 1
        recency[seen] = time[seen]
        future[coming] += 1
        stays = dice.random(n) >= p
        active[seen] = stays[seen]
        there &= (time <= age + later) & stays
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": recency,
            "age": age,
            "later": future,
            "active": active,
            "rate": rate,
            "p": p,
        }
    )


def money(dice, purchases, future=None, truth=MONEY):
    """The mean of each buyer's purchases, and the sum of his `future` ones."""
    nu = dice.gamma(truth["q"], 1 / truth["gamma"], len(purchases))
    mean = dice.gamma(truth["p"] * purchases) / nu / purchases
    later = np.zeros(len(purchases))
    if future is not None:
        some = future > 0
        later[some] = dice.gamma(truth["p"] * future[some]) / nu[some]
    return mean, later
