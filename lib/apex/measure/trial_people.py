"""Consumers of one ended trial with two arms: what was known of them on its eve, and what they bought in its days."""

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure import trial as counting
from apex.measure.assets import NONE

FEW = 50  # consumers; a level of a trait with fewer stands with the rest


def people(
    book: Book, brand: str, experiment_id: str, first: date, last: date, traits: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The trial's consumers, and what was known of them.

    Returns a frame with a row a consumer: treated (bool), chance (of being treated), buyers (0 or 1), gmv_minor, stage (on the
    eve; NONE where none), and those of `traits` that the data know ("?" where missing); and one of numbers of the same rows: the
    year's GMV and purchase (logarithms of 1 + x), and 0 or 1 for each level of stage and traits with FEW consumers or more.
    Both are without consumer ids. Both empty where a consumer's chance is not known.
    """
    of = counting.trial(book.warehouse, experiment_id, brand, earlier=1, window=(first, last))
    chance = pd.to_numeric(of.consumers.propensity).astype(float)
    if of.control is None or not chance.between(0, 1, inclusive="neither").all():
        return pd.DataFrame(), pd.DataFrame()
    ids, inside = of.consumers.consumer_id, of.outcomes.period == 0
    known = [t for t in traits if t in of.traits]
    frame = of.consumers[known].astype("string").fillna("?").assign(
        treated=of.consumers.treated.to_numpy(bool), chance=chance.to_numpy(),
        buyers=of.outcomes.buyers[inside].to_numpy(float), gmv_minor=of.outcomes.gmv_minor[inside].to_numpy(float),
        stage=stages(book, brand, first - timedelta(days=1)).reindex(ids).fillna(NONE).to_numpy(),
    )  # fmt: skip
    year = _year(book, brand, first).reindex(ids).fillna(0)
    levels = pd.get_dummies(frame[["stage", *known]].astype(str), dtype=float)
    numbers = pd.concat([np.log1p(year).reset_index(drop=True), levels.loc[:, levels.sum() >= FEW]], axis=1)
    return frame, numbers


def stages(book: Book, brand: str, day: date) -> pd.Series:
    """The id of the stage at which each consumer stood at the end of a day, by consumer_id; who stood at none is not in it."""
    rows = book.rows.filter((book.rows.brand == brand) & (book.rows.day <= day))
    last = ibis.row_number().over(group_by=rows.consumer_id, order_by=rows.day.desc())
    now = rows.mutate(place=last).filter(lambda t: (t.place == 0) & (t.to_stage > 0)).select("consumer_id", "to_stage")
    frame = now.execute()
    names = dict(enumerate(book.rules.ids, 1))
    return frame.set_index("consumer_id").to_stage.astype(int).map(names)


def _year(book: Book, brand: str, first: date) -> pd.DataFrame:
    events = book.warehouse.table("events")
    buys = events.filter((events.brand == brand) & (events.behaviour == "buy") & (events.occurred_at < first))
    buys = buys.filter(buys.occurred_at >= first - timedelta(days=365))
    found = buys.group_by("consumer_id").agg(year_minor=buys.value_minor.sum(), purchases=buys.count())
    return found.execute().set_index("consumer_id").astype(float)
