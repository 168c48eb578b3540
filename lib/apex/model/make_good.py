"""What to take from the auction where a guarantee falls short, and at which cost.

An auction's marginal price rises with what is bought of what the channel carries, p (1 + n / n₀), as in `media_curves`. The
cheapest mix has one marginal price λ in all channels: n = n₀ (λ / p − 1), at most the channel's room; λ by bisection.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.model.media_curves import DEPTH, ROOM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 80


def take(auctions: pd.DataFrame, wanted: float, days: int) -> pd.DataFrame:
    """channel, price_minor (of a thousand), impressions, cost_minor: the cheapest mix of `wanted` impressions in `days` days.

    auctions: channel, price_minor, daily as `measure.inventory.auctions` gives them. Less than wanted where there is no room.
    """
    price = auctions.price_minor.to_numpy(float)
    carries = auctions.daily.to_numpy(float) * max(days, 1)
    depth, room = np.maximum(DEPTH[0] * carries, 1e-9), ROOM * carries

    def bought(top: float) -> "Floats":
        return np.clip(depth * (top / np.maximum(price, 1e-9) - 1), 0, room)

    low, high = 0.0, float(price.max(initial=0.0)) * (2 + ROOM / DEPTH[0])
    wanted = min(max(wanted, 0.0), float(room.sum()))
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if bought(middle).sum() < wanted else (low, middle)
    number = bought(high) if wanted > 0 else np.zeros(len(price))
    cost = price / 1000 * number * (1 + number / (2 * depth))
    return auctions[["channel", "price_minor"]].assign(impressions=number, cost_minor=cost)
