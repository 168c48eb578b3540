"""The media plan as it is asked for: limits as text, and data that cannot be planned with."""

import itertools
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.errors import ApexError
from apex.measure import media_contacts
from apex.model.media_curves import Curves
from apex.report import planned
from apex.report.upstream import media, media_facts, media_limits, media_said, pacing, plan
from apex.report.upstream.plan import in_turn
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest
from twin import plan as twin_plan

NAMES = ("search", "social")


def test_limits_are_shares_of_the_budget():
    assert media_limits.bounds(["social: 0.25"], NAMES, 800.0, "floors", 0.0).tolist() == [0, 200]
    assert media_limits.bounds([" search : 0.5"], NAMES, 800.0, "caps", 1.0).tolist() == [400, 800]


@pytest.mark.parametrize("text", ["social", "social:", "social: much", "social: 1.5", "social: -0.1", "social: nan"])
def test_a_limit_of_another_form_is_refused(text):
    with pytest.raises(ApexError, match="channel: share of the budget"):
        media_limits.bounds([text], NAMES, 800.0, "floors", 0.0)


def test_a_channel_that_nobody_bought_is_named_with_the_nearest():
    with pytest.raises(ApexError, match=r'caps: nothing was bought in a channel "serch".*search'):
        media_limits.bounds(["serch: 0.1"], NAMES, 800.0, "caps", 1.0)


def test_without_costs_there_is_no_plan_but_who_was_met(market, day):
    events = [{"consumer_key": f"{n % 40}", "brand": "b", "behaviour": what, "channel": "display", "category": "tea",
               "occurred_at": day(n % 90)} for n in range(400) for what in ("expose",)]  # fmt: skip
    events += [{"consumer_key": "1", "brand": "b", "behaviour": "buy", "category": "tea", "occurred_at": day(95)}]
    made = media.planned(market(events), "b", None, 30, 1000.0, [], [], 1)
    assert isinstance(made, media_facts.CannotPlan) and made.reason == "no_spend"
    assert media.met(made.of).values.tolist() == [["display", 400, 40, 1]]
    assert media.channels(made).empty and media.compared(made).empty


def curves():
    one = np.ones((1, 2))
    return Curves(NAMES, one, 10 * one, 1e6 * one, np.array([True, False]), 100.0, np.array([0.5, 0.5]), np.ones(2) * 100,
                  np.full((3, 2), 0.01), np.ones(3), np.ones(3), 1000.0)  # fmt: skip


@pytest.fixture
def house(tmp_path, source, canonical):
    """`house(events, table=rows, …)` → a warehouse that holds these tables as well."""

    def build(events, **more):
        tables = canonical(events)
        tables["items"]["category"] = "tea"
        tables |= {name: pd.DataFrame(rows) for name, rows in more.items()}
        ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
        return open_warehouse(tmp_path / "market")

    return build


@pytest.fixture
def people(house, day):
    """Of a hundred consumers the young half meets both channels, the others `search` alone; slots of `social` are known."""
    same = {"behaviour": "expose", "category": "tea", "occurred_at": day(9)}
    events = [{"consumer_key": f"{n:03}", "brand": b, "channel": c, **same}
              for n in range(100) for b in "ab" for c in NAMES if n < 50 or c == "search"]  # fmt: skip
    young = [{"consumer_key": f"{n:03}", "age_band": "18-24" if n < 50 else "51+"} for n in range(100)]
    days = [{"placement": "social-1", "crowd": "x", "day": day(n), "impressions": 30} for n in range(10, 20)]
    spend = [{"day": day(9), "brand": "a", "channel": "social", "buying": "contract", "placement": "social-1",
              "impressions": 5, "clicks": 0, "cost_minor": 50}]  # fmt: skip
    return house(events, consumers=young, inventory=days, spend=spend)


def test_contracts_take_no_more_than_their_slots_carry(people, day):
    first = day(10)
    assert media_limits.slots(people, curves(), first, day(19)).tolist() == [np.inf, 10 * 300]
    assert np.isinf(media_limits.slots(people, curves(), first, day(20))).all()  # a day is not known


def test_a_groups_reach_follows_the_contacts_it_had(people, day):
    of = media_contacts.contacts(people, "a", "tea")
    (young,) = media_limits.people(people, of, curves(), ["age_band 18-24: 0.5"])
    (old,) = media_limits.people(people, of, curves(), ["age_band 51+: 0.5"])
    assert young.amount == old.amount == pytest.approx(np.log(2)) and young.name == "reach of age_band 18-24"
    social = np.array([[0.0, 200.0]])
    assert old.sums(social).sum() == 0 and young.sums(social).sum() > 0
    assert young.told(np.log(2)) == "50.0% of them"
    for text, told in (("age: 0.5", "trait value"), ("agee_band 51+: 0.5", 'no trait "agee_band".*age_band'),
                       ("age_band 5+: 0.5", 'nobody has age_band "5\\+"'), ("age_band 51+: 2", "trait value")):  # fmt: skip
        with pytest.raises(ApexError, match=told):
            media_limits.people(people, of, curves(), [text])


