"""What 1_insight/journey says, in both languages and where data are few, hidden or say nothing of causes."""

import datetime as dt

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show.say import journey as say
from apex.show.words import Words

EN, ZH = Words("en", "USD", 1), Words("zh", "CNY", 5)
STAGES = [("D", "Discover"), ("E1", "Engage"), ("I", "Initial")]
IDS = [i for i, _ in STAGES]


def change(now, before=None):
    frame = pd.DataFrame({"stage": pd.Categorical(IDS, IDS, ordered=True), "now": pd.array(now, "Int64")})
    frame["before"] = pd.array(before or [None] * 3, "Int64")
    return frame.assign(comparable=before is not None, difference=frame.now - frame.before)


def causes(**credit):
    frame = pd.DataFrame({"cause": list(credit), "credit": pd.array(list(credit.values()), "Int64"), "met": 400})
    return frame.assign(low=frame.credit - 9.0, high=frame.credit + 9.0, suppressed=frame.credit.isna()).rename(
        index=str
    ).assign(cause=lambda t: t.cause.replace("everything", "*"))  # fmt: skip


def flow(hidden=False):
    ids = ["none", *IDS]
    rows = [(a, b, 10) for a in ids for b in ids if (a, b) != ("none", "none")]
    frame = pd.DataFrame(rows, columns=["from_stage", "to_stage", "consumers"])
    for column in ("from_stage", "to_stage"):
        frame[column] = pd.Categorical(frame[column], ids, ordered=True)
    frame["consumers"] = frame.consumers.astype("Int64").mask([hidden] + [False] * (len(frame) - 1))
    return frame


def fine(said):
    """The fields make a finding: lengths, kinds, intervals."""
    return Finding(notebook="1_insight/journey", name="x", **said)


PEERS = pd.Series({"low": 0.3, "middle": 0.4, "high": 0.5})


def test_depth_has_number_comparison_and_next_step():
    said = say.depth(change([50, 30, 60], [40, 30, 50]), "E1", 29, STAGES, causes(social=40, feed=8), PEERS, 0.02, EN)
    assert fine(said).verdict == "ahead" and said["value"] == 90 and said["compared"]["value"] == 80
    assert (
        "**90** consumers stand at Engage or deeper, **+10 (+12.5%)** on 29 days before: 64% of all 140" in said["text"]
    )
    assert "then 67%; peers' middle is 40%" in said["text"] and "social content** deepened most" in said["text"]
    assert said["next_step"].startswith("Hold out one in ten from social content (10%")
    assert (
        fine(say.depth(change([50, 30, 50], [40, 30, 50]), "E1", 29, STAGES, None, None, 0.02, EN)).verdict == "careful"
    )
    assert (
        fine(say.depth(change([50, 30, 20], [40, 30, 50]), "E1", 29, STAGES, None, None, 0.02, EN)).verdict == "behind"
    )


def test_depth_without_an_earlier_day_is_held_against_peers():
    said = say.depth(change([50, 30, 60]), "E1", 29, STAGES, None, PEERS, 0.02, EN)
    assert fine(said).short == "64% are Engage or deeper, peers 40%" and said["verdict"] == "ahead"
    assert said["value"] == pytest.approx(90 / 140) and said["unit"] == "share"
    assert "no earlier day compares. What deepened them is not identified" in said["text"] and said["next_step"]
    alone = say.depth(change([50, 30, 60]), "E1", 29, STAGES, None, None, 0.02, EN)
    assert fine(alone).verdict == "none" and "compared" not in alone


@pytest.mark.parametrize("words", [EN, ZH])
def test_odd_cases_make_findings(words):
    few, none = change([50, None, 60], [40, 30, 50]), change([0, 0, 0], [0, 0, 0])
    for frame in (few, none, change([0, 0, 1], [0, 0, 0])):
        fine(say.depth(frame, "E1", 29, STAGES, causes(), None, 0.02, words))
        fine(say.ladder(frame, 29, STAGES, words))
    for known in (
        None,
        causes(),
        causes(social=None),
        causes(social=0),
        causes(social=5),
        causes(social=5, everything=7),
    ):
        fine(say.credited(known, flow(), ["E1"], STAGES, words))
    fine(say.rises(flow(), dt.date(2024, 9, 21), STAGES, words))
    fine(say.rises(flow(True), dt.date(2024, 9, 21), STAGES, words))
    fine(say.rises(flow().assign(consumers=0), dt.date(2024, 9, 21), STAGES, words))
    fine(say.purchases(["I"], STAGES, words))


