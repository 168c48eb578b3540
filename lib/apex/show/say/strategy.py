"""What `2_plan/strategy` says: the largest gaps and what closes them, what to do within the budget, what a contact adds."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show import phases as calendar
from apex.show.glossary import channel as channel_name
from apex.show.say.wording import behaviour, cells, fitting, shown_sum
from apex.show.words import MISSING, Words, is_missing

Stages = Sequence[tuple[str, str]]
Names = Mapping[str, str]
WEAKEST = ("lift", "counted", "credit", "prior")  # of several kinds the last one here is that of their sum
CHANCE = 0.8


def phase(name: str, words: Words) -> str:
    """A phase as people say it."""
    own = {"run-up": words("days to the eve"), "window": words("the window")}
    return own.get(name) or calendar.phase_name(name, words)


def kind(name: str, words: Words) -> str:
    """What kind of number stands in a row."""
    known = {
        "counted": words("counted"),
        "credit": words("credit"),
        "lift": words("lift"),
        "prior": words("prior"),
    }
    return known.get(name, name)


def channel(name: str, words: Words) -> str:
    """A channel as people say it; none has met anybody where there is none."""
    return channel_name(name, words) if name else words("none yet")


def verdict(name: str, words: Words) -> str:
    """What last year and the benchmark say together (definitions 6.3)."""
    return {
        "growing_slow": words("▼ growing, yet slower than the benchmark"),
        "falling_slow": words("▼ not above last year and slower than the benchmark"),
        "falling": words("● not above last year, not slower than the benchmark"),
        "growing": words("▲ above last year"),
        "slow": words("▼ slower than the benchmark"),
        "on_pace": words("● on the benchmark's pace"),
        "ahead": words("▲ ahead of the benchmark"),
    }.get(name, MISSING)


def pays(name: str, words: Words) -> str:
    """Whether fifteen days' money covers the cost."""
    return {
        "yes": words("▲ pays"),
        "maybe": words("● should pay"),
        "unlikely": words("● may not pay"),
        "no": words("▼ does not pay"),
        "unknown": words("○ cost unknown"),
    }[name]


def reached(gap: pd.DataFrame, closers: pd.DataFrame, largest: int) -> pd.DataFrame:
    """For each of the largest gaps: stage, short, gmv_minor, moved, low, high, cost_minor (null: unknown), share closed."""
    rows = []
    for row in gap[gap.short > 0].head(largest).itertuples():
        mine = closers[closers.closes == row.stage]
        cost = mine.cost_minor.sum(skipna=False) if len(mine) else 0
        sums = {c: float(mine[c].astype("Float64").sum()) for c in ("moved", "low", "high")}
        rows.append({"stage": row.stage, "short": row.short, "gmv_minor": row.gmv_minor, **sums, "cost_minor": cost})
    frame = pd.DataFrame(rows, columns=["stage", "short", "gmv_minor", "moved", "low", "high", "cost_minor"])
    frame["share"] = (frame.moved.astype(float) / frame.short.astype(float)).clip(upper=1.0)
    return frame


def gaps(
    gap: pd.DataFrame, closed: pd.DataFrame, closers: pd.DataFrame, names: Names, stages: Stages, words: Words
) -> dict[str, Any]:
    """The headline: the largest gaps in money and how far what can be reached closes them.

    gap: the table as it may be shown; closed: `reached` of it; closers: the table of what closes, as it may be shown.
    """
    said = cells(stages, words)
    if gap.empty or closed.empty:
        hidden = bool(len(gap)) and bool(gap.short.isna().any())
        if gap.empty:
            text = words("Without a plan for the goal no gap can be named; moves and strategies stand below.")
            return {"kind": "not identified", "short": words("No gap can be named"), "text": text}
        text = words("Nobody is missing at any stage.") if not hidden else words("The gaps are of too few to be shown.")
        short = words("No stage is short") if not hidden else words("Gaps too small to show")
        return {"kind": "model", "short": short, "text": text, "verdict": "none" if hidden else "ahead"}
    parts = words("; ").join(
        words(
            "{stage} {n} people, {money}", stage=said[r.stage], n=round(r.short), money=words.money_short(round(r.gmv_minor))
        )
        for r in closed.itertuples()
    )  # fmt: skip
    ends = words("; ").join(
        words("{stage} {share}", stage=said[r.stage], share=words.share(r.share)) for r in closed.itertuples()
    )
    whole = bool((closed.share >= 0.995).all())
    close = words("What can be reached by the eve closes all of them.") if whole else words(
        "What can be reached by the eve closes of that: {ends}. The rest cannot be closed by moving people in time.", ends=ends
    )  # fmt: skip
    unknown = closed.cost_minor.isna().any()
    cost = words("Cost unknown: the data hold no media cost.") if unknown else words(
        "All of it would cost {money}.", money=words.money(round(float(closed.cost_minor.sum())))
    )  # fmt: skip
    first = closed.iloc[0]
    text = words("The largest gaps on the eve: {parts}. {close} {cost}", parts=parts, close=close, cost=cost)
    most = closers[closers.people.notna()].copy()
    step = None
    if len(most):
        most = most[most.closes == first.stage] if (most.closes == first.stage).any() else most
        top = most.loc[most.moved.astype(float).idxmax()]
        step = words(
            "{strategy} by {channel}: reach {n} people in {phase}.", strategy=names[top.strategy],
            channel=channel(top.channel, words), n=int(top.people), phase=phase(top.phase, words),
        )  # fmt: skip
    short = words("{stage} is short by {n}; {share} closable", stage=said[first.stage], n=words.short(round(first.short)),
                  share=words.share(first.share))  # fmt: skip
    return {
        "kind": "model", "value": float(first.short), "unit": "consumers", "text": text,
        "short": fitting(short, said[first.stage]),
        "verdict": "careful" if whole else "behind", "next_step": step, "at_stake_minor": round(float(closed.gmv_minor.sum())),
        "tile": {"label": words("Largest gap"), "value": words.short(round(first.short)),
                 "note": words("{stage}; {share} can be closed", stage=said[first.stage], share=words.share(first.share))},
    }  # fmt: skip


