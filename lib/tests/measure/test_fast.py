"""FAST against a recomputation that knows no ledger: the stage of each consumer on each day, by brute force."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, fast

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
DAYS = 60
PERIODS = {"now": (45, 59), "before": (31, 45), "long": (10, 59), "young": (3, 20)}


@pytest.fixture(scope="module")
def log():
    """Sixty days of thirty consumers at three brands: exposures, purchases, joins and leaves."""
    dice = random.Random(11)
    start = dt.datetime(2024, 1, 1, 9)
    return [
        {
            "consumer_key": f"c{dice.randrange(30)}",
            "brand": dice.choice("bbcd"),
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(600)),
            "behaviour": dice.choice(["expose", "expose", "expose", "buy", "join", "leave", "cart"]),
            "channel": dice.choice(["tv", "web", None]),
            "business": dice.choice(["shop", "market"]),
            "seq": number,
        }
        for number in range(700)
    ] + [
        {"consumer_key": "c0", "brand": "b", "occurred_at": start + dt.timedelta(days=d), "behaviour": "expose",
         "channel": "tv", "business": "shop", "seq": 700 + d} for d in (0, DAYS - 1)
    ]  # fmt: skip


def number(day):
    return (day - dt.date(2024, 1, 1)).days


def stages_by_hand(log, brand):
    """{(consumer, day number): stage number}, from the definitions of windows alone."""
    found = {}
    for consumer in {e["consumer_key"] for e in log}:
        mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == brand]
        when = {b: {number(e["occurred_at"].date()) for e in mine if e["behaviour"] == b} for b in ("expose", "buy")}
        for n in range(-1, DAYS):
            bought = [d for d in when["buy"] if 0 <= n - d < 9]
            aware = any(0 <= n - d < 5 for d in when["expose"])
            found[consumer, n] = 3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0
    return found


def by_hand(log, brand, start, end):
    """F, its period's union and what A is made of, consumer by consumer and day by day."""
    truth = stages_by_hand(log, brand)
    people = sorted({c for c, _ in truth})
    ends = {c: (truth[c, start], truth[c, end]) for c in people}
    ups = [(c, n) for c in people for n in range(start + 1, end + 1) if 0 < truth[c, n - 1] < truth[c, n]]
    return {
        "consumers": sum(b > 0 for _, b in ends.values()),
        "reached": sum(any(truth[c, n] for n in range(start + 1, end + 1)) for c in people),
        "start": sum(a > 0 for a, _ in ends.values()),
        "eligible": sum(0 < a < 3 for a, _ in ends.values()),
        "rose": sum(0 < a < b for a, b in ends.values()),
        "moves_up": len(ups),
    }


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


@pytest.fixture
def spans(day):
    return {name: (day(a), day(b)) for name, (a, b) in PERIODS.items()}


def test_counts_of_all_brands_in_one_pass_are_those_by_hand(book, log, spans):
    frame = fast.counts(book, spans, window=9).set_index(["brand", "period"])
    assert sorted(set(frame.index.get_level_values(0))) == ["b", "c", "d"]
    for brand, period in frame.index:
        truth = by_hand(log, brand, *PERIODS[period])
        assert frame.loc[(brand, period), list(truth)].to_dict() == truth, (brand, period)
    assert (frame.rose != frame.moves_up).any(), "end states and moves differ, or nothing here tells them apart"
    assert (frame.reached > frame.consumers).any()


def test_members_stand_beside(book, spans):
    from apex.measure import members

    frame = fast.counts(book, spans, ["b"], window=9).set_index("period")
    for period, (_, end) in spans.items():
        held = members.on_days(book.warehouse, [end], ["b"], 9).iloc[0]
        assert frame.loc[period, members.COUNTS].tolist() == held[members.COUNTS].tolist()


