"""What `2_plan/scenes` computes and hands over: each scene scored on the brand's own data, and the best set under the budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure import item_life, item_market, joining, peers
from apex.measure import scenes as counting
from apex.measure.crowd_rules import OPPORTUNITY
from apex.measure.item_rules import load_item_rules
from apex.measure.moves import CONVERT
from apex.measure.scene_rules import load_scenes
from apex.model import portfolio as choosing
from apex.model import scenes as model
from apex.model.gates import gates
from apex.report.upstream import knobs

if TYPE_CHECKING:
    from apex.report.run import Run

PORTFOLIO = [
    "scene", "name", "group", "stage_from", "stage_to", "audience", "people", "moved", "low", "high", "gmv_minor",
    "budget_minor", "cost_per_moved_minor", "p_best", "kind", "kpi",
]  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What to do. status: "several", "one", "wait" or "rank" (no cost is known, so scenes are only ranked by what they bring).

    reason, of "wait" and "rank": none_ready (no scene has what it needs), no_cost, nothing_known (no response), budget (below
    what any scene takes), does_not_earn (no scene's margin covers its cost). rows: the table PORTFOLIO without p_best of others.
    spent, gmv: of the set, minor units (spent null: unknown), with the 80% interval of gmv. earns: chance that margin × GMV
    is above cost (null: unknown). nearest: the scene that comes nearest to paying, "" where there is none.
    """

    status: str
    reason: str
    rows: pd.DataFrame
    spent: float
    gmv: tuple[float, float, float]
    earns: float
    nearest: str


