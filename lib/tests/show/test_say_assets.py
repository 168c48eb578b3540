"""What the assets page says, in cases a brand really has: growth, decline, no history, too few to show, nobody."""

import datetime as dt

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import assets as say
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased"), ("L", "Loyal")]
IDS = pd.CategoricalDtype(["none", "A", "P", "L"], ordered=True)
DAY = dt.date(2024, 3, 1)


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


def test_a_brand_nobody_knows_still_gets_sentences(words):
    none = changes([0, 0, 0], [0, 0, 0])
    empty = pd.DataFrame({"from_stage": pd.Series(dtype=IDS), "to_stage": pd.Series(dtype=IDS), "consumers": []})
    assert valid(say.running_out(empty.astype({"consumers": "Int64"}), none.now, DAY, STAGES, words)).value == 0
    up = pd.DataFrame({"cause": [], "moves": [], "before": []}).astype({"moves": "Int64", "before": "Int64"})
    assert valid(say.causes(up, words)).verdict == "none"
    assert valid(say.lapses(up.rename(columns={"cause": "stage"}), STAGES, words)).value == 0
    assert valid(say.trade(0, 0, 56, 1_640_000, words)).value == 0


def flow(*rows):
    frame = pd.DataFrame(rows, columns=["from_stage", "to_stage", "consumers"])
    return frame.astype({"from_stage": IDS, "to_stage": IDS, "consumers": "Int64"})


def test_flows_count_up_down_in_and_out(words):
    moved = flow(("none", "A", 50), ("A", "P", 30), ("P", "P", 900), ("L", "P", 25), ("A", "none", 40))
    said = valid(say.flows(moved, DAY, words))
    assert said.value == 50 + 30 - 25 - 40 and said.verdict == "ahead"
    for number in ("50", "30", "25", "40"):
        assert number in said.text
    assert valid(say.flows(flow(("none", "A", None), ("L", "P", 25)), DAY, words)).value is None


def test_a_sum_over_suppressed_moves_is_at_least_what_is_shown_and_never_few(words):
    said = valid(say.flows(flow(("A", "P", 500), ("P", "L", None), ("none", "A", None), ("L", "none", 25)), DAY, words))
    assert words("at least {n}", n=500) in said.text and "<20" not in said.text and said.value is None
    up = pd.DataFrame({"cause": ["display", "circular"], "moves": [478, None], "before": [582, 321]})
    hidden = valid(say.causes(up.astype({"moves": "Int64", "before": "Int64"}), words))
    assert hidden.value is None and "478" not in hidden.text and "<20" not in hidden.text
    down = pd.DataFrame({"stage": ["A", "L"], "moves": [246, None], "before": [109, 294]})
    fell = valid(say.lapses(down.astype({"moves": "Int64", "before": "Int64"}), STAGES, words))
    assert words("at least {n}", n=246) in fell.text


def test_claims_fit_where_names_are_long(words):
    long = "a channel whose name somebody wrote out in full, with its placement"
    up = pd.DataFrame({"cause": [long], "moves": [1_234_567], "before": [2_345_678]})
    valid(say.causes(up.astype({"moves": "Int64", "before": "Int64"}), words))


def test_causes_name_the_channel_that_changed_most_and_call_it_credit(words):
    frame = pd.DataFrame({"cause": ["display", None, "circular"], "moves": [478, 202, 161], "before": [582, 104, 321]})
    said = valid(say.causes(frame.astype({"moves": "Int64", "before": "Int64"}), words))
    assert said.kind == "credit" and said.verdict == "behind" and "161" in said.text and "−160" in said.text
    assert said.next_step


def test_lapses_and_what_runs_out(words):
    down = pd.DataFrame({"stage": ["A", "L"], "moves": [246, 322], "before": [109, 294]})
    said = valid(say.lapses(down.astype({"moves": "Int64", "before": "Int64"}), STAGES, words))
    assert said.value == 568 and said.verdict == "behind" and "Aware" in said.text
    falls = flow(("A", "none", 121), ("L", "P", 196))
    held = changes([300, 400, 500], [1, 1, 1]).now
    soon = valid(say.running_out(falls, held, DAY, STAGES, words))
    assert soon.value == 317 and "196" in soon.text and "196" in soon.next_step and words.share(317 / 1200) in soon.text


def test_trade_beside_the_goal_and_too_few_buyers(words):
    said = valid(say.trade(1_491_577, 906, 56, 1_640_000, words))
    assert said.compared.value == 1_640_000 and words.signed_share(0.09951) in said.text
    few = valid(say.trade(1_491_577, 7, 56, 1_640_000, words))
    assert few.value is None and few.n is None and "14" not in few.text
