"""Who joins when they buy, and the cohort that starts at one purchase, against a walk through the log."""

import datetime as dt

import pytest

from apex.measure import joining


@pytest.fixture(scope="module")
def occasions(shop, membership):
    """Purchase days of brand b of those who were no members: rows of key, day, value, business, earlier, joins."""
    bought = shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")]
    rows = []
    for key, mine in bought.groupby("consumer_key"):
        for n, (day, lines) in enumerate(mine.groupby("day")):
            held = membership.get(key, [])
            if not any(since < day <= until for since, until in held):
                rows.append(
                    (key, day, int(lines.value_minor.sum()), lines.business.min(), n, any(s == day for s, _ in held))
                )
    return rows


def test_invitations(shop, occasions):
    first, last = shop.day(100), shop.day(450)
    told = [o for o in occasions if first <= o[1] <= last]
    found = joining.invitations(shop.warehouse, "b", first, last).set_index(["cut", "cell"])
    cuts = {("all", "all"): told, ("purchase", "first"): [o for o in told if o[4] == 0],
            ("purchase", "later"): [o for o in told if o[4] > 0]}  # fmt: skip
    cuts |= {("business", b): [o for o in told if o[3] == b] for b in ("flagship", "market")}
    assert set(found.index) == set(cuts)
    for cell, some in cuts.items():
        people, joined = {o[0] for o in some}, {o[0] for o in some if o[5]}
        row = found.loc[cell]
        assert (row.people, row.joined, row.days) == (len(people), len(joined), len(some))
        assert row.stayed_out == row.people - row.joined
    assert found.joined.sum() > 10 and joining.invitations(shop.warehouse, "nobody", first, last).empty


def test_cohort(shop, occasions):
    first, last, days = shop.day(150), shop.day(420), 60
    anchors = {}
    for o in occasions:
        if first <= o[1] <= last:
            anchors.setdefault(o[0], o)
    found = joining.cohort(shop.warehouse, "b", first, last, days, ["age_band"])
    paid = (
        shop.log[(shop.log.brand == "b") & (shop.log.behaviour == "buy")]
        .groupby(["consumer_key", "day"])
        .value_minor.sum()
    )
    looked = shop.log[(shop.log.brand == "b") & shop.log.behaviour.isin(joining.INTEREST)]
    rows = []
    for key, on, value, business, _, joins in anchors.values():
        row = {"on": on, "value_minor": value, "business": business, "joins": joins, "age_band": shop.age[key] or ""}
        gap = {(day - on).days: int(v) for day, v in paid[key].items()}
        for k in joining.PERIODS:
            part = [v for g, v in gap.items() if (0 < g <= days if k == 0 else days * k <= g < days * (k + 1))]
            row |= {f"orders[{k}]": len(part), f"gmv_minor[{k}]": sum(part)}
        older = [v for g, v in gap.items() if g < -3 * days]
        ago = (on - looked[looked.consumer_key == key].day).map(lambda d: d.days)
        row |= {"older_days": len(older), "older_minor": sum(older), "interest": int(((ago > 0) & (ago <= 30)).sum())}
        rows.append(row)
    order = sorted(rows[0])
    shown = found.assign(on=found.on.dt.date, age_band=found.age_band.fillna(""))[order]
    assert sorted(map(str, shown.astype(object).itertuples(index=False, name=None))) == sorted(
        str(tuple(row[c] for c in order)) for row in rows)  # fmt: skip
    assert found.joins.sum() > 3 and (found["orders[0]"] > 0).any()
    assert joining.cohort(shop.warehouse, "nobody", first, last, days).empty


def test_the_stretch_of_a_cohort_ends_where_its_outcome_is_known(shop):
    assert joining.span(shop.warehouse, shop.day(499), 90) == (shop.day(409 - 364), shop.day(409))
    assert joining.span(shop.warehouse, shop.day(100), 90) == (shop.day(0), shop.day(10))
    assert joining.span(shop.warehouse, shop.day(10), 90)[1] < shop.day(0), "too short: nobody"
    assert joining.cohort(shop.warehouse, "b", shop.day(0), shop.day(0) - dt.timedelta(days=80), 90).empty
