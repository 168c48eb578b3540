"""What the goal page says: short of people, goal already reached, no plan, too few to show, lessons, past forecasts."""

import dataclasses
import datetime as dt
from types import SimpleNamespace
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

from apex.model.backtest import METHODS, Score
from apex.model.goal import Bought, CannotSay, GoalPlan
from apex.report.finding import Finding
from apex.show.say import goal as say
from apex.show.words import Words

LONG = "Interested newcomer who follows the flagship shop"
STAGES = [("A", "Aware"), ("P", LONG), ("L", "Loyal")]
CELLS = pd.CategoricalDtype(["none", "O", "A", "P", "L"], ordered=True)
EVE = dt.date(2024, 3, 1)


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="2_plan/goal", name="x", **fields)


def plan(goal=2_000_000.0, forecast=1_500_000.0, odds=0.3, lead=28, stock=(900, 100, 300, 200, 150), kept=0.5):
    """A plan with k 1.5 on whoever is short; figures need not agree with each other beyond that."""
    k = 1.5 if goal > forecast else 0.8
    cells = pd.DataFrame({"stage": CELLS.categories, "stock_now": np.array(stock, float)})
    cells["kept"] = cells.stock_now * kept
    cells["stock_forecast"], cells["low"], cells["high"] = cells.stock_now, cells.stock_now * 0.9, cells.stock_now * 1.1
    cells["conversion"], cells["value_minor"], cells["gmv_minor"] = 0.2, 1000.0, 1.0
    cells["planned"] = cells.stage != "none"
    cells["needed"] = (cells.stock_forecast * k).where(cells.planned)
    cells["gap"] = cells.needed - cells.stock_forecast
    return GoalPlan("b", goal, forecast, forecast * 0.8, forecast * 1.2, odds, "history", goal, k, k - 0.2, k + 0.7, 1.0,
                    Bought(), cells, 4, lead)  # fmt: skip


def table(made, hidden=()):
    """The table as the page may show it: rows of `hidden` stages nulled."""
    frame = made.needed(EVE)
    frame["suppressed"] = frame.stage.isin(hidden)
    for column in ("stock_now", "stock_forecast", "low", "high", "needed", "gap"):
        frame[column] = frame[column].mask(frame.suppressed)
    return frame.assign(stage=frame.stage.astype(str).astype(CELLS))


def test_every_reason_for_no_plan_has_words_and_no_number(words):
    reasons = get_args(get_type_hints(CannotSay)["reason"])
    texts = [valid(say.cannot(reason, words)) for reason in reasons]
    assert len({t.text for t in texts}) == len(reasons) == 4
    assert all((t.kind, t.value, t.tile) == ("not identified", None, None) for t in texts)
    assert all(set(t.answers) == {"on_track", "short_stage"} for t in texts), "the index says so, too"


@pytest.mark.parametrize(("odds", "verdict"), [(0.85, "ahead"), (0.6, "careful"), (0.2, "behind")])
def test_odds_are_judged_by_those_wanted(words, odds, verdict):
    said = valid(say.odds(plan(odds=odds), 0.8, words))
    assert (said.kind, said.verdict, said.value) == ("model", verdict, odds)
    assert words.share(odds) in said.text and words.share(odds) in said.short
    assert said.answers == {"on_track": said.short}
    assert words.money(1_500_000) in said.text and words.money(2_000_000) in said.text


@pytest.mark.parametrize(("odds", "shown"), [(0.9996, ">99%"), (0.0004, "<1%"), (0.99, "99%")])
def test_rounding_makes_nothing_certain(words, odds, shown):
    said = valid(say.odds(plan(odds=odds), 0.8, words))
    assert said.tile.value == shown and f"**{shown}**" in said.text


def test_the_forecast_says_what_is_missing_or_to_spare(words):
    short = valid(say.forecast_tile(plan(), words))
    assert (short.verdict, short.low, short.high) == ("careful", 1_200_000, 1_800_000) and words.money(
        500_000
    ) in short.text
    spare = valid(say.forecast_tile(plan(goal=1_200_000.0), words))
    assert spare.verdict == "ahead" and words.money(300_000) in spare.text and "−" not in spare.text


