"""What the wrap-up counts: goal and result, new buyers, stock, conversion, the table of results. Effects: test_say_effects."""

import pandas as pd
import pytest

from apex.measure.trade import Sales
from apex.model.estimate import NAN
from apex.report.finding import Finding
from apex.show.say import closing as say
from apex.show.words import Words

STAGES = [("A", "Aware"), ("P", "Purchased"), ("L", "Loyal")]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="4_wrapup/closing", name="x", **fields)


# --- goal and result ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gmv", "verdict", "share"),
    [
        (1_189_300, "behind", "88%"),
        (1_349_999, "careful", "99%"),
        (1_350_000, "ahead", "100%"),
        (2_700_000, "ahead", "200%"),
    ],
)
def test_the_goal_is_reached_only_when_it_is(words, gmv, verdict, share):
    said = valid(say.result(Sales(gmv, 829, 900), Sales(1_263_900, 908, 990), 1_350_000, 48, words))
    assert (said.kind, said.verdict, said.value, said.n) == ("counted", verdict, gmv, 829)
    assert f"**{share}**" in said.text and share in said.short and words.money(1_263_900) in said.text
    assert said.compared.value == 1_350_000 and said.answers == {"on_track": said.short}


def test_a_result_without_a_goal_and_without_a_period_before(words):
    now, before = Sales(1_189_300, 829, 900), Sales(1_263_900, 908, 990)
    compared = valid(say.result(now, before, None, 48, words))
    assert compared.verdict == "none" and compared.compared.value == 1_263_900 and "−6%" in compared.text
    assert compared.answers == {
        "on_track": words("No goal is set; {money} in the window", money=words.money(1_189_300))
    }
    for earlier in (Sales(0, 0, 0), Sales(55_555, 7, 8)):  # nothing, and what so few paid that it is theirs
        for goal in (None, 1_350_000):
            said = valid(say.result(now, earlier, goal, 48, words))
            assert "–" not in said.text and "%" not in said.tile.note and "555" not in str(said)
            assert said.compared is None or said.compared.value == goal


def test_a_result_of_nobody_and_of_too_few(words):
    none = valid(say.result(Sales(0, 0, 0), Sales(5000, 40, 41), 1_350_000, 48, words))
    assert (none.value, none.verdict) == (0, "behind")
    few = valid(say.result(Sales(99_123, 7, 7), Sales(5000, 40, 41), 1_350_000, 48, words))
    assert few.value is None and few.n is None and few.tile is None and "99" not in few.text
    assert few.answers == {"on_track": few.short}


def segments(new, old=(700, 900_000)):
    rows = [
        ("all", None if new[0] is None else new[0] + old[0], new[1] and new[1] + old[1]),
        ("new", *new),
        ("old", *old),
    ]
    frame = pd.DataFrame(rows, columns=["segment", "buyers", "gmv_minor"]).astype(
        {"buyers": "Int64", "gmv_minor": "Int64"}
    )
    return frame.assign(suppressed=frame.buyers.isna())


def test_new_buyers_against_the_period_before(words):
    for now, before, verdict in (
        ((125, 100_000), 103, "ahead"),
        ((103, 100_000), 125, "behind"),
        ((9, 0), 9, "careful"),
    ):
        said = valid(say.newness(segments(now), segments((before, 50_000)), 48, words))
        assert said.verdict == verdict and said.value == now[0] and said.compared.value == before
    assert "10%" in say.newness(segments((125, 100_000)), segments((1, 1)), 48, words)["text"]


def test_new_buyers_that_must_not_be_shown(words):
    earlier = valid(say.newness(segments((125, 100_000)), segments((None, None)), 48, words))
    assert (earlier.value, earlier.verdict, earlier.compared) == (125, "none", None) and "10%" in earlier.text
    now = valid(say.newness(segments((None, None)), segments((125, 100_000)), 48, words))
    assert now.value is None and now.tile is None and "hidden" not in now.text, "hidden rows may be large"


def test_bars_of_the_result_keep_what_is_suppressed(words):
    for bars in (say.sales_bars, say.buyer_bars):
        frame = bars(segments((None, None)), segments((40, 1000)), words)
        assert frame.label.nunique() == 3 and frame.value.isna().tolist() == frame.suppressed.tolist() == [
            True,
            True,
            False,
        ]
        assert frame.before[1] in (40, 1000)


