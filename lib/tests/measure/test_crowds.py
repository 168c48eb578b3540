"""Crowds against a recomputation in plain Python on random logs: every condition, the edges of windows, what is unknown."""

import datetime as dt
import itertools
import json
import random

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from apex import ledger
from apex.errors import ApexError
from apex.ledger.rules import parse_rules
from apex.measure import crowds
from apex.warehouse import open_warehouse
from apex.warehouse.ingest import ingest

RULES = {
    "name": "small",
    "stages": [
        {"id": "A", "name": {"en": "Aware", "zh": "认知"}, "any": [{"behaviour": ["expose"], "within_days": 5}]},
        {"id": "P", "name": {"en": "Bought", "zh": "购买"}, "any": [{"behaviour": ["buy"], "within_days": 9}]},
        {"id": "L", "name": {"en": "Loyal", "zh": "忠诚"},
         "any": [{"behaviour": ["buy"], "at_least": 2, "within_days": 9}]},
    ],
}  # fmt: skip
CELLS = ["none", "O", "A", "P", "L"]
FIRST, DAYS, T = dt.date(2024, 1, 1), 60, 49
BRAND, CATEGORY = "o'Br\"ien; --", "c'1"
HOSTILE = 'say "hi"; --'  # a trait
CONSUMERS = [f"c{n}" for n in range(30)]


def date_of(n):
    return FIRST + dt.timedelta(days=n)


@pytest.fixture(scope="module")
def log():
    """Sixty days of two brands, three categories and events without a brand; some consumers do nothing at all."""
    dice = random.Random(11)
    found = []
    for _ in range(700):
        behaviour = dice.choice(["expose", "expose", "buy", "buy", "cart", "review", "search_category"])
        brand = None if behaviour == "search_category" else dice.choice([BRAND, BRAND, "rival"])
        found.append(
            {
                "consumer_key": dice.choice(CONSUMERS[:26]), "brand": brand, "behaviour": behaviour,
                "category": CATEGORY if brand is None else dice.choice([CATEGORY, CATEGORY, "c2", None]),
                # midnight and the last moment of a day belong to that day
                "occurred_at": dt.datetime.combine(date_of(dice.randrange(DAYS)), dt.time())
                + dice.choice([dt.timedelta(0), dt.timedelta(hours=13), dt.timedelta(days=1) - dt.timedelta(microseconds=1)]),
                "channel": dice.choice(["tv", "web", "o'web", None]),
                "quantity": 1 if behaviour == "buy" else None,
                "value_minor": dice.choice([100, 250, 900]) if behaviour == "buy" else None,
                "discount_minor": dice.choice([None, 0, 30]) if behaviour == "buy" else None,
                "score": dice.choice([1.0, 4.0, None]) if behaviour == "review" else None,
            }
        )  # fmt: skip
    edges = {"brand": BRAND, "behaviour": "expose", "category": None, "channel": None}
    found += [
        {**edges, "consumer_key": "c0", "occurred_at": dt.datetime.combine(date_of(n), dt.time())}
        for n in (0, DAYS - 1)
    ]
    frame = pd.DataFrame(found)
    for column in ("quantity", "value_minor", "discount_minor"):
        frame[column] = frame[column].astype("Int64")
    return frame


@pytest.fixture(scope="module")
def traits():
    return {c: {"city_tier": [None, "1", "2"][n % 3], HOSTILE: ["yes", None][n % 2]} for n, c in enumerate(CONSUMERS)}


