"""What `1_insight/assets` says of moves: who moved and why, who falls out next (`apex.show.say.standing` says the rest).

Every function takes what may be shown (suppressed counts are null) and returns the fields of a finding for
`run.finding(name, **fields)`. Stages come as [(id, name)], shallow to deep.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import after, fitting, shown_sum, whole_sum
from apex.show.words import MISSING, Words

Stages = Sequence[tuple[str, str]]


def flows(flow: pd.DataFrame, start: date, words: Words) -> dict[str, Any]:
    """Who rose, stayed, fell, came and left between two days. flow: from_stage, to_stage (ordered), consumers."""
    inside = flow[(flow.from_stage != "none") & (flow.to_stage != "none")]
    moves = {
        "rose": inside.consumers[inside.to_stage > inside.from_stage],
        "fell": inside.consumers[inside.to_stage < inside.from_stage],
        "came": flow.consumers[flow.from_stage == "none"],
        "left": flow.consumers[flow.to_stage == "none"],
    }
    parts = {name: shown_sum(counts, words) for name, counts in moves.items()}
    rose, fell, came, left = (whole_sum(counts) for counts in moves.values())
    text = words("Since {day}, **{rose}** rose and **{fell}** fell a stage or more; {came} came, {left} left.",
                 day=words.day(start), **parts)  # fmt: skip
    net = None if rose is None or fell is None or came is None or left is None else rose + came - fell - left
    verdict = "none" if net is None else "ahead" if net > 0 else "behind" if net < 0 else "careful"
    short = {
        "ahead": words("More consumers rose or came than fell or left"),
        "behind": words("More consumers fell or left than rose or came"),
        "careful": words("As many consumers rose or came as fell or left"),
        "none": words("Moves between stages, as far as they may be shown"),
    }[verdict]
    return {"kind": "counted", "value": net, "unit": "consumers", "verdict": verdict, "short": short, "text": text}


def causes(upward: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What the moves up were booked with. upward: cause (null: none near enough), moves, before."""
    known = upward[upward.cause.notna()]
    total, before = (
        whole_sum(upward.moves),
        whole_sum(upward.before),
    )  # before is unknown where the period does not compare
    base: dict[str, Any] = {"kind": "credit", "value": total, "unit": "none"}
    if total is None:
        text = words("Too few moves up after some of the channels to show how many there were in all.")
        return base | {"short": words("Too few moves up to show a total"), "text": text}
    if known.empty:
        text = words("{n} moves up, none of them after a touch with a known channel.", n=total)
        return base | {"short": words("No channel is known for the moves up"), "text": text}
    if before is None:
        most = known.loc[known.moves.astype("Float64").idxmax()]
        text = words("**{n}** moves up a stage, {moves} of them after a touch by **{channel}**; no earlier period compares.",
                     n=total, moves=most.moves, channel=channel(most.cause, words))  # fmt: skip
        return base | {"short": words("Moves up a stage: {n}", n=total), "text": text}
    gap = (known.moves - known.before).astype("Float64")
    worst = known.loc[gap.idxmin() if total < before else gap.idxmax()]
    named, way = channel(worst.cause, words), words.signed(worst.moves - worst.before)
    text = words(
        "**{n}** moves up a stage against {before} before; after a touch by **{channel}**: {moves} ({way}).",
        n=total, before=before, channel=named, moves=worst.moves, way=way,
    )  # fmt: skip
    verdict = "ahead" if total > before else "behind" if total < before else "careful"
    short = words("Moves up: {n} against {before}, {channel} {way}", n=total, before=before, channel=named, way=way)
    step = None
    if worst.moves < worst.before:
        step = words("Find out why {channel} came before fewer moves up: fewer touches, or touches that do less?",
                     channel=named)  # fmt: skip
    compared = {"label": words("the period before"), "value": float(before)}
    return base | {
        "verdict": verdict,
        "compared": compared,
        "short": fitting(short, named),
        "text": text,
        "next_step": step,
    }


