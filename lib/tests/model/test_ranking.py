"""The order inside a crowd: by trials where they stand behind it, else by chance; and whether it was right."""

import numpy as np
import pandas as pd
import pytest

from apex.model import ranking as model

MOVES = pd.DataFrame(
    [
        ("P", "live", "lift", 100.0),
        ("P", "feed", "lift", 40.0),
        ("P", "tv", "credit", 900.0),
        ("L", "live", "lift", -5.0),
    ],
    columns=["from_stage", "channel", "kind", "gmv_extra_minor"],
)
BY = {"a": ["feed", "live"], "b": ["tv"], "c": ["live"]}


def people(*rows):
    return pd.DataFrame(rows, columns=["crowd", "stage", "chance"]).astype({"crowd": "string"})


def test_additions_are_those_of_trials_shared_out_by_chance():
    some = people(("a", "P", 0.1), ("a", "P", 0.3), ("b", "P", 0.2), ("c", "L", 0.5), (None, "P", 0.2))
    found = model.added(some, MOVES, BY)
    assert found.basis.tolist() == ["lift", "lift", "propensity", "propensity", "propensity"]
    assert (
        found.value.tolist() == pytest.approx([50, 150, 0.2, 0.5, 0.2]) and found.channel.tolist()[:2] == ["live"] * 2
    )
    assert found.channel.isna().tolist() == [False, False, True, True, True], "credit and a loss claim nothing"


def test_a_crowd_is_ranked_one_way():
    found = model.added(people(("a", "P", 0.1), ("a", "A", 0.9)), MOVES, BY)
    assert found.basis.tolist() == ["propensity"] * 2 and found.value.tolist() == [0.1, 0.9]


def test_bands_are_tenths_and_nobody_has_none():
    crowd = pd.Series(["a"] * 25 + ["b"] * 3 + [None] * 2, dtype="string")
    value = pd.Series(np.arange(30.0))
    bands = model.bands(crowd, value)
    assert bands[:25].tolist() == sorted(bands[:25], reverse=True) and set(bands[:25]) == set(range(1, 11))
    assert bands[25:28].tolist() == [7, 4, 1] and bands[28:].tolist() == [0, 0] and bands.dtype == "int8"


def test_the_summary_says_how_each_crowd_is_ranked():
    some = people(*[("a", "P", 0.01 * i) for i in range(1, 21)], ("b", "P", 0.5))
    some = pd.concat([some, model.added(some, MOVES, BY)], axis=1)
    some["band"] = model.bands(some.crowd, some.value)
    told = model.summary(some, ["a", "b", "c"]).set_index("crowd")
    assert told.basis.fillna("").tolist() == ["lift", "propensity", ""] and told["people"].tolist() == [20, 1, 0]
    assert told.first_minor["a"] > told.value_minor["a"] > 0 and np.isnan(told.value_minor["b"])
    assert told["first"]["a"] == pytest.approx(0.195) and told.channel["a"] == "live"


def test_an_order_that_is_right_passes_and_one_that_is_not_does_not():
    rng = np.random.default_rng(0)
    crowd, chance = pd.Series(["a"] * 2000 + ["b"] * 2000 + [None] * 50, dtype="string"), rng.uniform(0, 0.4, 4050)
    chance[2000:4000] /= 10
    right = model.tested(crowd, chance, rng.random(4050) < chance)
    assert right["low"] > 1.3 and right["low"] < right["times"] < right["high"] and right["n"] == 4000
    wrong = model.tested(crowd, rng.random(4050), rng.random(4050) < chance)
    assert wrong["low"] < 1 < wrong["high"], "that one crowd buys more than another is no order inside them"
    assert np.isnan(model.tested(crowd, chance, np.zeros(4050, bool))["times"])
