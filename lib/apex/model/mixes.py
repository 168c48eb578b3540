"""Whether a mix of channels goes with more consumers than expected: ratio with an interval that knows how many were tried."""

import pandas as pd

LEVEL = 0.95
LEAST = 5  # expected to reach the goal: fewer say nothing


def judged(mixes: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """The frame of `measure.mixes.mixes` with rate, usual (expected rate), ratio, low, high; best first by low.

    ratio = reached / expected, its interval Garwood's exact one for a Poisson count, at 1 − (1 − level) / m for m mixes, so
    that the best of many is not believed for being the best of many (Bonferroni). Mixes of which fewer than LEAST are
    expected to reach the goal are left out before. `mix` is text, channels with " + " between them.
    """
    from scipy.special import gammaincinv

    kept = mixes.astype({"consumers": int, "reached": int, "expected": float})
    kept = kept[kept.expected >= LEAST].copy()
    kept["mix"] = [" + ".join(mix) for mix in kept.mix]
    tail = (1 - level) / max(1, len(kept)) / 2
    kept["rate"], kept["usual"] = kept.reached / kept.consumers, kept.expected / kept.consumers
    kept["ratio"] = kept.reached / kept.expected
    fewest = pd.Series(gammaincinv(kept.reached.clip(lower=1), tail), kept.index)
    kept["low"] = fewest.where(kept.reached > 0, 0.0) / kept.expected
    kept["high"] = gammaincinv(kept.reached + 1, 1 - tail) / kept.expected
    return kept.sort_values(["low", "ratio", "mix"], ascending=[False, False, True], ignore_index=True)
