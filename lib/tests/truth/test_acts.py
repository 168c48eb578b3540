"""A plan's acts beside trade as usual: last year's campaign is repeated, and the page says what that brings."""

import pandas as pd
import pytest

from truth import acts
from truth.odds_market import CAMPAIGN, past
from twin.act import Config, Market


@pytest.mark.slow  # plays three markets of a thousand
def test_the_campaign_before_is_repeated(tmp_path):
    market = Market(Config(1000), 2)
    drawn, calendar = market.drawn, market.drawn.calendar
    campaign = {c.key: c for c in drawn.campaigns}[CAMPAIGN]
    phases = {name: (calendar.date(a), calendar.date(b)) for name, a, b in campaign.promotion.phases}
    eve = past(market, calendar.date(campaign.first - 1))
    plan = acts.acts(acts.seen(eve, tmp_path), drawn.brands[0], phases)
    before = {c.key: c for c in drawn.campaigns}[acts.BEFORE]
    depth = drawn.event_discount[0][before.promotion.days("burst")[0]]
    assert {e.phase: e.depth for e in plan.events}["burst"] == pytest.approx(depth, abs=0.06)
    offered = {(b.phase, b.kind) for b in plan.benefits}
    assert offered and {phase for phase, _ in offered} == {"presale", "warm-up"}
    found = acts.judged([2, 3], 1000)
    assert (found.usual > 0).all() and (found.acts / found.usual).between(0.5, 2).all()


def test_the_page_says_how_far_off_the_acts_are(tmp_path):
    frame = pd.DataFrame(
        {"seed": [1.0, 2.0], "acts": [90.0, 110.0], "without_benefits": [80.0, 90.0], "usual": [100.0, 100.0]}
    )
    page = acts.write(frame.assign(spent_minor=5.0), tmp_path).read_text(encoding="utf-8")
    assert (
        "In 2 markets the plan's acts brought -0.5% beside trade as usual" in page and (tmp_path / "acts.csv").exists()
    )
