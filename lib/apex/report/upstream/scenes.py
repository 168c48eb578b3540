"""What `2_plan/scenes` computes and hands over: each scene scored on the brand's own data, and the best set under the budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure import scenes as counting
from apex.model import portfolio as choosing
from apex.model import scenes as model
from apex.model.gates import gates
from apex.report.upstream import knobs
from apex.report.upstream.scene_scores import Scored

if TYPE_CHECKING:
    from apex.report.run import Run

SOLVED = 50  # draws for which the best set is looked for
PORTFOLIO = [
    "scene", "name", "group", "stage_from", "stage_to", "audience", "people", "moved", "low", "high", "gmv_minor",
    "budget_minor", "cost_per_moved_minor", "p_best", "kind", "kpi",
]  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What to do. status: "several", "one", "wait" or "rank" (no cost is known, so scenes are only ranked by what they bring).

    reason, of "wait" and "rank": none_ready (no scene has what it needs), no_cost, nothing_known (no response), budget (below
    what any scene takes), too_small (who would pay are too few for the least budget), does_not_earn (no scene's margin covers
    its cost). rows: the table PORTFOLIO without p_best of others.
    spent, gmv: of the set, minor units (spent null: unknown), with the 80% interval of gmv. earns: chance that margin × GMV
    is above cost, at the prices paid so far (null: unknown); upto: how many times these prices the expected margin covers.
    nearest: the scene that comes nearest to paying, "" where there is none.
    """

    status: str
    reason: str
    rows: pd.DataFrame
    spent: float
    gmv: tuple[float, float, float]
    earns: float
    upto: float
    nearest: str


