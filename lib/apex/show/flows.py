"""Where consumers moved between two days: as a flow chart drawn in plain SVG, and as a matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import pandas as pd

from apex.errors import ApexError
from apex.show.canvas import NARROW, fit, plain, width_of
from apex.show.figure import Stages, checked, figure, known_stages, names, numbers, written
from apex.show.fragment import Fragment, element_id, rich
from apex.show.style import TEXT, TOKENS, css_colours, stage_colours
from apex.show.words import MISSING, Words

NODE = 12  # px, width of a node


@dataclass(frozen=True)
class Flows:
    """The moves between two days: ids from shallow to deep with `none` first, names, and consumers by (from, to).

    A pair that is not there had nobody; one that is missing (NaN) is suppressed.
    """

    ids: list[str]
    names: dict[str, str]
    moves: dict[tuple[str, str], float]

    def direction(self, pair: tuple[str, str]) -> int:
        """1 for a move to a deeper stage, −1 to a shallower one or none, 0 for who stayed."""
        start, end = (self.ids.index(stage) for stage in pair)
        return (end > start) - (end < start)

    def sum(self, pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> tuple[int, bool]:
        """Consumers of these pairs as far as they are shown, and whether some are suppressed."""
        values = [self.moves[pair] for pair in pairs if pair in self.moves]
        return int(sum(value for value in values if value == value)), any(value != value for value in values)

    def side(self, stage: str, end: bool) -> tuple[int, bool]:
        """Consumers who left `stage` (or, at the end, arrived there), staying included."""
        return self.sum([pair for pair in self.moves if pair[end] == stage])


def flow(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    start_label: str,
    end_label: str,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Moves between two days from `from_stage, to_stage, consumers`, deepest stage on top; `none` is a node too.

    Who rose is drawn in the colour of the stage reached, who stayed in the stage's own, faded, who fell in grey. Moves
    that are suppressed are not drawn and the text says so. Raises ApexError for a missing column, an unknown stage or a
    pair given twice.
    """
    flows, data = _flows(frame, stages, words, "flow")
    rose, stayed, fell = (flows.sum([p for p in flows.moves if flows.direction(p) == way]) for way in (1, 0, -1))
    if any(value != value for value in flows.moves.values()):
        hidden = words("Hidden moves are not drawn.")
        note = " ".join(part for part in (note, hidden) if part)
    parts = [
        ("rise", words("▲ {n} rose", n=_at_least(rose, words))),
        ("stay", words("■ {n} stayed", n=_at_least(stayed, words))),
        ("fall", words("▼ {n} fell", n=_at_least(fell, words))),
    ]
    key = "".join(f'<span class="key-{name}">{escape(text)}</span>' for name, text in parts)
    alt = words(
        "{title}. From {start} to {end}: {rose} consumers rose, {stayed} stayed, {fell} fell.",
        title=title,
        start=start_label,
        end=end_label,
        rose=_at_least(rose, words),
        stayed=_at_least(stayed, words),
        fell=_at_least(fell, words),
    )

    def draw(width: int, name: str, css_class: str) -> str:
        return _sankey(flows, words, width, css_class, alt, start_label, end_label)

    shown = pd.DataFrame(
        {
            words("From"): [flows.names[stage] for stage in data["from_stage"]],
            words("To"): [flows.names[stage] for stage in data["to_stage"]],
            words("Consumers"): [written(value, words) for value in data["consumers"]],
        }
    )
    return figure("flow", frame, words, title, alt, draw, shown, note, f'<p class="key">{key}</p>', id)


