"""The league's statistics: what each policy gained, what ours gained beside it, and whether stated odds were kept.

Results have a row a market (seed), policy and campaign; see `truth.league.played`. Markets are the sample: every figure is a
median over them, or a difference taken market by market, with a percentile bootstrap interval of 95 % (Efron 1979) over `DRAWS`
draws of markets, the same draws each time. Fewer than `LEAST` markets have none: even the lowest to the highest of five holds a
median in 94 % only (1 − 2 · ½⁵). Held over 3,000 drawn samples of 6 to 30 markets (exponential, normal): 92 to 94 %.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

OURS, ORACLE, TOUCH = "ours", "oracle", "touch"
RIVALS = ("even", "last", "touch", "markov")
SPLIT = "ours_split"  # ours, with messages in turn as the rivals show them
ABLATIONS = (SPLIT, "first_split", "no_lessons", "no_trials")
ORDER = (*RIVALS, OURS, ORACLE, *ABLATIONS)
TELLERS = ("odds", "odds_plain", "odds_last")
DRAWS, SEED, LEAST = 2000, 12, 6
SECOND, FOURTH = 2, 4  # campaigns: lessons tell from the second on; by the fourth they should have told most
NEAR_ORACLE, OVER_TOUCH = 0.90, 0.21  # what was to be reached by the fourth (issue 12)
KEY = ["seed", "policy", "campaign"]


class Told(NamedTuple):
    """A median over `n` markets with its interval; nan where there is none."""

    median: float
    low: float
    high: float
    n: int


@lru_cache
def drawn(n: int) -> np.ndarray:
    """Draws of n markets: (DRAWS, n) numbers of markets."""
    return np.random.default_rng([SEED, n]).integers(n, size=(DRAWS, n))


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of what the draws gave."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def told(values: "pd.Series | np.ndarray") -> Told:
    """The median of what is known, with its interval. values: a number a market, nan where unknown."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if len(known) == 0:
        return Told(np.nan, np.nan, np.nan, 0)
    low, high = interval(np.median(known[drawn(len(known))], axis=1)) if len(known) >= LEAST else (np.nan, np.nan)
    return Told(float(np.median(known)), low, high, len(known))


def policies(results: pd.DataFrame) -> list[str]:
    """Those that were played, in the order of `ORDER`; others after them."""
    there = list(dict.fromkeys(results.policy))
    return [p for p in ORDER if p in there] + [p for p in there if p not in ORDER]


def spans(last: int) -> list[tuple[int, int]]:
    """(first, last) campaigns that are summed: each alone, up to each, and from the second and the fourth on."""
    each = [(k, k) for k in range(1, last + 1)]
    wanted = [*each, *((1, k) for k in range(2, last + 1)), *((k, last) for k in (SECOND, FOURTH))]
    return list(dict.fromkeys(s for s in wanted if s[0] <= s[1]))


def sums(results: pd.DataFrame, column: str = "gained_minor") -> dict[tuple[int, int], pd.DataFrame]:
    """Span → markets × policies; nan where a policy has not played all campaigns of the span in a market."""
    last = int(results.campaign.max())
    wide = results.pivot(index="seed", columns=["policy", "campaign"], values=column).astype(float)
    out = {}
    for first, end in spans(last):
        inside = {p: wide[p].reindex(columns=range(first, end + 1)) for p in policies(results)}
        out[first, end] = pd.DataFrame({p: f.sum(axis=1, min_count=end - first + 1) for p, f in inside.items()})
    return out


def gained(of: dict[tuple[int, int], pd.DataFrame]) -> pd.DataFrame:
    """A row a span and policy: first, last, policy, n, median, low, high (fen)."""
    rows = [(*span, p, *told(frame[p])) for span, frame in of.items() for p in frame]
    return pd.DataFrame(rows, columns=["first", "last", "policy", "median", "low", "high", "n"])


