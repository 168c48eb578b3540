"""Nobody sees the future: with garbage after a notebook's own day, it hands over the same bytes and shows the same page."""

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from apex import files, ledger, warehouse
from apex.report import campaign as campaign_module
from apex.report import lesson
from apex.report.campaign import Campaign, load_campaign
from apex.report.notebooks import FOLDERS, discover, parameters
from apex.warehouse import schema

NOTEBOOKS = {n.id: n for n in discover(files.ROOT / "notebooks")}
HANDS_OVER = {  # beside tables
    "2_plan/plan": "plan.yml",
    "3_execute/audiences": "exports/",
    "4_wrapup/lessons": "lesson.json",
}
TOKEN = re.compile(r"\.(\w+)\.[0-9a-f]{8}")  # a folder that was swapped in has a random part in its name
PUPIL = "summer-test"  # learns from spring-test


@pytest.fixture(scope="module")
def made(source, tmp_path_factory, future_market):
    """`made(day, many)` → the market with garbage after `day` (None: as it is), built once."""
    module = future_market
    folder = tmp_path_factory.mktemp("future")
    clean, built = module.tables(), {}
    for name, text in module.CAMPAIGNS.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")

    def build(day, many):
        if (day, many) not in built:
            frames = clean if day is None else module.garbage(clean, day, np.random.default_rng(11), many)
            built[day, many] = module.build(source, folder / f"{day}-{many}", frames)
        return built[day, many]

    build.folder = folder
    return build


@pytest.fixture
def hand_over(made, execute_here, monkeypatch, tmp_path):
    """`hand_over(notebook, market)` → what its code writes and shows: file or cell → bytes."""
    monkeypatch.setattr(campaign_module, "CAMPAIGNS", made.folder)
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "lessons"))
    monkeypatch.setattr(lesson, "ROOT", tmp_path)  # somebody may be editing the library while this runs
    calls = iter(range(100))

    def hand(id: str, market: warehouse.Warehouse) -> dict[str, bytes]:
        folder = tmp_path / f"run-{next(calls)}"
        monkeypatch.setenv("APEX_RUN", str(folder))
        monkeypatch.setattr("apex.report.upstream._KNOWN", {})  # the markets have one digest
        monkeypatch.setattr(warehouse, "ensure", lambda name: market)
        shown = execute_here(NOTEBOOKS[id], parameters(list(NOTEBOOKS.values()), load_campaign(PUPIL))[id])
        written = {TOKEN.sub(r"\1", str(p.relative_to(folder))): p for p in sorted(folder.rglob("*")) if p.is_file()}
        return {f"cell {n}": text.encode() for n, text in shown.items()} | {
            name: path.read_bytes() for name, path in written.items()
        }

    return hand


def own_day(id: str) -> dt.date:
    return load_campaign(PUPIL).as_of_for(FOLDERS[id.split("/")[0]], dt.date(2024, 10, 6))


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def provenance(name: str, found: dict[str, bytes]) -> bool:
    """The mark of a finished notebook and its last line say how far the data reach: provenance, and not a result."""
    last = max((n for n in found if n.startswith("cell ")), key=lambda n: int(n.split()[1]))
    return name.endswith(".done.json") or name == last


@pytest.mark.parametrize("many", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["many", "few"])
@pytest.mark.parametrize("id", NOTEBOOKS)
def test_garbage_after_its_day_changes_nothing(id, many, made, hand_over):
    clean = hand_over(id, made(None, True))
    assert sum(name.endswith(".parquet") and name.startswith("tables/") for name in clean) >= 3
    assert any(name.startswith(HANDS_OVER.get(id, "tables/")) for name in clean), "it had nothing to say on this market"
    found = hand_over(id, made(own_day(id), many))
    assert [n for n in differing(clean, found) if not provenance(n, clean)] == []


# one quick notebook a stage shows that the comparison sees; all of them take minutes
ONE_EACH = ("1_insight/overview", "2_plan/calendar", "3_execute/recall", "4_wrapup/closing")


@pytest.mark.parametrize("id", [pytest.param(id, marks=() if id in ONE_EACH else pytest.mark.slow) for id in NOTEBOOKS])
def test_a_look_of_one_day_is_noticed(id, made, hand_over, monkeypatch):
    """The same comparison with notebooks that stand a day too late: it must not hold, or the test above sees nothing."""
    day, stands = own_day(id), Campaign.as_of_for
    monkeypatch.setattr(Campaign, "as_of_for", lambda *asked: stands(*asked) + dt.timedelta(days=1))
    clean, found = hand_over(id, made(None, True)), hand_over(id, made(day, True))
    assert [n for n in differing(clean, found) if n.startswith("tables/")]


def test_every_table_with_a_cut_and_the_ledger_are_cut(made):
    """What notebooks read, one by one: the same rows up to the day, other rows after it."""
    day = dt.date(2024, 7, 7)
    clean, spoilt = made(None, True), made(day, True)
    rules = ledger.load_rules("aipl-panel")
    reads = {
        n: lambda w, n=n: w.table(n).execute() for n, table in schema.tables().items() if table.cut and clean.has(n)
    }
    assert len(reads) == len([t for t in schema.tables().values() if t.cut])
    reads["filed"] = lambda w: pd.concat([rows.to_pandas() for rows in w.each_slice(["consumer_id", "occurred_at"])])
    reads["ledger"] = lambda w: ledger.ensure(w, rules).rows.execute()
    for name, read in reads.items():
        seen = [read(w.until(day)).map(str) for w in (clean, spoilt)]
        order = list(seen[0])
        one, other = (frame.sort_values(order, ignore_index=True) for frame in seen)
        assert len(one) and one.equals(other), name
        whole = [read(w.until(None)).map(str).sort_values(order, ignore_index=True) for w in (clean, spoilt)]
        assert not whole[0].equals(whole[1]), f"{name}: the garbage is not in it"
