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

from apex.errors import ApexError
from apex.ledger import Book
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


def in_order(book: Book, frame: pd.DataFrame, whole: Sequence[str] = ()) -> pd.DataFrame:
    """The frame with its column `stage` as cells in order; the columns `whole` hold people, rounded up to whole ones."""
    people = {c: np.ceil(frame[c].round(6)).astype("Int64") for c in whole if c in frame.select_dtypes("float")}
    return frame.assign(stage=frame.stage.astype(str).astype(cell_type(book)), **people)


def stocks(book: Book, brands: Sequence[str], days: Sequence[date]) -> pd.DataFrame:
    """Consumers of each brand in each cell at the end of each day.

    Returns brand, day, cell, consumers (int): every combination, zeros included; the cells of a brand's day add to the
    number of consumers. Raises ApexError for a day outside what may be seen.
    """
    check_days(book, days)
    spans, on = _spans(book, brands), _days(days)
    at_stage = spans.join(on, _holds(spans, on)).select("brand", "day", "consumer_id", "cell")
    main = _main(book, brands, days)
    reached = _reached(book, main, days)
    every = reached.group_by("category", "day").agg(consumers=reached.count()).join(main, ["category", "day"])
    both = at_stage.join(main, ["brand", "day"]).semi_join(reached, ["category", "day", "consumer_id"])
    free = every.left_join(both.group_by("brand", "day").agg(staged=both.count()), ["brand", "day"])
    free = free.select(
        "brand", "day", cell=ibis.literal(OPPORTUNITY), consumers=free.consumers - free.staged.fill_null(0)
    )
    counted = at_stage.group_by("brand", "day", "cell").agg(consumers=at_stage.count())
    return _completed(book, brands, days, counted.union(free).execute())


def results(book: Book, brands: Sequence[str], windows: Sequence[Window]) -> pd.DataFrame:
    """What the consumers of each cell on a window's eve did in the window.

    Returns brand, first_day, last_day, cell, consumers (on the eve), buyers (of them, in the window), gmv_minor (paid by
    them in the window): ints, every combination, zeros included. Over the cells gmv_minor adds to the brand's GMV. Raises
    ApexError for a window that is empty, has no eve in the data, or ends after what may be seen.
    """
    eves = [first - timedelta(days=1) for first, _ in windows]
    stood = stocks(book, brands, eves)  # which also refuses days that are none
    return results_of(book, brands, windows, stood)


def results_of(book: Book, brands: Sequence[str], windows: Sequence[Window], stood: pd.DataFrame) -> pd.DataFrame:
    """`results` where the stocks of the windows' eves (see `stocks`; further days do no harm) are known already."""
    for first, last in windows:
        if last < first:
            raise ApexError(f"results: a window from {first} to {last} has no day.")
    check_days(book, [last for _, last in windows])
    frame = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"])
    frame["day"] = [first - timedelta(days=1) for first in frame.first_day]
    asked = ibis.memtable(frame, schema={"first_day": "date", "last_day": "date", "day": "date"})
    events = book.warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & events.brand.isin(list(brands)))
    bought = bought.select("brand", "consumer_id", "value_minor", bought_on=bought.occurred_at.date())
    in_window = bought.join(asked, [bought.bought_on >= asked.first_day, bought.bought_on <= asked.last_day])
    keys = ["brand", "first_day", "last_day", "day"]
    baskets = in_window.group_by(*keys, "consumer_id").agg(gmv=in_window.value_minor.sum())
    spans = _spans(book, brands)
    placed = baskets.left_join(spans, ["brand", "consumer_id", *_holds(spans, baskets)])
    placed = placed.select(*keys, "consumer_id", "gmv", at_stage=placed.cell)
    main = _main(book, brands, list(frame.day))
    placed = placed.left_join(main, ["brand", "day"]).drop("brand_right", "day_right")
    reached = _reached(book, main, list(frame.day)).mutate(reached=ibis.literal(OPPORTUNITY))
    placed = placed.left_join(reached, ["category", "day", "consumer_id"])
    placed = placed.select(*keys, "gmv", cell=ibis.coalesce(placed.at_stage, placed.reached, ibis.literal(NONE)))
    counted = placed.group_by(*keys, "cell").agg(buyers=placed.count(), gmv_minor=placed.gmv.sum()).execute()
    for column in keys[1:]:
        counted[column] = pd.to_datetime(counted[column]).dt.date
    counted["cell"] = counted.cell.astype(stood.cell.dtype)
    full = frame.merge(stood[stood.day.isin(frame.day)], on="day").merge(counted, on=[*keys, "cell"], how="left")
    full[["buyers", "gmv_minor"]] = full[["buyers", "gmv_minor"]].fillna(0).astype("int64")
    full = full[["brand", "first_day", "last_day", "cell", "consumers", "buyers", "gmv_minor"]]
    return full.sort_values(["brand", "first_day", "last_day", "cell"], ignore_index=True)


