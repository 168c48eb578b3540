"""The stock on the eve, seen from an earlier day: known lapses, how many of them usually come back, usual inflow.

Of each stage's change that is already booked (who falls out of it or into it if nothing new happens) a part comes to pass,
because some of those who lapse are touched again. That part, and the usual inflow, are learned from earlier days at the
same distance, for all brands of the cohort together; each brand adds its own steady difference, held back towards none.
"""

from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from apex.measure.assets import NONE
from apex.measure.history import History
from apex.model.spread import spread_of

HOLD_BACK = 2  # days of the grid that "no difference of its own" counts as, beside a brand's own


def forecast_stocks(history: History, as_of: date, level: float = 0.8) -> pd.DataFrame:
    """Stock of each brand and cell on the eve (`history.lead` days after `as_of`), from what was known on `as_of`.

    Returns brand, cell, stock_now, kept (of the stages: stock on the eve if nothing new happened), forecast, low, high
    (floats; low and high are null where there were too few earlier days to say). With no days between, it is the stock.
    """
    now = history.stock_on[as_of]
    everyone = now.sum(axis=1)
    out = {}
    for cell in now.columns.drop(NONE):
        kept = _kept(history, as_of, now, cell)
        if history.lead == 0:
            out[cell] = pd.DataFrame({"kept": kept, "forecast": now[cell], "low": now[cell], "high": now[cell]})
        else:
            out[cell] = _one_cell(history, as_of, cell, now, kept, level)
        out[cell]["stock_now"] = now[cell]
    rest = (everyone - sum(f.forecast for f in out.values())).clip(lower=0)
    out[NONE] = _around(rest, now, history, as_of, level)
    frame = pd.concat(out, names=["cell", "brand"]).reset_index()
    frame["cell"] = frame.cell.astype(history.stocks.cell.dtype)
    frame = frame[["brand", "cell", "stock_now", "kept", "forecast", "low", "high"]]
    return frame.sort_values(["brand", "cell"], ignore_index=True)


def _around(rest: pd.Series, now: pd.DataFrame, history: History, as_of: date, level: float) -> pd.DataFrame:
    """The cell of those who are nowhere is what the others leave; its interval is as wide as its own earlier errors."""
    if history.lead == 0:
        return pd.DataFrame({"stock_now": now[NONE], "kept": np.nan, "forecast": rest, "low": rest, "high": rest})
    own = _one_cell(history, as_of, NONE, now, now[NONE], level)
    moved = (rest + 1) / (own.forecast + 1)
    ends = {side: ((own[side] + 1) * moved - 1).clip(lower=0) for side in ("low", "high")}
    return pd.DataFrame({"stock_now": now[NONE], "kept": np.nan, "forecast": rest, **ends})


def _one_cell(
    history: History, as_of: date, cell: str, now: pd.DataFrame, kept: pd.Series, level: float
) -> pd.DataFrame:
    """One cell of all brands: the relative change regressed on the relative change that was known, at earlier days."""
    days = [d for d in history.grid if d + timedelta(days=history.lead) <= as_of]
    trusted = [d for d in days if d >= history.trusted_from] or days[-1:]
    x_now = _known(now[cell], kept)
    if not trusted:
        return pd.DataFrame({"kept": kept, "forecast": kept, "low": np.nan, "high": np.nan})
    every = _changes(history, cell)
    frame = every[every.day.isin(trusted)].reset_index(drop=True)
    weight = frame.size_before / frame.size_before.sum()
    x, y = frame.known - (weight * frame.known).sum(), frame.change - (weight * frame.change).sum()
    part = float(np.clip((weight * x * y).sum() / max((weight * x * x).sum(), 1e-12), 0, 1))
    left = y - part * x
    own = left.groupby(frame.brand).sum() / (left.groupby(frame.brand).size() + HOLD_BACK)
    centre = (weight * frame.change).sum() + part * (x_now - (weight * frame.known).sum())
    forecast = ((now[cell] + 1) * (1 + centre + own.reindex(now.index).fillna(0)) - 1).clip(lower=0)
    # each earlier day is judged without its own part in the brand's difference, as tomorrow will be
    days_of = left.groupby(frame.brand).transform("size")
    without = (left.groupby(frame.brand).transform("sum") - left) / (days_of - 1 + HOLD_BACK)
    fitted = 1 + (frame.change - left) + without
    errors = np.log((1 + frame.change).clip(lower=0.05) / fitted.clip(lower=0.05))
    spread = spread_of(pd.DataFrame({"brand": frame.brand, "error": errors}))
    out = pd.DataFrame({"kept": kept, "forecast": forecast, "low": np.nan, "high": np.nan})
    if spread is not None:
        tail = (1 - level) / 2
        for side, share in (("low", tail), ("high", 1 - tail)):
            out[side] = ((forecast + 1) * spread.quantile(now.index, share) - 1).clip(lower=0)
    return out


@lru_cache(maxsize=64)  # every day of the grid asks for all days before it
def _changes(history: History, cell: str) -> pd.DataFrame:
    """What was known on each day of the grid and what came: day, brand, size_before, known, change (relative to size + 1)."""
    found = {}
    for day in history.grid:
        if (eve := day + timedelta(days=history.lead)) > history.as_of:
            break
        before, after = history.stock_on[day][cell], history.stock_on[eve][cell]
        kept = _kept(history, day, history.stock_on[day], cell)
        size = before + 1
        found[day] = pd.DataFrame(
            {"size_before": size, "known": _known(before, kept), "change": (after - before) / size}
        )
    return pd.concat(found, names=["day", "brand"]).reset_index()


def _known(now: pd.Series, kept: pd.Series) -> pd.Series:
    return (kept - now) / (now + 1)


def _kept(history: History, day: date, now: pd.DataFrame, cell: str) -> pd.Series:
    """What the open book of `day` keeps in the cell until the eve; all of it where the book does not know (`O`)."""
    if day not in history.kept_on or cell not in history.stages:
        return now[cell]
    return history.kept_on[day][cell]
