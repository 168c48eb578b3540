"""Points with and without contact and what followed them, recomputed in plain Python; trials too."""

import datetime as dt
import random

import numpy as np
import pandas as pd
import pytest

from apex import ledger
from apex.ledger.rules import parse_rules
from apex.measure import moved_trials, moves
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "I", "name": {"en": "Interested", "zh": "兴趣"},
         "any": [{"behaviour": ["click", "view", "cart"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
    ],
}  # fmt: skip
WINDOW = {"expose": 5, "click": 5, "view": 5, "cart": 5, "buy": 9}
DEPTH = {"expose": 1, "click": 2, "view": 2, "cart": 2, "buy": 3}
FIRST, LAST = dt.date(2024, 1, 1), 119
SPAN = (40, 104)


@pytest.fixture(scope="module")
def log():
    dice = random.Random(5)
    rows = []
    for n in range(1500):
        behaviour = dice.choice(["expose", "expose", "click", "view", "cart", "buy"])
        medium = dice.choice(["tv", "web"]) if behaviour in ("expose", "click") else dice.choice(["walk", None])
        rows.append(
            {
                "consumer_key": f"c{dice.randrange(40)}", "brand": dice.choice("bbbc"), "behaviour": behaviour,
                "occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=dice.randrange(LAST + 1), minutes=n % 600),
                "seq": n, "channel": medium, "category": "tea", "value_minor": 100 + n if behaviour == "buy" else None,
                "quantity": 1,
            }
        )  # fmt: skip
    rows.append(rows[0] | {"occurred_at": dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=LAST), "seq": 9999})
    return rows


@pytest.fixture
def book(tmp_path, source, canonical, log):
    folder = tmp_path
    tables = canonical(log)
    kinds = {"tv": "video", "web": "display", "walk": "free"}
    tables["channels"] = pd.DataFrame([{"channel": c, "site": "on", "kind": k} for c, k in kinds.items()])
    spend = [
        {"day": day(d), "brand": "b", "channel": "tv", "buying": "auction", "impressions": 10, "cost_minor": 7}
        for d in range(LAST)
    ]
    tables["spend"] = pd.DataFrame(spend)
    trial = {"experiment_id": "t", "brand": "b", "unit": "consumer", "first_day": day(60), "last_day": day(70)}
    late = trial | {"experiment_id": "late", "last_day": day(110)}
    tables["experiments"] = pd.DataFrame([trial, late])
    arms = [(e, f"c{n}", "control" if n % 3 == 0 else "treated") for e in ("t", "late") for n in range(40)]
    tables["assignments"] = pd.DataFrame(arms, columns=["experiment_id", "consumer_key", "arm"]).assign(
        assigned_at=day(60)
    )
    ingest(source(folder / "files", tables), "market", folder / "market", "test")
    return ledger.ensure(open_warehouse(folder / "market"), parse_rules(RULES))


def day(number):
    return FIRST + dt.timedelta(days=number)


def number(event):
    return (event["occurred_at"].date() - FIRST).days


def stage(mine, on):
    return max((DEPTH[e["behaviour"]] for e in mine if 0 <= on - number(e) < WINDOW[e["behaviour"]]), default=0)


def moved(mine, of, first, last):
    """Deeper than `of` on some day by something that is no exposure, or buying, from first to last."""
    active = [e for e in mine if first <= number(e) <= last and e["behaviour"] != "expose"]
    return any(DEPTH[e["behaviour"]] > of or e["behaviour"] == "buy" for e in active)


def band(value, name):
    return sum(value >= at for at in moves.ENTRIES[name])


def on(mine, t, back, kinds):
    """Days of the `back` before t with an event of these kinds."""
    return len({number(e) for e in mine if t - back <= number(e) < t and e["behaviour"] in kinds})


