"""What seeing content truly changed, on a small market, and how near the notebook's estimate comes beside the bare difference."""

import numpy as np
import pandas as pd
import pytest

from apex.measure.content_rules import load_content_rules
from truth import contents, worlds
from twin.stages import AT, codes


def test_first_views_and_outcomes_are_read_from_the_kernels_rows():
    """By hand: a glance does not count, the first effective view does, and outcomes are those of the days from it on."""
    rules = load_content_rules()
    pieces = pd.DataFrame({"format": ["video", "live"], "length_s": [8.0, 4000.0]})
    rows = np.full((7, len(AT)), -1)
    for n, (who, minute, what, piece, seconds, value) in enumerate([
        (0, 100, "watch", 1, 2, -1), (0, 200, "watch", 0, 2, -1), (0, 150, "buy", -1, -1, 70), (0, 201, "view", -1, -1, -1),
        (0, 1440 * 3, "buy", -1, -1, 50), (0, 1440 * 15, "search_brand", -1, -1, -1), (1, 5, "view", -1, -1, -1),
    ]):  # fmt: skip
        rows[n, [0, AT["minute"], AT["behaviour"]]] = who, minute, codes(what)[0]
        rows[n, [AT["content"], AT["duration"], AT["value"]]] = piece, seconds, value
    seen = contents._seen(rows, pieces, rules)
    assert seen.to_dict("list") == {"consumer": [0], "minute": [200], "format": ["video"]}
    found = contents._outcomes(rows, seen, 2, 15)
    assert found.to_dict("list") == {"searched": [0], "visited": [1], "bought": [1], "gmv_minor": [50]}


@pytest.mark.slow
def test_the_estimate_is_nearer_than_the_bare_difference(tmp_path):
    """Slow: a whole market is written, booked and played twice, a minute and a half."""
    found = contents.compared(worlds.live(31, 4000), load_content_rules(), tmp_path)
    whole = found[(found.arm == "all") & (found.answer != "not identified")]
    assert len(whole) and ((whole.effect - whole.truth).abs() < (whole.naive - whole.truth).abs()).all()
    told = found[found.answer != "not identified"]
    assert ((told.low <= told.truth) & (told.truth <= told.high)).mean() > 0.6
    assert ((told.low <= told.naive) & (told.naive <= told.high)).mean() < 1, (
        "the known-wrong one lies outside somewhere"
    )
    assert (found.truth >= 0).mean() > 0.9
