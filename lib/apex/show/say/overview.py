"""What `1_insight/overview` says: the week's few figures, each beside last week, last year, peers and goal, and the reason.

Takes what may be shown (what is hidden is null): `card` is the frame of `measure.compass.scorecard`, `parts` those of
`model.reasons` in one frame. Functions give the fields of a finding or texts for the scorecard.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from apex.show.say.wording import after, fitting
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]
SHARES = ("A", "T", "new_buyers", "new_gmv", "member_buyers", "member_gmv")
NEITHER = ("new_buyers", "new_gmv", "member_buyers", "member_gmv")  # more is neither good nor bad by itself
TILES = ("aac", "assets", "A")
ELSEWHERE = {"gmv": "growth", "aac": "businesses", "assets": "assets", "A": "health", "S": "health", "T": "health",
             "new_buyers": "growth", "new_gmv": "growth", "member_buyers": "health", "member_gmv": "health"}  # fmt: skip


def headline(
    card: pd.DataFrame, parts: pd.DataFrame, goal_minor: int | None, window: int, days: int, words: Words
) -> dict[str, Any]:
    """How is the brand doing: GMV of the last days beside the days before, peers and the goal's pace, and what made it."""
    row = _row(card, "gmv")
    if row is None or pd.isna(row.now):
        text = words("Too few bought in the last {n} days to show what they spent.", n=days)
        return {"kind": "counted", "short": words("Too few buyers to show GMV"), "text": text}
    money = words.money(int(row.now))
    tile = {"label": words("GMV, last {n} days", n=days), "value": words.money_short(int(row.now)), "note": ""}
    fields: dict[str, Any] = {"kind": "counted", "value": float(row.now), "unit": "money_minor", "tile": tile,
                              "next_step": next_step(card, parts, words)}  # fmt: skip
    if pd.isna(row.change):
        text = words("The last {n} days brought **{money}**; the {n} days before do not compare.", n=days, money=money)
        fields |= {"short": words("{money} in {n} days", money=money, n=days)}
    else:
        share = words.signed_share(row.change)
        tile["note"] = words("{share} on the {n} days before", share=share, n=days)
        text = words(
            "The last {n} days brought **{money}**, **{share}** on the {n} days before",
            n=days,
            money=money,
            share=share,
        )
        if not pd.isna(row.middle):
            text += words(" (middle of the peers {middle})", middle=words.signed_share(row.middle))
        reason = reason_of("gmv", parts, [], words)
        text += words(": {reason}.", reason=reason) if reason != MISSING else words(".")
        short = words("GMV {share} in {n} days", share=share, n=days) if pd.isna(row.middle) else words(
            "GMV {share} in {n} days, peers {middle}", share=share, n=days, middle=words.signed_share(row.middle)
        )  # fmt: skip
        compared = {"label": words("the {n} days before", n=days), "value": float(row.before)}
        fields |= {"compared": compared, "verdict": verdict("gmv", row, 0.02), "short": short}
    if goal_minor:
        pace = round(goal_minor * days / window)
        text = after(text, words("The goal asks for {money} in {n} days: {share}.", money=words.money(pace), n=days,
                            share=words.signed_share(pace / row.now - 1) if row.now else MISSING), words)  # fmt: skip
    return fields | {"text": text}


def next_step(card: pd.DataFrame, parts: pd.DataFrame, words: Words) -> str:
    """Where to look first: the part that took most money, else the figure that fell most behind."""
    mine = parts[parts.figure == "gmv"]
    if len(mine) and mine.value.min() < 0:
        worst = mine.part[mine.value.idxmin()]
        return {
            "buyers": words("Win buyers back: open “growth” for the categories and crowds that lost them."),
            "orders": words("Bring buyers back sooner: open “growth” for the crowds that ordered less often."),
            "price": words("Look at baskets and discounts: open “growth” for where an order brought less."),
        }[worst]
    for name in ("A", "assets", "aac", "T"):
        row = _row(card, name)
        if row is not None and not pd.isna(row.change) and row.change < 0:
            return words("Money is well; open “{notebook}” next: {figure} fell.", notebook=page(ELSEWHERE[name], words),
                         figure=label(name, [], words))  # fmt: skip
    return words("Nothing fell this week: hold the plan, and open “assets” for who runs out next.")


