"""What stock and contracts are told from: counts of a market's events, gathered block by block in bounded memory."""

import numpy as np

from twin.contact import EXPOSE, WATCHED
from twin.crowds import CROWDS
from twin.market import Drawn
from twin.people import traits
from twin.purchase import BUY, FIELDS

AT = {name: n for n, name in enumerate(FIELDS)}
GUARANTEES = ("impressions", "reach", "new consumers", "recalls")


def slots(market: Drawn) -> list[int]:
    """The channels bought by contract, as numbers; each has two slots, number 2 · place in this list + placement."""
    return [n for n, c in enumerate(market.channels) if market.spec["channels"][c]["buying"] == "contract"]


class Counts:
    """Sums over blocks. A block holds all of a consumer's events, and sums of whole numbers do not depend on the blocks.

    sold: (items, T) units bought, item as g · J + j. contacts: (observed days, slots, crowds). contract: guarantee →
    (campaigns, slots, crowds), see `add`. All int64; contacts are counted as `spend` counts impressions.
    """

    def __init__(self, market: Drawn) -> None:  # noqa: D107
        self.market, self.channels = market, slots(market)
        brands, self.items = market.rules.item_price.shape
        self.slot = np.full(len(market.channels) + 1, -1)
        self.slot[self.channels] = 2 * np.arange(len(self.channels))
        self.sold = np.zeros((brands * self.items, market.calendar.days), np.int64)
        self.contacts = np.zeros(
            (market.calendar.days - market.calendar.observed, 2 * len(self.channels), len(CROWDS)), np.int64
        )
        shape = (len(market.campaigns), *self.contacts.shape[1:])
        self.contract = {name: np.zeros(shape, np.int64) for name in GUARANTEES}
        self.first = np.array([c.first for c in market.campaigns], np.int64)
        self.brand = np.array([c.brand for c in market.campaigns], np.int64)

    def add(self, block: np.ndarray) -> None:
        """Count one block of events, columns `FIELDS`, all events of its consumers.

        Of a campaign in a slot: `impressions`; `reach`, its consumers; `new consumers`, of whom nothing was recorded with the
        brand before the campaign; `recalls`, who bought before it but not in the `lost_days` before it.
        """
        what = block[:, AT["behaviour"]]
        bought = block[what == BUY]
        item = bought[:, AT["brand"]].astype(np.int64) * self.items + bought[:, AT["item"]]
        np.add.at(self.sold, (item, bought[:, AT["minute"]] // 1440), bought[:, AT["quantity"]])
        shown = ((what == EXPOSE) | (what == WATCHED)) & (block[:, AT["creative"]] >= 0)
        shown &= self.slot[block[:, AT["channel"]]] >= 0
        rows = block[shown]
        numbers, who = np.unique(rows[:, AT["consumer"]], return_inverse=True)
        if not len(numbers):
            return
        crowd = traits(self.market.spec, self.market.seed, numbers.astype(np.int64))["crowd"]
        slot = self.slot[rows[:, AT["channel"]]] + rows[:, AT["placement"]]
        day = rows[:, AT["minute"]] // 1440 - self.market.calendar.observed
        np.add.at(self.contacts, (day, slot, crowd[who]), 1)
        mine = rows[:, AT["campaign"]] >= 0
        campaign, slot, who = rows[mine, AT["campaign"]].astype(np.int64), slot[mine], who[mine]
        np.add.at(self.contract["impressions"], (campaign, slot, crowd[who]), 1)
        sizes = (len(numbers), *self.contacts.shape[1:2], max(1, len(self.first)))
        pair = np.unravel_index(np.unique(np.ravel_multi_index((who, slot, campaign), sizes)), sizes)
        at = (pair[2], pair[1], crowd[pair[0]])
        known, last = self._before(block, bought, numbers[pair[0]].astype(np.int64), pair[2])
        lost = self.first[pair[2]] - self.market.spec["contracts"]["lost_days"]
        np.add.at(self.contract["reach"], at, 1)
        np.add.at(self.contract["new consumers"], at, ~known)
        np.add.at(self.contract["recalls"], at, (last >= 0) & (last < lost))

    def _before(
        self, block: np.ndarray, bought: np.ndarray, consumer: np.ndarray, campaign: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Whether anything was recorded of consumer and brand before the campaign; the day of the last purchase, or −1."""
        brands, long = len(self.market.brands), self.market.calendar.days + 1

        def keys(rows: np.ndarray) -> np.ndarray:
            relation = rows[:, AT["consumer"]].astype(np.int64) * brands + rows[:, AT["brand"]]
            return np.sort((relation * long + rows[:, AT["minute"]] // 1440)[rows[:, AT["brand"]] >= 0])

        relation = (consumer * brands + self.brand[campaign]) * long
        eve = relation + self.first[campaign]
        out = []
        for key in (keys(block), keys(bought)):
            found = np.concatenate([[-1], key])[np.searchsorted(key, eve)]  # the last one before the campaign
            out.append(np.where(found >= relation, found - relation, -1))
        return out[0] >= 0, out[1]
