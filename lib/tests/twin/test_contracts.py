"""Counts, contracts and inventory: counted as the events say, delivered as counted, and enough room for all."""

import numpy as np
import pandas as pd
import pytest

from twin import contracts, further, store
from twin.contact import CLICKED
from twin.counts import AT, Counts
from twin.crowds import CROWDS
from twin.people import traits
from twin.play import play
from twin.purchase import BUY
from twin.tables import Names, schema

N = 400


@pytest.fixture(scope="module")
def lived(market):
    return np.concatenate(list(play(market, np.arange(1, N + 1))))


@pytest.fixture(scope="module")
def counts(market, lived):
    made = Counts(market)
    made.add(lived)
    return made


@pytest.fixture(scope="module")
def signed(market, counts):
    return contracts.contracts(market, counts)


@pytest.fixture(scope="module")
def seen(market, lived):
    """Contacts bought by contract, as a table of texts."""
    frame = pd.DataFrame(lived, columns=list(AT))
    paid = frame[(frame.creative >= 0) & frame.behaviour.le(1)].copy()
    assert CLICKED == 2
    bought = [market.spec["channels"][c]["buying"] == "contract" for c in market.channels]
    paid = paid[np.array(bought)[paid.channel]]
    paid["day"] = paid.minute // 1440
    paid["slot"] = np.array(Names(market).placement)[paid.channel * 2 + paid.placement]
    crowd = traits(market.spec, market.seed, np.arange(1, N + 1))["crowd"]
    paid["crowd"] = np.array(CROWDS)[crowd[paid.consumer - 1]]
    return paid


def test_counts_do_not_depend_on_blocks(market, lived, counts):
    parts = Counts(market)
    cut = np.searchsorted(lived[:, 0], [130, 131, 300])
    for part in np.split(lived, cut):
        parts.add(part)
    assert np.array_equal(parts.sold, counts.sold)
    assert np.array_equal(parts.contacts, counts.contacts)
    assert all(np.array_equal(parts.contract[g], counts.contract[g]) for g in counts.contract)


def test_counts_are_those_of_the_events(market, lived, counts, seen):
    assert counts.sold.sum() == lived[lived[:, AT["behaviour"]] == BUY, AT["quantity"]].sum() > 0
    assert counts.contacts.sum() == len(seen) > 1000
    assert counts.contract["impressions"].sum() == (seen.campaign >= 0).sum() > 100


def test_new_and_lost_consumers_by_hand(market, lived, counts, seen):
    frame = pd.DataFrame(lived, columns=list(AT)).assign(day=lambda f: f.minute // 1440)
    told = seen[seen.campaign >= 0].drop_duplicates(["consumer", "campaign", "slot"])
    assert counts.contract["reach"].sum() == len(told)
    by = dict(list(frame.groupby(["consumer", "brand"])))
    new = lost = 0
    for row in told.itertuples():
        run = market.campaigns[row.campaign]
        before = by[row.consumer, run.brand]
        before = before[before.day < run.first]
        new += before.empty
        last = before.day[before.behaviour == BUY].max()
        lost += last < run.first - 180  # nothing bought is never
    assert counts.contract["new consumers"].sum() == new > 10
    assert counts.contract["recalls"].sum() == lost > 10


def test_contracts_deliver_what_the_contacts_say(market, signed, seen):
    told = contracts.delivery(market, signed).to_pandas()
    assert (told.brand == "清禾").any()
    assert told.brand.nunique() > 3
    part = told[told.guarantee == "impressions"]
    assert len(part) > 15
    for row in part.itertuples():
        mine = seen[
            (seen.campaign == [c.key for c in market.campaigns].index(row.campaign_id)) & (seen.slot == row.placement)
        ]
        if row.crowd in CROWDS:
            mine = mine[mine.crowd == row.crowd]
        assert row.delivered == len(mine)
    assert (told.rate > 1).any()
    assert (told.rate < 1).any()
    assert np.abs(np.log(told.rate)).max() < 0.8
    short = told.rate < 1
    assert told.penalty_due_minor[~short].eq(0).all()
    assert told.penalty_due_minor[short].gt(0).any()


def test_contracts_of_a_slot_do_not_share_contacts(signed):
    where = pd.DataFrame([(k.campaign, k.channel, k.place, k.crowd) for k in signed], columns=list("abcd"))
    assert not where.duplicated().any()
    whole = where[where.d < 0][["a", "b", "c"]]
    assert whole.merge(where[where.d >= 0], on=["a", "b", "c"]).empty


def test_slots_carry_what_all_brands_got_and_sell_mostly(market):
    dice = np.random.default_rng(1)
    phase = market.rules.phase[market.calendar.observed :]
    rate = np.where(phase > 0, 3.0, 1.0)[:, None, None] * dice.uniform(30, 90, (1, 10, len(CROWDS)))
    contacts = dice.poisson(rate)
    carried = contracts.inventory(market, contacts)
    assert (carried >= contacts).all()
    for p in range(4):
        through = contacts[phase == p].sum(axis=(0, 2)) / carried[phase == p].sum(axis=(0, 2))
        assert (through > 0.5).all()
        assert (through < 0.95).all()
        assert through.std() > 0.03
    step = np.abs(np.diff(carried, axis=0)) / carried[1:]
    assert np.median(step) < 0.01


def test_all_tables_are_canonical(market, counts):
    made = further.tables(market, counts)
    assert set(made) < set(store.TABLES)
    keys = {"contracts": ["contract_id"], "benefits": ["coupon_id", "first_day"], "on_hand": ["item_id", "day"],
            "inventory": ["placement", "crowd", "day"], "services": ["provider", "brand", "track"]}  # fmt: skip
    for name, table in made.items():
        assert len(table), name
        assert {f.name: f.type for f in table.schema} == schema(name), name
        frame = table.to_pandas()
        assert not frame.duplicated(keys[name]).any(), name
        optional = {"value_minor", "discount"}
        assert frame.drop(columns=[c for c in frame if c in optional]).notna().all().all(), name
    placements = set(Names(market).placement)
    assert set(made["contracts"]["placement"].to_pylist()) <= placements
    assert set(made["inventory"]["placement"].to_pylist()) <= placements
    assert set(made["on_hand"]["item_id"].to_pylist()) == set(Names(market).item)
