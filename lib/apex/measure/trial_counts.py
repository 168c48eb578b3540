"""Running and recent trials of a brand, day by day and arm by arm: units, what they did, and the sums that means need.

Two kinds of unit. An impression: arms are items or creatives, shown at random; `spend` counts impressions and clicks, events
of the trial's own campaign carts. A consumer: arms are drawn once; counted are first purchases in the trial's days, and money.
Counting only; whether a difference means anything is for `apex.model.trials`.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure.trial import CONTROLS
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

IMPRESSION, CONSUMER = "impression", "consumer"
BEFORE = 365  # days whose purchases make arms of consumers comparable
SUMS = ["gmv_minor", "square", "cross"]
ARMS = ["arm", "chance", "control", "units", "old", "old_square", "past", "past_square"]
DAYS = ["day", "arm", "units", "did", "carts", *SUMS]
LISTED = ["experiment_id", "unit", "metric", "alpha", "first_day", "last_day"]


@dataclass(frozen=True)
class Counted:
    """One trial, as far as it may be seen.

    arms: arm, chance (of the draw), control (bool), units (all so far), and of arms of consumers: old, old_square (money of the
    year before, and its squares, summed), past, past_square (the same of the equal window before).
    days: one row a day and arm, by day and then in the order of arms, zeros included: day, arm, units (impressions of the day;
    consumers on the list by its end), did (clicks; first purchases), carts, and of consumers, over all days so far: gmv_minor,
    square, cross (sums of money, of its squares, and of its products with the year before's). twice: consumers on the list
    with more than one arm, left out.
    """

    experiment_id: str
    unit: str
    metric: str
    alpha: float
    first_day: date
    last_day: date
    seen: date
    arms: pd.DataFrame
    days: pd.DataFrame
    twice: int = 0

    @property
    def ended(self) -> bool:
        """Whether all its days may be seen."""
        return self.seen >= self.last_day

    @property
    def part(self) -> float:
        """How much of its planned days is over."""
        return ((self.seen - self.first_day).days + 1) / ((self.last_day - self.first_day).days + 1)

    def grid(self, column: str) -> pd.DataFrame:
        """A column of `days`: a row a day, a column an arm, in the order of `arms`."""
        arms = list(self.arms.arm)
        cells = self.days[column].to_numpy().reshape(-1, len(arms))
        return pd.DataFrame(cells, index=pd.Index(self.days.day.to_numpy()[:: len(arms)], name="day"), columns=arms)


def listed(warehouse: Warehouse, brand: str, recent: int) -> pd.DataFrame:
    """The brand's trials that run, or ended in the `recent` days before what may be seen: LISTED, the latest end first."""
    if not (warehouse.has("experiments") and warehouse.has("assignments")):
        return pd.DataFrame(columns=LISTED)
    table = warehouse.table("experiments")
    mine = table.filter((table.brand == brand) & (table.first_day <= warehouse.last_day))
    mine = mine.filter(mine.last_day >= warehouse.last_day - timedelta(days=recent)).select(*LISTED)
    frame = mine.filter(mine.first_day >= warehouse.first_day).distinct().execute()
    for column in ("first_day", "last_day"):
        frame[column] = pd.to_datetime(frame[column]).dt.date
    return frame.sort_values(["last_day", "experiment_id"], ascending=[False, True], ignore_index=True)


def counted(warehouse: Warehouse, brand: str, row: "pd.Series") -> Counted | None:
    """One row of `listed`, counted; None where fewer than two of its arms have units."""
    seen = min(row.last_day, warehouse.last_day)
    return (_shown if row.unit == IMPRESSION else _bought)(warehouse, brand, row, seen)


def _shown(warehouse: Warehouse, brand: str, row: "pd.Series", seen: date) -> Counted | None:
    lists = warehouse.table("assignments")
    arms = lists.filter(lists.experiment_id == row.experiment_id).group_by("arm").agg(chance=lists.propensity.mean())
    arms = arms.execute().dropna(subset=["arm"]).sort_values("arm", ignore_index=True)
    if not warehouse.has("spend") or len(arms) < 2:
        return None
    names = list(arms.arm)
    paid = warehouse.table("spend")
    paid = paid.filter((paid.brand == brand) & (paid.campaign_id == row.experiment_id))
    paid = paid.filter((paid.day >= row.first_day) & (paid.day <= seen))
    arm = ibis.coalesce(*(paid[c].isin(names).ifelse(paid[c], ibis.null()) for c in ("item_id", "creative_id")))
    rows = paid.mutate(arm=arm).filter(lambda t: t.arm.notnull())
    frame = rows.group_by("day", "arm").agg(units=rows.impressions.sum(), did=rows.clicks.sum()).execute()
    days = _filled(frame, _carted(warehouse, brand, row.experiment_id, names, seen), names, row.first_day, seen)
    units = days.groupby("arm").units.sum().reindex(names).to_numpy()
    arms = arms.assign(control=False, units=units).reindex(columns=ARMS).fillna(dict.fromkeys(ARMS[4:], 0))
    return _told(row, seen, IMPRESSION, arms, days)


def _carted(warehouse: Warehouse, brand: str, campaign: str, names: list[str], seen: date) -> pd.DataFrame:
    events = warehouse.table("events")
    mine = events.filter((events.brand == brand) & (events.campaign_id == campaign) & (events.behaviour == "cart"))
    mine = mine.filter(mine.item_id.isin(names) & (mine.occurred_at < seen + timedelta(days=1)))
    return mine.group_by(day=mine.occurred_at.date(), arm=mine.item_id).agg(carts=mine.count()).execute()


def _bought(warehouse: Warehouse, brand: str, row: "pd.Series", seen: date) -> Counted | None:
    lists = warehouse.table("assignments")
    lists = lists.filter((lists.experiment_id == row.experiment_id) & lists.consumer_id.notnull() & lists.arm.notnull())
    lists = lists.filter(lists.assigned_at < seen + timedelta(days=1))
    one = lists.group_by("consumer_id").agg(
        arm=lists.arm.min(),
        others=lists.arm.nunique(),
        chance=lists.propensity.min(),
        since=lists.assigned_at.date().min(),
    )
    since = ibis.greatest(one.since, ibis.date(row.first_day))
    twice = int(one.filter(one.others > 1).count().execute())
    one = one.filter(one.others == 1).select("consumer_id", "arm", "chance", since=since)
    length = (row.last_day - row.first_day).days + 1
    entered = one.left_join(_before(warehouse, brand, row.first_day, length), "consumer_id")
    entered = entered.select(
        "consumer_id", "arm", "chance", "since", **{c: entered[c].fill_null(0) for c in ("old", "past")}
    )
    entered = ibis.memtable(entered.to_pyarrow())
    old, past = entered.old.cast("float64"), entered.past.cast("float64")
    arms = entered.group_by("arm").agg(
        chance=entered.chance.mean(), units=entered.count(), old=old.sum(), old_square=(old * old).sum(),
        past=past.sum(), past_square=(past * past).sum(),
    ).execute().sort_values("arm", ignore_index=True)  # fmt: skip
    if len(arms) < 2:
        return None
    arms = arms.assign(control=arms.arm.isin(CONTROLS))[ARMS].sort_values(["control", "arm"], ignore_index=True)
    came = entered.group_by("arm", day="since").agg(units=entered.count()).execute()
    days = _filled(_daily(warehouse, brand, entered, seen), came, list(arms.arm), row.first_day, seen)
    grown = ["units", *SUMS]
    days[grown] = days.groupby("arm")[grown].cumsum()
    return _told(row, seen, CONSUMER, arms, days, twice)


def _before(warehouse: Warehouse, brand: str, first: date, length: int) -> "ir.Table":
    """consumer_id, old, past: money of the year before, and of the equal window before."""
    events = warehouse.table("events")
    reach = first - timedelta(days=max(BEFORE, length))
    buys = events.filter((events.brand == brand) & (events.behaviour == "buy") & (events.occurred_at < first))
    buys = buys.filter(buys.occurred_at >= reach)
    return buys.group_by("consumer_id").agg(
        old=buys.value_minor.sum(where=buys.occurred_at >= first - timedelta(days=BEFORE)).fill_null(0),
        past=buys.value_minor.sum(where=buys.occurred_at >= first - timedelta(days=length)).fill_null(0),
    )


def _daily(warehouse: Warehouse, brand: str, entered: "ir.Table", seen: date) -> pd.DataFrame:
    """By day and arm: first purchases, and by how much the three sums grew."""
    events = warehouse.table("events")
    buys = events.filter((events.brand == brand) & (events.behaviour == "buy"))
    buys = buys.filter(buys.occurred_at < seen + timedelta(days=1)).mutate(day=buys.occurred_at.date())
    paid = buys.join(entered, [buys.consumer_id == entered.consumer_id, buys.day >= entered.since])
    each = paid.group_by("consumer_id", "arm", "old", "day").agg(gmv_minor=paid.value_minor.sum())
    mine = {"group_by": each.consumer_id, "order_by": each.day}
    each = each.mutate(money=each.gmv_minor.cast("float64"), place=ibis.row_number().over(**mine))
    upto = each.money.sum().over(**mine, rows=(None, 0))
    each = each.mutate(grew=upto * upto - (upto - each.money) * (upto - each.money), with_old=each.money * each.old)
    return each.group_by("day", "arm").agg(
        did=(each.place == 0).sum(), gmv_minor=each.gmv_minor.sum(), square=each.grew.sum(), cross=each.with_old.sum()
    ).execute()  # fmt: skip


def _filled(one: pd.DataFrame, two: pd.DataFrame, names: list[str], first: date, seen: date) -> pd.DataFrame:
    """Both frames by day and arm, every day and arm there is, zeros included."""
    grid = pd.MultiIndex.from_product([pd.date_range(first, seen).date, names], names=["day", "arm"])
    parts = []
    for frame in (one, two):
        frame = frame.assign(day=pd.to_datetime(frame.day).dt.date).set_index(["day", "arm"])
        parts.append(frame.reindex(grid).fillna(0))
    both = pd.concat(parts, axis=1).reset_index().reindex(columns=DAYS).fillna(0)
    return both.astype(dict.fromkeys(["units", "did", "carts"], "int64") | dict.fromkeys(SUMS, "float64"))


def _told(
    row: "pd.Series", seen: date, unit: str, arms: pd.DataFrame, days: pd.DataFrame, twice: int = 0
) -> Counted | None:
    if (arms.units > 0).sum() < 2:
        return None
    alpha = 0.05 if pd.isna(row.alpha) else float(row.alpha)
    return Counted(str(row.experiment_id), unit, str(row.metric), alpha, row.first_day, row.last_day, seen,
                   arms.astype({"units": "int64", "chance": "float64"}), days, twice)  # fmt: skip


def channels(warehouse: Warehouse, brand: str, names: list[str]) -> dict[str, str]:
    """The channel of each trial that ran in one channel alone, by experiment_id; `spend` books a trial as a campaign."""
    if not warehouse.has("spend") or not names:
        return {}
    paid = warehouse.table("spend")
    paid = paid.filter((paid.brand == brand) & paid.campaign_id.isin(names) & paid.channel.notnull())
    found = paid.group_by("campaign_id").agg(channel=paid.channel.min(), others=paid.channel.nunique()).execute()
    alone = found[found.others == 1].sort_values("campaign_id")
    return dict(zip(alone.campaign_id, alone.channel, strict=True))
