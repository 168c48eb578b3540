"""What treating the first part of a ranking gains, beside the same part at random: the Qini curve with its band."""

import pandas as pd

from apex.errors import ApexError
from apex.show.canvas import NARROW, Canvas, fit, sheet, width_of
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours
from apex.show.words import Words

COLUMNS = ("share", "gain", "random", "low", "high")


def qini(
    frame: pd.DataFrame, words: Words, title: str, unit: str, note: str | None = None, id: str | None = None
) -> Fragment:
    """A curve from `share` (treated, 0 to 1), `gain`, `random` (the same at random) and `low`, `high` (a band around the gain).

    unit: what gains are, in words, for the head of the data. Raises ApexError for a missing column, a share that is none, or one
    given twice.
    """
    data = checked(frame, list(COLUMNS), "qini")
    for column in COLUMNS:
        data[column] = numbers(data, column, "qini").astype(float)
    if data["share"].duplicated().any() or not data["share"].between(0, 1).all():
        raise ApexError("show.qini: shares are given once each, and lie between 0 and 1")
    data = data.sort_values("share", ignore_index=True)
    shown = pd.DataFrame({
        words("Treated"): [words.share(s) for s in data["share"]],
        unit: [words.number(g) for g in data["gain"]],
        words("At random"): [words.number(r) for r in data["random"]],
        words("Low"): [words.number(x) for x in data["low"]], words("High"): [words.number(x) for x in data["high"]],
    })  # fmt: skip

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 300 if width > NARROW else 270) as canvas:
            _draw(canvas, data, words)
            return canvas.svg(name, css_class, title, css_colours(4))

    return figure("qini", frame, words, title, title, draw, shown, note, id=id)


def _draw(canvas: Canvas, data: pd.DataFrame, words: Words) -> None:
    from matplotlib.ticker import MaxNLocator

    low = min(float(data[["low", "gain", "random"]].min().min()), 0.0)
    high = max(float(data[["high", "gain", "random"]].max().max()), low + 1e-9)
    ticks = [float(t) for t in MaxNLocator(nbins=4, min_n_ticks=2).tick_values(low, high)]
    labels = [words.number(t) for t in ticks]
    ranked, random = words("by the ranking"), words("at random")
    left = max(width_of(label) for label in labels) + 10
    right, top, bottom = canvas.width - 8, 14.0, canvas.height - 46

    def x(share: float) -> float:
        return left + (right - left) * share

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    for tick, label in zip(ticks, labels, strict=True):
        canvas.line([left, right], [y(tick), y(tick)])
        canvas.text(left - 8, y(tick), label, "end", "soft")
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        canvas.text(x(share), bottom + 16, words.share(share), anchor, "soft")
    canvas.text(x(0.5), bottom + 36, fit(words("share of people treated"), right - left), "middle", "soft")
    ax = canvas.axes(left, top, right, bottom)
    ax.set_xlim(0, 1)
    ax.set_ylim(ticks[0], ticks[-1])
    ax.fill_between(data["share"], data["low"], data["high"], color=TOKENS["stage-1"], alpha=0.6, linewidth=0)
    ax.plot(data["share"], data["random"], color=TOKENS["soft"], linewidth=1.5, linestyle=(0, (4, 3)))
    ax.plot(data["share"], data["gain"], color=TOKENS["stage-4"], linewidth=2.5)
    at = data.iloc[len(data) // 3]
    over = at["gain"] >= at["random"]
    for value, text, up, colour in ((at["gain"], ranked, over, "ink"), (at["random"], random, not over, "soft")):
        canvas.text(x(at["share"]) + (0 if up else 10), y(value) + (-26 if up else 18), text, "middle" if up else "start", colour,
                    bold=colour == "ink")  # fmt: skip
