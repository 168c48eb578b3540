"""The rules for strategic crowds beside the labels that the simulated market gives its consumers itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from apex.measure import crowds
from twin import people
from twin.crowds import CROWDS

STRATEGIC = crowds.load_crowds("people")


@pytest.fixture(scope="module")
def drawn():
    """Twenty thousand consumers' traits, and the market's own label."""
    spec = yaml.safe_load((Path(people.__file__).parent / "priors.yml").read_text(encoding="utf-8"))
    traits = people.traits(spec, 5, np.arange(20_000))
    frame = pd.DataFrame({name: values for name, values in traits.items() if values.dtype == object})
    return frame.assign(label=np.array(CROWDS, dtype=object)[traits["crowd"]])


def holds(who, frame):
    """Who is in an expression of traits, column by column."""
    if "all" in who or "any" in who:
        every = np.array([holds(w, frame) for w in who.get("all") or who["any"]])
        return every.all(0) if "all" in who else every.any(0)
    return frame[who["trait"]].isin(who.get("in") or [who["equals"]]).to_numpy()


def ruled(frame, names):
    """The first crowd of these that each consumer meets, by its Chinese name."""
    inside = {
        n: holds(STRATEGIC.crowds[n].who.model_dump(mode="json", by_alias=True, exclude_none=True), frame)
        for n in names
    }
    return np.select(list(inside.values()), [STRATEGIC.crowds[n].name["zh"] for n in inside], "none")


def test_rules_and_labels_agree_wherever_the_label_is_one_of_the_eight(drawn):
    same = ruled(drawn, STRATEGIC.names) == drawn.label
    named = drawn.label != "其他"
    assert same[named].all() and set(drawn.label[named]) == {c.name["zh"] for c in STRATEGIC.crowds.values()}
    assert 0.87 < same.mean() < 0.89, "the market files twelve in a hundred under others, whoever they are"


def test_another_order_of_the_file_does_not_agree(drawn):
    """The known-wrong rule: a mother with an office job is white-collar first."""
    turned = ["white-collar", *(n for n in STRATEGIC.names if n != "white-collar")]
    named = drawn.label != "其他"
    wrong = (ruled(drawn, turned) != drawn.label)[named]
    assert wrong.any() and set(drawn.label[named][wrong]) == {"精致妈妈"}
