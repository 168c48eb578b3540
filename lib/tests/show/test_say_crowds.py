"""What the page on crowds says, in cases a brand really has: clear, by chance, few, hidden, nobody, nothing known."""

import pandas as pd
import pytest

from apex.measure.people import AGREEMENT, Division
from apex.model import openings, tgi
from apex.report.finding import Finding
from apex.show.say import crowds as say
from apex.show.say import profiles
from apex.show.words import Words

NAMES = {"a": "Supermoms", "b": "Gen Z", "c": "Town youth", "*": "others", "": "not known"}
STAGES = [("A", "Aware"), ("P", "Bought")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="1_insight/crowds", name="x", **fields)


def index(*rows, cut="cell", hidden=()):
    """A judged index from (cell, both, against_only); hidden: cells that the page may not show."""
    frame = pd.DataFrame(
        [(cell, both, 0, rest) for cell, both, rest in rows], columns=["cell", "both", "who_only", "against_only"]
    )
    frame = tgi.index(frame.assign(cut=cut)).assign(suppressed=False)
    frame["suppressed"] = frame.cell.isin(hidden)
    people = frame[list(tgi.PEOPLE)].astype("Int64").mask(frame.suppressed)
    figures = frame[list(tgi.ALSO)].mask(frame.suppressed)
    return tgi.judged(frame.assign(**people, **figures))


def test_who_stands_out_and_who_is_missing(words):
    shown = index(("a", 300, 300), ("b", 200, 400), ("c", 100, 700), ("", 50, 50))
    found = valid(
        say.headline(shown, 0.01, "rules", NAMES, "tea", {"next_step": "Do this.", "at_stake_minor": 7}, words)
    )
    assert found.verdict == "careful" and "Supermoms TGI 167" in found.short and "Town youth TGI 42" in found.short
    assert found.value == pytest.approx(shown.tgi[2]) and found.low < found.value < found.high < 100
    assert found.tile.value == "Supermoms" and "167" in found.tile.note and "50%" in found.text and "8%" in found.text
    assert found.next_step == "Do this." and found.at_stake_minor == 7 and found.kind == "counted"


def test_chance_alone_names_nobody_as_missing(words):
    found = valid(say.headline(index(("a", 50, 100), ("b", 52, 104)), 0.9, "age_band", NAMES, "tea", {}, words))
    assert found.short == words("By {what} no group stands out", what=words("age")) and found.verdict == "none"
    assert found.value is None and words("none differs clearly from the category's buyers") in found.text
    assert found.tile.label == words("Largest crowd")


def test_one_of_many_that_differs_by_chance_is_not_named(words):
    shown = index(("a", 300, 300), ("b", 200, 400), ("c", 100, 700))
    assert shown.clear.any()
    found = valid(say.headline(shown, 0.2, "rules", NAMES, "tea", {}, words))
    assert found.short == words("By {what} no group stands out", what=words("strategic crowd"))


def test_few_people_never_make_the_headline(words):
    shown = index(("a", 12, 1), ("b", 400, 800), ("c", 410, 800))
    assert shown.few.to_list() == [True, False, False] and shown.clear[0]
    assert "Supermoms" not in valid(say.headline(shown, 0.01, "rules", NAMES, "tea", {}, words)).short


@pytest.mark.parametrize(("rows", "category", "short"), [
    ((("a", 5, 9),), None, "No category to hold the brand against"),
    ((("", 5, 9),), "tea", "Nothing is known of the buyers"),
    ((), "tea", "Nothing is known of the buyers"),
    ((("a", 0, 0), ("b", 0, 0)), "tea", "Too few buyers to say who they are"),
])  # fmt: skip
def test_where_nothing_can_be_said(rows, category, short, words):
    found = valid(say.headline(index(*rows), 1.0, "rules", NAMES, category, {}, words))
    assert found.short == words(short) and found.value is None


def test_hidden_crowds_are_neither_named_nor_drawn_as_noughts(words):
    shown = index(("a", 300, 300), ("b", 200, 400), ("c", 100, 700), hidden=("c",))
    found = valid(say.headline(shown, 0.01, "rules", NAMES, "tea", {}, words))
    assert "Town youth" not in found.short + found.text
    bars = say.bars(shown, NAMES, words)
    assert bars.value.isna().to_list() == [False, False, True] and bars.suppressed.to_list() == [False, False, True]
    table = say.rows(shown, NAMES, words)
    assert table.who.isna().to_list() == [False, False, True] and table.span[2] == "–"


def test_a_tgi_of_few_people_shows_its_interval_and_is_grey(words):
    shown = index(("b", 400, 800), ("a", 12, 20), ("", 3, 3))
    table, bars = say.rows(shown, NAMES, words), say.bars(shown, NAMES, words)
    assert list(table.label) == ["Supermoms", "Gen Z", "not known"], "in the order of the division"
    assert table.faint.to_list() == [True, False, False]
    assert table.span[0] == words("{low} to {high}, few people", low=words.count(round(shown.low[1])),
                                  high=words.count(round(shown.high[1])))  # fmt: skip
    assert bars.faint.sum() == 1 and bars.label[bars.faint].item() == words("{cell} (few people)", cell="Supermoms")
    assert bars.low.notna().all() and bars.high.notna().all()


