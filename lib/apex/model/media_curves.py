"""From money to GMV, channel by channel: how many contacts a budget buys, whom they reach, what they bring.

Contacts, part by part of the campaign: a contract's price is flat; an auction's rises with what is bought of what the channel
carries, marginal price = p (1 + n / n₀), so n = n₀ (√(1 + 2 b / (p n₀)) − 1); a burst of one day is dear. Reach: contacts over
consumers as a negative binomial (Danaher, "Advertising models", 2008): of N consumers 1 − (1 + n / (N a))^−a are met. Saturation
is the same law, with contacts that count τ times: what a repeated contact is worth is a prior.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REPEATED = (1.0, 0.5)  # prior of τ: median, sd of the logarithm
SHAPES = (0.05, 3.0)
# Prior of n₀ in units of what the channel carries on plain days, median and sd of the logarithm; and the most that one brand can
# buy there, in the same units. No table holds price quotes: both were read off the quotes of simulated markets 200 to 204.
DEPTH, ROOM = (0.27, 0.4), 1.5


@dataclass(frozen=True)
class Curves:
    """Response of C channels over a campaign of P parts.

    share, price, carries: (P, C) of a channel's budget, fen a contact, contacts that the channel carries; auction: whether the
    price rises; people: consumers; shape: (C,) of the negative binomial; then: (C,) contacts at which `orders` was measured;
    orders: (D, C) draws of orders a contact at `then`; repeated: (D,) draws; depth: (D, C) draws, or (D,) where all channels
    have the same; money: of an order; middle, room: (C,) of depth, and the most that can be bought, in what channels carry.
    """

    channels: tuple[str, ...]
    share: "Floats"
    price: "Floats"
    carries: "Floats"
    auction: "NDArray[np.bool_]"
    people: float
    shape: "Floats"
    then: "Floats"
    orders: "Floats"
    repeated: "Floats"
    depth: "Floats"
    money: float
    middle: "Floats | float" = DEPTH[0]
    room: "Floats | float" = ROOM

    def contacts(self, budget: "Floats") -> "Floats":
        """Contacts that budgets (…, C) buy, at the prior's middle; a channel without a price gives none."""
        return self._bought(budget, self.middle)

    def by_part(self, budget: "Floats") -> "Floats":
        """(P, C) the same of budgets (C,), part by part."""
        return self._parts(budget, self.middle)

    def usual_price(self) -> "Floats":
        """(C,) fen a contact before it gets dearer, over the parts as they share the money."""
        return np.asarray(1 / np.maximum((self.share / np.maximum(self.price, 1e-9)).sum(axis=0), 1e-12), float)

    def most(self) -> "Floats":
        """(C,) the budget beyond which no part has room; an auction's at the prior's middle."""
        rising = np.where(self.auction, 1 + self.room / (2 * self.middle), 1.0)
        full = self.price * self.carries * self.room * rising
        part = np.divide(full, self.share, out=np.zeros_like(full), where=self.share > 0)
        return np.asarray(part.max(axis=0, initial=0.0), float)

    def reach(self, contacts: "Floats") -> "Floats":
        """People met at least once by so many contacts (…, C)."""
        return self.people * (1 - (1 + contacts / (self.people * self.shape)) ** -self.shape)

    def gmv(self, budget: "Floats", draw: int | None = None) -> "Floats":
        """GMV that budgets (…, C) bring, (…, C): the mean of the draws, or one of them."""
        if draw is not None:
            return self._gmv(budget, draw)
        return np.mean([self._gmv(budget, d) for d in range(len(self.orders))], axis=0)

    def _gmv(self, budget: "Floats", d: int) -> "Floats":
        met = self._bought(budget, self.depth[d])
        return self.money * self.orders[d] * self._counts(met, d) * self._slope[d]

    @cached_property
    def _slope(self) -> "Floats":
        """(D, C) what the first contact brings beside the average of `then`."""
        return np.array([
            np.where(self.then > 0, self.then / np.maximum(self._counts(self.then, d), 1e-9), 1.0)
            for d in range(len(self.repeated))
        ])  # fmt: skip

    def _counts(self, contacts: "Floats", d: int) -> "Floats":
        """Contacts in units of the first one."""
        t = self.repeated[d]
        return self.people / t * (1 - (1 + contacts * t / (self.people * self.shape)) ** -self.shape)

    def _bought(self, budget: "Floats", depth: "Floats | float") -> "Floats":
        return np.asarray(self._parts(budget, depth).sum(axis=-2), float)

    def _parts(self, budget: "Floats", depth: "Floats | float") -> "Floats":
        price, supply = np.maximum(self.price, 1e-9), np.maximum(self.carries * depth, 1e-9)
        money = np.asarray(budget)[..., None, :] * self.share
        rising = supply * (np.sqrt(1 + 2 * money / (price * supply)) - 1)
        wanted = np.where(self.price > 0, np.where(self.auction, rising, money / price), 0.0)
        return np.minimum(wanted, self.room * self.carries)


def shapes(met: "Floats") -> "Floats":
    """(C,) shape of the negative binomial by moments. met: (people, C) contacts of each consumer."""
    mean, variance = met.mean(axis=0), met.var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.where(variance > mean, mean**2 / (variance - mean), SHAPES[1])
    return np.clip(np.nan_to_num(shape, nan=SHAPES[1]), *SHAPES)
