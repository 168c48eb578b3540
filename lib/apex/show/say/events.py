"""What `4_wrapup/events` says: what the campaign's event days brought net, by which method, and what they did to people.

Tables and bars of effects are those of `say.calendar`, whose frames have the same columns.
"""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from apex.show.say.calendar import title
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

PLACEBOS = 8  # windows below which nothing is said of how often the interval holds
METHODS = ("series", "plain", "usual")  # of `upstream.events.Study.methods`
HELD = 0.85  # share of them below which it is said that intervals are too narrow


def _span(row: Any, name: str, write: Callable[[object], str]) -> dict[str, str]:
    """n, low, high of one block, written."""
    return {
        key: write(_whole(row[f"{name}_{part}"])) for key, part in (("n", "effect"), ("low", "low"), ("high", "high"))
    }


def _whole(value: Any) -> Any:
    return value if is_missing(value) else round(value)


def headline(
    orders: pd.DataFrame,
    money: pd.DataFrame,
    methods: pd.DataFrame,
    own: list[str],
    plain: int,
    words: Words,
    cannot: str = "",
) -> dict[str, Any]:
    """What the campaign's first own event brought. orders, money: `model.event_tables.wide` as shown; methods: of
    `upstream.events.Study.methods`; plain: days it was learned from; cannot: why there is no number.
    """
    mine = orders[(orders.event == own[0]) & orders.net_effect.notna()]
    if mine.empty:
        why = words(
            "**{n}** plain days are too few, or too little was sold on them, to say what the event's days would have "
            "sold without it.",
            n=plain,
        )
        if cannot == "no_fit":
            why = words(
                "The series did not fit the **{n}** plain days: what the event's days would have sold cannot be told.",
                n=plain,
            )
        return {
            "kind": "not identified", "short": words("What the event brought is not identified"), "text": why,
            "next_step": words("Keep some weeks a year free of mailings and festivals, so that a plain day is known."),
        }  # fmt: skip
    row = mine.iloc[0]
    name, net = title(row["name"], row.first_day, words), _span(row, "net", words.signed)
    rival = methods[(methods.event == own[0]) & (methods.measure == "orders") & (methods.block == "net")]
    both = row.net_low > 0 and (rival.empty or not rival.plain_low.iloc[0] <= 0)
    text = words(
        "**{name}** brought **{n} orders** net of what its days would have sold (95%: {low} to {high}; learned from {plain} "
        "plain days): {on} on its days, {before} in the {lead} days before, {after} in the {late} days after.",
        name=name, plain=plain, lead=int(row.before_days), late=int(row.after_days), **net,
        **{block: _part(row, block, words) for block in ("on", "before", "after")},
    )  # fmt: skip
    text = after(text, _moved(row, words), words)
    paid = money[(money.event == own[0]) & money.net_effect.notna()]
    if len(paid):
        worth = _span(paid.iloc[0], "net", words.signed_money)
        text = after(text, words("In GMV: **{n}** ({low} to {high}).", **worth), words)
    other = rival.plain.iloc[0] if len(rival) else float("nan")
    if not is_missing(other):
        also = words("By the regression of plain days: {n} orders.", n=words.signed(_whole(other)))
        text = after(text, also, words)
    sure = "ahead" if both else "behind" if row.net_high < 0 else "careful"
    step = {
        "ahead": words("Plan the next one with its net, not with the sales of its days."),
        "behind": words("Do not repeat it as it was: its days took more from others than they sold."),
        "careful": words("Do not promise its sales again: the net is not surely above nought by both methods."),
    }[sure]
    unsure = row.net_low <= 0 <= row.net_high
    short = (
        words("{name}: net not told from nought", name=name)
        if unsure
        else words("{name} brought {n} orders, net", name=name, n=net["n"])
    )
    made = {
        "kind": "model", "text": text, "short": fitting(short, name),
        "value": float(row.net_effect), "low": float(row.net_low), "high": float(row.net_high), "unit": "orders", "n": plain,
        "verdict": sure, "next_step": step,
        "tile": {"label": words("Net of {name}", name=name), "value": words("{n} orders", n=net["n"]),
                 "note": words("{low} to {high}", low=net["low"], high=net["high"])},
    }  # fmt: skip
    if not is_missing(other):
        made["compared"] = {"label": words("regression of plain days"), "value": float(other)}
    return made