def page(notebook: str, words: Words) -> str:
    """How the report calls a page of ELSEWHERE."""
    return {"growth": words("growth"), "assets": words("assets"), "health": words("health"),
            "businesses": words("formats")}[notebook]  # fmt: skip


def figure(
    name: str, card: pd.DataFrame, parts: pd.DataFrame, days: int, noticeable: float, stages: Stages, words: Words
) -> dict[str, Any]:
    """One figure of the card as a finding."""
    row, named = _row(card, name), label(name, stages, words)
    if row is None or pd.isna(row.now):
        text = words("{figure}: not shown, or not in the data.", figure=named)
        return {"kind": "counted", "short": fitting(words("{figure}: no number", figure=named), named), "text": text}
    now, unit = written(name, row.now, words), "share" if name in SHARES else "consumers"
    tile = {"label": named, "value": now, "note": ""}
    fields: dict[str, Any] = {
        "kind": "counted",
        "value": float(row.now),
        "unit": unit,
        "tile": tile if name in TILES else None,
    }
    if pd.isna(row.change):
        text = words("{figure}: **{now}**; no earlier period compares.", figure=named, now=now)
        return fields | {"text": text, "short": fitting(words("{figure}: {now}", figure=named, now=now), named)}
    way = changed(name, row.change, words)
    tile["note"] = words("{share} on the {n} days before", share=way, n=days)
    text = words("{figure}: **{now}**, **{way}** on the {n} days before", figure=named, now=now, way=way, n=days)
    if not pd.isna(row.middle):
        middle = words.share(row.middle, 1) if name in SHARES else words.signed_share(row.middle, 1)
        text += words(" (middle of the peers {middle})", middle=middle)
    reason = reason_of(name, parts, stages, words)
    text += words(": {reason}.", reason=reason) if reason != MISSING else words(".")
    judged = verdict(name, row, noticeable)
    step = words("Open “{notebook}” for what is behind it.", notebook=page(ELSEWHERE.get(name, "assets"), words))
    return fields | {
        "text": text, "verdict": judged, "next_step": step if judged == "behind" else None,
        "compared": {"label": words("the {n} days before", n=days), "value": float(row.before)},
        "short": fitting(words("{figure}: {now}, {way} in {n} days", figure=named, now=now, way=way, n=days), named),
    }  # fmt: skip


def rows(
    card: pd.DataFrame, parts: pd.DataFrame, pace_minor: int | None, noticeable: float, stages: Stages, words: Words
) -> pd.DataFrame:
    """The card as texts for `show.scorecard`: label, now, before, year_ago, peers, goal, reason, verdict."""
    told = []
    known = card[card[["now", "before", "year_ago"]].notna().any(axis=1)]  # what is in no period is told by `gaps`
    for row in known.itertuples():
        name = str(row.figure)
        earlier = {
            column: MISSING if pd.isna(then) else words("{now} ({difference})", now=written(name, then, words),
                                                        difference=changed(name, change, words))
            for column, then, change in (("before", row.before, row.change), ("year_ago", row.year_ago, row.change_year))
        }  # fmt: skip
        form = words.share if name in SHARES else words.signed_share
        peers = MISSING if pd.isna(row.middle) else words("{middle}; {benchmark}", middle=form(row.middle, 1),
                                                          benchmark=form(row.benchmark, 1))  # fmt: skip
        told.append({
            "label": label(name, stages, words), "now": MISSING if pd.isna(row.now) else f"**{written(name, row.now, words)}**",
            **earlier, "peers": peers, "goal": words.money_short(pace_minor) if name == "gmv" and pace_minor else MISSING,
            "reason": reason_of(name, parts, stages, words), "verdict": verdict(name, row, noticeable),
        })  # fmt: skip
    return pd.DataFrame(told, columns=["label", "now", "before", "year_ago", "peers", "goal", "reason", "verdict"])


