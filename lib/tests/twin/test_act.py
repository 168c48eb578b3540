"""Plans on one market: the same chance for all of them, and no difference but what they cause."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

import twin
from twin.act import Market
from twin.contact import CLAIM, SAMPLE
from twin.play import advance, world
from twin.purchase import BUY, FIELDS
from twin.stages import STAGES, stages
from twin.worlds import NOBODY

N = 1500
FEW = 400
AT = {name: n for n, name in enumerate(FIELDS)}
FIRST, LAST = dt.date(2024, 9, 20), dt.date(2024, 11, 18)
PHASES = {
    "build-up": (FIRST, dt.date(2024, 10, 20)),
    "burst": (dt.date(2024, 11, 11), dt.date(2024, 11, 11)),
}
BASE = {"campaign_id": "b00-plan", "first_day": FIRST, "last_day": LAST, "phases": PHASES}
EVENTS = [{"phase": "burst", "depth": 0.25}]
MEDIA = [
    {"channel": "social", "phase": "build-up", "budget_minor": 5_000},
    {"channel": "feed", "budget_minor": 30_000},
    {"channel": "short-video", "impressions": 200},
]


def planned(**more):
    return twin.Plan(**{**BASE, "media": MEDIA, "events": EVENTS, **more})


def bought(media, times):
    return [{k: v * times if k in ("budget_minor", "impressions") else v for k, v in line.items()} for line in media]


def of(events, *, who=None, before=None, channel=None):
    at = np.ones(len(events), bool)
    if who is not None:
        at &= np.isin(events[:, 0], who)
    if before is not None:
        at &= events[:, AT["minute"]] < before
    if channel is not None:
        at &= events[:, AT["channel"]] == channel
    return events[at]


def met(played):
    """Contacts of the plan's lines, a row each."""
    e = played.events
    return e[
        (e[:, AT["campaign"]] >= len(played.market.drawn.campaigns))
        & (e[:, AT["creative"]] >= 0)
        & (e[:, AT["behaviour"]] < 2)
    ]


@pytest.fixture(scope="module")
def acted():
    return Market(twin.Config(N), seed=5)


@pytest.fixture(scope="module")
def brand(acted):
    return acted.drawn.brands[0]


@pytest.fixture(scope="module")
def nothing(acted, brand):
    return acted.play(twin.Plan(**BASE), brand=brand)


@pytest.fixture(scope="module")
def once(acted, brand):
    return acted.play(planned(), brand=brand)


def test_the_same_plan_twice_gives_the_same_tables():
    # a few hundred consumers, in more than one block: all tables of all categories are played, twice
    one, two = (Market(twin.Config(FEW), seed=5).play(planned(), cores=c) for c in (2, 1))
    assert set(one.tables) == set(two.tables) and len(one.tables["events"]) > 10_000
    for name, table in one.tables.items():
        assert table.equals(two.tables[name]), name


def test_a_plan_of_nothing_is_the_world_with_all_off(acted, nothing):
    """Nothing by the plan, beside every switch of the truth's worlds thrown, and no benefits: two ways to one world."""
    m, calendar = acted.drawn, acted.drawn.calendar
    first, last = calendar.number(FIRST), calendar.number(LAST)
    off = world(m, channels=tuple(range(len(m.channels))), event_days=((first, last),), only=0)
    offer = off.offer.copy()
    offer[first : last + 1, 0] = NOBODY
    lived, _ = advance(m, acted.crowd, off._replace(offer=offer), 0, first, last + 1, acted._past.states[0])
    lived[:, 0] += 1
    order = np.lexsort((np.arange(len(lived)), lived[:, 1], lived[:, 0]))
    assert len(lived) > 300 and np.array_equal(lived[order], nothing.events)


def test_as_usual_is_the_factual_world(acted, brand, market):
    eve = acted.usual(FIRST - dt.timedelta(days=1), brand=brand)
    later = acted.usual(LAST, after=eve, brand=brand)
    whole, _ = advance(market, acted.crowd, world(market, only=0), 0, 0, later.until)
    both = np.concatenate([eve.events, later.events])
    assert np.array_equal(np.sort(both[:, 1]), np.sort(whole[:, 1])) and len(both) == len(whole)


