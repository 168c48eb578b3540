"""A sheet measured in pixels, drawn by matplotlib, turned into SVG that a page can carry.

Positions are set from pixels and anchors, never from measured text: the reader's font is not ours. `clean` makes the
SVG fit a page: text as text in the page's font, colours as CSS variables, ids of its own, no date, the same bytes each
time.
"""

import io
import re
import unicodedata
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apex.show.style import TEXT, TOKENS, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
WIDE, NARROW = 720, 340  # px; house.css shows the one that the place holds


def plain(text: object) -> str:
    """`text` on one line, without characters that XML forbids; spaces that do not break stay."""
    line = re.sub(r"[^\S\u00a0\u202f]+", " ", str(text)).strip(" ")
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs") and c not in "\ufffe\uffff")


def isolated(text: object) -> str:
    """`plain`, closed off against its neighbours where it runs from right to left: numbers beside it stay in place."""
    line = plain(text)
    return f"\u2068{line}\u2069" if any(unicodedata.bidirectional(c) in ("R", "AL") for c in line) else line


def width_of(text: str, size: float = TEXT) -> float:
    """Room in px that `text` takes in any font of ours: generous, as the reader's may be wider than the one here."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return (wide * 1.02 + (len(text) - wide) * 0.6) * size


def fit(text: object, room: float, size: float = TEXT) -> str:
    """`text` cut with an ellipsis to what fits into `room` px; the data behind the chart hold it in full."""
    line = plain(text)
    if width_of(line, size) <= room + 1e-6:  # a room that was made for the line
        return line
    while line and width_of(line + "…", size) > room:
        line = line[:-1]
    return line.rstrip() + "…"


def apart(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Places at least `gap` apart and inside [low, high], as near to the wanted ones as that allows, in their order."""
    import numpy as np
    from scipy.optimize import isotonic_regression

    if not wanted:
        return []
    order = np.argsort(np.array(wanted), kind="stable")
    steps = gap * np.arange(len(wanted))
    room = max(high - low - steps[-1], 0)
    placed = np.clip(isotonic_regression(np.array(wanted)[order] - steps).x, low, low + room) + steps
    result = np.empty(len(wanted))
    result[order] = placed
    return [float(place) for place in result]


class Canvas:
    """A drawing of `width` × `height` px; y runs down from the top, as on a page."""

    def __init__(self, width: float, height: float) -> None:
        """Start an empty sheet; use inside `styled()`."""
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)

    def axes(self, left: float, top: float, right: float, bottom: float) -> "Axes":
        """Bare axes filling the box between these px; spines and ticks are left to the chart."""
        box = (left / self.width, 1 - bottom / self.height, (right - left) / self.width, (bottom - top) / self.height)
        ax = self.figure.add_axes(box)
        ax.set_axis_off()
        ax.margins(0)
        return ax

    def text(
        self, x: float, y: float, text: str, anchor: str = "start", colour: str = "ink", bold: bool = False
    ) -> None:
        """One line of text, its middle at height `y`; `anchor` start, middle or end is where `x` lies."""
        self.figure.text(
            x / self.width,
            1 - (y + 0.35 * TEXT) / self.height,
            plain(text),
            ha={"start": "left", "middle": "center", "end": "right"}[anchor],
            va="baseline",
            fontsize=TEXT,
            color=TOKENS[colour],
            weight="bold" if bold else "normal",
        )

    def line(
        self,
        xs: list[float],
        ys: list[float],
        colour: str = "line",
        width: float = 1,
        dashed: bool = False,
        front: bool = False,
    ) -> None:
        """A straight line through px, behind the data unless it is to stand in front."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(
            Line2D(
                [x / self.width for x in xs],
                [1 - y / self.height for y in ys],
                color=TOKENS.get(colour, colour),
                linewidth=width,
                linestyle=(0, (4, 3)) if dashed else "-",
                zorder=3 if front else 0,
            )
        )

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, over: bool = False) -> None:
        """A filled rectangle between px; `colour` is a token or a hex colour."""
        from matplotlib.patches import Rectangle

        self.figure.add_artist(
            Rectangle(
                (left / self.width, 1 - bottom / self.height),
                (right - left) / self.width,
                (bottom - top) / self.height,
                facecolor=TOKENS.get(colour, colour),
                edgecolor="none",
                zorder=1 if over else -1,
            )
        )

    def svg(self, name: str, css_class: str, alt: str, colours: Mapping[str, str]) -> str:
        """The finished SVG; `name` is unique in its page and prefixes every id."""
        buffer = io.StringIO()
        with warnings.catch_warnings():
            # Text stays text and is set by the reader's browser: which glyphs a face here holds does not matter.
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
            warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support", category=UserWarning)
            self.figure.savefig(buffer, format="svg")
        return clean(buffer.getvalue(), name, css_class, plain(alt), colours)


@contextmanager
def sheet(width: float, height: float) -> Iterator[Canvas]:
    """`with sheet(720, 300) as canvas:` a canvas in the house style."""
    with styled():
        yield Canvas(width, height)


def clean(svg: str, name: str, css_class: str, alt: str, colours: Mapping[str, str]) -> str:
    """matplotlib's SVG, made fit for a page: see the head of this module."""
    root = ET.fromstring(svg)
    for element in [*root.iter()]:
        for child in [*element]:
            if child.tag == f"{SVG}metadata" or (child.tag == f"{SVG}defs" and child.find(f"{SVG}style") is not None):
                element.remove(child)
            elif child.tag == f"{SVG}path" and child.get("style") in ("fill: none", "fill: none; opacity: 0"):
                element.remove(child)  # the backgrounds of figure and axes
    used = set(re.findall(r"#([\w-]+)", " ".join(v for e in root.iter() for v in e.attrib.values())))
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        element.text = element.text if element.tag == "text" else None
        element.tail = None
        _attributes(element, name, used, colours)
    _unwrap(root)
    root.attrib = {
        "class": css_class,
        "viewBox": root.get("viewBox", ""),
        "role": "img",
        "aria-label": alt,
        "xmlns": SVG.strip("{}"),
    }
    return ET.tostring(root, encoding="unicode")


def _attributes(element: ET.Element, name: str, used: set[str], colours: Mapping[str, str]) -> None:
    if (identity := element.attrib.pop("id", None)) in used:
        element.set("id", f"{name}-{identity}")
    if href := element.attrib.pop(HREF, None):
        element.set("href", f"#{name}-{href[1:]}")
    if clip := element.get("clip-path"):
        element.set("clip-path", clip.replace("#", f"#{name}-"))
    for key in ("d", "x", "y", "width", "height"):
        if key in element.attrib:
            element.set(key, re.sub(r"\d+\.\d+", _short, " ".join(element.attrib[key].split())))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    if style := element.get("style"):
        rules = [rule.strip() for rule in style.split(";") if not rule.strip().startswith("font-family")]
        rules = [re.sub(r"\d+\.\d+", _short, rule) if "opacity" not in rule else rule for rule in rules]
        style = ";".join(rule.replace(": ", ":") for rule in rules)
        style = re.sub(r"#[0-9a-f]{6}", lambda found: colours.get(found[0], found[0]), style)
        element.set("style", style)


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _unwrap(element: ET.Element) -> None:
    """Take groups away that carry nothing: matplotlib wraps each line and each text in one."""
    children = []
    for child in [*element]:
        _unwrap(child)
        if child.tag in ("g", "defs") and len(child) == 0:
            continue
        children += [*child] if child.tag == "g" and not child.attrib else [child]
    element[:] = children