def test_credit_names_channel_interval_and_second():
    said = say.credited(causes(social=40, feed=8, everything=50), flow(), ["E1"], STAGES, EN)
    assert fine(said).kind == "credit" and (said["low"], said["high"], said["n"]) == (31, 49, 400)
    assert said["text"] == (
        "Without **social content**, **40** consumers would not have moved beyond Discover (31 to 49 by who is met; it met 400)"
        "; without feed ads: 8; without all channels: 50 of 20."
    )
    assert say.credited(None, flow(), ["E1"], STAGES, EN)["kind"] == "not identified"


def test_hidden_moves_make_at_least():
    said = say.rises(flow(True), dt.date(2024, 9, 21), STAGES, ZH)
    assert "至少" in said["text"] and said["value"] is None and said["verdict"] == "none"


def test_ladder_of_the_shop():
    said = say.ladder(change([50, 30, 10], [40, 30, 5]), 29, STAGES, EN)
    assert fine(said).value == 0.25 and said["verdict"] == "ahead" and "against 14.3% 29 days before" in said["text"]


def mixes(low):
    return pd.DataFrame({"mix": ["feed + live", "social + tv"], "consumers": [90, 80], "reached": [20, 30], "expected": 15.0,
                         "rate": [0.22, 0.4], "usual": 0.17, "ratio": [1.3, 2.3], "low": [0.7, low], "high": 3.1,
                         "suppressed": False})  # fmt: skip


def test_mixes_stand_out_only_above_one():
    said = say.mixed(mixes(1.2), "E1", STAGES, EN)
    assert fine(said).verdict == "ahead" and said["text"].startswith(
        "After **social content + television**, 40.0% of 80"
    )
    dull = say.mixed(mixes(0.9), "E1", STAGES, EN)
    assert fine(dull).short == "No mix of channels stands out among 2" and dull.get("next_step") is None
    assert fine(say.mixed(None, "E1", STAGES, ZH)).kind == "not identified"
    fine(say.mixed(mixes(1.2).iloc[:0], "E1", STAGES, ZH))
    assert say.named_mixes(mixes(1.2), EN).mix.iloc[0] == "social content + television"


def contents(**more):
    return pd.DataFrame({"content_id": ["n1", "n2"], "format": ["video", None], "creator": ["Ann", None], "channel": "live",
                         "met": pd.array([40, 50], "Int64"), "credit": pd.array([3, 9], "Int64"), "low": [1.0, 4.0],
                         "high": [5.0, 14.0], "suppressed": False} | more)  # fmt: skip


def test_contents():
    said = say.contents(contents(), 5, True, EN)
    assert "**– by –** (n2) deepened most relations: **9**" in fine(said).text
    assert fine(say.contents(contents(credit=pd.array([None, None], "Int64")), 5, True, ZH)).kind == "credit"
    for known, caused in ((0, True), (5, False)):
        assert fine(say.contents(contents().iloc[:0], known, caused, ZH)).kind == "not identified"
    assert list(say.best_contents(contents(), EN).content_id) == ["n2", "n1"]


def test_frames_for_charts_and_tables():
    known = causes(feed=8, social=40, everything=50)
    bars = say.named(known, EN)
    assert list(bars.label) == ["social content", "feed ads"] and list(bars.value) == [40, 8]
    reached = pd.DataFrame({"cause": ["feed", "feed", "social", "social", "*"], "to_stage": ["D", "E1", "D", "E1", "D"],
                            "credit": pd.array([1, None, -3, 40, 9], "Int64")})  # fmt: skip
    wide = say.wide(reached, known, ZH)
    assert list(wide.cause) == ["社媒种草", "信息流广告"] and list(wide.suppressed) == [False, True] and wide.D[0] == -3
    both = say.makers(known.assign(booked=1), known.assign(booked=1))
    assert len(both) == 4 and set(both.columns) == {"by", "cause", "met", "credit"}
    assert list(say.named_makers(both, EN).by) == ["Content format"] * 2 + ["Creator"] * 2
    for columns in (say.rule_columns(ZH), say.content_columns(ZH), say.mix_columns(ZH)):
        assert all(len(head) == 2 for head in columns.values())
