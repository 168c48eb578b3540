"""The tables and charts of `2_plan/scenes`: the chosen few, all scenes with their figures, the catalogue, gates."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.parts import KINDS
from apex.show.say.scenes import _kind
from apex.show.words import MISSING, Words, is_missing

Names = Mapping[str, str]
Heads = dict[str, tuple[str, Any]]


def named(texts: Mapping[Any, Any], words: Words) -> dict[str, str]:
    """id → name in the report's language, of things that carry a `name` or are names in both languages themselves."""
    return {str(id): words.name({str(k): v for k, v in getattr(x, "name", x).items()}) for id, x in texts.items()}


def chosen_bars(gains: pd.DataFrame, names: Names) -> pd.DataFrame:
    """For `show.bars`: what each chosen scene leaves as margin, its cost as the mark. gains: scene, margin_minor, low, high,
    budget_minor.
    """
    rows = gains.sort_values("margin_minor", ascending=False, ignore_index=True)
    frame = pd.DataFrame({"label": [names[s] for s in rows.scene], "value": rows.margin_minor.astype(float)})
    frame = frame.assign(low=rows.low.astype(float), high=rows.high.astype(float))
    return frame.assign(before=rows.budget_minor.astype(float)) if rows.budget_minor.notna().all() else frame


def chosen_rows(rows: pd.DataFrame, names: Names, audiences: Names, words: Words) -> pd.DataFrame:
    """The set as texts, most GMV first."""
    rows = rows.sort_values("gmv_minor", ascending=False, ignore_index=True)
    return pd.DataFrame({
        "name": [names[s] for s in rows.scene], "audience": [audiences[a] for a in rows.audience],
        "stages": [_stages(f, t, {}, words) for f, t in zip(rows.stage_from, rows.stage_to, strict=True)],
        "people": rows.people, "suppressed": rows.suppressed,
        "moved": [_range(r.moved, r.low, r.high, words) for r in rows.itertuples()],
        "gmv_minor": rows.gmv_minor.round().astype("Int64"), "budget_minor": rows.budget_minor.round().astype("Int64"),
        "cost_per_moved_minor": rows.cost_per_moved_minor.round().astype("Int64"), "p_best": rows.p_best,
        "kind": [_word(k, words) for k in rows.kind],
    })  # fmt: skip


def chosen_heads(priced: bool, words: Words) -> Heads:
    """The heads of `chosen_rows`; without what needs a cost where none is known."""
    cost: Heads = {
        "budget_minor": (words("Budget"), "money_short"), "cost_per_moved_minor": (words("Cost per person moved"), "money"),
    }  # fmt: skip
    return {
        "name": (words("Scene"), "text"), "audience": (words("Audience"), "text"), "stages": (words("Stage moved"), "text"),
        "people": (words("People met"), "count"), "moved": (words("Moved deeper"), str),
        "gmv_minor": (words("GMV"), "money_short"), **(cost if priced else {}),
        "p_best": (words("In the best set"), "share"), "kind": (words("Kind"), "text"),
    }  # fmt: skip


def every(scores: pd.DataFrame, lacks: Mapping[str, str], names: Names, priced: bool, words: Words) -> pd.DataFrame:
    """All scenes as texts: in the best set most often first, then the ready ones by money, then those that lack something.

    Where costs are known the interval stands at the cost per person moved, else at the people moved.
    """
    rows = scores.assign(money=scores.gmv_minor.astype(float).fillna(-1.0), alone=scores.scene == scores.same)
    rows = rows.sort_values(["ready", "alone", "p_best", "money"], ascending=False, ignore_index=True)
    return pd.DataFrame({
        "name": [names[s] for s in rows.scene], "people": rows.people, "suppressed": rows.suppressed,
        "moved": [words.number(r.moved) if priced else _range(r.moved, r.low, r.high, words) for r in rows.itertuples()],
        "gmv": [MISSING if is_missing(x) else words.money_short(round(x)) for x in rows.gmv_minor],
        "price": [_price(r, words) for r in rows.itertuples()], "pays": rows.pays, "p_best": rows.p_best, "n": rows.n,
        "kind": [MISSING if is_missing(r.moved) else _word(r.kind, words) for r in rows.itertuples()],
        "note": [_note(r, lacks, names, words) for r in rows.itertuples()], "faint": (~rows.ready).to_numpy(),
    })  # fmt: skip


