"""The same seed gives the same market, however the work is cut up."""

import hashlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from twin import growing, money, store, tables
from twin.play import advance, consumers, play, world


def lived(market, numbers, **how):
    return np.concatenate(list(play(market, numbers, **how)))


def test_blocks_and_cores_change_nothing(market):
    numbers = np.arange(1, 301)
    one = lived(market, numbers, cores=1)
    assert len(one) > 100_000
    assert np.array_equal(one, lived(market, numbers, cores=1, block=77))
    assert np.array_equal(one, lived(market, numbers, cores=2, block=100))


def test_a_consumer_is_the_same_in_a_market_of_any_size(market):
    small, large = lived(market, np.arange(1, 51)), lived(market, np.arange(1, 201))
    assert np.array_equal(small, large[large[:, 0] <= 50])


def test_a_life_in_two_stretches_is_the_life_in_one(market):
    crowd, _ = consumers(market, np.arange(1, 41))
    day = market.calendar.observed + 200
    whole, _ = advance(market, crowd, world(market), 0)
    first, state = advance(market, crowd, world(market), 0, 0, day, keep=True)
    second, _ = advance(market, crowd, world(market), 0, day, None, state)
    both = np.concatenate([first, second])
    assert np.array_equal(both[np.argsort(both[:, 0], kind="stable")], whole)


def test_another_seed_is_another_market(market):
    from twin.market import draw_market

    other = draw_market(6)
    assert not np.array_equal(market.rules.quality[1:], other.rules.quality[1:])
    assert len(lived(market, np.arange(1, 21))) != len(lived(other, np.arange(1, 21)))


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    out = []
    with pytest.MonkeyPatch.context() as patch:  # groups so small that blocks end within them and across them
        patch.setattr(growing, "ROWS", 7_000)
        for cores, block, merge in ((1, 64, 10), (2, 150, 1 << 20)):
            patch.setattr(money, "MERGE", merge)
            folder = tmp_path_factory.mktemp("market")
            store.write(store.Recipe("small", consumers=200, seed=5), folder, cores=cores, block=block)
            out.append(folder)
    return out


def test_files_are_the_same_byte_by_byte(twice):
    for name in store.TABLES:
        first, second = (hashlib.sha256((f / f"{name}.parquet").read_bytes()).hexdigest() for f in twice)
        assert first == second, name
    groups = pq.read_metadata(twice[0] / "events.parquet")
    assert groups.num_row_groups == -(-groups.num_rows // 7_000) > 10


def test_people_written_in_pieces_are_the_people(twice, market):
    for name, whole in zip(("consumers", "assignments"), tables.people_table(market, np.arange(1, 201)), strict=True):
        written = pq.read_table(twice[0] / f"{name}.parquet").to_pandas()
        if name == "assignments":  # what is assigned by impression comes behind
            assert written.unit_id.notna().sum() == written.unit_id.notna().iloc[len(whole) :].sum() > 0
        told = [c for c in whole.column_names if c != "unit_id" and whole[c].null_count < len(whole)]
        pd.testing.assert_frame_equal(
            written.iloc[: len(whole)][told].astype(object), whole.to_pandas()[told].astype(object)
        )


def test_spend_counts_what_events_show(twice):
    events = pq.read_table(twice[0] / "events.parquet").to_pandas()
    spend = pq.read_table(twice[0] / "spend.parquet").to_pandas()
    bought = events[events.creative_id.notna()]
    keys = [
        bought.occurred_at.dt.date.astype(str),
        *(bought[c].astype(str) for c in ("brand", "placement", "campaign_id")),
    ]
    shown = bought.behaviour.isin(["expose", "watch"]).groupby(keys).sum()
    clicks = (bought.behaviour == "click").groupby(keys).sum()
    found = spend.groupby(
        [spend.day.astype(str), *(spend[c].astype(str) for c in ("brand", "placement", "campaign_id"))]
    )
    assert found.impressions.sum().tolist() == shown.tolist()
    assert found.clicks.sum().tolist() == clicks.tolist() and clicks.sum() > 100


def test_tables_are_the_canonical_ones(twice):
    from apex.warehouse import schema

    for name in store.TABLES:
        there, table = pq.read_table(twice[0] / f"{name}.parquet"), schema.table(name)
        assert list(there.schema.names)[: len(table.columns)] == list(table.columns), name
        assert there.num_rows > 0, name
        for column in set(table.columns) - table.nullable:
            if column != "consumer_id" or name != "assignments":
                assert there[column].null_count == 0, f"{name}.{column}"
        if table.key:
            keys = there.select(list(table.key)).to_pandas()
            assert not keys.duplicated().any(), name


def test_history_holds_only_what_the_issue_lists(twice, market):
    events = pq.read_table(twice[0] / "events.parquet").to_pandas()
    first_observed = market.spec["market"]["first_observed"].isoformat()
    early = set(events[events.occurred_at < first_observed].behaviour)
    assert {"buy", "review", "share", "join", "follow"} <= early
    assert early <= {"buy", "review", "share", "join", "leave", "follow", "unfollow", "tier"}
    assert events.occurred_at.max().date() <= market.spec["market"]["last_observed"]
    opened = events[events.detail == "at_start"]
    assert set(opened.behaviour) == {"join", "follow"} and (opened.occurred_at == events.occurred_at.min()).all()


def test_the_observed_years_hold_every_behaviour_that_the_market_has(twice, market):
    events = pq.read_table(twice[0] / "events.parquet", columns=["behaviour"])["behaviour"].unique().to_pylist()
    assert set(events) >= {
        "expose", "watch", "click", "search_category", "search_brand", "view", "engage", "follow", "unfollow", "join",
        "tier", "claim", "redeem", "favourite", "cart", "reserve", "buy", "review", "share", "refund",
    }  # fmt: skip


def test_nothing_is_bought_before_it_is_launched(twice):
    events = pq.read_table(twice[0] / "events.parquet").to_pandas()
    items = pq.read_table(twice[0] / "items.parquet").to_pandas()
    bought = events[events.behaviour == "buy"].merge(items[["item_id", "launched_on"]], on="item_id")
    assert len(bought) and (bought.occurred_at.dt.date >= bought.launched_on).all()


def test_nobody_leaves_what_he_has_not_joined(twice):
    events = pq.read_table(twice[0] / "events.parquet").to_pandas()
    step = events.behaviour.map({"join": 1, "leave": -1}).dropna()
    open_now = step.groupby([events.consumer_id, events.brand]).cumsum()
    assert set(open_now) == {0.0, 1.0}
