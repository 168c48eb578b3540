"""Whether a service provider helped: what changed at the brands it served, beside matched brands that nobody served.

A service's improvement of a measure is the change of its logarithm from as many days before to the service's days, less the
mean change of the brands of its category that stood nearest before (level and trend) and that nobody serves or served:
difference in differences with matched peers (Abadie 2005; Imai, Kim & Wang, *American Journal of Political Science* 67, 2023).
Strong brands buy services and services take months to work, so that neither served against others nor before against after
says anything. Its error is how much such peers' changes differ, learned from all services together, since five peers alone tell
little. A provider has the mean of its services, held back to all providers' (`event_pool.pool`): few services say little. Ranks
admit ties: two providers share a rank until one is better with 95 % certainty.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.services import MEASURES, MONEY, Trade, busy
from apex.model.event_pool import pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LONGEST, SHORTEST = 365, 60  # days of the period before that a service's days are held against
MATCHED, FEWEST = 5, 3  # peers of a served brand; brands of a provider from which on it is ranked (convention)
FADE = 120  # days after a service in which it may still work: convention
SURE = 1.6449  # of a normal: better with 95 % certainty
EACH = [
    "provider",
    "brand",
    "track",
    "first_day",
    "last_day",
    "measure",
    "effect",
    "std_error",
    "peers",
    "days",
    "cannot",
]
LEAGUE = ["provider", "measure", "services", "brands", "effect", "std_error", "low", "high", "shrunk", "shrunk_low",
          "shrunk_high", "rank", "tied"]  # fmt: skip


def each(found: pd.DataFrame, of: Trade, exclude: "tuple[str, ...]" = ()) -> pd.DataFrame:
    """A row a service and measure (EACH): effect on the logarithm (0.1: a tenth more), std_error, peers compared, days of the
    service seen; cannot: too_short (it has just begun, or nothing is known before), no_sales, few_peers, else empty. exclude:
    brands that are no peers.
    """
    from scipy.stats import t

    brands, index = list(of.category.index), of.daily[MONEY].index
    taken = busy(found, index, brands, FADE)
    free = [b for b in brands if b not in exclude]
    day, rows = {d: n for n, d in enumerate(index)}, []
    for row in found.itertuples():
        begin, end = day.get(row.first_day), day.get(min(row.last_day, index[-1]))
        for measure in MEASURES:
            effect, spread, peers, why = np.nan, np.nan, 0, "too_short"
            length = 0 if begin is None or end is None else end - begin + 1
            if begin is not None and length >= SHORTEST and begin >= SHORTEST and row.brand in brands:
                span = min(LONGEST, max(SHORTEST, length), begin)
                alike = [b for b in free if of.category[b] == of.category[row.brand] and b != row.brand
                         and not taken[b].iloc[begin - span : begin + length].any()]  # fmt: skip
                effect, spread, peers, why = _matched(of.daily[measure], row.brand, alike, begin, span, length)
            rows.append((row.provider, row.brand, row.track, row.first_day, row.last_day, measure, effect, spread, peers, length,
                         why))  # fmt: skip
    frame = pd.DataFrame(rows, columns=EACH)
    # five peers' own spread is a poor guide; that of all services' peers is shared, by its degrees of freedom
    for measure in MEASURES:
        mine = (frame.measure == measure) & (frame.cannot == "")
        freedom = (frame.peers[mine] - 1).clip(lower=1)
        pooled = float(np.sqrt((frame.std_error[mine] ** 2 * freedom).sum() / freedom.sum())) if mine.any() else np.nan
        wide = float(t.ppf(0.975, max(freedom.sum(), 1)) / 1.96) if mine.any() else 1.0
        frame.loc[mine, "std_error"] = pooled * wide * np.sqrt(1 + 1 / frame.peers[mine])
    return frame


def _matched(
    daily: pd.DataFrame, brand: str, alike: list[str], begin: int, span: int, length: int
) -> tuple[float, float, int, str]:
    """(effect, sd of one peer's change, peers, why there is none)."""
    before, half = daily.iloc[begin - span : begin], daily.iloc[begin - span // 2 : begin]
    with np.errstate(divide="ignore", invalid="ignore"):
        early, late = np.log(before.mean()), np.log(daily.iloc[begin : begin + length].mean())
        trend = np.log(half.mean()) - np.log(before.iloc[: span - span // 2].mean())
    known = np.isfinite(early) & np.isfinite(late) & np.isfinite(trend)
    if not known[brand]:
        return np.nan, np.nan, 0, "no_sales"
    usable = [b for b in alike if known[b]]
    if len(usable) < FEWEST:
        return np.nan, np.nan, len(usable), "few_peers"
    apart = (early[usable] - early[brand]).abs() + (trend[usable] - trend[brand]).abs()
    near = apart.sort_values(kind="stable").index[:MATCHED]
    change = late[near] - early[near]
    return float(late[brand] - early[brand] - change.mean()), float(change.std(ddof=1)), len(near), ""


def league(found: pd.DataFrame, measure: str = MONEY) -> pd.DataFrame:
    """A row a provider (LEAGUE), best first: the mean of its services with 95 % interval, the same held back to all providers'.

    rank, tied: null for providers with fewer than FEWEST brands; tied: with how many others the rank is shared. `found`: of
    `each`.
    """
    mine = found[(found.measure == measure) & (found.cannot == "")]
    rows = []
    for provider, part in mine.groupby("provider", sort=True):
        se = float(np.sqrt((part.std_error**2).sum()) / len(part))
        rows.append((provider, measure, len(part), part.brand.nunique(), float(part.effect.mean()), se))
    frame = pd.DataFrame(rows, columns=LEAGUE[:6])
    frame["low"], frame["high"] = (frame.effect + k * 1.96 * frame.std_error for k in (-1, 1))
    held = pool(frame.effect.to_numpy(float), frame.std_error.to_numpy(float))
    frame["shrunk"], spread = held.shrunk, held.shrunk_se
    frame["shrunk_low"], frame["shrunk_high"] = frame.shrunk - 1.96 * spread, frame.shrunk + 1.96 * spread
    frame["_se"] = spread
    frame = frame.sort_values(["shrunk", "provider"], ascending=[False, True], ignore_index=True)
    frame["rank"] = _ranks(
        frame.shrunk.to_numpy(float), frame["_se"].to_numpy(float), (frame.brands >= FEWEST).to_numpy()
    )
    frame["tied"] = frame.groupby("rank")["rank"].transform("size") - 1
    return frame[LEAGUE].astype({"rank": "Int64", "tied": "Int64"})


def _ranks(value: "Floats", se: "Floats", counted: "NDArray[np.bool_]") -> "list[int | None]":
    """Ranks of providers in order of value: a new one begins where the first of the rank is surely better."""
    ranks: list[int | None] = []
    head, rank, seen = -1, 0, 0
    for n in range(len(value)):
        if not counted[n] or not np.isfinite(value[n]):
            ranks.append(None)
            continue
        seen += 1
        if head < 0 or value[head] - value[n] > SURE * np.hypot(se[head], se[n]):
            head, rank = n, seen
        ranks.append(rank)
    return ranks
