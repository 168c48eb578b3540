"""The tables of goods, media and partners that are told from counts: services, stock, contracts, inventory, benefits."""

from typing import TYPE_CHECKING

import numpy as np

from twin import benefits, contracts, services, stock
from twin.counts import Counts
from twin.market import Market

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = ("services", "on_hand", "contracts", "inventory", "benefits")


def tables(
    market: Market, counts: Counts, served: list[services.Service], out: np.ndarray, offered: np.ndarray
) -> dict[str, "pa.Table"]:
    """The canonical tables named in `TABLES`, from a market, its counts and what was drawn of it.

    served: of `services.services`; out: (T, G, J) of `stock.outages`; offered: (T, G, kinds) of `benefits.offered`.
    """
    m = market
    return {
        "services": services.table(m.calendar, served, m.brands),
        "on_hand": stock.on_hand(m.spec, m.seed, m.calendar, counts.sold, out, m.items["launch"]),
        "contracts": contracts.table(m, contracts.contracts(m, counts)),
        "inventory": contracts.inventory_table(m, counts),
        "benefits": benefits.table(m.spec, m.calendar, offered, m.brands),
    }