@pytest.fixture(scope="module")
def book(log, traits, tmp_path_factory):
    """The log as a warehouse with its ledger, and consumer_id by key."""
    from types import SimpleNamespace

    from apex.warehouse.sources import Feed

    folder = tmp_path_factory.mktemp("crowds")
    tables = {
        "items": pd.DataFrame({"item_id": ["i"], "brand": [BRAND]}),
        "consumers": pd.DataFrame([{"consumer_key": c, **traits[c]} for c in CONSUMERS]).rename(
            columns={HOSTILE: "loves"}
        ),
        "events": log.assign(seq=range(len(log))),
    }
    paths = {name: folder / f"{name}.parquet" for name in tables}
    for name, frame in tables.items():
        frame.to_parquet(paths[name], index=False)

    def feeds(con, files):
        for name, path in files.items():
            rows = con.sql(f"SELECT *, file_row_number + 1 AS line FROM read_parquet('{path}', file_row_number = true)")
            yield Feed(name, rows, name)

    source = SimpleNamespace(
        TIMEZONE="Asia/Shanghai", CURRENCY="CNY", PUBLIC=True, files=lambda: paths, feeds=feeds,
        ABOUT={"en": "a test", "zh": "测试"}, LICENCE="none", NOTES=[],
    )  # fmt: skip
    ingest(source, "market", folder / "warehouse", "test")
    for path in (folder / "warehouse" / "consumers").glob("*.parquet"):
        rows = pq.read_table(path)
        pq.write_table(rows.rename_columns([HOSTILE if c == "loves" else c for c in rows.column_names]), path)
    return ledger.ensure(open_warehouse(folder / "warehouse"), parse_rules(RULES))


@pytest.fixture(scope="module")
def ids():
    """consumer_id of each key, as the public hash makes it."""
    import hashlib
    import hmac

    from apex.warehouse.keys import PUBLIC_KEY

    def one(key):
        return int.from_bytes(hmac.digest(PUBLIC_KEY, key.encode(), hashlib.sha256)[:8], "big") >> 1

    return {one(key): key for key in CONSUMERS}


def parse(**expressions):
    """Crowds from expressions by name, `-` written as `_`."""
    names = {"en": "x", "zh": "x"}
    content = {n.replace("_", "-"): {"name": names, "who": who} for n, who in expressions.items()}
    return crowds.parse_crowds({"crowds": content}, "test.yml")


