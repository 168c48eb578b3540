"""The sweep: one pass over events filed by consumer, one row out for each change of stage.

Each condition keeps the first day on which it would be inactive without new events (its expiry); a stage's expiry is the
latest of its clauses', a clause's the earliest of its members'. So a day without events costs nothing, and tomorrow's
lapses are known today. Consumers are independent; memory is the state of one of them.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from apex.ledger.rules import Counting, RuleSet
from apex.warehouse import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = np.iinfo(np.int32).max  # the expiry of an open status
LAPSED = np.iinfo(np.int32).min  # the expiry of what is not active


class Compiled(NamedTuple):
    """A rule set as arrays: one entry a simple condition, and clauses as ranges of conditions with their stage's number."""

    is_status: "NDArray[np.bool_]"
    mask: "NDArray[np.uint32]"  # bit b: the behaviour in place b counts (opens, for a status)
    closes: "NDArray[np.uint32]"  # bit b: the behaviour in place b closes the status
    window: "NDArray[np.int32]"
    at_least: "NDArray[np.int32]"
    by_event: "NDArray[np.bool_]"
    min_score: "NDArray[np.float64]"  # -inf: any score, and none
    min_value: "NDArray[np.int64]"  # the smallest int64: any value, and none
    clause_stage: "NDArray[np.int32]"
    clause_first: "NDArray[np.int32]"
    clause_end: "NDArray[np.int32]"
    stages: int


def compile_rules(rules: RuleSet) -> Compiled:
    """The rule set as the kernel's arrays."""
    place = {b: i for i, b in enumerate(schema.behaviours())}
    clauses = [(number, clause) for number, stage in enumerate(rules.stages, 1) for clause in stage.simple]
    simple = [c for _, clause in clauses for c in clause]
    ends = np.cumsum([len(clause) for _, clause in clauses])

    def bits(names: list[str]) -> int:
        return sum(1 << place[b] for b in set(names))

    counting = [c if isinstance(c, Counting) else None for c in simple]
    return Compiled(
        is_status=np.array([c is None for c in counting]),
        mask=np.array([bits(c.behaviour if isinstance(c, Counting) else [c.status.open]) for c in simple], np.uint32),
        closes=np.array([0 if isinstance(c, Counting) else bits([c.status.close]) for c in simple], np.uint32),
        window=np.array([c.within_days if c else 0 for c in counting], np.int32),
        at_least=np.array([c.at_least if c else 1 for c in counting], np.int32),
        by_event=np.array([bool(c and c.distinct == "event") for c in counting]),
        min_score=np.array([-np.inf if c is None or c.min_score is None else c.min_score for c in counting]),
        min_value=np.array(
            [np.iinfo(np.int64).min if c is None or c.min_value_minor is None else c.min_value_minor for c in counting],
            np.int64,
        ),
        clause_stage=np.array([n for n, _ in clauses], np.int32),
        clause_first=np.array([e - len(clause) for e, (_, clause) in zip(ends, clauses, strict=True)], np.int32),
        clause_end=np.array(ends, np.int32),
        stages=len(rules.stages),
    )


@njit(nogil=True, cache=True)
def _stage_expiries(rule, expiry, out):  # type: ignore[no-untyped-def]
    """Each stage's expiry from its conditions': latest clause, earliest member."""
    out[:] = LAPSED
    for j in range(len(rule.clause_stage)):
        first = NEVER
        for c in range(rule.clause_first[j], rule.clause_end[j]):
            first = min(first, expiry[c])
        stage = rule.clause_stage[j]
        out[stage] = max(out[stage], first)


@njit(nogil=True, cache=True)
def _deepest(stage_expiry, day):  # type: ignore[no-untyped-def]
    for stage in range(len(stage_expiry) - 1, 0, -1):
        if stage_expiry[stage] > day:
            return stage
    return 0


@njit(nogil=True, cache=True)
def _booked(rows, n, group, day, before, after, first_ever, event):  # type: ignore[no-untyped-def]
    """The rows with one more at place n; twice the room when it is full."""
    if n == len(rows):
        more = np.empty((2 * n, rows.shape[1]), rows.dtype)
        more[:n] = rows
        rows = more
    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = group, day, before, after
    rows[n, 4], rows[n, 5] = first_ever, event
    return rows


