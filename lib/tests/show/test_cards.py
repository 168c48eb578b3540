"""The scorecard: every text stands once, absent ones are marked, verdicts are named, and nothing hostile gets through."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from apex import show
from apex.errors import ApexError

HEADS = {"now": "Now", "before": "Before", "reason": "Why"}


@pytest.fixture
def rows():
    return pd.DataFrame(
        [("GMV", "**$12**", "$10 (+20%)", "more buyers", "ahead"), ("Members", "–", "–", "–", "none")],
        columns=["label", "now", "before", "reason", "verdict"],
    )


def test_each_row_has_its_texts_with_their_heads(rows, en):
    page = BeautifulSoup(show.scorecard(rows, "card", en, HEADS, title="T", note="N").html, "html.parser")
    first, second = page.tbody.find_all("tr")
    assert [cell.get_text() for cell in first.find_all("td")] == ["$12", "$10 (+20%)", "more buyers", "▲ ahead"]
    assert first.th.get_text() == "GMV" and first.td.mark.get_text() == "$12"
    assert [cell.get("data-head") for cell in first.find_all("td")] == ["Now", "Before", "Why", None]
    assert [th.get_text() for th in page.thead.find_all("th")] == ["Figure", "Now", "Before", "Why", "Verdict"]
    assert [cell.get("class") for cell in second.find_all("td")][:3] == [["absent"]] * 3
    assert not first.find_all(class_="absent")


def test_hostile_texts_are_text(rows, en, hostile):
    evil = rows.assign(label=hostile[:2], reason=hostile[1:3])
    html = show.scorecard(
        evil, 'x" onload="', en, {"now": hostile[0], "before": "B", "reason": "R"}, title=hostile[0]
    ).html
    page = BeautifulSoup(html, "html.parser")
    assert page.script is None and not page.find_all(onload=True) and page.div["id"] == 'x" onload="'


def test_nothing_unknown_is_drawn(rows, zh):
    assert "<table" not in show.scorecard(rows.iloc[:0], "card", zh, HEADS).html
    with pytest.raises(ApexError, match='column "why"'):
        show.scorecard(rows, "card", zh, {"why": "W"})
    with pytest.raises(ApexError, match="unknown verdict"):
        show.scorecard(rows.assign(verdict="great"), "card", zh, HEADS)
