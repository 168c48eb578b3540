"""What joining a brand's members changes, estimated as the page of members does, against lives in which nobody joins.

The cause: joining on the day of a purchase. Joining is drawn at a purchase; who buys more often has more occasions, and likes
the brand more, which nobody records. The outcome: what is paid in the 90 days after. Paired worlds share every draw, and from the
cohort's first day on nobody joins in the other one: a stricter
absence than that of the others in the estimate, of whom some join later, so that the estimate is a little low.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from apex.measure.joining import INTEREST, INTEREST_DAYS, PERIODS
from apex.model import effect, joined
from twin.market import HABITS, draw_market
from twin.play import advance, consumers, world
from twin.stages import AT, codes

SMALL, TIMES = 5000, 2  # consumers an analyst sees; the truth is that of so many times more
FIRST, LAST, DAYS = date(2023, 7, 24), date(2024, 7, 22), 90


def of_brand(events, *behaviours):
    frame = pd.DataFrame(
        events[np.isin(events[:, AT["behaviour"]], codes(*behaviours)) & (events[:, AT["brand"]] == 0)]
    )
    names = dict(enumerate(AT))
    frame = frame.rename(columns=names)
    return frame.assign(day=frame.minute // 1440)


def cohort(past, lived, first, last):
    """The frame of `measure.joining.cohort`, by a walk through the events of everybody."""
    events = np.concatenate([past, lived])
    bought = (
        of_brand(events, "buy").groupby(["consumer", "day"]).agg(value=("value", "sum"), business=("business", "min"))
    )
    turns = of_brand(events, "join", "leave").sort_values(["consumer", "minute"])
    joins = codes("join")[0]
    held, last_turn = {}, turns.groupby("consumer")
    for who, mine in last_turn:
        held[who] = list(zip(mine.day, mine.behaviour == joins, strict=True))
    looked = {who: mine.day.to_numpy() for who, mine in of_brand(events, *INTEREST).groupby("consumer")}
    rows = []
    for who, mine in bought.reset_index().groupby("consumer"):
        days, values = mine.day.to_numpy(), mine.value.to_numpy()
        for at in np.flatnonzero((days >= first) & (days <= last)):
            on = days[at]
            before = [state for day, state in held.get(who, []) if day < on]
            if before and before[-1]:
                continue
            gap = days - on
            row = {"consumer_id": who, "on": pd.Timestamp("2020-07-01") + pd.Timedelta(days=int(on)), "value_minor": values[at],
                   "joins": any(day == on and state for day, state in held.get(who, [])), "business": str(mine.business.iloc[at]),
                   "older_days": int((gap < -3 * DAYS).sum()), "older_minor": 0, "day": on}  # fmt: skip
            ago = on - looked.get(who, np.array([10**6]))
            row["interest"] = int(((ago > 0) & (ago <= INTEREST_DAYS)).sum())
            for k in PERIODS:
                part = (gap > 0) & (gap <= DAYS) if k == 0 else (gap >= DAYS * k) & (gap < DAYS * (k + 1))
                row |= {f"orders[{k}]": int(part.sum()), f"gmv_minor[{k}]": int(values[part].sum())}
            rows.append(row)
            break
    return pd.DataFrame(rows)


def one_market(seed, small=SMALL, times=TIMES):
    """The verdict on what joining changed among the first `small` consumers, the truth among all, and the wrong method."""
    m = draw_market(seed)
    n = small * times
    people, _ = consumers(m, np.arange(1, n + 1))
    first, last = m.calendar.number(FIRST), m.calendar.number(LAST)
    past, state = advance(m, people, world(m, only=0), 0, 0, first, keep=True)
    habits = m.rules.habits.copy()
    habits[HABITS.index("join")] = 0.0
    nobody = replace(m, rules=m.rules._replace(habits=habits))
    lived, without = (
        advance(w, people, world(w, only=0), 0, first, last + DAYS + 1, state.copy())[0] for w in (m, nobody)
    )
    every = cohort(past, lived, first, last)
    joiners = every[every.joins]
    other = of_brand(without, "buy").merge(
        joiners[["consumer_id", "day"]].set_axis(["consumer", "on"], axis=1), on="consumer"
    )
    gap = other.day - other.on
    truth = (joiners["gmv_minor[0]"].sum() - other.value[(gap > 0) & (gap <= DAYS)].sum()) / len(joiners)
    verdict = joined.judge(every[every.consumer_id < small].drop(columns="day"))["gmv_minor"]
    return verdict, float(truth), beside(past, lived, small, last)


def beside(past, lived, small, last):
    """The known-wrong method: what members brought beside other buyers of the year, in the days after the cohort's last."""
    events = np.concatenate([past, lived])
    bought, turns = of_brand(events, "buy"), of_brand(events, "join", "leave").sort_values(["consumer", "minute"])
    inside = turns[turns.day <= last].groupby("consumer").behaviour.last() == codes("join")[0]
    year = bought[(bought.day <= last) & (bought.day > last - 365)].consumer.unique()
    after = bought[(bought.day > last) & (bought.day <= last + DAYS)].groupby("consumer").value.sum()
    people = pd.DataFrame({"y": after.reindex(year, fill_value=0), "member": inside.reindex(year, fill_value=False)})
    people = people[people.index < small]
    return effect.naive(people[["y"]].set_axis([0], axis=1).astype(float), people.member.astype(bool))


def summary(found):
    """Coverage, its p against 95 %, bias and median width of the estimate and of members beside others."""
    out = {}
    for name, of in (("aipw", lambda v, b: v.evidence.defensible[0]), ("beside", lambda v, b: b)):
        told = [(of(v, b), truth) for v, truth, b in found]
        covers = [e.low <= truth <= e.high for e, truth in told]
        out[name] = {
            "markets": len(told), "coverage": np.mean(covers), "p": binomtest(int(np.sum(covers)), len(told), 0.95).pvalue,
            "bias": np.mean([e.effect - truth for e, truth in told]), "truth": np.mean([truth for _, truth in told]),
            "width": np.median([e.high - e.low for e, _ in told]),
        }  # fmt: skip
    return pd.DataFrame(out).T


@pytest.mark.slow
def test_two_hundred_markets():
    """Half an hour: each market is lived for four years, and its last fifteen months twice."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the kernel lets other threads run
        found = list(pool.map(one_market, range(200)))
    table = summary(found)
    assert table.p["aipw"] > 0.01 and abs(table.bias["aipw"]) < 0.5 * table.truth["aipw"] < table.bias["beside"], table
    assert table.p["beside"] < 0.01, table
    refused = np.mean([not v.identified for v, *_ in found])
    assert refused < 0.3, "where joining is drawn the verdict should seldom be refused"