def _part(row: Any, name: str, words: Words) -> str:
    return MISSING if is_missing(row[f"{name}_effect"]) else words.signed(_whole(row[f"{name}_effect"]))


def _moved(row: Any, words: Words) -> str:
    """Whether sales were pulled forward out of the days before, and given back after."""
    before, later = (not is_missing(row[c]) and row[c] < 0 for c in ("before_high", "after_high"))
    if not before and not later:
        return words("Neither waiting before it nor a dip after it can be told from chance.")
    waited = words("Buyers waited for it: the days before surely sold less.") if before else ""
    paid = words("Part of it is given back: the days after surely sold less.") if later else ""
    return after(waited, paid, words) if waited else paid


def _told(row: Any, key: str, write: Callable[[object], str], words: Words) -> str:
    """One method's number with its interval."""
    if is_missing(row[key]):
        return MISSING
    n, low, high = (write(round(row[c])) for c in (key, f"{key}_low", f"{key}_high"))
    return words("{n} ({low} to {high})", n=n, low=low, high=high)


def methods(table: pd.DataFrame, own: list[str], words: Words) -> dict[str, Any]:
    """Whether the three methods agree on the campaign's own event. table: of `upstream.events.Study.methods`."""
    mine = table[(table.event == own[0]) & (table.measure == "orders") & table.series.notna()].set_index("block")
    if "net" not in mine.index:
        return {"kind": "not identified", "short": words("Nothing to compare methods on"),
                "text": words("No method tells what the event brought.")}  # fmt: skip
    row = mine.loc["net"]
    spans = {key: _told(row, key, words.signed, words) for key in METHODS}
    text = words(
        "Net orders by the structural series **{series}**, by the regression of plain days **{plain}**, by the event's days less "
        "the usual day {usual}.",
        **spans,
    )
    sure = [bool(row[f"{key}_low"] > 0) for key in ("series", "plain")]
    if row.plain_apart:
        why = words(
            "**The first two disagree**: the regression's number lies outside the series' interval. The regression carries the "
            "category's season into the event's days, the series the brand's own level; take the span of both for what is known."
        )
        text = after(text, why, words)
    elif sure[0] != sure[1]:
        text = after(
            text, words("Only one of the first two is surely above nought: take the net as not proven."), words
        )
    else:
        text = after(text, words("The first two agree within the series' interval."), words)
    if row.usual_apart:
        text = after(text, words("The usual day is off: it knows neither season nor trend."), words)
    apart = bool(row.plain_apart) or sure[0] != sure[1]
    return {
        "kind": "model", "text": text, "value": float(row.series), "low": float(row.series_low), "high": float(row.series_high),
        "unit": "orders", "verdict": "careful" if apart else "none",
        "short": words("The methods disagree on the net") if apart else words("Two methods agree on the net"),
        "next_step": words("Hold out a random tenth of consumers next time: only that settles it.") if apart else None,
    }  # fmt: skip


def earlier(orders: pd.DataFrame, own: list[str], compare: list[str], words: Words) -> dict[str, Any]:
    """Whether this event is ahead of its last earlier one: of the same name, of `compare` (events), else of its kind.

    The interval of the difference takes the two for independent.
    """
    known = orders[orders.net_effect.notna()]
    mine = known[known.event == own[0]]
    before = known[known.first_day < mine.first_day.iloc[0]] if len(mine) else known.head(0)
    if len(mine):
        row = mine.iloc[0]
        for like in (before["name"] == row["name"], before.event.isin(compare), before.kind == row.kind):
            if like.any():
                before = before[like]
                break
        else:
            before = before.head(0)
    if before.empty:
        return {"kind": "not identified", "short": words("No earlier event to compare with"),
                "text": words("No earlier event of its kind has a net to be compared with.")}  # fmt: skip
    past = before.sort_values("first_day").iloc[-1]
    gap = row.net_effect - past.net_effect
    wide = math.hypot(row.net_high - row.net_effect, past.net_high - past.net_effect)
    low, high = gap - wide, gap + wide
    name = title(past["name"], past.first_day, words)
    verdict = "ahead" if low > 0 else "behind" if high < 0 else "none"
    said = {"name": name, "past": words.signed(_whole(past.net_effect)), "n": words.signed(_whole(gap)),
            "low": words.signed(_whole(low)), "high": words.signed(_whole(high))}  # fmt: skip
    text = words("{name} had brought {past} orders net; this one **{n}** beside it (95%: {low} to {high}).", **said)
    short = {
        "ahead": words("Ahead of {name}: {n} orders", **said),
        "behind": words("Behind {name}: {n} orders", **said),
        "none": words("Not told apart from {name}", **said),
    }[verdict]
    return {
        "kind": "model", "text": text, "short": fitting(short, name), "value": float(gap), "low": float(low), "high": float(high),
        "unit": "orders", "verdict": verdict, "compared": {"label": name, "value": float(past.net_effect)},
        "tile": {"label": words("Beside {name}", name=name), "value": words("{n} orders", n=said["n"]),
                 "note": words("{low} to {high}", **said)},
    }  # fmt: skip


