"""What the media page says, in both languages: a split, money that does not earn its cost, limits, no costs, no contacts."""

import numpy as np
import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import media as say
from apex.show.words import Words


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def valid(fields):
    return Finding(notebook="2_plan/media", name="x", **fields)


def channels(planned=(600.0, 400.0, 0.0), then=(100.0, 100.0, 800.0), bound=("cap", "", "floor")):
    return pd.DataFrame({
        "channel": ["search", "a channel of one's own", "social"], "site": ["on", None, "off"],
        "buying": ["auction", "owned", "contract"], "then": then, "planned": planned, "gmv_minor": [9.0, 5.0, 0.0],
        "first_yuan": 3.0, "next_yuan": 1.25, "bound": bound, "bound_worth": 0.0,
    })  # fmt: skip


def compared(last=800.0, near=100.0, sure=0.99):
    rows = [("even", 700.0), ("last", last), ("plan", 1000.0)]
    frame = pd.DataFrame(rows, columns=["split", "gmv_minor"])
    less = 1000 - frame.gmv_minor
    frame = frame.assign(low=frame.gmv_minor - 100, high=frame.gmv_minor + 100, worse=sure)
    return frame.assign(less=less, less_low=less - near, less_high=less + near)


def test_every_reason_has_words_and_no_number(words):
    texts = [valid(say.cannot(r, words)) for r in ("no_spend", "few_orders", "no_budget", "no_peers")]
    assert len({t.text for t in texts}) == 4 and all(t.kind == "not identified" and t.value is None for t in texts)


def test_the_headline_says_gain_and_move():
    words = Words("en", "USD", 20)
    found = valid(say.split(compared(), channels(), 1000.0, words))
    assert "$10.00** bring **$10.00" in found.text and "**+25%**" in found.text
    assert "(80%: +12% to +38%)" in found.text and "sure" not in found.text
    assert found.next_step == "Move money from social content to search ads, a channel of one's own."
    assert (found.low, found.high, found.compared.value) == (900, 1100, 800)


def test_splits_that_the_data_do_not_tell_apart_are_named(words):
    text = valid(say.split(compared(sure=0.94), channels(), 1000.0, words)).text
    both = words(", ").join(words(n) for n in ("Even", "As in the earlier campaign"))
    assert (
        words("It is less than {sure} sure to bring more than: {splits}.", sure=words.share(say.SURE), splits=both)
        in text
    )


def test_groups_that_must_be_met_are_said_with_their_price(words):
    frame = pd.DataFrame(
        [("reach of age_band 18-24", 0.3, 0.3, 1234.0)], columns=["group", "asked", "reached", "worth"]
    )
    assert words.money(1234) in say.asked(frame, words) and words.share(0.3) in say.asked(frame, words)
    assert "reach" in say.asked(frame[:0], words)


def test_without_an_earlier_split_nothing_is_compared(words):
    found = valid(say.split(compared().query("split != 'last'"), channels(then=(0.6, 0.4, 0.0)), 1000.0, words))
    assert found.compared is None and found.next_step is None and found.verdict == "ahead"


def test_money_that_does_not_earn_its_cost_is_said(words):
    dear = valid(say.following(channels(), 1.25, 0.5, 300.0, 1000.0, 0.0, words))
    assert dear.verdict == "careful" and dear.next_step and "3" in dear.next_step
    assert say.channel("search", words) in dear.text and say.channel("social", words) in dear.text
    assert valid(say.following(channels(), 2.5, 0.5, 1000.0, 1000.0, 0.0, words)).verdict == "ahead"
    spare = valid(say.following(channels(), 2.5, 0.5, 1000.0, 100_000.0, 40_000.0, words))
    assert spare.verdict == "careful" and words.money(40_000) in spare.text
    unknown = valid(say.following(channels(bound=("", "", "")), 2.5, None, None, 1000.0, 0.0, words))
    assert unknown.verdict == "none" and say.channel("search", words) not in unknown.text


