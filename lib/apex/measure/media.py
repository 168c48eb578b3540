"""Media as they were bought: money, contacts and clicks by channel and phase, and what the channels carry on a plain day."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

PHASES = ("build-up", "presale", "warm-up", "burst", "return")
OTHER = "other"  # days of a campaign that no phase names
BEFORE = 90  # days whose middle is a plain day
ENOUGH = 50  # contacts of others, from which on they tell a price
COLUMNS = ["channel", "site", "buying", "crowd", "impressions", "clicks", "cost_minor"]
CLICKED = ["channel", "whom", "message", "contacts", "clicks"]
CREATIVES = ["channel", "whom", "message", "creative", "old", "back", "seen", "contacts", "clicks"]
# Days whose clicks tell what creatives pull (convention): they wear out with a half-life of about a month, so that older clicks
# are of creatives that were fresher, or others, and fewer days have too few clicks.
FRESH = 28
YEAR = 365  # days whose media tell of messages, beyond creatives; and how a channel is targeted that met nobody in the FRESH ones


def window(warehouse: Warehouse, campaign_id: str | None) -> tuple[date, date] | None:
    """First and last day of a campaign that had ended by the warehouse's day; None where there is no such one."""
    if campaign_id is None or not warehouse.has("campaigns"):
        return None
    table = warehouse.table("campaigns")
    found = table.filter(table.campaign_id == campaign_id).select("first_day", "last_day").execute()
    if found.empty:
        return None
    first, last = (pd.Timestamp(found[c][0]).date() for c in ("first_day", "last_day"))
    return (first, last) if warehouse.first_day <= first and last <= warehouse.last_day else None


