"""What `3_execute/trials` reads: the brand's trials as of today, whom the clearest one moved more, and sizes of the next ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from apex.measure import trial_counts, trial_people, windows
from apex.measure.trial import CONTROLS
from apex.model import holdout_power, sample_size, trials, uplift
from apex.model.peeking import longer
from apex.model.sample_ratio import STRICT

if TYPE_CHECKING:
    from apex.report.run import Run

__all__ = ["STRICT", "Study", "masked", "verdicts"]
VERDICTS = [
    "experiment_id", "unit", "metric", "first_day", "last_day", "ended", "verdict", "winner", "told", "unevenness", "detectable",
    "needed", "channel", "twice",
]  # fmt: skip
FIGURES = ["rate", "ratio", "low", "high", "p_best", "loss", "next_share"]
MONEY = ["mean_minor", "extra_minor", "low", "high"]
OUTCOME = "buyers"


@dataclass(frozen=True)
class Study:
    """All of it. recent: days since a trial's end; lift: what a trial should tell; limit: see `model.trials.read`."""

    run: "Run"
    recent: int
    lift: float
    limit: float
    traits: tuple[str, ...]

    @cached_property
    def reads(self) -> dict[str, trials.Read]:
        """Each trial's answer, the latest end first."""
        run, found = self.run, {}
        listed = trial_counts.listed(run.warehouse, run.brand, self.recent)
        for row in listed.itertuples():
            counted = trial_counts.counted(run.warehouse, run.brand, row)
            if counted is not None:
                found[str(row.experiment_id)] = trials.read(counted, self.lift, self.limit)
        return found

    def verdicts(self) -> pd.DataFrame:
        """VERDICTS, one row a trial; channel: the one in which it ran (null: several, or not known)."""
        ran = trial_counts.channels(self.run.warehouse, self.run.brand, list(self.reads))
        rows = [
            (name, r.counted.unit, r.counted.metric, r.counted.first_day, r.counted.last_day, r.counted.ended, r.verdict,
             r.winner, r.told, r.unevenness, r.detectable, r.needed, ran.get(name), r.counted.twice)
            for name, r in self.reads.items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=VERDICTS).astype({"detectable": float, "needed": float})

    def arms(self) -> pd.DataFrame:
        """The arms of all trials, with experiment_id; empty columns where there is none."""
        few = self.run.campaign.privacy_threshold
        parts = [
            (r.arms if r.counted.unit == trial_counts.CONSUMER else trials.pooled(r.arms, few)).assign(
                experiment_id=name
            )
            for name, r in self.reads.items()
        ]
        columns = ["experiment_id", *trials.ARMS]
        empty = pd.DataFrame(columns=columns).astype(dict.fromkeys(["units", "did"], "int64"))
        return pd.concat(parts, ignore_index=True)[columns] if parts else empty

    def money(self) -> pd.DataFrame:
        """What arms of consumers brought, with experiment_id and units."""
        parts = [
            r.money.assign(experiment_id=name, units=r.arms.units.to_numpy())
            for name, r in self.reads.items() if len(r.money)
        ]  # fmt: skip
        if not parts:
            return pd.DataFrame(columns=["experiment_id", "arm", "against", "units", *MONEY]).astype({"units": "int64"})
        return pd.concat(parts, ignore_index=True)

    def path(self, name: str, arms: pd.DataFrame) -> pd.DataFrame:
        """A trial's ratio day by day, from the day on which both arms may be shown; empty where one may not. arms: as kept."""
        if name not in self.reads:
            return pd.DataFrame(columns=["day", "value", "low", "high"])
        read = self.reads[name]
        shown = set(arms.arm[(arms.experiment_id == name) & ~arms.suppressed])
        path, least = read.path, self.run.campaign.privacy_threshold
        two = [path.arm.iloc[0], path.against.iloc[0]]
        upto = read.counted.grid("did")[two].cumsum().min(axis=1).to_numpy()
        few = (upto < least) | (not set(two) <= shown)
        return path[~few][["day", "value", "low", "high"]].reset_index(drop=True)

    @cached_property
    def clearest(self) -> trials.Read | None:
        """The trial for whom a trial moved more: over, two arms of consumers, drawn evenly, with most buyers in its smaller
        arm."""
        can = [
            r for r in self.reads.values()
            if r.counted.unit == trial_counts.CONSUMER and r.counted.ended and len(r.arms) == 2
            and r.arms.control.sum() == 1 and r.verdict != trials.BROKEN and not r.counted.twice
            and r.counted.arms.arm[r.counted.arms.control.astype(bool)].isin(CONTROLS).all()
        ]  # fmt: skip
        return max(can, key=lambda r: int(r.arms.did.min()), default=None)

    @cached_property
    def moved(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The clearest trial's consumers and what was known of them (`measure.trial_people.people`)."""
        if self.clearest is None:
            return pd.DataFrame(), pd.DataFrame()
        of = self.clearest.counted
        return trial_people.people(
            self.run.book, self.run.brand, of.experiment_id, of.first_day, of.last_day, self.traits
        )

    @cached_property
    def qini(self) -> uplift.Qini | None:
        """Whom it moved more, judged on consumers that the ranking never saw."""
        people, known = self.moved
        if people.empty:
            return None
        return uplift.qini(
            people[OUTCOME].to_numpy(), people.treated.to_numpy(), people.chance.to_numpy(), known.to_numpy()
        )

    def fifths(self) -> pd.DataFrame:
        """The effect in fifths of the ranking; no row where nobody is ranked."""
        return self.qini.parts if self.qini else pd.DataFrame(columns=["part", "consumers", "effect", "low", "high"])

    def curve(self) -> pd.DataFrame:
        """The Qini curve in buyers more of 1,000 people: share, gain, random, low, high (95 %, beside random); else no row."""
        if self.qini is None:
            return pd.DataFrame(columns=["share", "gain", "random", "low", "high"])
        found = self.qini.curve
        reach = uplift.LEVEL_Z * found.error
        made = found.assign(low=found.gain - reach, high=found.gain + reach).drop(columns="error")
        return made.assign(**{c: 1000 * made[c] for c in ("gain", "random", "low", "high")})

    def crowds(self, by: str) -> pd.DataFrame:
        """The clearest trial's effect by stage or trait."""
        people, known = self.moved
        if people.empty or by not in people:
            return pd.DataFrame(columns=uplift.CROWDS)
        return uplift.by_crowd(
            people[OUTCOME].to_numpy(),
            people.treated.to_numpy(),
            people.chance.to_numpy(),
            known.to_numpy(),
            people[by],
        )

    def sizes(self) -> pd.DataFrame:
        """Units that the next trials need in each arm: kind (buyers, clicks), lift, rate, once, daily."""
        parts = []
        for kind, unit in (("buyers", trial_counts.CONSUMER), ("clicks", trial_counts.IMPRESSION)):
            rate = self.base.get(kind, 0.0)
            last = next((r for r in self.reads.values() if r.counted.unit == unit), None)
            arms = 2 if last is None else len(last.arms)
            if 0 < rate < 1:
                found = sample_size.table(rate, sorted({self.lift / 2, self.lift, 2 * self.lift}), arms)
                parts.append(found.assign(kind=kind, arms=arms))
        columns = ["kind", "arms", "lift", "rate", "once", "daily"]
        return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)

    @cached_property
    def base(self) -> dict[str, float]:
        """Usual rates: buyers among those at a stage in a window like the campaign's, clicks of the last trial's impressions."""
        found = {}
        if self.stock[0]:
            found["buyers"] = self.stock[1] / self.stock[0]
        shown = [r for r in self.reads.values() if r.counted.unit == trial_counts.IMPRESSION]
        if shown:
            found["clicks"] = float(shown[0].arms.did.sum() / max(shown[0].arms.units.sum(), 1))
        return found

    @cached_property
    def stock(self) -> tuple[int, int]:
        """People at a stage on the eve of the last window as long as the campaign's, and how many of them bought in it."""
        run = self.run
        last = run.as_of
        first = last - timedelta(days=run.window_days - 1)
        if first - timedelta(days=1) < run.warehouse.first_day:
            return 0, 0
        found = windows.results(run.book, [run.brand], [(first, last)])
        there = found[found.cell.astype(str).isin(list(run.book.rules.ids))]
        return int(there.consumers.sum()), int(there.buyers.sum())

    def hold_out(self) -> pd.DataFrame:
        """What a hold-out of the plan tells: share, treated, held_out, rate, once (detectable at one look), daily (at every
        day's)."""
        people, bought = self.stock
        rate = bought / people if people else 0.0
        shares = holdout_power.table(people, rate, None)
        daily = [
            sample_size.tellable(r.held_out, rate, 2, holdout_power.ALPHA, r.treated / r.held_out)
            if min(r.held_out, r.treated) >= holdout_power.FEW and 0 < rate < 1 else None
            for r in shares.itertuples()
        ]  # fmt: skip
        frame = shares.rename(columns={"detectable": "once"}).assign(daily=pd.array(daily, "Float64"))
        return frame[["share", "treated", "held_out", "rate", "once", "daily"]].round({"treated": 0, "held_out": 0})

    def longer(self) -> float:
        """How many times the units of a test looked at once a trial of two arms needs at most."""
        return longer(0.05, sample_size.POWER)


def verdicts(run: "Run") -> pd.DataFrame:
    """The table `verdicts` with the notebook's own knobs."""
    from apex.report.upstream import knobs

    given = knobs(run, "3_execute/trials")
    recent, lift, limit = int(given["recent"]), float(given["lift"]), float(given["limit"])
    return Study(run, recent, lift, limit, tuple(given["traits"])).verdicts()


def masked(frame: pd.DataFrame, arms: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Kept rows without these figures where they stand beside an arm that is hidden, which they would give away."""
    hidden = set(zip(arms.experiment_id[arms.suppressed], arms.arm[arms.suppressed], strict=True))
    beside = [key in hidden for key in zip(frame.experiment_id, frame.against, strict=True)]
    out = frame.copy()
    out.loc[beside, list(columns)] = pd.NA
    return out
