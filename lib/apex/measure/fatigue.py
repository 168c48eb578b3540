"""Whom media met too often lately: days with a contact, by channel, in the last days before the eve."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.moves import contacts


def met(book: Book, brand: str, day: date, days: int) -> pd.Series:
    """How many contacts (a channel on a day counts once) each consumer had in the `days` days that end on `day`.

    Index consumer_id, int64; whoever was not met is absent. The consumer's own way to the brand is no contact.
    """
    asked = ibis.memtable(pd.DataFrame({"day": [day - timedelta(days=i) for i in range(days)]}), schema={"day": "date"})
    touch = contacts(book, brand, asked)
    found = touch.group_by("consumer_id").agg(n=touch.count()).execute()
    return found.set_index("consumer_id").n.astype("int64").sort_index()


def rested(consumer_id: pd.Series, met: pd.Series, most: int) -> pd.Series:
    """Who has to be left alone: met more than `most` times; 0 is no limit. Bool, in the order of consumer_id."""
    often = consumer_id.map(met).fillna(0).astype("int64") > most
    return often if most > 0 else often & False


def counted(crowd: pd.Series, tired: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    """crowd, reached (would be addressed by the rules alone), tired (of them, met too often): people, in the order of names."""
    by = pd.DataFrame({"crowd": crowd, "tired": tired}).dropna(subset="crowd")
    by = by.groupby("crowd").tired.agg(["size", "sum"]).reindex(list(names), fill_value=0)
    frame = pd.DataFrame({"crowd": list(names), "reached": by["size"].to_numpy(), "tired": by["sum"].to_numpy()})
    frame["crowd"] = pd.Categorical(frame.crowd, list(names), ordered=True)
    return frame.astype({"reached": "int64", "tired": "int64"})
