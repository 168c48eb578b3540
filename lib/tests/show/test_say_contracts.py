"""What the page of contracts says, in both languages: at risk, on course, impossible, hidden, nothing there."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model.guarantees import Record
from apex.report.finding import Finding
from apex.show.say import contracts as say
from apex.show.words import Words

LAST = dt.date(2024, 11, 18)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="3_execute/contracts", name="x", **fields)


def shown(odds=(0.3, 0.95), hidden=(), lacks=0.0):
    frame = pd.DataFrame({
        "contract_id": ["one", "two"], "placement": ["tv-首屏", "a slot of one's own"], "channel": ["tv", None],
        "crowd": ["", "Gen Z"], "guarantee": ["impressions", "recalls"], "amount": [20000, 500], "last_day": LAST,
        "come": [9000, 300], "mean": [18000.0, 560.0], "low": [16000.0, 480.0], "high": [21000.0, 640.0], "odds": odds,
        "gap": [2100.0, 3.0], "gap_sure": [3500.0, 0.0], "expected_penalty_minor": [10500.0, 90.0],
        "impressions_gap": [2100.0, 12.0], "impressions_sure": [3500.0, 0.0], "asked": [11000.0, 800.0], "daily": [379.0, 27.0],
        "usual_daily": [300.0, 20.0], "lacks": lacks, "odds_asked": [0.97, 1.0], "suppressed": False,
    })  # fmt: skip
    for row in hidden:
        frame.loc[row, "suppressed"] = True
        for column in ("come", "mean", "low", "high", "odds", "gap", "gap_sure", "expected_penalty_minor", "impressions_gap",
                       "impressions_sure", "lacks", "odds_asked"):  # fmt: skip
            frame[column] = frame[column].astype("Float64")
            frame.loc[row, column] = pd.NA
    return frame


def auction(number=3500.0):
    rows = [("expected", "feed", 1000.0, number * 0.6, 2200.0), ("sure", "feed", 1000.0, number, 3800.0),
            ("sure", "search", 2000.0, 0.0, 0.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["gap", "channel", "price_minor", "impressions", "cost_minor"])


def test_the_headline_names_contract_number_odds_and_what_to_do(words):
    found = valid(say.risk(shown(), 534, 0.8, words))
    assert found.verdict == "behind" and found.n == 534 and found.value == 18000 and found.low == 16000
    said = found.text + found.next_step
    assert ("18,000" in said or "1.8" in said) and "30%" in said and words.count(3500) in said
    assert found.at_stake_minor == 10590 and found.due == LAST


def test_all_on_course_is_good_news(words):
    found = valid(say.risk(shown((0.9, 0.95)), 534, 0.8, words))
    assert found.verdict == "ahead" and found.next_step is None and "90%" in found.text


def test_unsure_but_likely_is_careful(words):
    found = valid(say.risk(shown((0.6, 0.7)), 534, 0.8, words))
    assert found.verdict == "careful" and found.next_step


def test_hidden_contracts_are_not_told(words):
    found = valid(say.risk(shown(hidden=[0]), 534, 0.8, words))
    assert "18,000" not in found.text
    three = pd.concat([shown((0.2, 0.3)), shown(hidden=[0, 1])[:1]], ignore_index=True)
    assert len(valid(say.risk(three, 534, 0.8, words)).text) > len(
        valid(say.risk(shown((0.2, 0.3)), 534, 0.8, words)).text
    )
    both = shown(hidden=[0, 1])
    assert valid(say.risk(both, 534, 0.8, words)).value is None
    rows = say.rows(both, 0.8, words)
    assert rows["mean"].isna().all() and len(set(rows.todo)) == 1
    assert say.bars(both, words).value.isna().all()
    assert (
        valid(say.heads(both, words)).value is None and valid(say.filling(both, auction(0), 0.8, words)).value is None
    )


def test_what_filling_costs_beside_the_penalty(words):
    found = valid(say.filling(shown(), auction(), 0.8, words))
    assert found.value == 3800 and found.compared.value == pytest.approx(10590)
    assert words.money(3800) in found.text and words.money(2200) in found.text
    less = valid(say.filling(shown(), auction(3100.0), 0.8, words))
    assert words.count(400) in less.text and words.count(400) not in found.text
    assert valid(say.filling(shown(), auction(0.0), 0.8, words)).kind == "not identified"


def test_a_promise_that_slots_cannot_hold_is_named_with_what_is_in_the_way(words):
    way = pd.DataFrame({"placement": ["tv-首屏"], "crowd": ["Gen Z"], "impressions": [40.0]})
    found = valid(say.possible(shown(lacks=[1234.0, 0.0]), {"one": way}, words))
    assert found.verdict == "behind" and words.count(1234) in found.text and "Gen Z" in found.text and found.next_step
    assert words.count(1234) in say.rows(shown(lacks=[1234.0, 0.0]), 0.8, words).todo[0]
    assert valid(say.possible(shown(), {}, words)).verdict == "ahead"
    assert valid(say.possible(shown(lacks=np.nan), {}, words)).kind == "not identified"


def test_guarantees_of_people_have_their_own_odds(words):
    found = valid(say.heads(shown(), words))
    assert (
        found.value == pytest.approx(0.95) and words.count(560) in found.text and words.count(18000) not in found.text
    )


@pytest.mark.parametrize("reason", ["no_contracts", "none_own", "none_open"])
def test_why_nothing_is_said(words, reason):
    assert valid(say.cannot(reason, words)).kind == "not identified"


def test_tables_by_phase_crowd_and_slot(words):
    plan = pd.DataFrame({"contract_id": ["one", "one", "two"], "crowd": ["Gen Z", "silver", "Gen Z"],
                         "phase": ["burst", "other", "presale"], "day": LAST, "impressions": [1.0, 2.0, 4.0]})  # fmt: skip
    grid, heads = say.by_phase(plan, shown(), words)
    assert grid.total.tolist() == [4, 3] and list(heads)[1:-1] == ["p0", "p1", "p2"]
    grid, heads = say.by_crowd(plan, shown(), words)
    assert len(grid) == 2 and len(heads) == 3
    slots = pd.DataFrame(
        {"placement": ["tv-首屏"], "announced": 10.4, "others": 5.0, "free": 5.4, "low": 3.0, "high": 7.0, "asked": 1.0}
    )
    assert say.slots(slots, shown(), words).announced.tolist() == [10]
    cells = pd.DataFrame({"placement": ["tv-首屏"], "crowd": ["Gen Z"], "free": [5.4]})
    assert say.crowds(cells, shown(), words)[0].s0.tolist() == [5]
    assert len(say.filled(auction(), words)) == 2


def test_what_the_odds_rest_on(words):
    assert "534" in say.learned(Record(0.0, 0.15, {"": 20.0}, {}, 534), words)
    assert say.learned(None, words) and say.learned(Record(0.0, 0.3, {"": 20.0}, {}, 0), words)
    assert say.forecast(None, words) is None
