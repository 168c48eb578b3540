"""What the closing page says of its goals, of the bridge and of its cuts: every branch in both languages."""

from types import SimpleNamespace

import pandas as pd
import pytest

from apex.measure.baskets import Level
from apex.model.bridge import STEPS
from apex.report.finding import Finding
from apex.show import bridge as draw
from apex.show.say import closing_bridge as say
from apex.show.say import closing_parts as parts
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased"), ("L", "Loyal")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="4_wrapup/closing", name="x", **fields)


def goals(*rows):
    frame = pd.DataFrame(rows, columns=["measure", "goal", "actual", "before", "year", "suppressed"])
    return frame.astype(dict.fromkeys(["goal", "actual", "before", "year"], "Int64"))


GOALS = goals(("gmv_minor", 9000, 8999, 5000, None, False), ("new_consumers", 180, 194, 83, 169, False),
              ("aac", None, 2116, None, None, False), ("joins", 100, None, 26, None, True))  # fmt: skip


@pytest.mark.parametrize(
    ("row", "verdict", "value"),
    [
        (("new_consumers", 180, 194, 83, 169, False), "ahead", 194),
        (("new_consumers", 200, 199, 83, None, False), "careful", 199),
        (("joins", 100, 39, None, None, False), "behind", 39),
        (("aac", None, 2116, 2096, 2269, False), "none", 2116),
        (("aac", None, 2116, None, None, False), "none", 2116),
        (("joins", 100, None, 26, None, True), "none", None),
    ],
)
def test_a_goal_is_reached_only_when_it_is(words, row, verdict, value):
    row = next(goals(row).itertuples())
    for reaches in (True, False):
        said = valid(say.goal(row, reaches, words))
        assert (said.verdict, said.value, said.kind) == (verdict, value, "counted")
        assert (said.tile is None) == (value is None)
    if verdict == "careful":
        assert "99%" in said.short and "100%" not in said.text
    if row.measure == "aac" and not pd.isna(row.year):
        assert said.compared.value == 2269, "the season before the days before"


def test_goals_together(words):
    said = valid(say.together(GOALS, words))
    assert (said.value, said.compared.value, said.verdict) == (1, 2, "careful") and "99%" in said.text
    assert valid(say.together(GOALS[GOALS.measure == "gmv_minor"], words)).verdict == "behind"
    assert valid(say.together(GOALS[GOALS.measure == "new_consumers"], words)).verdict == "ahead"
    assert valid(say.together(GOALS[GOALS.measure == "joins"], words)).value is None
    table = say.goal_rows(GOALS, words)
    assert len(table) == 4 and table.actual.iloc[3] == words.suppressed() and table.year.iloc[2] == "–"


def made(source, plan, steps, low=float("nan"), high=float("nan"), told=True):
    values = pd.Series(dict(zip(STEPS, steps, strict=True)))
    inside = None if pd.isna(low) else low <= plan + sum(steps) <= high
    day = pd.Timestamp("2024-05-01").date()
    return SimpleNamespace(source=source, plan=SimpleNamespace(gmv_minor=plan), inside=inside, low=low, high=high,
                           result=SimpleNamespace(gmv_minor=plan + sum(steps)), steps=values, base=(day, day),
                           level=Level(0.92, 1.3, 4, 0.4) if told else None)  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(9000, 12_000, "none"), (9800, 12_000, "behind"), (8000, 9200, "ahead")]
)
def test_the_bridge_names_its_largest_step_and_whether_the_plan_thought_it_likely(words, low, high, verdict):
    steps = (-100, 0, 300, 0, -900, 150) if verdict != "ahead" else (-100, 0, 300, 0, -900, 1500)
    bridge = made("plan", 10_000, steps, low, high)
    said = valid(say.headline(bridge, 77, 29, words))
    change = sum(steps)
    assert (said.kind, said.value, said.n, said.verdict) == ("model", change, 77, verdict)
    assert (said.low, said.high) == (10_000 + change - high, 10_000 + change - low)
    most = "mix_items" if verdict == "ahead" else "price"
    assert say.step(most, words) in said.short and words.signed_money(steps[4]) in said.text
    assert say.step("value", words) not in said.text, "a step that did not move is not told"


def test_a_bridge_without_a_plan_says_so(words):
    for source in ("year", "before"):
        said = valid(say.headline(made(source, 10_000, (0, 0, 0, 0, 0, 0)), 77, 29, words))
        assert (said.kind, said.value, said.low) == ("counted", 0, None)
        assert say.note(made(source, 1, (0,) * 6), words) and say.cell_note(made(source, 1, (0,) * 6), words)
    assert "80" in say.note(made("plan", 1, (0,) * 6), words) and say.cell_note(made("plan", 1, (0,) * 6), words)
    price = valid(say.prices(made("plan", 1, (0,) * 6), words))
    assert price.value == pytest.approx(-0.08) and "−8%" in price.text and "+30%" in price.text and price.n == 4


