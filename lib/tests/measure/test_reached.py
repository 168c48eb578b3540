"""What windows reached of goals, against a loop over the log and against the measures that plans are made with."""

import datetime as dt

import pytest

from apex.measure import reached, same_days


def test_windows_are_those_the_data_hold_whole(shop):
    window = shop.day(420), shop.day(449)
    found = reached.windows(shop.warehouse, window)
    assert found == {"window": window, "before": (shop.day(390), shop.day(419)),
                     "year": tuple(d.replace(year=d.year - 1) for d in window)}  # fmt: skip
    assert list(reached.windows(shop.warehouse, (shop.day(10), shop.day(30)))) == ["window"]
    assert list(reached.windows(shop.warehouse, (shop.day(40), shop.day(60)))) == ["window", "before"]
    assert reached.full_from(shop.day(365), shop.warehouse) and not reached.full_from(shop.day(364), shop.warehouse)


def test_every_measure_against_a_loop(shop):
    asked = reached.windows(shop.warehouse, (shop.day(420), shop.day(449)))
    found = reached.reached(shop.warehouse, "b", asked).set_index(["period", "measure"])
    mine = shop.log[shop.log.brand == "b"]
    bought, joined = mine[mine.behaviour == "buy"], mine[mine.behaviour == "join"]
    for name, (first, last) in asked.items():
        inside = bought[(bought.day >= first) & (bought.day <= last)]
        year = bought[(bought.day < first) & (bought.day >= first - dt.timedelta(days=365))]
        active = bought[(bought.day <= last) & (bought.day > last - dt.timedelta(days=365))]
        truth = {
            "gmv_minor": (inside.value_minor.sum(), inside.consumer_key.nunique()),
            "new_consumers": (len(set(inside.consumer_key) - set(year.consumer_key)),) * 2,
            "aac": (active.consumer_key.nunique(),) * 2,
            "joins": (joined[(joined.day >= first) & (joined.day <= last)].consumer_key.nunique(),) * 2,
        }
        assert {m: tuple(found.loc[(name, m)]) for m in truth} == truth
    assert (found.value.unstack("period") > 0).any(axis=1).all(), "every measure is met somewhere"


def test_they_are_the_measures_that_a_plan_forecasts(shop):
    """What the plan is held against must be what it forecast: the window as `same_days` will see it a year later."""
    window = tuple(d.replace(year=d.year - 1) for d in (shop.day(420), shop.day(449)))
    ours = reached.reached(shop.warehouse, "b", {"window": window}).set_index("measure").value
    later = (shop.day(420), shop.day(449))
    theirs = same_days.same_days(shop.warehouse, ["b"], later, shop.day(410))
    before = theirs[(theirs.year == 0) & (theirs.side == "before")].set_index("measure")
    assert (before.value + before.kept).to_dict() == pytest.approx(ours.to_dict())


def test_joins_are_left_out_where_nobody_is_known_to_join(market):
    log = [{"consumer_key": f"c{n}", "brand": "b", "behaviour": "buy", "value_minor": 100, "quantity": 1,
            "occurred_at": dt.datetime(2024, 1, 1 + n)} for n in range(5)]  # fmt: skip
    found = reached.reached(market(log), "b", {"window": (dt.date(2024, 1, 2), dt.date(2024, 1, 5))})
    assert list(found.measure) == ["gmv_minor", "new_consumers", "aac"] and list(found.value) == [400, 4, 5]