def test_the_gap_names_stages_and_the_range_of_what_bought_stock_may_be_worth(words):
    made = plan()
    said = valid(say.gap(table(made), made, STAGES, words))
    assert (said.kind, said.verdict, said.value) == ("model", "behind", 50 + 150 + 100 + 75)
    assert "Aware +150" in said.text and "Loyal +75" in said.text and words.day(EVE) in said.text
    assert said.text.index("1.3") < said.text.index("2.2") and "150" in said.next_step
    assert said.tile.value == "375"
    assert "Aware" in said.answers["short_stage"] and "150" in said.answers["short_stage"]
    assert "375" in said.answers["short_stage"] and set(said.answers) == {"short_stage"}
    assert (said.at_stake_minor, said.due) == (500_000, EVE), "the money missing to the goal, and until when it helps"


def test_a_goal_that_is_reached_needs_nobody(words):
    made = plan(goal=1_200_000.0)
    said = valid(say.gap(table(made), made, STAGES, words))
    assert (said.verdict, said.value, said.next_step) == ("ahead", 0, None)
    assert said.answers == {"short_stage": said.short} and said.at_stake_minor is None


def test_a_suppressed_stage_makes_the_gap_a_lower_bound(words):
    made = plan(stock=(900, 100, 300, 200, 15))
    said = valid(say.gap(table(made, ["L"]), made, STAGES, words))
    assert said.value == 300 and words("at least {n}", n=300) in said.text and "Loyal" not in said.text
    assert said.tile.value == words("at least {n}", n=300)
    assert words("at least {n}", n=300) in said.answers["short_stage"]


def test_nothing_is_enough_where_all_that_is_short_is_suppressed(words):
    made = plan(stock=(900, 0, 0, 0, 15))
    said = valid(say.gap(table(made, ["L"]), made, STAGES, words))
    assert said.verdict == "behind" and said.value is None and "1.5" in said.text
    nobody = valid(say.gap(table(made, ["O", "A", "P", "L"]), made, STAGES, words))
    assert nobody.verdict == "none" and nobody.value is None
    assert set(nobody.answers) == set(said.answers) == {"short_stage"}


def paces(made, benchmark, hidden=()):
    frame = made.pace({"A": 250.0}, benchmark)
    hide = frame.stage.isin(hidden)
    for column in ("stock_now", "gap_now", "change", "reached", "pace"):
        frame[column] = frame[column].astype("Float64").mask(hide)
    return frame


@pytest.mark.parametrize(("share", "verdict"), [(0.9, "behind"), (2 / 3, "careful"), (0.4, "ahead")])
def test_the_slowest_stage_sets_the_pace(words, share, verdict):
    said = valid(say.pace(paces(plan(), {"A": 0.1, "L": share}), STAGES, "GROCERY", words))
    assert said.verdict == verdict and "Loyal" in said.short and words.share(2 / 3) in said.text
    assert said.value == pytest.approx(2 / 3 / share)


def test_no_pace_without_peers_or_where_it_is_suppressed(words):
    none = paces(plan(), {})
    assert valid(say.pace(none, STAGES, "GROCERY", words)).value is None
    hidden = paces(plan(), {"A": 0.9, "L": 0.95}, ["L"])
    said = valid(say.pace(hidden, STAGES, "GROCERY", words))
    assert "Aware" in said.short
    rows = say.paces(hidden, STAGES, words)
    assert list(rows.verdict) == ["–", words("▼ behind"), "–", "–"]
    only = valid(say.pace(paces(plan(), {"L": 0.9}, ["L"]), STAGES, "GROCERY", words))
    assert only.value is None


def test_inflow_names_the_stage_that_needs_most_beyond_the_usual(words):
    said = valid(say.inflow(plan().inflow({"A": 14, "P": 365}), STAGES, words))
    assert "Aware" in said.text and "**21.4**" in said.text and "10.7" in said.text


def test_inflow_where_nothing_more_is_asked(words):
    enough = valid(say.inflow(plan(goal=1_200_000.0).inflow({"A": 14, "L": 90}), STAGES, words))
    assert enough.verdict == "ahead" and "0" not in enough.text
    eve = valid(say.inflow(plan(lead=0).inflow({"A": 14}), STAGES, words))
    none = valid(say.inflow(plan().inflow({"A": 14}).iloc[:0], STAGES, words))
    assert len({enough.text, eve.text, none.text}) == 3


def score(method="combined", lead=0, wape=0.1, coverage=0.83, **more):
    return Score(method, lead, wape, coverage, 0.73, 0.92, 12_345.6, 60, 60) if not more else Score(
        method, lead, wape, coverage, more["low"], more["high"], more["winkler"], 10, 0
    )  # fmt: skip


def helped(**brands):
    return pd.DataFrame({"brand": list(brands), "difference": list(brands.values())})


