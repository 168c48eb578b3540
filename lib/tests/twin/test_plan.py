"""A plan's file: what it may say, what it must not, and that it comes back as it was written."""

import datetime as dt

import pytest
from pydantic import ValidationError

from twin import plan as plans
from twin.plan import Plan

FIRST, LAST = dt.date(2024, 9, 20), dt.date(2024, 11, 18)
BASE = {"campaign_id": "x", "first_day": FIRST, "last_day": LAST}
PHASES = {"burst": (dt.date(2024, 11, 11), dt.date(2024, 11, 11))}


def test_a_plan_comes_back_from_its_file(tmp_path):
    plan = Plan(
        **BASE,
        phases=PHASES,
        audiences={"老客": [1, 5, 9]},
        media=[{"channel": "feed", "phase": "burst", "audience": "老客", "budget_minor": 5000}],
        events=[{"phase": "burst", "depth": 0.2}],
        benefits=[{"kind": "赠品", "first_day": FIRST, "last_day": FIRST}],
        sampling=[{"item_id": "b00-i0", "units": 5, "crowd": "Gen Z"}],
        sequences=[{"name": "s", "steps": [{"channel": "feed", "message": "功效", "days_since": (2, None)}]}],
        trials=[{"name": "t", "arms": {"treated": 0.9, "control": 0.1}}],
        item_trials=[{"name": "i", "channel": "feed", "items": ["b00-i0", "b00-i1"], "budget_minor": 5}],
        hold_out="t",
    )
    plans.write(plan, tmp_path / "plan.yml")
    assert plans.read(tmp_path / "plan.yml") == plan


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"last_day": dt.date(2024, 9, 1)}, "before its first day"),
        ({"budget": 5}, "Extra inputs"),
        ({"media": [{"channel": "feed"}]}, "budget_minor or impressions"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "impressions": 5}]}, "one of them"),
        ({"media": [{"channel": "feed", "budget_minor": -5}]}, "greater than or equal to 0"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "crowd": "mothers"}]}, "精致妈妈"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "audience": "nobody"}]}, "audience 'nobody' is not in the plan"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "phase": "burst"}]}, "phase 'burst' is not in the plan"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "arm": "a"}]}, "needs the name of its trial"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "last_day": dt.date(2025, 1, 1)}]}, "outside the plan's days"),
        ({"media": [{"channel": "feed", "budget_minor": 5, "trial": "t", "arm": "c"}],
          "trials": [{"name": "t"}]}, "has no arm 'c'"),
        ({"trials": [{"name": "t", "arms": {"a": 0.5, "b": 0.6}}]}, "add up to 1"),
        ({"hold_out": "t"}, "not one of the trials"),
        ({"events": [{"depth": 0.95}]}, "less than 0.9"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(more, told):
    with pytest.raises(ValidationError, match=told):
        Plan(**{**BASE, **more})