def test_who_meets_neither_plan_lives_the_same_life(acted, brand, once):
    other = acted.play(planned(media=bought(MEDIA, 3)), brand=brand)
    touched = np.union1d(met(once)[:, 0], met(other)[:, 0])
    alone = np.setdiff1d(np.arange(1, N + 1), touched)
    assert len(touched) > 100 and len(alone) > 100
    assert np.array_equal(of(once.events, who=alone), of(other.events, who=alone))
    assert len(of(once.events, who=touched)) < len(of(other.events, who=touched))


def test_one_life_is_the_same_until_the_plans_meet_it_differently(acted, brand, once, nothing):
    """On one consumer: until the first contact two lives are one; then they part."""
    contacts = met(once)
    parted = 0
    for who in np.unique(contacts[:, 0])[:40]:
        first = contacts[contacts[:, 0] == who][:, AT["minute"]].min()
        one, two = (of(p.events, who=[who], before=first) for p in (once, nothing))
        assert np.array_equal(one, two)
        parted += len(of(once.events, who=[who])) > len(of(nothing.events, who=[who]))
    assert parted == 40


def test_a_larger_budget_meets_those_it_met_before_and_more(acted, brand):
    """One line: at twice the money every first contact of the smaller plan is there, at its moment."""
    found = []
    for times in (1, 2, 4):
        contacts = met(acted.play(planned(media=bought(MEDIA[:1], times)), brand=brand))
        found.append(set(map(tuple, contacts[:, [0, AT["minute"]]])))
    days = [{(who, minute // 1440) for who, minute in rows} for rows in found]
    assert days[0] < days[1] < days[2]


def test_budgets_are_spent_to_the_last_fen_and_contacts_are_those_expected(once):
    lines = once.lines.set_index("channel")
    assert lines.spent_minor["social"] == 5_000 and lines.spent_minor["feed"] == 30_000
    assert lines.spent_minor["short-video"] == 0
    assert (abs(lines.impressions - lines.wanted) <= 4 * np.sqrt(lines.wanted)).all() and (lines.wanted > 20).all()
    spend = once.tables["spend"].to_pandas()
    assert spend[spend.campaign_id == "b00-plan"].cost_minor.sum() == lines.spent_minor.sum()
    assert spend[spend.campaign_id == "b00-plan"].impressions.sum() == lines.impressions.sum() == len(met(once))


def test_contracts_of_a_plan_are_told_slot_by_slot(acted, brand):
    plan = planned(media=[{"channel": "topview", "phase": "build-up", "impressions": 240}])
    told = acted.play(plan, brand=brand).tables["contracts"].to_pandas()
    assert told.placement.tolist() == ["topview-首屏", "topview-次屏"] and set(told.campaign_id) == {"b00-plan"}
    assert (told.amount == 120).all() and (told.penalty_minor < told.price_minor).all()
    assert (told.first_day == FIRST).all() and (told.last_day == PHASES["build-up"][1]).all()


def test_the_price_rises_with_what_is_bought_and_nobody_sells_more_than_there_is(acted, brand):
    lines = [acted.play(planned(media=bought(MEDIA[1:2], t)), brand=brand).lines.iloc[0] for t in (0.1, 1, 3, 1000)]
    price = [line.spent_minor / line.wanted for line in lines[:3]]
    assert price[0] < price[1] < price[2]
    assert lines[3].spent_minor < lines[3].budget_minor  # what cannot be had is not paid
    assert lines[3].impressions > lines[2].impressions


def test_crowds_audiences_and_arms_alone_are_met(acted, brand):
    few = np.arange(1, N, 3)
    plan = planned(
        audiences={"few": few.tolist()},
        trials=[{"name": "t", "arms": {"a": 0.5, "b": 0.3, "none": 0.2}, "share": 0.8},
                {"name": "h", "arms": {"treated": 0.7, "control": 0.3}}],
        hold_out="h",
        media=[
            {"channel": "feed", "audience": "few", "budget_minor": 20_000},
            {"channel": "social", "crowd": "Gen Z", "budget_minor": 40_000},
            {"channel": "live", "trial": "t", "arm": "a", "budget_minor": 40_000},
            {"channel": "video-feed", "trial": "t", "arm": "b", "budget_minor": 40_000},
        ],
    )  # fmt: skip
    played = acted.play(plan, brand=brand)
    contacts, names = met(played), acted.drawn.channels
    who = {c: np.unique(of(contacts, channel=names.index(c))[:, 0]) for c in ("feed", "social", "live", "video-feed")}
    assert min(map(len, who.values())) > 15
    assert np.isin(who["feed"], few).all()
    crowd = acted.seen["crowd"][who["social"] - 1]
    assert (crowd == 1).all()
    arm, held = played.compiled.arms["t"], played.compiled.arms["h"]
    assert (arm[who["live"] - 1] == 0).all() and (arm[who["video-feed"] - 1] == 1).all()
    assert (held[np.unique(contacts[:, 0]) - 1] == 0).all()
    table = played.tables["assignments"].to_pandas()
    mine = table[table.experiment_id == "b00-plan-t"]
    assert len(mine) == (arm >= 0).sum() and set(mine.arm) == {"a", "b", "none"}
    assert dict(mine.groupby("arm").propensity.first()) == {"a": 0.5, "b": 0.3, "none": 0.2}
    assert abs((mine.arm == "a").mean() - 0.5) < 0.06 and abs(len(mine) / N - 0.8) < 0.05
    assert set(played.tables["experiments"].to_pandas().experiment_id) >= {"b00-plan-t", "b00-plan"}


def test_samples_and_benefits_are_given_and_work(acted, brand, nothing):
    samples = acted.play(
        twin.Plan(**BASE, sampling=[{"item_id": "b00-i0", "units": 600, "phase": "build-up"}]), brand=brand
    )
    benefits = acted.play(twin.Plan(**BASE, benefits=[{"kind": "赠品", "chance": 0.5}]), brand=brand)
    given = (samples.events[:, AT["behaviour"]] == SAMPLE).sum() - (nothing.events[:, AT["behaviour"]] == SAMPLE).sum()
    assert abs(given - 600) < 80
    claimed = benefits.events[benefits.events[:, AT["behaviour"]] == CLAIM]
    assert len(claimed) > 200 and set(claimed[:, AT["coupon"]]) == {1}
    liking = acted.crowd.benefit[:, 1]
    assert liking[claimed[:, 0] - 1].mean() > liking.mean() + 0.03  # who likes it claims it
    sold = [(p.events[:, AT["behaviour"]] == BUY).sum() for p in (nothing, samples, benefits)]
    assert sold[0] < sold[1] and sold[0] < sold[2]


def test_a_benefit_without_a_chance_is_offered_in_the_shop_to_whom_it_names(acted, brand, nothing):
    shop = {"kind": "赠品", "phase": "build-up"}
    held = {"trials": [{"name": "t", "arms": {"treated": 0.5, "control": 0.5}}], "hold_out": "t"}
    every, some = (acted.play(twin.Plan(**BASE, benefits=[shop], **more), brand=brand) for more in ({}, held))
    days = [acted.drawn.calendar.number(day) for day in BASE["phases"]["build-up"]]
    before, claimed, part = (p.events[p.events[:, AT["behaviour"]] == CLAIM] for p in (nothing, every, some))
    assert not len(before) and len(claimed) > 10 and set(claimed[:, AT["coupon"]]) == {1}
    assert set(claimed[:, AT["minute"]] // 1440) <= set(range(days[0], days[1] + 1))
    arm = some.compiled.arms["t"]
    assert 0 < len(part) < len(claimed) and (arm[part[:, 0] - 1] == 0).all()
    with pytest.raises(ValueError, match="offered twice"):
        acted.play(twin.Plan(**BASE, benefits=[shop, shop]), brand=brand)


def test_items_on_trial_are_shown_at_random_and_the_larger_is_clicked_more(acted, brand):
    items = ["b00-i0", "b00-i2", "b00-i3"]
    trial = {"name": "测款", "channel": "feed", "items": items, "budget_minor": 60_000}
    played = acted.play(twin.Plan(**BASE, item_trials=[trial]), brand=brand)
    spend = played.tables["spend"].to_pandas()
    mine = spend[spend.campaign_id == "b00-plan-测款"].groupby("item_id").impressions.sum()
    assert set(mine.index) == set(items) and mine.sum() == len(met(played))
    assert (abs(mine / mine.sum() - 1 / 3) < 0.08).all()
    table = played.tables["assignments"].to_pandas()
    assert set(table[table.experiment_id == "b00-plan-测款"].unit_id) == set(items)


def test_a_sequence_goes_step_by_step_and_stops(acted, brand):
    steps = [
        {"channel": "feed", "message": "情感", "stages": ["none", "A"], "touches": [0]},
        {"channel": "feed", "message": "功效", "stages": ["none", "A", "I"], "touches": [1], "days_since": (4, None),
         "last_message": ["情感"]},
    ]  # fmt: skip
    plan = twin.Plan(**BASE, sequences=[{"name": "s", "steps": steps, "pressure": 0.5}])
    played = acted.play(plan, brand=brand)
    contacts = met(played)
    message = acted.drawn.creatives["message"][0][contacts[:, AT["creative"]]]
    first, second = acted.drawn.messages.index("情感"), acted.drawn.messages.index("功效")
    day = contacts[:, AT["minute"]] // 1440
    assert (message == first).sum() > 100 and (message == second).sum() > 30
    for who in np.unique(contacts[:, 0]):
        at = np.flatnonzero(contacts[:, 0] == who)
        assert message[at].tolist() in ([first], [first, second])
        assert all(b - a >= 4 for a, b in pairwise(day[at]))
    # the stage of the sequence's state is the one that the record of the days before shows today
    history = np.concatenate([acted._past.events, played.events])
    history = history[history[:, AT["brand"]] == 0]
    lived = history[:, AT["minute"]] // 1440
    eves = {d: stages(history[lived < d], history[lived < d, 0] - 1, N, [d])[:, 0] for d in np.unique(day)}
    stage = np.array([STAGES[eves[d][who - 1]] for d, who in zip(day, contacts[:, 0], strict=True)])
    allowed = np.where(message == first, np.isin(stage, ["none", "A"]), np.isin(stage, ["none", "A", "I"]))
    assert allowed.all()


def test_campaigns_in_a_row_go_on_from_each_other(acted, brand):
    early = twin.Plan(**{**BASE, "campaign_id": "one", "last_day": dt.date(2024, 10, 5), "phases": {}}, media=MEDIA[1:])
    late = twin.Plan(
        campaign_id="two", first_day=dt.date(2024, 10, 20), last_day=dt.date(2024, 11, 1), media=MEDIA[1:2]
    )
    one = acted.play(early, brand=brand)
    two = acted.play(late, after=one, brand=brand)
    assert two.begin == one.until and two.first_seq == len(one.events) + one.first_seq
    assert set(two.tables["campaigns"].to_pandas().campaign_id) >= {"one", "two"}
    assert two.tables["events"].to_pandas().seq.is_unique
    as_usual = acted.usual(dt.date(2024, 10, 19), after=one, brand=brand)
    day = two.events[:, AT["minute"]] // 1440
    assert np.array_equal(two.events[day < as_usual.until], as_usual.events)
    on = acted.play(early, until=dt.date(2024, 10, 19), brand=brand)
    assert np.array_equal(on.events, np.concatenate([one.events, as_usual.events])[_order(one, as_usual)])
    with pytest.raises(ValueError, match="has been lived already"):
        acted.play(early, after=one, brand=brand)


def _order(*parts):
    events = np.concatenate([p.events for p in parts])
    return np.argsort(events[:, 0] * np.int64(1 << 32) + events[:, 1], kind="stable")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"media": [{"channel": "radio", "budget_minor": 5}]}, "channel 'radio' is not in this market; there are search"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "message": "x"}]}, "message 'x' is not in this market"),
        ({"media": [{"channel": "short-video", "budget_minor": 5}]}, "say how many impressions"),
        ({"audiences": {"x": [N + 1]}, "media": [{"channel": "feed", "budget_minor": 5, "audience": "x"}]},
         "1 of the 1 consumers of audience 'x' are not in this market"),
        ({"benefits": [{"kind": "x"}]}, "benefit 'x' is not in this market; there are 优惠券"),
        ({"sampling": [{"item_id": "b01-i0", "units": 1}]}, "item of the brand 'b01-i0'"),
        ({"brand": "nobody"}, "nobody"),
    ],
)  # fmt: skip
def test_what_the_market_does_not_have_is_told(acted, brand, more, told):
    with pytest.raises(ValueError, match=told):
        acted.play(planned(**more), brand=brand)


def test_days_outside_the_market_are_refused(acted):
    with pytest.raises(ValueError, match="do not lie in the market's"):
        acted.play(twin.Plan(campaign_id="x", first_day=dt.date(2024, 12, 1), last_day=dt.date(2025, 1, 5)))
    with pytest.raises(ValueError, match="at least one consumer"):
        Market(twin.Config(0))


def test_a_market_of_one(brand):
    alone = Market(twin.Config(1), seed=5)
    assert alone.play(planned(), brand=brand).lines.budget_minor.sum() == 35_000
