"""What seeing content changed: on simulated consumers whose liking brings both content and visits, the truth known."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.content import Exposed
from apex.model import persuasion

TRUTH = {"video": 0.10, "note": 0.0}


def consumers(seed, n=4000):
    """Liking decides who sees content and who visits; what was viewed before tells of it. Content adds TRUTH, in points."""
    rng = np.random.default_rng(seed)
    liking = rng.standard_normal(n)
    treated = rng.random(n) < 1 / (1 + np.exp(0.8 - 0.8 * liking))
    like = rng.choice(list(TRUTH), n)
    chance = 1 / (1 + np.exp(1.6 - 0.7 * liking))
    added = np.where(treated, pd.Series(like).map(TRUTH), 0.0)
    visited = (rng.random(n) < np.minimum(chance + added, 1)).astype(int)
    before = (rng.random(n) < chance).astype(int)
    tells = pd.DataFrame({"views": rng.poisson(np.exp(0.9 * liking)), "score": liking + 0.05 * rng.standard_normal(n)})
    people = pd.DataFrame({
        "period": 1, "consumer_id": np.arange(n), "arm": np.where(treated, like, None), "like": like,
        "at": pd.Timestamp("2024-01-01"), "treated": treated,
    })  # fmt: skip
    outcome = pd.DataFrame({"visited": visited, "bought": visited * (rng.random(n) < 0.2)})
    return Exposed(people, outcome, pd.DataFrame({"visited": before, "bought": before * 0}), tells, tells)


@pytest.fixture(scope="module")
def seen():
    return consumers(6)


@pytest.fixture(scope="module")
def told(seen):
    return persuasion.changed(seen, persuasion.verdicts(seen, ["visited"], ["visited"])).set_index("arm")


def test_the_effect_is_found_where_the_bare_difference_misses(told):
    for arm, true in {**TRUTH, "all": 0.05}.items():
        row = told.loc[arm]
        assert row.answer == "quasi" and row.low <= true <= row.high, arm
        assert row.naive > true + 0.03, "the known-wrong method: exposed less unexposed"
    assert told.low["video"] > 0 and told.odds["video"] > 1 and told.odds["note"] == 1


def test_people_are_those_of_the_format_and_counted_from_the_frame(seen, told):
    one = seen.only("video")
    row = told.loc["video"]
    assert (row.n_treated, row.n_control) == (one.people.treated.sum(), (~one.people.treated).sum())
    assert row.did_treated == one.outcomes.visited[one.people.treated].sum()
    assert row.times == row.n_treated, "one period: nobody twice"
    assert row.naive == pytest.approx(row.did_treated / row.n_treated - row.did_control / row.n_control)
    assert row.smd_before > 0.5 > 0.1 > row.smd_after and row.inside > 0.95


def test_who_is_exposed_twice_is_one_consumer(seen):
    twice = Exposed(*(pd.concat([frame, frame], ignore_index=True) for frame in seen))
    row = persuasion.changed(twice, persuasion.verdicts(twice, ["visited"])).iloc[0]
    assert row.times == 2 * row.n_treated == 2 * seen.people.treated.sum()
    assert row.did_treated == seen.outcomes.visited[seen.people.treated].sum()


def test_a_cause_that_was_there_before_is_not_identified(seen):
    """Whoever saw content had visited more before, and nothing recorded says why: the placebo tells."""
    blind = seen._replace(covariates=seen.covariates[["views"]] * 0.0, earlier=seen.earlier[["views"]] * 0.0)
    blind.covariates["noise"] = blind.earlier["noise"] = np.random.default_rng(1).standard_normal(len(seen.people))
    found = persuasion.changed(blind, persuasion.verdicts(blind, ["visited"])).iloc[0]
    assert found.answer == "not identified" and pd.isna(found.effect) and found.placebo_p < 0.05


def test_nobody_exposed_is_no_error(seen):
    nobody = Exposed(*(frame.iloc[:0] for frame in seen))
    assert persuasion.verdicts(nobody, ["visited"]) == {}
    empty = persuasion.changed(nobody, {})
    assert empty.empty and {"arm", "outcome", *persuasion.PEOPLE, *persuasion.ALSO} <= set(empty)
