"""The parts of a campaign's lesson: what each rests on, and why it is null where it cannot be learned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure import bought_stock, media, media_contacts, media_trials, pacing, touches, trial, windows
from apex.measure import lessons as measure
from apex.measure.peers import main_category
from apex.measure.privacy import suppress
from apex.model import bought as bought_model
from apex.model import effect, media_choices, media_fit, media_worth
from apex.model import lessons as model
from apex.model.attribution_lift import beside
from apex.report.upstream import closing, knobs, lesson_prices
from apex.report.upstream.lesson_rows import entries_shown, narrowed, null, share
from apex.report.upstream.media_facts import LEAST
from apex.report.upstream.moves import IN_TRIPS

if TYPE_CHECKING:
    from apex.report.run import Run

PER = 1000  # contacts


@dataclass(frozen=True)
class Parts:
    """What one campaign showed by itself. choices: read at most, for the response; planned: money of its plan by channel."""

    run: "Run"
    choices: int
    seed: int
    planned: Mapping[str, float] | None = None

    @cached_property
    def span(self) -> tuple[date, date]:
        """The days of the campaign's media: its own where the data know them, else the goal's window as far as seen."""
        return media.window(self.run.warehouse, self.run.campaign.campaign_id) or self.run.seen_window

    @cached_property
    def converted(self) -> pd.DataFrame:
        """`upstream.closing.converted`."""
        return closing.converted(self.run)

    @cached_property
    def stood(self) -> pd.DataFrame:
        """`measure.lessons.stood` of the window."""
        return measure.stood(self.run.book, self.run.brand, *self.run.seen_window)

    @cached_property
    def raised(self) -> pd.DataFrame:
        """`measure.lessons.raised` of the campaign's days."""
        return measure.raised(self.run.book, self.run.brand, *self.span)

    @cached_property
    def paid(self) -> pd.DataFrame:
        """`model.lessons.prices` of the campaign's days."""
        return model.prices(pacing.delivered(self.run.warehouse, self.run.brand, *self.span))

    @cached_property
    def whole(self) -> pd.DataFrame:
        """`measure.media.spent` of all days."""
        return media.spent(
            self.run.warehouse, self.run.brand, self.run.warehouse.first_day, self.run.warehouse.last_day
        )

    @cached_property
    def contacts(self) -> media_contacts.Contacts | None:
        """Contacts of the brand's main category; None where no spend is known."""
        run, category = self.run, main_category(self.run.warehouse, self.run.brand, self.run.warehouse.last_day)
        paid = category is not None and len(self.whole) and self.whole.cost_minor.sum()
        return media_contacts.contacts(run.warehouse, run.brand, category) if paid else None

    @cached_property
    def own_trials(self) -> pd.DataFrame:
        """Trials of media that ran in the campaign's days, lift beside last touch's credit (`attribution_lift.beside`, 80 %)."""
        from apex.report.upstream import attribution

        run, found = self.run, beside([])
        if not (run.warehouse.has("experiments") and run.warehouse.has("assignments")):
            return found
        of = self.contacts or media_contacts.contacts(run.warehouse, run.brand, None)
        lifts = media_trials.lifts(run.warehouse, run.brand, of)
        days = attribution.trial_days(run.book, lifts)
        lifts = [t for t in lifts if days[t.experiment][0] <= self.span[1] and days[t.experiment][1] >= self.span[0]]
        if not lifts:
            return found
        back = knobs(run, "4_wrapup/attribution")["lookback"]
        return beside(attribution.seen(run.book, run.brand, lifts, of, back, ("last",))["last"], 0.8)

    @cached_property
    def seen(self) -> pd.DataFrame:
        """Rows of ENTRY: all parts."""
        parts = [
            self._conversion(), self._crowds(), self._bought(), self._response(), self._costs(), self._prices(), self._wear(),
            self._intent(), self._ratios(),
        ]  # fmt: skip
        rows = [row for part in parts for row in part]
        return pd.DataFrame(rows, columns=model.ENTRY).astype({"n": "int64"})

    def _conversion(self) -> list[tuple[Any, ...]]:
        told = set(entries_shown(self.converted, self.run.campaign.privacy_threshold))
        rows = []
        for cell in self.converted.itertuples():
            known = str(cell.cell) in told
            rows.append(("conversion", str(cell.cell), *((cell.rate, cell.low, cell.high) if known else (np.nan,) * 3),
                         cell.consumers if known else 0, "counted", "share", "window", "few"))  # fmt: skip
        return rows

    def _crowds(self) -> list[tuple[Any, ...]]:
        """Conversion of those at a stage, unmet and met by media, and by crowd; none that would give another count away."""
        run, told = self.run, entries_shown(self.converted, self.run.campaign.privacy_threshold)
        few, stages = run.campaign.privacy_threshold, list(run.book.rules.ids)
        trips = touches.in_trips(run.warehouse, run.brand, run.seen_window[0], run.seen_window[1]) or 0.0
        rows: list[tuple[Any, ...]] = []
        if trips >= IN_TRIPS or not self.stood.met.any():
            why = "in_trips" if trips >= IN_TRIPS else "no_media"
            rows += [null(what, "", "counted", "share", why) for what in ("unmet", "met")]
        else:
            sums = self.stood.groupby(["stage", "met"], as_index=False)[["consumers", "buyers"]].sum()
            sums["suppressed"] = suppress(sums, ["consumers", "buyers"], few, [["stage"]]).suppressed
            for stage in stages:
                for met in (False, True):
                    here = sums[(sums.stage == stage) & (sums.met == met) & ~sums.suppressed]
                    what = "met" if met else "unmet"
                    if len(here) and stage in told:
                        rows.append(share(what, stage, int(here.buyers.iloc[0]), int(here.consumers.iloc[0])))
                    else:
                        rows.append(null(what, stage, "counted", "share", "few"))
        by = self.stood.groupby("crowd", as_index=False)[["consumers", "buyers"]].sum()
        if (by.crowd == measure.UNKNOWN).all() or not set(stages) <= {*told, *self._nobody}:
            return [*rows, null("crowd", "", "counted", "share", "few" if len(by) else "no_crowds")]
        hidden = suppress(by.assign(all=0), ["consumers", "buyers"], few, [["all"]]).suppressed
        for row, gone in zip(by.itertuples(), hidden, strict=True):
            if row.crowd != measure.UNKNOWN:
                known = share("crowd", row.crowd, row.buyers, row.consumers)
                rows.append(null("crowd", row.crowd, "counted", "share", "few") if gone else known)
        return rows

    @property
    def _nobody(self) -> set[str]:
        return set(self.converted.cell[self.converted.consumers == 0].astype(str))

    def _bought(self) -> list[tuple[Any, ...]]:
        """m as the campaign's own hold-out found it, without a prior: lift over what such stock is worth at the average rate."""
        run, name = self.run, self.run.campaign.campaign_id

        def none(why: str) -> list[tuple[Any, ...]]:
            return [null("bought", "", "lift", "plain", why)]

        if name is None or not run.warehouse.has("assignments"):
            return none("no_list")
        lists = run.warehouse.table("assignments")
        arms = lists.filter((lists.experiment_id == name) & lists.consumer_id.notnull()).select("arm").distinct()
        if not set(arms.arm.to_pyarrow().to_pylist()) & set(trial.CONTROLS):
            return none("no_holdout")
        stock = bought_stock.bought_stock(run.book, run.brand, name, *self.span)
        if stock is None or not stock.spent_minor:
            return none("no_spend")
        counted = trial.trial(run.warehouse, name, run.brand, earlier=1, window=self.span)
        wide = counted.wide("gmv_minor")
        if not {0, -1} <= set(wide.columns):
            return none("short")
        same = self.span == run.seen_window
        cells = self.converted if same else windows.results(run.book, [run.brand], [self.span])
        cells = cells.set_index("cell")
        each = cells.gmv_minor / cells.consumers.where(cells.consumers > 0)
        met = float((stock.cells.met * stock.cells.stage.map(each).astype(float).fillna(0)).sum())
        part = min(met / max(float(cells.gmv_minor.sum()), 1.0), 1.0)
        rest = 1 - (stock.of_campaign_minor or 0) / stock.spent_minor
        worth = float(wide[0][counted.treated.to_numpy()].mean()) * part * (1 - rest ** bought_model.ETA[0])
        found = effect.adjusted(wide[0], counted.treated, wide[[-1]])
        if not (worth > 0 and found.se > 0):
            return none("no_holdout")
        m, half = found.effect / worth, model.Z80 * found.se / worth
        return [
            ("bought", "", m, m - half, m + half, found.n_treated + found.n_control, "lift", "plain", "window", None)
        ]

    def _response(self) -> list[tuple[Any, ...]]:
        """Orders by 1,000 contacts of a channel, as `2_plan/media` would hold them today, on fewer choices."""
        run = self.run

        def none(why: str) -> list[tuple[Any, ...]]:
            return [null("response", "", "model", "log", why, "all")]

        of = self.contacts
        if of is None:
            return none("no_spend")
        if (of.orders.what[of.orders.day > of.first] < 0).sum() < LEAST or of.consumers < LEAST or len(of.brands) < 2:
            return none("few")
        whom = list(self.whole.set_index("channel").reindex(list(of.channels)).crowd.fillna(""))
        fit = media_fit.fitted(media_choices.choices(of, whom, media_fit.CARRY, self.seed, self.choices))
        days = media_contacts.number(self.span[0]), media_contacts.number(self.span[1])
        worth = media_worth.worth(of, fit, whom, days, media_trials.lifts(run.warehouse, run.brand, of))
        met = np.bincount(of.contacts.what, of.contacts.value, len(of.channels)) / of.share
        rows = []
        for c, channel in enumerate(of.channels):
            mean, sd = float(worth.mean[c]), float(np.sqrt(worth.covariance[c, c]))
            if mean <= 0:
                rows.append(null("response", channel, "model", "log", "few", "all"))
                continue
            spread = np.sqrt(np.log1p((sd / mean) ** 2))  # log-normal of that mean and sd
            ends = (PER * worth.times * mean * np.exp(h * model.Z80 * spread) for h in (0, -1, 1))
            rows.append(("response", channel, *ends, round(met[c]), "model", "log", "all", None))
        return rows

    def _costs(self) -> list[tuple[Any, ...]]:
        rows, few = [], self.run.campaign.privacy_threshold
        if self.paid.empty or not self.paid.cost_minor.sum():
            return [null(w, "", "counted", "log", "no_spend") for w in ("price", "cost_new")]
        raised = self.raised.set_index("channel") if len(self.raised) else pd.DataFrame(columns=["raised"])
        spent = self.paid.set_index("channel").cost_minor
        for row in self.paid.itertuples():
            n = round(row.contacts)
            why = "free" if pd.isna(row.value) else None
            rows += [
                ("price", row.channel, row.value, row.low, row.high, 0 if why else n, "counted", "log", "window", why),
                ("spend", row.channel, row.cost_minor, np.nan, np.nan, 0, "counted", "total", "window", None),
                ("contacts", row.channel, row.contacts, np.nan, np.nan, n, "counted", "total", "window", None),
            ]
        for channel in ["", *spent.index[spent > 0]]:
            n = int(raised.raised.get(channel, 0))
            if n < max(few, 5):
                rows.append(null("cost_new", channel, "credit", "log", "few"))
                continue
            from scipy.special import gammaincinv

            cost = float(spent.sum() if channel == "" else spent[channel])
            ends = (cost / n, cost / gammaincinv(n + 1, 0.9), cost / gammaincinv(n, 0.1))  # Poisson, Garwood 1936
            rows.append(("cost_new", channel, *ends, n, "credit", "log", "window", None))
        return rows

    def _prices(self) -> list[tuple[Any, ...]]:
        return lesson_prices.told(self.run, self.contacts, self.whole, self.span, self.planned or {})

    def _wear(self) -> list[tuple[Any, ...]]:
        few = self.run.campaign.privacy_threshold
        counted = measure.wear(self.run.warehouse, self.run.brand, *self.span)
        if counted.empty or not counted.pairs.sum():
            return [null("wear", "", "credit", "log", "no_creatives")]
        small = ((counted[["first", "later"]] > 0) & (counted[["first", "later"]] < few)).any(axis=1)
        rows = []
        for row, hidden in zip(model.worn(counted).itertuples(), small, strict=True):
            told = pd.notna(row.value) and not hidden
            rows.append(("wear", row.contacts, row.value, row.low, row.high, row.n, "credit", "log", "window", None) if told
                        else null("wear", row.contacts, "credit", "log", "few"))  # fmt: skip
        return rows

    def _intent(self) -> list[tuple[Any, ...]]:
        from apex.model.intent import LEVEL
        from apex.report.upstream import intent

        study = intent.Study(self.run, knobs(self.run, "4_wrapup/intent")["least"])
        if study.why:
            return [null(w, "", "model", s, study.why) for w, s in (("intent", "log"), ("intent_lift", "plain"))]
        now, few = study.trend[study.trend.day == study.day], self.run.campaign.privacy_threshold
        known = [("intent", "", *now.iloc[-1][["index", "low", "high"]], len(study.of.ids), "")] if len(now) else []
        cells = study.cells[study.cells.dimension.isin(["crowd", "channel"])].rename(columns={"index": "value"})
        for row in cells.itertuples():
            if row.n >= few and row.cell != "?":
                known.append((f"intent_{row.dimension}", row.cell, row.value, row.low, row.high, row.n, row.cannot))
        rows = []
        for what, of, value, low, high, n, cannot in known:
            if cannot or pd.isna(value) or not (value > 0 and low > 0):
                rows.append(null(what, of, "model", "log", cannot or "few"))
            else:
                rows.append((what, of, *narrowed(value, low, high, LEVEL, log=True), n, "model", "log", "window", None))
        found = study.compared[study.compared.method.isin(["held_out", "weighted"])]
        found = found[found.lift.notna() & (found[["treated", "control"]].min(axis=1) >= few)].head(1)
        if found.empty:
            return [*rows, null("intent_lift", "", "lift", "plain", "no_holdout")]
        best = found.iloc[0]
        ends = narrowed(best.lift, best.lift_low, best.lift_high, LEVEL)
        n = int(best.treated + best.control)
        return [*rows, ("intent_lift", "", *ends, n, best.kind, "plain", "window", None)]

    def _ratios(self) -> list[tuple[Any, ...]]:
        told = self.own_trials[self.own_trials.ratio.notna()].sort_values("n", ascending=False)
        told = told.drop_duplicates("channel")
        if told.empty:
            return [null("credit_ratio", "", "lift", "plain", "no_trial")]
        return [("credit_ratio", t.channel, t.ratio, t.ratio_low, t.ratio_high, int(t.n), "lift", "plain", "window", None)
                for t in told.itertuples()]  # fmt: skip
