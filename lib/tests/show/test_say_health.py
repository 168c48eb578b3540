"""What the health page says, in cases a brand really has: better, worse, no members, no peers, too few to show, nobody."""

import pandas as pd
import pytest

from apex.measure.peers import Peers
from apex.report.finding import Finding
from apex.show.say import advance
from apex.show.say import health as say
from apex.show.say import health_tables as tables
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased"), ("L", "Loyal")]
FIGURES = ["F", "F_period", "A", "A_eligible", "S", "T"]
SHARES = {"A", "A_eligible", "T"}


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="1_insight/health", name="x", **fields)


def compared(**figures):
    """figure=(now, before, state); None: unknown or hidden, as `hidden` says."""
    rows = []
    for figure in FIGURES:
        now, before, state = figures.get(figure, (None, None, "unknown"))
        change = None if now is None or before is None else now - before if figure in SHARES else now / before - 1
        low, high = (change - 0.01, change + 0.01) if figure in SHARES and change is not None else (None, None)
        rows.append({"figure": figure, "now": now, "before": before, "year_ago": None, "share": figure in SHARES,
                     "change": change, "low": low, "high": high, "n": 900 if low is not None else None, "state": state,
                     "hidden": figures.get("hidden") == figure})  # fmt: skip
    frame = pd.DataFrame(rows)
    numbers = ["now", "before", "year_ago", "change", "low", "high"]
    frame = frame.astype(dict.fromkeys(numbers, "Float64") | {"n": "Int64"})
    return frame.assign(figure=pd.Categorical(frame.figure, FIGURES, ordered=True))


def ranks(middle=None, rank=0.6):
    columns = ["rank", "rank_low", "rank_high", "low", "middle", "high", "best"]
    values = [rank, 0.4, 0.8, 0.1, middle, 900.0, 0.3] if middle is not None else [None] * 7
    frame = pd.DataFrame([values] * len(FIGURES), columns=columns, dtype="Float64")
    return frame.assign(figure=FIGURES, peers=12 if middle is not None else 3)


GOOD = {"F": (1100, 1000, "better"), "F_period": (1300, 1200, "better"), "A": (0.12, 0.08, "better"),
        "A_eligible": (0.2, 0.1, "better"), "S": (400, 380, "better"), "T": (0.3, 0.29, "steady")}  # fmt: skip
BAD = {"F": (900, 1000, "worse"), "F_period": (1000, 1200, "worse"), "A": (0.05, 0.08, "worse"),
       "A_eligible": (0.1, 0.2, "worse"), "S": (350, 380, "worse"), "T": (0.2, 0.29, "worse")}  # fmt: skip


def parts(rate=(-0.02, -0.01, 0.0), mix=(0.001, 0.001, 0.0)):
    return pd.DataFrame({
        "stage": STAGES_ID, "start_now": pd.array([300, 500, 200], "Int64"), "suppressed": [False] * 3,
        "rate_now": pd.array([0.1, 0.04, 0.0], "Float64"), "rate_before": pd.array([0.16, 0.06, 0.0], "Float64"),
        "rate": pd.array(rate, "Float64"), "mix": pd.array(mix, "Float64"),
    })  # fmt: skip


STAGES_ID = pd.Categorical(["A", "P", "L"], ["A", "P", "L"], ordered=True)


def channels(part=(-0.02, -0.01, 0.001)):
    return pd.DataFrame({
        "channel": ["display", "", "tv"], "label": ["display", "none near", "tv"], "now": pd.array([30, 20, 25], "Int64"),
        "before": pd.array([60, 30, 24], "Int64"), "part": pd.array(part, "Float64"), "suppressed": [False] * 3,
    })  # fmt: skip


MOVED = pd.DataFrame({"period": ["now", "before"], "came": pd.array([40, 90], "Int64"),
                      "left": pd.array([140, 60], "Int64"), "suppressed": False})  # fmt: skip
TURNED = pd.DataFrame({"period": ["now", "before"], "stayed": [330, 300], "joined": [20, 80], "left": [50, 10],
                       "stayed_active": [50, 60], "joined_active": [20, 50], "suppressed": False})  # fmt: skip


def all_steps(frame, words, **change):
    given = {"parts": parts(), "channels": channels(), "moved": MOVED, "turned": TURNED} | change
    return say.steps(compared=frame, stages=STAGES, words=words, **given)


def test_the_headline_counts_better_worse_and_above_and_says_what_to_do(words):
    bad = compared(**BAD)
    steps = all_steps(bad, words)
    said = valid(say.headline(bad, ranks(0.1), 56, steps, words))
    assert said.verdict == "behind" and said.value == 0
    assert words("{n} of {all} stand above the peers' middle", n=3, all=4) in said.text
    assert say.worst(bad) == "A" and said.next_step == steps["A"] and steps["A"] not in said.text
    assert "5.0%" in said.text and "8.0%" in said.text, "the number and its comparison"
    good = valid(say.headline(compared(**GOOD), ranks(0.1), 56, {}, words))
    assert good.verdict == "ahead" and good.value == 3 and "60" in good.next_step
    even = valid(say.headline(compared(F=BAD["F"], S=GOOD["S"]), ranks(0.1), 56, {}, words))
    assert even.verdict == "careful" and even.next_step is None