def spent(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """A row a channel of the brand's media from `first` to `last`: channel, site, buying, crowd, impressions, clicks, cost_minor.

    site, buying, crowd (the targeting): null where the data do not know. Empty without a table `spend`.
    """
    if not warehouse.has("spend"):
        return pd.DataFrame(columns=COLUMNS)
    bought = _days(warehouse, first, last).filter(lambda t: t.brand == brand)
    sums = bought.group_by("channel").agg(
        buying=bought.buying.max(), crowd=bought.crowd.max(), impressions=bought.impressions.sum(), clicks=bought.clicks.sum(),
        cost_minor=bought.cost_minor.sum(),
    )  # fmt: skip
    frame = sums.execute().merge(_sites(warehouse), on="channel", how="left")
    return frame[COLUMNS].sort_values("channel", ignore_index=True)


def by_phase(warehouse: Warehouse, brand: str, campaign_id: str | None, category: str | None = None) -> pd.DataFrame:
    """channel, phase, days (of the phase), cost_minor, impressions of a campaign's days, in the calendar's order.

    `other`: days of no phase. category: with it a column others_minor, what the category's other brands paid for a contact in the
    same days, null where they bought fewer than ENOUGH.
    """
    days = window(warehouse, campaign_id)
    columns = ["channel", "phase", "days", "cost_minor", "impressions"]
    if days is None or not warehouse.has("spend"):
        return pd.DataFrame(columns=columns if category is None else [*columns, "others_minor"])
    named = _named(warehouse, campaign_id, days)
    bought = _days(warehouse, *days)
    sums = _by_phase(bought.filter(bought.brand == brand), named)
    sums.insert(2, "days", sums.phase.map(named.value_counts()))
    if category is None:
        return sums
    items = warehouse.table("items")
    rivals = items.filter((items.category == category) & (items.brand != brand)).select("brand").distinct()
    others = _by_phase(bought.filter(bought.brand.isin(rivals.brand)), named)
    others["others_minor"] = (others.cost_minor / others.impressions.where(others.impressions >= ENOUGH)).astype(float)
    return sums.merge(others[["channel", "phase", "others_minor"]], on=["channel", "phase"], how="left")


def _named(warehouse: Warehouse, campaign_id: str | None, days: tuple[date, date]) -> pd.Series:
    """The phase of each day."""
    named = pd.Series(OTHER, pd.date_range(*days))
    if warehouse.has("phases"):
        phases = warehouse.table("phases")
        for row in phases.filter(phases.campaign_id == campaign_id).execute().itertuples():
            named[pd.Timestamp(row.first_day) : pd.Timestamp(row.last_day)] = row.phase
    return named


def _by_phase(bought: "ir.Table", named: pd.Series) -> pd.DataFrame:
    daily = bought.group_by("channel", "day").agg(
        cost_minor=bought.cost_minor.sum(), impressions=bought.impressions.sum()
    )
    frame = daily.execute()
    phase = named.reindex(pd.to_datetime(frame.day)).to_numpy()
    order = pd.Categorical(phase, [*PHASES, *sorted({*named} - {*PHASES, OTHER}), OTHER], ordered=True)
    sums = frame.assign(phase=order).groupby(["channel", "phase"], observed=True)[["cost_minor", "impressions"]].sum()
    return sums.reset_index().astype({"phase": str})


def supply(warehouse: Warehouse, category: str, last: date, days: int = BEFORE) -> pd.DataFrame:
    """channel, daily: what all brands of the category bought a day in the middle week of the days up to `last`."""
    items = warehouse.table("items")
    brands = items.filter(items.category == category).select("brand").distinct()
    bought = _days(warehouse, last - timedelta(days=days - 1), last)
    bought = bought.filter(bought.brand.isin(brands.brand))
    frame = bought.group_by("channel", "day").agg(n=bought.impressions.sum()).execute()
    frame["day"] = pd.to_datetime(frame.day)
    every = pd.date_range(last - timedelta(days=days - 1), last)
    grid = frame.pivot(index="day", columns="channel", values="n").reindex(every).fillna(0.0)
    return grid.rolling(7).mean().median().rename("daily").rename_axis("channel").reset_index()


def clicked(warehouse: Warehouse, brand: str, first: date, last: date) -> pd.DataFrame:
    """CLICKED: contacts and clicks (ints) of the brand's media by channel, targeting and the message of the creative.

    whom: as `spend.crowd` names it, "" where it is not known. Media whose clicks or whose creative's message are not known
    are left out: empty where these are all.
    """
    if not warehouse.has("spend") or not warehouse.has("creatives"):
        return pd.DataFrame(columns=CLICKED).astype({"contacts": "int64", "clicks": "int64"})
    both = _spoken(warehouse, brand, first, last)
    sums = both.group_by("channel", "whom", "message")
    frame = sums.agg(contacts=both.impressions.sum(), clicks=both.clicks.sum()).execute()
    frame = frame.astype({"contacts": "int64", "clicks": "int64"})
    return frame[CLICKED].sort_values(CLICKED[:3], ignore_index=True)


def by_creative(warehouse: Warehouse, brand: str, last: date, days: int = YEAR) -> pd.DataFrame:
    """CREATIVES: as `clicked`, a row a channel, targeting, creative and FRESH days, of the days up to `last`.

    Days before `last`: old, since the creative was first seen in the data; seen, since it was last shown; back, of the row's
    contacts on average.
    """
    if not warehouse.has("spend") or not warehouse.has("creatives"):
        return pd.DataFrame(columns=CREATIVES).astype({"contacts": "int64", "clicks": "int64"})
    both = _spoken(warehouse, brand, warehouse.first_day, last)
    both = both.mutate(creative=both.creative_id, ago=ibis.literal(last).delta(both.day, unit="day"))
    one = ibis.window(group_by="creative")
    both = both.mutate(old=both.ago.max().over(one), seen=both.ago.min().over(one), turn=both.ago // FRESH)
    sums = both.filter((both.ago < days) & (both.impressions > 0)).group_by(
        "channel", "whom", "message", "creative", "old", "seen", "turn"
    )
    frame = sums.agg(
        contacts=both.impressions.sum(), clicks=both.clicks.sum(), all=(both.ago * both.impressions).sum()
    ).execute()
    frame = frame.astype({"contacts": "int64", "clicks": "int64"})
    frame["back"] = frame["all"].astype(float) / frame.contacts
    return frame.sort_values(["channel", "whom", "creative", "turn"], ignore_index=True)[CREATIVES]


def targeting(warehouse: Warehouse, brand: str, last: date) -> pd.DataFrame:
    """channel, whom: the targeting under which each channel met most in the FRESH days up to `last`, else in the year.

    whom: "" where it is not known. Every channel of the brand's media of that year, those that cost nothing too. Empty without
    a table `spend`.
    """
    if not warehouse.has("spend"):
        return pd.DataFrame(columns=["channel", "whom"])
    bought = _days(warehouse, last - timedelta(days=YEAR - 1), last).filter(lambda t: t.brand == brand)
    late = bought.impressions.sum(where=bought.day > last - timedelta(days=FRESH)).fill_null(0)
    sums = bought.mutate(whom=bought.crowd.fill_null("")).group_by("channel", "whom")
    frame = sums.agg(late=late, whole=bought.impressions.sum()).execute()
    frame = frame.sort_values(["late", "whole", "whom"], ascending=[False, False, True])
    return frame.drop_duplicates("channel")[["channel", "whom"]].sort_values("channel", ignore_index=True)


def inventory(warehouse: Warehouse, first: date, last: date) -> pd.DataFrame:
    """channel, contacts: what its slots are foretold to carry from `first` to `last`, in the unit of `spend`.

    Channels of which every day is known; the slots' channel is that under which they were bought. Empty without such a table.
    """
    known = warehouse.has("inventory") and warehouse.has("spend") and "placement" in warehouse.table("spend").columns
    if not known:
        return pd.DataFrame({"channel": [], "contacts": []})
    slots = warehouse.table("spend").select("placement", "channel").distinct().execute().dropna()
    table = warehouse.table("inventory")
    inside = table.filter((table.day >= first) & (table.day <= last))
    daily = (
        inside.group_by("placement", "day")
        .agg(contacts=inside.impressions.sum())
        .execute()
        .merge(slots, on="placement")
    )
    sums = daily.groupby("channel", as_index=False).agg(contacts=("contacts", "sum"), days=("day", "nunique"))
    return sums[sums.days == (last - first).days + 1][["channel", "contacts"]].reset_index(drop=True)


def _days(warehouse: Warehouse, first: date, last: date) -> "ir.Table":
    spend = warehouse.table("spend")
    return spend.filter((spend.day >= first) & (spend.day <= last))


def _spoken(warehouse: Warehouse, brand: str, first: date, last: date) -> "ir.Table":
    """Media of the brand whose clicks are known, with their `message` and `whom` they were for."""
    creatives = warehouse.table("creatives")
    said = creatives.filter((creatives.brand == brand) & (creatives.message.fill_null("") != ""))
    bought = _days(warehouse, first, last).filter(lambda t: (t.brand == brand) & t.clicks.notnull())
    both = bought.join(said.select("creative_id", "message"), "creative_id")
    return both.mutate(whom=both.crowd.fill_null(""))


def _sites(warehouse: Warehouse) -> pd.DataFrame:
    if not warehouse.has("channels"):
        return pd.DataFrame({"channel": [], "site": []}, dtype=object)
    return warehouse.table("channels").select("channel", "site").execute()
