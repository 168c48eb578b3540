"""What `4_wrapup/lessons` writes: this campaign's lesson, what came otherwise than planned, and what to test next."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure import lessons as measure
from apex.measure import windows
from apex.measure.assets import NONE
from apex.model import lessons as model
from apex.model.verdict import in_short
from apex.report import upstream
from apex.report.lesson import Lesson
from apex.report.lesson import frame as framed
from apex.report.upstream import closing, goal, knobs
from apex.report.upstream.lesson_parts import PER, Parts
from apex.report.upstream.lesson_rows import entries_shown, null

if TYPE_CHECKING:
    from apex.report.run import Run

NOTEBOOK = "4_wrapup/lessons"
FORETOLD = ["what", "of", "foretold", "low", "high", "came", "n", "scale"]


@dataclass(frozen=True)
class Study:
    """All of it. earlier: see `upstream.closing.verdicts`; choices: read at most, for the response; half_life: days."""

    run: "Run"
    earlier: int
    choices: int
    half_life: float
    seed: int

    @cached_property
    def parts(self) -> Parts:
        """What this campaign showed by itself."""
        planned = self.run.table("2_plan/media", "budget")
        money = planned.groupby("channel").planned.sum().to_dict() if len(planned) else None
        return Parts(self.run, self.choices, self.seed, money)

    @cached_property
    def effect(self) -> dict[str, Any]:
        """What the campaign changed in GMV, as a lesson keeps it."""
        return in_short(closing.verdicts(self.run, self.earlier).get(("gmv_minor", "all")))

    @cached_property
    def lesson(self) -> Lesson:
        """Written into the run."""
        return self.run.teach(self.parts.converted, self.effect, self.parts.seen, self.half_life)

    @cached_property
    def foretold(self) -> pd.DataFrame:
        """What the plan of this campaign foretold beside what came (FORETOLD); empty where there was none.

        People below the privacy threshold, on either side, are left out; what is of a whole window waits for its end.
        """
        run, few, rows = self.run, self.run.campaign.privacy_threshold, []
        if run.campaign.goal.gmv_minor is None:
            return pd.DataFrame(columns=FORETOLD)
        over = run.seen_window == run.campaign.window
        cells = self.parts.converted.set_index(self.parts.converted.cell.astype(str))
        told = set(entries_shown(self.parts.converted, few))
        goals, needed = goal.foretold(run)
        came = measure.came(run.warehouse, run.brand, *run.seen_window) if over else {}
        for row in goals[goals.goal.isin(list(came))].itertuples():
            if row.goal == "gmv_minor" or came[row.goal] >= few:
                rows.append((row.goal, "", row.forecast, row.low, row.high, came[row.goal], 0, "log"))
        for row in needed.itertuples():
            if str(row.stage) not in told:
                continue
            here = cells.loc[str(row.stage)]
            if row.stage not in (NONE, windows.OPPORTUNITY) and pd.notna(row.stock_forecast):
                rows.append(("stock", row.stage, row.stock_forecast, row.low, row.high, here.consumers, 0, "log"))
            if over and pd.notna(row.conversion):
                rows.append(
                    ("conversion", row.stage, row.conversion, np.nan, np.nan, here.rate, here.consumers, "share")
                )
        planned = run.table("2_plan/media", "budget")
        if len(planned) and len(self.parts.paid):
            sums = planned.groupby("channel")[["planned", "contacts"]].sum()
            for channel, paid in self.parts.paid.set_index("channel").value.dropna().items():
                if channel in sums.index and sums.contacts[channel] > 0 and sums.planned[channel] > 0:
                    price = sums.planned[channel] / sums.contacts[channel]
                    rows.append(("price", channel, price, np.nan, np.nan, paid, 0, "log"))
        frame = pd.DataFrame(rows, columns=FORETOLD)
        return frame.astype(dict.fromkeys(FORETOLD[2:6], float) | {"n": "int64"})

    @cached_property
    def surprises(self) -> pd.DataFrame:
        """`model.lessons.surprises` of it."""
        return model.surprises(self.foretold)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """`model.lessons.to_test`, the campaign's own effect with it where the data could not identify it."""
        known = framed(self.lesson.seen)  # what campaigns differ by, which is in `merged`, no test takes away
        older = framed(self.lesson.merged).set_index(model.KEYS)
        for row in known[known.value.isna() & (known.scale != "total")].itertuples():
            known.loc[row.Index, ["value", "low", "high"]] = older.loc[
                (row.what, row.of), ["value", "low", "high"]
            ].to_numpy()
        spent = {c: float(v) for c, v in zip(self.parts.paid.channel, self.parts.paid.cost_minor, strict=True)}
        whole = float(self.parts.converted.gmv_minor.sum())
        money = {("response", c): v for c, v in spent.items()}
        money |= {("conversion", c.cell): float(c.gmv_minor) for c in self.lesson.conversion}
        money |= {("bought", ""): sum(spent.values())}
        met = (
            self.parts.raised.set_index("channel")
            if len(self.parts.raised)
            else pd.DataFrame(columns=["people", "buyers"])
        )
        contacts = self.parts.paid.set_index("channel").contacts
        response = {e.of: e.value / PER for e in self.lesson.merged if e.what == "response" and e.value is not None}
        rates: dict[model.Key, tuple[int, float, float]] = {}
        few = self.run.campaign.privacy_threshold
        for channel, row in met.iterrows():
            if row.people >= few and row.buyers >= few:
                rate = row.buyers / row.people
                brings = response.get(channel, np.nan) * contacts.get(channel, np.nan) / row.people / rate
                rates["response", str(channel)] = int(row.people), rate, brings
        rates |= {("conversion", c.cell): (c.consumers, c.rate, np.nan) for c in self.lesson.conversion}
        if ("response", "") in rates:
            rates["bought", ""] = rates["response", ""]
        done = self.lesson.effect
        if done.verdict == "not identified":
            reach = whole if done.low is None or done.high is None else min((done.high - done.low) / 2, whole)
            unknown = pd.DataFrame([null("effect", "", "lift", "plain", "no_holdout")], columns=model.ENTRY)
            known = pd.concat([unknown, known], ignore_index=True)
            people = int(self.parts.converted.consumers.sum())
            money["effect", ""] = float(reach)
            rates["effect", ""] = people, float(self.parts.converted.buyers.sum()) / max(people, 1), np.nan
        tried = {t.channel for t in self.parts.own_trials.itertuples() if t.channel}
        ratios = {e.of: (e.low, e.high) for e in self.lesson.merged
                  if e.what == "credit_ratio" and e.low is not None and e.high is not None}  # fmt: skip
        return model.to_test(known, money, rates, sorted(tried), ratios)


def study(run: "Run") -> Study:
    """With the notebook's own knobs."""
    knob = knobs(run, NOTEBOOK)
    return Study(run, knob["earlier"], knob["choices"], knob["half_life"], knob["seed"])


def lesson_of(campaign: str) -> Lesson:
    """The lesson of a campaign, computed without rendering its report."""
    from apex.report.run import Run

    return study(Run(campaign, NOTEBOOK, alone=True)).lesson


def known(campaign: str, made_from: str) -> Lesson:
    """`lesson_of`, computed once in one process while it is made from the same files."""
    key = ("lesson", made_from)
    if key not in upstream._KNOWN:
        upstream._KNOWN[key] = lesson_of(campaign)
    found: Lesson = upstream._KNOWN[key]
    return found
