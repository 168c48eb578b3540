"""Sentences of the sequence: with costs, without, with nothing to show, in both languages."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from apex.show.say import sequence as say
from apex.show.words import Words

STAGES = [("A", "Aware"), ("L", "Loyal")]


def ladder(**more):
    frame = pd.DataFrame({
        "tier": [0, 1], "stage": ["A", "L"], "consumers": [400, 60], "n": [90, 120], "looked_at": ["feed", "live"],
        "says": ["new", "price"], "value": [12.0, 900.0], "low": [-4.0, 500.0], "high": [30.0, 1300.0], "cost": [30.0, 55.0],
        "price": [120.0, 220.0], "channel_1": [None, "live"], "message_1": [None, "price"], "channel_2": [None, "live"],
        "message_2": [None, "gift"], "channel_3": [None, None], "message_3": [None, None], "stops": [0, 2],
    })  # fmt: skip
    return frame.astype({"stops": "Int64", "consumers": "Int64"}).assign(**more)


def study(budget=200_000.0, price=4.0):
    of = SimpleNamespace(n=np.array([[90, 120]]), messages=("price",), clicks=5, told=SimpleNamespace(trials=1))
    return SimpleNamespace(
        of=of, chosen=SimpleNamespace(price=price), budget=budget, gmv=(900_000.0, 500_000.0, 1_300_000.0), cost=198_000.0,
        fixed=("feed", ("new",), 400_000.0), logged=2.2,
    )  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_with_costs(language):
    words = Words(language, "CNY")
    found = say.next_step(ladder(), study(), STAGES, words)
    assert found["value"] == 900_000 and found["verdict"] == "ahead" and found["compared"]["value"] == 400_000
    assert "60" in found["text"] and len(found["short"]) <= 60
    assert found["low"] < found["value"] < found["high"]
    assert "4" in say.price(study(), words)["text"]
    assert say.price(study(price=0.0), words)["text"] != say.price(study(), words)["text"]
    rows = say.rows(ladder(), STAGES, words)
    assert rows.tier.tolist() == [1, 0] and rows.step_1[1] == "–" and rows.step_1[0].endswith("price")
    assert say.bars(ladder(), STAGES, words).faint.tolist() == [False, True]
    assert set(say.columns(words, True)) - set(say.columns(words, False)) == {"cost", "price"}
    assert say.absent(study(), False, words) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_costs_or_contacts(language):
    words = Words(language, "CNY")
    found = say.next_step(ladder(), study(budget=None), STAGES, words)
    assert found["value"] == 900 and found["verdict"] == "careful"
    assert say.price(study(budget=None), words)["kind"] == "not identified"
    assert len(say.absent(study(budget=None), True, words)) == 2
    assert say.nothing(words)["kind"] == "not identified" and say.absent(None, True, words) == []
    none = ladder(channel_1=None)
    assert say.next_step(none, study(), STAGES, words)["verdict"] == "careful"
    hidden = ladder(consumers=pd.array([pd.NA, pd.NA], "Int64"))
    assert "60" not in say.next_step(hidden, study(), STAGES, words)["text"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_log_says(language):
    words = Words(language, "CNY")
    judged = pd.DataFrame({
        "policy": ["logged", "sequence", "replay"], "value": [116.0, 131.0, 1054.0], "low": [89.0, 40.0, 800.0],
        "high": [143.0, 222.0, 1300.0], "n": [9000, 9000, 300],
    })  # fmt: skip
    found = say.log_says(judged, words)
    assert found["verdict"] == "careful" and found["next_step"] and found["low"] == 40
    assert "131" not in found["short"] and "1.31" not in found["short"], (
        "a claim needs more than an interval that holds both"
    )
    sure = say.log_says(judged.assign(low=[89.0, 120.0, 800.0]), words)
    assert sure["verdict"] == "ahead" and len(sure["text"]) < len(found["text"])
    worse = say.log_says(judged.assign(high=[143.0, 100.0, 1300.0]), words)
    assert worse["verdict"] == "behind" and worse["text"] not in (sure["text"], found["text"])
    assert say.policies(judged, words).name.is_unique
    nobody = judged.assign(value=[116.0, 131.0, np.nan])
    assert len(say.log_says(nobody, words)["text"]) < len(found["text"])


def test_statuses():
    words = Words("en", "USD")
    audiences = pd.DataFrame({"crowd": ["tier-0", "tier-3"], "addressed": [9, 8]})
    assert say.tiers(audiences, words).name.tolist() == ["Tier 1", "Tier 4"]
    assert say.tiers(audiences.iloc[:0], words).empty


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_are_told_by_tier(language):
    words = Words(language, "CNY")
    rows = [("tier-3", "feed, live", 40, None, "written"), ("tier-4", "live", pd.NA, None, "refused"),
            ("tier-5", "live", 0, None, "alone")]  # fmt: skip
    found = say.files(pd.DataFrame(rows, columns=["crowd", "channels", "addressed", "expires", "status"]), words)
    assert found.name.tolist() == [words("Tier {n}", n=n) for n in (4, 5, 6)] and found.status.nunique() == 3
    assert len(found.channels.iloc[0]) > len(found.channels.iloc[1])
    assert say.files(pd.DataFrame(columns=["crowd", "channels", "addressed", "expires", "status"]), words).empty
