"""A notebook's run on a small market: what it may see, what it hands over, what it refuses."""

import datetime as dt
import json

import pandas as pd
import pytest

import apex.report.run as run_module
from apex import warehouse
from apex.errors import ApexError
from apex.files import digest
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
    frame = pd.DataFrame({"stage": ["P", "A"], "consumers": [2, 50], "share": [1 / 3, 2 / 3]})
    frame["stage"] = pd.Categorical(frame.stage, ["A", "P"], ordered=True)
    shown = opened.keep("t", frame, keys=["stage"], people=["consumers"])
    assert shown.stage.tolist() == ["A", "P"] and shown.consumers.isna().tolist() == [False, True]
    csv = tmp_path / "run" / "tables" / "1_insight-assets.t.csv"
    assert csv.read_text() == "stage,consumers,share,suppressed\nA,50,0.666667,False\nP,,0.333333,True\n"
    first = digest(tmp_path / "run" / "tables")
    opened.keep("t", frame.iloc[::-1], keys=["stage"], people=["consumers"])
    assert digest(tmp_path / "run" / "tables") == first


def test_keys_that_repeat_are_refused(opened):
    with pytest.raises(ApexError, match=r"1_insight/assets\.t: the keys \['stage'\] repeat"):
        opened.keep("t", pd.DataFrame({"stage": ["A", "A"]}), keys=["stage"])


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
