"""Several ladders cut the same people: what one table hides must not follow from another.

The atoms are the consumers by their stages under every rule set at once. A cell of any table is a sum of atoms; a reader who
knows the rules can add and subtract shown cells. What is hidden stays hidden while it is no such combination.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import NONE, flow, stage_type, states
from apex.measure.privacy import suppress

PLACES = ("from_stage", "to_stage")
Shown = tuple[
    pd.DataFrame, str
]  # a table with from_stage and/or to_stage, consumers, suppressed; and its ladder's name


def atoms(books: "dict[str, Book]", brand: str, start: date, end: date) -> pd.DataFrame:
    """Consumers with a relation under any of the rule sets, by their stages on both days under each of them.

    books: ladder's name → book. Returns from_stage:NAME, to_stage:NAME for each ladder, consumers (int), none empty.
    """
    whole = None
    for number, book in enumerate(books.values()):
        mine = states(book, brand, start, end).rename(**{f"from{number}": "before", f"to{number}": "after"})
        whole = mine if whole is None else _both(whole, mine)
    assert whole is not None, "no ladder given"
    keys = [f"{side}{number}" for number in range(len(books)) for side in ("from", "to")]
    filled = whole.select("consumer_id", **{k: whole[k].fill_null(0) for k in keys})
    frame = filled.group_by(keys).agg(consumers=filled.count()).execute()
    out = pd.DataFrame(index=frame.index)
    for number, (name, book) in enumerate(books.items()):
        for side, place in zip(("from", "to"), PLACES, strict=True):
            codes = frame[f"{side}{number}"].to_numpy(int)
            out[f"{place}:{name}"] = pd.Categorical.from_codes(codes, dtype=stage_type(book))
    related = (frame[keys] > 0).any(axis=1)
    out = out.assign(consumers=frame.consumers.astype(int))[related]
    return out.sort_values(list(out.columns), ignore_index=True)


def also_hidden(
    cut: pd.DataFrame, known: Sequence[Shown], frame: pd.DataFrame, ladder: str, threshold: int
) -> pd.DataFrame:
    """The rows of `frame` (one more table, suppressed by itself already) with `suppressed` so that nothing is given away.

    cut: the frame of `atoms`. known: tables that readers have. While a small cell of any table (1 … threshold − 1 consumers)
    is a linear combination of shown cells, the smallest shown cell of `frame` in it is hidden; so is a cell of `frame` that
    differs from a shown one by fewer than `threshold` consumers who are all in one of the two.
    """
    out = frame.copy()
    counts = cut.consumers.to_numpy()
    old = [cell for table, name in known for cell in _cells(cut, table, name)]
    mine = _cells(cut, out, ladder)
    hidden = out.suppressed.to_numpy(bool).copy()
    truth = np.array([vector @ counts for vector, _ in mine])
    small = [v for v, _ in (*old, *mine) if 0 < v @ counts < threshold]
    seen = [v for v, shown in old if shown and v.any()]
    for n, (vector, _) in enumerate(mine):
        hidden[n] |= any(_near(vector, other, counts, threshold) for other in seen)
    while len(small):
        there = np.flatnonzero(~hidden & (truth > 0))
        columns = np.array([*seen, *(mine[n][0] for n in there)], float).reshape(-1, len(counts)).T
        if not columns.size:
            break
        wanted = np.array(small, float).T
        weights = np.linalg.lstsq(columns, wanted, rcond=None)[0]
        told = np.abs(columns @ weights - wanted).max(axis=0) < 1e-6
        used = np.abs(weights[len(seen) :][:, told]).max(axis=1, initial=0.0) > 1e-6
        if not used.any():
            break
        hidden[there[used][np.argmin(truth[there[used]])]] = True
    return out.assign(suppressed=hidden)


def ladders(
    books: "dict[str, Book]", brand: str, start: date, end: date, threshold: int
) -> dict[str, dict[str, pd.DataFrame]]:
    """What to hide in the stocks and flows of several ladders, each knowing what the ladders before it show.

    books: ladder's name → book, in the order in which they are shown; the first is shown elsewhere and hides nothing for the
    others. Returns by name the tables `stock` (brand, day, stage, consumers, suppressed, of both days) and `flow` (as
    `measure.assets.flow`, suppressed), to be given to `Run.keep` as `like`.
    """
    cut, found = atoms(books, brand, start, end), {}
    known: list[Shown] = []
    for number, (name, book) in enumerate(books.items()):
        moved = flow(book, brand, start, end)
        stocks = []
        for place, day in zip(PLACES, (start, end), strict=True):
            held = moved.groupby(place, observed=False).consumers.sum().drop(NONE).reset_index()
            held = suppress(held.assign(day=day), ["consumers"], threshold, [["day"]] if number else [])
            held = also_hidden(cut, known, held, name, threshold) if number else held
            known.append((held, name))
            stocks.append(held.rename(columns={place: "stage"}).assign(brand=brand))
        moved = suppress(moved, ["consumers"], threshold, [[place] for place in PLACES])
        moved = also_hidden(cut, known, moved, name, threshold) if number else moved
        known.append((moved, name))
        found[name] = {"stock": pd.concat(stocks, ignore_index=True), "flow": moved}
    return found


def _cells(cut: pd.DataFrame, table: pd.DataFrame, ladder: str) -> list[tuple[np.ndarray, bool]]:
    """Each row of a table as its atoms (0 or 1 each), and whether it is shown."""
    places = [p for p in PLACES if p in table]
    of = {p: cut[f"{p}:{ladder}"].astype(str).to_numpy() for p in places}
    return [
        (np.logical_and.reduce([of[p] == str(row[p]) for p in places]).astype(float), not row["suppressed"])
        for row in table[[*places, "suppressed"]].to_dict("records")
    ]


def _near(one: np.ndarray, other: np.ndarray, counts: np.ndarray, threshold: int) -> bool:
    """Whether one holds the other, but for fewer than `threshold` consumers and more than none."""
    more, less = np.maximum(one - other, 0) @ counts, np.maximum(other - one, 0) @ counts
    return min(more, less) == 0 and 0 < max(more, less) < threshold


def _both(left, right):  # type: ignore[no-untyped-def]
    joined = left.outer_join(right, "consumer_id")
    return joined.mutate(consumer_id=joined.consumer_id.fill_null(joined.consumer_id_right)).drop("consumer_id_right")
