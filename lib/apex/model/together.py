"""What goes together more often than chance would have it: pairs of items in one order, and categories of the same people.

A pair's orders divided by all orders is a poor yardstick: whoever has bought one item has less room for another, so that
in small orders everything looks like it repels everything. Here a pair is held against quasi-independence (Goodman,
*JASA* 63, 1968): in orders of several items, each item has one weight, and the expected number of a pair is the product of
two, such that every item has as many partners as it had. What is left is what the two have to do with each other.
"""

import numpy as np
import pandas as pd

from apex.measure.grow import BUCKETS
from apex.model.grow import LEVEL, left_out

LEAST_ITEMS = 4  # of three items or fewer every pair is explained by the weights alone
ROUNDS = 300
RATE = 0.05  # false discoveries among those called so
PAIRS = ["item_a", "item_b", "orders", "buyers", "expected", "lift", "low", "high", "q", "clear"]
PEOPLE = ("ours", "others", "ours_not", "others_not")  # columns of `affinities` that count people
RISKS = ["category", *PEOPLE, "share_ours", "share_others", "ratio", "low", "high", "q", "clear"]


def pair_lifts(frame: pd.DataFrame, least: int) -> pd.DataFrame:
    """How much more often each pair is in one order than the two items' weights would have it.

    frame: that of `measure.item_pairs.pairs`. Returns item_a, item_b, orders, buyers, expected, lift (orders / expected), low,
    high (95 %, by leaving out hundredths of the consumers), q (Benjamini and Hochberg's), clear (bool: q at most RATE): one
    row a pair of at least `least` orders and as many buyers, largest lift first; none where fewer than LEAST_ITEMS items
    were bought together.
    """
    names = sorted({*frame.item_a, *frame.item_b})
    if len(names) < LEAST_ITEMS:
        return pd.DataFrame(columns=PAIRS)
    cube = np.zeros((len(names), len(names), BUCKETS))
    a, b = (frame[c].map(names.index).to_numpy(dtype=int) for c in ("item_a", "item_b"))
    cube[a, b, frame.bucket] = cube[b, a, frame.bucket] = frame.orders
    whole = cube.sum(axis=-1, keepdims=True)
    counts = np.concatenate([whole, left_out(cube)], axis=-1)
    expected = quasi_independent(np.moveaxis(counts, -1, 0))
    sums = frame.groupby(["item_a", "item_b"], as_index=False)[["orders", "buyers"]].sum()
    sums = sums[(sums.orders >= least) & (sums.buyers >= least)].reset_index(drop=True)
    row, column = (sums[c].map(names.index).to_numpy(dtype=int) for c in ("item_a", "item_b"))
    with np.errstate(divide="ignore"):  # a pair that one bucket holds all of is told by nobody else
        logs = np.log(counts[row, column].T / expected[:, row, column])
    made = told(logs[0], _jackknife(logs[1:]))
    found = sums.assign(expected=expected[0, row, column], **made)
    return found.rename(columns={"ratio": "lift"})[PAIRS].sort_values("lift", ascending=False, ignore_index=True)


def quasi_independent(counts: np.ndarray) -> np.ndarray:
    """Expected counts e_ab = α_a α_b (a ≠ b) with the same sums by item, of symmetric tables (…, items, items).

    By proportional steps; where an item is in nearly every pair its weight grows without bound and the steps end near the limit.
    """
    empty = 1 - np.eye(counts.shape[-1])
    sums = (counts * empty).sum(axis=-1)
    weight = np.sqrt(np.maximum(sums, 0)) + 1e-12
    for _ in range(ROUNDS):
        fitted = weight * (weight.sum(axis=-1, keepdims=True) - weight)
        weight = weight * np.sqrt(sums / np.maximum(fitted, 1e-300))
    return weight[..., :, None] * weight[..., None, :] * empty


