"""What can go wrong with a plan: each a figure of the plan beside the limit it passes, the weightiest first."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

COLUMNS = ["risk", "of", "value", "limit"]
LARGEST = 3  # gaps that are told


def risks(
    goals: pd.DataFrame, needed: pd.DataFrame, strategies: pd.DataFrame, media: pd.DataFrame, scenes: pd.DataFrame,
    launch: pd.DataFrame, hold_out: "pd.Series | None", expected: float | None, confidence: float, budget: float | None,
) -> pd.DataFrame:  # fmt: skip
    """risk, of, value, limit; empty where nothing passes its limit. Tables as the plan's notebooks hand them over.

    odds_low (of: a goal): odds with the plan below the odds wanted, in the order of the goals. gap_open (of: a stage): what the
    strategies move there beside the gap; the largest gaps. over_budget (of: media, scenes): money beside the budget. weak: share
    of the planned money where the interval of what it brings begins at 0. too_small: the lift that the hold-out tells beside the
    one expected. stock_short (of: the item): units on hand beside those that sell in four cases of five.
    """
    found = [
        *_odds(goals, confidence), *_gaps(needed, strategies), *_money(media, scenes, budget), *_weak(media),
        *_blind(hold_out, expected), *_stock(launch),
    ]  # fmt: skip
    return pd.DataFrame(found, columns=COLUMNS).astype({"value": float, "limit": float})


Row = tuple[str, str, float, float]


def _odds(goals: pd.DataFrame, confidence: float) -> Iterator[Row]:
    for row in goals.itertuples():
        odds = row.odds_with_plan if pd.notna(row.odds_with_plan) else row.odds
        if pd.notna(odds) and odds < confidence:
            yield "odds_low", str(row.goal), float(odds), confidence


def _gaps(needed: pd.DataFrame, strategies: pd.DataFrame) -> Iterator[Row]:
    short = needed[needed.gap.notna() & (needed.gap.fillna(0) > 0)].astype({"gap": float})
    moved = pd.Series(dtype=float)
    if len(strategies):
        moved = strategies.dropna(subset=["moved"]).groupby("closes").moved.sum().astype(float)
    for row in short.sort_values("gap", ascending=False).head(LARGEST).itertuples():
        closed = float(moved.get(str(row.stage), 0.0))
        if closed < row.gap:
            yield "gap_open", str(row.stage), closed, float(row.gap)


def _money(media: pd.DataFrame, scenes: pd.DataFrame, budget: float | None) -> Iterator[Row]:
    if budget is None:
        return
    for name, frame, column in (("media", media, "planned"), ("scenes", scenes, "budget_minor")):
        spent = float(frame[column].astype(float).sum()) if len(frame) else 0.0
        if spent > budget * 1.0001:  # rounding to whole units
            yield "over_budget", name, spent, float(budget)


def _weak(media: pd.DataFrame) -> Iterator[Row]:
    paid = media[media.planned.astype(float) > 0] if len(media) else media
    if not len(paid):
        return
    share = float(paid.planned[paid.low.fillna(0) <= 0].sum() / paid.planned.sum())
    if share > 0:
        yield "weak", "", share, 0.0


def _blind(hold_out: "pd.Series | None", expected: float | None) -> Iterator[Row]:
    if hold_out is None:
        return
    tells = hold_out.detectable
    if expected is not None and (pd.isna(tells) or tells > expected):
        yield "too_small", "", float(tells) if pd.notna(tells) else np.nan, expected


def _stock(launch: pd.DataFrame) -> Iterator[Row]:
    if not len(launch) or "on_hand" not in launch:
        return
    short = launch.dropna(subset=["on_hand", "stock_units"])
    for row in short[short.on_hand < short.stock_units].itertuples():
        yield "stock_short", str(row.item_id), float(row.on_hand), float(row.stock_units)
