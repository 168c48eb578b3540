"""Worlds and their playing: blocks of consumers, side by side on threads, put together in the order of the consumers."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from twin.life import live
from twin.lines import Line, Sequenced, lines, steps
from twin.market import Drawn
from twin.people import People, people
from twin.purchase import COLUMNS, FIELDS
from twin.services import effects
from twin.worlds import EVERYBODY, NOBODY, World

BLOCK = 250  # consumers played at a time
MINUTES = np.int64(1 << 32)
AHEAD = 4  # blocks a core that are played before the first of them is taken


@dataclass(frozen=True)
class Extra:
    """What a plan adds to a world; campaigns: how many numbers its lines use beyond the market's own campaigns.

    events: (first day, discount by day, utility by day) of the brand's event days. offers: (first day, last day, kind, whom) of
    benefits on trips, whom as in `World.offer`.
    """

    lines: tuple[Line, ...] = ()
    sequences: tuple[Sequenced, ...] = ()
    events: tuple[tuple[int, np.ndarray, np.ndarray], ...] = ()
    offers: tuple[tuple[int, int, int, int], ...] = ()
    campaigns: int = 0


def world(
    market: Drawn,
    *,
    brand: int = 0,
    channels: tuple[int, ...] = (),
    campaigns: tuple[int, ...] = (),
    contents: tuple[int, ...] = (),
    creatives: tuple[int, ...] = (),
    event_days: tuple[tuple[int, int], ...] = (),
    services: tuple[int, ...] = (),
    quiet: tuple[int, int] | None = None,
    more: Extra | None = None,
    force: dict[int, int] | None = None,
    only: int = -1,
    salt_day: int = 1 << 30,
    salt: int = 0,
) -> World:
    """The factual world, or one without some causes of `brand`: channels, campaigns' media, contents, creatives, event days.

    services: these are not rendered (whoever is served). quiet: (first, last) day without the brand's usual media, benefits
    and event days; more: what a plan does instead. force: trial → 0 (everybody on its list held out) or 1 (everybody treated).
    only: record this brand alone. After `salt_day` chance is drawn anew with `salt`, so that a state's future can be played
    many times.
    """
    extra = more or Extra()
    channel = np.ones((len(market.brands), len(market.channels)), bool)
    channel[brand, list(channels)] = False
    campaign = np.ones(len(market.campaigns) + extra.campaigns, bool)
    campaign[list(campaigns)] = False
    content = np.ones(max(1, len(market.contents["brand"])), bool)
    content[list(contents)] = False
    creative = np.ones(market.creatives["message"].shape, bool)
    creative[brand, list(creatives)] = False
    event, lift = market.event_discount.copy(), market.event_lift.copy()
    offer = np.where(market.offer, EVERYBODY, NOBODY).astype(np.int64)
    if quiet:
        offer[quiet[0] : quiet[1] + 1, brand] = NOBODY
    for first, last, kind, whom in extra.offers:
        offer[first : last + 1, brand, kind] = whom
    for first, last in [*event_days, *([quiet] if quiet else [])]:
        event[brand, first : last + 1] = 0.0
        lift[brand, first : last + 1] = 0.0
    for first, depth, pull in extra.events:
        days = slice(first, first + len(depth))
        event[brand, days] = np.maximum(event[brand, days], depth)
        lift[brand, days] = np.maximum(lift[brand, days], pull)
    served, served_lift = effects(market.spec, market.seed, market.calendar, market.services, market.brands, services)
    forced = np.full(max(1, len(market.trials)), -1, np.int8)
    for trial, arm in (force or {}).items():
        forced[trial] = arm
    everything = [*market.lines, *extra.lines]
    return World(
        channel=channel,
        campaign=campaign,
        content=content,
        creative=creative,
        discount=_by_day(np.maximum(market.discount, event)),
        lift=_by_day(lift) + served_lift,
        served=served,
        offer=offer,
        force=forced,
        quiet_brand=brand if quiet else -1,
        quiet_first=int(quiet[0]) if quiet else 0,
        quiet_last=int(quiet[1]) if quiet else -1,
        lines=lines(everything, market.calendar.days),
        steps=steps(extra.sequences, len(market.messages)),
        brand=int(only),
        salt_day=int(salt_day),
        salt=int(salt),
    )


def consumers(market: Drawn, numbers: np.ndarray) -> tuple[People, dict[str, np.ndarray]]:
    """Consumers of these numbers (1 … n); they are the same in a market of any size."""
    return people(market.spec, market.seed, numbers, len(market.brands), market.trials)


def play(
    market: Drawn,
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
        return ordered(events)

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


def ordered(events: np.ndarray) -> np.ndarray:
    """Events by consumer and time; what happens in the same minute keeps the order in which it was lived."""
    return events.take(np.argsort(events[:, 0] * MINUTES + events[:, 1], kind="stable"), axis=0)


def advance(
    market: Drawn,
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
