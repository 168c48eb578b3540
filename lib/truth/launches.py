"""Launches of whole simulated markets, as an observer on their last day sees them: forecasts are held against them."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from apex.measure import item_market, item_starts
from apex.measure import launches as measure
from apex.measure.item_market import BEHAVIOURS
from apex.measure.item_rules import ItemRules
from apex.warehouse import Warehouse
from twin import tables
from twin.market import draw_market
from twin.play import advance, consumers, world
from twin.stages import AT, codes

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Seen:
    """As much of a warehouse as launches need: tables in memory and the first day."""

    tables: dict[str, "ir.Table"]
    first_day: date

    def table(self, name: str) -> "ir.Table":
        """One of the tables."""
        return self.tables[name]

    def has(self, name: str) -> bool:
        """Whether it is there."""
        return name in self.tables


@dataclass(frozen=True)
class Market:
    """A lived market: its launches day by day, and the frame of `item_starts.starts` for each of some ages."""

    launches: measure.Launches
    starts: pd.DataFrame


def live(seed: int, size: int, rules: ItemRules) -> Market:
    """Live a market once, all categories, and look at it on its last day; rules say at which ages and what a hit is."""
    drawn = draw_market(seed)
    crowd, _ = consumers(drawn, np.arange(1, size + 1))
    of, kept = world(drawn), codes(*BEHAVIOURS)
    blocks = []
    for category in range(len(drawn.categories)):
        lived, _ = advance(drawn, crowd, of, category)
        blocks.append(lived[np.isin(lived[:, AT["behaviour"]], kept)])
    block = np.concatenate(blocks)
    block = block[np.argsort(block[:, AT["minute"]], kind="stable")]
    columns = ["consumer_id", "brand", "category", "occurred_at", "behaviour", "item_id", "quantity", "value_minor"]
    events = tables.events(drawn, block, 1).select(columns)
    made: dict[str, Any] = {"events": events, "items": tables.others(drawn)["items"]}
    seen = cast(Warehouse, Seen({n: ibis.memtable(cast(pa.Table, t)) for n, t in made.items()}, drawn.calendar.start))
    day = drawn.calendar.date(drawn.calendar.days - 1)
    market = item_market.market(seen, drawn.brands[0], rules, day)
    return Market(measure.launches(seen, market), item_starts.starts(seen, market, rules))
