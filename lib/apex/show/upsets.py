"""Which groups people belong to at the same time: a row a combination, with a dot for each group it holds and a bar.

After UpSet (Lex et al. 2014), turned on its side so that it reads on a phone: the groups stand as a staircase over their
columns of dots, each with its own number, and the combinations below them, the largest first.
"""

from collections.abc import Sequence

import pandas as pd

from apex.show.canvas import NARROW, Canvas, fit, isolated, sheet, width_of
from apex.show.figure import checked, figure, numbers, written
from apex.show.fragment import Fragment
from apex.show.style import TOKENS, css_colours
from apex.show.words import MISSING, Words

STEP = 22  # px from one name, and one column of dots, to the next
PITCH = 30  # px from one combination to the next


def upset(
    frame: pd.DataFrame,
    groups: Sequence[tuple[str, str, object]],
    words: Words,
    title: str,
    most: int = 12,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Consumers by combination of groups, from `consumers` (and `suppressed`) and a bool column for each group's id.

    groups: (id, name, consumers of the group in all, missing where it is hidden), in the order of the columns of dots. The
    `most` largest combinations are drawn, those of a single group in a darker colour; all of them stand in the data behind
    the chart. Hidden ones are not drawn, and counted in the note. Raises ApexError for a missing column.
    """
    data = checked(frame, ["consumers", *(group for group, *_ in groups)], "upset")
    data["consumers"] = numbers(data, "consumers", "upset")
    named = {group: isolated(name) for group, name, _ in groups}
    inside = data[[group for group, *_ in groups]].astype(bool)
    data["label"] = [" + ".join(named[g] for g in inside.columns if row[g]) or MISSING for _, row in inside.iterrows()]
    order = data["consumers"].fillna(-1).sort_values(ascending=False, kind="stable").index
    data, inside = data.loc[order].reset_index(drop=True), inside.loc[order].reset_index(drop=True)
    seen = int(min((data["consumers"].fillna(0) > 0).sum(), most))
    heads = [(named[group], written(size, words)) for group, _, size in groups]
    texts = [written(value, words) for value in data["consumers"]]
    figures = words("; ").join(
        f"{label} {text}" for label, text in zip(data["label"][:seen], texts[:seen], strict=True)
    )
    alt = words("{title}. {figures}.", title=title, figures=figures) if seen else title
    hidden = int(data["consumers"].isna().sum())
    left = words("{n} more combinations are hidden.", n=hidden) if hidden else ""
    note = " ".join(part for part in (note, left) if part) or None

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, STEP * len(groups) + PITCH * max(seen, 1) + 20) as canvas:
            _rows(canvas, data[:seen], inside[:seen], heads, texts)
            return canvas.svg(name, css_class, alt, css_colours())

    shown = pd.DataFrame({words("Combination"): data["label"], words("Consumers"): texts})
    return figure("upset", frame, words, title, alt, draw, shown, note, id=id)


def _rows(
    canvas: Canvas, data: pd.DataFrame, inside: pd.DataFrame, heads: list[tuple[str, str]], texts: list[str]
) -> None:
    step = STEP if canvas.width > NARROW else min(STEP, 0.4 * canvas.width / max(len(heads), 1))
    top = STEP * len(heads) + 10
    middles = [top + PITCH * (row + 0.5) for row in range(len(data))]
    columns = [14 + step * column for column in range(len(heads))]
    for column, (name, size) in enumerate(heads):
        place, height = columns[column], STEP * column + 12
        canvas.line([place, place], [height + 9, top + PITCH * len(data)])
        canvas.text(place - 6, height, fit(f"{name} {size}", canvas.width - place))
    left = columns[-1] + 18 if columns else 4
    right = canvas.width - max((width_of(text) for text in texts[: len(data)]), default=0) * 1.1 - 14
    longest = float(data["consumers"].max()) if len(data) else 1.0
    dots = canvas.axes(0, 0, canvas.width, canvas.height)
    dots.set_xlim(0, canvas.width)
    dots.set_ylim(canvas.height, 0)
    for row, middle in enumerate(middles):
        held = [x for x, there in zip(columns, inside.iloc[row], strict=True) if there]
        colour = TOKENS["stage-4" if len(held) == 1 else "stage-3"]
        free = [x for x in columns if x not in held]
        dots.plot(free, [middle] * len(free), "o", color=TOKENS["line"], markersize=8, clip_on=False)
        if len(held) > 1:
            dots.plot([held[0], held[-1]], [middle, middle], color=colour, linewidth=2.5, clip_on=False)
        dots.plot(held, [middle] * len(held), "o", color=colour, markersize=11, clip_on=False)
        value = float(data["consumers"].iloc[row])
        end = left + (right - left) * value / longest
        canvas.box(left, middle - 9, end, middle + 9, colour, over=True)
        canvas.text(end + 8, middle, texts[row], bold=True)