def by_hand(log, ids):
    """Every point: (consumer, t) → its columns."""
    out = {}
    for key, consumer in ids.items():
        every = [e for e in log if e["consumer_key"] == key]
        mine = [e for e in every if e["brand"] == "b"]
        for t in range(SPAN[0], SPAN[1] + 1):
            met = {e["channel"] for e in mine if number(e) == t and e["channel"] in ("tv", "web")}
            if not met and (consumer - (FIRST + dt.timedelta(days=t)).toordinal()) % moves.EVERY:
                continue
            at = stage(mine, t - 1)
            seen = {number(e) for e in every if t - 60 <= number(e) < t}
            if not at and not any(n >= t - 30 for n in seen):
                continue

            bought = sorted({number(e) for e in mine if number(e) < t and e["behaviour"] == "buy"})
            sold = [number(e) for e in every if t - 60 <= number(e) < t and e["behaviour"] == "buy"]
            figures = {
                "orders": len(bought), "recency": t - bought[-1] if bought else moves.NEVER,
                "visits": on(mine, t, 28, ("click", "view", "cart")), "lately": on(mine, t, 7, ("click", "view", "cart")),
                "carts": on(mine, t, 28, ("cart",)), "contacts": on(mine, t, 28, ("expose", "click")),
                "category_days": sum(n >= t - 28 for n in seen), "category_recency": t - max(sold) if sold else moves.NEVER,
            }  # fmt: skip
            after = [e for e in mine if t <= number(e) < t + 15]
            out[consumer, (day(t) - dt.date(1970, 1, 1)).days // 15, len(out)] = {
                "cell": "OAIP"[at], "met": ("tv" in met) + 2 * ("web" in met),
                "moved": int(moved(mine, at, t, t + 14)),
                "gmv_minor": sum(e["value_minor"] for e in after if e["behaviour"] == "buy"),
                **{k: band(v, k) for k, v in figures.items()},
            }  # fmt: skip
    return out


@pytest.fixture
def ids(book, log):
    """consumer key → consumer_id, told by what each bought: every price is there once."""
    events = book.warehouse.table("events").execute()
    bought = events[events.behaviour == "buy"].set_index("value_minor").consumer_id
    return {e["consumer_key"]: int(bought[e["value_minor"]]) for e in log if e["behaviour"] == "buy"}


def test_points_by_hand(book, log, ids):
    seen = moves.counted(book, "b", "tea", [(day(SPAN[0]), day(SPAN[1]))])
    assert seen.channels == ["tv", "web"]
    hand = by_hand(log, ids)
    rows = [{"consumer_id": c, "cohort": n, **row} for (c, n, _), row in hand.items()]
    names = ["consumer_id", "cohort", "cell", "met", "moved", "gmv_minor", *moves.KNOWN]
    expected = pd.DataFrame(rows)[names].sort_values(names, ignore_index=True)
    got = seen.points[names].sort_values(names, ignore_index=True)
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)
    assert set(got.cell) == set("OAIP")
    assert (got.met == 0).sum() > 20 and (got.met == 3).sum() > 3 and 0 < got.moved.mean() < 1
    assert (seen.points.bucket == seen.points.consumer_id % moves.BUCKETS).all()


def test_a_contact_alone_moves_nobody(market):
    """Two consumers at O are exposed on the same day; only the one who looks by herself later has moved."""

    def at(n, key, behaviour, brand="b", channel=None):
        moment = dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=n)
        return {"consumer_key": key, "brand": brand, "behaviour": behaviour, "occurred_at": moment, "channel": channel,
                "category": "tea"}  # fmt: skip

    log = [at(50, k, "view", "c") for k in ("quiet", "looks")] + [
        at(60, k, "expose", channel="tv") for k in ("quiet", "looks")
    ]
    log += [at(62, "quiet", "expose", channel="tv"), at(65, "looks", "view"), at(119, "quiet", "view")]
    warehouse = market(log)
    events = warehouse.table("events").execute()
    looks = int(events[events.occurred_at.dt.date == day(65)].consumer_id.iloc[0])
    points = moves.counted(ledger.ensure(warehouse, parse_rules(RULES)), "b", "tea", [(day(55), day(100))]).points
    met = points[points.met > 0]
    assert sorted(met.cell) == ["A", "O", "O"]
    assert met[met.moved == 1].consumer_id.to_list() == [looks]


