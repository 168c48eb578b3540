"""A notebook's run on a small market: what it may see, what it hands over, what it refuses."""

import datetime as dt
import json

import pandas as pd
import pytest

import apex.report.run as run_module
from apex import warehouse
from apex.errors import ApexError
from apex.files import digest
from apex.measure.crowds import parse_crowds
from apex.report import lesson, planned
from apex.report.run import Run

CAMPAIGN = """
title: {en: Test, zh: 测试}
warehouse: market
brand: b
rules: aipl-panel
goal: {window: [2024-02-10, 2024-02-19], gmv_minor: 1000}
currency: CNY
privacy_threshold: 3
"""


@pytest.fixture
def opened(market, monkeypatch, tmp_path):
    start = dt.datetime(2024, 1, 1, 12)
    events = [
        {"consumer_key": f"c{n % 7}", "brand": "b", "occurred_at": start + dt.timedelta(days=n), "behaviour": "buy"}
        for n in range(70)
    ]
    whole = market(events)
    monkeypatch.setattr(warehouse, "ensure", lambda name: whole)
    file = tmp_path / "test-brand.yml"
    file.write_text(CAMPAIGN)
    monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
    return Run(str(file), "1_insight/assets")


def test_a_run_sees_no_further_than_its_day(opened):
    assert opened.as_of == dt.date(2024, 2, 9)
    assert opened.warehouse.table("events").occurred_at.max().execute().date() == opened.as_of
    assert opened.book.rows.day.max().execute() <= pd.Timestamp(opened.as_of)
    assert opened.days_before(1) == (dt.date(2024, 1, 30), dt.date(2024, 2, 9))
    assert opened.days_before(2) == (dt.date(2024, 1, 20), dt.date(2024, 1, 30))


def test_kept_tables_are_sorted_suppressed_and_the_same_bytes_again(opened, tmp_path):
    frame = pd.DataFrame({"stage": ["P", "A", "L"], "consumers": [2, 50, 9], "share": [1 / 3, 2 / 3, 1 / 7]})
    frame["stage"] = pd.Categorical(frame.stage, ["A", "P", "L"], ordered=True)
    shown = opened.keep("t", frame, keys=["stage"], people=["consumers"])
    assert shown.stage.tolist() == ["A", "P", "L"] and shown.consumers.isna().tolist() == [False, True, True]
    csv = tmp_path / "run" / "tables" / "1_insight-assets.t.csv"
    assert csv.read_text() == (
        "stage,consumers,share,suppressed\nA,50,0.666667,False\nP,,0.333333,True\nL,,0.142857,True\n"
    ), "the sum over the stages counts as known: two are hidden"
    again = pd.DataFrame({"stage": ["A", "P"], "then": [60, 70]})
    assert opened.keep("u", again, keys=["stage"], people=["then"], like=shown).then.isna().tolist() == [False, True]
    assert opened.keep("v", again.iloc[:0], keys=["stage"], people=["then"], like=shown).empty
    first = digest(tmp_path / "run" / "tables")
    opened.keep("t", frame.iloc[::-1], keys=["stage"], people=["consumers"])
    assert digest(tmp_path / "run" / "tables") == first


def test_keys_that_repeat_are_refused(opened):
    with pytest.raises(ApexError, match=r"1_insight/assets\.t: the keys \['stage'\] repeat"):
        opened.keep("t", pd.DataFrame({"stage": ["A", "A"]}), keys=["stage"])


