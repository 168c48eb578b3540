"""The league: the same money for everybody, lives that differ by what was planned alone, and a loop that learns."""

import itertools
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from apex.measure import media
from apex.model import lessons as lesson_model
from apex.report.lesson import entries, together
from apex.report.upstream import lesson_prices
from truth import league, league_field, league_policies
from truth.league_life import TIMES, season
from twin.stages import AT


@pytest.fixture(scope="module")
def of():
    return season(4242, 800)


@pytest.fixture(scope="module")
def last(of):
    """The plan of the usual split."""
    return league_policies.last(of.past, 0).plan


@pytest.fixture(scope="module")
def lived(of, last):
    """The first campaign as usual, and life up to the second's eve."""
    return of.past.played(last, of.eve(1))


@pytest.fixture(scope="module")
def house(lived, tmp_path_factory):
    """What the brand would see then."""
    return lived.seen(tmp_path_factory.mktemp("league"))


def test_six_campaigns_follow_each_other_with_budgets_by_the_seed(of):
    firsts = [plan.first_day for plan in of.usual]
    assert firsts == sorted(firsts) and len(firsts) == 6 and of.past.now.last_day == of.eve(0)
    usual = [sum(m.budget_minor or 0 for m in plan.media) for plan in of.usual]
    times = np.array(of.budgets) / usual
    assert (times > TIMES[0] - 0.01).all() and (times < TIMES[1] + 0.01).all() and len(set(times.round(3))) == 6
    assert season(4242, 800).budgets == of.budgets
    known = {c.key for c in of.market.drawn.campaigns}
    assert of.earlier(0) in known and of.earlier(2) == f"{of.usual[0].campaign_id}"


@pytest.mark.parametrize(
    "wished", [{"tv": 1.0}, {"message": 5.0, "feed": 1.0}, {"search": 1.0, "social": 1.0, "feed": 1.0}]
)
def test_everybody_spends_the_same_money_whatever_a_channel_can_take(of, wished):
    plan = league_field.planned(of.past, 0, wished)
    paid = league_field.paid_for(of.past, plan)
    assert paid.sum() == pytest.approx(of.budgets[0], rel=0.03)
    usual = league_field.planned(of.past, 0, league_field.usual(of.past, 0))
    assert league_field.paid_for(of.past, usual).sum() == pytest.approx(of.budgets[0], rel=0.03)


def test_without_media_nothing_is_brought_and_the_same_plan_brings_the_same(of, last):
    none = league_field.brought(of.past, league.without(last), range(2))
    again = league_field.brought(of.past, league.without(last), range(2))
    assert (none == again).all() and (none[:, 1] == 0).all()
    with_media = league_field.brought(of.past, last, range(2))
    assert with_media[:, 0].mean() > none[:, 0].mean() and (with_media[:, 1] > 0).all()


def test_the_first_chance_is_the_one_that_is_lived(of, last, lived):
    told = league_field.brought(of.past, last, [0])[0, 0]
    sold = lived.sales(last.first_day, of.end(0))[:, AT["value"]].sum()
    assert told == sold


def test_messages_take_turns_and_money_adds_up(of, last):
    said = league_field.spoken(of.past, last, lambda whom, first: ("功效", "新品") if whom == "likely" else ())
    for channel in {m.channel for m in last.media}:
        mine, then = ([m for m in plan.media if m.channel == channel] for plan in (said, last))
        for key in ("budget_minor", "impressions"):
            assert sum(getattr(m, key) or 0 for m in mine) == sum(getattr(m, key) or 0 for m in then)
    feed = sorted((m for m in said.media if m.channel == "feed"), key=lambda m: m.first_day)
    assert [m.message for m in feed[:3]] == ["功效", "新品", None]
    assert all(a.last_day < b.first_day for a, b in itertools.pairwise(feed))


def test_what_was_lived_is_filed_as_a_brands_own(of, last, house):
    days = media.window(house, last.campaign_id)
    assert days == (last.first_day, last.last_day)
    phases = media.by_phase(house, of.brand, last.campaign_id)
    assert set(phases.phase) == set(last.phases)
    spent = media.spent(house, of.brand, last.first_day, last.last_day).cost_minor.sum()
    assert spent == pytest.approx(of.budgets[0], rel=0.03)


def test_clicks_read_from_lives_are_those_of_the_warehouse(of, lived, house):
    told = media.by_creative(house, of.brand, of.eve(1))
    read = league_field.clicked(lived, None, of.eve(1))
    keys = ["channel", "creative", "old"]
    both = [f.groupby(keys)[["contacts", "clicks"]].sum().sort_index() for f in (told, read)]
    pd.testing.assert_frame_equal(both[0], both[1], check_dtype=False, check_index_type=False)


