"""The media plan as it is asked for: limits as text, and data that cannot be planned with."""

import pytest

from apex.errors import ApexError
from apex.report.upstream import media

NAMES = ("search", "social")


def test_limits_are_shares_of_the_budget():
    assert media.bounds(["social=0.25"], NAMES, 800.0, "floors", 0.0).tolist() == [0, 200]
    assert media.bounds([" search = 0.5"], NAMES, 800.0, "caps", 1.0).tolist() == [400, 800]


@pytest.mark.parametrize("text", ["social", "social=", "social=much", "social=1.5", "social=-0.1", "social=nan"])
def test_a_limit_of_another_form_is_refused(text):
    with pytest.raises(ApexError, match="channel=share of the budget, such as social=0.1"):
        media.bounds([text], NAMES, 800.0, "floors", 0.0)


def test_a_channel_that_nobody_bought_is_named_with_the_nearest():
    with pytest.raises(ApexError, match=r'caps: nothing was bought in a channel "serch".*search'):
        media.bounds(["serch=0.1"], NAMES, 800.0, "caps", 1.0)


def test_without_costs_there_is_no_plan_but_who_was_met(market, day):
    events = [{"consumer_key": f"{n % 40}", "brand": "b", "behaviour": what, "channel": "display", "category": "tea",
               "occurred_at": day(n % 90)} for n in range(400) for what in ("expose",)]  # fmt: skip
    events += [{"consumer_key": "1", "brand": "b", "behaviour": "buy", "category": "tea", "occurred_at": day(95)}]
    made = media.planned(market(events), "b", None, 30, 1000.0, [], [], 1)
    assert isinstance(made, media.CannotPlan) and made.reason == "no_spend"
    assert media.met(made.of).values.tolist() == [["display", 400, 40, 1]]
    assert media.channels(made).empty and media.compared(made).empty
