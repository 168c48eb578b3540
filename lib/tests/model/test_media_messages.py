"""The choice of messages, in drawn worlds of clicks whose best message is known."""

import numpy as np
import pandas as pd
import pytest

from apex.model import media_messages
from apex.model.media_messages import AHEAD, CREATIVE, HALF, LIFE, MESSAGE, NEAR, WHOM, WORN, pull

# channel → targeting, contacts of four weeks, clicks a contact: those of the default market
CHANNELS = {
    "activity": ("broad", 330, 0.09), "short-video": ("broad", 330, 0.05), "social": ("broad", 670, 0.013),
    "tv": ("broad", 400, 0.0), "feed": ("likely", 1880, 0.03), "live": ("likely", 560, 0.11), "search": ("likely", 360, 0.136),
    "message": ("members", 260, 0.06), "retarget": ("visitors", 220, 0.064),
}  # fmt: skip
MESSAGES = tuple("abcdef")


def world(seed):
    """A year of clicks by channel, creative and four weeks, and what each message pulls in the campaign after: whom → (6,)."""
    dice = np.random.default_rng(seed)
    message = MESSAGE * dice.standard_normal(6)
    by = {whom: message + WHOM * dice.standard_normal(6) for whom in ("broad", "likely", "members", "visitors")}
    share = np.exp(0.7 * dice.standard_normal(6))  # some messages are shown more often
    pull, rows, ahead = CREATIVE * dice.standard_normal((6, 12)), [], np.zeros(6)
    for number, name in enumerate(MESSAGES):
        ends = (
            np.cumsum(dice.uniform(0.5, 1.5, 12) * LIFE) - dice.uniform(0, LIFE) - 364
        )  # days after the eve, from a year before
        begins = np.r_[ends[0] - LIFE, ends[:-1]]
        later = np.arange(AHEAD)
        at = np.searchsorted(ends, later)
        ahead[number] = (wear(later - begins[at]) * np.exp(pull[number, at])).mean()
        last = np.searchsorted(ends, -1)
        for turn in range(13):
            day = -14 - 28 * turn
            made = np.searchsorted(ends, day)
            for channel, (whom, contacts, rate) in CHANNELS.items():
                n = dice.poisson(contacts * share[number] / share.sum())
                clicks = dice.poisson(
                    n * rate * wear(day - begins[made]) * np.exp(by[whom][number] + pull[number, made])
                )
                seen = 0 if made == last else -ends[made]
                rows.append((channel, whom, name, f"{name}{made}", -begins[made], -day, seen, n, clicks))
    columns = ["channel", "whom", "message", "creative", "old", "back", "seen", "contacts", "clicks"]
    return pd.DataFrame(rows, columns=columns), {whom: ahead * np.exp(of) for whom, of in by.items()}


def wear(age):
    return WORN + (1 - WORN) * 0.5 ** (age / HALF)


@pytest.fixture(scope="module")
def judged():
    """A row a world and targeting: true pull of the chosen, and of the most clicked in absolute numbers, beside any in turn."""
    rows = []
    for seed in range(80):
        met, true = world(seed)
        found = pull(met)
        most = met[met.back < 28].groupby(["whom", "message"]).clicks.sum()
        for whom, times in true.items():
            names = found.chosen(whom)
            if names:
                beside = times / times.mean()
                got = np.mean([beside[MESSAGES.index(n)] for n in names])
                rival = beside[MESSAGES.index(most[whom].idxmax())]
                told, low, high = (v / found.repeated() for v in found.beside(whom, names))
                rows.append((got, rival, told, low <= got <= high, beside.max()))
    return pd.DataFrame(rows, columns=["got", "rival", "told", "held", "best"])


def test_the_chosen_message_pulls_more_than_any_and_than_the_one_clicked_most_in_all(judged):
    assert len(judged) > 300
    assert judged.got.mean() > 1.25 and judged.got.mean() > judged.rival.mean() + 0.1
    assert judged.got.mean() > 0.8 * judged.best.mean()


def test_what_is_expected_of_it_comes_and_intervals_hold_what_they_say(judged):
    assert judged.told.mean() == pytest.approx(judged.got.mean(), abs=0.08)  # no winner's curse
    assert 0.73 < judged.held.mean() < 0.88


