"""No count of people below the threshold is shown, nor one that could be had by subtraction.

What a reader knows beside a table: its sums over keys (they may stand in a sentence, in a chart, in another report), each
unless it is itself too small to be shown; and every other table of the page that sums up to the same. All of it is one system
of equations over the hidden counts, and `apex.measure.disclosure` asks it how large each hidden count could still be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from apex.errors import ApexError
from apex.measure.disclosure import Table, protect


@dataclass
class Page:
    """The tables that a page has shown so far, by name, with all that they hold; the next one must not give them away."""

    tables: dict[str, Table] = field(default_factory=dict)


def suppress(
    frame: pd.DataFrame,
    counts: Sequence[str],
    threshold: int,
    totals: Sequence[Sequence[str]] = (),
    also: Sequence[str] = (),
    hidden: "pd.Series[bool] | None" = None,
    keys: Sequence[str] = (),
    page: Page | None = None,
    name: str = "",
) -> pd.DataFrame:
    """The frame with counts of people from 1 to `threshold` − 1 nulled, and a column `suppressed` that says so.

    counts: columns that count people; if one is too small, all of the row are nulled. Then shown rows are suppressed with
    them, the smallest first, until no hidden count below the threshold is known to be below it by somebody who knows the sums
    over every set of `keys` (columns that name a row), those over `totals` (groupings, lists of columns), and the tables of
    the `page`, on which this one is then remembered as `name`. also: columns that say something of the same people (their
    money, their orders); nulled with the counts. hidden: rows to suppress whatever they hold. Raises ApexError for a column
    that is not there.
    """
    if missing := [c for c in (*counts, *also, *keys) if c not in frame]:
        raise ApexError(f"suppress: the frame has no column {', '.join(missing)}; it has {', '.join(frame.columns)}.")
    people = frame[list(counts)].astype("Float64").fillna(0).round().astype("int64").reset_index(drop=True)
    small = ((people > 0) & (people < threshold)).any(axis=1).to_numpy()
    known_by = dict.fromkeys([*keys, *(c for grouping in totals for c in grouping)])
    table = Table(
        labels=frame[list(known_by)].astype(str).reset_index(drop=True),
        people=people,
        hidden=small if hidden is None else small | hidden.to_numpy(bool),
        keys=tuple(k for k in keys if frame[k].nunique() > 1),
        totals=tuple(tuple(grouping) for grouping in totals),
    )
    page = page or Page()
    protect(table, [t for n, t in page.tables.items() if n != name], threshold)
    page.tables[name] = table
    mask = pd.Series(table.hidden, frame.index)
    out = frame.assign(suppressed=mask)
    for column in counts:
        out[column] = frame[column].astype("Int64").mask(mask)
    for column in also:
        whole = pd.api.types.is_integer_dtype(frame[column])
        out[column] = frame[column].astype("Int64" if whole else "Float64").mask(mask)
    return out
