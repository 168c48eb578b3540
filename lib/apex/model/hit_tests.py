"""The forecast of hits at work: tested on launches and on items that are no hits yet, and said of a brand's own items."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from apex.measure.item_rules import Hits
from apex.model.hits import COLUMNS, LEAST, climbing_signals, early_signals, fit, foretell, precision

MODEL, SALES, RANK, NEAR, BRAND, NEW_SHARE = "model", "sales", "percentile", "near", "brand", "new"
SIGNALS = ("views", "carts", "favourites", "samples")  # that may rank launches alone
NEXT, NEW = 0, -1  # in place of first days: the next period of any item; of one that was no hit of late
CHANCES = ["item_id", "days", "sales", "buyers", "chance", "low", "high", "learned"]


def launch_tests(starts: pd.DataFrame, asked: Hits, step: int) -> pd.DataFrame:
    """Precision at the top for launches, by the first days that the forecast rests on.

    starts: the frame of `measure.item_starts.starts`. step: days that share a forecast. Rankings: the model; best sellers of
    the first days; the brand's sales before the launch against what a hit must sell; each early signal alone. Returns days,
    then the columns of `precision`.
    """
    found = []
    for days, part in starts.groupby("days"):
        scored = foretell(
            early_signals(part), part.hit, -part.known_on, asked.day - int(days) - part.known_on, step
        )  # fmt: skip
        tried = part.loc[scored.index]
        size = tried.brand_before / tried.standard.where(np.isfinite(tried.standard), tried.brand_before.max() + 1)
        others = {SALES: tried.sales, BRAND: size, NEW_SHARE: tried.new_buyers / tried.buyers.clip(lower=1)}
        others |= {name: tried[name] for name in SIGNALS if tried[name].any()}
        found.append(_race(tried, scored, others, asked.top).assign(days=int(days)))
    return _together(found)


def climb_tests(climbers: pd.DataFrame, asked: Hits) -> pd.DataFrame:
    """The same for items that are no hits in a period, and the period that follows: all (`days` is NEXT), and those that were
    none in the two periods before either (NEW), because who falls out for one period often comes back.

    Rankings: the model; best sellers now; sales against what a hit must sell; rank by sales in the category.
    """
    found = []
    for days, part in ((NEXT, climbers), (NEW, climbers[~climbers.was_hit] if len(climbers) else climbers)):
        if len(part):
            scored = foretell(climbing_signals(part), part.hit, -part.period, 1 - part.period, 1)
            tried = part.loc[scored.index]
            others = {SALES: tried.sales, NEAR: tried.sales / tried.standard, RANK: tried.percentile}
            found.append(_race(tried, scored, others, asked.top).assign(days=days))
    return _together(found)


def _race(tried: pd.DataFrame, scored: pd.DataFrame, others: Mapping[str, pd.Series], top: int) -> pd.DataFrame:
    return precision(tried.hit.astype(bool), scored.origin, {MODEL: scored.score, **others}, top)


def joined(*tests: pd.DataFrame) -> pd.DataFrame:
    """Several frames of tests in one."""
    return _together(list(tests))


def _together(found: list[pd.DataFrame]) -> pd.DataFrame:
    found = [frame for frame in found if len(frame)]
    columns = ["days", *COLUMNS]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def outlook(starts: pd.DataFrame, climbers: pd.DataFrame, brand: str, hits: Collection[str] = ()) -> pd.DataFrame:
    """What the model says of a brand's own items today, learned from every outcome of the market that is known.

    Launches whose outcome is not known yet, by the longest first days that are over, and items that are no hits; without
    those that are `hits` today. Returns item_id, days (NEXT for the next period), sales and buyers (of these first days, or
    of the period), chance, low, high (95 %, of the fit), learned (outcomes it was fitted to): highest chance first; no rows
    where too few hits are known.
    """
    found = [_chances(part, early_signals(part), brand, int(days)) for days, part in starts.groupby("days")]
    if len(climbers):
        found.append(_chances(climbers, climbing_signals(climbers), brand, NEXT))
    found = [frame for frame in found if len(frame)]
    if not found:
        return pd.DataFrame(columns=CHANCES)
    every = pd.concat(found, ignore_index=True).sort_values("days")
    every = every[~every.item_id.isin(list(hits))]
    latest = every[every.days > NEXT].drop_duplicates("item_id", keep="last")
    both = pd.concat([latest, every[every.days == NEXT]])
    return both.sort_values(["chance", "item_id", "days"], ascending=[False, True, True], ignore_index=True)[CHANCES]


def _chances(frame: pd.DataFrame, signals: pd.DataFrame, brand: str, days: int) -> pd.DataFrame:
    known = frame.hit.notna().to_numpy()
    truth, asked = frame.hit.fillna(False).to_numpy(bool), ~known & (frame.brand == brand).to_numpy()
    if min(truth[known].sum(), (~truth[known]).sum()) < LEAST or not asked.any():
        return pd.DataFrame(columns=CHANCES)
    values = signals.to_numpy()
    chance = fit(values[known], truth[known]).chances(values[asked])
    told = frame.loc[asked, ["item_id", "sales", "buyers"]].reset_index(drop=True)
    return told.assign(days=days, chance=chance[:, 0], low=chance[:, 1], high=chance[:, 2], learned=int(known.sum()))
