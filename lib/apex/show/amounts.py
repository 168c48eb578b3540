"""Bars that are labelled directly, with the period before as a mark and the interval as a whisker."""

from collections.abc import Callable

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.canvas import NARROW, Canvas, fit, sheet, width_of
from apex.show.figure import Stages, checked, figure, known_stages, names, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours, stage_colours
from apex.show.words import MISSING, Words, is_missing

UNITS: dict[str, Callable[[Words], Callable[[object], str]]] = {
    "consumers": lambda words: words.count,
    "orders": lambda words: words.count,
    "days": lambda words: words.number,
    "money_minor": lambda words: words.money,
    "share": lambda words: lambda value: words.share(value, 1),
    "index": lambda words: words.number,
    "none": lambda words: words.number,
}


def bars(
    frame: pd.DataFrame,
    words: Words,
    title: str,
    unit: str = "consumers",
    stages: Stages | None = None,
    note: str | None = None,
    id: str | None = None,
    mark: str | None = None,
    base: float = 0.0,
) -> Fragment:
    """Horizontal bars from `label, value` and, where known, `before` (a mark), `low` and `high` (a whisker).

    `mark` names what `before` holds where it is not the period before. Bars begin at `base` (an index: at 100). Those that a
    column `faint` marks are grey: too few stand behind them.

    `unit` is that of a finding. A missing number is written "hidden" where a column `suppressed` says so (without that
    column: where consumers or orders are counted), else "–", as is a `before` whose `comparable` is false. With
    `stages`, labels are ids of stages and take their names and colours. Values may be negative. Raises ApexError for a
    missing column, an unknown unit or an unknown stage.
    """
    data = _prepared(frame, ["label", "value"], unit, "bars")
    colours = [TOKENS["stage-3"]] * len(data)
    if stages is not None:
        ids = known_stages(data, ["label"], stages, "bars")
        scale = dict(zip([*ids, "none"], [*stage_colours(len(ids)), TOKENS["mute"]], strict=True))
        known = names(stages, words)
        colours = [scale[stage] for stage in data["label"]]
        data["label"] = [known[stage] for stage in data["label"]]
    if "faint" in data.columns:
        faint = data["faint"].astype("boolean").fillna(False)
        colours = [TOKENS["mute"] if pale else colour for pale, colour in zip(faint, colours, strict=True)]
    data["text"] = [_written(row, "value", unit, words) for _, row in data.iterrows()]
    return _bar_chart("bars", frame, data, colours, words, title, unit, note, id, mark, base)


