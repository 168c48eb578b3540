"""What `4_wrapup/horizon` reads: cohorts counted and foretold, their stages, what they cost, and by which media they came."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError
from apex.measure import cohorts, media
from apex.measure import trial as counting
from apex.measure.cohorts import EARLIER, HORIZONS, ORDINARY, THIS, Entrants
from apex.model import evidence
from apex.model import horizon as model
from apex.model.horizon import AGAIN, LEAST, VALUE
from apex.model.verdict import judge

if TYPE_CHECKING:
    from apex.report.run import Run

LAST = max(HORIZONS)
CURVE = (7, 15, 30, 60, 90, 120, 150, 180)
COST = ["cohort", "kind", "spend_minor", "consumers", "cac_minor", "gmv_minor", "low", "high", "margin", "ratio", "ratio_low",
        "ratio_high", "paid_by", "paid_early", "paid_late", "told"]  # fmt: skip
MONEY = ["value_minor", "value_low", "value_high"]


@dataclass(frozen=True)
class Lifted:
    """New buyers that the campaign's own trial found, with interval, and what one of them cost (infinite where none is sure)."""

    buyers: float
    low: float
    high: float
    cost: float
    cost_low: float
    cost_high: float


@dataclass(frozen=True)
class Study:
    """All of it, as the run's day sees it."""

    run: "Run"

    @cached_property
    def span(self) -> tuple[date, date]:
        """The days on which who comes belongs to this campaign: the campaign's own, else the goal's window, as far as seen."""
        run = self.run
        return media.window(run.warehouse, run.campaign.campaign_id) or run.seen_window

    @cached_property
    def spans(self) -> pd.DataFrame:
        """`measure.cohorts.spans`."""
        run = self.run
        return cohorts.spans(run.warehouse, run.brand, self.span, run.campaign.campaign_id, run.campaign.compare)

    @cached_property
    def who(self) -> Entrants:
        """Every consumer who came, by cohort."""
        return cohorts.entrants(self.run.warehouse, self.run.brand, self.spans, self.run.as_of)

    @cached_property
    def own(self) -> str:
        """This campaign's cohort's name."""
        return str(self.spans.cohort[self.spans.kind == THIS].iloc[0])

    @cached_property
    def first(self) -> int:
        """Days that are known of all who came with this campaign; 0 where nobody did."""
        seen = self.who.seen[(self.who.people.kind == THIS).to_numpy(bool)]
        return int(seen.min()) if len(seen) else 0

    @cached_property
    def days(self) -> list[int]:
        """The days that are counted: those first ones, and HORIZONS."""
        return sorted({self.first, *HORIZONS} - {0})

    @cached_property
    def shown(self) -> Entrants:
        """Consumers under the names that are shown: campaigns of enough people one by one, ordinary days as one."""
        people = self.who.people
        size = people.groupby("cohort").cohort.transform("size") if len(people) else pd.Series(dtype=int)
        enough = max(LEAST, self.run.campaign.privacy_threshold)
        keep = (people.kind != EARLIER) | (size >= enough)
        named = Entrants(people.assign(cohort=people.cohort.where(people.kind != ORDINARY, ORDINARY)), self.who.lines)
        return named.of(keep.to_numpy(bool)) if len(people) else named

    @cached_property
    def cohorts(self) -> pd.DataFrame:
        """`model.horizon.courses` of the campaigns and of ordinary days."""
        return model.courses(self.shown, self.days)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """The same of this campaign, all earlier ones together and ordinary days."""
        found, few = self._together(self.days), self.run.campaign.privacy_threshold
        bare = (found.seen > 0) & (found.seen < few)
        told = ["share", "low", "high"]
        found[[*told, *MONEY]] = found[[*told, *MONEY]].mask(bare)
        small = ((found.again > 0) & (found.again < few)) | ((found.once > 0) & (found.once < few))
        found[told] = found[told].mask(small)
        return found

    def _together(self, days: list[int]) -> pd.DataFrame:
        """Courses by kind; of the others than this campaign only cohorts that are seen so long as a whole."""
        people, parts = self.who.people, []
        least = people.groupby("cohort").seen.transform("min") if len(people) else pd.Series(dtype=int)
        for day in days:
            whole = ((least >= day) | (people.kind == THIS)).to_numpy(bool)
            parts.append(model.courses(self.who.of(whole), [day], "kind"))
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def ahead(self) -> pd.DataFrame:
        """`model.horizon.foretold` of this campaign's cohort; a count of people that is too small to be shown is not known."""
        n = int((self.who.people.kind == THIS).sum())
        enough = n >= max(LEAST, self.run.campaign.privacy_threshold)
        found = model.foretold(self.who, self.own, list(HORIZONS) if enough else [])
        count = found.known * n
        few = (found.measure == AGAIN) & (count > 0.5) & (count < self.run.campaign.privacy_threshold - 0.5)
        return found.assign(known=found.known.mask(few), rival=found.rival.mask(few))

    @cached_property
    def backtest(self) -> pd.DataFrame:
        """`model.horizon.backtest`: the same forecast made on earlier cohorts."""
        return model.backtest(model.tested(self.who, self.first))

    @cached_property
    def curve(self) -> pd.DataFrame:
        """cohort (kind; THIS + "+": foretold), day, share, low, high: who bought again, by days since the first purchase."""
        days = sorted({d for d in CURVE if d != self.first} | {self.first} - {0})
        found = self._together(days)
        whole = found[(found.seen == found.consumers) | (found.kind != THIS)]
        few = self.run.campaign.privacy_threshold
        told = (whole.again == 0) | ((whole.again >= few) & (whole.once >= few))
        parts = [
            whole[told & whole.share.notna()].rename(columns={"days": "day"})[["cohort", "day", "share", "low", "high"]]
        ]
        later = model.foretold(self.who, self.own, [d for d in days if d > self.first] if len(self.ahead) else [])
        later = later[(later.measure == AGAIN) & later.value.notna()]
        parts.append(pd.DataFrame({"cohort": THIS + "+", "day": later.days, "share": later.value, "low": later.low,
                                   "high": later.high}))  # fmt: skip
        return pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)

    @cached_property
    def stages(self) -> pd.DataFrame:
        """kind, days, stage (id; "none"), consumers: where those stood who were seen so long."""
        found = cohorts.stages(self.run.book, self.run.brand, self.who)
        ids = dict(enumerate(["none", *self.run.book.rules.ids]))
        sums = found.groupby(["kind", "days", "stage"], as_index=False).consumers.sum()
        return sums.assign(stage=sums.stage.map(ids)).astype({"consumers": "int64"})

    @cached_property
    def cost(self) -> pd.DataFrame:
        """What a new consumer of each campaign cost and has paid by the longest horizon (COST), all spend over all new consumers.

        told: counted, or model where the horizon is not seen yet. Ratios and payback are of the margin where it is known, else of
        GMV. paid_early, paid_late: at the interval's ends; infinite: not within the horizon.
        """
        run, rows = self.run, []
        people = self.shown.people
        size = (
            people[people.kind != ORDINARY].groupby(["cohort", "kind"]).size() if len(people) else pd.Series(dtype=int)
        )
        spend = cohorts.spent(run.warehouse, [c for c, _ in size.index])
        margin = run.campaign.margin
        keep = 1.0 if margin is None else margin
        for (name, kind), n in size.items():
            if name not in spend or n < max(LEAST, run.campaign.privacy_threshold):
                continue
            cac, curve = spend[name] / n, self._course(name)
            last = curve[curve.days == LAST]
            value, low, high = last.iloc[0][["value", "low", "high"]].astype(float) if len(last) else (np.nan,) * 3
            told = "model" if self.who.seen[(self.who.people.cohort == name).to_numpy(bool)].min() < LAST else "counted"
            back = model.payback(curve.assign(**{c: curve[c] * keep for c in ("value", "low", "high")}), cac)
            rows.append((name, kind, spend[name], n, cac, value, low, high, margin, *(v * keep / cac for v in (value, low, high)),
                         *back, told))  # fmt: skip
        return pd.DataFrame(rows, columns=COST).astype({"margin": float})

    def _course(self, name: str) -> pd.DataFrame:
        """days, value, low, high of a cohort: counted as far as all are seen, foretold beyond."""
        mine = self.who.of((self.who.people.cohort == name).to_numpy(bool))
        seen = int(mine.seen.min())
        counted = model.courses(mine, [d for d in (0, *range(1, 15), *range(15, LAST + 1, 15)) if d <= seen])
        rows = counted[["days", *MONEY]].set_axis(["days", "value", "low", "high"], axis=1)
        later = model.foretold(self.who, name, [d for d in range(30, LAST + 1, 30) if d > seen])
        return pd.concat([rows, later[later.measure == VALUE][rows.columns]], ignore_index=True).astype(float)

    @cached_property
    def lifted(self) -> Lifted | None:
        """New buyers by the campaign's own trial; None without one, or where what it cost is not known."""
        run, found = self.run, None
        cost = cohorts.spent(run.warehouse, [self.own]).get(self.own)
        if cost and run.campaign.campaign_id and run.warehouse.has("assignments"):
            try:
                trial = counting.trial(run.warehouse, run.campaign.campaign_id, run.brand, earlier=1, window=self.span)
                recent = cohorts.buyers(run.warehouse, run.brand, self.span[0])
                found = judge(evidence.gather(trial.only(~trial.consumers.consumer_id.isin(recent)), "buyers"))
            except ApexError:
                return None
        if (
            found is None
            or cost is None
            or not found.evidence.randomised
            or not found.identified
            or found.estimate is None
        ):
            return None
        if min(found.estimate.n_treated, found.estimate.n_control) < run.campaign.privacy_threshold:
            return None
        value, low, high = found.estimate.total
        return Lifted(value, low, high, *(cost / b if b > 0 else np.inf for b in (value, high, low)))

    @cached_property
    def routes(self) -> pd.DataFrame:
        """`model.horizon.courses` by how the medium of the last touch was bought, of all who came since media are known; empty
        where they are not.
        """
        run = self.run
        way = cohorts.routes(run.warehouse, run.brand, self.who)
        if way is None:
            return model.courses(self.who.of(np.zeros(len(self.who.people), bool)), self.days)
        spend = run.warehouse.table("spend")
        since = pd.Timestamp(spend.filter(spend.brand == run.brand)["day"].min().execute()) + pd.Timedelta(
            days=cohorts.NEAR
        )
        later = (self.who.people.entered_on >= since).to_numpy(bool)
        return model.courses(
            Entrants(self.who.people.assign(route=way), self.who.lines).of(later), list(HORIZONS), "route"
        )
