"""A figure along time as one line with the band of its interval, labelled at its end."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.amounts import UNITS
from apex.show.canvas import NARROW, Canvas, fit, sheet, width_of
from apex.show.days import LINE, _day_axis, _heads
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours
from apex.show.words import Words, is_missing

LINES = ("value", "low", "high")
BAND, STROKE = TOKENS["stage-1"], TOKENS["stage-4"]


def series(
    frame: pd.DataFrame,
    words: Words,
    title: str,
    unit: str = "share",
    marks: Sequence[tuple[dt.date, str]] = (),
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """One figure along time from `day, value` and, where known, `low` and `high` (a band around the line).

    `unit` is that of a finding. The last value is written at its end; a day without value is a gap. `marks` are days with a
    name; those outside the days shown are left out. Raises ApexError for a missing column, an unknown unit or a day given twice.
    """
    if unit not in UNITS:
        raise ApexError(f'show.series: unknown unit "{unit}".{nearest(unit, UNITS)}')
    data = checked(frame, ["day", "value"], "series")
    for column in LINES:
        data[column] = numbers(data, column, "series") if column in data else pd.array([pd.NA] * len(data), "Float64")
    data["day"] = pd.to_datetime(data["day"])
    if data["day"].duplicated().any():
        raise ApexError("show.series: a day stands there twice")
    data = data.sort_values("day", ignore_index=True)
    write, plain = UNITS[unit](words), data["value"].notna()
    hidden = data["suppressed"].eq(True) if "suppressed" in data else ~plain & plain
    texts = {c: [words.suppressed() if h else write(v) for v, h in zip(data[c], hidden, strict=True)] for c in LINES}
    band = data["low"].notna().any()
    heads = {"value": words("Value"), **({"low": words("Low"), "high": words("High")} if band else {})}
    shown = pd.DataFrame({words("Day"): [words.day(day) for day in data["day"]]})
    for column, head in heads.items():
        shown[head] = texts[column]
    alt = title
    if len(data):
        last = data.iloc[-1]
        alt = words("{title}. On {day}: {figures}.", title=title, day=last["day"], figures=texts["value"][-1])

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 280 if width > NARROW else 260) as canvas:
            _line(canvas, data, [write(t) for t in _ticks(data)], texts["value"][-1], words, marks)
            return canvas.svg(name, css_class, alt, css_colours(4))

    return figure("series", frame, words, title, alt, draw, shown, note, id=id)


def _line(
    canvas: Canvas, data: pd.DataFrame, labels: list[str], end: str, words: Words, marks: Sequence[tuple[dt.date, str]]
) -> None:
    from matplotlib.dates import date2num

    ticks, days = _ticks(data), data["day"]
    left = max(width_of(label) for label in labels) + 10
    right = canvas.width - min(width_of(end) + 20, canvas.width * 0.4)
    first, last = days.iloc[0], days.iloc[-1]
    span = max((last - first).days, 1)

    def x(day: object) -> float:
        return right - 6 - (right - 6 - left) * (last - pd.Timestamp(day)).days / span

    heads = _heads(
        [(x(day), label) for day, label in marks if first <= pd.Timestamp(day) <= last], canvas.width
    )  # fmt: skip
    top, bottom = 8 + LINE * (max((row for *_, row in heads), default=-1) + 1), canvas.height - 28

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    for tick, label in zip(ticks, labels, strict=True):
        canvas.line([left, right - 6], [y(tick), y(tick)])
        canvas.text(left - 8, y(tick), label, "end", "soft")
    for place, label, anchor, row in heads:
        canvas.line([place, place], [20 + LINE * row, bottom], "soft", dashed=True)
        canvas.text(place, 10 + LINE * row, label, anchor, "soft")
    _day_axis(canvas, words, list(days), x, bottom)
    ax = canvas.axes(left, top, right - 6, bottom)
    ax.set_xlim(min(date2num(first), date2num(last) - 1), date2num(last))
    ax.set_ylim(ticks[0], ticks[-1])
    at, value, low, high = (
        date2num(days),
        *(data[c].to_numpy(dtype=float, na_value=float("nan")) for c in ("value", "low", "high")),
    )
    ax.fill_between(at, low, high, color=BAND, alpha=0.6, linewidth=0)
    ax.plot(at, value, color=STROKE, linewidth=2.5, solid_capstyle="round", clip_on=False)
    if not is_missing(data["value"].iloc[-1]):
        ax.plot(at[-1:], value[-1:], "o", color=STROKE, markersize=6, clip_on=False)
        canvas.text(right + 10, y(value[-1]), fit(end, canvas.width - right - 10), bold=True)


def _ticks(data: pd.DataFrame) -> list[float]:
    """Round heights that hold line and band, from 0 on."""
    from matplotlib.ticker import MaxNLocator

    drawn = data[["value", "high"]].astype(float).max().max()
    top = float(drawn) if drawn == drawn and drawn > 0 else 1.0
    return [float(tick) for tick in MaxNLocator(nbins=4, min_n_ticks=2).tick_values(0, top) if tick >= 0]