def test_every_figure_that_fell_has_a_step_that_names_its_driver(words):
    steps = all_steps(compared(**BAD), words)
    assert list(steps) == ["A", "F", "S", "T"]
    assert "Aware" in steps["A"] and "display" in steps["A"] and "30" in steps["A"]
    assert "140" in steps["F"] and "40" in steps["F"]
    assert "50" in steps["S"] and "20" in steps["S"]
    assert str(330 + 20 - 50 - 20) in steps["T"]
    assert all_steps(compared(**GOOD), words) == {}


def test_the_step_for_a_says_mix_where_mix_drives(words):
    bad = compared(**BAD)
    by_mix = all_steps(bad, words, parts=parts(rate=(-0.01, -0.01, 0.0), mix=(-0.02, -0.02, 0.0)))["A"]
    assert "Aware" not in by_mix
    assert "display" not in all_steps(bad, words, channels=channels((0.01, -0.01, 0.0)))["A"]
    hidden = all_steps(bad, words, parts=parts(rate=(None, None, None)), moved=MOVED.assign(came=pd.NA))
    assert set(hidden) == {"S", "T"}


def test_each_letter_tells_number_comparison_interval_and_place(words):
    frame = compared(**BAD)
    a = valid(say.figure("A", frame, ranks(0.1), 56, "beside", "do this", words))
    assert (a.verdict, a.unit, a.n, a.next_step) == ("behind", "share", 900, "do this")
    for told in ("5.0%", "8.0%", "−3.0", "−4.0", "−2.0", "beside", "60", "12"):
        assert told in a.text
    f = valid(say.figure("F", frame, ranks(), 56, "", None, words))
    assert f.unit == "consumers" and "900" in f.text and f.tile.value == "900" and f.compared.value == 1000
    assert "12" not in f.tile.note, "no place without peers"


def test_no_members_no_period_and_hidden_are_told_apart(words):
    none = valid(say.figure("S", compared(), ranks(), 56, "", None, words))
    assert none.kind == "not identified" and none.tile.value == "–"
    hidden = valid(say.figure("S", compared(hidden="S"), ranks(), 56, "", None, words))
    assert hidden.tile.value == words.suppressed() and hidden.value is None
    young = valid(say.figure("F", compared(F=(50, None, "unknown")), ranks(), 56, "", None, words))
    assert young.value == 50 and young.verdict == "none" and words("no earlier period compares") in young.text
    first = valid(say.headline(compared(F=(50, None, "unknown")), ranks(), 56, {}, words))
    assert first.verdict == "none" and first.value is None
    few = valid(say.headline(compared(hidden="F"), ranks(), 56, {}, words))
    assert few.short == words("Too few people to show FAST") and few.value is None
    assert say.missing_members(words) and say.about_members(words) and say.about_trend(words)


def test_parts_name_the_driver_in_the_direction_of_the_change(words):
    fell = valid(advance.stage_parts(parts(), -0.028, STAGES, words))
    assert "Aware" in fell.text and "−3.0" in fell.text and "+0.2" in fell.text and fell.verdict == "behind"
    rose = valid(advance.stage_parts(parts(rate=(-0.01, 0.03, 0.0)), 0.02, STAGES, words))
    assert "Purchased" in rose.text and rose.verdict == "ahead"
    some = valid(advance.stage_parts(parts(rate=(-0.02, None, 0.0), mix=(0.01, None, 0.0)), -0.02, STAGES, words))
    assert "Aware" in some.text and "+1.0" not in some.text, "no sum over parts of which one is hidden"
    channel = valid(advance.channel_parts(channels(), words))
    assert channel.kind == "credit" and "display" in channel.text and "30" in channel.text
    crowds = parts().assign(crowd=["", "young", "old"], label=["unknown", "young", "old"])
    assert "young" in valid(advance.crowd_parts(crowds, -0.02, "life_stage", words)).text
    assert "unknown" in valid(advance.crowd_parts(crowds.assign(crowd=""), -0.02, "life_stage", words)).text


def test_nothing_to_split_is_said(words):
    none = parts(rate=(None, None, None))
    for fields in (
        advance.stage_parts(none, -0.1, STAGES, words),
        advance.stage_parts(parts(rate=(None, 0.0, 0.0)), 0.0, STAGES, words),
        advance.stage_parts(parts(), pd.NA, STAGES, words),
        advance.channel_parts(channels((None, None, None)), words),
        advance.crowd_parts(none.assign(crowd="x", label="x"), -0.1, "region", words),
        advance.crowd_parts(none, pd.NA, None, words),
    ):
        said = valid(fields)
        assert said.value is None and said.verdict == "none"


