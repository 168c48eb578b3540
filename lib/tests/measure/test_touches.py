"""Touches, shares of moves and the sums of a regression, recomputed in plain Python and numpy."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import load_rules, parse_rules
from apex.measure import assets, mixes, touches
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"}, "any": [{"behaviour": ["click"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}  # fmt: skip
START, END = 12, 24
NAMES = ["none", "A", "I", "P"]


@pytest.fixture(scope="module")
def log():
    dice = random.Random(9)
    first = dt.datetime(2024, 1, 1, 9)
    return [
        {
            "consumer_key": f"c{dice.randrange(40)}", "brand": dice.choice("bbbc"),
            "behaviour": dice.choice(["expose", "expose", "click", "buy"]),
            "occurred_at": first + dt.timedelta(days=dice.randrange(34), minutes=n), "seq": n,
            "channel": dice.choice(["tv", "web", "mail", "walk", None]),
        }
        for n in range(500)
    ]  # fmt: skip


@pytest.fixture
def book(tmp_path, source, canonical, log):
    tables = canonical(log)
    kinds = {"tv": "video", "web": "display", "mail": "message", "walk": "free"}
    tables["channels"] = pd.DataFrame([{"channel": c, "site": "on", "kind": k} for c, k in kinds.items()])
    ingest(source(tmp_path / "files", tables), "market", tmp_path / "market", "test")
    return ledger.ensure(open_warehouse(tmp_path / "market"), parse_rules(RULES))


def number(event):
    return (event["occurred_at"].date() - dt.date(2024, 1, 1)).days


def stage(events, day):
    active = [
        any(0 <= day - number(e) < w for e in events if e["behaviour"] == kind)
        for kind, w in (("expose", 5), ("click", 5), ("buy", 9))
    ]
    return max((n + 1 for n, on in enumerate(active) if on), default=0)


def people(log):
    """consumer → (events of the brand up to END, stage before, stage after, {channel: touches})."""
    out = {}
    for consumer in {e["consumer_key"] for e in log}:
        mine = sorted(
            (e for e in log if e["consumer_key"] == consumer and e["brand"] == "b"), key=lambda e: e["occurred_at"]
        )
        mine = [e for e in mine if number(e) <= END]
        met = {}
        for e in mine:
            if number(e) > START and e["channel"]:
                name = "" if e["channel"] == "walk" else e["channel"]
                met[name] = met.get(name, 0) + 1
        if mine:
            out[consumer] = (mine, stage(mine, START), stage(mine, END), met)
    return out


def test_own_channels_and_the_stages_of_purchases(book):
    assert touches.own_channels(book.warehouse) == ["walk"]
    assert touches.purchase_stages(book.rules) == ["P"]
    assert touches.purchase_stages(load_rules("deeplink")) == ["I", "N", "K"]
    assert touches.purchase_stages(load_rules("shop")) == ["first", "repeat"]


def test_met_and_shared_out(book, log, day):
    frame = touches.touched(book, "b", day(START), day(END))
    met, share = {}, {}
    for _, before, after, of in people(log).values():
        for name, n in of.items():
            key = (NAMES[before], NAMES[after], name)
            met[key] = met.get(key, 0) + 1
            share[key] = share.get(key, 0) + n / sum(of.values())
    keyed = frame[frame.met > 0].set_index(["from_stage", "to_stage", "channel"])
    assert keyed.met.to_dict() == met
    assert all(keyed.share[k] == pytest.approx(v) for k, v in share.items())


def test_last_touch_is_the_ledgers(book, log, day):
    frame = touches.touched(book, "b", day(START), day(END))
    rows = book.rows.execute()
    rows["day"] = pd.to_datetime(rows.day).dt.date
    rows = rows[(rows.brand == "b") & (rows.day > day(START)) & (rows.day <= day(END)) & rows.touch_channel.notna()]
    rows = rows[rows.to_stage > rows.from_stage].sort_values("day").groupby("consumer_id").last()
    states = assets.states(book, "b", day(START), day(END)).execute().set_index("consumer_id")
    rose = states.index[states.after > states.before]
    rows = rows[rows.index.isin(rose)]
    assert frame["last"].sum() == len(rows) > 10
    by = frame.groupby("channel")["last"].sum()
    assert by[by > 0].to_dict() == rows.touch_channel.replace("walk", "").value_counts().to_dict()


def test_the_regressions_sums_are_those_of_its_design(book, log, day):
    frame = touches.gram(book, "b", day(START), day(END))
    total = frame.groupby(["a", "b"]).total.sum()
    design = []
    for mine, before, after, met in people(log).values():
        row = {"one": 1000}
        past = [number(e) for e in mine if number(e) <= START]
        age = START - max(past) if past else None
        band = next((edge for edge in touches.RECENT if age is not None and age < edge), None)
        row |= {f"at:{NAMES[before]}": 1000} if before else {}
        row |= {f"recent:{band}": 1000} if band else {}
        group = 0 if before == 0 else 2 if before == 3 else 1
        for name, n in met.items():
            row["own" if name == "" else f"met:{name}:{group}"] = 1000 * n // (1 + n)
        row |= {f"to:{NAMES[after]}": 1000} if after > before else {}
        design.append(row)
    wide = pd.DataFrame(design).fillna(0).astype(int)
    wanted = wide.T @ wide
    for (a, b), value in total.items():
        assert value == wanted.loc[a, b], (a, b)
    upper = {(a, b) for a in wanted for b in wanted if a <= b and wanted.loc[a, b]}
    assert upper == set(total.index)
    assert frame.bucket.between(0, touches.BUCKETS - 1).all() and frame.bucket.nunique() > 5


def test_touches_in_shopping_trips(book, log, day):
    inside = [e for e in log if START < number(e) <= END]
    trips = {(e["consumer_key"], number(e)) for e in inside if e["behaviour"] == "buy"}
    seen = [e for e in inside if e["brand"] == "b" and e["behaviour"] != "buy" and e["channel"] not in (None, "walk")]
    wanted = np.mean([(e["consumer_key"], number(e)) in trips for e in seen])
    assert touches.in_trips(book.warehouse, "b", day(START), day(END)) == pytest.approx(wanted)
    assert touches.in_trips(book.warehouse, "nobody", day(START), day(END)) is None


def test_mixes_by_hand(book, log, day):
    periods = [(day(START), day(END)), (day(2), day(START))]
    together = mixes.met_together(book, "b", periods, "P")
    cells = {}
    for start, end in ((START, END), (2, START)):
        for consumer in {e["consumer_key"] for e in log}:
            mine = [e for e in log if e["consumer_key"] == consumer and e["brand"] == "b" and number(e) <= end]
            met = tuple(sorted({e["channel"] for e in mine if number(e) > start} - {None, "walk"}))
            before, after = stage(mine, start), stage(mine, end)
            if met and before < 3:
                cell = cells.setdefault((NAMES[before], met), [0, 0])
                cell[0] += 1
                cell[1] += after == 3
    found = {(r.from_stage, r.channels): [r.consumers, r.reached] for r in together.itertuples()}
    assert found == cells
    frame = mixes.mixes(together, least=1)
    for row in frame.itertuples():
        inside = [(k, v) for k, v in cells.items() if set(row.mix) <= set(k[1])]
        assert row.consumers == sum(v[0] for _, v in inside) and row.reached == sum(v[1] for _, v in inside)
        expected = 0.0
        for (before, met), (n, _) in inside:
            same = [v for (b, m), v in cells.items() if b == before and len(m) == len(met)]
            expected += n * sum(v[1] for v in same) / sum(v[0] for v in same)
        assert row.expected == pytest.approx(expected)
    assert set(frame.mix) == {("mail", "tv"), ("mail", "web"), ("tv", "web"), ("mail", "tv", "web")}


def test_a_mix_that_gives_a_few_away_is_left_out():
    cells = [(("a", "b"), 3, 1), (("a", "b", "c"), 40, 20), (("a", "c"), 30, 9), (("b", "c"), 30, 8)]
    together = pd.DataFrame(cells, columns=["channels", "consumers", "reached"]).assign(from_stage="A")
    assert ("a", "b", "c") in set(mixes.mixes(together, threshold=1).mix)
    assert ("a", "b", "c") not in set(mixes.mixes(together, threshold=5).mix), "43 − 40 met a and b alone"
    assert mixes.met_together is not None and mixes.mixes(together.iloc[:0]).empty


def test_no_period_is_no_mix(book):
    assert mixes.mixes(mixes.met_together(book, "b", [], "P")).empty
