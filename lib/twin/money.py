"""What media cost: contacts and clicks by day, brand, channel, placement, campaign and creative, and campaigns' budgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from twin.chance import stream
from twin.contact import CLICKED, EXPOSE, WATCHED
from twin.market import Drawn
from twin.media import ITEM_TRIAL
from twin.purchase import FIELDS
from twin.tables import Names, _table, schema, text

KEYS = ("minute", "brand", "channel", "placement", "campaign", "creative", "item")
MERGE = 1 << 20


@dataclass(frozen=True)
class Bought:
    """Media bought by a plan's line, under a campaign number of its own.

    sum_minor: what its contacts cost together; None: each costs what a contact costs on its day.
    """

    number: int
    name: str
    channel: int
    buying: str
    whom: str
    budget_minor: int | None
    sum_minor: int | None
    impressions: float  # that the plan asks for, or that its budget is expected to buy


def contact_price(market: Drawn) -> np.ndarray:
    """(channels, days) fen a contact: cpm · cost level, dearer by weeks of auctions and in promotions."""
    m = market
    weeks = np.exp(0.15 * stream(m.seed, "auctions").standard_normal((len(m.channels), m.calendar.days // 7 + 1)))
    dear = np.where(m.rules.phase == 3, 1.8, np.where(m.rules.phase > 0, 1.3, 1.0))
    cpm = np.array([float(m.spec["channels"][c]["cpm"]) for c in m.channels]) * m.spec["cost_level"]
    return cpm[:, None] / 1000 * weeks[:, np.arange(m.calendar.days) // 7] * dear


class Spend:
    """Counts gathered block by block; sums of whole numbers do not depend on the blocks, nor does their room grow with them."""

    def __init__(self, market: Drawn) -> None:  # noqa: D107
        self.market = market
        m = market
        sizes = (
            m.calendar.days,
            len(m.brands),
            len(m.channels),
            2,
            len(m.campaigns) + 1,
            m.creatives["message"].shape[1],
            m.rules.item_price.shape[1] + 1,
        )
        self.item_trials = np.array([c.scene == ITEM_TRIAL for c in m.campaigns] + [False])
        self.sizes = sizes
        self._held = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]

    def add(self, block: np.ndarray) -> None:
        """Count some events."""
        what = block[:, FIELDS.index("behaviour")]
        media = (what == EXPOSE) | (what == WATCHED) | (what == CLICKED)
        rows = block[media & (block[:, FIELDS.index("creative")] >= 0)]
        at = [rows[:, FIELDS.index(f)].astype(np.int64) for f in KEYS]
        at[0] //= 1440
        at[6] = np.where(self.item_trials[at[4]], at[6] + 1, 0)  # elsewhere media are not bought for an item
        at[4] += 1
        clicked = rows[:, FIELDS.index("behaviour")] == CLICKED
        key, count = np.unique(np.ravel_multi_index(at, self.sizes) * 2 + clicked, return_counts=True)
        self._held.append((key, count))
        # Merged when what came since is as large as what was there, so that a long run takes neither more room nor time.
        if sum(len(key) for key, _ in self._held[1:]) > max(MERGE, len(self._held[0][0])):
            self._held = [self._merged()]

    def _merged(self) -> tuple[np.ndarray, np.ndarray]:
        key, where = np.unique(np.concatenate([key for key, _ in self._held]), return_inverse=True)
        count = np.bincount(where, np.concatenate([count for _, count in self._held]), len(key))
        return key, count.astype(np.int64)

    def by_campaign(self, bought: Sequence[Bought] = ()) -> dict[int, tuple[int, int, int]]:
        """Campaign number → (impressions, clicks, cost_minor)."""
        _, shown, clicks, cost, at = self._costed(bought)
        sums = [
            np.bincount(at[4], v, len(self.market.campaigns) + 1)[1:].astype(np.int64) for v in (shown, clicks, cost)
        ]
        return {n: (int(a), int(b), int(c)) for n, (a, b, c) in enumerate(zip(*sums, strict=True)) if a + b}

    def by_channel(self, brand: int) -> dict[int, tuple[int, int]]:
        """Channel number → (impressions, cost_minor) of a brand."""
        _, shown, _, cost, at = self._costed(())
        mine, n = at[1] == brand, len(self.market.channels)
        sums = [np.bincount(at[2][mine], v[mine], n).astype(np.int64) for v in (shown, cost)]
        return {c: (int(a), int(b)) for c, (a, b) in enumerate(zip(*sums, strict=True)) if a}

    def _costed(
        self, bought: Sequence[Bought]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
        """Rows of spend: which label tells them (a channel, or len(channels) + n for line n of `bought`), sums, and `KEYS`."""
        m = self.market
        both, count = self._merged()
        key, where = np.unique(both // 2, return_inverse=True)
        shown, clicks = (np.bincount(where, count * (both % 2 == c), len(key)).astype(np.int64) for c in (0, 1))
        at = np.unravel_index(key, self.sizes)
        price = contact_price(m)[at[2], at[0]]
        cost = np.round(shown * price).astype(np.int64)
        told = at[2].copy()
        for n, line in enumerate(bought):
            mine = at[4] == line.number + 1
            told[mine] = len(m.channels) + n
            if line.sum_minor is not None and mine.any():
                whole = np.cumsum(shown[mine] * np.maximum(price[mine], 1e-9))
                cost[mine] = np.diff(np.round(whole / whole[-1] * line.sum_minor).astype(np.int64), prepend=0)
        return told, shown, clicks, cost, at

    def tables(self, bought: Sequence[Bought] = ()) -> dict[str, pa.Table]:
        """`spend` and `campaigns`, whose budget is what was spent, a tenth more, in round sums.

        bought: a plan's lines, whose cost is what the plan paid.
        """
        m, names = self.market, Names(self.market)
        told, shown, clicks, cost, at = self._costed(bought)
        day, brand, channel, place, campaign, creative, item = at
        buying = [m.spec["channels"][c]["buying"] for c in m.channels] + [b.buying for b in bought]
        whom = [m.spec["channels"][c]["target"] for c in m.channels] + [b.whom for b in bought]
        start = np.datetime64(m.calendar.start.isoformat(), "D")
        columns = {
            "day": start + day.astype("timedelta64[D]"),
            "brand": text(brand, m.brands),
            "channel": text(channel, m.channels),
            "buying": text(told, buying),
            "placement": text(channel * 2 + place, names.placement),
            "crowd": text(told, whom),
            "campaign_id": text(campaign - 1, names.campaign, campaign > 0),
            "creative_id": text(brand * self.sizes[5] + creative, names.creative),
            "item_id": text(np.maximum(brand * (self.sizes[6] - 1) + item - 1, 0), names.item, item > 0),
            "impressions": shown,
            "clicks": clicks,
            "cost_minor": cost,
        }
        spend = _table("spend", columns)
        total = np.bincount(campaign, cost, len(m.campaigns) + 1)[1:]
        rows = [
            (c.key, m.brands[c.brand], c.name, c.scene, m.calendar.date(c.first), m.calendar.date(c.last), None,
             int(np.ceil(1.1 * t / 10_000)) * 10_000)
            for c, t in zip(m.campaigns, total, strict=True)
        ]  # fmt: skip
        whole: dict[str, tuple[Any, ...]] = {}  # the lines of a plan are numbers of one campaign
        for row in rows:
            if row[0] in whole:
                known = whole[row[0]]
                row = (*row[:4], min(row[4], known[4]), max(row[5], known[5]), row[6], row[7] + known[7])
            whole[row[0]] = row
        campaigns = _table("campaigns", dict(zip(schema("campaigns"), zip(*whole.values(), strict=True), strict=True)))
        return {"spend": spend, "campaigns": campaigns}
