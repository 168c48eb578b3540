"""A bridge: from one total to another, step by step.

Totals are marks on a common scale and only steps are bars, so that a bar's length is always a difference and the scale need
not begin at nought, where the steps beside large totals could not be seen.
"""

from collections.abc import Callable

import pandas as pd

from apex.errors import ApexError
from apex.show.amounts import UNITS
from apex.show.canvas import NARROW, Canvas, fit, sheet, width_of
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import css_colours
from apex.show.words import MISSING, Words, is_missing

NEEDED = ["label", "value", "total"]


def bridge(
    frame: pd.DataFrame,
    words: Words,
    title: str,
    unit: str = "money_minor",
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """From the first total to the last, from `label, value, total` (bool) and, where known, `low` and `high` of steps.

    The first and the last row are totals, the rest are steps that lead from one to the other (a total between them is a
    halt). A whisker shows where a step could end. A missing number is written as the chart `bars` does, and what follows
    starts from the last place that is known. Raises ApexError for a missing column, fewer than two totals at the ends, an
    unknown unit, or steps that do not add up.
    """
    data = checked(frame, NEEDED, "bridge")
    if unit not in UNITS:
        raise ApexError(f'show.bridge: unknown unit "{unit}".')
    for column in ("value", "low", "high"):
        if column in data.columns:
            data[column] = numbers(data, column, "bridge")
    data["total"] = data["total"].astype(bool)
    if len(data) and not (data["total"].iloc[0] and data["total"].iloc[-1]):
        raise ApexError("show.bridge: the first and the last row must be totals.")
    placed = _placed(data)
    write, signed = UNITS[unit](words), _signed(unit, words)
    hidden = data["suppressed"].astype("boolean").fillna(False) if "suppressed" in data.columns else None

    def written(number: int, value: object, whole: bool) -> str:
        if not is_missing(value):
            return write(value) if whole else signed(value)
        return words.suppressed() if hidden is not None and hidden[number] else MISSING

    placed["text"] = [written(row.Index, row.value, row.total) for row in placed.itertuples()]
    shown = pd.DataFrame({words("Name"): placed["label"], words("Value"): placed["text"]})
    for column, head in (("low", words("Low")), ("high", words("High"))):
        if column in placed.columns:
            shown[head] = [MISSING if is_missing(v) else signed(v) for v in placed[column]]
    figures = words("; ").join(f"{row.label} {row.text}" for row in placed.itertuples())
    alt = words("{title}. {figures}.", title=title, figures=figures)

    def draw(width: int, name: str, css_class: str) -> str:
        pitch = 36 if width > NARROW else 52
        with sheet(width, pitch * len(placed) + 8) as canvas:
            _draw(canvas, placed, pitch)
            return canvas.svg(name, css_class, alt, css_colours())

    return figure("bridge", frame, words, title, alt, draw, shown, note, id=id)


def _signed(unit: str, words: Words) -> Callable[[object], str]:
    if unit == "money_minor":
        return words.signed_money
    return (lambda value: words.signed_share(value, 1)) if unit == "share" else words.signed


def _placed(data: pd.DataFrame) -> pd.DataFrame:
    """With `start` and `end` of every row on the scale. ApexError where steps miss the next total."""
    level, exact, places = 0.0, True, []
    for number, row in enumerate(data.itertuples()):
        value = None if is_missing(row.value) else float(row.value)
        if not row.total:
            end = level if value is None else level + value
            places.append((level, end))
            level, exact = end, exact and value is not None
            continue
        if number and exact and value is not None and abs(value - level) > 1e-6 * max(abs(value), abs(level), 1):
            raise ApexError(f"show.bridge: the steps up to “{row.label}” lead to {level:g}, not to {value:g}.")
        level, exact = (level, False) if value is None else (value, True)
        places.append((level, level))
    return data.assign(start=[a for a, _ in places], end=[b for _, b in places])


def _draw(canvas: Canvas, data: pd.DataFrame, pitch: float) -> None:
    beside = canvas.width > NARROW
    left = min(max(width_of(str(label)) for label in data["label"]) + 14, canvas.width * 0.36) if beside else 4
    right = canvas.width - min(max(width_of(text) for text in data["text"]) * 1.08 + 14, canvas.width * 0.45)
    whiskers = []
    if {"low", "high"} <= set(data.columns):
        stepwise = data[~data["total"]]
        whiskers = [float(w) for end in ("low", "high") for w in (stepwise["start"] + stepwise[end]).dropna()]
    ends = [*data["start"], *data["end"], *whiskers]
    low, high = min(ends), max(ends)
    span, pad = (high - low) or 1.0, 6

    def x(value: float) -> float:
        return left + pad + (right - left - 2 * pad) * (value - low) / span

    previous = None
    for row in data.itertuples():
        middle = pitch * row.Index + (pitch / 2 + 4 if beside else pitch - 13)
        half = 10 if beside else 9
        if beside:
            canvas.text(left - 12, middle, fit(row.label, left - 12), "end", bold=row.total)
        else:
            canvas.text(4, middle - 22, fit(row.label, canvas.width - 8), bold=row.total)
        if previous is not None:
            canvas.line([x(row.start)] * 2, [previous, middle - half], "mute", dashed=True)
        reach = max(x(row.start), x(row.end))
        if row.total:
            if not is_missing(row.value):
                canvas.box(x(row.end) - 3, middle - half - 2, x(row.end) + 3, middle + half + 2, "ink", over=True)
                reach += 3
        elif not is_missing(row.value):
            colour = "ahead" if row.end >= row.start else "behind"
            canvas.box(min(x(row.start), x(row.end)), middle - half, reach, middle + half, colour, over=True)
            if not is_missing(getattr(row, "low", None)) and not is_missing(getattr(row, "high", None)):
                along = [x(row.start + float(row.low)), x(row.start + float(row.high))]
                reach = max(reach, *along)
                canvas.line(along, [middle, middle], "card", 4, front=True)
                canvas.line(along, [middle, middle], "ink", 1.5, front=True)
        canvas.text(reach + 8, middle, row.text, bold=True)
        previous = middle + half
