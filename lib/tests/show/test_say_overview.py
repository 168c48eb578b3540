"""What the owner's page says, with everything known, with nothing to compare with, and with nothing at all."""

import datetime as dt

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import overview as say
from apex.show.words import Words

STAGES = [("A", "Aware"), ("L", "Loyal")]
FIGURES = [
    "gmv",
    "aac",
    "assets",
    "stage:A",
    "stage:L",
    "A",
    "S",
    "T",
    "new_buyers",
    "new_gmv",
    "member_buyers",
    "member_gmv",
]
COLUMNS = ["now", "before", "year_ago", "change", "change_year", "middle", "benchmark"]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def card(**rows):
    """Figures as (now, before, middle); absent ones are null."""
    told = []
    for name in FIGURES:
        now, before, middle = rows.get(name.replace(":", "_"), (None, None, None))
        share = name in say.SHARES
        change = None if None in (now, before) or not before else now - before if share else now / before - 1
        told.append((name, now, before, None, change, None, middle, middle))
    return pd.DataFrame(told, columns=["figure", *COLUMNS]).astype(dict.fromkeys(COLUMNS, "Float64"))


def parts(**figures):
    rows = [(f.replace("__", ":"), p, v) for f, given in figures.items() for p, v in given.items()]
    return pd.DataFrame(rows, columns=["figure", "part", "value"]).astype({"value": "float64"})


NOTHING = parts()
WEEK = card(gmv=(900_000, 1_000_000, 0.02), aac=(990, 1000, 0.0), assets=(1100, 1000, 0.01), A=(0.05, 0.06, 0.04),
            new_buyers=(0.2, 0.1, 0.3))  # fmt: skip
WHY = parts(gmv={"buyers": -150_000.0, "orders": 50_000.0, "price": 100.0}, aac={"came": 20.0, "left": -30.0},
            A={"stage:A": -0.01}, new_buyers={"mine": 0.08, "other": 0.02})  # fmt: skip


def valid(fields):
    return Finding(notebook="1_insight/overview", name="x", **fields)


def test_the_first_sentence_has_number_comparison_peers_goal_reason_and_step(words):
    said = valid(say.headline(WEEK, WHY, 4_000_000, 28, 7, words))
    assert said.verdict == "behind" and said.value == 900_000 and said.compared.value == 1_000_000
    for text in (words.money(900_000), words.signed_share(-0.1), words.signed_share(0.02), words.money(1_000_000),
                 words.signed_share(1 / 9), words.signed_money(-150_000)):  # fmt: skip
        assert text in said.text
    assert words.signed_money(100) not in said.text, "what hardly counts is not named"
    assert said.next_step == words("Win buyers back: open “growth” for the categories and crowds that lost them.")


def test_without_goal_peers_or_a_period_before(words):
    alone = valid(say.headline(card(gmv=(900_000, 1_000_000, None)), NOTHING, None, 28, 7, words))
    assert alone.compared is not None and words.money(1_000_000) not in alone.text
    young = valid(say.headline(card(gmv=(900_000, None, None)), NOTHING, None, 28, 7, words))
    assert young.compared is None and young.verdict == "none"
    hidden = valid(say.headline(card(), NOTHING, 4_000_000, 28, 7, words))
    assert hidden.value is None
    nobody = valid(say.headline(card(gmv=(0, 0, None)), NOTHING, 4_000_000, 28, 7, words))
    assert nobody.value == 0


@pytest.mark.parametrize("part", ["buyers", "orders", "price"])
def test_the_next_step_follows_the_part_that_took_most(part, words):
    steps = {p: say.next_step(WEEK, parts(gmv=dict.fromkeys(("buyers", "orders", "price"), 1.0) | {p: -9.0}), words)
             for p in ("buyers", "orders", "price")}  # fmt: skip
    assert len(set(steps.values())) == 3 and f"“{words('growth')}”" in steps[part]


def test_with_money_up_the_next_step_is_the_figure_that_fell(words):
    up = parts(gmv={"buyers": 9.0})
    assert words("health") in say.next_step(WEEK, up, words), "A fell"
    assert f"“{words('assets')}”" in say.next_step(card(gmv=(2, 1, None)), up, words)


@pytest.mark.parametrize("name", FIGURES[1:])
def test_every_figure_makes_a_finding_known_or_not(name, words):
    for given in (WEEK, card()):
        valid(say.figure(name, given, WHY, 7, 0.02, STAGES, words))
    aac = valid(say.figure("aac", WEEK, WHY, 7, 0.02, STAGES, words))
    assert words("{n} lapsed", n="−30") in aac.text and aac.verdict == "careful"
    a = valid(say.figure("A", WEEK, WHY, 7, 0.02, STAGES, words))
    assert a.verdict == "behind" and "Aware" in a.text and f"“{words('health')}”" in a.next_step


def test_shares_speak_of_points_and_of_neither_good_nor_bad(words):
    said = valid(say.figure("new_buyers", WEEK, WHY, 28, 0.02, STAGES, words))
    assert said.verdict == "none" and words("{x} points", x="+10.0") in said.text
    why = say.reason_of("new_buyers", WHY, STAGES, words)
    assert why.index(words("more from new")) < why.index(words("less from old"))


def test_a_verdict_minds_the_peers(words):
    def judged(now, middle):
        return say.verdict("gmv", next(card(gmv=(now, 100, middle)).itertuples()), 0.02)

    assert [judged(110, None), judged(101, None), judged(90, None)] == ["ahead", "careful", "behind"]
    assert judged(110, 0.2) == "careful" and judged(90, -0.3) == "careful" and judged(90, -0.05) == "behind"


def test_the_card_in_texts(words):
    table = say.rows(WEEK, WHY, 1_000_000, 0.02, STAGES, words)
    assert list(table) == ["label", *say.heads(True, words), "verdict"] and table.label.is_unique
    gmv = table.iloc[0]
    assert gmv.goal == words.money_short(1_000_000) and words.signed_share(-0.1, 1) in gmv.before
    assert (table.goal[1:] == "–").all() and (table.year_ago == "–").all()
    assert (say.rows(card(), NOTHING, None, 0.02, STAGES, words)[["now", "before", "peers", "reason"]] == "–").all(
        axis=None
    )
    assert "goal" not in say.heads(False, words)


def test_gaps_name_what_would_be_needed(words):
    every = say.gaps(card(), dt.date(2024, 1, 1), 200, words)
    assert len(every) == 4 and "200" in " ".join(every) and words.day(dt.date(2024, 1, 1)) in every[0]
    whole = card(gmv=(1, 1, 0.1), S=(9, 9, 0.1))
    whole["year_ago"] = whole.now
    assert say.gaps(whole, dt.date(2020, 1, 1), 365, words) == []


def test_the_trend_has_last_year_beside_it_where_there_is_one(words):
    days = [dt.date(2024, 1, 7) + dt.timedelta(days=7 * n) for n in range(60)]
    weeks = pd.DataFrame({"day": days, "buyers": 9, "gmv_minor": range(60)})
    both = say.trend(weeks, 8, words)
    assert len(both) == 8 and both.value.iloc[-1] == 59 and both.year_ago.iloc[-1] == 7
    assert "year_ago" not in say.trend(weeks.tail(20), 8, words)
    assert "1" in say.about_trend(weeks, 8, words) and "8" in say.about_trend(weeks, 8, words)
    say.about_trend(weeks.iloc[:0], 8, words)
    assert say.trend(weeks.iloc[:0], 8, words).empty
    assert len({say.note(level, 9, 7, 28, words) for level in ("category", "department", "all")}) == 3