class ByHand:
    """Who is in an expression, from the definitions alone: no ledger, no engine. Days are numbers, T is the day asked."""

    def __init__(self, log, traits, t, category=CATEGORY):
        self.traits, self.t, self.category = traits, t, category
        events = log.assign(n=[(m.date() - FIRST).days for m in log.occurred_at])
        self.events = [e for e in events.astype(object).where(events.notna(), None).to_dict("records") if e["n"] <= t]
        self.mine = {c: [e for e in self.events if e["consumer_key"] == c] for c in CONSUMERS}
        self.seen = {}

    def stage(self, consumer, n):
        """0 … 3 at the end of day n."""
        mine = [e for e in self.mine[consumer] if e["brand"] == BRAND]
        bought = {e["n"] for e in mine if e["behaviour"] == "buy" and n - 9 < e["n"] <= n}
        aware = any(e["behaviour"] == "expose" and n - 5 < e["n"] <= n for e in mine)
        return 3 if len(bought) >= 2 else 2 if bought else 1 if aware else 0

    def cell(self, consumer, n):
        stage = self.stage(consumer, n)
        near = any(e["category"] == self.category and n - 30 < e["n"] <= n for e in self.mine[consumer])
        return CELLS[stage + 1] if stage else "O" if near else "none"

    def scoped(self, scope, days, consumer):
        rows = [e for e in self.mine[consumer] if self.t - days < e["n"] <= self.t]
        if scope == "brand":
            return [e for e in rows if e["brand"] == BRAND]
        return [e for e in rows if scope == "market" or e["category"] == self.category]

    def paid(self, scope, days, consumer):
        return sum(e["value_minor"] for e in self.scoped(scope, days, consumer) if e["behaviour"] == "buy")

    def holds(self, who, consumer, crowds=None):
        key = json.dumps(who), consumer
        if key not in self.seen:
            self.seen[key] = self.find(who, consumer, crowds)
        return self.seen[key]

    def find(self, who, consumer, crowds):
        def listed(value):
            return [value] if isinstance(value, str) else value

        if "all" in who:
            return all(self.holds(w, consumer, crowds) for w in who["all"])
        if "any" in who:
            return any(self.holds(w, consumer, crowds) for w in who["any"])
        if "not" in who:
            return not self.holds(who["not"], consumer, crowds)
        if "crowd" in who:
            return self.holds(crowds[who["crowd"]], consumer, crowds)
        if "trait" in who:
            value = self.traits[consumer][who["trait"]]
            if "missing" in who:
                return (value is None) == who["missing"]
            return value in (who.get("in") or [who["equals"]])
        if "stage" in who:
            n = self.t - who.get("days_ago", 0)
            if self.cell(consumer, n) not in listed(who["stage"]):
                return False
            now = self.stage(consumer, n)
            history = [self.stage(consumer, m) for m in range(0, n + 1)]
            if "at_least_days" in who or "at_most_days" in who:
                if not any(history):  # never at a stage: it is not known how long
                    return False
                came = max((m for m in range(1, n + 1) if history[m] != history[m - 1]), default=0)
                held = n - came
                if not who.get("at_least_days", 0) <= held <= who.get("at_most_days", 10**6):
                    return False
            if "expires_within_days" in who:
                return any(self.stage(consumer, n + k) < now for k in range(1, who["expires_within_days"] + 1))
            return True
        if "spent" in who:
            paid = self.paid(who["spent"], who["within_days"], consumer)
            if not who.get("min_minor", -1) <= paid <= who.get("max_minor", 10**9):
                return False
            if "top" in who:
                others = [p for c in CONSUMERS if (p := self.paid(who["spent"], who["within_days"], c)) > 0]
                return paid > 0 and sum(p > paid for p in others) / len(others) < who["top"]
            return True
        rows = self.scoped(who.get("of", "brand"), who["within_days"], consumer)
        rows = [e for e in rows if e["behaviour"] in listed(who["behaviour"])]
        if "channel" in who:
            rows = [e for e in rows if e["channel"] in listed(who["channel"])]
        if "discounted" in who:
            rows = [e for e in rows if ((e["discount_minor"] or 0) > 0) == who["discounted"]]
        if "min_value_minor" in who:
            rows = [e for e in rows if (e["value_minor"] or 0) >= who["min_value_minor"]]
        if "min_score" in who:
            rows = [e for e in rows if (e["score"] or 0) >= who["min_score"]]
        times = len(rows) if who.get("distinct") == "event" else len({e["n"] for e in rows})
        least = who.get("at_least", 0 if "at_most" in who else 1)
        return least <= times <= who.get("at_most", 10**9)


def found(book, ids, parsed, t=T, **options):
    """{crowd: set of consumer keys} by the library."""
    options = {"category": CATEGORY} | options
    frame = crowds.members(book, BRAND, parsed, date_of(t), **options).execute()
    assert len(frame) == len(CONSUMERS)
    assert not frame.isna().any().any()
    return {name: {ids[i] for i in frame.consumer_id[frame[name]]} for name in parsed.names}


