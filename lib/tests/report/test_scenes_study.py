"""What the notebook of scenes computes: the decision at several budgets on a small market, and markets with next to nothing."""

import datetime as dt

import pandas as pd
import pytest

from apex import warehouse
from apex.errors import ApexError
from apex.model import gates as growth
from apex.model import moves as contacts
from apex.report.run import Run
from apex.report.upstream import TABLES, scenes
from apex.report.upstream import moves as upstream
from apex.report.upstream.scenes import PORTFOLIO, Study, kept
from apex.rule_files import FOLDER
from apex.show.say import scene_tables as tables
from apex.show.say import scenes as say
from apex.warehouse.ingest import ingest

CAMPAIGN = """
title: {en: Brand, zh: 品牌}
warehouse: market
brand: b
rules: aipl
goal: {window: [2024-06-01, 2024-06-28], gmv_minor: 1000}
currency: CNY
margin: 0.5
privacy_threshold: 5
"""
START = dt.datetime(2024, 1, 1, 12)


def log(people):
    """Some who only saw the brand in the feed, some who bought it once or twice, rivals' buyers; until the end of June."""
    events = []
    for n in range(people):
        for day, kind, channel in ((20 + n % 60, "expose", "feed"), (100 + n % 20, "view", "live")):
            events.append((f"k{n:04}", "b", day, kind, channel))
        if n % 3 == 0:
            events += [(f"k{n:04}", "b", day, "buy", None) for day in ((40, 110) if n % 2 else (90,))]
    events += [(f"r{n}", "c", 100 + n % 20, "buy", None) for n in range(people // 2)]
    events.append(("k0000", "c", 179, "buy", None))
    return [
        {"consumer_key": who, "brand": brand, "occurred_at": START + dt.timedelta(days=day), "behaviour": kind,
         "channel": channel, "category": "tea"} for who, brand, day, kind, channel in events
    ]  # fmt: skip


def moves(cost=60.0, worth=200.0, half=20.0):
    rows = [
        (cell, channel, 50, 0.1, 0.05, 0.05, 0.03, 0.07, "lift", worth, worth - half, worth + half, cost, None, 5000)
        for cell in ("O", "A", "I", "P", "L") for channel in ("feed", "live")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=contacts.COLUMNS)


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    folder, events = tmp_path_factory.mktemp("scenes"), pd.DataFrame(log(600))
    bought = events.behaviour.eq("buy")
    events = events.assign(seq=range(len(events)), **{c: pd.Series(v, events.index).where(bought).astype("Int64")
                                                      for c, v in (("quantity", 1), ("value_minor", 100))})  # fmt: skip
    tables = {
        "items": pd.DataFrame({"item_id": ["ib", "ic"], "brand": ["b", "c"], "category": ["tea", "tea"]}),
        "consumers": pd.DataFrame({"consumer_key": sorted(set(events.consumer_key))}), "events": events,
    }  # fmt: skip
    ingest(source(folder / "files", tables), "market", folder / "w" / "market", "test")
    return warehouse.open_warehouse(folder / "w" / "market")


@pytest.fixture
def study(whole, monkeypatch, tmp_path):
    """`study(frame of moves, budget, rules=…)` → a Study of brand b among six hundred."""
    monkeypatch.setattr(warehouse, "ensure", lambda name: whole)
    monkeypatch.setattr(scenes, "SOLVED", 8)
    monkeypatch.setenv("APEX_RUN", str(tmp_path / "run"))
    (tmp_path / "test-brand.yml").write_text(CAMPAIGN, encoding="utf-8")

    def build(frame, budget, file="scenes"):
        monkeypatch.setattr("apex.report.upstream._KNOWN", {})  # of the same market, what was known under other moves
        monkeypatch.setattr(upstream, "moves", lambda run: frame)
        return Study(Run(str(tmp_path / "test-brand.yml"), "2_plan/scenes"), file, "crowds", "items", budget, 60, 1)

    return build


def test_budgets_give_a_set_one_scene_or_wait(study):
    found = {budget: study(moves(), budget).decision for budget in (5_000, 10_000, None)}
    assert found[5_000].status == "wait" and found[5_000].reason == "budget"
    assert found[10_000].status == "one" and found[10_000].spent <= 10_000 + 1e-6
    assert found[None].status == "several" and found[None].spent > 10_000 and found[None].earns > 0.99
    assert found[None].upto == pytest.approx(0.5 * found[None].gmv[0] / found[None].spent) and found[None].upto > 1
    low, high = found[None].gmv[1:]
    assert low <= found[None].gmv[0] <= high


def test_too_few_people_for_the_least_budget(study):
    found = study(moves(cost=2.0), 100_000).decision
    assert found.status == "wait" and found.reason == "too_small", "what pays is not said to fail"


def test_what_does_not_earn_its_cost_waits_with_the_scene_that_comes_nearest(study):
    """Of the 200 that a contact brings half is left: at 120 it does not pay at any budget; a trial of the nearest is sized."""
    made = study(moves(cost=120.0), 10_000_000)
    assert made.decision.status == "wait" and made.decision.reason == "does_not_earn" and made.decision.rows.empty
    assert made.decision.nearest and made.trial(made.decision.nearest).effect == pytest.approx(120 / (0.5 * 200 / 0.05))


def test_without_costs_scenes_are_ranked(study):
    made = study(moves(cost=None), 10_000)
    assert (
        made.decision.status == "rank" and made.decision.rows.budget_minor.isna().all() and len(made.decision.rows) > 0
    )
    assert made.scores.pays.isna().all() and made.gates.value[made.gates.measure == "paying"].isna().all()


def test_nobody_is_met_twice_and_people_add_up(study):
    made = study(moves(), None)
    whole, met = made.segments.consumers, made.choice.met.sum(axis=0)
    assert (met <= whole + 1e-6).all() and met.sum() > 0
    assert made.decision.rows.people.sum() == pytest.approx(met.sum(), abs=len(made.decision.rows))
    assert set(made.candidates) == {id for id in made.candidates if made.ready[id] and made.same[id] == id}


def test_the_table_handed_over_and_what_is_said_of_it(study):
    made = study(moves(), 50_000)
    shown = kept(made.run, made)
    assert list(shown)[: len(PORTFOLIO)] == PORTFOLIO and ("2_plan/scenes", "portfolio") in TABLES
    assert shown.p_best.between(0, 1).all() and set(shown.kind) <= {"lift", "credit", "model"}
    names = tables.named(made.rules.scenes, made.run.words)
    assert say.portfolio(made.decision, shown, names, 50_000, 0.8, 0.5, made.run.words)["verdict"] == "careful"


def test_next_to_nothing_gives_no_number_and_no_error(study):
    made = study(pd.DataFrame(columns=contacts.COLUMNS), 10_000)
    assert made.decision.status == "wait" and made.decision.reason == "nothing_known" and made.decision.nearest == ""
    assert made.scores.moved.isna().all() and (made.scores.p_best == 0).all()
    assert growth.standing(made.gates) in ("validate", "accelerate")
    words, names = made.run.words, tables.named(made.rules.scenes, made.run.words)
    lacks = tables.lacks(made.lacking.assign(suppressed=False), made.rules, made.facts.event, words)
    shown = made.scores.assign(suppressed=False)
    assert len(tables.every(shown, lacks, names, True, words)) == 42
    assert say.cheapest(shown, names, words)["kind"] == "not identified"


def test_a_scene_for_a_stage_that_the_rules_do_not_have(study, tmp_path):
    text = (FOLDER / "scenes.yml").read_text(encoding="utf-8")
    (tmp_path / "mine.yml").write_text(text.replace("[O, A, I], to: P}", "[O, A, I], to: Q}", 1), encoding="utf-8")
    with pytest.raises(ApexError, match=r'scenes.new-fast.moves: the rules "aipl" have no stage "Q"'):
        _ = study(moves(), 1, str(tmp_path / "mine.yml")).cells
