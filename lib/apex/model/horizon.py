"""What remains of the consumers who came with a campaign: counted as far as they are seen, foretold beyond that.

Counted is a share with Wilson's interval (1927) and a mean with one on the logarithm. Foretold is a cohort given its own first
days: its value grows as earlier cohorts' grew from the same day on, and of those who have not bought again as many will. Both
are pooled over earlier cohorts (`event_pool.pool`): they differ by chance, which numbers of people tell, and by more, which
their spread tells, and the next differs too. What is foretold is what will be counted, so that the cohort's own chance is part of
the interval. Carrying on the first weeks' rate, the rival, forgets that most of who buys again does so soon, or that stocks last.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.cohorts import HORIZONS, ORDINARY, Entrants
from apex.model.estimate import LEVEL, NAN
from apex.model.event_pool import pool
from apex.model.start import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST = 30  # consumers of a cohort that stands for itself (convention)
LEAST_COHORTS = 3  # earlier ones that a course is foretold from
LEAST_ALIKE = 5  # campaigns' cohorts from which on a campaign's is foretold from these alone: they come for an offer
VALUE, AGAIN = MEASURES = ("gmv_minor", "again")
COURSE = ["cohort", "kind", "days", "consumers", "seen", "again", "once", "share", "low", "high", "value_minor", "value_low",
          "value_high"]  # fmt: skip
AHEAD = ["measure", "days", "known", "value", "low", "high", "cohorts", "rival"]
TESTED = ["cohort", "measure", "days", "value", "low", "high", "actual", "rival", "cohorts"]
BACKTEST = ["measure", "days", "tests", "inside", "error", "rival_error"]


def courses(who: Entrants, days: "list[int]", by: str = "cohort") -> pd.DataFrame:
    """A row a cohort (or kind) and number of days (COURSE): of those seen that long (seen, of consumers), how many bought again
    on another day, their share with interval, and the mean paid by then, first purchase included, with interval.
    """
    names = who.people[by].to_numpy(str) if len(who.people) else np.array([], str)
    kinds = dict(zip(names, who.people.kind, strict=True))
    rows = []
    for day in days:
        value, known = who.value(day), who.seen >= day
        for name in sorted(kinds):
            mine = names == name
            x, n = value[mine & known], int((mine & known).sum())
            k = int((who.again[mine & known] <= day).sum())
            rows.append((name, kinds[name], day, int(mine.sum()), n, k, n - k, *_share(k, n), *_mean(x)))
    return pd.DataFrame(rows, columns=COURSE)


def _share(k: int, n: int) -> tuple[float, float, float]:
    if n == 0:
        return NAN, NAN, NAN
    low, high = wilson(np.array([k / n]), np.array([float(n)]), LEVEL)
    return k / n, float(low[0]), float(high[0])


def _mean(x: "Floats") -> tuple[float, float, float]:
    """The mean with an interval on the logarithm; without one of fewer than two."""
    from scipy import special

    if len(x) < 2 or not x.mean() > 0:
        return (float(x.mean()) if len(x) else NAN), NAN, NAN
    mean = float(x.mean())
    reach = float(special.stdtrit(len(x) - 1, 0.5 + LEVEL / 2)) * float(x.std(ddof=1)) / np.sqrt(len(x)) / mean
    return mean, mean * np.exp(-reach), mean * np.exp(reach)


def steps(who: Entrants, first: int, day: int) -> pd.DataFrame:
    """What each cohort did from its first `first` days to `day`, of cohorts of LEAST and more that are seen so long.

    Returns cohort, kind, last (entry), n, v0, v1, v2 (mean paid by days 0, first, day), grow (logarithm of v2 / v1), apart (its
    variance a consumer), r1, r2 (share that bought again), left (had not by day `first`), angle (arcsine of the root of the share
    of these that did then, whose variance is 1 / 4 left whatever the share: Anscombe, Biometrika 35, 1948).
    """
    columns = ["cohort", "kind", "last", "n", "v0", "v1", "v2", "grow", "apart", "r1", "r2", "left", "angle"]
    if who.people.empty:
        return pd.DataFrame(columns=columns)
    names, first_of, at = np.unique(who.people.cohort.to_numpy(str), return_index=True, return_inverse=True)
    n = np.bincount(at)
    x0, x1, x2 = (who.value(d) for d in (0, first, day))
    a1, a2 = who.again <= first, who.again <= day

    def mean(x: "NDArray[np.float64] | NDArray[np.bool_]") -> "Floats":
        return np.bincount(at, x) / n

    v0, v1, v2 = mean(x0), mean(x1), mean(x2)
    least = np.full(len(names), np.iinfo("int64").max)
    np.minimum.at(least, at, who.seen)
    whole = (least >= day) & (v2 > 0)
    left = np.bincount(at, ~a1).astype(int)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = mean((x2 / v2[at] - x1 / v1[at]) ** 2) * n / (n - 1)  # both have the mean 1
        grow = np.log(v2 / v1)
    angle = np.arcsin(np.sqrt((np.bincount(at, a2 & ~a1) + 0.375) / (left + 0.75)))
    frame = pd.DataFrame({
        "cohort": names, "kind": who.people.kind.to_numpy(str)[first_of],
        "last": who.people.groupby(at).entered_on.max().to_numpy(),
        "n": n, "v0": v0, "v1": v1, "v2": np.where(whole, v2, NAN), "grow": np.where(whole, grow, NAN),
        "apart": np.where(whole, apart, NAN), "r1": mean(a1), "r2": np.where(whole, mean(a2), NAN), "left": left,
        "angle": np.where(whole & (left > 0), angle, NAN),
    })  # fmt: skip
    return frame[(n >= LEAST) & (least >= first) & (v1 > 0)].reset_index(drop=True)


def ahead(own: pd.Series, earlier: pd.DataFrame, first: int, day: int) -> pd.DataFrame:
    """Where a cohort (a row of `steps`) will stand on `day` given its first days: rows AHEAD, one a measure.

    known: as counted on day `first`; low, high: 95 %, NaN with value where fewer than LEAST_COHORTS are known.
    """
    campaigns = earlier[earlier.kind != ORDINARY]
    if own.kind != ORDINARY and campaigns.grow.notna().sum() >= LEAST_ALIKE:
        earlier = campaigns
    known = earlier[earlier.grow.notna()]
    # a cohort in which by chance nobody bought again has no variance of its own: all share one a consumer
    apart = float((known.apart * known.n).sum() / known.n.sum()) if len(known) else NAN
    mean, reach = _next(known.grow, np.sqrt(apart / known.n), apart / own.n)
    rows = [(VALUE, day, own.v1, *(own.v1 * np.exp(mean + k * reach) for k in (0, -1, 1)), len(known),
             own.v0 + (own.v1 - own.v0) * day / first)]  # fmt: skip
    told = earlier[earlier.angle.notna()]
    mean, reach = _next(told.angle, 0.5 / np.sqrt(told.left), 0.25 / max(own.left, 1))
    ends = (np.sin(np.clip(mean + k * reach, 0, np.pi / 2)) ** 2 for k in (0, -1, 1))
    rows.append(
        (AGAIN, day, own.r1, *(own.r1 + (1 - own.r1) * e for e in ends), len(told), 1 - (1 - own.r1) ** (day / first))
    )
    frame = pd.DataFrame(rows, columns=AHEAD)
    frame.loc[frame.cohorts < LEAST_COHORTS, ["value", "low", "high"]] = NAN
    return frame


def _next(effect: pd.Series, se: pd.Series, noise: float) -> tuple[float, float]:
    """Mean, and half the interval of the next cohort's number, its own chance (a variance) with it."""
    from scipy import special

    if len(effect) < LEAST_COHORTS or not (se > 0).all():
        return NAN, NAN
    p = pool(effect.to_numpy(float), se.to_numpy(float))
    t = float(special.stdtrit(max(p.n - 1, 2), 0.5 + LEVEL / 2))
    return p.mean, t * float(np.sqrt(((p.next_high - p.next_low) / 2 / t) ** 2 + noise))


