"""What `4_wrapup/events` says of people: who joined by an event, and whether its new buyers come back."""

from typing import Any

import pandas as pd

from apex.show.say.calendar import kind_name, title
from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

KINDS = ("own", "this", "platform", "mailing")  # whose new buyers are told of first


def joined(
    table: pd.DataFrame, orders: pd.DataFrame, festival: bool, plain: int, words: Words
) -> dict[str, Any]:  # fmt: skip
    """What the last own festival (or without one the campaign's event) did to joining.

    table: of `upstream.events.Study.joins` as shown. orders: names of events. plain: days it was learned from.
    """
    known = table[table.effect.notna()].merge(orders[["event", "name", "first_day"]], on="event")
    if known.empty:
        why = words(
            "Hardly anybody joined on plain days, or too few may be shown: what an event did to joining cannot be told."
        )
        return {"kind": "not identified", "short": words("Effect on joins: not identified"), "text": why}
    row = known.sort_values("first_day").iloc[-1]
    numbers = {
        "n": row.effect,
        "low": row.low,
        "high": row.high,
        "net": row.net,
        "net_low": row.net_low,
        "net_high": row.net_high,
    }
    name, said = title(row["name"], row.first_day, words), {k: words.signed(round(v)) for k, v in numbers.items()}
    text = words(
        "On the days of {name} **{n}** consumers joined beyond plain days (95%: {low} to {high}); with the days before and after "
        "{net} ({net_low} to {net_high}).",
        name=name, **said,
    )  # fmt: skip
    if not festival:
        text = after(text, words("It is no own festival: the brand has none in these data."), words)
    note = words("{low} to {high}", low=said["low"], high=said["high"])
    return {
        "kind": "model", "text": text, "value": float(row.effect), "low": float(row.low), "high": float(row.high),
        "unit": "consumers", "n": plain, "verdict": "ahead" if row.low > 0 else "none",
        "short": fitting(words("{name}: {n} members on its days", name=name, n=said["n"]), name),
        "tile": {"label": words("Joins by {name}", name=name), "value": said["n"], "note": note},
    }  # fmt: skip


def group_name(kind: str, words: Words) -> str:
    """A kind of days whose new buyers are followed."""
    if kind in ("own", "platform", "mailing"):
        return kind_name(kind, words)
    return {"this": words("this campaign's event"), "plain": words("plain days")}[kind]


def repeat(table: pd.DataFrame, within: int, words: Words) -> dict[str, Any]:
    """Whether new buyers of own festivals (else of the first other of KINDS) buy again as those of plain days do."""
    rows = table[table.more.notna()].set_index("kind")
    order = [k for k in KINDS if k in rows.index]
    if not order:
        return {
            "kind": "not identified", "short": words("Who comes back cannot be told yet"),
            "text": words("New buyers of no event may be shown who are known for {n} days.", n=within),
        }  # fmt: skip
    row, who = rows.loc[order[0]], group_name(order[0], words)
    shares = {"share": words.share(row.share), "plain": words.share(row.plain), "more": words.signed_share(row.more)}
    text = words(
        "Of new buyers ({who}) **{share}** bought again within {days} days, of those of plain days {plain}: a difference of "
        "{more} (95%: {low} to {high}).",
        who=who, days=within, low=words.signed_share(row.more_low), high=words.signed_share(row.more_high), **shares,
    )  # fmt: skip
    text = after(text, words("Counted, no effect: who comes for an event is another person."), words)
    if "this" not in rows.index:
        text = after(text, words("This campaign's own new buyers are not yet known for {n} days.", n=within), words)
    verdict = "ahead" if row.more_low > 0 else "careful" if row.more_high < 0 else "none"
    short = {
        "ahead": words("New buyers of events come back more"),
        "careful": words("New buyers of events come back less"),
        "none": words("New buyers of events come back like others"),
    }[verdict]
    step = words("Win its new buyers for a second purchase: they come back less.") if verdict == "careful" else None
    return {
        "kind": "counted", "text": text, "value": float(row.more), "low": float(row.more_low), "high": float(row.more_high),
        "unit": "share", "n": int(row.buyers), "verdict": verdict, "next_step": step, "short": short,
    }  # fmt: skip


def rows(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """New buyers by kind of day in words: who, buyers, again, suppressed, share, more; without kinds of whom nobody is known."""
    shown = table[table.buyers.isna() | (table.buyers > 0)]

    def span(row: Any, name: str, low: str, high: str, signed: bool) -> str:
        if is_missing(row[name]):
            return MISSING
        write = words.signed_share if signed else words.share
        return words("{n} ({low} to {high})", n=write(row[name]), low=write(row[low]), high=write(row[high]))

    each = shown.to_dict("records")
    return pd.DataFrame({
        "who": [group_name(r["kind"], words) for r in each],
        "buyers": shown.buyers.to_numpy(), "again": shown.again.to_numpy(), "suppressed": shown.suppressed.to_numpy(),
        "share": [span(r, "share", "low", "high", False) for r in each],
        "more": [span(r, "more", "more_low", "more_high", True) for r in each],
    })  # fmt: skip
