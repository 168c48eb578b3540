"""What media cost: contacts and clicks by day, brand, channel, placement, campaign and creative, and campaigns' budgets."""

import numpy as np
import pyarrow as pa

from twin.chance import stream
from twin.contact import CLICKED, EXPOSE, WATCHED
from twin.market import Drawn
from twin.purchase import FIELDS
from twin.tables import Names, _table, schema, text

KEYS = ("minute", "brand", "channel", "placement", "campaign", "creative")
MERGE = 1 << 20


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
        )
        self.sizes = sizes
        self._held = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]

    def add(self, block: np.ndarray) -> None:
        """Count some events."""
        what = block[:, FIELDS.index("behaviour")]
        media = (what == EXPOSE) | (what == WATCHED) | (what == CLICKED)
        rows = block[media & (block[:, FIELDS.index("creative")] >= 0)]
        at = [rows[:, FIELDS.index(f)].astype(np.int64) for f in KEYS]
        at[0] //= 1440
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

    def tables(self) -> dict[str, pa.Table]:
        """`spend` and `campaigns`, whose budget is what was spent, a tenth more, in round sums."""
        m, names = self.market, Names(self.market)
        both, count = self._merged()
        key, where = np.unique(both // 2, return_inverse=True)
        shown, clicks = (np.bincount(where, count * (both % 2 == c), len(key)).astype(np.int64) for c in (0, 1))
        day, brand, channel, place, campaign, creative = np.unravel_index(key, self.sizes)
        kinds = [m.spec["channels"][c] for c in m.channels]
        weeks = np.exp(0.15 * stream(m.seed, "auctions").standard_normal((len(m.channels), m.calendar.days // 7 + 1)))
        dear = np.where(m.rules.phase == 3, 1.8, np.where(m.rules.phase > 0, 1.3, 1.0))
        cpm = np.array([float(k["cpm"]) for k in kinds]) * m.spec["cost_level"]
        cost = np.round(shown * cpm[channel] / 1000 * weeks[channel, day // 7] * dear[day]).astype(np.int64)
        start = np.datetime64(m.calendar.start.isoformat(), "D")
        columns = {
            "day": start + day.astype("timedelta64[D]"),
            "brand": text(brand, m.brands),
            "channel": text(channel, m.channels),
            "buying": text(channel, [k["buying"] for k in kinds]),
            "placement": text(channel * 2 + place, names.placement),
            "crowd": text(channel, [k["target"] for k in kinds]),
            "campaign_id": text(campaign - 1, names.campaign, campaign > 0),
            "creative_id": text(brand * self.sizes[5] + creative, names.creative),
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
        campaigns = _table("campaigns", dict(zip(schema("campaigns"), zip(*rows, strict=True), strict=True)))
        return {"spend": spend, "campaigns": campaigns}
