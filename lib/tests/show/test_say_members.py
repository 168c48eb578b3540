"""What the page of members says, in cases a brand really has: members, none, too few, chance, silence, nobody to compare."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from apex.measure import member_value, rfm
from apex.model.estimate import Estimate
from apex.model.verdict import Reason
from apex.report.finding import Finding
from apex.show.say import benefits, joining, lifetime, members
from apex.show.words import Words

NONE = pd.DataFrame(columns=["group", "buyers", "value_minor", "value_minor_low", "value_minor_high", "each_minor"])


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="1_insight/members", name="x", **fields)


def worth(*rows):
    made = pd.DataFrame([(g, n, v, v * 0.9, v * 1.1, v / n) for g, n, v in rows], columns=NONE.columns)
    return made.astype(dict.fromkeys(NONE.columns[1:], "Int64"), errors="ignore").round()


def standing(*rows):
    """(member, tier, consumers, active, buyers, repeat, gmv)"""
    made = pd.DataFrame(
        [(m, t, n, a, n - a, b, n - b, r, b - r, b, gmv) for m, t, n, a, b, r, gmv in rows],
        columns=["member", "tier", *member_value.COUNTS],
    )
    return made.astype(dict.fromkeys(member_value.COUNTS, "Int64"))


TIERS = standing(
    (True, "", 90, 20, 60, 20, 40000), (True, "V1", 210, 90, 200, 120, 200000), (False, "", 400, 50, 400, 80, 160000)
)


def test_the_headline_with_members_and_without(words):
    step = {"next_step": "Do this.", "at_stake_minor": 7}
    both = valid(members.headline(worth(("yes", 100, 500000), ("no", 300, 600000)), TIERS, 365, step, words))
    assert both.value == 500000 and both.n == 100 and both.next_step == "Do this." and both.kind == "model"
    assert words.money(5000) in both.text and words.money(2000) in both.text and words.share(0.6) in both.text
    alone = valid(members.headline(worth(("no", 300, 600000)), TIERS.iloc[:0], 365, {}, words))
    assert alone.value == 600000 and alone.tile and alone.next_step is None
    nobody = valid(members.headline(NONE, TIERS.iloc[:0], 365, {}, words))
    assert nobody.kind == "not identified" and nobody.value is None
    hidden = worth(("yes", 100, 500000), ("no", 300, 600000))
    hidden.loc[0, list(NONE.columns[1:])] = pd.NA
    assert valid(members.headline(hidden, TIERS, 365, {}, words)).value == 600000, "what is hidden is not said"


def test_stock_and_activity(words):
    year = pd.DataFrame({"joined": [40], "left": [25], "members": [300]}, dtype="Int64")
    up = valid(members.stock(year, words))
    assert up.verdict == "ahead" and up.value == 300 and "+15" in up.short
    assert valid(members.stock(year.assign(left=60), words)).verdict == "behind"
    for gone in (year.iloc[:0], year.assign(members=pd.NA), year.assign(members=0)):
        assert valid(members.stock(gone, words)).value is None
    active = valid(members.activity(TIERS, 30, words))
    assert active.value == pytest.approx(110 / 300) and active.n == 300 and words.share(140 / 260) in active.text
    assert valid(members.activity(TIERS[~TIERS.member], 30, words)).value is None
    assert valid(members.activity(TIERS.assign(consumers=pd.NA), 30, words)).value is None


def test_tables_of_members(words):
    table = members.table(TIERS, words)
    assert len(table) == 3 and table.active_share[0] == pytest.approx(20 / 90) and table.each_minor[2] == 400
    assert set(members.heads(30, words)) <= set(table.columns)
    assert members.tier(" / V1", True, words) == words("members, {tier}", tier=f"{words('no tier')} / V1")
    both = worth(("yes", 100, 500000), ("no", 300, 600000)).assign(cut="member", purchases=9)
    shown = members.worth_table(
        both, worth(("V1", 60, 300000), ("", 40, 200000)).assign(cut="tier", purchases=9), words
    )
    assert (
        len(shown) == 4
        and shown.label[0] == words("all members")
        and shown.label[3] == words("buyers who are no members")
    )
    assert set(members.worth_heads(365, words)) <= set(shown.columns)
    assert members.trait_value("", "age_band", words) == words(
        "{what}: {level}", what=words("age"), level=words("unknown")
    )
    assert members.trait_value("x", "strategic_crowd", words) == "x" and members.trait_value("", None, words) == words(
        "everybody"
    )
    assert members.standing_title(SimpleNamespace(short="s"), pd.DataFrame({"a": [1]}), words) == "s"


def estimate(effect, half, method="aipw", after=0, cannot="", treated=200):
    ends = (effect - half, effect + half)
    return Estimate(method, effect, *ends, half / 2, treated, 900, "model", after, cannot)


def verdict(effect=1400.0, half=900.0, reasons=(), treated=200, cannot=""):
    main, second = (
        estimate(effect, half, cannot=cannot, treated=treated),
        estimate(effect, half, "aipw_change", treated=treated),
    )
    evidence = SimpleNamespace(naive=main, defensible=(main, second), placebos=(estimate(50.0, 200.0, after=-1),))
    low, high = (math.nan, math.nan) if cannot else (effect - half, effect + half)
    return SimpleNamespace(identified=not reasons, estimate=None if reasons else main, low=low, high=high, reasons=reasons,
                           treated=treated, evidence=evidence)  # fmt: skip


def test_joining_found_by_chance_and_not_identified(words):
    up = valid(joining.joining(verdict(), math.nan, 90, words))
    assert up.kind == "lift" and up.verdict == "ahead" and (up.low, up.high) == (500, 2300) and up.next_step is None
    chance = valid(joining.joining(verdict(half=2000.0), math.nan, 90, words))
    assert chance.kind == "lift" and chance.verdict == "careful" and chance.next_step
    assert valid(joining.joining(verdict(effect=-1400.0), math.nan, 90, words)).verdict == "behind"
    doubt = verdict(reasons=(Reason("placebo", 0.001, 0.02, "aipw"), Reason("balance", 0.4, 0.25, "age_band=x")))
    unknown = valid(joining.joining(doubt, math.nan, 90, words))
    assert unknown.kind == "not identified" and unknown.value is None and unknown.low == 500
    for nobody in (None, verdict(treated=3), verdict(reasons=(Reason("too_few", 3, 30),), cannot="too_few")):
        assert valid(joining.joining(nobody, math.nan, 90, words)).value is None
    strong = joining.joining(verdict(), 1.7, 90, words)["text"]
    assert "1.7" in strong and "1.7" not in up.text
    bars = joining.estimates(verdict(), words)
    assert len(bars) == 3 and bars.label.is_unique and joining.estimates(None, words).empty
    assert len(joining.reasons(doubt, words)) == 2 and joining.reasons(None, words).empty


@pytest.mark.parametrize("code", ["balance", "inside", "certain", "placebo", "pretrend", "no_placebo", "disagree", "signs",
                                  "no_second", "too_few", "no_overlap", "contaminated"])  # fmt: skip
def test_every_reason_has_words(words, code):
    about = {"balance": "gmv_minor[-1]", "disagree": "aipw/aipw_change"}.get(code, "aipw")
    told = joining.reasons(SimpleNamespace(reasons=(Reason(code, 3.0, 1.0, about),)), words)
    assert told.reason[0] and told.found[0] and told.limit[0]


def test_invitations_and_who_is_next(words):
    columns = ["cut", "cell", "people", "joined", "stayed_out", "days"]
    rows = [
        ("all", "all", 900, 90, 810, 999),
        ("purchase", "first", 500, 60, 440, 500),
        ("purchase", "later", 600, 30, 570, 700),
    ]
    invited = {str(cut): part for cut, part in pd.DataFrame(rows, columns=columns).groupby("cut")}
    nobody = {cut: part.iloc[:0] for cut, part in invited.items()}
    rates = pd.DataFrame(
        {"cell": ["a", ""], "people": [400, 300], "rate": [0.2, 0.05], "low": [0.15, 0.03], "high": [0.25, 0.08]}
    )
    clear = valid(joining.invitation(invited, rates, words))
    assert (
        clear.value == pytest.approx(0.1)
        and clear.n == 900
        and clear.next_step
        and words.share(0.12, 1) in clear.text
        and words.share(30 / 700, 1) in clear.text
    )
    assert valid(joining.invitation(invited, rates.assign(high=0.4), words)).next_step is None, (
        "what chance can do is no step"
    )
    assert valid(joining.invitation(invited, rates.iloc[:0], words)).value == pytest.approx(0.1)
    assert valid(joining.invitation(nobody, rates.iloc[:0], words)).value is None
    others = pd.DataFrame(
        {"label": ["x", "y"], "buyers": [100, 50], "value_minor": [9000, 8000], "each_minor": [90, 160]}
    )
    up = joining.joining(verdict(), math.nan, 90, words)
    won = valid(joining.winning(others, up, 365, True, words))
    assert won.n == 50 and won.at_stake_minor == 70000 and "y" in won.short
    assert valid(joining.winning(others, {}, 365, True, words)).at_stake_minor is None
    assert valid(joining.winning(others, up, 365, False, words)).at_stake_minor is None, (
        "without members nobody is invited"
    )
    assert valid(joining.winning(others.assign(value_minor=pd.NA), up, 365, True, words)).value is None


def errors(model, last, cells, rmse=(1.0, 2.0, 3.0)):
    rows = [("money", m, 100, 9.0, 9.0, b, b - 0.05, b + 0.05, 1.0, r)
            for m, b, r in zip(("model", "last", "cells"), (model, last, cells), rmse, strict=True)]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["measure", "method", "n", "total", "actual", "bias", "bias_low", "bias_high", "mae", "rmse"]
    )


def test_the_test_of_the_model_says_who_was_nearer(words):
    best = valid(lifetime.tested(errors(0.02, 0.2, -0.3), 90, words))
    assert best.verdict == "ahead" and best.value == 0.02 and best.n == 100
    beaten = valid(lifetime.tested(errors(0.2, 0.1, 0.3), 90, words))
    assert (
        beaten.verdict == "careful"
        and words(" In total {method} was nearer.", method=lifetime.method("last", words)) in beaten.text
    )
    apart = valid(lifetime.tested(errors(0.02, 0.2, -0.3, (2.0, 1.0, 3.0)), 90, words))
    assert apart.verdict == "careful"
    assert valid(lifetime.tested(errors(0.2, 0.3, -0.3), 90, words)).verdict == "careful", "off by more than chance"
    assert valid(lifetime.tested(errors(math.nan, math.nan, math.nan), 90, words)).value is None
    assert valid(lifetime.tested(errors(0.1, 0.1, 0.1).iloc[:0], 90, words)).value is None
    table = lifetime.errors_table(errors(0.02, 0.2, math.nan), words)
    assert len(table) == 3 and set(lifetime.errors_heads(words)) == set(table.columns)


def test_rhythm(words):
    rhythm = SimpleNamespace(every=lambda share: 120.4 if share == 0.5 else 30.2, leaves=0.07, n=500)
    clock = SimpleNamespace(knows_season=True)
    model = SimpleNamespace(
        rhythm=rhythm, early=0.02, clock=clock, buyers=pd.DataFrame({"value_minor": [3000, 1000], "days": [3, 1]})
    )
    told = valid(lifetime.rhythm(model, words))
    assert "120" in told.short and words.share(0.07, 1) in told.text and words.money(1000) in told.text
    model.early, model.clock = 0.6, SimpleNamespace(knows_season=False)
    longer = valid(lifetime.rhythm(model, words)).text
    assert words.share(0.6) in longer and len(longer) > len(told.text)
    assert valid(lifetime.rhythm(None, words)).value is None


def silent(share, n=200):
    frame = pd.DataFrame({"group": [0.1, 0.2, 1.0], "buyers": [n, n, 900], "forecast": [100.0, 100.0, 200.0],
                          "actual": [100.0 * share, 100.0 * share, 200.0]})  # fmt: skip
    return frame.assign(low=frame.actual - 10, high=frame.actual + 10)


def test_silence_that_means_loss_none_or_nothing(words):
    loss = valid(lifetime.silence(silent(0.6), words))
    assert loss.verdict == "behind" and loss.value == pytest.approx(0.6) and loss.n == 400
    assert valid(lifetime.silence(silent(1.4), words)).verdict == "ahead"
    assert valid(lifetime.silence(silent(1.01), words)).verdict == "none"
    assert valid(lifetime.silence(silent(0.6, 5), words)).value is None
    assert valid(lifetime.silence(silent(0.6).iloc[:0], words)).value is None
    assert len(lifetime.silences(silent(0.6), words)) == 3


def lost(falling, lost_minor, silent=30, silent_minor=5000):
    rows = [("x", 300, falling, lost_minor, silent, silent_minor), ("y", 200, 0, 0, 0, 0)]
    columns = ["label", "buyers", "falling", "lost_minor", "silent", "silent_minor"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:], "Int64"))


def test_whom_to_win_back(words):
    quiet = lifetime.silence(silent(0.6), words)

    def told(groups, quiet=quiet):
        return valid(lifetime.recall(groups, groups[:1], quiet, 365, words))

    some = told(lost(40, 90000))
    assert some.verdict == "behind" and some.at_stake_minor == 90000 and some.n == 40 and "x" in some.next_step
    hidden = lost(40, 90000)
    hidden.loc[0, list(hidden.columns[1:])] = pd.NA
    alone = valid(lifetime.recall(hidden, lost(40, 90000)[:1], quiet, 365, words))
    assert alone.at_stake_minor == 90000 and "x" not in alone.next_step, "a hidden crowd is not named"
    none = told(lost(0, 0), {})
    assert none.verdict == "none" and none.next_step is None
    still = told(lost(0, 0))
    assert still.verdict == "careful" and still.at_stake_minor == 2000 and still.next_step
    assert told(hidden).value is None and told(lost(0, 0)[:0]).value is None
    assert "falling" in lifetime.recall_heads(lost(4, 9), words) and "falling" not in lifetime.recall_heads(
        lost(0, 0), words
    )


def test_cells(words):
    names = lifetime.cell_names(rfm.load(), words)
    assert set(names) == {*rfm.CODES, "asleep", "none"}
    sizes = pd.DataFrame({"cell": ["111", "011", "000"], "buyers": [70, 40, 9], "recent_minor": [1, 1, 1]}).astype(
        {"buyers": "Int64"}
    )
    rows = [("111", "111", 60), ("111", "011", 12), ("011", "111", 5), ("none", "100", 3)]
    moves = pd.DataFrame(rows, columns=["from_cell", "to_cell", "consumers"]).astype({"consumers": "Int64"})
    slipped = valid(lifetime.cells(moves, sizes, names, 28, words))
    assert slipped.verdict == "behind" and slipped.value == 70 and slipped.next_step
    assert valid(lifetime.cells(moves.assign(consumers=[60, 2, 5, 3]), sizes, names, 28, words)).verdict == "ahead"
    hidden = moves.assign(consumers=pd.array([60, pd.NA, 5, 3], "Int64"))
    assert valid(lifetime.cells(hidden, sizes, names, 28, words)).verdict == "none"
    assert valid(lifetime.cells(moves, sizes.assign(buyers=pd.NA), names, 28, words)).value is None
    assert lifetime.movement(moves, names).consumers.tolist() == [12, 5, 3], "who stayed did not move"
    assert lifetime.cells_table(sizes, names).label[0] == names["111"] and lifetime.about_cells(
        (90, 2, 500), 365, words
    )


def test_benefits(words):
    columns = ["benefit", "cut", "cell", "offered", "used", "unused", "rate", "likely", "low", "high"]
    whole = pd.DataFrame([("c", "all", "all", 500, 100, 400, 0.2, 0.2, 0.17, 0.24)], columns=columns)
    rows = [("", "member", "yes", 200, 60, 140, 0.3, 0.29, 0.2, 0.35), ("", "member", "no", 300, 40, 260, 0.13, 0.14, 0.1, 0.2),
            ("", "age_band", "", 9, 9, 0, 1.0, 0.5, 0.1, 0.9)]  # fmt: skip
    cells = benefits.labelled(pd.DataFrame(rows, columns=columns), words)
    told = valid(benefits.response(whole, cells, True, 365, words))
    assert told.value == pytest.approx(0.2) and told.n == 500 and words("members") in told.text
    assert valid(benefits.response(whole, cells.iloc[:1], False, 365, words)).value == pytest.approx(0.2)
    assert valid(benefits.response(whole.iloc[:0], cells, True, 365, words)).value is None
    assert set(benefits.whole_heads(words)) <= set(whole.columns) and len(benefits.bars(cells)) == 3
    goods = pd.DataFrame([("c", "x", "tea", 9, 60, 0.1), ("c", "", "", 30, 70, 0.3)],
                         columns=["benefit", "cell", "good", "used", "offered", "likely"]).assign(low=0.0, high=0.5)  # fmt: skip
    assert (
        valid(benefits.on_what(goods, words)).value == 30
        and valid(benefits.on_what(goods.iloc[:0], words)).value is None
    )
    table = benefits.person_good(goods, "age_band", words)
    assert table.used.tolist() == [30, 9] and set(benefits.goods_heads(words)) <= set(table.columns)
