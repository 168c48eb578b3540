"""What a day's contacts of a channel truly added in the days that follow: the same lives, with the channel silent on that day."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.ledger import RuleSet, sweep
from apex.measure.moves import CONVERT, PASSIVE
from truth.worlds import Lives, canonical, stages_on
from twin.people import People
from twin.play import advance, world
from twin.stages import AT, codes


def silent_days(lives: Lives, rules: RuleSet, days: Sequence[date]) -> pd.DataFrame:
    """By day, channel and stage on the eve: contacts (consumers met), and of them, with the channel and without it on that day,
    moved (deeper by something else than a passive contact, or buying, within CONVERT days) and gmv_minor (paid then).

    Returns day, channel, stage (`none`: at no stage), contacts, moved_with, moved_without, gmv_with, gmv_without.
    """
    w, frames = lives.worlds, []
    market, names = w.market, ["none", *rules.ids]
    when = w.factual[:, AT["minute"]] // 1440
    state, lived_to = w.state, market.calendar.observed
    usual = world(market, only=0)
    for day in sorted(days):
        t = market.calendar.number(day)
        _, state = advance(market, w.crowd, usual, 0, lived_to, t, state, keep=True)
        lived_to, end = t, t + CONVERT
        on, past = w.factual[when == t], w.factual[when < t]
        for number, channel in enumerate(market.channels):
            met = np.unique(on[on[:, AT["channel"]] == number, 0])
            if not len(met):
                continue
            few, before = People(*(a[met] for a in w.crowd)), past[np.isin(past[:, 0], met)]
            first, then = advance(
                market, few, world(market, only=0, channels=(number,)), 0, t, t + 1, state[met], keep=True
            )
            rest, _ = advance(market, few, usual, 0, t + 1, end, then)
            without = np.concatenate([first, rest])
            without[:, 0] = met[without[:, 0]]
            with_ = w.factual[(when >= t) & (when < end) & np.isin(w.factual[:, 0], met)]
            stood = stages_on(sweep.filed(canonical(lives, before)), rules, day - timedelta(days=1), len(w.state))[met]
            frame = pd.DataFrame({"day": day, "channel": channel, "stage": np.array(names)[stood], "contacts": 1})
            for name, after in (("with", with_), ("without", without)):
                whole = np.concatenate([before, after])
                frame[f"moved_{name}"], frame[f"gmv_{name}"] = _after(lives, rules, whole, met, stood, t)
            frames.append(frame)
    found = pd.concat(frames, ignore_index=True)
    return found.groupby(["day", "channel", "stage"], as_index=False).sum()


def _after(
    lives: Lives, rules: RuleSet, events: np.ndarray, met: np.ndarray, stood: np.ndarray, t: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each of `met`: whether it moved from t to t + CONVERT − 1, and what it paid."""
    calendar = lives.worlds.market.calendar
    first, last = calendar.date(t), calendar.date(t + CONVERT - 1)
    rows = sweep.rows_of(sweep.filed(canonical(lives, events)), rules, last).to_pandas()
    rows = rows[(rows.day >= first) & rows.event_behaviour.notna() & ~rows.event_behaviour.isin(PASSIVE)]
    place = pd.Series(np.arange(len(met)), met)
    at = place[rows.consumer_id].to_numpy()
    moved = np.zeros(len(met), bool)
    np.logical_or.at(moved, at, rows.to_stage.to_numpy() > stood[at])
    buys = events[(events[:, AT["behaviour"]] == codes("buy")[0]) & (events[:, AT["minute"]] // 1440 >= t)]
    paid = np.bincount(place[buys[:, 0]].to_numpy(), buys[:, AT["value"]], len(met))
    moved |= np.bincount(place[buys[:, 0]].to_numpy(), minlength=len(met)) > 0
    return moved.astype(int), paid
