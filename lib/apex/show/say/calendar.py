"""What `2_plan/calendar` says: what event days did, what is missing around them, and when the next own festival should be.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding for
`run.finding(name, **fields)`, or rows for a table or chart. "Days of trade" are an effect over a plain day's sale.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words, is_missing

BLOCKS = ("before", "on", "after", "net")


def kind_name(kind: str, words: Words) -> str:
    """What sort of event it is."""
    known = {
        "own": words("own festival"),
        "platform": words("platform"),
        "mailing": words("mailing"),
        "expected": words("expected"),
        "proposed": words("proposed"),
    }
    return known[kind]


def title(name: str, first_day: date, words: Words) -> str:
    """An event with its year."""
    return words("{name} {year}", name=name, year=f"{first_day:%Y}")


def headline(effects: pd.DataFrame, shortfall: pd.DataFrame, plain: int, days: int, words: Words) -> dict[str, Any]:
    """How daily trade and promotions feed each other: the last year's largest event, and what is missing after events.

    effects: of `model.event_tables.wide`. shortfall: of `model.event_tables.shortfalls`. plain: days without
    any event, of `days`.
    """
    known = effects[effects.net_effect.notna()]
    if known.empty:
        return {
            "kind": "not identified",
            "short": words("What event days did is not identified"),
            "text": words(
                "**{n}** of {days} days are free of any event, or too little was sold on them: what a plain day would have sold "
                "cannot be told.",
                n=plain,
                days=days,
            ),
            "next_step": words("Keep some weeks a year free of mailings and festivals, so that a plain day is known."),
        }
    year = known[known.first_day > max(known.first_day) - pd.Timedelta(days=365)]
    best = year.loc[year.net_effect.idxmax()]
    sure = best.net_low > 0
    name = title(best["name"], best.first_day, words)
    values = {
        "name": name,
        "n": words.signed(round(best.net_effect)),
        "low": words.signed(round(best.net_low)),
        "high": words.signed(round(best.net_high)),
        "days": int(best.net_days),
    }
    text = words(
        "**{name}** brought **{n} orders** beyond plain days (95%: {low} to {high}; {days} days with those before and after).",
        **values,
    )
    dip = shortfall[shortfall.block == "after"]
    text = after(text, _dip(dip.iloc[0], words) if len(dip) else "", words)
    tile = {
        "label": words("Net of {name}", name=values["name"]),
        "value": words("{n} orders", n=values["n"]),
        "note": words("{low} to {high}", low=values["low"], high=values["high"]),
    }
    short = words("{name}: {n} orders beyond plain days", name=values["name"], n=values["n"])
    return {
        "kind": "model", "value": float(best.net_effect), "unit": "orders", "low": float(best.net_low),
        "high": float(best.net_high), "n": int(best.net_days), "verdict": "ahead" if sure else "careful",
        "text": text, "short": fitting(short, name), "tile": tile,
    }  # fmt: skip


def _dip(row: Any, words: Words) -> str:
    values = {
        "n": int(row.n),
        "extra": _days(row["mean"], words),
        "low": _days(row.low, words),
        "high": _days(row.high, words),
    }
    if is_missing(row["mean"]):
        return words("What is missing afterwards is not identified.")
    if row.high < 0:
        return words(
            "After events daily trade pays back: {extra} days of trade each (95%: {low} to {high}; {n} events).",
            **values,
        )
    if row.low > 0:
        return words(
            "After events daily trade stays higher: {extra} days of trade each (95%: {low} to {high}; {n} events).",
            **values,
        )
    return words("No dip after events can be told from chance: {extra} days of trade each (95%: {low} to {high}; {n} events).",
                 **values)  # fmt: skip


def _days(value: float, words: Words) -> str:
    """Days of trade with their sign."""
    text = words.number(value)
    return f"+{text}" if value > 0 and text != "0" else text


def own(outlook: tuple[Any, float, float, int], effects: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What an own festival brings, in days of trade. outlook: of `model.event_pool.own_outlook` on the net effect."""
    pooled, expected, error, seen = outlook
    if is_missing(expected):
        return {"kind": "not identified", "short": words("No own festival to learn from"),
                "text": words("Neither this brand's own festivals nor those of five others are in the data."),
                "next_step": words("Hold an own festival away from the platform's days; then it can be read.")}  # fmt: skip
    low, high = expected - 1.96 * error, expected + 1.96 * error
    mine = effects[(effects.kind == "own") & effects.on_effect.notna()]
    text = words(
        "An own festival is worth **{extra} days of trade** net (95%: {low} to {high}), "
        "all it did taken together: discount, media, appeal.",
        extra=_days(expected, words), low=_days(low, words), high=_days(high, words),
    )  # fmt: skip
    if len(mine):
        each = [words.signed(round(v)) for v in mine.on_effect]
        text = after(text, words("On its days alone: {list} orders.", list=words(", ").join(each)), words)
    if pooled is not None:
        text = after(text, words("Held back towards own festivals of {n} brands of the category.", n=pooled.n), words)
    tile = {
        "label": words("An own festival brings"),
        "value": words("{n} days of trade", n=_days(expected, words)),
        "note": words("{low} to {high}", low=_days(low, words), high=_days(high, words)),
    }
    return {
        "kind": "model", "value": float(expected), "unit": "days", "low": float(low), "high": float(high), "n": seen,
        "verdict": "ahead" if low > 0 else "careful", "text": text, "tile": tile,
        "short": words("An own festival: {n} days of trade, net", n=_days(expected, words)),
    }  # fmt: skip