def test_regret_is_a_mean_and_a_tail():
    found = valid(say.regret(np.r_[np.zeros(8), 0.1, 0.3], Words("en", "USD", 20)))
    assert found.value == pytest.approx(0.04) and "4%" in found.text and "12%" in found.text


def test_tables_speak_the_readers_language(words):
    named = say.named(channels(), words)
    assert named.channel[0] == say.channel("search", words) and named.bound.tolist()[1] == ""
    assert say.rivals(compared(), words).split.tolist() == ["plan", "last", "even"]
    bars = say.budgets(channels(), 1000.0, words)
    assert bars.value.sum() == 1000 and bars.before.tolist() == [100, 100, 800]
    wide = pd.DataFrame([("search", "burst", 5.0), ("search", "odd", 1.0), ("tv", "presale", 9.0)],
                        columns=["channel", "phase", "planned"])  # fmt: skip
    grid, heads = say.phases(wide, words)
    assert len(grid) == 2 and [h for h, _ in heads.values()][1:] == [words("presale"), words("burst"), "odd"]


def test_who_met_most_or_nobody(words):
    frame = pd.DataFrame(
        {"channel": ["search", "tv"], "contacts": [9, 9], "people": pd.array([30, None], "Int64"), "buyers": 1}
    )
    found = valid(say.met(frame, words))
    assert found.value == 30 and found.unit == "consumers"
    assert valid(say.met(frame[:0], words)).value is None


def chosen():
    rows = [
        ("tv", "broad", "功效", None, 1.3, 59),
        ("social", "broad", "功效", None, 1.3, 59),
        ("search", "likely", "功效", "价格", 1.1, 181),
    ]
    frame = pd.DataFrame(rows, columns=["channel", "whom", "message", "then", "pull", "clicks"])
    return frame.assign(low=0.9, high=1.5, in_all=240)


def test_which_message_in_which_channel(words):
    found = valid(say.messages(chosen(), 28, words))
    assert found.n == 240 and found.kind == "model" and "28" in found.text and words.signed_share(0.1) in found.text
    both = words(", ").join(say.channel(c, words) for c in ("tv", "social"))
    assert words("**{message}** in {channels}", message="功效", channels=both) in found.text
    assert "**价格**" in found.text and "功效" in found.short


def test_a_message_with_a_long_name_still_fits(words):
    frame = chosen().assign(message="a message that says more than anybody can read in passing", then=None)
    assert len(valid(say.messages(frame, 28, words)).short) <= 60


def test_without_clicks_by_message_it_is_said(words):
    found = valid(say.messages(chosen()[:0], 28, words))
    assert found.kind == "not identified" and found.value is None


def test_rows_of_messages_name_targeting_and_turns(words):
    frame = say.said(chosen(), words)
    assert frame.channel[0] == say.channel("search", words) and frame.whom[0] == words("likely buyers")
    assert frame.pull.round(2).tolist() == [0.1, 0.3, 0.3] and frame.low.round(2).tolist() == [-0.1] * 3
    assert frame.message.tolist() == [words("{first}, then {then}", first="功效", then="价格"), "功效", "功效"]
    assert say.said(chosen().assign(whom="其他"), words).whom.tolist() == ["其他"] * 3


def test_what_to_say_from_tomorrow_on_beside_the_plan(words):
    frame = chosen().assign(planned=["功效", None, "新品"])
    found = valid(say.switch(frame, words))
    assert found.n == 240 and found.next_step and say.channel("tv", words) not in found.text
    assert say.channel("social", words) in found.text and say.channel("search", words) in found.text
    assert words("{n} of {all} channels should say something else", n=2, all=3) in found.short
    same = valid(say.switch(chosen().assign(planned=["功效"] * 3), words))
    assert same.short == words("Messages stay as planned") and not same.next_step
    alone = valid(say.switch(chosen().assign(planned=None), words))
    assert alone.short == words("Messages are chosen for tomorrow") and "**功效**" in alone.text
    none = valid(say.switch(chosen()[:0].assign(planned=None), words))
    assert none.kind == "not identified"
