"""A market that one can act on: play a plan for a period, and another one on the same people with the same chance.

All plans meet one random market: what two plays do not cause differently is the same to the last fen.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from twin import played as made
from twin.bought import Compiled, Compiler
from twin.market import Drawn, draw_market
from twin.people import People
from twin.plan import Plan
from twin.play import BLOCK, advance, consumers, ordered, world
from twin.worlds import World

WEEK = 7
States = dict[int, np.ndarray]  # category → (n, B + 1, COLUMNS)


@dataclass(frozen=True)
class Config:
    """A market's size, and places of priors.yml with another value, as in `draw_market`."""

    consumers: int = 12_000
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Played:
    """What was lived from day `begin` to before day `until` (numbers of the calendar) under a plan, or as usual.

    events: columns `FIELDS`, by consumer and time. states: where everybody stands at the end, to go on from. compiled: the
    plan as it was played, None as usual.
    """

    market: "Market"
    drawn: Drawn
    begin: int
    until: int
    events: np.ndarray
    states: States
    first_seq: int = 1
    compiled: Compiled | None = None

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Canonical tables of these days: events, spend and assignments of the period; the others as of its last day."""
        return made.tables(self)

    @property
    def lines(self) -> pd.DataFrame:
        """What each line of media brought, see `twin.played.lines`."""
        return made.lines(self)

    @property
    def last_day(self) -> date:
        """The last day lived."""
        return self.drawn.calendar.date(self.until - 1)


class Market:
    """A simulated market of `config`, drawn by `seed`; nothing in it changes by being played."""

    def __init__(self, config: Config | None = None, seed: int = 11) -> None:
        """Draw the market. Raises KeyError for a place that priors.yml does not have."""
        self.config, self.seed = config or Config(), seed
        if self.config.consumers < 1:
            raise ValueError(f"a market has at least one consumer, not {self.config.consumers}")
        self.drawn = draw_market(seed, dict(self.config.changes))
        self.crowd, self.seen = consumers(self.drawn, np.arange(1, self.config.consumers + 1))
        self._past: Played | None = None
        self._usual: tuple[Played | None, int, int, dict[int, np.ndarray]] = (None, 0, 0, {})

    def usual(
        self, last_day: date, *, after: Played | None = None, brand: str | None = None, rivals: bool = False,
        cores: int | None = None,
    ) -> Played:  # fmt: skip
        """Life as it is without a plan, up to last_day, from the beginning of history or on from `after`.

        brand: live its category only and record this brand alone; rivals: and its rivals' events.
        """
        drawn = after.drawn if after else self.drawn
        of = world(drawn, only=-1 if rivals else self._only(brand))
        return self._lived(drawn, of, self._number(last_day) + 1, after, brand, cores)

    def play(
        self, plan: Plan, *, after: Played | None = None, until: date | None = None, brand: str | None = None,
        rivals: bool = False, without: Mapping[str, Any] | None = None, salt: int = 0, cores: int | None = None,
    ) -> Played:  # fmt: skip
        """The market under a plan, from its first day to its last, or on to `until`, as usual again.

        after: go on from there (days between are lived as usual, and told); else from life as usual. brand: live its category
        only and record this brand alone: a tenth of the time; rivals: and its rivals' events. without: arguments of
        `twin.play.world`, causes that do not happen. salt: another chance from the plan's first day on. Raises ValueError where
        the plan does not fit the market.
        """
        calendar, first = self.drawn.calendar, self._number(plan.first_day)
        if not calendar.observed < first <= self._number(plan.last_day) < calendar.days:
            raise ValueError(
                f"the plan's days {plan.first_day} to {plan.last_day} do not lie in the market's, "
                f"{calendar.date(calendar.observed + 1)} to {calendar.date(calendar.days - 1)}"
            )
        if plan.brand is not None:
            self._only(plan.brand)
        if after is not None and after.until > first:
            raise ValueError(f"the plan begins on {plan.first_day}, but {after.last_day} has been lived already")
        eve = self.eve(plan.first_day, after, brand, cores, rivals=rivals)
        own = self.drawn.brands.index(plan.brand) if plan.brand else 0
        k = own // self.drawn.rules.brands
        if k not in eve.states:
            raise ValueError(f"brand {brand!r} is lived alone, and the plan is about {self.drawn.brands[own]!r}")
        compiled = Compiler(plan, eve.drawn, self.crowd, self._forecast(eve, plan, own), own).compiled()
        of = world(
            compiled.market, brand=own, quiet=compiled.quiet, more=compiled.extra,
            only=-1 if rivals else self._only(brand),
            salt_day=first - 1 if salt else 1 << 30, salt=salt, **dict(without or {}),
        )  # fmt: skip
        stop = self._number(until or plan.last_day) + 1
        later = self._lived(compiled.market, of, stop, eve, brand, cores, compiled)
        if after is None or eve is after:
            return later
        events = ordered(np.concatenate([eve.events, later.events]))
        return Played(self, compiled.market, eve.begin, stop, events, later.states, eve.first_seq, compiled)

    def eve(
        self, first_day: date, after: Played | None, brand: str | None, cores: int | None, *, rivals: bool = False
    ) -> Played:
        """Everybody as of the day before; life as usual up to it is kept, since many plans begin there."""
        eve = date.fromordinal(first_day.toordinal() - 1)
        if after is not None:
            at_once = after.last_day == eve
            return after if at_once else self.usual(eve, after=after, brand=brand, rivals=rivals, cores=cores)
        kept = self._past
        if kept is None or kept.last_day != eve or (brand is None and len(kept.states) < len(self.drawn.categories)):
            self._past = kept = self.usual(eve, brand=brand, cores=cores)
        return kept

    def _forecast(self, eve: Played, plan: Plan, brand: int) -> dict[int, np.ndarray]:
        """Where everybody would stand toward a brand if life went on as usual, by the week: day → (n, 2, COLUMNS)."""
        last = self._number(plan.last_day)
        known_from, known_brand, known_to, found = self._usual
        if known_from is eve and known_brand == brand and known_to >= last:
            return found
        k, b = brand // eve.drawn.rules.brands, brand % eve.drawn.rules.brands
        found = {eve.until: eve.states[k][:, [b, -1]]}
        now = eve
        for day in range(eve.until + WEEK, last + 1, WEEK):
            now = self.usual(eve.drawn.calendar.date(day - 1), after=now, brand=eve.drawn.brands[brand])
            found[day] = now.states[k][:, [b, -1]]
        self._usual = (eve, brand, last, found)
        return found

    def _lived(
        self, drawn: Drawn, of: World, stop: int, after: Played | None, brand: str | None, cores: int | None,
        compiled: Compiled | None = None,
    ) -> Played:  # fmt: skip
        begin = after.until if after else 0
        if not begin < stop <= drawn.calendar.days:
            raise ValueError(f"there is nothing to live from day {begin} to {stop} of {drawn.calendar.days}")
        only = self._only(brand)
        every = range(len(drawn.categories)) if only < 0 else [only // drawn.rules.brands]
        if after and not set(every) <= set(after.states):
            raise ValueError("what was lived before holds one brand's category only")
        crowd = self.crowd if compiled is None else self.crowd._replace(listed=compiled.listed)
        n = len(crowd.number)

        def one(start: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
            part = People(*(a[start : start + BLOCK] for a in crowd))
            rows, ends = [], {}
            for k in every:
                before = after.states[k][start : start + BLOCK] if after else None
                events, ends[k] = advance(drawn, part, of, k, begin, stop, before, keep=True)
                rows.append(events)
            both = np.concatenate(rows)
            both[:, 0] = part.number[both[:, 0]]
            return ordered(both), ends

        with ThreadPoolExecutor(cores or os.cpu_count()) as pool:
            parts = list(pool.map(one, range(0, n, BLOCK)))
        states = {k: np.concatenate([ends[k] for _, ends in parts]) for k in every}
        first_seq = after.first_seq + len(after.events) if after else 1
        return Played(self, drawn, begin, stop, np.concatenate([e for e, _ in parts]), states, first_seq, compiled)

    def _only(self, brand: str | None) -> int:
        if brand is not None and brand not in self.drawn.brands:
            raise ValueError(f"brand {brand!r} is not in this market; there are {', '.join(self.drawn.brands)}")
        return -1 if brand is None else self.drawn.brands.index(brand)

    def _number(self, day: date) -> int:
        return self.drawn.calendar.number(day)