def test_rows_of_the_bridge_are_drawn(words):
    names = ["goal", "open", "plan", *STEPS, "result"]
    values = [12_000, -2000, 10_000, -100, 0, 300, 0, -900, 150, 9450]
    frame = pd.DataFrame({"step": names, "value_minor": values, "total": [n in ("goal", "plan", "result") for n in names],
                          "low": [None, -4000, *[None] * 8], "high": [None, 500, *[None] * 8]})  # fmt: skip
    frame = frame.astype(dict.fromkeys(["value_minor", "low", "high"], "Int64"))
    assert "svg" in draw(say.rows(frame, words), words, "t").html
    assert {say.step(s, words) for s in ("year", "before")} and len({say.step(s, words) for s in names}) == len(names)


def test_cells_that_stand_together_name_all_they_hold(words):
    frame = pd.DataFrame(
        [("A", 100, 120, 0.1, 0.2, 500, None, 5000, 4000, -1000), ("pooled", 90, 80, 0.5, 0.4, 900, 1000, 40_500, 32_000, -8500)],
        columns=["cell", *(f"{c}_{e}" for c in ("consumers", "conversion", "value_minor", "gmv_minor") for e in ("then", "now")),
                 "difference_minor"],
    )  # fmt: skip
    rows = say.cell_rows(frame, ["L", "none"], STAGES, words)
    assert (
        rows.cell[1] == f"{words('neither')} + Loyal"
        and "–" in rows.value[0]
        and set(say.cell_columns(words)) == set(rows)
    )


def crowd(*rows):
    columns = ["cell", "consumers", "buyers", "gmv_minor", "before_minor", "rate", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[1:5], "Int64") | dict.fromkeys(columns[5:], "Float64"))


NAMES = {"a": "Young", "b": "Old", "": "?", "none": "outside"}
CROWDS = crowd(("a", 400, 40, 9000, 4000, 0.1, 0.08, 0.12), ("b", 300, 6, 1000, 0, 0.02, 0.01, 0.03),
               ("", 50, 25, 90_000, 1, 0.5, 0.4, 0.6), ("none", 9999, 50, 99_000, 1, 0.005, 0.004, 0.006))  # fmt: skip


def test_crowds(words):
    told = valid(parts.crowds(CROWDS, 0.001, NAMES, words))
    assert "Young" in told.short and "90%" in told.text and "10.0%" in told.text and told.n == 700
    chance = valid(parts.crowds(CROWDS, 0.3, NAMES, words))
    assert chance.value is None and "10.0%" not in chance.text
    hidden = CROWDS.assign(**{c: CROWDS[c].mask(CROWDS.cell == "b") for c in CROWDS.columns[1:]})
    assert valid(parts.crowds(hidden, 0.001, NAMES, words)).value is None
    rows = parts.crowd_rows(hidden, NAMES, words)
    assert list(rows.change) == ["+125%", "–", *rows.change[2:]] and set(parts.crowd_columns(words)) <= set(rows)


def creative(*rows):
    columns = [
        "creative_id",
        "message",
        "format",
        "people",
        "clicked",
        "contacts",
        "clicks",
        "cost_minor",
        "rate",
        "low",
        "high",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[3:8], "Int64") | dict.fromkeys(columns[8:], "Float64"))


def test_creatives(words):
    first = ("v1", "price", "video", 900, 90, 2000, 99, 5000, 0.1, 0.09, 0.11)
    apart = creative(first, ("v2", "", "", 800, 40, 900, 41, None, 0.05, 0.04, 0.06))
    said = valid(parts.creatives(apart, words))
    assert said.value == 0.1 and said.n == 900 and "price" in said.short and "v2" in said.text
    near = creative(first, ("v2", "", "", 800, 76, 900, 80, None, 0.095, 0.08, 0.11))
    longer = valid(parts.creatives(near, words)).text
    assert words("The intervals overlap: that may be chance.") in longer and "overlap" not in said.text
    assert (
        valid(parts.creatives(creative(first), words)).value is None
        and valid(parts.creatives(creative(), words)).value is None
    )
    rows = parts.creative_rows(near, words)
    assert list(rows.cost)[1] == "–" and set(parts.creative_columns(words)) <= set(rows)


def test_businesses(words):
    found = pd.DataFrame(
        {"business": ["x", "y"], "buyers": [50, 30], "gmv_minor": [3000, 1000], "before_minor": [1500, 0]}
    ).astype(dict.fromkeys(["buyers", "gmv_minor", "before_minor"], "Int64"))
    newness = pd.DataFrame(
        {"business": ["x", "x", "y", "y"], "segment": ["new", "old"] * 2, "buyers": [20, 30, None, None]}
    )
    alone = pd.DataFrame({"business": ["x", "y"], "consumers": [70, None], "share": [0.35, None]}).astype(
        {"consumers": "Int64", "share": "Float64"})  # fmt: skip
    said = valid(parts.businesses(found, alone, words))
    assert "75%" in said.text and "35%" in said.text and "x" in said.short
    assert valid(parts.businesses(found.iloc[:1], alone, words)).value is None
    rows = parts.business_rows(found, newness, alone, alone, words)
    assert list(rows.new.astype(object).where(rows.new.notna(), None)) == [20, None] and list(rows.change) == [
        "+100%",
        "–",
    ]
    assert set(parts.business_columns(words)) <= set(rows)
