"""What the page of powers says, in both languages: where the brand stands, what moved it, what a strong peer has."""

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.model import powers as model
from apex.report.finding import Finding
from apex.show.say import powers as say
from apex.show.words import Words


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/powers", name="x", **fields)


def table(whole=(73.2, 60.0, 80.0), **parts):
    rows = [("all", "now", *whole, 5, 13)] if whole else []
    rows += [(p, "now", *at, 1, 2) for p, at in parts.items()] + [("goods", "year", 20.0, 10.0, 30.0, 1, 2)]
    return pd.DataFrame(rows, columns=model.TABLE)


def trend(against="year", **changes):
    rows = [("all", against, 3.0, -5.0, 10.0, 5, "gain", 4.0)]
    rows += [(p, against, *change, 1, "premium", change[0]) for p, change in changes.items()]
    return pd.DataFrame(rows, columns=model.TREND)


def measures(**places):
    rows = [
        (model.FIGURES[m].power, m, "now", 0.2, 0.1, 0.3, at, at - 10, at + 10, 12, 0.1, 0.2, 0.5, np.nan)
        for m, at in places.items()
    ]
    return pd.DataFrame(rows, columns=model.MEASURES)


def test_the_whole_its_strongest_and_its_weakest_power(words):
    made = finding(say.whole(table(goods=(46.0, 30.0, 56.0), brand=(88.0, 85.0, 91.0)), 231, words))
    assert made.value == 73.2 and made.verdict == "ahead" and made.n == 231 and say.power("goods", words) in made.short
    assert say.power("brand", words) in made.text and "13" in made.text and made.tile.value == "73"
    weak = finding(say.whole(table((40.0, 30.0, 49.0), goods=(40.0, 30.0, 49.0)), 9, words))
    assert weak.verdict == "behind" and say.power("goods", words) in weak.next_step
    none = finding(say.whole(table(whole=None), 3, words))
    assert none.kind == "not identified" and none.value is None


def test_what_surely_moved_is_named_with_its_measure(words):
    made = finding(
        say.moved(trend(goods=(35.0, 15.0, 45.0), brand=(-15.0, -15.0, -11.0), crowd=(2.0, -3.0, 5.0)), words)
    )
    assert made.value == 35 and made.verdict == "behind" and made.tile.value == words("{n} of {all}", n=2, all=3)
    assert say.power("crowd", words) not in made.text and say.measure("premium", words) in made.next_step
    assert say.period("year", words) in made.text
    still = finding(say.moved(trend("before", goods=(2.0, -3.0, 5.0)), words))
    assert still.verdict == "none" and still.short == words("No power surely moved")
    assert finding(say.moved(trend().iloc[:0], words)).kind == "not identified"


def test_the_measure_that_is_furthest_behind(words):
    made = finding(say.gap(measures(premium=5.0, active=60.0, members=90.0), words))
    assert say.measure("premium", words) in made.text and made.verdict == "behind" and "50" in made.text
    assert finding(say.gap(measures(premium=60.0, active=90.0), words)).verdict == "careful"
    assert finding(say.gap(measures(active=90.0), words)).verdict == "ahead"
    assert finding(say.gap(measures(active=np.nan), words)).kind == "not identified"


def test_measures_that_the_data_do_not_hold_are_named(words):
    told = say.absent(measures(**dict.fromkeys([m for m in model.FIGURES if m != "searchers"], 50.0)), True, words)
    assert len(told) == 1 and say.measure("searchers", words) in told[0] and say.measure("gain", words) not in told[0]
    assert say.absent(measures(**dict.fromkeys(model.FIGURES, 50.0)), True, words) == []
    assert len(say.absent(measures(), False, words)) == 1


def test_rows_and_bars(words):
    powers = table(goods=(46.0, 30.0, 56.0), brand=(np.nan, np.nan, np.nan))
    bars = say.bars(powers, words)
    assert bars.before.tolist()[1] == 20 and len(bars) == 2
    assert show.bars(bars, words, title="x", unit="index", mark=say.period(say.mark(powers), words)).html
    rows = say.power_rows(powers, trend(goods=(35.0, 15.0, 45.0)), words)
    assert (
        rows.year.tolist()[1].startswith("+35") and rows.before.tolist() == ["–"] * 3 and rows.place.tolist()[2] == "–"
    )
    told = say.measure_rows(measures(premium=5.0, gain=50.0, active=60.0), words).set_index("measure")
    assert (
        told.loc[say.measure("premium", words), "middle"] == "20"
        and told.loc[say.measure("active", words), "high"] == "50.0%"
    )
    assert told.loc[say.measure("gain", words), "low"].startswith("+") and (told.best == "–").all()
    moves = pd.DataFrame(
        [("brand", "premium", "year", -30.0, -40.0, -20.0, -0.29, -0.31, -0.27),
         ("member", "active", "before", 8.0, 0.0, 8.0, 0.125, 0.1, 0.15),
         ("crowd", "assets", "before", 8.0, 0.0, 8.0, np.nan, np.nan, np.nan)], columns=model.MOVES)  # fmt: skip
    said = say.move_rows(moves, words)
    assert (
        said.change.tolist()[1].startswith("+12.5")
        and "−29" in said.change.tolist()[0]
        and said.change.tolist()[2] == "–"
    )


def test_powers_and_measures_are_named_as_they_are_counted():
    """Words stand apart from counting: the names are written twice, and held together here."""
    assert (model.POWERS, model.WHOLE, tuple(model.FIGURES)) == (say.POWERS, say.WHOLE, say.FIGURES)
    assert {m for m in say.FIGURES if model.in_part(m)} == set(say.IN_PART)
