"""Small multiples of the twin beside real data: lines over one scale a panel, named at their ends, one message a chart."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from apex.show import Fragment, Words
from apex.show.canvas import NARROW, Canvas, fit, sheet, width_of
from apex.show.figure import figure
from apex.show.style import TOKENS, css_colours
from truth import realism as r
from truth import realism_acts as a
from truth.realism_logs import KINDS, Log

PANEL = 190  # px, head and axis included
TWIN, REAL = "twin 模拟", "real 真实"
LOOKS: dict[str, dict[str, Any]] = {
    REAL: {"color": TOKENS["soft"], "linewidth": 2, "linestyle": (0, (4, 3))},
    TWIN: {"color": TOKENS["stage-3"], "linewidth": 2.5},
}
DAYS = np.array([1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365])


class Chart(NamedTuple):
    """Lines to draw: panel, line (TWIN or REAL), x, y; how x and y are written; the x that are named."""

    title: str
    note: str
    frame: pd.DataFrame
    x: str
    marks: tuple[tuple[float, str], ...]
    share: bool = True
    log: bool = False


def charts(twin: dict[str, list[Log]], real: dict[str, list[Log]], kinds: dict[str, str]) -> list[Chart]:
    """What can be drawn of the sources that are there; kinds: what stands behind a kind's name."""
    out = []
    if "panel" in real:
        pairs = [(kinds[kind], line, log) for kind in KINDS for line, logs in ((TWIN, twin["panel"]), (REAL, real["panel"]))
                 for log in logs if log.kind == kind]  # fmt: skip
        gaps = [_line(p, line, DAYS, [np.mean(r.gaps(log.events) <= d) for d in DAYS]) for p, line, log in pairs]
        out.append(Chart(
            "How soon a category is bought again 品类再购间隔", "Share of gaps of at most so many days, of a category's "
            "buyers within a year; real: the grocery panel.", pd.concat(gaps, ignore_index=True), "Days",
            ((1, "1"), (7, "7"), (30, "30"), (365, "365 d")), log=True,
        ))  # fmt: skip
        held = [r.lorenz(r.spent(log.events)).assign(panel=p, line=line) for p, line, log in pairs]
        out.append(Chart(
            "What the best buyers hold of sales 头部买家销售占比", "Share of a year's sales by share of buyers, largest first; "
            "real: the grocery panel.", pd.concat(held, ignore_index=True), "Best buyers",
            ((0, "0"), (0.2, "20 %"), (0.5, "50 %"), (1, "100 %")),
        ))  # fmt: skip
    if "taobao" in real:
        both = ((TWIN, twin["taobao"][0]), (REAL, real["taobao"][0]))
        hours = [_line(name, line, np.arange(24), a.clock(log.events, what)) for name, what in
                 (("All behaviour 全部行为", a.COUNTED), ("Purchases 购买", ("buy",))) for line, log in both]  # fmt: skip
        out.append(Chart(
            "Hours of the day 一天中的时段", "Share by hour, 25 November to 3 December; real: Taobao, 114 consumers.",
            pd.concat(hours, ignore_index=True), "Hour", ((0, "0"), (6, "6"), (12, "12"), (18, "18"), (23, "23 h")),
        ))  # fmt: skip
        week = [_line("Weekdays 星期", line, np.arange(7), a.week(log.events)) for line, log in both]
        if "tianchi" in real:
            month = ((TWIN, twin["tianchi"][0]), (REAL, real["tianchi"][0]))
            week += [
                _line("A month with 12.12 含双12的一个月", line, np.arange(7), a.week(log.events))
                for line, log in month
            ]
        out.append(Chart(
            "Weekdays 星期", "Behaviour of a day beside the mean day; real: nine days of Taobao (five weekdays once only), "
            "a month of Tianchi (34 consumers).", pd.concat(week, ignore_index=True), "Weekday",
            ((0, "Mon"), (2, "Wed"), (4, "Fri"), (6, "Sun")), share=False,
        ))  # fmt: skip
    return out


