"""The category's consumers by their relation to the category, and how many of them hold as deep a relation with the brand."""

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from apex.ledger import Book
from apex.measure.assets import stage_type

if TYPE_CHECKING:
    import ibis.expr.types as ir


def relations(category_book: Book, book: Book, category: str, brand: str, day: date) -> pd.DataFrame:
    """Consumers at each stage toward the category at the end of `day`, and those of them as deep with the brand.

    category_book: the ledger of the same rules at level `category`, where searches and purchases of every brand count; book:
    that at level `brand`. Returns stage (ordered, shallow to deep), consumers, ours (at that stage or a deeper one with the
    brand, wherever they met it), rest: ints, every stage, zeros included; ours and rest add to consumers.
    """
    toward = _held(category_book.rows.filter(category_book.rows.entity == category), day)
    with_us = _held(book.rows.filter(book.rows.brand == brand), day)
    both = toward.left_join(with_us, "consumer_id")
    both = both.select(depth=both.stage, own=both.stage_right.fill_null(0)).filter(lambda t: t.depth > 0)
    found = both.group_by("depth").agg(consumers=both.count(), ours=(both.own >= both.depth).sum()).execute()
    numbers = range(1, len(book.rules.ids) + 1)
    counts = found.set_index("depth").reindex(numbers, fill_value=0).astype("int64").reset_index(drop=True)
    kind = stage_type(book, none=False)
    stages = pd.Series(book.rules.ids).astype(kind)
    return counts.assign(stage=stages, rest=counts.consumers - counts.ours)[["stage", "consumers", "ours", "rest"]]


def _held(rows: "ir.Table", day: date) -> "ir.Table":
    """consumer_id, stage: the stage's number of everybody with a row by the end of `day`."""
    rows = rows.filter(rows.day <= day)
    return rows.group_by("consumer_id").agg(stage=rows.to_stage.argmax(rows.day))
