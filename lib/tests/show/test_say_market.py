"""What the market page says, in both languages: growth, loss, nothing to compare, too few, nobody."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.measure.market import Parties
from apex.measure.share import SUMS, compare
from apex.model import season as seasons
from apex.model import share as model
from apex.model import switching as choices
from apex.model.price import Price
from apex.report.finding import Finding
from apex.show.say import demand, market, relation, switching
from apex.show.words import Words

FIRST, LAST = dt.date(2023, 1, 1), dt.date(2024, 2, 28)
COMPARED = compare(FIRST, LAST, 28)
ALONE = compare(dt.date(2024, 2, 1), LAST, 28)
WINDOWS = [COMPARED.now, COMPARED.before, COMPARED.year]


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="1_insight/market", name="x", **fields)


def told(now, before=None, year=None, compared=COMPARED, hidden=()):
    """Headline's frames from (category, ours, buyers, our buyers) of each window, dealt evenly with a little noise."""
    dice, tables, windows = np.random.default_rng(1), [], []
    for sums, window in zip((now, before, year), WINDOWS, strict=True):
        if sums is not None:
            noise = dice.uniform(0.9, 1.1, (100, 1))
            tables.append(pd.DataFrame(np.array(sums) / 100 * noise, columns=SUMS).assign(
                first_day=window[0], last_day=window[1], bucket=range(100), others=9))  # fmt: skip
            windows.append(window)
    counted = pd.concat(tables)
    sizes = model.shares(counted)
    sizes["suppressed"] = [w in hidden for w in zip(sizes.first_day, sizes.last_day, strict=True)]
    sizes.loc[sizes.suppressed, [*SUMS, "share", "low", "high"]] = np.nan
    shown = counted.merge(sizes.loc[~sizes.suppressed, ["first_day", "last_day"]], on=["first_day", "last_day"])
    return sizes, model.against(shown, compared), model.split(sizes, compared)


def test_share_lost_gained_and_steady(words):
    now, less, more = (1e6, 2e5, 5000, 1000), (1e6, 3e5, 5000, 1500), (1e6, 1e5, 5000, 500)
    lost = valid(market.standing(*told(now, less), COMPARED, "tea", words))
    assert lost.verdict == "behind" and lost.value == pytest.approx(0.2, abs=0.002) and lost.low < 0.2 < lost.high
    assert lost.compared.value == pytest.approx(0.3, abs=0.002) and lost.at_stake_minor > 0 and lost.next_step
    assert "30.0%" in lost.text and "20.0%" in lost.text and "−10" in lost.text and "tea" in lost.text.lower()
    won = valid(market.standing(*told(now, more), COMPARED, "tea", words))
    assert won.verdict == "ahead" and "+10" in won.text and won.next_step and won.at_stake_minor is None
    flat = valid(market.standing(*told(now, now), COMPARED, "tea", words))
    assert flat.verdict == "careful" and flat.next_step
    assert len({lost.next_step, won.next_step, flat.next_step}) == 3
    basket = valid(market.standing(*told((1e6, 2e5, 5000, 1500), less), COMPARED, "tea", words))
    assert basket.next_step != lost.next_step


def test_long_names_and_large_changes_fit(words):
    name = "EXTRAORDINARILY LONG NAME OF A CATEGORY OF THINGS"
    valid(market.standing(*told((9e9, 2e9, 5000, 1000), (1e6, 3e5, 5000, 1500)), COMPARED, name, words))
    valid(market.standing(*told((1e6, 2e5, 5000, 1000)), ALONE, name, words))
    assert market.plain_category("TEA") == "Tea" and market.plain_category("面部护肤") == "面部护肤"


def test_nothing_to_compare_nothing_sold_nothing_to_show(words):
    alone = valid(market.standing(*told((1e6, 2e5, 5000, 1000)), ALONE, "tea", words))
    assert alone.verdict == "none" and alone.compared is None and alone.next_step
    few = valid(market.standing(*told((1e6, 2e3, 5000, 10), (1e6, 3e3, 5000, 10)), COMPARED, "tea", words))
    assert few.low is None and few.verdict == "careful"
    sizes, changes, split = told((1e6, 2e5, 5000, 1000), (1e6, 3e5, 5000, 1500), hidden=[COMPARED.now])
    hidden = valid(market.standing(sizes, changes, split, COMPARED, "tea", words))
    assert hidden.kind == "not identified" and hidden.value is None and hidden.next_step
    assert not any(digit in hidden.text for digit in "0123456789")
    nobody = valid(market.standing(sizes.iloc[:0], changes, split, COMPARED, "", words))
    assert nobody.kind == "not identified" and nobody.text != hidden.text and nobody.next_step
    before = valid(
        market.standing(*told((1e6, 2e5, 5000, 1000), (1, 1, 1, 1), hidden=[COMPARED.before]), COMPARED, "tea", words)
    )
    assert before.compared is None
    gone = valid(market.standing(*told((1e6, 0, 5000, 0), (1e6, 3e5, 5000, 1500)), COMPARED, "tea", words))
    assert gone.value == 0 and "−100%" in gone.text


