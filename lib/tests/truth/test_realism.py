"""Figures of realism on logs small enough to count by hand; verdicts, the page's answer and misses, and absent sources."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from apex.show import Words
from truth import realism as r
from truth import realism_acts as a
from truth import realism_charts, realism_list, realism_logs, realism_page
from truth.realism_logs import Log


def log(*rows, what="buy"):
    """Rows of (consumer, brand, day) and, where it matters, item, value."""
    full = [(*row, *(0, 1)[len(row) - 3 :]) for row in rows]
    frame = pd.DataFrame(full, columns=["consumer", "brand", "day", "item", "value"])
    return frame.assign(category=0, hour=-1, what=what, order=range(len(frame)), quantity=1)


@pytest.fixture
def bought():
    """1 buys brand 0 on days 0, 10, 40 and brand 1 on day 41; 2 brand 1 on day 5, two items; 3 brand 1 twice on a day."""
    return log((1, 0, 0), (1, 0, 10), (1, 0, 40), (1, 1, 41), (2, 1, 5, 7, 3), (2, 1, 5, 8, 3), (3, 1, 6), (3, 1, 6))


def test_rhythm_by_hand(bought):
    assert r.gaps(bought).tolist() == [10, 30, 1]
    assert r.gaps(bought, r.BRAND_BUYER).tolist() == [10, 30]
    assert r.gap(0.5)(bought) == 10 and r.gap_within(7)(bought) == pytest.approx(1 / 3)
    assert r.gap_spread(bought) == pytest.approx(26 / 10)
    assert sorted(r.orders(bought)) == [1, 1, 4] and r.mean_orders(bought) == 2
    assert r.share_ordering(1, 1)(bought) == pytest.approx(2 / 3)
    assert r.share_ordering(2, by=r.BRAND_BUYER)(bought) == pytest.approx(1 / 4)


def test_repeat_counts_only_who_is_new_in_the_days_asked_for(bought):
    assert r.repeats_within(10, 0, 3)(bought) == 1
    assert r.repeats_within(9, 0, 3)(bought) == 0
    assert r.repeats_within(10, 0, 100)(bought) == pytest.approx(1 / 4)
    late = log((1, 0, 0), (1, 0, 200), (2, 0, 201), (2, 0, 205))
    assert r.new_share(late) == 0.5  # in the month of both, 1 is known and 2 is new


def test_baskets_and_brands_by_hand(bought):
    assert r.lines(bought) == pytest.approx(7 / 6) and r.units(bought) == pytest.approx(8 / 6)
    assert r.duplication(bought) == 0.5  # of four brand buyers the two of consumer 1
    assert r.requirements(bought) == pytest.approx(6 / 10)  # 3 of 4, 1 of 4, 1 of 1, 1 of 1
    assert r.same_again(bought) == pytest.approx((2 / 3 - 0.5) / 0.5)  # shares 3/6 each


def test_concentration_by_hand(bought):
    assert r.top_share(np.array([6, 2, 1, 1]), 0.25) == 0.6
    assert r.top_share(np.array([6, 2, 1, 1]), 0.375) == 0.7, "the last one counts by its part"
    assert r.gini(np.array([1, 1, 1])) == 0 and r.gini(np.array([0, 0, 3])) == pytest.approx(2 / 3)
    assert r.brands_top(1)(bought) == pytest.approx(9 / 12)
    assert np.isnan(r.top_share(np.zeros(0)))
    curve = r.lorenz(np.array([3, 1]), 3)
    assert curve.y.tolist() == [0, 0.75, 1]


def test_brands_follow_the_laws_where_they_are_built_in():
    """20 buy brand 0 twice, 20 buy 0 and 1 once: D = 40 / ((60² − 40² − 20²) / 40), slope from (1, ln 1.5) to (½, 0)."""
    both = [(c, b, 10 * b) for c in range(20) for b in (0, 1)]
    laws = log(*both, *[(c, 0, d) for c in range(20, 40) for d in (0, 10)])
    assert r.duplication_law(laws) == pytest.approx(40 / (1600 / 40))
    assert r.jeopardy(laws) == pytest.approx(np.log(1.5) / np.log(2))


def test_behaviour_by_hand():
    rows = [
        (1, 5, "view"),
        (1, 5, "view"),
        (1, 5, "cart"),
        (1, 6, "view"),
        (2, 5, "view"),
        (1, 5, "buy"),
        (2, 9, "buy"),
    ]
    frame = pd.DataFrame(rows, columns=["consumer", "item", "what"])
    frame = frame.assign(category=0, brand=0, day=[0, 0, 0, 1, 1, 2, 2], hour=[20, 21, 3, 3, 4, 12, 12], order=range(7))
    frame = frame.assign(value=1, quantity=1)
    assert a.for_one_purchase("view")(frame) == 2 and np.isnan(a.for_one_purchase("view")(frame[frame.what == "view"]))
    assert a.turns_to("view", "buy")(frame) == pytest.approx(1 / 3)
    assert a.turns_to("cart", "buy")(frame) == 1 and a.turns_to("cart", "view")(frame) == 0, (
        "a view before the cart is not after"
    )
    assert a.visit_buys(frame) == 0 and a.visit_views(frame) == pytest.approx(4 / 3)
    assert a.hours_between(19, 24)(frame) == pytest.approx(2 / 7) and a.clock(frame)[12] == pytest.approx(2 / 7)
    assert a.peak(frame) == 1.5
    assert a.looked_before(frame, 2) == pytest.approx((1 + 1) / 2), "yesterday's view, not those two days before"


def test_weekdays_are_held_per_day():
    """Nine days from a Monday, one event each: every weekday is alike although two came twice."""
    even = log(*[(1, 0, d) for d in range(9)])
    assert a.week(even).tolist() == [1] * 7 and a.weekend(even) == 1
    apart = log(*[(1, 0, d) for d in (*range(9), *range(366, 375))])
    assert a.week(apart).tolist() == [1] * 7, "the days between two spans are no days without behaviour"
    assert np.isnan(a.weekend(log((1, 0, 0))))


def test_touches_lie_in_the_window_and_belong_to_brand_and_consumer(bought):
    touches = pd.DataFrame({
        "consumer": [1, 1, 1, 2], "category": 0, "brand": [0, 0, 1, 0], "day": [0, 12, 30, 5]
    })  # fmt: skip
    assert a.touched(bought, touches).tolist() == [1, 1, 0, 1, 0, 0]  # on day 40: day 12 is 28 days before, and outside


def test_a_verdict_is_by_the_rule():
    said = realism_list.verdict
    assert said("share", 0.50, 0.54) == "matches" and said("share", 0.50, 0.58) == "near"
    assert said("share", 0.50, 0.65) == "does not match" and said("share", 0.50, 0.65, 0.45, 0.85) == "near"
    assert (
        said("number", 10, 12) == "matches"
        and said("number", 10, 15) == "near"
        and said("number", 10, 17) == "does not match"
    )
    assert said("rate", 0.08, 0.03) == "does not match" and said("share", 0.08, 0.03) == "matches"
    assert said("number", np.nan, 1) == "not comparable"


def test_the_interval_widens_with_the_spread_between_consumers():
    same = Log("all", log(*[(c, 0, 0, 0, 5) for c in range(40)]))
    varied = Log("all", log(*[(c, 0, 0, 0, 1 + c % 7) for c in range(40)]))

    def of(one):
        return float(one.events.value.mean())

    assert realism_list.interval(of, same, realism_list.parted(same)) == (5, 5, 5)
    value, low, high = realism_list.interval(of, varied, realism_list.parted(varied))
    plain = 1.96 * varied.events.value.std() / np.sqrt(40)
    assert low < value < high and 0.4 * plain < high - value < 2 * plain


def test_spans_are_apart():
    """The same consumer in two spans is two consumers, and days outside are gone."""
    day = (date(2024, 1, 1) - realism_logs.MONDAY).days
    both = realism_logs.between(
        Log("all", log((1, 0, day), (1, 0, day + 5), (1, 0, day + 9))),
        [(date(2024, 1, 1), date(2024, 1, 1)), (date(2024, 1, 6), date(2024, 1, 7))],
    )
    assert both.events.consumer.nunique() == 2 and len(both.events) == 2


@pytest.fixture
def found():
    """Two figures: one matches, one misses for one kind of goods."""
    real = pd.DataFrame(
        [
            ("gap-7", "panel", "休闲零食", 0.28, 0.27, 0.29, 2292, True),
            ("gap-7", "panel", "家庭清洁", 0.10, 0.09, 0.11, 1741, True),
            ("evening", "taobao", "all", 0.40, 0.35, 0.45, 114, True),
            ("evening", "tianchi", "all", 0.37, np.nan, np.nan, 34, False),
        ],
        columns=["key", "source", "kind", "value", "low", "high", "n", "fit"],
    )  # fmt: skip
    twin = real.assign(value=[0.05, 0.12, 0.42, 0.8])
    return realism_list.judged(realism_list.over_seeds([twin, twin]), real)


def test_what_is_left_so_says_why(found):
    """One line a reason, behind the plain misses."""
    seen = pd.concat([found.assign(key="views-buy", verdict="does not match").iloc[[2]], found], ignore_index=True)
    last = realism_page.misses(seen)[-1]
    assert len(realism_page.misses(seen)) == 2 and last.startswith("Left so") and realism_page.VIEWS in last


def test_the_page_answers_first_and_names_its_misses(found, tmp_path):
    assert realism_page.answer(found).startswith(
        "2 of 3 comparisons match, 0 are near; of 2 figures 1 match throughout"
    )
    assert realism_page.misses(found) == ["Gaps within 7 days 七日内再购: Snacks 休闲零食 5.0%, real 28.0%."]
    html = realism_page.write(found, ["cdnow"], [], "Markets.", tmp_path).read_text(encoding="utf-8")
    assert html.index("2 of 3") < html.index("Misses") and "Snacks 休闲零食 5.0%, real 28.0%" in html
    assert "Not here, and therefore not compared: CDNOW" in html
    kept = pd.read_csv(tmp_path / "realism.csv")
    assert kept.verdict.tolist() == ["does not match", "matches", "matches", "beside"]


def test_what_is_not_there_is_left_out(monkeypatch, tmp_path):
    """Absent files are named and nothing of them is counted; a figure without its source has no row."""
    sources = {
        "cdnow": (realism_logs.cdnow, tmp_path / "cdnow"),
        "taobao": (lambda: [Log("all", log((1, 0, 0)))], None),
    }
    monkeypatch.setattr(realism_logs, "SOURCES", sources)
    there, absent = realism_logs.there()
    assert list(there) == ["taobao"] and absent == ["cdnow"]
    assert set(realism_list.counted(there).source) == {"taobao"}
    assert realism_charts.charts({"taobao": []}, {}, {}) == []


def test_every_figure_is_told_apart_and_judged_by_a_known_source():
    keys = [f.key for f in realism_list.FIGURES]
    assert len(set(keys)) == len(keys) >= 10
    for figure in realism_list.FIGURES:
        assert {figure.fit, *figure.beside} <= set(realism_logs.SOURCES) and figure.part in realism_list.PARTS
    assert set(realism_page.LEFT) <= set(keys) and set(realism_page.ABOUT) == set(realism_logs.SOURCES)


@pytest.mark.skipif(not realism_logs.SHARED.exists(), reason="the public logs do not lie beside the project")
def test_public_logs_are_read_as_they_are_described():
    taobao = realism_logs.taobao()[0].events
    assert taobao.consumer.nunique() == 114 and (taobao.what == "buy").sum() == 206
    assert sorted({(realism_logs.MONDAY.toordinal() + d) for d in taobao.day}) == list(
        range(date(2017, 11, 25).toordinal(), date(2017, 12, 4).toordinal())
    )
    shop = realism_logs.cdnow()[0].events
    assert (len(shop), shop.consumer.nunique()) == (69_659, 23_570)
    assert realism_logs.tmall()[0].events.consumer.nunique() == 358


def test_a_small_market_is_cut_like_each_source():
    market, lived = realism_logs.twin(5, 60)
    year = realism_logs.like("panel", market, lived)
    assert [one.kind for one in year] == list(realism_logs.KINDS)
    assert all(one.events.day.max() - one.events.day.min() < 365 for one in year)
    (nine,) = realism_logs.like("taobao", market, lived)
    assert set(nine.events.day % 7) == set(range(7)) and nine.events.day.nunique() <= 18
    (day,) = realism_logs.like("tmall", market, lived)
    assert day.events[day.events.what == "buy"].consumer.nunique() == day.events.consumer.nunique()
    for figure in realism_list.FIGURES:
        (first, *_) = realism_logs.like(figure.fit, market, lived)
        assert np.isfinite(figure.of(first)) or figure.key in (
            "duplication-law",
            "jeopardy",
            "day-views",
            "day-lines",
        ), figure.key


def test_charts_hold_both_lines_and_say_how_far_apart_they_are():
    market, lived = realism_logs.twin(5, 60)
    logs = {source: realism_logs.like(source, market, lived) for source in ("panel", "taobao", "tianchi")}
    later = {"taobao": [Log("all", one.events.assign(hour=3)) for one in logs["taobao"]]}
    drawn = realism_charts.charts(logs, logs | later, dict.fromkeys(realism_logs.KINDS, "goods"))
    assert [set(chart.frame.line) for chart in drawn] == [{realism_charts.TWIN, realism_charts.REAL}] * 4
    html = realism_charts.draw(drawn[2], Words("en", "CNY", 1)).html
    assert html.count("<svg") == 2 and "furthest apart by" in html and "100.0%" in html, (
        "all real behaviour is at three"
    )