class Study(Scored):
    """The scenes of `Scored`, and the choice among them."""

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every scene by itself (`Scored.alone`), and p_best: how often it, or what stands for it, is in the best set."""
        frame = self.alone.copy()
        frame["p_best"] = frame.same.map(self.chances).fillna(0.0).where(frame.ready, 0.0)
        return frame

    @cached_property
    def candidates(self) -> list[str]:
        """Scenes among which the set is chosen: ready, one of each family, with a response (and, if any has one, a cost)."""
        known = self.responses
        able = [
            id for i, id in enumerate(known.scenes)
            if self.ready[id] and self.same[id] == id and self.can[i].sum() > 0
        ]  # fmt: skip
        return [id for id in able if self.has_price(id)] if self.priced else able

    @cached_property
    def _rows(self) -> "np.ndarray":
        return np.array([self.responses.scenes.index(id) for id in self.candidates], dtype=int)

    @cached_property
    def programme(self) -> choosing.Programme:
        """The candidates' programme."""
        rows, at, known, set_ = self._rows, self.at_cell, self.responses, self.rules.settings
        told = known.n[rows][:, at] > 0
        cost = known.cost[rows][:, at] if self.priced else np.zeros((len(rows), len(at)))
        cell = np.eye(len(self.order))[at]  # the supply of a channel is by cell
        uses = np.einsum("ksg,gc->kcsg", known.shares[:, rows][:, :, at], cell)
        uses = uses.reshape(known.contacts.size, len(rows), len(at))
        return choosing.Programme(choosing.Question(
            self.inside[rows] & told, self.segments.consumers.to_numpy(float), set_.reach, cost,
            np.array([self.rules.least(id) if self.priced else 0.0 for id in self.candidates]),
            float(self.budget) if self.priced and self.budget is not None else None, set_.most, self.can[rows].sum(axis=1),
            (set_.dearer.from_, set_.dearer.times), uses, (self.supply * known.contacts).ravel(),
        ))  # fmt: skip

    def _worth(self, gmv: "np.ndarray") -> "np.ndarray":
        return self.margin * gmv[..., self._rows, :][..., self.at_cell]

    @cached_property
    def choice(self) -> choosing.Choice:
        """The best set at the expected values."""
        return self.programme.solve(self._worth(self.responses.gmv))

    @cached_property
    def chances(self) -> dict[str, float]:
        """Candidate → how often it is in the best set, over draws of what a contact changes."""
        found = self.programme.chances(self._worth(self.responses.gmv_draws[:SOLVED]))
        return dict(zip(self.candidates, found.tolist(), strict=True))

    @cached_property
    def decision(self) -> Decision:
        """What to do with the budget; see Decision."""
        rows, met, at = self._rows, self.choice.met, self.at_cell
        gains = choosing.earned(self.choice, self._worth(self.responses.gmv_draws) / self.margin)
        spent = float(self.choice.spent.sum()) if self.priced else float("nan")
        earns = float((self.margin * gains > spent).mean()) if self.priced and len(gains) else float("nan")
        low, high = np.quantile(gains, model.ENDS) if len(gains) else (0.0, 0.0)
        expected = float((met * self.responses.gmv[rows][:, at]).sum()) if len(rows) else 0.0
        upto = self.margin * expected / spent if spent > 0 else float("nan")
        chosen = int(self.choice.chosen.sum())
        reason = "" if chosen and self.priced else self._reason()
        status = "wait" if not chosen else "rank" if not self.priced else "one" if chosen == 1 else "several"
        return Decision(
            status, reason, self._table(), spent, (expected, float(low), float(high)), earns, upto, self._nearest()
        )

    def _reason(self) -> str:
        if not any(self.ready.values()):
            return "none_ready"
        if not self.candidates:
            return "nothing_known"
        if not self.priced:
            return "no_cost"
        if self.budget is not None and self.budget < min(self.rules.least(id) for id in self.candidates):
            return "budget"
        asked = self.programme.asked
        pays = asked.inside & (self._worth(self.responses.gmv) > asked.cost)
        return "too_small" if pays.any() else "does_not_earn"

    def _nearest(self) -> str:
        """The candidate with the largest chance of earning its cost by itself; without costs the one that brings most."""
        told = self.alone.set_index("scene")
        told = told.loc[self.candidates]
        if told.empty:
            return ""
        return str((told.pays if self.priced else told.gmv_minor).astype(float).fillna(-1.0).idxmax())

    def _table(self) -> pd.DataFrame:
        known, at, words, rules = self.responses, self.at_cell, self.run.words, self.rules
        made = []
        for i, id in enumerate(self.candidates):
            met = self.choice.met[i]
            if not self.choice.chosen[i]:
                continue
            row, scene = self._rows[i], rules.scenes[id]
            met_in = "+".join(c for j, c in enumerate(self.order) if met[at == j].sum() > choosing.LEFT)
            moved = known.extra_draws[:, row][:, at] @ met
            expected, spent = float(met @ known.extra[row][at]), self.choice.spent[i]
            made.append((
                id, words.name(_plain(scene.name)), scene.group, met_in,
                scene.moves.to if scene.moves else "member", scene.audience, round(float(met.sum())), expected,
                *np.quantile(moved, model.ENDS), float(met @ known.gmv[row][at]), spent if self.priced else None,
                spent / expected if self.priced and expected > 0 else None, self.chances[id],
                _badge(str(known.kind[row])), words.name(_plain(scene.kpi)),
            ))  # fmt: skip
        frame = pd.DataFrame(made, columns=PORTFOLIO)
        numbers = ["moved", "low", "high", "gmv_minor", "budget_minor", "cost_per_moved_minor", "p_best"]
        return frame.astype({"people": "int64"} | dict.fromkeys(numbers, "Float64"))

    def gains(self) -> pd.DataFrame:
        """Of each chosen scene: scene, margin_minor (with low, high: 80%), budget_minor (null: unknown)."""
        met, at = self.choice.met, self.at_cell
        made = []
        for i in (j for j, chosen in enumerate(self.choice.chosen) if chosen):
            drawn = self.margin * self.responses.gmv_draws[:, self._rows[i]][:, at] @ met[i]
            expected = self.margin * float(met[i] @ self.responses.gmv[self._rows[i]][at])
            spent = float(self.choice.spent[i]) if self.priced else None
            made.append((self.candidates[i], expected, *np.quantile(drawn, model.ENDS), spent))
        frame = pd.DataFrame(made, columns=["scene", "margin_minor", "low", "high", "budget_minor"])
        return frame.astype(dict.fromkeys(frame.columns[1:], "Float64"))

    def trial(self, id: str) -> "model.Trial | None":
        """What a trial of one scene takes to tell the least effect that pays. See `model.scenes.trial`."""
        told = self.alone.set_index("scene").loc[id]
        share = float(told.moved / told.met) if told.met else 0.0
        cost = float(told.cost_minor / told.met) if told.met else float("nan")
        per = float(told.gmv_minor / told.moved) if told.moved > 0 else float("nan")
        set_ = self.rules.settings
        return model.trial(float(told.usual), share, cost, self.margin * per, set_.alpha, set_.power)

    @cached_property
    def gates(self) -> pd.DataFrame:
        """See `model.gates.gates`; with number (the order), and people where a gate counts people, else value."""
        grown = counting.growth(self.run.warehouse, self.run.brand, self.run.as_of)
        sized, told = self.rules.settings, self.scores[self.scores.scene == self.scores.same]
        at_stage = self.segments[self.segments.stage.isin(self.run.book.rules.ids)].consumers.sum()
        seen = {
            "buyers_90": grown["buyers_90"], "operable": at_stage, "followed": grown["followed"],
            "repeat_60": grown["back"] / grown["followed"] if grown["followed"] else np.nan,
            "grown": grown["buyers_90"] / grown["buyers_before"] if grown["buyers_before"] else np.nan,
            "paying": int((told.ready & (told.pays >= sized.odds)).sum()) if self.priced else np.nan,
            "told": int((told.ready & told.told).sum()),
        }  # fmt: skip
        frame = gates([(g.stage, g.measure, g.at_least) for g in self.rules.gates], seen)
        whose = frame.measure.isin(["buyers_90", "operable", "followed"])
        return frame.assign(
            number=range(len(frame)), people=frame.value.where(whose, 0).fillna(0).astype("int64"), value=frame.value.mask(whose)
        )  # fmt: skip


def _badge(kind: str) -> str:
    """A prior is a model's number."""
    return "model" if kind == "prior" else kind


def _plain(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(k): v for k, v in texts.items()}


def study(run: "Run") -> Study:
    """The study with the notebook's own knobs."""
    knob = knobs(run, "2_plan/scenes")
    budget = knob["budget_minor"] or None
    return Study(run, knob["rules"], knob["crowd_file"], knob["items"], budget, knob["draws"], knob["seed"],
                 knob["join_worth_minor"])  # fmt: skip


def portfolio(run: "Run") -> pd.DataFrame:
    """The notebook's table `portfolio`."""
    return kept(run, study(run))


def kept(run: "Run", made: Study) -> pd.DataFrame:
    """The set as it may be shown; written as the table `portfolio`."""
    also = ["moved", "low", "high", "gmv_minor", "budget_minor", "cost_per_moved_minor"]
    return run.keep("portfolio", made.decision.rows, keys=["scene"], people=["people"], also=also)
