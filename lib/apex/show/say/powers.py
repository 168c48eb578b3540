"""What `4_wrapup/powers` says: where the brand's operation stands among its peers, what moved it, what strong peers have."""

from typing import Any

import pandas as pd

from apex.show.say.partners import power as power_name
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

# as they are counted: powers, their measures, and measures whose change is told as a share of what they were (else in points)
POWERS, WHOLE = ("goods", "crowd", "member", "content", "brand"), "all"
FIGURES = ("gain", "fresh", "assets", "advancing", "deepened", "members", "active", "member_gmv", "viewers", "effective",
           "interaction", "searchers", "premium")  # fmt: skip
IN_PART = ("assets", "members", "viewers", "searchers", "premium")


def power(name: str, words: Words) -> str:
    """A power as people say it."""
    return words("operating power") if name == WHOLE else power_name(name, words)


def measure(name: str, words: Words) -> str:
    """A measure as people say it."""
    return {
        "gain": words("growth by more buyers and new categories"), "fresh": words("new items' share of GMV"),
        "assets": words("consumers at any stage (F)"), "advancing": words("share that rose a stage (A)"),
        "deepened": words("opportunity and aware that became interested"), "members": words("members (S)"),
        "active": words("active members (T)"), "member_gmv": words("members' share of GMV"),
        "viewers": words("effective viewers (S)"), "effective": words("effective share of views (T)"),
        "interaction": words("interactions a view (A)"), "searchers": words("who searched for the brand"),
        "premium": words("price beside its categories'"),
    }[name]  # fmt: skip


def period(name: str, words: Words) -> str:
    """A period as people say it."""
    return {"now": words("this window"), "before": words("the days before it"), "year": words("a year earlier")}[name]


def absent(measures: pd.DataFrame, enough: bool, words: Words) -> list[str]:
    """Measures that the data do not hold, and what is left out for every brand."""
    if not enough:
        return [words("Powers: fewer than five brands have enough buyers in the window to be peers.")]
    held = set(measures.measure[measures.period == "now"])
    gone = [measure(m, words) for m in FIGURES if m not in held]
    return [words("Powers without what the data do not hold: {names}.", names=words("; ").join(gone))] if gone else []


def whole(powers: pd.DataFrame, peers: int, words: Words) -> dict[str, Any]:
    """The headline: the operating power, its strongest and its weakest part. powers: of `model.powers.powers`; peers: brands."""
    now = powers[(powers.period == "now") & powers.percentile.notna()].astype({"power": str}).set_index("power")
    if WHOLE not in now.index:
        return {"kind": "not identified", "short": words("No power can be placed among peers"), "verdict": "none",
                "text": words("A percentile takes five peers with the same measure, and enough people behind it.")}  # fmt: skip
    row, parts = now.loc[WHOLE], now.percentile.reindex([p for p in POWERS if p in now.index])
    best, worst = str(parts.idxmax()), str(parts.idxmin())
    figure = words.number(row.percentile, 0)
    said = {"n": figure, "low": words.number(row.low, 0), "high": words.number(row.high, 0), "peers": peers,
            "k": len(parts), "m": int(row.measures), "of": int(row.of)}  # fmt: skip
    text = words("**Operating power {n}** of 100 ({low} to {high}, 95%) among {peers} peers: the mean of {k} of 5 powers, from "
                 "{m} of {of} measures.", **said)  # fmt: skip
    if len(parts) > 1:
        text += " " + words("Strongest: **{best}** ({b}); weakest: **{worst}** ({w}).", best=power(best, words),
                            worst=power(worst, words), b=words.number(parts[best], 0),
                            w=words.number(parts[worst], 0))  # fmt: skip
    verdict = "ahead" if row.low > 50 else "behind" if row.high < 50 else "careful"
    next_step = words("Begin with {power}: below is what a strong peer has there.", power=power(worst, words))
    return {
        "kind": "counted", "text": text,
        "short": words("Operating power {n} of 100, weakest: {worst}", n=figure, worst=power(worst, words)),
        "value": float(row.percentile), "low": float(row.low), "high": float(row.high), "unit": "index", "n": peers,
        "verdict": verdict, "next_step": next_step if verdict != "ahead" else None,
        "tile": {"label": words("Operating power"), "value": figure, "note": words("percentile among {n} peers", n=peers)},
    }  # fmt: skip


