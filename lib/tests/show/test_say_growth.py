"""What the growth page says, in cases a brand really has: growth, decline, chance, one category, too few, nobody, no peers."""

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import factors
from apex.show.say import growth as say
from apex.show.words import Words

SUMS = ("gain", "retain", "boost", "widen", "change")
STEP = {"next_step": "Do this.", "at_stake_minor": 700}


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="1_insight/growth", name="x", **fields)


def row(gain=0, retain=0, boost=0, widen=0, before=100000, wide=None, buyers=(100, 120), **more):
    """A row of the model's totals or cells; `wide`: half the width of every interval, None for none; None hides it."""
    values = dict(zip(SUMS, (gain, retain, boost, widen, gain + retain + boost + widen), strict=True))
    data = {"against": "year", "split": "cells", "cell": "c", "buyers_before": buyers[0], "buyers_now": buyers[1],
            "gmv_before": before, "gmv_now": before + values["change"], "suppressed": False}  # fmt: skip
    for name, value in values.items():
        data |= {name: value, f"{name}_low": pd.NA if wide is None else value - wide,
                 f"{name}_high": pd.NA if wide is None else value + wide}  # fmt: skip
    return data | more


def frame(*rows):
    made = pd.DataFrame(list(rows))
    numbers = [c for c in made.columns if c not in ("against", "split", "cell", "suppressed", "label")]
    return made.astype(dict.fromkeys(numbers, "Int64"))


def hidden(**more):
    kept = ("against", "split", "cell")
    return frame({k: v if k in kept else pd.NA for k, v in row().items()} | {"suppressed": True} | more)


def test_growth_decline_and_chance_are_told_apart(words):
    up = valid(say.growth(frame(row(30000, -5000, 1000, wide=8000)), "year", 29, STEP, words))
    assert up.verdict == "ahead" and (up.value, up.low, up.high) == (26000, 18000, 34000)
    assert factors.factors(words)["gain"] in up.short and "+26%" in up.text and up.n == 120
    assert up.next_step == "Do this." and up.at_stake_minor == 700 and "Do this." not in up.text, (
        "the page says it once"
    )
    down = valid(say.growth(frame(row(-2000, -30000, 1000, wide=8000)), "before", 29, {}, words))
    assert down.verdict == "behind" and factors.factors(words)["retain"] in down.short and down.next_step is None
    chance = valid(say.growth(frame(row(-2000, -3000, wide=8000)), "year", 29, {}, words))
    by_chance = words("Chance alone can do that (95%: {low} to {high}).",
                      low=words.signed_money(-13000), high=words.signed_money(3000))  # fmt: skip
    assert chance.verdict == "careful" and by_chance in chance.text
    silent = valid(say.growth(frame(row(30000)), "year", 29, {}, words))
    assert silent.verdict == "careful" and silent.low is None and "95%" not in silent.text


def test_the_headline_where_there_is_little_to_say(words):
    none = valid(say.growth(frame(row()).iloc[:0], None, 29, STEP, words))
    assert none.value is None and none.next_step == "Do this."
    few = valid(say.growth(hidden(), "year", 29, {}, words))
    assert few.value is None and "20" in few.text and few.tile is None
    nobody = valid(say.growth(frame(row(before=0, buyers=(0, 0))), "year", 29, {}, words))
    assert nobody.value == 0 and "29" in nobody.text
    begun = valid(say.growth(frame(row(widen=5000, before=0, buyers=(0, 9))), "year", 29, {}, words))
    assert begun.verdict == "ahead" and "%" not in begun.text
    same = valid(say.growth(frame(row()), "year", 29, {}, words))
    assert words("no factor changed") in same.text and "%" not in same.short


