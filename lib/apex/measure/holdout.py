"""Hold-outs: who is left alone, so that what an audience did can be told from what it would have done anyway.

The draw is a hash of seed and consumer, so that anybody can repeat it with any tool:

    s = the first 8 bytes of SHA-256(seed as UTF-8), big-endian
    h = mix(consumer_id XOR s), mix being splitmix64 (Steele, Lea & Flood 2014) on 64 bits, all sums and products mod 2⁶⁴:
        z += 0x9E3779B97F4A7C15;  z = (z ^ z >> 30) · 0xBF58476D1CE4E5B9;  z = (z ^ z >> 27) · 0x94D049BB133111EB;  z ^= z >> 31

`mix` is one to one, so two consumers never tie. Inside each stratum those with the smallest h are held out. Two designs
were open: h < share · 2⁶⁴ depends on nobody else at all, but then a stratum of 40 at a tenth has between 0 and 9; the rank
inside the stratum gives every stratum its share exactly, but a consumer near the cut may change arms when others come or
go. We rank, and draw once: over everybody who might be addressed and not list by list, so that which crowds and exports are
made of them changes nobody's arm; and `keep` holds earlier arms fast, so that later draws only place newcomers.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.errors import ApexError
from apex.measure.privacy import suppress

LEVEL_Z = 1.959964  # of a 95 % interval


def seed_word(seed: str) -> int:
    """The seed as 64 bits."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")


def hashes(consumer_id: npt.ArrayLike, seed: str) -> npt.NDArray[np.uint64]:
    """h of each consumer (int64) under a seed: uniform on 64 bits, the same on every machine."""
    z = np.asarray(consumer_id, np.int64).astype(np.uint64) ^ np.uint64(seed_word(seed))
    with np.errstate(over="ignore"):
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hold_out(
    people: pd.DataFrame, share: float, seed: str, strata: Sequence[str] = (), keep: pd.Series | None = None
) -> pd.Series:
    """Who is held out, as a boolean Series in the order of `people`.

    people: one row a consumer, with consumer_id (int64) and the columns of `strata` (values as they are; null is a value).
    Every consumer is held out with probability `share`, and every stratum, every run of strata in their order (all of one
    crowd, where that is the first column) and the whole list hold share × size of them, rounded up or down. keep: earlier
    arms (index consumer_id, values bool), which stand; only the others are drawn, and counted for their shares. Raises
    ApexError for a share outside (0, 1), a consumer twice or missing, an unknown column.
    """
    if not 0 < share < 1:
        raise ApexError(f"hold_out: the share held out lies between 0 and 1, not {share}.")
    if missing := [c for c in ("consumer_id", *strata) if c not in people]:
        raise ApexError(f"hold_out: no column {', '.join(missing)}; there are {', '.join(map(str, people.columns))}.")
    if people.consumer_id.isna().any() or people.consumer_id.duplicated().any():
        raise ApexError("hold_out: a consumer_id is missing or stands twice; each consumer is drawn once.")
    ids = people.consumer_id.astype("int64").to_numpy()
    known = np.zeros(len(ids), bool) if keep is None else np.isin(ids, keep.index.to_numpy())
    drawn = pd.DataFrame({"h": hashes(ids, seed), "stratum": _numbered(people, strata)})[~known]
    drawn = drawn.sort_values(["stratum", "h"])
    size = drawn.groupby("stratum").size().to_numpy()
    start = np.r_[0, np.cumsum(size)]
    # one number in [0, 1) rounds all the running totals: each difference is then share × size, up or down, and on average exact
    offset = (int(hashes([0], seed)[0]) >> 11) / 2**53
    most = np.diff(np.floor(start * share + offset))
    rank = np.arange(len(drawn)) - np.repeat(start[:-1], size)
    out = pd.Series(False, index=np.arange(len(ids)))
    out.loc[drawn.index] = rank < np.repeat(most, size)
    if keep is not None:
        out.loc[known] = keep.astype(bool).reindex(ids[known]).to_numpy()
    return out.set_axis(people.index).rename("held_out")


