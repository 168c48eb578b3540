"""Every measure against a recomputation that knows no ledger: the stage of each consumer on each day, by brute force."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, trade

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
NAMES = ["none", "A", "P", "L"]
DAYS = 40


@pytest.fixture(scope="module")
def log():
    """Forty days of exposures and purchases of twenty-five consumers at two brands."""
    dice = random.Random(7)
    start = dt.datetime(2024, 1, 1, 9)
    return [
        {
            "consumer_key": f"c{dice.randrange(25)}",
            "brand": dice.choice("bbc"),
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(600)),
            "behaviour": dice.choice(["expose", "expose", "buy"]),
            "channel": dice.choice(["tv", "web", None]),
        }
        for _ in range(320)
    ] + [
        {"consumer_key": "c0", "brand": "b", "occurred_at": start + dt.timedelta(days=d), "behaviour": "expose",
         "channel": "tv"} for d in (0, DAYS - 1)
    ]  # fmt: skip


def stages_by_hand(log, brand, last=None):
    """{(consumer, day number): stage number}, from the definitions of windows alone; events after day `last` are unseen."""
    found = {}
    for consumer in {e["consumer_key"] for e in log}:
        mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == brand]
        when = {b: {(e["occurred_at"].date() - dt.date(2024, 1, 1)).days for e in mine if e["behaviour"] == b}
                for b in ("expose", "buy")}  # fmt: skip
        for n in range(DAYS + 30):
            seen = {b: [d for d in days if d <= n and (last is None or d <= last)] for b, days in when.items()}
            bought = [d for d in seen["buy"] if n - d < 9]
            aware = any(n - d < 5 for d in seen["expose"])
            found[consumer, n] = 3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0
    return found


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


def test_stock_counts_every_stage_on_every_day(book, log, day):
    for brand in ("b", "c"):
        truth = stages_by_hand(log, brand)
        frame = assets.stock(book, brand)
        assert len(frame) == DAYS * 3
        assert list(frame.stage.cat.categories) == NAMES[1:]
        for row in frame.itertuples():
            n = (row.day - day(0)).days
            assert row.consumers == sum(s == NAMES.index(row.stage) for (_, d), s in truth.items() if d == n)


def test_flow_is_a_join_of_two_states(book, log, day):
    truth = stages_by_hand(log, "b")
    frame = assets.flow(book, "b", day(12), day(31))
    assert len(frame) == 15
    assert not ((frame.from_stage == "none") & (frame.to_stage == "none")).any()
    consumers = {c for c, _ in truth}
    for row in frame.itertuples():
        pair = (NAMES.index(row.from_stage), NAMES.index(row.to_stage))
        assert row.consumers == sum((truth[c, 12], truth[c, 31]) == pair for c in consumers)


def test_flow_agrees_with_the_stock_on_both_days(book, day):
    flow, stock = assets.flow(book, "b", day(12), day(31)), assets.stock(book, "b")
    for side, when in (("from_stage", 12), ("to_stage", 31)):
        sums = flow.groupby(side, observed=True).consumers.sum()
        there = stock[stock.day == day(when)].set_index("stage").consumers
        assert all(sums[s] == there[s] for s in NAMES[1:])


def test_moves_are_the_changes_between_days_with_a_channel_only_upward(book, log, day):
    truth = stages_by_hand(log, "b")
    moves = assets.moves(book, "b", day(10), day(30))
    changes = [(truth[c, n - 1], truth[c, n]) for c in {c for c, _ in truth} for n in range(11, 31)]
    for (before, after), group in moves.groupby(["from_stage", "to_stage"], observed=True):
        pair = (NAMES.index(before), NAMES.index(after))
        assert group.moves.sum() == changes.count(pair)
    assert moves.moves.sum() == sum(a != b for a, b in changes)
    assert moves[moves.to_stage < moves.from_stage].channel.isna().all()
    up = assets.upward(moves, moves, "channel")
    assert up.moves.sum() == sum(b > a for a, b in changes)
    assert (up.moves == up.before).all()
    assert set(up.cause.dropna()) == {"tv", "web"}
    assert assets.upward(moves, None, "channel").before.isna().all()
    down = assets.lapses(moves, None)
    assert down.moves.sum() == sum(b < a for a, b in changes)


def test_running_out_is_the_first_fall_without_new_events(book, log, day):
    today, ahead = 25, 9
    truth = stages_by_hand(log, "b", last=today)
    falls = assets.running_out(book, ["b", "nobody"], day(today), ahead)
    by_hand = []
    for consumer in {c for c, _ in truth}:
        at = truth[consumer, today]
        first = next((n for n in range(today + 1, today + ahead + 1) if truth[consumer, n] != at), None)
        if first is not None:
            by_hand.append((day(first), NAMES[at], NAMES[truth[consumer, first]]))
    assert {(r.day, r.from_stage, r.to_stage): r.consumers for r in falls.itertuples()} == pd.Series(
        by_hand
    ).value_counts().to_dict()
    assert assets.by_fall(falls).consumers.sum() == len(by_hand)
    by_day = assets.by_day(falls, day(today), ahead)
    assert len(by_day) == ahead * 3
    assert by_day.consumers.sum() == len(by_hand)


def test_days_compare_only_with_equal_windows(book, day):
    stock = assets.stock(book, "b")
    young = assets.change(book, stock, day(30), day(5))
    assert young.before.isna().all() and young.share.isna().all() and not young.comparable.any()
    old = assets.change(book, stock, day(30), day(20))
    assert old.comparable.all()
    assert (old.difference == old.now - old.before).all()
    assert book.trusted_from(1) == day(8)
    assert assets.comparable(book, day(8), day(20))
    assert not assets.comparable(book, day(7), day(20))


def test_a_brand_that_nobody_met_has_zeros_and_no_flow(book, day):
    assert assets.stock(book, "nobody").consumers.eq(0).all()
    assert assets.flow(book, "nobody", day(3), day(9)).consumers.eq(0).all()
    assert assets.moves(book, "nobody", day(3), day(9)).empty
    falls = assets.running_out(book, ["nobody"], day(9))
    assert falls.empty and assets.by_fall(falls).empty
    assert assets.by_day(falls, day(9), 30).consumers.eq(0).all()
    assert trade.sales(book.warehouse, "nobody", day(0), day(39)) == (0, 0, 0)


def test_sales_count_money_buyers_and_orders(book, log, day):
    bought = [e for e in log if e["brand"] == "b" and e["behaviour"] == "buy"
              and day(3) <= e["occurred_at"].date() <= day(20)]  # fmt: skip
    found = trade.sales(book.warehouse, "b", day(3), day(20))
    assert found.gmv_minor == 100 * len(bought)
    assert found.buyers == len({e["consumer_key"] for e in bought})
    assert found.orders == len({(e["consumer_key"], e["occurred_at"].date()) for e in bought})


def test_what_was_known_on_a_day_does_not_depend_on_later_events(market, log, day):
    rules = parse_rules(RULES)
    whole = ledger.ensure(market(log), rules)
    cut = ledger.open_ledger(whole.warehouse.until(day(20)), rules)
    for measure in (
        lambda b: assets.stock(b, "b", last=day(20)),
        lambda b: assets.flow(b, "b", day(5), day(20)),
        lambda b: assets.moves(b, "b", day(5), day(20)),
        lambda b: assets.running_out(b, ["b", "c"], day(20)),
    ):
        pd.testing.assert_frame_equal(measure(whole), measure(cut))
    assert assets.stock(cut, "b").day.max() == day(20)
    with pytest.raises(ledger.book.ApexError, match="lies outside what may be seen"):
        cut.open_book(day(21))


def test_new_and_old_are_told_by_what_was_bought_before(book, log, day):
    buys = [(e["consumer_key"], e["occurred_at"].date()) for e in log if e["brand"] == "b" and e["behaviour"] == "buy"]
    old = {c for c, d in buys if d < day(12)}
    inside = [(c, d) for c, d in buys if day(12) <= d <= day(25)]
    found = trade.by_history(book.warehouse, "b", day(12), day(25)).set_index("segment")
    assert list(found.index) == ["all", "new", "old"]
    for segment, who in (("all", lambda c: True), ("new", lambda c: c not in old), ("old", lambda c: c in old)):
        mine = [(c, d) for c, d in inside if who(c)]
        assert found.loc[segment].tolist() == [100 * len(mine), len({c for c, _ in mine}), len(set(mine))]
    assert (
        trade.by_history(book.warehouse, "nobody", day(12), day(25))[["gmv_minor", "buyers", "orders"]]
        .eq(0)
        .all(axis=None)
    )


def test_flows_of_new_and_old_add_up_to_the_flow(book, log, day):
    split = assets.flow_by_history(book, "b", day(12), day(31))
    whole = assets.flow(book, "b", day(12), day(31))
    assert len(split) == 2 * len(whole)
    pairs = ["from_stage", "to_stage"]
    assert split.groupby(pairs, observed=True).consumers.sum().to_dict() == whole.set_index(pairs).consumers.to_dict()
    truth = stages_by_hand(log, "b")
    old = {e["consumer_key"] for e in log if e["brand"] == "b" and e["behaviour"] == "buy"
           and e["occurred_at"].date() <= day(12)}  # fmt: skip
    for row in split.itertuples():
        pair = (NAMES.index(row.from_stage), NAMES.index(row.to_stage))
        mine = {c for c, _ in truth if (c in old) == (row.segment == "old")}
        assert row.consumers == sum((truth[c, 12], truth[c, 31]) == pair for c in mine)
