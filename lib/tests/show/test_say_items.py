"""What the page of items says, in cases a brand really has: hits, none, too few, hidden, no views, no market, nobody."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.item_rules import load_item_rules
from apex.report.finding import Finding
from apex.show.say import item_roles as bonds
from apex.show.say import item_tables as tables
from apex.show.say import items as say
from apex.show.words import Words

NAMES = {"a": "Green tea", "b": "Black tea", "long": "A very long name of an item that nobody can read (long)"}
STEP = {"next_step": "Do this."}


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


@pytest.fixture(scope="module")
def rules():
    return load_item_rules()


def valid(fields):
    """The fields make a finding, whatever the case."""
    return Finding(notebook="1_insight/items", name="x", **fields)


def shelf(**gmv):
    """A portfolio with GMV by stage, one item each; None hides it."""
    stages = ["launch", "hit", "idle", "rest"]
    values = [gmv.get(stage, 0) for stage in stages]
    return pd.DataFrame({
        "stage": pd.Categorical(stages, stages, ordered=True), "items": 1, "gmv_minor": pd.array(values, "Int64"),
        "buyers": pd.array([None if v is None else 30 for v in values], "Int64"), "orders": 1,
        "suppressed": [v is None for v in values],
    })  # fmt: skip


def test_the_headline_with_hits_without_and_hidden(words):
    found = valid(say.portfolio(shelf(hit=700, rest=300), shelf(hit=500, rest=500), 28, 364, STEP, words))
    assert found.value == 0.7 and found.compared.value == 0.5 and found.verdict == "careful" and "70%" in found.short
    assert found.next_step == "Do this." and found.tile.value == "70%" and found.n == 4
    few = valid(say.portfolio(shelf(hit=100, rest=900), shelf().iloc[:0], 28, 0, {}, words))
    assert few.verdict == "none" and few.compared is None and few.next_step is None
    hidden = valid(say.portfolio(shelf(hit=None, rest=900), shelf(hit=500, rest=500), 28, 364, STEP, words))
    assert "50%" not in hidden.text and hidden.value == 1 and hidden.tile is None
    nothing = valid(say.portfolio(shelf().iloc[:0], shelf().iloc[:0], 28, 0, STEP, words))
    assert nothing.short == words("No item on the shelf")
    unsold = valid(say.portfolio(shelf(), shelf(), 28, 28, {}, words))
    assert unsold.value == 1 and unsold.tile is None


def chances(*values, **more):
    rows = [{"item_id": i, "days": d, "chance": c, "low": None if c is None else c / 2,
             "high": None if c is None else min(2 * c, 1), "sales": 3, "learned": 400,
             "suppressed": c is None} for i, d, c in values]  # fmt: skip
    columns = ["item_id", "days", "chance", "low", "high", "sales", "learned", "suppressed"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("chance", "low", "high"), "Float64"))
    return frame.assign(**more)


def test_the_forecast_names_an_item_only_where_one_is_likely(words):
    told = tables.chances(chances(("a", 14, 0.4), ("b", 0, 0.05), ("c", 0, None)), NAMES, 90, words)
    assert list(told["item"]) == ["Green tea", "Black tea", "c"]
    found = valid(say.forecast(told, 7, 0.8, words))
    assert "Green tea" in found.short and (found.value, found.low, found.high) == (0.4, 0.2, 0.8) and found.n == 400
    assert "Green tea" in found.next_step and words("at day {n}", n=90) in found.text and "20%" in found.text
    none = valid(say.forecast(tables.chances(chances(("b", 0, 0.05)), NAMES, 90, words), 7, 0.8, words))
    assert none.verdict == "behind" and "Black tea" not in none.next_step
    for empty in (chances(), chances(("c", 0, None))):
        assert valid(say.forecast(tables.chances(empty, NAMES, 90, words), 7, 0.8, words)).kind == "not identified"


def trials(*rows):
    names = ["days", "ranking", "precision", "gain", "gain_low", "gain_high", "origins"]
    frame = pd.DataFrame(list(rows), columns=names)
    return frame.assign(
        low=frame.precision / 2, high=frame.precision * 1.5, picks=60, hits=1.0, candidates=500, base=0.03, ceiling=0.6
    )


def test_the_precision_beside_best_sellers_ahead_by_chance_and_behind(words):
    both = trials((0, "model", 0.4, 0, 0, 0, 6), (0, "sales", 0.2, 0.2, 0.1, 0.3, 6), (0, "near", 0.35, 0.05, -0.1, 0.2, 6),
                 (-1, "model", 0.2, 0, 0, 0, 6), (-1, "sales", 0.15, 0.05, -0.1, 0.2, 6))  # fmt: skip
    found = valid(say.precision(both, tables.NEXT, 10, words))
    assert found.verdict == "ahead" and found.value == 0.4 and found.compared.value == 0.2 and found.tile.value == "40%"
    assert words("sales over the category's standard") in found.text and "35%" in found.text
    assert "+5" in found.text, "and those that were no hits of late"
    chance = valid(say.precision(both.assign(gain_low=-0.1), tables.NEXT, 10, words))
    assert chance.verdict == "careful" and words("The difference may be chance: {gain}.", gain="")[:4] in chance.text
    behind = valid(say.precision(both.assign(gain=-0.2, gain_low=-0.3, gain_high=-0.1), tables.NEXT, 10, words))
    assert behind.verdict == "behind"
    for origins in (1, 6):
        launch = trials((14, "model", 0.4, 0, 0, 0, origins), (14, "sales", 0.2, 0.2, 0.1, 0.3, origins),
                       (14, "brand", 0.6, -0.2, -0.3, 0.1, origins))  # fmt: skip
        found = valid(say.precision(launch, 14, 10, words))
        assert words("size of the brand before") in found.next_step and found.tile is None
    assert valid(say.precision(both.iloc[:0], tables.NEXT, 10, words)).kind == "not identified"


def test_the_tables_of_tests_are_in_order_and_say_the_lead_in_points(words):
    both = trials((14, "sales", 0.2, 0.2, 0.1, 0.3, 6), (14, "model", 0.4, 0, 0, 0, 6), (-1, "model", 0.2, 0, 0, 0, 6),
                 (0, "near", 0.1, 0.1, 0, 0.2, 6), (0, "model", 0.3, 0, 0, 0, 6), (0, "sales", 0.1, 0.2, 0, 0.4, 6))  # fmt: skip
    shown = tables.tested(tables.ordered(both), words)
    assert list(shown.days) == [0, 0, 0, -1, 14, 14] and list(shown.ranking[:3]) == ["model", "sales", "near"]
    assert shown.ahead[0] == "–" and "+20" in shown.ahead[1] and set(tables.tested_columns(words)) <= set(shown)
    bars = tables.raced(tables.ordered(both), 0, words)
    assert (
        list(bars.value[:2]) == [0.3, 0.1]
        and bars.label.iloc[-1] == words("Drawn by lot")
        and bars.value.iloc[-1] == 0.03
    )
    assert tables.raced(both, 7, words).empty and tables.tested(tables.ordered(both.iloc[:0]), words).empty


def test_moves_to_a_hit_and_away(words):
    moves = pd.DataFrame([(0, "none", "launch", 2), (0, "launch", "hit", 3), (1, "hit", "rest", 1), (1, "rest", "rest", 6)],
                         columns=["period", "from_stage", "to_stage", "items"])  # fmt: skip
    found = valid(say.moves(moves, 2, 28, [], words))
    assert found.value == 0.4 and found.n == 10 and found.verdict == "ahead" and "3" in found.short
    assert valid(say.moves(moves.iloc[:1], 2, 28, [], words)).short == words("No moves to show")
    square = tables.squared(moves)
    assert square.consumers.sum() == 12 and set(square.from_party) == {"none", "launch", "hit", "rest"}


def bands(*rows):
    frame = pd.DataFrame(list(rows), columns=["band", "share", "low", "high", "others_share", "gmv_minor", "buyers"])
    types = dict.fromkeys(("share", "low", "high", "others_share"), "Float64") | {
        "gmv_minor": "Int64",
        "buyers": "Int64",
    }
    return frame.astype(types).assign(suppressed=frame.buyers.isna(), orders=2 * frame.buyers)


BANDS = {"low": "Low", "mid": "Mid", "high": "High"}


def test_price_bands_with_market_without_hidden_and_empty(words):
    held = bands(
        ("low", 0.7, 0.6, 0.8, 0.3, 700, 50), ("mid", 0.3, 0.2, 0.4, 0.3, 300, 30), ("high", 0.0, None, None, 0.4, 0, 0)
    )
    found = valid(say.prices(held, BANDS, 7, words))
    assert found.compared.value in (0.3, 0.4) and found.verdict == "careful" and "High" in found.text and found.n == 160
    gap = valid(say.prices(held[1:], BANDS, 7, words))
    assert "High" in gap.short and "40%" in gap.next_step and gap.low is None
    alone = valid(say.prices(held.assign(others_share=pd.NA), BANDS, 3, words))
    assert alone.value == 0.7 and alone.compared is None
    nothing = bands(("low", None, None, None, 0.3, None, None))
    assert valid(say.prices(nothing, BANDS, 7, words)).short == words("No price bands to show")
    assert list(tables.price_bars(held, BANDS).label) == ["Low", "Mid", "High"]


def pairs(*rows):
    frame = pd.DataFrame(list(rows), columns=["item_a", "item_b", "orders", "lift", "low", "high", "clear"])
    return frame.astype({"orders": "Int64", "lift": "Float64", "low": "Float64", "high": "Float64"}).assign(
        expected=5.0
    )


def test_pairs_found_none_and_too_few(words):
    some = pairs(("a", "long", 40, 2.5, 1.9, 3.1, True), ("a", "b", 30, 1.1, 0.9, 1.3, False))
    found = valid(bonds.together(some, NAMES, 10, words))
    assert found.value == 2.5 and "Green tea" in found.next_step and "(long)" in found.text and len(found.short) <= 60
    assert valid(bonds.together(some[1:], NAMES, 10, words)).short == words("No pair goes together beyond chance")
    hidden = some.assign(lift=pd.NA, low=pd.NA, high=pd.NA)
    for nothing in (some.iloc[:0], hidden):
        assert valid(bonds.together(nothing, NAMES, 10, words)).kind == "not identified"
    shown = tables.paired(pd.concat([some, hidden.iloc[:1]]), NAMES, words)
    assert list(shown.told) == [words("yes"), words("no"), "–"] and set(tables.pair_columns(words)) <= set(shown)


def test_other_categories_found_none_and_too_few(words):
    frame = pd.DataFrame({"category": ["milk", "soap"], "ours": [200, 90], "share_ours": [0.4, 0.2], "share_others": [0.2, 0.2],
                          "ratio": [1.1, 0.5], "low": [0.9, 0.4], "high": [1.3, 0.6], "clear": [False, True]})  # fmt: skip
    shown = tables.liked(frame, words)
    assert list(shown.category) == ["soap", "milk"], "what is beyond chance first"
    found = valid(bonds.elsewhere(shown, "tea", words))
    assert found.value == 0.5 and found.next_step is None and "soap" in found.short
    more = valid(bonds.elsewhere(tables.liked(frame.assign(ratio=2.0, low=1.5, high=3.0), words), "tea", words))
    assert "soap" in more.next_step
    assert valid(bonds.elsewhere(shown[1:], "tea", words)).value == 0
    assert valid(bonds.elsewhere(shown.iloc[:0], "tea", words)).kind == "not identified"


def roles(kind, *rows):
    frame = pd.DataFrame(
        list(rows),
        columns=["item_id", kind if kind != "repeat" else "followed", "share", "ratio", "low", "high", "clear"],
    )
    frame = frame.rename(columns={c: f"{kind}_{c}" for c in ("share", "ratio", "low", "high", "clear")})
    numbers = [f"{kind}_{c}" for c in ("share", "ratio", "low", "high")]
    frame = frame.astype(dict.fromkeys(numbers, "Float64") | {kind if kind != "repeat" else "followed": "Int64"})
    ends = {f"{kind}_share_low": 0.01, f"{kind}_share_high": 0.9, f"{kind}_plain": 0.3}
    return frame.assign(**ends)


@pytest.mark.parametrize("kind", ["firsts", "returns"])
def test_who_recruits_and_who_brings_back(words, kind):
    def said(frame, number=500):
        rows = tables.role_rows(frame, kind, NAMES, words)
        found = bonds.recruits(rows, number, words) if kind == "firsts" else bonds.brings_back(rows, number, 90, words)
        return rows, valid(found)

    frame = roles(
        kind,
        ("b", 50, 0.1, 2.0, 1.5, 2.6, True),
        ("a", 90, 0.5, 1.0, 0.9, 1.1, False),
        ("c", None, None, None, None, None, False),
    )
    rows, found = said(frame)
    assert "Black tea" in found.text and found.value == 2.0 and "Black tea" in found.next_step and found.n == 500
    assert list(rows.told) == [words("no"), words("yes"), "–"] and list(rows["item"])[:2] == ["Green tea", "Black tea"]
    assert set(tables.role_columns(kind, words)) <= set(rows)
    bars = tables.role_bars(rows, kind, 12)
    assert list(bars) == ["label", "value", "low", "high", "before"] and len(bars) == 2
    _, none = said(frame[1:])
    assert none.value == 1.0 and none.next_step is None and "Green tea" in none.text
    for empty, number in ((frame[2:], 500), (frame.iloc[:0], 0)):
        assert said(empty, number)[1].value is None


def test_after_which_first_item_consumers_order_again(words):
    frame = roles("repeat", ("b", 50, 0.1, 0.4, 0.2, 0.7, True), ("a", 90, 0.5, 1.1, 0.9, 1.3, False))
    rows = tables.role_rows(frame, "repeat", NAMES, words)
    found = valid(bonds.again(rows, 60, words))
    assert found.value == 0.4 and found.n == 50 and "Black tea" in found.text and "0.4" in found.text
    chance = valid(bonds.again(rows[rows.item_id == "a"], 60, words))
    assert chance.value == 1.1 and chance.short == words("No first item stands out by repeat")
    assert valid(bonds.again(rows.iloc[:0], 60, words)).kind == "not identified"


def test_the_rules_are_described_and_what_is_not_known_is_marked(words, rules):
    shown = tables.described(rules, ["cover_days", "age_days"], words)
    assert len(shown) == len(rules.names) and shown.stage.iloc[-1] == rules.names["rest"][words.language]
    tail = shown.rule[5]
    assert words("{bound} (left out)", bound="")[-4:] in tail and "≤ −30%" in tail
    assert words("{bound} (not known)", bound="")[-3:] in shown.rule[1], "a bound that must be known"
    lacking = say.absent(["cover_days", "cart_percentile"], 0.5, 0.0, words)
    assert len(lacking) == 4 and any("50%" in text for text in lacking) and say.absent([], 0.0, 1.0, words) == []


def test_the_shelf_and_its_bars(words, rules):
    stages = tables.stage_names(rules, words)
    items = pd.DataFrame({"item_id": ["a", "b"], "stage": ["hit", "rest"], "age_days": [np.inf, 12.0], "sales": [3, None],
                          "suppressed": [False, True]}).astype({"sales": "Int64"})  # fmt: skip
    shown = tables.shelf(items, NAMES, stages, words)
    assert list(shown.age) == [words("before the data"), "12"] and shown.stage_name[0] == dict(stages)["hit"]
    bars = tables.portfolio_bars(shelf(hit=700, rest=300))
    assert bars.value.sum() == 1 and bars.before.sum() == 1 and set(bars.label) == {"launch", "hit", "idle", "rest"}
    assert tables.portfolio_bars(shelf(hit=None, rest=3)).value.isna().all()
    assert tables.brief(NAMES, "long").endswith("(long)") and len(tables.brief(NAMES, "long")) <= tables.LONGEST
    assert tables.brief(NAMES, "a") == "Green tea" and tables.brief({}, "x") == "x"
