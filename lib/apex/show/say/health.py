"""What `1_insight/health` says: FAST now, against the period before and against peers, and what each change comes from.

Every function takes what may be shown (suppressed counts are null). `compared` is the frame of `model.rates.compared`, one
row a figure; `ranks` that of `model.rates.among_peers`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.say.advance import Stages, driver, points
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

LETTERS = ("F", "A", "S", "T")
VERDICTS = {"better": "ahead", "worse": "behind", "steady": "careful", "unknown": "none"}


def names(words: Words) -> dict[str, str]:
    """Each figure as people say it."""
    return {
        "F": words("F operable consumers"),
        "F_period": words("F over the period"),
        "A": words("A deepening rate"),
        "A_eligible": words("A of those who can rise"),
        "S": words("S members"),
        "T": words("T active members"),
    }


def headline(
    compared: pd.DataFrame, ranks: pd.DataFrame, days: int, steps: Mapping[str, str], words: Words
) -> dict[str, Any]:
    """The verdict over the four, which fell most, and what to do; steps: those of `steps`, which name the drivers."""
    four = compared[compared.figure.isin(LETTERS)].set_index(compared.figure.astype(str)[compared.figure.isin(LETTERS)])
    known = four[four.state != "unknown"]
    better, worse = (list(known.index[known.state == s]) for s in ("better", "worse"))
    at = ranks.set_index("figure").reindex(list(LETTERS))
    held = [f for f in LETTERS if f in four.index and not is_missing(at["middle"][f]) and not is_missing(four.now[f])]
    above = [f for f in held if four.now[f] > at["middle"][f]]
    peers = words("{n} of {all} stand above the peers' middle", n=len(above), all=len(held)) if held else words(
        "there are too few peers to compare with"
    )  # fmt: skip
    if known.empty and compared.hidden.any():
        text = words("Too few people to show the numbers and their change; {peers}.", peers=peers)
        return {"kind": "counted", "short": fitting(words("Too few people to show FAST")), "text": text}
    if known.empty:
        text = words("No earlier period compares yet; {peers}.", peers=peers)
        return {"kind": "counted", "short": fitting(words("No earlier period compares yet")), "text": text}
    counts = {"better": len(better), "all": len(known), "days": days, "worse": len(worse), "peers": peers}
    verdict = "ahead" if len(better) > len(worse) else "behind" if len(worse) > len(better) else "careful"
    parts = [words("**{better} of {all}** numbers are better than {days} days before and **{worse}** worse; {peers}",
                   **counts)]  # fmt: skip
    first = worst(compared)
    step = steps.get(first) if first else None
    if first:
        told = {"what": names(words)[first], "now": number(four.loc[first], "now", words),
                "before": number(four.loc[first], "before", words)}  # fmt: skip
        parts.append(words("{what} fell most, {now} against {before}", **told))
    elif held:
        low = min(held, key=lambda f: float(at["rank"][f]))
        step = words("Work on {what} next: there the brand stands lowest among its peers, at percentile {n}.",
                     what=names(words)[low], n=percentile(at["rank"][low]))  # fmt: skip
    short = words("{better} of {all} better, {worse} worse; {above} above peers", **counts, above=len(above)) if held else (
        words("{better} of {all} better than before, {worse} worse", **counts)
    )  # fmt: skip
    compare = {"label": words("{n} days before", n=days)}
    text = words("; ").join(parts) + words(".")
    return {"kind": "counted", "value": float(len(better)), "verdict": verdict, "compared": compare,
            "short": fitting(short), "text": text, "next_step": step}  # fmt: skip


def figure(
    letter: str, compared: pd.DataFrame, ranks: pd.DataFrame, days: int, beside: str, step: str | None, words: Words
) -> dict[str, Any]:
    """One of the four with its change, its interval and its place among peers; `beside` is a further half sentence or ""."""
    row = compared.set_index(compared.figure.astype(str)).loc[letter]
    name, now = names(words)[letter], number(row, "now", words)
    if letter in "ST" and is_missing(row.now) and not row.hidden:
        said = {"kind": "not identified", "short": words("{what}: not in these data", what=name)}
        tile = {"label": name, "value": MISSING, "note": words("not in these data")}
        return said | {
            "text": words("{what}: these data hold no memberships, so there is no number.", what=name),
            "tile": tile,
        }
    place, peers = _place(ranks, letter, words)
    value = None if is_missing(row.now) else float(row.now)
    fields: dict[str, Any] = {"kind": "counted", "value": value, "unit": "share" if row.share else "consumers",
                              "verdict": VERDICTS[row.state], "n": None if is_missing(row.n) else int(row.n)}  # fmt: skip
    notes, parts = [], [words("{what}: **{now}**", what=name, now=now)]
    if row.state == "unknown":
        parts.append(words("hidden: too few people") if row.hidden else words("no earlier period compares"))
        short = words("{what}: {now}", what=name, now=now)
    else:
        by, before = way(row, words), number(row, "before", words)
        parts = [words("{what}: **{now}** against {before} {days} days before (**{way}**)", what=name, now=now,
                       before=before, days=days, way=by)]  # fmt: skip
        if row.share:
            parts.append(words("95% interval of the change {low} to {high}", low=points(row.low, words),
                               high=points(row.high, words)))  # fmt: skip
        fields |= {
            "compared": {"label": words("{n} days before", n=days), "value": float(row.before)},
            "next_step": step,
        }
        notes.append(words("{share} in {n} days", share=by, n=days))
        short = words("{what}: {now}, {before} before", what=name, now=now, before=before)
    parts += [text for text in (beside, place) if text]
    notes += [peers] if peers else []
    tile = {"label": name, "value": now, "note": words("; ").join(notes)}
    return fields | {"short": fitting(short, name), "text": words("; ").join(parts) + words("."), "tile": tile}


def missing_members(words: Words) -> str:
    """What S and T would need."""
    return words(
        "S and T cannot be counted: these data hold no memberships. Needed are the events join and leave of each consumer and "
        "shop, with what was open at the start dated the first day; then both appear here by themselves."
    )


def steps(
    parts: pd.DataFrame, channels: pd.DataFrame, moved: pd.DataFrame, turned: pd.DataFrame, compared: pd.DataFrame,
    stages: Stages, words: Words,
) -> dict[str, str]:  # fmt: skip
    """For each figure that fell, what to do, naming its largest driver: as far as the counts behind it may be shown.

    parts: by stage; channels: see `advance.channel_parts`; moved: period, came, left; turned: the frame of
    `measure.members.turnover`.
    """
    fell = set(compared.figure[compared.state == "worse"].astype(str))
    change = compared.set_index(compared.figure.astype(str)).change
    found: dict[str, str] = {}
    if "A" in fell and not parts.rate.isna().all():
        found["A"] = _step_for_a(parts, channels, float(change["A"]), stages, words)
    now = {str(row.period): row for row in moved.itertuples()}.get("now")
    if "F" in fell and now is not None and not is_missing(now.came):
        found["F"] = words("Bring back the {left} consumers who left, since they are known; only {came} came.",
                           left=now.left, came=now.came)  # fmt: skip
    now = {str(row.period): row for row in turned.itertuples()}.get("now")
    if "S" in fell and now is not None and not is_missing(now.joined):
        found["S"] = words("Invite buyers who are no members yet: {left} members left and only {joined} joined.",
                           left=now.left, joined=now.joined)  # fmt: skip
    if "T" in fell and now is not None and not is_missing(now.joined):
        idle = now.stayed + now.joined - now.stayed_active - now.joined_active
        found["T"] = words("Give the {n} idle members a reason to come: a benefit to claim, then a reminder.", n=idle)
    return found


def worst(compared: pd.DataFrame) -> str | None:
    """Of the four that fell the one that fell most, relative to where it was; None where none did."""
    fell = compared[(compared.state == "worse") & compared.figure.isin(LETTERS)]
    return None if fell.empty else str(fell.figure[(fell.now / fell.before).astype(float).idxmin()])


def _step_for_a(parts: pd.DataFrame, channels: pd.DataFrame, change: float, stages: Stages, words: Words) -> str:
    most, mix = driver(parts, "rate", change), parts.mix.sum()
    if not parts.mix.isna().any() and mix < 0 and mix < float(most.rate):
        return words("More consumers stood at stages that rise less often: fill the stages that rise most again.")
    told = {"stage": dict(stages)[str(most.stage)], "now": words.share(most.rate_now, 1),
            "before": words.share(most.rate_before, 1)}  # fmt: skip
    known = channels[channels.part.notna() & (channels.channel != "")]
    if known.empty or known.part.min() >= 0:
        return words(
            "Ask why fewer consumers at {stage} rise, {now} against {before}, and what reaches them now.", **told
        )
    least = known.loc[known.part.idxmin()]
    return words(
        "Ask why fewer consumers at {stage} rise ({now} against {before}), first after {channel}: {n} rises against {m}.",
        channel=least.label, n=least.now, m=least.before, **told,
    )  # fmt: skip


def about_peers(peers: Any, words: Words) -> str:
    """Who the peers are and how many; that there are too few."""
    n = len(peers.frame)
    if not peers.enough:
        return words("Too few peers to compare with: {n}, and five are needed.", n=n)
    level = {"category": words("main category"), "department": words("main department"), "all": words("all brands")}[
        peers.level
    ]
    name = "" if peers.level == "all" else words(" ({name})", name=peers.name)
    return words(
        "{n} peers, found by {level}{name}. Percentile: share of the peers that stand lower.",
        n=n,
        level=level,
        name=name,
    )


def about_members(words: Words) -> str:
    """How members are counted."""
    return words("Members are distinct consumers who joined and have not left, over all shops of the brand.")


def about_trend(words: Words) -> str:
    """What the lines of the trend are."""
    return words("Firm: this year. Thin: the same week a year before. Dashed: the peers' middle, for shares only.")


def beside(counted: pd.DataFrame, compared: pd.DataFrame, words: Words) -> dict[str, str]:
    """What stands beside F and A in their sentences: the period's union; the eligible base and the moves up of the period.

    counted: period, rose, moves_up, as far as they may be shown.
    """
    row = compared.set_index(compared.figure.astype(str))
    moves = {str(r.period): r.moves_up for r in counted.itertuples()}.get("now", pd.NA)
    found = {"F": "", "A": ""}
    if not is_missing(row.now["F_period"]):
        found["F"] = words("over the period, each counted once, {n}", n=number(row.loc["F_period"], "now", words))
    if not is_missing(row.now["A_eligible"]):
        told = {
            "rate": number(row.loc["A_eligible"], "now", words),
            "moves": words.suppressed() if is_missing(moves) else moves,
        }
        found["A"] = words(
            "without the deepest stage, which cannot rise, {rate}; moves up in the period {moves}", **told
        )
    return found


def number(row: pd.Series, column: str, words: Words) -> str:
    """A column of a row of `compared`, in its unit."""
    if is_missing(row[column]):
        return words.suppressed() if column == "now" and row.hidden else MISSING
    return words.share(row[column], 1) if row.share else words.count(int(row[column]))


def way(row: pd.Series, words: Words) -> str:
    """How far a row of `compared` changed: in points or relative to before."""
    if is_missing(row.change):
        return MISSING
    return points(row.change, words) if row.share else words.signed_share(row.change, 1)


def percentile(rank: Any) -> str:
    """A rank as a percentile, whole."""
    return MISSING if is_missing(rank) else f"{float(rank) * 100:.0f}"


def _place(ranks: pd.DataFrame, letter: str, words: Words) -> tuple[str, str]:
    """The place among peers as half a sentence and as a note."""
    peer = ranks.set_index("figure").loc[letter]
    if is_missing(peer["rank"]):
        return "", ""
    told = {"rank": percentile(peer["rank"]), "n": int(peer.peers)}
    long = words("percentile {rank} of {n} peers (95% interval {low} to {high})", **told, low=percentile(peer.rank_low),
                 high=percentile(peer.rank_high))  # fmt: skip
    return long, words("percentile {rank} of {n} peers", **told)