def test_last_year_and_the_split(words):
    frames = told((1e6, 2e5, 5000, 1000), (1e6, 3e5, 5000, 1500), (5e5, 2e5, 2500, 1000))
    year = valid(market.year(frames[0], frames[1], COMPARED, words))
    assert year.verdict == "behind" and "+102%" in year.text and year.value == pytest.approx(-0.2, abs=0.005)
    assert market.year(*told((1e6, 2e5, 5000, 1000))[:2], ALONE, words) is None
    split = valid(market.split(frames[2], words))
    assert split.value == pytest.approx(-1e5, rel=0.02)
    assert valid(market.split(frames[2].iloc[:0], words)).kind == "not identified"
    bars = market.split_bars(frames[2], words)
    assert len(bars) == 4 and bars.value.sum() == pytest.approx(split.value, abs=3)
    grown = market.growth_bars(frames[1], words)
    assert list(grown.label) == [words("Category, period before"), words("We, period before"),
                                 words("Category, last year"), words("We, last year")]  # fmt: skip
    line = market.share_line(frames[0], COMPARED)
    assert list(line.day) == [COMPARED.before[1], COMPARED.now[1]]


def test_season_trend_and_neither(words):
    days = pd.date_range(end=LAST, periods=800, freq="D")
    wave = np.where(days.month == 3, 2.0, 1.0) * (1 + 0.2 * (days.day_of_week == 5))
    daily = pd.DataFrame({"day": days.date, "gmv_minor": (1000 * wave).astype(int)})
    weeks = seasons.calendar_weeks(daily)
    found, grown = seasons.season(weeks, 4), seasons.year_on_year(weeks)
    profile, trend = seasons.weekdays(daily), seasons.trend(seasons.weekly(daily))
    peak = valid(demand.season(found, grown, trend, profile, 28, LAST, words))
    assert peak.verdict == "careful" and peak.next_step and peak.due == LAST and peak.value > 1.5
    assert any(words.day(dt.date(2024, 3, n)) in peak.next_step for n in (7, 14, 21, 28)), "a week of the next March"
    one = valid(demand.season(None, None, trend, profile, 28, LAST, words))
    assert one.n == len(seasons.weekly(daily)) and one.low < one.value < one.high
    assert ("Saturday" if words.language == "en" else "星期六") in one.text
    none = valid(demand.season(None, None, None, profile.iloc[:0], 28, LAST, words))
    assert none.kind == "not identified"
    assert list(demand.weekday_bars(profile, words).value) == pytest.approx(list(100 * profile.factor))


def position(ours, low=80.0, middle=100.0, high=150.0, **more):
    rows = {"below": 0.5, "low": low, "middle": middle, "high": high, "ours": ours, "raw": 1.1, "fisher": np.nan} | more
    frame = pd.DataFrame({"what": list(rows), "value": pd.array(list(rows.values()), "Float64"), "buyers": 50})
    return frame.assign(value=frame.value.mask(frame.value.isna()))


def test_price_dear_cheap_middle_and_hidden(words):
    dear, cheap, middle = (valid(demand.price(position(x), words)) for x in (200.0, 50.0, 110.0))
    assert dear.next_step and cheap.next_step and dear.next_step != cheap.next_step and middle.next_step is None
    assert words.money(200.0) in dear.text and "+10%" in dear.text
    assert "+5%" in valid(demand.price(position(110.0, fisher=1.05), words)).text
    assert valid(demand.price(position(np.nan), words)).kind == "not identified"
    assert valid(demand.price(position(1.0).iloc[:0], words)).kind == "not identified"
    assert list(demand.price_bars(position(110.0), words).value) == [80, 100, 150, 110]


def searches(values):
    rows = [
        (w[0], w[1], kind, n, n, False)
        for w, counts in zip(WINDOWS, values, strict=False)
        for kind, n in counts.items()
    ]
    frame = pd.DataFrame(rows, columns=["first_day", "last_day", "kind", "searches", "searchers", "suppressed"])
    return frame.astype({"searches": "Int64"})


def test_searches_more_less_and_none(words):
    sizes = told((1e6, 2e5, 5000, 1000))[0]
    one, two = {"category": 900, "us": 100, "others": 900}, {"category": 600, "us": 125, "others": 900}
    found = valid(demand.searching(searches([one, two]), sizes, COMPARED, words))
    assert "+50%" in found.text and "−20%" in found.text and "10.0%" in found.text and found.next_step
    loud = valid(demand.searching(searches([one | {"us": 900}, two]), sizes, COMPARED, words))
    assert loud.next_step != found.next_step
    alone = valid(demand.searching(searches([one]), sizes, ALONE, words))
    assert words("not compared") in alone.text
    assert valid(demand.searching(searches([dict.fromkeys(one, 0)]), sizes, COMPARED, words)).kind == "not identified"
    without = valid(demand.searching(searches([{"category": 5, "us": 1}]), sizes, COMPARED, words))
    assert without.next_step is None
    bars = demand.search_bars(searches([one, two]), COMPARED, words)
    assert list(bars.value) == [900, 100, 900] and list(bars.before) == [600, 125, 900]