def test_rates_are_formed_from_what_is_shown(book, spans):
    counted = fast.counts(book, spans, ["b"])
    counted.loc[counted.period == "before", ["rose", "members"]] = pd.NA
    frame = fast.rates(counted).set_index("period")
    now = frame.loc["now"]
    assert now[["A", "A_eligible"]].tolist() == pytest.approx([now.rose / now.start, now.rose / now.eligible])
    assert now["T"] == pytest.approx(now.active / now.members) and now[["F", "S"]].tolist() == [
        now.consumers,
        now.members,
    ]
    assert frame.loc["before", ["A", "A_eligible", "S", "T"]].isna().all()


def test_a_young_period_is_not_compared(book, spans, day):
    frame = fast.rates(fast.counts(book, spans, ["b"])).set_index("period")
    assert frame.moves_comparable.to_dict() == {"now": True, "before": True, "long": True, "young": False}
    assert frame.comparable.all() and pd.isna(frame.loc["young", "A"]) and frame.loc["young", "F"] > 0
    assert frame.members_comparable.to_dict() == {"now": True, "before": True, "long": True, "young": False}
    early = fast.rates(fast.counts(book, {"now": spans["now"], "early": (day(-20), day(-6))}, ["b"]))
    assert early[early.period == "early"][["F", "A", "A_eligible", "S", "T"]].isna().all(axis=None)


def test_a_market_without_memberships_has_neither_s_nor_t(market, log, spans):
    bare = market([e for e in log if e["behaviour"] not in ("join", "leave")])
    frame = fast.rates(fast.counts(ledger.ensure(bare, parse_rules(RULES)), spans))
    assert frame[["S", "T"]].isna().all(axis=None) and frame[frame.comparable].F.notna().all()


def test_a_brand_that_nobody_met_has_zeros_and_no_rates(book, spans):
    frame = fast.rates(fast.counts(book, spans, ["nobody"]))
    assert len(frame) == len(PERIODS)
    assert frame[[*fast.PEOPLE, "moves_up"]].eq(0).all(axis=None)
    assert frame[["A", "A_eligible", "T"]].isna().all(axis=None)
    assert fast.rises(book, "nobody", spans).empty
    assert fast.weekly(book, spans["now"][1], 3, ["nobody"])[["consumers", "start", "rose"]].eq(0).all(axis=None)


def test_weeks_are_those_by_hand_and_agree_with_the_counts(book, log, spans, day):
    last = spans["now"][1]
    frame = fast.weekly(book, last, 7)
    assert len(frame) == 3 * 7 and frame.day.max() == last
    for row in frame.itertuples():
        truth = by_hand(log, row.brand, number(row.day) - 7, number(row.day))
        for column in ("consumers", "start", "eligible", "rose"):
            assert getattr(row, column) == truth[column], (row.brand, row.day, column)
    beyond = fast.weekly(book, last, 12, ["b"])  # begins before the data do
    assert beyond.consumers.iloc[0] == 0 and beyond.tail(7).reset_index(drop=True).equals(
        frame[frame.brand == "b"].reset_index(drop=True)
    )


def test_rises_split_to_the_counts_by_stage_channel_and_crowd(book, log, spans):
    found, counted = fast.rises(book, "b", spans), fast.counts(book, spans, ["b"]).set_index("period")
    for period, (start, end) in PERIODS.items():
        mine, truth = found[found.period == period], stages_by_hand(log, "b")
        assert mine.consumers.sum() == counted.loc[period, "start"]
        assert mine.consumers[mine.rose].sum() == counted.loc[period, "rose"]
        assert (mine.channel[~mine.rose] == fast.UNKNOWN).all()
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
    book = ledger.ensure(market(told), parse_rules(RULES))
    frame = fast.rises(book, "b", {"now": (day(8), day(12)), "before": (day(1), day(8))})
    assert dict(zip(frame[frame.rose].channel, frame[frame.rose].consumers, strict=True)) == {"web": 1, "": 1}
    channels = fast.by_channel(frame)
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
    assert fast.trait_of(warehouse) is None, "one value tells nobody apart"
    book = ledger.ensure(warehouse, parse_rules(RULES))
    split, whole = fast.rises(book, "b", spans, "life_stage"), fast.rises(book, "b", spans)
    assert set(split.crowd) == {"young", fast.UNKNOWN}
    assert split.consumers.sum() == whole.consumers.sum()
    assert fast.by_group(split, "crowd").start_now.sum() == whole[whole.period == "now"].consumers.sum()


