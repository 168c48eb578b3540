"""Tables by great-tables: a fixed id, right-aligned tabular figures, eight rows before "more"."""

import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.canvas import plain
from apex.show.figure import checked
from apex.show.fragment import Fragment, rich
from apex.show.words import MISSING, Words, is_missing

ROWS = 8  # shown before "more"; house.css hides the rest
PAPER = 12  # a sheet holds no more, and no table is cut in two (house.css)
Format = str | Callable[[object], str]


def formats(words: Words) -> dict[str, Callable[[object], str]]:
    """The formats a column may name; all but `text` and `day` are figures and stand right-aligned."""
    return {
        "text": lambda v: MISSING if is_missing(v) else plain(v),
        "day": words.day,
        "count": words.count,
        "short": words.short,
        "signed": words.signed,
        "share": words.share,
        "share1": lambda v: words.share(v, 1),
        "signed_share": words.signed_share,
        "money": words.money,
        "money_short": words.money_short,
        "signed_money": words.signed_money,
        "number": words.number,
    }


def table(
    frame: pd.DataFrame,
    id: str,
    words: Words,
    columns: Mapping[str, tuple[str, Format]],
    title: str | None = None,
    note: str | None = None,
) -> Fragment:
    """A table of the named columns, in their order, with these heads; `.data` is the frame.

    A format is a name of `formats` or a function value → text (then a figure). A count that the privacy threshold hides
    is missing in the frame with `suppressed` true in its row, and is written as "hidden". Rows that a column `faint` marks
    are grey, and of a column X the cells that `faint_X` marks: too few people stand behind them, and a text says so as well.
    Raises ApexError for a column or a format that is not there and for an id that is no slug.
    """
    from great_tables import GT

    if not re.fullmatch(r"[a-zA-Z][\w-]*", id):
        raise ApexError(f'show.table: id "{id}" must start with a letter and hold letters, digits, - and _ only')
    data = checked(frame, list(columns), "table")
    hidden = data["suppressed"].astype("boolean").fillna(False) if "suppressed" in data.columns else None
    known = formats(words)
    shown, right = {}, []
    for column, (_, form) in columns.items():
        if isinstance(form, str) and form not in known:
            raise ApexError(f'show.table: column "{column}" asks for format "{form}".{nearest(form, known)}')
        write = known[form] if isinstance(form, str) else form
        texts = [write(value) for value in data[column]]
        if hidden is not None and form in ("count", "short", "signed"):
            texts = [
                words.suppressed() if hide and is_missing(value) else text
                for text, value, hide in zip(texts, data[column], hidden, strict=True)
            ]
        shown[column] = texts
        if form not in ("text", "day"):
            right.append(column)
    left = [column for column in columns if column not in right]
    texts = pd.DataFrame(shown, columns=list(columns), dtype="str")
    made = GT(texts, id=id)
    made = made.cols_label({column: plain(label) for column, (label, _) in columns.items()})
    made = made.cols_align("right", right) if right else made
    made = made.cols_align("left", left) if left else made
    csv = texts.set_axis([plain(label) for label, _ in columns.values()], axis="columns").to_csv(index=False)
    html = made.as_raw_html()
    pale = [_marked(data, f"faint_{column}") | _marked(data, "faint") for column in columns]
    if any(marks.any() for marks in pale):
        html = _faint(html, list(zip(*pale, strict=True)))
    return Fragment(_wrap(html, id, words, len(data), title, note, csv), "table", title or id, "", frame)


def _marked(data: pd.DataFrame, column: str) -> "pd.Series[bool]":
    if column not in data.columns:
        return pd.Series(False, data.index)
    return data[column].astype("boolean").fillna(False).astype(bool)


def _faint(html: str, rows: list[tuple[bool, ...]]) -> str:
    """The HTML with the class `faint` on these cells of the body, row by row."""
    head, mark, body = html.partition("<tbody")
    cells = iter([pale for row in rows for pale in row])
    return (
        head
        + mark
        + re.sub(r'<td headers="[^"]*" class="', lambda m: m.group() + ("faint " if next(cells, False) else ""), body)
    )


def _wrap(html: str, id: str, words: Words, rows: int, title: str | None, note: str | None, csv: str) -> str:
    """The bare table out of great-tables' HTML (its 8 kB of CSS per table are ours, once), in a scrollable region."""
    body = html[html.index("<table") : html.rindex("</table>") + len("</table>")]
    body = re.sub(r' data-quarto-[a-z-]+="false"| rowspan="1"| colspan="1"', "", body)
    if rows == 0:
        body = f'<p class="chart-empty">{escape(words("Nothing to show: there are no rows."))}</p>'
    head = f'<p class="table-title">{rich(title)}</p>' if title else ""
    foot = f'<p class="table-note">{rich(note)}</p>' if note else ""
    more = ""
    if rows > ROWS:
        label = escape(words("All {n} rows", n=rows))
        more = f'<details class="more"><summary>{label}</summary></details>'
    if rows > PAPER:
        more += f'<p class="table-note on-paper">{escape(words("On paper the first {n} of {all} rows.", n=PAPER, all=rows))}</p>'
    label = escape(title or words("Table"))
    if rows:  # as it is shown, in the page itself: a page that is passed on alone still has it
        link = f'<a download="{id}.csv" href="data:text/csv;charset=utf-8,%EF%BB%BF{quote(csv)}">CSV</a>'
        foot += f'<p class="table-note">{link}</p>'
    return (
        f'<div class="table-card" id="{id}">{head}<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f"{body}</div>{more}{foot}</div>"
    )