def placebo(windows: pd.DataFrame, length: int, words: Words) -> dict[str, Any]:
    """How often the interval held what was sold where nothing happened. windows: of `model.event_series.placebo`."""
    n = len(windows)
    if n < PLACEBOS:
        why = words("{n} stretches of {days} plain days are too few to test the method on.", n=n, days=length)
        return {"kind": "not identified", "short": words("Too few plain weeks to test the method"), "text": why}
    held = int(windows.held.sum())
    share = held / n
    text = words(
        "Where nothing happened the method says nothing happened in **{held} of {n}** stretches of {days} plain days (its 95% "
        "interval held what was sold).",
        held=held, n=n, days=length,
    )  # fmt: skip
    narrow = share < HELD
    if narrow:
        text = after(
            text, words("That is fewer than it should be: take the intervals of this page for too narrow."), words
        )
    return {
        "kind": "counted", "text": text, "value": share, "unit": "share", "n": n, "verdict": "careful" if narrow else "none",
        "short": words("Placebo: {held} of {n} intervals held", held=held, n=n),
        "tile": {"label": words("Placebo windows held"), "value": words("{n} of {all}", n=held, all=n)},
        "next_step": words("Read no effect out of a number near its interval's end.") if narrow else None,
    }  # fmt: skip


def _money(minor: Any, words: Words) -> str:
    """Money in short with its sign: three of them stand in a cell."""
    return f"+{words.money_short(minor)}" if minor > 0 else words.money_short(minor)


def lines(days: pd.DataFrame, sums: bool = False) -> pd.DataFrame:
    """The frame of `show.against` from `model.event_series.Told.days`: each day, or the sums so far."""
    of = "sum_" if sums else ""
    out = pd.DataFrame({"day": days.day, "actual": days[f"{of}actual"], "plan": days[f"{of}without"], "forecast": float("nan"),
                        "low": days[f"{of}low"], "high": days[f"{of}high"]})  # fmt: skip
    return out[out.actual.notna()].reset_index(drop=True)


def method_rows(table: pd.DataFrame, own: list[str], words: Words) -> pd.DataFrame:
    """The three methods on the campaign's own event in words: measure, block, days, series, plain, usual, apart."""
    blocks = {
        "before": words("Days before"),
        "on": words("On its days"),
        "after": words("Days after"),
        "net": words("Net"),
    }
    rows = []
    mine = table[table.event == own[0]]
    order = mine.assign(a=mine.measure.map({"orders": 0, "gmv_minor": 1}), b=mine.block.map(list(blocks).index))
    for row in order.sort_values(["a", "b"]).to_dict("records"):
        paid = row["measure"] == "gmv_minor"
        told = [_told(row, key, (lambda v: _money(v, words)) if paid else words.signed, words) for key in METHODS]
        apart = words("yes") if row["plain_apart"] else words("no")
        head = words("GMV") if paid else words("Orders")
        rows.append((head, blocks[row["block"]], row["days"], *told, MISSING if told[0] == MISSING else apart))
    return pd.DataFrame(rows, columns=["measure", "block", "days", "series", "plain", "usual", "apart"])


def absent(narrowed: bool, kinds: set[str], joins: bool, words: Words) -> list[str]:
    """What is missing. kinds: of events; joins: whether anybody joined."""
    out = []
    if not kinds & {"own", "platform"}:
        out.append(words("The data know no festivals: the campaign's own days stand for the event."))
    if narrowed:
        out.append(
            words("Other mailings fill the calendar: they count as usual days, so an effect is beside life with them.")
        )
    if "own" not in kinds:
        out.append(words("This brand has no own festival in the data: there is nothing to say of what one brings."))
    if not joins:
        out.append(words("Nobody joined the brand in the data: nothing can be said of members."))
    return out