def opened(**columns):
    """A frame of `openings`, one row a crowd; what is not given is 0."""
    base = dict.fromkeys([*openings.PEOPLE, *openings.ALSO], 0) | {
        "cell": list(columns.pop("cell")),
        "suppressed": False,
    }
    frame = pd.DataFrame(base | columns)
    floats = ["own", "average", "benchmark"]
    return frame.astype({c: "Float64" if c in floats else "Int64" for c in (*openings.PEOPLE, *openings.ALSO)})


def test_most_to_win_is_held_against_the_benchmark_first(words):
    base = {
        "cell": "ab",
        "shoppers": [200, 300],
        "buyers": [50, 90],
        "own": [0.25, 0.3],
        "average": 0.28,
        "benchmark": [0.4, 0.35],
    }
    frame = opened(**base, people_benchmark=[30, 15], money_benchmark=[9000, 12000], money_benchmark_low=[100, 0],
                   money_benchmark_high=[20000, 30000], money_average=[99999, 0], people_average=[6, 0])  # fmt: skip
    found = valid(say.missing(frame, NAMES, "tea", words))
    assert (found.value, found.low, found.high, found.at_stake_minor, found.n) == (12000, 0, 30000, 12000, 90)
    assert (
        found.kind == "model"
        and found.verdict == "careful"
        and "Gen Z" in found.next_step
        and "35.0%" in found.next_step
    )
    sure = frame.assign(money_benchmark=pd.array([9000, 10], "Int64"))
    assert valid(say.missing(sure, NAMES, "tea", words)).verdict == "behind"
    ahead = frame.assign(money_benchmark=pd.array([0, 0], "Int64"), money_average_low=pd.NA)
    found = valid(say.missing(ahead, NAMES, "tea", words))
    assert found.value == 99999 and found.compared.label == words("our own average") and found.low is None
    none = ahead.assign(money_average=pd.array([0, 0], "Int64"))
    assert valid(say.missing(none, NAMES, "tea", words)).verdict == "ahead"
    assert say.opening_bars(frame, NAMES).value.to_list() == [12000, 9000]
    assert say.opening_bars(ahead, NAMES).value.to_list() == [99999, 0]
    assert valid(say.missing(none.assign(shoppers=pd.NA), NAMES, "tea", words)).kind == "not identified"


def stages(*counts, hidden=False):
    frame = pd.DataFrame(counts, columns=["cell", "stage", "consumers"])
    found = tgi.of_stages(frame).assign(suppressed=hidden)
    return tgi.judged(found.assign(who=found.consumers.astype("Int64"), consumers=found.consumers.astype("Int64")))


def test_stages_of_crowds(words):
    shown = stages(("a", "O", 100), ("a", "A", 10), ("a", "P", 200), ("b", "O", 400), ("b", "A", 60), ("b", "P", 100),
                   ("*", "O", 0), ("*", "A", 0), ("*", "P", 0))  # fmt: skip
    found = valid(say.stage(shown, STAGES, NAMES, words))
    assert found.n == 200 and "Supermoms" in found.text and found.value > 150
    table = say.stage_tgi(shown, NAMES, words)
    assert list(table.label) == ["Supermoms", "Gen Z"], "nobody else is there"
    assert table.faint_A.to_list() == [True, False] and "–" in table.P[0] and str(round(found.value)) in table.P[0]
    assert say.stage_rows(shown, NAMES).P.to_list() == [200, 100]
    chance = stages(("a", "O", 50), ("a", "A", 50), ("a", "P", 50), ("b", "O", 50), ("b", "A", 50), ("b", "P", 50))
    assert valid(say.stage(chance, STAGES, NAMES, words)).value is None


def rates(*rows):
    frame = pd.DataFrame(rows, columns=["cell", "consumers", "buyers", "gmv_minor", "rate", "low", "high"])
    return frame.astype({"consumers": "Int64", "buyers": "Int64", "gmv_minor": "Int64"}).assign(suppressed=False)


def test_conversion_says_where_chance_alone_would_do(words):
    far = rates(
        ("a", 200, 60, 60000, 0.3, 0.25, 0.35), ("b", 300, 30, 60000, 0.1, 0.08, 0.13), ("", 99, 1, 5, 0.01, 0, 0.1)
    )
    found = valid(say.converts(far, 0.001, 29, NAMES, words))
    alike = words("Taken together, crowds differ no more than by chance.")
    assert (found.value, found.n, found.compared.value) == (0.3, 200, 0.1) and alike not in found.text
    assert words.money(2000) in found.text, "a buyer of b spent 20 each"
    assert alike in valid(say.converts(far, 0.05, 29, NAMES, words)).text
    assert valid(say.converts(rates(("a", 9, 1, 9, 0.1, 0, 0.3)), 1.0, 29, NAMES, words)).value is None
    table = say.conversion_rows(far, NAMES, words)
    assert table.value_minor.to_list() == [1000, 2000, 5] and not table.faint.any()