def affinities(frame: pd.DataFrame, least: int) -> pd.DataFrame:
    """Whether our buyers of a category buy in another one (other brands') more than buyers of other brands alone do.

    frame: that of `measure.item_pairs.elsewhere`. Shares are compared at equal days of shopping in the first category: Mantel
    and Haenszel's ratio over the strata. Returns category, ours, others (who buys there), ours_not, others_not (who does
    not), share_ours, share_others (as they are), ratio, low, high (95 %), q, clear: one row a category with at least `least`
    buyers on both sides, largest ratio first.
    """
    wide = frame.pivot(index=["category", "stratum"], columns="ours", values=["consumers", "bought"])
    wide = wide.reindex(columns=pd.MultiIndex.from_product([["consumers", "bought"], [True, False]])).fillna(0)
    wide = wide.astype(float)
    n1, n0 = wide["consumers"][True], wide["consumers"][False]
    a, c = wide["bought"][True], wide["bought"][False]
    sums = pd.DataFrame({"ours": a, "others": c, "n1": n1, "n0": n0}).groupby("category").sum()
    logs, errors = mantel_haenszel(a, n1, c, n0, "category")
    kept = sums.assign(log=logs, error=errors).query("ours >= @least and others >= @least").reset_index()
    made = told(kept.log.to_numpy(), kept.error.to_numpy())
    found = kept.assign(share_ours=kept.ours / kept.n1, share_others=kept.others / kept.n0, **made)
    found = found.assign(ours_not=kept.n1 - kept.ours, others_not=kept.n0 - kept.others).astype(
        dict.fromkeys(PEOPLE, "int64")
    )
    return found[RISKS].sort_values("ratio", ascending=False, ignore_index=True)


def mantel_haenszel(a: pd.Series, n1: pd.Series, c: pd.Series, n0: pd.Series, by: str) -> tuple[pd.Series, pd.Series]:
    """Logarithm of the ratio of two shares, a of n1 and c of n0, like with like over strata, and its error; one each `by`.

    All four have the same index with the level `by`, a row a stratum; a stratum without one of the sides says nothing. Null
    where one side has none. Error: Greenland and Robins, Biometrics 41, 1985.
    """
    n = (n1 + n0).where((n1 > 0) & (n0 > 0))
    parts = {"r": a * n0 / n, "s": c * n1 / n, "v": ((a + c) * n1 * n0 - a * c * n) / n**2}
    sums = pd.DataFrame(parts).groupby(level=by).sum()
    sums = sums.where((sums.r > 0) & (sums.s > 0))
    return np.log(sums.r / sums.s), np.sqrt(sums.v / (sums.r * sums.s))


def _jackknife(left: np.ndarray) -> np.ndarray:
    """Error of a figure from the same figure without each bucket (first axis)."""
    with np.errstate(invalid="ignore"):
        return np.sqrt((BUCKETS - 1) / BUCKETS * ((left - left.mean(axis=0)) ** 2).sum(axis=0))


def told(logs: np.ndarray, errors: np.ndarray) -> dict[str, np.ndarray]:
    """ratio, low, high, q, clear of logarithms with their errors; of an error that is not known, or nought, no interval."""
    from scipy.special import ndtr, ndtri

    known = np.isfinite(logs) & np.isfinite(errors) & (errors > 0)
    logs, errors = np.where(known, logs, np.nan), np.where(known, errors, np.nan)
    half = ndtri(0.5 + LEVEL / 2) * errors
    q = adjusted(np.where(known, 2 * ndtr(-np.abs(logs) / errors), 1.0))
    with np.errstate(over="ignore"):
        return {
            "ratio": np.exp(logs),
            "low": np.exp(logs - half),
            "high": np.exp(logs + half),
            "q": q,
            "clear": q <= RATE,
        }


def adjusted(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's (1995) q of each p: the rate of false discoveries if all up to it are called so."""
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p, dtype=float)
    q[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return q