def test_a_file_lies_beside_the_tables_and_the_page_links_to_it(opened, tmp_path):
    link = opened.attach("phases.ics", "BEGIN\r\n双11 <&>\r\n", "Calendar <b>", "text/calendar")
    path = tmp_path / "run" / "tables" / "1_insight-assets.phases.ics"
    assert path.read_bytes() == "BEGIN\r\n双11 <&>\r\n".encode(), "line ends as they were given"
    assert 'href="tables/1_insight-assets.phases.ics"' in link.html and "Calendar &lt;b&gt;" in link.html
    with pytest.raises(ApexError, match="attached already"):
        opened.attach("phases.ics", "", "again")
    for name in ("../x.ics", "x.csv", "x", "a b.ics", "x.parquet", ".ics"):
        with pytest.raises(ApexError, match="cannot name an attached file"):
            opened.attach(name, "", "bad")
    opened.finding("first", kind="counted", text="A.", short="A")
    opened.close()
    done = json.loads((tmp_path / "run" / "notebooks" / "1_insight-assets.done.json").read_text())
    assert done["files"] == ["1_insight-assets.phases.ics"]


def test_without_a_runner_the_link_holds_the_file(opened, monkeypatch, tmp_path):
    monkeypatch.delenv("APEX_RUN")
    alone = Run(str(tmp_path / "test-brand.yml"), "1_insight/assets")
    html = alone.attach("phases.ics", "A\r\n双", "Calendar", "text/calendar").html
    assert 'href="data:text/calendar;charset=utf-8,A%0D%0A%E5%8F%8C"' in html
    assert (alone.folder / "tables" / "1_insight-assets.phases.ics").exists()


def test_close_writes_findings_and_the_mark_that_the_runner_asks_for(opened, tmp_path):
    with pytest.raises(ApexError, match="at least one finding"):
        opened.close()
    opened.finding("first", kind="counted", text="A.", short="A", verdict="behind", next_step="Do.")
    opened.finding("second", kind="credit", text="B.", short="B")
    assert [opened.found(n).headline for n in ("first", "second")] == [True, False]
    with pytest.raises(ApexError, match='no finding "frist" yet. Did you mean "first"'):
        opened.found("frist")
    assert "Do." in opened.watch().html and "B" not in opened.watch().data.what.tolist()
    opened.missing("no spend")
    opened.close()
    done = json.loads((tmp_path / "run" / "notebooks" / "1_insight-assets.done.json").read_text())
    assert (done["as_of"], done["findings"], done["missing"]) == ("2024-02-09", 2, ["no spend"])
    assert done["inputs"]["warehouse"]["name"] == "market" and done["data"]["rows"]["events"] == 70


def test_the_ledger_under_other_rules_is_cut_and_told(opened, tmp_path):
    other = opened.ledger("shop")
    assert other.rules.name == "shop" and other.rows.day.max().execute() <= pd.Timestamp(opened.as_of)
    assert (
        opened.ledger("shop") is other and opened.ledger() is opened.book and opened.ledger("aipl-panel") is opened.book
    )
    with pytest.raises(ApexError, match='no rule set "shopp".*Did you mean "shop"'):
        opened.ledger("shopp")
    with pytest.raises(ApexError, match='no ledger level "brnd". Did you mean "brand"'):
        opened.ledger("shop", "brnd")
    opened.finding("first", kind="counted", text="A.", short="A")
    opened.close()
    inputs = json.loads((tmp_path / "run" / "notebooks" / "1_insight-assets.done.json").read_text())["inputs"]
    assert sorted(inputs) == ["ledger", "ledger shop/brand", "warehouse"]
    assert inputs["ledger shop/brand"] == {
        "rules": "shop", "rules_digest": other.rules.digest, "level": "brand", "digest": other.digest,
    }  # fmt: skip


def test_without_a_runner_everything_goes_to_a_temporary_folder(opened, monkeypatch, tmp_path):
    monkeypatch.delenv("APEX_RUN")
    alone = Run(str(tmp_path / "test-brand.yml"), "1_insight/assets")
    alone.keep("t", pd.DataFrame({"a": [1]}), keys=["a"])
    assert (alone.folder / "tables" / "1_insight-assets.t.csv").exists()
    assert not (tmp_path / "run").exists()