def change(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    unit: str = "consumers",
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Now against the period before, from `stage, now, before`: a bar, a mark, and the difference beside it.

    Stages keep the order of `stages`; one without a row is left out. Raises ApexError as `bars` does.
    """
    given = checked(frame, ["stage", "now", "before"], "change").rename(columns={"stage": "label", "now": "value"})
    ids = known_stages(given, ["label"], stages, "change")
    given = given.set_index("label").loc[[stage for stage in ids if stage in set(given["label"])]].reset_index()
    data = _prepared(given, ["label", "value", "before"], unit, "change")
    scale = dict(zip(ids, stage_colours(len(ids)), strict=True))
    colours = [scale[stage] for stage in data["label"]]
    data["label"] = [names(stages, words)[stage] for stage in data["label"]]
    data["text"] = [_changed(row, unit, words) for _, row in data.iterrows()]
    return _bar_chart("change", frame, data, colours, words, title, unit, note, id)


def _prepared(frame: pd.DataFrame, needed: list[str], unit: str, helper: str) -> pd.DataFrame:
    if unit not in UNITS:
        raise ApexError(f'show.{helper}: unknown unit "{unit}".{nearest(unit, UNITS)}')
    data = checked(frame, needed, helper)
    for column in ("value", "before", "low", "high"):
        if column in data.columns:
            data[column] = numbers(data, column, helper, hide="before" not in data.columns)
    if "suppressed" in data.columns:
        data["suppressed"] = data["suppressed"].astype("boolean").fillna(False).astype(bool)
    return data


def _written(row: pd.Series, column: str, unit: str, words: Words) -> str:
    """A number in its unit; one that is missing is suppressed or, as before a comparable period, simply not there."""
    if not is_missing(row[column]):
        return UNITS[unit](words)(row[column])
    hidden = row["suppressed"] if "suppressed" in row.index else unit in ("consumers", "orders")
    if column == "before" and "comparable" in row.index:
        hidden = hidden and row["comparable"]
    return words.suppressed() if hidden else MISSING


def _changed(row: pd.Series, unit: str, words: Words) -> str:
    """271 (+25, +10%): what a reader would otherwise compute."""
    now, before = row["value"], row["before"]
    text = _written(row, "value", unit, words)
    if is_missing(now) or is_missing(before):
        return text
    signed = {"money_minor": words.signed_money, "share": lambda x: words.signed_share(x, 1)}.get(unit, words.signed)
    if unit == "share" or not before:
        return words("{now} ({difference})", now=text, difference=signed(now - before))
    relative = words.signed_share(now / before - 1)
    return words("{now} ({difference}, {relative})", now=text, difference=signed(now - before), relative=relative)


def _bar_chart(
    kind: str,
    frame: pd.DataFrame,
    data: pd.DataFrame,
    colours: list[str],
    words: Words,
    title: str,
    unit: str,
    note: str | None,
    id: str | None,
    mark: str | None = None,
    base: float = 0.0,
) -> Fragment:
    heads = {
        "value": words("Value"),
        "before": mark or words("Period before"),
        "low": words("Low"),
        "high": words("High"),
    }
    shown = pd.DataFrame({words("Name"): list(data["label"])})
    for column, head in heads.items():
        if column in data.columns:
            shown[head] = [_written(row, column, unit, words) for _, row in data.iterrows()]
    figures = words("; ").join(f"{row.label} {row.text}" for row in data.itertuples())
    alt = words("{title}. {figures}.", title=title, figures=figures)
    marked = "before" in data.columns and data["before"].notna().any()
    if marked:
        line = (
            words("The upright line: {what}.", what=mark)
            if mark
            else words("The upright line marks the period before.")
        )
        note = " ".join(part for part in (note, line) if part)

    def draw(width: int, name: str, css_class: str) -> str:
        pitch = 36 if width > NARROW else 52
        with sheet(width, pitch * len(data) + 8) as canvas:
            _bars(canvas, data, colours, pitch, base)
            return canvas.svg(name, css_class, alt, css_colours(max(len(set(colours)), 4)))

    return figure(kind, frame, words, title, alt, draw, shown, note, id=id)


def _bars(canvas: Canvas, data: pd.DataFrame, colours: list[str], pitch: float, base: float) -> None:
    """Label beside the bar where there is room, above it on a phone; its number after everything that is drawn."""
    beside = canvas.width > NARROW
    left = min(max(width_of(str(label)) for label in data["label"]) + 14, canvas.width * 0.36) if beside else 4
    right = canvas.width - min(max(width_of(text) for text in data["text"]) * 1.08 + 14, canvas.width * 0.45)
    ends = data[[c for c in ("value", "before", "low", "high") if c in data.columns]].astype(float)
    low = min(float(ends.min().min()) if ends.notna().any().any() else base, base)
    high = max(float(ends.max().max()) if ends.notna().any().any() else base, base)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return left + (right - left) * (float(value) - low) / span

    for row, colour in zip(data.itertuples(), colours, strict=True):
        middle = pitch * row.Index + (pitch / 2 + 4 if beside else pitch - 13)
        half = 10 if beside else 9
        if beside:
            canvas.text(left - 12, middle, fit(row.label, left - 12), "end")
        else:
            canvas.text(4, middle - 22, fit(row.label, canvas.width - 8))
        reach = x(base)
        if not is_missing(row.value):
            reach = max(reach, x(row.value))
            canvas.box(
                min(x(base), x(row.value)), middle - half, max(x(base), x(row.value)), middle + half, colour, over=True
            )
        if not is_missing(getattr(row, "low", None)) and not is_missing(getattr(row, "high", None)):
            reach = max(reach, x(row.high))
            canvas.line([x(row.low), x(row.high)], [middle, middle], "card", 4, front=True)
            canvas.line([x(row.low), x(row.high)], [middle, middle], "ink", 1.5, front=True)
        if not is_missing(getattr(row, "before", None)):
            place = x(row.before)
            reach = max(reach, place)
            rim = [middle - half - 4, middle + half + 4]
            canvas.line([place, place], rim, "card", 5, front=True)  # a rim, to be seen on dark bars as well
            canvas.line([place, place], rim, "ink", 2, front=True)
        canvas.text(reach + 8, middle, row.text, bold=True)
        foot = pitch / 2 if beside else half + 3  # on a phone the label stands between two bars
        canvas.line([x(base), x(base)], [middle - foot, middle + foot], "mute")
