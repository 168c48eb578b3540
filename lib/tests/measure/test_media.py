"""Media counted by hand: money by channel and phase, what channels carry, contacts of people, and trials."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure import media, media_contacts, media_trials
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

START = dt.date(2024, 1, 1)


def at(n, hour=12):
    return dt.datetime(2024, 1, 1, hour) + dt.timedelta(days=n)


def event(who, day, behaviour, channel=None, brand="b", **more):
    if behaviour == "buy":
        more = {"value_minor": 100, "quantity": 1, **more}
    return {"consumer_key": f"{who:04}", "brand": brand, "occurred_at": at(day), "behaviour": behaviour, "channel": channel,
            "category": "tea", **more}  # fmt: skip


def spend(day, channel, cost, shown, brand="b", buying="auction"):
    return {"day": START + dt.timedelta(days=day), "brand": brand, "channel": channel, "buying": buying, "crowd": "likely",
            "impressions": shown, "clicks": 1, "cost_minor": cost}  # fmt: skip


@pytest.fixture
def house(tmp_path, source, canonical):
    """Brand b in two channels with a campaign of two phases, a trial of `feed`; brand c beside it."""
    events = [event(0, 0, "view", "natural"), event(9, 99, "view", "natural", brand="c")]
    events += [event(0, 10, "expose", "feed"), event(0, 10, "expose", "feed"), event(1, 12, "watch", "tv")]
    events += [event(0, 11, "buy", "feed", basket_id="x"), event(0, 11, "buy", "feed", basket_id="x")]
    events += [event(1, 20, "buy", "natural", basket_id="y", value_minor=700, quantity=1), event(2, 21, "join")]
    events += [event(100 + n, 42, "expose", "feed") for n in range(40)]
    events += [event(100 + n, 50, "buy", None, basket_id="z") for n in range(20)]
    events += [event(200 + n, 3, "view", "natural") for n in range(40)]
    tables = canonical(events)
    tables["items"]["category"] = "tea"
    tables["channels"] = pd.DataFrame({"channel": ["feed", "tv", "natural"], "site": ["on", "off", "on"],
                                       "kind": ["display", "video", "free"]})  # fmt: skip
    tables["spend"] = pd.DataFrame([
        spend(10, "feed", 100, 5), spend(11, "feed", 50, 5), spend(12, "tv", 70, 2, buying="contract"), spend(13, "feed", 10, 1),
        *(spend(n, "feed", 10, 4, brand="c") for n in range(60, 100)), spend(98, "tv", 9, 9),
    ])  # fmt: skip
    tables["campaigns"] = pd.DataFrame([{"campaign_id": "k", "owner": "b", "name": "k", "first_day": START + dt.timedelta(10),
                                         "last_day": START + dt.timedelta(13)}])  # fmt: skip
    tables["phases"] = pd.DataFrame([("k", "presale", 10, 10), ("k", "burst", 11, 12)],
                                    columns=["campaign_id", "phase", "first_day", "last_day"])  # fmt: skip
    for column in ("first_day", "last_day"):
        tables["phases"][column] = [START + dt.timedelta(int(n)) for n in tables["phases"][column]]
    tables["experiments"] = pd.DataFrame([{"experiment_id": "t", "brand": "b", "unit": "consumer",
                                           "first_day": START + dt.timedelta(40),
                                           "last_day": START + dt.timedelta(55)}])  # fmt: skip
    people = [*((100 + n, "treated") for n in range(40)), *((200 + n, "control") for n in range(40))]
    tables["assignments"] = pd.DataFrame([{"experiment_id": "t", "consumer_key": f"{n:04}", "arm": arm, "assigned_at": at(40, 0),
                                           "propensity": 0.5} for n, arm in people])  # fmt: skip
    ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
    return open_warehouse(tmp_path / "market")


def test_money_by_channel(house):
    first, last = media.window(house, "k")
    frame = media.spent(house, "b", first, last).set_index("channel")
    assert frame.loc["feed", ["site", "buying", "impressions", "clicks", "cost_minor"]].tolist() == [
        "on",
        "auction",
        11,
        3,
        160,
    ]
    assert frame.loc["tv", ["site", "buying", "cost_minor"]].tolist() == ["off", "contract", 70]
    assert media.spent(house, "nobody", first, last).empty


def test_money_by_phase_and_days_of_none(house):
    frame = media.by_phase(house, "b", "k")
    assert frame[["channel", "phase", "days", "cost_minor"]].values.tolist() == [
        ["feed", "presale", 1, 100], ["feed", "burst", 2, 50], ["feed", "other", 1, 10], ["tv", "burst", 2, 70],
    ]  # fmt: skip


def test_a_campaign_that_has_not_ended_is_no_example(house):
    assert media.window(house.until(START + dt.timedelta(12)), "k") is None
    assert media.window(house, "unknown") is None and media.window(house, None) is None


def test_what_channels_carry_is_of_all_brands_and_of_the_middle_week(house):
    daily = media.supply(house, "tea", START + dt.timedelta(99), 40).set_index("channel").daily
    assert daily["feed"] == 4 and daily["tv"] == 0


def test_contacts_orders_and_relations_of_people(house):
    of = media_contacts.contacts(house, "b", "tea")
    day = media_contacts.number(START)
    assert of.channels == ("feed", "tv") and of.consumers == 84 and of.share == 1 and of.first == day + 10
    assert of.brands == ("b", "c") and of.own == 0
    assert np.bincount(of.contacts.what, of.contacts.value).tolist() == [42, 1]
    clicked = of.orders.what >= 0
    assert clicked.sum() == 1 and of.orders.value[clicked] == 200  # two lines of one order
    assert sorted(of.orders.value[~clicked])[-1] == 700 and len(of.orders.who) == 22
    assert of.members.value.tolist() == [1] and of.followers.value.tolist() == [0]
    assert len(of.visits.who) == 41 and len(of.every_visit.who) == 42  # one of them looked at the other brand
    assert of.campaigns == ((0, day + 10, day + 13),)


def test_a_brand_without_category_is_read_alone(house):
    of = media_contacts.contacts(house, "b", None)
    assert of.brands == ("b",) and len(of.visits.who) == len(of.every_visit.who) == 41


def test_a_trial_is_the_difference_between_its_arms(house):
    """Nobody came by a click in the trial: visits count, at what a visit brings; here 21 orders by themselves of 41 visits."""
    of = media_contacts.contacts(house, "b", "tea")
    (lift,) = media_trials.lifts(house, "b", of)
    assert (lift.treated, lift.control) == (40, 40)
    assert lift.orders == 0 and lift.variance == 0  # those treated bought, and none was seen to visit
    usual = 2 * 16 / 365  # contacts of feed that one consumer had in a usual stretch of 16 days
    assert lift.contacts == pytest.approx([np.log(2) * usual / np.log1p(usual), 0])
    assert media_trials.lifts(house.until(START + dt.timedelta(60)), "b", of) == []  # 15 days after it have not passed


def test_visits_and_clicked_orders_make_a_trials_lift(house):
    of = media_contacts.contacts(house, "b", "tea")
    who = np.searchsorted(of.ids, of.ids[:8])
    day = media_contacts.number(START) + 45
    seen = media_contacts.Rows(who, np.full(8, day), np.zeros(8, np.int64), np.ones(8))
    plain = dataclasses.replace(of, every_visit=dataclasses.replace(seen, who=who * 2))
    first = media_trials._lift("t", plain, np.arange(len(of.ids)), np.arange(len(of.ids)) >= 40, day - 5, day + 5)
    assert first.orders == pytest.approx(8 / 40 * 21 / 8, rel=0.1)


def test_without_spend_there_is_none(market):
    plain = market([event(0, n, "buy") for n in range(3)])
    assert media.spent(plain, "b", START, START).empty and media.by_phase(plain, "b", "k").empty
    of = media_contacts.contacts(plain, "b", None)
    assert of.channels == () and len(of.orders.who) == 3 and media_trials.lifts(plain, "b", of) == []


@pytest.fixture
def told(tmp_path, source, canonical):
    """`told(creatives, **columns of spend that are dropped)` → a market of brand b whose creatives say something."""

    def build(drop=(), **more):
        rows = [
            dict(spend(90, "feed", 100, 50), creative_id="v1"), dict(spend(91, "feed", 100, 30), creative_id="v1"),
            dict(spend(91, "feed", 100, 40), creative_id="v2", clicks=None), dict(spend(91, "feed", 9, 7), creative_id="v3"),
            dict(spend(91, "tv", 9, 8), creative_id="v1", crowd=None), dict(spend(91, "tv", 9, 6), creative_id=None),
            dict(spend(60, "feed", 9, 99), creative_id="v1", crowd="broad"), dict(spend(20, "sms", 0, 9), creative_id="v1"),
            dict(spend(92, "feed", 9, 5, brand="c"), creative_id="w1"), dict(spend(93, "feed", 9, 5), creative_id="w1"),
        ]  # fmt: skip
        creatives = [("v1", "b", "new"), ("v2", "b", "price"), ("v3", "b", None), ("w1", "c", "new")]
        tables = canonical([event(0, 0, "view", "natural"), event(0, 99, "view", "natural", brand="c")])
        tables["spend"] = pd.DataFrame(rows).drop(columns=[*drop])
        tables["creatives"] = pd.DataFrame(creatives, columns=["creative_id", "brand", "message"])
        tables |= more
        ingest(
            source(tmp_path / "files", {k: v for k, v in tables.items() if v is not None}), "m", tmp_path / "m", "test"
        )
        return open_warehouse(tmp_path / "m")

    return build


LAST = START + dt.timedelta(93)
WEEKS = (LAST - dt.timedelta(media.FRESH - 1), LAST)


def test_clicks_by_message_are_the_brands_own_of_the_days(told):
    frame = media.clicked(told(), "b", *WEEKS)
    assert list(frame.columns) == media.CLICKED
    assert frame.values.tolist() == [
        ["feed", "likely", "new", 80, 2], ["tv", "", "new", 8, 1],
    ]  # fmt: skip


def test_a_channels_targeting_is_that_of_the_last_weeks_else_of_the_year(told):
    house = told()
    assert media.targeting(house, "b", LAST).values.tolist() == [["feed", "likely"], ["sms", "likely"], ["tv", ""]]
    assert media.targeting(house, "b", START + dt.timedelta(70)).values.tolist() == [
        ["feed", "broad"],
        ["sms", "likely"],
    ]


def test_creatives_have_an_age_and_a_last_day(told):
    frame = media.by_creative(told(), "b", LAST)
    assert list(frame.columns) == media.CREATIVES
    assert frame.values.tolist() == [
        ["feed", "broad", "new", "v1", 73, 33.0, 2, 99, 1],
        ["feed", "likely", "new", "v1", 73, pytest.approx((3 * 50 + 2 * 30) / 80), 2, 80, 2],
        ["sms", "likely", "new", "v1", 73, 73.0, 2, 9, 1], ["tv", "", "new", "v1", 73, 2.0, 2, 8, 1],
    ]  # fmt: skip
    assert media.by_creative(told(), "b", LAST, 20).old.tolist() == [73, 73]  # seen before, though not counted


@pytest.mark.parametrize("drop", ["creative_id", "clicks"])
def test_without_creatives_clicks_or_messages_there_are_none(told, drop):
    frame = media.clicked(told(drop=[drop]), "b", *WEEKS)
    assert frame.empty and list(frame.columns) == media.CLICKED
    assert media.by_creative(told(drop=[drop]), "b", LAST).empty


def test_without_tables_there_are_none(told, market):
    assert media.clicked(told(creatives=None), "b", *WEEKS).empty
    plain = market([event(0, n, "buy") for n in range(3)])
    assert media.by_creative(plain, "b", LAST).empty
    assert media.clicked(plain, "b", *WEEKS).empty and media.targeting(plain, "b", LAST).empty


def test_without_targeting_all_is_one(told):
    house = told(drop=["crowd"])
    assert set(media.clicked(house, "b", *WEEKS).whom) == {""} == set(media.targeting(house, "b", LAST).whom)