def _sankey(flows: Flows, words: Words, width: int, css_class: str, alt: str, start_label: str, end_label: str) -> str:
    """Plain SVG: nodes at both sides, each in a slot that holds its label, ribbons between them."""
    slim = width <= NARROW
    order = flows.ids[::-1]
    sides = {(stage, end): flows.side(stage, end) for stage in flows.ids for end in (False, True)}
    texts = {
        (stage, end): (_at_least(sides[stage, end], words, short=True), flows.names[stage]) for stage, end in sides
    }
    widths = [max(map(width_of, name)) if slim else width_of(" ".join(name)) for name in texts.values()]
    side = min(max(widths) + 12, width * 0.28)  # room for labels
    pitch = 40 if slim else 26  # least height of a slot: two lines of text on a phone, else one
    top = 34
    most = max(sum(sides[stage, end][0] for stage in order) for end in (False, True)) or 1
    scale = (300 if slim else 260) / most
    spots: dict[tuple[str, bool], tuple[float, float]] = {}
    bottoms = []
    for end in (False, True):
        y = float(top)
        for stage in order:
            height = sides[stage, end][0] * scale
            slot = max(height + 8, pitch)
            spots[stage, end] = (y + (slot - height) / 2, height)
            y += slot
        bottoms.append(y)
    colours = dict(zip(flows.ids, [TOKENS["mute"], *stage_colours(len(flows.ids) - 1)], strict=True))
    css = css_colours(len(flows.ids) - 1)
    left, right = side, width - side
    parts = [
        _text(0, 14, fit(start_label, width / 2 - 8), "start", soft=True),
        _text(width, 14, fit(end_label, width / 2 - 8), "end", soft=True),
    ]
    parts += _ribbons(flows, words, spots, scale, (left + NODE, right - NODE), {k: css[v] for k, v in colours.items()})
    for (stage, end), (y, height) in spots.items():
        x = right - NODE if end else left
        parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{NODE}" height="{_n(max(height, 1))}" '
            f'style="fill:{css[colours[stage]]}"/>'
        )
        place, anchor = (x + NODE + 8, "start") if end else (x - 8, "end")
        number, name = texts[stage, end]
        middle = y + height / 2
        if slim:
            parts.append(_text(place, middle - 9, fit(number, side - 10), anchor, bold=True))
            parts.append(_text(place, middle + 9, fit(name, side - 10), anchor, soft=True))
        else:
            name = fit(name, side - 12 - width_of(f"{number} "))  # a long name is cut, the number never
            parts.append(_text(place, middle, f"{number} {name}" if end else f"{name} {number}", anchor))
    return (
        f'<svg class="{css_class}" viewBox="0 0 {width} {_n(max(bottoms) + 6)}" role="img" '
        f'aria-label="{escape(plain(alt))}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _ribbons(
    flows: Flows,
    words: Words,
    spots: dict[tuple[str, bool], tuple[float, float]],
    scale: float,
    xs: tuple[float, float],
    css: dict[str, str],
) -> list[str]:
    """Ribbons stacked in the order of the other side's nodes, so that they cross as little as they can."""
    order = flows.ids[::-1]
    filled = {spot: y for spot, (y, _) in spots.items()}
    starts: dict[tuple[str, str], float] = {}
    ends: dict[tuple[str, str], float] = {}
    drawn = {pair: value for pair, value in flows.moves.items() if value == value and value > 0}
    for pair in [(a, b) for a in order for b in order if (a, b) in drawn]:
        starts[pair] = filled[pair[0], False]
        filled[pair[0], False] += drawn[pair] * scale
    for pair in [(a, b) for b in order for a in order if (a, b) in drawn]:
        ends[pair] = filled[pair[1], True]
        filled[pair[1], True] += drawn[pair] * scale
    middle = (xs[0] + xs[1]) / 2
    parts = []
    # who stayed lies beneath, who moved above
    for pair in sorted(drawn, key=lambda pair: (flows.direction(pair) != 0, -drawn[pair])):
        y0, y1, height = starts[pair], ends[pair], drawn[pair] * scale
        way = flows.direction(pair)
        colour = css[pair[1]] if way >= 0 else css["none"]
        a, b = _n(xs[0]), _n(xs[1])
        path = (
            f"M{a} {_n(y0)}C{_n(middle)} {_n(y0)} {_n(middle)} {_n(y1)} {b} {_n(y1)}V{_n(y1 + height)}"
            f"C{_n(middle)} {_n(y1 + height)} {_n(middle)} {_n(y0 + height)} {a} {_n(y0 + height)}Z"
        )
        opacity = {1: 0.85, 0: 0.28, -1: 0.5}[way]
        label = escape(plain(f"{flows.names[pair[0]]} → {flows.names[pair[1]]}: {words.count(drawn[pair])}"))
        parts.append(f'<path d="{path}" style="fill:{colour};fill-opacity:{opacity}"><title>{label}</title></path>')
    return parts


