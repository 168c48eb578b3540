"""Assets by entity: each business, item or category of a ledger that is kept below (or across) brands, in one pass.

The functions are those of `apex.measure.assets` with a column `entity`. Entities do not add up to the brand: a consumer of
two businesses stands in both, and whoever touched the brand without naming one stands in none. `overlap` says how many.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from apex.errors import ApexError
from apex.ledger import Book
from apex.measure.assets import stage_type

if TYPE_CHECKING:
    import ibis.expr.types as ir


def stock_by_entity(book: Book, brand: str | None, days: Sequence[date]) -> pd.DataFrame:
    """Consumers at each stage of each entity at the end of each of these days.

    brand: None at level category. Returns entity, day, stage, consumers (int): zeros included, for every entity that someone
    had a relation with by the last of the days, in that order. ApexError for a book of level brand.
    """
    days = sorted(set(days))
    rows = _rows(book, brand, days[-1])
    into = rows.select("day", "entity", stage=rows.to_stage, change=1)
    out_of = rows.select("day", "entity", stage=rows.from_stage, change=-1)
    moves = into.union(out_of)
    upto = {str(day): moves.change.sum(where=moves.day <= day) for day in days}
    found = moves.filter(moves.stage > 0).group_by("entity", "stage").agg(**upto).execute()
    numbers = range(1, len(book.rules.ids) + 1)
    grid = pd.MultiIndex.from_product([sorted(found.entity.unique()), numbers], names=["entity", "stage"])
    wide = found.set_index(grid.names)[list(upto)].reindex(grid).fillna(0).astype("int64")
    wide.columns = pd.Index(days, name="day")
    tidy = wide.stack().rename("consumers").reset_index()
    tidy["stage"] = pd.Categorical.from_codes(tidy.stage - 1, dtype=stage_type(book, none=False))
    return tidy.sort_values(["entity", "day", "stage"], ignore_index=True)[["entity", "day", "stage", "consumers"]]


def flow_by_entity(book: Book, brand: str | None, start: date, end: date) -> pd.DataFrame:
    """Where the consumers at each stage of each entity on `start` are on `end`.

    Returns entity, from_stage, to_stage, consumers (int): the pairs of stages that occur, without none → none. ApexError for
    a book of level brand.
    """
    rows = _rows(book, brand, end)
    states = rows.group_by("entity", "consumer_id").agg(
        before=rows.to_stage.argmax(rows.day, where=rows.day <= start), after=rows.to_stage.argmax(rows.day)
    )
    states = states.mutate(before=states.before.fill_null(0))
    states = states.filter((states.before > 0) | (states.after > 0))
    counted = states.group_by("entity", "before", "after").agg(consumers=states.count()).execute()
    return _with_stages(book, counted, ["entity"], ["consumers"])


def moves_by_entity(book: Book, brand: str | None, start: date, end: date) -> pd.DataFrame:
    """Every change of stage after `start` and up to `end`, counted with the channel of its touch.

    Returns entity, from_stage, to_stage, channel (null: none near enough, and always for moves down), moves (int), consumers
    (distinct, int). ApexError for a book of level brand.
    """
    rows = _rows(book, brand, end)
    rows = rows.filter(rows.day > start)
    counted = (
        rows.group_by("entity", before=rows.from_stage, after=rows.to_stage, channel=rows.touch_channel)
        .agg(moves=rows.count(), consumers=rows.consumer_id.nunique())
        .execute()
    )
    return _with_stages(book, counted, ["entity"], ["channel", "moves", "consumers"])


def overlap(brand_book: Book, book: Book, brand: str, day: date) -> pd.DataFrame:
    """Why the entities' stocks do not add up to the brand's: consumers by the number of entities they stand at, any stage.

    brand_book: the brand's ledger under the same rules. Returns at_brand (bool: at a stage of the brand too), entities (int:
    0, 1, 2, …), consumers (int). The entities' stocks add up to the sum of entities × consumers; the brand's is the sum of
    consumers where at_brand. ApexError for books of other rules or levels than these.
    """
    if brand_book.level != "brand" or brand_book.rules.digest != book.rules.digest:
        raise ApexError(f'overlap: a ledger of brands under the rules "{book.rules.name}" is wanted beside this one.')
    held = _rows(book, brand, day)
    held = held.group_by("consumer_id", "entity").agg(stage=held.to_stage.argmax(held.day))
    held = held.filter(held.stage > 0).group_by("consumer_id").agg(entities=lambda t: t.count())
    whole = brand_book.rows
    whole = whole.filter((whole.brand == brand) & (whole.day <= day))
    whole = whole.group_by("consumer_id").agg(stage=whole.to_stage.argmax(whole.day))
    whole = whole.filter(whole.stage > 0).select(theirs="consumer_id")
    both = whole.outer_join(held, whole.theirs == held.consumer_id)
    both = both.select(at_brand=both.theirs.notnull(), entities=both.entities.fill_null(0))
    counted = both.group_by("at_brand", "entities").agg(consumers=both.count()).execute()
    return counted.sort_values(["at_brand", "entities"], ascending=[False, True], ignore_index=True)


def _rows(book: Book, brand: str | None, last: date) -> "ir.Table":
    """The book's rows of a brand (or of all categories) up to a day."""
    if book.level == "brand":
        raise ApexError(
            'A ledger of level "brand" has no entities; ask for one of "brand+business", "item" or "category".'
        )
    if (brand is None) != (book.level == "category"):
        raise ApexError(f'At level "{book.level}" {"no brand is" if brand else "a brand is"} asked for.')
    rows = book.rows
    rows = rows if brand is None else rows.filter(rows.brand == brand)
    return rows.filter(rows.day <= last)


def _with_stages(book: Book, counted: pd.DataFrame, keys: list[str], rest: list[str]) -> pd.DataFrame:
    """Stage numbers `before` and `after` as ordered categories from_stage and to_stage, sorted."""
    for number, stage in (("before", "from_stage"), ("after", "to_stage")):
        counted[stage] = pd.Categorical.from_codes(counted[number].astype(int), dtype=stage_type(book))
    frame = counted[[*keys, "from_stage", "to_stage", *rest]]
    order = [*keys, "from_stage", "to_stage", *(c for c in rest if c == "channel")]
    return frame.sort_values(order, ignore_index=True)