KIND = pd.CategoricalDtype(["us", "best", "others", "none"], ordered=True)


def flows(counts):
    rows = [(a, b, counts[i][j]) for i, a in enumerate(KIND.categories) for j, b in enumerate(KIND.categories)][:-1]
    frame = pd.DataFrame(rows, columns=["from_party", "to_party", "consumers"])
    return frame.astype({"from_party": KIND, "to_party": KIND, "consumers": "Int64"})


def said(counts, words):
    frame = flows(counts)
    balance = choices.net(frame)
    return valid(switching.switching(frame, choices.expected(frame), balance[balance.party != "none"], 90, words))


def test_switching_won_lost_even_and_hidden(words):
    even = [[50, 20, 5, 30], [21, 200, 40, 80], [6, 30, 90, 20], [15, 60, 25, 0]]
    assert said(even, words).verdict == "careful" and said(even, words).value == 2
    lost = said([[50, 90, 5, 30], *even[1:]], words)
    assert lost.verdict == "behind" and words("best five") in lost.next_step and "69" in lost.next_step
    assert said([even[0], [99, 200, 40, 80], *even[2:]], words).verdict == "ahead"
    assert said([[50, pd.NA, 5, 30], *even[1:]], words).kind == "not identified"
    assert said([[0, 0, 0, 0], *even[1:]], words).kind == "not identified"
    frame = flows(even)
    beside = switching.beside(frame, choices.expected(frame))
    assert len(beside) == 15 and beside.expected.notna().sum() == 9
    assert list(switching.balance_bars(choices.net(frame).iloc[:2], words).value) == [1, 1]
    assert [p for p, _ in switching.parties(["us", "others"], words)] == ["us", "others", "none"]


def chosen(new, settled):
    rows = [
        ("new", "us", new[0]),
        ("new", "others", new[1]),
        ("settled", "us", settled[0]),
        ("settled", "others", settled[1]),
    ]
    frame = pd.DataFrame(rows, columns=["segment", "party", "consumers"])
    kind = pd.CategoricalDtype(["new", "settled"], ordered=True)
    return choices.chosen(frame.astype({"segment": kind, "consumers": "Int64"}))


def test_newcomers_pass_by_come_first_are_few_or_unknown(words):
    def say(new, settled, known=200):
        return valid(switching.newcomers(chosen(new, settled), LAST, known, 150, words))

    behind = say((10, 90), (500, 500))
    assert behind.verdict == "behind" and behind.next_step and (behind.n, behind.value) == (100, 0.1)
    assert say((90, 10), (500, 500)).verdict == "ahead" and say((50, 50), (500, 500)).verdict == "careful"
    assert (
        say((5, 5), (500, 500)).kind == "not identified"
        and say((50, 50), (500, 500), known=149).kind == "not identified"
    )
    assert say((pd.NA, 50), (500, 500)).kind == "not identified"
    assert len(switching.newcomer_bars(chosen((5, 5), (5, 5)), words)) == 2


def test_relations_with_the_category(words):
    stages = [("A", "Aware"), ("L", "Loyal")]
    held = pd.DataFrame(
        {"stage": ["A", "L"], "consumers": [100, 200], "ours": [50, 40], "rest": [50, 160], "suppressed": False}
    )
    held = held.astype({"consumers": "Int64", "ours": "Int64", "rest": "Int64"})
    found = valid(relation.reach(held, stages, words))
    assert found.value == 0.2 and "300" in found.text and "160" in found.next_step and "Loyal" in found.short
    assert list(relation.reach_bars(held).value) == [0.5, 0.2] and relation.named(stages)("L") == "Loyal"
    dark = held.assign(suppressed=[False, True], consumers=held.consumers.mask([False, True]))
    part = valid(relation.reach(dark, stages, words))
    assert part.value == 0.5 and "300" not in part.text
    assert valid(relation.reach(held.assign(suppressed=True), stages, words)).kind == "not identified"


def test_what_is_missing_is_named(words):
    empty = pd.DataFrame({"searches": pd.array([0], "Int64")})
    bare = demand.lacking(
        ALONE, None, empty, pd.DataFrame(), Price(1, 1, 1, np.nan, 0), Parties("tea", "me", (), 1), words
    )
    assert len(bare) == len(set(bare)) == 6
    some = pd.DataFrame({"searches": pd.array([3], "Int64")})
    whole = demand.lacking(COMPARED, seasons.Season(pd.DataFrame(), 1, 1, 2), some, some, Price(1, 1, 1, 1, 1),
                           Parties("tea", "me", ("a", "b", "c", "d", "e"), 2), words)  # fmt: skip
    assert whole == []
