"""Which message was shown to whom, how old its creative was, and how often it was clicked: what tells how messages pull."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

WEEK = 7  # days that are counted together
BACK = 182  # days that are read: older creatives are gone
LATE = 28  # days by which a channel's targeting is told
YEAR = 365
COLUMNS = ["channel", "whom", "message", "creative", "age", "back", "contacts", "clicks"]


def clicked(warehouse: Warehouse, brand: str, last: date) -> pd.DataFrame:
    """COLUMNS: contacts and clicks (ints) of the brand's media of the BACK days up to `last`, by channel, targeting and creative.

    whom: as `spend.crowd` names it, "" where it is not known; age: days since the creative was first shown, back: days up to
    `last`, both the middle of a week. Media whose clicks or whose creative's message are not known are left out: empty where
    these are all.
    """
    if not warehouse.has("spend") or not warehouse.has("creatives"):
        return pd.DataFrame(columns=COLUMNS).astype(dict.fromkeys(COLUMNS[4:], "int64"))
    creatives, spend = warehouse.table("creatives"), warehouse.table("spend")
    said = creatives.filter((creatives.brand == brand) & (creatives.message.fill_null("") != ""))
    own = spend.filter((spend.brand == brand) & (spend.day <= last) & spend.creative_id.notnull())
    born = own.group_by("creative_id").agg(born=own.day.min())
    late = own.filter((own.day > last - timedelta(days=BACK)) & own.clicks.notnull())
    both = late.join(said.select("creative_id", "message"), "creative_id").join(born, "creative_id")
    keyed = both.mutate(
        whom=both.crowd.fill_null(""), creative=both.creative_id, age=_week(both.day.epoch_seconds() - both.born.epoch_seconds()),
        back=_week(_seconds(last) - both.day.epoch_seconds()),
    )  # fmt: skip
    sums = keyed.group_by(COLUMNS[:6]).agg(contacts=keyed.impressions.sum(), clicks=keyed.clicks.sum()).execute()
    frame = sums.astype(dict.fromkeys(COLUMNS[4:], "int64"))
    return frame[COLUMNS].sort_values(COLUMNS[:6], ignore_index=True)


def _week(seconds: "ir.IntegerValue") -> "ir.IntegerValue":
    """The middle of the week in which a number of days lies."""
    return (seconds / (86400 * WEEK)).floor().cast("int64") * WEEK + WEEK // 2


def _seconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86400
