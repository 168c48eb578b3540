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
    """One trial, per consumer of the treated beside the held out: orders more, their variance, contacts more by channel."""

    experiment: str
    treated: int
    control: int
    orders: float
    variance: float
    contacts: "NDArray[np.float64]"  # (C,)


def lifts(warehouse: Warehouse, brand: str, of: Contacts) -> list[Lift]:
    """The brand's trials on consumers that had ended `AFTER` days before the warehouse's day, and moved contacts.

    Orders are adjusted for those of the year before (Deng et al., WSDM 2013), which chance cannot have changed.
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
    after = _per(of.orders, of, first, last + AFTER, orders=True)[who]
    before = _per(of.orders, of, first - BEFORE, first - 1, orders=True)[who]
    slope = np.cov(after, before)[0, 1] / before.var(ddof=1) if before.var() > 0 else 0.0
    y = after - slope * (before - before.mean())
    arms = (y[~held], y[held])
    met = np.zeros((of.consumers, len(of.channels)))
    inside = (of.contacts.day >= first) & (of.contacts.day <= last)
    np.add.at(met, (of.contacts.who[inside], of.contacts.what[inside]), of.contacts.value[inside])
    more = met[who][~held].mean(axis=0) - met[who][held].mean(axis=0)
    error = sum(a.var(ddof=1) / len(a) for a in arms)
    return Lift(name, len(arms[0]), len(arms[1]), float(arms[0].mean() - arms[1].mean()), float(error), more)


def _per(rows: Rows, of: Contacts, first: int, last: int, *, orders: bool) -> "NDArray[np.float64]":
    inside = (rows.day >= first) & (rows.day <= last)
    return np.bincount(rows.who[inside], None if orders else rows.value[inside], of.consumers).astype(float)