def test_a_brand_alone_is_not_planned_for(house, day):
    events = [{"consumer_key": f"{n % 80}", "brand": "b", "behaviour": what, "channel": channel, "category": "tea", **more,
               "occurred_at": day(n % 90 + 1)} for n in range(400) for what, channel, more in
              (("expose", "feed", {}), ("buy", None, {"value_minor": 5, "quantity": 1, "basket_id": str(n)}))]  # fmt: skip
    spend = [{"day": day(n), "brand": "b", "channel": "feed", "buying": "auction", "impressions": 5, "clicks": 0,
              "cost_minor": 50} for n in range(90)]  # fmt: skip
    made = media.planned(house(events, spend=spend), "b", None, 30, 1000.0, [], [], 1)
    assert isinstance(made, media_facts.CannotPlan) and made.reason == "no_peers"


@pytest.fixture
def said(house, day):
    """Of two messages `new` is clicked three times as often; `sms` costs nothing and is not clicked, `tv` has not run of late."""
    same = {"consumer_key": "1", "brand": "b", "behaviour": "view", "channel": "feed", "category": "tea"}
    events = [{**same, "occurred_at": day(n)} for n in (0, 90)]
    line = {"brand": "b", "buying": "auction", "crowd": "likely", "cost_minor": 50, "placement": "p"}
    spend = [line | {"day": day(89), "channel": "feed", "creative_id": v, "impressions": 1000, "clicks": n}
             for v, n in (("v1", 90), ("v2", 30))]  # fmt: skip
    spend += [line | {"day": day(88), "channel": "sms", "creative_id": "v2", "impressions": 9, "clicks": 0, "cost_minor": 0,
                      "buying": "owned", "crowd": "members"},
              line | {"day": day(5), "channel": "tv", "creative_id": "v2", "impressions": 999, "clicks": 0}]  # fmt: skip
    creatives = [{"creative_id": v, "brand": "b", "message": m} for v, m in (("v1", "new"), ("v2", "price"))]
    return house(events, spend=spend, creatives=creatives)


def test_every_channel_has_its_message_also_the_free_one(said, day):
    frame = media_said.said(said, "b", day(90))
    assert list(frame.columns) == media_said.MESSAGES
    assert frame.channel.tolist() == ["feed", "sms", "tv"] and set(frame.message) == {"new"} and frame.then.isna().all()
    assert frame.clicks.tolist() == [120, 120, 120] == frame.in_all.tolist()  # what is not known by itself rests on all
    sure, other, late = frame.itertuples()
    assert 0.95 < sure.low < sure.pull < sure.high < 1.5 and other.low < sure.low and late.pull == sure.pull
    assert media_said.by_channel(frame) == {"feed": ["new"], "sms": ["new"], "tv": ["new"]}
    assert media_said.said(said, "b", day(60)).empty and media_said.said(said, "c", day(90)).empty


LINE = planned.Media(channel="feed", phase="presale", budget_minor=1001, buying="auction")
PHASES = {"presale": (date(2024, 10, 21), date(2024, 11, 3)), "burst": (date(2024, 11, 11), date(2024, 11, 11))}
WHOLE = (date(2024, 9, 20), date(2024, 11, 18))


def test_of_two_messages_each_has_a_part_of_a_lines_days_and_the_last_ones_are_open():
    first, second, open_ = in_turn(LINE, ["new", "price"], PHASES, *WHOLE)
    assert (first.message, first.first_day, first.last_day) == ("new", date(2024, 10, 21), date(2024, 10, 26))
    assert (second.message, second.first_day, second.last_day) == ("price", date(2024, 10, 27), date(2024, 11, 1))
    assert (open_.message, open_.first_day, open_.last_day) == (None, date(2024, 11, 2), date(2024, 11, 3))
    assert first.phase is None and (first.budget_minor, second.budget_minor, open_.budget_minor) == (429, 429, 143)
    assert open_.buying == "auction"


def test_one_message_or_none_leaves_a_short_line_whole():
    assert in_turn(LINE, [], PHASES, *WHOLE) == [LINE]
    for short in (LINE.model_copy(update={"phase": "burst"}), LINE.model_copy(update={"budget_minor": 0})):
        for names in (["new"], ["new", "price"]):
            assert in_turn(short, names, PHASES, *WHOLE) == [short.model_copy(update={"message": "new"})]