def test_days_whose_outcome_lies_ahead_are_left_out(book):
    late = (day(LAST - 13), day(LAST))
    empty = moves.counted(book, "b", "tea", [late])
    assert empty.channels == [] and empty.points.empty
    cut = moves.counted(book, "b", "tea", [(day(SPAN[0]), day(LAST))])
    whole = moves.counted(book, "b", "tea", [(day(SPAN[0]), day(LAST - 14))])
    pd.testing.assert_frame_equal(cut.points, whole.points)


def test_contacted_consumers_and_costs(book, log, ids):
    seen = moves.counted(book, "b", "tea", [(day(SPAN[0]), day(SPAN[1]))])
    found = moves.contacted(seen)
    hand = by_hand(log, ids)
    for cell in "OAIP":
        mine = {c for (c, _, _), row in hand.items() if row["cell"] == cell and row["met"] & 1}
        assert found.get((cell, "tv"), 0) == len(mine)
        every = {c for (c, _, _), row in hand.items() if row["cell"] == cell and row["met"]}
        assert found.get((cell, "all"), 0) == len(every)
    paid = moves.costs(book, "b", [(day(40), day(49))]).set_index("channel")
    assert paid.cost_minor.tv == 70 and pd.isna(paid.cost_minor.web)
    met = {
        (e["consumer_key"], number(e))
        for e in log
        if e["brand"] == "b" and e["channel"] == "web" and 40 <= number(e) < 50
    }
    assert paid.days.web == len(met)


def test_on_trips_days_without_contact_are_days_of_buying(book, log, ids):
    points = moves.counted(book, "b", "tea", [(day(SPAN[0]), day(SPAN[1]))], in_trips=True).points
    free = points[points.met == 0]
    trips = 0
    for key, consumer in ids.items():
        mine = [e for e in log if e["consumer_key"] == key]
        bought = {number(e) for e in mine if e["behaviour"] == "buy" and SPAN[0] <= number(e) <= SPAN[1]}
        met = {number(e) for e in mine if e["brand"] == "b" and e["channel"] in ("tv", "web")}
        trips += sum(
            1 for t in bought - met
            if stage([e for e in mine if e["brand"] == "b"], t - 1) or any(t - 30 <= number(e) < t for e in mine)
        )  # fmt: skip
        assert consumer
    assert len(free) == trips > 50


def test_trials_by_hand(book, log, ids):
    seen = moved_trials.trials(book, "b", "tea")
    assert set(seen.people.experiment_id) == {"t"}  # the other one's days may not be seen whole
    people = seen.people.set_index("consumer_id")
    contacts = {}
    for key, consumer in ids.items():
        every = [e for e in log if e["consumer_key"] == key]
        mine = [e for e in every if e["brand"] == "b"]
        at = stage(mine, 59)
        if not at and not any(30 <= number(e) < 60 for e in every):
            assert consumer not in people.index
            continue
        row = people.loc[consumer]
        assert (row.cell, bool(row.treated)) == ("OAIP"[at], int(key[1:]) % 3 != 0)
        assert row.moved == moved(mine, at, 60, 84)
        for t, channel in {(number(e), e["channel"]) for e in mine if e["channel"] in ("tv", "web")}:
            then = stage(mine, t - 1)
            if 60 <= t <= 70 and then <= at:
                place = (consumer, channel, "OAIP"[then])
                contacts[place] = contacts.get(place, 0) + 1
    got = {(c.consumer_id, c.channel, c.cell): c.days for c in seen.contacts.itertuples()}
    assert got == contacts and len(got) > 5


def test_no_trial_no_rows(book):
    empty = moved_trials.trials(book, "c", "tea")
    assert empty.people.empty and empty.contacts.empty
    assert np.ndim(empty.people.columns) == 1