def test_mix_and_rate_add_up_to_the_change_exactly(book, spans):
    counted = fast.rates(fast.counts(book, spans, ["b"])).set_index("period")
    for by in ("stage", "crowd"):
        groups = fast.by_group(fast.rises(book, "b", spans), by)
        parts = fast.mix_and_rate(groups, groups.start_now.sum(), groups.start_before.sum())
        change = counted.loc["now", "A"] - counted.loc["before", "A"]
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
    parts = fast.mix_and_rate(groups, total.start_now, total.start_before)
    assert parts[["mix", "rate"]].sum().sum() == pytest.approx(share[0] - share[1], abs=1e-12)
    doubled = groups.assign(start_now=groups.start_before * 2, rose_now=groups.rose_before * 2)
    still = fast.mix_and_rate(doubled, doubled.start_now.sum(), doubled.start_before.sum())
    assert still[["mix", "rate"]].abs().max().max() == pytest.approx(0, abs=1e-12)


def test_rates_alone_are_no_mix_and_stocks_alone_no_rate():
    groups = pd.DataFrame(
        {"start_now": [100, 100], "rose_now": [20, 5], "start_before": [100, 100], "rose_before": [10, 5]}
    )
    parts = fast.mix_and_rate(groups, 200, 200)
    assert parts.mix.tolist() == [0, 0] and parts.rate.tolist() == pytest.approx([0.05, 0])
    groups = pd.DataFrame(
        {"start_now": [150, 50], "rose_now": [15, 0], "start_before": [100, 100], "rose_before": [10, 0]}
    )
    parts = fast.mix_and_rate(groups, 200, 200)
    assert parts.rate.tolist() == [0, 0] and parts.mix.sum() == pytest.approx(0.025)
    hidden = fast.mix_and_rate(groups.astype("Int64").assign(rose_now=pd.array([None, 0], "Int64"),
                                                             start_now=pd.array([None, 50], "Int64")), 200, 200)  # fmt: skip
    assert hidden.loc[0, ["rate_now", "mix", "rate"]].isna().all() and hidden.loc[1, "rate"] == 0


def test_a_group_that_comes_or_goes_is_all_mix():
    groups = pd.DataFrame(
        {"start_now": [100, 0], "rose_now": [10, 0], "start_before": [100, 40], "rose_before": [10, 20]}
    )
    parts = fast.mix_and_rate(groups, 100, 140)
    assert parts.rate[1] == 0 and parts.mix[1] < 0 and pd.isna(parts.rate_now[1])


def test_periods_are_of_one_length_and_a_leap_day_has_a_year_ago():
    found = fast.periods(dt.date(2024, 2, 29), 28)
    assert {(end - start).days for start, end in found.values()} == {28}
    assert found["before"][1] == found["now"][0] and found["year_ago"][1] == dt.date(2023, 2, 28)


def test_what_was_known_on_a_day_does_not_depend_on_later_events(book, day, spans):
    cut = ledger.open_ledger(book.warehouse.until(day(30)), book.rules)
    asked = {"now": (day(20), day(30)), "before": (day(10), day(20))}
    pd.testing.assert_frame_equal(fast.rises(book, "b", asked), fast.rises(cut, "b", asked))
    one, other = (fast.counts(b, asked, ["b"]) for b in (book, cut))
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(fast.weekly(book, day(30), 3, ["b"]), fast.weekly(cut, day(30), 3, ["b"]))
    assert assets.stock(cut, "b").consumers.tail(3).sum() == other.consumers.iloc[0]