SINGLE = [
    {"trait": "city_tier", "equals": "1"},
    {"trait": "city_tier", "in": ["1", "2"]},
    {"trait": "city_tier", "missing": True},
    {"trait": "city_tier", "missing": False},
    {"trait": HOSTILE, "equals": "yes"},
    {"trait": "city_tier", "equals": "'; DROP TABLE consumers; --"},
    *({"stage": s} for s in [*CELLS, ["A", "L"], ["none", "O"], ["O", "P"]]),
    *({"stage": s, "days_ago": 7} for s in CELLS),
    *({"stage": s, "at_least_days": 2} for s in CELLS),
    *({"stage": s, "at_most_days": 3} for s in CELLS),
    {"stage": ["P", "L"], "at_least_days": 1, "at_most_days": 4, "days_ago": 3},
    *({"stage": ["A", "P", "L"], "expires_within_days": d} for d in (1, 2, 3, 5, 8)),
    *({"behaviour": "buy", "within_days": w} for w in (1, 2, 7, 49, 50, 3000)),
    *({"behaviour": ["expose", "cart"], "within_days": 20, "at_least": k} for k in (1, 2, 3, 4)),
    *({"behaviour": ["expose", "buy"], "within_days": 20, "at_most": k} for k in (0, 1, 2, 3)),
    *({"behaviour": "buy", "within_days": 30, "at_least": k, "at_most": k} for k in (1, 2, 3)),
    *({"behaviour": "buy", "within_days": 30, "at_least": k, "distinct": "event"} for k in (1, 2, 5)),
    *({"behaviour": ["buy", "search_category"], "within_days": 12, "of": s} for s in ("brand", "category", "market")),
    {"behaviour": "expose", "within_days": 15, "channel": "tv"},
    {"behaviour": "expose", "within_days": 25, "channel": ["web", "o'web"], "at_least": 2},
    {"behaviour": "expose", "within_days": 25, "channel": "nowhere"},
    {"behaviour": "buy", "within_days": 25, "discounted": True},
    {"behaviour": "buy", "within_days": 25, "discounted": False, "at_least": 2},
    {"behaviour": "buy", "within_days": 25, "min_value_minor": 250, "at_least": 2},
    {"behaviour": "review", "within_days": 25, "min_score": 4},
    *({"spent": s, "within_days": 20, "min_minor": 350} for s in ("brand", "category", "market")),
    {"spent": "brand", "within_days": 20, "max_minor": 0},
    {"spent": "market", "within_days": 40, "min_minor": 250, "max_minor": 1250},
    *({"spent": s, "within_days": 40, "top": p} for s, p in (("brand", 0.2), ("category", 0.5), ("market", 0.9))),
    {"spent": "brand", "within_days": 40, "top": 0.5, "max_minor": 1500},
]


MIDDLE = len(SINGLE) // 2  # conditions that differ in one thing only stay together, so that a mix-up would show
HALVES = [{f"x{i}": who for i, who in enumerate(part)} for part in (SINGLE[:MIDDLE], SINGLE[MIDDLE:])]


@pytest.mark.parametrize("who", HALVES, ids=["first half", "second half"])
def test_every_single_condition(book, ids, log, traits, who):
    by_hand = ByHand(log, traits, T)
    sets = found(book, ids, parse(**who))
    wrong = [w for x, w in who.items() if sets[x] != {c for c in CONSUMERS if by_hand.holds(w, c)}]
    assert not wrong
    telling = [x for x in who if 0 < len(sets[x]) < len(CONSUMERS)]
    assert len(telling) > 0.75 * len(who)  # else this test would say little


def random_expression(dice, names, depth=0):
    kind = dice.choice(["leaf", "leaf", "all", "any", "not", "crowd"] if depth < 3 else ["leaf"])
    if kind == "leaf" or (kind == "crowd" and not names):
        return dice.choice(SINGLE)
    if kind == "crowd":
        return {"crowd": dice.choice(names)}
    if kind == "not":
        return {"not": random_expression(dice, names, depth + 1)}
    return {kind: [random_expression(dice, names, depth + 1) for _ in range(dice.randint(1, 3))]}


