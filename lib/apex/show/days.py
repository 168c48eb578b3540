"""Charts along days: stock by stage as lines, and what happens each day as small columns, one strip a stage."""

import datetime as dt
import math
from collections.abc import Callable, Sequence

import pandas as pd

from apex.errors import ApexError
from apex.show.canvas import NARROW, Canvas, apart, fit, sheet, width_of
from apex.show.figure import Stages, checked, figure, known_stages, names, numbers, written
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours, stage_colours
from apex.show.words import MISSING, Words, is_missing

LINE = 20  # px from one line of text to the next


def stock_lines(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    trusted_from: dt.date | None = None,
    marks: Sequence[tuple[dt.date, str]] = (),
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Consumers at each stage, day by day, from `day, stage, consumers` (and `suppressed`).

    A line is labelled at its end with the last day's number; days before `trusted_from`, when windows were still
    filling, are grey; `marks` are days with a name, and those outside the days shown are left out. Raises ApexError for
    a missing column, an unknown stage or a day given twice.
    """
    data = checked(frame, ["day", "stage", "consumers"], "stock_lines")
    ids = known_stages(data, ["stage"], stages, "stock_lines")
    wide = _wide(data, ids, "stock_lines")
    has_row = set(data.loc[data["day"] == wide.index.max(), "stage"]) if len(wide) else set()
    ends = {s: written(wide[s].iloc[-1], words, short=True) if s in has_row else MISSING for s in ids if len(wide)}
    named = [(label, ends.get(stage, MISSING)) for stage, label in names(stages, words).items() if stage != "none"]

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 300 if width > NARROW else max(280, LINE * len(ids) + 80)) as canvas:
            _lines(canvas, wide, [(f"{n} {label}") for label, n in named], words, trusted_from, marks)
            return canvas.svg(name, css_class, alt, css_colours(len(ids)))

    alt = title
    if len(wide):
        figures = words("; ").join(f"{label} {n}" for label, n in named)
        alt = words("{title}. On {day}: {figures}.", title=title, day=wide.index[-1], figures=figures)
    return figure("stock", frame, words, title, alt, draw, _by_day(wide, stages, words), note, id=id)


def _lines(
    canvas: Canvas,
    wide: pd.DataFrame,
    labels: list[str],
    words: Words,
    trusted_from: dt.date | None,
    marks: Sequence[tuple[dt.date, str]],
) -> None:
    top = max(float(wide.max().max()), 1.0) if wide.notna().any().any() else 1.0
    ticks = _ticks(top)
    left = max(width_of(words.short(tick)) for tick in ticks) + 10
    right = canvas.width - min(max(width_of(label) for label in labels) + 20, canvas.width * 0.4)
    first, last = wide.index[0], wide.index[-1]
    span = max((last - first).days, 1)

    def x(day: object) -> float:
        # one day alone stands at the right end, where its label is
        return right - 6 - (right - 6 - left) * (last - pd.Timestamp(day)).days / span

    young = pd.Timestamp(trusted_from) if trusted_from is not None else first
    filling = [(left, words("windows still filling"))] if young > first else []
    named = [(x(day), label) for day, label in marks if first <= pd.Timestamp(day) <= last]
    heads = _heads(filling + named, canvas.width)
    above = 8 + LINE * (max((row for *_, row in heads), default=-1) + 1)
    bottom = canvas.height - 28

    def y(value: float) -> float:
        return bottom - (bottom - above) * value / ticks[-1]

    if young > first:
        canvas.box(left, above, x(min(young, last)), bottom, "young")
    for tick in ticks:
        canvas.line([left, right - 6], [y(tick), y(tick)])
        canvas.text(left - 8, y(tick), words.short(tick), "end", "soft")
    for number, (place, label, anchor, row) in enumerate(heads):
        height = 10 + LINE * row
        if number >= len(filling):
            canvas.line([place, place], [height + 10, bottom], "soft", dashed=True)
        canvas.text(place, height, label, anchor, "soft")
    _day_axis(canvas, words, list(wide.index), x, bottom)
    _strokes(canvas, wide, young, first, last, (left, above, right - 6, bottom), ticks[-1])
    finals = wide.iloc[-1].to_numpy(dtype=float, na_value=float("nan"))
    levels = [y(0.0 if math.isnan(final) else final) for final in finals]  # what is not known stands at the bottom
    places = apart(levels, LINE, 10, bottom - 4)
    for label, place, level, final, colour in zip(
        labels, places, levels, finals, stage_colours(len(labels)), strict=True
    ):
        if abs(place - level) > 3 and not math.isnan(final):
            canvas.line([right - 4, right + 6], [level, place], colour, 1.5)
        canvas.text(right + 10, place, fit(label, canvas.width - right - 10), bold=False)


def _strokes(
    canvas: Canvas,
    wide: pd.DataFrame,
    young: pd.Timestamp,
    first: pd.Timestamp,
    last: pd.Timestamp,
    box: tuple[float, float, float, float],
    top: float,
) -> None:
    """The lines themselves: grey while young, then in the stage's colour; a day alone is a dot."""
    from matplotlib.dates import date2num

    ax = canvas.axes(*box)
    end = date2num(last)
    ax.set_xlim(min(date2num(first), end - 1), end)
    ax.set_ylim(0, top)
    for stage, colour in zip(wide.columns, stage_colours(len(wide.columns)), strict=True):
        values = wide[stage].to_numpy(dtype=float, na_value=float("nan"))
        days = date2num(wide.index)
        old = days >= date2num(young)
        from_then = old | (pd.Series(old).shift(-1, fill_value=False).to_numpy())
        ax.plot(days[~old], values[~old], color=TOKENS["mute"], linewidth=1.5, clip_on=False)
        ax.plot(days[from_then], values[from_then], color=colour, linewidth=2.5, clip_on=False, solid_capstyle="round")
        if old[-1]:
            ax.plot(days[-1:], values[-1:], "o", color=colour, markersize=6, clip_on=False)


def columns(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Consumers by day (or week) and stage, from `day, stage, consumers`: one strip of columns a stage, same scale.

    Each strip names its total and its highest day; a suppressed day is a grey dot on the base line. Raises ApexError
    for a missing column, an unknown stage or a day given twice.
    """
    data = checked(frame, ["day", "stage", "consumers"], "columns")
    ids = known_stages(data, ["stage"], stages, "columns")
    wide = _wide(data, ids, "columns")
    hidden = data.assign(na=data["consumers"].isna()).pivot(index="day", columns="stage", values="na")
    hidden = hidden.reindex(columns=ids).eq(True)
    labels = [names(stages, words)[stage] for stage in ids]
    totals = [_total(wide[stage], hidden[stage], words) for stage in ids]

    def draw(width: int, name: str, css_class: str) -> str:
        strip = 84
        with sheet(width, strip * len(ids) + 30) as canvas:
            _strips(canvas, wide, hidden, list(zip(totals, labels, strict=True)), words, strip)
            return canvas.svg(name, css_class, alt, css_colours(len(ids)))

    figures = words("; ").join(f"{label} {n}" for n, label in zip(totals, labels, strict=True))
    alt = title
    if len(wide):
        period = words.period(wide.index[0], wide.index[-1])
        alt = words("{title}. {period}: {figures}.", title=title, period=period, figures=figures)
    return figure("columns", frame, words, title, alt, draw, _by_day(wide, stages, words), note, id=id)


def _strips(
    canvas: Canvas,
    wide: pd.DataFrame,
    hidden: pd.DataFrame,
    heads: list[tuple[str, str]],
    words: Words,
    strip: float,
) -> None:
    left, right = 4.0, canvas.width - 8
    top = max(float(wide.max().max()), 1.0) if wide.notna().any().any() else 1.0
    step = max(int(wide.index.to_series().diff().dt.days.min()), 1) if len(wide) > 1 else 1
    slots = max((wide.index[-1] - wide.index[0]).days / step + 1, 8)  # few days do not become walls
    pitch = (right - left) / slots

    def middle(day: object) -> float:
        return left + pitch * ((pd.Timestamp(day) - wide.index[0]).days / step + 0.5)

    for row, ((total, label), stage, colour) in enumerate(
        zip(heads, wide.columns, stage_colours(len(heads)), strict=True)
    ):
        base = strip * (row + 1) - 2
        canvas.box(left, base - strip + 12, left + 10, base - strip + 22, colour)
        canvas.text(left + 16, base - strip + 17, fit(f"{total} {label}", canvas.width * 0.6))
        canvas.line([left, right], [base, base])
        peak = wide[stage].astype(float).idxmax() if wide[stage].fillna(0).gt(0).any() else None
        for day, value in wide[stage].items():
            centre = middle(day)
            if not is_missing(value):
                height = (strip - 50) * float(value) / top
                canvas.box(centre - pitch * 0.38, base - height, centre + pitch * 0.38, base, colour, over=True)
            elif hidden.loc[day, stage]:
                canvas.box(centre - 1.5, base - 4, centre + 1.5, base - 1, "soft", over=True)
        if peak is not None:
            height = (strip - 50) * float(wide.loc[peak, stage]) / top
            edge = middle(peak)
            room = width_of(words.count(wide.loc[peak, stage])) / 2
            canvas.text(
                min(max(edge, room), canvas.width - room),
                base - height - 9,
                words.count(wide.loc[peak, stage]),
                "middle",
                "soft",
            )
    _day_axis(canvas, words, list(wide.index), middle, strip * len(heads))


def _day_axis(
    canvas: Canvas, words: Words, days: list[pd.Timestamp], x: Callable[[object], float], bottom: float
) -> None:
    """Dates under the days: the last one always (it is the day the page speaks of), then months or even steps."""
    first, last = days[0], days[-1]
    span = (last - first).days
    end = words.day(last) if canvas.width > NARROW else words.day_short(last)
    if span > 75:
        starts = list(pd.date_range(first, last, freq="MS"))
        named = [(d, words.month(d)) for d in starts]
    else:
        step = next(s for s in (1, 2, 7, 14, 28) if span / s <= 6 or s == 28)
        named = [
            (last - pd.Timedelta(days=k), words.day_short(last - pd.Timedelta(days=k)))
            for k in range(0, span + 1, step)
        ]
    taken: list[tuple[float, float]] = []
    for day, label in [(last, end), (first, words.day_short(first)) if span <= 75 else (first, ""), *named]:
        if not label:
            continue
        half = width_of(label) / 2
        place = min(max(x(day), half), canvas.width - half)
        if all(place + half + 8 <= low or place - half - 8 >= high for low, high in taken):
            taken.append((place - half, place + half))
            canvas.text(place, bottom + 16, label, "middle", "soft")


def _heads(heads: list[tuple[float, str]], width: float) -> list[tuple[float, str, str, int]]:
    """Place, label, anchor and row of each name over the plot; a name that would run into another goes a row down."""
    taken: list[tuple[int, float, float]] = []
    placed = []
    for place, label in heads:
        text = fit(label, width * 0.6)
        room = width_of(text)
        anchor = "start" if place + room <= width else "end"
        low, high = (place, place + room) if anchor == "start" else (place - room, place)
        row = 0
        while any(r == row and low < h + 8 and lo < high + 8 for r, lo, h in taken):
            row += 1
        taken.append((row, low, high))
        placed.append((place, text, anchor, row))
    return placed


def _wide(data: pd.DataFrame, ids: list[str], helper: str) -> pd.DataFrame:
    """A row a day, a column a stage; `data` gets timestamps and nullable floats in place."""
    data["consumers"] = numbers(data, "consumers", helper)
    data["day"] = pd.to_datetime(data["day"])
    twice = data[data.duplicated(["day", "stage"])]
    if len(twice):
        raise ApexError(f"show.{helper}: {twice['day'].iloc[0]:%Y-%m-%d}, {twice['stage'].iloc[0]} stands there twice")
    return data.pivot(index="day", columns="stage", values="consumers").reindex(columns=ids)


def _ticks(top: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    ticks = [float(tick) for tick in MaxNLocator(nbins=4, integer=True, min_n_ticks=2).tick_values(0, top)]
    return [tick for tick in ticks if tick >= 0]


def _total(values: pd.Series, hidden: pd.Series, words: Words) -> str:
    """The sum of a stage; at least that where days are suppressed."""
    total = int(values.sum())
    if hidden.any():
        return words("at least {n}", n=words.short(total)) if total else words.suppressed()
    return words.short(total)


def _by_day(wide: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    shown = pd.DataFrame({words("Day"): [words.day(day) for day in wide.index]})
    for stage, label in stages:
        shown[label] = [written(value, words) for value in wide[stage]]
    return shown