def flow_matrix(
    frame: pd.DataFrame,
    stages: Stages,
    words: Words,
    title: str,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """The same moves as a table: a row for the stage before, a column for the stage after, totals at the edges.

    Cells right of the diagonal rose, left of it fell. A total over suppressed cells is "at least" what is shown.
    """
    flows, data = _flows(frame, stages, words, "flow_matrix")
    name = element_id("matrix", title, frame, id)
    head = "".join(f'<th scope="col">{escape(plain(flows.names[stage]))}</th>' for stage in flows.ids)
    rows = []
    for start in flows.ids:
        cells = "".join(_cell(flows, (start, end), words) for end in flows.ids)
        total = _at_least(flows.side(start, False), words)
        rows.append(
            f'<tr><th scope="row">{escape(plain(flows.names[start]))}</th>{cells}<td class="total">{total}</td></tr>'
        )
    sums = "".join(f"<td>{_at_least(flows.side(end, True), words)}</td>" for end in flows.ids)
    whole = _at_least(flows.sum(list(flows.moves)), words)
    foot = f'<tr class="total"><th scope="row">{escape(words("After"))}</th>{sums}<td>{whole}</td></tr>'
    corner = escape(words("Before ↓ after →"))
    explained = words("Right of the diagonal consumers rose, left of it they fell.")
    below = " ".join(part for part in (note, explained) if part)
    body = (
        f'<p class="chart-empty">{escape(words("Nothing to show: there are no rows."))}</p>'
        if data.empty
        else f'<table class="matrix"><thead><tr><th scope="col">{corner}</th>{head}'
        f'<th scope="col">{escape(words("Before"))}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody><tfoot>{foot}</tfoot></table>"
    )
    html = (
        f'<div class="table-card" id="{name}"><p class="table-title">{rich(plain(title))}</p>'
        f'<div class="scroll" role="region" aria-label="{escape(plain(title))}" tabindex="0">{body}</div>'
        f'<p class="table-note">{rich(below)}</p></div>'
    )
    return Fragment(html, "matrix", title, "", frame)


def _cell(flows: Flows, pair: tuple[str, str], words: Words) -> str:
    if pair == ("none", "none"):
        return f"<td>{MISSING}</td>"
    way = {1: "rise", 0: "stay", -1: "fall"}[flows.direction(pair)]
    value = flows.moves.get(pair, 0.0)
    return f'<td class="{way}">{escape(written(value, words))}</td>'


def _flows(frame: pd.DataFrame, stages: Stages, words: Words, helper: str) -> tuple[Flows, pd.DataFrame]:
    data = checked(frame, ["from_stage", "to_stage", "consumers"], helper)
    ids = known_stages(data, ["from_stage", "to_stage"], stages, helper)
    data["consumers"] = numbers(data, "consumers", helper)
    twice = data[data.duplicated(["from_stage", "to_stage"])]
    if len(twice):
        row = twice.iloc[0]
        raise ApexError(f"show.{helper}: {row['from_stage']} → {row['to_stage']} stands there twice")
    moves = {
        (str(a), str(b)): float("nan") if pd.isna(n) else float(n)
        for a, b, n in zip(data["from_stage"], data["to_stage"], data["consumers"], strict=True)
        if (a, b) != ("none", "none")
    }
    return Flows(["none", *ids], names(stages, words), moves), data


def _at_least(total: tuple[int, bool], words: Words, short: bool = False) -> str:
    number, hidden = total
    if hidden and not number:
        return words.suppressed()
    text = words.short(number) if short else words.count(number)
    return words("≥ {n}", n=text) if hidden else text


def _text(x: float, y: float, text: str, anchor: str, bold: bool = False, soft: bool = False) -> str:
    weight = ";font-weight:700" if bold else ""
    tone = "soft" if soft else "ink"
    return (
        f'<text x="{_n(x)}" y="{_n(y + 0.35 * TEXT)}" style="font-size:{TEXT}px;text-anchor:{anchor};'
        f'fill:var(--{tone}, {TOKENS[tone]}){weight}">{escape(text)}</text>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