def chosen(table: pd.DataFrame, budget: int | None, missing: float | None, words: Words) -> dict[str, Any]:
    """What to do: people, money with interval, cost, and what that leaves of the goal's gap."""
    rows = table[table.gmv_minor.notna()]
    if table.empty:
        text = words("No move is expected to bring, in fifteen days, what its contacts cost.")
        return {"kind": "model", "short": words("No move pays in fifteen days"), "text": text, "verdict": "careful"}
    kinds = set(table.kind)
    weakest = max(kinds, key=WEAKEST.index)
    money, low, high = (float(rows[c].astype("Float64").sum()) for c in ("gmv_minor", "gmv_low", "gmv_high"))
    unknown = table.cost_minor.isna().any()
    spent = float(table.cost_minor.astype("Float64").sum())
    people = shown_sum(table.contacts, words)
    cost = words("at a cost nobody knows") if unknown else words("for {money}", money=words.money(round(spent)))
    text = words(
        "What is worth doing: **{contacts}** contacts in {n} moves bring **{money}** within fifteen days ({low} to {high}), "
        "{cost}.",
        contacts=people, n=len(table), money=words.money(round(money)), low=words.money(round(low)),
        high=words.money(round(high)), cost=cost,
    )  # fmt: skip
    if rows.empty:
        text = words(
            "What is worth doing: **{contacts}** contacts in {n} moves, {cost}; what they bring in money nobody has seen yet.",
            contacts=people, n=len(table), cost=cost,
        )  # fmt: skip
    if budget is not None and not unknown:
        text = words("{first} {second}", first=text, second=words(
            "The budget is {budget}.", budget=words.money(budget)))  # fmt: skip
    if missing is not None and missing > 0 and len(rows):
        text = words("{first} {second}", first=text, second=words(
            "The stages' gaps are worth {gap}.", gap=words.money(round(missing))))  # fmt: skip
    found = {"prior": "model", "counted": "credit"}.get(weakest, weakest)
    short = words("{n} moves are worth doing", n=len(table))
    tile = {"label": words("Moves worth doing"), "value": words.money_short(round(money)) if len(rows) else str(len(table)),
            "note": words("80 %: {low} to {high}", low=words.money_short(round(low)), high=words.money_short(round(high)))
            if len(rows) else cost}  # fmt: skip
    return {"kind": found, "value": money if len(rows) else None, "low": low if len(rows) else None,
            "high": high if len(rows) else None, "unit": "money_minor", "text": text, "short": short, "tile": tile}  # fmt: skip


