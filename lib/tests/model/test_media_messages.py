"""The choice of messages, in drawn worlds of clicks whose best message is known."""

import numpy as np
import pandas as pd
import pytest

from apex.model import media_messages
from apex.model.media_messages import CARRY, LATER, MESSAGE, NEAR, WHOM, pull

# channel → targeting, contacts of four weeks, clicks a contact: those of the default market
CHANNELS = {
    "activity": ("broad", 330, 0.09), "short-video": ("broad", 330, 0.05), "social": ("broad", 670, 0.013),
    "tv": ("broad", 400, 0.0), "feed": ("likely", 1880, 0.03), "live": ("likely", 560, 0.11), "search": ("likely", 360, 0.136),
    "message": ("members", 260, 0.06), "retarget": ("visitors", 220, 0.064),
}  # fmt: skip
MESSAGES = tuple("abcdef")


def world(seed, uneven=0.7):
    """Clicks by channel and message, and what each message pulls in the campaign after them by targeting: whom → (6,).

    uneven: sd of the logarithm of the messages' contacts.
    """
    dice = np.random.default_rng(seed)
    message = MESSAGE * dice.standard_normal(6)
    true = {
        whom: np.exp(message + WHOM * dice.standard_normal(6)) for whom in ("broad", "likely", "members", "visitors")
    }
    share = np.exp(uneven * dice.standard_normal(6))
    rows = [
        (channel, whom, m, n, dice.poisson(n * rate * times))
        for channel, (whom, contacts, rate) in CHANNELS.items()
        for m, n, times in zip(MESSAGES, dice.multinomial(contacts, share / share.sum()), true[whom], strict=True)
    ]
    ahead = {whom: times**CARRY * np.exp(LATER * dice.standard_normal(6)) for whom, times in true.items()}
    return pd.DataFrame(rows, columns=["channel", "whom", "message", "contacts", "clicks"]), ahead


@pytest.fixture(scope="module")
def judged():
    """A row a world and targeting: true pull of the chosen, and of the most clicked in absolute numbers, beside any in turn."""
    rows = []
    for seed in range(100):
        met, true = world(seed)
        found = pull(met)
        most = met.groupby(["whom", "message"]).clicks.sum()
        for whom, times in true.items():
            names = found.chosen(whom)
            if names:
                beside = times / times.mean()
                got = np.mean([beside[MESSAGES.index(n)] for n in names])
                rival = beside[MESSAGES.index(most[whom].idxmax())]
                told, low, high = (v / found._repeated() for v in found.beside(whom, names))
                rows.append((got, rival, told, low <= got <= high, beside.max()))
    return pd.DataFrame(rows, columns=["got", "rival", "told", "held", "best"])


def test_the_chosen_message_pulls_more_than_any_and_than_the_one_clicked_most_in_all(judged):
    assert len(judged) > 350
    assert judged.got.mean() > 1.25 and judged.got.mean() > judged.rival.mean() + 0.08
    assert judged.got.mean() > 0.86 * judged.best.mean()


def test_what_is_expected_of_it_comes_and_intervals_hold_what_they_say(judged):
    assert judged.told.mean() == pytest.approx(judged.got.mean(), abs=0.06)  # no winner's curse
    assert 0.74 < judged.held.mean() < 0.87


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
    assert told == pytest.approx(3 * 2**CARRY / (2 + 2**CARRY) * (1 - 0.1) / (1 - 0.1 / 3), rel=0.01)
    assert low < told < high


def test_a_targeting_that_met_nobody_stands_where_all_do_and_is_less_sure():
    found = pull(world(1)[0])
    known, other = found.beside("likely", ("a",)), found.beside("nobody", ("a",))
    assert found.met("nobody") == sum(found.met(w) for w in found.whom) and found.met("likely") < found.met("nobody")
    assert other[2] - other[1] > known[2] - known[1]
    assert found.chosen("nobody") and set(found.chosen("nobody")) <= set(MESSAGES)


def test_few_clicks_are_held_back():
    few, many = (pull(even([1, 1, 3], clicks=c)).mean[0] for c in (2, 2000))
    assert np.ptp(few) < 0.7 * np.ptp(many) and np.ptp(many) == pytest.approx(np.log(3), rel=0.02)


def test_channels_without_clicks_and_media_without_message_tell_nothing():
    met, _ = world(2)
    plain = pull(met)
    more = pd.DataFrame({"channel": ["feed", "x"], "whom": ["likely", "likely"], "message": [None, "z"], "contacts": [9, 900],
                         "clicks": [9, 0]})  # fmt: skip
    found = pull(pd.concat([met, more], ignore_index=True))
    assert found.messages == plain.messages and np.allclose(found.mean, plain.mean) and found.clicks == plain.clicks


@pytest.mark.parametrize("met", [world(3)[0][:0], even([1.0]), even([1.0, 2.0], clicks=0)])
def test_nothing_is_chosen_where_nothing_is_known(met):
    found = pull(met)
    assert found is media_messages.NOTHING and found.chosen("likely") == () and found.met("likely") == 0
