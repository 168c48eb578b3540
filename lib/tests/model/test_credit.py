"""Rules of credit where the truth is simulated: the regression finds it, touched less untouched does not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from apex.model import credit
from apex.model.mixes import judged

STAGES = ["none", "A", "I"]


def world(seed, n=6000, effect=0.15):
    """Consumers whose keenness draws both touches and rises; channel `good` adds `effect`, channel `idle` nothing."""
    dice = np.random.default_rng(seed)
    keen = dice.random(n) < 0.4
    good, idle = (dice.poisson(np.where(keen, 1.2, 0.3)) for _ in range(2))
    rose = dice.random(n) < 0.05 + 0.3 * keen + effect * good / (1 + good)
    features = pd.DataFrame({
        "one": 1000, "at:A": 1000 * keen, "met:good:0": 1000 * good // (1 + good), "met:idle:0": 1000 * idle // (1 + idle),
        "to:I": 1000 * rose,
    }).astype(int)  # fmt: skip
    bucket = dice.integers(0, 20, n)
    rows = []
    for b in range(20):
        x = features[bucket == b]
        products = x.T @ x
        rows += [(p, q, b, int(products.loc[p, q])) for p in x for q in x if p <= q]
    gram = pd.DataFrame(rows, columns=["a", "b", "bucket", "total"])
    touched = pd.DataFrame(
        [("none", "I" if r else "none", c, int(m.sum())) for c, t in (("good", good), ("idle", idle))
         for r, m in ((True, (t > 0) & rose), (False, (t > 0) & ~rose))],
        columns=["from_stage", "to_stage", "channel", "met"],
    )  # fmt: skip
    for column in ("from_stage", "to_stage"):
        touched[column] = pd.Categorical(touched[column], STAGES, ordered=True)
    pairs = pd.MultiIndex.from_product([STAGES, STAGES], names=["from_stage", "to_stage"])
    flow = pd.Series(0, pairs).to_frame("consumers").reset_index().iloc[1:]
    flow.loc[(flow.from_stage == "none") & (flow.to_stage == "I"), "consumers"] = int(rose.sum())
    for column in ("from_stage", "to_stage"):
        flow[column] = pd.Categorical(flow[column], STAGES, ordered=True)
    return gram, touched, flow, effect * float((good / (1 + good)).sum())


def test_the_regression_finds_the_truth_and_the_naive_rule_does_not():
    found, naive, truths = [], [], []
    for seed in range(40):
        gram, touched, flow, truth = world(seed)
        found.append(credit.regression(gram).set_index("cause"))
        naive.append(credit.naive(touched, flow, 6000).set_index("cause").query("to_stage == 'I'").credit)
        truths.append(truth)
    truth = np.mean(truths)
    assert np.mean([f.credit["good"] for f in found]) == pytest.approx(truth, rel=0.08)
    assert abs(np.mean([f.credit["idle"] for f in found])) < 0.08 * truth
    inside = sum(f.low["good"] <= t <= f.high["good"] for f, t in zip(found, truths, strict=True))
    inside += sum(f.low["idle"] <= 0 <= f.high["idle"] for f in found)
    assert stats.binomtest(inside, 80, 0.95).pvalue > 0.01
    assert abs(np.mean([n["idle"] for n in naive])) > 0.5 * truth, "the known-wrong rule must fail the same check"


def test_the_regression_is_least_squares():
    gram, *_ = world(1)
    total = gram.groupby(["a", "b"]).total.sum() / 1e6
    names = ["one", "at:A", "met:good:0", "met:idle:0"]
    pick = lambda a, b: total.get((a, b), total.get((b, a)))  # noqa: E731
    slopes = np.linalg.solve([[pick(a, b) for b in names] for a in names], [pick(a, "to:I") for a in names])
    found = credit.regression(gram).set_index("cause").credit
    assert found["good"] == pytest.approx(slopes[2] * pick("met:good:0", "one"), rel=1e-6)
    whole = credit.regression(gram, over=["I"]).set_index("cause")
    assert whole.credit["good"] == pytest.approx(found["good"]) and whole.to_stage.eq("*").all()


def test_too_few_for_a_regression():
    gram, *_ = world(1, n=400)
    few = credit.regression(gram[gram.bucket < 3])
    assert few.low.isna().all() and few.credit.notna().all()
    assert credit.regression(gram.iloc[:0]).empty
    assert credit.regression(gram[gram.b != "to:I"]).empty, "nobody rose"


def test_intervals_of_leaving_out_hold_the_mean():
    booked, instead, _ = np.random.default_rng(3).multinomial(400, [0.12, 0.03, 0.85], 2000).T
    drawn = credit.replayed(
        pd.DataFrame({"met": 400, "booked": booked, "instead": instead, "credit": booked - instead})
    )
    assert 0.935 <= ((drawn.low <= 400 * 0.09) & (drawn.high >= 400 * 0.09)).mean() <= 0.97
    assert not {"booked", "instead"} & set(drawn.columns), "they follow from the width"


def test_side_by_side_has_a_row_for_each_rule_and_channel():
    gram, touched, flow, _ = world(2)
    touched = touched.assign(last=0, share=0.0)
    replay = pd.DataFrame({"cause": ["good", "*"], "from_stage": "none", "to_stage": "I", "met": 50, "booked": [9, 9],
                           "instead": [1, 1], "credit": [8, 8]})  # fmt: skip
    replay["to_stage"] = pd.Categorical(replay.to_stage, STAGES, ordered=True)
    frame = credit.side_by_side(replay, touched, gram, flow, 6000)
    assert len(frame) == len(credit.METHODS) * 1 * 2 and frame.credit.notna().all()
    whole = credit.totals(frame, gram, ["I"])
    assert list(whole.cause) == ["good"] and whole.replay[0] == 8 and whole.low[0] < whole.regression[0] < whole.high[0]


def test_the_best_of_many_mixes_is_not_believed_for_being_that():
    dice, false, plain = np.random.default_rng(8), 0, 0
    for _ in range(300):
        reached = dice.poisson(20, 40)
        frame = pd.DataFrame(
            {"mix": [("a", str(n)) for n in range(40)], "consumers": 100, "reached": reached, "expected": 20.0}
        )
        found = judged(frame)
        false += bool((found.low > 1).any())
        plain += bool((stats.chi2.ppf(0.025, 2 * reached) / 2 > 20).any())
    assert false / 300 <= 0.06 < 0.3 < plain / 300, "without the allowance the same check must fail"
    real = judged(
        pd.DataFrame({"mix": [("a", "b"), ("a", "c")], "consumers": 200, "reached": [90, 0], "expected": [40.0, 40.0]})
    )
    assert list(real.mix) == ["a + b", "a + c"] and real.low[0] > 1 and real.low[1] == 0
    assert judged(pd.DataFrame({"mix": [("a", "b")], "consumers": [9], "reached": [2], "expected": [2.0]})).empty
