"""Who the consumers are, against a recomputation in pandas on a random market; the eight crowds against their definitions."""

import datetime as dt
import itertools
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.errors import ApexError
from apex.ledger.rules import parse_rules
from apex.measure import crowds, people, tags
from apex.measure.grow import MARKET
from apex.measure.peers import Peers
from apex.warehouse import open_warehouse, schema
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}  # fmt: skip
STAGES = ["A", "P"]
FIRST, DAYS, WINDOW = dt.datetime(2024, 1, 1), 60, 14
DAY = (FIRST + dt.timedelta(days=49)).date()
TRAITS = {
    "city_tier": ["1", "3", "4", "6", None], "age_band": ["18-24", "25-35", "36-50", "51+", None],
    "gender": ["女", "男"], "life_stage": ["有孩", "单身"], "purchasing_power": ["L1", "L3", "L5"],
}  # fmt: skip
STRATEGIC = crowds.load_crowds("people")
GROUPS = crowds.load_crowds("groups")


@pytest.fixture(scope="module")
def consumers():
    dice = random.Random(9)
    rows = [{t: dice.choice(values) for t, values in TRAITS.items()} for _ in range(150)]
    frame = pd.DataFrame(rows).assign(consumer_key=[f"k{n:03}" for n in range(len(rows))])
    return frame.assign(
        region=frame.consumer_key, strategic_crowd=[dice.choice(["精致妈妈", "Gen Z", "其他", None]) for _ in rows]
    )


@pytest.fixture(scope="module")
def log(consumers):
    dice, rows = random.Random(2), []
    for n in range(2500):
        behaviour = dice.choice(["buy", "expose", "expose", "view"])
        rows.append({
            "consumer_key": dice.choice(consumers.consumer_key[:130]), "brand": dice.choice("bbcd"),
            "category": dice.choice(["tea", "tea", "soap"]), "behaviour": behaviour,
            "occurred_at": FIRST + dt.timedelta(days=dice.randrange(DAYS), hours=dice.randrange(24)),
            "quantity": 1 if behaviour == "buy" else None, "seq": n,
            "value_minor": dice.randrange(100, 900) if behaviour == "buy" else None,
        })  # fmt: skip
    rows += [{**rows[0], "behaviour": "expose", "quantity": None, "value_minor": None,
              "occurred_at": FIRST + dt.timedelta(days=d), "seq": 5000 + d} for d in (0, DAYS - 1)]  # fmt: skip
    return pd.DataFrame(rows).astype({"quantity": "Int64", "value_minor": "Int64"})


@pytest.fixture(scope="module")
def book(source, tmp_path_factory, log, consumers):
    folder = tmp_path_factory.mktemp("people")
    tables = {"items": pd.DataFrame({"item_id": ["i"], "brand": ["b"]}), "consumers": consumers, "events": log}
    ingest(source(folder / "files", tables), "market", folder / "w", "test")
    return ledger.ensure(open_warehouse(folder / "w").until(DAY), parse_rules(RULES))


@pytest.fixture(scope="module")
def divided(book):
    return people.division(book.warehouse, STRATEGIC, [people.RULES, "age_band"])


@pytest.fixture(scope="module")
def each(book, divided):
    asked = crowds.named(GROUPS, who="buyers", against="{stage: [P, O]}").beside(GROUPS.only(["ours", "category"]))
    return people.each(book, "b", asked, divided, STRATEGIC, DAY, "tea", WINDOW)


def by_definition(tier, age, gender, life, power):
    """The crowd of a consumer, written down once more from definitions section 9.1 (the tie-break is the order of the ifs)."""
    if pd.isna(tier) or pd.isna(age):
        return people.UNKNOWN
    if int(tier) >= 4:
        return "town-youth" if age in ("18-24", "25-35") else "town-mature"
    means = power in ("L3", "L4", "L5")
    if age == "25-35" and gender == "女" and life == "有孩" and means:
        return "supermom"
    if age == "18-24":
        return "gen-z"
    if age == "51+":
        return "urban-silver"
    if not means:
        return "blue-collar"
    return "white-collar" if age == "25-35" else "middle-class"


