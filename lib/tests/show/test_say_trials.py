"""What the page of trials says, in both languages, with numbers, with hidden ones and without any."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.errors import ApexError
from apex.model import trials, uplift
from apex.report.finding import Finding
from apex.report.upstream.trials import FIGURES, VERDICTS, masked
from apex.show.say import trial_tables as tables
from apex.show.say import trials as say
from apex.show.words import Words
from truth.trial_worlds import SHAPES, Shape, draw, told

NAMES = {"a0": "tea", "a1": "milk", "a2": "cake"}


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="3_execute/trials", name="x", **fields)


def item_trial(did, ended=True, least=5):
    units = np.full((10, 3), 300)
    counted = told(Shape("t", "impression", "clicks", (1 / 3,) * 3, 0, 0, 10), units, np.tile(did, (10, 1)))
    read = trials.read(counted if ended else replace(counted, last_day=dt.date(2025, 1, 1)), 0.2, 0.02)
    return read, rows_of("items", read, least)


def rows_of(name, read, least=5):
    arms = read.arms if read.counted.unit == "consumer" else trials.pooled(read.arms, least)
    return arms.assign(experiment_id=name, suppressed=False)


def verdicts_of(reads, channel=None):
    rows = [
        (n, r.counted.unit, r.counted.metric, r.counted.first_day, r.counted.last_day, r.counted.ended, r.verdict, r.winner,
            r.told,
         r.unevenness, r.detectable, r.needed, channel, 0) for n, r in reads.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=VERDICTS)


def hold_out_of():
    counted = draw(SHAPES[4], np.random.default_rng(1), 1.5)
    arms = counted.arms.assign(arm=["treated", "control"])
    days = counted.days.assign(arm=counted.days.arm.map({"a0": "treated", "a1": "control"}))
    return trials.read(replace(counted, arms=arms, days=days), 0.2, 0.02)


def test_a_winner_is_said_with_its_interval(words):
    read, arms = item_trial([30, 10, 8])
    verdicts = verdicts_of({"items": read}, "feed")
    fields = say.headline(verdicts, arms, NAMES, pd.DataFrame(), words)
    made = finding(fields)
    assert made.verdict == "ahead" and "tea" in made.text and made.low > 1 and made.kind == "lift" and made.next_step
    assert words.number(read.leader.ratio) in made.text and made.tile.value == words("{stop} of {n}", stop=1, n=1)


def test_what_works_beside_a_hold_out(words):
    read = hold_out_of()
    verdicts, arms = verdicts_of({"live": read}, "live"), rows_of("live", read)
    made = finding(say.one(verdicts.iloc[0], arms, NAMES, words))
    assert (
        read.verdict == "winner" and read.winner == "treated" and made.verdict == "ahead" and "(live)" not in made.short
    )
    assert len(made.short) <= 60
    reverse = verdicts.assign(winner="control")
    assert finding(say.one(reverse.iloc[0], arms, NAMES, words)).verdict == "behind"


@pytest.mark.parametrize("verdict", ["alike", "broken", "continue", "few"])
@pytest.mark.parametrize("ended", [True, False])
def test_every_verdict_can_be_said(words, verdict, ended):
    read, arms = item_trial([9, 8, 8], ended)
    verdicts = verdicts_of({"items": read}).assign(verdict=verdict, winner=None, told=None, ended=ended)
    made = finding(say.one(verdicts.iloc[0], arms, NAMES, words))
    assert made.next_step and made.text
    assert (made.value is None) == (verdict == "broken")
    without = verdicts.assign(detectable=np.nan)
    assert finding(say.one(without.iloc[0], arms, NAMES, words)).text


def test_hidden_arms_are_not_given_away(words):
    read, arms = item_trial([30, 10, 8])
    arms.loc[arms.arm == "a1", "suppressed"] = True
    arms.loc[arms.arm == "a1", ["units", "did", *FIGURES]] = np.nan
    kept = masked(arms, arms, ["ratio", "low", "high"])
    assert kept[kept.arm == "a0"].ratio.isna().all()  # it stood beside a1
    verdicts = verdicts_of({"items": read})
    made = finding(say.headline(verdicts, kept, NAMES, pd.DataFrame(), words))
    assert made.value is None and "10" not in made.text


def test_arms_that_did_too_little_stand_together(words):
    read, _ = item_trial([3, 1, 1])
    few = read.arms.assign(did=[30, 3, 2])
    arms = trials.pooled(few, 5).assign(experiment_id="items", suppressed=False)
    assert list(arms.arm) == ["a2 + a1", "a0"] and arms.did.tolist() == [5, 30] and arms.ratio.isna().all()
    names = tables.arm_rows(arms, verdicts_of({"items": read}), NAMES, words).name
    assert tables.arm_name("a2 + a1", NAMES, words) in set(names)
    assert arms.p_best.sum() == pytest.approx(1)


def test_no_trial(words):
    sizes = pd.DataFrame({"share": [0.1], "held_out": [120.0], "treated": [1080.0], "daily": [0.4], "once": [0.3]})
    none = verdicts_of({})
    assert finding(say.headline(none, pd.DataFrame(), NAMES, sizes, words)).next_step
    assert finding(say.headline(none, pd.DataFrame(), NAMES, sizes.iloc[:0], words)).kind == "not identified"
    assert finding(say.even(none, 0.001, words)).kind == "not identified"
    assert say.absent(False, 0, words) and say.absent(True, 0, words) and not say.absent(True, 2, words)
    assert say.no_path(none, words) and say.rest(none).empty
    assert finding(say.moved(None, None, words)).kind == "not identified"
    assert finding(say.sized(pd.DataFrame(), 0.2, 1.9, words)).kind == "not identified"
    assert say.planned(None, words) != say.planned(SimpleNamespace(hold_out=SimpleNamespace(share=0.1)), words)


def test_uneven_arms_are_named(words):
    read, _ = item_trial([9, 8, 8])
    verdicts = verdicts_of({"items": read, "more": read}).assign(verdict=["broken", "few"], twice=[0, 3])
    assert finding(say.even(verdicts, 0.001, words)).verdict == "behind"
    assert finding(say.even(verdicts.iloc[1:], 0.001, words)).verdict == "none"


@pytest.mark.parametrize("area", [0.004, 0.001])
def test_whom_it_moves(words, area):
    parts = pd.DataFrame(
        {"part": [1, 5], "consumers": [90, 90], "effect": [0.03, 0.0], "low": [0.01, -0.01], "high": [0.05, 0.01]}
    )
    curve = pd.DataFrame({"share": [0.0, 0.5, 1.0], "gain": [0.0, 12.0, 16.0], "random": [0.0, 8.0, 16.0], "low": [0.0, 9.0,
        16.0],
                          "high": [0.0, 15.0, 16.0]})  # fmt: skip
    found = uplift.Qini(area, area - 0.002, area + 0.002, 0.016, curve, parts, 450)
    read = SimpleNamespace(counted=SimpleNamespace(experiment_id="live"))
    made = finding(say.moved(found, read, words))
    assert (made.verdict == "ahead") == (area > 0.002) and made.low == pytest.approx(1000 * (area - 0.002))
    assert list(tables.part_bars(parts, words).faint) == [False, True]
    chart = show.qini(curve, words, made.short, words("Buyers more of 1,000, of all"))
    assert words("share of people treated") in chart.html and words("At random") in chart.html
    with pytest.raises(ApexError, match="shares"):
        show.qini(curve.assign(share=[0, 0, 1.2]), words, "t", "u")


def test_tables(words):
    read = hold_out_of()
    verdicts, arms = verdicts_of({"live": read}, "live"), rows_of("live", read)
    money = read.money.assign(experiment_id="live", units=[1, 1])
    crowds = pd.DataFrame([("L", 90, 80, 0.02, 0.0, 0.04, 0.015, 0.005, 0.025), ("?", 30, 20, 0.0, -0.1, 0.1, 0.01, 0.0, 0.02)],
                          columns=uplift.CROWDS)  # fmt: skip
    sizes = pd.DataFrame({"kind": ["buyers", "clicks"], "arms": [2, 4], "lift": [0.2, 0.2], "rate": [0.05, 0.03],
        "once": [100.0, 50.0],
                          "daily": [190.0, 90.0]})  # fmt: skip
    shown = [
        show.table(tables.verdict_rows(verdicts, NAMES, words), "a", words, tables.verdict_columns(words)),
        show.table(tables.arm_rows(arms, verdicts, NAMES, words), "b", words, tables.arm_columns(words)),
        show.table(tables.money_rows(money, verdicts, NAMES, words), "c", words, tables.money_columns(words)),
        show.table(tables.crowd_rows(crowds, {"L": "loyal"}, words), "d", words, tables.crowd_columns(words)),
        show.table(tables.size_rows(sizes, words), "e", words, tables.size_columns(words)),
    ]
    assert all("<table" in s.html for s in shown) and "loyal" in shown[3].html and words("stop") in shown[0].html
    made = finding(say.sized(sizes, 0.2, 1.9, words))
    assert made.value == 90
