"""What an event day did: what was sold less what its days would have sold without it, before, on and after the day.

The days without any event teach what a plain day sells: a Poisson regression by quasi-likelihood (log link, so that effects
are shares and days without an order count; Gourieroux, Monfort and Trognon 1984) on weekday, trend, and the category without the
brand, as its slow level (season) and as the day's departure from it. From it each event's blocks are foretold, and what was
sold beyond that is the effect.

The brand's **own** festival has a control: the category goes on beside it, so the day's departure stays in the forecast. On the
**platform's** days the category is part of the event; then its level is carried over from the days around, and the effect is that
of the whole promotion. What the brand's own discount did within it cannot be told from daily trade, whatever the method: all
brands discount on the same days.

The interval: the sum over a block scatters as the sums over as many neighbouring plain days do (so days may hang together), plus
what the fit itself does not know, with the degrees of freedom of as many separate blocks as there are plain days for. Days more
than four weeks apart are taken to have nothing in common but the fit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, NAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCKS = ("before", "on", "after")
WEEK = 7
LEVEL_DAYS = 28  # over which the category's level is a mean
LEAST_DAYS = 84  # plain days: fewer do not tell weekdays, season and trend apart
LEAST_SALES = 30  # units sold on plain days
TOGETHER = 28  # days that hang together; sums over more scatter as these do
SLOW = 2  # columns that follow the rest over long stretches: mean and trend
KNOT_DAYS = 365  # a bend of the trend each


@dataclass(frozen=True)
class Plain:
    """What days without an event would have sold (`daily`, one per day), its error as `spread`, or why not (`cannot`).

    spread(mask) is the standard error of the foretold sum over days; n: plain days.
    """

    daily: "Floats"
    jacobian: "Floats"
    covariance: "Floats"
    ratio: "Floats"  # excess variance of sums over 1, 2, … days beside Poisson's
    n: int
    cannot: str = ""

    def error(self, days: "NDArray[np.bool_]") -> float:
        """Standard error of what these days would have sold: their own scatter and the fit's."""
        length = int(days.sum())
        if not length:
            return NAN
        # a few days scatter around what that week was like, so at least as a week's sum does
        chance = self.ratio[min(max(length, WEEK), len(self.ratio)) - 1] * self.daily[days].sum()
        gradient = self.jacobian[days].sum(axis=0)
        return float(np.sqrt(chance + gradient @ self.covariance @ gradient))


def reach(n: int, length: int) -> float:
    """Student's t for an interval about a block of so many days, learned from n plain days."""
    from scipy import special

    return float(special.stdtrit(max(n / min(max(length, 1), TOGETHER) - 1, 2.0), 0.5 + LEVEL / 2))


def assign(days: pd.Series, events: pd.DataFrame) -> pd.DataFrame:
    """To which event and block each day belongs: event (null: a plain day), block.

    events: event, before_day, first_day, last_day, until_day (the last day after it). A day on which something happens goes
    before one that waits for it, and that before one that follows something; of two of a kind the later event has it.
    """
    day = pd.to_datetime(days).to_numpy()
    event, block = np.full(len(day), None, object), np.full(len(day), None, object)
    spans = events.sort_values("first_day", kind="stable")
    one = np.timedelta64(1, "D")
    for name in ("after", "before", "on"):  # what comes later here overrides
        for row in spans.itertuples():
            first, last = (np.datetime64(d) for d in (row.first_day, row.last_day))
            span = {
                "before": (np.datetime64(row.before_day), first - one),
                "on": (first, last),
                "after": (last + one, np.datetime64(row.until_day)),
            }[name]
            at = (day >= span[0]) & (day <= span[1])
            event[at], block[at] = row.event, name
    return pd.DataFrame({"event": event, "block": block})


def plain(trade: pd.DataFrame, taken: pd.DataFrame, platform: "NDArray[np.bool_]", measure: str) -> Plain:
    """Fit the days without events and foretell all. See the head of this module.

    trade: day, `measure`, others (the category without the brand, in the same unit), one row a day without gaps. taken: as
    `assign` gives it. platform: days on which the category is part of an event.
    """
    y, free = trade[measure].to_numpy(float), taken.event.isna().to_numpy()
    days, n = pd.to_datetime(trade.day), int(free.sum())
    if n < LEAST_DAYS or not y[free].sum() > 0 or (y[free] > 0).sum() < LEAST_SALES:
        nothing = np.full(len(y), NAN)
        return Plain(nothing, np.zeros((len(y), 0)), np.zeros((0, 0)), np.ones(1), n, "too_few")
    pushed = trade["pushed"].to_numpy(float) if "pushed" in trade else np.zeros(len(y))
    design = _design(days, trade.others.to_numpy(float), pushed, platform, free)
    import statsmodels.api as sm

    scale = y[free].mean()
    # y over its mean: money in cents would make the likelihood's numbers needlessly large
    model = sm.GLM(y[free] / scale, design[free], family=sm.families.Poisson())
    fit = model.fit(cov_type="HAC", cov_kwds={"maxlags": 14, "use_correction": True})
    daily = np.exp(np.clip(design @ fit.params, -30, 30)) * scale
    rest = np.where(free, y - daily, np.nan)
    return Plain(daily, design * daily[:, None], np.asarray(fit.cov_params()), _ratios(rest, daily, design.shape[1]), n)


