"""Whom the plan wants, in order of priority; what it refers to is written out."""

import datetime as dt

from apex.measure.crowd_file import load_crowds
from apex.report.planned import checked
from apex.report.upstream.audience_rules import wanted

SEED = "{behaviour: buy, within_days: 365}"
FILES = {"strategies": "strategies", "scenes": "scenes"}
EVE, WINDOW = dt.date(2024, 10, 20), (dt.date(2024, 10, 21), dt.date(2024, 11, 18))


def plan(moves, scenes=()):
    lines = [{"phase": "x", "first_day": WINDOW[0], "last_day": last, "strategy": name, "channel": channel, "people": people,
              "gmv_minor": gmv, "kind": "lift"} for name, channel, people, gmv, last in moves]  # fmt: skip
    act = {"campaign_id": "c", "brand": "b", "first_day": EVE, "last_day": WINDOW[1]}
    return checked({"campaign": "c", "brand": "b", "currency": "CNY", "as_of": EVE, "eve": EVE, "window": WINDOW,
                    "strategies": lines, "scenes": list(scenes), "act": act}, "plan.yml")  # fmt: skip


def test_without_a_plan_there_are_look_alikes_and_the_file():
    found = wanted(None, "crowds", "mail", SEED, FILES)
    assert found.rules.names == ("look-alike", *load_crowds("crowds").names) and not found.over
    assert set(map(tuple, found.channels.values())) == {("mail",)} and found.seed.names == ("seed",)


def test_strategies_come_first_those_with_a_rule_of_their_own_before_all_and_scenes_last():
    day = WINDOW[1]
    moves = [("loyal-first", "live", 10, 9000, day), ("second-order", "live", 100, 9000, day),
             ("second-order", "", 100, 0, day), ("second-order", "retarget", 200, 0, day), ("keep-loyal", "", 10, 9000, day),
             ("seeding", "feed", 10, 1, EVE)]  # fmt: skip
    scenes = [{"scene": "super-live", "stage_from": "P+L", "audience": "interested", "people": 5, "gmv_minor": 7, "kind": "lift"},
              {"scene": "gone", "audience": "nobody", "kind": "lift"}]  # fmt: skip
    found = wanted(plan(moves, scenes), "crowds", "mail", SEED, FILES)
    names = found.rules.names
    assert names[:4] == ("strategy-keep-loyal", "strategy-second-order", "strategy-loyal-first", "look-alike")
    assert names[-1] == "scene-super-live" and "strategy-seeding" not in names, "it has ended"
    assert found.channels["strategy-second-order"] == ["live", "retarget"] and found.channels[
        "strategy-keep-loyal"
    ] == ["mail"]
    assert not list(found.rules.references("scene-super-live")), "an audience that refers to a crowd stands alone"
    assert found.origin.set_index("crowd").planned["strategy-second-order"] == 200


def test_where_all_strategies_have_ended_the_last_stand_in():
    found = wanted(
        plan([("seeding", "feed", 9, 1, EVE), ("deposit", "", 9, 1, EVE - dt.timedelta(days=9))]),
        "crowds",
        "mail",
        SEED,
        FILES,
    )
    assert found.over and [n for n in found.rules.names if n.startswith("strategy")] == ["strategy-seeding"]
