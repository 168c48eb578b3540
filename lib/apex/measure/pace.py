"""How far stock had gathered as long before an earlier eve: what a plan's pace is held against."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from apex.ledger import Book
from apex.measure import assets, windows
from apex.measure.peers import Peers
from apex.warehouse import Warehouse


def eve_of(warehouse: Warehouse, campaign_id: str | None) -> date | None:
    """The day before an earlier campaign began; None where the data do not know it."""
    if campaign_id is None or not warehouse.has("campaigns"):
        return None
    campaigns = warehouse.table("campaigns")
    found = campaigns.filter(campaigns.campaign_id == campaign_id).first_day.execute()
    return None if found.empty else pd.Timestamp(found.iloc[0]).date() - timedelta(days=1)


def earlier_stock(book: Book, brand: str, eve: date | None, lead: int, now: date) -> dict[str, float]:
    """The brand's stock by cell `lead` days before an earlier eve; empty where that day does not compare with `now`."""
    if eve is None or not book.warehouse.first_day <= (day := eve - timedelta(days=lead)) <= now:
        return {}
    if not assets.comparable(book, day, now):
        return {}
    held = windows.stocks(book, [brand], [day])
    return dict(zip(held.cell.astype(str), held.consumers.astype(float), strict=True))


def benchmark(book: Book, same: Peers, eve: date | None, lead: int, now: date) -> dict[str, float]:
    """By cell: how much of their eve's stock the five best peers held `lead` days before it, in the mean.

    Empty where peers are too few or the days lie outside what may be seen on `now`.
    """
    return benchmarks(book, same, eve, [lead], now)[lead]


def benchmarks(
    book: Book, same: Peers, eve: date | None, leads: Sequence[int], now: date
) -> dict[int, dict[str, float]]:
    """`benchmark` at several distances, asked of the engine once."""
    found: dict[int, dict[str, float]] = {n: {} for n in leads}
    if eve is None or not same.enough or eve > now:
        return found
    known = [n for n in leads if book.warehouse.first_day <= eve - timedelta(days=n)]
    for n, shares in windows.build_ups(book, same.best, eve, known).items():
        means = shares.groupby("cell", observed=True).share.mean().dropna()
        found[n] = {str(cell): float(share) for cell, share in means.items()}
    return found
