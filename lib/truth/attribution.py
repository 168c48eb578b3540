"""`python -m truth attribution`: how far every method's credit is from what channels truly bring, with and without trials.

Truth: orders of the window and of the days after, less those of the same lives with the channel silent from the window's first
day on, all chance shared; shares of what is above nought. The default brand has trials of four of its twelve channels; the
error is asked of the other eight: ½ Σ |share of credit − share of truth|, shares being of all channels.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from apex.files import ROOT
from apex.ledger import Book, ensure, load_rules
from apex.measure import media_contacts, media_trials, paths, touch_states
from apex.measure.paths import ORDERS
from apex.model import attribution, attribution_excess, attribution_lift, attribution_methods
from apex.model.attribution_methods import METHODS
from apex.report.upstream.attribution import EXCESS, design, seen
from truth.worlds import Lives, Period, book, live
from twin.people import People
from twin.play import advance, world
from twin.purchase import BUY
from twin.stages import AT

WINDOW = ("10-21", "11-18")  # of the last year: the default campaign's goal
AFTER = 15  # days in which what the window's media caused is still counted
ERRORS = ["share", "whole", "orders", "total"]
ALL = (*METHODS, EXCESS)
REPLAYS = 12  # plays of the truth
TRIALS = ("message", "social", "feed", "live")  # channels with a trial of their own


def window(lives: Lives) -> Period:
    """The eve of the window and its last day."""
    year = lives.worlds.market.calendar.years[-1]
    first, last = (pd.Timestamp(f"{year}-{d}").date() for d in WINDOW)
    return first - timedelta(days=1), last


def true_orders(lives: Lives, period: Period, replays: int = REPLAYS) -> pd.Series:
    """Orders that each channel brings: those of the period and AFTER days later, less those with the channel silent in it.

    The mean of so many plays from the eve on, each with a chance of its own that both worlds share: one play has too few orders.
    """
    w, market = lives.worlds, lives.worlds.market
    eve, last = (market.calendar.number(d) for d in period)
    end, found = last + AFTER, np.zeros(len(market.channels))
    _, state = advance(market, w.crowd, world(market, only=0), 0, market.calendar.observed, eve + 1, w.state, keep=True)
    for salt in range(1, replays + 1):
        usual = world(market, only=0, salt_day=eve, salt=salt)
        inside, _ = advance(market, w.crowd, usual, 0, eve + 1, end + 1, state)
        in_window = inside[:, AT["minute"]] // 1440 <= last
        for number in range(len(market.channels)):
            met = np.unique(inside[in_window & (inside[:, AT["channel"]] == number), 0])
            if not len(met):
                continue
            few = People(*(a[met] for a in w.crowd))
            silent = world(market, channels=(number,), only=0, salt_day=eve, salt=salt)
            lived, then = advance(market, few, silent, 0, eve + 1, last + 1, state[met], keep=True)
            later, _ = advance(market, few, usual, 0, last + 1, end + 1, then)
            without = _orders(np.concatenate([lived, later]))
            found[number] += (_orders(inside[np.isin(inside[:, 0], met)]) - without) / replays
    return pd.Series(found, list(market.channels))


def _orders(events: np.ndarray) -> int:
    bought = events[events[:, AT["behaviour"]] == BUY]
    return len(np.unique(bought[:, 0].astype(np.int64) << 32 | bought[:, AT["basket"]]))


def credited(of: Book, brand: str, period: Period, methods: Sequence[str] = ALL) -> pd.DataFrame:
    """What the notebook's own functions say: method, calibrated (bool), channel, conversions."""
    first, last = period[0] + timedelta(days=1), period[1]
    lookback = paths.LOOKBACK
    known = attribution.read(paths.paths(of, brand, first, last, lookback, [ORDERS]))
    at_risk = paths.risk(of, brand, first, last, lookback, [ORDERS])
    contacts = media_contacts.contacts(of.warehouse, brand, None)
    lives = touch_states.lives(of.warehouse, brand)
    effects = attribution_excess.fit(attribution_excess.cells(lives, touch_states.chunks(lives)))
    lifts = media_trials.lifts(of.warehouse, brand, contacts)
    trials = seen(of, brand, lifts, contacts, lookback, methods, effects=effects)
    total, parts = float(known.conversions.sum() + known.bare[0]), []
    for m in methods:
        if m == EXCESS and effects is not None:
            credit = effects.credited(first, last)
        else:
            credit = attribution_methods.one(m, known, design(at_risk, ORDERS)).conversions
        right = attribution_lift.calibrated(credit, {}, trials[m], total).set_index("channel").conversions
        for done, part in ((False, credit), (True, right)):
            frame = part.rename("conversions").rename_axis("channel").reset_index()
            parts.append(frame.assign(method=m, calibrated=done))
    return pd.concat(parts, ignore_index=True)


def compared(seed: int, consumers: int, methods: Sequence[str] = ALL) -> pd.DataFrame:
    """One market: seed, method, calibrated, channel, conversions, true (orders)."""
    lives = live(seed, consumers)
    period = window(lives)
    with tempfile.TemporaryDirectory() as folder:
        whole = book(lives, load_rules("aipl"), Path(folder), also=("experiments", "assignments"))
        cut = ensure(whole.warehouse.until(period[1] + timedelta(days=AFTER)), whole.rules)
        said = credited(cut, lives.brand, period, methods)
    return said.assign(seed=seed, true=said.channel.map(true_orders(lives, period)).fillna(0.0))


def errors(both: pd.DataFrame) -> pd.DataFrame:
    """How far credit is from truth: seed, method, calibrated and

    share: ½ Σ |share of credit − share of truth| over channels without a trial of their own, shares being of all channels;
    whole: the same over all channels; orders: Σ |credit − truth| / Σ truth over those without a trial; total: credit / truth.
    """
    rows = []
    for (seed, method, done), part in both.groupby(["seed", "method", "calibrated"]):
        told, true = (np.maximum(part[c].to_numpy(float), 0.0) for c in ("conversions", "true"))
        off = np.abs(told / max(told.sum(), 1e-9) - true / max(true.sum(), 1e-9))
        other = ~part.channel.isin(TRIALS).to_numpy()
        missed = np.abs(told - part.true)[other].sum() / max(true[other].sum(), 1e-9)
        total = told.sum() / max(part.true.sum(), 1e-9)
        rows.append((seed, method, done, off[other].sum() / 2, off.sum() / 2, missed, total))
    return pd.DataFrame(rows, columns=["seed", "method", "calibrated", *ERRORS])


def main(arguments: list[str]) -> int:
    """Judge markets one by one; prints the mean errors of each method."""
    parser = argparse.ArgumentParser(
        prog="python -m truth attribution", description="Credit beside what channels bring."
    )
    parser.add_argument("--seeds", type=int, nargs=2, default=(2000, 2050))
    parser.add_argument("--consumers", type=int, default=4000)
    parser.add_argument("--file", type=Path, default=ROOT / "reports" / "truth" / "attribution.csv")
    chosen = parser.parse_args(arguments)
    chosen.file.parent.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in range(*chosen.seeds):
        began = time.monotonic()
        found.append(compared(seed, chosen.consumers))
        pd.concat(found).to_csv(chosen.file, index=False)
        sys.stdout.write(f"seed {seed}: {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    table = errors(pd.concat(found)).groupby(["method", "calibrated"])[ERRORS].mean()
    sys.stdout.write(f"{table.round(3).to_string()}\n")
    return 0
