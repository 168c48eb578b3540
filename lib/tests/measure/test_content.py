"""Exposed and unexposed consumers against a recomputation from plain rows: moments, outcomes, what came before, what is lent."""

import datetime as dt
import random
from collections import Counter

import pandas as pd
import pytest

from apex.measure import content
from apex.measure.content_rules import load_content_rules
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST = dt.datetime(2024, 1, 1)
LAST = dt.date(2024, 7, 31)
PEOPLE = [f"k{n:03}" for n in range(120)]
RULES = load_content_rules()
SMALL = RULES.model_copy(
    update={"exposure": type(RULES.exposure)(periods=3, days=10, follow_days=7, look_back=20, others=2)}
)


@pytest.fixture(scope="module")
def events():
    dice, rows = random.Random(2), []
    for n in range(6000):
        brand = dice.choice("bbc")
        what = dice.choice(
            [
                "watch",
                "watch",
                "watch",
                "expose",
                "view",
                "search_brand",
                "buy",
                "cart",
                "engage",
                "join",
                "leave",
                "follow",
                "unfollow",
            ]
        )
        at = FIRST + dt.timedelta(days=dice.randrange(220), minutes=dice.randrange(1440))
        rows.append({
            "consumer_key": dice.choice(PEOPLE), "brand": brand, "category": "tea", "occurred_at": at, "behaviour": what,
            "seq": n, "content_id": dice.choice(["b0", "b1", "b2"]) if what == "watch" and brand == "b" else None,
            "duration_s": dice.choice([1.0, 2.0, 3.0, 9.0, None]) if what == "watch" else None,
            "quantity": 1 if what == "buy" else None, "value_minor": dice.randrange(1, 500) if what == "buy" else None,
        })  # fmt: skip
    rows += [{**row, "brand": None, "behaviour": "buy_category", "content_id": None, "quantity": None, "value_minor": None,
              "seq": 9000 + n} for n, row in enumerate(rows[:300])]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def warehouse(source, tmp_path_factory, events):
    folder = tmp_path_factory.mktemp("content")
    pieces = [
        {"content_id": f"b{n}", "brand": "b", "format": ("video", "note", "live")[n], "channel": "x",
         "length_s": (8.0, None, 30.0)[n], "published_at": FIRST + dt.timedelta(days=9 * n)}
        for n in range(3)
    ]  # fmt: skip
    ages = [("young", "old", None)[n % 3] for n in range(len(PEOPLE))]
    tables = {
        "items": pd.DataFrame([{"item_id": b, "brand": b, "category": "tea"} for b in "bc"]), "events": events,
        "consumers": pd.DataFrame({"consumer_key": PEOPLE, "age_band": ages}),
        "contents": pd.DataFrame(pieces),
    }  # fmt: skip
    ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
    return open_warehouse(folder / "w" / "market").until(LAST)


@pytest.fixture(scope="module")
def found(warehouse):
    return content.exposed(warehouse, "b", "tea", SMALL)


@pytest.fixture(scope="module")
def rows(warehouse, events):
    """Events by consumer_id, as the warehouse names them."""
    names = warehouse.table("events").select("consumer_id", "seq").execute().set_index("seq").consumer_id
    known = events[events.occurred_at.dt.date <= LAST]
    known = known.assign(consumer_id=known.seq.map(names), day=known.occurred_at.dt.date)
    return {int(who): part.to_dict("records") for who, part in known.groupby("consumer_id")}


def effective(row):
    long = {"b0": 8.0, "b2": 30.0}.get(row["content_id"], 10**9)
    return isinstance(row["content_id"], str) and row["duration_s"] >= min(3, 0.25 * long)  # NaN is not


def firsts(rows, span):
    seen = {}
    for who, mine in rows.items():
        good = [r for r in mine if span[0] <= r["day"] <= span[1] and effective(r)]
        if good:
            seen[who] = min(good, key=lambda r: (r["occurred_at"], r["seq"]))
    return seen


def test_periods_are_the_latest_that_can_be_followed_and_looked_back_from(warehouse):
    spans = content.periods(warehouse, SMALL.exposure)
    assert spans[1][1] == LAST - dt.timedelta(days=6) and (spans[1][1] - spans[1][0]).days == 9
    assert [spans[n][1] for n in (2, 3)] == [spans[n][0] - dt.timedelta(days=1) for n in (1, 2)]
    far = SMALL.exposure.model_copy(update={"look_back": 190})
    assert list(content.periods(warehouse, far)) == [1], "the second one would look back beyond the data"
    assert content.periods(warehouse, far.model_copy(update={"look_back": 400})) == {}


def test_the_exposed_are_those_with_an_effective_view_from_the_first_one_on(found, rows, warehouse):
    formats = {"b0": "video", "b1": "note", "b2": "live"}
    for period, span in content.periods(warehouse, SMALL.exposure).items():
        mine = found.people[(found.people.period == period) & found.people.treated].set_index("consumer_id")
        wanted = firsts(rows, span)
        assert set(mine.index) == set(wanted) and len(wanted) > 5
        for who, row in wanted.items():
            assert (
                mine["at"][who] == row["occurred_at"] and mine.arm[who] == mine.like[who] == formats[row["content_id"]]
            )