def foretold(who: Entrants, cohort: str, days: "list[int]") -> pd.DataFrame:
    """AHEAD for each of the days that the cohort is not yet seen as a whole; of days already seen what is counted (low, high and
    value then NaN). Empty where the cohort has fewer than LEAST consumers or was not seen for a day.
    """
    mine = who.people.cohort == cohort
    first = int(who.people.seen[mine].min()) if mine.any() else 0
    if mine.sum() < LEAST or first < 1:
        return pd.DataFrame(columns=AHEAD)
    parts = []
    for day in days:
        found = steps(who, min(first, day), day)
        own = found[found.cohort == cohort]
        if own.empty:
            continue
        if day <= first:
            row = own.iloc[0]
            parts.append(pd.DataFrame([(VALUE, day, row.v2, NAN, NAN, NAN, 0, NAN), (AGAIN, day, row.r2, NAN, NAN, NAN, 0, NAN)],
                                      columns=AHEAD))  # fmt: skip
            continue
        parts.append(ahead(own.iloc[0], found[found.cohort != cohort], first, day))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=AHEAD)


def tested(who: Entrants, first: int, days: "tuple[int, ...]" = HORIZONS) -> pd.DataFrame:
    """The same forecast made for every earlier cohort on the day it was as young, from those that were known by then (TESTED)."""
    rows = []
    for day in [d for d in days if d > first >= 1]:
        found = steps(who, first, day)
        for own in found[found.v2.notna()].itertuples():
            then = found[found["last"] + pd.Timedelta(days=day) <= own.last + pd.Timedelta(days=first)]
            told = ahead(pd.Series(own._asdict()), then, first, day)
            for row, actual in zip(told.itertuples(), (own.v2, own.r2), strict=True):
                if np.isfinite(row.value):
                    rows.append(
                        (own.cohort, row.measure, day, row.value, row.low, row.high, actual, row.rival, row.cohorts)
                    )
    return pd.DataFrame(rows, columns=TESTED)


def backtest(tests: pd.DataFrame) -> pd.DataFrame:
    """BACKTEST: of `tested`, how many lay inside the interval, and errors of ours and the rival's: their sum over what came."""
    if tests.empty:
        return pd.DataFrame(columns=BACKTEST)
    frame = tests.assign(
        inside=tests.actual.between(tests.low, tests.high),
        off=(tests.value - tests.actual).abs(),
        rival_off=(tests.rival - tests.actual).abs(),
    )
    out = (
        frame.groupby(["measure", "days"], sort=True)
        .agg(
            tests=("inside", "size"),
            inside=("inside", "sum"),
            off=("off", "sum"),
            rival_off=("rival_off", "sum"),
            came=("actual", "sum"),
        )
        .reset_index()
    )
    came = out.came.where(out.came > 0)
    return out.assign(error=out.off / came, rival_error=out.rival_off / came)[BACKTEST]


def payback(curve: pd.DataFrame, cost: float) -> tuple[float, float, float]:
    """The first day on which a mean consumer's margin has paid for him, and the same at the interval's upper and lower end.

    curve: days, value, low, high, in the same money as cost. Infinite where it is not within the days; NaN without an interval.
    """

    def first(column: str) -> float:
        known = curve[curve[column].notna()]
        if known.empty:
            return NAN
        hit = known.days[known[column] >= cost]
        return float(hit.min()) if len(hit) else np.inf

    return first("value"), first("high"), first("low")
