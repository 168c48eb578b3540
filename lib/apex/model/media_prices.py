"""What campaigns taught of prices: how steeply they rise, and how much a channel could sell at all.

No table holds price quotes, so a first plan has priors for both (`media_curves`). What it then paid tells: n contacts cost
p n (1 + n / (2 d carries)) in an auction, p being what others paid on the same days; and where money was left over, the channel
had no more to sell. Depth is put together over lessons as all their parts are; of room the newest word stands (`room_now`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.media_curves import DEPTH, ROOM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z80 = 1.2815516
# Convention: sd of the logarithm of what one campaign says of a channel's depth; others' prices are not ours.
ROUGH = 0.3
LITTLE = 0.1  # of what others would have paid: less above it says only that depth is at least so much
# Of the planned money: less was spent as there was no more to buy, where so many contacts tell it from lines that met nobody.
SHORT, TOLD = 0.9, 30
# With every campaign that does not confirm it, a room is believed to be so many times as large (convention): a limit that is kept
# to would else never be seen to be wrong.
GROWS = 2.0


@dataclass(frozen=True)
class Heard:
    """Of C channels: depth (middle and sd of the logarithm), room."""

    depth: "Floats"
    depth_sd: "Floats"
    room: "Floats"


@dataclass(frozen=True)
class Prices:
    """What lessons say, by channel: depth → (value, low, high: 80 %), room → value, in units of what the channel carries."""

    depth: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    room: Mapping[str, float] = field(default_factory=dict)

    def of(self, channels: Sequence[str]) -> Heard:
        """Prior and lessons together, on the logarithm; the prior where no lesson says."""
        depth, spread = np.full(len(channels), np.log(DEPTH[0])), np.full(len(channels), DEPTH[1])
        for c, name in enumerate(channels):
            if name in self.depth:
                value, low, high = self.depth[name]
                error = max(np.log(high / low) / (2 * Z80), 0.05)
                weights = np.array([DEPTH[1] ** -2, error**-2])
                depth[c] = (weights @ [np.log(DEPTH[0]), np.log(value)]) / weights.sum()
                spread[c] = weights.sum() ** -0.5
        room = np.array([min(self.room.get(c, ROOM), ROOM) for c in channels])
        return Heard(np.exp(depth), spread, room)


def room_now(told: Iterable[float | None]) -> float | None:
    """A channel's room after lessons, the oldest first; None in those that found no limit: the newest limit, grown since."""
    known: float | None = None
    for one in told:
        known = one if one is not None else None if known is None else min(GROWS * known, ROOM)
    return known


def told(
    channels: Sequence[str], carries: "Floats", market: "Floats", cost: "Floats", contacts: "Floats",
    auction: "NDArray[np.bool_]", planned: "Floats", heard: Prices,
) -> pd.DataFrame:  # fmt: skip
    """channel, depth, room of one campaign by itself; null where it cannot tell.

    carries, market, cost, contacts: (P, C) of the parts; planned: (C,) money, null where no plan was followed; heard: what was
    known before. Little bought says nothing of how prices rise, only how far they do not: told where less was believed.
    """
    rows = []
    for c, name in enumerate(channels):
        known = (contacts[:, c] > 0) & (market[:, c] > 0) & (carries[:, c] > 0)
        n, p, whole = (x[known, c] for x in (contacts, market, carries))
        depth = np.nan
        if auction[c] and known.any():
            flat = float((p * n).sum())
            above = float(cost[known, c].sum()) - flat
            depth = float((p * n**2 / whole).sum() / 2 / max(above, LITTLE * flat))
            if above < LITTLE * flat and not depth > heard.depth.get(name, (np.inf,))[0]:
                depth = np.nan
        spent, had, all_ = float(cost[:, c].sum()), float(contacts[:, c].sum()), float(carries[:, c].sum())
        used = had / all_ if all_ > 0 and planned[c] > 0 else 0.0
        short = used and had >= TOLD and spent < SHORT * planned[c]
        room = used if short else np.nan
        rows.append((name, depth, room))
    return pd.DataFrame(rows, columns=["channel", "depth", "room"])
