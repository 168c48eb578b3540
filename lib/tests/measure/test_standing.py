"""Figures of many brands against a recomputation by brute force, and what of peers may be shown."""

import datetime as dt
import random

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import assets, standing
from apex.measure.peers import Peers

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
NAMES = ["none", "A", "P", "L"]
DAYS, CONSUMERS = 40, 90
FIRST = dt.date(2024, 1, 1)


@pytest.fixture(scope="module")
def log():
    dice = random.Random(3)
    start = dt.datetime(2024, 1, 1, 9)
    rows = [
        {
            "consumer_key": f"c{dice.randrange(CONSUMERS)}", "brand": dice.choice("bbbccd"), "category": "tea",
            "occurred_at": start + dt.timedelta(days=dice.randrange(DAYS), minutes=dice.randrange(600)),
            "behaviour": dice.choice(["expose", "expose", "buy"]),
        }
        for _ in range(1500)
    ]  # fmt: skip
    return rows + [
        rows[0] | {"occurred_at": start + dt.timedelta(days=d), "behaviour": "expose"} for d in (0, DAYS - 1)
    ]


@pytest.fixture
def book(market, log):
    return ledger.ensure(market(log), parse_rules(RULES))


def stage_on(log, brand, consumer, day):
    """From the definitions of windows alone."""
    mine = [e for e in log if (e["consumer_key"], e["brand"]) == (consumer, brand)]
    ago = [((day - e["occurred_at"].date()).days, e["behaviour"]) for e in mine]
    bought = {n for n, behaviour in ago if behaviour == "buy" and 0 <= n < 9}
    aware = any(behaviour == "expose" and 0 <= n < 5 for n, behaviour in ago)
    return 3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0


def pairs_by_hand(log, brand, start, end):
    people = {e["consumer_key"] for e in log}
    return [(stage_on(log, brand, c, start), stage_on(log, brand, c, end)) for c in people]


def test_flows_of_many_brands_and_pairs_of_days_in_one_frame(book, log, day):
    frame = standing.flows(book, ["b", "c", "nobody"], [day(12), day(20), day(31)])
    assert len(frame) == 3 * 2 * 15
    for row in frame.itertuples():
        pairs = [] if row.brand == "nobody" else pairs_by_hand(log, row.brand, row.start_day, row.end_day)
        pair = (NAMES.index(row.from_stage), NAMES.index(row.to_stage))
        assert row.consumers == pairs.count(pair), row
        assert row.way == ("came" if pair[0] == 0 else "left" if pair[1] == 0 else "rose" if pair[1] > pair[0]
                           else "fell" if pair[1] < pair[0] else "stayed")  # fmt: skip
    one = assets.flow(book, "b", day(20), day(31))
    mine = frame[(frame.brand == "b") & (frame.end_day == day(31))]
    pd.testing.assert_frame_equal(mine[one.columns].reset_index(drop=True), one, check_dtype=False)


def test_figures_are_the_quotients_they_say(book, log, day):
    frame = standing.flows(book, ["b", "c"], [day(12), day(31)])
    found = standing.figures(frame, standing.opportunity(book, ["b", "c"], day(12), day(31)))
    found = found.set_index(["brand", "figure"]).value
    recent = {e["consumer_key"] for e in log if dt.timedelta(0) <= day(31) - e["occurred_at"].date() < dt.timedelta(30)}
    for brand in "bc":
        pairs = pairs_by_hand(log, brand, day(12), day(31))
        start, end = [p for p in pairs if p[0]], [p for p in pairs if p[1]]
        could = [p for p in start if p[0] < 3]
        free = len([c for c in recent if not stage_on(log, brand, c, day(31))])
        for name, part, base in [
            ("growth", len(end) - len(start), start),
            ("came", len([p for p in end if not p[0]]), start),
            ("rise", len([p for p in could if p[1] > p[0]]), could),
            ("lapse", len([p for p in start if p[1] < p[0]]), start),
            ("stage:L", len([p for p in end if p[1] == 3]), end),
        ]:
            value = found[brand, name]
            assert pd.isna(value) if len(base) < standing.LEAST else value == pytest.approx(part / len(base)), name
        assert found[brand, "reached"] == pytest.approx(len(end) / (len(end) + free))
        assert sum(found[brand, f"stage:{s}"] for s in NAMES[1:]) == pytest.approx(1)
        growth = found[brand, "growth"]
        left = len([p for p in start if not p[1]]) / len(start)
        assert pd.isna(growth) or growth == pytest.approx(found[brand, "came"] - left)
    assert not pd.isna(found["b", "rise"]), "the market is large enough to say something"


