"""What the page of providers says, in both languages: ties, a leader, nobody, and our own services."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.model.partners import EACH, LEAGUE
from apex.report.finding import Finding
from apex.show.say import partners as say
from apex.show.words import Words


def table(*ranks, low=-0.02):
    rows = [(f"p{n}", "gmv_minor", 3, 3, 0.2 - 0.05 * n, 0.1, 0.0, 0.4, 0.15 - 0.05 * n, low, 0.3, rank, ranks.count(rank) - 1)
            for n, rank in enumerate(ranks)]  # fmt: skip
    rows.append(("few", "gmv_minor", 1, 1, 0.3, 0.2, -0.1, 0.7, 0.1, -0.1, 0.3, pd.NA, pd.NA))
    return pd.DataFrame(rows, columns=LEAGUE).astype({"rank": "Int64", "tied": "Int64"})


def service(effect, cannot="", measure="gmv_minor"):
    day = dt.date(2024, 7, 8)
    return pd.DataFrame([("p0", "b", "members", day, day, measure, effect, 0.1, 5, 100, cannot)], columns=EACH)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/partners", name="x", **fields)


def test_ties_are_said_and_a_leader_is_named(words):
    tied = finding(say.league(table(1, 1, 1), 3, words))
    assert tied.verdict == "careful" and tied.short == words("{n} of {all} providers tie at the top", n=3, all=3)
    assert tied.tile.value == words("{n} of {all}", n=0, all=3)
    leads = finding(say.league(table(1, 2, 2, low=0.05), 3, words))
    assert leads.verdict == "ahead" and "p0" in leads.short and leads.value == pytest.approx(np.expm1(0.15))
    nobody = finding(say.league(table().assign(), 3, words))
    assert nobody.kind == "not identified" and "3" in nobody.text


def test_powers_that_are_moved_are_named(words):
    leagues = {"gmv_minor": table(1, low=0.1), "member": table(1, low=0.1), "goods": table(1, 1)}
    made = finding(say.best(leagues, words))
    assert made.value == 1 and say.power("member", words) in made.text and say.power("goods", words) not in made.text
    assert finding(say.best({"goods": table(1)}, words)).value is None


def test_our_own_service_is_told_with_its_doubt(words):
    sure, vague = finding(say.ours(service(0.4), words)), finding(say.ours(service(0.1), words))
    assert sure.verdict == "ahead" and words("One service alone says little.") not in sure.text
    assert vague.verdict == "careful" and words("One service alone says little.") in vague.text
    assert finding(say.ours(service(np.nan, "too_short"), words)).kind == "not identified"
    assert finding(say.ours(service(0.1).iloc[:0], words)).kind == "not identified"


def test_rows_and_bars(words):
    rows = say.league_rows(table(1, 1, 3), words)
    assert rows["rank"].tolist() == [words("={n}", n=1)] * 2 + ["3", "–"]
    assert show.bars(say.bars(table(1, 1), words), words, title="x", unit="share").html
    assert say.bars(table(1), words).faint.tolist() == [False, True]
    assert (
        say.service_rows(pd.concat([service(0.1), service(np.nan, "no_sales", "brand")]), words).change.tolist()[1]
        == "–"
    )
    powers = pd.DataFrame(
        {"provider": ["p"], "score": [np.nan], **dict.fromkeys(["goods", "crowd", "member", "content", "brand"], 0.1)}
    )
    assert say.power_rows(powers, words).score.tolist() == ["–"]
    assert say.absent(True, words) == [] and len(say.absent(False, words)) == 1
