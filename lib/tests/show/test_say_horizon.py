"""What the page of the long cycle says, in both languages: foretold, counted, credit beside lift, and what is not known."""

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.measure import cohorts
from apex.model.horizon import AHEAD, BACKTEST, COURSE
from apex.report.finding import Finding
from apex.report.upstream.horizon import COST, Lifted
from apex.show.say import horizon as say
from apex.show.say import horizon_rows as rows
from apex.show.say import horizon_worth as worth
from apex.show.words import Words

NAN, INF = float("nan"), float("inf")


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/horizon", name="x", **fields)


def ahead(value=15_000.0, low=13_000.0, high=17_000.0):
    return pd.DataFrame([("gmv_minor", 180, 11_000.0, value, low, high, 6, 12e3), ("again", 180, 0.02, 0.2, 0.1, 0.3, 6, 0.1)],
                        columns=AHEAD)  # fmt: skip


def course(name, kind="earlier", value=20_000.0, n=100, k=20, days=180, seen=None):
    seen = n if seen is None else seen
    return (name, kind, days, n, seen, k, seen - k, k / max(seen, 1), 0.1, 0.3, value, value * 0.95, value * 1.05)


def frame(*courses):
    return pd.DataFrame(courses, columns=COURSE)


def cost(**over):
    row = dict(zip(COST, ("own", "this", 100_000, 50, 2000.0, 15_000.0, 13_000.0, 17_000.0, 0.5, 3.75, 3.25, 4.25, 0.0, 0.0, 0.0,
                          "model"), strict=True))  # fmt: skip
    return pd.DataFrame([row | over], columns=COST)


def test_what_stays_is_held_against_earlier_campaigns(words):
    for value, verdict in ((20_000.0, "behind"), (10_000.0, "ahead"), (15_000.0, "careful")):
        said = finding(say.stays(ahead(), frame(course("earlier", value=value)), 15, 80, words))
        assert (
            said.verdict == verdict and said.value == 15_000 and said.compared.value == value and said.kind == "model"
        )
    assert finding(say.stays(ahead(), frame(), 15, 80, words)).verdict == "none"
    nothing = finding(say.stays(ahead(NAN, NAN, NAN), frame(), 15, 3, words))
    assert nothing.kind == "not identified" and nothing.n is None and "3 " not in nothing.text


def test_hidden_repeats_are_not_told(words):
    shown = frame(course("own", "this", days=15, k=6))
    told = finding(say.again(ahead(), shown, "own", 15, frame(course("earlier")), words))
    assert told.value == 0.2 and words.count(6) in told.text and told.n == 100
    hidden = shown.astype({"again": "Int64", "consumers": "Int64"}).assign(again=pd.NA, consumers=pd.NA)
    less = finding(say.again(ahead(), hidden, "own", 15, frame(), words))
    assert less.n is None and len(less.text) < len(told.text)
    assert finding(say.again(ahead().iloc[:0], hidden, "own", 15, frame(), words)).kind == "not identified"


def test_credit_and_lift_stand_beside_each_other(words):
    alone = finding(worth.paid(cost(), "own", None, 180, words))
    assert alone.kind == "credit" and alone.verdict == "ahead" and alone.value == 3.75
    unsure = finding(worth.paid(cost(), "own", Lifted(13, -43, 68, 7692, 1471, INF), 180, words))
    assert unsure.verdict == "careful" and unsure.next_step and words.money(1471) in unsure.text
    sure = finding(worth.paid(cost(), "own", Lifted(40, 20, 60, 2500, 1667, 5000), 180, words))
    assert sure.verdict == "ahead" and words.number(17_000 * 0.5 / 1667, 1) in sure.text
    none = finding(worth.paid(cost(), "own", Lifted(-9, -20, -1, INF, INF, INF), 180, words))
    assert words("none is shown to have come by it") in none.text
    assert (
        finding(worth.paid(cost(ratio=0.8, ratio_low=0.7, ratio_high=0.9), "own", None, 180, words)).verdict == "behind"
    )
    assert finding(worth.paid(cost(), "nobody", None, 180, words)).kind == "not identified"
    blind = cost(gmv_minor=NAN, ratio=NAN, margin=NAN)
    assert finding(worth.paid(blind, "own", None, 180, words)).value == 2000
    assert worth.back(INF, 180, words) == words("not by day {day}", day=180) and worth.back(NAN, 180, words) == "–"
    assert worth.back(30.0, 180, words) == words("by day {day}", day=30)