def test_the_largest_factor_is_the_one_in_the_direction_of_the_change(words):
    said = valid(say.largest(frame(row(-9000, 10000, 2000, wide=1000)), words))
    assert said.value == 10000 and said.verdict == "ahead" and factors.letters(words)["retain"] in said.text
    fell = valid(say.largest(frame(row(-9000, 4000, 2000, wide=1000)), words))
    assert fell.value == -9000 and fell.verdict == "behind" and fell.tile.note
    for nothing in (frame(row()).iloc[:0], hidden(), frame(row())):
        assert valid(say.largest(nothing, words)).value is None


def test_the_bridge_adds_up_and_leaves_out_a_w_of_nought(words):
    steps = factors.steps(frame(row(30000, -5000, 1000, wide=8000)), "year", 29, words)
    assert list(steps.value) == [100000, 30000, -5000, 1000, 126000] and list(steps.total) == [
        True,
        False,
        False,
        False,
        True,
    ]
    wide = factors.steps(frame(row(30000, -5000, 1000, 77)), "year", 29, words)
    assert len(wide) == 6 and wide.label.iloc[4] == factors.letters(words)["widen"]
    assert factors.steps(hidden(), "year", 29, words).suppressed.all()
    assert factors.steps(frame(row()).iloc[:0], None, 29, words).empty


def test_mix_is_named_by_the_factor_that_differs_most(words):
    both = frame(row(10000, 5000, 1000), row(9000, -2000, 9000, split="whole"))
    said = valid(say.mix(both, "year", 4, words))
    assert (
        said.value == 8000 and factors.letters(words)["boost"] in said.short and words.signed_money(9000) in said.text
    )
    assert valid(say.mix(both, "year", 1, words)).value is None
    assert valid(say.mix(both, "before", 4, words)).value is None
    assert valid(say.mix(hidden(), "year", 4, words)).value is None
    assert len(factors.compared(both, 29, words).label.unique()) == 2


def cells(words, cut, *made):
    return factors.named(frame(*made), cut, words)


def test_the_cell_that_moved_most_with_the_whole_is_named_and_a_loss_asks_for_a_step(words):
    fell = cells(words, "city_tier", row(-9000, cell="3", wide=2000), row(1000, cell="1"), row(-20000, cell=""))
    said = valid(say.cut(fell, "X", words))
    assert words("tier {n}", n="3") in said.text and said.verdict == "behind" and said.at_stake_minor == 9000
    assert said.next_step and said.high == -7000
    grew = valid(say.cut(cells(words, "category", row(500, cell="tea"), row(-20, cell="soap")), "X", words))
    assert grew.value == 500 and grew.next_step is None
    old = valid(say.cut(cells(words, "history", row(-9000, cell="old"), row(1, cell="new")), "X", words))
    assert words("Win old customers back: {money} from them, above all by {factor}.",
                 money=words.signed_money(-9000), factor=factors.factors(words)["gain"]) == old.next_step  # fmt: skip


def test_cuts_with_one_cell_none_or_none_that_may_be_named(words):
    assert valid(say.cut(cells(words, "category", row(-5, cell="tea")), "X", words)).next_step is None
    assert valid(say.cut(frame(row()).iloc[:0].assign(label=""), "X", words)).value is None
    unnamed = cells(words, "age_band", row(-5, cell=""), row(-50, cell="*"))
    assert valid(say.cut(unnamed, "X", words)).value is None
    assert valid(say.cut(hidden(label="tea"), "X", words)).value is None
    long = "a category that somebody named with all that can be bought in it and where it stands"
    valid(say.cut(cells(words, "category", row(-5, cell=long), row(1, cell="tea")), long, words))


def test_a_chart_holds_the_largest_and_the_others_as_one_that_add_up(words):
    many = cells(words, "category", *[row(n * (-1) ** n, cell=f"c{n:02}") for n in range(20)])
    top = factors.top(many, words)
    assert len(top) == 9 and top.value.sum() == many.change.sum() and list(top.value[:2]) == [-19, 18]
    assert len(factors.top(many[:9], words)) == 9
    lost = many.assign(change=many.change.where(many.change.abs() > 1), suppressed=many.change.abs() <= 1)
    assert factors.top(lost, words).value.isna().iloc[-1]


