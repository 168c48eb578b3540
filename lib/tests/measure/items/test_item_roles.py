"""First, second and returning orders and what they held, walked through again consumer by consumer."""

import datetime as dt

from apex.measure import item_roles

KINDS = ("orders", "later", "firsts", "seconds", "returns", "followed", "repeated")


def by_hand(shop, brand):
    """{(item or all, period): counts} from each consumer's orders in time."""
    rows = shop.events[(shop.events.behaviour == "buy") & (shop.events.brand == brand)]
    basket = rows.basket_id.where(rows.basket_id.notna(), rows.consumer_key + " " + rows.day.astype(str))
    since = max(shop.day - dt.timedelta(days=89), shop.opened + dt.timedelta(days=21))
    found = {}
    for _, mine in rows.assign(order=basket).groupby("consumer_key"):
        orders = sorted((part.occurred_at.min(), order, part) for order, part in mine.groupby("order"))
        came_back = False
        for n, (at, _, part) in enumerate(orders):
            day = at.date()
            if day < since:
                continue
            gap = (day - orders[n - 1][0].date()).days if n else 0
            back = n > 0 and gap > 20 and not came_back
            came_back = came_back or (n > 0 and gap > 20)
            followed = n == 0 and day <= shop.day - dt.timedelta(days=10)
            again = n + 1 < len(orders) and (orders[n + 1][0].date() - day).days <= 10
            counts = (1, n > 0, n == 0, n == 1, back, followed, followed and again)
            for item in {*part.item_id, item_roles.ALL}:
                key = item, (shop.day - day).days // 14
                found[key] = tuple(a + b for a, b in zip(found.get(key, (0,) * 7), counts, strict=True))
    return found


def test_orders_are_told_apart_as_by_hand(shop):
    for brand in ("b", "c3"):
        frame = item_roles.roles(shop.warehouse, brand, shop.rules, shop.day)
        found = {(r["item_id"], r["period"]): tuple(r[k] for k in KINDS) for r in frame.to_dict("records")}
        assert found == by_hand(shop, brand)
    whole = frame[frame.item_id == item_roles.ALL][list(KINDS)].sum()
    assert whole.orders == whole.firsts + whole.later and (whole > 0).all()


def test_each_kind_but_orders_is_at_most_one_a_consumer(shop):
    frame = item_roles.roles(shop.warehouse, "b", shop.rules, shop.day)
    people = shop.events.consumer_key.nunique()
    whole = frame[frame.item_id == item_roles.ALL][list(KINDS)].sum()
    assert max(whole.firsts, whole.seconds, whole.returns) <= people < whole.orders


def test_where_nobody_bought_there_is_nothing(shop):
    assert item_roles.roles(shop.warehouse, "nobody's", shop.rules, shop.day).empty