@pytest.mark.parametrize("seed", range(4))
def test_nested_expressions_sizes_and_overlaps(book, ids, log, traits, seed):
    dice, who = random.Random(seed), {}
    for n in range(15):
        who[f"x{n}"] = random_expression(dice, list(who))
    t = dice.choice([20, 35, T])
    by_hand = ByHand(log, traits, t)
    expected = {name: {c for c in CONSUMERS if by_hand.holds(w, c, who)} for name, w in who.items()}
    parsed = parse(**who)
    assert found(book, ids, parsed, t) == expected

    asked = crowds.members(book, BRAND, parsed, date_of(t), category=CATEGORY)
    tally = crowds.tally(asked)
    sizes = crowds.sizes(tally)
    assert dict(zip(sizes.crowd, sizes.consumers, strict=True)) == {n: len(m) for n, m in expected.items()}
    pairs = crowds.overlaps(tally)
    assert list(zip(pairs.crowd_a, pairs.crowd_b, strict=True)) == list(itertools.combinations(parsed.names, 2))
    for row in pairs.itertuples():
        a, b = expected[row.crowd_a], expected[row.crowd_b]
        assert (row.consumers, row.only_a, row.only_b) == (len(a & b), len(a - b), len(b - a))
    staged = crowds.by_stage(tally)
    want = {(n, s): k for n, m in expected.items() for s in CELLS if (k := sum(by_hand.cell(c, t) == s for c in m))}
    assert {(r.crowd, r.stage): r.consumers for r in staged.itertuples()} == want
    again = crowds.tally(asked.to_pyarrow())  # the answer brought back once gives the same
    pd.testing.assert_frame_equal(again.counts, tally.counts)
    assert tally.counts.consumers.sum() == len(CONSUMERS)


def test_windows_end_with_the_day_and_begin_w_days_before(market, day):
    at = dt.datetime(2024, 1, 10)
    log = [("first", at), ("last", at + dt.timedelta(days=1, microseconds=-1)), ("next", at + dt.timedelta(days=1))]
    log = [{"consumer_key": k, "brand": "b", "occurred_at": m, "behaviour": "cart"} for k, m in log]
    book = ledger.ensure(market([*log, {**log[0], "occurred_at": dt.datetime(2024, 2, 9)}]), parse_rules(RULES))
    parsed = parse(w5={"behaviour": "cart", "within_days": 5})
    counts = [int(crowds.members(book, "b", parsed, day(n)).w5.sum().execute()) for n in (9, 10, 13, 14, 15)]
    assert counts == [2, 3, 3, 1, 0]  # day 9 is seen on days 9 … 13, day 10 on days 10 … 14


def test_opportunity_is_thirty_days_of_the_category_without_a_stage(market, day):
    at = dt.datetime(2024, 1, 10, 23)  # day 9
    log = [
        {"consumer_key": "near", "brand": "rival", "category": "c", "occurred_at": at, "behaviour": "view"},
        {"consumer_key": "ours", "brand": "b", "category": "c", "occurred_at": at, "behaviour": "expose"},
        {"consumer_key": "searched", "brand": None, "category": "c", "occurred_at": at, "behaviour": "search_category"},
        {"consumer_key": "elsewhere", "brand": "rival", "category": "d", "occurred_at": at, "behaviour": "view"},
        {
            "consumer_key": "later",
            "brand": "rival",
            "category": "d",
            "occurred_at": dt.datetime(2024, 3, 1),
            "behaviour": "view",
        },
    ]
    book = ledger.ensure(market(log), parse_rules(RULES))
    parsed = parse(o={"stage": "O"}, before={"stage": "O", "days_ago": 2}, neither={"stage": "none"})

    def sizes(n):
        return crowds.sizes(crowds.tally(crowds.members(book, "b", parsed, day(n), category="c"))).consumers.tolist()

    assert sizes(9) == [2, 0, 2]  # ours is aware
    assert sizes(11) == [2, 2, 2]
    assert sizes(14) == [3, 2, 2]  # ours is aware on days 9 … 13 only
    assert sizes(38) == [3, 3, 2]
    assert sizes(39) == [0, 3, 5]  # day 9 is seen on days 9 … 38
    assert sizes(41) == [0, 0, 5]


def test_the_unknown_equals_nothing_and_not_makes_it_everything(book, ids, traits):
    parsed = parse(
        one={"trait": "city_tier", "equals": "1"},
        other={"not": {"trait": "city_tier", "equals": "1"}},
        known={"all": [{"trait": "city_tier", "missing": False}, {"not": {"trait": "city_tier", "equals": "1"}}]},
    )
    sets = found(book, ids, parsed)
    unknown = {c for c in CONSUMERS if traits[c]["city_tier"] is None}
    assert unknown <= sets["other"] and sets["one"] | sets["other"] == set(CONSUMERS)
    assert sets["known"] == sets["other"] - unknown