def _note(row: Any, lacks: Mapping[str, str], names: Names, words: Words) -> str:
    """What a scene lacks, that it cannot be told from another, and what it is judged by beside people."""
    said = [lacks[row.scene]] if row.scene in lacks else []
    if row.scene != row.same:
        said.append(words("cannot be told from {name}", name=names[row.same]))
    if not is_missing(row.items):
        said.append(
            words(
                "{n} items at its stages, {money} in 28 days",
                n=int(row.items),
                money=words.money_short(row.items_minor),
            )
        )
    if not is_missing(row.pieces):
        said.append(words("{n} pieces in 28 days", n=int(row.pieces)))
    if not is_missing(row.join_share):
        said.append(
            words("{share} of orders of buyers who are no members end in joining", share=words.share(row.join_share))
        )
    return words("; ").join(said)


def every_heads(priced: bool, words: Words) -> Heads:
    """The heads of `every`; without what needs a cost where none is known."""
    cost: Heads = {"price": (words("Cost per person moved"), str), "pays": (words("Earns its cost"), "share")}
    return {
        "name": (words("Scene"), "text"), "people": (words("People"), "count"), "moved": (words("Moved deeper"), str),
        "gmv": (words("GMV"), str), **(cost if priced else {}), "p_best": (words("In the best set"), "share"),
        "n": (words("Contacts seen"), "count"), "kind": (words("Kind"), "text"), "note": (words("Lacks, or remarks"), "text"),
    }  # fmt: skip


