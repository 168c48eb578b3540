"""What `1_insight/health` says: FAST now, against the period before and against peers, and what each change comes from.

Every function takes what may be shown (suppressed counts are null). `compared` is the frame of `model.rates.compared`, one
row a figure; `ranks` that of `model.rates.among_peers`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.measure.peers import Peers
from apex.show.say.advance import Stages, driver, points
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

LETTERS = ("F", "A", "S", "T")
VERDICTS = {"better": "ahead", "worse": "behind", "steady": "careful", "unknown": "none"}
Reason = tuple[str, str]  # why a figure fell, as half a sentence; what to do about it


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
    compared: pd.DataFrame, ranks: pd.DataFrame, days: int, reasons: Mapping[str, Reason], words: Words
) -> dict[str, Any]:
    """The verdict over the four; reasons: of figures that fell, as far as one is known."""
    four = compared[compared.figure.isin(LETTERS)].set_index(compared.figure.astype(str)[compared.figure.isin(LETTERS)])
    known = four[four.state != "unknown"]
    better, worse = (list(known.index[known.state == s]) for s in ("better", "worse"))
    at = ranks.set_index("figure").reindex(list(LETTERS))
    held = [f for f in LETTERS if f in four.index and not is_missing(at["middle"][f]) and not is_missing(four.now[f])]
    above = [f for f in held if four.now[f] > at["middle"][f]]
    peers = words("{n} of {all} stand above the peers' middle", n=len(above), all=len(held)) if held else words(
        "there are too few peers to compare with"
    )  # fmt: skip
    if known.empty:
        text = words("No earlier period compares yet; {peers}.", peers=peers)
        return {"kind": "counted", "short": fitting(words("No earlier period compares yet")), "text": text}
    counts = {"better": len(better), "all": len(known), "days": days, "worse": len(worse), "peers": peers}
    verdict = "ahead" if len(better) > len(worse) else "behind" if len(worse) > len(better) else "careful"
    parts = [words("**{better} of {all}** numbers are better than {days} days before and **{worse}** worse; {peers}",
                   **counts)]  # fmt: skip
    first = _worst(known, worse)
    step = reasons[first][1] if first and first in reasons else None
    if first:
        told = {"what": names(words)[first], "now": number(four.loc[first], "now", words),
                "before": number(four.loc[first], "before", words)}  # fmt: skip
        parts.append(words("{what} fell most, {now} against {before}", **told))
        parts += [reasons[first][0]] if first in reasons else []
    elif held:
        low = min(held, key=lambda f: float(at["rank"][f]))
        step = words("Work on {what} next: there the brand stands lowest among its peers, at percentile {n}.",
                     what=names(words)[low], n=percentile(at["rank"][low]))  # fmt: skip
    short = words("{better} of {all} better, {worse} worse; {above} above peers", **counts, above=len(above)) if held else (
        words("{better} of {all} better than before, {worse} worse", **counts)
    )  # fmt: skip
    compare = {"label": words("{n} days before", n=days)}
    return {"kind": "counted", "value": float(len(better)), "verdict": verdict, "compared": compare,
            "short": fitting(short), "text": words("; ").join(parts) + words("."), "next_step": step}  # fmt: skip


def figure(
    letter: str, compared: pd.DataFrame, ranks: pd.DataFrame, days: int, beside: str, words: Words
) -> dict[str, Any]:
    """One of the four with its change, its interval and its place among peers; `beside` is a further half sentence or ""."""
    row = compared.set_index(compared.figure.astype(str)).loc[letter]
    name, now = names(words)[letter], number(row, "now", words)
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
        fields["compared"] = {"label": words("{n} days before", n=days), "value": float(row.before)}
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


def reasons(parts: pd.DataFrame, channels: pd.DataFrame, moved: pd.DataFrame, turned: pd.DataFrame, compared: pd.DataFrame,
            stages: Stages, words: Words) -> dict[str, Reason]:  # fmt: skip
    """Why each figure that fell did, and what to do about it, as far as the counts behind it may be shown.

    moved: period, came, left; turned: period, stayed, joined, left, stayed_active, joined_active (empty without members).
    """
    fell = set(compared.figure[compared.state == "worse"].astype(str))
    change = compared.set_index(compared.figure.astype(str)).change
    found: dict[str, Reason] = {}
    if "A" in fell and not parts.rate.isna().all():
        found["A"] = _why_a(parts, channels, float(change["A"]), stages, words)
    now = {str(row.period): row for row in moved.itertuples()}.get("now")
    if "F" in fell and now is not None and not is_missing(now.came):
        found["F"] = (words("{left} left and only {came} came", left=now.left, came=now.came),
                      words("Bring back or replace the {left} consumers who left: reach the lapsed first, since they are known.",
                            left=now.left))  # fmt: skip
    now = {str(row.period): row for row in turned.itertuples()}.get("now")
    if now is not None and not is_missing(now.joined):
        if "S" in fell:
            why = words("{left} left and only {joined} joined", left=now.left, joined=now.joined)
            step = words("Invite buyers who are no members yet, and ask the {left} who left why.", left=now.left)
            found["S"] = why, step
        if "T" in fell:
            idle = now.stayed + now.joined - now.stayed_active - now.joined_active
            why = words("{n} members did nothing in the last days", n=idle)
            step = words("Give the {n} idle members a reason to come: a benefit to claim, then a reminder.", n=idle)
            found["T"] = why, step
    return found


def _why_a(parts: pd.DataFrame, channels: pd.DataFrame, change: float, stages: Stages, words: Words) -> Reason:
    most, mix = driver(parts, "rate", change), parts.mix.sum()
    if not parts.mix.isna().any() and mix < 0 and mix < float(most.rate):
        return (words("most because consumers stood at stages that rise less often"),
                words("Fill the stages that rise most often again: look at the stock by stage."))  # fmt: skip
    told = {
        "stage": dict(stages)[str(most.stage)],
        "now": words.share(most.rate_now, 1),
        "before": words.share(most.rate_before, 1),
    }
    why = words("most at {stage}, where {now} rose against {before}", **told)
    known = channels[channels.part.notna() & (channels.channel != "")]
    if len(known) and known.part.min() < 0:
        worst = known.loc[known.part.idxmin()]
        return why, words("Ask why fewer {stage} consumers rise, first after {channel}: {n} rises against {m} before.",
                          stage=told["stage"], channel=worst.label, n=worst.now, m=worst.before)  # fmt: skip
    return why, words("Ask why fewer {stage} consumers rise, and what reaches them now.", stage=told["stage"])


def about_peers(peers: Peers, words: Words) -> str:
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


def _worst(known: pd.DataFrame, worse: list[str]) -> str | None:
    """Of the figures that fell the one that fell most, relative to where it was."""
    return min(worse, key=lambda f: float(known.now[f] / known.before[f])) if worse else None


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
