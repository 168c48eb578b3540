"""No count of people below the threshold is shown, nor one that could be had by subtraction."""

from collections.abc import Sequence

import pandas as pd

from apex.errors import ApexError


def suppress(
    frame: pd.DataFrame,
    counts: Sequence[str],
    threshold: int,
    totals: Sequence[Sequence[str]] = (),
    also: Sequence[str] = (),
    hidden: "pd.Series[bool] | None" = None,
) -> pd.DataFrame:
    """The frame with counts of people from 1 to `threshold` − 1 nulled, and a column `suppressed` that says so.

    counts: columns that count people; if one is too small, all of the row are nulled. totals: groupings (lists of columns)
    whose sums are known elsewhere: where only one row of such a group is suppressed, or any count of those suppressed adds
    to less than the threshold, the smallest shown row above zero is suppressed with them, until nothing is given away. also:
    columns that say something of the same people (their money, their orders); nulled with the counts. hidden: rows to
    suppress whatever they hold, since another table on the same people does.
    """
    if missing := [c for c in (*counts, *also) if c not in frame]:
        raise ApexError(f"suppress: the frame has no column {', '.join(missing)}; it has {', '.join(frame.columns)}.")
    people = frame[list(counts)]
    small = ((people > 0) & (people < threshold)).any(axis=1)
    hidden = small if hidden is None else small | hidden
    while more := [i for keys in totals for i in _complements(frame, list(keys), people, hidden, threshold)]:
        hidden.loc[more] = True
    out = frame.assign(suppressed=hidden.astype(bool))
    for column in counts:
        out[column] = people[column].astype("Int64").mask(hidden)
    for column in also:
        whole = pd.api.types.is_integer_dtype(frame[column])
        out[column] = frame[column].astype("Int64" if whole else "Float64").mask(hidden)
    return out


def _complements(
    frame: pd.DataFrame, keys: list[str], people: pd.DataFrame, hidden: pd.Series, threshold: int
) -> list[object]:
    """For each group that gives a suppressed row away, by any of its counts: its smallest shown row above zero."""
    size = people.max(axis=1)
    found: list[object] = []
    if not hidden.any():
        return found
    concerned = hidden.groupby([frame[key] for key in keys], observed=True).transform("any").fillna(False).astype(bool)
    for _, group in frame[concerned].groupby(keys, observed=True):
        mine, shown = hidden[group.index], size[group.index]
        shown = shown[~mine & (shown > 0)]
        sums = people.loc[group.index][mine].sum()
        given_away = mine.sum() == 1 or ((sums > 0) & (sums < threshold)).any() or (sums == 0).all()
        if mine.any() and not shown.empty and given_away:
            found.append(shown.idxmin())
    return found