def heads(with_goal: bool, words: Words) -> dict[str, str]:
    """The scorecard's columns and their heads."""
    found = {"now": words("Now"), "before": words("Period before"), "year_ago": words("Last year"),
             "peers": words("Peers; benchmark")}  # fmt: skip
    return found | ({"goal": words("Goal's pace")} if with_goal else {}) | {"reason": words("Why it changed")}


def label(name: str, stages: Stages, words: Words) -> str:
    """A figure's name as people say it."""
    names = {
        "gmv": words("GMV"),
        "aac": words("Annual active consumers (AAC)"),
        "assets": words("Consumer assets"),
        "A": words("Deepening rate (FAST A)"),
        "S": words("Members (FAST S)"),
        "T": words("Active members (FAST T)"),
        "new_buyers": words("New, of buyers"),
        "new_gmv": words("New, of GMV"),
        "member_buyers": words("Members, of buyers"),
        "member_gmv": words("Members, of GMV"),
    }
    return names[name] if name in names else words("Assets: {stage}", stage=dict(stages)[name.split(":", 1)[1]])


def written(name: str, value: object, words: Words) -> str:
    """A figure's value in its unit."""
    if name == "gmv":
        return words.money_short(int(value))  # type: ignore[call-overload]
    return words.share(value, 1) if name in SHARES else words.count(int(value))  # type: ignore[call-overload]


def changed(name: str, change: object, words: Words) -> str:
    """A change: relative of an amount, in points of a share."""
    return points(float(change), words) if name in SHARES else words.signed_share(change, 1)  # type: ignore[arg-type]


def points(x: float, words: Words) -> str:
    """A difference of two shares, with its sign."""
    return words("{x} points", x=words.signed_share(x, 1).replace("%", ""))


def reason_of(name: str, parts: pd.DataFrame, stages: Stages, words: Words) -> str:
    """Why a figure changed: its two largest parts, the larger first."""
    mine = parts[(parts.figure == name) & (parts.value != 0)]
    mine = mine[mine.value.abs() >= 0.1 * mine.value.abs().max()]  # what hardly counts is not named
    mine = mine.loc[mine.value.abs().sort_values(ascending=False, kind="stable").index[:2]]
    said = [_part(name, str(row.part), float(row.value), stages, words) for row in mine.itertuples()]
    return words("; ").join(said) if said else MISSING


def verdict(name: str, row: Any, noticeable: float) -> str:
    """Better or worse than the period before by more than `noticeable`; against the peers' drift only with an eye."""
    if name in NEITHER or pd.isna(row.now) or pd.isna(row.change):
        return "none"
    if name in SHARES:
        relative = row.change / row.before if row.before else 0.0
        return "ahead" if relative > noticeable else "behind" if relative < -noticeable else "careful"
    said = "ahead" if row.change > noticeable else "behind" if row.change < -noticeable else "careful"
    if not pd.isna(row.middle) and said != "careful":
        against = row.change < row.middle - noticeable if said == "ahead" else row.change > row.middle + noticeable
        return "careful" if against else said
    return said


def gaps(card: pd.DataFrame, first_day: date, window: int, words: Words) -> list[str]:
    """What the page would show and the data do not have, one sentence each."""
    found = []
    if card.year_ago.isna().all():
        found.append(words("Last year: the data begin on {day}; a year before would be needed.", day=first_day))
    s = _row(card, "S")
    if s is None or pd.isna(s.now):
        found.append(words("Members: the data hold no memberships, or too few; join and leave events would be needed."))
    if 0 < window < 365:
        found.append(words("AAC looks back {n} days and not 365: the data do not reach further.", n=window))
    if card.middle.isna().all():
        found.append(words("Peers: fewer than five brands compare, so nothing is said of them."))
    return found


