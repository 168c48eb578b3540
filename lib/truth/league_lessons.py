"""What the policies of the league had learned when: shares of the budget, what the plan knew, and how far from the oracle."""

import json
from collections import Counter
from collections.abc import Iterator
from numbers import Real

import numpy as np
import pandas as pd

from truth.league_score import ORACLE, policies, told

NAMES = ["policy", "campaign", "what", "item", "value", "text", "n"]


def learned(results: pd.DataFrame) -> pd.DataFrame:
    """A row a policy, campaign, what and item: value, text, n (markets that tell it).

    Numbers: the median over markets, text empty. Words (which message): the commonest one in `text`, and as value the share of
    markets that say it. `what` is a key of the column `learned` ("trials", "depth", …), or "shares": a channel's share of the
    budget, nought where a split does not name it.
    """
    rows: list[tuple[object, ...]] = []
    for (policy, campaign), part in results.groupby(["policy", "campaign"], sort=False):
        shares = split(part.shares)
        for channel in shares:
            rows.append((policy, campaign, "shares", channel, float(shares[channel].median()), "", len(shares)))
        seen: dict[tuple[str, str], list[object]] = {}
        for what, item, value in _leaves(part.learned):
            seen.setdefault((what, item), []).append(value)
        for (what, item), values in seen.items():
            numbers = [float(v) for v in values if isinstance(v, Real)]
            if len(numbers) == len(values):
                rows.append((policy, campaign, what, item, float(np.median(numbers)), "", len(numbers)))
            else:
                text, times = Counter(str(v) for v in values).most_common(1)[0]
                rows.append((policy, campaign, what, item, times / len(values), text, len(values)))
    found = pd.DataFrame(rows, columns=NAMES)
    order = {p: n for n, p in enumerate(policies(results))}
    return found.sort_values(["policy", "campaign"], key=lambda c: c.map(order) if c.name == "policy" else c,
                             kind="stable", ignore_index=True)  # fmt: skip


def split(texts: pd.Series) -> pd.DataFrame:
    """Shares of the budget: a row a row of `texts` that has any (its index kept), a column a channel."""
    some = texts[texts.map(lambda t: isinstance(t, str) and t not in ("", "{}")).astype(bool)]
    return pd.DataFrame([json.loads(t) for t in some], index=some.index, dtype=float).fillna(0.0)


def _leaves(texts: pd.Series) -> Iterator[tuple[str, str, object]]:
    """(what, item, value) of each text; item is empty where `what` is a single value. Lists, nulls and nan are passed over."""
    for text in texts:
        for what, value in (json.loads(text) if isinstance(text, str) and text else {}).items():
            for item, leaf in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(leaf, str) or (isinstance(leaf, Real) and not np.isnan(float(leaf))):
                    yield what, str(item), leaf


def apart(results: pd.DataFrame) -> pd.DataFrame:
    """How far a split is from the oracle's of the same market and campaign, a row a policy and campaign: median, low, high, n.

    ½ Σ |share − the oracle's|: the share of the budget that lies elsewhere.
    """
    rows = []
    known = results.set_index(["seed", "campaign"])
    best = split(known[known.policy == ORACLE].shares)
    for policy in policies(results) if len(best) else ():
        if policy == ORACLE:
            continue
        mine = split(known[known.policy == policy].shares)
        both = mine.index.intersection(best.index)
        channels = mine.columns.union(best.columns)
        a, b = (f.reindex(both).reindex(columns=channels, fill_value=0.0) for f in (mine, best))
        off = (a - b).abs().sum(axis=1) / 2
        at = both.get_level_values("campaign").to_numpy()
        rows += [(policy, k, *told(off.to_numpy()[at == k])) for k in np.unique(at)]
    return pd.DataFrame(rows, columns=["policy", "campaign", "median", "low", "high", "n"])