@pytest.fixture(scope="module")
def by_hand(log, consumers):
    """One row a consumer, in pandas alone."""
    frame = consumers.set_index("consumer_key")
    on, seen = log.occurred_at.dt.date, log[log.occurred_at.dt.date <= DAY]
    mine = seen[seen.brand == "b"]

    def stage(key, day):
        ago = mine[mine.consumer_key == key].assign(
            n=[(day - d).days for d in on[mine.index][mine.consumer_key == key]]
        )
        bought = ((ago.behaviour == "buy") & ago.n.between(0, 8)).any()
        return "P" if bought else "A" if ((ago.behaviour == "expose") & ago.n.between(0, 4)).any() else "none"

    lately = seen[(seen.category == "tea") & (on[seen.index] > DAY - dt.timedelta(days=30))].consumer_key
    start = DAY - dt.timedelta(days=WINDOW)
    bought = mine[mine.behaviour == "buy"]
    since = bought[on[bought.index] > start].groupby("consumer_key").value_minor.sum()
    frame["now"] = [stage(k, DAY) for k in frame.index]
    frame["stage"] = [s if s != "none" else "O" if k in set(lately) else "none" for k, s in frame.now.items()]
    frame["then"] = [stage(k, start) for k in frame.index]
    frame["paid"] = since.reindex(frame.index).fillna(0).astype(int)
    frame["buyer"] = frame.index.isin(bought.consumer_key)
    frame["cell"] = [by_definition(*row) for row in frame[list(TRAITS)].itertuples(index=False)]
    return frame


def test_every_combination_of_traits_is_in_the_crowd_of_its_definition(by_hand, each):
    found = each.execute().set_index("region")
    assert found.cell.reindex(by_hand.index).to_list() == by_hand.cell.to_list()
    assert set(by_hand.cell) == {*STRATEGIC.names, people.UNKNOWN}


def holds(who, row):
    """A trait expression of one consumer, in plain Python."""
    if "all" in who or "any" in who:
        return (all if "all" in who else any)(holds(w, row) for w in who.get("all") or who["any"])
    return row[who["trait"]] in (who.get("in") or [who["equals"]])


def test_the_order_of_the_file_breaks_ties_and_tiers_never_clash():
    rules = {
        name: crowd.who.model_dump(mode="json", by_alias=True, exclude_none=True)
        for name, crowd in STRATEGIC.crowds.items()
    }
    every = [dict(zip(TRAITS, values, strict=True)) for values in itertools.product(*TRAITS.values())]
    several = set()
    for row in every:
        inside = [name for name, who in rules.items() if holds(who, row)]
        assert (inside[0] if inside else people.UNKNOWN) == by_definition(*row.values())
        assert len({name.startswith("town") for name in inside}) <= 1
        several |= {tuple(inside)} if len(inside) > 1 else set()
    assert several == {("supermom", "white-collar")}, "a mother with means has a job as well: the first rule has her"


def test_stages_by_crowd(by_hand, each, divided):
    found = people.by_stage(each, divided, STAGES).set_index(["cell", "stage"]).consumers
    counts = by_hand[by_hand.stage != "none"].groupby(["cell", "stage"]).size()
    assert found[found > 0].to_dict() == counts.to_dict()
    assert len(found) == len(divided.cells) * 3 and list(divided.cells[:2]) == ["supermom", "gen-z"]


def test_two_groups_part_by_part(by_hand, each):
    found = people.parts(each, "who", "against", ["cell", "age_band"])
    ours, other = by_hand.buyer, by_hand.stage.isin(["P", "O"])
    for cut in ("cell", "age_band"):
        value = by_hand[cut].fillna("")
        rows = found[found["cut"] == cut].set_index("cell")
        for name, inside in (("both", ours & other), ("who_only", ours & ~other), ("against_only", ~ours & other)):
            assert rows[name][rows[name] > 0].to_dict() == value[inside].value_counts().to_dict(), (cut, name)
    assert found.who_only.sum() > 0, "a buyer of long ago may be aware"
    assert people.parts(each, "who", "against", []).empty


