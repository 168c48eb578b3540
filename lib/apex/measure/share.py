"""A brand's share of its category, counted so that a share's chance can be told: by window and bucket of consumers.

Whoever buys once buys again, so orders are no independent draws; consumers are. Each falls in one of a hundred buckets by
its key, and leaving one bucket out after the other (a jackknife, `apex.model.share`) needs nothing but these sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from apex.measure.grow import BUCKETS
from apex.measure.market import asked_for, in_category
from apex.measure.windows import Window
from apex.warehouse import Warehouse

MOST_WINDOWS = 26  # back in time: further back it is another market
SUMS = ["gmv_minor", "gmv_brand_minor", "buyers", "buyers_brand"]


@dataclass(frozen=True)
class Compared:
    """Windows of one length: `now`, the one `before`, the same dates a `year` before (None: not whole in the data), and `every`.

    every: all that lie whole in the data, one after the other and back from `now`, oldest first; with `year`, they are
    `asked`, what is counted.
    """

    now: Window
    before: Window | None
    year: Window | None
    every: list[Window]

    @property
    def asked(self) -> list[Window]:
        """Each window once, sorted."""
        return sorted({self.now, *self.every, *([self.year] if self.year else [])})

    @property
    def against(self) -> dict[str, Window]:
        """The windows that `now` is held against: `before`, `year`, as far as there are any."""
        return {k: w for k, w in (("before", self.before), ("year", self.year)) if w}

    @property
    def held(self) -> list[Window]:
        """`now` and the windows that it is held against."""
        return sorted([self.now, *self.against.values()])


def compare(first_day: date, last: date, days: int, most: int = MOST_WINDOWS) -> Compared:
    """The windows of `days` days up to `last`, of data that begin on `first_day`; `now` may reach beyond it."""
    every, now = windows_back(first_day, last, days, most), (last - timedelta(days=days - 1), last)
    year = year_before(now)
    return Compared(now, every[-2] if len(every) > 1 else None, year if year[0] >= first_day else None, every)


def windows_back(first_day: date, last: date, days: int, most: int = MOST_WINDOWS) -> list[Window]:
    """Windows of `days` days that lie whole in the data, one after the other, the last one ending on `last`; oldest first."""
    ends = [last - timedelta(days=n * days) for n in range(most)]
    found = [(end - timedelta(days=days - 1), end) for end in ends]
    return sorted(window for window in found if window[0] >= first_day)


def year_before(window: Window) -> Window:
    """The window as long that ends on the same date a year earlier (29 February: on the 28th)."""
    last = (pd.Timestamp(window[1]) - pd.DateOffset(years=1)).date()
    return last - (window[1] - window[0]), last


def by_bucket(
    warehouse: Warehouse, category: str, brand: str, windows: Sequence[Window], buckets: int = BUCKETS
) -> pd.DataFrame:
    """What each bucket of consumers bought in the category in each window, and of it from the brand.

    Returns first_day, last_day, bucket (0 … buckets − 1), gmv_minor, gmv_brand_minor, buyers, buyers_brand (distinct), and
    others: how many other brands sold in the window, the same for all its buckets. Every bucket of every window, zeros
    included; over buckets all but `others` add to the whole. Windows may overlap. A window in which just one other brand sold
    is left out, because the category less us is that brand.
    """
    asked = asked_for(windows)
    bought = in_category(warehouse, category, min(w[0] for w in windows), max(w[1] for w in windows))
    rows = bought.join(asked, [bought.bought_on >= asked.first_day, bought.bought_on <= asked.last_day])
    ours = rows.brand == brand
    each = rows.group_by("first_day", "last_day", "consumer_id").agg(
        gmv=rows.value_minor.sum(), ours=rows.value_minor.sum(where=ours).fill_null(0)
    )
    sums = each.group_by("first_day", "last_day", bucket=each.consumer_id % buckets).agg(
        gmv_minor=each.gmv.sum(),
        gmv_brand_minor=each.ours.sum(),
        buyers=each.count(),
        buyers_brand=(each.ours > 0).sum(),
    )
    others = rows.group_by("first_day", "last_day").agg(others=rows.brand.nunique(where=~ours))
    found = sums.join(others, ["first_day", "last_day"]).execute()
    for column in ("first_day", "last_day"):
        found[column] = pd.to_datetime(found[column]).dt.date
    grid = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"]).merge(
        pd.DataFrame({"bucket": range(buckets)}), how="cross"
    )
    frame = grid.merge(found, on=["first_day", "last_day", "bucket"], how="left")
    frame["others"] = frame.groupby(["first_day", "last_day"]).others.transform("max")
    counts = [*SUMS, "others"]
    frame[counts] = frame[counts].fillna(0).astype("int64")
    return frame.loc[frame.others != 1, ["first_day", "last_day", "bucket", *counts]].reset_index(drop=True)


def shown(buckets: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """The buckets of those windows that `sizes` (first_day, last_day, suppressed) does not hide."""
    open_windows = sizes.loc[~sizes.suppressed, ["first_day", "last_day"]]
    return buckets.merge(open_windows, on=["first_day", "last_day"]).reset_index(drop=True)
