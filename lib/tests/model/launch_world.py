"""Launches with a known answer: sales in proportion to the brand's, times what an item is worth, counted by chance."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.measure.launches import DAYS, Launches

START = date(2022, 1, 1)


def world(seed=1, days=900, brands=12, each=8, spread=0.7, season=None):
    """A market of one category ("tea") and a few launches of another ("milk"): growth alike, size by brand and item."""
    chance = np.random.default_rng(seed)
    size = np.exp(chance.normal(1.0, 0.8, brands))
    level = np.ones(days + 1) if season is None else season
    sold = np.vstack([chance.poisson(s * 20 * level[:days]) for s in size] + [np.zeros(days, dtype=int)])
    sums = np.column_stack([np.zeros(brands + 1), sold.cumsum(axis=1)])
    begins = np.sort(chance.integers(90, days - 5, brands * each))
    brand = chance.integers(0, brands, brands * each)
    price = np.round(1000 * np.exp(0.3 * chance.normal(size=brands * each)))
    worth = np.exp(spread * chance.normal(size=brands * each))
    rate = 0.15 * (1 - np.exp(-np.arange(1, DAYS + 1) / 30))
    at = np.minimum(begins[:, None] + np.arange(DAYS), days)
    daily = chance.poisson(size[brand][:, None] * worth[:, None] * rate * 20 * level[at])
    units = np.column_stack([np.zeros(len(begins)), daily.cumsum(axis=1)])
    units[np.arange(DAYS + 1) > (days - begins)[:, None]] = np.nan
    category = np.where(np.arange(len(begins)) % 16 == 5, "milk", "tea")
    frame = pd.DataFrame({
        "item_id": [f"i{n:03}" for n in range(len(begins))], "brand": [f"b{b:02}" for b in brand], "category": category,
        "launched": [START + timedelta(days=int(n)) for n in begins], "begins": begins, "price": price, "dated": True,
    })  # fmt: skip
    names = {(f"b{b:02}", "tea"): b for b in range(brands)}
    return Launches(
        START + timedelta(days=days - 1), days, frame, units, units * price[:, None], sums,
        np.vstack([sums.sum(axis=0), np.zeros(days + 1), np.zeros(days + 1)]),
        np.array([names.get(k, -1) for k in zip(frame.brand, frame.category, strict=True)]), np.where(category == "tea", 0, 1),
        names, {"tea": 0, "milk": 1},
    )  # fmt: skip