def test_conversion_adds_up_to_the_brands_sales(by_hand, each, divided, log):
    found = people.conversion(each, divided, STAGES).set_index(["cell", "stage"])
    rows = by_hand.groupby(["cell", "then"]).agg(
        consumers=("paid", "size"), buyers=("paid", lambda p: (p > 0).sum()), gmv_minor=("paid", "sum")
    )
    assert found[found.consumers > 0][list(rows)].to_dict() == rows.to_dict()
    assert (found.idle == found.consumers - found.buyers).all()
    at = people.at_a_stage(found.reset_index()).set_index("cell")
    assert at.consumers.sum() == (by_hand.then != "none").sum()
    on = log.occurred_at.dt.date
    sold = log[(log.brand == "b") & (log.behaviour == "buy") & (on <= DAY) & (on > DAY - dt.timedelta(days=WINDOW))]
    assert found.gmv_minor.sum() == sold.value_minor.sum()


def test_rules_beside_labels(by_hand, each, divided):
    found = people.agreement(each, STRATEGIC, divided, "strategic_crowd").set_index("crowd")
    told = by_hand[by_hand.strategic_crowd.notna()]
    for crowd, label in (("supermom", "精致妈妈"), ("gen-z", "Gen Z"), ("town-youth", "小镇青年")):
        ruled, given = told.cell == crowd, told.strategic_crowd == label
        expected = [(ruled & given).sum(), (ruled & ~given).sum(), (~ruled & given).sum(), (~ruled & ~given).sum()]
        assert found.loc[crowd, list(people.AGREEMENT)].to_list() == expected


def test_buyers_where_peers_meet(by_hand, each, book, log):
    met = Peers("category", "tea", pd.DataFrame({"brand": ["c"], "gmv_minor": [1], "buyers": [1]}))
    window = (DAY - dt.timedelta(days=20), DAY)
    found = people.buyers(book.warehouse, each, "b", met, window)
    on = log.occurred_at.dt.date
    bought = log[(log.category == "tea") & (log.behaviour == "buy") & (on >= window[0]) & (on <= DAY)]
    bought = bought.assign(cell=bought.consumer_key.map(by_hand.cell))
    for brand, rows in ((MARKET, bought), ("b", bought[bought.brand == "b"]), ("c", bought[bought.brand == "c"])):
        mine = found[found.brand == brand].groupby("cell")
        assert mine.buyers.sum().to_dict() == rows.groupby("cell").consumer_key.nunique().to_dict()
        assert mine.gmv_minor.sum().to_dict() == rows.groupby("cell").value_minor.sum().astype(int).to_dict()
    assert set(found.brand) == {MARKET, "b", "c"}, "of other brands nothing is known alone"


def test_the_division_is_the_first_that_the_data_know(book):
    assert people.division(book.warehouse, STRATEGIC, ["age_band", people.RULES]).cells == (
        "18-24",
        "25-35",
        "36-50",
        "51+",
        "",
    )
    needy = crowds.parse_crowds(
        {"crowds": {"a": {"name": {"en": "x", "zh": "x"}, "who": {"trait": "income_band", "equals": "1"}}}}
    )
    found = people.division(book.warehouse, needy, [people.RULES, "household", "gender"])
    assert (found.by, found.missing, found.cells) == ("gender", ("income_band",), ("女", "男", ""))
    assert people.division(book.warehouse, needy, ["household"]) == people.Division("", ("",), ("income_band",))
    both = needy.beside(STRATEGIC.only(["gen-z"]))
    assert people.computable(book.warehouse, both) == (["gen-z"], ["income_band"])


