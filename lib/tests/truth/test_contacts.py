"""What a contact adds, against the same lives with the channel silent on that day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.ledger import load_rules
from apex.measure import moves as counting
from apex.measure.market import category_of
from apex.model import moves
from apex.model.moves_level import ALL, UNTRIED
from truth import contacts, worlds

JUDGED = (131, 137, 139)  # looked at here alone; made on seed 11
CONSUMERS = 3000


def market(seed, folder, step):
    """Estimates from contacts alone (no trial is booked), and the truth of every `step`-th of their days."""
    lives, rules = worlds.live(seed, CONSUMERS), load_rules("aipl")
    book = worlds.book(lives, rules, folder)
    last = book.warehouse.last_day - dt.timedelta(days=counting.CONVERT)
    span = (last - dt.timedelta(days=179), last)
    category = category_of(book.warehouse, lives.brand, book.warehouse.last_day)
    seen = counting.counted(book, lives.brand, category, [span])
    held = moves.all_held(moves.compared(seen.points, seen.channels, counting.KNOWN, ["O", *rules.ids]))
    days = [last - dt.timedelta(days=i) for i in range(0, 180, step)]
    free = seen.points[seen.points.met == 0].groupby("cell").moved.mean()
    return moves.table(held, {}, {}, UNTRIED), contacts.silent_days(lives, rules, days), free


@pytest.mark.slow  # lives a market twice, day by day; the next test asks more of three
def test_a_silent_day_takes_what_its_contacts_brought_and_no_more():
    lives = worlds.live(5, 500)
    end = lives.worlds.market.calendar.date(lives.worlds.market.calendar.days - 1)
    days = [end - dt.timedelta(days=n) for n in (60, 50, 40, 30)]
    found = contacts.silent_days(lives, load_rules("aipl"), days)
    assert (found.contacts >= found[["moved_with", "moved_without"]].max(axis=1)).all() and found.contacts.sum() > 10
    nothing = found[found.channel == "outdoor"]  # the channel that does nothing takes nothing with it
    assert (nothing.moved_with == nothing.moved_without).all() and (nothing.gmv_with == nothing.gmv_without).all()
    assert (found.gmv_with >= 0).all() and set(found.day) <= set(days)


@pytest.mark.slow  # three markets of 3,000 consumers, sixty days of twelve channels lived again: some minutes
def test_nearer_to_the_truth_than_the_bare_difference(tmp_path):
    ours, bare = [], []
    for seed in JUDGED:
        table, true, free = market(seed, tmp_path / str(seed), 3)
        known = table[table.channel != ALL].set_index(["from_stage", "channel"])
        stages = (
            true[true.stage != "none"].groupby(["stage", "channel"])[["contacts", "moved_with", "moved_without"]].sum()
        )
        for (stage, channel), row in stages.iterrows():
            if row.contacts >= 60:
                found, truth = known.loc[(stage, channel)], (row.moved_with - row.moved_without) / row.contacts
                ours.append((row.contacts, found.extra - truth, channel, stage))
                bare.append((row.contacts, row.moved_with / row.contacts - free[stage] - truth))
    weight = np.array([w for w, *_ in ours])
    error = np.average(np.abs([e for _, e, *_ in ours]), weights=weight)
    other = np.average(np.abs([e for _, e in bare]), weights=weight)
    assert len(ours) > 40  # enough pairs of stage and channel with 60 contacts each to tell
    assert error < other
    pooled = pd.DataFrame(ours, columns=["n", "error", "channel", "stage"])
    assert abs(np.average(pooled.error, weights=pooled.n)) < 0.03