def contact(moves: pd.DataFrame, level: Any, stages: Stages, words: Words) -> dict[str, Any]:
    """What a contact adds, where most, and what trials make of it. level: `apex.model.moves_level.Factor`."""
    said = cells(stages, words)
    whole = moves[(moves.channel == "all") & moves.extra.notna() & (moves.kind != "prior")]
    if whole.empty:
        text = words("Too few contacts are seen to say what one adds; strategies go by their written priors.")
        return {"kind": "not identified", "short": words("What a contact adds is not known"), "text": text}
    top = whole.loc[whole.extra.astype(float).idxmax()]
    text = words(
        "Of those met at {stage} **{extra}** ({low} to {high}) more move within fifteen days than of people like them who were "
        "not met: {moved} against {usual}.",
        stage=said[top.from_stage], extra=words.share(top.extra, 1), low=words.share(top.low, 1), high=words.share(top.high, 1),
        moved=words.share(top.moved, 1), usual=words.share(top.usual, 1),
    )  # fmt: skip
    more = words("No trial of the brand has ended that could set the level, so all of it is credit.")
    if level.trials:
        more = words(
            "{n} ended trials ({people} consumers) set the level: where chance decided who was met, {factor} ({low} to {high}) "
            "of what comparison credits contacts with is found.",
            n=level.trials, people=level.n, factor=words.share(level.mean),
            low=words.share(max(level.mean - 1.28 * level.sd, 0.0)), high=words.share(level.mean + 1.28 * level.sd),
        )  # fmt: skip
    short = words("A contact at {stage} moves {extra}", stage=said[top.from_stage], extra=words.share(top.extra, 1))
    return {"kind": str(top.kind), "value": float(top.extra), "low": float(top.low), "high": float(top.high), "unit": "share",
            "n": None if is_missing(top.n) else int(top.n), "text": words("{first} {second}", first=text, second=more),
            "short": fitting(short, said[top.from_stage])}  # fmt: skip


def judged(
    gap: pd.DataFrame, calls: Mapping[str, Sequence[str]], names: Names, stages: Stages, words: Words
) -> dict[str, Any]:
    """What last year and the benchmark say, and which move that calls for. calls: stage → strategies, first of all."""
    said, known = cells(stages, words), gap[(gap.verdict != "none") & gap.change.notna()]
    if known.empty:
        text = words("Neither last year nor a benchmark can be compared with.")
        return {"kind": "counted", "short": words("Nothing to compare with"), "text": text}
    slow = known[known.verdict == "growing_slow"]
    row = (slow if len(slow) else known).iloc[0]
    named = [names[s] for s in calls.get(row.stage, ())]
    text = words(
        "{stage}: {change} on last year at this distance, pace {pace} of what the eve needs: {verdict}.",
        stage=said[row.stage], change=words.signed_share(row.change), pace=words.number(row.pace, 2),
        verdict=verdict(row.verdict, words)[2:],
    )  # fmt: skip
    if named:
        text = words("{first} {second}", first=text, second=words(
            "It calls for: {names}.", names=words(", ").join(named)))  # fmt: skip
    short = words("{stage}: {change} on last year", stage=said[row.stage], change=words.signed_share(row.change))
    state = "behind" if row.verdict.endswith("slow") else "careful" if row.verdict == "falling" else "ahead"
    return {"kind": "counted", "value": float(row.change), "unit": "share", "text": text, "verdict": state,
            "short": fitting(short, said[row.stage])}  # fmt: skip


def lessons(learned: Sequence[Any], words: Words) -> str:
    """Which lessons stand behind the figures."""
    if not learned:
        return words("No earlier campaign's lesson goes into this plan.")
    last = learned[-1]
    if last.effect.verdict == "not identified":
        return words(
            "The lesson of {campaign} says what converted, and not what its contacts changed.", campaign=last.campaign
        )
    return words(
        "The lesson of {campaign}: it changed GMV by {effect} ({low} to {high}).", campaign=last.campaign,
        effect=words.signed_money(last.effect.value), low=words.signed_money(last.effect.low),
        high=words.signed_money(last.effect.high),
    )  # fmt: skip


def matrix(options: pd.DataFrame, phases: Sequence[str], names: Names, stages: Stages, words: Words) -> pd.DataFrame:
    """Phase × stage: a row a stage that strategies start from, a column a phase with their names."""
    said = cells(stages, words)
    order = [s for s in said if s in set(options.from_stage)]
    rows = []
    for stage in order:
        mine = options[options.from_stage == stage]
        row = {"stage": said[stage]}
        for p in phases:
            found = list(dict.fromkeys(mine.strategy[mine.phase == p]))
            row[p] = words("; ").join(names[s] for s in found) or MISSING
        rows.append(row)
    return pd.DataFrame(rows, columns=["stage", *phases])


def strategies(best: pd.DataFrame, reach: pd.DataFrame, names: Names, stages: Stages, words: Words) -> pd.DataFrame:
    """A row a phase and strategy, in words. reach: strategy, reachable (as it may be shown), suppressed."""
    said, shown = cells(stages, words), reach.set_index("strategy")
    rows = []
    for r in best.itertuples():
        found = shown.loc[r.strategy]
        rows.append(
            {
                "strategy": _named(r, names, words),
                "move": words("{first} → {second}", first=said[r.from_stage], second=said[r.to_stage]),
                "reachable": found.reachable, "suppressed": bool(found.suppressed), "channel": channel(r.channel, words),
                "extra": _interval(r.extra, r.low, r.high, words), "gmv": r.gmv, "cost": r.cost,
                "per_moved": r.per_moved, "pays": pays(r.pays, words), "kind": _kind(r, words),
            }
        )  # fmt: skip
    columns = [
        "strategy",
        "move",
        "reachable",
        "suppressed",
        "channel",
        "extra",
        "gmv",
        "cost",
        "per_moved",
        "pays",
        "kind",
    ]
    return pd.DataFrame(rows, columns=columns)


