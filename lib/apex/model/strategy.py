"""Gaps and what closes them: people short at a stage, strategies that move people there, how many each must reach, what it costs.

An option is a strategy in a phase by one channel. Its contacts are limited by whom it could reach, `frequency` times each, and
by what the channel carried at that stage so far, `headroom` times as much (an owned medium: once). Of p consumers met k times
each, p (1 − (1 − extra)^k) move.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from apex.model.goal import AHEAD, BEHIND

AGAINST = ("needed", "last_year", "benchmark")
WORTH = ("yes", "maybe", "unknown")  # of what pays
GAPS = [
    "stage", "now", "needed", "then", "change", "benchmark", "pace", "verdict", "short", "against", "conversion", "value_minor",
    "gmv_minor",
]  # fmt: skip
OPTIONS = [
    "phase", "first_day", "last_day", "before", "strategy", "from_stage", "to_stage", "reachable", "channel", "extra", "low",
    "high", "gmv", "gmv_low", "gmv_high", "cost", "contacts", "times", "kind", "n",
]  # fmt: skip
CHOSEN = [
    "phase", "first_day", "last_day", "strategy", "from_stage", "to_stage", "reachable", "people", "contacts", "moved", "low",
    "high", "gmv_minor", "gmv_low", "gmv_high", "cost_minor", "channel", "kind", "n", "closes",
]  # fmt: skip


def gaps(needed: pd.DataFrame, then: Mapping[str, float], benchmark: Mapping[str, float | None]) -> pd.DataFrame:
    """Each planned stage against the goal, last year and the benchmark (definitions 6.3); the largest gap of each in money.

    needed: the table of the goal; then: stock at the same distance last year; benchmark: share of its eve's stock that the
    benchmark held at that distance. short: people missing: needed less the eve's forecast; where that is none, the larger of
    last year less now and benchmark × needed less now; against says which ("" where none is missing). gmv_minor: short ×
    conversion × value. change: now / then − 1; pace: (now / needed) / benchmark. verdict: growing_slow (more than last year,
    slower than the benchmark), falling_slow, falling (no more than last year, not slower), growing; of what one of the two alone
    says slow, on_pace, ahead, growing or falling; or none. Sorted by gmv_minor, largest first.
    """
    rows = []
    for row in needed[needed.needed.notna()].itertuples():
        stage, now = str(row.stage), _number(row.stock_now)
        before, best = _number(then.get(stage)), _number(benchmark.get(stage))
        goal = float(row.needed)
        people = {
            "needed": goal - _number(row.stock_forecast), "last_year": before - now, "benchmark": best * goal - now,
        }  # fmt: skip
        known = {k: v for k, v in people.items() if np.isfinite(v) and v > 0.5}
        against = "needed" if "needed" in known else max(known, key=lambda k: known[k]) if known else ""
        change = now / before - 1 if before > 0 else np.nan
        pace = now / goal / best if goal > 0 and best > 0 else np.nan
        short = known.get(against, 0.0)
        money = short * _number(row.conversion) * _number(row.value_minor)
        rows.append(
            (stage, now, goal, before, change, best, pace, verdict(change, pace), short, against, row.conversion,
             row.value_minor, money)
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=GAPS)
    return frame.sort_values(["gmv_minor", "stage"], ascending=[False, True], ignore_index=True)


def verdict(change: float, pace: float) -> str:
    """What last year and the benchmark say together (definitions 6.3)."""
    if np.isnan(change) and np.isnan(pace):
        return "none"
    if np.isnan(pace):
        return "growing" if change > 0 else "falling"
    if np.isnan(change):
        return "slow" if pace < BEHIND else "ahead" if pace > AHEAD else "on_pace"
    if pace < BEHIND:
        return "growing_slow" if change > 0 else "falling_slow"
    return "growing" if change > 0 else "falling"


def options(
    phases: pd.DataFrame,
    strategies: pd.DataFrame,
    moves: pd.DataFrame,
    *,
    days: int,
    lives: Mapping[str, int],
    frequency: float,
    headroom: float,
) -> pd.DataFrame:
    """Every strategy in every phase by every channel that it may use.

    strategies: phase, strategy, from_stage, to_stage, counts, reachable, channels (list), prior (moved, low, high). moves: the
    shared frame; days: how many days it counts contacts of. lives: days that a stage lasts untouched; before the eve only
    those days of a phase count that a move outlasts. A strategy without any channel that met somebody stands once, by its
    prior, without channel, money and cost. Returns OPTIONS: extra to gmv_high a contact, contacts the most there can be.
    """
    known = {(r.from_stage, r.channel): r for r in moves.itertuples()}
    rows: list[dict[str, Any]] = []
    for row in strategies.merge(phases, on="phase").itertuples():
        length = (row.last_day - row.first_day).days + 1
        if row.before and row.to_stage in lives:
            length = min(length, lives[row.to_stage])
        base = {
            k: getattr(row, k)
            for k in ("phase", "first_day", "last_day", "before", "strategy", "from_stage", "to_stage")
        }
        base["reachable"] = row.reachable
        met = row.counts == "met"
        most = 0.0 if pd.isna(row.reachable) else float(row.reachable) * (1 if met else frequency)
        found = [known[row.from_stage, c] for c in row.channels if (row.from_stage, c) in known]
        found = [m for m in found if np.isfinite(m.extra)]
        for m in found:
            owned = not pd.isna(m.cost_minor) and float(m.cost_minor) == 0
            carried = m.n / max(days, 1) * length * (1 if owned else headroom)
            extra = (1.0, 1.0, 1.0) if met else (m.extra, m.low, m.high)
            rows.append(
                base | {
                    "channel": m.channel, "extra": extra[0], "low": extra[1], "high": extra[2], "gmv": m.gmv_extra_minor,
                    "gmv_low": m.gmv_low, "gmv_high": m.gmv_high, "cost": _number(m.cost_minor),
                    "contacts": np.floor(min(most, carried)), "times": 1.0 if met else frequency,
                    "kind": "counted" if met else m.kind, "n": int(m.n),
                }
            )  # fmt: skip
        if not found:
            moved, low, high = row.prior
            rows.append(
                base | {"channel": "", "extra": moved, "low": low, "high": high, "contacts": np.floor(most),
                        "times": 1.0 if met else frequency, "kind": "prior", "n": 0}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=OPTIONS).astype(
        dict.fromkeys(("extra", "low", "high", "gmv", "gmv_low", "gmv_high", "cost", "contacts", "times"), float)
    )


def best(options: pd.DataFrame, margin: float | None) -> pd.DataFrame:
    """One option a phase and strategy: the channel that moves most people among those that pay best; phases in their order.

    Adds per_moved (money), pays (yes: even the low end of the money, times the margin, covers the cost; maybe: the middle does;
    unlikely: the high end only; no; unknown without cost or money) and could (people that all its contacts would move).
    """
    made = _judged(options, margin)
    made["could"] = [
        movers(o.extra, o.contacts, 0.0 if pd.isna(o.reachable) else float(o.reachable)) for o in made.itertuples()
    ]
    made["rank"] = made.pays.map({"yes": 0, "maybe": 1, "unknown": 2, "unlikely": 3, "no": 4})
    made = made.assign(place=made.index).sort_values(["rank", "could", "place"], ascending=[True, False, True])
    made = made.drop_duplicates(["phase", "strategy"]).sort_values("place")
    return made.drop(columns=["score", "rank", "place"]).reset_index(drop=True)


def _judged(options: pd.DataFrame, margin: float | None) -> pd.DataFrame:
    share = 1.0 if margin is None else margin
    per_moved = options.cost / options.extra.where(options.extra > 0)
    # free comes first, then most money for the cost; without a cost whatever moves most
    money = options.gmv.fillna(0.0) * share
    score = (money / options.cost.where(options.cost > 0)).where(options.cost != 0, np.inf).fillna(options.extra)
    pays = np.select(
        [
            options.cost.isna() | options.gmv.isna(), options.gmv_low * share >= options.cost,
            options.gmv * share >= options.cost, options.gmv_high * share >= options.cost,
        ],
        ["unknown", "yes", "maybe", "unlikely"], "no",
    )  # fmt: skip
    return options.assign(per_moved=per_moved, score=score, pays=pays)


class Stock:
    """What is left while options are used up: contacts of a strategy in its phase, of a channel at a stage in a phase."""

    def __init__(self, options: pd.DataFrame) -> None:
        """Everything is left."""
        self.of_strategy: dict[tuple[str, str], float] = {}
        self.of_channel: dict[tuple[str, str, str], float] = {}
        for o in options.itertuples():
            a, b = (o.phase, o.strategy), (o.phase, o.from_stage, o.channel)
            reach = 0.0 if pd.isna(o.reachable) else float(o.reachable) * o.times
            self.of_strategy[a] = max(self.of_strategy.get(a, 0.0), reach)
            self.of_channel[b] = max(self.of_channel.get(b, 0.0), o.contacts)

    def take(self, o: Any, wanted: float) -> float:
        """So many contacts of an option as wanted and left, whole ones."""
        a, b = (o.phase, o.strategy), (o.phase, o.from_stage, o.channel)
        got = float(np.floor(max(min(wanted, self.of_strategy[a], self.of_channel[b]), 0.0)))
        self.of_strategy[a] -= got
        self.of_channel[b] -= got
        return got


def movers(extra: float, contacts: float, reachable: float) -> float:
    """How many move of `contacts` spread evenly over as many of `reachable` consumers as they go round."""
    people = min(contacts, reachable)
    return 0.0 if people <= 0 else people * (1 - (1 - min(max(extra, 0.0), 1.0)) ** (contacts / people))


def contacts_for(extra: float, wanted: float, reachable: float) -> float:
    """How many contacts move `wanted` of them; infinite where that cannot be."""
    if wanted <= reachable * extra:
        return float(np.ceil(wanted / extra))
    return (
        float("inf")
        if extra >= 1 or wanted >= reachable
        else float(np.ceil(reachable * np.log(1 - wanted / reachable) / np.log(1 - extra)))
    )


def closing(gap: pd.DataFrame, options: pd.DataFrame, margin: float | None, largest: int = 3) -> pd.DataFrame:
    """What closes each of the `largest` gaps before the eve, cheapest moves first, as far as reach goes; rows as CHOSEN.

    Where costs are unknown, those that move most come first. A row's `closes` is the stage whose gap it closes.
    """
    made = _judged(options, margin)
    made = made[made.before & (made.extra > 0) & (made.contacts >= 1)]
    made = made.assign(guess=made.kind == "prior")
    made = made.sort_values(
        ["guess", "per_moved", "extra"], ascending=[True, True, False], na_position="last", kind="stable"
    )
    left, rows = Stock(options), []
    for row in gap[gap.short > 0].head(largest).itertuples():
        missing = float(row.short)
        for o in made[(made.to_stage == row.stage) & (made.from_stage != made.to_stage)].itertuples():
            if missing < 0.5:
                break
            got = left.take(o, contacts_for(o.extra, missing, float(o.reachable)))
            if got >= 1:
                rows.append(_row(o, got, row.stage))
                missing -= rows[-1]["moved"]
    return _frame(rows)


def chosen(closers: pd.DataFrame, options: pd.DataFrame, margin: float | None, budget: float | None) -> pd.DataFrame:
    """What to do: what closes the gaps and, in the phases after the eve, every move that may pay; no more than the budget.

    Left out is what is not expected to pay: money × margin below the cost. Most money for the cost comes first, free
    ones before all; unknown costs count nothing against the budget, and a page says that they are unknown.
    """
    made = _judged(options, margin)
    pay = dict(zip(zip(made.phase, made.strategy, made.channel, strict=True), made.pays, strict=True))
    keys = list(zip(closers.phase, closers.strategy, closers.channel, strict=True))
    rows = closers[[pay[k] in WORTH for k in keys]].to_dict("records")
    left = Stock(options)
    later = made[~made.before & made.pays.isin(WORTH) & (made.extra > 0) & (made.kind != "counted")]
    for o in later.sort_values("score", ascending=False, kind="stable").itertuples():
        got = left.take(o, float("inf"))
        if movers(o.extra, got, float(o.reachable)) >= 1:  # less is not worth the work
            rows.append(_row(o, got, o.to_stage))
    frame = _frame(rows)
    if budget is None or frame.empty:
        return frame
    worth = (frame.gmv_minor / frame.cost_minor.where(frame.cost_minor > 0)).astype(float).fillna(np.inf)
    spent, kept = 0.0, []
    for row in (
        frame.assign(_worth=worth)
        .sort_values("_worth", ascending=False, kind="stable")
        .drop(columns="_worth")
        .to_dict("records")
    ):
        cost = 0.0 if pd.isna(row["cost_minor"]) else float(row["cost_minor"])
        part = 1.0 if cost <= budget - spent else max(budget - spent, 0.0) / cost
        if row["contacts"] * part >= 1:
            kept.append(_scaled(row, part))
            spent += cost * part
    return _frame(kept)


def _row(o: Any, contacts: float, closes: str) -> dict[str, Any]:
    reach = float(o.reachable)
    money = {
        k: getattr(o, g) * contacts for k, g in (("gmv_minor", "gmv"), ("gmv_low", "gmv_low"), ("gmv_high", "gmv_high"))
    }
    return {
        **{k: getattr(o, k) for k in ("phase", "first_day", "last_day", "strategy", "from_stage", "to_stage", "reachable")},
        "people": min(contacts, reach), "contacts": contacts, "moved": movers(o.extra, contacts, reach),
        "low": movers(o.low, contacts, reach), "high": movers(o.high, contacts, reach), **money,
        "cost_minor": o.cost * contacts, "channel": o.channel, "kind": o.kind, "n": o.n, "closes": closes,
    }  # fmt: skip


def _scaled(row: dict[str, Any], part: float) -> dict[str, Any]:
    """A row with a part of its contacts; people and movers in proportion."""
    if part >= 1:
        return row
    much = ("people", "contacts", "moved", "low", "high", "gmv_minor", "gmv_low", "gmv_high", "cost_minor")
    return row | {k: row[k] * part for k in much}


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=CHOSEN)
    for column in ("people", "contacts"):
        frame[column] = np.ceil(frame[column].astype(float)).astype("Int64")
    for column in ("gmv_minor", "gmv_low", "gmv_high", "cost_minor"):
        frame[column] = frame[column].astype("Float64").round().astype("Int64")
    return frame.astype(dict.fromkeys(("moved", "low", "high"), "Float64") | {"reachable": "Int64"})


def _number(value: Any) -> float:
    return float("nan") if value is None or pd.isna(value) else float(value)