def beside(of: dict[tuple[int, int], pd.DataFrame], mine: str = OURS) -> pd.DataFrame:
    """Ours (or another policy) market by market beside each other, a row a span: first, last, policy, n (markets with both);

    difference, low, high: ours less the other, fen; ratio, ratio_low, ratio_high: ours over the other, of markets where the
    other gained anything (`left_out`: how many did not); ahead: the share of markets in which ours gained more.
    """
    rows = []
    for span, frame in of.items():
        for p in frame if mine in frame else ():
            if p == mine:
                continue
            both = frame[[mine, p]].dropna()
            sound = both[both[p] > 0]
            gap, ratio = told(both[mine] - both[p]), told(sound[mine] / sound[p])
            ahead = float((both[mine] > both[p]).mean()) if len(both) else np.nan
            rows.append((*span, p, gap.n, *gap[:3], *ratio[:3], len(both) - len(sound), ahead))
    columns = ["first", "last", "policy", "n", "difference", "low", "high", "ratio", "ratio_low", "ratio_high", "left_out",
               "ahead"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def kept(results: pd.DataFrame) -> pd.DataFrame:
    """New consumers kept, a row a policy: total (over markets that played all campaigns), median, low, high (a market), n;

    difference, difference_low, difference_high: ours less the policy's, market by market (median).
    """
    every = sums(results, "kept")[1, int(results.campaign.max())]
    rows = []
    for p in every:
        gap = told(every[OURS] - every[p]) if OURS in every and p != OURS else Told(np.nan, np.nan, np.nan, 0)
        rows.append((p, float(every[p].sum()), *told(every[p]), *gap[:3]))
    names = ["policy", "total", "median", "low", "high", "n", "difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=names)


def spent(results: pd.DataFrame) -> pd.DataFrame:
    """Money spent as a share of the budget, a row a policy: median, least, most (over campaigns and markets)."""
    share = results.spent_minor / results.budget_minor.where(results.budget_minor > 0)
    found = share.groupby(results.policy).agg(["median", "min", "max"]).set_axis(["median", "least", "most"], axis=1)
    return found.reindex(policies(results)).rename_axis("policy").reset_index()


def odds(results: pd.DataFrame) -> pd.DataFrame:
    """Stated odds beside what came, a row a policy and teller: n, expected, reached, brier (mean squared distance);

    difference, low, high: its Brier score less that of our odds on the same campaigns (above 0: ours are better), the interval
    over draws of whole markets, since campaigns of one market are not independent.
    """
    known = results[results.reached.notna()]
    parts = [known[[*KEY, "reached"]].assign(teller=t, said=known[t]) for t in TELLERS if t in known]
    every = pd.concat(parts).dropna(subset=["said"]) if parts else known.assign(teller="", said=np.nan).iloc[:0]
    every = every.assign(error=(every.said.astype(float) - every.reached.astype(float)) ** 2)
    own = every[(every.policy == OURS) & (every.teller == "odds")].set_index(["seed", "campaign"]).error
    rows = []
    for p in policies(results):
        for t in TELLERS:
            mine = every[(every.policy == p) & (every.teller == t)]
            if mine.empty:
                continue
            gap: tuple[float, ...] = (np.nan,) * 3
            if (p, t) != (OURS, "odds"):
                gap = _apart(mine.set_index(["seed", "campaign"]).error, own)
            rows.append((p, t, len(mine), mine.said.sum(), mine.reached.sum(), mine.error.mean(), *gap))
    names = ["policy", "teller", "n", "expected", "reached", "brier", "difference", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def _apart(other: pd.Series, own: pd.Series) -> tuple[float, float, float]:
    """Mean difference over (seed, campaign) that both have, and its interval over draws of seeds."""
    gap = (other - own).dropna()
    if gap.empty:
        return np.nan, np.nan, np.nan
    by = gap.groupby(level="seed").agg(["sum", "size"]).to_numpy(float)
    if len(by) < LEAST:
        return float(gap.mean()), np.nan, np.nan
    draws = by[drawn(len(by))].sum(axis=1)
    return float(gap.mean()), *interval(draws[:, 0] / draws[:, 1])


def worst(of: dict[tuple[int, int], pd.DataFrame], rows: int = 8) -> pd.DataFrame:
    """Markets where a rival gained more than ours from the second campaign on, the largest loss first, at most so many:

    seed, ours, rival (the best of that market, known only afterwards), best, difference (fen), oracle.
    """
    last = max(end for _, end in of)
    frame = of[min(SECOND, last), last]
    rivals = [p for p in RIVALS if p in frame]
    names = ["seed", "ours", "rival", "best", "difference", "oracle"]
    if OURS not in frame or not rivals:
        return pd.DataFrame(columns=names)
    there = frame[frame[OURS].notna() & frame[rivals].notna().any(axis=1)]
    best = there[rivals].max(axis=1)
    found = pd.DataFrame({
        "seed": there.index, "ours": there[OURS].to_numpy(),
        "rival": there[rivals].fillna(-np.inf).idxmax(axis=1).to_numpy() if len(there) else [], "best": best.to_numpy(),
        "difference": (there[OURS] - best).to_numpy(),
        "oracle": there[ORACLE].to_numpy() if ORACLE in there else np.nan,
    })  # fmt: skip
    return found[found.difference < 0].sort_values("difference", kind="stable").head(rows).reset_index(drop=True)


def goals(of: pd.DataFrame) -> pd.DataFrame:
    """What was to be reached, from a frame of `beside`: goal, value, low, high, wanted, reached (None: unknown), n.

    `each`: the share of n pairs of a rival and a campaign, from the second on, whose interval of the difference is above nought;
    `whole`: of n rivals, over all these campaigns; `oracle`, `touch`: the ratio at the fourth campaign, of n markets.
    """
    last = int(of["last"].max()) if len(of) else 0
    rivals = of[of.policy.isin(RIVALS)]
    later = rivals[(rivals["first"] == rivals["last"]) & (rivals["first"] >= SECOND)]
    whole = rivals[(rivals["first"] == SECOND) & (rivals["last"] == last)]
    rows: list[tuple[object, ...]] = []
    for name, part in (("each", later), ("whole", whole)):
        judged = part[part.low.notna()]
        sure = float((judged.low > 0).mean()) if len(judged) else np.nan
        rows.append((name, sure, np.nan, np.nan, 1.0, bool(sure == 1) if len(judged) else None, len(judged)))
    for name, wanted in ((ORACLE, NEAR_ORACLE), (TOUCH, 1 + OVER_TOUCH)):
        at = of[(of.policy == name) & (of["first"] == FOURTH) & (of["last"] == FOURTH)]
        value, low, high = at[["ratio", "ratio_low", "ratio_high"]].iloc[0] if len(at) else (np.nan,) * 3
        n = int(at.n.iloc[0]) if len(at) else 0
        rows.append((name, value, low, high, wanted, None if pd.isna(value) else bool(value >= wanted), n))
    return pd.DataFrame(rows, columns=["goal", "value", "low", "high", "wanted", "reached", "n"])
