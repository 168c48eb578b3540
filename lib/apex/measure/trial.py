"""A campaign as a trial: what listed and unlisted consumers bought in its window and in equal windows before it.

Counting only. Whether the difference between the two groups means anything is for `apex.model.effect` and
`apex.model.verdict`. The engine walks the events once; what comes back is one row a consumer and period, which suits
panels and samples up to a few million consumers. A larger market would send sums, squares and cross-products by group
instead: all that the two-period estimators need.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

CONTROLS = ("control", "holdout", "hold-out")  # arms that were held out on purpose
MEASURES = ("gmv_minor", "orders", "buyers")
GROUPS = 10  # equal groups of prior spend
OLDER = 10**6  # stands for "before all periods" inside the query


@dataclass(frozen=True)
class Trial:
    """Consumers of one campaign and what they did, period by period.

    Period 0 is the campaign's window as far as it may be seen (first_day to last_day, `ended` says whether that is all of
    it), −1 the equal window before, −2, −3 … those before that, as far as the data reach.

    periods: period, first_day, last_day, in order of time.
    consumers, one row each, by consumer_id: treated (bool), propensity (chance of being treated, null where unknown), old
    (bool: bought in scope before the window, as far as the data go back), other_campaigns (int: other live campaigns in
    the window that list the consumer), then the consumer's traits (strings).
    outcomes, one row a consumer and period in that order, zeros included: consumer_id, period, gmv_minor, orders, buyers
    (0 or 1; all three in scope), all_minor (paid for anything, in scope or not).
    """

    campaign_id: str
    brand: str | None
    first_day: date
    last_day: date
    ended: bool
    control: str | None
    periods: pd.DataFrame
    consumers: pd.DataFrame
    outcomes: pd.DataFrame

    @property
    def treated(self) -> pd.Series:
        """Whether each consumer was treated; index consumer_id."""
        return self.consumers.set_index("consumer_id").treated

    @property
    def traits(self) -> list[str]:
        """The names of the consumers' traits."""
        return list(self.consumers.columns[5:])

    def wide(self, measure: str) -> pd.DataFrame:
        """One column of `outcomes` with a row per consumer and a column per period, in order of time."""
        if measure not in (*MEASURES, "all_minor"):
            raise ApexError(f'trial: there is no measure "{measure}".{nearest(measure, [*MEASURES, "all_minor"])}')
        grid = self.outcomes[measure].to_numpy().reshape(len(self.consumers), len(self.periods))
        index, columns = pd.Index(self.consumers.consumer_id), pd.Index(self.periods.period, name="period")
        return pd.DataFrame(grid, index, columns)

    @cached_property
    def deciles(self) -> pd.DataFrame:
        """Ten equal groups of consumers by what they paid for anything, within each period: 1 least … 10 most.

        A row per consumer, a column per period. Ties are split in order of consumer_id, a hash and so at random.
        """
        return self.wide("all_minor").apply(equal_groups)

    def only(self, keep: "pd.Series | np.ndarray") -> "Trial":
        """The same trial with the consumers for whom `keep` (bool, in the order of `consumers`) holds."""
        consumers = self.consumers[np.asarray(keep, dtype=bool)].reset_index(drop=True)
        outcomes = self.outcomes[self.outcomes.consumer_id.isin(consumers.consumer_id)].reset_index(drop=True)
        return replace(self, consumers=consumers, outcomes=outcomes)


