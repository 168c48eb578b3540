"""What `3_execute/sequence` says: whom to show what next, where, when to stop, and what the log says of it.

Every function takes what may be shown (suppressed figures are null) and returns the fields of a finding, or a frame to show.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from apex.show.glossary import channel as channel_name
from apex.show.say.wording import fitting
from apex.show.words import MISSING, Words, is_missing

Stages = Sequence[tuple[str, str]]
BARS = 12  # rows of the picture


def _stage(cell: object, stages: Stages, words: Words) -> str:
    return {"O": words("Opportunity"), **dict(stages)}.get(str(cell), str(cell))


def step_name(channel: object, message: object, words: Words) -> str:
    """A step as people say it: channel and message."""
    if is_missing(channel):
        return MISSING
    named = channel_name(str(channel), words)
    return (
        named
        if is_missing(message) or not message
        else words("{channel}: {message}", channel=named, message=str(message))
    )


def nothing(words: Words) -> dict[str, Any]:
    """The headline where the log holds no step."""
    text = words(
        "The data hold no contact whose following days may be seen, so nothing can be learned about what to show next. Record "
        "contacts by consumer, day, channel and creative."
    )
    return {"kind": "not identified", "short": words("No contacts to learn a sequence from"), "text": text,
            "next_step": words("Record who was shown what, and what it cost.")}  # fmt: skip


def next_step(ladder: pd.DataFrame, study: Any, stages: Stages, words: Words) -> dict[str, Any]:
    """The headline: the step that most of the value hangs on, for how many, and what the money brings beside a fixed sequence."""
    shown = ladder[ladder.channel_1.notna() & ladder.consumers.notna()]
    total = int(ladder.consumers.sum())
    if shown.empty:
        text = words("No step is worth its price for anybody: show nothing.")
        return {"kind": "model", "short": words("No step is worth its price"), "text": text, "verdict": "careful"}
    first = shown.assign(worth=shown.value.astype(float) * shown.consumers.astype(float)).sort_values("worth").iloc[-1]
    people = int(shown.consumers.sum())
    mean, low, high = (round(v) for v in study.gmv)
    step, stage = step_name(first.channel_1, first.message_1, words), _stage(first.stage, stages, words)
    tile = {"label": words("Get a step"), "value": words.count(people), "note": words("of {n} consumers", n=total)}
    short = fitting(words("First {step}, at {stage}", step=step, stage=stage), step)
    fields: dict[str, Any] = {
        "kind": "model",
        "n": int(study.of.n.sum()),
        "tile": tile,
        "short": short,
        "unit": "money_minor",
    }
    if study.budget is None:
        text = words(
            "**{step}** at {stage} brings most: **{value}** a step beyond what the same people buy untouched (80%: {low} to "
            "{high}). What a step costs is not known, so nothing says when to stop.",
            step=step, stage=stage, value=words.money(round(first.value)), low=words.money(round(first.low)),
            high=words.money(round(first.high)),
        )  # fmt: skip
        return fields | {"text": text, "value": float(first.value), "low": float(first.low), "high": float(first.high),
                         "verdict": "careful",
                         "next_step": words("Record spend by channel and day, so that a step has a price.")}  # fmt: skip
    values = {"step": step, "stage": stage, "people": people, "total": total, "rest": words.count(max(total - people, 0)),
              "gmv": words.money_short(mean), "low": words.money_short(low), "high": words.money_short(high)}  # fmt: skip
    text = words(
        "Start with **{step}** at {stage}. **{people}** of {total} consumers get a step; to the other {rest} nothing is shown "
        "until they move. For {cost} this is expected to bring **{gmv}** beyond what the same people buy untouched (80%: {low} "
        "to {high}).",
        cost=words.money_short(round(study.cost)), **values,
    )  # fmt: skip
    fields |= {"value": float(mean), "low": float(low), "high": float(high), "verdict": "ahead",
               "next_step": words(
                   "Load the audiences and leave a part out, so that the wrap-up can tell what it brought.")}  # fmt: skip
    if study.fixed is not None:
        best = round(study.fixed[2])
        text = words("{first} {second}", first=text, second=words(
            "The best sequence that shows everybody the same ({channel}) would bring {gmv} for this money.",
            channel=channel_name(study.fixed[0], words), gmv=words.money_short(best)))  # fmt: skip
        fields["compared"] = {"label": words("the best fixed sequence"), "value": float(best)}
        fields["verdict"] = "ahead" if mean > best else "careful"
    return fields | {"text": text}


def price(study: Any, words: Words) -> dict[str, Any]:
    """The stop rule: what a unit of money must bring."""
    if study.budget is None:
        text = words("Without costs a step has no price, and nothing says when to stop.")
        return {"kind": "not identified", "short": words("No cost, no stop rule"), "text": text, "verdict": "careful"}
    rate = study.chosen.price
    if rate <= 0:
        text = words(
            "The money is more than all steps cost that bring anything ({cost}); it is not the money that says when to stop.",
            cost=words.money_short(round(study.cost)),
        )  # fmt: skip
        return {"kind": "model", "short": words("The money buys every step worth taking"), "text": text}
    text = words(
        "With {budget}, each unit of money must bring **{rate}** of GMV. **Stop** where no step does: that is for whom, and "
        "after how many touches, the table says nothing follows.",
        budget=words.money_short(round(study.budget)), rate=words.number(rate),
    )  # fmt: skip
    if study.logged is not None:
        text = words("{first} {second}", first=text, second=words(
            "The contacts of the log brought {rate} a unit on average.", rate=words.number(study.logged)))  # fmt: skip
    tile = {"label": words("A unit of money must bring"), "value": words.number(rate), "note": words("else stop")}
    return {"kind": "model", "value": float(rate), "unit": "index", "text": text, "tile": tile,
            "short": words("Stop where money brings less than {rate} times itself", rate=words.number(rate))}  # fmt: skip


def log_says(judged: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What the log says of the policy: doubly robust beside logged and replay. judged: frame of `sequence_page.judged`."""
    by = judged.set_index("policy")
    ours, then, naive = by.loc["sequence"], by.loc["logged"], by.loc["replay"]
    text = words(
        "Judged by the log itself, this sequence brings **{ours}** a consumer in {days} days (80%: {low} to {high}); what was "
        "shown in the log brought {then} ({then_low} to {then_high}).",
        ours=words.money(round(ours.value)), low=words.money(round(ours.low)), high=words.money(round(ours.high)), days=28,
        then=words.money(round(then.value)), then_low=words.money(round(then.low)), then_high=words.money(round(then.high)),
    )  # fmt: skip
    if not is_missing(naive.value):
        text = words("{first} {second}", first=text, second=words(
            "Replaying the log naively would say {naive}: whoever was shown these steps differs from the others.",
            naive=words.money(round(naive.value))))  # fmt: skip
    clear = ours.low > then.value
    worse = ours.high < then.value
    if worse:
        text = words("{first} {second}", first=text, second=words(
            "That is less than what was shown: do not run it on all before a trial."))  # fmt: skip
    elif not clear:
        text = words("{first} {second}", first=text, second=words(
            "The interval is wide because few logged steps agree with the sequence; only a trial tells more."))  # fmt: skip
    return {"kind": "model", "value": float(ours.value), "unit": "money_minor", "low": float(ours.low), "high": float(ours.high),
            "n": int(ours.n), "text": text, "verdict": "ahead" if clear else "behind" if worse else "careful",
            "compared": {"label": words("what was shown in the log"), "value": float(then.value)},
            "short": words("By the log: {ours} a consumer, {then} before", ours=words.money(round(ours.value)),
                           then=words.money(round(then.value))) if clear or worse
            else words("The log cannot tell it from what was shown"),
            "next_step": None if clear else words("Try the sequence on half of its audience before it runs on all.")}  # fmt: skip