def build_up(book: Book, brands: Sequence[str], eve: date, distance: int) -> pd.DataFrame:
    """How much of its eve's stock each brand held `distance` days before: brand, cell, then, eve, share (null: 0 on the eve)."""
    return build_ups(book, brands, eve, [distance])[distance]


def build_ups(book: Book, brands: Sequence[str], eve: date, distances: Sequence[int]) -> dict[int, pd.DataFrame]:
    """`build_up` at several distances, in one question to the engine."""
    if not distances:
        return {}
    counted = stocks(book, brands, [eve, *(eve - timedelta(days=n) for n in distances)])
    found, last = {}, counted[counted.day == eve].consumers.to_numpy()
    for n in distances:
        frame = (
            counted[counted.day == eve - timedelta(days=n)].drop(columns="day").rename(columns={"consumers": "then"})
        )
        frame = frame.assign(eve=last)
        found[n] = frame.assign(share=frame.then / frame.eve.where(frame.eve > 0)).reset_index(drop=True)
    return found


def _completed(book: Book, brands: Sequence[str], days: Sequence[date], counted: pd.DataFrame) -> pd.DataFrame:
    """Counts by brand, day and cell with zeros for what was not found, and everyone else in `none`."""
    cells = cell_type(book)
    counted["day"] = pd.to_datetime(counted.day).dt.date
    keys = [list(dict.fromkeys(brands)), sorted(set(days)), list(cells.categories)]
    grid = pd.MultiIndex.from_product(keys, names=["brand", "day", "cell"])
    full = counted.set_index(["brand", "day", "cell"]).consumers.reindex(grid, fill_value=0).reset_index()
    everyone = int(book.warehouse.table("consumers").count().execute())
    placed = full.groupby(["brand", "day"]).consumers.transform("sum")
    full["consumers"] = full.consumers.where(full.cell != NONE, everyone - placed)
    full["cell"] = full.cell.astype(cells)
    return full.sort_values(["brand", "day", "cell"], ignore_index=True)


def check_days(book: Book, days: Sequence[date]) -> None:
    """ApexError for a day that is not between the eve of the data and the last day that may be seen, or for no day."""
    if not days:
        raise ApexError("windows: no day given.")
    eve, last = book.warehouse.first_day - timedelta(days=1), book.warehouse.last_day
    for day in days:
        if not eve <= day <= last:
            raise ApexError(f"windows: {day} lies outside what may be seen, {eve} to {last}.")


def _days(days: Sequence[date]) -> ir.Table:
    return ibis.memtable(pd.DataFrame({"day": sorted(set(days))}), schema={"day": "date"})


def _spans(book: Book, brands: Sequence[str]) -> ir.Table:
    """How long each consumer stood at each stage of these brands: brand, consumer_id, cell, since, until (not included)."""
    rows = book.rows.filter(book.rows.brand.isin(list(brands)))
    # A row holds from its day until the consumer's next row with that brand. One that never ends has a date all the same:
    # two plain comparisons are a join that the engine sorts for, "or it never ends" one that it tries pair by pair.
    after = rows.day.lead().over(group_by=[rows.brand, rows.consumer_id], order_by=rows.day)
    spans = rows.select("brand", "consumer_id", "to_stage", since=rows.day, until=after.fill_null(date.max))
    ids = spans.to_stage.cast("int64").cases(*enumerate(book.rules.ids, 1), else_=NONE)
    return spans.filter(spans.to_stage > 0).select("brand", "consumer_id", "since", "until", cell=ids)


def _holds(spans: ir.Table, on: ir.Table) -> list[ir.BooleanValue]:
    """The spans that a day lies in."""
    return [spans.since <= on.day, spans.until > on.day]


def _main(book: Book, brands: Sequence[str], days: Sequence[date]) -> ir.Table:
    """brand, day, category: each brand's main category as each day knows it."""
    main = main_categories(book.warehouse, days, brands)[["brand", "day", "category"]]
    return ibis.memtable(main, schema={"brand": "string", "day": "date", "category": "string"})


def _reached(book: Book, main: ir.Table, days: Sequence[date]) -> ir.Table:
    """category, day, consumer_id: who had any event in one of these main categories in the 30 days up to each day."""
    on, events = _days(days), book.warehouse.table("events")
    reach = (min(days) - timedelta(days=OPPORTUNITY_DAYS - 1), max(days) + timedelta(days=1))
    events = events.filter((events.occurred_at >= reach[0]) & (events.occurred_at < reach[1]))
    active = events.semi_join(main, "category")
    active = active.select("category", "consumer_id", active_on=active.occurred_at.date()).distinct()
    lately = [active.active_on <= on.day, active.active_on > on.day - ibis.interval(days=OPPORTUNITY_DAYS)]
    return active.join(on, lately).select("category", "day", "consumer_id").distinct()
