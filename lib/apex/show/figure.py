"""What every chart is wrapped in: its message as title, alt text, two drawings for two widths, and its data."""

from collections.abc import Callable, Sequence
from html import escape

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.canvas import NARROW, WIDE, isolated, plain
from apex.show.fragment import Fragment, element_id, rich
from apex.show.words import Words

# draws the chart for a width: (width, name for ids, css class) → SVG
Draw = Callable[[int, str, str], str]
Stages = Sequence[tuple[str, str]]


def figure(
    kind: str,
    frame: pd.DataFrame,
    words: Words,
    title: str,
    alt: str,
    draw: Draw,
    shown: pd.DataFrame,
    note: str | None = None,
    key: str = "",
    id: str | None = None,
) -> Fragment:
    """A chart as `<figure>`: `frame` is what it was given, `shown` the same for readers (texts, labels as heads).

    An empty frame gives the title and the sentence that there is nothing to show.
    """
    name = element_id(kind, title, frame, id)
    head = f'<figcaption><strong class="chart-title">{rich(plain(title))}</strong>'
    head += f'<span class="chart-note">{rich(note)}</span>' if note else ""
    head += "</figcaption>"
    if frame.empty:
        nothing = words("Nothing to show: there are no rows.")
        html = f'<figure class="chart" id="{name}">{head}<p class="chart-empty">{escape(nothing)}</p></figure>'
        return Fragment(html, kind, title, f"{title}. {nothing}", frame)
    drawn = draw(WIDE, f"{name}-w", "wide") + draw(NARROW, f"{name}-n", "narrow")
    html = (
        f'<figure class="chart" id="{name}">{head}<div class="chart-card">{drawn}{key}</div>'
        f"{data_table(shown, words, title)}</figure>"
    )
    return Fragment(html, kind, title, plain(alt), frame)


def data_table(shown: pd.DataFrame, words: Words, title: str) -> str:
    """The data behind a chart as a folded table; the first column names the row, the others are numbers."""
    head = "".join(f'<th scope="col">{escape(plain(column))}</th>' for column in shown.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(plain(row[0]))}</th>{"".join(f"<td>{escape(str(v))}</td>" for v in row[1:])}</tr>'
        for row in shown.itertuples(index=False, name=None)
    )
    label = escape(words("Data behind the chart: {title}", title=plain(title)))
    return (
        f'<details class="data"><summary>{escape(words("Data behind the chart"))}</summary>'
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def checked(frame: pd.DataFrame, needed: Sequence[str], helper: str) -> pd.DataFrame:
    """A copy of `frame` with a fresh index; raises ApexError naming the first column that is not there."""
    for column in needed:
        if column not in frame.columns:
            raise ApexError(f'show.{helper}: column "{column}" is missing.{nearest(column, frame.columns)}')
    return frame.reset_index(drop=True).copy()


def numbers(frame: pd.DataFrame, column: str, helper: str, hide: bool = True) -> pd.Series:
    """A column as nullable floats; with `hide`, what a column `suppressed` marks is NA whatever it holds."""
    try:
        values = pd.to_numeric(frame[column]).astype("Float64")
    except (TypeError, ValueError) as error:
        raise ApexError(f'show.{helper}: column "{column}" holds something other than numbers: {error}') from error
    if hide and "suppressed" in frame.columns:
        values = values.mask(frame["suppressed"].astype("boolean").fillna(False))
    return values


def names(stages: Stages, words: Words) -> dict[str, str]:
    """Stage → its label, ready to stand beside numbers; `none` too."""
    return {"none": words("no stage"), **{stage: isolated(label) for stage, label in stages}}


def known_stages(frame: pd.DataFrame, columns: Sequence[str], stages: Stages, helper: str) -> list[str]:
    """The ids of `stages`; raises ApexError for a stage of the frame that is not among them (`none` always is)."""
    ids = [stage for stage, _ in stages]
    if not ids:
        raise ApexError(f"show.{helper}: no stages given")
    for column in columns:
        for stage in frame[column].dropna().unique():
            if stage not in (*ids, "none"):
                raise ApexError(f'show.{helper}: unknown stage "{stage}" in column "{column}".{nearest(stage, ids)}')
    return ids


def written(value: object, words: Words, short: bool = False) -> str:
    """A count for readers, in full or in short: suppressed where it is missing."""
    if pd.isna(value):
        return words.suppressed()
    return words.short(value) if short else words.count(value)