def test_market_and_share(words):
    made = pd.DataFrame(
        {"cell": ["tea", "soap"], "gain": [500, -200], "gain_market": [100, 50], "gain_share": [400, -250]}
    )
    said = valid(say.market(made.astype(dict.fromkeys(made.columns[1:], "Int64")), words))
    assert said.value == 150 and said.verdict == "ahead" and words.signed_money(150) in said.text
    masked = made.assign(gain_market=pd.array([100, pd.NA], "Int64"))
    assert valid(say.market(masked, words)).value is None and valid(say.market(made.iloc[:0], words)).value is None


def gaps(penetration, frequency, price=-5000, wide=1000, buyers=120):
    gain = [penetration, frequency, price]
    return pd.DataFrame({
        "factor": ["penetration", "frequency", "price"], "own": [0.1, 1.5, 20000.0], "low": 0.05, "middle": 0.1, "high": 0.2,
        "benchmark": [0.12, 1.6, 19000.0], "gain_minor": pd.array(gain, "Int64"),
        "gain_low": pd.array([g - wide for g in gain], "Int64"), "gain_high": pd.array([g + wide for g in gain], "Int64"),
        "gmv_minor": pd.array([50000] * 3, "Int64"), "buyers": pd.array([buyers] * 3, "Int64"),
    })  # fmt: skip


def test_the_larger_of_penetration_and_frequency_is_next_and_price_never(words):
    said = valid(say.gap(gaps(4000, 9000, price=999999), "tea", words))
    assert (
        said.at_stake_minor == 9000 and said.verdict == "behind" and "1.5" in said.next_step and "1.6" in said.next_step
    )
    assert words.money(20000) in said.text and words.money(19000) in said.text, "price is said beside"
    unsure = valid(say.gap(gaps(400, -10), "tea", words))
    assert unsure.verdict == "careful" and "10.0%" in unsure.next_step
    ahead = valid(say.gap(gaps(-4000, 0), "tea", words))
    assert ahead.verdict == "ahead" and ahead.next_step is None
    assert valid(say.gap(gaps(1, 2).iloc[:0], "tea", words)).kind == "not identified"
    masked = gaps(1, 2).assign(gain_minor=pd.array([pd.NA] * 3, "Int64"))
    assert valid(say.gap(masked, "tea", words)).value is None
    assert list(factors.held(gaps(4000, 9000), words).gain_minor) == [9000, 4000, -5000]


def test_the_first_step_has_the_most_money(words):
    most = say.first_step(
        {"next_step": "a", "at_stake_minor": 5}, {"at_stake_minor": 99}, {"next_step": "b", "at_stake_minor": 7}
    )
    chance = {"next_step": "c", "at_stake_minor": 900, "verdict": "careful"}
    sure = {"next_step": "d", "at_stake_minor": 3, "verdict": "behind"}
    assert say.first_step(chance, sure)["next_step"] == "d"
    assert most["next_step"] == "b" and say.first_step({}) == {}


def test_names_of_cells_and_cuts(words):
    assert factors.cell("18-24", "age_band", words) == "18-24"
    assert factors.cell("", "category", words) != factors.cell("*", "category", words)
    for cut in ("category", "subcategory", "department", "history", "age_band", "strategic_crowd"):
        assert factors.cut_name(cut, words)
    both = factors.together({"history": cells(words, "history", row(1, cell="old"))}, words)
    assert words("old customers") in both.label.iloc[0]
    assert len(say.absent(["city_tier", "age_band"], ["age_band"], words)) == 1
    assert (
        factors.place("all", "all", words) == words("the whole market")
        and factors.place("category", "tea", words) == "tea"
    )
    assert "widen" in factors.columns(words, widens=True) and "widen" not in factors.columns(words)
    assert "buyers_now" not in factors.columns(words, buyers=False)
