"""Rules of credit against a market whose truth is known: what is recommended beats what is known to be wrong."""

import pandas as pd
import pytest

from apex.ledger import load_rules
from truth import errors, page, worlds


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    lives = worlds.live(31, 2500)
    periods = lives.periods(29, 4)
    both = errors.compared(lives, load_rules("deeplink"), periods, tmp_path_factory.mktemp("truth"))
    return errors.errors(both)


def test_leaving_out_is_nearest_and_the_wrong_rule_fails_the_same_check(found):
    error = found[found.stages == "before"].set_index("method").pooled  # chance averaged out
    assert error["replay"] < 0.1
    assert error["replay"] < error["regression"] < error["equal"] < error["naive"]
    assert error["regression"] < 0.25 < error["naive"], "the bound that touched less untouched must miss"
    deeper = found[found.stages == "deeper"].set_index("method").pooled
    assert deeper["replay"] < 0.1 < deeper["naive"]


def test_purchases_are_out_of_reach_of_every_rule(found):
    assert (found[found.stages == "bought"].error > page.USABLE).all(), "else the notebook need not say not identified"


def test_the_page_names_every_rule_seed_and_miss(found, tmp_path):
    whole = found.assign(consumers=2500, truth=page.SILENT)
    seen = pd.DataFrame({
        "seed": 31, "consumers": 2500, "arm": "all", "outcome": "bought", "truth": [0.01, 0.02], "low": [0.0, 0.03],
        "effect": [0.01, None], "high": [0.02, 0.04], "naive": 0.05, "n_treated": 9, "answer": ["quasi", "not identified"],
    })  # fmt: skip
    text = page.write(whole, seen, 29, tmp_path).read_text()
    assert "hold the truth in 100%" in text and "Of 2 effects 1 are identified" in text
    assert all(name in text for name in page.NAMES.values()) and "Seed 31" in text
    assert any("Touched less untouched" in line for line in page.misses(whole))
    assert (tmp_path / "errors.csv").read_text().count("\n") == len(found) + 1