def test_nobody_sees_the_future(book, ids, log, traits):
    parsed = parse(**HALVES[1])
    whole, cut = book, ledger.ensure(book.warehouse.until(date_of(25)), book.rules)
    assert found(whole, ids, parsed, 25) == found(cut, ids, parsed, 25)
    by_hand = ByHand(log, traits, 25)
    expected = {x: {c for c in CONSUMERS if by_hand.holds(who, c)} for x, who in HALVES[1].items()}
    assert found(cut, ids, parsed, 25) == expected
    with pytest.raises(ApexError, match=r"lies outside what may be seen, 2024-01-01 to 2024-01-26"):
        crowds.members(cut, BRAND, parsed, date_of(26), category=CATEGORY)


def test_spend_columns_and_priority(book, ids, log, traits):
    parsed = parse(b={"stage": "L"}, a={"stage": ["L", "P"]})
    frame = crowds.members(
        book, BRAND, parsed, date_of(T), category=CATEGORY, spend=("brand", "category", "market"), spend_days=20
    ).execute()
    by_hand = ByHand(log, traits, T)
    for scope in ("brand", "category", "market"):
        assert frame[f"{scope}_minor"].tolist() == [by_hand.paid(scope, 20, ids[i]) for i in frame.consumer_id]
    assert frame.stage.tolist() == [by_hand.cell(ids[i], T) for i in frame.consumer_id]
    first = crowds.priority(frame, parsed.names)
    assert first.fillna("-").tolist() == frame.stage.map({"L": "b", "P": "a"}).fillna("-").tolist()


def test_worth_is_the_sum_over_stages(book):
    tally = crowds.tally(
        crowds.members(book, BRAND, parse(a={"stage": CELLS}, b={"stage": "L"}), date_of(T), category=CATEGORY)
    )
    staged = crowds.by_stage(tally)
    conversion = {s: i / 10 for i, s in enumerate(CELLS)}
    value = {s: [100.0, 1000.0 * i] for i, s in enumerate(CELLS)}
    worth = crowds.worth(tally, conversion, value)
    for crowd in ("a", "b"):
        rows = staged[staged.crowd == crowd].itertuples()
        each = [(r.consumers * conversion[r.stage], value[r.stage]) for r in rows]
        assert worth.loc[crowd].tolist() == pytest.approx([sum(n * v[d] for n, v in each) for d in (0, 1)])
    del conversion["L"]
    with pytest.raises(ApexError, match='no rate is given for the stage "L"'):
        crowds.worth(tally, conversion, value)


def test_one_consumer_and_a_market_without_the_brand(market, day):
    event = {"consumer_key": "only", "brand": "b", "occurred_at": dt.datetime(2024, 1, 3), "behaviour": "buy"}
    book = ledger.ensure(market([event]), parse_rules(RULES))
    parsed = parse(p={"stage": "P"}, never={"behaviour": "buy", "within_days": 9, "at_most": 0})
    tally = crowds.tally(crowds.members(book, "b", parsed, day(2)))
    assert crowds.sizes(tally).consumers.tolist() == [1, 0]
    assert crowds.sizes(crowds.tally(crowds.members(book, "nobody's", parsed, day(2)))).consumers.tolist() == [0, 1]
    assert crowds.overlaps(tally).consumers.tolist() == [0]
    nobody = crowds.tally(crowds.members(book, "b", parsed, day(2)).filter(False))
    assert crowds.sizes(nobody).consumers.tolist() == [0, 0]
    assert crowds.worth(nobody, {}, {})[0].tolist() == [0.0, 0.0]


