"""The page on crowds in a market that knows all eight: small crowds are gone from every table, and cannot be worked out."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apex import files, warehouse
from apex.report import campaign as campaign_module
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover, parameters
from apex.report.run import Run

ID, FEW = "1_insight/crowds", 9
NOTEBOOKS = {n.id: n for n in discover(files.ROOT / "notebooks")}
CAMPAIGN = """
title: {en: Crowds, zh: 人群}
warehouse: market
brand: b
rules: aipl-panel
goal: {window: [2024-08-05, 2024-09-01], gmv_minor: 400000}
currency: CNY
language: zh
privacy_threshold: 9
"""
TRAITS = {
    "city_tier": (["1", "2", "3", "4", "5", "6"], [0.2, 0.2, 0.2, 0.2, 0.15, 0.05]),
    "age_band": (["18-24", "25-35", "36-50", "51+"], [0.25, 0.4, 0.25, 0.1]),
    "gender": (["女", "男"], [0.7, 0.3]),
    "life_stage": (["有孩", "单身"], [0.3, 0.7]),
    "purchasing_power": (["L1", "L2", "L3", "L4"], [0.25] * 4),
}


@pytest.fixture(scope="module")
def attacker():
    """The attacker of every page (test_attacker.py), told this page's threshold."""
    spec = importlib.util.spec_from_file_location("attacker", Path(__file__).parent / "test_attacker.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.THRESHOLD = FEW
    return module


@pytest.fixture(scope="module")
def page(source, tmp_path_factory, future_market, execute_here):
    """What the page keeps (name → all of it, keys, counts of people, what is shown), and its cells as shown."""
    folder, dice, kept, keep = tmp_path_factory.mktemp("crowds"), np.random.default_rng(1), {}, Run.keep
    tables = future_market.tables()
    drawn = {t: dice.choice(values, len(tables["consumers"]), p=odds) for t, (values, odds) in TRAITS.items()}
    drawn["strategic_crowd"] = np.where(dice.random(len(tables["consumers"])) < 0.5, "小镇青年", "其他")
    market = future_market.build(source, folder / "market", tables | {"consumers": tables["consumers"].assign(**drawn)})
    (folder / "crowds-test.yml").write_text(CAMPAIGN, encoding="utf-8")

    def listen(run, name, frame, keys, people=(), *more, **options):
        shown = keep(run, name, frame, keys, people, *more, **options)
        kept[name] = frame.sort_values(list(keys), ignore_index=True), list(keys), list(people), shown
        return shown

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(campaign_module, "CAMPAIGNS", folder)
        patch.setattr(warehouse, "ensure", lambda name: market)
        patch.setenv("APEX_RUN", str(folder / "run"))
        patch.setattr(Run, "keep", listen)
        shown = execute_here(NOTEBOOKS[ID], parameters(list(NOTEBOOKS.values()), load_campaign("crowds-test"))[ID])
    return kept, shown


def test_a_small_crowd_is_gone_from_every_table(page):
    kept, _ = page
    whole = kept["ours"][3]
    gone = set(whole.cell[whole.suppressed])
    assert gone and set(whole.cell) - gone, "some crowds are small here, and some are not"
    for name, (_, keys, people, shown) in kept.items():
        if "cell" in keys and name not in ("profile", "down_tier"):
            assert shown.suppressed[shown.cell.astype(str).isin(gone)].all(), name
        for column in people:
            left = shown[column].dropna()
            assert not ((left > 0) & (left < FEW)).any(), (name, column)
        figures = [
            c for c in shown if c.startswith(("tgi", "low", "high", "share", "own", "money", "people", "coverage"))
        ]
        assert shown.loc[shown.suppressed, figures].isna().all(axis=None), name


def test_it_cannot_be_worked_out_from_sums_and_other_tables(page, attacker):
    kept, _ = page
    for some, totals in [(kept, False), *(({name: table}, True) for name, table in kept.items())]:
        assert not {k: round(most, 3) for k, most in attacker.bounds(some, totals).items() if most < FEW - 1e-6}


def test_the_attack_succeeds_where_only_small_counts_are_hidden(page, attacker):
    """The known-wrong method, on the same page: a table's total gives the one small count away."""
    careless = {}
    for name, (frame, keys, people, _) in page[0].items():
        small = ((frame[people] > 0) & (frame[people] < FEW)).any(axis=1)
        careless[name] = frame, keys, people, frame.assign(**{c: frame[c].mask(small) for c in people})
    attacks = [attacker.bounds({name: table}, True) for name, table in careless.items()]
    assert any(most < FEW for found in attacks for most in found.values())


def test_the_page_still_has_an_answer(page):
    kept, shown = page
    assert any("TGI" in html for html in shown.values()) and any("隐去" in html for html in shown.values())
    assert set(kept["ours"][3].cell) <= {
        "supermom", "gen-z", "white-collar", "middle-class", "blue-collar", "urban-silver", "town-youth", "town-mature",
    }  # fmt: skip
    assert isinstance(kept["agreement_strategic"][3], pd.DataFrame)
