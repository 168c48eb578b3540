"""Histories of buyers as of several days against pandas on the same log."""

import datetime as dt

import pandas as pd

from apex.measure import buyers

COLUMNS = ["first_day", "last_day", *buyers.COUNTS]


def by_hand(log, cut):
    bought = (
        log[(log.brand == "b") & (log.behaviour == "buy")]
        .groupby(["consumer_key", "day"])
        .value_minor.sum()
        .reset_index()
    )
    rows = []
    for _, mine in bought.groupby("consumer_key"):
        past = mine[mine.day <= cut.day]
        if past.empty:
            continue
        recent = past[past.day > cut.day - dt.timedelta(days=cut.recent)]
        later = mine[(mine.day > cut.day) & (mine.day <= cut.day + dt.timedelta(days=cut.later))]
        sums = [x for part in (past, recent, later) for x in (len(part), int(part.value_minor.sum()))]
        rows.append((past.day.min(), past.day.max(), *sums))
    return sorted(rows)


def test_histories_of_several_days_in_one_pass(shop):
    cuts = {
        "a": buyers.Cut(shop.day(200), 90, 60),
        "b": buyers.Cut(shop.day(499), 365),
        "c": buyers.Cut(shop.day(3), 2, 400),
    }
    found = buyers.buyers(shop.warehouse, "b", cuts)
    for name, cut in cuts.items():
        mine = found[found.cut == name]
        rows = mine[COLUMNS].assign(first_day=mine.first_day.dt.date, last_day=mine.last_day.dt.date)
        assert sorted(rows.itertuples(index=False, name=None)) == by_hand(shop.log, cut)
        assert mine.consumer_id.is_unique
    assert (found[found.cut == "a"].later_days > 0).any() and found[found.cut == "b"].later_days.eq(0).all()
    assert buyers.buyers(shop.warehouse, "nobody", cuts).empty


def test_nothing_after_the_warehouses_day_is_seen(shop):
    cut = {"a": buyers.Cut(shop.day(200), 90)}
    whole, past = (buyers.buyers(w, "b", cut) for w in (shop.warehouse, shop.warehouse.until(shop.day(200))))
    assert whole.equals(past)


def test_the_days_at_which_a_forecast_can_be_tested(shop):
    cuts = buyers.cuts(shop.warehouse, shop.day(499), 28, 365, 300)
    assert cuts["held"] == (shop.day(499 - 166), 166, 166) and cuts["earlier"].day == shop.day(499 - 332)
    assert cuts["now"] == (shop.day(499), 300, 0) and cuts["before"].day == shop.day(471)
    assert buyers.cuts(shop.warehouse, shop.day(499), 28, 100, 300)["held"].day == shop.day(399)
    assert buyers.cuts(shop.warehouse, shop.day(0), 28, 100, 300)["held"].later == 1, "one day of data is no crash"


def test_the_pace_of_the_category_counts_everybody_once_a_day(shop):
    found = buyers.daily(shop.warehouse, "tea").set_index("day").buyers
    bought = shop.log[shop.log.behaviour == "buy"].groupby("day").consumer_key.nunique()
    assert len(found) == 500 and found[found > 0].to_dict() == {pd.Timestamp(d): n for d, n in bought.items()}
    assert buyers.pace(shop.warehouse, "b", shop.day(499)).equals(buyers.daily(shop.warehouse, "tea"))
    assert buyers.pace(shop.warehouse, "nobody", shop.day(499)).buyers.sum() == bought.sum(), (
        "without a category: anything"
    )
