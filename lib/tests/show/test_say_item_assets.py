"""What is said of item assets: growth, nothing to compare with, hidden counts, a panel that sees purchases only, nobody."""

import pandas as pd
import pytest

from apex.report.finding import Finding
from apex.show import table
from apex.show.say import item_assets as say
from apex.show.words import Words

NAMES = {"i1": "Tea tin", "i2": "A kettle of so long a name that no claim of sixty characters holds it", "i3": "Cup"}


@pytest.fixture(params=["en", "zh"])
def words(request):
    return Words(request.param, "CNY", 20)


def frames(counts, before=None, unseen=()):
    """item → (shallow, deep, first, repeat, together, alone), None for a hidden one; as kept frames of parts and totals."""
    kinds = ["assets"] * 4 + ["buyers"] * 2
    names = ["shallow", "deep", "first", "repeat", "together", "alone"]
    rows = [
        (item, kind, part, n)
        for item, of in counts.items()
        for kind, part, n in zip(kinds, names, of, strict=True)
        if part not in unseen
    ]
    parts = pd.DataFrame(rows, columns=["item_id", "kind", "part", "now"])
    parts["now"] = parts.now.astype("Int64")
    parts["suppressed"] = parts.now.isna()
    totals = parts.groupby(["item_id", "kind"], as_index=False).now.sum()
    totals["before"] = pd.array([pd.NA] * len(totals) if before is None else [before] * len(totals), "Int64")
    totals["suppressed"] = False
    return parts, totals


def rows(words, *given, **more):
    return say.item_rows(*frames(*given, **more), NAMES, 29, words)


def valid(fields):
    return Finding(notebook="1_insight/journey", name="x", **fields)


TWO = {"i1": (100, 50, 30, 20, 10, 30), "i2": (200, 10, 300, 90, 60, 40)}


def test_a_line_for_each_item_the_largest_first(words):
    lines, columns = rows(words, TWO, before=400)
    assert lines["item"].tolist() == [NAMES["i2"], "Tea tin"] and lines.total.tolist() == [600, 200]
    assert lines.change.tolist() == [0.5, -0.5] and lines.together.tolist() == [0.6, 0.25]
    assert list(columns) == ["item", "total", "change", "shallow", "deep", "first", "repeat", "buyers", "together"]
    assert table(lines, "items", words, columns).html.count("</tr>") >= 3


def test_what_does_not_compare_or_is_not_seen_has_no_column(words):
    _, columns = rows(words, TWO, unseen=("shallow", "deep"))
    assert list(columns) == ["item", "total", "first", "repeat", "buyers", "together"]


def test_hidden_counts_are_called_hidden_and_no_share_gives_them_away(words):
    lines, columns = rows(words, {"i1": (None, None, 30, 20, None, None)}, before=40)
    assert lines.suppressed.tolist() == [True] and lines.together.isna().all() and lines.shallow.isna().all()
    assert words.suppressed() in table(lines, "items", words, columns).html


def test_the_leading_item_and_who_waits_for_an_offer(words):
    said = valid(say.leading(rows(words, TWO, before=400)[0], 29, words))
    assert said.value == 600 and len(said.short) <= 60 and words.signed_share(0.5) in said.text and "29" in said.text
    assert "Tea tin" in said.next_step and "50" in said.next_step, "fifty want the tin, ten the kettle"
    alone = valid(say.leading(rows(words, TWO)[0], 29, words))
    assert "29" not in alone.text and "600" in alone.text
    panel = valid(say.leading(rows(words, TWO, unseen=("shallow", "deep"))[0], 29, words))
    assert panel.value == 390 and not panel.next_step


def test_bought_together(words):
    said = valid(say.together(rows(words, TWO)[0], 29, words))
    assert said.value == 0.6 and "100" in said.text and words.share(0.425) in said.text and len(said.short) <= 60
    few = valid(say.together(rows(words, {"i1": (1, 1, 1, 1, 20, 9)})[0], 29, words))
    assert few.value is None and "30" in few.text and not few.next_step


def test_nobody_at_any_item(words):
    lines, columns = rows(words, {})
    assert lines.empty and "item" in columns
    assert valid(say.leading(lines, 29, words)).value is None and valid(say.together(lines, 29, words)).value is None


def test_what_is_not_seen_is_said(words):
    assert say.not_seen([], words) is None
    assert say.not_seen(["shallow", "deep"], words) != say.not_seen(["deep"], words) != ""
