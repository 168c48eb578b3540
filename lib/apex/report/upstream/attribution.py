"""What `4_wrapup/attribution` reads: credit by all methods in the window, trials beside it, and credit calibrated to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure import media, media_contacts, media_trials, path_file, paths, touch_states
from apex.measure.media_contacts import Contacts, number
from apex.measure.media_trials import Lift
from apex.measure.paths import ORDERS, Risk
from apex.measure.touches import in_trips
from apex.model import attribution, attribution_excess, attribution_hazard, attribution_lift, attribution_methods
from apex.model.attribution import HALF_LIFE, Paths, whole
from apex.model.attribution_excess import Effects
from apex.model.attribution_lift import Seen
from apex.model.attribution_methods import HAZARD, METHODS, Credit
from apex.report.upstream.moves import IN_TRIPS

if TYPE_CHECKING:
    from apex.report.run import Run

CALIBRATED = "calibrated"
MANY = 100_000  # grouped paths beyond which none are drawn again
EXCESS = "excess"
BASES = (
    EXCESS,
    "markov1",
)  # whose credit is calibrated, the first that there is: nearest to the truth of simulated markets (110)
CREDIT = [*attribution_methods.COLUMNS, "share", "met", "orders_met"]
FIGURES = ["conversions", "value", "low", "high", "share"]  # of the credit table: hidden where its people are
BASELINE = "baseline"  # conversions that calibrated credit gives to no channel


def design(risk: Risk, kind: str) -> Any:
    """The hazard's design by how often buckets of consumers count."""
    return partial(attribution_hazard.of_days, risk, kind)


def trial_days(book: Book, lifts: Sequence[Lift]) -> dict[str, tuple[date, date]]:
    """First and last day of each trial."""
    if not lifts:
        return {}
    known = book.warehouse.table("experiments").select("experiment_id", "first_day", "last_day").distinct().execute()
    known = known[known.experiment_id.isin([t.experiment for t in lifts])]
    return {
        r.experiment_id: (pd.Timestamp(r.first_day).date(), pd.Timestamp(r.last_day).date()) for r in known.itertuples()
    }


def seen(
    book: Book, brand: str, lifts: Sequence[Lift], of: Contacts, lookback: int, methods: Sequence[str] = METHODS,
    half_life: float = HALF_LIFE, effects: Effects | None = None,
) -> dict[str, list[Seen]]:  # fmt: skip
    """Each trial as each method sees it: what the contacts that it moved are credited with, at the credit of its own days.

    effects: what EXCESS among the methods has learned.
    """
    found: dict[str, list[Seen]] = {m: [] for m in methods}
    days = trial_days(book, lifts)
    for lift in lifts:
        first, last = days[lift.experiment]
        last = last + timedelta(days=media_trials.AFTER)
        known = attribution.read(paths.paths(book, brand, first, last, lookback, [ORDERS]))
        at_risk = paths.risk(book, brand, first, last, lookback, [ORDERS]) if HAZARD in methods else None
        inside = (of.contacts.day >= number(first)) & (of.contacts.day <= number(last))
        met = np.bincount(of.contacts.what[inside], of.contacts.value[inside], len(of.channels)) / of.share
        for m in methods:
            if m == EXCESS and effects is not None:
                credit = effects.credited(first, last)
            else:
                made = None if at_risk is None else design(at_risk, ORDERS)
                credit = attribution_methods.one(m, known, made, half_life=half_life).conversions
            each = credit.reindex(list(of.channels)).fillna(0.0).to_numpy() / np.maximum(met, 1.0)
            moved = pd.Series(each * lift.contacts, pd.Index(of.channels, name="channel"))
            found[m].append(Seen(lift.experiment, lift.treated, lift.control, lift.orders, lift.variance, moved))
    return found