def _named(row: Any, names: Names, words: Words) -> str:
    return words("{phase} · {strategy}", phase=phase(row.phase, words), strategy=names[row.strategy])


def _interval(value: Any, low: Any, high: Any, words: Words) -> str:
    if is_missing(value):
        return MISSING
    if low == high:
        return words.share(value)
    return words(
        "{middle} ({low} to {high})", middle=words.share(value, 1), low=words.share(low, 1), high=words.share(high, 1)
    )


def _kind(row: Any, words: Words) -> str:
    said = kind(row.kind, words)
    return words("{kind}, n {n}", kind=said, n=int(row.n)) if not is_missing(row.n) and row.n else said


def rows(table: pd.DataFrame, order: Sequence[str], names: Names, stages: Stages, words: Words) -> pd.DataFrame:
    """Rows of what closes or is chosen, in words: phases in their order, in each whatever moves most first. order: of phases."""
    said, place = cells(stages, words), {p: n for n, p in enumerate(order)}
    moved = -table.moved.astype("Float64").fillna(0.0)
    table = table.assign(_phase=table.phase.map(place), _moved=moved).sort_values(
        ["_phase", "_moved"], ignore_index=True
    )
    out = table.copy()
    out["strategy"] = [_named(r, names, words) for r in table.itertuples()]
    out["closes"] = [said[s] for s in table.closes]
    out["channel"] = [channel(c, words) for c in table.channel]
    out["moved"] = [_people(r, words) for r in table.itertuples()]
    out["money"] = [_money(r, words) for r in table.itertuples()]
    out["kind"] = [_kind(r, words) for r in table.itertuples()]
    return out


def _people(row: Any, words: Words) -> str:
    if is_missing(row.moved):
        return words.suppressed() if getattr(row, "suppressed", False) else MISSING
    return words(
        "{middle} ({low} to {high})",
        middle=words.number(row.moved),
        low=words.number(row.low),
        high=words.number(row.high),
    )


def _money(row: Any, words: Words) -> str:
    if is_missing(row.gmv_minor):
        return MISSING
    return words("{middle} ({low} to {high})", middle=words.money_short(row.gmv_minor), low=words.money_short(row.gmv_low),
                 high=words.money_short(row.gmv_high))  # fmt: skip


def gap_rows(gap: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The table of gaps in words."""
    said = cells(stages, words)
    return gap.assign(stage=[said[str(s)] for s in gap.stage], verdict=[verdict(v, words) for v in gap.verdict])


def bars(moves: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """What a contact adds by stage, all channels: label, value, low, high, suppressed."""
    said, whole = (
        cells(stages, words),
        _in_order(moves[(moves.channel == "all") & (moves.kind != "prior")], stages, words),
    )
    hidden = whole.suppressed if "suppressed" in whole else False
    return pd.DataFrame(
        {"label": [said[s] for s in whole.from_stage], "value": whole.extra.array, "low": whole.low.array,
         "high": whole.high.array}
    ).assign(suppressed=pd.Series(hidden, whole.index).array)  # fmt: skip


def _in_order(moves: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """Shallow stages first."""
    place = {s: n for n, s in enumerate(cells(stages, words))}
    return moves.assign(_at=moves.from_stage.map(place)).sort_values(["_at", "channel"], ignore_index=True)


def move_rows(moves: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The shared frame in words, single channels only."""
    said, single = cells(stages, words), _in_order(moves[moves.channel != "all"], stages, words)
    return single.assign(
        stage=[said[s] for s in single.from_stage], channel=[channel(c, words) for c in single.channel],
        extra=[_interval(r.extra, r.low, r.high, words) for r in single.itertuples()],
        kind=[kind(k, words) for k in single.kind],
    )  # fmt: skip


def absent(reach: pd.DataFrame, moves: pd.DataFrame, names: Names, words: Words) -> list[str]:
    """What the page would need and the data do not have."""
    said = []
    for row in reach[reach.lacks != ""].itertuples():
        lacks = words(", ").join(
            behaviour(b, words) if b != "category" else words("category") for b in row.lacks.split(", ")
        )
        said.append(words("{strategy}: the data hold no {lacks}.", strategy=names[row.strategy], lacks=lacks))
    if reach.empty:
        said.append(words("The file of strategies is about other stages than these rules have."))
    if moves.empty:
        said.append(words("No contact is seen whose fifteen days are over, so every move is a prior."))
    elif moves.cost_minor.isna().all():
        said.append(words("No media cost: what a move costs is unknown."))
    return said
