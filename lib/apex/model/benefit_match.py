"""Which kind of benefit to offer a crowd: rates of use, held back towards what the kind and the crowd have in common."""

import numpy as np
import pandas as pd

HOLD = 20.0  # claims that a kind's usual rate counts as, beside a crowd's own; convention
DRAWS = 2000
ENDS = (0.1, 0.9)


def matched(counts: pd.DataFrame, by: str, seed: int = 0) -> pd.DataFrame:
    """For each of `by` the kind that it uses most: by, kind, offered, used, rate (posterior), low, high (80 %), odds, runner.

    counts: by, kind, offered, used. A cell's rate is Beta with HOLD claims at the kind's rate over everybody, times how much
    more or less than usual `by` uses benefits at all. odds: chance that the kind is the best of the crowd's (from draws); runner:
    the next one. Kinds that nobody was offered are no choice.
    """
    columns = [by, "kind", "offered", "used", "rate", "low", "high", "odds", "runner"]
    kinds = counts.groupby("kind")[["offered", "used"]].sum()
    kinds = kinds[kinds.offered > 0]
    if kinds.empty:
        return pd.DataFrame(columns=columns)
    usual = (kinds.used + 1) / (kinds.offered + 2)
    rng, rows = np.random.default_rng(seed), []
    for one, part in counts.groupby(by, sort=False):
        own = part.set_index("kind")[["offered", "used"]].reindex(kinds.index, fill_value=0)
        expected = float((own.offered * usual).sum())
        level = (own.used.sum() + HOLD) / (expected + HOLD)
        prior = np.clip(usual.to_numpy() * level, 1e-3, 1 - 1e-3)
        a, b = own.used + HOLD * prior, own.offered - own.used + HOLD * (1 - prior)
        draws = rng.beta(a.to_numpy(), b.to_numpy(), (DRAWS, len(kinds)))
        rate = (a / (a + b)).to_numpy()
        order = np.argsort(-rate, kind="stable")
        best = order[0]
        low, high = np.quantile(draws[:, best], ENDS)
        rows.append((
            one, kinds.index[best], int(own.offered.iloc[best]), int(own.used.iloc[best]), rate[best], low, high,
            float((draws.argmax(1) == best).mean()), kinds.index[order[1]] if len(order) > 1 else None,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
