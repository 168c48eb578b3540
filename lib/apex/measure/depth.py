"""How deep the relations of many brands are on one day, so that a brand can be held against its peers."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from apex.ledger import Book


def deep_shares(book: Book, brands: Sequence[str], day: date, deep: str) -> pd.Series:
    """Of each brand's consumers at any stage at the end of `day`, the share at the stage `deep` or a deeper one.

    Indexed by brand, in the order given; null for a brand that nobody had a relation with. Moves in less moves out, one pass.
    """
    rows = book.rows
    rows = rows.filter(rows.brand.isin(list(brands)) & (rows.day <= day))
    least = book.rules.ids.index(deep) + 1

    def net(floor: int):  # type: ignore[no-untyped-def]
        """Consumers at stage number `floor` or deeper: moves over that line up, less moves over it down."""
        return ((rows.to_stage >= floor).cast("int64") - (rows.from_stage >= floor).cast("int64")).sum()

    frame = rows.group_by("brand").agg(at=net(1), deeper=net(least)).execute().set_index("brand").reindex(list(brands))
    return (frame.deeper / frame["at"].where(frame["at"] > 0)).astype(float)