class Study:
    """Business scenes as a run's day sees them."""

    def __init__(
        self,
        run: "Run",
        file: str,
        crowd_file: str,
        items: str,
        budget_minor: int | None,
        draws: int,
        seed: int,
        join_worth: int = 0,
    ):
        """file, crowd_file, items: rules of scenes, crowds and items' life. budget_minor: None takes the campaign's.

        draws: of what a contact changes. join_worth: what a join adds beyond the order at which it happens, in minor units.
        """
        self.join_worth = join_worth
        self.run, self.rules = run, load_scenes(file)
        self.crowds, self.item_rules = self.rules.crowds(crowd_file), load_item_rules(items)
        self.budget = run.campaign.budget_minor if budget_minor is None else budget_minor
        self.draws, self.seed = draws, seed

    @property
    def margin(self) -> float:
        """What of GMV is left after goods; all of it where the campaign does not say."""
        return 1.0 if self.run.campaign.margin is None else self.run.campaign.margin

    @cached_property
    def category(self) -> str | None:
        """The brand's main category."""
        return peers.main_category(self.run.warehouse, self.run.brand, self.run.as_of)

    @cached_property
    def segments(self) -> pd.DataFrame:
        """See `measure.scenes.segments`."""
        run = self.run
        return counting.segments(
            run.book, run.brand, self.crowds, tuple(self.rules.audiences), run.as_of, self.category
        )

    @cached_property
    def staged(self) -> pd.DataFrame:
        """The brand's items now, with stage, age, sales and GMV of the last period (see `measure.item_life`)."""
        run, asked = self.run, self.item_rules
        market = item_market.market(run.warehouse, run.brand, asked, run.as_of)
        measured = item_life.measures(market, run.brand, asked, 1 + asked.memory)
        staged = item_life.stages(item_life.with_cover(measured, run.warehouse, market), asked, 1)
        return staged[staged.period == 0].reset_index(drop=True)

    @cached_property
    def facts(self) -> counting.Facts:
        """See `measure.scenes.facts`."""
        return counting.facts(self.run.warehouse, self.run.brand, self.run.as_of, self.staged)

    @cached_property
    def cells(self) -> dict[str, tuple[str, ...]]:
        """Scene → the cells that it takes people from; those who bought where it counts joins."""
        stages = self.run.book.rules.ids
        return {
            id: scene.moves.from_ if scene.moves else tuple(stages[-2:]) for id, scene in self.rules.scenes.items()
        }  # fmt: skip

    @cached_property
    def inside(self) -> "np.ndarray":
        """S × segments: whether a scene addresses a segment's people."""
        seen = self.segments
        return np.array(
            [seen[scene.audience].to_numpy(bool) & seen.stage.isin(self.cells[id]).to_numpy(bool)
             for id, scene in self.rules.scenes.items()]
        ).reshape(len(self.rules.scenes), len(seen))  # fmt: skip

    @cached_property
    def people(self) -> "np.ndarray":
        """S × cells: consumers whom each scene addresses."""
        at = self._at_cell
        return (self.inside * self.segments.consumers.to_numpy(float)) @ np.eye(len(self.order))[at]

    @property
    def order(self) -> list[str]:
        """The cells, shallow to deep."""
        return [OPPORTUNITY, *self.run.book.rules.ids]

    @property
    def _at_cell(self) -> "np.ndarray":
        return np.array(
            [self.order.index(stage) if stage in self.order else 0 for stage in self.segments.stage], dtype=int
        )

    @cached_property
    def moves(self) -> pd.DataFrame:
        """What a contact changes, by cell and channel."""
        from apex.report.upstream.moves import moves

        return moves(self.run)

    @cached_property
    def supply(self) -> float:
        """How many people a channel can meet in the horizon, for each contact that `moves` counted of it."""
        from apex.report.upstream.moves import spans

        last, first = self.run.as_of - timedelta(days=CONVERT - 1), self.run.warehouse.first_day
        days = {a + timedelta(days=i) for a, b in spans(self.run) for i in range((b - a).days + 1)}
        counted = sum(first < day <= last for day in days)
        set_ = self.rules.settings
        return set_.grow * set_.horizon_days / counted if counted else 0.0

    @cached_property
    def can(self) -> "np.ndarray":
        """S × cells: whom each scene can meet by itself in the horizon. See `model.scenes.capacity`."""
        return model.capacity(self.responses, self.people, self.rules.settings.reach, self.supply)

    @cached_property
    def joins(self) -> model.Joining:
        """How often a buyer who is no member joined at an order of the last year, and what a join adds beyond the order.

        What it adds is a knob: the members' page estimates it, and takes seconds for it.
        """
        span = joining.span(self.run.warehouse, self.run.as_of, 0)
        asked = joining.invitations(self.run.warehouse, self.run.brand, *span)
        whole = asked[asked.cut == "all"]
        joined, days = (int(whole[c].sum()) for c in ("joined", "days"))
        return model.Joining(joined, max(days - joined, 0), (float(self.join_worth), 0.0))

    @cached_property
    def responses(self) -> model.Responses:
        """See `model.scenes.responses`."""
        rng = np.random.default_rng(self.seed)
        channels = {id: self.rules.channels(id) for id in self.rules.scenes}
        known = model.responses(self.moves, channels, self.order, rng, self.draws)
        for id, scene in self.rules.scenes.items():
            if scene.counts == "joins":
                known = model.with_joins(known, id, self.joins, rng)
        return known

    @cached_property
    def unmet(self) -> pd.DataFrame:
        """See `measure.scenes.unmet`."""
        people = dict(zip(self.rules.scenes, self.people.sum(axis=1).astype(int).tolist(), strict=True))
        return counting.unmet(self.rules, self.facts, people)

    @property
    def lacking(self) -> pd.DataFrame:
        """`unmet` as a page keeps it: what was seen stands in `people` where it counts people, else in `number`."""
        frame, whose = self.unmet, self.unmet.need.isin(["audience", "members", "followers"])
        return frame.assign(
            number=frame.seen.mask(whose), people=frame.seen.where(whose, 0).fillna(0).astype("int64")
        ).drop(columns="seen")  # fmt: skip

    @property
    def ready(self) -> dict[str, bool]:
        """Scene → whether it has all that it needs."""
        lacking = set(self.unmet.scene)
        return {id: id not in lacking for id in self.rules.scenes}

    @cached_property
    def same(self) -> dict[str, str]:
        """Scene → the scene that stands for it; see `model.scenes.families`."""
        rules = self.rules
        return model.families(
            {id: rules.channels(id) for id in rules.scenes}, {id: s.audience for id, s in rules.scenes.items()},
            self.cells, self.ready,
        )  # fmt: skip

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every scene: the columns of `model.scenes.scores`, group, counts, items and items_minor (how many are at the stages it
        names, and their GMV of the last period), ready, same, p_best.
        """
        rules = self.rules
        frame = model.scores(self.responses, self.people, self.can, self.margin)
        frame["group"] = [rules.scenes[id].group for id in frame.scene]
        frame["counts"] = [rules.scenes[id].counts for id in frame.scene]
        at = {id: self.staged.stage.isin(scene.items or ()) for id, scene in rules.scenes.items()}
        frame["items"] = pd.array(
            [int(at[id].sum()) if rules.scenes[id].items else pd.NA for id in frame.scene], "Int64"
        )
        frame["items_minor"] = pd.array(
            [int(self.staged.gmv_minor[at[id]].sum()) if rules.scenes[id].items else pd.NA for id in frame.scene], "Int64"
        )  # fmt: skip
        frame["ready"] = [self.ready[id] for id in frame.scene]
        frame["same"] = [self.same[id] for id in frame.scene]
        frame["p_best"] = frame.same.map(self.chances).fillna(0.0).where(frame.ready, 0.0)
        return frame

    # The choice.

    @cached_property
    def candidates(self) -> list[str]:
        """Scenes among which the set is chosen: ready, one of each family, with a response (and, if any has one, a cost)."""
        known = self.responses
        able = [
            id for i, id in enumerate(known.scenes)
            if self.ready[id] and self.same[id] == id and self.can[i].sum() > 0
        ]  # fmt: skip
        return [id for id in able if self._priced(id)] if self.priced else able

    def _priced(self, id: str) -> bool:
        i = self.responses.scenes.index(id)
        used = self.can[i] > 0
        return bool(used.any() and np.isfinite(self.responses.cost[i][used]).all())

    @property
    def priced(self) -> bool:
        """Whether the cost of any scene is known."""
        return any(self._priced(id) for id in self.rules.scenes)

    @cached_property
    def _rows(self) -> "np.ndarray":
        return np.array([self.responses.scenes.index(id) for id in self.candidates], dtype=int)

    @cached_property
    def programme(self) -> choosing.Programme:
        """The candidates' programme."""
        rows, at, known, set_ = self._rows, self._at_cell, self.responses, self.rules.settings
        told = known.n[rows][:, at] > 0
        cost = known.cost[rows][:, at] if self.priced else np.zeros((len(rows), len(at)))
        cell = np.eye(len(self.order))[at]  # the supply of a channel is by cell
        uses = np.einsum("ksg,gc->kcsg", known.shares[:, rows][:, :, at], cell).reshape(-1, len(rows), len(at))
        return choosing.Programme(choosing.Question(
            self.inside[rows] & told, self.segments.consumers.to_numpy(float), set_.reach, cost,
            np.array([self.rules.least(id) if self.priced else 0.0 for id in self.candidates]),
            float(self.budget) if self.priced and self.budget is not None else None, set_.most, self.can[rows].sum(axis=1),
            (set_.dearer.from_, set_.dearer.times), uses, (self.supply * known.contacts).ravel(),
        ))  # fmt: skip

    def _worth(self, gmv: "np.ndarray") -> "np.ndarray":
        return self.margin * gmv[..., self._rows, :][..., self._at_cell]

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
        rows, met, at = self._rows, self.choice.met, self._at_cell
        gains = choosing.earned(self.choice, self._worth(self.responses.gmv_draws) / self.margin)
        spent = float(self.choice.spent.sum()) if self.priced else float("nan")
        earns = float((self.margin * gains > spent).mean()) if self.priced and len(gains) else float("nan")
        low, high = np.quantile(gains, model.ENDS) if len(gains) else (0.0, 0.0)
        expected = float((met * self.responses.gmv[rows][:, at]).sum()) if len(rows) else 0.0
        chosen = int(self.choice.chosen.sum())
        reason = "" if chosen and self.priced else self._reason()
        status = "wait" if not chosen else "rank" if not self.priced else "one" if chosen == 1 else "several"
        return Decision(
            status, reason, self._table(), spent, (expected, float(low), float(high)), earns, self._nearest()
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
        return "does_not_earn"

    def _nearest(self) -> str:
        """The candidate with the largest chance of earning its cost by itself; without costs the one that brings most."""
        told = model.scores(self.responses, self.people, self.can, self.margin).set_index("scene")
        told = told.loc[self.candidates]
        if told.empty:
            return ""
        return str((told.pays if self.priced else told.gmv_minor).astype(float).fillna(-1.0).idxmax())

    def _table(self) -> pd.DataFrame:
        known, at, words, rules = self.responses, self._at_cell, self.run.words, self.rules
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
        met, at = self.choice.met, self._at_cell
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
        told = model.scores(self.responses, self.people, self.can, self.margin).set_index("scene").loc[id]
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


SOLVED = 50  # draws for which the best set is looked for


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