# --- tables -------------------------------------------------------------------------------------------------------


def facts():
    frame = pd.DataFrame(
        [("gmv_minor", "all", 1_189_300, 1_263_900), ("gmv_minor", "new", None, 50_000), ("buyers", "all", 829, None),
         ("orders", "all", 900, 990)], columns=["measure", "segment", "actual", "comparison"],
    )  # fmt: skip
    return frame.astype({"actual": "Int64", "comparison": "Int64"})


def judged(effect, low, high, identified):
    """What `evidence.changed` gives of GMV; of buyers it was asked and not even a range was found."""
    rows = [("gmv_minor", s, effect, low, high, 900, identified) for s in ("all", "new")] + [
        ("buyers", "all", NAN, NAN, NAN, 900, False)
    ]
    return pd.DataFrame(rows, columns=["measure", "segment", "effect", "low", "high", "n", "identified"])


def test_results_are_formatted_each_in_its_unit_and_nothing_is_said_of_few(words):
    table = say.result_table(facts().merge(judged(2000.0, 400.0, 3600.0, True), how="left"), 1_350_000)
    rows = say.result_rows(table, words).set_index([table.measure.astype(str), table.segment])
    wanted = [("gmv_minor", "all"), ("gmv_minor", "new"), ("buyers", "all"), ("orders", "all")]
    whole, new, buyers, orders = (rows.loc[key] for key in wanted)
    assert whole.goal == words.money(1_350_000) and new.goal == buyers.goal == "–"
    assert whole.actual == words.money(1_189_300) and buyers.actual == "829" and buyers.comparison == new.actual != "–"
    assert whole.effect == words("{low} to {high}", low=words.signed_money(400), high=words.signed_money(3600))
    assert new.effect == "–" and buyers.effect == words("not identified") and orders.effect == "–"
    assert table.loc[table.segment == "new", ["effect", "low", "high"]].isna().all(axis=None)


def test_a_range_that_is_not_identified_says_so(words):
    table = say.result_table(facts().merge(judged(NAN, -500.0, 3600.0, False), how="left"), None)
    row = say.result_rows(table, words).iloc[0]
    assert row.effect.startswith(words("not identified")) and row.goal == "–" and table.goal.isna().all()
    unasked = say.result_rows(say.result_table(facts(), None), words)
    assert (unasked.effect == "–").all()
    assert say.result_rows(say.result_table(facts().iloc[:0], 5), words).empty


def test_stock_by_history_tells_nobody_from_suppressed(words):
    flow = pd.DataFrame(
        [("old", "L", "L", 60), ("old", "P", "L", 40), ("old", "A", "P", None), ("new", "none", "A", 70),
         ("new", "A", "none", 30)],
        columns=["segment", "from_stage", "to_stage", "consumers"],
    ).astype({"consumers": "Int64"})  # fmt: skip
    table = say.stock_by_history(flow, STAGES, words)
    new, old = table.iloc[:3], table.iloc[3:]
    assert list(new.eve) == ["30", "0", "0"] and list(new.end) == ["70", "0", "0"]
    assert list(old.eve) == [words.suppressed(), "40", "60"] and list(old.end) == ["0", words.suppressed(), "100"]
    more = pd.concat([flow, flow.iloc[[2]].assign(from_stage="P")])
    assert say.stock_by_history(more, STAGES, words).eve.iloc[4] == "≥ 40"
    assert (say.stock_by_history(flow.iloc[:0], STAGES, words)[["eve", "end"]] == "0").all(axis=None)


def test_conversion_names_the_cells(words):
    frame = pd.DataFrame(
        {"cell": ["none", "O", "A"], "rate": [0.01, None, 0.3], "low": [0.0, None, 0.2], "high": [0.1, None, 0.4]}
    )
    bars = say.conversion_bars(frame, STAGES, words)
    assert list(bars.label) == [words("neither"), words("Opportunity"), "Aware"] and bars.value.isna().tolist() == [
        False,
        True,
        False,
    ]


def test_claims_fit_where_numbers_are_large(words):
    huge = Sales(123_456_789_012, 12_345_678, 1)
    for goal in (None, 99_999_999_999_99):
        valid(say.result(huge, huge, goal, 365, words))
    wide = segments((123_456_789, 99_999_999_999), (987_654_321, 99_999_999_999))
    valid(say.newness(wide, wide, 365, words))
