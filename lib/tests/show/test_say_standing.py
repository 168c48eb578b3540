"""What the assets page says of stock, peers, opportunity and stays, in cases a brand really has."""

import datetime as dt

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import standing as say
from apex.show.say import stays as say_stays
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased"), ("L", "Loyal")]
IDS = pd.CategoricalDtype(["A", "P", "L"], ordered=True)
DAY = dt.date(2024, 3, 1)
COLUMNS = ["figure", "value", "before", "low", "middle", "high", "benchmark", "rank", "peers"]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def changes(now, before, comparable=True):
    frame = pd.DataFrame(
        {
            "stage": ["A", "P", "L"],
            "now": pd.array(now, "Int64"),
            "before": pd.array(before, "Int64"),
            "comparable": comparable,
        }
    )
    frame["before"] = frame.before.where(frame.comparable)
    frame["difference"] = frame.now - frame.before
    frame["share"] = (frame.difference / frame.before.where(frame.before > 0)).astype("Float64")
    return frame


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="1_insight/assets", name="x", **fields)


def beside(**values):
    """Figures with (value, middle, benchmark); absent ones are null."""
    rows = [
        (name, value, None, middle, middle, middle, best, None, 9) for name, (value, middle, best) in values.items()
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype(dict.fromkeys(COLUMNS[1:-1], "Float64"))


NOBODY = beside()


def test_growth_and_decline_are_told_apart_and_the_biggest_mover_is_named(words):
    grew = valid(say.standing(changes([120, 100, 100], [100, 100, 95]), NOBODY, 56, STAGES, 0.02, words))
    assert (grew.verdict, grew.value) == ("ahead", 320) and "Aware" in grew.text and "+25" in grew.text
    fell = valid(say.standing(changes([100, 60, 100], [100, 100, 95]), NOBODY, 56, STAGES, 0.02, words))
    assert fell.verdict == "behind" and "Purchased" in fell.text and "−35" in fell.text
    flat = valid(say.standing(changes([101, 100, 99], [100, 100, 100]), NOBODY, 56, STAGES, 0.02, words))
    assert flat.verdict == "careful"
    assert flat.compared.value == 300
    assert grew.answers == {"assets": words("{n}, {share} in {days} days", n=320, share="+8%", days=56)}


def test_no_comparison_where_windows_were_still_filling(words):
    young = valid(say.standing(changes([120, 100, 100], [10, 0, 0], comparable=False), NOBODY, 56, STAGES, 0.02, words))
    assert young.verdict == "none" and young.compared is None and young.value == 320
    assert young.answers == {"assets": "320"}
    assert (
        valid(say.deepest(changes([1, 2, 100], [10, 0, 5], comparable=False), NOBODY, 56, STAGES, 0.02, words)).verdict
        == "none"
    )


def test_a_suppressed_stage_hides_the_total(words):
    hidden = valid(say.standing(changes([120, None, 100], [100, 100, 95]), NOBODY, 56, STAGES, 0.02, words))
    assert hidden.value is None and hidden.tile is None and "320" not in hidden.text
    deep = valid(say.deepest(changes([120, 100, None], [100, 100, 95]), NOBODY, 56, STAGES, 0.02, words))
    assert deep.value is None and deep.tile.value == words.suppressed()


def test_growth_is_held_against_peers(words):
    change = changes([120, 100, 100], [100, 100, 95])  # +8 %
    said = valid(say.standing(change, beside(growth=(0.08, 0.07, 0.1)), 56, STAGES, 0.02, words))
    assert (
        said.verdict == "ahead" and words.signed_share(0.07) in said.text and words.signed_share(0.07) in said.tile.note
    )
    slow = valid(say.standing(change, beside(growth=(0.08, 0.15, 0.1)), 56, STAGES, 0.02, words))
    assert slow.verdict == "careful", "grew, but less than half of the peers"
    fell = changes([100, 60, 100], [100, 100, 95])
    assert valid(say.standing(fell, beside(growth=(-0.1, -0.2, 0)), 56, STAGES, 0.02, words)).verdict == "careful"


def test_the_next_step_is_the_rate_that_lies_furthest_behind_the_benchmark(words):
    rates = {"rise": (0.2, 0.1, 0.21), "lapse": (0.3, 0.4, 0.2), "came": (0.1, 0.1, 0.3)}
    came = say.next_step(beside(**rates), 28, words)
    assert "10%" in came and "30%" in came
    lapse = say.next_step(beside(**rates, reached=(0.95, 0.5, 0.9)), 28, words)
    assert "30%" in lapse and "20%" in lapse, "newcomers are not asked for where nearly all are reached"
    assert "2.0%" in say.next_step(beside(rise=(0.02, 0.1, 0.21)), 28, words)
    good = say.next_step(beside(rise=(0.3, 0.1, 0.21), lapse=(0.1, 0.2, 0.2)), 28, words)
    assert good == words("Hold it: consumers rise, stay and come at least as often as at the five largest peers.")
    assert say.next_step(NOBODY, 28, words) is None
    assert say.next_step(beside(rise=(None, 0.1, 0.2)), 28, words) is None


@pytest.mark.parametrize(
    ("rise", "lapse", "verdict"),
    [((0.3, 0.2, 0.4), (0.1, 0.2, 0.1), "ahead"), ((0.1, 0.2, 0.4), (0.3, 0.2, 0.1), "behind"),
     ((0.3, 0.2, 0.4), (0.3, 0.2, 0.1), "careful"), ((0.1, 0.2, 0.4), (0.1, 0.2, 0.1), "careful")],
)  # fmt: skip
def test_rates_beside_peers(rise, lapse, verdict, words):
    said = valid(say.beside(beside(rise=rise, lapse=lapse), "PEERS", 28, words))
    assert said.verdict == verdict and "PEERS" in said.text and said.compared.value == rise[1]


def test_rates_without_peers_or_without_people(words):
    alone = valid(say.beside(beside(rise=(0.3, None, None), lapse=(0.2, None, None)), "PEERS", 28, words))
    assert alone.verdict == "none" and "30%" in alone.text and alone.compared is None
    assert valid(say.beside(NOBODY, "PEERS", 28, words)).value is None


def free(before, now):
    return pd.DataFrame({"brand": ["b"], "before": pd.array([before], "Int64"), "now": pd.array([now], "Int64")})


def test_opportunity(words):
    said = valid(say.opportunity(free(100, 120), beside(reached=(0.4, 0.5, 0.6)), "tea", DAY, words))
    assert said.value == 120 and said.verdict == "behind" and "+20%" in said.text and "tea" in said.text
    near = valid(say.opportunity(free(None, 120), beside(reached=(0.95, 0.5, 0.6)), "tea", DAY, words))
    assert near.short == words("Nearly all of the category know the brand") and near.compared is None
    assert valid(say.opportunity(free(100, None), NOBODY, "tea", DAY, words)).value is None
    assert valid(say.opportunity(free(0, 0), NOBODY, None, DAY, words)).value is None


def stays(*rows):
    frame = pd.DataFrame(rows, columns=["stage", "day", "share", "low", "high", "rose", "fell", "spells", "middle"])
    return frame.astype({"stage": IDS, "share": "Float64", "low": "Float64", "high": "Float64", "middle": "Float64"})


def medians(*rows):
    frame = pd.DataFrame(rows, columns=["stage", "median", "low", "high", "seen"])
    return frame.astype({"stage": IDS} | dict.fromkeys(("median", "low", "high", "seen"), "Int64"))


def test_stays_of_the_deepest_stage_that_something_is_known_of(words):
    curve = pd.DataFrame({"stage": ["L"] * 3, "day": [0, 30, 44], "share": [1, 0.8, 0.74]}).astype({"stage": IDS})
    table = stays(("A", 30, 0.1, 0.05, 0.2, 0.3, 0.6, 99, None), ("L", 30, 0.8, 0.7, 0.9, 0.0, 0.2, 400, 0.9))
    half = medians(("A", 10, 9, 12, 60), ("L", None, None, None, 80))
    said = valid(say_stays.staying(table, half, curve, STAGES, words))
    assert (said.kind, said.value, said.low, said.high, said.n) == ("model", 0.8, 0.7, 0.9, 400)
    assert said.verdict == "behind" and "44" in said.next_step and "80" in said.text
    shown = say_stays.stays_table(table, half, STAGES, words)
    assert list(shown.label) == ["Aware", "Loyal"] and shown["median"].tolist() == [
        words("{middle} ({low} to {high})", middle="10", low="9", high="12"), words("over {n}", n=80)]  # fmt: skip
    hidden = stays(("L", 30, None, None, None, None, None, None, None))
    assert valid(say_stays.staying(hidden, half, curve, STAGES, words)).value is None
    assert valid(say_stays.staying(hidden.iloc[:0], half, curve, STAGES, words)).value is None


def test_tables_name_every_figure(words):
    every = dict.fromkeys(
        ("growth", "rise", "lapse", "came", "reached", "opportunity", "stage:A", "stage:L"), (0.1, 0.2, 0.3)
    )
    table = say.peers_table(beside(**every), STAGES, words)
    assert table.label.is_unique and table.label.notna().all()
    assert say.peers_table(beside(rise=(0.1, None, None)), STAGES, words).spread.tolist() == ["–"]
    names = {say.level_name(level, "x", 7, words) for level in ("category", "department", "all")}
    assert len(names) == 3 and all("7" in name for name in names)


def test_claims_fit_where_names_are_long_and_nobody_is_no_error(words):
    stages = [(stage, f"{name}, a stage whose name somebody wrote out in full") for stage, name in STAGES]
    valid(
        say.standing(changes([100, 60, 100], [100, 100, 95]), beside(growth=(0.1, 0.1, 0.1)), 56, stages, 0.02, words)
    )
    valid(say.deepest(changes([100, 60, 100], [100, 100, 95]), NOBODY, 56, stages, 0.02, words))
    none = changes([0, 0, 0], [0, 0, 0])
    assert valid(say.standing(none, NOBODY, 56, STAGES, 0.02, words)).value == 0
    assert valid(say.deepest(none, NOBODY, 56, STAGES, 0.02, words)).value == 0
