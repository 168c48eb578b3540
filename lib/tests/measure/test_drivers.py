"""Parts of a change against a recomputation by hand, and that they add up to it exactly."""

import importlib.util
import random
from pathlib import Path

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import drivers, fast

BY_HAND = Path(__file__).parent / "fast_by_hand.py"
SPEC = importlib.util.spec_from_file_location("fast_by_hand", BY_HAND)
by_hand = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(by_hand)


@pytest.fixture(scope="module")
def log():
    return by_hand.log()


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(by_hand.RULES))


@pytest.fixture
def spans(day):
    return {name: (day(a), day(b)) for name, (a, b) in by_hand.PERIODS.items()}


def test_rises_split_to_the_counts_by_stage_channel_and_crowd(book, log, spans):
    found, counted = drivers.rises(book, "b", spans), fast.counts(book, spans, ["b"]).set_index("period")
    for period, (start, end) in by_hand.PERIODS.items():
        mine, truth = found[found.period == period], by_hand.stages(log, "b")
        assert mine.consumers.sum() == counted.loc[period, "start"]
        assert mine.consumers[mine.rose].sum() == counted.loc[period, "rose"]
        assert (mine.channel[~mine.rose] == drivers.UNKNOWN).all()
        for stage, name in enumerate("APL", 1):
            held = [c for c in {c for c, _ in truth} if truth[c, start] == stage]
            assert mine.consumers[mine.stage == name].sum() == len(held)
            assert mine.consumers[(mine.stage == name) & mine.rose].sum() == sum(truth[c, end] > stage for c in held)


def test_the_channel_is_that_of_the_last_move_up(market, day):
    told = [
        {"consumer_key": "a", "brand": "b", "behaviour": b, "occurred_at": f"2024-01-{d:02}", "channel": channel}
        for b, d, channel in (("expose", 1, "tv"), ("expose", 9, "tv"), ("buy", 10, "web"), ("buy", 11, None),
                              ("expose", 30, "tv"))
    ]  # fmt: skip
    told += [{**e, "consumer_key": "z", "channel": None} for e in told]
    book = ledger.ensure(market(told), parse_rules(by_hand.RULES))
    frame = drivers.rises(book, "b", {"now": (day(8), day(12)), "before": (day(1), day(8))})
    assert dict(zip(frame[frame.rose].channel, frame[frame.rose].consumers, strict=True)) == {"web": 1, "": 1}
    channels = drivers.by_channel(frame)
    assert channels[["now", "before"]].sum().tolist() == [2, 0]


def test_crowds_are_a_trait_and_the_unknown_stand_apart(market, log, spans, monkeypatch):
    warehouse = market(log)
    people = warehouse.table("consumers")
    table = type(warehouse).table

    def traits(self, name):
        rows = table(self, name)
        half = people.consumer_id % 2 == 0
        return rows.mutate(life_stage=half.ifelse("young", None)) if name == "consumers" else rows

    monkeypatch.setattr(type(warehouse), "table", traits)
    assert drivers.trait_of(warehouse) is None, "one value tells nobody apart"
    book = ledger.ensure(warehouse, parse_rules(by_hand.RULES))
    split, whole = drivers.rises(book, "b", spans, "life_stage"), drivers.rises(book, "b", spans)
    assert set(split.crowd) == {"young", drivers.UNKNOWN}
    assert split.consumers.sum() == whole.consumers.sum()
    assert drivers.by_group(split, "crowd").start_now.sum() == whole[whole.period == "now"].consumers.sum()


def test_mix_and_rate_add_up_to_the_change_exactly(book, spans):
    counted = fast.values(fast.figures(fast.counts(book, spans, ["b"])))
    share = counted[counted.figure == "A"].set_index("period").value
    for by in ("stage", "crowd"):
        groups = drivers.by_group(drivers.rises(book, "b", spans), by)
        parts = drivers.mix_and_rate(groups, groups.start_now.sum(), groups.start_before.sum())
        change = share["now"] - share["before"]
        assert parts[["mix", "rate"]].sum().sum() == pytest.approx(change, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_parts_add_up_for_any_counts_and_pure_changes_are_told_apart(seed):
    dice = random.Random(seed)
    rows = []
    for _ in range(5):
        now, before = dice.choice([0, 7, 50, 300]), dice.choice([0, 9, 60, 200])
        rows.append([now, dice.randint(0, now), before, dice.randint(0, before)])
    groups = pd.DataFrame(rows, columns=["start_now", "rose_now", "start_before", "rose_before"])
    total = groups.sum()
    share = [total[f"rose_{s}"] / total[f"start_{s}"] if total[f"start_{s}"] else 0 for s in ("now", "before")]
    parts = drivers.mix_and_rate(groups, total.start_now, total.start_before)
    assert parts[["mix", "rate"]].sum().sum() == pytest.approx(share[0] - share[1], abs=1e-12)
    doubled = groups.assign(start_now=groups.start_before * 2, rose_now=groups.rose_before * 2)
    still = drivers.mix_and_rate(doubled, doubled.start_now.sum(), doubled.start_before.sum())
    assert still[["mix", "rate"]].abs().max().max() == pytest.approx(0, abs=1e-12)


def test_rates_alone_are_no_mix_and_stocks_alone_no_rate():
    groups = pd.DataFrame(
        {"start_now": [100, 100], "rose_now": [20, 5], "start_before": [100, 100], "rose_before": [10, 5]}
    )
    parts = drivers.mix_and_rate(groups, 200, 200)
    assert parts.mix.tolist() == [0, 0] and parts.rate.tolist() == pytest.approx([0.05, 0])
    groups = pd.DataFrame(
        {"start_now": [150, 50], "rose_now": [15, 0], "start_before": [100, 100], "rose_before": [10, 0]}
    )
    parts = drivers.mix_and_rate(groups, 200, 200)
    assert parts.rate.tolist() == [0, 0] and parts.mix.sum() == pytest.approx(0.025)
    hidden = drivers.mix_and_rate(groups.astype("Int64").assign(rose_now=pd.array([None, 0], "Int64"),
                                                             start_now=pd.array([None, 50], "Int64")), 200, 200)  # fmt: skip
    assert hidden.loc[0, ["rate_now", "mix", "rate"]].isna().all() and hidden.loc[1, "rate"] == 0


def test_a_group_that_comes_or_goes_is_all_mix():
    groups = pd.DataFrame(
        {"start_now": [100, 0], "rose_now": [10, 0], "start_before": [100, 40], "rose_before": [10, 20]}
    )
    parts = drivers.mix_and_rate(groups, 100, 140)
    assert parts.rate[1] == 0 and parts.mix[1] < 0 and pd.isna(parts.rate_now[1])


def test_a_brand_that_nobody_met_has_no_rises(book, spans):
    none = drivers.rises(book, "nobody", spans)
    assert none.empty and drivers.by_channel(none).empty
    groups = drivers.by_group(none, "stage")
    assert list(groups.stage) == ["A", "P", "L"] and drivers.mix_and_rate(groups, 0, 0)[["mix", "rate"]].eq(0).all(
        axis=None
    )


def test_what_was_known_on_a_day_does_not_depend_on_later_events(book, day):
    cut = ledger.open_ledger(book.warehouse.until(day(30)), book.rules)
    asked = {"now": (day(20), day(30)), "before": (day(10), day(20))}
    pd.testing.assert_frame_equal(drivers.rises(book, "b", asked), drivers.rises(cut, "b", asked))
