"""Who is addressed: sizes with hold-outs, who can close a gap, who is about to leave, and traits that anybody has."""

import datetime as dt

import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import audience, crowds

START = dt.datetime(2024, 1, 1, 9)
RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}
CELLS = ["none", "O", "A", "P"]


def at(day, consumer, behaviour):
    when = START + dt.timedelta(days=day)
    return {"consumer_key": consumer, "brand": "b", "occurred_at": when, "behaviour": behaviour}


def test_sizes_count_everybody_in_a_crowd_and_the_held_out_of_them():
    text = {"name": {"en": "x", "zh": "x"}, "who": {"stage": "P"}}
    rules = crowds.parse_crowds({"crowds": {"first": text, "second": text, "empty": text}}, "test.yml")
    people = pd.DataFrame(
        {"stage": ["A", "A", "P", "none"], "first": [True, True, False, False], "second": [True, False, True, False],
         "empty": False, "held_out": [True, False, True, True]}
    )  # fmt: skip
    words = people["first"] * 1 + people["second"] * 2
    counts = pd.DataFrame({"word": words, "stage": people.stage, "consumers": 1})
    sized = audience.sizes(crowds.Tally(rules.names, counts), people, rules)
    assert sized.to_dict("list") == {
        "crowd": ["first", "second", "empty"],
        "consumers": [2, 2, 0],
        "holdout": [1, 2, 0],
    }
    assert sized.crowd.cat.ordered and list(sized.crowd.cat.categories) == ["first", "second", "empty"]


def test_candidates_stand_one_cell_below_or_are_about_to_leave():
    people = pd.DataFrame(
        [("O", "x", False, False)] * 4 + [("O", None, False, False)] * 5 + [("O", "x", True, False)] * 6
        + [("A", "x", False, True)] * 3 + [("A", "x", False, False)] * 7 + [("P", "x", False, True)] * 1,
        columns=["stage", "crowd", "held_out", "leaving"],
    )  # fmt: skip
    needed = pd.DataFrame({"stage": CELLS, "gap": pd.array([None, None, 9, 12], "Int64")})
    found = audience.candidates(people, needed, CELLS, 1)
    # A: the four addressed at O, and the three who leave A; nobody who is not addressed, or held out
    assert found.to_dict("list") == {"stage": ["A", "P"], "gap": [9, 12], "below": [7, 11]}
    assert audience.candidates(people, needed, CELLS, 8).below.tolist() == [pd.NA, 11], "too few are not counted"


@pytest.mark.parametrize(("days", "leaves"), [(2, False), (3, True), (30, True)])
def test_leaving_is_known_from_the_open_book(market, day, days, leaves):
    """Exposed on day 10, five days: the first day without the stage is day 15; seen from day 12 that is in three days."""
    whole = market([at(10, "seen", "expose"), at(12, "bought", "buy"), at(40, "late", "expose")])
    book = ledger.ensure(whole, parse_rules(RULES))
    events = whole.table("events").order_by("occurred_at").execute()
    seen, bought, late = (int(i) for i in events.consumer_id)
    found = audience.leaving(book, "b", day(12), pd.Series([bought, seen, late]), days)
    assert found.tolist() == [days >= 9, leaves, False], "who is at no stage yet leaves none"


def test_traits_are_those_that_anybody_has_and_that_are_wanted():
    frame = pd.DataFrame(
        {"consumer_id": [1, 2], "age_band": ["19-24", None], "gender": [None, None], "region": ["n", "s"]}
    )

    class Table:
        def execute(self):
            return frame

    class Market:
        def table(self, name):
            return Table()

    assert list(audience.traits(Market())) == ["consumer_id", "age_band", "region"]
    assert list(audience.traits(Market(), ["age_band", "gender"])) == ["consumer_id", "age_band"]
