"""Who is addressed: crowds with their hold-out, who could close a plan's gap, who is about to leave, and traits."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from apex.ledger import Book
from apex.measure import crowds
from apex.measure.trial import CONTROLS
from apex.warehouse import Warehouse


def sizes(tally: crowds.Tally, people: pd.DataFrame, rules: crowds.Crowds) -> pd.DataFrame:
    """crowd, consumers (all who are in it), holdout (those of them who are held out), in the order of the file.

    people: one row a consumer, with a boolean column per crowd and held_out.
    """
    sized = crowds.sizes(tally)
    held = [int((people[name] & people.held_out).sum()) for name in sized.crowd]
    return sized.assign(holdout=held, crowd=pd.Categorical(sized.crowd, rules.names, ordered=True))


def candidates(people: pd.DataFrame, needed: pd.DataFrame, cells: Sequence[str], threshold: int) -> pd.DataFrame:
    """For each planned stage its gap, and how many addressed consumers could close it: stage, gap, below (null: too few).

    people: stage, crowd (null: not addressed), held_out, leaving. Below are those of our audiences who stand one cell
    below the stage (`cells`, shallow to deep), or at it and are about to leave it.
    """
    mine = people[people.crowd.notna() & ~people.held_out]
    rows = []
    for row in needed[needed.gap.notna()].itertuples():
        at = list(cells).index(row.stage)
        n = int((mine.stage.isin(list(cells)[max(at - 1, 0) : at]) | ((mine.stage == row.stage) & mine.leaving)).sum())
        rows.append((row.stage, int(row.gap), n if n == 0 or n >= threshold else None))
    return pd.DataFrame(rows, columns=["stage", "gap", "below"]).astype({"below": "Int64"})


def drawn(warehouse: Warehouse, experiment_id: str | None) -> pd.Series | None:
    """Whether each consumer of a campaign's own trial is held out (index consumer_id, bool); None where nothing was drawn yet.

    Only a list with an arm that was held out on purpose is a draw; a mailing list alone is none.
    """
    if experiment_id is None or not warehouse.has("assignments"):
        return None
    table = warehouse.table("assignments")
    mine = table.filter((table.experiment_id == experiment_id) & table.consumer_id.notnull())
    listed = mine.select("consumer_id", held=mine.arm.isin(CONTROLS)).execute()
    return listed.groupby("consumer_id").held.any() if listed.held.any() else None


def leaving(book: Book, brand: str, day: date, consumer_id: pd.Series, days: int) -> pd.Series:
    """Whether each consumer leaves the stage of `day` within `days` days unless something happens (the open book knows)."""
    held = book.open_book(day, [brand])
    until = held["expires"].to_pandas()
    ends = pd.Series(
        [e[s - 1] for e, s in zip(until, held["stage"].to_pylist(), strict=True)], held["consumer_id"].to_pylist()
    )
    soon = ends.dropna() <= day + timedelta(days=days)
    return consumer_id.map(soon).fillna(False).astype(bool)


def traits(warehouse: Warehouse, wanted: Sequence[str] | None = None) -> pd.DataFrame:
    """The consumers' traits that anybody has (only those `wanted`): consumer_id and one column a trait."""
    frame = warehouse.table("consumers").execute()
    known = [c for c in frame.columns[1:] if frame[c].notna().any()]
    return frame[["consumer_id", *[c for c in known if wanted is None or c in wanted]]]
