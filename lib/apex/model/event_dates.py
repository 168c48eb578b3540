"""Dates for the next own festival, by what it should bring there: days of trade × what such a day would sell by itself.

A plain day's sale at a coming date is that of the last plain days × the category's season there (a year ago, beside the weeks
up to today a year ago) × the weekdays. Rules keep dates off: not within `gap` days of the platform's days or their phases.
What a date gains beyond that is not known, and the score says nothing more.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.model.event_days import LEVEL_DAYS, Plain

YEAR = 364  # days: the same weekday a year ago
RECENT = 56  # days behind today that say what a plain day sells now
APART = 14  # days between two dates that are named
COLUMNS = ["first_day", "last_day", "expected", "low", "high", "level", "since", "until", "allowed"]


def season(level: pd.Series, day: date, coming: pd.DatetimeIndex) -> "np.ndarray | None":
    """The category's level at coming days over that of the last days, both a year ago; None where the data do not reach so far.

    level: the category's sale by day, without event days (null there).
    """
    smooth = level.rolling(LEVEL_DAYS, center=True, min_periods=7).mean().interpolate(limit_area="inside")
    past = pd.DatetimeIndex(coming - pd.Timedelta(days=YEAR))
    last = pd.Timestamp(day) - pd.Timedelta(days=YEAR)
    base = smooth.reindex(pd.date_range(last - pd.Timedelta(days=RECENT - 1), last)).mean()
    then = smooth.reindex(past).to_numpy(float)
    if not base > 0 or np.isnan(then).all():
        return None
    return np.asarray(np.where(np.isnan(then), np.nan, then / base))


def dates(
    plain: Plain, days: pd.Series, free: np.ndarray, others: pd.Series, taken: pd.DataFrame, span: tuple[date, date],
    length: int, gap: int, extra: tuple[float, float],
) -> pd.DataFrame:  # fmt: skip
    """Every start day in `span`: first_day, last_day, expected, low, high, level, since, until, allowed.

    plain, days, free (bool: no event's day): of the trade seen. others: the category's sale by day (null on event days). taken:
    before_day, sale_day, last_day, the platform's days with their phases, announced or expected: no date lies inside, and the
    gap is kept to sale_day, the first phase that sells (build-up does not), and from last_day. extra: expected days of trade
    and the error of that. level: a plain day's sale around the date, its weekdays in it. since, until: days from the platform's
    last day and to its next (null: none). Sorted by what is expected, allowed first.
    """
    seen = pd.to_datetime(days)
    starts = pd.date_range(span[0], span[1], freq="D")
    recent = free & (seen > seen.iloc[-1] - pd.Timedelta(days=RECENT)).to_numpy()
    recent = recent if recent.sum() >= 14 else free & (np.cumsum(free[::-1])[::-1] <= RECENT)
    usual = float(plain.daily[recent].mean())
    weekday = pd.Series(plain.daily[free]).groupby(seen[free].dt.day_of_week.to_numpy()).mean()
    factor = (weekday / weekday.mean()).reindex(range(7)).fillna(1.0).to_numpy()
    around = season(others, seen.iloc[-1].date(), starts)
    when = np.ones(len(starts)) if around is None else pd.Series(around).ffill().bfill().to_numpy()
    level = usual * when * np.mean([factor[(starts.day_of_week + k) % 7] for k in range(length)], axis=0)
    first, sells, last = ([pd.Timestamp(d) for d in taken[c]] for c in ("before_day", "sale_day", "last_day"))
    rows = []
    for start, sale in zip(starts, level, strict=True):
        end = start + pd.Timedelta(days=length - 1)
        since = min(((start - b).days for b in last if b < start), default=None)
        until = min(((a - end).days for a in sells if a > end), default=None)
        inside = any(a <= end and b >= start for a, b in zip(first, last, strict=True))
        allowed = not inside and (since is None or since > gap) and (until is None or until > gap)
        low, high = ((extra[0] + way * 1.96 * extra[1]) * sale for way in (-1, 1))
        rows.append((start.date(), end.date(), extra[0] * sale, low, high, sale, since, until, allowed))
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"since": "Int64", "until": "Int64"})
    return frame.sort_values(["allowed", "level", "first_day"], ascending=[False, False, True], ignore_index=True)


def best(scored: pd.DataFrame, most: int, apart: int = APART) -> pd.DataFrame:
    """The best allowed dates, at most `most`, each at least `apart` days from the others; best first."""
    named: list[int] = []
    for row in scored[scored.allowed.astype(bool)].itertuples():
        near = (abs(row.first_day - scored.first_day[k]) < timedelta(days=apart) for k in named)
        if len(named) < most and not any(near):
            named.append(int(row.Index))
    return scored.loc[named].reset_index(drop=True)
