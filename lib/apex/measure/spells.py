"""Spells: how long consumers stayed at a stage before they rose or fell, counted.

A spell begins on the day a consumer comes to stand at a stage and ends on the first day at whose end it stands at another.
A stage entered before windows saw all their days may not be the true one, and its true beginning is not known: such spells
are left out. One that had begun already when the counted time began enters late, at the age it then had; one that still
lasts is cut at the last day.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import stage_type

UP, DOWN, LASTS = "up", "down", "lasts"


def spells(book: Book, brands: Sequence[str], since: date, groups: int = 1, longest: int | None = None) -> pd.DataFrame:
    """The brands' spells with time after `since`, counted by stage, age on `since`, length and how they ended.

    groups: consumers are put into so many groups by their hashed key, for intervals that know a consumer's spells hang
    together. longest: spells are cut at that many days, where nobody asks for longer ones (then few rows say it all).

    Returns brand, stage, group (0 … groups − 1), entry (days the spell had lasted at the end of `since`, 0 where it began
    later), stay (days from its beginning to its end, or to the last day that may be seen), exit (up, down, or lasts), spells,
    consumers (those whose first spell at this stage it is: over a brand's stage they add to its distinct consumers): only
    what occurs, in that order. The days at risk are entry + 1 … stay.
    """
    rows = book.rows.filter(book.rows.brand.isin(list(brands)))
    window = {"group_by": [rows.brand, rows.consumer_id], "order_by": rows.day}
    told = rows.select(
        "brand", "consumer_id", "day", stage=rows.to_stage,
        until=rows.day.lead().over(**window), after=rows.to_stage.lead().over(**window),
    )  # fmt: skip
    last, never = book.warehouse.last_day, ibis.literal(False)
    known = [(told.stage == n) & (told.day >= trusted(book, n)) for n in range(1, len(book.rules.ids) + 1)]
    told = told.filter(ibis.or_(*known))
    stay = told.until.fill_null(ibis.date(last)).delta(told.day, unit="day")
    left = ibis.greatest(ibis.date(since).delta(told.day, unit="day"), 0)
    end = ibis.cases((told.after.isnull(), LASTS), (told.after > told.stage, UP), else_=DOWN)
    if longest is not None:
        end, stay = (stay > longest).fill_null(never).ifelse(LASTS, end), ibis.least(stay, longest)
    told = told.mutate(entry=left, stay=stay, exit=end, group=told.consumer_id % groups)
    told = told.filter(told.stay > told.entry)
    again = ibis.row_number().over(group_by=[told.brand, told.consumer_id, told.stage], order_by=told.day)
    told = told.mutate(first=(again == 0).cast("int64"))
    keys = ["brand", "stage", "group", "entry", "stay", "exit"]
    frame = told.group_by(*keys).agg(spells=told.count(), consumers=told["first"].sum()).execute()
    frame = frame.astype({"group": "int64", "entry": "int64", "stay": "int64", "spells": "int64", "consumers": "int64"})
    codes = frame["stage"].to_numpy(dtype="int64") - 1
    frame["stage"] = pd.Categorical.from_codes(codes, dtype=stage_type(book, none=False))
    return frame.sort_values(keys, ignore_index=True)


def trusted(book: Book, stage: int) -> date:
    """The first day on which a spell of this stage may begin: the day after the one from which the stage is trusted.

    On the trusted day itself whoever stands there may have come before; a change after it is a true one.
    """
    return book.trusted_from(stage) + timedelta(days=1)
