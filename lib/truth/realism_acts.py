"""How a market looks, second part: behaviour, hours and days, touches before a purchase. Logs are those of `realism`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from truth import realism as r

COUNTED = ("view", "favourite", "cart", "buy")


def for_one_purchase(what: str) -> r.Figure:
    """How many of a behaviour come to one line bought."""
    return lambda log: _ratio((log.what == what).sum(), (log.what == "buy").sum())


def visits(log: pd.DataFrame) -> pd.DataFrame:
    """Visits, a consumer's day in a category with a view: views, buys."""
    of = log[log.what.isin(["view", "buy"])]
    counted = pd.crosstab([of.consumer, of.category, of.day], of.what).reindex(columns=["view", "buy"], fill_value=0)
    return counted[counted.view > 0].rename(columns={"view": "views", "buy": "buys"}).reset_index()


def visit_buys(log: pd.DataFrame) -> float:
    """Share of visits that bring a purchase the same day."""
    return r.mean(visits(log).buys > 0)


def visit_views(log: pd.DataFrame) -> float:
    """Views of a visit."""
    return r.mean(visits(log).views)


def turns_to(first: str, then: str) -> r.Figure:
    """Of consumer × item with the behaviour `first`, the share that shows `then` at the same time or later in the log."""

    def of(log: pd.DataFrame) -> float:
        known = log[(log.item >= 0) & log.what.isin([first, then])].assign(at=lambda d: d.day * 100_000 + d.order)
        begun = known[known.what == first].groupby(["consumer", "item"])["at"].min()
        ended = known[known.what == then].groupby(["consumer", "item"])["at"].max().reindex(begun.index)
        return r.mean(ended >= begun)

    return of


def activity_top(log: pd.DataFrame) -> float:
    """Share of all behaviour that the most active fifth of the active consumers show."""
    return r.top_share(log[log.what.isin(COUNTED)].groupby("consumer").size().to_numpy())


def clock(log: pd.DataFrame, what: Sequence[str] = COUNTED) -> np.ndarray:
    """(24,) share of behaviour by hour of the day."""
    hours = log.hour[log.what.isin(what) & (log.hour >= 0)]
    return np.bincount(hours, minlength=24) / max(len(hours), 1) if len(hours) else np.full(24, np.nan)


def hours_between(low: int, high: int) -> r.Figure:
    """Share of behaviour in the hours low … high − 1."""
    return lambda log: float(clock(log)[low:high].sum())


def week(log: pd.DataFrame, what: Sequence[str] = COUNTED) -> np.ndarray:
    """(7,) behaviour of a weekday's day beside the mean day, Monday first: 1 is the mean. Days without any do not count."""
    day, each = np.unique(log.day[log.what.isin(what)], return_counts=True)
    if len(set(day % 7)) < 7:
        return np.full(7, np.nan)
    mean = np.bincount(day % 7, each, 7) / np.bincount(day % 7, minlength=7)
    return mean / mean.mean()


def weekend(log: pd.DataFrame) -> float:
    """A day of the weekend beside a day of the week."""
    w = week(log)
    return float(w[5:].mean() / w[:5].mean())


def peak(log: pd.DataFrame) -> float:
    """The best day beside the middle day, lines bought."""
    each = log[log.what.isin(COUNTED)].groupby("day").size()
    return float(each.max() / each.median())


def touched(log: pd.DataFrame, touches: pd.DataFrame, window: int = 28) -> np.ndarray:
    """Of each occasion, how many touches (consumer, category, brand, day) of the brand lie in the days day − window + 1 … day."""
    of = r.bought(log)
    if of.empty:
        return np.zeros(0, int)
    both = pd.concat([of[r.BRAND_BUYER], touches[r.BRAND_BUYER]])
    key = both.groupby(r.BRAND_BUYER, sort=False).ngroup().to_numpy().astype(np.int64) * 1_000_000
    met = np.sort(key[len(of) :] + touches.day.to_numpy())
    at = key[: len(of)] + of.day.to_numpy()
    return np.searchsorted(met, at, side="right") - np.searchsorted(met, at - window, side="right")


def looked_before(log: pd.DataFrame, window: int = 7) -> float:
    """Views of the category by its buyer on the day of an occasion and the days before, `window` days in all: the mean."""
    views = log[log.what == "view"].assign(brand=0)
    return r.mean(touched(log[log.what == "buy"].assign(brand=0), views, window))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else np.nan
