"""Outcomes of one brand's events by period and crowd: buyers, orders, GMV, and who stands at which stage."""

import numpy as np
import pandas as pd

from twin.crowds import CROWDS
from twin.stages import AT, STAGES, codes, stages

Spans = dict[str, tuple[int, int]]
ALL = "all"


def totals(events: np.ndarray, spans: Spans, crowd: np.ndarray, n: int, of: np.ndarray | None = None) -> pd.DataFrame:
    """period, crowd (number, −1 all), buyers, orders, gmv_minor. Column 0 of `events` is a row of `crowd`; of: count these."""
    buys = events[events[:, AT["behaviour"]] == codes("buy")[0]]
    if of is not None:
        buys = buys[of[buys[:, 0]]]
    who, day, value = buys[:, 0].astype(np.int64), buys[:, AT["minute"]] // 1440, buys[:, AT["value"]]
    _, first = np.unique(who * 1_000_000 + buys[:, AT["basket"]], return_index=True)
    is_order = np.zeros(len(buys), bool)
    is_order[first] = True
    out = []
    kinds = len(CROWDS)
    for name, (a, b) in spans.items():
        at = (day >= a) & (day <= b)
        buyers = np.unique(who[at])
        columns = {
            "buyers": np.bincount(crowd[buyers], minlength=kinds),
            "orders": np.bincount(crowd[who[at & is_order]], minlength=kinds),
            "gmv_minor": np.bincount(crowd[who[at]], value[at], kinds).astype(np.int64),
        }
        table = pd.DataFrame({"period": name, "crowd": np.arange(-1, kinds)})
        for metric, by_crowd in columns.items():
            table[metric] = np.r_[by_crowd.sum(), by_crowd]
        out.append(table)
    return pd.concat(out, ignore_index=True)


def named(crowd: pd.Series) -> pd.Series:
    """Crowds' names for their numbers, −1 being all."""
    return crowd.map({-1: ALL, **dict(enumerate(CROWDS))})


def sales(with_: np.ndarray, without: np.ndarray, spans: Spans, crowd: np.ndarray, n: int) -> pd.DataFrame:
    """buyers, orders, gmv_minor `_with` and `_without`, of those who met the cause; the difference is what it caused."""
    both = [totals(e, spans, crowd, n) for e in (with_, without)]
    table = both[0].merge(both[1], on=["period", "crowd"], suffixes=("_with", "_without"))
    return table.assign(crowd=named(table.crowd))


def moves(
    with_: np.ndarray, without: np.ndarray, rows: np.ndarray, spans: Spans, days: list[int], crowd: np.ndarray
) -> pd.DataFrame:
    """Stock at a period's end and consumers who rose to a stage since its eve, with and without, by stage and crowd."""
    kinds, parts = len(CROWDS), {}
    groups = crowd[rows].astype(int)
    column = {d: i for i, d in enumerate(days)}
    for name, events in (("with", with_), ("without", without)):
        at = stages(events, np.searchsorted(rows, events[:, 0]), len(rows), days)
        for period, (a, b) in spans.items():
            before, end = at[:, column[a - 1]], at[:, column[b]]
            for what, which in (("stock", np.ones(len(rows), bool)), ("up", end > before)):
                cells = np.bincount(groups[which] * len(STAGES) + end[which], minlength=kinds * len(STAGES))
                parts[(period, f"{what}_{name}")] = cells.reshape(kinds, len(STAGES))
    out = []
    for period in spans:
        table = pd.DataFrame(
            {"period": period, "crowd": np.repeat(np.arange(-1, kinds), len(STAGES)), "stage": STAGES * (kinds + 1)}
        )
        for what in ("stock_with", "stock_without", "up_with", "up_without"):
            cells = parts[(period, what)]
            table[what] = np.vstack([cells.sum(axis=0), cells]).ravel()
        out.append(table)
    whole = pd.concat(out, ignore_index=True)
    return whole.assign(crowd=named(whole.crowd))
