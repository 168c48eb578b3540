"""What the launch's page says, in both languages, with numbers and without."""

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.model import launch_odds, launch_seed, launch_shape, launch_tests
from apex.report.finding import Finding
from apex.show.say import launch as say
from apex.show.say import launch_tables as tables
from apex.show.words import Words

NAN = float("nan")


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="2_plan/launch", name="x", **fields)


def outlook(over=False, known=True):
    rows = [(28, True, 188.0, 188.0, 188.0, 1142840.0, 1142840.0, 1142840.0, 0, ""),
            (90, over, 604.0, 517.0, 723.0, 3683496.0, 3151118.0, 4430478.0, 58, "category")]  # fmt: skip
    columns = ["horizon", "over", "units", "units_low", "units_high", "gmv_minor", "low", "high", "analogues", "level"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:8], "Float64"))
    if not known:
        frame[columns[2:8]] = pd.NA
    return frame


ODDS = launch_odds.Odds(0.62, 0.41, 0.79, 0.2, 66)
NO_ODDS = launch_odds.Odds(NAN, NAN, NAN, NAN, 3)
SCORE = launch_odds.Score(46, 27, 0.17, 0.266, 0.096, 0.05, 0.14)
NO_SCORE = launch_odds.Score(0, 0, *[NAN] * 5)


@pytest.mark.parametrize("verdict", ["hit", "back", "test", "hold"])
def test_the_headline_says_money_interval_and_chance(words, verdict):
    found = finding(say.headline(outlook(), ODDS, verdict, 58, words))
    assert found.kind == "model" and found.low < found.value < found.high and found.n == 58
    assert words.money(3683496) in found.text and words.share(0.62) in found.text and words.share(0.2) in found.text
    assert found.next_step == say.step(verdict, words)
    assert found.verdict == {"hit": "ahead", "back": "ahead", "test": "careful", "hold": "behind"}[verdict]


def test_without_a_forecast_the_headline_says_so(words):
    for found in (
        say.headline(outlook(known=False), NO_ODDS, "test", 0, words),
        say.headline(outlook(), ODDS, "unknown", 3, words),
    ):
        assert finding(found).kind == "not identified" and found["next_step"]
    over = finding(say.headline(outlook(over=True), ODDS, "over", 58, words))
    assert over.kind == "counted" and over.low is None and say.step("over", words)
    plain = finding(say.headline(outlook(), NO_ODDS, "test", 58, words))
    assert "62" not in plain.text


def test_a_chance_is_said_with_its_test(words):
    ahead = finding(say.hit(ODDS, SCORE, 0.95, 0.2, words))
    assert ahead.verdict == "ahead" and ahead.compared.value == 0.2 and words.number(0.17, 3) in ahead.text
    unproven = finding(say.hit(ODDS, launch_odds.Score(400, 8, 0.0043, 0.0044, 1e-4, -1e-4, 3e-4), 0.95, 0.2, words))
    assert unproven.verdict == "careful" and words.number(0.0043, 4) in unproven.text
    assert finding(say.hit(ODDS, NO_SCORE, 0.95, 0.2, words)).verdict == "careful"
    low = launch_odds.Odds(0.02, 0.01, 0.04, 0.2, 66)
    assert finding(say.hit(low, SCORE, 0.95, 0.2, words)).verdict == "behind"
    assert finding(say.hit(NO_ODDS, NO_SCORE, 0.95, 0.2, words)).kind == "not identified"
    assert say.reliable(SCORE, words) != say.reliable(NO_SCORE, words)


def scores():
    rows = [(90, "gmv_minor", m, 36, c, c - 0.15, min(c + 0.1, 1), w, e) for m, c, w, e in (
        ("category", 0.81, 46.2, 1.4), ("last", 0.69, 11.8, 1.2), ("model", 0.83, 2.5, 0.27))]  # fmt: skip
    return pd.DataFrame(rows, columns=launch_tests.SCORES)


def test_coverage_stands_beside_its_rivals(words):
    found = finding(say.coverage(scores(), 90, words))
    assert (
        found.value == 0.83
        and found.compared.value == 0.8
        and found.verdict == "none"
        and words.share(0.69) in found.text
    )
    assert finding(say.coverage(scores().head(0), 90, words)).kind == "not identified"
    low = scores().assign(coverage_high=0.7, coverage_low=0.4, coverage=0.5)
    assert finding(say.coverage(low, 90, words)).verdict == "careful"
    rows = tables.tested(scores(), words)
    assert rows.method.iloc[0] == words("Earlier launches like it") and set(tables.tested_columns(words)) <= set(rows)


