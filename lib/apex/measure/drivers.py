"""Drivers: what a change of A (see `apex.measure.fast`) comes from, in parts that add up to it exactly.

By stage and by crowd a change is split into mix (how much each group weighs) and rate (what share of each rises); by channel
into who rose after which last touch, which is credit. Crowds are the values of a trait, because they do not overlap.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.ledger import Book
from apex.measure.assets import NONE, stage_type
from apex.measure.fast import Period
from apex.warehouse import Warehouse

TRAITS = ("strategic_crowd", "life_stage", "age_band", "city_tier", "income_band", "household", "region", "gender")
UNKNOWN = ""  # a consumer without the trait; a rise without a touch


def trait_of(warehouse: Warehouse) -> str | None:
    """The trait by which crowds are told apart: the first of TRAITS with two values or more; None where there is none."""
    consumers = warehouse.table("consumers")
    there = [t for t in TRAITS if t in consumers.columns]
    if not there:
        return None
    values = consumers.agg(**{t: consumers[t].nunique() for t in there}).execute().iloc[0]
    return next((t for t in there if values[t] > 1), None)


def rises(book: Book, brand: str, periods: Mapping[str, Period], trait: str | None = None) -> pd.DataFrame:
    """Who stood at a stage at each period's start, and whether they stood deeper at its end.

    Returns period, stage (at the start), crowd (the trait's value; UNKNOWN where it is not known or no trait is asked for),
    channel (of those who rose: the last touch before their last move up within the period; UNKNOWN: none was near enough),
    rose (bool), consumers (int). Summed over a period they are `start`, and where they rose `rose`, of `counts`.
    """
    rows = book.rows.filter((book.rows.brand == brand) & (book.rows.day <= max(end for _, end in periods.values())))
    up, channel, asked = rows.to_stage > rows.from_stage, rows.touch_channel.fill_null(UNKNOWN), {}
    for period, (start, end) in periods.items():
        inside = (rows.day > start) & (rows.day <= end)
        asked[f"before {period}"] = rows.to_stage.argmax(rows.day, where=rows.day <= start)
        asked[f"after {period}"] = rows.to_stage.argmax(rows.day, where=rows.day <= end)
        asked[f"channel {period}"] = channel.argmax(rows.day, where=inside & up)
    states = rows.group_by("consumer_id").agg(**asked)
    if trait is not None:
        people = book.warehouse.table("consumers")
        people = people.select("consumer_id", crowd=people[trait].cast("string"))
        states = states.left_join(people, "consumer_id").drop("consumer_id_right")
    keys = [*asked, *(["crowd"] if trait else [])]
    cells = states.group_by(keys).agg(consumers=states.count()).execute()
    cells["crowd"] = cells.crowd.fillna(UNKNOWN).astype(str) if trait else UNKNOWN
    found = []
    for period in periods:
        before, after = (cells[f"{side} {period}"].fillna(0).astype(int) for side in ("before", "after"))
        rose = after > before
        part = cells.assign(
            period=period, stage=before, rose=rose, channel=cells[f"channel {period}"].where(rose, UNKNOWN)
        )
        found.append(part.loc[before > 0, ["period", "stage", "crowd", "channel", "rose", "consumers"]])
    frame = pd.concat(found, ignore_index=True)
    frame["stage"] = pd.Categorical.from_codes(frame.stage, dtype=stage_type(book)).remove_categories([NONE])
    frame["period"] = pd.Categorical(frame.period, list(periods), ordered=True)
    keys = ["period", "stage", "crowd", "channel", "rose"]
    return frame.groupby(keys, observed=True).consumers.sum().reset_index()


def by_group(rises: pd.DataFrame, by: str, now: str = "now", before: str = "before") -> pd.DataFrame:
    """The frame of `rises` by `stage` or `crowd`, two periods beside each other.

    Returns the group, start_now, rose_now, stayed_now (did not rise), start_before, rose_before, stayed_before: ints.
    """
    sides = {}
    for side, period in (("now", now), ("before", before)):
        part = rises[rises.period == period]
        sides[f"start_{side}"] = part.groupby(by, observed=False).consumers.sum()
        sides[f"rose_{side}"] = part[part.rose].groupby(by, observed=False).consumers.sum()
        sides[f"stayed_{side}"] = part[~part.rose].groupby(by, observed=False).consumers.sum()
    frame = pd.DataFrame(sides).fillna(0).astype("int64")
    frame.index.name = by
    return frame.reset_index()


def by_channel(rises: pd.DataFrame, now: str = "now", before: str = "before") -> pd.DataFrame:
    """Those who rose, by the channel of the last touch before it: channel (UNKNOWN: none), now, before, most first."""
    rose = rises[rises.rose]
    sides = {
        s: rose[rose.period == p].groupby("channel").consumers.sum() for s, p in (("now", now), ("before", before))
    }
    frame = pd.DataFrame(sides).fillna(0).astype("int64")
    frame.index.name = "channel"
    return frame.reset_index().sort_values(
        ["now", "before", "channel"], ascending=[False, False, True], ignore_index=True
    )


def channel_parts(channels: pd.DataFrame, total_now: Any, total_before: Any) -> pd.DataFrame:
    """The frame of `by_channel`, or what may be shown of it, with part: what each adds to the change of A (Float64).

    The totals are A's denominators; parts add up to the change, and are null where a total is.
    """
    now, before = (
        channels[side].astype("Float64") / (pd.NA if pd.isna(total) or not total else total)
        for side, total in (("now", total_now), ("before", total_before))
    )
    return channels.assign(part=now - before)


def mix_and_rate(groups: pd.DataFrame, total_now: Any, total_before: Any) -> pd.DataFrame:
    """The change of a share, split into what groups weigh (mix) and what share of each rises (rate): parts add up exactly.

    groups: start_now, rose_now, start_before, rose_before (null where not shown: its parts are null). The share is the sum
    of weight × rate over groups; each part is taken at the mean of both periods (no order of steps is preferred). A group
    that is empty in one period has the other's rate, so that its coming or going is all mix. A total that is null (the period
    does not compare, or must not be shown) leaves nothing to split. Returns the frame with
    rate_now, rate_before (null where nobody was there), mix, rate (Float64).
    """
    sizes, shares = {}, {}
    for side, total in (("now", total_now), ("before", total_before)):
        start = groups[f"start_{side}"].astype("Float64")
        start = start if not pd.isna(total) else start * pd.NA
        sizes[side] = start / total if not pd.isna(total) and total else start * 0
        shares[side] = groups[f"rose_{side}"].astype("Float64") / start.where(start > 0)
    now, before = (shares[a].where(shares[a].notna() | sizes[a].isna(), shares[b]).fillna(0).where(sizes[a].notna())
                   for a, b in (("now", "before"), ("before", "now")))  # fmt: skip
    return groups.assign(
        rate_now=shares["now"], rate_before=shares["before"],
        mix=(sizes["now"] - sizes["before"]) * (now + before) / 2,
        rate=(now - before) * (sizes["now"] + sizes["before"]) / 2,
    )  # fmt: skip
