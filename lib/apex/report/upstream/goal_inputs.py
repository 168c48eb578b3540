"""What `2_plan/goal` rests on beside the history: earlier years, the earlier campaign's media, and how bought stock converts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure import bought_stock, pace, same_days, trial
from apex.measure.touches import purchase_stages
from apex.model import bought as bought_model
from apex.model import effect, goal, outlook
from apex.model.stages import look
from apex.model.yearly import yearly
from apex.report.lesson import once, together

if TYPE_CHECKING:
    from apex.measure.bought_stock import BoughtStock
    from apex.measure.history import History
    from apex.report.lesson import Lesson
    from apex.report.run import Run


@lru_cache(maxsize=2)  # the plan, its goals and the back-test rest on the same
def years_of(run: "Run", seen: "History") -> pd.DataFrame:
    """The window and the same days of earlier years, of the cohort. See `measure.same_days`."""
    return same_days.same_days(run.warehouse, seen.brands, run.campaign.window, run.as_of)


def outlook_of(run: "Run", seen: "History", seed: int) -> outlook.Outlook | None:
    """What the same days of earlier years say of the window; None where the data hold too few of them."""
    made = yearly(years_of(run, seen), run.brand)
    return None if made is None else outlook.of_years(made, np.random.default_rng(seed))


@lru_cache(maxsize=2)  # the hold-out and the goals rest on the same
def earlier_stock(run: "Run") -> "BoughtStock | None":
    """The stock that the media of the campaign to compare with bought; None where its days are not known or not over."""
    name = next(iter(run.campaign.compare), None)
    eve = pace.eve_of(run.warehouse, name)
    if eve is None or name is None:
        return None
    campaigns = run.warehouse.table("campaigns")
    last = campaigns.filter(campaigns.campaign_id == name).last_day.execute().iloc[0]
    return bought_stock.bought_stock(run.book, run.brand, name, eve + timedelta(days=1), pd.Timestamp(last).date())


def lift_of(run: "Run", seen: "History", given: goal.Bought, stock: "BoughtStock | None") -> bought_model.Lift | None:
    """What as much money again as the earlier campaign's would add; None where that money or whom it met is not known."""
    view = look(seen, seen.as_of)
    if stock is None or not stock.spent_minor or view is None:
        return None
    at = view.brands.index(run.brand)
    cells = stock.cells.assign(
        conversion=stock.cells.stage.map({c: float(p.mean[at]) for c, p in view.conversion.items()}),
        value_minor=stock.cells.stage.map({c: float(p.mean[at]) for c, p in view.value.items()}),
    )
    share = bought_model.shares(cells, tuple(purchase_stages(run.book.rules)))
    return bought_model.Lift(1.0, share, (given.m, given.low, given.high))


def informed(run: "Run", seen: "History", given: goal.Bought, lessons: "Sequence[Lesson]") -> goal.Bought:
    """How bought stock converts, after lessons and the earlier campaign's random hold-out have been heard.

    A lesson tells m as its hold-out found it, without a prior, so that the prior is heard once; a hold-out that a lesson has
    told of is not read again.
    """
    told = once(lessons)
    known = next((e for e in together(told, lessons[-1].half_life_days) if e.what == "bought"), None) if told else None
    if known is not None and known.value is not None and known.low is not None and known.high is not None:
        se = (known.high - known.low) / (2 * bought_model.Z80)
        m, low, high = bought_model.informed((given.m, given.low, given.high), known.value, se, 1.0)
        given = replace(given, m=m, low=low, high=high)
    heard = {e.campaign_id for e in told if any(x.what == "bought" and x.value is not None for x in e.seen)}
    return given if next(iter(run.campaign.compare), None) in heard - {None} else _tried(run, seen, given)


def _tried(run: "Run", seen: "History", given: goal.Bought) -> goal.Bought:
    """After the hold-out: see `model.bought.informed`. The held-out were left alone by the campaign's own media only, so that
    what these were worth is what they added to the rest.
    """  # fmt: skip
    name = next(iter(run.campaign.compare), None)
    if name is None or not run.warehouse.has("assignments") or not run.warehouse.has("spend"):
        return given
    lists = run.warehouse.table("assignments")
    arms = lists.filter((lists.experiment_id == name) & lists.consumer_id.notnull()).select("arm").distinct()
    if not set(arms.arm.to_pyarrow().to_pylist()) & set(trial.CONTROLS):
        return given
    stock = earlier_stock(run)
    lift = lift_of(run, seen, given, stock)
    if lift is None or stock is None or not stock.spent_minor:
        return given
    counted = trial.trial(run.warehouse, name, run.brand, earlier=1, window=(stock.first_day, stock.last_day))
    wide = counted.wide("gmv_minor")
    if not {0, -1} <= set(wide.columns):
        return given
    found = effect.adjusted(wide[0], counted.treated, wide[[-1]])
    rest = 1 - (stock.of_campaign_minor or 0) / stock.spent_minor
    worth = float(wide[0][counted.treated.to_numpy()].mean()) * lift.share["gmv_minor"] * (1 - rest ** lift.eta[0])
    m, low, high = bought_model.informed((given.m, given.low, given.high), found.effect, found.se, worth)
    return replace(given, m=m, low=low, high=high)