def effects(trade: pd.DataFrame, events: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What each event did to `measure`: a row an event and block (before, on, after, net).

    trade: as in `plain`. events: as in `assign`, with kind (own, or what is the platform's). Returns event, block, days, sold,
    without (what these days would have sold), effect, low, high, se, usual (a day's sale without it), cannot ("too_few": plain
    days do not suffice; "no_days": none of the block's days was seen, or another event has them all).
    """
    taken = assign(trade.day, events)
    theirs = set(events.event[events.kind != "own"])
    fitted = plain(trade, taken, taken.event.isin(theirs).to_numpy(), measure)
    y, rows = trade[measure].to_numpy(float), []
    for event in events.event:
        mine = (taken.event == event).to_numpy()
        for block in (*BLOCKS, "net"):
            at = mine if block == "net" else mine & (taken.block == block).to_numpy()
            # a net without the event's own days is none
            seen = at if (mine & (taken.block == "on").to_numpy()).any() else np.zeros_like(at)
            rows.append({"event": event, "block": block, **_effect(fitted, y, seen, mine)})
    return pd.DataFrame(rows, columns=["event", "block", *_COLUMNS])


_COLUMNS = ("days", "sold", "without", "effect", "low", "high", "se", "usual", "cannot")


def _effect(fitted: Plain, y: "Floats", at: "NDArray[np.bool_]", mine: "NDArray[np.bool_]") -> dict[str, Any]:
    length, sold = int(at.sum()), float(y[at].sum())
    if fitted.cannot or not length:
        why = fitted.cannot or "no_days"
        nothing = dict.fromkeys(("without", "effect", "low", "high", "se", "usual"), NAN)
        return {"days": length, "sold": sold, **nothing, "cannot": why}
    without, error = float(fitted.daily[at].sum()), fitted.error(at)
    wide = reach(fitted.n, length) * error
    return {
        "days": length, "sold": sold, "without": without, "effect": sold - without, "low": sold - without - wide,
        "high": sold - without + wide, "se": error, "usual": float(fitted.daily[mine].mean()), "cannot": "",
    }  # fmt: skip


def _design(
    days: pd.Series, others: "Floats", pushed: "Floats", platform: "NDArray[np.bool_]", free: "NDArray[np.bool_]"
) -> "Floats":
    """Constant, weekdays, trend with a bend each year, the category's level, and the day's departure from it."""
    n = len(days)
    level = pd.Series(np.where(platform, np.nan, others)).rolling(LEVEL_DAYS, center=True, min_periods=7).mean()
    level = level.interpolate(limit_direction="both").fillna(0.0).to_numpy()
    weekday = days.dt.day_of_week.to_numpy()
    run = np.arange(n) / KNOT_DAYS
    columns = [np.ones(n), *(np.where(weekday == k, 1.0, 0.0) for k in range(1, 7)), run - run.mean(), pushed]
    columns += [np.maximum(run - k, 0) for k in range(1, int(run[-1]) + 1) if run[-1] - k > 0.5]
    if others.sum() > 0:
        small = max(float(np.mean(others)) * 0.01, 1e-9)
        slow = np.log(level + small)
        by_weekday = pd.Series(np.where(platform, np.nan, others / (level + small))).groupby(weekday).transform("mean")
        fast = np.log((others + small) / (level + small)) - np.log(by_weekday.fillna(1.0).to_numpy() + 0.01)
        columns += [slow - slow.mean(), np.where(platform, 0.0, np.clip(fast, -1.5, 1.5))]
    design = np.column_stack(columns)
    keep = [k for k in range(design.shape[1]) if k == 0 or np.ptp(design[free, k]) > 1e-9]
    return np.asarray(design[:, keep], float)


def _ratios(rest: "Floats", daily: "Floats", used: int) -> "Floats":
    """How much more sums of the rest over 1, 2, … 28 neighbouring plain days vary than Poisson's do; never falling.

    A fit's rests sum up to nought, and along its trend too: over long stretches they scatter less than days to come will. What
    a mean and a trend take out of sums over w of n days, about 2 w ÷ n, is put back, as `season.drift` does for its ρ.
    """
    out, known = [], np.isfinite(rest)
    n = int(known.sum())
    share = n / max(n - used, 1)
    for length in range(1, TOGETHER + 1):
        total = pd.Series(rest).rolling(length, min_periods=length).sum().to_numpy()
        base = pd.Series(daily).rolling(length, min_periods=length).sum().to_numpy()
        at = np.isfinite(total)
        if at.sum() < max(3 * length, 20):
            break
        out.append(float(np.mean(total[at] ** 2 / base[at])) * share / max(1 - SLOW * length / n, 1 / 3))
    return np.maximum.accumulate(np.array(out or [1.0]))
