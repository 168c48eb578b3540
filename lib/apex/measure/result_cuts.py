"""Results of a window by crowd, by creative and by business: who they were on the eve, whom media met, where they bought."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from apex.measure.assets import NONE
from apex.measure.businesses import lines
from apex.measure.crowd_rules import OPPORTUNITY
from apex.measure.people import CELL, Division
from apex.measure.same_days import YEAR
from apex.measure.trade import purchases
from apex.measure.windows import Window
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

PEOPLE = ["consumers", "buyers", "idle", "buyers_before"]
OUTSIDE = "none"  # in place of a crowd: whoever stood at no stage on the eve
CONTACTS = ["expose", "watch"]


def by_crowd(
    warehouse: Warehouse, each: "ir.Table", divided: Division, brand: str, windows: Mapping[str, Window]
) -> pd.DataFrame:
    """What each crowd bought in `windows["window"]`. each: of `measure.people.each` on the eve, so that nobody's crowd follows
    from what the window brought.

    Returns cell (of those at a stage on the eve; last OUTSIDE, all others together), consumers, buyers (of them), idle (the
    rest), gmv_minor, buyers_before and before_minor (the same people in the window `before`; 0 where that is not there):
    ints, every cell in order, zeros included; over cells gmv_minor is the brand's.
    """
    sides = {}
    for side in ("window", "before"):
        days = windows.get(side, (windows["window"][0], windows["window"][0] - timedelta(days=1)))
        bought = purchases(warehouse, brand, *days)
        sides[side] = bought.group_by("consumer_id").agg(paid=bought.value_minor.sum())
    held = ~each.stage.isin([NONE, OPPORTUNITY])
    people = each.select("consumer_id", cell=held.ifelse(each[CELL], OUTSIDE))
    met = people.left_join(sides["window"], "consumer_id").drop("consumer_id_right")
    was = sides["before"].rename(was="paid")
    met = met.left_join(was, "consumer_id").drop("consumer_id_right")
    came = met.paid.notnull()
    found = met.group_by(CELL).agg(
        consumers=met.count(),
        buyers=came.sum(),
        idle=(~came).sum(),
        gmv_minor=met.paid.sum().fill_null(0),
        buyers_before=met.was.notnull().sum(),
        before_minor=met.was.sum().fill_null(0),
    )
    order = [*divided.cells, OUTSIDE]
    frame = found.execute().set_index(CELL).reindex(order, fill_value=0).astype("int64").reset_index()
    return frame.assign(cell=pd.Categorical(frame.cell, order, ordered=True))


def by_creative(warehouse: Warehouse, brand: str, campaign: str | None) -> pd.DataFrame:
    """Whom the campaign's creatives of a brand met: creative_id, message, format ("" where not known), people (met), clicked
    (of them), silent (the rest), contacts, clicks (ints), cost_minor (Int64; null without media cost); most contacts first.
    """
    columns = ["creative_id", "message", "format", "people", "clicked", "silent", "contacts", "clicks", "cost_minor"]
    events = warehouse.table("events")
    met = events.filter(
        (events.brand == brand) & (events.campaign_id == (campaign or "")) & events.creative_id.notnull()
        & events.behaviour.isin([*CONTACTS, "click"])
    )  # fmt: skip
    click = met.behaviour == "click"
    found = met.group_by("creative_id").agg(
        people=met.consumer_id.nunique(), clicked=met.consumer_id.nunique(where=click),
        contacts=(~click).sum(), clicks=click.sum(),
    )  # fmt: skip
    frame = found.execute().astype(dict.fromkeys(["people", "clicked", "contacts", "clicks"], "int64"))
    frame["silent"] = frame.people - frame.clicked
    frame["cost_minor"] = frame.creative_id.map(_spent(warehouse, brand, campaign)).astype("Int64")
    known = pd.DataFrame(columns=["creative_id", "message", "format"])
    if warehouse.has("creatives"):
        made = warehouse.table("creatives")
        known = made.filter(made.brand == brand).select(*known.columns).execute()
    frame = frame.merge(known.astype(object), on="creative_id", how="left")
    frame[["message", "format"]] = frame[["message", "format"]].astype(object).fillna("").astype(str)
    return frame.sort_values(["contacts", "creative_id"], ascending=[False, True], ignore_index=True)[columns]


def by_business(warehouse: Warehouse, brand: str, windows: Mapping[str, Window]) -> pd.DataFrame:
    """What was bought where in the window: business, segment (new: had not bought the brand within a year before it; old),
    buyers, gmv_minor, buyers_before, before_minor (in the window `before`): ints, both segments of every business, the most money
    first. A buyer in two businesses counts in both.
    """
    first, last = windows["window"]
    early = windows.get("before", windows["window"])[0]
    sold = lines(warehouse, brand, min(early, first - timedelta(days=YEAR)), last)
    now = sold.occurred_at >= first
    was = ~now & (sold.occurred_at >= early)
    each = sold.group_by("consumer_id", "business").agg(
        paid=sold.value_minor.sum(where=now),
        was=sold.value_minor.sum(where=was),
        known=(~now & (sold.occurred_at >= first - timedelta(days=YEAR))).any(),
    )
    each = each.mutate(known=each.known.any().over(ibis.window(group_by="consumer_id")))
    came = each.paid.notnull()
    found = each.group_by("business", segment=each.known.ifelse("old", "new")).agg(
        buyers=came.sum(),
        gmv_minor=each.paid.sum().fill_null(0),
        buyers_before=each.was.notnull().sum(),
        before_minor=each.was.sum().fill_null(0),
    )
    frame = found.execute().set_index(["business", "segment"])
    grid = pd.MultiIndex.from_product([frame.index.levels[0], ["new", "old"]], names=["business", "segment"])
    frame = frame.reindex(grid, fill_value=0).astype("int64").reset_index()
    sums = frame.groupby("business")[["buyers", "buyers_before", "gmv_minor"]].transform("sum")
    frame = frame.assign(whole=sums.gmv_minor)[(sums.buyers > 0) | (sums.buyers_before > 0)]
    frame = frame.sort_values(["whole", "business", "segment"], ascending=[False, True, True], ignore_index=True)
    return frame.drop(columns="whole")


def _spent(warehouse: Warehouse, brand: str, campaign: str | None) -> dict[str, int]:
    """Money by creative of the campaign's own media."""
    if not warehouse.has("spend"):
        return {}
    spend = warehouse.table("spend")
    mine = spend.filter((spend.brand == brand) & (spend.campaign_id == (campaign or "")) & spend.creative_id.notnull())
    sums = mine.group_by("creative_id").agg(cost=mine.cost_minor.sum()).execute()
    return dict(zip(sums.creative_id, sums.cost.astype("int64"), strict=True))
