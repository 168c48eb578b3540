"""A gain curve: how many of those who matter are among the first so many, beside chance and beside groups of a given size."""

import pandas as pd

from apex.show.canvas import NARROW, Canvas, sheet, width_of
from apex.show.figure import checked, figure, numbers
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours, stage_colours
from apex.show.words import Words

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOLD = (0.05, 0.1, 0.2, 0.5)  # shares of people that the data behind the chart name


def gains(
    curve: pd.DataFrame, points: pd.DataFrame, words: Words, title: str, note: str | None = None, id: str | None = None
) -> Fragment:
    """A line with its band from `share, caught, low, high`, the diagonal of chance, and dots for groups.

    points: label, share (of people), caught. The names of the dots stand in the data behind the chart. Raises ApexError for a
    missing column.
    """
    line = checked(curve, ["share", "caught", "low", "high"], "gains")
    dots = checked(points, ["label", "share", "caught"], "gains")
    for column in ("share", "caught", "low", "high"):
        line[column] = numbers(line, column, "gains", hide=False).astype(float)

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 320 if width > NARROW else 300) as canvas:
            _draw(canvas, line, dots, words)
            return canvas.svg(name, css_class, alt, css_colours(1))

    at = [(line.share - s).abs().idxmin() for s in TOLD]
    told = [
        words("{share} ({low} to {high})", share=words.share(line.caught[i]), low=words.share(line.low[i]),
              high=words.share(line.high[i])) for i in at
    ]  # fmt: skip
    groups = [words("{n} most like it", n=words.share(s)) for s in TOLD]
    shown = pd.DataFrame({
        words("Group"): [*groups, *dots.label],
        words("Share of people"): [*(words.share(s) for s in TOLD), *(words.share(s) for s in dots.share)],
        words("Share of those who came"): [*told, *(words.share(c) for c in dots.caught)],
    })  # fmt: skip
    figures = words("; ").join(f"{g}: {t}" for g, t in zip(groups, told, strict=True))
    alt = words("{title}. {figures}.", title=title, figures=figures)
    return figure("gains", curve, words, title, alt, draw, shown, note, id=id)


def _draw(canvas: Canvas, line: pd.DataFrame, dots: pd.DataFrame, words: Words) -> None:
    left, right = width_of(words.share(1.0)) + 10, canvas.width - 16.0
    above, bottom = 14.0, canvas.height - 46

    def x(share: float) -> float:
        return left + (right - left) * share

    def y(share: float) -> float:
        return bottom - (bottom - above) * share

    for tick in TICKS:
        canvas.line([left, right], [y(tick), y(tick)])
        canvas.text(left - 8, y(tick), words.share(tick), "end", "soft")
        half = width_of(words.share(tick)) / 2
        canvas.text(min(x(tick), canvas.width - half), bottom + 16, words.share(tick), "middle", "soft")
    canvas.text((left + right) / 2, bottom + 36, words("share of people, most like first"), "middle", "soft")
    canvas.line([x(0), x(1)], [y(0), y(1)], "soft", dashed=True)
    ax = canvas.axes(left, above, right, bottom)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    colour = stage_colours(1)[0]
    ax.fill_between(line.share, line.low, line.high, color=colour, alpha=0.22, linewidth=0)
    ax.plot(line.share, line.caught, color=colour, linewidth=2.5, clip_on=False)
    ax.plot(dots.share, dots.caught, "o", color=TOKENS["ink"], markersize=5, clip_on=False)
