"""Stages A-I-P-L counted from raw events, for the truth alone: the rules `aipl`, written a second time on purpose.

A test holds them against the ledger, which reads the rules from their file.
"""

import numpy as np

from twin.purchase import FIELDS
from twin.tables import described

STAGES = ("none", "A", "I", "P", "L")
SEEN = ("expose", "watch")
ACTIVE = ("click", "view", "search_brand", "favourite", "cart", "engage", "sample", "claim", "reserve")
AT = {name: i for i, name in enumerate(FIELDS)}


def codes(*behaviours: str) -> list[int]:
    """The numbers of behaviours in the canonical list."""
    listed = described()["behaviours"]
    return [listed.index(b) for b in behaviours]


def stages(events: np.ndarray, row: np.ndarray, n: int, days: list[int]) -> np.ndarray:
    """(n, len(days)) int8: the stage of each of n consumers toward one brand at the end of each day.

    events: rows of that brand; row: each event's consumer as 0 … n − 1.
    """
    what, day = events[:, AT["behaviour"]], events[:, AT["minute"]] // 1440
    good = what != codes("review")[0]
    good |= events[:, AT["score"]] >= 4
    kinds = {
        "A": np.isin(what, codes(*SEEN)), "I": np.isin(what, codes(*ACTIVE)), "buy": what == codes("buy")[0],
        "praise": np.isin(what, codes("review", "share")) & good,
    }  # fmt: skip
    opened = np.isin(what, codes("join", "follow")).astype(int) - np.isin(what, codes("leave", "unfollow"))
    # one purchase a consumer and day: days count, not orders
    bought = np.flatnonzero(kinds["buy"])
    _, first = np.unique(row[bought].astype(np.int64) * 100_000 + day[bought], return_index=True)
    bought = bought[first]

    def count(at: np.ndarray, d: int, window: int) -> np.ndarray:
        at = at[(day[at] > d - window) & (day[at] <= d)]
        return np.bincount(row[at], minlength=n)

    index = {k: np.flatnonzero(v) for k, v in kinds.items()}
    status = np.flatnonzero(opened != 0)
    out = np.zeros((n, len(days)), np.int8)
    for column, d in enumerate(days):
        until = status[day[status] <= d]
        a, i = count(index["A"], d, 15) > 0, count(index["I"], d, 15) > 0
        i |= np.bincount(row[until], opened[until], n) > 0
        p = count(bought, d, 913) > 0
        loyal = (count(bought, d, 365) >= 2) | (p & (count(index["praise"], d, 365) > 0))
        out[:, column] = np.where(loyal, 4, np.where(p, 3, np.where(i, 2, np.where(a, 1, 0))))
    return out