def lapses(lapsed: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """Moves down by the stage left. lapsed: stage, moves, before."""
    total, before = whole_sum(lapsed.moves), whole_sum(lapsed.before)
    if not total or before is None:
        text = words("Moves down a stage: {n}.", n=shown_sum(lapsed.moves, words))
        return {"kind": "counted", "value": total, "short": text.rstrip(".。"), "text": text}
    gap = (lapsed.moves - lapsed.before).astype("Float64")
    worst = lapsed.loc[gap.idxmax()]
    name, verdict = dict(stages)[worst.stage], "behind" if total > before else "ahead" if total < before else "careful"
    text = words("**{n}** moves down against {before} before; most more from {stage}: {moves} ({way}).",
                 n=total, before=before, stage=name, moves=worst.moves, way=words.signed(worst.moves - worst.before))  # fmt: skip
    short = words("Moves down: {n} against {before}", n=total, before=before)
    compared = {"label": words("the period before"), "value": float(before)}
    return {"kind": "counted", "value": total, "verdict": verdict, "compared": compared, "short": short, "text": text}


def running_out(
    falls: pd.DataFrame, held: pd.Series, until: date, stages: Stages, words: Words, peers: float | None = None
) -> dict[str, Any]:
    """Who falls by `until` if nothing happens. falls: from_stage, to_stage, consumers; held: consumers at each stage now.

    peers: the middle of the peers' shares of assets that fall, where there is one.
    """
    names = {**dict(stages), "none": words("no stage")}
    total = whole_sum(falls.consumers) if len(falls) else 0
    if not total:
        text = words("Nobody falls a stage by {day} without new events.", day=words.day(until)) if total == 0 else words(
            "Too few consumers fall by {day} to show how many.", day=words.day(until)
        )  # fmt: skip
        return {
            "kind": "counted",
            "value": total,
            "unit": "consumers",
            "short": fitting(text.rstrip(".。")),
            "text": text,
        }
    most = falls.loc[falls.consumers.astype("Float64").idxmax()]
    deep = falls[falls.from_stage == stages[-1][0]]
    all_held = whole_sum(held)
    share = words.share(total / all_held) if all_held else MISSING
    text = words(
        "If nothing new happens, **{n}** consumers ({share}) fall a stage by {day}; most from {start} to {end}: {most}.",
        n=total, share=share, day=words.day(until), start=names[most.from_stage], end=names[most.to_stage],
        most=most.consumers,
    )  # fmt: skip
    step = None
    if deep_count := whole_sum(deep.consumers):
        step = words("Speak first to the {n} {stage} consumers who fall by {day}: the last purchase day is known for each.",
                     n=deep_count, stage=stages[-1][1], day=words.day(until))  # fmt: skip
    short = words("{n} consumers fall a stage by {day}", n=total, day=words.day_short(until))
    tile = {"label": words("Fall by {day}", day=words.day_short(until)), "value": words.count(total),
            "note": words("{share} of assets, if nothing happens", share=share)}  # fmt: skip
    if peers is not None:
        text = after(text, words("Middle of the peers: {middle}.", middle=words.share(peers)), words)
        tile["note"] = words("{share} of assets, peers {middle}", share=share, middle=words.share(peers))
    return {"kind": "counted", "value": total, "unit": "consumers", "verdict": "careful", "short": short, "text": text,
            "next_step": step, "due": until, "tile": tile}  # fmt: skip


def trade(
    gmv_minor: int, buyers: int, days: int, goal_minor: int | None, words: Words,
    growth: float | None = None, peers: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """GMV of the last `days` days beside the goal of a window of the same length.

    growth, peers: its change on the days before, and the middle of the peers' changes, where they are known.
    """
    money = words.money(gmv_minor)
    tile = {"label": words("GMV, last {n} days", n=days), "value": words.money_short(gmv_minor), "note": ""}
    few = 0 < buyers < words.threshold
    fields: dict[str, Any] = {"kind": "counted", "value": float(gmv_minor), "unit": "money_minor", "n": buyers,
                              "short": words("{money} in the last {n} days", money=money, n=days)}  # fmt: skip
    if few:
        return {"kind": "counted", "short": words("Too few buyers to show GMV"),
                "text": words("Fewer than {n} buyers in the last {days} days: no figure is shown.",
                              n=words.threshold, days=days)}  # fmt: skip
    beside = ""
    if growth is not None:
        said = {"growth": words.signed_share(growth), "n": days}
        beside = words("That is {growth} on the {n} days before.", **said) if peers is None else words(
            "That is {growth} on the {n} days before; middle of the peers {middle}.",
            middle=words.signed_share(peers), **said,
        )  # fmt: skip
        tile["note"] = words("{growth} in {n} days", **said) if peers is None else words(
            "{growth} in {n} days; peers {middle}", middle=words.signed_share(peers), **said
        )  # fmt: skip
    if not goal_minor or not gmv_minor:
        text = words("The last {n} days brought **{money}** from {buyers} buyers.", n=days, money=money, buyers=buyers)
        return fields | {"text": after(text, beside, words), "tile": tile}
    need = goal_minor / gmv_minor - 1
    aim = words("goal {goal}: {need}", goal=words.money_short(goal_minor), need=words.signed_share(need))
    tile["note"] = words("; ").join(note for note in (tile["note"], aim) if note)
    text = words(
        "The last {n} days brought **{money}** from {buyers} buyers; the goal for a window as long is {goal}, **{need}**.",
        n=days, money=money, buyers=buyers, goal=words.money(goal_minor), need=words.signed_share(need),
    )  # fmt: skip
    compared = {"label": words("goal"), "value": float(goal_minor)}
    verdict = "ahead" if need <= 0 else "careful"
    short = words("The goal asks for {need} on the last {n} days", need=words.signed_share(need), n=days)
    return fields | {
        "text": after(text, beside, words),
        "verdict": verdict,
        "compared": compared,
        "short": short,
        "tile": tile,
    }


def named_causes(upward: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `measure.assets.upward` as bars: label, value, before."""
    labels = [words("no touch in the 15 days before") if pd.isna(c) else channel(c, words) for c in upward.cause]
    return pd.DataFrame({"label": labels, "value": upward.moves, "before": upward.before})


def by_stage(frame: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Moves by a column that holds stages' ids, as bars: label, value, before."""
    return frame.rename(columns={stage: "label", "moves": "value"})[["label", "value", "before"]]


def other_causes(campaigns: pd.DataFrame, businesses: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Moves up by campaign and by business in one table: by, cause, moves, before (and suppressed)."""
    parts = [f.assign(by=name) for f, name in ((campaigns, words("campaign")), (businesses, words("business")))]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(cause=frame.cause.astype("object").where(frame.cause.notna(), words("none known")))