def test_what_the_data_do_not_hold_is_said(book):
    parsed = parse(
        a={"any": [{"behaviour": ["cart", "join"], "within_days": 9, "channel": ["tv", "radio"]}, {"stage": "A"}]},
        b={"trait": "city_tier", "in": ["1", "9"]},
        c={"not": {"crowd": "b"}},
        d={"spent": "category", "within_days": 9, "min_minor": 1},
        e={"stage": ["none", "O"]},
    )
    lacking = crowds.unseen(book, parsed, date_of(T))
    assert [tuple(r) for r in lacking.itertuples(index=False)] == [
        ("a", "behaviour", "join"), ("a", "channel", "radio"), ("b", "trait", "city_tier=9"), ("d", "category", ""),
    ]  # fmt: skip
    with pytest.raises(ApexError, match=r"test.yml: crowds.d.who: needs the brand's main category"):
        crowds.members(book, BRAND, parsed, date_of(T))
    assert parsed.without(["d"]).names == ("a", "b", "c", "e")
    assert parsed.without(["b"]).names == ("a", "d", "e")  # with what refers to it
    crowds.members(book, BRAND, parsed.without(["d"]), date_of(T)).execute()
    with pytest.raises(ApexError, match="no crowd is left"):
        parsed.without(parsed.names)


WRONG = [
    ({"stag": "L"}, r'test.yml: crowds.x.who: "stag" is not a kind of condition. Did you mean "stage"?'),
    ({"stage": "L", "behaviour": "buy"}, "crowds.x.who: stage and behaviour are two conditions; put them into `all"),
    ({"all": [{"behaviour": "bye", "within_days": 9}]}, r'who.all\[0\]: "bye" is not a behaviour. Did you mean "buy"'),
    (
        {"any": [{"behaviour": "buy", "within_day": 9}]},
        r'who.any\[0\].within_day: "within_day" is not a key here. Did you',
    ),
    ({"behaviour": "buy"}, "who.within_days: this key is missing"),
    ({"behaviour": "buy", "within_days": 0}, "who.within_days: Input should be greater than or equal to 1"),
    ({"behaviour": "buy", "within_days": "9"}, "who.within_days: Input should be a valid integer"),
    ({"behaviour": "buy", "within_days": 9, "at_least": 3, "at_most": 2}, "the least times, 3, lies above the most, 2"),
    ({"behaviour": "buy", "within_days": 9, "at_least": 0}, "at_least: 0 is true of everybody"),
    ({"spent": "market", "within_days": 9}, "money takes min_minor, max_minor or top"),
    ({"spent": "shop", "within_days": 9, "min_minor": 1}, '"shop" is not known. Known: brand, category, market'),
    ({"trait": "region"}, "a trait takes exactly one of equals, in, missing"),
    ({"trait": "region", "equals": False}, r"who.equals: .* Put it in quotes"),
    ({"trait": "region", "in": [7]}, r"who.in\[0\]: .* Put it in quotes"),
    ({"stage": "O", "expires_within_days": 3}, "O is no stage and does not expire"),
    ({"stage": "L", "expires_within_days": 3, "days_ago": 1}, "cannot be asked days_ago"),
    ({"not": [{"stage": "L"}]}, r"who.not: a condition is a mapping like {stage: L}"),
    ({"all": []}, "who.all: List should have at least 1 item"),
    ({"crowd": "xx"}, r'test.yml: crowds.x.who: there is no crowd "xx". Did you mean "x"'),
    ({"not": {"crowd": "x"}}, "refer to each other in a circle: x → x"),
]


@pytest.mark.parametrize(("who", "said"), WRONG, ids=[json.dumps(who)[:40] for who, _ in WRONG])
def test_what_is_wrong_is_named_with_its_place(who, said):
    with pytest.raises(ApexError, match=said):
        parse(x=who)


def test_sixty_crowds_and_no_more():
    assert len(parse(**{f"x{n}": {"stage": "L"} for n in range(60)}).names) == 60
    with pytest.raises(ApexError, match="at most 60"):
        parse(**{f"x{n}": {"stage": "L"} for n in range(61)})


