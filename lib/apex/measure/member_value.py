"""Members beside other buyers: how many are active, buy again, and what they bring, by tier.

A tier is the `detail` of a member's last `tier` event; who has none, or is no member, has the tier "". Counting only: that
members bring more does not say that membership did it (`apex.measure.joining`, `apex.model.effect`).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import pandas as pd

from apex.measure.members import ACTIVE, T_WINDOW, spans
from apex.measure.trade import ordered
from apex.warehouse import Warehouse

YEAR = 365
OTHERS = "others"
BETWEEN = " / "  # tiers that stand together
PEOPLE = ["consumers", "active", "idle", "buyers", "unbought", "repeat", "once"]
COUNTS = [*PEOPLE, "orders", "gmv_minor"]


def standing(warehouse: Warehouse, brand: str, day: date, window: int = T_WINDOW, year: int = YEAR) -> pd.DataFrame:
    """Members by tier, and buyers who are none, at the end of a day.

    Returns group (OTHERS, or "member " and the tier), member (bool), tier, consumers (members; of the others, who bought in
    the `year` days), active (in the `window` days), idle (the rest), buyers (bought in the year), unbought (the rest), repeat
    (of the buyers: on two days or more), once (the rest of them), orders, gmv_minor (of the year): ints, one row a group.
    """
    done = _done(warehouse, brand, day, window, year)
    now = _now(warehouse, brand, day)
    both = now.outer_join(done, "consumer_id").mutate(member=lambda t: t.consumer_id.notnull())
    both = both.filter(both.member | (both.bought_days > 0))
    days = both.bought_days.fill_null(0)
    found = both.group_by("member", tier=both.tier.fill_null("")).agg(
        consumers=both.count(), active=both.active.fill_null(False).sum(), idle=(~both.active.fill_null(False)).sum(),
        buyers=(days > 0).sum(), unbought=(days == 0).sum(), repeat=(days > 1).sum(), once=(days == 1).sum(),
        orders=both.orders.sum().fill_null(0), gmv_minor=both.gmv_minor.sum().fill_null(0),
    ).execute()  # fmt: skip
    return _grouped(found.astype(dict.fromkeys(COUNTS, "int64")))


def _grouped(found: pd.DataFrame) -> pd.DataFrame:
    """In order, members first, with `group`: one key, since member and tier are nested and no crosstab."""
    found = found.sort_values(["member", "tier"], ascending=[False, True], ignore_index=True)
    group = ("member " + found.tier.astype(str)).where(found.member, OTHERS)
    return found.assign(group=group)[["group", "member", "tier", *COUNTS]]


def pooled(standing: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """The frame of `standing` with neighbouring tiers together until no count of members is small, as far as that helps.

    A tier with 1 to `threshold` − 1 people in any count joins the next, the last one that before it ("V3 / V4"), so that
    nothing need be hidden; buyers who are no members stay a row of their own.
    """
    rows = [dict(r) for r in standing[standing.member].to_dict("records")]
    while len(rows) > 1:
        small = [k for k, r in enumerate(rows) if any(0 < r[c] < threshold for c in PEOPLE)]
        if not small:
            break
        at = min(small[0], len(rows) - 2)
        one, two = rows[at], rows.pop(at + 1)
        rows[at] = {
            "member": True,
            "tier": f"{one['tier']}{BETWEEN}{two['tier']}",
            **{c: one[c] + two[c] for c in COUNTS},
        }
    found = pd.concat([pd.DataFrame(rows, columns=standing.columns), standing[~standing.member]], ignore_index=True)
    return _grouped(found.astype({"member": bool}))


def members_now(warehouse: Warehouse, brand: str, day: date) -> pd.DataFrame:
    """consumer_id, tier ("" where none was given): the members at the end of a day, one row each."""
    found = _now(warehouse, brand, day).select("consumer_id", "tier").execute()
    return found.sort_values("consumer_id", ignore_index=True)


def _now(warehouse: Warehouse, brand: str, day: date) -> ir.Table:
    """consumer_id, tier: who is a member at the end of a day."""
    held = spans(warehouse, [brand])
    now = held.filter((held.since <= day) & (held.until > day)).select("consumer_id").distinct()
    with_tier = now.left_join(_tiers(warehouse, brand, day), "consumer_id")
    return with_tier.select("consumer_id", tier=with_tier.tier.fill_null(""))


def _tiers(warehouse: Warehouse, brand: str, day: date) -> ir.Table:
    """consumer_id, tier: the last tier that each consumer was given by the end of a day."""
    events = warehouse.table("events")
    told = events.filter((events.brand == brand) & (events.behaviour == "tier") & events.detail.notnull())
    told = told.filter(told.occurred_at < day + timedelta(days=1))
    last = ibis.row_number().over(group_by=told.consumer_id, order_by=[told.occurred_at.desc(), told.seq.desc()])
    told = told.mutate(place=last)
    return told.filter(told.place == 0).select("consumer_id", tier="detail")


def groups(buyers: pd.Series, members: pd.DataFrame, crowd: pd.Series) -> pd.DataFrame:
    """For each buyer (a consumer_id) which groups he is in: member (yes, no), tier (of members; else null), others (the crowd of
    those who are no members; else null), crowd.

    members: the frame of `members_now`. crowd: by consumer_id; who is not in it has the crowd "".
    """
    tier = buyers.map(members.set_index("consumer_id").tier)
    of = buyers.map(crowd).astype("string").fillna("").astype(str)
    inside = tier.notna()
    frame = {"member": inside.map({True: "yes", False: "no"}), "tier": tier, "others": of.where(~inside), "crowd": of}
    return pd.DataFrame(frame)


def crowds(warehouse: Warehouse, trait: str | None) -> pd.Series:
    """The value of a trait by consumer_id; nothing without one."""
    if trait is None:
        return pd.Series(dtype=str)
    people = warehouse.table("consumers").select("consumer_id", trait).execute()
    return people.set_index("consumer_id")[trait].dropna().astype(str)


def since(day: date, year: int = YEAR) -> date:
    """The first day of the year that ends on a day."""
    return day - timedelta(days=year - 1)


def ends(warehouse: Warehouse, day: date, step: int, most: int = 4) -> list[date]:
    """`day` and the days `step`, 2 × `step` … before it, at most `most` steps, as far as the data reach; oldest first."""
    reach = (day - warehouse.first_day).days // step
    return [day - timedelta(days=step * k) for k in range(min(reach, most), -1, -1)]


def periods(warehouse: Warehouse, brand: str, ends: Sequence[date]) -> pd.DataFrame:
    """Memberships begun and ended between neighbouring days, and members at the end: day, joined, left, members (ints).

    members of one row = members of the row before + joined − left. Who joins and leaves within a period counts in both.
    """
    held = spans(warehouse, [brand])
    asked = sorted(set(ends))
    rows = [(start, end) for start, end in pairwise(asked)]
    on = ibis.memtable(pd.DataFrame(rows, columns=["start", "day"]), schema={"start": "date", "day": "date"})
    near = held.join(on, [held.since <= on.day, held.until > on.start])
    found = near.group_by("day").agg(
        joined=(near.since > near.start).sum(),
        left=(near.until <= near.day).sum(),
        members=(near.until > near.day).sum(),
    )
    frame = found.execute()
    frame["day"] = pd.to_datetime(frame.day).dt.date
    every = pd.Index(asked[1:], name="day")
    return (
        frame.set_index("day")[["joined", "left", "members"]].reindex(every, fill_value=0).astype("int64").reset_index()
    )


def year(periods: pd.DataFrame) -> pd.DataFrame:
    """The last year of the frame of `periods` as one row: memberships begun and ended in it, and members at its end."""
    last = periods[periods.day > periods.day.max() - timedelta(days=YEAR)] if len(periods) else periods
    if last.empty:
        return periods
    return last.iloc[[-1]].assign(joined=last.joined.sum(), left=last.left.sum()).reset_index(drop=True)


def _done(warehouse: Warehouse, brand: str, day: date, window: int, year: int) -> ir.Table:
    """consumer_id, active, bought_days, orders, gmv_minor: who did something of the brand in the year up to a day."""
    events = warehouse.table("events")
    reach = max(window, year)
    done = events.filter((events.brand == brand) & events.behaviour.isin(ACTIVE))
    done = done.filter(
        (done.occurred_at >= day - timedelta(days=reach - 1)) & (done.occurred_at < day + timedelta(days=1))
    )
    done = ordered(done).mutate(on=done.occurred_at.date())
    bought = (done.behaviour == "buy") & (done.on > day - timedelta(days=year))
    return done.group_by("consumer_id").agg(
        active=(done.on > day - timedelta(days=window)).any(), bought_days=done.on.nunique(where=bought),
        orders=done.order_id.nunique(where=bought), gmv_minor=done.value_minor.sum(where=bought),
    )  # fmt: skip
