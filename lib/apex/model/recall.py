"""Whom to win back: buyers worth much whose chance of being active falls, and those who are silent longer than is usual.

The first is what a model of leaving sees; where it sees nobody leave (all are about as active as ever), silence is what is
left, and `apex.model.clv_check.by_silence` says whether silence has meant loss.
"""

import pandas as pd

from apex.model.lifetime import Lifetime

TOP, FALL, UNUSUAL = 0.2, 0.1, 0.1
COUNTS = ["buyers", "falling", "not_falling", "silent", "not_silent"]


def marked(
    model: Lifetime | None, before: pd.DataFrame, day: pd.Timestamp, days: int, top: float = TOP, fall: float = FALL,
    unusual: float = UNUSUAL,
) -> pd.DataFrame:  # fmt: skip
    """Each buyer with what is expected of him and whether he is to be won back.

    before: buyers as of the earlier `day`. Returns the frame of `Lifetime.each` with fell (how far the chance of being
    active fell since that day; 0 for who was no buyer yet), falling (worth as much as the `top` share if active, and fell by
    `fall`), silent (as much worth, and a silence that `unusual` or fewer of the active would keep), lost_minor (what is
    expected of him if active, less what is expected); no row without a model.
    """
    if model is None:
        return pd.DataFrame(columns=["falling", "silent", "lost_minor", "value_minor"], dtype=float)
    each = model.each(days)
    was = model.alive(before, day).reindex(each.consumer_id).to_numpy()
    fell = pd.Series(was - each.alive.to_numpy()).fillna(0.0)
    worth = each.active_minor >= each.active_minor.quantile(1 - top)
    return each.assign(
        fell=fell, falling=worth & (fell >= fall), silent=worth & (each.usual <= unusual),
        lost_minor=each.active_minor - each.value_minor,
    )  # fmt: skip


def by_group(marked: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """group, buyers, falling, silent and the rests (people), lost_minor (of those falling), silent_minor (expected of those)."""
    frame = marked.assign(
        group=groups.to_numpy()[: len(marked)], lost=marked.lost_minor.where(marked.falling, 0.0),
        kept=marked.value_minor.where(marked.silent, 0.0),
    )  # fmt: skip
    found = frame.groupby("group").agg(
        buyers=("falling", "size"), falling=("falling", "sum"), silent=("silent", "sum"), lost_minor=("lost", "sum"),
        silent_minor=("kept", "sum"),
    ).assign(not_falling=lambda f: f.buyers - f.falling, not_silent=lambda f: f.buyers - f.silent)  # fmt: skip
    return found.astype(dict.fromkeys(COUNTS, "int64")).round().astype("int64").reset_index()
