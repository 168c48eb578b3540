"""The league of providers: intervals that hold, ties that are admitted, and rivals that are wrong."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure.services import MEASURES, MONEY, Trade
from apex.model import partners

FIRST, DAYS, BRANDS = dt.date(2022, 1, 1), 900, 40
ABLE = {"good": 0.35, "none": 0.0, "nought": 0.0, "bad": -0.1}


def world(seed, able=ABLE, each=6):
    """Brands of two categories with seasons and drifts of their own; strong ones are served."""
    dice = np.random.default_rng(seed)
    index = pd.Index([FIRST + dt.timedelta(days=n) for n in range(DAYS)], name="day")
    brands = [f"b{n:02}" for n in range(BRANDS)]
    level = dice.normal(5, 0.7, BRANDS)
    season = 0.4 * np.sin(np.arange(DAYS) / 365 * 2 * np.pi)[:, None] * np.repeat([1, -1], BRANDS // 2)[None, :]
    drift = np.cumsum(dice.normal(0, 0.15, (DAYS // 60 + 1, BRANDS)), axis=0).repeat(60, axis=0)[:DAYS]
    mean = level + season + drift
    rows, free = [], list(np.argsort(-level + dice.normal(0, 0.5, BRANDS)))
    for provider, effect in able.items():
        for _ in range(each):
            brand = int(free.pop(0))
            begin = int(dice.integers(200, 600))
            mean[begin : begin + 240, brand] += effect
            rows.append((provider, brands[brand], "t", index[begin], index[begin + 239]))
    sold = pd.DataFrame(dice.poisson(np.exp(mean)).astype(float), index, brands)
    found = pd.DataFrame(rows, columns=["provider", "brand", "track", "first_day", "last_day"])
    category = pd.Series(["x"] * (BRANDS // 2) + ["y"] * (BRANDS // 2), brands)
    return found, Trade(dict.fromkeys(MEASURES, sold), category)


@pytest.fixture(scope="module")
def many():
    """Services of twenty worlds, one measure of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partners, "MEASURES", (MONEY,))
        return [partners.each(*world(seed)) for seed in range(20)]


def test_intervals_hold_a_service_and_a_provider(many):
    of_services, of_providers = [], []
    for each in many:
        mine = each[(each.measure == MONEY) & (each.cannot == "")]
        true = mine.provider.map(ABLE)
        of_services += ((mine.effect - true).abs() <= 1.96 * mine.std_error).tolist()
        table = partners.league(each)
        of_providers += ((table.low <= table.provider.map(ABLE)) & (table.provider.map(ABLE) <= table.high)).tolist()
    assert 0.9 <= np.mean(of_services) <= 0.99 and np.mean(of_providers) >= 0.9


def test_a_provider_without_effect_is_not_ranked_above_its_ties(many):
    wrong = alone = found = 0
    for each in many:
        table = partners.league(each).set_index("provider")
        wrong += table.loc["none", "rank"] != table.loc["nought", "rank"]
        alone += table.loc["good", "rank"] == 1
        found += table.loc["good", "rank"] < table.loc["bad", "rank"]
        assert (table["rank"].value_counts() - 1).reindex(table["rank"]).tolist() == table.tied.tolist()
    assert wrong <= 4 and alone >= 18 and found >= 13


def test_before_against_after_takes_the_season_for_the_service():
    """The rival: its error beside the matched one's, for those who change nothing."""
    ours, rival = [], []
    for seed in range(20):
        services, of = world(seed, {"none": 0.0}, each=8)
        each = partners.each(services, of)
        mine = each[(each.measure == MONEY) & (each.cannot == "")]
        daily = np.log1p(of.daily[MONEY])
        for row in mine.itertuples():
            begin = daily.index.get_loc(row.first_day)
            rival.append(
                daily[row.brand].iloc[begin : begin + 240].mean() - daily[row.brand].iloc[begin - 200 : begin].mean()
            )
        ours += mine.effect.tolist()
    assert np.sqrt(np.mean(np.square(ours))) < 0.8 * np.sqrt(np.mean(np.square(rival)))


def test_few_services_are_held_back_and_few_brands_are_not_ranked():
    services, of = world(3)
    few = pd.concat([services[services.provider != "good"], services[services.provider == "good"].iloc[:2]])
    table = partners.league(partners.each(few, of)).set_index("provider")
    assert pd.isna(table.loc["good", "rank"]) and pd.isna(table.loc["good", "tied"])
    assert abs(table.loc["good", "shrunk"]) < abs(table.loc["good", "effect"])


@pytest.mark.parametrize(("change", "why"), [("late", "too_short"), ("silent", "no_sales"), ("alone", "few_peers")])
def test_why_there_is_no_number(change, why):
    services, of = world(4)
    one = services.iloc[[0]].copy()
    if change == "late":
        one["first_day"] = of.daily[MONEY].index[-20]
        one["last_day"] = one.first_day.iloc[0] + dt.timedelta(days=100)
    if change == "silent":
        of.daily[MONEY][one.brand.iloc[0]] = 0.0
    exclude = tuple(b for b in of.category.index if b != one.brand.iloc[0]) if change == "alone" else ()
    each = partners.each(one, of, exclude)
    row = each[each.measure == MONEY].iloc[0]
    assert row.cannot == why and np.isnan(row.effect)
    assert partners.league(each).empty


def test_no_services_no_league():
    services, of = world(5)
    assert partners.league(partners.each(services.iloc[:0], of)).empty
