"""Who a brand acquired when, and what they did after: cohorts by the day of the first purchase in a year.

One pass of the engine gives every purchase day of the consumers who came in a span, by days since they came. A cohort is a
campaign (whoever came on its days, for whatever reason: nothing here says that the campaign brought them) or a month's ordinary
days, on which none of the brand's campaigns was on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.touches import own_channels
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

QUIET = 365  # days without a purchase after which a buyer is new again (convention: AAC's year)
HORIZONS = (30, 90, 180)
THIS, EARLIER, ORDINARY = KINDS = ("this", "earlier", "ordinary")
SPANS = ["cohort", "kind", "first_day", "last_day"]
BRAND, PERFORMANCE, OWN, NONE = ROUTES = ("brand", "performance", "own", "none")
BUYING = {
    "contract": BRAND,
    "auction": PERFORMANCE,
}  # how media are bought: reserved, or bid for; the rest is the brand's own
NEAR = 15  # days before the first purchase in which a touch counts


@dataclass(frozen=True)
class Entrants:
    """people: consumer_id, entered_on (day), cohort, kind, seen (days after it that are known).

    lines: entry (row of people), since (days), orders, gmv_minor, a row a day with a purchase, the first included.
    """

    people: pd.DataFrame
    lines: pd.DataFrame

    def value(self, day: int) -> "Floats":
        """What each entrant has paid by so many days after the first, the first included, in minor units."""
        near = self.lines[self.lines.since <= day]
        return np.bincount(near.entry, near.gmv_minor, len(self.people)).astype(float)

    @cached_property
    def again(self) -> "Floats":
        """Days to the next day with a purchase; infinite where none is known."""
        out = np.full(len(self.people), np.inf)
        later = self.lines[self.lines.since > 0]
        np.minimum.at(out, later.entry.to_numpy(int), later.since.to_numpy(float))
        return out

    @cached_property
    def seen(self) -> "NDArray[np.int64]":
        """Days after the first purchase that are known of each."""
        return self.people.seen.to_numpy("int64")

    def of(self, which: "NDArray[np.bool_]") -> "Entrants":
        """These alone."""
        place = np.cumsum(which) - 1
        lines = self.lines[which[self.lines.entry.to_numpy(int)]] if len(self.lines) else self.lines
        return Entrants(self.people[which].reset_index(drop=True), lines.assign(entry=place[lines.entry.to_numpy(int)]))

    def until(self, day: pd.Timestamp) -> "Entrants":
        """As they looked on an earlier day."""
        then = self.of((self.people.entered_on <= day).to_numpy(bool))
        seen = (day - then.people.entered_on).dt.days
        known = then.lines.since.to_numpy(int) <= seen.to_numpy(int)[then.lines.entry.to_numpy(int)]
        return Entrants(then.people.assign(seen=seen), then.lines[known])


def spans(
    warehouse: Warehouse, brand: str, own: tuple[date, date], campaign_id: str | None, compare: Sequence[str] = ()
) -> pd.DataFrame:
    """SPANS: `own` (named by the campaign), the brand's campaigns that ended before it and those it is compared with, in order of
    days. Of campaigns that overlap the longer one stands, but for the named ones.
    """
    rows = [(campaign_id or THIS, THIS, *own)]
    if warehouse.has("campaigns"):
        table = warehouse.table("campaigns")
        found = table.filter((table.owner == brand) | table.campaign_id.isin([*compare, ""])).execute()
        found = found[(found.campaign_id != campaign_id) & found.first_day.notna() & found.last_day.notna()]
        for c in ("first_day", "last_day"):
            found[c] = pd.to_datetime(found[c]).dt.date
        found = found[(found.last_day < own[0]) & (found.first_day >= warehouse.first_day)]
        length = pd.Series(
            [(b - a).days for a, b in zip(found.first_day, found.last_day, strict=True)], found.index, dtype=int
        )
        found = found.assign(named=found.campaign_id.isin(list(compare)), length=length)
        for row in found.sort_values(["named", "length", "campaign_id"], ascending=[False, False, True]).itertuples():
            if all(row.last_day < a or row.first_day > b for _, _, a, b in rows):
                rows.append((row.campaign_id, EARLIER, row.first_day, row.last_day))
    return pd.DataFrame(rows, columns=SPANS).sort_values(["first_day", "cohort"], ignore_index=True)


def trusted(warehouse: Warehouse) -> date:
    """The first day on which a first purchase may be called one: a year into the data, or a quarter of them where shorter."""
    whole = (warehouse.last_day - warehouse.first_day).days + 1
    return warehouse.first_day + timedelta(days=min(QUIET, whole // 4))


def entrants(warehouse: Warehouse, brand: str, spans: pd.DataFrame, day: date, quiet: int = QUIET) -> Entrants:
    """Everybody whose first purchase in `quiet` days lies between `trusted` and `day`; cohorts are spans and months' other days.

    Days are followed as far as the longest of HORIZONS. The cohort of a span that began before `trusted` is left out.
    """
    first = trusted(warehouse)
    lines = purchases(warehouse, brand, warehouse.first_day, day)
    bought = lines.group_by("consumer_id", on=lines.occurred_at.date()).agg(
        orders=lines.order_id.nunique(), gmv_minor=lines.value_minor.sum().fill_null(0)
    )
    own = ibis.window(group_by=bought.consumer_id, order_by=bought.on)
    gap = bought.on.delta(bought.on.lag().over(own), unit="day")
    marked = bought.mutate(start=(gap.isnull() | (gap > quiet)).ifelse(bought.on, ibis.null("date")))
    so_far = ibis.cumulative_window(group_by=marked.consumer_id, order_by=marked.on)
    each = marked.mutate(entered_on=marked.start.max().over(so_far))
    each = each.mutate(since=each.on.delta(each.entered_on, unit="day"))
    each = each.filter((each.entered_on >= ibis.literal(first)) & (each.since <= max(HORIZONS)))
    frame = each.select("consumer_id", "entered_on", "since", "orders", "gmv_minor").execute()
    frame["entered_on"] = pd.to_datetime(frame.entered_on)
    frame = frame.astype({"since": "int64", "orders": "int64", "gmv_minor": "int64"})
    keys = ["entered_on", "consumer_id"]
    frame = frame.sort_values([*keys, "since"], ignore_index=True)
    people = frame[keys].drop_duplicates().reset_index(drop=True)
    entry = frame.groupby(keys, sort=True).ngroup().to_numpy("int64") if len(frame) else np.array([], "int64")
    cohort, kind = people.entered_on.dt.strftime("%Y-%m"), pd.Series(ORDINARY, people.index)
    gone = pd.Series(False, people.index)
    for row in spans.itertuples():
        inside = people.entered_on.between(pd.Timestamp(row.first_day), pd.Timestamp(row.last_day))
        cohort, kind = cohort.mask(inside, row.cohort), kind.mask(inside, row.kind)
        gone |= inside & (row.first_day < first and row.kind != THIS)
    seen = (pd.Timestamp(day) - people.entered_on).dt.days
    whole = Entrants(
        people.assign(cohort=cohort, kind=kind, seen=seen),
        frame.assign(entry=entry)[["entry", "since", "orders", "gmv_minor"]],
    )
    return whole.of(~gone.to_numpy(bool)) if len(people) else whole


def stages(book: Book, brand: str, who: Entrants, days: Sequence[int] = HORIZONS) -> pd.DataFrame:
    """Where entrants stood so many days after they came, of those seen so long.

    Returns cohort, kind, days, stage (the ledger's at that day's end; 0: none, else its number), consumers (int).
    """
    parts = [who.people.loc[who.people.seen >= d, ["consumer_id", "cohort", "kind", "entered_on"]].assign(
        days=d, at=lambda t, d=d: t.entered_on + pd.Timedelta(days=d)) for d in days]  # fmt: skip
    asked = pd.concat(parts, ignore_index=True)
    keys = ["cohort", "kind", "days", "stage"]
    if asked.empty:
        return pd.DataFrame(columns=[*keys, "consumers"])
    asked = asked.assign(entry=range(len(asked)), at=asked["at"].dt.date)
    on = ibis.memtable(
        asked[["entry", "consumer_id", "at"]], schema={"entry": "int64", "consumer_id": "int64", "at": "date"}
    )
    rows = book.rows
    rows = rows.filter(rows.brand == brand).select("day", "to_stage", who="consumer_id")
    both = on.join(rows, [on.consumer_id == rows.who, rows.day <= on["at"]])
    found = both.group_by("entry").agg(stage=both.to_stage.argmax(both.day)).execute().set_index("entry").stage
    asked["stage"] = found.reindex(asked.entry).fillna(0).astype(int).to_numpy()
    return asked.groupby(keys, sort=True).size().rename("consumers").reset_index()


def routes(warehouse: Warehouse, brand: str, who: Entrants, near: int = NEAR) -> "pd.Series | None":
    """By which of ROUTES each entrant came: how the last medium in the `near` days up to the first purchase was bought.

    brand: reserved by contract; performance: bid for; own: the brand's own media; none. A credit, no cause. None where nobody
    wrote down how media were bought.
    """
    if not warehouse.has("spend") or who.people.empty:
        return None
    spend = warehouse.table("spend")
    bought = spend.filter(spend.brand == brand).select("channel", "buying").distinct().execute().dropna()
    if not bought.buying.isin(list(BUYING)).any():
        return None
    way = dict(zip(bought.channel, bought.buying.map(BUYING).fillna(OWN), strict=True))
    names = sorted(set(way) - set(own_channels(warehouse)))
    people = who.people.assign(entry=range(len(who.people)), day=who.people.entered_on.dt.date)
    on = ibis.memtable(
        people[["entry", "consumer_id", "day"]], schema={"entry": "int64", "consumer_id": "int64", "day": "date"}
    )
    events = warehouse.table("events")
    events = events.filter((events.brand == brand) & events.channel.isin(names) & (events.behaviour != "buy"))
    events = events.select("occurred_at", "channel", who="consumer_id")
    both = on.join(events, on.consumer_id == events.who)
    gap = both.day.delta(both.occurred_at.date(), unit="day")
    both = both.filter((gap >= 0) & (gap <= near))
    last = (
        both.group_by("entry").agg(channel=both.channel.argmax(both.occurred_at)).execute().set_index("entry").channel
    )
    return last.reindex(people.entry).map(way).fillna(NONE).reset_index(drop=True)


def buyers(warehouse: Warehouse, brand: str, day: date, quiet: int = QUIET) -> "NDArray[np.int64]":
    """Who bought in the `quiet` days before a day, and so cannot be new on it: consumer ids."""
    bought = purchases(warehouse, brand, max(day - timedelta(days=quiet), warehouse.first_day), day - timedelta(days=1))
    return np.asarray(bought.select("consumer_id").distinct().consumer_id.execute())


def spent(warehouse: Warehouse, campaign_ids: Sequence[str]) -> dict[str, int]:
    """What each campaign cost, in minor units, of those of which anything is known."""
    if not warehouse.has("spend") or "campaign_id" not in warehouse.table("spend").columns or not campaign_ids:
        return {}
    spend = warehouse.table("spend")
    mine = spend.filter(spend.campaign_id.isin(list(campaign_ids)))
    found = mine.group_by("campaign_id").agg(cost=mine.cost_minor.sum()).execute()
    return {r.campaign_id: int(r.cost) for r in found.itertuples() if r.cost and r.cost > 0}