def test_a_profile_says_how_many_would_differ_by_chance(words):
    shown = pd.concat(
        [index(("x", 90, 10), ("y", 110, 390), cut="household"), index(("18-24", 100, 200), ("", 5, 5), cut="age_band")]
    )
    found = valid(profiles.profile(shown, "us", "them", NAMES, words))
    assert found.n == 90 and "x" in found.short and found.compared.label == "them"
    table = profiles.profile_rows(shown, NAMES, words)
    assert len(table) == 4 and words("{what}: {level}", what=words("household"), level="x") in set(table.label)
    assert profiles.furthest(shown, NAMES, words).faint.to_list() == [False, True, False]
    assert valid(profiles.profile(shown[shown.cell == ""], "us", "them", NAMES, words)).value is None
    flat = index(("x", 50, 50), ("y", 50, 50), cut="household")
    assert valid(profiles.profile(flat, "us", "them", NAMES, words)).short == words(
        "{who}: no trait differs clearly", who="us"
    )


def test_down_tier_crowds_or_what_they_need(words):
    shown = pd.concat(
        [index(("true", 200, 100), ("false", 300, 900), cut="a"), index(("true", 0, 0), ("false", 9, 9), cut="b")]
    )
    inside = profiles.members(shown)
    assert list(inside.cell) == ["a"], "an empty crowd is left out"
    assert valid(profiles.down_tier(inside, NAMES, [], words)).n == 200
    needs = valid(profiles.down_tier(inside[:0], NAMES, ["city_tier"], words))
    assert needs.kind == "not identified" and words("city tier") in needs.text
    assert valid(profiles.down_tier(inside[:0], NAMES, [], words)).kind == "counted"


def agreed(*rows, hidden=False):
    frame = pd.DataFrame(rows, columns=["crowd", *AGREEMENT]).astype(dict.fromkeys(AGREEMENT, "Int64"))
    return (
        frame.assign(suppressed=hidden)
        if not hidden
        else frame.assign(**dict.fromkeys(AGREEMENT, pd.NA), suppressed=True)
    )


def test_rules_and_labels(words):
    both = {"strategic": agreed(("a", 80, 20, 0, 100), ("b", 90, 10, 0, 100)), "down_tier": agreed(("c", 3, 7, 17, 63))}
    rules = Division("rules", ("a", "b", "*", ""), ())
    text = profiles.about(both, rules, words)
    assert (
        words("This page uses the rules.") in text
        and "85.0%" in text
        and "100.0%" in text
        and "15.0%" in text
        and "10.0%" in text
    )
    table = profiles.agreement_rows(both, NAMES)
    assert table.meets.to_list() == [1.0, 1.0, 0.15] and table.ruled.to_list() == [100, 100, 10]
    hidden = {"strategic": agreed(("a", 1, 2, 3, 4), hidden=True)}
    assert words("Too few people to show how far rules and labels of the strategic crowds agree.") in profiles.about(
        hidden, rules, words
    )
    needs = profiles.about({}, Division("age_band", ("x", ""), ("city_tier", "gender")), words)
    assert words("gender") in needs and words("age") in needs
    assert profiles.agreement_rows({}, NAMES).empty


def test_tags(words):
    shown = pd.DataFrame({
        "kind": ["trait", "trait", "behaviour", "behaviour"], "tag": ["gender", "region", "buy", "reserve"],
        "values": [2, 0, None, None],
        "consumers": [100, 0, 40, 10], "without": [0, 100, 60, 90], "coverage": [1.0, 0.0, 0.4, 0.1],
        "latest": [None, None, pd.Timestamp("2024-03-01"), pd.Timestamp("2023-03-01")], "days": [None, None, 0, 366],
        "suppressed": False,
    }).astype({"values": "Int64", "consumers": "Int64", "coverage": "Float64", "days": "Int64"})  # fmt: skip
    found = valid(profiles.tags(shown, words))
    assert (
        found.value == 1
        and found.n == 4
        and words("reservations") in found.text
        and words("purchases") not in found.text
    )
    table = profiles.tag_rows(shown, words)
    assert table.fresh.to_list()[:2] == [words("snapshot"), words.day("2024-03-01")] and table.faint.to_list()[-1]


@pytest.mark.parametrize("by", ["rules", "household", "city_tier", ""])
def test_cells_have_names(by, words):
    found = say.names(by, ("a", "1", "18-24", "*", ""), {"a": "Supermoms"}, words)
    assert found["a"] == "Supermoms" and (found["18-24"] == "18-24" or by == "city_tier")
    assert found[""] == words("not known") and found["*"] == words("others") and list(found)[-1] == ""
    one = {"rules": "1", "city_tier": words("tier {n}", n="1"), "household": words("household")}
    assert one.get(by, "1") in found["1"] and say.division_name(by, words)
