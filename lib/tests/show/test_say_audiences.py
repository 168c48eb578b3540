"""What the audiences page says: ready, refused, nobody; with and without a plan; overlaps and balance that must not be shown."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.report.finding import Finding
from apex.show.say import audience_order as order_say
from apex.show.say import audiences as say
from apex.show.words import Words
from apex.warehouse import schema

LONG = "Consumers who put something into the cart and did not buy it in the end"
NAMES = {"loyal": "Loyal about to lapse", "once": LONG, "heavy": "Heavy"}
STAGES = [("A", "Aware"), ("P", LONG), ("L", "Loyal")]
DAY = dt.date(2024, 3, 1)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="3_execute/audiences", name="x", **fields)


def exported(*rows):
    frame = pd.DataFrame(rows, columns=["crowd", "addressed", "status"]).assign(expires=DAY)
    return frame.astype({"addressed": "Int64"})


def test_audiences_are_counted_without_those_that_were_refused(words):
    frame = exported(("loyal", 400, "written"), ("once", 540, "written"), ("heavy", None, "refused"))
    said = valid(say.ready(frame, 0.1, words))
    assert said.value == 940 and "**940**" in said.text and said.tile.value == "940" and "hidden" not in said.text
    assert "1" in said.next_step and words.day(DAY) in said.text and "10%" in said.short


def test_one_audience_and_none(words):
    one = valid(say.ready(exported(("loyal", 400, "written"), ("once", 0, "empty")), 0.1, words))
    assert "exports/" in one.next_step and "audiences" not in one.short
    none = valid(say.ready(exported(("loyal", None, "refused")), 0.1, words))
    assert (none.verdict, none.value) == ("behind", None)
    assert valid(say.ready(exported(), 0.1, words)).verdict == "behind"


def crowds(consumers, worth):
    frame = pd.DataFrame({"crowd": list(NAMES), "consumers": pd.array(consumers, "Int64")})
    return frame.assign(worth_minor=pd.array(worth, "Int64"), suppressed=frame.consumers.isna())


def test_worth_is_what_comes_by_itself_and_no_lift(words):
    said = valid(say.worth(crowds([158, 40, None], [209_400, 310_000, None]), NAMES, words))
    assert (said.kind, said.value) == ("model", 310_000) and words.money(310_000) in said.text
    assert len(said.short) <= 60 and "Consumers who" in said.short


def test_worth_without_a_plan_is_told_from_worth_that_must_not_be_shown(words):
    no_plan = valid(say.worth(crowds([158, 40, None], [None] * 3), NAMES, words))
    too_few = valid(say.worth(crowds([None, None, 0], [None, None, 0]), NAMES, words))
    empty = valid(say.worth(crowds([158, 40, 30], [1, 1, 1]).iloc[:0], NAMES, words))
    assert no_plan.kind == too_few.kind == "not identified"
    assert no_plan.text != too_few.text == empty.text


def gaps(*rows):
    return pd.DataFrame(rows, columns=["stage", "gap", "below"]).astype({"below": "Int64"})


@pytest.mark.parametrize(
    ("row", "verdict"),
    [(("L", 176, 355), "careful"), (("L", 176, 100), "behind"), (("L", 176, None), "behind"), (("L", 5, None), "none"),
     (("P", 10**9, 0), "behind"), (("O", 176, 10**9), "careful")],
)  # fmt: skip
def test_people_are_held_against_the_largest_gap(words, row, verdict):
    said = valid(say.closes(gaps(("A", 3, 900), row), STAGES, words))
    assert said.verdict == verdict and words.count(row[1]) in said.text
    assert said.value == row[2] and (row[2] is not None or words.suppressed() in said.text)


def test_no_gap_is_told_from_no_plan(words):
    reached = valid(say.closes(gaps(("A", -3, 900), ("L", 0, 9)), STAGES, words))
    no_plan = valid(say.closes(gaps(), STAGES, words))
    assert reached.verdict == "ahead" and no_plan.verdict == "none" and reached.text != no_plan.text


def balance(*rows):
    frame = pd.DataFrame(rows, columns=["covariate", "level", "addressed", "held_out", "difference", "low", "high"])
    return frame.astype({"level": "string", "addressed": "Int64", "held_out": "Int64"})


FINE = ("brand_minor", None, 900, 100, 0.02, -0.2, 0.24)
OFF = ("age_band", "25-34", 300, 60, 0.4, 0.2, 0.6)
HIDDEN = ("stage", "L", None, None, np.nan, np.nan, np.nan)
ENDLESS = ("gender", "f", 900, 100, np.inf, np.nan, np.nan)


def test_a_sound_draw_is_told_from_another(words):
    fine = valid(say.drawn(balance(FINE, OFF, HIDDEN), words))
    assert (fine.verdict, fine.value, fine.n) == ("ahead", 0.4, 1000) and "**2**" in fine.text and "**1**" in fine.text
    off = valid(say.drawn(balance(FINE, OFF, OFF), words))
    assert off.verdict == "careful" and off.short != fine.short


def test_balance_that_must_not_be_shown(words):
    for frame in (balance(HIDDEN, ENDLESS), balance()):
        assert valid(say.drawn(frame, words)).value is None
        assert say.differences(frame, STAGES, words).empty


def test_differences_are_named_in_words_and_the_furthest_comes_first(words):
    stage = ("stage", "P", 200, 40, -0.1, -0.4, 0.2)
    opportunity = ("stage", "O", 200, 40, 0.05, -0.4, 0.2)
    unknown = ("income_band", "missing", 200, 40, 0.01, -0.4, 0.2)
    bars = say.differences(balance(FINE, OFF, HIDDEN, ENDLESS, stage, opportunity, unknown), STAGES, words)
    assert list(bars.value) == [0.4, -0.1, 0.05, 0.02, 0.01]
    assert bars.label[0].endswith("25-34") and bars.label[1].endswith(LONG)
    assert bars.label[2].endswith(words("Opportunity")) and bars.label[4].endswith(words("unknown"))
    assert not any("_" in label for label in bars.label)


def pairs(*rows):
    return pd.DataFrame(rows, columns=["crowd_a", "crowd_b", "consumers", "only_a", "only_b"]).astype(
        dict.fromkeys(("consumers", "only_a", "only_b"), "Int64")
    )


def test_overlaps_name_the_largest_and_hide_what_is_small(words):
    frame = pairs(("loyal", "once", 40, 100, 60), ("loyal", "heavy", None, None, None), ("once", "heavy", 0, 100, 30))
    said = valid(say.overlap(frame, NAMES, words))
    assert said.value == 40 and "**40**" in said.text
    hidden = valid(say.overlap(frame.iloc[1:], NAMES, words))
    none = valid(say.overlap(frame.iloc[2:], NAMES, words))
    assert hidden.value is none.value is None and hidden.short != none.short
    assert valid(say.overlap(frame.iloc[:0], NAMES, words)).short == none.short
    shown = say.pairs(frame, NAMES)
    assert list(shown.crowd_b) == [LONG, "Heavy"] and shown.consumers.isna().tolist() == [False, True]


def test_what_the_data_do_not_hold_is_said_in_words(words):
    frame = pd.DataFrame(
        [("loyal", "behaviour", "cart"), ("once", "behaviour", "cart"), ("once", "channel", "coupon"),
         ("heavy", "trait", "city_tier=4"), ("heavy", "category", "")], columns=["crowd", "kind", "name"],
    )  # fmt: skip
    text = say.unseen(frame, NAMES, words)
    assert all(name in text for name in NAMES.values()) and text.count(words("carts")) == 1
    assert words("city tier") in text and "city_tier" not in text and words("main category of the brand") in text
    assert say.unseen(frame.iloc[:0], NAMES, words) == words("Everything that the crowds ask for is in the data.")


def test_every_behaviour_and_trait_of_the_warehouse_has_a_name(words):
    found = {say.behaviour(name, words) for name in schema.behaviours()}
    assert len(found) == len(schema.behaviours())
    assert all(
        say.behaviour(name, words) != name for name in schema.behaviours() if words.language == "zh" or "_" in name
    )
    assert say.trait("pet", words) == "pet", "a trait of one's own keeps its name"


def test_tables_and_bars_carry_the_crowds_names(words):
    sized = crowds([158, None, 0], [1, None, 0])
    assert list(say.rows(sized, NAMES).crowd) == list(NAMES.values()) and say.rows(sized.iloc[:0], NAMES).empty
    frame = exported(("loyal", 400, "written"), ("once", 0, "empty"), ("heavy", None, "refused"))
    bars = say.bars(frame.assign(suppressed=frame.addressed.isna()), NAMES)
    assert list(bars.label) == [NAMES["loyal"], NAMES["heavy"]] and bars.suppressed.tolist() == [False, True]
    made = frame.assign(
        channels="mail, live", load=["differences", None, None], come=[30, None, None], gone=[25, None, None]
    )
    rows = say.statuses(made, made, NAMES, words)
    assert rows.status.nunique() == 3 and list(rows.expires) == [words.day(DAY), "–", "–"]
    assert list(rows.crowd) == [NAMES["loyal"], NAMES["heavy"], NAMES["once"]], "empty ones last"
    assert "30" in rows.load[0] and "25" in rows.load[0] and set(rows.load[1:]) == {"–"}
    assert len(rows.channels[0]) > 4 and "message" not in rows.channels[0]
    assert words.day(DAY) in say.expiry(DAY, words)


# ---- order, look-alikes, rest, benefits ----


def ranking(*rows):
    return pd.DataFrame(rows, columns=["crowd", "people", "basis", "channel"])


TESTED = {"times": 2.8, "low": 2.5, "high": 3.1, "n": 7175.0, "buyers": 533.0}


def test_the_order_says_what_stands_behind_it(words):
    some = ranking(("loyal", 400, "lift", "live"), ("once", 50, "propensity", None), ("heavy", 0, None, None))
    said = valid(order_say.order(TESTED, some, 90, words))
    assert "2.8" in said.short and "2.5" in said.text and said.verdict == "ahead" and said.next_step
    weak = valid(order_say.order({**TESTED, "low": 0.9}, some[1:], 90, words))
    assert weak.verdict == "careful" and weak.text != said.text
    untold = valid(order_say.order(None, some, 90, words))
    assert untold.kind == "not identified" and untold.tile is None
    shown = order_say.ranks(some, NAMES, words)
    assert len(shown) == 2 and shown.channel[1] == "–"


def beside(*rows):
    columns = ["crowd", "people", "by_rule", "by_likeness", "by_chance", "lead", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


TENTH = ("random", 990, 0.1, 0.38, 0.1, 0.28, 0.22, 0.34)


def test_look_alikes_stand_beside_chance_and_rules(words):
    better = beside(
        ("once", 440, 0.17, 0.26, 0.04, 0.09, 0.03, 0.14), ("all", 0, np.nan, np.nan, np.nan, 0.09, 0.03, 0.14), TENTH
    )
    said = valid(order_say.like(better, 9955, 273, 90, words))
    assert "3.8" in said.short and "38%" in said.text and said.verdict == "ahead" and said.next_step is None
    true = pd.DataFrame({"arrived": [5, 160], "said": [0.01, 0.086], "came": [0.02, 0.081]})
    assert "8.6%" in order_say.like(better, 9955, 273, 90, words, true)["text"]
    assert order_say.like(better, 9955, 273, 90, words, true[:1])["text"] == said.text, "too few came to be told"
    same = better.assign(low=[-0.1, -0.1, 0.22])
    assert valid(order_say.like(same, 9955, 273, 90, words)).verdict == "careful"
    assert valid(order_say.like(same, 9955, 273, 90, words)).next_step
    assert valid(order_say.like(beside(TENTH), 9955, 273, 90, words)).verdict == "ahead"
    assert valid(order_say.like(None, None, None, 90, words)).kind == "not identified"
    assert list(order_say.leads(better, NAMES, words).value) == [0.38, 0.26]
    assert list(order_say.dots(better, NAMES).label) == [LONG]


def test_rest_never_says_a_hidden_count(words):
    def rested(*tired):
        return pd.DataFrame({"crowd": list(NAMES)[: len(tired)], "tired": pd.array(tired, "Int64")})

    assert "**30**" in valid(order_say.rest(rested(30, 0), 3, 7, words)).text
    hidden, none = (valid(order_say.rest(r, 3, 7, words)).text for r in (rested(None, 0), rested(0, 0)))
    assert hidden != none and valid(order_say.rest(rested(0), 0, 7, words)).value is None


def test_a_benefit_is_named_where_it_stands_out(words):
    columns = ["crowd", "kind", "offered", "used", "rate", "low", "high", "odds", "runner"]
    rows = pd.DataFrame([("once", "points", 115, 70, 0.59, 0.53, 0.65, 0.94, "gift"),
                         ("loyal", "gift", 9, 1, 0.2, 0.1, 0.3, 0.4, None)], columns=columns)  # fmt: skip
    said = valid(order_say.benefit(rows, NAMES, words))
    assert "points" in said.text and "59%" in said.text and len(said.short) <= 60
    assert valid(order_say.benefit(rows[1:], NAMES, words)).next_step
    assert valid(order_say.benefit(rows[:0], NAMES, words)).kind == "not identified"
    assert order_say.offers(rows, NAMES, words).faint.tolist() == [False, True]


def test_a_gain_curve_names_its_dots(words):
    curve = pd.DataFrame(
        {"share": [0, 0.1, 0.5, 1], "caught": [0, 0.4, 0.9, 1], "low": [0, 0.3, 0.8, 1], "high": [0, 0.5, 0.95, 1]}
    )
    dots = pd.DataFrame({"label": ["<b>rule"], "share": [0.2], "caught": [0.3]})
    html = show.gains(curve, dots, words, "x")._repr_html_()
    assert "&lt;b&gt;rule" in html and "<b>rule" not in html and "40%" in html and html.count("<svg") == 2


def test_what_of_a_plan_is_missing_is_said(words):
    assert len(say.lacking(False, False, words)) == len(say.lacking(True, True, words)) == 1
    assert say.lacking(True, False, words) == []
