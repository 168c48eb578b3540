"""What campaigns taught of prices: a channel's depth from what was paid above others' prices, its room from money left over."""

import numpy as np
import pytest

from apex.model.media_curves import DEPTH, ROOM
from apex.model.media_prices import GROWS, LITTLE, Prices, room_now, told

NAMES = ("feed", "tv")
CARRIES = np.array([[1000.0, 500.0], [2000.0, 500.0]])
MARKET = np.array([[10.0, 20.0], [12.0, 20.0]])
AUCTION = np.array([True, False])


def campaign(depth, contacts, planned=(0.0, 0.0), heard=None):
    """What a campaign shows whose auction's price truly rises with this depth."""
    contacts = np.array(contacts, float)
    rise = 1 + contacts / (2 * depth * CARRIES) * AUCTION
    known = heard if isinstance(heard, Prices) else Prices({}, heard or {})
    found = told(NAMES, CARRIES, MARKET, MARKET * contacts * rise, contacts, AUCTION, np.array(planned), known)
    return found.set_index("channel")


@pytest.mark.parametrize("depth", [0.1, 0.27, 0.8])
def test_the_depth_of_an_auction_is_read_from_what_was_paid_above_others_prices(depth):
    found = campaign(depth, [[400, 100], [900, 100]])
    assert found.depth["feed"] == pytest.approx(depth)
    assert np.isnan(found.depth["tv"])  # a contract's price is flat


def test_little_bought_says_only_how_far_prices_do_not_rise():
    bound = (MARKET[:, 0] * [400**2 / 1000, 900**2 / 2000]).sum() / 2 / (LITTLE * (4000 + 10_800))
    less, more = (Prices({"feed": (bound * t, bound * t / 1.5, bound * t * 1.5)}) for t in (0.1, 2.0))
    shown = {"contacts": [[400, 100], [900, 100]], "depth": 1e9}
    assert campaign(**shown, heard=less).depth["feed"] == pytest.approx(bound)  # less was believed
    assert np.isnan(campaign(**shown, heard=more).depth["feed"]) and np.isnan(campaign(**shown).depth["feed"])


def test_money_left_over_tells_what_a_channel_can_sell():
    found = campaign(0.3, [[400, 100], [900, 100]], planned=(1.0, 10_000.0))
    assert found.room["tv"] == pytest.approx(0.2)  # 4,000 of 10,000 were spent on 200 of 1,000 contacts
    assert np.isnan(found.room["feed"])


def test_few_contacts_do_not_tell_a_shortage_from_lines_that_met_nobody():
    assert np.isnan(campaign(0.3, [[0, 10], [0, 10]], planned=(0.0, 1000.0)).room["tv"])
    assert np.isnan(campaign(0.3, [[0, 100], [0, 100]], planned=(0.0, 4100.0)).room["tv"])  # 98 % was spent


def test_a_limit_grows_with_every_campaign_that_does_not_confirm_it():
    assert room_now([None, 0.2, None, None]) == pytest.approx(0.2 * GROWS**2)
    assert room_now([0.2, None, 0.3]) == 0.3 and room_now([None, None]) is None and room_now([]) is None
    assert room_now([0.9, None]) == ROOM
    assert room_now([0.1, None, None, None]) >= 0.6  # a wrong one is unlearned within three campaigns


def test_lessons_and_prior_meet_by_their_precision():
    nothing, heard = (Prices(d, {}).of(NAMES) for d in ({}, {"feed": (0.1, 0.1 * np.exp(-0.5), 0.1 * np.exp(0.5))}))
    assert nothing.depth.tolist() == [pytest.approx(DEPTH[0])] * 2 and nothing.room.tolist() == [ROOM] * 2
    assert 0.1 < heard.depth[0] < DEPTH[0] and heard.depth_sd[0] < DEPTH[1]
    sure = Prices({"feed": (0.1, 0.0999, 0.1001)}, {"feed": 99.0}).of(NAMES)
    assert sure.depth[0] == pytest.approx(0.1, rel=0.05) and sure.room[0] == ROOM
