"""What `4_wrapup/intent` reads: spells of behaviour, weights learned before them, the index, what moved it, and its back-test."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import intent as measure
from apex.measure import market
from apex.measure.intent import BEHAVIOURS, SPELL, Spells
from apex.model import intent as model
from apex.model import intent_check as check
from apex.model.intent import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apex.report.run import Run

BEHAVED = ["behaviour", "seen", "weight", "weight_low", "weight_high", "people", "share", "others", "ratio", "after"]


@dataclass(frozen=True)
class Study:
    """All of it. least: consumers below which no index is told."""

    run: "Run"
    least: int

    @property
    def day(self) -> date:
        """The last day of the window that may be seen."""
        return self.run.seen_window[1]

    @property
    def first(self) -> date:
        """The first day of the campaign: of its phases where they are given, else of the window."""
        return min([self.run.campaign.window[0], *(first for _, first, _ in self.run.campaign.phases.days())])

    @cached_property
    def category(self) -> str:
        """The brand's main category; "" without sales."""
        return market.category_of(self.run.warehouse, self.run.brand, self.day)

    @cached_property
    def of(self) -> Spells:
        """Spells to the window's last day and after it; without days where the data are too short."""
        run, wanted = self.run, model.SHOWN + model.GAP + model.LEARN
        return measure.spells(run.warehouse, run.brand, self.category, self.day, wanted, run.campaign.peers.exclude)

    @cached_property
    def weights(self) -> Weights | None:
        """Learned on spells that lie before all that is shown."""
        plan = model.plan(self.of)
        return model.learn(self.of, plan[1], plan[2]) if plan and self.of.seen.any() else None

    @cached_property
    def why(self) -> str:
        """Why there is no index ("" where there is one): no_category, short, unseen (no behaviour is recorded), few_buyers,
        few_brands, few_people.
        """
        if not self.category:
            return "no_category"
        if model.plan(self.of) is None:
            return "short"
        if not self.of.seen.any():
            return "unseen"
        if self.weights is None:
            return "few_buyers"
        if len(self.of.others) < model.LEAST_OTHERS:
            return "few_brands"
        return "few_people" if len(self.of.ids) < self.least else ""

    @cached_property
    def begin(self) -> int:
        """The first spell that lies in the campaign whole; the last one where none does."""
        of = self.of
        return min((s for s in range(of.at + 1) if (self.first - of.days[s]).days < -(SPELL - 2)), default=of.at)

    @cached_property
    def trend(self) -> pd.DataFrame:
        """`model.intent.trend`."""
        plan = model.plan(self.of)
        return model.trend(self.of, self.weights, plan[0] if plan else 0, self.least) if self.of.days else pd.DataFrame(
            columns=model.TREND
        )  # fmt: skip

    @cached_property
    def met(self) -> pd.DataFrame:
        """Whom media met in the campaign, of all brands that are compared (`measure.intent.met`)."""
        return measure.met(self.run.warehouse, self.run.brand, self.category, self.of.brands, self.first, self.day)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """`model.intent.cells`: everybody met, new and old, crowds, the channel's site (whole domain), channels, creatives."""
        own = self.met[self.met.brand == self.run.brand]
        sites = self._sites()
        site = pd.Series([sites.get(c, "?") for c in own.channel], own.index, dtype=object)
        message = own.creative_id.astype(object).where(own.creative_id.notna(), "?")
        names = [
            pd.DataFrame({"all": "all"}, index=own.index),
            pd.DataFrame({"status": np.where(own.old, "old", "new")}, index=own.index),
            own[["crowd"]], site.to_frame("site"), own[["channel"]], message.to_frame("creative"),
        ]  # fmt: skip
        names = [n for n in names if len(n) and set(n.iloc[:, 0]) != {"?"}]
        return model.cells(self.met, self.of, self.weights, names, self.least)

    @cached_property
    def compared(self) -> pd.DataFrame:
        """What the campaign added to the index (COMPARED): held_out (chance decided), weighted, bare; as far as there are."""
        of, weights = self.of, self.weights
        if weights is None or self.why:
            return pd.DataFrame(columns=model.COMPARED)
        listed = measure.arms(self.run.warehouse, self.run.campaign.campaign_id)
        last, rows = of.at, []
        inside = np.isin(of.ids, listed.consumer_id)
        given = np.isin(of.ids, listed.consumer_id[~listed.held.astype(bool)])
        if listed.held.any():
            found = model.compared(of, weights, self.begin, last, given, inside, self._chance(listed), self.least)
            rows.append(model.row("held_out", found))
        reached = np.isin(of.ids, self.met.consumer_id[self.met.brand == self.run.brand])
        who = reached if reached.any() else given
        if who.any():
            everybody = np.ones(len(of.ids), bool)
            rows.append(
                model.row("weighted", model.compared(of, weights, self.begin, last, who, everybody, None, self.least))
            )
            rows.append(model.row("bare", model.bare(of, weights, self.begin, last, who, self.least)))
        return pd.DataFrame(rows, columns=model.COMPARED)

    @cached_property
    def behaved(self) -> pd.DataFrame:
        """A row a behaviour (BEHAVED): whether it is recorded, its weight, who did it in the last spell, elsewhere, and since."""
        of, w = self.of, self.weights
        own = measure.bits(of.did[of.at][:, of.own]) if of.days else np.zeros((0, len(BEHAVIOURS)))
        after = measure.bits(of.after[:, of.own])
        enough = bool(of.days) and len(of.others) >= model.LEAST_OTHERS and len(of.ids)
        others = model.benchmark(of, of.at) if enough else np.full(len(BEHAVIOURS), np.nan)
        share = own.mean(axis=0) if len(own) else np.full(len(BEHAVIOURS), np.nan)
        nothing = np.full(len(BEHAVIOURS), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(others > 0, share / others, np.nan)
        frame = pd.DataFrame({
            "behaviour": BEHAVIOURS, "seen": of.seen, "weight": nothing if w is None else w.share,
            "weight_low": nothing if w is None else w.low, "weight_high": nothing if w is None else w.high,
            "people": pd.array(own.sum(axis=0), "Int64"), "share": share, "others": others, "ratio": ratio,
            "after": pd.array(after.sum(axis=0), "Int64"),
        })[BEHAVED]  # fmt: skip
        # what is not recorded was not seen to be nobody's
        frame.loc[~frame.seen, BEHAVED[2:]] = pd.NA
        return frame

    @cached_property
    def groups(self) -> pd.DataFrame:
        """`model.intent_check.groups` on the last day whose next 30 days may be seen."""
        at = check.tested(self.of, self.weights)
        if at is None or self.weights is None or len(self.of.ids) < self.least:
            return pd.DataFrame(columns=check.GROUPS)
        return check.groups(self.of, self.weights, at)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """`model.intent_check.ranks` on that day."""
        at = check.tested(self.of, self.weights)
        if at is None or self.weights is None or self.why:
            return pd.DataFrame(columns=check.RANKS)
        return check.ranks(self.of, self.weights, at)

    @property
    def tested(self) -> date | None:
        """The day of the back-test; None where there is none."""
        at = check.tested(self.of, self.weights)
        return None if at is None else self.of.days[at]

    @cached_property
    def messages(self) -> dict[str, str]:
        """What our creatives say, by id, as far as the data know."""
        if not self.run.warehouse.has("creatives"):
            return {}
        table = self.run.warehouse.table("creatives")
        found = table.filter((table.brand == self.run.brand) & table.message.notnull()).execute()
        return dict(zip(found.creative_id, found.message, strict=True))

    def _sites(self) -> dict[str, str]:
        if not self.run.warehouse.has("channels"):
            return {}
        frame = self.run.warehouse.table("channels").execute()
        return dict(zip(frame.channel, frame.site, strict=True))

    def _chance(self, listed: pd.DataFrame) -> "NDArray[np.float64]":
        """(U,) of being addressed; where it is not known, the share that was."""
        known = pd.to_numeric(listed.propensity).astype(float)
        held = listed.held.to_numpy(bool)
        chance = known.where(~held, 1 - known)
        if not chance.between(0, 1, inclusive="neither").all():
            chance = pd.Series(float((~held).mean()), listed.index)
        found = pd.Series(chance.to_numpy(), listed.consumer_id.to_numpy()).reindex(self.of.ids)
        return found.fillna(0.5).to_numpy()
