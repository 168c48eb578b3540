"""Daily inflow by phase: what has to come or return in each, so that the eve's stock is there, and stays."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

COLUMNS = ["phase", "stage", "first_day", "last_day", "days", "people", "per_day"]
UNTIL_EVE, WINDOW = "until-eve", "window"


def by_phase(
    inflow: pd.DataFrame, lives: Mapping[str, int], phases: Sequence[tuple[str, date, date]], as_of: date, eve: date,
    last_day: date,
) -> pd.DataFrame:  # fmt: skip
    """One row a phase and stage (COLUMNS): people who come or return in the phase, and how many a day of it.

    inflow: of `GoalPlan.inflow`; lives: days that a stage lives untouched; phases: (name, first, last), none: the days until the
    eve and the window. Up to the eve only the last days count that the stage lives, since what is gathered earlier has lapsed by
    then; after it the stock is held, which takes needed / lives a day. Days up to `as_of` are gone and left out.
    """
    known = phases or [(UNTIL_EVE, as_of + timedelta(days=1), eve), (WINDOW, eve + timedelta(days=1), last_day)]
    rows = []
    for name, first, last in known:
        first, last = max(first, as_of + timedelta(days=1)), min(last, last_day)
        if last < first:
            continue
        before, after = _overlap(first, last, date.min, eve), _overlap(first, last, eve + timedelta(days=1), date.max)
        for row in inflow.itertuples():
            days = 0 if pd.isna(row.days) else int(row.days)
            gathering = _overlap(first, last, eve - timedelta(days=days - 1), eve) if days else 0
            people = (float(row.to_gather) * gathering / days if days else 0.0) + float(row.needed) / lives[
                row.stage
            ] * after
            rows.append((name, row.stage, first, last, before + after, people, people / max(gathering + after, 1)))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(people=np.ceil(frame.people.astype(float).round(6)))


def _overlap(first: date, last: date, low: date, high: date) -> int:
    return max(0, (min(last, high) - max(first, low)).days + 1)