@pytest.mark.parametrize("days", [2, 3, 7, 60])
@pytest.mark.parametrize("amount", [60, 61, 999_999])
def test_parts_add_up_to_the_last_fen_and_follow_each_other(days, amount):
    end = WHOLE[0] + timedelta(days=days - 1)
    free = planned.Media(channel="sms", first_day=WHOLE[0], last_day=end, impressions=amount)
    parts = in_turn(free, ["new", "price"], PHASES, *WHOLE)
    assert sum(p.impressions for p in parts) == amount and len(parts) == (3 if days >= 7 else 2)
    assert all(b.first_day == a.last_day + timedelta(days=1) for a, b in itertools.pairwise(parts))
    assert (parts[0].first_day, parts[-1].last_day) == (WHOLE[0], end) and parts[0].budget_minor is None
    for part in parts:
        assert part.impressions / ((part.last_day - part.first_day).days + 1) == pytest.approx(amount / days, abs=1)


def test_the_days_of_halves_are_still_those_of_their_phase_for_who_watches_the_pace():
    act = planned.Act(campaign_id="c", brand="b", first_day=WHOLE[0], last_day=WHOLE[1], phases=PHASES,
                      media=in_turn(LINE, ["new", "price"], PHASES, *WHOLE))  # fmt: skip
    budget = pd.DataFrame([("presale", "feed", 1001.0, 200.0)], columns=["phase", "channel", "planned", "contacts"])
    run = SimpleNamespace(table=lambda *_: budget)
    lines = pacing._of_plan(run, SimpleNamespace(act=act), [])
    assert lines.phase.tolist() == ["presale"] * 3 and lines.cost_minor.sum() == 1001
    assert lines.impressions.sum() == pytest.approx(200) and lines.impressions.iloc[0] == pytest.approx(
        200 * 429 / 1001
    )


def test_the_acts_say_the_chosen_message_bought_and_repeated_media_alike(house, day):
    events = [{"consumer_key": "1", "brand": "b", "behaviour": "view", "channel": "sms", "category": "tea", "occurred_at": day(n)}
              for n in (0, 90)]  # fmt: skip
    spend = [
        {
            "day": day(60),
            "brand": "b",
            "channel": "sms",
            "buying": "owned",
            "impressions": 9,
            "clicks": 0,
            "cost_minor": 0,
        }
    ]
    tables = {
        "campaigns": [{"campaign_id": "k", "owner": "b", "name": "k", "first_day": day(60), "last_day": day(61)}],
        "phases": [{"campaign_id": "k", "phase": "presale", "first_day": day(60), "last_day": day(61)}],
    }
    campaign = SimpleNamespace(phases=SimpleNamespace(days=lambda: [(p, *d) for p, d in PHASES.items()]), window=WHOLE,
                               compare=["k"], slug="c")  # fmt: skip
    run = SimpleNamespace(campaign=campaign, brand="b", warehouse=house(events, spend=spend, **tables))
    money = [("presale", "feed", 1001.0), ("burst", "feed", 500.0), ("presale", "tv", 70.0)]
    bought = pd.DataFrame(money, columns=["phase", "channel", "planned"]).assign(
        buying="auction", first_day=None, last_day=None
    )
    said = pd.DataFrame([("feed", "new", "price"), ("sms", "price", None)], columns=["channel", "message", "then"])
    act = plan.act(run, bought, 0.1, said)
    assert [(m.channel, m.budget_minor or m.impressions, m.message) for m in act.media] == [
        ("feed", 429, "new"), ("feed", 429, "price"), ("feed", 143, None), ("feed", 500, "new"), ("tv", 70, None),
        ("sms", 8, "price"), ("sms", 1, None),
    ]  # fmt: skip
    assert all(m.message is None for m in plan.act(run, bought, 0.1).media)
    assert twin_plan.Plan.model_validate(act.model_dump(exclude_none=True)).media[0].message == "new"


def test_what_to_say_tomorrow_stands_beside_the_plans_line_of_that_day(said, day):
    line = {"channel": "feed", "budget_minor": 9}
    media_lines = [planned.Media(**line, first_day=day(80), last_day=day(90), message="price"),
                   planned.Media(**line, first_day=day(91), last_day=day(95), message="new"),
                   planned.Media(channel="tv", budget_minor=9)]  # fmt: skip
    act = planned.Act(campaign_id="c", brand="b", first_day=day(80), last_day=day(99), media=media_lines)
    spans = [("presale", day(80), day(95)), ("burst", day(96), day(99))]
    campaign = SimpleNamespace(phases=SimpleNamespace(days=lambda: spans), window=(day(80), day(99)))
    run = SimpleNamespace(campaign=campaign, brand="b", warehouse=said, as_of=day(90), planned=SimpleNamespace(act=act))
    frame = media_said.tomorrow(run).set_index("channel")
    assert frame.planned["feed"] == "new" and pd.isna(frame.planned["tv"]) and pd.isna(frame.planned["sms"])
    assert frame.message.tolist() == ["new"] * 3
    run.planned = None
    assert media_said.tomorrow(run).planned.isna().all()
    run.as_of = day(99)
    assert media_said.tomorrow(run).empty