def _line(panel: str, line: str, x: Any, y: Any) -> pd.DataFrame:
    return pd.DataFrame({"panel": panel, "line": line, "x": x, "y": y})


def draw(chart: Chart, words: Words) -> Fragment:
    """The chart as a figure with its data."""
    panels = [(str(name), part) for name, part in chart.frame.groupby("panel", sort=False)]
    write = (lambda v: words.share(v, 1)) if chart.share else words.number

    def drawn(width: int, name: str, css_class: str) -> str:
        across = min(3, len(panels)) if width > NARROW else 1
        with sheet(width, PANEL * math.ceil(len(panels) / across)) as canvas:
            for number, (head, part) in enumerate(panels):
                room = (canvas.width - 24 * (across - 1)) / across
                left, top = (number % across) * (room + 24), (number // across) * PANEL
                _panel(canvas, head, part, chart, words, (left, float(top), left + room))
            return canvas.svg(name, css_class, alt, css_colours())

    shown = chart.frame.pivot_table(index="x", columns=["panel", "line"], values="y", sort=False)
    texts = pd.DataFrame({chart.x: [f"{x:g}" for x in shown.index]})
    for panel, line in shown.columns:
        texts[f"{panel}, {line}"] = [write(v) for v in shown[(panel, line)]]
    gaps = chart.frame.pivot_table(index=["panel", "x"], columns="line", values="y", sort=False)
    alt = f"{chart.title}. " + "; ".join(
        f"{panel}: furthest apart by {write(float((part[TWIN] - part[REAL]).abs().max()))}"
        for panel, part in gaps.groupby(level="panel", sort=False)
    )
    return figure("realism", chart.frame, words, chart.title, alt, drawn, texts, chart.note)


def _panel(
    canvas: Canvas, head: str, part: pd.DataFrame, chart: Chart, words: Words, place: tuple[float, float, float]
) -> None:
    start, top, end = place
    canvas.text(start, top + 12, fit(head, end - start), bold=True)
    high = 1.0 if chart.share and part.y.max() > 0.5 else float(np.ceil(part.y.max() * 20) / 20)
    low = 0.0 if chart.share else float(np.floor(part.y.min() * 20) / 20)
    ticks = [low, (low + high) / 2, high]
    texts = [words.share(t) if chart.share else words.number(t) for t in ticks]
    left, right = start + max(map(width_of, texts)) + 8, end - 12
    above, below = top + 58, top + PANEL - 40

    def x(value: float) -> float:
        marks = [m for m, _ in chart.marks]
        first, last, v = (np.log(z) if chart.log else z for z in (marks[0], marks[-1], value))
        return left + (right - left) * float((v - first) / (last - first))

    for tick, text in zip(ticks, texts, strict=True):
        y = below - (below - above) * (tick - low) / ((high - low) or 1)
        canvas.line([left, right], [y, y])
        canvas.text(left - 6, y, text, "end", "soft")
    for mark, text in chart.marks:
        anchor = "start" if mark == chart.marks[0][0] else "end" if mark == chart.marks[-1][0] else "middle"
        canvas.text(x(mark), below + 18, text, anchor, "soft")
    ax = canvas.axes(left, above, right, below)
    ax.set_xlim(
        *(np.log([chart.marks[0][0], chart.marks[-1][0]]) if chart.log else (chart.marks[0][0], chart.marks[-1][0]))
    )
    ax.set_ylim(low, high)
    at = start
    for line, look in LOOKS.items():
        mine = part[part.line == line].sort_values("x")
        ax.plot(np.log(mine.x) if chart.log else mine.x, mine.y, clip_on=False, **look)
        canvas.line([at, at + 18], [top + 34, top + 34], look["color"], look["linewidth"], dashed="linestyle" in look)
        canvas.text(at + 24, top + 34, line, colour="ink" if line == TWIN else "soft")
        at += 24 + width_of(line) + 16