def test_long_names_fit(words):
    long = [("A", "A stage whose name somebody wrote out in full, with all its conditions"), *STAGES[1:]]
    valid(advance.stage_parts(parts(), -0.02, long, words))
    named = channels().assign(label="a channel whose name somebody wrote out in full, with its placement")
    valid(advance.channel_parts(named, words))
    valid(advance.crowd_parts(parts().assign(crowd="x", label=long[0][1]), -0.02, "region", words))


def test_the_table_writes_each_figure_in_its_unit(words):
    card = tables.card(compared(**BAD, hidden="F_period"), ranks(0.1), ranks(0.1, 0.25), words)
    assert list(card.columns) == list(tables.heads(56, words)) and len(card) == 6
    f, a = card.iloc[0], card.iloc[2]
    assert (f.now, f.before, f.change) == ("900", "1,000", "−10.0%")
    assert (a.now, a["middle"], a.best, a.pace) == ("5.0%", "10.0%", "30.0%", "25")
    bare = tables.card(compared(), ranks(), ranks(), words)
    assert (bare.drop(columns="figure") == "–").all(axis=None)


def test_turnover_and_parts_as_tables(words):
    frame = tables.turnover(MOVED, TURNED, words)
    assert frame.now.tolist() == [40, 140, 20, 50, 50, 20] and frame.before.tolist() == [90, 60, 80, 10, 60, 50]
    assert len(tables.turnover(MOVED, TURNED.iloc[:0], words)) == 2
    assert tables.turnover(MOVED.iloc[:1], TURNED.iloc[:0], words).before.isna().all()
    assert list(tables.turnover_heads(56, words)) == ["label", "now", "before"]
    told = advance.parts_table(parts(), STAGES, words)
    assert set(advance.parts_heads("Stage", words)) == set(told.columns) - {"suppressed"}
    assert told.now.tolist() == ["10.0%", "4.0%", "0.0%"]
    bars = advance.rate_bars(parts(), "stage")
    assert bars.label.tolist() == ["A", "P"], "nobody rises from the deepest stage"


def weeks_of(count, figures=("F", "A", "S", "T")):
    days = pd.date_range(end="2024-10-20", periods=count, freq="7D").date
    return pd.concat([pd.DataFrame({"figure": f, "day": days, "value": pd.array(range(count), "Float64"),
                                    "suppressed": False}) for f in figures], ignore_index=True)  # fmt: skip


def test_the_trend_has_a_year_with_the_year_before_and_peers_for_shares(words):
    middles = weeks_of(52).rename(columns={"value": "middle"})[["figure", "day", "middle"]]
    frame = tables.trend(weeks_of(104), middles, words)
    assert len(frame) == 4 * 52 and list(dict.fromkeys(frame.unit)) == ["consumers", "share"]
    assert (frame.value - frame.year_ago == 52).all()
    assert frame.middle[frame.unit == "consumers"].isna().all() and frame.middle[frame.unit == "share"].notna().all()
    young = weeks_of(104)
    young.loc[young.day < pd.Timestamp("2024-06-01").date(), "value"] = pd.NA
    young.loc[young.figure.isin(["S", "T"]), "value"] = pd.NA
    short = tables.trend(young, middles, words)
    assert short.day.min() >= pd.Timestamp("2024-06-01") and set(short.unit) == {"consumers", "share"}
    assert short.label.nunique() == 2, "what has no number has no panel"
    young["value"] = pd.array([None] * len(young), "Float64")
    assert tables.trend(young, middles, words).empty


def test_peers_are_named_by_their_level(words):
    frame = pd.DataFrame({"brand": list("abcdef"), "gmv_minor": 1, "buyers": 40})
    for level in ("category", "department", "all"):
        assert "6" in say.about_peers(Peers(level, "tea", frame), words)
    assert "tea" in say.about_peers(Peers("category", "tea", frame), words)
    assert "2" in say.about_peers(Peers("all", "all", frame[:2]), words)


def test_what_stands_beside(words):
    rises = pd.DataFrame({"period": ["now"], "rose": [30], "moves_up": pd.array([77], "Int64"), "suppressed": False})
    told = say.beside(rises, compared(**BAD), words)
    assert "1,000" in told["F"] and "10.0%" in told["A"] and "77" in told["A"]
    assert say.beside(rises.assign(moves_up=pd.NA), compared(), words) == {"F": "", "A": ""}


def test_labels_of_causes(words):
    told = advance.labelled(channels(), "channel", words)
    assert told.label.tolist()[1] == words("no touch in the 15 days before")
    assert advance.labelled(pd.DataFrame({"crowd": ["", "x"]}), "crowd", words).label.tolist() == [
        words("unknown"),
        "x",
    ]
