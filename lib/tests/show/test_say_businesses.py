"""What the page of formats says, in cases a brand really has: estimates of every sign, no formats on record, few, nobody."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from apex.model.cross import Verdict
from apex.model.estimate import Estimate
from apex.report.finding import Finding
from apex.show.say import businesses as say
from apex.show.say import formats, routes
from apex.show.words import Words

LONG = "a format whose name somebody wrote out in full, with its city and its partner"


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="1_insight/businesses", name="x", **fields)


def estimate(effect, half=500.0, n=200, cannot=""):
    return Estimate("m", effect, effect - half, effect + half, half / 2, n, n, "credit", 0, cannot)


def verdict(answer, own, total, placebo=0.0, n=200):
    parts = [
        estimate(own, n=n),
        estimate(total - own, n=n),
        estimate(total, n=n),
        estimate(total, n=n),
        estimate(placebo),
    ]
    return Verdict(answer, *parts)


def brand(consumers=2577, gmv=70_390_359, before=2783, gmv_before=61_685_571):
    row = {
        "consumers": consumers,
        "gmv_minor": gmv,
        "orders": 4404,
        "consumers_before": before,
        "gmv_minor_before": gmv_before,
    }
    frame = pd.DataFrame([row]).astype("Float64")
    return frame.assign(spend_minor=frame.gmv_minor / frame.consumers, suppressed=frame.consumers.isna(),
                        spend_minor_before=frame.gmv_minor_before / frame.consumers_before)  # fmt: skip


def sums(**consumers):
    frame = pd.DataFrame({"business": list(consumers), "consumers": pd.array(list(consumers.values()), "Float64")})
    return frame.assign(gmv_minor=frame.consumers * 20_000, spend_minor=20_000.0)


NOBODY = brand()[:0]


@pytest.mark.parametrize(("answer", "own", "total", "judged"), [
    ("cannibalise", -900, 100, "behind"), ("help", 100, 900, "ahead"), ("shift", -900, 900, "careful"),
    ("neither", 50, 29, "careful"), ("mixed", 900, 0, "careful"),
])  # fmt: skip
def test_the_headline_carries_both_figures_with_intervals_and_never_claims_an_effect(answer, own, total, judged, words):
    said = valid(say.together(verdict(answer, own, total), brand(), ["a", "b"], 90, words))
    assert (said.kind, said.verdict, said.value, said.n) == ("credit", judged, total, 400)
    assert (said.low, said.high) == (total - 500, total + 500)
    for figure in (own, total, total - 500, total + 500):
        assert words.signed_money(figure) in said.text
    assert said.next_step and said.tile.value == words.signed_money(total)
    doubtful = valid(say.together(verdict(answer, own, total, placebo=2000.0), brand(), ["a", "b"], 90, words))
    assert doubtful.kind == "not identified" and doubtful.verdict == "none" and doubtful.text != said.text


def test_too_few_to_estimate_gives_no_figure(words):
    few = verdict("help", 100, 900, n=7)
    none = dataclasses.replace(few, answer="too_few", total=estimate(float("nan"), cannot="too_few"))
    for case in (few, none):
        said = valid(say.together(case, brand(), ["a", "b"], 90, words))
        assert said.kind == "not identified" and said.value is None and said.n is None and said.tile is None
        assert formats.effects(case, words).label.astype(str).tolist() in (
            [],
            [words("test: a year before, should be 0")],
        )


def test_no_format_one_format_and_nobody(words):
    for names, frame in ((["unknown"], brand()), (["a", "unknown"], brand()), (["unknown"], NOBODY), ([], NOBODY)):
        said = valid(say.together(verdict("help", 1, 2), frame, names, 90, words))
        assert said.kind == "not identified" and said.value is None and formats.lacking(names, words)
        assert (words.count(2577) in said.text) == (len(frame) > 0)
    assert formats.lacking(["a", "b", "unknown"], words) == ""


def test_aac_times_spend_is_gmv_and_both_changes_are_told(words):
    said = valid(say.active(brand(), 365, 1500, words))
    assert said.value == 2577 and said.verdict == "behind" and said.next_step
    for text in ("2,577", words.signed_share(2577 / 2783 - 1), words.signed_share(0.2323), words.money(27315)):
        assert text in said.text
    young = valid(say.active(brand(before=None, gmv_before=None), 365, 302, words))
    assert young.compared is None and "302" in young.text and young.verdict == "none"
    grown = valid(say.active(brand(before=2000), 365, 1500, words))
    assert grown.verdict == "ahead" and grown.next_step is None
    for frame in (NOBODY, brand(consumers=None, gmv=None)):
        assert valid(say.active(frame, 365, 302, words)).value is None


def test_why_buyers_of_formats_add_to_more_and_by_how_much(words):
    said = valid(say.worth(sums(a=1534, b=812, c=1243), brand(), words))
    assert "a" in said.short and "3,589" in said.text and "1,012" in said.text and words.share(0.39) in said.text
    hidden = valid(say.worth(sums(a=1534, b=None, c=None), brand(), words))
    assert "1,534" in hidden.text and "3,589" not in hidden.text
    assert "1,534" not in valid(say.worth(sums(unknown=1534), brand(), words)).text
    assert valid(say.worth(sums(a=None), brand(), words)).value is None
    assert valid(say.worth(sums(), NOBODY, words)).value is None


def exclusive(**consumers):
    frame = pd.DataFrame({"business": list(consumers), "consumers": pd.array(list(consumers.values()), "Int64")})
    return frame.assign(gmv_minor=frame.consumers * 10_000)


def test_how_many_buy_in_several_only_where_nothing_is_hidden(words):
    said = valid(say.overlap(exclusive(a=1000, b=800), brand(2577, 70_000_000), words))
    assert said.value == pytest.approx(777 / 2577) and "777" in said.text and words.share(1 - 18 / 70) in said.text
    for only, whole in ((exclusive(a=1000, b=None), brand()), (exclusive(a=1000), brand()), (exclusive(a=1, b=2), NOBODY),
                        (exclusive(a=1560, b=1010), brand())):  # fmt: skip
        few = valid(say.overlap(only, whole, words))
        assert few.value is None and few.n is None and "7" not in few.text


def test_who_is_reached_through_one_alone(words):
    said = valid(say.alone(exclusive(a=900, b=200, c=None), sums(a=1500, b=800, c=100), words))
    assert said.value == 0.6 and words.share(0.6) in said.text and words.share(0.25) in said.text and "900" in said.text
    assert valid(say.alone(exclusive(a=None, b=None), sums(a=None, b=1), words)).value is None
    assert valid(say.alone(exclusive(unknown=5), sums(unknown=5), words)).value is None


def test_order_of_entry(words):
    rows = [("a", "b", 12), ("a", "never", 300), ("b", "a", 30), ("b", "same", 58)]
    entry = pd.DataFrame(rows, columns=["first", "second", "consumers"]).astype({"consumers": "Int64"})
    said = valid(routes.began(entry, 180, words))
    assert said.value == 42 / 400 and said.n == 400 and "42" in said.text and "30" in said.text
    entry.loc[0, "consumers"] = pd.NA
    hidden = valid(routes.began(entry, 180, words))
    assert hidden.value is None and words("at least {n}", n=30) in hidden.text and "42" not in hidden.text
    assert valid(routes.began(entry[:0], 180, words)).value is None


def test_conversion_with_its_interval(words):
    rows = [
        ("a", "a", 0.3, 0.2, 0.4, 50),
        ("a", "b", 0.2, 0.1, 0.35, 50),
        ("b", "any", 0.9, 0.8, 0.95, 40),
        ("b", "a", pd.NA, pd.NA, pd.NA, pd.NA),
    ]
    shares = pd.DataFrame(rows, columns=["business", "later", "rate", "low", "high", "consumers"])
    shares = shares.astype({"rate": "Float64", "low": "Float64", "high": "Float64", "consumers": "Int64"})
    said = valid(routes.crossing(shares, 180, words))
    assert (said.value, said.low, said.high, said.n) == (0.2, 0.1, 0.35, 50) and words.share(0.3) in said.text
    assert valid(routes.crossing(shares[3:], 180, words)).value is None
    square = formats.conversion(shares, ["b", "a"], words)
    assert list(square.business) == ["b", "a"] and square["a"][0] == words.suppressed()


def sites(**entered):
    rows = []
    for site in ("off", "on", "other", "none"):
        n = entered.get(site, 0)
        rows += [
            (site, "entered", n),
            (site, "met", n),
            (site, "active", None if n is None else n // 4),
            (site, "bought", 0),
        ]
    return pd.DataFrame(rows, columns=["site", "step", "consumers"]).astype({"consumers": "Int64"})


def test_back_from_outside_beside_on_site(words):
    said = valid(routes.returning(sites(off=1000, on=400), 30, words))
    assert said.kind == "credit" and said.value == 0.25 and "1,000" in said.text and "400" in said.text
    assert said.verdict == "ahead" and said.compared.value == 0.25
    alone = sites(off=1000)
    alone.loc[alone.step == "met", "consumers"] = 0
    panel = valid(routes.returning(alone, 30, words))
    assert panel.compared is None and words.share(0) not in panel.text.replace("0.0%", "")
    for case in (sites(), sites(off=None)):
        assert valid(routes.returning(case, 30, words)).value is None


def test_cities(words):
    rows = [("1", "a", .1, 1.8), ("2", "a", .05, .9), ("1", "b", .02, .4), ("1", "any", .3, 3.0), ("unknown", "a", .5, 5.0),
            ("2", "b", pd.NA, pd.NA)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["level", "business", "share", "index"]).astype(
        {"share": "Float64", "index": "Float64"}
    )
    said = valid(routes.cities(frame, words))
    assert said.value == 180 and "180" in said.text and "40" in said.text
    assert valid(routes.cities(frame[3:5], words)).value is None
    square = formats.cities(frame, ["a", "b"], words)
    assert list(square.level) == ["1", "2", words("unknown")] and square["b"][1] == words.suppressed()
    assert list(square.columns) == ["level", "a", "b", words("all formats")]


def test_assets_by_format(words):
    day, start = dt.date(2024, 10, 20), dt.date(2024, 9, 21)
    rows = [("a", start, "P", 100), ("a", start, "L", 50), ("a", day, "P", 90), ("a", day, "L", 45), ("b", day, "P", 40),
            ("b", day, "L", None), ("b", start, "P", 0), ("b", start, "L", 0)]  # fmt: skip
    stock = pd.DataFrame(rows, columns=["entity", "day", "stage", "consumers"]).astype({"consumers": "Int64"})
    said = valid(say.standing(stock, day, start, words))
    assert (said.value, said.compared.value, said.verdict) == (135, 150, "behind") and words.signed_share(
        -0.1, 1
    ) in said.text
    assert valid(say.standing(stock, day, None, words)).compared is None
    assert valid(say.standing(stock[4:6], day, start, words)).value is None
    assert valid(say.standing(stock[:0], day, start, words)).value is None
    table = formats.assets(stock, [("P", "Bought"), ("L", "Loyal")], day, ["b", "a"], words)
    assert list(formats.heads(table, "F", "count")) == ["business", "Bought", "Loyal"]
    assert table.Bought.tolist() == [40, 90] and pd.isna(table.Loyal[0]) and table.suppressed.all()


def test_claims_fit_where_names_are_long(words):
    other = LONG[::-1]
    valid(say.worth(sums(**{LONG: 1534, other: 5}), brand(), words))
    valid(say.alone(exclusive(**{LONG: 900, other: 20}), sums(**{LONG: 1500, other: 30}), words))
    entry = pd.DataFrame({"first": [LONG], "second": [other], "consumers": pd.array([40], "Int64")})
    valid(routes.began(entry, 180, words))
    shares = pd.DataFrame(
        {"business": [LONG], "later": [other], "rate": [0.2], "low": [0.1], "high": [0.3], "consumers": [50]}
    )
    valid(routes.crossing(shares, 180, words))
    valid(say.together(verdict("neither", -123_456_789, 987_654_321), brand(), ["a", "b"], 90, words))


def test_tables_for_readers(words):
    matrix = pd.DataFrame([("a", "a", 1.0, False), ("a", "b", .24, True), ("b", "a", .5, False), ("b", "b", pd.NA, False)],
                          columns=["business", "other", "share", "least"]).astype({"share": "Float64"})  # fmt: skip
    square = formats.overlaps(matrix, ["b", "a"], words)
    assert list(square.columns) == ["business", "b", "a"] and square["b"][1] == "≥ 24%" and square["a"][0] == "50%"
    heads = formats.heads(square, "F")
    assert heads["business"] == ("F", "text") and heads["a"] == ("a", str)
    rows = [("off", "tv", s, n) for s, n in (("entered", 30), ("met", None), ("active", 0), ("bought", 0))]
    returned = pd.DataFrame([*rows, ("none", "none", "entered", 40)], columns=["site", "channel", "step", "consumers"])
    wide = formats.channels(returned.astype({"consumers": "Int64"}), words)
    assert set(wide.columns) >= {"site", "channel", "entered", "met", "active", "bought"} and len(wide) == 2
    aac = pd.DataFrame({"day": 1, "business": ["a", "b", "any"], "consumers": [1, 2, 3]})
    assert [n for n, _ in formats.lines(aac, ["a", "b"], words)[1]] == ["b", "a", "any"]
    assert [n for n, _ in formats.lines(aac, ["a"], words)[1]] == ["any"]
    second = formats.by_second({"b": estimate(5), "a": estimate(1), "c": estimate(2, n=3)}, words)
    assert second.sort_values("label").label.astype(str).tolist() == ["b", "a"]
