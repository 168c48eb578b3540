"""Simulated cohorts whose conversion, value and stocks are known, in the shape of `apex.measure.history.History`."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.measure.history import History

CELLS = ["none", "O", "A", "P", "L"]
CELL = pd.CategoricalDtype(CELLS, ordered=True)
FIRST = dt.date(2024, 1, 1)
STEP = 28
SHARE = np.array([0.03, 0.08, 0.15, 0.4, 0.7])  # the cells' mean conversion
MONEY = np.array([600.0, 700.0, 800.0, 1100.0, 2200.0])  # their mean value in minor units
STOCK = np.array([5000, 120, 300, 250, 200])
STRENGTH, TAU, SPEND, MOVE = 25.0, 0.3, 0.8, 0.08


@dataclass
class World:
    """The truth: share and money (brands × cells), stock on every grid day (days × brands × cells, the last unseen)."""

    history: History
    share: np.ndarray
    money: np.ndarray
    stock: np.ndarray
    kept: np.ndarray

    def expected(self, brand):
        """Expected GMV of the window after the eve, of the stock that really is there."""
        return float((self.stock[-1, brand] * self.share[brand] * self.money[brand]).sum())


def world(rng, brands=20, periods=6, lead=STEP, wide=1.0):
    """A cohort seen on the last but one day of a grid of `periods` + 1 days; windows one step long, so none overlap.

    wide: how far the brands differ, as a multiple of the usual.
    """
    strength = STRENGTH / wide**2
    share = rng.beta(SHARE * strength, (1 - SHARE) * strength, (brands, len(CELLS)))
    money = MONEY * np.exp(rng.normal(0, TAU * wide, (brands, len(CELLS))))
    size = np.exp(rng.normal(0, 0.5, (brands, 1)))
    stock = np.empty((periods + 1, brands, len(CELLS)))
    stock[0] = np.round(STOCK * size)
    kept = np.empty_like(stock)
    for t in range(periods):
        known = rng.normal(-0.3, 0.1, stock[t].shape)  # who falls out if nothing happens; two in five come back
        kept[t] = np.round(stock[t] * (1 + known))
        stock[t + 1] = np.round(stock[t] * (1 + 0.6 * (known + 0.3) + rng.normal(0, MOVE, stock[t].shape)))
    stock[:, :, 0] = np.maximum(12_000 - stock[:, :, 1:].sum(axis=2), 0)
    names = [f"b{n:02}" for n in range(brands)]
    days = [FIRST + dt.timedelta(days=STEP * (t + 1) - 1) for t in range(periods + 1)]
    as_of = days[-2] if lead else days[-1]

    results, sales = [], []
    for t, day in enumerate(days):
        last = day + dt.timedelta(days=STEP)
        if last > as_of:
            break
        buyers = rng.binomial(stock[t].astype(int), share)
        noise = np.sqrt(np.expm1(SPEND**2) / np.maximum(buyers, 1))  # of a mean of log-normal spends
        gmv = np.round(buyers * money * np.maximum(1 + noise * rng.normal(size=buyers.shape), 0.05))
        window = {"first_day": day + dt.timedelta(days=1), "last_day": last}
        grid = pd.MultiIndex.from_product([names, CELLS], names=["brand", "cell"]).to_frame(index=False)
        counts = {"consumers": stock[t].ravel(), "buyers": buyers.ravel(), "gmv_minor": gmv.ravel().astype(int)}
        results.append(grid.assign(**window, **counts))
        spread = pd.MultiIndex.from_product(
            [names, pd.date_range(day + dt.timedelta(days=1), last)], names=["brand", "day"]
        )
        category = np.repeat([("tea", "milk", "soap")[(b * b + t) % 3] for b in range(brands)], STEP)
        daily = np.repeat(gmv.sum(axis=1) // STEP, STEP).astype(int)
        sales.append(pd.DataFrame({"category": category, "gmv_minor": daily}, spread).reset_index())
    seen = range(len(days) - 1 if lead else len(days))
    history = History(
        brands=tuple(names),
        as_of=as_of,
        lead=lead,
        length=STEP,
        first_day=FIRST + dt.timedelta(days=STEP),
        trusted_from=FIRST,
        sales=pd.concat(sales, ignore_index=True),
        results=pd.concat(results, ignore_index=True).astype({"cell": CELL}),
        stocks=_long(stock, names, days, seen, range(len(CELLS))),
        untouched=_long(kept, names, days, seen, range(2, len(CELLS))) if lead else None,
    )
    return World(history, share, money, stock, kept)


def _long(numbers, names, days, seen, cells):
    index = pd.MultiIndex.from_product(
        [[days[t] for t in seen], names, [CELLS[c] for c in cells]], names=["day", "brand", "cell"]
    )
    values = numbers[list(seen)][:, :, list(cells)].ravel().astype(int)
    return pd.Series(values, index, name="consumers").reset_index().astype({"cell": CELL})