def promotions(effects: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What of the platform's days is ours cannot be told; what they brought in new consumers can."""
    theirs = effects[(effects.kind != "own") & effects.new_effect.notna()]
    text = words(
        "On the platform's days every brand discounts and traffic rises at once: what **our** discount did is not identified, "
        "only what the whole promotion brought."
    )
    if len(theirs):
        best = theirs.loc[theirs.new_effect.idxmax()]
        text = after(text, words(
            "Most new consumers beyond plain days: **{n}** at {name} (95%: {low} to {high}).",
            n=words.signed(round(best.new_effect)), name=title(best["name"], best.first_day, words),
            low=words.signed(round(best.new_low)), high=words.signed(round(best.new_high)),
        ), words)  # fmt: skip
    return {"kind": "not identified", "text": text, "short": words("Our part of the platform's days: not identified")}


def around(shortfall: pd.DataFrame, lead: int, words: Words) -> dict[str, Any]:
    """Pull-forward: whether sales are missing in the days before. shortfall: of `model.event_tables.shortfalls`."""
    rows = shortfall[(shortfall.block == "before") & shortfall["mean"].notna()]
    if rows.empty:
        return {"kind": "not identified", "short": words("Pull-forward is not identified"),
                "text": words("Fewer than two events have days before them that are free of phases.")}  # fmt: skip
    row = rows.iloc[0]
    values = {"n": int(row.n), "days": lead, "extra": _days(row["mean"], words), "low": _days(row.low, words),
              "high": _days(row.high, words)}  # fmt: skip
    text = words("In the {days} days before an event daily trade moves by **{extra} days of trade** (95%: {low} to {high}; "
                 "{n} events without phases).", **values)  # fmt: skip
    short = words("Consumers wait for events") if row.high < 0 else words("No waiting before events can be told")
    return {"kind": "model", "value": float(row["mean"]), "unit": "days", "low": float(row.low), "high": float(row.high),
            "n": int(row.n), "verdict": "careful" if row.high < 0 else "none", "text": text, "short": short}  # fmt: skip


def spacing(found: Any, gap: int, words: Words) -> dict[str, Any]:
    """Whether distance to the platform's days matters for own festivals, and the rule that is used.

    found: of `model.event_pool.spacing`.
    """
    values: dict[str, Any] = {"gap": gap, "soon": found.soon, "late": found.late}
    rule = words(
        "The rule of {gap} days from the platform's days is a convention (a parameter of this page).", **values
    )
    if found.answer == "few":
        # how many brands lie on a side is theirs to know where they are few
        text = words(
            "Fewer than five brands held own festivals on one side of {gap} days after the platform's days.", **values
        )
        return {"kind": "not identified", "text": after(text, rule, words), "short": words("Spacing: not identified")}
    values |= {k: _days(getattr(found, k), words) for k in ("difference", "low", "high")}
    text = words("Own festivals {gap} days or more after the platform's days bring **{difference} days of trade** beside sooner "
                 "ones (95%: {low} to {high}; {late} and {soon} brands).", **values)  # fmt: skip
    short = {
        "no_difference": words("No difference by spacing can be told"),
        "later": words("Own festivals bring more further from promotions"),
        "sooner": words("Own festivals bring more soon after promotions"),
    }[found.answer]
    return {"kind": "model", "value": found.difference, "unit": "days", "low": found.low, "high": found.high,
            "n": found.soon + found.late, "text": after(text, rule, words), "short": short}  # fmt: skip


def dates(best: pd.DataFrame, gap: int, horizon: int, words: Words) -> dict[str, Any]:
    """The best dates for the next own festival. best: of `model.event_dates.best`."""
    if best.empty:
        return {"kind": "not identified", "short": words("No date for an own festival"),
                "text": words("No effect is known, or no days of the next {n} lie {gap} days off the platform's.", n=horizon,
                              gap=gap)}  # fmt: skip
    one = best.iloc[0]
    values = {"days": words.period(one.first_day, one.last_day), "n": words.signed(round(one.expected)),
              "low": words.signed(round(one.low)), "high": words.signed(round(one.high))}  # fmt: skip
    text = words("Best for the next own festival: **{days}**, **{n} orders** net (95%: {low} to {high}).", **values)
    if len(best) > 1:
        later = [words.period(a, b) for a, b in zip(best.first_day[1:], best.last_day[1:], strict=True)]
        text = after(text, words("Then {list}; dates differ by season and weekday only, far less than the interval.",
                                 list=words(", ").join(later)), words)  # fmt: skip
    if one.low > 0:
        step = words("Reserve {days} and plan its discount, goods and hold-out.", days=values["days"])
    else:
        step = words(
            "Pencil in {days}, and hold out a random tenth: its net is not told from nought yet.", days=values["days"]
        )
    tile = {
        "label": words("Next own festival"),
        "value": words.day(one.first_day),
        "note": words("{n} orders", n=values["n"]),
    }
    return {"kind": "model", "value": float(one.expected), "unit": "orders", "low": float(one.low), "high": float(one.high),
            "text": text, "short": fitting(words("Next own festival: {days}", days=values["days"])), "next_step": step,
            "verdict": "ahead" if one.low > 0 else "careful", "tile": tile, "due": one.first_day}  # fmt: skip


def bars(effects: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Net effects for `show.bars`, newest first; events without a number are left out."""
    known = effects[effects.net_effect.notna()].iloc[::-1]
    label = [title(n, d, words) for n, d in zip(known["name"], known.first_day, strict=True)]
    return pd.DataFrame({"label": label, "value": known.net_effect, "low": known.net_low, "high": known.net_high})


def rows(effects: pd.DataFrame, words: Words, money: bool = False) -> pd.DataFrame:
    """The effects as texts, newest first: event, on, before, after, net, buyers."""
    write: Callable[[object], str] = (lambda v: _signed_money(v, words)) if money else words.signed
    out = pd.DataFrame({
        "event": [title(n, d, words) for n, d in zip(effects["name"], effects.first_day, strict=True)],
    })  # fmt: skip
    for block in BLOCKS:
        parts = effects[[f"{block}_effect", f"{block}_low", f"{block}_high"]].itertuples(index=False, name=None)
        out[block] = [MISSING if is_missing(p[0]) else _range(p, write, words) for p in parts]
    if "buyers" in effects:
        hidden = effects.suppressed.to_numpy() if "suppressed" in effects else False
        out = out.assign(buyers=effects.buyers.to_numpy(), suppressed=hidden)
    return out.iloc[::-1].reset_index(drop=True)


def _signed_money(minor: Any, words: Words) -> str:
    """Money in short with its sign: three of them stand in a cell."""
    return f"+{words.money_short(minor)}" if minor > 0 else words.money_short(minor)


def _range(parts: Sequence[float], write: Callable[[object], str], words: Words) -> str:
    """A value with its interval."""
    value, low, high = (write(round(p)) for p in parts)
    return words("{n} ({low} to {high})", n=value, low=low, high=high)


def columns(words: Words, people: bool = True) -> dict[str, tuple[str, Any]]:
    """The heads of `rows`."""
    heads: dict[str, tuple[str, Any]] = {
        "event": (words("Event"), "text"), "on": (words("On its days"), str),
        "before": (words("Days before"), str), "after": (words("Days after"), str), "net": (words("Net"), str),
    }  # fmt: skip
    return {**heads, "buyers": (words("Buyers"), "count")} if people else heads


def date_rows(best: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The named dates as texts: days, expected with interval, level, since, until."""
    parts = best[["expected", "low", "high"]].itertuples(index=False, name=None)
    return pd.DataFrame({
        "days": [words.period(a, b) for a, b in zip(best.first_day, best.last_day, strict=True)],
        "expected": [_range(p, words.signed, words) for p in parts],
        "level": best.level.to_numpy(), "since": best.since.to_numpy(), "until": best.until.to_numpy(),
    })  # fmt: skip


def proposed(phases: pd.DataFrame, best: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `show.phase_calendar`: what comes, and the best date among it."""
    first = best.head(1)
    more = pd.DataFrame({
        "event": ["proposed"] * len(first), "label": [words("Own festival")] * len(first), "kind": "proposed",
        "phase": "burst", "first_day": first.first_day, "last_day": first.last_day,
    })  # fmt: skip
    return pd.concat([phases, more], ignore_index=True) if len(phases) else more


def entries(calendar: pd.DataFrame, names: Mapping[str, str], brand: str, words: Words) -> list[dict[str, Any]]:
    """What the calendar file holds, a row a phase, for `report.ics.Entry`. names: phases in words."""
    out = []
    for row in calendar.to_dict("records"):
        whose = kind_name(row["kind"], words)
        out.append({
            "key": f"{brand}/{row['event']}/{row['phase']}/{row['first_day'] if row['kind'] != 'proposed' else ''}",
            "title": words("{name}: {phase}", name=row["label"], phase=names.get(row["phase"], row["phase"])),
            "first_day": row["first_day"], "last_day": row["last_day"], "text": whose, "category": whose,
            "tentative": row["kind"] in ("expected", "proposed"),
        })  # fmt: skip
    return out


def absent(known: pd.DataFrame, effects: pd.DataFrame, words: Words) -> Sequence[str]:
    """What the data would need to have, in sentences."""
    kinds, out = set(known.kind), []
    if not kinds & {"own", "platform"}:
        out.append(words("The data know no festivals; their campaigns stand for event days."))
    if "own" not in kinds:
        out.append(words("This brand has no own festival in the data: there is nothing to say of what one brings."))
    if known.empty:
        out.append(words("The data know no campaign of the brand either: there is no calendar."))
    elif effects.net_effect.isna().all():
        out.append(
            words("Too few days are free of campaigns: what a plain day sells cannot be told, so no effect is given.")
        )
    return out
