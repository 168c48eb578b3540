"""START's counts against a recomputation in pandas on a small random market with all that can go wrong in one."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex.measure import start
from apex.measure.content_rules import load_content_rules
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

FIRST = dt.datetime(2024, 1, 1)
LAST, DAYS = dt.date(2024, 5, 31), 100
RULES = load_content_rules()
PEOPLE = [f"k{n:02}" for n in range(40)]


@pytest.fixture(scope="module")
def frames():
    """Contents and events of b, c, d: pieces without creator, item or length, views of unknown duration, too early, too late."""
    dice = random.Random(5)
    contents = [
        {"content_id": f"{b}{n}", "brand": b, "format": dice.choice(["video", "live", "note"]), "channel": dice.choice("xy"),
         "creator": dice.choice(["ann", "bo", None]), "item_id": dice.choice([f"i{b}0", f"i{b}1", None]),
         "length_s": dice.choice([8.0, 40.0, 4000.0, None]),
         "published_at": FIRST + dt.timedelta(days=dice.randrange(20, 170), minutes=dice.randrange(1440))}
        for b in "bcd" for n in range(8)
    ]  # fmt: skip
    events, pieces = [], {c["content_id"]: c for c in contents}

    def add(who, brand, at, behaviour, **more):
        row = dict.fromkeys(["content_id", "item_id", "duration_s", "quantity", "value_minor"])
        events.append(row | {"consumer_key": who, "brand": brand, "occurred_at": at, "behaviour": behaviour, "category": "tea",
                             "seq": len(events)} | more)  # fmt: skip

    for _ in range(1500):
        piece = pieces[dice.choice(list(pieces))]
        who, brand = dice.choice(PEOPLE), piece["brand"]
        at = piece["published_at"] + dt.timedelta(days=dice.randrange(-2, 35), minutes=dice.randrange(1440))
        add(who, brand, at, dice.choice(["watch"] * 8 + ["expose", "engage", "share"]), content_id=piece["content_id"],
            duration_s=dice.choice([None, 1.0, 2.0, 3.0, 8.0, 39.0]))  # fmt: skip
        for _ in range(dice.choice([0, 0, 1, 2])):
            seen = at + dt.timedelta(minutes=dice.randrange(-60, 1600))
            item = dice.choice([f"i{brand}0", f"i{brand}1", None])
            add(who, brand, seen, "view", item_id=item)
            if dice.random() < 0.5:
                paid = seen + dt.timedelta(days=dice.randrange(-1, 18), minutes=dice.randrange(300))
                add(who, brand, paid, "buy", item_id=dice.choice([f"i{brand}0", f"i{brand}1"]), quantity=1,
                    value_minor=dice.randrange(1, 900))  # fmt: skip
    for n in range(30):
        add(dice.choice(PEOPLE), dice.choice("bcd"), FIRST + dt.timedelta(days=n * 5), "expose")
    return pd.DataFrame(contents), pd.DataFrame(events)


@pytest.fixture(scope="module")
def warehouse(source, tmp_path_factory, frames):
    folder = tmp_path_factory.mktemp("start")
    contents, events = frames
    items = pd.DataFrame([{"item_id": f"i{b}{n}", "brand": b, "category": "tea"} for b in "bcd" for n in (0, 1)])
    people = pd.DataFrame({"consumer_key": PEOPLE})
    tables = {"items": items, "consumers": people, "events": events, "contents": contents}
    ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
    return open_warehouse(folder / "w" / "market").until(LAST)


def band(number, starts):
    return str(max([s for s in starts if s <= number], default=starts[0]))


def by_hand(contents, events, brand, others, rules):
    """(scope, cut, cell) → the columns of `start`, from lists and sets of plain rows."""
    events = events[events.occurred_at.dt.date <= LAST]
    first = LAST - dt.timedelta(days=DAYS - 1)
    known = contents[(contents.published_at.dt.date >= first) & (contents.published_at.dt.date <= LAST)]
    known = {
        c["content_id"]: c for c in known.replace({np.nan: None}).to_dict("records") if c["brand"] in [brand, *others]
    }
    rows = events.sort_values(["occurred_at", "seq"]).replace({np.nan: None}).to_dict("records")
    began = {}
    for e in rows:
        if e["brand"] == brand:
            began.setdefault(e["consumer_key"], e["occurred_at"])
    met, number, seeds = [], {}, {}
    for e in rows:
        piece = known.get(e["content_id"])
        if piece is None:
            continue
        age = (e["occurred_at"].date() - piece["published_at"].date()).days
        if not 0 <= age < rules.ripe_days:
            continue
        who, long, seconds = e["consumer_key"], piece["length_s"], e["duration_s"]
        watched = e["behaviour"] == "watch" and seconds is not None
        good = watched and (
            seconds >= rules.effective.seconds or bool(long and seconds >= rules.effective.share * long)
        )
        finish = good and long is not None and long <= rules.completed.longest_s
        met.append({
            "piece": piece, "who": who, "age": band(age, rules.ages), "viewer": e["behaviour"] in ("watch", "expose"),
            "impressions": watched or e["behaviour"] == "expose", "effective": good, "completable": finish,
            "completed": finish and seconds >= rules.completed.share * long, "interactions": e["behaviour"] in rules.interactions,
            "fresh": e["behaviour"] in ("watch", "expose") and piece["brand"] == brand and e["occurred_at"] <= began[who],
        })  # fmt: skip
        if good:
            number[who, piece["brand"]] = number.get((who, piece["brand"]), 0) + 1
            key = who, piece["content_id"], e["occurred_at"].date()
            seeds.setdefault(
                key, (e["occurred_at"], band(age, rules.ages), band(number[who, piece["brand"]], rules.repeats))
            )
    cells = {}

    def places(piece, more):
        values = {"all": "all", "format": piece["format"], "channel": piece["channel"], "creator": piece["creator"],
                  "item": piece["item_id"], "content": piece["content_id"], **more}  # fmt: skip
        for cut, cell in values.items():
            if cell is None:
                continue
            if piece["brand"] == brand:
                yield "own", cut, cell
            if cut in ("all", "format", "content"):
                yield "market", cut, cell

    def at(place, who):
        empty = {c: set() for c in ("viewers", "fresh", "seeds", "guided", "followed", "sold", "buys")}
        empty |= dict.fromkeys(("impressions", "effective", "completable", "completed", "interactions"), 0)
        return cells.setdefault(place, {}).setdefault(who, empty)

    for m in met:
        for place in places(m["piece"], {"age": m["age"]}):
            mine = at(place, m["who"])
            for c in ("impressions", "effective", "completable", "completed", "interactions"):
                mine[c] += m[c]
            if m["viewer"] or m["interactions"]:
                mine["viewers"].add(1)
            if m["fresh"]:
                mine["fresh"].add(1)
    for (who, content, day), (moment, age, repeat) in seeds.items():
        piece = known[content]
        visits = [e for e in rows if e["consumer_key"] == who and e["brand"] == piece["brand"]
                  and e["behaviour"] in rules.guided.behaviours and e["occurred_at"] >= moment
                  and 0 <= (e["occurred_at"].date() - day).days < rules.guided.within_days]  # fmt: skip
        end = rules.guided.within_days - 1 + rules.sale.within_days - 1
        closed = day + dt.timedelta(days=end) <= LAST
        bought = [
            (e["seq"], e["value_minor"]) for v in visits for e in rows
            if closed and e["consumer_key"] == who and e["brand"] == piece["brand"] and e["behaviour"] == "buy"
            and e["occurred_at"] >= v["occurred_at"]
            and (e["occurred_at"].date() - v["occurred_at"].date()).days < rules.sale.within_days
            and (rules.sale.of == "brand" or e["item_id"] in (v["item_id"] or "-", piece["item_id"] or "-"))
        ]  # fmt: skip
        for place in places(piece, {"age": age, "repeat": repeat}):
            mine = at(place, who)
            mine["seeds"].add(content)
            if visits:
                mine["guided"].add(content)
            if visits and closed:
                mine["followed"].add(content)
            if bought:
                mine["sold"].add(content)
                mine["buys"] |= set(bought)
    found = {}
    for place, people in cells.items():
        lives = [
            {"viewers": len(p["viewers"]), "effective_viewers": bool(p["seeds"]), "visitors": bool(p["guided"]),
             "closed": bool(p["followed"]), "buyers": bool(p["sold"]), "fresh": len(p["fresh"]),
             **{c: p[c] for c in ("impressions", "effective", "completable", "completed", "interactions")},
             **{c: len(p[c]) for c in start.PAIRS}, "gmv_minor": sum(v for _, v in p["buys"])}
            for p in people.values()
        ]  # fmt: skip
        sums = {c: sum(int(life[c]) for life in lives) for c in [*start.PEOPLE, *start.SUMS]}
        found[place] = sums | {f"{a}·{b}": sum(float(life[a]) * life[b] for life in lives) for a, b in start.PRODUCTS}
    return {place: sums for place, sums in found.items() if any(sums.values())}


@pytest.mark.parametrize("change", [{}, {"sale": {"within_days": 3, "of": "brand"}, "guided": {"behaviours": ["view"],
                                                                                               "within_days": 2}}])  # fmt: skip
def test_every_column_of_every_cell_is_counted_as_by_hand(warehouse, frames, change):
    rules = type(RULES).model_validate(RULES.model_dump() | change)
    found = start.start(warehouse, "b", ["c"], rules, DAYS)
    counted = {tuple(row[k] for k in start.KEYS): {c: row[c] for c in row if c not in start.KEYS}
               for row in found.to_dict("records")}  # fmt: skip
    counted = {place: row for place, row in counted.items() if any(row.values())}
    wanted = by_hand(*frames, "b", ["c"], rules)
    assert counted.keys() == wanted.keys()
    for place, row in wanted.items():
        assert counted[place] == row, place
    whole = counted["own", "all", "all"]
    assert min(whole["viewers"], whole["visitors"]) > 10 and whole["buyers"] > 0 and whole["followed"] < whole["guided"]
    assert whole["fresh"] > 0 and counted["own", "repeat", "5"]["seeds"] > 0


def test_a_consumer_of_several_pieces_counts_once_and_pieces_of_others_are_seen_only_in_the_market(warehouse):
    found = start.start(warehouse, "b", ["c"], RULES, DAYS).set_index(start.KEYS)
    formats = found.loc["own"].loc["format"].viewers
    assert formats.sum() > found.viewers["own", "all", "all"] > formats.max()
    assert not found.loc["own"].loc["content"].index.str.startswith("c").any()
    assert found.impressions["market", "all", "all"] > found.impressions["own", "all", "all"]


def test_views_by_age_are_effective_ones_of_the_first_days_of_pieces_that_are_out(warehouse, frames):
    contents, events = frames
    found = start.life(warehouse, ["b", "c"], RULES, DAYS)
    known = start.pieces(warehouse, ["b", "c"], DAYS)
    assert set(known.content_id) < set(contents.content_id) and (known.published <= LAST).all()
    both = events.merge(contents[["content_id", "length_s", "published_at"]], on="content_id")
    both = both[
        (both.behaviour == "watch") & both.content_id.isin(known.content_id) & (both.occurred_at.dt.date <= LAST)
    ]
    good = (both.duration_s >= 3) | (both.duration_s >= 0.25 * both.length_s)
    age = (both.occurred_at.dt.normalize() - both.published_at.dt.normalize()).dt.days
    wanted = both[good & (age >= 0)].assign(age=age).groupby(["content_id", "age"]).size()
    assert found.set_index(["content_id", "age"]).views.to_dict() == wanted.to_dict()


def test_without_contents_everything_is_empty(market):
    bare = market([{"consumer_key": "a", "brand": "b", "occurred_at": "2024-01-01", "behaviour": "buy"}])
    assert start.pieces(bare, ["b"]).empty and start.start(bare, "b", [], RULES, 9).empty
    assert start.life(bare, ["b"], RULES, 9).empty
