"""A scorecard: one row a figure with what it is held against, why it changed, and a verdict; on a phone each row is a card."""

from collections.abc import Mapping
from html import escape

import pandas as pd

from apex.show.canvas import plain
from apex.show.figure import checked
from apex.show.fragment import Fragment, rich
from apex.show.parts import chip
from apex.show.words import MISSING, Words


def scorecard(
    frame: pd.DataFrame,
    id: str,
    words: Words,
    columns: Mapping[str, str],
    title: str | None = None,
    note: str | None = None,
) -> Fragment:
    """Rows of texts: `label` heads each, `columns` (column → head) follow, `verdict` closes as a chip.

    A text may mark figures with `**…**`. On a phone a missing text ("–") takes no line. `.data` is the frame. Raises
    ApexError for a missing column or an unknown verdict.
    """
    data = checked(frame, ["label", "verdict", *columns], "scorecard")
    heads = [words("Figure"), *columns.values(), words("Verdict")]
    head = "".join(f'<th scope="col">{escape(plain(text))}</th>' for text in heads)
    body = ""
    for row in data.to_dict("records"):
        cells = ""
        for column, label in columns.items():
            text = plain(row[column]) or MISSING
            absent = ' class="absent"' if text == MISSING else ""
            cells += f'<td data-head="{escape(plain(label), quote=True)}"{absent}><span>{rich(text)}</span></td>'
        judged = chip(row["verdict"], words).html
        body += f'<tr><th scope="row">{rich(plain(row["label"]))}</th>{cells}<td class="judged">{judged}</td></tr>'
    above = f'<p class="table-title">{rich(title)}</p>' if title else ""
    below = f'<p class="table-note">{rich(note)}</p>' if note else ""
    if data.empty:
        inner = f'<p class="chart-empty">{escape(words("Nothing to show: there are no rows."))}</p>'
    else:
        inner = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    html = f'<div class="table-card scorecard" id="{escape(id, quote=True)}">{above}{inner}{below}</div>'
    return Fragment(html, "scorecard", title or id, "", frame)
