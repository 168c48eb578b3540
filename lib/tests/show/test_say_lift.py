"""What the page of lift says, in both languages: told and untold trials, uneven arms, displays, lists and none."""

import math

import pandas as pd
import pytest

from apex import show
from apex.model.displays import EFFECTS
from apex.model.effect import Bound
from apex.model.estimate import Estimate
from apex.model.experiments import EFFECT
from apex.report.finding import Finding
from apex.show.say import lift as say
from apex.show.words import Words

COLUMNS = ["experiment", *EFFECT, "sample_ratio"]


def trial(name, outcome, effect, half, usual, arm="treated", sound=True, uneven=0.4):
    return (name, outcome, arm, "control", effect, half / 2, effect - half, effect + half, 9000, sound, usual, 4500, 0.01, 0.02,
            "adjusted", "", uneven)  # fmt: skip


TRIALS = pd.DataFrame([
    trial("live", "gmv_minor", 297.0, 120.0, 270.0), trial("live", "buyers", 0.015, 0.006, 0.016),
    trial("feed", "buyers", 0.0, 0.006, 0.017), trial("broken", "buyers", 0.1, 0.02, 0.1, sound=False, uneven=0.0001),
], columns=COLUMNS)  # fmt: skip
SHOWN = pd.DataFrame([
    ("display", "units", 0.033, 0.008, 0.017, 0.049, 0.032, 0.093, 6904, 112_890, 71, ""),
    ("mailer", "units", 0.05, 0.03, -0.01, 0.11, 0.032, 0.08, 7810, 112_890, 71, ""),
    ("display", "value_minor", 8.0, 1.7, 4.7, 11.4, 9.8, 18.7, 6904, 112_890, 71, ""),
    ("mailer", "value_minor", math.nan, math.nan, math.nan, math.nan, 9.8, 14.4, 7810, 112_890, 71, "no_variation"),
], columns=EFFECTS)  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/lift", name="x", **fields)


def test_the_trial_that_tells_most_is_named_and_uneven_ones_are_not_read(words):
    made = finding(say.trials(TRIALS, words))
    assert made.verdict == "ahead" and made.value == 0.015 and "live" in made.short and "15" in made.text
    assert made.tile.value == words("{n} of {all}", n=1, all=3)
    assert words("{n} cannot be read: its arms are more uneven than the draw allows.",
                 "{n} cannot be read: their arms are more uneven than the draw allows.", n=1) in made.text  # fmt: skip


def test_trials_that_tell_nothing_and_none(words):
    quiet = finding(say.trials(TRIALS[TRIALS.experiment == "feed"], words))
    assert quiet.verdict == "none" and quiet.short == words("No other trial can be told from chance")
    none = finding(say.trials(TRIALS.iloc[:0], words))
    assert none.kind == "not identified" and none.next_step


def test_a_file_of_its_own_outcome_and_arms(words):
    rows = [trial("shops", "sales", 40.0, 10.0, 200.0, arm="b"), trial("shops", "sales", 10.0, 20.0, 200.0, arm="c")]
    made = finding(say.trials(pd.DataFrame(rows, columns=COLUMNS), words))
    assert made.value == 40.0 and "+40" in made.text
    bars = say.forest(pd.DataFrame(rows, columns=COLUMNS), words)
    assert bars.label.tolist() == ["shops · b", "shops · c"] and not bars.faint.any()


def test_the_display_is_told_beside_the_bare_difference(words):
    made = finding(say.display(SHOWN, words))
    assert made.value == pytest.approx(0.033 / 0.032) and made.verdict == "ahead"
    assert words.signed_share(0.093 / 0.032) in made.text and "71" in made.text
    assert say.bare_bars(SHOWN, words).faint.tolist() == [False, True, False, True]
    assert finding(say.display(SHOWN.iloc[:0], words)).kind == "not identified"
    assert len(say.display_rows(SHOWN, words)) == 4


def test_how_strong_an_unseen_cause_would_have_to_be(words):
    one = Estimate("aipw", 100.0, 40.0, 160.0, 30.0, 1000, 1300, "model", without=500.0)
    made = finding(say.hidden((one, Bound(1.28, 1.08)), 1000, words))
    assert "1.28" in made.text and "1.08" in made.text and made.value == 100_000
    assert finding(say.hidden(None, 0, words)).kind == "lift"
    assert finding(say.hidden((one, Bound(math.nan, math.nan)), 1000, words)).kind == "model"


def test_tables_and_charts_are_made(words):
    assert show.bars(say.forest(TRIALS, words), words, title="x", unit="share").html
    rows = say.trial_rows(TRIALS, words)
    assert len(rows) == 4 and rows.usual.iloc[0] == words.money(270)
    assert say.absent(True, 1, True, words) == [] and len(say.absent(False, 0, False, words)) == 3
