"""Guaranteed buys: what each contract has delivered by day, what slots carry and sold, and what the auction costs.

The table `contracts` says what was promised. What was delivered is counted here, of facts up to the warehouse's day alone:
impressions for everybody from `spend`, whatever names a crowd or counts heads from `events` and the consumers' strategic crowd.
"""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

CONTACTS = ("expose", "watch")
HEADS = ("reach", "new consumers", "recalls")
LOST = 180  # days without a purchase after which a buyer can be recalled (data/README.md)
EVERYBODY = ""  # a contract's crowd where it names the channel's targeting
OTHER = "other"  # days of a campaign that no phase names
CONTRACTS = ["contract_id", "brand", "campaign_id", "placement", "channel", "crowd", "guarantee", "amount", "first_day",
             "last_day", "price_minor", "penalty_minor"]  # fmt: skip


def contracts(warehouse: Warehouse) -> pd.DataFrame:
    """Contracts that had begun by the warehouse's day, and those announced: the columns `CONTRACTS`, by contract_id.

    channel: where the slot's media are bought, null if nothing was ever bought there. crowd: a strategic crowd, or EVERYBODY.
    Empty without such a table.
    """
    if not warehouse.has("contracts"):
        return pd.DataFrame(columns=CONTRACTS)
    frame = warehouse.table("contracts").execute()
    for column in ("brand", "campaign_id"):
        frame[column] = frame.get(column, None)
    frame["channel"] = frame.placement.map(slots(warehouse))
    frame["crowd"] = frame.crowd.where(frame.crowd.isin(crowds(warehouse)), EVERYBODY)
    for column in ("first_day", "last_day"):
        frame[column] = pd.to_datetime(frame[column]).dt.date
    return frame[CONTRACTS].sort_values("contract_id", ignore_index=True)


def slots(warehouse: Warehouse) -> dict[str, str]:
    """placement → the channel under which it was bought."""
    if not warehouse.has("spend") or "placement" not in warehouse.table("spend").columns:
        return {}
    pairs = warehouse.table("spend").select("placement", "channel").distinct().execute().dropna()
    return dict(pairs.sort_values(["placement", "channel"]).drop_duplicates("placement").itertuples(index=False))


def crowds(warehouse: Warehouse) -> list[str]:
    """The strategic crowds that the data know of anybody."""
    people = warehouse.table("consumers")
    if "strategic_crowd" not in people.columns:
        return []
    return sorted(people.select("strategic_crowd").distinct().execute().strategic_crowd.dropna())


def phases(warehouse: Warehouse) -> pd.DataFrame:
    """campaign_id, phase, first_day, last_day of all campaigns; empty where the data have none."""
    columns = ["campaign_id", "phase", "first_day", "last_day"]
    if not warehouse.has("phases"):
        return pd.DataFrame(columns=columns)
    frame = warehouse.table("phases").select(*columns).execute()
    for column in columns[2:]:
        frame[column] = pd.to_datetime(frame[column]).dt.date
    return frame.sort_values(columns[:1] + columns[2:], ignore_index=True)


def delivered(warehouse: Warehouse, of: pd.DataFrame) -> pd.DataFrame:
    """contract_id, day, units (of the guarantee), impressions: what came on each day up to the warehouse's day.

    of: rows of `contracts`. A head counts on the day on which it is first met; days without anything are absent.
    """
    empty = pd.DataFrame({"contract_id": [], "day": [], "units": [], "impressions": []})
    begun = of[of.first_day <= warehouse.last_day]
    if begun.empty:
        return empty
    plain = (begun.crowd == EVERYBODY) & (begun.guarantee == "impressions") & warehouse.has("spend")
    parts = []
    if plain.any():
        parts.append(_bought(warehouse, begun[plain]))
    if (~plain).any():
        parts.append(_met(warehouse, begun[~plain]))
    parts = [p for p in parts if len(p)]
    if not parts:
        return empty
    out = pd.concat(parts, ignore_index=True)
    out["day"] = pd.to_datetime(out.day).dt.date
    return out.sort_values(["contract_id", "day"], ignore_index=True)[list(empty)]


def announced(warehouse: Warehouse, placements: list[str]) -> pd.DataFrame:
    """placement, crowd, day, impressions that these slots were, or are, foretold to carry. Empty without such a table."""
    columns = ["placement", "crowd", "day", "impressions"]
    if not warehouse.has("inventory"):
        return pd.DataFrame(columns=columns)
    table = warehouse.table("inventory")
    sums = table.filter(table.placement.isin(placements)).group_by(columns[:3]).agg(impressions=table.impressions.sum())
    frame = sums.execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    return frame.sort_values(columns[:3], ignore_index=True)


def carried(warehouse: Warehouse, placements: list[str], brand: str, first: date) -> pd.DataFrame:
    """placement, crowd, day, ours, others: impressions that these slots carried from `first` to the warehouse's day.

    Counted from events; crowd "" where the data do not know it. Days without any are absent.
    """
    events, people = warehouse.table("events"), warehouse.table("consumers")
    columns = ["placement", "crowd", "day", "ours", "others"]
    if "placement" not in events.columns or not placements:
        return pd.DataFrame(columns=columns)
    since = datetime.combine(first, time.min)
    shown = events.filter(
        events.behaviour.isin(CONTACTS) & events.placement.isin(placements) & (events.occurred_at >= since)
    )
    shown = shown.select("consumer_id", "placement", "brand", day=shown.occurred_at.date())
    if "strategic_crowd" in people.columns:
        shown = shown.left_join(people.select("consumer_id", crowd="strategic_crowd"), "consumer_id")
    else:
        shown = shown.mutate(crowd=ibis.literal(EVERYBODY))
    ours = (shown.brand == brand).fill_null(False)
    sums = shown.group_by("placement", "crowd", "day").agg(ours=ours.sum(), others=(~ours).sum()).execute()
    sums["crowd"], sums["day"] = sums.crowd.fillna(EVERYBODY), pd.to_datetime(sums.day).dt.date
    return sums[columns].sort_values(columns[:3], ignore_index=True)


