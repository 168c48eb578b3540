"""What the page of lessons says, in both languages: what to start from, surprises, tests with their size, reasons."""

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.model.lessons import ENTRY, SURPRISE, TEST
from apex.report.finding import Finding
from apex.show.say import lessons as say
from apex.show.words import Words

STAGES = [("A", "Aware"), ("L", "Loyal")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/lessons", name="x", **fields)


def entries(*given):
    return pd.DataFrame(
        [(w, o, v, v * 0.8, v * 1.2, 100, k, "log", "window", why) for w, o, v, k, why in given], columns=ENTRY
    )


MERGED = entries(
    ("conversion", "A", 0.1, "counted", None), ("conversion", "L", 0.5, "counted", None), ("bought", "", 0.4, "lift", None),
    ("response", "tv", 3.0, "model", None), ("response", "search", 9.0, "model", None), ("intent_lift", "", 0.2, "lift", None),
    ("cost_new", "", 900.0, "credit", None), ("wear", "2-3", 0.7, "credit", None), ("price", "tv", np.nan, "counted", "free"),
    ("wear", "8+", np.nan, "credit", "few"), ("wear", "4-7", np.nan, "credit", "too_few"),
)  # fmt: skip


def test_the_first_screen_names_what_money_hangs_on(words):
    first = say.first_things(MERGED, {"A": 10, "L": 90})
    assert first.what.to_list() == ["conversion", "bought", "response", "intent_lift"]
    assert first.of.to_list() == ["L", "", "search", ""]
    alone = finding(say.start(first, [], STAGES, words))
    assert (
        words("First lesson: no earlier campaign's is in it.") in alone.text
        and alone.value == 0.5
        and "Loyal" in alone.short
    )
    both = finding(say.start(first, ["spring"], STAGES, words))
    assert "spring" in both.text and words("First lesson: no earlier campaign's is in it.") not in both.text
    nothing = finding(say.start(first.iloc[:0], [], STAGES, words))
    assert nothing.kind == "not identified" and nothing.value is None
    without_media = say.first_things(MERGED[MERGED.what == "conversion"], {"A": 10, "L": 90})
    assert without_media.of.to_list() == ["L", "A"]


def surprises(*z):
    rows = [("conversion", of, 0.2, 0.1, 0.3, 0.25, 90, x, abs(x) < 1.28, n == 0) for n, (of, x) in enumerate(z)]
    return pd.DataFrame(rows, columns=SURPRISE)


def test_surprises_and_what_came_as_foretold(words):
    far = finding(say.surprised(surprises(("L", -3.1), ("A", 0.2)), True, True, STAGES, words))
    assert far.verdict == "careful" and "Loyal" in far.short and "Aware" in far.text and far.next_step
    near = finding(say.surprised(surprises(("L", 0.4), ("A", 0.2)), True, True, STAGES, words))
    assert near.verdict == "ahead" and near.next_step is None and near.tile.value == words("{n} of {all}", n=1, all=1)
    reasons = {finding(say.surprised(surprises(), g, o, STAGES, words)).text for g, o in ((0, 1), (1, 0), (1, 1))}
    assert len(reasons) == 3
    rows = say.surprise_rows(surprises(("L", -3.1), ("A", np.inf)), STAGES, words)
    assert [t.endswith("*") for t in rows.span] == [False, True] and rows.surprise[1] == "–"


def asked(*given):
    return pd.DataFrame([(w, o, 9e6, 0.4, 3.6e6, why, people, 0.1, 0.1, units, tells)
                         for w, o, why, people, units, tells in given], columns=TEST)  # fmt: skip


def test_every_test_is_a_sentence_with_its_size(words):
    tests = asked(
        ("response", "tv", "no_trial", 50_000, 9_000.0, 0.06), ("conversion", "L", "wide", 900, 9_000.0, 0.5),
        ("bought", "", "unknown", 10, 9_000.0, np.nan), ("effect", "", "unknown", 10, np.nan, np.nan),
        ("response", "tv", "credit", 50_000, 9_000.0, 0.06),
    )  # fmt: skip
    texts = [say.sentence(row, STAGES, words) for row in tests.itertuples()]
    assert len(set(texts)) == 5 and "Loyal" in texts[1] and words.share(0.5) in texts[1]
    assert words("How many it takes is not known: too few bought.") in texts[3]
    first = finding(say.next_test(tests, STAGES, words))
    assert first.at_stake_minor == 3_600_000 and first.text == texts[0]
    assert finding(say.next_test(tests.iloc[:0], STAGES, words)).kind == "not identified"
    rows = say.test_rows(tests, STAGES, words)
    assert rows.at_stake.eq(3.6e6).all() and len(rows) == 5


def test_what_could_not_be_learned_has_a_reason_each(words):
    rows = say.unlearned_rows(MERGED, words)
    assert rows.cases.to_list() == [1, 2] and rows.reason[0] == words("it cost nothing")
    (missing,) = say.absent(MERGED, words)
    assert words("it cost nothing") in missing
    told = {say.reason(w, words) for w in ("no_spend", "no_holdout", "no_list", "in_trips", "unseen", "anything else")}
    assert len(told) == 6


def test_rows_and_bars(words):
    own = MERGED.assign(value=MERGED.value * 2)
    rows = say.lesson_rows(MERGED, own, STAGES, words)
    assert len(rows) == 8 and rows.seen[0] == words.share(0.2) and rows.n.eq(100).all()
    assert words("all media") in rows.what[6]
    response = say.bars(MERGED, "response", STAGES, words)
    assert response.value.to_list() == [9, 3]
    assert show.bars(response, words, title="x", unit="none").html
    assert say.bars(MERGED, "cost_new", STAGES, words).label.to_list() == [words("all media")]
    assert say.bars(MERGED, "conversion", STAGES, words).label.to_list() == ["Aware", "Loyal"]
