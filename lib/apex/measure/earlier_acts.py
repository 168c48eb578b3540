"""What a brand did in the phases of an earlier campaign, and a plan repeats: discounts, benefits, media it owns."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from apex.warehouse import Warehouse

PLAIN = 56  # days before the first phase that show the usual depth
DEPTHS = ["phase", "first_day", "last_day", "orders", "depth", "usual"]
Phases = Sequence[tuple[str, date, date]]


def phases(warehouse: Warehouse, campaign_id: str | None) -> list[tuple[str, date, date]]:
    """(phase, first day, last day) of an earlier campaign, as the warehouse has them; empty where it has none."""
    if campaign_id is None or not warehouse.has("phases"):
        return []
    table = warehouse.table("phases")
    found = table.filter(table.campaign_id == campaign_id).execute().sort_values(["first_day", "phase"])
    return [(r.phase, pd.Timestamp(r.first_day).date(), pd.Timestamp(r.last_day).date()) for r in found.itertuples()]


def depths(warehouse: Warehouse, brand: str, of: Phases) -> pd.DataFrame:
    """A row a phase: phase, first_day, last_day, orders (lines bought), depth, usual (before the first phase).

    depth: the median share of its list price that a line was bought below it, which a coupon here and there does not move.
    Null where nothing was bought, or where the data have no discounts.
    """
    rows = []
    if of:
        begins = min(first for _, first, _ in of)
        usual = _depth(warehouse, brand, begins - timedelta(days=PLAIN), begins - timedelta(days=1))[1]
        rows = [(p, first, last, *_depth(warehouse, brand, first, last), usual) for p, first, last in of]
    frame = pd.DataFrame(rows, columns=DEPTHS)
    return frame.astype({"orders": "Int64", "depth": float, "usual": float})


def owned(warehouse: Warehouse, brand: str, of: Phases) -> pd.DataFrame:
    """Impressions of media that cost nothing, by phase and channel: phase, channel, impressions (int64)."""
    rows = []
    if warehouse.has("spend"):
        spend = warehouse.table("spend")
        mine = spend.filter((spend.brand == brand) & (spend.buying == "owned") & (spend.impressions > 0))
        for phase, first, last in of:
            days = mine.filter((mine.day >= first) & (mine.day <= last))
            sums = days.group_by("channel").agg(impressions=days.impressions.sum(), cost=days.cost_minor.sum())
            found = sums.filter(sums.cost == 0).execute().sort_values("channel")
            rows += [(phase, r.channel, int(r.impressions)) for r in found.itertuples()]
    return pd.DataFrame(rows, columns=["phase", "channel", "impressions"]).astype({"impressions": "int64"})


def benefits(warehouse: Warehouse, brand: str, of: Phases) -> pd.DataFrame:
    """Kinds of benefit on offer on at least half of a phase's days: phase, kind."""
    rows = []
    if warehouse.has("benefits"):
        table = warehouse.table("benefits")
        mine = table.filter((table.brand == brand) & table.kind.notnull()).select("kind", "first_day", "last_day")
        runs = mine.execute().astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]"})
        for phase, first, last in of:
            days = pd.date_range(first, last)
            for kind, part in runs.groupby("kind"):
                on = {d for r in part.itertuples() for d in days if r.first_day <= d <= r.last_day}
                rows += [(phase, kind)] if 2 * len(on) >= len(days) else []
    return pd.DataFrame(rows, columns=["phase", "kind"])


def _depth(warehouse: Warehouse, brand: str, first: date, last: date) -> tuple[int, float]:
    events = warehouse.table("events")
    bought = events.filter(
        (events.brand == brand) & (events.behaviour == "buy") & events.discount_minor.notnull()
        & (events.occurred_at >= first) & (events.occurred_at < last + timedelta(days=1))
    )  # fmt: skip
    listed = bought.value_minor + bought.discount_minor
    found = bought.mutate(off=bought.discount_minor / listed.nullif(0)).agg(
        n=lambda t: t.count(), depth=lambda t: t.off.median()
    )
    row = found.execute().iloc[0]
    return int(row.n), float(row.depth) if pd.notna(row.depth) else float("nan")