def rows(ladder: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The sequence table with names, those first who get a step and of them the most valuable."""
    data = ladder.assign(**{c: ladder[c].astype("Float64").astype(float) for c in ("value", "low", "high")})
    data = data.assign(_got=data.channel_1.notna()).sort_values(["_got", "value"], ascending=False, ignore_index=True)
    for k in (1, 2, 3):
        names = zip(data[f"channel_{k}"], data[f"message_{k}"], strict=True)
        data[f"step_{k}"] = [step_name(c, m, words) for c, m in names]
    data["who"] = [words("{stage}, tier {n}", stage=_stage(s, stages, words), n=int(t) + 1)
                   for s, t in zip(data.stage, data.tier, strict=True)]  # fmt: skip
    last = [
        words("goes on") if is_missing(v) else words("at once") if v == 0 else words("{n} touches", n=int(v))
        for v in data.stops
    ]
    data["stop"] = last
    data["range"] = [
        MISSING if is_missing(a) else words("{low} to {high}", low=words.money(round(a)), high=words.money(round(b)))
        for a, b in zip(data.low, data.high, strict=True)
    ]
    return data


def columns(words: Words, priced: bool) -> dict[str, tuple[str, str]]:
    """Heads of the sequence table."""
    heads = {"who": (words("Who"), "text"), "consumers": (words("Consumers"), "count"), "step_1": (words("Next step"), "text"),
             "step_2": (words("Second step"), "text"), "step_3": (words("Third step"), "text"),
             "stop": (words("Stops after"), "text"),
             "value": (words("Brings"), "money"), "range": (words("Interval"), "text")}  # fmt: skip
    if priced:
        heads |= {"cost": (words("Cost"), "money"), "price": (words("Must bring"), "money")}
    return heads | {"n": (words("Steps in the log"), "count")}


def bars(ladder: pd.DataFrame, stages: Stages, words: Words) -> pd.DataFrame:
    """The picture: what the next (or the best) step brings by stage and tier, beside what it must bring."""
    data = rows(ladder, stages, words)
    data = data[data.value.notna()].head(BARS)
    label = [words("{who} · {step}", who=w, step=step_name(c, m, words))
             for w, c, m in zip(data.who, data.looked_at, data.says, strict=True)]  # fmt: skip
    out = pd.DataFrame({"label": label, "value": data.value, "low": data.low, "high": data.high,
                        "faint": data.channel_1.isna()})  # fmt: skip
    return out.assign(before=data.price) if (data.price > 0).any() else out


def policies(judged: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The off-policy table with names."""
    names = {"logged": words("As it was shown in the log"), "sequence": words("This sequence, doubly robust"),
             "replay": words("This sequence, naive replay")}  # fmt: skip
    return judged.assign(name=judged.policy.map(names))


def tiers(audiences: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The audiences under the tiers' names."""
    number = [int(c.removeprefix("tier-")) + 1 for c in audiences.crowd.astype(str)]
    return audiences.assign(name=[words("Tier {n}", n=n) for n in number])


def files(exported: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The tiers' files in words: name, channels, addressed, status. exported: as `run.keep` gave it."""
    known = {"written": words("written"), "refused": words("refused: too few"), "alone": words("only with audiences")}
    return tiers(exported, words).assign(
        status=[known[s] for s in exported.status],
        channels=[words(", ").join(channel_name(c, words) for c in str(by).split(", ")) for by in exported.channels],
    )


def absent(study: Any, alone: bool, words: Words) -> list[str]:
    """What the page would need and the data, or this run, do not have. alone: no audiences were exported in this run."""
    if study is None:
        return []
    found = (
        [words("Keys: this notebook ran by itself; `make report` writes those of the audiences, by tier.")]
        if alone
        else []
    )
    if study.budget is None:
        found.append(
            words("What a step costs is not known: spend by channel and day is missing, or the campaign has no budget.")
        )
    if not any(study.of.messages):
        found.append(words("Which message was shown is not known: creatives with their message are missing."))
    if not study.of.clicks:
        found.append(words("No clicks are recorded, so messages and repeated touches cannot be told apart."))
    if not study.of.told.trials:
        found.append(words("No trial of the brand held consumers out: values are credit, not proof."))
    return found
