"""What `1_insight/market` says of the category's consumers: how many are where, and as deep with us."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from apex.show.say.wording import after
from apex.show.words import Words, is_missing

Stages = Sequence[tuple[str, str]]


def reach(held: pd.DataFrame, stages: Stages, words: Words) -> dict[str, Any]:
    """How many of the category's consumers hold as deep a relation with us. held: the frame of `measure.relations`, as shown."""
    known = held[~held.suppressed & (held.consumers > 0)]
    if known.empty:
        text = words("Too few consumers hold a relation with the category to show how many.")
        return {"kind": "not identified", "short": words("Too few consumers in the category to show"), "text": text}
    deepest = known.iloc[-1]
    name = dict(stages)[str(deepest.stage)]
    share = float(deepest.ours / deepest.consumers)
    told = {"n": int(deepest.consumers), "stage": name, "share": words.share(share), "rest": int(deepest.rest)}
    text = words("**{n}** consumers are {stage} toward the category; **{share}** of them are as deep with us, {rest} are not.",
                 **told)  # fmt: skip
    total = held.consumers.sum()
    if not held.consumers.isna().any():
        text = after(text, words("{n} consumers in all hold a relation with the category.", n=int(total)), words)
    step = None
    if int(deepest.rest):
        step = words("Address first the {rest} who are {stage} toward the category and not toward us: they need no lesson in "
                     "the category.", **told)  # fmt: skip
    return {"kind": "counted", "value": share, "unit": "share", "n": int(deepest.consumers), "text": text, "next_step": step,
            "short": words("{share} of the category's {stage} are as deep with us", **told)}  # fmt: skip


def reach_bars(held: pd.DataFrame) -> pd.DataFrame:
    """The share as deep with us at each of the category's stages, as bars: label (stage), value (and suppressed)."""
    value = (held.ours / held.consumers.where(held.consumers > 0)).astype("Float64")
    return pd.DataFrame({"label": held.stage.astype(str), "value": value, "suppressed": held.suppressed})


def named(stages: Stages) -> Callable[[object], str]:
    """A format for `show.table`: a stage's id as its name."""
    names = dict(stages)
    return lambda stage: "" if is_missing(stage) else names[str(stage)]
