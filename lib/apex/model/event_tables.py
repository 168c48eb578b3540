"""The effects of event days as tables: a row an event, and what is missing around events, pooled."""

import pandas as pd

from apex.model import event_pool
from apex.model.event_days import BLOCKS

PARTS = ("days", "effect", "low", "high")
NEW = ["new_effect", "new_low", "new_high"]
EFFECTS = [f"{block}_{part}" for block in (*BLOCKS, "net") for part in PARTS if part != "days"]
SHORTFALL = ["block", "mean", "low", "high", "n"]


def wide(effects: pd.DataFrame, measure: str) -> pd.DataFrame:
    """A row an event: event, name, kind, first_day, last_day, buyers; of each block BLOCK_days, _effect, _low and _high.

    effects: event, name, kind, first_day, last_day, buyers, measure, block and the rest of `event_days.effects`.
    """
    mine = effects[effects.measure == measure]
    out = mine[["event", "name", "kind", "first_day", "last_day", "buyers"]].drop_duplicates("event").set_index("event")
    for block in (*BLOCKS, "net"):
        part = mine[mine.block == block].set_index("event")
        for column in PARTS:
            out[f"{block}_{column}"] = part[column].reindex(out.index)
    return out.reset_index()


def with_new(orders: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The table of orders with the net effect on new consumers: new_effect, new_low, new_high."""
    net = new.set_index("event")[["net_effect", "net_low", "net_high"]].set_axis(
        ["new_effect", "new_low", "new_high"], axis=1
    )
    return orders.merge(net.reset_index(), on="event", how="left")


def shortfalls(effects: pd.DataFrame, lead: int) -> pd.DataFrame:
    """What trade does before and after events, in days of trade, pooled over all of them: SHORTFALL, a row a block.

    Before: only of events without phases of their own (`lead` days before them): in phases it is media and presale that act.
    """
    rows = []
    for block in ("before", "after"):
        mine = effects[(effects.measure == "orders") & (effects.block == block)]
        mine = mine[mine.days <= lead] if block == "before" else mine
        found = event_pool.in_days(mine, block)
        pooled = event_pool.pool(found.extra.to_numpy(float), found.se.to_numpy(float))
        rows.append((block, pooled.mean, pooled.low, pooled.high, pooled.n))
    return pd.DataFrame(rows, columns=SHORTFALL)
