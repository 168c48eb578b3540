"""The providers' page: paired worlds on a small market, and the comparisons by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from truth import providers, served
from twin import services
from twin.market import draw_market


@pytest.fixture(scope="module")
def few():
    """A market in which three services run: one of the ablest provider, one of one without ability, one of a small brand."""
    market = draw_market(5)
    able = services.abilities(market.spec, 5)
    listed = market.spec["services"]["providers"]
    best = max(able, key=lambda p: able[p] * ("全渠道货品经营" in listed[p]))
    none = next(p for p in able if able[p] == 0)
    begin = market.calendar.observed
    mine = [
        services.Service(best, 0, "全渠道货品经营", begin + 30, begin + 400),
        services.Service(none, 0, listed[none][0], begin + 60, begin + 400),
        services.Service(none, 17, listed[none][0], begin + 90, begin + 300),
    ]
    return dataclasses.replace(market, services=mine)


@pytest.fixture(scope="module")
def played(few):
    return served.played(few, np.arange(1, 401))


def test_who_is_able_brings_money_and_who_is_not_brings_nothing(few, played):
    found, _ = played
    best = found[found.ability > 0].iloc[0]
    assert best.gmv_minor_with > best.gmv_minor_without
    assert best.gmv_minor_all_with - best.gmv_minor_all_without >= best.gmv_minor_with - best.gmv_minor_without
    none = found[found.ability == 0]
    assert len(none) == 2
    for metric in served.METRICS:
        assert none[f"{metric}_with"].equals(none[f"{metric}_without"])


def test_a_service_without_ability_changes_no_life_when_it_is_played(few, played, monkeypatch):
    monkeypatch.setattr(services, "abilities", lambda spec, seed: {p: a or 1e-12 for p, a in ABLE(spec, seed).items()})
    again, _ = served.played(few, np.arange(1, 401))
    found, _ = played
    pd.testing.assert_frame_equal(again.drop(columns="ability"), found.drop(columns="ability"))


ABLE = services.abilities


def test_what_everybody_sees_is_what_was_lived(few, played):
    found, seen = played
    best = found[found.ability > 0].iloc[0]
    days = slice(int(best["first"]), int(best["last"]) + 1)
    assert seen.gmv_minor[0, days].sum() == best.gmv_minor_with > 0
    assert seen.members[0, days].sum() == best.members_with
    assert seen.buyers[0, days].sum() >= best.buyers_with
    assert (seen.gmv_minor.sum(axis=1) > 0).all()


def test_differences_by_hand():
    early, late = np.log([10.0, 10, 20, 10, 40, 10]), np.log([20.0, 10, 30, 20, 40, 10])
    did, se = providers._matched(0, [1, 2, 3, 4, 5], early, late, np.zeros(6))
    change = np.log([1, 1.5, 2, 1, 1])
    assert did == pytest.approx(np.log(2) - change.mean())
    assert se == pytest.approx(change.std(ddof=1) * np.sqrt(1.2))
    assert np.isnan(providers._matched(0, [1, 2], early, late, np.zeros(6))).all()


def test_a_year_that_doubles_for_all_is_no_effect(few, played):
    """Before and after takes growth of everybody for an effect; the matched comparison does not."""
    found, _ = played
    days = few.calendar.days
    growth = np.where(np.arange(days) >= few.calendar.observed + 30, 2.0, 1.0)
    dice = np.random.default_rng(1)
    daily = dice.poisson(200 * growth, (len(few.brands), days)).astype(float)
    seen = served.Seen(daily, daily, daily)
    row = providers.compared(few, found[found.ability > 0], seen).iloc[0]
    assert row.gmv_minor_before == pytest.approx(np.log(2), abs=0.02)
    assert abs(row.gmv_minor_did) < 0.03
    assert row.gmv_minor_did_se < 0.03


def test_the_page_names_who_does_nothing_first(few, played, tmp_path):
    each = providers.compared(few, *played)
    table = providers.by_provider(few, each)
    assert len(table) == 12
    path = providers.write([providers.Told(5, 400, few, each, table)], tmp_path)
    html = path.read_text(encoding="utf-8")
    none = table[(table.ability == 0) & (table.services > 0)].provider.iloc[0]
    assert f"1 of 2 providers change nothing: {none}." in html
    assert html.index("change nothing") < html.index("<table")
    assert len(pd.read_csv(tmp_path / "services.csv")) == 3