def test_the_unexposed_saw_nothing_in_the_period_and_are_lent_a_moment_of_it(found, rows, warehouse):
    for period, span in content.periods(warehouse, SMALL.exposure).items():
        seen = firsts(rows, span)
        mine = found.people[(found.people.period == period) & ~found.people.treated]
        moments = {row["occurred_at"]: who for who, row in seen.items()}
        treated = found.people[(found.people.period == period) & found.people.treated].set_index("consumer_id")
        assert (
            len(mine) and not set(mine.consumer_id) & set(seen) and mine.consumer_id.is_unique and mine.arm.isna().all()
        )
        for row in mine.itertuples():
            assert treated.like[moments[row.at]] == row.like
        assert len(mine) <= 2.6 * len(seen), "two for each, up to the chance of a hash"


class Life:
    """One consumer's rows around a moment."""

    def __init__(self, rows, at):
        self.rows, self.at, self.on = rows, at, at.date()

    def ago(self, row):
        return (self.on - row["day"]).days

    def after(self, days):
        return [r for r in self.rows if r["occurred_at"] >= self.at and self.ago(r) > -days]

    def before(self, days):
        return [r for r in self.rows if r["occurred_at"] < self.at and self.ago(r) <= days]

    def earlier(self, days, back=SMALL.exposure.follow_days):
        return [r for r in self.rows if back < self.ago(r) <= back + days]


def some(rows, *behaviours, brand="b"):
    return [r for r in rows if r["behaviour"] in behaviours and (r["brand"] == "b") == (brand == "b")]


def covariates(past, since):
    """past: days → the rows of so many days before; since: a row → days ago, from where one looks back."""
    back, kinds = SMALL.exposure.look_back, Counter(r["behaviour"] for r in past(10**5) if r["brand"] == "b")
    listed = {
        "views_lately": some(past(15), "view"), "views": some(past(back), "view"),
        "searches": some(past(back), "search_brand"), "clicks": some(past(back), "click", "engage"),
        "wanted": some(past(back), "cart"), "shown": some(past(365), "expose"), "watched": some(past(365), "watch"),
        "bought": some(past(365), "buy"), "category_met": some(past(365), "expose", "watch", brand="c"),
        "category_views": some(past(back), "view", brand="c"),
        "category_bought_lately": some(past(15), "buy", "buy_category", brand="c"),
        "category_bought": some(past(365), "buy", "buy_category", brand="c"),
    }  # fmt: skip
    status = {"member": kinds["join"] > kinds["leave"], "follower": kinds["follow"] > kinds["unfollow"]}
    last = {"since": listed["bought"], "category_since": listed["category_bought"]}
    return (
        {name: len(found) for name, found in listed.items()}
        | status
        | {name: min(map(since, found), default=365) for name, found in last.items()}
    )


def test_outcomes_and_what_came_before_are_those_of_plain_rows(found, rows):
    follow = SMALL.exposure.follow_days
    for n, person in enumerate(found.people.itertuples()):
        life = Life(rows.get(person.consumer_id, []), person.at)
        for frame, seen in ((found.outcomes, life.after(follow)), (found.before, life.before(follow))):
            for name, behaviour in content.OUTCOMES.items():
                assert frame[name][n] == bool(some(seen, behaviour))
            assert frame.gmv_minor[n] == sum(r["value_minor"] for r in some(seen, "buy"))
        for frame, past, back in ((found.covariates, life.before, 0), (found.earlier, life.earlier, follow)):
            wanted = covariates(past, lambda row, back=back, life=life: life.ago(row) - back)
            assert {name: frame[name][n] for name in wanted} == wanted
    assert found.outcomes.visited.mean() > 0.05 and found.covariates.age_band.nunique() == 2


def test_a_format_stands_beside_those_who_were_lent_its_moments(found):
    one = found.only("video")
    assert set(one.people.arm.dropna()) == {"video"} and set(one.people.like) == {"video"}
    assert (
        sum(len(found.only(arm).people) for arm in ("video", "note", "live"))
        == len(found.people)
        == len(found.only(None).people)
    )
    assert all(len(frame) == len(one.people) for frame in one)


def test_nothing_to_compare_is_no_error(warehouse, market):
    assert content.exposed(warehouse, "c", "tea", SMALL).people.empty, "a brand without content"
    bare = market([{"consumer_key": "a", "brand": "b", "occurred_at": "2024-01-01", "behaviour": "buy"}])
    nothing = content.exposed(bare, "b", None, SMALL)
    assert nothing.people.empty and list(nothing.outcomes) == [*content.OUTCOMES, "gmv_minor"]
    assert len(content.exposed(warehouse, "b", None, SMALL).people), "no main category: the brand's own past alone"
