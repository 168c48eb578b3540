"""Forecasts of launches as they would have been made of past ones, beside plain rivals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from apex.measure.launches import Launches
from apex.model.launch import LEAST, LEVEL, MOST, NOWHERE, Forecast, Item, forecast, item_of
from apex.model.launch_odds import exact

MODEL, CATEGORY, LAST, NARROW = "model", "category", "last", "narrow"
METHODS = (MODEL, CATEGORY, LAST)
TESTED = 100  # launches at most, the latest
COLUMNS = ["row", "horizon", "measure", "method", "actual", "value", "low", "high", "off"]
SCORES = ["horizon", "measure", "method", "launches", "coverage", "coverage_low", "coverage_high", "width", "error"]


def backtest(
    known: Launches,
    like: Item,
    horizons: Sequence[int],
    rows: "np.ndarray | None" = None,
    measures: Sequence[str] = ("units", "gmv_minor"),
) -> pd.DataFrame:
    """Past launches, each foretold at the age (and lead) of `like` from what was over by then.

    rows: which (the latest TESTED of the item's category, or of the market where these are too few). Horizons that the age has
    passed are left out. Methods: ours; `category`: the quantiles of what earlier launches of the category sold (of the market
    where they are fewer than LEAST); `last`: the brand's own launch before, with the quantiles of how such launches
    followed one another; `narrow`: ours with the error of its mean alone. Returns COLUMNS, in the order of the launches; off:
    see `Forecast.off` (ours alone). Ours is bent by the errors of tests that were over by then, as today's is by all of them.
    """
    age, lead, found = like.age, like.lead, []
    rows = _tested(known, like, horizons) if rows is None else rows
    begun = known.frame.begins.to_numpy()
    errors: dict[tuple[int, str], list[tuple[int, float]]] = {}
    for row in rows[np.argsort(begun[rows], kind="stable")]:
        begins = int(known.frame.begins.iloc[row])
        last = begins + age - 1 if age else begins - lead
        if last < 0:
            continue
        item = item_of(known, int(row), last)
        for horizon in horizons:
            if horizon <= age or np.isnan(known.units[row, horizon]):
                continue
            for measure in measures:
                table = known.units if measure == "units" else known.money
                key, actual = (int(row), horizon, measure), float(table[row, horizon])
                made = forecast(known, item, horizon, measure == "gmv_minor")
                if made is None:
                    continue
                past = errors.setdefault((horizon, measure), [])
                bent = replace(made, past=np.array([off for over, off in past if over <= last]))
                past.append((begins + horizon - 1, made.off(actual)))
                found.append((*key, MODEL, actual, *bent.interval(), past[-1][1]))
                found.append((*key, NARROW, actual, *made.interval(narrow=True), np.nan))
                rivals = {CATEGORY: _category(known, item, horizon, table), LAST: _last(known, item, horizon, table)}
                found += [(*key, name, actual, *said, np.nan) for name, said in rivals.items() if said]
    frame = pd.DataFrame(found, columns=COLUMNS)
    counts = frame.measure == "units"
    frame.loc[counts, "low"] = np.floor(frame.low[counts] + 1e-9)
    frame.loc[counts, "high"] = np.ceil(frame.high[counts] - 1e-9)
    return frame


def _tested(known: Launches, like: Item, horizons: Sequence[int]) -> np.ndarray:
    """The latest launches of the category whose outcome is known; of the market where these are too few."""
    ahead = [h for h in horizons if h > like.age]
    if not len(known) or not ahead:
        return np.zeros(0, dtype="int64")
    over = ~np.isnan(known.units[:, min(ahead)])
    same = over & (known.of_market == known.categories.get(like.category, NOWHERE))
    rows = np.flatnonzero(same if same.sum() >= 4 * LEAST else over)
    return rows[np.argsort(known.frame.begins.to_numpy()[rows], kind="stable")][-TESTED:]


def _over(known: Launches, item: Item, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """The latest launches whose outcome was known on the item's day, and which of them are of its category."""
    begins = known.frame.begins.to_numpy()
    over = begins + horizon - 1 <= item.last
    over[item.row] = False
    rows = np.flatnonzero(over)
    rows = rows[np.argsort(begins[rows], kind="stable")]
    return rows, known.of_market[rows] == known.categories.get(item.category, NOWHERE)


def _category(known: Launches, item: Item, horizon: int, table: np.ndarray) -> tuple[float, float, float] | None:
    rows, same = _over(known, item, horizon)
    values = table[rows[same] if same.sum() >= LEAST else rows[-MOST:], horizon]
    if len(values) < LEAST:
        return None
    return tuple(np.quantile(values, [0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2]))


def _last(known: Launches, item: Item, horizon: int, table: np.ndarray) -> tuple[float, float, float] | None:
    rows, same = _over(known, item, horizon)
    mine = rows[known.of_brand[rows] == known.brands.get((item.brand, item.category), NOWHERE)]
    there = (rows[same] if same.sum() >= 4 * LEAST else rows)[-MOST:]
    shops = known.of_brand[there]
    order = np.argsort(shops, kind="stable")  # by brand, in the order of time
    logs, by = np.log(table[there[order], horizon] + 1), shops[order]
    steps = np.diff(logs)[by[1:] == by[:-1]]
    if not len(mine) or len(steps) < LEAST:
        return None
    low, high = np.quantile(steps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(table[mine[-1], horizon])
    return value, max((value + 1) * float(np.exp(low)) - 1, 0.0), (value + 1) * float(np.exp(high)) - 1


def bent(made: Forecast, tests: pd.DataFrame, horizon: int, measure: str) -> Forecast:
    """A forecast of today with the errors of all tests of its horizon and measure."""
    mine = (tests.horizon == horizon) & (tests.measure == measure) & (tests.method == MODEL)
    return replace(made, past=tests.off[mine].to_numpy(float))


def scores(tests: pd.DataFrame, methods: Sequence[str] = METHODS) -> pd.DataFrame:
    """How often each method's interval held what came, how wide it was and how far off its middle.

    coverage with its exact interval (Clopper-Pearson, 95 %); width: median of high over low (of 1 + each); error: median of the
    factor between middle and outcome, less 1. All methods on the launches of which each of them said something.
    """
    found = []
    for (horizon, measure), part in tests[tests.method.isin(methods)].groupby(["horizon", "measure"], sort=True):
        both = part.groupby("row").method.nunique()
        there = part[part.row.isin(both.index[both == part.method.nunique()])]
        for method in [m for m in methods if (there.method == m).any()]:
            mine = there[there.method == method]
            inside = (mine.low <= mine.actual) & (mine.actual <= mine.high)
            unit = 1.0
            width = np.median((mine.high + unit) / (mine.low + unit))
            error = np.exp(np.median(np.abs(np.log((mine.value + unit) / (mine.actual + unit))))) - 1
            found.append(
                (
                    horizon,
                    measure,
                    method,
                    len(mine),
                    inside.mean(),
                    *exact(int(inside.sum()), len(mine)),
                    width,
                    error,
                )
            )
    return pd.DataFrame(found, columns=SCORES)