def trial(
    warehouse: Warehouse,
    campaign_id: str,
    brand: str | None = None,
    *,
    earlier: int = 6,
    control: str | None = None,
    arm: str | None = None,
    window: tuple[date, date] | None = None,
) -> Trial:
    """Count a campaign's trial as the (cut) warehouse sees it.

    brand: in scope are the brand's purchases; None: the campaign's items, of whatever brand. earlier: at most so many
    periods before the window, fewer where the data begin later. control: the arm that was held out, by default one that
    is called so; where the list has none, whoever is not on it is the comparison, and with a control arm consumers on
    neither are left out. arm: the one judged against it, where a list has several. window: first and last day, by default the
    campaign's.

    Raises ApexError where the campaign, its list or its items are unknown, or its window has not begun or begins before
    the data.
    """
    first, last = window or _window(warehouse, campaign_id)
    if first > warehouse.last_day:
        raise ApexError(
            f"Campaign {campaign_id} begins on {first}; what may be seen ends on {warehouse.last_day}: too early to judge."
        )
    if first < warehouse.first_day:
        raise ApexError(f"Campaign {campaign_id} begins on {first}, before the data ({warehouse.first_day}).")
    seen = min(last, warehouse.last_day)
    periods = _periods(first, seen, warehouse.first_day, earlier)
    listed, control = _listed(warehouse, campaign_id, control, arm)
    consumers = _consumers(warehouse, listed, control)
    bought = _bought(warehouse, _scope(warehouse, campaign_id, brand), periods)

    consumers["old"] = consumers.consumer_id.isin(bought.consumer_id[(bought.period < 0) & (bought.buyers > 0)])
    busy = _elsewhere(warehouse, campaign_id, first, seen)
    consumers["other_campaigns"] = consumers.consumer_id.map(busy).fillna(0).astype(int)
    known = ["consumer_id", "treated", "propensity", "old", "other_campaigns"]
    grid = pd.MultiIndex.from_product([consumers.consumer_id, periods.period], names=["consumer_id", "period"])
    outcomes = bought.set_index(["consumer_id", "period"]).reindex(grid, fill_value=0).astype("int64").reset_index()
    return Trial(
        campaign_id, brand, first, seen, seen == last, control, periods, consumers[known + _other(consumers, known)], outcomes
    )  # fmt: skip


def equal_groups(values: pd.Series, groups: int = GROUPS) -> pd.Series:
    """Groups 1 … `groups` of equal size by value, smallest first; equal values go in order of appearance."""
    if len(values) < 2:
        return pd.Series(1, values.index)
    return pd.qcut(values.rank(method="first"), groups, labels=False).astype(int) + 1


def _window(warehouse: Warehouse, campaign_id: str) -> tuple[date, date]:
    table = warehouse.table("campaigns")
    row = table.filter(table.campaign_id == campaign_id).select("first_day", "last_day").to_pyarrow().to_pylist()
    if not row:
        raise ApexError(f'There is no campaign "{campaign_id}".{nearest(campaign_id, warehouse.facts.campaigns)}')
    return row[0]["first_day"], row[0]["last_day"]


