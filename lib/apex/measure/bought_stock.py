"""The stock that an earlier campaign's media bought: whom they met, where those stood on its eve, and what was spent."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from apex.ledger import Book
from apex.measure import windows
from apex.measure.assets import NONE, states
from apex.measure.touches import OWN, touches_of


@dataclass(frozen=True)
class BoughtStock:
    """One campaign's bought stock.

    cells: stage (cells, shallow to deep), consumers (on the campaign's eve), met (of them, by media in its days; NONE and O share
    those who stood at no stage by their size). spent_minor: on the brand's media in those days, null where unknown;
    of_campaign_minor: of it, under the campaign's own name.
    """

    first_day: date
    last_day: date
    cells: pd.DataFrame
    spent_minor: int | None
    of_campaign_minor: int | None


def bought_stock(book: Book, brand: str, campaign_id: str, first: date, last: date) -> BoughtStock | None:
    """Whom the brand's media met from `first` to `last`; None where the days are not in the data or nobody was met."""
    eve = first - timedelta(days=1)
    if not book.warehouse.first_day <= eve or last > book.warehouse.last_day:
        return None
    touches = touches_of(book, brand, eve, last)
    touches = touches.filter(touches.channel != OWN)
    who = touches.select("consumer_id").distinct().left_join(states(book, brand, eve, last), "consumer_id")
    counted = who.group_by(stage=who.before.fill_null(0)).agg(met=who.count()).execute().set_index("stage").met
    if not counted.sum():
        return None
    stood = windows.stocks(book, [brand], [eve])
    cells = pd.DataFrame({"stage": stood.cell.astype(str), "consumers": stood.consumers.astype(float)})
    names = dict(enumerate(book.rules.ids, 1))
    met = {names[int(n)]: float(people) for n, people in counted.items() if n}
    out = cells.stage.isin([NONE, windows.OPPORTUNITY])
    shallow = cells.consumers.where(out, 0.0)
    cells["met"] = cells.stage.map(met).fillna(0.0)
    if shallow.sum():
        cells.loc[out, "met"] = float(counted.get(0, 0)) * shallow / shallow.sum()
    return BoughtStock(first, last, cells, *_spent(book, brand, campaign_id, first, last))


def _spent(book: Book, brand: str, campaign_id: str, first: date, last: date) -> tuple[int | None, int | None]:
    if not book.warehouse.has("spend"):
        return None, None
    spend = book.warehouse.table("spend")
    spend = spend.filter((spend.brand == brand) & (spend.day >= first) & (spend.day <= last))
    own = (spend.campaign_id == campaign_id).fill_null(False)
    found = spend.agg(whole=spend.cost_minor.sum(), own=spend.cost_minor.sum(where=own)).execute().iloc[0]
    whole = None if pd.isna(found.whole) or not found.whole else int(found.whole)
    return whole, None if whole is None else int(found.own if pd.notna(found.own) else 0)