def test_credit_of_the_campaign_before_becomes_the_split(of, lived):
    found = {name: league_policies.credited(lived, 1, name).budget for name in league_policies.CREDIT}
    assert all(b.min() >= 0 and b.sum() > 0 for b in found.values())
    assert not found["touch"].equals(found["markov"])


def test_new_consumers_are_kept_if_they_buy_again(of, lived):
    assert 0 <= lived.kept(0) <= 800
    later = of.usual[0].last_day + timedelta(days=90)
    assert lived.now.last_day >= later  # the second campaign begins when they have been watched


def test_a_market_of_one_policy():
    frame = league.played(4243, 400, ("even",))
    assert list(frame.columns) == league.COLUMNS and frame.campaign.tolist() == [1, 2, 3, 4, 5, 6]
    assert (frame.spent_minor / frame.budget_minor).between(0.9, 1.03).all() and frame.odds.isna().all()


def test_heard_lessons_are_merged_campaign_by_campaign_and_of_room_the_newest_stands():
    row = ("depth", "feed", 0.1, 0.07, 0.14, 100, "counted", "log", "window", None)
    room = ("room", "feed", 0.2, 0.17, 0.24, 100, "counted", "log", "all", None)
    frames = [pd.DataFrame([row, room], columns=lesson_model.ENTRY).assign(day=pd.Timestamp("2022-06-21"), days=52)]
    later = [(*row[:2], 0.3, 0.21, 0.42, *row[5:]), (*room[:2], 0.45, 0.4, 0.5, *room[5:])]
    frames.append(pd.DataFrame(later, columns=lesson_model.ENTRY).assign(day=pd.Timestamp("2022-11-18"), days=60))
    merged = lesson_model.merged(pd.concat(frames)).set_index("what").value
    assert 0.1 < merged["depth"] < 0.3 and merged["room"] == pytest.approx(0.45)
    assert lesson_prices.heard([]).room == {}


WRONG = pd.DataFrame(
    [("depth", "feed", 0.027, 0.0184, 0.0397, 100, "counted", "log", "window", None),
     ("room", "feed", 0.05, 0.0413, 0.0606, 100, "counted", "log", "all", None)], columns=lesson_model.ENTRY,
)  # fmt: skip


@pytest.mark.slow  # five campaigns lived twice and wrapped up: minutes
def test_a_lesson_moves_the_next_plan_where_it_points_and_a_wrong_one_is_unlearned(monkeypatch):
    """The wrong one: feed's price rises ten times as steeply as thought, and next to nothing is sold there."""
    of, wrap_up = season(4244, 2000), league_policies.wrapped_up

    def wrongly(life, number, *rest):
        told = wrap_up(life, number, *rest)
        if number:
            return told
        kept = [e for e in told.seen if e.of != "feed" or e.what not in set(WRONG.what)]
        told = told.model_copy(update={"seen": [*kept, *entries(WRONG)]})
        return told.model_copy(update={"merged": together([told.own], told.half_life_days)})

    shares = {}
    for name, how in (("right", wrap_up), ("wrong", wrongly)):
        monkeypatch.setattr(league_policies, "wrapped_up", how)
        ours, life, shares[name] = league_policies.Workspace(), of.past, []
        for number in range(5):
            decided = ours.decide(life, number)
            unheard = decided.without["no_lessons"].budget
            shares[name].append((decided.budget["feed"] / decided.budget.sum(), unheard["feed"] / unheard.sum()))
            life = life.played(decided.plan, league.until(of, number))
    # what it hears moves the split beside what it would plan unheard, from the same eve; lives differ by more than that
    right, wrong = (np.array(shares[name]) for name in ("right", "wrong"))
    assert (right[0] == wrong[0]).all() and wrong[1, 0] < 0.5 * wrong[1, 1]  # it moves the plan where it points
    bent = np.abs(np.log(wrong[:, 0] / wrong[:, 1]))
    assert bent[4] < bent[1] / 3, bent  # three campaigns later little is left of it


@pytest.mark.slow  # a small league: two to three minutes a market
def test_the_workspace_earns_more_than_last_touch_in_a_small_league():
    found = pd.concat([league.played(seed, 1500, ("touch", "ours")) for seed in range(4100, 4104)])
    later = found[found.campaign > 1].pivot_table(index="seed", columns="policy", values="gained_minor", aggfunc="sum")
    assert (later.ours > later.touch).sum() >= 3
    assert (found.spent_minor / found.budget_minor).between(0.9, 1.05).all()
    assert found[found.policy == "ours"].odds.notna().all()
