"""Whom to address first at a launch: crowds by how much more often they bought earlier ones early; and how many a test needs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from apex.measure.launch_people import NOW, STAGE
from apex.model import tgi

LEVEL = 0.95
FEW = 10  # early buyers of a crowd; of fewer nothing is ranked
COLUMNS = ["crowd", "kind", "early", "people", "launches", "rate", "lift", "low", "high", "reach"]
POWER, ALPHA = 0.8, 0.05


def lifts(counted: pd.DataFrame, stages: Sequence[str]) -> pd.DataFrame:
    """Crowds, highest low end first: how much more often their people bought a launch early than everybody.

    counted: of `measure.launch_people.crowds`. stages: those counted as reachable. Returns COLUMNS: early and people over all
    launches together (a person counts once a launch), rate, lift (over that of everybody) with its interval (see
    `model.tgi`), widened by how much more launches differ than chance would have them, reach (people in it now, at one of
    `stages`), and ranked (bool: at least FEW early buyers, and the interval above 1).
    """
    then = counted[counted.item_id != NOW]
    whole = then[then.kind == ""].set_index("item_id")[["people", "early"]]
    now = counted[(counted.item_id == NOW) & counted.stage.isin(list(stages))].groupby(["kind", "crowd"]).people.sum()
    rows = []
    for (kind, crowd), part in then[then.kind != ""].groupby(["kind", "crowd"], sort=True):
        mine = part.set_index("item_id")[["people", "early"]].reindex(whole.index, fill_value=0)
        x = np.array([[mine.early.sum()], [0], [(mine.people - mine.early).sum()]], float)
        n = np.array([[whole.early.sum()], [0], [(whole.people - whole.early).sum()]], float)
        lift, low, high = (float(v[0]) for v in tgi.interval_inside(x, n, LEVEL))
        more = np.sqrt(_over(mine, whole, lift))
        low, high = (lift * (end / lift) ** more if lift > 0 and end > 0 else end for end in (low, high))
        people, early = int(mine.people.sum()), int(mine.early.sum())
        rows.append(
            (crowd, kind, early, people, len(whole), early / people, lift, low, high, int(now.get((kind, crowd), 0)))
        )
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({"reach": "int64", "early": "int64", "people": "int64"})
    frame["ranked"] = (frame.early >= FEW) & (frame.low > 1)
    return frame.sort_values(["ranked", "low", "crowd"], ascending=[False, False, True], ignore_index=True)


def joined(counted: pd.DataFrame, stages: Sequence[str], least: int) -> pd.DataFrame:
    """Stages of fewer than `least` early buyers, none aside, taken together with the next deeper one ("A+I").

    A small count alone would have to be hidden, and with it another stage, from which it could be had.
    """
    early = counted[(counted.kind == STAGE) & (counted.item_id != NOW)].groupby("crowd").early.sum()
    names: dict[str, str] = {}
    waiting: list[str] = []
    for stage in stages:
        waiting.append(stage)
        some = int(early.reindex(waiting).fillna(0).sum())
        if some == 0 or some >= least or stage == stages[-1]:
            names |= dict.fromkeys(waiting, "+".join(waiting))
            waiting = []
    at = counted.kind == STAGE
    made = counted.assign(crowd=counted.crowd.where(~at, counted.crowd.map(names).fillna(counted.crowd)))
    return made.groupby(["item_id", "crowd", "kind", "stage"], as_index=False)[["people", "early"]].sum()


def _over(mine: pd.DataFrame, whole: pd.DataFrame, lift: float) -> float:
    """Pearson's dispersion of early buyers over launches, at least 1, given one lift for all."""
    share = np.clip(lift * (mine.people / whole.people), 0, 1)
    expected = whole.early * share
    there = (expected > 0) & (share < 1)
    if there.sum() < 2:
        return 1.0
    square = (mine.early - expected)[there] ** 2 / (expected * (1 - share))[there]
    return max(float(square.sum() / (there.sum() - 1)), 1.0)


def needed(base: float, lift: float, power: float = POWER, alpha: float = ALPHA) -> int | None:
    """People in each of two equal groups that tell `base` from `base` × (1 + lift); None where that is no test.

    Two shares by the normal approximation of the arcsine, two-sided (Cohen, 1988, ch. 6): what statsmodels' NormalIndPower
    finds by search, without its second of imports; a test holds the two together.
    """
    if not (0 < base < 1 and lift > 0 and base * (1 + lift) < 1):
        return None
    from scipy.special import ndtri

    size = 2 * (np.arcsin(np.sqrt(base * (1 + lift))) - np.arcsin(np.sqrt(base)))
    return int(np.ceil(2 * ((ndtri(1 - alpha / 2) + ndtri(power)) / size) ** 2))


def tellable(base: float, people: int, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """The least lift that two groups of `people` each tell; None where none does."""
    if not 0 < base < 1 or people < 2:
        return None
    from scipy.special import ndtri

    reach = (ndtri(1 - alpha / 2) + ndtri(power)) * np.sqrt(2 / people)
    angle = 2 * np.arcsin(np.sqrt(base)) + reach
    if angle >= np.pi:
        return None
    return float(np.sin(angle / 2) ** 2 / base - 1)


def tests(kinds: Sequence[tuple[str, float, int]], asked: Sequence[float]) -> pd.DataFrame:
    """Sample sizes: kind, base, lift, each (people a group), both (of the two), reach, enough (bool), least (the least lift
    that all people there are tell, half of them in each group).

    kinds: name, base rate, people there are. asked: lifts (0.5: half as much again). Kinds without a base are left out.
    """
    rows = []
    for kind, base, reach in kinds:
        for lift in asked:
            each = needed(base, lift)
            if each is not None:
                rows.append((kind, base, lift, each, 2 * each, reach, 2 * each <= reach, tellable(base, reach // 2)))
    frame = pd.DataFrame(rows, columns=["kind", "base", "lift", "each", "both", "reach", "enough", "least"])
    return frame.astype({"least": "Float64"})
