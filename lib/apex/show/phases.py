"""The phase calendar: a row an event, its phases as bars along time, named in them or beside."""

import datetime as dt

import pandas as pd

from apex.errors import ApexError, nearest
from apex.show.canvas import Canvas, fit, sheet, width_of
from apex.show.days import _day_axis
from apex.show.figure import checked, figure
from apex.show.fragment import Fragment
from apex.show.style import css_colours
from apex.show.words import Words

KINDS = ("own", "platform", "mailing", "expected", "proposed")
# phase → its colour, and that of a name in it; the nearer to the burst, the darker
BARS = {
    "build-up": ("stage-1", "ink"),
    "presale": ("stage-2", "ink"),
    "warm-up": ("stage-3", "card"),
    "burst": ("stage-4", "card"),
    "return": ("stage-1", "ink"),
}
UNSURE = {"expected": "mute", "proposed": "careful"}
ROW, HEAD = 50, 22


def phase_name(phase: str, words: Words) -> str:
    """A phase as people say it; one that is not known keeps its own name."""
    known = {
        "build-up": words("build-up"),
        "presale": words("presale"),
        "warm-up": words("warm-up"),
        "burst": words("burst"),
        "return": words("return"),
        "mailing": words("mailing"),
    }
    return known.get(phase, phase)


def phase_calendar(
    frame: pd.DataFrame,
    words: Words,
    title: str,
    today: dt.date | None = None,
    note: str | None = None,
    id: str | None = None,
) -> Fragment:
    """Events and their phases from `event, label, kind, phase, first_day, last_day`: rows by their first day.

    kind: own, platform, mailing, expected (grey) or proposed (amber; both say so in words). `today` is marked. Raises ApexError
    for a missing column, an unknown kind, or a phase that ends before it begins.
    """
    data = checked(frame, ["event", "label", "kind", "phase", "first_day", "last_day"], "phase_calendar")
    for kind in data["kind"].unique():
        if kind not in KINDS:
            raise ApexError(f'show.phase_calendar: unknown kind "{kind}".{nearest(str(kind), KINDS)}')
    for column in ("first_day", "last_day"):
        data[column] = pd.to_datetime(data[column])
    if (data["last_day"] < data["first_day"]).any():
        raise ApexError("show.phase_calendar: a phase ends before it begins")
    begun = data.groupby("event")["first_day"].transform("min")
    data = data.assign(begun=begun).sort_values(["begun", "event", "first_day"], kind="stable", ignore_index=True)
    events = [_row(rows, words) for _, rows in data.groupby("event", sort=False)]
    shown = pd.DataFrame({
        words("Event"): [_named(label, kind, words) for label, kind in zip(data["label"], data["kind"], strict=True)],
        words("Phase"): [phase_name(phase, words) for phase in data["phase"]],
        words("Days"): [words.period(a, b) for a, b in zip(data["first_day"], data["last_day"], strict=True)],
    })  # fmt: skip
    alt = words("{title}. {figures}.", title=title, figures=words("; ").join(f"{n} {d}" for n, d, _ in events))

    def draw(width: int, name: str, css_class: str) -> str:
        with sheet(width, HEAD + ROW * len(events) + 34) as canvas:
            _rows(canvas, events, data, words, today)
            return canvas.svg(name, css_class, alt, css_colours(4))

    return figure("phases", frame, words, title, alt, draw, shown, note, id=id)


def _named(label: str, kind: str, words: Words) -> str:
    said = {"expected": words("{name} (expected)", name=label), "proposed": words("{name} (proposed)", name=label)}
    return said.get(kind, label)


def _row(rows: pd.DataFrame, words: Words) -> tuple[str, str, pd.DataFrame]:
    """Name, the days of its burst (all its days where there is none), and its phases."""
    burst = rows[rows["phase"] == "burst"]
    core = burst if len(burst) else rows
    days = words.period(core["first_day"].min(), core["last_day"].max())
    return _named(str(rows["label"].iloc[0]), str(rows["kind"].iloc[0]), words), days, rows


def _rows(
    canvas: Canvas,
    events: list[tuple[str, str, pd.DataFrame]],
    data: pd.DataFrame,
    words: Words,
    today: dt.date | None,
) -> None:
    left, right = 4.0, canvas.width - 6
    first, last = data["first_day"].min(), data["last_day"].max()
    if today is not None and pd.Timestamp(today) < first:
        first = pd.Timestamp(today)
    span = max((last - first).days + 1, 7)

    def x(day: object) -> float:
        return left + (right - left) * (pd.Timestamp(day) - first).days / span

    bottom = HEAD + ROW * len(events)
    if today is not None and first <= pd.Timestamp(today) <= last:
        canvas.line([x(today), x(today)], [HEAD - 4, bottom], "soft", dashed=True)
        label = words("today")
        anchor = "start" if x(today) + width_of(label) < canvas.width else "end"
        canvas.text(x(today), 10, label, anchor, "soft")
    for number, (name, days, rows) in enumerate(events):
        top = HEAD + ROW * number
        canvas.text(left + 8, top + 10, fit(name, canvas.width - 24 - width_of(days)), bold=True)
        canvas.text(right, top + 10, days, "end", "soft")
        beside = []
        for row in rows.itertuples():
            begin, end = x(row.first_day), x(row.last_day + pd.Timedelta(days=1))
            colour, ink = BARS.get(row.phase, ("stage-2", "ink"))
            if row.kind in UNSURE:
                colour, ink = UNSURE[row.kind], "ink"
            canvas.box(begin, top + 22, max(end - 1, begin + 3), top + 42, colour, over=True)
            text = phase_name(row.phase, words)
            if width_of(text) + 8 <= end - begin:
                canvas.text((begin + end) / 2, top + 32, text, "middle", ink)
            elif len(rows) > 1:
                beside.append(f"{text} {words.day_short(row.first_day)}")
        begin, end = x(rows["first_day"].min()) - 8, x(rows["last_day"].max()) + 12
        room, anchor, place = max((right - end, "start", end), (begin - left, "end", begin))
        canvas.text(place, top + 32, fit(" · ".join(beside), room), anchor, "soft")
        canvas.line([left, right], [top + ROW - 4, top + ROW - 4])
    _day_axis(canvas, words, [first, last], x, bottom)