def _numbered(people: pd.DataFrame, strata: Sequence[str]) -> npt.NDArray[np.int64]:
    """Strata as numbers, in the order of their values; null comes last."""
    if not strata:
        return np.zeros(len(people), np.int64)
    return people.groupby(list(strata), dropna=False, observed=True, sort=True).ngroup().to_numpy()


def deciles(values: pd.Series, groups: int = 10) -> pd.Series:
    """Which of `groups` groups of equal size each value lies in, 0 the lowest; equal values share a group."""
    return (((values.rank(method="max") - 1) * groups) // max(len(values), 1)).astype("int64")


def balance(people: pd.DataFrame, held_out: pd.Series, covariates: Sequence[str], threshold: int = 1) -> pd.DataFrame:
    """How far the two arms differ in each covariate: the check that the draw worked.

    Numbers are compared by their means, anything else by the share at each of its levels (`missing` where it is not known).
    Returns covariate, level (null for numbers), addressed, held_out (how many: with the value known, or at the level),
    mean_addressed, mean_held_out, difference (of the means, in standard deviations: the root of the arms' mean variance;
    0 where nothing varies), low, high (its 95 % interval under normal approximation), suppressed (bool). Where a count
    lies below `threshold`, or could be had from the others, the row's figures are null. An arm with fewer than two
    people cannot be compared: null. Under a sound draw about one row in twenty has an interval without 0.
    """
    if "consumer_id" in people:  # a mean of floats hangs on its order in the last digit, and an engine promises none
        order = people.consumer_id.argsort(kind="stable").to_numpy()
        people, held_out = people.iloc[order], held_out.iloc[order]
    arm = held_out.to_numpy(bool)
    rows: list[dict[str, object]] = []
    for name in covariates:
        if name not in people:
            raise ApexError(f'balance: no column "{name}"; there are {", ".join(map(str, people.columns))}.')
        column = people[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            values, known = column.astype("Float64").to_numpy(float, na_value=np.nan), column.notna().to_numpy()
            counts = {"addressed": int((known & ~arm).sum()), "held_out": int((known & arm).sum())}
            compared = _compared(values[known & ~arm], values[known & arm])
            rows.append({"covariate": name, "level": None, **counts, **compared})
            continue
        text = column.astype("object").where(column.notna(), "missing").astype(str)
        for level in sorted(text.unique()):
            at = (text == level).to_numpy()
            counts = {"addressed": int((at & ~arm).sum()), "held_out": int((at & arm).sum())}
            rows.append({"covariate": name, "level": level, **counts, **_compared(at[~arm] * 1.0, at[arm] * 1.0)})
    figures = ["mean_addressed", "mean_held_out", "difference", "low", "high"]
    frame = pd.DataFrame(rows, columns=["covariate", "level", "addressed", "held_out", *figures])
    frame[figures] = frame[figures].astype(float)
    frame["level"] = frame.level.astype("string")
    out = suppress(frame, ["addressed", "held_out"], threshold, [["covariate"]])
    out.loc[out.suppressed, figures] = np.nan
    return out


def _compared(addressed: npt.NDArray[np.float64], held: npt.NDArray[np.float64]) -> dict[str, float]:
    n, m = len(addressed), len(held)
    if n < 2 or m < 2:
        return {}
    spread = np.sqrt((addressed.var(ddof=1) + held.var(ddof=1)) / 2)
    gap = held.mean() - addressed.mean()
    d = gap / spread if spread > 0 else (0.0 if gap == 0 else np.copysign(np.inf, gap))
    error = np.sqrt(1 / n + 1 / m + d**2 / (2 * (n + m)))  # Hedges & Olkin 1985
    return {
        "mean_addressed": addressed.mean(), "mean_held_out": held.mean(), "difference": d,
        "low": d - LEVEL_Z * error, "high": d + LEVEL_Z * error,
    }  # fmt: skip
