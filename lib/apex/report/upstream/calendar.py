"""What `2_plan/calendar` computes, so that other notebooks and tests can have it: event days, their effects, dates to come."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from apex.measure import daily_trade, event_calendar
from apex.measure.market import NO_CATEGORY, category_of
from apex.model import event_dates, event_days, event_pool
from apex.report.run import Run
from apex.report.upstream import knobs
from apex.show.say import calendar as say

MEASURES = ("orders", "gmv_minor", "new_buyers")
AHEAD = 364  # days of the calendar to come


@dataclass(frozen=True)
class Study:
    """Event days of a run's brand as its day sees them; lead, after: days before and after an event that count as its own."""

    run: Run
    lead: int
    after: int

    @cached_property
    def category(self) -> str:
        """The brand's main category; "" where it has sold nothing."""
        return category_of(self.run.warehouse, self.run.brand, self.run.as_of)

    @cached_property
    def sold(self) -> pd.DataFrame:
        """See `daily_trade.by_brand`."""
        of = self.run.warehouse
        return daily_trade.by_brand(of, self.category or NO_CATEGORY, of.first_day, self.run.as_of)

    @cached_property
    def known(self) -> pd.DataFrame:
        """All event days of the brand and the platform, announced ones too. See `event_calendar.events`."""
        return event_calendar.events(self.run.warehouse, self.run.brand, self.lead, self.after)

    @cached_property
    def since(self) -> date:
        """The first day of which is known whether it was an event's: calendars are written by the year.

        So it is the first day of the year in which the calendar begins, or else the first of the data. Festivals of years before
        would pass for plain days.
        """
        begins, first = self.known.first_day, self.run.warehouse.first_day
        return max(first, date(min(begins).year, 1, 1)) if len(begins) and min(begins) <= self.run.as_of else first

    @cached_property
    def past(self) -> pd.DataFrame:
        """Those that began by today and after the first day of data."""
        k = self.known
        return k[(k.first_day <= self.run.as_of) & (k.last_day >= self.since)].reset_index(drop=True)

    @cached_property
    def coming(self) -> pd.DataFrame:
        """Those that end after today, and what is expected again, up to a year ahead."""
        until = self.run.as_of + timedelta(days=AHEAD)
        again = event_calendar.expected(self.known, self.run.as_of, until)
        ahead = self.known[(self.known.last_day > self.run.as_of) & (self.known.first_day <= until)]
        both = pd.concat([ahead, again], ignore_index=True) if len(again) else ahead
        return both.sort_values(["first_day", "event"], ignore_index=True)

    @cached_property
    def _others(self) -> pd.DataFrame:
        names = sorted(set(self.sold.brand) - {self.run.brand, daily_trade.UNKNOWN})
        return event_calendar.others_own(self.run.warehouse, names, self.lead, self.after)

    def _days(self, brand: str) -> pd.DataFrame:
        first, last = self.since, self.run.as_of
        return daily_trade.of_brand(self.sold, brand, first, last, self._others)

    @cached_property
    def trade(self) -> pd.DataFrame:
        """The brand's days: see `daily_trade.of_brand`, and pushed (1: another campaign of the brand ran)."""
        days = self._days(self.run.brand)
        return days.assign(pushed=event_calendar.pushed(self.run.warehouse, self.run.brand, self.known, days.day))

    @cached_property
    def spans(self) -> pd.DataFrame:
        """Past events, and coming ones whose days before have begun: neither are plain days."""
        return self.known[self.known.before_day <= self.run.as_of]

    @property
    def plain_days(self) -> int:
        """Days that belong to no event."""
        return int(event_days.assign(self.trade.day, self.spans).event.isna().sum())

    def effects(self, measures: tuple[str, ...] = MEASURES) -> pd.DataFrame:
        """What each past event did to each measure, by block: event, name, kind, first_day, last_day, measure, …

        The rest as `event_days.effects`, and buyers (distinct, from the first day before to the last after).
        """
        parts = [event_days.effects(self.trade, self.spans, m).assign(measure=m) for m in measures]
        both = pd.concat(parts, ignore_index=True)
        both = self.past[["event", "name", "kind", "first_day", "last_day"]].merge(both, on="event")
        windows = self.past.assign(
            first_day=self.past.before_day, last_day=[min(d, self.run.as_of) for d in self.past.until_day]
        )
        people = daily_trade.buyers_on(self.run.warehouse, self.run.brand, self.category, windows)
        return both.merge(people, on="event", how="left")

    def festivals(self, block: str = "net") -> pd.DataFrame:
        """Own festivals of all brands of the category, ours too: brand, event, extra, se (days of trade), since.

        since: days from the platform's last event day. Other brands' rows are to compute with, not to be shown.
        """
        run, platform = self.run, self.known[self.known.kind == "platform"]
        others = self._others
        others = others[(others.first_day <= run.as_of) & (others.last_day >= self.since)]
        rows = []
        for brand in [run.brand, *sorted(set(others.brand))]:
            own = self.spans[self.spans.kind == "own"] if brand == run.brand else others[others.brand == brand]
            if not len(own):
                continue
            days = self.trade
            if brand != run.brand:
                days = self._days(brand).assign(pushed=0.0)
            whole = platform[platform.before_day <= run.as_of]
            spans = pd.concat([whole, own[event_calendar.COLUMNS]], ignore_index=True)
            found = event_pool.in_days(event_days.effects(days, spans, "orders"), block)
            rows.append(found[found.event.isin(own.event)].merge(own[["event", "first_day"]]).assign(brand=brand))
        if not rows:
            return pd.DataFrame(columns=["brand", "event", "extra", "se", "since"])
        frame = pd.concat(rows, ignore_index=True)
        frame["since"] = [_since(platform, day, self.since) for day in frame.first_day]
        return frame[["brand", "event", "extra", "se", "since"]].astype({"since": "Float64"})

    def dates(self, length: int, gap: int, earliest: int, horizon: int, extra: tuple[float, float]) -> pd.DataFrame:
        """Every start day from `earliest` to `horizon` days ahead, scored. See `event_dates.dates`; empty where nothing is."""
        day, spans = self.run.as_of, self.spans
        taken = event_days.assign(self.trade.day, spans)
        of_platform = taken.event.isin(set(spans.event[spans.kind != "own"])).to_numpy()
        fitted = event_days.plain(self.trade, taken, of_platform, "orders")
        if fitted.cannot or not np.isfinite(extra).all():
            return pd.DataFrame(columns=event_dates.COLUMNS)
        others = pd.Series(self.trade.others.to_numpy(float), pd.to_datetime(self.trade.day)).where(~of_platform)
        ends = self._taken(pd.concat([self.known, self.coming]).drop_duplicates("event"))
        span = (day + timedelta(days=earliest), day + timedelta(days=horizon))
        return event_dates.dates(
            fitted, self.trade.day, taken.event.isna().to_numpy(), others, ends, span, length, gap, extra
        )

    def _taken(self, events: pd.DataFrame) -> pd.DataFrame:
        """Events that are not ours: the first day of their phases, of those that sell, and the last."""
        shown = self.phases(events[events.kind != "own"])
        sells = shown[shown.phase != "build-up"].groupby("event").first_day.min()
        spans = shown.groupby("event").agg(before_day=("first_day", "min"), last_day=("last_day", "max"))
        return spans.assign(sale_day=sells.reindex(spans.index).fillna(spans.before_day)).reset_index()

    def phases(self, events: pd.DataFrame | None = None) -> pd.DataFrame:
        """The phases of coming events (or of these): event, label, kind, phase, first_day, last_day."""
        of, campaign = self.coming if events is None else events, self.run.campaign
        found = event_calendar.phases(self.run.warehouse, of, campaign.phases.days(), campaign.campaign_id)
        return found.merge(of[["event", "name", "kind"]].rename(columns={"name": "label"}), on="event")


def phases(run: Run) -> pd.DataFrame:
    """The notebook's table `phases`: what comes, phase by phase, and the date it proposes, with the notebook's own knobs."""
    knob = knobs(run, "2_plan/calendar")
    study = Study(run, knob["lead"], knob["after"])
    extra = event_pool.own_outlook(study.festivals(), run.brand)[1:3]
    earliest, horizon = knob["window"]
    best = event_dates.best(study.dates(knob["length"], knob["gap"], earliest, horizon, extra), knob["named"])
    best = best.sort_values("level", ascending=False)
    return run.keep("phases", say.proposed(study.phases(), best, run.words), keys=["event", "phase", "first_day"])


def _since(platform: pd.DataFrame, day: date, begin: date) -> float | None:
    """Days from the platform's last event day before `day`; None where the data do not reach back to one."""
    ended = [last for last in platform.last_day if begin <= last < day]
    return float((day - max(ended)).days) if ended else None
