"""The tables and charts of `4_wrapup/horizon` in words: the sentences are `apex.show.say.horizon`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from apex.show.say.horizon import EARLIER, KINDS, ORDINARY, THIS, VALUE, kind
from apex.show.say.horizon_worth import back, route
from apex.show.words import MISSING, Words, is_missing


def lines(curve: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Who bought again by day, as `show.curves` takes it, and the lines' names."""
    order = [k for k in (ORDINARY, EARLIER, THIS, THIS + "+") if (curve.cohort == k).any()]
    return curve.rename(columns={"cohort": "stage"}), [(k, kind(k, words)) for k in order]


def bars(shown: pd.DataFrame, ahead: pd.DataFrame, own: str, day: int, words: Words) -> pd.DataFrame:
    """Mean paid by `day`: this campaign foretold, the others as counted, those not seen as a whole grey."""
    told = ahead[(ahead.measure == VALUE) & (ahead.days == day) & ahead.value.notna()]
    top = pd.DataFrame(
        {"label": kind(THIS + "+", words), "value": told.value, "low": told.low, "high": told.high, "faint": False}
    )
    rest = shown[(shown.days == day) & (shown.cohort != own) & shown.value_minor.notna() & shown.seen.notna()]
    rest = pd.DataFrame(
        {
            "label": [kind(c, words) for c in rest.cohort],
            "value": rest.value_minor.astype(float),
            "low": rest.value_low.astype(float),
            "high": rest.value_high.astype(float),
            "faint": ((rest.seen < rest.consumers) & (rest.kind != ORDINARY)).astype(bool),
        }
    )
    return pd.concat([t for t in (top, rest) if len(t)] or [top], ignore_index=True)


def ahead_rows(ahead: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The forecast in words: measure, days, known, told, span, rival, cohorts."""
    rows = []
    for r in ahead.itertuples():
        write = words.money if r.measure == VALUE else (lambda v: words.share(v, 1))
        name = words("Paid by a consumer") if r.measure == VALUE else words("Bought again")
        rows.append(
            (
                name,
                r.days,
                _or(r.known, write),
                _or(r.value, write),
                _span(r.low, r.high, write, words),
                _or(r.rival, write),
                r.cohorts,
            )
        )
    return pd.DataFrame(rows, columns=["measure", "days", "known", "told", "span", "rival", "cohorts"])


def cohort_rows(shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Cohorts as counted, in words, this campaign's first; hidden counts stay hidden."""
    some = _first(shown[shown.seen.isna() | (shown.seen > 0)])
    hidden = some.again.isna()
    return pd.DataFrame(
        {
            "cohort": [
                kind(THIS, words) if k == THIS else kind(c, words) for c, k in zip(some.cohort, some.kind, strict=True)
            ],
            "days": some.days,
            "seen": some.seen,
            "again": [
                words.suppressed() if h else _or(s, lambda v: words.share(v, 1))
                for h, s in zip(hidden, some.share, strict=True)
            ],
            "again_span": [
                _span(a, b, lambda v: words.share(v, 1), words) for a, b in zip(some.low, some.high, strict=True)
            ],
            "value": [_or(v, words.money) for v in some.value_minor],
            "value_span": [
                _span(a, b, words.money, words) for a, b in zip(some.value_low, some.value_high, strict=True)
            ],
            "suppressed": hidden.to_numpy(bool),
        }
    )


def stage_rows(stages: pd.DataFrame, names: Sequence[tuple[str, str]], words: Words) -> pd.DataFrame:
    """Where consumers stood, in words. names: the stages' (id, name)."""
    known = {"none": words("none"), **dict(names)}
    order = list(known)
    stages = _first(stages.assign(at=[order.index(s) for s in stages.stage]).sort_values(["days", "at"]))
    return stages.assign(kind=[kind(k, words) for k in stages.kind], stage=[known.get(s, s) for s in stages.stage])


def cost_rows(cost: pd.DataFrame, day: int, words: Words) -> pd.DataFrame:
    """What new consumers cost and bring, this campaign first, in words."""
    cost = _first(cost)
    return pd.DataFrame(
        {
            "cohort": [kind(THIS, words) if r.kind == THIS else r.cohort for r in cost.itertuples()],
            "consumers": cost.consumers,
            "cac": [words.money(v) for v in cost.cac_minor],
            "value": [_or(v, words.money) for v in cost.gmv_minor],
            "ratio": [_or(v, lambda x: words.number(x, 1)) for v in cost.ratio],
            "span": [
                _span(a, b, lambda x: words.number(x, 1), words)
                for a, b in zip(cost.ratio_low, cost.ratio_high, strict=True)
            ],
            "back": [back(v, day, words) for v in cost.paid_by],
            "told": [words("foretold") if t == "model" else words("counted") for t in cost.told],
        }
    )


def route_rows(routes: pd.DataFrame, words: Words) -> pd.DataFrame:
    """By which media consumers came, in words."""
    named = routes.assign(cohort=[route(c, words) for c in routes.cohort], kind=EARLIER)
    return cohort_rows(named, words)


def test_rows(backtest: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The back-test in words."""
    return pd.DataFrame(
        {
            "measure": [words("Paid by a consumer") if m == VALUE else words("Bought again") for m in backtest.measure],
            "days": backtest.days,
            "inside": [
                words("{n} of {all}", n=int(k), all=int(n))
                for k, n in zip(backtest.inside, backtest.tests, strict=True)
            ],
            "error": [_or(v, lambda x: words.share(x, 1)) for v in backtest.error],
            "rival": [_or(v, lambda x: words.share(x, 1)) for v in backtest.rival_error],
        }
    )


def _first(frame: pd.DataFrame) -> pd.DataFrame:
    """This campaign's rows first, then earlier ones', then ordinary days'."""
    order = frame.kind.map({k: n for n, k in enumerate(KINDS)})
    return frame.assign(turn=order).sort_values("turn", kind="stable").drop(columns="turn").reset_index(drop=True)


def _or(value: Any, write: Any) -> str:
    return MISSING if is_missing(value) or (isinstance(value, float) and np.isnan(value)) else str(write(value))


def _span(low: Any, high: Any, write: Any, words: Words) -> str:
    if is_missing(low) or is_missing(high):
        return MISSING
    return words("{low} to {high}", low=write(low), high=write(high))
