"""The page of plans: what a yuan brings by hand, and a life told in two plays."""

import datetime as dt

import pandas as pd
import pytest

import twin
from truth import plans


@pytest.fixture(scope="module")
def curve():
    rows = [
        ("search", 0.0, 0, 0), ("search", 1.0, 100, 300), ("search", 2.0, 200, 450),
        ("owned", 0.0, 0, 0), ("owned", 1.0, 0, 50), ("owned", 2.0, 0, 80),
        ("outdoor", 0.0, 0, 0), ("outdoor", 1.0, 50, 0), ("outdoor", 2.0, 100, 0),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["channel", "times", "spent_minor", "gmv_minor"]).assign(gmv_se=10.0)


def test_a_yuan_brings_what_the_curve_says(curve):
    found = plans.returns(curve).set_index("channel")
    assert found.average["search"] == 3 and found.marginal["search"] == 1.5
    assert found.marginal["outdoor"] == 0
    assert found.low["search"] == pytest.approx(1.5 - 1.96 * 200**0.5 / 100)
    assert found[["average", "marginal"]].loc["owned"].isna().all()


@pytest.fixture(scope="module")
def plays():
    market = twin.Market(twin.Config(1500), seed=5)
    base = {"campaign_id": "x", "first_day": dt.date(2024, 11, 1), "last_day": dt.date(2024, 11, 18)}
    media = [{"channel": "live", "budget_minor": 60_000}, {"channel": "message", "impressions": 300}]
    events = [{"first_day": dt.date(2024, 11, 11), "last_day": dt.date(2024, 11, 11), "depth": 0.4}]
    brand = market.drawn.brands[0]
    return [market.play(p, brand=brand) for p in (twin.Plan(**base, media=media, events=events), twin.Plan(**base))]


def test_the_life_that_is_told_is_one_that_the_plan_turned(plays):
    who = plans.telling(*plays)
    told = plans.life(*plays, who)
    bought = told[told.behaviour == "buy"]
    assert bought["with"].any() and not bought["without"].any()
    assert len(told) == told["with"].sum() + (told["without"] & ~told["with"]).sum()
    assert told.minute.is_monotonic_increasing
    first = told[told["with"] != told["without"]].iloc[0]
    assert first["with"], "before anything is done differently, nothing differs"


def test_a_plan_that_turns_nobody_has_no_life_to_tell(plays):
    with pytest.raises(ValueError, match="turned nobody"):
        plans.telling(plays[1], plays[1])


def test_the_page_says_the_answer_first(curve, plays, tmp_path):
    told = plans.life(*plays, plans.telling(*plays))
    text = plans.write(curve, told, {"consumers": 1500, "same": 900}, tmp_path).read_text()
    assert "The next yuan earns 1.50 in search and 0.00 in outdoor" in text
    assert text.index("The next yuan earns") < text.index("True response curves") < text.index("One life in two plans")
    assert "900 live the same life" in text and "http" not in text.replace("http://www.w3.org", "")
