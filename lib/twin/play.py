"""Worlds and their playing: blocks of consumers, side by side on threads, put together in the order of the consumers."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from twin.life import COLUMNS, World, live
from twin.market import Market
from twin.people import People, people
from twin.purchase import FIELDS

BLOCK = 250  # consumers played at a time
MINUTES = np.int64(1 << 32)
AHEAD = 4  # blocks a core that are played before the first of them is taken


def world(
    market: Market,
    *,
    brand: int = 0,
    channels: tuple[int, ...] = (),
    campaigns: tuple[int, ...] = (),
    contents: tuple[int, ...] = (),
    event_days: tuple[tuple[int, int], ...] = (),
    force: dict[int, int] | None = None,
    only: int = -1,
    salt_day: int = 1 << 30,
    salt: int = 0,
) -> World:
    """The factual world, or one without some causes of `brand`: channels, campaigns' media, contents, event days [first, last].

    force: trial → 0 (everybody on its list held out) or 1 (everybody treated). only: record this brand alone. After
    `salt_day` chance is drawn anew with `salt`, so that a state's future can be played many times.
    """
    channel = np.ones((len(market.brands), len(market.channels)), bool)
    channel[brand, list(channels)] = False
    campaign = np.ones(max(1, len(market.campaigns)), bool)
    campaign[list(campaigns)] = False
    content = np.ones(max(1, len(market.contents["brand"])), bool)
    content[list(contents)] = False
    event, lift = market.event_discount.copy(), market.event_lift.copy()
    for first, last in event_days:
        event[brand, first : last + 1] = 0.0
        lift[brand, first : last + 1] = 0.0
    forced = np.full(max(1, len(market.trials)), -1, np.int8)
    for trial, arm in (force or {}).items():
        forced[trial] = arm
    return World(
        channel,
        campaign,
        content,
        _by_day(np.maximum(market.discount, event)),
        _by_day(lift),
        forced,
        int(only),
        int(salt_day),
        int(salt),
    )


def consumers(market: Market, numbers: np.ndarray) -> tuple[People, dict[str, np.ndarray]]:
    """Consumers of these numbers (1 … n); they are the same in a market of any size."""
    return people(market.spec, market.seed, numbers, len(market.brands), market.trials)


def play(
    market: Market,
    numbers: np.ndarray,
    of: World | None = None,
    *,
    categories: tuple[int, ...] | None = None,
    until: int | None = None,
    cores: int | None = None,
    block: int = BLOCK,
) -> Iterator[np.ndarray]:
    """Events of the consumers of these numbers in one world, a block at a time, columns `FIELDS`, by consumer and time.

    categories: play these only; until: stop before this day. Neither `cores` nor `block` changes a row.
    """
    of = world(market) if of is None else of
    every = tuple(range(len(market.categories))) if categories is None else categories
    stop = market.calendar.days if until is None else until
    blocks = [numbers[a : a + block] for a in range(0, len(numbers), block)]

    def one(part: np.ndarray) -> np.ndarray:
        crowd, _ = consumers(market, part)
        rows = [advance(market, crowd, of, k, 0, stop)[0] for k in every]
        events = np.concatenate(rows)
        events[:, 0] = part[events[:, 0]]
        # Stable: what happens in the same minute keeps the order in which it was lived.
        return events.take(np.argsort(events[:, 0] * MINUTES + events[:, 1], kind="stable"), axis=0)

    cores = cores or os.cpu_count() or 1
    if cores == 1 or len(blocks) == 1:
        yield from map(one, blocks)
        return
    with ThreadPoolExecutor(cores) as pool:
        ahead: deque[Future[np.ndarray]] = deque()  # a few blocks only: who reads slowly must not fill the memory
        for part in blocks:
            ahead.append(pool.submit(one, part))
            if len(ahead) > AHEAD * cores:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def advance(
    market: Market,
    crowd: People,
    of: World,
    category: int,
    begin: int = 0,
    until: int | None = None,
    before: np.ndarray | None = None,
    *,
    keep: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """One stretch of some consumers' lives in one category: (events, states at its end if `keep`).

    A life in two stretches is the life in one, so that many worlds can start from one past. Column 0 of the events is the
    consumer's row in `crowd`; rows are in the order of consumers, not of time.
    """
    rules, n = market.rules, len(crowd.number)
    stop = market.calendar.days if until is None else until
    none = np.zeros((0, rules.brands + 1, COLUMNS))
    after = np.zeros((n, rules.brands + 1, COLUMNS)) if keep else none
    room = 1000 + (1500 if of.brand < 0 else 300) * n  # pages that are not written cost nothing
    while True:
        out = np.empty((room, len(FIELDS)), np.int32)
        work = np.zeros((rules.brands, COLUMNS)), np.zeros(1, np.int64)
        needed = live(rules, crowd, of, *work, category, begin, stop, none if before is None else before, after, out)
        if needed <= room:
            return out[:needed].copy(), after
        room = int(needed)


def _by_day(of: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(of.T)
