"""What `4_wrapup/events` reads: the campaign's own event days and earlier ones, by three methods, and their people."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from apex.measure import daily_trade, event_people
from apex.measure.event_calendar import COLUMNS
from apex.model import event_days, event_series
from apex.model.rates import difference
from apex.report.run import Run
from apex.report.upstream import calendar

MEASURES = ("orders", "gmv_minor")
METHODS = ["event", "measure", "block", "days"]
RIVALS = ("plain", "usual")
REPEAT = ["share", "low", "high", "plain", "more", "more_low", "more_high"]
JOINS = ["effect", "low", "high", "net", "net_low", "net_high"]
SEED = 11
THIS = "this"  # the campaign's own events


@dataclass(frozen=True)
class Study:
    """lead, after: as of `calendar.Study`; again: days within which a new buyer buys again; around: plain days of the chart."""

    run: Run
    lead: int
    after: int
    again: int
    around: int = 14

    @cached_property
    def calendar(self) -> calendar.Study:
        """The calendar's study on this day."""
        return calendar.Study(self.run, self.lead, self.after)

    @property
    def trade(self) -> pd.DataFrame:
        """The brand's days, see `calendar.Study.trade`."""
        return self.calendar.trade

    @cached_property
    def narrowed(self) -> bool:
        """Whether the calendar leaves too few plain days: then only the campaign's own and compared events count as such."""
        return len(self.calendar.spans) > 0 and self.calendar.plain_days < event_days.LEAST_DAYS

    @cached_property
    def own(self) -> list[str]:
        """The campaign's own events that have begun: those of its id, else those in its window, else the window itself."""
        known, campaign = self.calendar.past, self.run.campaign
        first, last = campaign.window
        named = known[known.campaign_id == campaign.campaign_id] if campaign.campaign_id else known.head(0)
        inside = known[(known.first_day <= last) & (known.last_day >= first) & (known.first_day >= first)]
        found = list((named if len(named) else inside).event)
        return found or [self._window.event[0]]

    @property
    def _window(self) -> pd.DataFrame:
        """The campaign's window as an event, for a brand whose calendar knows none in it."""
        first, last = self.run.campaign.window
        name = self.run.words.name(self.run.campaign.title)
        one = (f"{first} {name}", name, "mailing", self.run.campaign.campaign_id, first - timedelta(days=self.lead), first, last,
               last + timedelta(days=self.after))  # fmt: skip
        return pd.DataFrame([one], columns=COLUMNS)

    @cached_property
    def events(self) -> pd.DataFrame:
        """All that count as events here: `calendar.Study.spans`, narrowed or with the window where need be."""
        spans = self.calendar.spans
        if self.narrowed:
            spans = spans[spans.event.isin(self.own) | spans.campaign_id.isin(list(self.run.campaign.compare))]
        missing = not spans.event.isin(self.own).any()
        both = pd.concat([spans, self._window], ignore_index=True) if missing and len(spans) else spans
        both = self._window if missing and spans.empty else both
        return both.sort_values(["first_day", "event"], ignore_index=True)

    @cached_property
    def past(self) -> pd.DataFrame:
        """Those of them that have begun within the days looked at."""
        e, days = self.events, self.trade.day.tail(event_series.LONGEST)
        return e[(e.first_day <= self.run.as_of) & (e.last_day >= days.iloc[0])].reset_index(drop=True)

    @cached_property
    def taken(self) -> pd.DataFrame:
        """`event_days.assign` of all days."""
        return event_days.assign(self.trade.day, self.events)

    @property
    def plain_days(self) -> int:
        """Days that belong to no event."""
        return int(self.taken.event.isna().sum())

    @cached_property
    def told(self) -> dict[str, event_series.Told]:
        """`event_series.tell` by measure."""
        return {
            m: event_series.tell(self.trade, self.events, m, np.random.default_rng(SEED), list(self.past.event))
            for m in MEASURES
        }

    @cached_property
    def effects(self) -> pd.DataFrame:
        """A row an event, measure and block: event, name, kind, first_day, last_day, buyers, measure, and the series' EFFECTS."""
        found = [self.told[m].effects(self.past.event).assign(measure=m) for m in MEASURES]
        both = self.past[["event", "name", "kind", "first_day", "last_day"]].merge(pd.concat(found), on="event")
        day = self.run.as_of
        windows = self.past.assign(first_day=self.past.before_day, last_day=[min(d, day) for d in self.past.until_day])
        people = daily_trade.buyers_on(self.run.warehouse, self.run.brand, self.calendar.category, windows)
        return both.merge(people, on="event", how="left")

    @property
    def cannot(self) -> str:
        """Why there is no number of the campaign's own event; empty where there is one."""
        e = self.effects
        found = e[(e.event == self.own[0]) & (e.measure == "orders") & (e.block == "net")].cannot
        return str(found.iloc[0]) if len(found) else "no_days"

    @cached_property
    def methods(self) -> pd.DataFrame:
        """The three methods beside each other: METHODS, and series, plain (the regression of plain days) and usual (the day less
        the usual day), each with _low and _high; plain_apart, usual_apart: its number lies outside the series' interval.
        """
        out = self.effects[[*METHODS, "effect", "low", "high"]].rename(
            columns={"effect": "series", "low": "series_low", "high": "series_high"}
        )
        for name, estimate in zip(RIVALS, (event_days.effects, event_series.naive), strict=True):
            found = pd.concat([estimate(self.trade, self.events, m).assign(measure=m) for m in MEASURES])
            found = found[["event", "measure", "block", "effect", "low", "high"]].set_axis(
                [*METHODS[:3], name, f"{name}_low", f"{name}_high"], axis=1
            )
            out = out.merge(found, on=METHODS[:3], how="left")
        outside = {f"{n}_apart": (out[n] < out.series_low) | (out[n] > out.series_high) for n in RIVALS}
        return out.assign(**outside)

    def days(self) -> pd.DataFrame:
        """GMV day by day around the campaign's own first event, `event_series.Told.days`."""
        return self.told["gmv_minor"].days(self.own[0], self.around)

    @cached_property
    def joins(self) -> pd.DataFrame:
        """Members won beyond plain days, a row an event of `mainly`: event, buyers (as in `effects`), JOINS (its days; net)."""
        trade = self.trade.assign(joins=self._joined.to_numpy())
        told = event_series.tell(trade, self.events, "joins", np.random.default_rng(SEED), self.mainly)
        found = told.effects(self.mainly).set_index(["event", "block"])
        parts = [found.xs(block, level="block")[["effect", "low", "high"]] for block in ("on", "net")]
        out = pd.concat([p.set_axis(JOINS[3 * n : 3 * n + 3], axis=1) for n, p in enumerate(parts)], axis=1)
        buyers = self.effects.drop_duplicates("event").set_index("event").buyers
        return (
            out.assign(buyers=buyers.reindex(out.index)).rename_axis("event").reset_index()[["event", "buyers", *JOINS]]
        )

    @cached_property
    def _joined(self) -> pd.Series:
        return event_people.joins(self.run.warehouse, self.run.brand, self.trade.day)

    @property
    def anybody(self) -> bool:
        """Whether anybody joined the brand on the days looked at."""
        return bool(self._joined.sum() > 0)

    @property
    def festivals(self) -> bool:
        """Whether the brand has held own festivals."""
        return bool((self.past.kind == "own").any())

    @property
    def compared(self) -> list[str]:
        """Events of the campaigns that this one is compared with."""
        return list(self.events.event[self.events.campaign_id.isin(list(self.run.campaign.compare))])

    def marks(self) -> list[tuple[date, str]]:
        """The first days of the campaign's own events, with their names."""
        mine = self.events[self.events.event.isin(self.own)]
        return list(zip(mine.first_day, mine["name"], strict=True))

    @property
    def mainly(self) -> list[str]:
        """Own festivals that were, else the campaign's own events: whose effect on people is told."""
        own = list(self.past.event[self.past.kind == "own"])
        return own or [e for e in self.past.event if e in self.own]

    @cached_property
    def repeat(self) -> pd.DataFrame:
        """New buyers by kind of day and who bought again within `again` days: kind (this: the campaign's own events, else own,
        platform or mailing; plain), buyers, again, REPEAT (plain: share of plain days).
        """
        of, kinds = self.run, dict(zip(self.past.event, self.past.kind, strict=True))
        kinds |= {**dict.fromkeys(self.own, THIS), event_people.PLAIN: event_people.PLAIN}
        found = event_people.again(of.warehouse, of.brand, self.trade.day, self.taken, of.as_of, self.again)
        found = found.assign(kind=found.event.map(kinds)).groupby("kind")[["buyers", "again"]].sum().reset_index()
        plain = found[found.kind == event_people.PLAIN].iloc[0]
        rows = [_repeat(row, plain) for row in found.to_dict("records")]
        return pd.DataFrame(rows, columns=["kind", "buyers", "again", *REPEAT])

    @cached_property
    def placebo(self) -> pd.DataFrame:
        """`event_series.placebo` of orders."""
        return event_series.placebo(self.trade, self.events, "orders", np.random.default_rng(SEED))


def _repeat(row: dict[str, Any], plain: pd.Series) -> tuple[object, ...]:
    """A row of `Study.repeat`: shares with Wilson's interval, and the difference to plain days with Newcombe's."""
    from statsmodels.stats.proportion import proportion_confint

    share = low = high = usual = more = more_low = more_high = float("nan")
    buyers, again = int(row["buyers"]), int(row["again"])
    if buyers:
        share = again / buyers
        low, high = (float(v) for v in proportion_confint(again, buyers, method="wilson"))
    if plain.buyers:
        usual = plain.again / plain.buyers
    apart = difference(again, buyers, int(plain.again), int(plain.buyers))
    if apart is not None and row["kind"] != event_people.PLAIN:
        more, more_low, more_high = apart.value, apart.low, apart.high
    return row["kind"], buyers, again, share, low, high, usual, more, more_low, more_high
