"""Small frames with the panel's real numbers, and eyes for SVG."""

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from apex.show.words import Words

SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """One SVG of a chart: its texts with places, its shapes."""

    def __init__(self, source):
        self.source = source
        self.root = ET.fromstring(source)
        box = self.root.get("viewBox").split()
        self.width, self.height = float(box[2]), float(box[3])

    @property
    def texts(self):
        return [element.text for element in self.root.iter(f"{SVG}text")]

    def placed(self):
        """(text, x, y, anchor) of every text."""
        return [
            (e.text, float(e.get("x")), float(e.get("y")), re.search("text-anchor:(\\w+)", e.get("style"))[1])
            for e in self.root.iter(f"{SVG}text")
        ]

    def boxes(self, colour):
        """(left, top, right, bottom) of every filled shape of a colour, paths read by their corners."""
        found = []
        for element in self.root.iter(f"{SVG}path"):
            style = element.get("style", "")
            if f"fill:{colour}" in style:
                numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", element.get("d"))]
                xs, ys = numbers[::2], numbers[1::2]
                found.append((min(xs), min(ys), max(xs), max(ys)))
        return found


@pytest.fixture(scope="session")
def drawings():
    """A fragment's two drawings: wide, narrow."""

    def read(fragment):
        found = [Drawing(source) for source in re.findall(r"<svg.*?</svg>", fragment.html, re.S)]
        assert [drawing.root.get("class") for drawing in found] == ["wide", "narrow"]
        return found

    return read


@pytest.fixture(scope="session")
def en():
    return Words("en", "USD", 20)


@pytest.fixture(scope="session")
def zh():
    return Words("zh", "CNY", 20)


@pytest.fixture(scope="session")
def stages():
    return [("A", "Aware"), ("I", "Interested"), ("P", "Purchased"), ("L", "Loyal")]


@pytest.fixture
def stock():
    """271 / 264 / 512 / 684 on the last of 60 days."""
    days = pd.date_range("2017-08-02", "2017-09-30")
    last = {"A": 271, "I": 264, "P": 512, "L": 684}
    rows = [(day, stage, n - (len(days) - 1 - i)) for i, day in enumerate(days) for stage, n in last.items()]
    return pd.DataFrame(rows, columns=["day", "stage", "consumers"])


@pytest.fixture
def moves():
    rows = [
        ("none", "A", 96),
        ("A", "none", 84),
        ("A", "A", 102),
        ("A", "P", 31),
        ("P", "P", 299),
        ("P", "L", 98),
        ("L", "P", 72),
        ("L", "L", 541),
    ]
    return pd.DataFrame(rows, columns=["from_stage", "to_stage", "consumers"])


HOSTILE = [
    "<script>alert(1)</script>",
    "quo\"te & 'x' $5 and $6 \x07😀",
    "مرحبا بالعالم",
    "A name so long that nobody would ever choose it for a stage, although somebody did just that",
]


@pytest.fixture(scope="session")
def hostile():
    return HOSTILE
