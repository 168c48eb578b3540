"""A square table of who was where before and is where after, each count beside what was to be expected."""

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from apex.errors import ApexError
from apex.show.canvas import plain
from apex.show.figure import checked, written
from apex.show.fragment import Fragment, element_id, rich
from apex.show.words import MISSING, Words, is_missing

Names = Sequence[tuple[str, str]]


def matrix(
    frame: pd.DataFrame,
    names: Names,
    words: Words,
    title: str,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Counts by row and column from `from_party, to_party, consumers` and, where known, `expected`.

    names: (id, label) in the order of rows and columns. Under a count stands how far it lies from what was expected; cells
    with more than that are tinted like gains, with fewer like losses, the diagonal is outlined. A pair without a row is "–", one
    that is missing is hidden. Totals at the edges are "at least" where one of their cells is hidden. Raises ApexError for a
    missing column, an unknown name or a pair given twice.
    """
    data = checked(frame, ["from_party", "to_party", "consumers"], "matrix")
    ids = [party for party, _ in names]
    for column in ("from_party", "to_party"):
        if unknown := sorted(set(data[column].astype(str)) - set(ids)):
            raise ApexError(f'show.matrix: "{unknown[0]}" in column "{column}" has no name')
    if data.duplicated(["from_party", "to_party"]).any():
        raise ApexError("show.matrix: a pair stands there twice")
    rows = {(str(r.from_party), str(r.to_party)): r for r in data.itertuples()}
    shown = {party: plain(label) for party, label in names}
    head = "".join(f'<th scope="col">{escape(shown[party])}</th>' for party in ids)
    body = "".join(
        f'<tr><th scope="row">{escape(shown[a])}</th>{"".join(_cell(rows.get((a, b)), a == b, words) for b in ids)}'
        f'<td class="total">{_total([rows[p] for p in rows if p[0] == a], words)}</td></tr>'
        for a in ids
    )
    sums = "".join(f"<td>{_total([rows[p] for p in rows if p[1] == b], words)}</td>" for b in ids)
    whole = _total(list(rows.values()), words)
    foot = f'<tr class="total"><th scope="row">{escape(words("After"))}</th>{sums}<td>{whole}</td></tr>'
    table = (
        f'<p class="chart-empty">{escape(words("Nothing to show: there are no rows."))}</p>'
        if data.empty
        else f'<table class="matrix"><thead><tr><th scope="col">{escape(words("Before ↓ after →"))}</th>{head}'
        f'<th scope="col">{escape(words("Before"))}</th></tr></thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table>'
    )
    name = element_id("matrix", title, frame, id)
    below = f'<p class="table-note">{rich(note)}</p>' if note else ""
    html = (
        f'<div class="table-card" id="{name}"><p class="table-title">{rich(plain(title))}</p>'
        f'<div class="scroll" role="region" aria-label="{escape(plain(title))}" tabindex="0">{table}</div>{below}</div>'
    )
    return Fragment(html, "matrix", title, "", frame)


def _cell(row: Any, stayed: bool, words: Words) -> str:
    if row is None:
        return f"<td>{MISSING}</td>"
    expected: Any = getattr(row, "expected", None)
    outline = " stay" if stayed else ""
    if is_missing(row.consumers) or is_missing(expected):
        return f'<td class="{outline.strip()}">{escape(written(row.consumers, words))}</td>'
    apart = round(float(row.consumers) - float(expected))
    tint = "rise" if apart > 0 else "fall" if apart < 0 else ""
    beside = f"<small>{escape(words.signed(apart))}</small>"
    return f'<td class="{tint}{outline}">{escape(words.count(row.consumers))}<br>{beside}</td>'


def _total(rows: list[Any], words: Words) -> str:
    counts = [row.consumers for row in rows]
    known = sum(int(count) for count in counts if not is_missing(count))
    if not any(is_missing(count) for count in counts):
        return escape(words.count(known))
    return escape(words("≥ {n}", n=words.count(known)) if known else words.suppressed())
