"""Randomised trials of media: what the treated met and bought more than those held out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.media_contacts import Contacts, Rows, number
from apex.measure.trial import CONTROLS
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

AFTER = 15  # days after a trial in which what it caused still counts
BEFORE = 365  # days whose orders make the groups comparable


@dataclass(frozen=True)
class Lift:
    """One trial, per consumer of the treated beside the held out: orders more, their variance, contacts more by channel.

    Orders are those on a click, and visits by themselves at the orders that a visit brings: visits are several times as many.
    """

    experiment: str
    treated: int
    control: int
    orders: float
    variance: float
    contacts: "NDArray[np.float64]"  # (C,)


def lifts(warehouse: Warehouse, brand: str, of: Contacts) -> list[Lift]:
    """The brand's trials on consumers that had ended `AFTER` days before the warehouse's day, and moved contacts.

    Both arms are adjusted for what they did in the year before (Deng et al., WSDM 2013), which chance cannot have changed.
    """
    if not (warehouse.has("experiments") and warehouse.has("assignments")):
        return []
    table = warehouse.table("experiments")
    run = table.filter((table.brand == brand) & (table.unit == "consumer")).execute().sort_values("experiment_id")
    found = []
    for trial in run.itertuples():
        first, last = pd.Timestamp(trial.first_day).date(), pd.Timestamp(trial.last_day).date()
        if last + timedelta(days=AFTER) > warehouse.last_day or first <= warehouse.first_day:
            continue
        arms = warehouse.table("assignments").filter(lambda t, e=trial.experiment_id: t.experiment_id == e)
        frame = arms.select("consumer_id", "arm").distinct().execute().dropna()
        frame = frame[frame.consumer_id.isin(of.ids) & ~frame.consumer_id.duplicated(keep=False)]
        who = np.searchsorted(of.ids, frame.consumer_id.to_numpy(np.int64))
        lift = _lift(trial.experiment_id, of, who, frame.arm.isin(CONTROLS).to_numpy(), number(first), number(last))
        if lift is not None:
            found.append(lift)
    return found


def _lift(
    name: str, of: Contacts, who: "NDArray[np.int64]", held: "NDArray[np.bool_]", first: int, last: int
) -> Lift | None:
    if min(held.sum(), (~held).sum()) < 30:
        return None
    per_visit = (of.orders.what[of.orders.day >= of.first] < 0).sum() / max(len(of.visits.who), 1)
    after, before = (
        (_per(of.visits, of, *days) * per_visit + _per(of.orders, of, *days, clicked=True))[who]
        for days in ((first, last + AFTER), (first - BEFORE, first - 1))
    )
    slope = np.cov(after, before)[0, 1] / before.var(ddof=1) if before.var() > 0 else 0.0
    y = after - slope * (before - before.mean())
    arms = (y[~held], y[held])
    # a trial shows some people much more than usual: contacts count by the logarithm, at what that makes of usual ones
    there, usual = _met(of, first, last), _met(of, first - BEFORE, first - 1)
    log = np.log1p(usual * (last - first + 1) / BEFORE).sum(axis=0)
    whole = usual.sum(axis=0) * (last - first + 1) / BEFORE
    times = np.divide(whole, log, out=np.full(len(log), 1 / np.log(2)), where=log > 0)
    seen = np.log1p(there[who])
    more = times * (seen[~held].mean(axis=0) - seen[held].mean(axis=0))
    error = sum(a.var(ddof=1) / len(a) for a in arms)
    return Lift(name, len(arms[0]), len(arms[1]), float(arms[0].mean() - arms[1].mean()), float(error), more)


def _met(of: Contacts, first: int, last: int) -> "NDArray[np.float64]":
    """(consumers, C) contacts of each from day to day."""
    out = np.zeros((of.consumers, len(of.channels)))
    inside = (of.contacts.day >= first) & (of.contacts.day <= last)
    np.add.at(out, (of.contacts.who[inside], of.contacts.what[inside]), of.contacts.value[inside])
    return out


def _per(rows: Rows, of: Contacts, first: int, last: int, *, clicked: bool = False) -> "NDArray[np.float64]":
    """(consumers,) rows of each from day to day; clicked: those that a click led to."""
    inside = (rows.day >= first) & (rows.day <= last)
    if clicked:
        inside &= rows.what >= 0
    return np.bincount(rows.who[inside], minlength=of.consumers).astype(float)
