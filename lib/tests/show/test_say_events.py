"""What the page of event days says, in both languages, with numbers and without."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex import show
from apex.model.event_series import DAYS, PLACEBO
from apex.report.finding import Finding
from apex.report.upstream.events import JOINS, REPEAT
from apex.show.say import event_people as people
from apex.show.say import events as say
from apex.show.words import Words

D = dt.date
OWN = ["2024-11-11 d11"]
NAMES = [("2023-11-11 d11", "d11", "platform", D(2023, 11, 11), 250.0), ("2024-04-08 day", "day", "own", D(2024, 4, 8), -20.0),
         ("2024-11-11 d11", "d11", "platform", D(2024, 11, 11), 400.0)]  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 5)


def finding(fields):
    return Finding(notebook="4_wrapup/events", name="x", **fields)


def wide(wide_by=150.0, before=-30.0, after=-10.0, known=1.0):
    rows = []
    for event, name, kind, day, net in NAMES:
        row = {"event": event, "name": name, "kind": kind, "first_day": day, "buyers": 40, "suppressed": False}
        for block, value, span in (("before", before, 20), ("on", net, 9), ("after", after, 20), ("net", net, wide_by)):
            row |= {f"{block}_days": 7, f"{block}_effect": value * known, f"{block}_low": (value - span) * known}
            row[f"{block}_high"] = (value + span) * known
        rows.append(row)
    return pd.DataFrame(rows).convert_dtypes()


def methods(plain=300.0, plain_low=90.0, apart=False):
    rows = [
        (OWN[0], measure, block, 7, 400.0, 250.0, 550.0, plain, plain_low, 700.0, 350.0, -100.0, 800.0, apart, apart)
        for measure in ("gmv_minor", "orders") for block in ("after", "before", "net", "on")
    ]  # fmt: skip
    kinds = [f"{n}{s}" for n in say.METHODS for s in ("", "_low", "_high")]
    columns = ["event", "measure", "block", "days", *kinds, "plain_apart", "usual_apart"]
    return pd.DataFrame(rows, columns=columns)


def test_the_headline_is_the_campaigns_event_with_its_parts(words):
    made = finding(say.headline(wide(), wide(), methods(), OWN, 201, words))
    assert made.verdict == "ahead" and (made.value, made.low, made.high, made.n) == (400, 250, 550, 201)
    assert made.compared.value == 300 and "201" in made.text and words.signed(-30) in made.text
    assert words("Buyers waited for it: the days before surely sold less.") in made.text
    texts = {finding(say.headline(wide(before=b, after=a), wide(), methods(), OWN, 201, words)).text
             for b, a in ((-30, -10), (0, 0), (0, -30), (-30, -30))}  # fmt: skip
    assert len(texts) == 4, "waiting, a dip, both and neither are told apart"


def test_a_net_that_is_not_sure_by_both_methods_is_not_sold_as_one(words):
    both = finding(say.headline(wide(), wide(), methods(plain_low=-5), OWN, 201, words))
    vague = finding(say.headline(wide(500), wide(), methods(), OWN, 201, words))
    assert both.verdict == vague.verdict == "careful" and both.next_step == vague.next_step
    assert vague.short == words(
        "{name}: net not told from nought", name=words("{name} {year}", name="d11", year="2024")
    )
    worse = finding(
        say.headline(
            wide(100).assign(net_effect=-400.0, net_low=-500.0, net_high=-300.0), wide(), methods(), OWN, 9, words
        )
    )
    assert worse.verdict == "behind"


def test_without_a_number_nothing_is_claimed(words):
    nothing = wide(known=np.nan)
    made = finding(say.headline(nothing, nothing, methods(), OWN, 31, words, "too_few"))
    other = finding(say.headline(nothing, nothing, methods(), OWN, 31, words, "no_fit"))
    assert made.kind == "not identified" and made.value is None and "31" in made.text and made.text != other.text
    part = wide()
    part.loc[2, ["after_effect", "after_low", "after_high"]] = pd.NA
    assert "–" in finding(say.headline(part, nothing, methods(), OWN, 31, words)).text
    hidden = wide().query("event != @OWN[0]")
    assert finding(say.headline(hidden, hidden, methods(), OWN, 31, words)).kind == "not identified"


def test_methods_that_disagree_are_said_to(words):
    same, apart = (
        finding(say.methods(methods(), OWN, words)),
        finding(say.methods(methods(100, apart=True), OWN, words)),
    )
    half = finding(say.methods(methods(plain_low=-5), OWN, words))
    assert same.verdict == "none" and apart.verdict == half.verdict == "careful"
    assert len({same.text, apart.text, half.text}) == 3 and same.short != apart.short
    assert finding(say.methods(methods().assign(series=np.nan), OWN, words)).kind == "not identified"
    rows = say.method_rows(methods(apart=True), OWN, words)
    assert list(rows.measure[:4]) == [words("Orders")] * 4 and rows.block.tolist()[3] == words("Net")
    assert set(rows.apart) == {words("yes")} and words.money_short(400) in rows.series[7]
    assert say.method_rows(methods(), ["none"], words).empty


def test_it_is_held_against_the_last_one_of_its_name_or_kind(words):
    made = finding(say.earlier(wide(), OWN, [], words))
    assert made.value == 150 and made.verdict == "none" and "2023" in made.compared.label
    assert made.high - made.value == pytest.approx(np.hypot(150, 150))
    assert finding(say.earlier(wide(20), OWN, [], words)).verdict == "ahead"
    other = wide(20).assign(name=["a", "day", "d11"])
    assert finding(say.earlier(other, OWN, ["2024-04-08 day"], words)).compared.value == -20, "compared by the campaign"
    assert finding(say.earlier(other, OWN, [], words)).compared.value == 250, "of its kind"
    assert finding(say.earlier(wide().tail(1), OWN, [], words)).kind == "not identified"
    assert finding(say.earlier(wide(), ["nobody"], [], words)).kind == "not identified"


def joins(effect=9.0):
    row = ["2024-04-08 day", 40, effect, effect - 6, effect + 6, -17.0, -60.0, 30.0]
    return pd.DataFrame([row], columns=["event", "buyers", *JOINS]).convert_dtypes()


def test_joins_are_told_with_their_doubt(words):
    made = finding(people.joined(joins(), wide(), True, 201, words))
    assert made.verdict == "ahead" and made.value == 9 and words.signed(-17) in made.text
    other = finding(people.joined(joins(2.0), wide(), False, 201, words))
    assert other.verdict == "none" and words("It is no own festival: the brand has none in these data.") in other.text
    assert finding(people.joined(joins(np.nan), wide(), True, 201, words)).kind == "not identified"


def repeat(own=0.1, kinds=("own", "plain", "this")):
    rows = {"own": ("own", 40, 8, 0.2, 0.1, 0.35, 0.1, own, own - 0.08, own + 0.1),
            "plain": ("plain", 500, 50, 0.1, 0.08, 0.13, 0.1, np.nan, np.nan, np.nan),
            "this": ("this", 0, 0, np.nan, np.nan, np.nan, 0.1, np.nan, np.nan, np.nan)}  # fmt: skip
    table = pd.DataFrame([rows[k] for k in kinds], columns=["kind", "buyers", "again", *REPEAT])
    return table.assign(suppressed=False).convert_dtypes()


def test_repeat_is_counted_beside_plain_days(words):
    more, less = finding(people.repeat(repeat(), 90, words)), finding(people.repeat(repeat(-0.2), 90, words))
    assert more.kind == "counted" and more.verdict == "ahead" and less.verdict == "careful" and less.next_step
    assert finding(people.repeat(repeat(0.0), 90, words)).verdict == "none"
    assert words("This campaign's own new buyers are not yet known for {n} days.", n=90) in more.text
    assert finding(people.repeat(repeat(kinds=("plain", "this")), 90, words)).kind == "not identified"
    shown = people.rows(repeat(), words)
    assert shown.who.tolist() == [people.group_name("own", words), words("plain days")] and shown.more[1] == "–"
    hidden = repeat().assign(buyers=pd.NA, again=pd.NA, suppressed=True)
    assert len(people.rows(hidden, words)) == 3


def test_the_placebo_tells_where_intervals_are_too_narrow(words):
    def windows(held, n):
        return pd.DataFrame([(D(2024, 1, 1), 7, 1.0, 1.0, 0.0, 2.0, k < held) for k in range(n)], columns=PLACEBO)

    assert finding(say.placebo(windows(19, 20), 7, words)).verdict == "none"
    narrow = finding(say.placebo(windows(10, 20), 7, words))
    assert narrow.verdict == "careful" and narrow.value == 0.5 and narrow.next_step
    assert finding(say.placebo(windows(3, 3), 7, words)).kind == "not identified"


def test_days_are_drawn_beside_what_would_have_been(words):
    days = pd.DataFrame([(D(2024, 11, 1 + n), 10.0 * n, 9.0, 5.0, 14.0, *((np.nan,) * 4 if n < 2 else (99.0, 50.0, 30.0, 70.0)))
                         for n in range(5)], columns=DAYS)  # fmt: skip
    assert len(say.lines(days)) == 5 and len(say.lines(days, sums=True)) == 3
    drawn = show.against(say.lines(days), words, "x", "money_minor", expected=words("without it"))
    assert words("without it") in drawn.html and words("Forecast") not in drawn.html and words("Plan") not in drawn.html
    assert say.lines(days.head(0)).empty


def test_what_is_missing_is_said(words):
    assert say.absent(False, {"own", "platform"}, True, words) == []
    assert len(say.absent(True, {"mailing"}, False, words)) == 4
