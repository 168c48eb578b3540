"""Which launch `2_plan/launch` is about: the item asked for, the campaign's, the brand's newest, or its next one."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from apex.errors import ApexError, nearest
from apex.measure import launch_people
from apex.measure.item_market import Market
from apex.measure.launches import DAYS, Launches
from apex.measure.market import category_of
from apex.model import launch
from apex.report.run import Run


class Asked(NamedTuple):
    """The notebook's parameters. least: units that an item without launch day must have sold to be taken for new."""

    item: str
    category: str
    price_minor: int
    first_day: str
    least: int


class Choice(NamedTuple):
    """Which launch the page is about. how: named, campaign, newest, planned (asked for), next (the brand's next one), old (its
    launch was before the data or cannot be told), or none.

    item_id: "" for one that is not on sale. shown: whether what it has sold so far may be shown (and used).
    """

    how: str
    item_id: str = ""
    item: launch.Item | None = None
    first_day: date | None = None
    shown: bool = True


def choose(run: Run, market: Market, known: Launches, asked: Asked) -> Choice:
    """The item asked for, or the one planned; else the campaign's newest, or the brand's, in its first 90 days; else its next.

    ApexError for an item or a category that is not there, for an item of another brand, for a day that is none.
    """
    if asked.item:
        return _named(run, market, known, asked.item)
    if asked.category:
        return _planned(run, market, known, asked, "planned", asked.category)
    fresh, listed = _fresh(run, known, asked.least), _listed(run)
    for how, rows in (("campaign", fresh[fresh.item_id.isin(listed)]), ("newest", fresh)):
        if len(rows):
            return _on_sale(run, known, how, int(rows.index[-1]))
    category = category_of(run.warehouse, run.brand, run.as_of)
    return _planned(run, market, known, asked, "next", category) if category else Choice("none")


def _named(run: Run, market: Market, known: Launches, item_id: str) -> Choice:
    mine = market.items.item_id[market.items.brand == run.brand]
    if item_id not in set(mine):
        near = nearest(item_id, list(mine))
        raise ApexError(f'{run.campaign.file.name}: item "{item_id}" is not one of the brand\'s.{near}')
    rows = np.flatnonzero(known.frame.item_id == item_id)
    return _on_sale(run, known, "named", int(rows[0])) if len(rows) else Choice("old", item_id)


def _listed(run: Run) -> list[str]:
    """The brand's items that the campaign names."""
    if not run.campaign.campaign_id or not run.warehouse.has("campaign_items"):
        return []
    table = run.warehouse.table("campaign_items")
    mine = table.filter((table.campaign_id == run.campaign.campaign_id) & (table.brand == run.brand))
    return [str(i) for i in mine.item_id.execute().dropna()]


def _fresh(run: Run, known: Launches, least: int) -> pd.DataFrame:
    """The brand's launches of the last 90 days, the latest last; without listed day only those that sell."""
    frame = known.frame
    sold = np.nanmax(known.units, axis=1) if len(known) else np.zeros(0)
    there = (frame.brand == run.brand) & (known.seen - frame.begins < DAYS) & (frame.dated | (sold >= least))
    return frame.assign(sold=sold)[there].sort_values(["begins", "sold", "item_id"])


def _on_sale(run: Run, known: Launches, how: str, row: int) -> Choice:
    item, of = launch.item_of(known, row), known.frame.iloc[row]
    buyers = launch_people.buyers(run.warehouse, str(of.item_id))
    shown = not 0 < buyers < run.campaign.privacy_threshold
    if not shown:  # too few to be shown: foretold from its analogues alone
        item = item._replace(last=item.begins - 1, so_far=(0.0, 0.0))
    return Choice(how, str(of.item_id), item, of.launched, shown)


def _planned(run: Run, market: Market, known: Launches, asked: Asked, how: str, category: str) -> Choice:
    every = sorted(set(market.items.category))
    if category not in every:
        near = nearest(category, every)
        raise ApexError(f'{run.campaign.file.name}: there is no category "{category}" in the data.{near}')
    try:
        day = date.fromisoformat(asked.first_day) if asked.first_day else run.campaign.window[0]
    except ValueError:
        raise ApexError(
            f'{run.campaign.file.name}: first_day "{asked.first_day}" is no day such as 2024-10-21.'
        ) from None
    day = max(day, run.as_of + timedelta(days=1))
    begins = known.seen - 1 + (day - run.as_of).days
    price = float(asked.price_minor) or _usual_price(run, market, known, category)
    return Choice(how, "", launch.Item(run.brand, category, price, begins, known.seen - 1), day)


def _usual_price(run: Run, market: Market, known: Launches, category: str) -> float:
    """The middle of the brand's prices in a category, else the category's; NaN where none is known."""
    items, frame = market.items, known.frame
    for there in ((items.brand == run.brand) & (items.category == category), items.category == category):
        prices = items.list_price_minor[there].dropna().astype(float)
        prices = prices if len(prices) else frame.price[frame.item_id.isin(items.item_id[there])].dropna()
        if len(prices):
            return float(prices.median())
    return float("nan")