def test_a_trait_that_names_people_is_no_profile(book, divided, consumers):
    found = people.traits(book.warehouse, divided)
    assert found[0] == "cell" and {*TRAITS, "strategic_crowd"} <= set(found) and "household" not in found
    assert "region" not in found and "region" in people.traits(book.warehouse, divided, most=len(consumers))


def test_a_brand_without_category_and_traits_that_nobody_has(book):
    none = people.Division("", ("",), ())
    found = people.each(
        book, "nobody", GROUPS.only(["ours", "category", "shoppers"]), none, STRATEGIC, DAY, None, WINDOW
    )
    frame = found.execute()
    assert set(frame.cell) == {""} and not frame[["ours", "category", "shoppers"]].any(axis=None)
    assert people.by_stage(found, none, STAGES).consumers.sum() == 0


def test_whoever_is_hidden_once_stays_hidden():
    sized = pd.DataFrame({"cell": ["a", "b"], "suppressed": [True, False]})
    frame = pd.DataFrame({"cell": ["a", "a", "b"], "stage": ["A", "P", "A"], "consumers": [1, 2, 3]})
    assert people.like(frame, ["cell", "stage"], sized).suppressed.to_list() == [True, True, False]


def test_names_and_expressions_of_a_profile():
    named = crowds.named(GROUPS, who="buyers", against="{stage: [P, L]}")
    assert set(named.names) == {"buyers", "who", "against"} and named.crowds["who"].name["en"] == "our buyers"
    assert named.crowds["against"].name["zh"] == "{stage: [P, L]}"
    for text, message in (("buyer", 'Did you mean "buyers"'), ("{stagee: L}", '"stagee" is not a kind of condition'),
                          ("{stage: [", "against: not valid YAML|against:1: not valid YAML")):  # fmt: skip
        with pytest.raises(ApexError, match=message):
            crowds.named(GROUPS, against=text)
    with pytest.raises(ApexError, match='a crowd is named "buyers"'):
        crowds.named(GROUPS, buyers="shoppers")
    other = crowds.parse_crowds(
        {"crowds": {"buyers": {"name": {"en": "x", "zh": "x"}, "who": {"stage": "L"}}}}, "x.yml"
    )
    with pytest.raises(ApexError, match='x.yml: the crowd "buyers" stands in groups.yml'):
        GROUPS.beside(other)
    assert GROUPS.beside(GROUPS.only(["buyers"])).names == GROUPS.names


def test_rule_files_extend_each_other():
    base, twin = crowds.load_crowds("down-tier"), crowds.load_crowds("down-tier-twin")
    assert base.names == twin.names and twin.crowds["beauty"] == base.crowds["beauty"]
    assert (
        twin.digest("town-active") != base.digest("town-active") and twin.crowds["bargain"].name["zh"] == "9块9包邮党"
    )


def test_every_tag_with_its_coverage_and_its_age(book, log, consumers):
    found = tags.tags(book.warehouse).set_index("tag")
    assert list(found.index[-len(schema.behaviours()) :]) == list(schema.behaviours())
    seen = log[log.occurred_at.dt.date <= DAY]
    for behaviour, rows in seen.groupby("behaviour"):
        row = found.loc[behaviour]
        assert (row.consumers, row.latest) == (rows.consumer_key.nunique(), rows.occurred_at.dt.date.max())
        assert row.days == (DAY - row.latest).days and row.without == len(consumers) - row.consumers
        assert row.coverage == pytest.approx(row.consumers / len(consumers))
    assert found.loc["share", "consumers"] == 0 and pd.isna(found.loc["share", "latest"])
    for trait in TRAITS:
        assert found.loc[trait, "consumers"] == consumers[trait].notna().sum()
        assert found.loc[trait, "values"] == consumers[trait].nunique() and pd.isna(found.loc[trait, "latest"])
    assert found.loc["income_band", "consumers"] == 0 and np.isclose(found.loc["income_band", "coverage"], 0)