def note(level: str, number: int, days: int, share_days: int, words: Words) -> str:
    """What stands under the card."""
    who = {"category": words("of the same category"), "department": words("of the same department"),
           "all": words("of the whole market")}[level]  # fmt: skip
    return words(
        "Period: {days} days; new and members: {share_days} days. Peers: {n} brands {who}; their middle, then the mean of the "
        "five largest: of amounts the growth on the period before, of shares the level.",
        days=days, share_days=share_days, n=number, who=who,
    )  # fmt: skip


def trend(weekly: pd.DataFrame, weeks: int, words: Words) -> pd.DataFrame:
    """The frame of `measure.compass.weekly` for `show.trends`: the last `weeks` weeks, those 52 weeks before beside them."""
    money = weekly.gmv_minor.astype("Float64")
    shown = pd.DataFrame({"label": words("GMV"), "unit": "money_minor", "day": weekly.day, "value": money})
    earlier = dict(zip(weekly.day, money, strict=True))
    shown["year_ago"] = [earlier.get(day - timedelta(days=364), pd.NA) for day in weekly.day]
    shown["year_ago"] = shown.year_ago.astype("Float64")
    shown = shown.tail(weeks).reset_index(drop=True)
    return shown if shown.year_ago.notna().any() else shown.drop(columns="year_ago")


def about_trend(weekly: pd.DataFrame, weeks: int, words: Words) -> str:
    """Where the last week stands among those shown, highest first."""
    known = weekly.gmv_minor.tail(weeks).dropna()
    if known.empty or pd.isna(weekly.gmv_minor.iloc[-1]):
        return words("Weeks end on the day the page is seen from.")
    place = int((known > weekly.gmv_minor.iloc[-1]).sum()) + 1
    return words("Weeks end on the day the page is seen from; the last is number {place} of {n}, highest first.",
                 place=place, n=len(known))  # fmt: skip


def _row(card: pd.DataFrame, name: str) -> Any:
    found = card[card.figure == name]
    return None if found.empty else next(found.itertuples())


def _part(name: str, part: str, value: float, stages: Stages, words: Words) -> str:
    up = value > 0
    if name == "gmv":
        said: Mapping[str, Callable[[], str]] = {
            "buyers": lambda: words("more buyers") if up else words("fewer buyers"),
            "orders": lambda: words("more orders each") if up else words("fewer orders each"),
            "price": lambda: words("more money per order") if up else words("less money per order"),
        }
        return words("{what} ({x})", what=said[part](), x=words.signed_money(round(value)))
    if name in ("aac", "assets", "S") or name.startswith("stage:"):
        n = words.signed(round(value))
        if name == "aac":
            return words("{n} became active", n=n) if part == "came" else words("{n} lapsed", n=n)
        if name == "S":
            return words("{n} joined", n=n) if part == "came" else words("{n} left", n=n)
        return words("{n} came", n=n) if part == "came" else words("{n} left", n=n)
    x = points(value, words)
    if name == "A":
        stage = dict(stages).get(part.split(":", 1)[1], part)
        more = words("more rose from {stage}", stage=stage) if up else words("fewer rose from {stage}", stage=stage)
        return words("{what} ({x})", what=more, x=x)
    more_of_it = up if part == "mine" else not up
    side = {
        ("T", "mine"): (words("more active"), words("fewer active")),
        ("T", "other"): (words("more at rest"), words("fewer at rest")),
        ("new", "mine"): (words("more from new"), words("less from new")),
        ("new", "other"): (words("more from old"), words("less from old")),
        ("member", "mine"): (words("more from members"), words("less from members")),
        ("member", "other"): (words("more from others"), words("less from others")),
    }[name.split("_")[0], part]
    return words("{what} ({x})", what=side[0] if more_of_it else side[1], x=x)
