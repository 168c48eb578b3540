"""What the structural series says of event days, held against worlds without them, beside its rivals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.model import event_days, event_series
from truth import festivals

MARKETS = range(3000, 3030)  # fixed before any of them was looked at; the model was made on 2000 to 2009
SIZE = 8000
BLOCKS = ("before", "on", "after", "net")


def judged(seed):
    """kind, block, method, whether its interval holds the truth, its error: of each event of a market of which truth is known."""
    market = festivals.live(seed, SIZE, promotions=True)
    taken = event_days.assign(market.trade.day, market.events)
    ours = event_series.tell(market.trade, market.events, "orders", np.random.default_rng(seed))
    found = {
        "series": ours.effects(market.events.event),
        "plain": event_days.effects(market.trade, market.events, "orders"),
        "usual": event_series.naive(market.trade, market.events, "orders"),
    }
    found = {name: table.set_index(["event", "block"]) for name, table in found.items()}
    for event, kind in zip(market.events.event, market.events.kind, strict=True):
        for block in BLOCKS if event in market.without else ():
            true = festivals.truth(market, taken, event, block)
            for name, table in found.items():
                row = table.loc[(event, block)]
                yield kind, block, name, row.low <= true <= row.high, row.effect - true


@pytest.mark.slow  # 30 markets of 8,000 consumers, three worlds and one without promotions each: three minutes
def test_intervals_hold_the_truth_and_the_usual_day_does_not():
    rows = [row for seed in MARKETS for row in judged(seed)]
    table = pd.DataFrame(rows, columns=["kind", "block", "method", "held", "off"]).dropna()
    by = table.groupby(["kind", "block", "method"])
    held, n, off = by.held.sum(), by.held.size(), by.off.apply(lambda e: float(np.sqrt((e**2).mean())))
    for kind in ("own", "platform"):
        for block in BLOCKS:
            at = kind, block, "series"
            assert binomtest(int(held[at]), int(n[at]), 0.95, "less").pvalue > 0.01, (at, held[at] / n[at])
        assert off[kind, "net", "series"] < off[kind, "net", "plain"], kind
    for kind, block in (
        ("own", "after"),
        ("own", "on"),
        ("platform", "before"),
    ):  # where days hang together or trade has a season
        at = kind, block, "usual"
        assert binomtest(int(held[at]), int(n[at]), 0.95, "less").pvalue < 0.01, (at, held[at] / n[at])
