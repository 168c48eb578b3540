"""Shares still there, day by day of age: one step line a stage with the band of its interval, labelled at its end."""

from collections.abc import Mapping, Sequence

import pandas as pd

from apex.errors import ApexError
from apex.show.canvas import NARROW, Canvas, apart, fit, sheet, width_of
from apex.show.figure import Stages, checked, figure, known_stages, names, numbers
from apex.show.fragment import Fragment
from apex.show.style import css_colours, stage_colours
from apex.show.words import MISSING, Words

LINE = 20  # px from one line of text to the next
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def curves(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    marks: Sequence[int] | Mapping[int, str] = (30, 90),
    note: str | None = None,
    id: str | None = None,
    head: str | None = None,
) -> Fragment:
    """Step lines from `stage, day, share` and, where known, `low` and `high` (a band); days are days of age, from 0 on.

    A line is labelled with the share at its last day, and ends where the frame does. `marks` are days with a dashed line and
    a column of their own in the data behind the chart, under the name that a mapping gives them. `head` is what a line is, where
    it is no stage. Raises ApexError for a missing column, an unknown stage, a share that
    is none, or a day given twice.
    """
    data = checked(frame, ["stage", "day", "share"], "curves")
    ids = known_stages(data, ["stage"], stages, "curves")
    if data.duplicated(["stage", "day"]).any():
        twice = data[data.duplicated(["stage", "day"])].iloc[0]
        raise ApexError(f"show.curves: {twice['stage']}, day {twice['day']} stands there twice")
    for column in ("share", "low", "high"):
        data[column] = numbers(data, column, "curves") if column in data.columns else pd.NA
        if not data[column].dropna().between(0, 1).all():
            raise ApexError(f'show.curves: column "{column}" holds something other than shares')
    data = data[data["share"].notna()].sort_values(["stage", "day"])
    known = names(stages, words)
    lines = {stage: data[data["stage"] == stage] for stage in ids}
    ends = {s: words.share(line["share"].iloc[-1]) if len(line) else MISSING for s, line in lines.items()}
    labels = [f"{ends[stage]} {known[stage]}" for stage in ids]

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 300 if width > NARROW else max(280, LINE * len(ids) + 80)) as canvas:
            _draw(canvas, lines, labels, words, list(marks))
            return canvas.svg(name, css_class, alt, css_colours(len(ids)))

    shown = pd.DataFrame({head or words("Stage"): [known[stage] for stage in ids]})
    columns = (
        marks if isinstance(marks, Mapping) else {day: words("Still there after {n} days", n=day) for day in marks}
    )
    for day, name in columns.items():
        shown[name] = [_on(lines[stage], day, words) for stage in ids]
    shown[words("Last day shown")] = [
        words.count(line["day"].max()) if len(line) else MISSING for line in lines.values()
    ]
    figures = words("; ").join(labels)
    alt = words("{title}. {figures}.", title=title, figures=figures)
    return figure("curves", frame, words, title, alt, draw, shown, note, id=id)


def _on(line: pd.DataFrame, day: int, words: Words) -> str:
    """The share on a day with its interval, as text; a dash beyond the line's end."""
    until = line[line["day"] <= day]
    if until.empty or line["day"].max() < day:
        return MISSING
    row = until.iloc[-1]
    if pd.isna(row["low"]) or pd.isna(row["high"]):
        return words.share(row["share"])
    low, high = words.share(row["low"]), words.share(row["high"])
    return words("{share} ({low} to {high})", share=words.share(row["share"]), low=low, high=high)


def _draw(
    canvas: Canvas, lines: dict[str, pd.DataFrame], labels: list[str], words: Words, marks: Sequence[int]
) -> None:
    last = max((int(line["day"].max()) for line in lines.values() if len(line)), default=1) or 1
    left = width_of(words.share(1.0)) + 10
    right = canvas.width - min(max(width_of(label) for label in labels) + 24, canvas.width * 0.42)
    above, bottom = 14.0, canvas.height - 28

    def x(day: float) -> float:
        return left + (right - 6 - left) * day / last

    def y(share: float) -> float:
        return bottom - (bottom - above) * share

    for tick in TICKS:
        canvas.line([left, right - 6], [y(tick), y(tick)])
        canvas.text(left - 8, y(tick), words.share(tick), "end", "soft")
    taken: list[tuple[float, float]] = []
    for number, day in enumerate([last, 0, *marks]):
        if number > 1 and 0 < day < last:
            canvas.line([x(day), x(day)], [above, bottom], "soft", dashed=True)
        text = words("{n} day", "{n} days", n=day) if number == 0 else words.count(day)
        half = width_of(text) / 2
        place = min(max(x(day), half), canvas.width - half)
        if 0 <= day <= last and all(place + half + 8 <= a or place - half - 8 >= b for a, b in taken):
            taken.append((place - half, place + half))
            canvas.text(place, bottom + 16, text, "middle", "soft")
    ax = canvas.axes(left, above, right - 6, bottom)
    ax.set_xlim(0, last)
    ax.set_ylim(0, 1)
    colours = stage_colours(len(lines))
    for line, colour in zip(lines.values(), colours, strict=True):
        days = line["day"].to_numpy(dtype=float)
        share, low, high = (line[c].to_numpy(dtype=float, na_value=float("nan")) for c in ("share", "low", "high"))
        ax.fill_between(days, low, high, step="post", color=colour, alpha=0.22, linewidth=0)
        ax.step(days, share, where="post", color=colour, linewidth=2.5, clip_on=False)
    finals = [(float(line["day"].iloc[-1]), float(line["share"].iloc[-1])) if len(line) else (0.0, 0.0)
              for line in lines.values()]  # fmt: skip
    levels = [y(share) for _, share in finals]
    for label, place, (day, _), level, line, colour in zip(
        labels, apart(levels, LINE, 10, bottom - 4), finals, levels, lines.values(), colours, strict=True
    ):
        if len(line) and (abs(place - level) > 3 or day < last):  # from where the line ends to its name
            canvas.line([x(day) + 2, right - 2, right + 6], [level, level, place], colour, 1)
        canvas.text(right + 10, place, fit(label, canvas.width - right - 10))