def test_who_will_fall_and_what_was_sold_stand_beside_peers(book, log, day):
    today, ahead = 25, 6
    frame = standing.flows(book, ["b", "c", "nobody"], [day(13), day(today)])
    falls = assets.running_out(book, ["b", "c", "nobody"], day(today), ahead)
    sold = standing.sold(book.warehouse, ["b", "c", "nobody"], day(13), day(today))
    found = standing.figures(frame, None, falls, sold).set_index(["brand", "figure"]).value
    known = [e for e in log if e["occurred_at"].date() <= day(today)]
    for brand in "bc":
        people = {e["consumer_key"] for e in known if e["brand"] == brand}
        at = {c: [stage_on(known, brand, c, day(n)) for n in range(today, today + ahead + 1)] for c in people}
        held = [states for states in at.values() if states[0]]
        if len(held) >= standing.LEAST:
            assert found[brand, "falls"] == pytest.approx(len([s for s in held if min(s) < s[0]]) / len(held))
        bought = [e for e in log if e["brand"] == brand and e["behaviour"] == "buy"]
        now, before = (
            [e for e in bought if day(a) < e["occurred_at"].date() <= day(b)] for a, b in ((13, today), (1, 13))
        )
        if len({e["consumer_key"] for e in before}) >= standing.LEAST:
            assert found[brand, "gmv"] == pytest.approx(len(now) / len(before) - 1)
        else:
            assert pd.isna(found[brand, "gmv"])
    assert not pd.isna(found["b", "falls"]) and not pd.isna(found["b", "gmv"])
    assert pd.isna(found["nobody", "falls"]) and pd.isna(found["nobody", "gmv"])
    few = standing.figures(frame, None, falls.assign(consumers=pd.NA), sold, least=10**6)
    assert few[few.figure.isin(["falls", "gmv"])].value.isna().all(), "hidden counts give no figure"
    young = standing.sold(book.warehouse, ["b"], day(5), day(20))
    assert young[["before", "buyers_before"]].isna().all(axis=None) and young.now.notna().all()


def flow_of(cells):
    rows = [("b", a, z, n) for (a, z), n in cells.items()]
    frame = pd.DataFrame(rows, columns=["brand", "from_stage", "to_stage", "consumers"])
    dtype = pd.CategoricalDtype(NAMES, ordered=True)
    return frame.astype({"from_stage": dtype, "to_stage": dtype})


def test_few_people_make_no_figure():
    cells = {("none", "A"): 50, ("A", "A"): 60, ("A", "P"): 3, ("P", "P"): 40, ("L", "P"): 20, ("A", "none"): 9}
    open_, closed = (standing.figures(flow_of(cells), least=n).set_index("figure").value for n in (1, 5))
    assert open_["rise"] == pytest.approx(3 / 112) and pd.isna(closed["rise"])
    assert open_["lapse"] == closed["lapse"] == pytest.approx(29 / 132)
    assert closed["growth"] == pytest.approx((173 - 132) / 132), "a change of two stocks that are shown themselves"
    few = standing.figures(flow_of({("A", "P"): 10, ("A", "A"): 19})).set_index("figure").value
    assert few.isna().all(), "29 consumers"
    nobody = standing.figures(flow_of({("A", "P"): 0})).set_index("figure").value
    assert nobody.isna().all()


def peers_of(number):
    names = [f"p{n}" for n in range(number)]
    frame = pd.DataFrame({"brand": names, "gmv_minor": range(100, 100 - number, -1), "buyers": 40})
    return Peers("category", "tea", frame)


def frame_of(values, brands):
    return pd.DataFrame({"brand": brands, "figure": "rise", "value": pd.array(values, "Float64")})


def test_beside_peers_only_quartiles_the_benchmark_and_a_rank():
    theirs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.9]
    others = frame_of(theirs, [f"p{n}" for n in range(6)])
    row = standing.beside(frame_of([0.3], ["b"]), frame_of([0.2], ["b"]), others, peers_of(6)).iloc[0]
    assert (row.value, row.before, row.peers) == (0.3, 0.2, 6)
    assert (row.low, row.middle, row.high) == pytest.approx((0.225, 0.35, 0.475))
    assert row.benchmark == pytest.approx(sum(theirs[:5]) / 5), "the five largest by GMV, not the five best"
    assert row["rank"] == pytest.approx(2.5 / 6)
    few = standing.beside(frame_of([0.3], ["b"]), None, others.head(4), peers_of(4)).iloc[0]
    assert few[["before", "low", "middle", "high", "benchmark", "rank"]].isna().all()
    gap = frame_of([0.1, None, 0.3, 0.4, 0.5, 0.9], [f"p{n}" for n in range(6)])
    holes = standing.beside(frame_of([None], ["b"]), None, gap, peers_of(6)).iloc[0]
    assert not pd.isna(holes.middle) and pd.isna(holes.benchmark) and pd.isna(holes["rank"]) and holes.peers == 5


def test_middles_need_five_peers():
    known = pd.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.1, None, 0.3, 0.4, 0.5], "Float64")
    stage = pd.Categorical(["A"] * 5 + ["L"] * 5)
    shares = pd.DataFrame({"brand": [f"p{n}" for n in range(5)] * 2, "stage": stage, "day": 30, "share": known})
    found = standing.middles(shares, peers_of(5)).set_index("stage").middle
    assert found["A"] == pytest.approx(0.3) and pd.isna(found["L"])
    assert standing.middles(shares.iloc[:0], peers_of(5)).empty


def test_opportunity_of_a_day_before_the_data_is_not_known(book, log, day):
    found = standing.opportunity(book, ["b", "nobody"], day(-5), day(31)).set_index("brand")
    assert found.before.isna().all() and found.loc["nobody", "now"] == 0
    recent = {e["consumer_key"] for e in log if 0 <= (day(31) - e["occurred_at"].date()).days < 30}
    assert found.loc["b", "now"] == len([c for c in recent if not stage_on(log, "b", c, day(31))])
