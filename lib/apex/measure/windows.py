"""Windows: how many consumers stood in which cell on the eve, and what each cell bought in the window.

A consumer is in one cell of a brand on a day: at a stage of the rules, else `O` (opportunity: any event in the brand's
main category in the last 30 days), else `none`. The cells of a window add to the brand's GMV exactly. Many brands and
windows are one question to the engine, since a forecast needs all of a brand's past windows and its peers'.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow.compute as pc

from apex.errors import ApexError
from apex.ledger import Book
from apex.ledger.sweep import COLUMNS, positions_of
from apex.measure.assets import NONE
from apex.measure.peers import main_categories

OPPORTUNITY = "O"
OPPORTUNITY_DAYS = 30
Window = tuple[date, date]  # first and last day, both included


def cell_type(book: Book) -> pd.CategoricalDtype:
    """The cells as an ordered category: `none`, `O`, then the stages, shallow to deep."""
    if clash := {NONE, OPPORTUNITY} & set(book.rules.ids):
        raise ApexError(f'The rules "{book.rules.name}" name a stage {min(clash)!r}; that name is a cell of its own.')
    return pd.CategoricalDtype([NONE, OPPORTUNITY, *book.rules.ids], ordered=True)


def stocks(book: Book, brands: Sequence[str], days: Sequence[date]) -> pd.DataFrame:
    """Consumers of each brand in each cell at the end of each day.

    Returns brand, day, cell, consumers (int): every combination, zeros included; the cells of a brand's day add to the
    number of consumers. Raises ApexError for a day after the warehouse's cut or before its data.
    """
    _check_days(book, days)
    places = _places(book, brands, days)
    counted = places.group_by("brand", "day", "cell").agg(consumers=places.count()).execute()
    everyone = int(book.warehouse.table("consumers").count().execute())
    grid = pd.MultiIndex.from_product(
        [list(dict.fromkeys(brands)), sorted(set(days)), cell_type(book).categories], names=["brand", "day", "cell"]
    )
    counted["day"] = pd.to_datetime(counted.day).dt.date
    full = counted.set_index(["brand", "day", "cell"]).consumers.reindex(grid, fill_value=0).unstack("cell")
    full[NONE] = everyone - full.drop(columns=NONE).sum(axis=1)
    tidy = full.stack().rename("consumers").reset_index()
    return tidy.assign(cell=tidy.cell.astype(cell_type(book)), consumers=tidy.consumers.astype("int64"))


def results(book: Book, brands: Sequence[str], windows: Sequence[Window]) -> pd.DataFrame:
    """What the consumers of each cell on a window's eve did in the window.

    Returns brand, first_day, last_day, cell, consumers (on the eve), buyers (of them, in the window), gmv_minor (paid by
    them in the window): ints, every combination, zeros included. Over the cells gmv_minor adds to the brand's GMV. Raises
    ApexError for a window that is empty, has no eve in the data, or ends after what may be seen.
    """
    for first, last in windows:
        if last < first:
            raise ApexError(f"results: a window from {first} to {last} has no day.")
    _check_days(book, [last for _, last in windows])
    frame = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"])
    frame["day"] = [first - timedelta(days=1) for first in frame.first_day]
    eves = stocks(book, brands, sorted(set(frame.day)))

    asked = ibis.memtable(frame, schema={"first_day": "date", "last_day": "date", "day": "date"})
    bought = _bought(book, brands)
    per_consumer = (
        bought.join(asked, [bought.bought_on >= asked.first_day, bought.bought_on <= asked.last_day])
        .group_by("brand", "first_day", "last_day", "day", "consumer_id")
        .agg(gmv=lambda t: t.gmv.sum())
    )
    places = _places(book, brands, sorted(set(frame.day)))
    placed = per_consumer.left_join(places, ["brand", "day", "consumer_id"])
    placed = placed.select("brand", "first_day", "last_day", "gmv", cell=placed.cell.fill_null(NONE))
    summed = placed.group_by("brand", "first_day", "last_day", "cell").agg(
        buyers=placed.count(), gmv_minor=placed.gmv.sum()
    )
    counted = summed.execute()
    for column in ("first_day", "last_day"):
        counted[column] = pd.to_datetime(counted[column]).dt.date
    counted["cell"] = counted.cell.astype(cell_type(book))
    full = eves.merge(frame, on="day").drop(columns="day")
    keys = ["brand", "first_day", "last_day", "cell"]
    full = full.merge(counted, on=keys, how="left").fillna({"buyers": 0, "gmv_minor": 0})
    full = full.astype({"buyers": "int64", "gmv_minor": "int64"})[[*keys, "consumers", "buyers", "gmv_minor"]]
    return full.sort_values(keys, ignore_index=True)


def daily_sales(book: Book, brands: Sequence[str] | None = None) -> pd.DataFrame:
    """What each brand sold each day that may be seen: brand, category (its items'; null: unknown), day, gmv_minor."""
    events = book.warehouse.table("events")
    bought = events.filter(events.behaviour == "buy")
    if brands is not None:
        bought = bought.filter(bought.brand.isin(list(brands)))
    daily = bought.group_by("brand", "category", day=bought.occurred_at.date()).agg(gmv_minor=bought.value_minor.sum())
    frame = daily.execute().astype({"gmv_minor": "int64"})
    frame["day"] = pd.to_datetime(frame.day).dt.date
    return frame.sort_values(["brand", "category", "day"], ignore_index=True)


def untouched(book: Book, brands: Sequence[str], days: Sequence[date], ahead: int) -> pd.DataFrame:
    """Where the consumers at each stage on a day will be `ahead` days later if nothing new happens: the known lapses.

    Read from the open book of each day. Returns brand, day, cell (on the day), left (the cell after the known lapses;
    `none` for all who fall from every stage), consumers: only combinations with someone, without those at no stage.
    """
    _check_days(book, days)
    depth = len(book.rules.ids)
    names = np.array([NONE, *book.rules.ids])
    found = []
    for rows in book.warehouse.each_slice(COLUMNS, list(brands)):
        for day in sorted(set(days)):
            open_book = positions_of(rows, book.rules, day)
            until = pc.list_flatten(open_book["expires"]).to_numpy(zero_copy_only=False).reshape(-1, depth)
            still = np.isnat(until) | (until.astype("datetime64[D]") > np.datetime64(day + timedelta(days=ahead)))
            left = np.where(still.any(axis=1), depth - np.argmax(still[:, ::-1], axis=1), 0)
            part = pd.DataFrame(
                {
                    "brand": open_book["brand"].to_pandas().astype(str),
                    "day": day,
                    "cell": names[open_book["stage"].to_numpy()],
                    "left": names[left],
                }
            )
            found.append(part.groupby(["brand", "day", "cell", "left"], observed=True).size().rename("consumers"))
    whole = pd.concat(found).groupby(level=[0, 1, 2, 3]).sum().reset_index()
    return whole.astype({"cell": cell_type(book), "left": cell_type(book)})


def _check_days(book: Book, days: Sequence[date]) -> None:
    if not days:
        raise ApexError("windows: no day given.")
    eve, last = book.warehouse.first_day - timedelta(days=1), book.warehouse.last_day
    for day in days:
        if not eve <= day <= last:
            raise ApexError(f"windows: {day} lies outside what may be seen, {eve} to {last}.")


def _bought(book: Book, brands: Sequence[str]) -> ir.Table:
    """What each consumer paid to each brand on each day."""
    events = book.warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & events.brand.isin(list(brands)))
    keys = {"bought_on": bought.occurred_at.date()}
    return bought.group_by("brand", "consumer_id", **keys).agg(gmv=bought.value_minor.sum())