def catalogue(rules: Any, stages: Names, words: Words) -> pd.DataFrame:
    """The catalogue as it stands in the file: name, code, objective, stages, audience, levers, media, KPI, least budget."""
    groups, audiences = named(rules.groups, words), named(rules.audiences, words)
    levers, media = named(rules.levers, words), named(rules.media, words)
    rows = [
        {
            "name": words.name(_plain(s.name)), "group": groups[s.group],
            "code": " ".join(x for x in (s.code, s.sub) if x) or MISSING, "objective": words.name(_plain(s.objective)),
            "stages": _stages("+".join(s.moves.from_), s.moves.to, stages, words) if s.moves else words("buyers → members"),
            "audience": audiences[s.audience], "levers": words(", ").join(levers[x] for x in s.levers),
            "media": words(", ").join(media[m] for m in s.media), "kpi": words.name(_plain(s.kpi)), "least": rules.least(id),
        }
        for id, s in rules.scenes.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def catalogue_heads(words: Words) -> Heads:
    """The heads of `catalogue`."""
    return {
        "name": (words("Scene"), "text"), "group": (words("Group"), "text"), "code": (words("Platform code"), "text"),
        "objective": (words("Objective"), "text"), "stages": (words("Stage moved"), "text"),
        "audience": (words("Audience"), "text"), "levers": (words("Levers"), "text"), "media": (words("Bought through"), "text"),
        "kpi": (words("Judged by"), "text"), "least": (words("Least budget"), "money"),
    }  # fmt: skip


def lacks(unmet: pd.DataFrame, rules: Any, event: tuple[int, str] | None, words: Words) -> dict[str, str]:
    """Scene → what it lacks, in words. unmet: scene, need, about, wanted, number, people (suppressed ones null), suppressed."""
    media, audiences = named(rules.media, words), named(rules.audiences, words)
    out: dict[str, list[str]] = {}
    for row in unmet.itertuples():
        out.setdefault(str(row.scene), []).append(_lack(row, media, audiences, event, words))
    return {scene: words("; ").join(said) for scene, said in out.items()}


def _lack(row: Any, media: Names, audiences: Names, event: tuple[int, str] | None, words: Words) -> str:
    people = words.few() if is_missing(row.people) else words.count(row.people)
    if row.need == "channel":
        return words("never bought: {media}", media=words(", ").join(media[m] for m in row.about.split(", ")))
    if row.need == "audience":
        return words("{n} of at least {wanted} people", n=people, wanted=int(row.wanted))
    if row.need in ("table", "behaviour"):
        return words("not in the data: {name}", name=str(row.about))
    if row.need == "members":
        return words("{n} of at least {wanted} members", n=people, wanted=int(row.wanted))
    if row.need == "followers":
        return words("{n} of at least {wanted} followers", n=people, wanted=int(row.wanted))
    if row.need == "items":
        return words(
            "{n} of at least {wanted} items at the stages it is for", n=int(row.number), wanted=int(row.wanted)
        )
    if row.need == "younger_than_days":
        return words("{n} of at least {wanted} items younger than {days} days", n=int(row.number), wanted=int(row.wanted),
                     days=str(row.about))  # fmt: skip
    if row.need == "contents":
        return words(
            "{n} of at least {wanted} pieces in {days} days",
            n=int(row.number),
            wanted=int(row.wanted),
            days=str(row.about),
        )
    if event is None:
        return words("no event day is known ahead")
    return words("from {days} days before an event on; {event} is {ahead} days ahead", days=int(row.wanted), event=event[1],
                 ahead=event[0])  # fmt: skip


def gate_rows(gates: pd.DataFrame, labels: list[str], words: Words) -> pd.DataFrame:
    """The gates as texts. gates: stage, measure, target, people (suppressed ones null), value, passed."""
    stage = {"validate": words("validate"), "accelerate": words("accelerate")}
    return pd.DataFrame({
        "stage": [stage[s] for s in gates.stage], "gate": labels,
        "seen": [_seen(r, words) for r in gates.itertuples()],
        "target": [_bound(r.measure, r.target, words) for r in gates.itertuples()],
        "passed": [words("yes") if ok else words("no") for ok in gates.passed],
    })  # fmt: skip


def gate_heads(words: Words) -> Heads:
    """The heads of `gate_rows`."""
    return {
        "stage": (words("Stage"), "text"), "gate": (words("Gate"), "text"), "seen": (words("Seen"), str),
        "target": (words("At least"), str), "passed": (words("Passed"), "text"),
    }  # fmt: skip


PEOPLE_GATES = ("buyers_90", "operable", "followed")
SHARES = ("repeat_60", "grown")


def _seen(row: Any, words: Words) -> str:
    if row.measure in PEOPLE_GATES:
        return words.few() if is_missing(row.people) else words.count(row.people)
    return _bound(row.measure, row.value, words)


def _bound(measure: str, value: Any, words: Words) -> str:
    return MISSING if is_missing(value) else words.share(value) if measure in SHARES else words.count(round(value))


def _stages(from_: str, to: str, stages: Names, words: Words) -> str:
    known = {**stages, "member": words("member")}
    return words(
        "{from} → {to}",
        **{"from": words(", ").join(known.get(s, s) for s in from_.split("+")), "to": known.get(to, to)},
    )


def _range(value: Any, low: Any, high: Any, words: Words) -> str:
    if is_missing(value):
        return MISSING
    return words("{n} ({low} to {high})", n=words.number(value), low=words.number(low), high=words.number(high))


def _price(row: Any, words: Words) -> str:
    if is_missing(row.cost_per_moved_minor):
        return MISSING
    high = words("no end") if is_missing(row.per_high) else words.money(round(row.per_high))
    low = words.money(round(row.per_low)) if not is_missing(row.per_low) else MISSING
    return words("{n} ({low} to {high})", n=words.money(round(row.cost_per_moved_minor)), low=low, high=high)


def _word(kind: str, words: Words) -> str:
    return KINDS[_kind(kind)][0](words)


def _plain(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(k): v for k, v in texts.items()}
