"""The creatives' page: counts by hand, true effects on a small market, and a page that answers first."""

import numpy as np
import pandas as pd
import pytest

from truth import creatives, seen_creatives
from twin.contact import CLICKED, EXPOSE
from twin.market import draw_market
from twin.purchase import BUY
from twin.stages import AT
from twin.truth import Worlds


def rows(*listed):
    """Events by (consumer, minute, behaviour, creative, basket, value), in the same channel."""
    out = np.full((len(listed), len(AT)), -1, np.int32)
    for n, row in enumerate(listed):
        for name, value in zip(("consumer", "minute", "behaviour", "creative", "basket", "value"), row, strict=False):
            out[n, AT[name]] = value
    out[:, AT["channel"]] = 1
    return out


DAY = 1440
LIVED = rows(
    (0, 10, EXPOSE, 3), (0, 11, CLICKED, 3), (0, 500, EXPOSE, 4), (0, 600, BUY, -1, 1, 70), (0, 600, BUY, -1, 1, 30),
    (0, 16 * DAY, BUY, -1, 2, 40), (1, DAY, EXPOSE, 3), (1, 11 * DAY, EXPOSE, 3), (1, 11 * DAY + 5, BUY, -1, 1, 9),
    (2, 700, BUY, -1, 1, 5),
)  # fmt: skip


def test_contacts_and_clicks_by_hand():
    met = seen_creatives.contacts(LIVED)
    assert met[["consumer", "creative", "clicked", "number"]].to_numpy().tolist() == [
        [0, 3, 1, 0], [0, 4, 0, 0], [1, 3, 0, 0], [1, 3, 0, 1],
    ]  # fmt: skip


def test_last_touch_by_hand():
    """An order of two lines is one; a purchase 16 days after the last contact, or without any, is nobody's."""
    found = seen_creatives.last_touch(seen_creatives.contacts(LIVED), LIVED)
    assert found.to_dict("index") == {3: {"orders": 1, "gmv_minor": 9}, 4: {"orders": 1, "gmv_minor": 100}}


def test_weariness_fades_by_days_and_is_each_consumers_own():
    weary = seen_creatives.weariness(seen_creatives.contacts(LIVED), 10).weary
    assert weary.to_numpy() == pytest.approx([0, 1, 0, np.exp(-1)])


@pytest.fixture(scope="module")
def small():
    """A market and its default brand's category, lived by few."""
    market = draw_market(5)
    return Worlds(market, np.arange(1, 501))


def test_generations_of_a_message_follow_each_other(small):
    own = creatives.listed(small.market)
    for _, part in own.groupby("message"):
        part = part.sort_values("generation")
        assert part.generation.tolist() == list(range(1, len(part) + 1))
        assert (part["first"].to_numpy()[1:] == part["last"].to_numpy()[:-1] + 1).all()
    assert set(own.message) == set(small.market.messages)


def test_what_is_worn_off_is_half_at_the_half_life(small):
    half = creatives.half_life(small.market)
    assert creatives.worn(small.market, np.array([0.0, half])) == pytest.approx([1, 0.5])


def test_creatives_bring_sales_and_one_that_nobody_met_brings_nothing(small):
    own = creatives.listed(small.market)
    own = own[own.message == own.message.iloc[0]].iloc[:1]
    ghost = own.assign(
        creative=10_000 % small.market.creatives["message"].shape[1], creative_id="ghost", message="none"
    )
    ghost["creative"] = int(np.flatnonzero(small.market.creatives["last"][0] < small.market.calendar.observed)[0])
    true = creatives.true_effects(small, pd.concat([own, ghost]), 2).set_index("cause")
    assert true.loc["ghost", ["gmv_minor", "buyers", "gmv_minor_se"]].eq(0).all()
    assert true.loc["all", "gmv_minor"] == true.loc[own.creative_id.iloc[0], "gmv_minor"]
    whole = creatives.true_effects(
        small, creatives.listed(small.market).assign(creative_id="each", message="all of them"), 2
    )
    assert whole.set_index("cause").loc["all", "gmv_minor"] > 0
    with pytest.raises(ValueError, match="two replays"):
        creatives.true_effects(small, own, 1)


def test_the_page_answers_first(small, tmp_path, monkeypatch):
    monkeypatch.setattr(creatives, "Worlds", lambda market, numbers: small)
    monkeypatch.setattr(creatives, "draw_market", lambda seed: small.market)
    path = creatives.write([creatives.told(5, 500, 2)], tmp_path)
    html = path.read_text(encoding="utf-8")
    assert "<title>Creatives</title>" in html
    assert html.index("All creatives together brought") < html.index("<table")
    each, messages = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("creatives", "messages"))
    whole = messages[messages.message == "all"].iloc[0]
    assert each.contacts.sum() == whole.contacts > 1000
    assert each.last_gmv_minor.sum() == whole.last_gmv_minor > 0
    wear = pd.read_csv(tmp_path / "wear.csv")
    assert wear.true.is_monotonic_decreasing
    assert wear.contacts.sum() == whole.contacts