@dataclass(frozen=True)
class Study:
    """All of it. lookback: days before a conversion; half_life: of the rule `decay`; draws: of consumers, for intervals.

    file: paths from a file instead (see `measure.path_file`): no times, no consumers, no trials and no moves are known then.
    """

    run: "Run"
    lookback: int
    half_life: float
    draws: int
    seed: int
    file: str = ""

    @property
    def window(self) -> tuple[date, date]:
        """The days whose conversions are shared out."""
        return self.run.seen_window

    @cached_property
    def counted(self) -> pd.DataFrame:
        """`measure.paths.paths` of the window, or the file's paths as orders."""
        if self.file:
            return path_file.read(self.file).assign(kind=ORDERS)
        return paths.paths(self.run.book, self.run.brand, *self.window, self.lookback)

    @cached_property
    def risk(self) -> Risk:
        """`measure.paths.risk` of the window."""
        return paths.risk(self.run.book, self.run.brand, *self.window, self.lookback)

    def paths(self, kind: str) -> Paths:
        """The paths of one kind of conversion."""
        return attribution.read(self.counted[self.counted.kind == kind])

    @cached_property
    def found(self) -> dict[str, tuple[pd.DataFrame, dict[str, Credit]]]:
        """Of each kind of conversion all methods side by side; intervals for orders alone."""
        kinds, few = [ORDERS] if self.file else [ORDERS, *self.run.book.rules.ids], len(self.counted) <= MANY
        found = {}
        for kind in kinds:
            draws = self.draws if kind == ORDERS and few else 0
            made = None if self.file else design(self.risk, kind)
            found[kind] = attribution_methods.side_by_side(
                self.paths(kind), made, draws=draws, seed=self.seed, half_life=self.half_life
            )
        return found

    @cached_property
    def trips(self) -> float | None:
        """`measure.touches.in_trips` from the campaign's first day on; None of a file."""
        run = self.run
        return None if self.file else in_trips(run.warehouse, run.brand, run.campaign.window[0], run.as_of)

    @cached_property
    def effects(self) -> Effects | None:
        """What a touch adds, from all days of the data (`model.attribution_excess`).

        None where too little is known, or touches are only seen when somebody shops: then the others did not shop that day.
        """
        if self.file or self.trips is None or self.trips >= IN_TRIPS:
            return None
        lives = touch_states.lives(self.run.warehouse, self.run.brand)
        return attribution_excess.fit(attribution_excess.cells(lives, touch_states.chunks(lives), self.lookback))

    @property
    def base(self) -> str:
        """The method whose credit is calibrated."""
        return BASES[0] if self.effects is not None else BASES[1]

    @property
    def beside(self) -> tuple[str, str]:
        """The methods whose credit stands beside lift."""
        return "last", self.base

    @cached_property
    def orders(self) -> pd.DataFrame:
        """All methods' credit for orders: method, channel, conversions, value, low, high."""
        frame = self.found[ORDERS][0]
        if self.effects is None or frame.empty:
            return frame
        mine = self.counted[(self.counted.kind == ORDERS) & (self.counted.path != "")]
        excess = self.effects.table(*self.window, float(mine.conversions.sum()))
        excess["value"] = excess.conversions * (mine.value.sum() / max(mine.conversions.sum(), 1))
        return pd.concat([frame, excess.assign(method=EXCESS)[attribution_methods.COLUMNS]], ignore_index=True)

    @cached_property
    def lifts(self) -> tuple[list[Lift], Contacts | None]:
        """The brand's ended trials of media, and the contacts they moved."""
        of = self.run.warehouse
        if self.file or not (of.has("experiments") and of.has("assignments")):
            return [], None
        contacts = media_contacts.contacts(of, self.run.brand, None)
        return media_trials.lifts(of, self.run.brand, contacts), contacts

    @cached_property
    def trials(self) -> dict[str, list[Seen]]:
        """Each trial as the methods of `beside` see it."""
        lifts, of = self.lifts
        if not lifts or of is None:
            return {m: [] for m in self.beside}
        return seen(
            self.run.book, self.run.brand, lifts, of, self.lookback, self.beside, self.half_life, effects=self.effects
        )

    @property
    def total(self) -> float:
        """All orders of the window, with a touch or without."""
        return float(self.counted.conversions[self.counted.kind == ORDERS].sum())

    def calibrated(self) -> pd.DataFrame:
        """The credit of `base` put right by trials: `model.attribution_lift.calibrated`, with value at its own mean."""
        mine = self.orders[self.orders.method == self.base].set_index("channel")
        error = (mine.high - mine.conversions) / 1.959964
        found = attribution_lift.calibrated(mine.conversions, error, self.trials[self.base], self.total)
        mean = (mine.value / mine.conversions.where(mine.conversions > 0)).reindex(found.channel).fillna(0.0).to_numpy()
        return found.assign(value=found.conversions * mean)

    @property
    def given(self) -> tuple[float, float, float | None, float | None]:
        """Orders with a touch, and those that channels get by the hazard, by the excess and calibrated (None: there is none)."""
        mine = self.counted[(self.counted.kind == ORDERS) & (self.counted.path != "")]
        by = self.orders.groupby("method").conversions.sum()
        right = float(self.calibrated().conversions.sum()) if self.trials[self.base] else None
        return float(mine.conversions.sum()), float(by.get(HAZARD, 0.0)), by.get(EXCESS), right

    def spent(self) -> pd.DataFrame:
        """channel, cost_minor of the window; empty without a table `spend`."""
        if self.file:
            return pd.DataFrame({"channel": pd.Series(dtype=object), "cost_minor": pd.Series(dtype=float)})
        bought = media.spent(self.run.warehouse, self.run.brand, *self.window)
        return bought.groupby("channel", as_index=False).cost_minor.sum()

    def credit_table(self) -> pd.DataFrame:
        """The table others read: method, channel, conversions (orders), value (minor units), low, high, share, met, orders_met.

        Every method's value sums to the value of the orders with a touch, to the last minor unit; the hazard, the excess and
        calibrated credit have a row `baseline` with what is left of all orders. share: of the credit given to channels. met:
        consumers whom the channel met in the window; orders_met: orders with it on their path.
        """
        if self.orders.empty:
            return pd.DataFrame(columns=CREDIT).astype(dict.fromkeys(["met", "orders_met"], "int64"))
        of_all, parts = self.counted[self.counted.kind == ORDERS], []
        frames = {str(m): f for m, f in self.orders.groupby("method", sort=False)}
        if self.trials[self.base]:
            frames[CALIBRATED] = self.calibrated().assign(method=CALIBRATED)
        for method, frame in frames.items():
            rest = (self.total - frame.conversions.sum(), float(of_all.value.sum()) - frame.value.sum())
            if method in (HAZARD, EXCESS, CALIBRATED):
                empty = pd.DataFrame([(method, BASELINE, *rest, np.nan, np.nan)], columns=attribution_methods.COLUMNS)
                frame = pd.concat([frame[attribution_methods.COLUMNS], empty], ignore_index=True)
            parts.append(frame.assign(value=whole(frame.value, round(frame.value.sum())).to_numpy()))
        table = pd.concat(parts, ignore_index=True)
        mine = table.conversions.where(table.channel != BASELINE)
        sums = mine.groupby(table.method).transform("sum")
        table["share"] = mine / sums.where(sums > 0)
        return self._people(table)[CREDIT]

    def _people(self, table: pd.DataFrame) -> pd.DataFrame:
        """With `met` and `orders_met`; of `baseline` all consumers and all orders."""
        known = self.paths(ORDERS)
        pair = np.unique(known.path * len(known.channels) + known.token)
        orders = np.bincount(
            pair % len(known.channels), known.conversions[pair // len(known.channels)], len(known.channels)
        )
        by_orders = dict(zip(known.channels, orders, strict=True)) | {BASELINE: self.total}
        if self.file:  # paths stand for consumers
            many = (known.conversions + known.nulls)[pair // len(known.channels)]
            met = dict(zip(known.channels, np.bincount(pair % len(known.channels), many), strict=True))
            met[BASELINE] = int(self.counted[["conversions", "nulls"]].to_numpy().sum())
        else:
            met = paths.touches(self.run.book, self.run.brand, *self.window).set_index("channel").met.to_dict()
            met[BASELINE] = int(self.risk.people.consumers.sum())
        return table.assign(
            met=table.channel.map(met).fillna(0).astype("int64"),
            orders_met=table.channel.map(by_orders).astype("int64"),
        )

    def worth(self, shown: pd.DataFrame) -> pd.DataFrame:
        """What each channel brought for its cost: of calibrated credit, without trials of the excess, else of the hazard's.

        shown: the credit table as it may be shown. Returns channel, conversions, low, high, share, met, last_touch, ratio, trial,
        cost_minor, back, back_low, back_high (GMV per unit of cost), suppressed.
        """
        method = CALIBRATED if self.trials[self.base] else HAZARD if self.effects is None else EXCESS
        mine = shown[(shown.method == method) & (shown.channel != BASELINE)].drop(columns="method")
        last = shown[shown.method == "last"].set_index("channel").conversions
        mine = mine.assign(last_touch=mine.channel.map(last)).merge(self.spent(), on="channel", how="left")
        if self.trials[self.base]:
            mine = mine.merge(self.calibrated()[["channel", "ratio", "trial"]], on="channel", how="left")
        else:
            mine = mine.assign(ratio=np.nan, trial=False)
        paid = mine.cost_minor.where(mine.cost_minor > 0).astype(float)
        each = mine.value.astype(float) / mine.conversions.where(mine.conversions > 0)
        for name, orders in (("back", mine.conversions), ("back_low", mine.low), ("back_high", mine.high)):
            mine[name] = orders.astype(float) * each / paid
        return mine.reset_index(drop=True)

    def moves(self) -> pd.DataFrame:
        """Credit for moves up: kind, conversions, touched, channel (most credit by the hazard), share, moved (most that methods
        disagree); the last three null where no move had a touch."""
        rows = []
        for kind in [] if self.file else self.run.book.rules.ids:
            mine, frame = self.counted[self.counted.kind == kind], self.found[kind][0]
            count, touched = int(mine.conversions.sum()), int(mine.conversions[mine.path != ""].sum())
            if frame.empty or not touched:
                rows.append((kind, count, touched, None, np.nan, np.nan))
                continue
            share = attribution_methods.shares(frame)
            top = share[HAZARD].fillna(0).idxmax()
            rows.append((kind, count, touched, top, share[HAZARD][top], attribution_methods.apart(share).moved.iloc[0]))
        return pd.DataFrame(rows, columns=["kind", "conversions", "touched", "channel", "share", "moved"])
