"""Small multiples along time: one panel a figure, each on its own scale, with what it is held against.

The figure itself is a firm line that ends in its number; the same weeks a year before are thin, and the peers' middle is
dashed. All three are named at their ends, so that no legend is needed.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.amounts import UNITS
from apex.show.canvas import NARROW, Canvas, apart, fit, isolated, sheet, width_of
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours
from apex.show.words import Words, is_missing

PANEL = 168  # px, its head and its dates included
LINES = ("value", "year_ago", "middle")  # the columns that are drawn, the front one first


class Panel(NamedTuple):
    """One figure: its name, how numbers are written in full and in short, a row a day and a column a line, what is hidden."""

    label: str
    write: Callable[[object], str]
    short: Callable[[object], str]
    lines: pd.DataFrame
    hidden: pd.Series


def trends(frame: pd.DataFrame, words: Words, title: str, note: str | None = None, id: str | None = None) -> Fragment:
    """Figures along days or weeks, from `label, unit, day, value` and, where known, `year_ago` and `middle` (the peers').

    One panel a label, in the order of the frame; `unit` is that of a finding. Missing numbers leave a gap. Two panels stand
    side by side where there is room. Raises ApexError for a missing column, an unknown unit or a day given twice.
    """
    data = checked(frame, ["label", "unit", "day", "value"], "trends")
    panels = _panels(data, words)

    def draw(width: int, name: str, css_class: str) -> str:
        across = 2 if width > NARROW and len(panels) > 1 else 1
        with sheet(width, PANEL * math.ceil(len(panels) / across)) as canvas:
            for number, panel in enumerate(panels):
                room = (canvas.width - 24 * (across - 1)) / across
                left, top = (number % across) * (room + 24), (number // across) * PANEL
                _panel(canvas, panel, words, (left, float(top), left + room))
            return canvas.svg(name, css_class, alt, css_colours())

    alt = title
    if panels:
        told = words("; ").join(f"{p.label} {_now(p, words)}" for p in panels)
        alt = words(
            "{title}. On {day}: {figures}.", title=title, day=max(p.lines.index[-1] for p in panels), figures=told
        )
    return figure("trends", frame, words, title, alt, draw, _shown(panels, words), note, id=id)


def _panels(data: pd.DataFrame, words: Words) -> list[Panel]:
    data["day"] = pd.to_datetime(data["day"])
    if len(twice := data[data.duplicated(["label", "day"])]):
        raise ApexError(f"show.trends: {twice['day'].iloc[0]:%Y-%m-%d}, {twice['label'].iloc[0]} stands there twice")
    found = []
    for label, part in data.groupby("label", sort=False):
        unit = str(part["unit"].iloc[0])
        if unit not in UNITS:
            raise ApexError(f'show.trends: unknown unit "{unit}".{nearest(unit, UNITS)}')
        part = part.sort_values("day")
        lines = {c: numbers(part, c, "trends", hide=c != "middle") for c in LINES if c in part.columns}
        lines = {c: v for c, v in lines.items() if c == "value" or v.notna().any()}
        write = UNITS[unit](words)
        short = words.short if write(10_000) == words.count(10_000) else write
        days = pd.Index(part["day"], name="day")
        hidden = part["suppressed"].astype("boolean").fillna(False) if "suppressed" in part else part["day"].isna()
        found.append(
            Panel(isolated(label), write, short, pd.DataFrame(lines).set_axis(days), hidden.astype(bool).set_axis(days))
        )
    return found


def _last(values: pd.Series) -> object:
    return values.iloc[-1]


def _now(panel: Panel, words: Words) -> str:
    """The figure's last number in full; hidden, or not there."""
    return words.suppressed() if _last(panel.hidden) else panel.write(_last(panel.lines["value"]))


def _ends(panel: Panel, words: Words) -> list[tuple[str, str]]:
    """Column and text of each line's end: its last number, and what it is."""
    texts = {
        "value": lambda n: n,
        "year_ago": lambda n: words("{n} last year", n=n),
        "middle": lambda n: words("{n} peers", n=n),
    }
    return [(c, texts[c](panel.short(_last(panel.lines[c])))) for c in panel.lines.columns]


def _panel(canvas: Canvas, panel: Panel, words: Words, place: tuple[float, float, float]) -> None:
    """One panel: its head with the last number, two ticks, the lines with their names, first and last day."""
    start, top, end = place
    canvas.text(start, top + 12, fit(panel.label, end - start), bold=True)
    ends = _ends(panel, words)
    known = panel.lines.astype(float)
    low, high, ticks = _scale(known)
    left = start + max((width_of(panel.short(t)) for t in ticks), default=0) + 8
    right = end - min(max(width_of(text) for _, text in ends) + 14, (end - start) * 0.46)
    above, below = top + 34, top + PANEL - 36
    first, last = known.index[0], known.index[-1]
    span = max((last - first).days, 1)

    def y(value: float) -> float:
        return below - (below - above) * (value - low) / ((high - low) or 1)

    for tick in ticks:
        canvas.line([left, right], [y(tick), y(tick)])
        canvas.text(left - 6, y(tick), panel.short(tick), "end", "soft")
    _strokes(canvas, known, (left, above, right, below), (low, high))
    named = [(c, text) for c, text in ends if not is_missing(_last(panel.lines[c]))]
    levels = [y(float(known[c].iloc[-1])) for c, _ in named]
    for (column, text), level, at in zip(named, levels, apart(levels, 18, above - 6, below + 6), strict=True):
        if abs(at - level) > 3:
            canvas.line([right + 1, right + 7], [level, at], "mute")
        canvas.text(right + 9, at, fit(text, end - right - 9), colour="ink" if column == "value" else "soft",
                    bold=column == "value")  # fmt: skip
    if not named or named[0][0] != "value":
        canvas.text(end, top + 12, _now(panel, words), "end", "soft")
    day = words.day_short(last)
    canvas.text(right, below + 20, day, "end", "soft")
    if span > 1 and width_of(day) + width_of(words.day_short(first)) + 12 < right - left:
        canvas.text(left, below + 20, words.day_short(first), "start", "soft")


def _scale(known: pd.DataFrame) -> tuple[float, float, list[float]]:
    """Low and high end of a panel's scale and the ticks between them: lines need no nought, but a flat one needs room."""
    from matplotlib.ticker import MaxNLocator

    if not known.notna().any().any():
        return 0.0, 1.0, []
    low, high = float(known.min().min()), float(known.max().max())
    pad = max((high - low) * 0.06, abs(high) * 0.02, 1e-9)
    low, high = (max(low - pad, 0.0) if low >= 0 else low - pad), high + pad
    whole = bool((known.fillna(0) % 1 == 0).all().all())
    ticks = [float(t) for t in MaxNLocator(nbins=3, integer=whole).tick_values(low, high)]
    return low, high, [t for t in ticks if low <= t <= high]


def _strokes(
    canvas: Canvas, known: pd.DataFrame, box: tuple[float, float, float, float], scale: tuple[float, float]
) -> None:
    """The lines, the figure itself last and on top; what stands alone between gaps is a dot."""
    from matplotlib.dates import date2num

    ax = canvas.axes(*box)
    days = date2num(known.index)
    ax.set_xlim(min(days[0], days[-1] - 1), days[-1])
    ax.set_ylim(*scale)
    looks: dict[str, dict[str, Any]] = {
        "year_ago": {"color": TOKENS["mute"], "linewidth": 1.5},
        "middle": {"color": TOKENS["soft"], "linewidth": 1.5, "linestyle": (0, (4, 3))},
        "value": {"color": TOKENS["stage-3"], "linewidth": 2.5, "solid_capstyle": "round"},
    }
    for column in (c for c in reversed(LINES) if c in known):
        values = known[column].to_numpy(float)
        ax.plot(days, values, clip_on=False, **looks[column])
        there = pd.Series(values).notna()
        alone = there & ~there.shift(fill_value=False) & ~there.shift(-1, fill_value=False)
        ax.plot(days[alone], values[alone], "o", color=looks[column]["color"], markersize=4, clip_on=False)
    if not math.isnan(known["value"].iloc[-1]):
        ax.plot(
            days[-1:], known["value"].to_numpy(float)[-1:], "o", color=TOKENS["stage-3"], markersize=6, clip_on=False
        )


def _shown(panels: list[Panel], words: Words) -> pd.DataFrame:
    """The data behind the panels: a row a day, a column a line."""
    days = sorted({day for panel in panels for day in panel.lines.index})
    shown = pd.DataFrame({words("Day"): [words.day(day) for day in days]})
    for panel in panels:
        heads = {
            "value": panel.label,
            "year_ago": words("{what}, a year before", what=panel.label),
            "middle": words("{what}, peers' middle", what=panel.label),
        }
        for column in panel.lines.columns:
            values = panel.lines[column].reindex(pd.DatetimeIndex(days))
            shown[heads[column]] = [panel.write(value) for value in values]
        shown.loc[panel.hidden.reindex(pd.DatetimeIndex(days), fill_value=False).to_numpy(), panel.label] = (
            words.suppressed()
        )
    return shown
