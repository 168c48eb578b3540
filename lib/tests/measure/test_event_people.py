"""Who joined on which day, and who of an event's new buyers came back, against plain pandas."""

import datetime as dt

import pandas as pd

from apex.measure import event_people
from apex.measure.cohorts import trusted
from apex.model.event_days import assign

EVENT = ("e", dt.date(2023, 9, 1), dt.date(2023, 9, 8), dt.date(2023, 9, 20), dt.date(2023, 10, 1))


def spans():
    return pd.DataFrame([EVENT], columns=["event", "before_day", "first_day", "last_day", "until_day"])


def test_joins_by_day_are_those_of_the_log(shop):
    days = [shop.day(n) for n in range(100, 420)]
    log = shop.log[(shop.log.behaviour == "join") & shop.log.day.isin(days)]
    found = event_people.joins(shop.warehouse, "b", days)
    assert list(found.index) == days and found.sum() == len(log) > 5
    assert found[found > 0].to_dict() == log.groupby("day").consumer_key.nunique().to_dict()
    assert event_people.joins(shop.warehouse, "c", days).sum() == 0


def test_who_was_a_member_when_the_data_began_did_not_join(market, day):
    moment = dt.datetime.combine(day(0), dt.time(9))
    events = [
        {"consumer_key": key, "brand": "b", "occurred_at": moment, "behaviour": "join", "detail": detail}
        for key, detail in (("k1", "at_start"), ("k2", None), ("k3", "card"))
    ]
    assert event_people.joins(market(events), "b", [day(0)]).tolist() == [2.0]


def test_new_buyers_of_the_event_and_of_plain_days_come_back(shop):
    days = pd.Series([shop.day(n) for n in range(500)])
    last, within = shop.day(499), 60
    taken = assign(days, spans())
    found = event_people.again(shop.warehouse, "b", days, taken, last, within).set_index("event")
    bought = shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")]
    bought = bought[["consumer_key", "day"]].drop_duplicates().sort_values(["consumer_key", "day"])
    rows, since = {"e": [0, 0], "plain": [0, 0]}, trusted(shop.warehouse)
    for _, own in bought.groupby("consumer_key"):
        own = own.day.tolist()
        for n, day in enumerate(own):
            new = n == 0 or (day - own[n - 1]).days > 365
            if not new or day < since or (last - day).days < within:
                continue
            inside = EVENT[2] <= day <= EVENT[3]
            if not inside and EVENT[1] <= day <= EVENT[4]:
                continue  # before and after the event: neither its buyers nor those of plain days
            row = rows["e" if inside else "plain"]
            row[0] += 1
            row[1] += n + 1 < len(own) and (own[n + 1] - day).days <= within
    assert {k: [found.buyers[k], found.again[k]] for k in rows} == rows and rows["plain"][0] > 3
    young = event_people.again(shop.warehouse, "b", days, taken, last, 400)
    assert young.set_index("event").buyers["e"] == 0, "nobody is known so long"
    assert event_people.again(shop.warehouse, "nobody", days, taken, last, within)[["buyers", "again"]].sum().sum() == 0
