"""`python -m truth lift`: intervals of a trial's lift and of its effect on purchase intent, over a thousand small markets.

Each market is drawn anew. An analyst sees 1,500 consumers, a trial among four fifths of them, and a campaign whose media go to
likely buyers. Truth is of the same draw with twenty times the consumers, everybody treated beside everybody held out. The
oracle is the same estimator told what each consumer would be expected to do in either arm (the mean of many plays): nobody can
know more. The bare difference of reached and other consumers stands beside them, since it must fail.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from apex.files import ROOT
from apex.measure import experiment, intent
from apex.model import effect, experiments
from apex.model import intent as index
from apex.model.estimate import LEVEL
from twin import tables
from twin.market import Drawn, draw_market
from twin.people import People
from twin.play import advance, consumers, ordered, world
from twin.stages import AT, codes

if TYPE_CHECKING:
    from apex.warehouse import Warehouse

SMALL, TIMES = 1500, 20
PLAYS = 12  # of either arm, for what is to be expected of a consumer
TRIAL, CAMPAIGN = "b00-social-2023", "b00-618-2023"
BARE = 10  # the bare difference is asked of every tenth market: it fails in nearly all
MEASURES = ("buyers", "gmv_minor", "intent")
COLUMNS = ["seed", "measure", "method", "effect", "low", "high", "true"]


def compared(seed: int) -> pd.DataFrame:
    """One market: a row a measure and method, its interval and the truth (COLUMNS).

    Methods: ours, oracle; of every BARE-th market the bare difference of buyers.
    """
    m = draw_market(seed, {"market/history_days": 60})
    crowd, _ = consumers(m, np.arange(1, SMALL * TIMES + 1))
    few = People(*(a[:SMALL] for a in crowd))
    number = next(n for n, t in enumerate(m.trials) if t["key"] == TRIAL)
    trial = m.trials[number]
    first, last = int(trial["first"]), int(trial["last"])
    _, eve = advance(m, crowd, world(m, only=0), 0, 0, first, keep=True)
    seen = _seen(m, advance(m, few, world(m), 0, 0, last + 1)[0], SMALL, m.calendar.observed, last)
    units = experiment.of_trial(seen, m.brands[0], TRIAL, m.calendar.date(first), m.calendar.date(last))
    days = intent.spells(seen, m.brands[0], m.categories[0], seen.last_day, index.SHOWN + index.GAP + index.LEARN)
    _, learned_from, learned_to = cast("tuple[int, int, int]", index.plan(days))
    weights = index.learn(days, learned_from, learned_to)
    if weights is None:
        raise RuntimeError(f"seed {seed}: too few purchases to learn weights from.")
    arms = intent.arms(seen, TRIAL)
    listed, given = arms.consumer_id.to_numpy() - 1, ~arms.held.to_numpy(bool)
    inside, treated = np.zeros(SMALL, bool), np.zeros(SMALL, bool)
    inside[listed], treated[listed] = True, given
    chance = np.full(SMALL, float(trial["propensity"]))

    expected, truth = {}, {}
    for arm in (0, 1):
        lived = advance(m, crowd, world(m, only=0, force={number: arm}), 0, first, last + 1, eve)[0]
        on = crowd.arm[:, number] >= 0
        truth[arm] = {k: v[on].mean() for k, v in _outcomes(m, lived, len(on), (first, last), days, weights).items()}
        plays = []
        for salt in range(1, PLAYS + 1):
            of = world(m, only=0, force={number: arm}, salt_day=first - 1, salt=salt)
            again = advance(m, few, of, 0, first, last + 1, eve[:SMALL])[0]
            again[:, 0] += (salt - 1) * SMALL
            plays.append(again)
        of_arm = _outcomes(m, np.concatenate(plays), PLAYS * SMALL, (first, last), days, weights)
        expected[arm] = {k: v.reshape(PLAYS, SMALL).mean(axis=0) for k, v in of_arm.items()}
    true = {k: float(truth[1][k] - truth[0][k]) for k in MEASURES}

    rows: list[tuple[Any, ...]] = []
    ours = experiments.effects(units).set_index("outcome")
    at = units.arm.index.to_numpy() - 1
    for measure in ("buyers", "gmv_minor"):
        row = ours.loc[measure]
        rows.append((seed, measure, "ours", row.effect, row.low, row.high, true[measure]))
        known = pd.DataFrame({a: expected[a][measure][at] for a in (0, 1)}, units.arm.index)
        told = effect.adjusted(units.outcomes[measure], units.arm != units.reference, known)
        rows.append((seed, measure, "oracle", told.effect, told.low, told.high, true[measure]))
    spell = days.at
    found = index.compared(days, weights, spell, spell, treated, inside, chance, 2, LEVEL)
    rows.append((seed, "intent", "ours", found.effect, found.low, found.high, true["intent"]))
    score = pd.Series(index.scores(days, weights, spell)[inside])
    known = pd.DataFrame({a: expected[a]["intent"][inside] for a in (0, 1)})
    even = pd.Series(chance[inside])
    told = effect.aipw(score, pd.Series(treated[inside]), known, propensity=even)
    rows.append((seed, "intent", "oracle", told.effect, told.low, told.high, true["intent"]))
    rows += [(seed, "buyers", "bare", *_bare(m, crowd))] if seed % BARE == 0 else []
    return pd.DataFrame(rows, columns=COLUMNS)


def _bare(m: Drawn, crowd: People) -> tuple[float, float, float, float]:
    """Buyers among those whom the campaign reached beside the others (effect, low, high), and what it truly changed of them."""
    number = next(n for n, c in enumerate(m.campaigns) if c.key == CAMPAIGN)
    first, last = m.campaigns[number].first, m.campaigns[number].last
    _, eve = advance(m, crowd, world(m, only=0), 0, 0, first, keep=True)
    lived, silent = (
        advance(m, crowd, world(m, only=0, campaigns=off), 0, first, last + 1, eve)[0] for off in ((), (number,))
    )
    n = len(crowd.number)
    met = np.isin(np.arange(n), lived[lived[:, AT["campaign"]] == number, 0])
    with_, without = (np.isin(np.arange(n), e[e[:, AT["behaviour"]] == codes("buy")[0], 0]) for e in (lived, silent))
    wide = pd.DataFrame({0: with_[:SMALL].astype(float)})
    told = effect.naive(wide, pd.Series(met[:SMALL]))
    true = float(with_[met].mean() - without[met].mean())
    return told.effect, told.low, told.high, true


def _outcomes(
    m: Drawn, events: np.ndarray, people: int, span: tuple[int, int], days: intent.Spells, weights: index.Weights
) -> dict[str, np.ndarray]:
    """(people,) of each measure in the days `span` of the default brand; intent in the last spell of them."""
    events = events[events[:, AT["minute"]] // 1440 <= span[1]]
    bought = events[events[:, AT["behaviour"]] == codes("buy")[0]]
    paid = np.bincount(bought[:, 0], bought[:, AT["value"]], people)
    seen = _seen(m, events, people, *span)
    found = intent.spells(seen, m.brands[0], m.categories[0], days.days[days.at], 1)
    # a consumer's score is linear in what he did: as `model.intent.scores`, beside what the small market's others did
    did = intent.bits(found.did[0][:, found.own])
    per = index.per_behaviour(weights, index.benchmark(days, days.at))
    return {"buyers": np.isin(np.arange(people), bought[:, 0]).astype(float), "gmv_minor": paid, "intent": did @ per}


def _seen(m: Drawn, events: np.ndarray, people: int, first: int, last: int) -> "Warehouse":
    """These events as an observer's tables, in memory: rows (0 …) become consumer_id (1 …); first, last: days seen."""
    import ibis

    events = ordered(events[events[:, AT["minute"]] // 1440 <= last])  # a cart's order may lie behind the last day
    events[:, 0] += 1
    table = tables.events(m, events, 1)
    who, lists = tables.people_table(m, np.arange(1, min(people, SMALL) + 1))
    if people > SMALL:  # traits are not asked of them
        who = pa.table({"consumer_id": np.arange(1, people + 1)})
    channels = tables.others(m)["channels"]
    held = {"events": table, "consumers": who, "assignments": lists, "channels": channels}
    lazy = {name: ibis.memtable(t) for name, t in held.items()}
    return cast("Warehouse", SimpleNamespace(
        table=lazy.__getitem__, has=lazy.__contains__, first_day=m.calendar.date(first), last_day=m.calendar.date(last),
        facts=SimpleNamespace(brands=list(m.brands)),
    ))  # fmt: skip


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a measure and method: markets, coverage (of intervals at the level they state), width (median), mean_error."""
    rows = rows.assign(
        held=(rows.low <= rows.true) & (rows.true <= rows.high),
        width=rows.high - rows.low,
        error=rows.effect - rows.true,
    )
    of = rows.groupby(["measure", "method"])
    return of.agg(
        markets=("seed", "size"), coverage=("held", "mean"), width=("width", "median"), mean_error=("error", "mean")
    )


def markets(seeds: Iterable[int], workers: int = 2, file: Path | None = None) -> pd.DataFrame:
    """`compared` of each seed, on so many processes, each one new after a while so that tables in memory go with it.

    file: what is done so far is kept there.
    """
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=25) as pool:
        parts: list[pd.DataFrame] = []
        for part in pool.imap_unordered(compared, seeds):
            parts.append(part)
            if file is not None and len(parts) % 50 == 0:
                pd.concat(parts).to_csv(file, index=False)
    return pd.concat(parts, ignore_index=True)


def main(arguments: list[str]) -> int:
    """Judge the markets; prints coverage and widths, keeps every interval beside its truth."""
    parser = argparse.ArgumentParser(
        prog="python -m truth lift", description="Intervals of lift and intent beside truth."
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 1000))
    parser.add_argument("--file", type=Path, default=ROOT / "reports" / "truth" / "lift.csv")
    chosen = parser.parse_args(arguments)
    chosen.file.parent.mkdir(parents=True, exist_ok=True)
    found = markets(range(*chosen.seeds), file=chosen.file)
    found.sort_values(["seed", "measure", "method"]).to_csv(chosen.file, index=False)
    sys.stdout.write(f"{judged(found).round(4).to_string()}\n")
    return 0
