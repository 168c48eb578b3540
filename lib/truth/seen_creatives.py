"""What anybody can count of creatives: contacts, clicks, and the sales whose last contact they were."""

import numpy as np
import pandas as pd

from twin.contact import CLICKED, EXPOSE, WATCHED
from twin.purchase import BUY
from twin.stages import AT

WINDOW = 15  # days in which a contact may be a purchase's last


def contacts(events: np.ndarray) -> pd.DataFrame:
    """Contacts with creatives: consumer, minute, creative, clicked, number (of the consumer's contacts with it before).

    events: rows of one brand, columns `FIELDS`. A click is its contact's, a minute later.
    """
    what = events[:, AT["behaviour"]]
    shown = events[((what == EXPOSE) | (what == WATCHED)) & (events[:, AT["creative"]] >= 0)]
    names = ["consumer", "minute", "creative", "channel"]
    frame = pd.DataFrame({n: shown[:, AT[n]].astype(np.int64) for n in names})
    frame = frame.sort_values(["consumer", "minute"], kind="stable", ignore_index=True)
    clicks = events[(what == CLICKED) & (events[:, AT["creative"]] >= 0)]
    clicked = pd.DataFrame({n: clicks[:, AT[n]].astype(np.int64) for n in names})
    clicked = clicked.assign(minute=clicked.minute - 1).groupby(names).size()
    found = clicked.reindex(pd.MultiIndex.from_frame(frame[names])).fillna(0).to_numpy()
    number = frame.groupby(["consumer", "creative"]).cumcount()
    return frame.assign(clicked=np.minimum(found, 1).astype(int), number=number)


def last_touch(met: pd.DataFrame, events: np.ndarray) -> pd.DataFrame:
    """orders and gmv_minor by creative: purchases whose last contact of `WINDOW` days before was with it.

    met: of `contacts`; events: the same brand's.
    """
    bought = events[events[:, AT["behaviour"]] == BUY]
    long = np.int64(1) << 32
    key = met.consumer.to_numpy() * long + met.minute.to_numpy()
    at = bought[:, AT["consumer"]].astype(np.int64) * long + bought[:, AT["minute"]]
    place = np.searchsorted(key, at, side="right") - 1
    near = (place >= 0) & (at - key[place] <= WINDOW * 1440)  # of another consumer it is farther
    frame = pd.DataFrame({
        "creative": met.creative.to_numpy()[place[near]], "value": bought[near, AT["value"]],
        "order": at[near] // long * long + bought[near, AT["basket"]],
    })  # fmt: skip
    return frame.groupby("creative").agg(orders=("order", "nunique"), gmv_minor=("value", "sum"))


def weariness(met: pd.DataFrame, days: float) -> pd.DataFrame:
    """`met` of `contacts` with what each contact met: `weary`, contacts before it, each e^(−days since / days).

    Only contacts with a creative count, those of the first observed days are not followed by what lay before them.
    """
    met = met.sort_values(["consumer", "minute"], kind="stable", ignore_index=True)
    day = met.minute.to_numpy() // 1440
    rank = met.groupby("consumer").cumcount().to_numpy()
    weary = np.zeros(len(met))
    for step in range(1, int(rank.max(initial=0)) + 1):  # the n-th contacts of all consumers at once
        at = np.flatnonzero(rank == step)
        weary[at] = (weary[at - 1] + 1) * np.exp(-(day[at] - day[at - 1]) / days)
    return met.assign(weary=weary)