def _places(book: Book, brands: Sequence[str], days: Sequence[date]) -> ir.Table:
    """brand, day, consumer_id, cell for every consumer at a stage or in the opportunity on these days."""
    on = ibis.memtable(pd.DataFrame({"day": sorted(set(days))}), schema={"day": "date"})
    rows = book.rows.filter(book.rows.brand.isin(list(brands)))
    # a row holds from its day until the consumer's next row with that brand
    spans = rows.select(
        "brand", "consumer_id", since=rows.day, stage=rows.to_stage.cast("int64"),
        until=rows.day.lead().over(group_by=[rows.brand, rows.consumer_id], order_by=rows.day),
    )  # fmt: skip
    spans = spans.filter(spans.stage > 0)
    held = spans.join(on, [spans.since <= on.day, (spans.until > on.day) | spans.until.isnull()])
    ids = held.stage.cases(*enumerate(book.rules.ids, 1), else_=NONE)
    at_stage = held.select("brand", "day", "consumer_id", cell=ids)

    main = main_categories(book.warehouse, days, brands)[["brand", "day", "category"]]
    schema = {"brand": "string", "day": "date", "category": "string"}
    belongs = ibis.memtable(main, schema=schema)
    events = book.warehouse.table("events")
    active = events.filter(events.category.isin(sorted(set(main.category))))
    active = active.select("category", "consumer_id", active_on=active.occurred_at.date()).distinct()
    lately = [active.active_on <= on.day, active.active_on > on.day - ibis.interval(days=OPPORTUNITY_DAYS)]
    reached = active.join(on, lately).select("category", "day", "consumer_id").distinct()
    reached = reached.join(belongs, ["category", "day"]).select("brand", "day", "consumer_id")
    free = reached.anti_join(at_stage, ["brand", "day", "consumer_id"])
    return at_stage.union(free.mutate(cell=ibis.literal(OPPORTUNITY)))
