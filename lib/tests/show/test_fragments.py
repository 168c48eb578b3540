"""Snapshots of the main fragments in both languages, and hostile values as labels in every helper.

A snapshot holds the HTML without the shapes of charts, whose numbers other tests check. After a change that is wanted:
`pytest … --snapshot-update`, and read the difference.
"""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from apex import show
from apex.show.words import Words

STAGES = {
    "en": [("A", "Aware"), ("I", "Interested"), ("P", "Purchased"), ("L", "Loyal")],
    "zh": [("A", "认知"), ("I", "兴趣"), ("P", "购买"), ("L", "忠诚")],
}
WORDS = {"en": Words("en", "USD", 20), "zh": Words("zh", "CNY", 20)}
EVIL = [
    "<script>alert(1)</script>",
    """quo"te ' & <img src=x onerror=alert(2)> $5 **bold** {n} %s""",
    "مرحبا بالعالم 😀",
    "A name so long that nobody would ever choose it " * 4,
]


def fragments(stock, moves, stages, words, say):
    """One of each helper; `say(i)` gives the i-th text that comes from data or from an author."""
    bars = pd.DataFrame({"label": [say(i) for i in range(4)], "value": [4.0, 3, 2, 1], "before": [1.0, 2, 3, 4]})
    ranges = bars.assign(low=bars.value - 1, high=bars.value + 1)
    change = pd.DataFrame({"stage": ["A", "L"], "now": [271, 684], "before": [262, 655]})
    rows = pd.DataFrame({"name": [say(i) for i in range(4)], "money": [1, 2_000_000, 3_460_000_000, None]})
    items = [{"label": say(0), "value": say(1), "note": say(2), "verdict": "behind"}]
    return {
        "stock_lines": show.stock_lines(stock, stages, words, say(0), marks=[(stock.day.iloc[9], say(1))], note=say(3)),
        "columns": show.columns(stock, stages, words, say(0), note=say(1)),
        "flow": show.flow(moves, stages, words, say(0), say(1), say(2), note=say(3)),
        "flow_matrix": show.flow_matrix(moves, stages, words, say(0), note=say(1)),
        "bars": show.bars(bars, words, say(0), note=say(1), mark=say(2)),
        "whiskers": show.bars(ranges, words, say(0), unit="index"),
        "change": show.change(change, stages, words, say(0), note=say(1)),
        "table": show.table(rows, "rows", words, {"name": (say(0), "text"), "money": (say(1), "money_short")}, say(2), say(3)),
        "tiles": show.tiles(items, words),
        "chip": show.chip("careful", words, say(0)),
        "callout": show.callout(say(1), "limit"),
    }  # fmt: skip


def without_shapes(html):
    """The HTML, one tag a line, without the shapes of a chart."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.find_all(["path", "use", "defs", "rect", "clippath"]):
        tag.decompose()
    for tag in soup.find_all("g"):
        tag.unwrap()
    for text in soup.find_all("text"):
        text.attrs = {}
    return soup.prettify()


@pytest.mark.parametrize("language", WORDS)
def test_fragments_as_they_were(stock, moves, language, snapshot):
    names = [name for _, name in STAGES[language]]
    made = fragments(stock.tail(40), moves, STAGES[language], WORDS[language], lambda i: names[i])
    kinds = {
        kind: str(show.badge(kind, WORDS[language]))
        for kind in ("counted", "credit", "lift", "model", "not identified")
    }
    for name, fragment in ({k: f.html for k, f in made.items()} | kinds).items():
        assert without_shapes(fragment) == snapshot(name=name)


@pytest.mark.parametrize("language", WORDS)
def test_what_comes_from_data_is_text_in_every_helper(stock, moves, language):
    stages = list(zip("AIPL", EVIL, strict=True))
    tags = {"script", "img", "b", "i", "bold"}
    for turn in range(4):
        for name, made in fragments(stock, moves, stages, WORDS[language], lambda i, t=turn: EVIL[(i + t) % 4]).items():
            soup = BeautifulSoup(made.html, "html.parser")
            assert not soup.find_all(tags), name
            assert not [a for tag in soup.find_all(True) for a in tag.attrs if a.startswith("on")], name
            assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", made.html), name
            for tag in soup.find_all("svg"):
                assert set(tag.attrs) <= {"class", "viewbox", "role", "aria-label", "xmlns"}, "no quote got out"
    told = fragments(stock, moves, stages, WORDS[language], lambda i: EVIL[i])
    for name in ("bars", "table", "flow_matrix"):
        text = BeautifulSoup(told[name].html, "html.parser").get_text()
        assert EVIL[0] in text and "onerror=alert(2)>" in text and "😀" in text, f"{name} shows them as they are"
        assert EVIL[3].strip() in text, f"{name} holds a long name in full"


def test_the_frame_behind_each_chart_can_be_had(stock, moves):
    """`.data` is what was drawn: the same frame that was given."""
    words, stages = WORDS["en"], STAGES["en"]
    change = pd.DataFrame({"stage": ["A"], "now": [271], "before": [262]})
    bars = pd.DataFrame({"label": ["a"], "value": [1]})
    for frame, made in [
        (stock, show.stock_lines(stock, stages, words, "T")),
        (stock, show.columns(stock, stages, words, "T")),
        (moves, show.flow(moves, stages, words, "T", "a", "b")),
        (moves, show.flow_matrix(moves, stages, words, "T")),
        (change, show.change(change, stages, words, "T")),
        (bars, show.bars(bars, words, "T")),
        (bars, show.table(bars, "t", words, {"label": ("L", "text")})),
    ]:
        assert made.data.equals(frame)


def test_intervals_are_drawn_and_written():
    frame = pd.DataFrame({"label": ["a"], "value": [5.0], "low": [3.0], "high": [7.0]})
    with_range = show.bars(frame, WORDS["en"], "T", unit="index", id="x").html
    without = show.bars(frame[["label", "value"]], WORDS["en"], "T", unit="index", id="x").html
    assert len(re.findall("<path|<use", with_range)) > len(re.findall("<path|<use", without))
    table = BeautifulSoup(with_range, "html.parser").find("details").get_text()
    assert "3" in table and "7" in table


def test_money_is_written_in_wan_and_yi():
    assert WORDS["zh"].money_short(3_460_000_000) == "¥3,460\u00a0万"
    assert WORDS["zh"].money_short(34_600_000_000_0) == "¥34.6\u00a0亿"
