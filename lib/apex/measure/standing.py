"""Where a brand's assets stand beside its peers': figures without scale, since brands differ in size and not in kind.

One pass of the engine counts how the consumers of all these brands moved between days; every figure is a quotient of sums
over those counts, so that the same function serves a peer's full counts and what may be shown of the brand's own.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import NONE, stage_type
from apex.measure.peers import Peers, benchmark, quartiles, sales_by_brand
from apex.measure.windows import OPPORTUNITY, stocks
from apex.warehouse import Warehouse

LEAST = 30  # consumers under a quotient: below that it says nothing
CHANGES = ("growth", "opportunity", "gmv")  # differences of two stocks that are shown themselves


def flows(book: Book, brands: Sequence[str], days: Sequence[date]) -> pd.DataFrame:
    """Where the consumers of each brand at each stage on one day are on the next, for each pair of neighbours among `days`.

    Returns brand, start_day, end_day, from_stage, to_stage, consumers: `apex.measure.assets.flow` of many brands and pairs
    in one pass; every pair of stages, zeros included, without none → none.
    """
    asked, brands = sorted(set(days)), list(dict.fromkeys(brands))
    rows = book.rows.filter(book.rows.brand.isin(brands) & (book.rows.day <= asked[-1]))
    at = {f"s{n}": rows.to_stage.argmax(rows.day, where=rows.day <= day).fill_null(0) for n, day in enumerate(asked)}
    states = rows.group_by("brand", "consumer_id").agg(**at)
    counted = states.group_by("brand", *at).agg(consumers=states.count()).execute()
    numbers = range(len(book.rules.ids) + 1)
    names = ["brand", "from_stage", "to_stage"]
    grid = pd.MultiIndex.from_product([brands, numbers, numbers], names=names)
    parts = []
    for number, (start, end) in enumerate(pairwise(asked)):
        pair = counted.rename(columns={f"s{number}": "from_stage", f"s{number + 1}": "to_stage"})
        frame = pair.groupby(names).consumers.sum().reindex(grid, fill_value=0).astype("int64").reset_index()
        frame = frame[(frame.from_stage > 0) | (frame.to_stage > 0)]
        parts.append(frame.assign(start_day=start, end_day=end))
    both = pd.concat(parts, ignore_index=True)
    for side in ("from_stage", "to_stage"):
        both[side] = pd.Categorical.from_codes(both[side].to_numpy(), dtype=stage_type(book))
    before, after = both.from_stage, both.to_stage
    ways = [before == NONE, after == NONE, after > before, after < before]
    both["way"] = np.select(ways, ["came", "left", "rose", "fell"], "stayed")
    return both[["brand", "start_day", "end_day", "from_stage", "to_stage", "way", "consumers"]]


def figures(
    flow: pd.DataFrame,
    opportunity: pd.DataFrame | None = None,
    falls: pd.DataFrame | None = None,
    sold: pd.DataFrame | None = None,
    least: int = 1,
) -> pd.DataFrame:
    """The figures of each brand's flow between two days: quotients that do not depend on a brand's size.

    flow: a part of the frame of `flows`, one row a brand and pair of stages. opportunity: brand, before, now: consumers of the
    category without a stage on the two days. falls: the frame of `apex.measure.assets.running_out`, or what may be shown of
    it. sold: the frame of `sold`. least: a quotient of fewer people (and more than none) is not given. Where the
    flow is shown beside it, its cells are to be kept with `way` among the totals: the quotients give away each way's sum.

    Returns brand, figure, value, base (the consumers under the quotient, Int64); value is null where base is below 30 or not
    known. The figures:

    growth: assets at the end / at the start − 1. came: none → a stage / assets at the start. rise: risen / those who could
    rise (not at the deepest stage). lapse: fallen or left / assets at the start. stage:X: share of X in the assets at the
    end. reached: assets at the end / (assets + opportunity): the share of the category's people with a relation.
    opportunity: its change / what it was at the start. falls: who falls in the days to come if nothing new happens / assets
    at the end. gmv: its change / GMV of the period before (base: that period's buyers).
    """
    deepest = flow.from_stage.cat.categories[-1]
    before, after = flow.from_stage, flow.to_stage
    held, holds = before != NONE, after != NONE
    sums = {
        name: flow.consumers.astype("Float64").where(which, 0.0).groupby(flow.brand).sum()
        for name, which in {
            "start": held, "end": holds, "could_rise": held & (before < deepest), "rose": held & (after > before),
            "fell": held & (after < before), "came": ~held & holds,
            **{f"stage:{s}": after == s for s in flow.from_stage.cat.categories[1:]},
        }.items()
    }  # fmt: skip
    start, end = sums["start"], sums["end"]
    parts = {
        "growth": (end - start, start), "rise": (sums["rose"], sums["could_rise"]), "lapse": (sums["fell"], start),
        "came": (sums["came"], start),
    }  # fmt: skip
    if opportunity is not None:
        free = opportunity.set_index("brand")[["before", "now"]].astype("Float64").reindex(end.index)
        parts |= {"reached": (end, end + free.now), "opportunity": (free.now - free.before, free.before)}
    if falls is not None:
        known = falls.assign(consumers=falls.consumers.astype("Float64")).groupby("brand").consumers
        parts["falls"] = (known.agg(lambda c: c.sum(skipna=False)).reindex(end.index, fill_value=0), end)
    people = {name: base for name, (_, base) in parts.items()}
    if sold is not None:
        money = sold.set_index("brand").astype("Float64").reindex(end.index)
        few = ((money.buyers_now > 0) & (money.buyers_now < least)) | (money.buyers_before < least)
        parts["gmv"] = (money.now - money.before, money.before.mask(few.fillna(True)))
        people["gmv"] = money.buyers_before
    parts |= {name: (held, end) for name, held in sums.items() if name.startswith("stage:")}
    frames = []
    for name, (part, under) in parts.items():
        base = people.get(name, under)
        value = (part / under.where(under > 0)).where(base >= LEAST)
        value = value.mask((part > 0) & (part < least)) if name not in CHANGES else value
        frames.append(pd.DataFrame({"brand": base.index, "figure": name, "value": value.array, "base": base.array}))
    return pd.concat(frames, ignore_index=True).astype({"value": "Float64", "base": "Int64"})


def opportunity(book: Book, brands: Sequence[str], before: date, now: date) -> pd.DataFrame:
    """The opportunity (O) of each brand on two days, as `apex.measure.windows.stocks` counts it.

    Returns brand, before, now (Int64): before is null where that day lies before the data.
    """
    days = [day for day in (before, now) if day >= book.warehouse.first_day]
    stood = stocks(book, brands, days)
    free = stood[stood.cell == OPPORTUNITY].pivot(index="brand", columns="day", values="consumers").astype("Int64")
    free = free.reindex(index=list(dict.fromkeys(brands)), columns=[before, now])
    return pd.DataFrame({"before": free[before], "now": free[now]}).rename_axis("brand").reset_index()


def sold(warehouse: Warehouse, brands: Sequence[str], start: date, now: date) -> pd.DataFrame:
    """What each brand sold in the period (start, now] and in the one as long before.

    Returns brand, before, now (minor units), buyers_before, buyers_now (Int64): those of before are null where that period
    began before the data.
    """
    day, length = timedelta(days=1), now - start
    these = sales_by_brand(warehouse, start + day, now).set_index("brand")
    frame = these.reindex(list(dict.fromkeys(brands)), fill_value=0).set_axis(["now", "buyers_now"], axis=1)
    if start - length + day < warehouse.first_day:
        frame = frame.assign(before=pd.NA, buyers_before=pd.NA)
    else:
        those = (
            sales_by_brand(warehouse, start - length + day, start).set_index("brand").reindex(frame.index, fill_value=0)
        )
        frame = frame.assign(before=those.gmv_minor, buyers_before=those.buyers)
    columns = ["before", "now", "buyers_before", "buyers_now"]
    return frame[columns].astype("Int64").rename_axis("brand").reset_index()


def beside(own: pd.DataFrame, earlier: pd.DataFrame | None, others: pd.DataFrame, peers: Peers) -> pd.DataFrame:
    """A brand's figures beside its own of the period before and its peers'.

    own, earlier, others: frames of `figures`, earlier None where the period before does not compare. Returns figure, value,
    before, low, middle, high (the peers' quartiles), benchmark (mean of the best five by GMV), rank (share of the peers whose
    figure lies below the brand's, half of those equal), peers (how many have the figure). Nothing of peers is there where
    fewer than five have the figure.
    """
    was = {} if earlier is None else earlier.set_index("figure").value.to_dict()
    rows = []
    for figure, value in own.set_index("figure").value.items():
        theirs = others[others.figure == figure].set_index("brand").value.astype("Float64").dropna().astype(float)
        spread = quartiles(theirs) if peers.enough else None
        row = {"figure": figure, "value": value, "before": was.get(figure, pd.NA), "peers": len(theirs)}
        if spread is not None:
            row |= spread.to_dict() | {"benchmark": benchmark(theirs, peers)}
            if not pd.isna(value):
                row["rank"] = float(np.mean((theirs < value) + 0.5 * (theirs == value)))
        rows.append(row)
    columns = ["figure", "value", "before", "low", "middle", "high", "benchmark", "rank", "peers"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["figure"] = pd.Categorical(frame.figure, list(frame.figure), ordered=True)  # in this order, not by name
    return frame.astype(dict.fromkeys(columns[1:-1], "Float64") | {"peers": "int64"})


def middles(shares: pd.DataFrame, peers: Peers) -> pd.DataFrame:
    """The peers' middle of a share for each stage and day: stage, day, middle (null where fewer than five have it).

    shares: brand, stage, day, share, as `apex.model.survival.after` gives them.
    """
    rows = []
    for (stage, day), theirs in shares.groupby(["stage", "day"], observed=True).share:
        spread = quartiles(theirs.astype("Float64").dropna().astype(float)) if peers.enough else None
        rows.append((stage, day, pd.NA if spread is None else spread["middle"]))
    frame = pd.DataFrame(rows, columns=["stage", "day", "middle"])
    return frame.astype({"stage": shares.stage.dtype, "day": "int64", "middle": "Float64"})
