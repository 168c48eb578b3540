"""Windows: how many consumers stood in which cell on the eve, and what each cell bought in the window.

A consumer is in one cell of a brand on a day: at a stage of the rules, else `O` (opportunity: any event in the brand's
main category in the last 30 days), else `none`. The cells of a window add to the brand's GMV exactly. Many brands and
windows are one question to the engine, since a forecast needs all of a brand's past windows and its peers'.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
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


def stocks(book: Book, brands: Sequence[str], days: Sequence[date]) -> pd.DataFrame:
    """Consumers of each brand in each cell at the end of each day.

    Returns brand, day, cell, consumers (int): every combination, zeros included; the cells of a brand's day add to the
    number of consumers. Raises ApexError for a day outside what may be seen.
    """
    check_days(book, days)
    places = _places(book, brands, days)
    counted = places.group_by("brand", "day", "cell").agg(consumers=places.count()).execute()
    frame = pd.DataFrame({"day": sorted(set(days))})
    return _completed(book, brands, frame, counted)


def results(book: Book, brands: Sequence[str], windows: Sequence[Window]) -> pd.DataFrame:
    """What the consumers of each cell on a window's eve did in the window.

    Returns brand, first_day, last_day, cell, consumers (on the eve), buyers (of them, in the window), gmv_minor (paid by
    them in the window): ints, every combination, zeros included. Over the cells gmv_minor adds to the brand's GMV. Raises
    ApexError for a window that is empty, has no eve in the data, or ends after what may be seen.
    """
    for first, last in windows:
        if last < first:
            raise ApexError(f"results: a window from {first} to {last} has no day.")
    frame = pd.DataFrame(sorted(set(windows)), columns=["first_day", "last_day"])
    eves = [first - timedelta(days=1) for first in frame.first_day]
    check_days(book, [*eves, *frame.last_day])

    asked = ibis.memtable(frame.assign(day=eves), schema={"first_day": "date", "last_day": "date", "day": "date"})
    events = book.warehouse.table("events")
    bought = events.filter((events.behaviour == "buy") & events.brand.isin(list(brands)))
    bought = bought.select("brand", "consumer_id", "value_minor", bought_on=bought.occurred_at.date())
    in_window = bought.join(asked, [bought.bought_on >= asked.first_day, bought.bought_on <= asked.last_day])
    keys = ["brand", "first_day", "last_day", "consumer_id"]
    baskets = in_window.group_by(keys).agg(gmv=in_window.value_minor.sum())
    stood = _places(book, brands, eves).join(asked, "day").select(*keys, "cell", placed=1)
    both = stood.outer_join(baskets, keys, rname="bought_{name}")
    both = both.select(
        *(ibis.coalesce(both[k], both[f"bought_{k}"]).name(k) for k in keys[:3]),
        "placed", "gmv", cell=both.cell.fill_null(NONE),
    )  # fmt: skip
    counted = both.group_by(*keys[:3], "cell").agg(
        consumers=both.placed.sum().fill_null(0), buyers=both.gmv.count(), gmv_minor=both.gmv.sum().fill_null(0)
    )
    return _completed(book, brands, frame, counted.execute())


def build_up(book: Book, brands: Sequence[str], eve: date, distance: int) -> pd.DataFrame:
    """How much of its eve's stock each brand held `distance` days before: brand, cell, then, eve, share (null: 0 on the eve)."""
    day = eve - timedelta(days=distance)
    counted = stocks(book, brands, [day, eve])
    frame = counted[counted.day == day].drop(columns="day").rename(columns={"consumers": "then"})
    frame = frame.assign(eve=counted[counted.day == eve].consumers.to_numpy())
    return frame.assign(share=frame.then / frame.eve.where(frame.eve > 0)).reset_index(drop=True)


def _completed(book: Book, brands: Sequence[str], when: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Counts by brand, days and cell with zeros for what was not found, and everyone else in `none`."""
    days, cells = list(when.columns), cell_type(book)
    for column in days:
        counted[column] = pd.to_datetime(counted[column]).dt.date
    grid = pd.DataFrame({"brand": list(dict.fromkeys(brands))}).merge(when, how="cross")
    grid = grid.merge(pd.DataFrame({"cell": list(cells.categories)}), how="cross")
    full = grid.merge(counted, on=["brand", *days, "cell"], how="left")
    counts = list(counted.columns.drop(["brand", *days, "cell"]))
    full[counts] = full[counts].fillna(0).astype("int64")
    everyone = int(book.warehouse.table("consumers").count().execute())
    placed = full.consumers.where(full.cell != NONE, 0).groupby([full.brand, *(full[d] for d in days)]).transform("sum")
    full["consumers"] = full.consumers.where(full.cell != NONE, everyone - placed)
    full["cell"] = full.cell.astype(cells)
    return full.sort_values(["brand", *days, "cell"], ignore_index=True)


def check_days(book: Book, days: Sequence[date]) -> None:
    """ApexError for a day that is not between the eve of the data and the last day that may be seen, or for no day."""
    if not days:
        raise ApexError("windows: no day given.")
    eve, last = book.warehouse.first_day - timedelta(days=1), book.warehouse.last_day
    for day in days:
        if not eve <= day <= last:
            raise ApexError(f"windows: {day} lies outside what may be seen, {eve} to {last}.")


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
