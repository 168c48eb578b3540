"""Members beside other buyers against pandas on the same log; tiers too small to show stand together."""

import datetime as dt

import pandas as pd
import pytest

from apex.measure import member_value, members

YEAR, WINDOW = 365, 30


def inside(membership, day):
    return {k for k, held in membership.items() if any(since <= day < until for since, until in held)}


def standing_by_hand(log, membership, day):
    mine = log[(log.brand == "b") & (log.day <= day)]
    within = lambda days: mine[mine.day > day - dt.timedelta(days=days)]  # noqa: E731
    active = set(within(WINDOW)[within(WINDOW).behaviour.isin(members.ACTIVE)].consumer_key)
    bought = within(YEAR)[within(YEAR).behaviour == "buy"]
    days, now = bought.groupby("consumer_key").day.nunique(), inside(membership, day)
    told = mine[mine.behaviour == "tier"].sort_values(["occurred_at", "seq"]).groupby("consumer_key").detail.last()
    rows = {}
    for key in now | set(days.index):
        group = (key in now, told.get(key, "") if key in now else "")
        row = rows.setdefault(group, dict.fromkeys(member_value.COUNTS, 0))
        n = days.get(key, 0)
        for name, holds in {"consumers": True, "active": key in active, "idle": key not in active, "buyers": n > 0,
                            "unbought": n == 0, "repeat": n > 1, "once": n == 1}.items():  # fmt: skip
            row[name] += holds
        row["orders"] += bought[bought.consumer_key == key].basket_id.nunique()
        row["gmv_minor"] += int(bought[bought.consumer_key == key].value_minor.sum())
    return rows


@pytest.mark.parametrize("n", [250, 499])
def test_standing(shop, membership, n):
    found = member_value.standing(shop.warehouse, "b", shop.day(n), WINDOW, YEAR)
    rows = {(r["member"], r["tier"]): {c: r[c] for c in member_value.COUNTS} for r in found.to_dict("records")}
    assert rows == standing_by_hand(shop.log, membership, shop.day(n)) and len(rows) > 2
    now = member_value.members_now(shop.warehouse, "b", shop.day(n))
    assert now.tier.value_counts().to_dict() == {t: r["consumers"] for (m, t), r in rows.items() if m}
    assert not found.equals(member_value.standing(shop.warehouse, "b", shop.day(n - 40), WINDOW, YEAR))


def test_memberships_begun_and_ended_add_up(shop, membership):
    ends = member_value.ends(shop.warehouse, shop.day(499), 40, 9)
    assert ends[-1] == shop.day(499) and len(ends) == 10 and ends[0] == shop.day(139)
    found = member_value.periods(shop.warehouse, "b", ends)
    spans = [s for held in membership.values() for s in held]
    for before, row in zip(ends, found.itertuples(), strict=False):
        assert row.joined == sum(before < since <= row.day for since, _ in spans)
        assert row.left == sum(before < until <= row.day for _, until in spans if until > before)
        assert row.members == len(inside(membership, row.day))
    assert (
        found.members.shift().fillna(len(inside(membership, ends[0]))) + found.joined - found.left == found.members
    ).all()
    year = member_value.year(found)
    assert year.joined[0] == found.joined.sum() and year.members[0] == found.members.iloc[-1] and len(year) == 1
    assert member_value.periods(shop.warehouse, "b", ends[:1]).empty and member_value.year(found.iloc[:0]).empty


def test_small_tiers_stand_with_their_neighbour():
    rows = [
        (True, t, n, a, n - a, n, 0, n // 2, n - n // 2, n, n)
        for t, n, a in (("", 40, 1), ("V1", 90, 40), ("V2", 30, 28))
    ]
    frame = pd.DataFrame(
        [*rows, (False, "", 50, 2, 48, 50, 0, 25, 25, 9, 9)], columns=["member", "tier", *member_value.COUNTS]
    )
    frame.insert(0, "group", ["member ", "member V1", "member V2", "others"])
    found = member_value.pooled(frame, 5)
    assert list(found.tier) == [" / V1 / V2", ""] and found.consumers.tolist() == [160, 50], (
        "the last joins the one before"
    )
    assert found.gmv_minor.sum() == frame.gmv_minor.sum()
    assert member_value.pooled(frame, 1).equals(frame)
    assert list(member_value.pooled(frame, 2).tier) == [" / V1", "V2", ""], "one active is few"


def test_groups_of_buyers(shop):
    now = member_value.members_now(shop.warehouse, "b", shop.day(499))
    crowd = member_value.crowds(shop.warehouse, "age_band")
    everybody = shop.warehouse.table("consumers").execute().consumer_id
    found = member_value.groups(everybody, now, crowd)
    assert (found.member == "yes").sum() == len(now) == found.tier.notna().sum()
    assert found.others.isna().sum() == len(now) and set(found.crowd) == {"young", "old", ""}
    assert member_value.groups(everybody, now.iloc[:0], member_value.crowds(shop.warehouse, None)).member.eq("no").all()