def test_circles_and_mountains_are_refused():
    with pytest.raises(ApexError, match="in a circle: b → c → b"):
        parse(a={"crowd": "b"}, b={"not": {"crowd": "c"}}, c={"any": [{"stage": "L"}, {"crowd": "b"}]})
    deep = {"stage": "L"}
    for _ in range(50):
        deep = {"not": deep}
    with pytest.raises(ApexError, match="more than 40 levels deep"):
        parse(x=deep)
    twice = {"c0": {"stage": "L"}} | {f"c{n}": {"all": [{"crowd": f"c{n - 1}"}] * 2} for n in range(1, 30)}
    with pytest.raises(ApexError, match="conditions with its references"):
        parse(**twice)


@pytest.mark.parametrize("name", ["Loyal", "a_b", "1a", "a b", 'a"; --', "", "stage", "none", "x" * 41])
def test_a_crowds_name_is_plain(name):
    crowd = {"name": {"en": "x", "zh": "x"}, "who": {"stage": "L"}}
    with pytest.raises(ApexError, match="test.yml: crowds"):
        crowds.parse_crowds({"crowds": {name: crowd}}, "test.yml")


def test_files_are_read_strictly(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("crowds:\n  a:\n    name: {en: a, zh: a}\n    who: {stage: L, stage: P}\n", encoding="utf-8")
    with pytest.raises(ApexError, match='mine.yml:4: the key "stage" stands twice, first at mine.yml:4'):
        crowds.load_crowds(path)
    path.write_text("crowds: &a {b: *a}", encoding="utf-8")
    with pytest.raises(ApexError, match=r"mine.yml: "):
        crowds.load_crowds(path)
    path.write_text("crowds: [", encoding="utf-8")
    with pytest.raises(ApexError, match="mine.yml:1: not valid YAML"):
        crowds.load_crowds(path)
    with pytest.raises(ApexError, match='no file of crowds "crowd" .* Did you mean "crowds"'):
        crowds.load_crowds("crowd")


def test_unknown_stages_and_traits_are_named(book):
    with pytest.raises(ApexError, match=r'crowds.x.who.not: the rules "small" have no stage "I".'):
        crowds.members(book, BRAND, parse(x={"not": {"stage": "I"}}), date_of(T))
    with pytest.raises(ApexError, match=r'who: consumers have no trait "city_teir". Did you mean "city_tier"'):
        crowds.members(book, BRAND, parse(x={"trait": "city_teir", "missing": True}), date_of(T))
    with pytest.raises(ApexError, match=r'no trait "consumer_id"'):
        crowds.members(book, BRAND, parse(x={"trait": "consumer_id", "equals": "1"}), date_of(T))


def test_a_digest_follows_the_meaning():
    base = parse(a={"stage": "L", "expires_within_days": 28}, b={"not": {"crowd": "a"}}, c={"stage": "P"})
    same = parse(c={"stage": ["P"]}, a={"expires_within_days": 28, "stage": ["L"]}, b={"not": {"crowd": "a"}})
    other = parse(a={"stage": "L", "expires_within_days": 27}, b={"not": {"crowd": "a"}}, c={"stage": "P"})
    assert [base.digest(n) for n in "abc"] == [same.digest(n) for n in "abc"]
    assert [base.digest(n) == other.digest(n) for n in "abc"] == [False, False, True]
    assert len({base.digest(n) for n in "abc"}) == 3


def test_the_default_crowds_suit_every_rule_set_with_their_stages():
    default = crowds.load_crowds()
    text = yaml.safe_load((ledger.rules.FOLDER.parent / "crowds.yml").read_text(encoding="utf-8"))
    assert default.names == tuple(text["crowds"])
    for rules in ("aipl", "aipl-databank", "aipl-panel"):
        known = {*ledger.load_rules(rules).ids, "O", "none"}
        for name in default.names:
            for _, leaf in default.leaves(name):
                assert set(getattr(leaf, "stage", ())) <= known