def test_a_brand_that_is_not_there_is_refused_before_anything_is_built(opened, tmp_path):
    file = tmp_path / "other.yml"
    file.write_text(CAMPAIGN.replace("brand: b", "brand: bb"))
    with pytest.raises(ApexError, match='brand "bb" is not in the warehouse'):
        Run(str(file), "1_insight/assets")
    assert run_module.DECIMALS == 6


# ---- what leaves the page: exports, plan.yml, lesson.json; the privacy threshold here is 3 ----

NAMES = ("first", "second", "third")
CROWDS = {
    "crowds": {n: {"name": {"en": n, "zh": n}, "about": {"en": n, "zh": n}, "who": {"stage": "L"}} for n in NAMES}
}


def numbers(value):
    """Every whole number in nested lists and mappings."""
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers(part)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value) else []


def test_an_export_writes_what_may_leave_and_says_what_became_of_the_rest(opened, tmp_path):
    """Five in the first crowd, one of them held out: written. Four in the second, two held out: too few are left."""
    people = pd.DataFrame({"consumer_id": range(10**12, 10**12 + 12)})
    people["crowd"] = pd.Series(["first"] * 5 + ["second"] * 4 + [None] * 3, dtype="string")
    people["held_out"] = [False, True, False, False, False, True, True, False, False, False, True, False]
    said = opened.export(people, parse_crowds(CROWDS, "crowds.yml"), "mail", 30, "apex", 0.1)
    assert list(said) == ["crowd", "channels", "addressed", "expires", "status", "load", "come", "gone"]
    assert said.crowd.astype(str).tolist() == list(NAMES) and said.crowd.cat.ordered
    assert said.status.tolist() == ["written", "refused", "empty"]
    assert set(said.expires) == {dt.date(2024, 3, 10)}, "thirty days after the eve"

    exports = tmp_path / "run" / "exports"
    assert [p.name for p in exports.iterdir() if not p.name.startswith(".")] == ["first"]
    manifest = json.loads((exports / "first" / "mail" / "manifest.json").read_text())
    assert manifest["consumers"] == 4 and manifest["held_out"] is None, "one held out is a count below the threshold"
    counted = numbers({k: v for k, v in manifest.items() if k != "schema"} | {"audience": {}})
    assert counted and min(counted) >= 3
    written = pd.read_parquet(exports / "first" / "mail" / "audience-0001.parquet").consumer_id
    assert set(written) == set(people.consumer_id[people.crowd.eq("first").fillna(False) & ~people.held_out])

    shown = opened.keep("exports", said, keys=["crowd"], people=["addressed"])
    assert shown.addressed.tolist() == [pd.NA, pd.NA, 0] and shown.suppressed.tolist() == [True, True, False]
    before = digest(exports / "first" / "mail" / "manifest.json")
    opened.export(people.iloc[::-1], parse_crowds(CROWDS, "crowds.yml"), "mail", 30, "apex", 0.1)
    assert digest(exports / "first" / "mail" / "manifest.json") == before


def test_a_plan_is_written_as_it_may_be_shown(opened, tmp_path):
    needed = pd.DataFrame(
        {
            "stage": ["none", "A", "I", "P"], "stock_now": [40, 2, 9, 30], "stock_forecast": [38, 4, 8, 33],
            "low": [30, 1, 7, 30], "high": [50, 9, 9, 40],
            "needed": pd.array([None, 7, 9, 35], "Int64"), "gap": pd.array([None, 3, 1, 2], "Int64"),
        }
    )  # fmt: skip
    people = ["stock_now", "stock_forecast", "low", "high", "needed"]
    shown = opened.keep("needed", needed, keys=["stage"], people=people, also=["gap"])
    day = opened.as_of
    plan = planned.checked({
        "campaign": "test-brand", "brand": "b", "currency": "USD", "as_of": day, "eve": day, "window": (day, day),
        "needed": planned.rows(planned.Needed, shown),
        "act": {"campaign_id": "test-brand", "brand": "b", "first_day": day, "last_day": day},
    }, "plan.yml")  # fmt: skip
    opened.plan(plan)
    file = tmp_path / "run" / "plan.yml"
    assert planned.read(file) == plan
    rows = {row.stage: row for row in planned.read(file).needed}
    assert rows["A"] == planned.Needed(stage="A")
    assert (rows["none"].stock_now, rows["none"].needed) == (40, None)
    assert (rows["P"].needed, rows["P"].gap) == (35, 2)
    before = file.read_bytes()
    opened.plan(plan)
    assert file.read_bytes() == before