def moved(trend: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Which powers surely moved, against a year earlier where it is known, and which measure moved them."""
    known = trend[trend.change.notna()].astype({"power": str})
    against = "year" if (known.against == "year").any() else "before"
    part = known[(known.against == against) & (known.power != WHOLE)]
    if part.empty:
        return {"kind": "not identified", "short": words("No power can be held against an earlier window"),
                "text": words("No measure has a place in this window and in an earlier one.")}  # fmt: skip
    sure = part[(part.low > 0) | (part.high < 0)].sort_values("change", key=abs, ascending=False, kind="stable")
    row, since = known[(known.against == against) & (known.power == WHOLE)].iloc[0], period(against, words)
    text = words("Against {since} the operating power moved by **{n} points** ({low} to {high}, 95%).", since=since,
                 n=_points(row.change, words), low=_points(row.low, words), high=_points(row.high, words))  # fmt: skip
    if sure.empty:
        return {"kind": "counted", "short": words("No power surely moved"), "value": float(row.change), "low": float(row.low),
                "high": float(row.high), "unit": "index", "n": len(part), "verdict": "none",
                "text": text + " " + words("No single power surely moved.")}  # fmt: skip
    told = words("; ").join(
        words("{power} {n} (most by: {measure})", power=power(str(r.power), words), n=_points(r.change, words),
              measure=measure(str(r.mover), words)) for r in sure.itertuples()
    )  # fmt: skip
    first = sure.iloc[0]
    down = sure[sure.change < 0]
    return {
        "kind": "counted", "text": text + " " + words("Surely moved: **{told}**.", told=told), "value": float(first.change),
        "low": float(first.low), "high": float(first.high), "unit": "index", "n": len(part),
        "short": words("Surely moved most: {power}, {n} points", power=power(str(first.power), words),
                       n=_points(first.change, words)),
        "verdict": "behind" if len(down) else "ahead",
        "next_step": words("Look at {measure} first.", measure=measure(str(down.iloc[0].mover), words)) if len(down) else None,
        "tile": {"label": words("Powers that surely moved"), "value": words("{n} of {all}", n=len(sure), all=len(part))},
    }  # fmt: skip


def gap(measures: pd.DataFrame, words: Words) -> dict[str, Any]:
    """The measure furthest behind a peer at the 75th percentile."""
    now = measures[(measures.period == "now") & measures.percentile.notna()]
    behind = now[now.percentile < 75].sort_values("percentile", kind="stable")
    if now.empty:
        return {"kind": "not identified", "short": words("Nothing to hold against strong peers"),
                "text": words("No measure of the brand has a place among five peers in this window.")}  # fmt: skip
    if behind.empty:
        return {"kind": "counted", "short": words("All measures stand in the upper quarter"), "n": int(now.peers.min()),
                "verdict": "ahead",
                "text": words("All {n} measures stand in the upper quarter of the peers.", n=len(now))}  # fmt: skip
    row = behind.iloc[0]
    name = measure(row.measure, words)
    said = {"name": name, "own": value(row.measure, row.value, words), "strong": value(row.measure, row.peer_high, words),
            "low": value(row.measure, row.low, words), "high": value(row.measure, row.high, words), "n": int(row.peers),
            "at": words.number(row.percentile, 0)}  # fmt: skip
    return {
        "kind": "counted", "short": fitting(words("Furthest behind: {name}", name=name), name), "value": float(row.value),
        "text": words("Furthest behind: **{name}**, {own} ({low} to {high}, 95%), place {at} of 100 among {n} peers; a peer at "
                      "the 75th percentile has **{strong}**. {k} of {all} measures stand below that mark.",
                      k=len(behind), all=len(now), **said),
        "low": float(row.low), "high": float(row.high), "n": int(row.peers),
        "verdict": "behind" if row.percentile_high < 50 else "careful",
        "next_step": words("Ask what strong peers do for it: {name}.", name=name),
    }  # fmt: skip


def value(name: str, number: object, words: Words) -> str:
    """A measure's value in words: amounts as an index (peers' median: 100), the price (its categories': 100), else a share."""
    if is_missing(number):
        return MISSING
    if name in IN_PART:
        return words.number(100 * float(number), 0)  # type: ignore[arg-type]
    return words.signed_share(number, 1) if name == "gain" else words.share(number, 1)


def bars(powers: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Powers with their interval; the mark is a year earlier where it is known, else the days before."""
    now = powers[(powers.period == "now") & powers.percentile.notna()]
    earlier = powers[powers.period == mark(powers)].astype({"power": str}).set_index("power").percentile
    label = [
        words("{power} ({n} of {all})", power=power(str(r.power), words), n=int(r.measures), all=int(r.of))
        for r in now.itertuples()
    ]
    return pd.DataFrame({
        "label": label, "value": now.percentile.to_numpy(float), "low": now.low.to_numpy(float), "high": now.high.to_numpy(float),
        "before": earlier.reindex(now.power.astype(str)).to_numpy(float),
    })  # fmt: skip


def mark(powers: pd.DataFrame) -> str:
    """The earlier period that charts show."""
    return "year" if (powers.period == "year").any() else "before"


def power_rows(powers: pd.DataFrame, trend: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a power: its place with span, measures counted, and changes with span and what moved it."""
    now, rows = powers[powers.period == "now"], []
    for r in now.itertuples():
        row = {"power": power(str(r.power), words), "place": _spanned(r.percentile, r.low, r.high, words),
               "measures": words("{n} of {all}", n=int(r.measures), all=int(r.of))}  # fmt: skip
        for against in ("before", "year"):
            part = trend[(trend.power == r.power) & (trend.against == against)]
            row[against] = MISSING if part.empty else _changed(part.iloc[0], words)
            row[f"{against}_mover"] = (
                MISSING if part.empty or not part.mover.iloc[0] else measure(part.mover.iloc[0], words)
            )
        rows.append(row)
    columns = ["power", "place", "measures", "before", "before_mover", "year", "year_mover"]
    return pd.DataFrame(rows, columns=columns)


def measure_rows(measures: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a measure of this window: own value with span, place, peers, their quartiles and the mean of the best five."""
    now = measures[measures.period == "now"]
    rows = [
        (measure(str(r.measure), words),
         MISSING if is_missing(r.value) else words("{n} ({low} to {high})", n=value(r.measure, r.value, words),
                                                   low=value(r.measure, r.low, words), high=value(r.measure, r.high, words)),
         _spanned(r.percentile, r.percentile_low, r.percentile_high, words), r.peers,
         *(value(r.measure, v, words) for v in (r.peer_low, r.peer_middle, r.peer_high, r.best)))
        for r in now.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["measure", "own", "place", "peers", "low", "middle", "high", "best"])


def move_rows(moves: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a measure and earlier window: change of the measure itself and of its place."""
    rows = [
        (measure(str(r.measure), words), period(str(r.against), words), _itself(r.measure, r.change, r.low, r.high, words),
         _spanned(r.moved, r.moved_low, r.moved_high, words, sign=True))
        for r in moves.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["measure", "against", "change", "moved"])


def _itself(name: str, change: object, low: object, high: object, words: Words) -> str:
    if is_missing(change):
        return MISSING
    if name in IN_PART:
        n, a, b = (words.signed_share(x, 1) for x in (change, low, high))
        return words("{n} ({low} to {high})", n=n, low=a, high=b)
    n, a, b = (_signed(100 * x, words) for x in (change, low, high))  # type: ignore[operator]
    return words("{n} pt ({low} to {high})", n=n, low=a, high=b)


def _changed(row: Any, words: Words) -> str:
    return _spanned(row.change, row.low, row.high, words, sign=True)


def _spanned(at: Any, low: Any, high: Any, words: Words, sign: bool = False) -> str:
    if is_missing(at):
        return MISSING
    n, a, b = (_points(x, words) if sign else words.number(x, 0) for x in (at, low, high))
    return words("{n} ({low} to {high})", n=n, low=a, high=b)


def _points(x: Any, words: Words) -> str:
    return words.signed(round(float(x)))


def _signed(x: float, words: Words) -> str:
    text = words.number(x)
    return f"+{text}" if round(x, 1) > 0 else text