@pytest.mark.parametrize(
    ("brand", "clause"), [("a", 0), ("b", 1), ("c", 2), ("nobody", 2)]
)  # fmt: skip
def test_past_forecasts_are_held_against_what_came(words, brand, clause):
    scores = [score(), score("window_before", wape=0.12)]
    said = valid(say.trust(scores, helped(a=-0.1, b=0.1, c=np.nan), brand, words))
    ends = [
        words("for this brand they help"),
        words("for this brand they do not help"),
        words("whether they do for this brand cannot be said"),
    ]
    assert ends[clause] in said.text and (said.kind, said.verdict, said.n) == ("counted", "ahead", 60)
    assert "10.0%" in said.text and "12.0%" in said.text and (said.low, said.high) == (0.73, 0.92)
    assert words.share(said.value) in said.answers["trust"]


def test_a_worse_forecast_than_the_window_before_is_no_success(words):
    assert valid(say.trust([score(wape=0.2), score("window_before")], helped(a=0.1), "a", words)).verdict == "careful"


def test_no_back_test_yet(words):
    empty = score(coverage=np.nan, low=np.nan, high=np.nan, winkler=np.nan)
    for scores in ([], [score()], [empty, score("window_before")]):
        said = valid(say.trust(scores, helped(), "a", words))
        assert said.value is None and said.answers == {"trust": said.short}
    row = say.score_rows([empty], words).iloc[0]
    assert (row.coverage, row.winkler) == ("–", "–")
    assert list(say.score_rows([], words).columns) == ["method", "lead", "n", "wape", "coverage", "winkler"]


def test_every_method_of_the_back_test_has_a_name(words):
    rows = say.score_rows([score(m, lead) for m in METHODS for lead in (0, 28)], words)
    assert rows.method.nunique() == len(METHODS) and rows.lead.nunique() == 2


def lesson(verdict="not identified", campaign="summer", value=None, low=-5000, high=9000):
    effect = SimpleNamespace(verdict=verdict, value=value, low=low, high=high)
    return SimpleNamespace(campaign=campaign, as_of=EVE, effect=effect)


def test_lessons_say_what_they_changed_and_never_a_number_that_is_not_identified(words):
    before, after = plan(), dataclasses.replace(plan(), k=1.25)
    none = valid(say.lesson([], before, before, words))
    one = valid(say.lesson([lesson()], before, after, words))
    assert none.value is None and one.value == -0.25 and "summer" in one.text and "**1.25**" in one.text
    assert words.money(9000) not in one.text
    texts = {say.lesson([lesson(v, value=4000)], before, after, words)["text"] for v in ("lift", "quasi")}
    assert len(texts) == 2 and all(
        words.signed_money(4000) in t and "lift" not in t and "quasi" not in t for t in texts
    )
    two = valid(say.lesson([lesson(campaign="spring"), lesson()], before, after, words))
    assert "spring" in two.text and "summer" in two.text
    valid(
        say.lesson(
            [lesson(campaign="a-campaign-with-a-name-that-nobody-would-ever-give-to-a-file")], before, after, words
        )
    )


def test_claims_fit_where_names_are_long_and_numbers_large(words):
    made = plan(goal=9e12, forecast=8e12, stock=(9e8, 0, 0, 1_234_567_890, 0))
    for said in (
        say.odds(made, 0.8, words), say.forecast_tile(made, words), say.gap(table(made, ["L"]), made, STAGES, words),
        say.pace(paces(made, {"P": 0.9}), STAGES, "GROCERY", words), say.inflow(made.inflow({"P": 28}), STAGES, words),
    ):  # fmt: skip
        valid(said)
    assert "Interest" in say.pace(paces(made, {"P": 0.9}), STAGES, "GROCERY", words)["short"], "a cut name still names"


def test_bars_and_tables_are_in_words(words):
    made = plan(stock=(900, 100, 300, 200, 15))
    frame = table(made, ["L"])
    bars = say.needed_bars(frame, STAGES, words)
    assert list(bars.label) == [words("Opportunity"), "Aware", LONG, "Loyal"]
    assert bars.value.isna().tolist() == bars.suppressed.tolist() == [False, False, False, True]
    assert list(bars.before)[:2] == [150, 450]
    assert say.named(frame, STAGES, words).stage.iloc[0] == words("neither")
    assert words.day(EVE) in say.eve_label(EVE, words)
    empty = frame.iloc[:0]
    assert say.needed_bars(empty, STAGES, words).empty and say.named(empty, STAGES, words).empty
    assert say.paces(paces(made, {}).iloc[:0], STAGES, words).empty