def _periods(first: date, last: date, data_from: date, earlier: int) -> pd.DataFrame:
    """The window and up to `earlier` equal windows before it that lie in the data, oldest first."""
    length = (last - first).days + 1
    fit = min(earlier, (first - data_from).days // length)
    starts = [(-k, first - timedelta(days=k * length)) for k in range(fit, -1, -1)]
    rows = [(k, start, start + timedelta(days=length - 1)) for k, start in starts]
    return pd.DataFrame(rows, columns=["period", "first_day", "last_day"])


def _listed(
    warehouse: Warehouse, campaign_id: str, control: str | None, arm: str | None
) -> tuple[pd.DataFrame, str | None]:
    """Who is on the campaign's list (consumer_id, arm, propensity), and the arm that was held out, if any.

    With `arm` only it and the held-out one, each with the chance of it among the two.
    """
    table = warehouse.table("assignments")
    rows = table.filter((table.experiment_id == campaign_id) & table.consumer_id.notnull())
    listed = rows.select("consumer_id", "arm", "propensity").distinct().execute()
    if listed.empty:
        raise ApexError(f'Campaign "{campaign_id}" has no list of consumers in assignments by {warehouse.last_day}.')
    twice = listed[listed.consumer_id.duplicated()]
    if len(twice):
        raise ApexError(f'assignments: campaign "{campaign_id}" lists {len(twice)} consumers more than once.')
    arms = sorted(listed.arm.unique())
    if control is None:
        control = next((a for a in CONTROLS if a in arms), None)
    elif control not in arms:
        raise ApexError(f'Campaign "{campaign_id}" has no arm "{control}".{nearest(control, arms)}')
    if arm is not None and (control is None or arm not in arms or arm == control):
        raise ApexError(f'Campaign "{campaign_id}": arm "{arm}" against "{control}"; arms: {", ".join(arms)}.')
    if arm is not None:
        listed = listed[listed.arm.isin([arm, control])].reset_index(drop=True)
        chance = pd.to_numeric(listed.propensity).astype(float)
        by_arm = chance.groupby(listed.arm).agg(["min", "max"])
        alike = (
            by_arm["max"] - by_arm["min"] < 1e-9
        )  # one chance for everybody: else that of the other arm is not known
        listed["propensity"] = chance / by_arm["min"].sum() if alike.all() and len(by_arm) == 2 else float("nan")
    elif control is not None and len(arms) > 2:
        raise ApexError(
            f'Campaign "{campaign_id}" has {len(arms)} arms ({", ".join(arms)}); one arm is judged against "{control}" at a time.'
        )
    return listed, control


def _consumers(warehouse: Warehouse, listed: pd.DataFrame, control: str | None) -> pd.DataFrame:
    """All consumers (with a control arm: the listed ones) with their traits, whether treated, and the chance of it."""
    everyone = warehouse.table("consumers").execute().sort_values("consumer_id", ignore_index=True)
    joined = everyone.merge(listed, on="consumer_id", how="left" if control is None else "inner")
    joined["treated"] = joined.arm.notna() & (joined.arm != control)
    # a row's propensity is the chance of the arm that it names
    chance = pd.to_numeric(joined.propensity).astype(float)
    joined["propensity"] = chance.where(joined.treated, 1 - chance)
    return joined.drop(columns="arm")


def _scope(warehouse: Warehouse, campaign_id: str, brand: str | None) -> "ir.Table":
    """Buys with a boolean `scope`: of the brand, or of what the campaign covers (items, or whole brands)."""
    events = warehouse.table("events")
    buys = events.filter(events.behaviour == "buy")
    if brand is not None:
        if brand not in warehouse.facts.brands:
            raise ApexError(f'There is no brand "{brand}".{nearest(brand, warehouse.facts.brands)}')
        return buys.mutate(scope=buys.brand == brand)
    covered = warehouse.table("campaign_items")
    covered = covered.filter(covered.campaign_id == campaign_id)
    items = covered.filter(covered.item_id.notnull()).select("item_id").distinct()
    brands = covered.filter(covered.item_id.isnull()).select("brand").distinct()
    if not covered.count().execute():
        raise ApexError(f'Campaign "{campaign_id}" covers no items (campaign_items); name a brand instead.')
    return buys.mutate(scope=buys.item_id.isin(items.item_id) | buys.brand.isin(brands.brand))


def _bought(warehouse: Warehouse, buys: "ir.Table", periods: pd.DataFrame) -> pd.DataFrame:
    """One pass over the purchases: consumer_id, period, gmv_minor, orders, buyers, all_minor; −OLDER before all periods."""
    import ibis

    last = periods.last_day.iloc[-1]
    buys = buys.filter(buys.occurred_at < last + timedelta(days=1))
    newest_first = list(zip(periods.period, periods.first_day, strict=True))[::-1]
    period = ibis.cases(*[(buys.occurred_at >= day, ibis.literal(int(k))) for k, day in newest_first], else_=-OLDER)
    scope = buys.scope.fill_null(False)
    # an order is a basket, else a consumer's day; rows are grouped by consumer below
    order = buys.basket_id.fill_null(buys.occurred_at.date().cast("string"))
    counted = (
        buys.group_by(buys.consumer_id, period=period)
        .agg(
            gmv_minor=buys.value_minor.sum(where=scope).fill_null(0),
            orders=order.nunique(where=scope),
            buyers=scope.any().cast("int64"),
            all_minor=buys.value_minor.sum().fill_null(0),
        )
        .execute()
    )
    return counted.astype("int64")


def _elsewhere(warehouse: Warehouse, campaign_id: str, first: date, last: date) -> pd.Series:
    """How many other campaigns that are live between the two days list a consumer (held-out arms aside); by consumer_id."""
    if not warehouse.has("campaigns"):
        return pd.Series(dtype=int)
    campaigns, lists = warehouse.table("campaigns"), warehouse.table("assignments")
    live = campaigns.filter(
        (campaigns.campaign_id != campaign_id) & (campaigns.first_day <= last) & (campaigns.last_day >= first)
    )
    lists = lists.filter(lists.experiment_id.isin(live.campaign_id) & lists.arm.notin(CONTROLS))
    lists = lists.filter(lists.consumer_id.notnull() & (lists.assigned_at < last + timedelta(days=1)))
    found = lists.group_by("consumer_id").agg(campaigns=lists.experiment_id.nunique()).execute()
    return found.set_index("consumer_id").campaigns


def _other(frame: pd.DataFrame, known: Sequence[str]) -> list[str]:
    return [c for c in frame.columns if c not in known]
