"""One turn of the loop: a plan file played on a market, and wrapped up with its hold-out."""

import datetime as dt

import pytest

import twin
from apex.report import planned
from truth import loop
from twin.curves import usual_plan

WINDOW = (dt.date(2024, 10, 21), dt.date(2024, 11, 18))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A market, and the brand's usual campaign as a plan.yml for it."""
    market = twin.Market(twin.Config(1200), seed=5)
    usual = usual_plan(market, "b00-d11-2024")
    media = [
        {k: getattr(m, k) for k in ("channel", "first_day", "last_day", "budget_minor", "impressions")}
        for m in usual.media
    ]
    plan = planned.checked({
        "campaign": "test", "brand": usual.brand, "currency": "CNY", "as_of": usual.first_day, "eve": WINDOW[0],
        "window": WINDOW, "goals": [{"goal": "gmv_minor", "target": 1000.0, "odds": 0.9}],
        "act": {
            "campaign_id": "test", "brand": usual.brand, "first_day": usual.first_day, "last_day": usual.last_day,
            "phases": usual.phases, "media": media,
            "events": [{"first_day": e.first_day, "last_day": e.last_day, "depth": e.depth} for e in usual.events],
            "trials": [{"name": "hold-out", "arms": {"treated": 0.8, "control": 0.2}}], "hold_out": "hold-out",
        },
    }, "plan.yml")  # fmt: skip
    file = tmp_path_factory.mktemp("plan") / "plan.yml"
    file.write_text(plan.text(), encoding="utf-8")
    return market, file


def test_a_plan_file_is_played_and_wrapped_up(written, tmp_path):
    market, file = written
    played = loop.play(market, file)
    spent = int(played.lines.spent_minor.sum())
    wanted = sum(m.budget_minor or 0 for m in planned.read(file).act.media)
    assert 0.9 * wanted < spent <= wanted * 1.001  # a fifth is held out, and the money is spent on the others
    warehouse = loop.booked(played, tmp_path)
    found = loop.wrapped_up(warehouse, planned.read(file), spent)
    assert found.reached and found.odds == 0.9 and found.gmv_minor > 1000
    assert found.effect["verdict"] == "lift" and found.effect["n"] == 1200
    assert found.effect["low"] < found.effect["value"] < found.effect["high"]
    table = warehouse.table("assignments")
    arms = table.filter(table.experiment_id == "test").execute().arm.value_counts(normalize=True)
    assert arms["control"] == pytest.approx(0.2, abs=0.04)


def test_lives_differ_by_chance_and_what_media_bring_is_told_apart(written, tmp_path):
    market, file = written
    of = planned.read(file)
    lived = loop.lives(market, twin.plan.read(file), of.window, 3)
    assert (
        lived.gmv_minor.nunique() == 3
        and (lived.caused_minor < lived.gmv_minor).all()
        and (lived.spent_minor > 0).all()
    )
    quiet = twin.plan.read(file).model_copy(update={"media": []})
    assert (loop.lives(market, quiet, of.window, 1).caused_minor == 0).all()
    turn = loop.Turn(5, 2000, 1000.0, 0.9, {"verdict": "lift", "value": 70, "low": -10, "high": 150})
    page = loop.write(turn, lived, of, tmp_path).read_text(encoding="utf-8")
    assert "gave its goal 90%; 3 of 3 lives reached it" in page and "lift" in page
    blind = loop.write(loop.Turn(5, 2000, None, None, None), lived, of, tmp_path).read_text(encoding="utf-8")
    assert "gave its goal no odds" in blind and "not identified" in blind
