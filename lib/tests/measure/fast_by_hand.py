"""A market for the tests of FAST and its drivers, and what they count by brute force: no ledger, no window functions."""

import datetime as dt
import random

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
DAYS = 60
PERIODS = {"now": (45, 59), "before": (31, 45), "long": (10, 59), "young": (3, 20)}


def log():
    """Sixty days of thirty consumers at three brands: exposures, purchases, joins and leaves."""
    dice = random.Random(11)
    start = dt.datetime(2024, 1, 1, 9)
    return [
        {
            "consumer_key": f"c{dice.randrange(30)}",
            "brand": dice.choice("bbcd"),
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(600)),
            "behaviour": dice.choice(["expose", "expose", "expose", "buy", "join", "leave", "cart"]),
            "channel": dice.choice(["tv", "web", None]),
            "business": dice.choice(["shop", "market"]),
            "seq": number,
        }
        for number in range(700)
    ] + [
        {"consumer_key": "c0", "brand": "b", "occurred_at": start + dt.timedelta(days=d), "behaviour": "expose",
         "channel": "tv", "business": "shop", "seq": 700 + d} for d in (0, DAYS - 1)
    ]  # fmt: skip


def number(day):
    return (day - dt.date(2024, 1, 1)).days


def stages(log, brand):
    """{(consumer, day number): stage number}, from the definitions of windows alone."""
    found = {}
    for consumer in {e["consumer_key"] for e in log}:
        mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == brand]
        when = {b: {number(e["occurred_at"].date()) for e in mine if e["behaviour"] == b} for b in ("expose", "buy")}
        for n in range(-1, DAYS):
            bought = [d for d in when["buy"] if 0 <= n - d < 9]
            aware = any(0 <= n - d < 5 for d in when["expose"])
            found[consumer, n] = 3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0
    return found


def smallest(stages):
    """Consumers of the smallest stage that has any."""
    stages = list(stages)
    return min((stages.count(s) for s in (1, 2, 3) if s in stages), default=0)


def counts(log, brand, start, end):
    """F, its period's union and what A is made of, consumer by consumer and day by day."""
    truth = stages(log, brand)
    people = sorted({c for c, _ in truth})
    ends = {c: (truth[c, start], truth[c, end]) for c in people}
    ups = [(c, n) for c in people for n in range(start + 1, end + 1) if 0 < truth[c, n - 1] < truth[c, n]]
    return {
        "consumers": sum(b > 0 for _, b in ends.values()),
        "reached": sum(any(truth[c, n] for n in range(start + 1, end + 1)) for c in people),
        "passed": sum(any(truth[c, n] for n in range(start + 1, end + 1)) and not truth[c, end] for c in people),
        "smallest": smallest(b for _, b in ends.values()),
        "smallest_start": smallest(a for a, _ in ends.values()),
        "start": sum(a > 0 for a, _ in ends.values()),
        "eligible": sum(0 < a < 3 for a, _ in ends.values()),
        "rose": sum(0 < a < b for a, b in ends.values()),
        "came": sum(a == 0 < b for a, b in ends.values()),
        "left": sum(a > 0 == b for a, b in ends.values()),
        "moves_up": len(ups),
    }