def even(times, clicks=1000):
    rows = [("feed", "likely", m, 10_000_000, round(clicks * t)) for m, t in zip(MESSAGES, times, strict=False)]
    return pd.DataFrame(rows, columns=["channel", "whom", "message", "contacts", "clicks"])


def test_two_that_pull_alike_take_turns_the_better_one_first():
    assert pull(even([1, 2, 2.02, 0.5])).chosen("likely") == ("c", "b")
    assert pull(even([1, 2, 2 + 6 * NEAR, 0.5])).chosen("likely") == ("c",)


def test_a_message_is_not_repeated_for_nothing():
    assert pull(even([1, 1, 1.02, 1])).chosen("likely") == ()
    assert pull(even([1, 1, 1.02, 1], clicks=3)).chosen("likely") == ()


def test_repetition_is_taken_off_what_is_expected():
    found = pull(even([1, 1, 2], clicks=100_000))
    told, low, high = found.beside("likely", ("c",))
    plain = np.exp(found.mean[0])
    assert told == pytest.approx(3 * plain[2] / plain.sum() * (1 - 0.1) / (1 - 0.1 / 3), rel=0.02) and low < told < high


def test_a_targeting_that_met_nobody_stands_where_all_do_and_is_less_sure():
    found = pull(world(1)[0])
    known, other = found.beside("likely", ("a",)), found.beside("nobody", ("a",))
    assert found.met("nobody") == sum(found.met(w) for w in found.whom) and found.met("likely") < found.met("nobody")
    assert other[2] - other[1] > known[2] - known[1]
    assert found.chosen("nobody") and set(found.chosen("nobody")) <= set(MESSAGES)


def test_few_clicks_are_held_back():
    few, many = (pull(even([1, 1, 3], clicks=c)).mean[0] for c in (2, 2000))
    assert np.ptp(few) < 0.5 * np.ptp(many) and 0.7 * np.log(3) < np.ptp(many) < np.log(3)  # creatives do not last


def test_channels_without_clicks_and_media_without_message_tell_nothing():
    met, _ = world(2)
    plain = pull(met)
    more = pd.DataFrame({"channel": ["feed", "x"], "whom": ["likely", "likely"], "message": [None, "z"], "contacts": [9, 900],
                         "clicks": [9, 0], "creative": "x", "old": 5, "back": 5.0, "seen": 0})  # fmt: skip
    found = pull(pd.concat([met, more], ignore_index=True))
    assert found.messages == plain.messages and np.allclose(found.mean, plain.mean) and found.clicks == plain.clicks


@pytest.mark.parametrize("met", [world(3)[0][:0], even([1.0]), even([1.0, 2.0], clicks=0)])
def test_nothing_is_chosen_where_nothing_is_known(met):
    found = pull(met)
    assert found is media_messages.NOTHING and found.chosen("likely") == () and found.met("likely") == 0


def creatives(*rows):
    """Rows of one channel: message, creative, old, back, seen, clicks of a thousand contacts."""
    frame = pd.DataFrame(rows, columns=["message", "creative", "old", "back", "seen", "clicks"])
    return frame.assign(channel="feed", whom="likely", contacts=1000)


def test_creatives_that_ended_take_their_pull_with_them():
    shown, gone = (
        pull(
            creatives(("a", "a1", 50, 14, seen, 250), ("b", "b1", 50, 14, seen, 100), ("c", "c1", 50, 14, seen, 100))
        ).mean[0]
        for seen in (0, 20)
    )
    assert 0 < gone[0] - gone[1] < 0.5 * (shown[0] - shown[1])


def test_what_was_clicked_while_it_was_fresh_is_worth_less_than_what_is_clicked_when_worn():
    found = pull(creatives(("a", "a1", 10, 5, 0, 200), ("b", "b1", 50, 14, 0, 200), ("c", "c1", 50, 14, 0, 100)))
    assert found.mean[0][1] > found.mean[0][0]


def test_a_message_that_always_pulled_keeps_that_beyond_its_creatives():
    rows = [
        (m, f"{m}{n}", 100 * n, 100 * n - 50, 100 * n - 80, 250 if m == "a" else 100) for m in "abc" for n in (1, 2, 3)
    ]
    found = pull(creatives(*rows))  # all ended
    one = pull(creatives(*(r for r in rows if r[1][1] == "1")))
    assert (
        found.chosen("likely") == ("a",) and found.beside("likely", ("a",))[0] > one.beside("likely", ("a",))[0] + 0.1
    )