def test_seed_crowd_samples_stock_and_people(words):
    rows = [("L", "stage", 143, 8000, 30, 0.0174, 14.5, 7.5, 26.5, 945, True),
            ("A+I", "stage", None, None, 30, None, None, None, None, None, False)]  # fmt: skip
    crowds = pd.DataFrame(rows, columns=[*launch_seed.COLUMNS, "ranked"])
    names = {"L": "Loyal", "A": "Aware", "I": "Interested"}
    found = finding(say.seed(crowds.iloc[0], names, 30, words))
    assert found.kind == "credit" and "Loyal" in found.short and words.count(945) in found.text
    assert finding(say.seed(None, names, 30, words)).kind == "not identified"
    rows = tables.crowd_rows(crowds, names, words)
    assert (
        list(rows.name) == ["Loyal"]
        and set(tables.crowd_columns(words)) <= set(rows)
        and len(tables.crowd_bars(rows, 8)) == 1
    )
    assert tables.crowd_name("A+I", names, words) == words(" or ").join(["Aware", "Interested"])
    tests = launch_seed.tests([("sampling", 0.0174, 945), ("item", 0.5, 4000)], [0.5, 1.0])
    size = finding(say.samples(tests, 0.5, words))
    assert size.verdict == "careful" and words.count(int(size.value)) in size.text
    assert finding(say.samples(tests.assign(enough=True), 0.5, words)).verdict == "none"
    assert finding(say.samples(tests.head(0), 0.5, words)).kind == "not identified"
    assert set(tables.sample_columns(words)) <= set(tables.sample_rows(tests, words))


def needed(held):
    frame = pd.DataFrame(
        {"horizon": 90, "share": [0.5, 0.8, 0.95], "needed": [181, 254, 356], "on_hand": held, "cover": 0.5}
    )
    return frame.astype({"on_hand": "Int64", "needed": "Int64"})


def test_stock_is_short_enough_or_unknown(words):
    short = finding(say.stock(needed(158), words))
    assert short.verdict == "behind" and "96" in short.text and "96" in short.next_step
    assert finding(say.stock(needed(300), words)).verdict == "ahead"
    unknown = finding(say.stock(needed(None), words))
    assert unknown.verdict == "none" and "254" in unknown.short
    assert finding(say.stock(needed(1).head(0), words)).kind == "not identified"
    assert set(tables.stock_columns(words, True)) <= set(tables.stock_rows(needed(3), words))


def test_people_as_targets(words):
    shown = pd.DataFrame([("new", "analogues", 175, 434, 30), ("again", "analogues", 35, 434, 30), ("new", "ours", 18, 143, 1)],
                         columns=["kpi", "who", "some", "of", "launches"])  # fmt: skip
    found = finding(say.people(shown, 4.2, words))
    assert found.verdict == "careful" and words.share(18 / 143) in found.text and words.number(4.2) in found.text
    assert finding(say.people(shown.head(2), None, words)).verdict == "none"
    assert finding(say.people(shown.head(0), None, words)).kind == "not identified"
    hidden = shown.astype({"some": "Int64"}).assign(some=pd.NA)
    assert finding(say.people(hidden, None, words)).kind == "not identified"
    assert len(tables.people_rows(shown, words)) == 3


@pytest.mark.parametrize("how", ["named", "campaign", "newest", "planned", "next", "old", "none"])
def test_which_item_it_is_about_and_how_it_was_found(words, how):
    item = None if how in ("old", "none") else SimpleNamespace(category="tea", price=6390.0)
    choice = SimpleNamespace(how=how, item_id="i1", item=item, first_day=dt.date(2024, 7, 30), shown=how != "named")
    text = say.about(choice, {"i1": "Tea 1"}, 52, how == "planned", words)
    assert ("Tea 1" in text) == (how not in ("planned", "next", "none"))
    assert (words("The brand has sold nothing there: it is foretold as anybody's launch.") in text) == (
        how == "planned"
    )
    assert (words("Too few have bought it for its sales to be shown or used.") in text) == (how == "named")


def test_what_is_missing_is_said(words):
    class Known:
        frame = pd.DataFrame({"dated": [True, False]})

        def __len__(self):
            return 2

    choice = SimpleNamespace(how="none")
    assert len(say.absent(choice, Known(), False, False, words)) == 4
    assert say.absent(SimpleNamespace(how="newest"), [], True, True, words) == []


def test_frames_of_charts(words):
    bars = tables.outlook_bars(outlook(), words)
    assert bars.low.isna().tolist() == [True, False]
    bins = pd.DataFrame(
        [(0, 4, 0.05, 0, 0.0, 0.0, 0.6), (4, 20, 0.9, 18, 0.9, 0.68, 0.99)], columns=launch_odds.RELIABILITY
    )
    assert tables.reliability_bars(bins, words).faint.tolist() == [True, False]
    assert set(tables.reliability_columns(words)) <= set(tables.reliability_rows(bins, words))
    known = [
        ("i1", dt.date(2024, 1, 1), 900.0, 0.9, 0.2, 1, 5.0, 9.0, 6),
        ("", None, 800.0, 1.1, 0.8, 33, 4.0, 8.0, None),
    ]
    listed = pd.DataFrame(known, columns=[*launch_shape.LISTED, "buyers"])
    rows = tables.analogues(listed, {"i1": "Tea 1"}, words)
    assert rows["item"].iloc[0] == "Tea 1" and "33" in rows["item"].iloc[1]
    assert say.grew(pd.DataFrame(columns=launch_shape.GROWTH), words) == words("Too few launches for growth curves")
    assert len(tables.lines(pd.DataFrame({"stage": ["ours", "analogues"]}), words)) == 2
    assert tables.lines(pd.DataFrame({"stage": ["ours"]}), words) == [("ours", words("this one"))]
