"""The league's race: what each policy gained up to each campaign, a line a policy, named at its end."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from apex.show import Fragment, Words
from apex.show.canvas import NARROW, Canvas, apart, fit, sheet, width_of
from apex.show.figure import figure
from apex.show.style import TOKENS, css_colours
from truth.league_score import OURS
from truth.league_words import SHORT, between

GAP = 19  # px from one name to the next
LOOKS = {OURS: (TOKENS["stage-4"], 3.0, "-"), "oracle": (TOKENS["ink"], 1.8, (0, (4, 3)))}
OTHER = (TOKENS["stage-2"], 2.0, "-")


def race(
    gained: pd.DataFrame, names: Mapping[str, str], heads: Mapping[int, str], words: Words, title: str, note: str
) -> Fragment:
    """The race, from `policy, last` (campaign), `median, low, high` (fen, summed up to it); the band is ours.

    names: policy → its name, English first; heads: campaign → its name.
    """
    lines = {p: gained[gained.policy == p].sort_values("last") for p in names if (gained.policy == p).any()}
    # a policy that nobody has played to the end has no place at the end
    lines = {p: line[line["median"].notna()] for p, line in lines.items() if line["median"].notna().any()}
    shown = pd.DataFrame({"Policy 策略": [names[p] for p in lines]})
    for campaign, head in heads.items():
        at = {p: line[line["last"] == campaign] for p, line in lines.items()}
        shown[f"{campaign}. {head}"] = [_said(line, words) for line in at.values()]
    ends = [f"{names[p]}: {words.short(line['median'].iloc[-1] / 100)}" for p, line in lines.items()]

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, 360 if width > NARROW else 340) as canvas:
            _draw(canvas, lines, names, heads, words)
            return canvas.svg(name, css_class, f"{title}. {'; '.join(ends)}.", css_colours())

    frame = pd.concat(lines.values()) if lines else gained.iloc[:0]
    return figure("race", frame, words, title, f"{title}. {'; '.join(ends)}.", draw, shown, note, id="race")


def _said(line: pd.DataFrame, words: Words) -> str:
    if line.empty:
        return "–"
    row = line.iloc[0]
    return between(row["median"] / 100, row.low / 100, row.high / 100, words.short)


def _draw(
    canvas: Canvas, lines: dict[str, pd.DataFrame], names: Mapping[str, str], heads: Mapping[int, str], words: Words
) -> None:
    from matplotlib.ticker import MaxNLocator

    whole = pd.concat(lines.values())
    low, high = (
        float(np.nanmin([0, *whole["median"], *whole.low[whole.policy == OURS]])),
        float(np.nanmax([0, *whole["median"], *whole.high[whole.policy == OURS]])),
    )
    ticks = [float(t) for t in MaxNLocator(nbins=5, min_n_ticks=3).tick_values(low, high if high > low else low + 1)]
    texts = [words.short(round(t / 100)) for t in ticks]
    wide = canvas.width > NARROW
    labels = {p: names[p] if wide else SHORT.get(p, p) for p in lines}
    left = max(map(width_of, texts)) + 10
    right = canvas.width - min(max(map(width_of, labels.values())) + 24, canvas.width * 0.42)
    above, below = 16.0, canvas.height - 30

    def x(campaign: float) -> float:
        return left + 8 + (right - 8 - left) * (campaign - min(heads)) / max(max(heads) - min(heads), 1)

    def y(value: float) -> float:
        return below - (below - above) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    for tick, text in zip(ticks, texts, strict=True):
        canvas.line([left, right], [y(tick), y(tick)], "soft" if tick == 0 else "line")
        canvas.text(left - 8, y(tick), text, "end", "soft")
    room = (right - left) / max(len(heads) - 1, 1) - 6
    for campaign, head in heads.items():
        named = all(width_of(h) <= room for h in heads.values())
        canvas.text(x(campaign), below + 18, head if named else str(campaign), "middle", "soft")
    ax = canvas.axes(left + 8, above, right, below)
    ax.set_xlim(min(heads), max(max(heads), min(heads) + 1))
    ax.set_ylim(ticks[0], ticks[-1])
    for p in sorted(lines, key=lambda p: p == OURS):  # ours on top
        line, (colour, width, style) = lines[p], LOOKS.get(p, OTHER)
        at = line["last"].to_numpy(float)
        if p == OURS:
            low_, high_ = (line[c].to_numpy(float) for c in ("low", "high"))
            ax.fill_between(at, low_, high_, color=TOKENS["stage-1"], alpha=0.5, linewidth=0)
        ax.plot(at, line["median"].to_numpy(float), color=colour, linewidth=width, linestyle=style, clip_on=False)
        ax.plot(at, line["median"].to_numpy(float), "o", color=colour, markersize=4, clip_on=False)
    levels = [y(float(line["median"].iloc[-1])) for line in lines.values()]
    for (p, line), level, place in zip(lines.items(), levels, apart(levels, GAP, 10, below), strict=True):
        end = x(float(line["last"].iloc[-1]))
        if abs(place - level) > 3 or end < right:
            canvas.line([end + 5, right + 8], [level, place], LOOKS.get(p, OTHER)[0], 1)
        text = fit(labels[p], canvas.width - right - 12)
        canvas.text(right + 12, place, text, colour="ink" if p in LOOKS else "soft", bold=p == OURS)