def auctions(warehouse: Warehouse, brand: str, days: int = 28) -> pd.DataFrame:
    """channel, price_minor (of a thousand impressions), daily (impressions of all brands) of what is bought in auctions.

    Of the brand's own price in the last `days` days; daily is what the channel carried then, for all brands.
    """
    columns = ["channel", "price_minor", "daily"]
    if not warehouse.has("spend"):
        return pd.DataFrame(columns=columns)
    spend = warehouse.table("spend")
    late = spend.filter((spend.buying == "auction") & (spend.day > warehouse.last_day - timedelta(days=days)))
    mine = (
        late.filter(late.brand == brand)
        .group_by("channel")
        .agg(price_minor=late.cost_minor.sum() * 1000.0 / late.impressions.sum(), impressions=late.impressions.sum())
    )
    every = late.group_by("channel").agg(daily=late.impressions.sum() / days)
    frame = mine.filter(mine.impressions > 0).inner_join(every, "channel").execute()
    return frame[columns].sort_values("price_minor", ignore_index=True)


def _bought(warehouse: Warehouse, of: pd.DataFrame) -> pd.DataFrame:
    spend = warehouse.table("spend")
    if "placement" not in spend.columns:
        return pd.DataFrame()
    mine = spend.filter(spend.placement.isin(sorted(set(of.placement))))
    rows = _joined(mine, of)
    sums = rows.group_by("contract_id", "day").agg(units=rows.impressions.sum()).execute()
    return sums.assign(impressions=sums.units)


def _met(warehouse: Warehouse, of: pd.DataFrame) -> pd.DataFrame:
    events, people = warehouse.table("events"), warehouse.table("consumers")
    if "placement" not in events.columns:
        return pd.DataFrame()
    shown = events.filter(events.behaviour.isin(CONTACTS) & events.placement.isin(sorted(set(of.placement))))
    shown = shown.mutate(day=shown.occurred_at.date())
    rows = _joined(shown, of)
    rows = rows.select("contract_id", "brand", "consumer_id", "day", "wanted", "guarantee", "first_day")
    if (of.crowd != EVERYBODY).any():
        crowd = people.select("consumer_id", "strategic_crowd")
        rows = rows.left_join(crowd, "consumer_id")
        rows = rows.filter((rows.wanted == EVERYBODY) | (rows.wanted == rows.strategic_crowd))
    heads = rows.group_by("contract_id", "consumer_id", "brand", "guarantee", "first_day").agg(
        day=rows.day.min(), impressions=rows.count()
    )
    daily = rows.group_by("contract_id", "day").agg(impressions=rows.count()).execute()
    counted = heads.filter(heads.guarantee == "reach").select("contract_id", "day", "consumer_id")
    if of.guarantee.isin(HEADS[1:]).any():
        asked = heads.filter(heads.guarantee.isin(HEADS[1:]))
        counted = counted.union(_history(events, asked, sorted(set(of.brand.dropna()))))
    units = counted.group_by("contract_id", "day").agg(units=counted.count()).execute()
    out = daily.merge(units, on=["contract_id", "day"], how="left")
    plain = out.contract_id.map(of.set_index("contract_id").guarantee) == "impressions"
    out["units"] = out.units.fillna(0).where(~plain, out.impressions).astype("int64")
    return out


def _history(events: "ir.Table", asked: "ir.Table", brands: list[str]) -> "ir.Table":
    """Heads that are new to the brand, or buyers of before who had not bought for `LOST` days; by the guarantee."""
    who = asked.select("consumer_id").distinct()
    past = events.filter(events.brand.isin(brands)).semi_join(who, "consumer_id").select("consumer_id", "brand", "occurred_at",
                                                                                     "behaviour")  # fmt: skip
    both = asked.left_join(past, [asked.consumer_id == past.consumer_id, asked.brand == past.brand,
                                  past.occurred_at < asked.first_day.cast("timestamp")])  # fmt: skip
    each = both.group_by("contract_id", "consumer_id", "day", "guarantee", "first_day").agg(
        known=both.occurred_at.count(), last=both.occurred_at.max(where=both.behaviour == "buy")
    )
    lost = each["last"] < (each.first_day.cast("timestamp") - ibis.interval(days=LOST))
    fits = ((each.guarantee == "new consumers") & (each.known == 0)) | (
        (each.guarantee == "recalls") & lost.fill_null(False)
    )
    return each.filter(fits).select("contract_id", "day", "consumer_id")


def _joined(rows: "ir.Table", of: pd.DataFrame) -> "ir.Table":
    """Facts beside the contract that they are about: its slot and days; its campaign and brand where it names them."""
    frame = of[["contract_id", "placement", "crowd", "guarantee", "first_day", "last_day"]].rename(
        columns={"placement": "slot", "crowd": "wanted"}
    )
    frame = frame.assign(of_brand=of.brand.fillna("").astype(str), of_campaign=of.campaign_id.fillna("").astype(str))
    schema = dict.fromkeys(frame.columns, "string") | {"first_day": "date", "last_day": "date"}
    terms = ibis.memtable(frame, schema=schema)
    both = rows.join(terms, rows.placement == terms.slot)
    mine = (both.day >= both.first_day) & (both.day <= both.last_day)
    mine &= (both.of_campaign == "") | (both.campaign_id == both.of_campaign).fill_null(False)
    return both.filter(mine & ((both.of_brand == "") | (both.brand == both.of_brand).fill_null(False)))