@njit(nogil=True, cache=True)
def sweep_filed(rule, starts, day, behaviour, score, value, last_day, asked):  # type: ignore[no-untyped-def]
    """Walk filed events once.

    starts: first row of each group (a consumer toward a brand, or what else the level keeps apart), then the number of
    rows; day: int32 days since 1970; behaviour: int8 places in the closed list; score: float64, NaN for none; value: int64,
    smallest for none; asked: int32, the days up to last_day whose positions are wanted, earliest first.
    Returns (rows, positions): rows int64[n, 6] = group, day, from, to, first_ever, event row or −1, in order of group and
    day; positions int32[asked, groups, 2 + stages] = stage at the end of the day, since, each stage's
    expiry.
    """
    conditions, groups = len(rule.mask), len(starts) - 1
    deepest = max(1, rule.at_least.max()) if conditions else 1
    ring = np.empty((conditions, deepest), np.int32)  # the last at_least days (or events) of each condition
    seen = np.empty(conditions, np.int64)
    opened = np.empty(conditions, np.int64)
    expiry = np.empty(conditions, np.int32)
    stage_expiry = np.empty(rule.stages + 1, np.int32)
    was = np.empty(rule.stages + 1, np.bool_)
    cause = np.empty(rule.stages + 1, np.int64)
    rows = np.empty((max(1024, len(day) // 4), 6), np.int64)
    positions = np.empty((len(asked), groups, rule.stages + 2), np.int32)
    n = 0
    for g in range(groups):
        seen[:] = 0
        opened[:] = 0
        expiry[:] = LAPSED
        stage_expiry[:] = LAPSED
        stage, since, first_ever, answered = 0, 0, 1, 0
        i, end = starts[g], starts[g + 1]
        while True:
            today = day[i] if i < end and day[i] <= last_day else last_day + 1
            answers = answered < len(asked) and asked[answered] < today
            until = asked[answered] + 1 if answers else today
            # What runs out before today, one row for each fall; what runs out today waits for today's events.
            while stage > 0 and stage_expiry[stage] < until:
                when = stage_expiry[stage]
                below = _deepest(stage_expiry, when)
                rows = _booked(rows, n, g, when, stage, below, 0, -1)
                n, stage, since = n + 1, below, when
            if answers:
                positions[answered, g, 0], positions[answered, g, 1] = stage, since
                positions[answered, g, 2:] = stage_expiry[1:]
                answered += 1
                continue
            if today > last_day:
                break
            for s in range(rule.stages + 1):
                was[s] = stage_expiry[s] > today
                cause[s] = -1
            while i < end and day[i] == today:
                bit = np.uint32(1) << np.uint32(behaviour[i])
                changed = False
                for c in range(conditions):
                    if rule.is_status[c]:
                        if rule.mask[c] & bit:
                            opened[c] += 1
                            expiry[c] = NEVER
                            changed = True
                        elif rule.closes[c] & bit and opened[c] > 0:
                            opened[c] -= 1
                            if opened[c] == 0:
                                expiry[c] = LAPSED
                                changed = True
                        continue
                    if not rule.mask[c] & bit or value[i] < rule.min_value[c]:
                        continue
                    if rule.min_score[c] > -np.inf and not score[i] >= rule.min_score[c]:
                        continue
                    k = rule.at_least[c]
                    if not rule.by_event[c] and seen[c] and ring[c, (seen[c] - 1) % k] == today:
                        continue
                    ring[c, seen[c] % k] = today
                    seen[c] += 1
                    if seen[c] >= k:
                        expiry[c] = ring[c, seen[c] % k] + rule.window[c]  # the oldest of the last k
                        changed = True
                if changed:
                    _stage_expiries(rule, expiry, stage_expiry)
                    for s in range(1, rule.stages + 1):
                        active = stage_expiry[s] > today
                        if active and not was[s]:
                            cause[s] = i
                        was[s] = active
                i += 1
            now = _deepest(stage_expiry, today)
            if now != stage:
                event = cause[now] if now > stage else -1
                rows = _booked(rows, n, g, today, stage, now, first_ever, event)
                n, stage, since, first_ever = n + 1, now, today, 0
    return rows[:n], positions