def test_stages_kept(words):
    stages = pd.DataFrame([("earlier", 90, "P", 60),
                           ("earlier", 90, "L", 20), ("earlier", 90, "none", 20), ("ordinary", 90, "P", 9)],
                          columns=["kind", "days", "stage", "consumers"])  # fmt: skip
    said = finding(say.kept(stages, ["P", "L"], "Loyal", words))
    assert said.value == 0.2 and said.n == 100 and words.share(0.8) in said.text
    hidden = stages.astype({"consumers": "Int64"}).assign(consumers=pd.NA)
    assert finding(say.kept(hidden, ["P", "L"], "Loyal", words)).kind == "not identified"
    table = rows.stage_rows(stages, [("P", "Bought"), ("L", "Loyal")], words)
    assert table.stage.tolist()[:3] == [words("none"), "Bought", "Loyal"]


def test_brand_beside_performance(words):
    routes = frame(course("brand", value=30_000.0), course("performance"), course("none"))
    told = finding(worth.media(routes, 180, words))
    assert told.value == pytest.approx(0.5) and told.low > 0 and told.n == 200 and told.kind == "credit"
    alike = finding(worth.media(frame(course("brand"), course("performance")), 180, words))
    assert alike.low < 0 < alike.high
    assert finding(worth.media(frame(course("brand")), 180, words)).kind == "not identified"
    hidden = routes.astype({"seen": "Int64"})
    hidden.loc[0, "seen"] = pd.NA
    assert finding(worth.media(hidden, 180, words)).kind == "not identified"
    assert len(rows.route_rows(routes, words)) == 3


def test_the_test_of_the_forecast(words):
    table = pd.DataFrame([("again", 90, 10, 9, 0.1, 0.4), ("gmv_minor", 90, 10, 10, NAN, 0.4)], columns=BACKTEST)
    assert finding(say.tested(table, words)).value == 0.95
    assert finding(say.tested(table.assign(inside=5), words)).verdict == "careful"
    assert finding(say.tested(table.iloc[:0], words)).kind == "not identified"
    assert rows.test_rows(table, words).error.tolist()[1] == "–"


def test_tables_and_charts(words):
    shown = frame(course("own", "this", k=0, seen=0), course("c1", seen=60), course("ordinary", "ordinary"))
    bars = rows.bars(shown, ahead(), "own", 180, words)
    assert bars.faint.tolist() == [False, True, False] and show.bars(bars, words, title="x", unit="money_minor").html
    assert rows.bars(shown.iloc[:0], ahead().iloc[:0], "own", 180, words).empty
    hidden = shown.astype({"again": "Int64"})
    hidden.loc[1, "again"] = pd.NA
    table = rows.cohort_rows(hidden, words)
    assert table.cohort.tolist() == ["c1", words("ordinary days")] and table.again[0] == words.suppressed()
    assert rows.ahead_rows(ahead(NAN, NAN, NAN), words).told.tolist()[0] == "–"
    assert rows.cost_rows(cost(paid_by=INF), 180, words).back.tolist() == [words("not by day {day}", day=180)]
    curve = pd.DataFrame(
        {"cohort": ["earlier", "this+"], "day": [30, 30], "share": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}
    )
    lines, names = rows.lines(curve, words)
    assert [k for k, _ in names] == ["earlier", "this+"] and show.curves(lines, names, words, title="x").html
    assert len(say.absent(False, False, False, words)) == 3 and say.absent(True, True, True, words) == []
    assert np.isfinite(bars.value).all()


def test_kinds_and_routes_are_named_as_they_are_counted():
    """Words stand apart from counting: the names are written twice, and held together here."""
    assert say.KINDS == cohorts.KINDS
    assert (worth.BRAND, worth.PERFORMANCE, worth.OWN, worth.NONE) == cohorts.ROUTES
