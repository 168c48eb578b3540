"""What the pacing page says: on plan, short, ahead, nothing known; in both languages."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.model.recovery import CHANGES, Recovery
from apex.show import Words
from apex.show.paces import against
from apex.show.say import pacing, pacing_goal, pacing_tables

DAY = dt.date(2024, 10, 8)
ODDS = {"goal": 9e6, "forecast": 8e6, "low": 6e6, "high": 1e7, "odds": 0.3}
STAGES = [("A", "Aware"), ("L", "Loyal")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def status(spent=300000.0, alarm=False, still=True):
    told = (DAY, dt.date(2024, 10, 3), 0.2, still) if alarm else (None, None, np.nan, False)
    rows = [
        ("spend", spent, 304000.0, spent / 304000 - 1, 8e5, 7.5e5, 8.5e5, 8e5, *told),
        ("gmv", 3.4e6, 4e6, -0.15, 1.1e7, 8e6, 1.4e7, 1.3e7, None, None, np.nan, False),
    ]
    columns = [
        "metric",
        "to_date",
        "planned",
        "difference",
        "total",
        "low",
        "high",
        "planned_total",
        "alarm",
        "since",
        "size",
        "open",
    ]
    return pd.DataFrame(rows, columns=columns)


def moved(unspent=5000.0, back=(4000.0, 1000.0, 7000.0)):
    rows = [
        ("presale", "live", 1000.0, 500.0, 900.0, 100.0, 1700.0),
        ("return", "tv", 800.0, -300.0, -90.0, -200.0, -10.0),
    ]
    return Recovery(
        pd.DataFrame(rows, columns=CHANGES), (6000.0, 3000.0, 9000.0), back, (0.6, 0.2, 0.9), unspent, 5000.0
    )


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [(status(), "careful"), (status(200000.0), "behind"), (status(400000.0), "careful"), (status(alarm=True), "behind"),
     (status(320000.0, alarm=True), "behind"), (status(alarm=True, still=False), "careful")],
)  # fmt: skip
def test_the_headline_has_number_comparison_and_next_step(frame, verdict, words):
    said = pacing.headline(frame, ODDS, moved(), 0.8, words)
    assert said["verdict"] == verdict and said["next_step"] and said["compared"]["value"] == 304000
    assert len(said["short"]) <= 60 and words.share(0.3) in said["text"]


def test_nothing_passed_is_said(words):
    said = pacing.headline(status().iloc[:0], {}, None, 0.8, words)
    assert said["kind"] == "not identified"


def test_alarms_name_their_rate_and_what_came_back(words):
    assert pacing.alarms(status(), 0.05, 2, words)["verdict"] == "ahead"
    rang = pacing.alarms(status(alarm=True), 0.05, 2, words)
    assert rang["verdict"] == "behind" and words.share(0.2) in rang["text"] and words.share(0.05) in rang["text"]
    over = pacing.alarms(status(alarm=True, still=False), 0.05, 2, words)
    assert over["verdict"] == "ahead" and words.day(DAY) in over["text"]


def test_changes_say_what_they_bring_back(words):
    said = pacing.change(moved(), "plan", words)
    assert words.share(0.6) in said["text"] and said["low"] == 1000 and said["next_step"]
    less = pacing.change(moved(-5000.0, (-4000.0, -7000.0, -1000.0)), "plan", words)
    assert words.money_short(4000) in less["text"]
    for source in ("none", "campaign", "plan"):
        assert pacing.change(None, source, words)["kind"] == "not identified"


def test_goal_and_stock(words):
    assert pacing_goal.goal(ODDS, 0.8, 0.5, words)["verdict"] == "behind"
    assert pacing_goal.goal({}, 0.8, None, words)["kind"] == "not identified"
    stock = pd.DataFrame(
        {"stage": ["A", "L"], "now": [90, 50], "planned": [100, 50], "needed": [120, 60], "year_ago": [80, 70]}
    )
    assert pacing_goal.stock(stock, STAGES, words)["verdict"] == "behind"
    no_plan = stock.assign(planned=pd.array([None, None], "Int64"))
    assert pacing_goal.stock(no_plan, STAGES, words)["value"] == 50
    hidden = no_plan.assign(year_ago=pd.array([None, None], "Int64"))
    assert "value" not in pacing_goal.stock(hidden, STAGES, words)


def test_tables_are_written_with_their_units(words):
    shown = pacing_tables.statuses(status(alarm=True), words)
    assert shown.to_date[0] == words.money_short(300000) and words.day_short(dt.date(2024, 10, 3)) in shown.alarm[0]
    channels = pd.DataFrame({"channel": ["tv", "live"], "planned": [10.0, 20.0], "days": pd.array([None, 3], "Int64")})
    assert "1" in pacing_tables.small(channels, words)
    assert pacing_tables.largest(moved().lines).change.tolist() == [500, -300]


def test_the_figure_tells_actual_plan_and_forecast(words):
    days = [DAY + dt.timedelta(days=n) for n in range(4)]
    frame = pd.DataFrame({
        "day": days, "plan": [100.0, 200.0, 300.0, 400.0], "actual": [90.0, 180.0, np.nan, np.nan],
        "forecast": [np.nan, np.nan, 270.0, 360.0], "low": [np.nan, np.nan, 250.0, 320.0], "high": [np.nan, np.nan, 290.0, 400.0],
    })  # fmt: skip
    drawn = against(frame, words, "x", "money_minor", marks=[(days[2], "y")])
    assert words.money(180) in drawn.html and words.money(360) in drawn.html and "<svg" in drawn.html
