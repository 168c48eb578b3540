"""What the page of content says: every state in both languages, the verdicts, and that claims fit."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from apex.show.say import content as say
from apex.show.say import content_card, content_effects, content_frames
from apex.show.say.wording import LONGEST
from apex.show.words import Words

WORDS = [Words("en", "CNY", 5), Words("zh", "CNY", 5)]


@pytest.fixture(params=WORDS, ids=["en", "zh"])
def words(request):
    return request.param


def effects(**change):
    rows = [
        {"arm": arm, "outcome": outcome, "effect": e, "low": e - 0.02, "high": e + 0.02, "lowest": e, "highest": e,
         "naive": 3 * e, "without": 0.1, "placebo_p": 0.4, "odds": 1.3, "smd_before": 0.5, "smd_after": 0.04, "inside": 0.99,
         "times": 320, "n_treated": 300, "n_control": 600, "did_treated": 60, "did_control": 60, "answer": "quasi", "reason": "",
         "suppressed": False}
        for arm, outcome, e in [("all", "visited", 0.06), ("video", "visited", 0.03), ("live", "visited", 0.11),
                                ("all", "bought", 0.01), ("all", "searched", -0.03)]
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**change)


def layer(cut="all", cell="all", **more):
    row = {"cut": cut, "cell": cell, "viewers": 500, "effective_viewers": 400, "visitors": 40, "seeds": 420, "guided": 42,
           "scale": 0.5, "fresh": 12, "suppressed": False}  # fmt: skip
    for rate, value in (
        ("effective_rate", 0.8),
        ("completion", 0.1),
        ("interaction", 0.09),
        ("referral", 0.1),
        ("conversion", 0.05),
    ):
        row |= {rate: value, f"{rate}_low": value - 0.02, f"{rate}_high": value + 0.02}
    return row | more


LAYERS = pd.DataFrame([layer(), layer("format", "live", referral=0.2, viewers=200), layer("format", "video"),
                       layer("age", "0"), layer("age", "14", referral=0.05), layer("content", "n1")])  # fmt: skip
LIVES = pd.DataFrame([
    {"format": f, "whose": w, "half": 11.2, "low": 10.0, "high": 12.3, "most": 19.4, "days": d, "pieces": 28}
    for f, w, d in (("all", "own", 60), ("live", "category", 40))
])  # fmt: skip
NO_LIVES = LIVES.assign(half=None, low=None, high=None, most=None)


def test_the_headline_names_the_format_with_the_largest_effect(words):
    said = say.headline("", effects(), LAYERS, LIVES, 365, 15, words)
    assert (said["kind"], said["value"], said["verdict"]) == ("lift", 0.11, "ahead") and "live" in said["short"]
    assert "19" in said["next_step"] and "live" in said["next_step"] and len(said["short"]) <= LONGEST
    assert "video" not in said["text"], "video lies clearly behind"
    close = effects(low=0.01, high=0.2)
    assert "video" in say.headline("", close, LAYERS, LIVES, 365, 15, words)["text"], "the order is not certain"


def test_without_an_effect_the_headline_is_counted_and_says_so(words):
    for frame in (effects(effect=None), effects(low=-0.1), effects().iloc[:0]):
        said = say.headline("", frame, LAYERS, NO_LIVES, 365, 15, words)
        assert (said["kind"], said["value"], said["verdict"]) == ("counted", 0.2, "careful")
    hidden = LAYERS.assign(referral=np.where(LAYERS.cut == "format", np.nan, LAYERS.referral))
    one = LAYERS[LAYERS.cell != "live"]
    for frame in (hidden, one, LAYERS.assign(referral=0.0)):
        said = say.headline("", effects().iloc[:0], frame, NO_LIVES, 365, 15, words)
        assert said["kind"] == "counted" and "value" not in said, "one format alone is no comparison"


def test_a_page_without_content_says_what_is_missing(words):
    pieces = pd.DataFrame({"content_id": ["a"], "brand": ["b"]})
    assert say.state(False, pieces, LAYERS, "b") == "no_table"
    assert say.state(True, pieces, LAYERS, "c") == "no_pieces"
    assert say.state(True, pieces, LAYERS.iloc[:0], "b") == "no_views"
    assert say.state(True, pieces, LAYERS.assign(viewers=pd.NA), "b") == "no_views"
    assert say.state(True, pieces, LAYERS, "b") == ""
    for state in ("no_table", "no_pieces", "no_views"):
        said = say.headline(state, effects().iloc[:0], LAYERS.iloc[:0], LIVES.iloc[:0], 365, 15, words)
        assert (
            said["kind"] == "not identified"
            and len(said["short"]) <= LONGEST
            and said["text"] == say.absent(state, 365, words)
        )
        assert all(say.needs(state, section, words) for section in ("effect", "layers", "life", "card"))
    assert say.needs("", "life", words) == "" == say.absent("", 365, words)


def test_layers_and_life(words):
    said = say.letters(LAYERS, LAYERS, LAYERS, 365, words)
    assert said["value"] == 500 and "12" in said["text"] and "10.0%" in said["text"]
    assert say.letters(LAYERS.assign(viewers=pd.NA), LAYERS, LAYERS, 365, words).get("value") is None
    said = say.life(LIVES, words)
    assert (said["kind"], said["value"], said["low"], said["unit"]) == ("model", 11.2, 10.0, "days")
    assert say.life(NO_LIVES, words)["kind"] == "not identified" == say.life(LIVES.iloc[:0], words)["kind"]


@pytest.mark.parametrize(("value", "verdict"), [(-0.05, "behind"), (0.05, "ahead"), (0.0, None)])
@pytest.mark.parametrize("cut", ["age", "repeat"])
def test_wear(words, value, verdict, cut):
    frame = LAYERS[LAYERS.cut == "age"].assign(cut=cut)
    said = say.wear(frame, cut, (0, 14), 27, {"value": value, "low": value - 0.02, "high": value + 0.02}, words)
    assert said.get("verdict") == verdict and len(said["short"]) <= LONGEST
    assert bool(said.get("next_step")) == (verdict == "behind")
    assert "value" not in say.wear(frame, cut, (0, 14), 27, None, words)


def test_an_effect_says_what_it_is_over_whom_and_how_the_bare_difference_differs(words):
    said = content_effects.effect(effects(), "visited", 15, words)
    assert (said["kind"], said["value"], said["n"], said["verdict"]) == ("lift", 0.06, 900, "ahead")
    assert said["compared"]["value"] == pytest.approx(0.18) and "18" in said["text"]
    assert content_effects.effect(effects(), "searched", 15, words)["verdict"] == "behind"
    careful = content_effects.effect(effects(), "bought", 15, words)
    assert careful["verdict"] == "careful" and careful["next_step"]
    assert content_effects.effect(effects(naive=pd.NA, answer="not identified", effect=None), "bought", 15, words)[
        "text"
    ]


@pytest.mark.parametrize(
    "reason", ["too_few", "balance", "placebo", "disagree", "signs", "inside", "certain", "no_placebo", "other"]
)
def test_an_effect_that_is_not_identified_says_why(words, reason):
    for low in (-0.1, None):
        frame = effects(answer="not identified", effect=None, reason=reason, low=low)
        said = content_effects.effect(frame, "visited", 15, words)
        assert (
            said["kind"] == "not identified"
            and content_effects.reason(reason, words) in said["text"]
            and said["next_step"]
        )
    hidden = effects(suppressed=True)
    assert content_effects.effect(hidden, "visited", 15, words)["kind"] == "not identified"
    assert content_effects.effect(hidden.iloc[:0], "visited", 15, words).get("n") is None


def test_what_the_effect_rests_on(words):
    assert "0.04" in content_effects.trust(effects(), "visited", words)
    assert content_effects.trust(effects(placebo_p=0.001), "visited", words) != content_effects.trust(
        effects(), "visited", words
    )
    assert content_effects.trust(effects(smd_after=None), "visited", words) == ""
    assert content_effects.trust(effects(placebo_p=None), "visited", words)


STANDING = pd.DataFrame(
    [("scale", "volume", 0.1, np.nan, np.nan, 1.0, 0.9, 1.0, 0.02, 33, "ahead"),
     ("effective_rate", "volume", 0.9, 0.88, 0.92, 0.5, 0.4, 0.6, 0.9, 33, "careful"),
     ("completion", "quality", np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 0, "none"),
     ("interaction", "quality", 0.05, 0.04, 0.06, 0.2, 0.1, 0.3, 0.1, 33, "behind"),
     ("referral", "effect", 0.02, 0.01, 0.03, 0.2, 0.1, 0.3, 0.05, 33, "behind"),
     ("conversion", "effect", 0.1, 0.02, 0.2, 0.6, 0.4, 0.8, 0.05, 12, "careful")],
    columns=["letter", "layer", "value", "low", "high", "rank", "rank_low", "rank_high", "middle", "pieces", "verdict"],
)  # fmt: skip
CARD = {
    "cut": "content",
    "cell": "n1",
    "format": "video",
    "creator": None,
    "item_id": "i1",
    "published": dt.date(2024, 1, 1),
}


def test_the_card_names_what_leads_what_lags_and_the_next_step(words):
    said = content_card.verdict(CARD, STANDING, {"conversion"}, False, dt.date(2024, 3, 1), words)
    assert said["verdict"] == "careful" and said["next_step"] == content_card.step("interaction", words)
    assert "n1 · video · i1" in said["text"]
    rows = content_card.rows(STANDING, {"conversion"}, words)
    assert (
        rows.verdict.tolist() == ["ahead", "careful", "none", "behind", "behind", "none"]
        and rows.now.iloc[-1] == words.suppressed()
    )
    assert "33" in rows["rank"].iloc[0] and set(content_card.columns(words)) < set(rows)
    assert (
        content_card.verdict(CARD, STANDING, set(STANDING.letter), False, dt.date(2024, 3, 1), words)["kind"]
        == "counted"
    )


def test_a_young_piece_a_format_and_one_without_like(words):
    young = content_card.verdict(CARD, STANDING, set(), True, dt.date(2024, 1, 3), words)
    assert "3" in young["text"] and "next_step" not in young
    alone = content_card.verdict(CARD, STANDING.assign(rank=np.nan), set(), False, dt.date(2024, 3, 1), words)
    assert alone.get("verdict") is None
    whole = {"cut": "format", "cell": "video", "format": "video", "young": False}
    assert "video" in content_card.name(whole, words)
    best = content_card.verdict(whole, STANDING.assign(verdict="ahead"), set(), False, dt.date(2024, 3, 1), words)
    assert best["verdict"] == "ahead" and best["next_step"] is None and content_card.next_step(None, words) is None
    assert all(content_card.step(letter, words) for letter in content_frames.LETTERS)


def test_what_is_hidden_on_the_card_is_what_its_tables_hide():
    shown, gone = LAYERS, LAYERS.assign(suppressed=True)
    assert content_card.hidden(CARD, shown, shown, shown) == set()
    assert content_card.hidden(CARD, shown, gone, shown.iloc[:0]) == {"referral", "conversion"}
    assert content_card.hidden(CARD, gone, shown, shown) == {"scale", "effective_rate", "completion", "interaction"}


def test_frames_for_charts_and_tables(words):
    rows = content_frames.start_rows(LAYERS, LAYERS, LAYERS.assign(suppressed=True), ["all", "format"], words)
    assert rows.label.tolist()[1:] == ["video", "live"] and set(rows.conversion) == {words.suppressed()}
    assert set(content_frames.start_columns(words)) <= set(rows)
    pieces = pd.DataFrame([{"content_id": "n1", "format": "video", "creator": None, "published": dt.date(2024, 1, 1)}])
    singles = content_frames.piece_rows(LAYERS, LAYERS, LAYERS, pieces, words)
    assert singles.format.tolist() == ["video"] and set(content_frames.piece_columns(words)) <= set(singles)
    bars = content_frames.bands(LAYERS, "age", (0, 3, 14), 27, words)
    assert bars.value.tolist() == [0.1, 0.05] and "0–2" in bars.label[0] and "14–27" in bars.label[1]
    assert content_frames.cell("5", "repeat", (1, 5), None, words) != content_frames.cell(
        "1", "repeat", (1, 2, 5), None, words
    )
    drawn = content_frames.effect_bars(effects(), "visited", words)
    assert drawn.value.tolist() == [0.06, 0.11, 0.03]
    table = content_frames.effect_rows(
        effects(suppressed=[True] + [False] * 4, effect=[1.0, None, 0.1, 0.1, 0.1]), words
    )
    assert len(table) == 5 and (table.effect == words.suppressed()).sum() == 1
    assert set(content_frames.effect_columns(words)) <= set(table)
    assert content_frames.life_rows(LIVES, words).half[0] == content_frames.days(11.2, 10.0, 12.3, words)


def test_the_chart_of_a_life_ends_where_all_has_come(words):
    curve = pd.DataFrame({"format": "all", "day": [1, 2, 3, 4], "share": [0.5, 0.8, 1.0, 1.0], "low": [0.4, 0.7, None, None],
                          "high": [0.6, 0.9, None, None]})  # fmt: skip
    drawn = content_frames.remaining(curve)
    assert drawn.day.tolist() == [0, 1, 2, 3] and drawn.share.tolist() == pytest.approx([1, 0.5, 0.2, 0])
    assert drawn.low[1] == pytest.approx(0.4) and content_frames.remaining(curve.iloc[:0]).empty
    assert list(content_frames.life_marks(LIVES, words)) == [7, 19] and list(
        content_frames.life_marks(NO_LIVES, words)
    ) == [7]
