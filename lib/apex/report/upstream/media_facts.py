"""What `2_plan/media` reads before it plans, or why no money can be planned."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from apex.measure import media, media_contacts, media_trials
from apex.measure.media_contacts import Contacts
from apex.measure.peers import main_category
from apex.warehouse import Warehouse

LEAST = 60  # orders by themselves while media were recorded; fewer fit nothing


@dataclass(frozen=True)
class CannotPlan:
    """Why no money can be planned: no_spend, few_orders, no_budget, no_peers. of: what was met all the same."""

    reason: str
    of: Contacts


@dataclass(frozen=True)
class Facts:
    """What a plan of `days` days is made from: contacts, `then` (what was spent in `window`), its phases, trials."""

    warehouse: Warehouse
    of: Contacts
    window: tuple[date, date]
    days: int
    then: pd.DataFrame
    phases: pd.DataFrame
    whole: pd.DataFrame
    supply: pd.DataFrame
    trials: "list[media_trials.Lift]"

    @property
    def bought(self) -> pd.DataFrame:
        """What was paid for, and met somebody."""
        then = self.then
        return then[(then.cost_minor > 0) & (then.impressions > 0) & then.channel.isin(self.of.channels)]


def facts(warehouse: Warehouse, brand: str, earlier: str | None, days: int) -> Facts | CannotPlan:
    """Everything that is read for a plan, or why there can be none."""
    category = main_category(warehouse, brand, warehouse.last_day)
    of = media_contacts.contacts(warehouse, brand, category)
    window = media.window(warehouse, earlier) or (
        max(warehouse.first_day, warehouse.last_day - timedelta(days=days - 1)), warehouse.last_day,
    )  # fmt: skip
    then = media.spent(warehouse, brand, *window)
    nothing = pd.DataFrame()
    found = Facts(warehouse, of, window, days, then, nothing, nothing, nothing, [])
    if found.bought.empty or category is None:
        return CannotPlan("no_spend", of)
    if (of.orders.what[of.orders.day > of.first] < 0).sum() < LEAST or of.consumers < LEAST:
        return CannotPlan("few_orders", of)
    if len(of.brands) < 2:
        return CannotPlan("no_peers", of)
    phases = media.by_phase(warehouse, brand, earlier, category)
    if phases.empty:
        phases = then.assign(phase=media.OTHER, days=(window[1] - window[0]).days + 1)
    whole = media.spent(warehouse, brand, warehouse.first_day, warehouse.last_day)
    supply = media.supply(warehouse, category, warehouse.last_day)
    return replace(found, phases=phases, whole=whole, supply=supply, trials=media_trials.lifts(warehouse, brand, of))