EFFECT = {"verdict": "quasi", "measure": "gmv_minor", "value": 100, "low": 50, "high": 150, "n": 90}


def cells(**counts):
    """The frame that a wrap-up teaches: cell=(consumers, buyers)."""
    rows = [(cell, n, y, 100 * y, 0.4, 0.3, 0.5) for cell, (n, y) in counts.items()]
    return pd.DataFrame(rows, columns=["cell", "consumers", "buyers", "gmv_minor", "rate", "low", "high"])


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ({"O": (20, 5), "A": (9, 4), "P": (8, 3)}, ["O", "A", "P"]),
        (
            {"O": (20, 0), "A": (9, 4), "P": (0, 0)},
            ["O", "A"],
        ),  # nobody, and none of them, are counts that may be shown
        ({"O": (2, 0), "A": (1, 0), "P": (9, 4)}, ["P"]),  # two small ones hide each other
        ({"O": (20, 1), "A": (19, 2), "P": (9, 4)}, ["P"]),  # so do few buyers
        (
            {"O": (2, 0), "A": (30, 4), "P": (9, 4)},
            ["A"],
        ),  # one alone could be had from the total: another goes with it
        ({"O": (1, 1), "A": (1, 0), "P": (9, 4), "L": (50, 20)}, ["L"]),  # two together are still too few
        ({"O": (2, 1)}, []),
    ],
)
def test_a_lesson_never_says_how_few(opened, tmp_path, counts, kept):
    given = opened.teach(cells(**counts).astype({"cell": "category"}), EFFECT)
    assert [c.cell for c in given.conversion] == kept
    assert all(n == 0 or n >= 3 for c in given.conversion for n in (c.consumers, c.buyers))
    assert lesson.read(tmp_path / "run" / "lesson.json") == given


def test_an_effect_on_very_few_is_not_told(opened):
    told, untold = (opened.teach(cells(P=(9, 4)), EFFECT | {"n": n}).effect for n in (3, 2))
    assert (told.verdict, told.value, told.n) == ("quasi", 100, 3)
    assert untold.model_dump() == {
        "verdict": "not identified", "measure": "gmv_minor", "value": None, "low": None, "high": None, "n": 0,
    }  # fmt: skip


def test_a_lesson_says_what_it_is_made_from_and_what_it_saw(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(lesson, "ROOT", tmp_path)
    wrapped = Run(str(tmp_path / "test-brand.yml"), "4_wrapup/lessons")
    given = wrapped.teach(cells(P=(9, 4)), EFFECT)
    whole = wrapped.warehouse.until(None)
    assert given.made_from == lesson.made_from(wrapped.campaign, whole.digest, wrapped.book.digest)
    assert (given.brand, given.campaign, given.as_of) == ("b", "test-brand", dt.date(2024, 3, 5))
    assert given.window == (dt.date(2024, 2, 10), dt.date(2024, 2, 19))
    (tmp_path / "test-brand.yml").write_text(CAMPAIGN + "as_of: {wrapup: 2024-02-14}\n")
    early = Run(str(tmp_path / "test-brand.yml"), "4_wrapup/lessons").teach(cells(P=(9, 4)), EFFECT)
    assert early.window == (dt.date(2024, 2, 10), dt.date(2024, 2, 14)), "the days that were counted"
