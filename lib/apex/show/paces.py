"""A figure against its plan along the days: what came as a firm line, the plan dashed, what is to come as a band."""

from typing import TYPE_CHECKING

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.amounts import UNITS
from apex.show.canvas import NARROW, Canvas, apart, fit, sheet, width_of
from apex.show.days import LINE, _day_axis, _heads
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours
from apex.show.words import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

LINES = ("actual", "plan", "forecast", "low", "high")
BAND, STROKE, PLAN = TOKENS["stage-1"], TOKENS["stage-4"], TOKENS["soft"]


def against(
    frame: pd.DataFrame, words: Words, title: str, unit: str, marks: "Sequence[tuple[dt.date, str]]" = (),
    note: str | None = None, id: str | None = None, expected: str | None = None,
) -> Fragment:  # fmt: skip
    """`day, plan`, and `actual` up to today; `forecast, low, high` from there on. Sums so far, as a rule.

    unit is that of a finding; marks are days with a name. expected: what the dashed line is, where it is no plan (what would have
    been without an event, its interval from `low` to `high`). Raises ApexError for a missing column, an unknown unit or a day
    given twice.
    """
    if unit not in UNITS:
        raise ApexError(f'show.against: unknown unit "{unit}".{nearest(unit, UNITS)}')
    data = checked(frame, ["day", *LINES], "against")
    for column in LINES:
        data[column] = numbers(data, column, "against", hide=False)
    data["day"] = pd.to_datetime(data["day"])
    if data["day"].duplicated().any():
        raise ApexError("show.against: a day stands there twice")
    data = data.sort_values("day", ignore_index=True)
    write = UNITS[unit](words)
    heads = {"actual": words("Actual"), "plan": expected or words("Plan"), "forecast": words("Forecast"), "low": words("Low"),
             "high": words("High")}  # fmt: skip
    if expected:
        del heads["forecast"]
    shown = pd.DataFrame({words("Day"): [words.day(day) for day in data["day"]]})
    for column, head in heads.items():
        shown[head] = ["–" if pd.isna(v) else write(v) for v in data[column]]
    seen = data[data["actual"].notna()]
    alt = title
    if len(seen) and expected:
        last = seen.iloc[-1]
        alt = words("{title}. On {day}: {actual}; {expected}: {plan}.", title=title, day=last["day"],
                    actual=write(last["actual"]), expected=expected, plan=write(last["plan"]))  # fmt: skip
    elif len(seen):
        last = seen.iloc[-1]
        alt = words("{title}. On {day}: {actual}, planned {plan}.", title=title, day=last["day"],
                    actual=write(last["actual"]), plan=write(last["plan"]))  # fmt: skip

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 300 if width > NARROW else 280) as canvas:
            _drawn(canvas, data, words, unit, marks, expected)
            return canvas.svg(name, css_class, alt, css_colours(4))

    return figure("against", frame, words, title, alt, draw, shown, note, id=id)


def _drawn(
    canvas: Canvas,
    data: pd.DataFrame,
    words: Words,
    unit: str,
    marks: "Sequence[tuple[dt.date, str]]",
    expected: str | None,
) -> None:
    from matplotlib.dates import date2num
    from matplotlib.ticker import MaxNLocator

    write = words.money_short if unit == "money_minor" else words.short if unit == "consumers" else UNITS[unit](words)
    most = float(data[["actual", "plan", "high"]].astype(float).max().max())
    ticks = [float(t) for t in MaxNLocator(nbins=4, min_n_ticks=2).tick_values(0, most if most > 0 else 1.0) if t >= 0]
    labels, days = [write(t) for t in ticks], data["day"]
    ends = _ends(data, words, write, expected)
    left = max(width_of(label) for label in labels) + 10
    right = canvas.width - min(max((width_of(t) for _, t, _ in ends), default=0) + 20, canvas.width * 0.42)
    first, last = days.iloc[0], days.iloc[-1]
    span = max((last - first).days, 1)

    def x(day: object) -> float:
        return right - 6 - (right - 6 - left) * (last - pd.Timestamp(day)).days / span

    heads = _heads([(x(day), label) for day, label in marks if first <= pd.Timestamp(day) <= last], canvas.width)
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
    at = date2num(days)
    values = {c: data[c].to_numpy(dtype=float, na_value=float("nan")) for c in LINES}
    ax.fill_between(at, values["low"], values["high"], color=BAND, alpha=0.6, linewidth=0)
    ax.plot(at, values["plan"], color=PLAN, linewidth=1.5, linestyle=(0, (4, 3)))
    ax.plot(at, values["forecast"], color=STROKE, linewidth=1.2)
    ax.plot(at, values["actual"], color=STROKE, linewidth=2.5, solid_capstyle="round", clip_on=False)
    seen = data["actual"].notna()
    if seen.any():
        now = int(seen.to_numpy().nonzero()[0][-1])
        ax.plot(at[now : now + 1], values["actual"][now : now + 1], "o", color=STROKE, markersize=6, clip_on=False)
    places = apart([y(v) for v, _, _ in ends], 18, top - 4, bottom)
    for (_, text, bold), place in zip(ends, places, strict=True):
        canvas.text(right + 6, place, fit(text, canvas.width - right - 6), colour="ink" if bold else "soft", bold=bold)


def _ends(data: pd.DataFrame, words: Words, write: object, expected: str | None) -> list[tuple[float, str, bool]]:
    """(height, text, bold) of what stands at the right end."""
    last, out = data.iloc[-1], []
    if pd.notna(last["forecast"]):
        out.append((float(last["forecast"]), words("{n} forecast", n=write(last["forecast"])), True))  # type: ignore[operator]
    elif pd.notna(last["actual"]):
        out.append((float(last["actual"]), str(write(last["actual"])), True))  # type: ignore[operator]
    plan = write(last["plan"])  # type: ignore[operator]
    out.append((float(last["plan"]), f"{plan} {expected}" if expected else words("{n} planned", n=plan), False))
    return out
