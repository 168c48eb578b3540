"""The tables of goods, media and partners that are told from counts: services, stock, contracts, inventory, benefits."""

from typing import TYPE_CHECKING

from twin import benefits, contracts, services, stock
from twin.counts import Counts
from twin.market import Drawn

if TYPE_CHECKING:
    import pyarrow as pa


def tables(market: Drawn, counts: Counts) -> dict[str, "pa.Table"]:
    """The canonical tables of a market, and what was counted of its events."""
    m = market
    return {
        "services": services.table(m.calendar, m.services, m.brands),
        "on_hand": stock.on_hand(m.spec, m.seed, m.calendar, counts.sold, m.outages, m.items["launch"]),
        "contracts": contracts.table(m, contracts.contracts(m, counts)),
        "inventory": contracts.inventory_table(m, counts),
        "benefits": benefits.table(m.spec, m.calendar, m.offer, m.brands),
    }
