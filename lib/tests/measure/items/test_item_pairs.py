"""Pairs in one order, and other categories of the same people, counted again in plain Python."""

import datetime as dt
from itertools import combinations

from apex.measure import item_pairs

DAYS = 60


def bought(shop):
    events = shop.events[
        (shop.events.behaviour == "buy") & (shop.events.day > shop.day - dt.timedelta(days=DAYS))
    ].copy()
    basket = events.basket_id.where(events.basket_id.notna(), events.consumer_key + " " + events.day.astype(str))
    return events.assign(order=events.consumer_key + "|" + basket)


def test_pairs_are_counted_as_by_hand(shop):
    found = item_pairs.pairs(shop.warehouse, "b", shop.rules, shop.day)
    mine = bought(shop)[lambda t: t.brand == "b"]
    orders = (
        mine.groupby("item_id").order.nunique().reset_index().sort_values(["order", "item_id"], ascending=[False, True])
    )
    most = set(orders.item_id[:4])
    held, people = {}, {}
    for (who, _), part in mine[mine.item_id.isin(most)].groupby(["consumer_key", "order"]):
        for pair in combinations(sorted(set(part.item_id)), 2):
            held[pair] = held.get(pair, 0) + 1
            people.setdefault(pair, set()).add(who)
    sums = found.groupby(["item_a", "item_b"])[["orders", "buyers"]].sum()
    assert sums.orders.to_dict() == held and len(held) >= 4
    assert sums.buyers.to_dict() == {pair: len(who) for pair, who in people.items()}
    assert found.bucket.between(0, 99).all()


def test_other_categories_are_counted_as_by_hand(shop):
    found = item_pairs.elsewhere(shop.warehouse, "b", "tea", shop.rules, shop.day)
    events = bought(shop)
    tea = events[events.category == "tea"]
    days, ours = tea.groupby("consumer_key").day.nunique(), set(tea.consumer_key[tea.brand == "b"])
    milk = set(events.consumer_key[(events.category == "milk") & (events.brand != "b")])
    by_hand = {}
    for who, n in days.items():
        stratum = max(s for s in item_pairs.STRATA if s <= n)
        sizes = by_hand.setdefault((stratum, who in ours), [0, 0])
        sizes[0] += 1
        sizes[1] += who in milk
    assert set(found.category) == {"milk"}
    assert {(r.stratum, r.ours): [r.consumers, r.bought] for r in found.itertuples()} == by_hand
    assert len({stratum for stratum, _ in by_hand}) > 1 and {mine for _, mine in by_hand} == {True, False}


def test_where_nobody_bought_there_is_nothing(shop):
    assert item_pairs.pairs(shop.warehouse, "nobody's", shop.rules, shop.day).empty
    assert item_pairs.elsewhere(shop.warehouse, "b", "soap", shop.rules, shop.day).empty
