"""Drawn worlds for `truth.contracts`: slots whose inventory comes otherwise than foretold, and brands' contracts with their ends.

Neither is made by the formulas that are judged: shares of promises end with a Student's t, pace is tilted phase by phase.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from apex.model.allocation import Booking

SLOTS, CROWDS, DAYS, BOOKED = 3, 3, 20, 10
COMMON, CELL, DAILY = 0.1, 0.15, 0.2  # sd of ln(came / foretold): of a slot, a cell, a day
EVE = date(2024, 10, 20)
PHASES = (("build-up", 0.52), ("presale", 0.24), ("warm-up", 0.12), ("burst", 0.03), ("return", 0.09))
CHANNELS = ("social", "tv", "outdoor", "topview", "activity")


@dataclass(frozen=True)
class Slots:
    """told, came: (cells, days) foretold and real; may: (contracts, cells, days); demand, penalty: (contracts,)."""

    told: np.ndarray
    came: np.ndarray
    may: np.ndarray
    demand: np.ndarray
    penalty: np.ndarray

    def booking(self, supply: np.ndarray, may: np.ndarray, demand: np.ndarray) -> Booking:
        """All cells of these days at once."""
        contract, cell = np.nonzero(may.reshape(len(may), -1))
        return Booking(supply.ravel().astype(float), cell, contract, demand.astype(float), self.penalty)


def slots(seed: int) -> Slots:
    """Contracts that share slots and crowds over some days, together 60 to 115 % of what is foretold."""
    rng = np.random.default_rng([seed, 80])
    shape = (SLOTS, CROWDS, DAYS)
    week = 1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / 7 + rng.uniform(0, 6))
    level = np.exp(rng.normal(6, 0.6, (SLOTS, CROWDS, 1)))
    told = level * np.exp(rng.normal(0, 0.3, (SLOTS, 1, DAYS))) * week
    wrong = rng.normal(0, COMMON, (SLOTS, 1, 1)) + rng.normal(0, CELL, (SLOTS, CROWDS, 1)) + rng.normal(0, DAILY, shape)
    came = rng.poisson(told * np.exp(wrong - (COMMON**2 + CELL**2 + DAILY**2) / 2)).astype(float)
    may = np.zeros((BOOKED, *shape), bool)
    for one in may:
        crowds = range(CROWDS) if rng.random() < 0.5 else rng.choice(CROWDS, rng.integers(1, 3), replace=False)
        first, last = rng.integers(0, DAYS // 3), rng.integers(2 * DAYS // 3, DAYS + 1)
        for slot in rng.choice(SLOTS, rng.integers(1, 3), replace=False):
            one[slot, list(crowds), first:last] = True
    size = rng.exponential(1, (BOOKED, 1, 1, 1)) * np.exp(rng.normal(0, 0.5, (BOOKED, SLOTS, CROWDS, 1)))
    part = np.where(may, size, 0)
    whole = part.sum(axis=0)
    demand = (np.divide(part, whole, out=np.zeros_like(part), where=whole > 0) * told).sum(axis=(1, 2, 3))
    demand = np.maximum(np.round(demand * rng.uniform(0.6, 1.15) * np.exp(rng.normal(0, 0.15, BOOKED))), 1)
    cells = SLOTS * CROWDS
    return Slots(told.reshape(cells, DAYS), came.reshape(cells, DAYS), may.reshape(BOOKED, cells, DAYS), demand,
                 np.exp(rng.normal(0, 0.4, BOOKED)))  # fmt: skip


def signed(seed: int, brands: int = 20) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """contracts, daily, phases, as `measure.inventory` gives them of a market: three campaigns before, and one that runs."""
    rng = np.random.default_rng([seed, 81])
    middle, spread, tilt = rng.uniform(-0.08, 0.05), rng.uniform(0.08, 0.25), rng.uniform(0.1, 0.5)
    rates = np.exp(rng.normal(0, 0.5, (len(CHANNELS), len(PHASES))))
    contracts, daily, phases = [], [], []
    for year, first, length in ((0, date(2023, 5, 1), 52), (1, date(2023, 9, 20), 60), (2, date(2024, 5, 1), 52),
                                (3, date(2024, 9, 20), 60)):  # fmt: skip
        ends = np.round(np.cumsum([share for _, share in PHASES]) * length).astype(int)
        if length == 60:
            ends[0] = (EVE - first).days + 1
        phase = np.searchsorted(ends, np.arange(length), side="right")
        for brand in range(brands):
            campaign = f"b{brand:02}-{year}"
            starts = np.r_[0, ends[:-1]]
            phases += [(campaign, name, first + timedelta(int(a)), first + timedelta(int(b) - 1))
                       for (name, _), a, b in zip(PHASES, starts, ends, strict=True)]  # fmt: skip
            for n, channel in enumerate(CHANNELS):
                if rng.random() > 0.5:
                    continue
                course = rates[n] * np.exp(rng.normal(0, tilt, len(PHASES)))
                by_day = course[phase] * rng.gamma(3, 1 / 3, length)
                shown = rng.poisson(by_day / by_day.sum() * np.exp(rng.normal(5.5, 1)))
                kind = rng.choice(["impressions", "reach", "recalls"], p=[0.7, 0.2, 0.1])
                met = np.cumsum(shown) / max(1.6 * shown.sum(), 1)
                units = {
                    "impressions": shown,
                    "reach": rng.binomial(shown, 1 - met),
                    "recalls": rng.binomial(shown, 0.2),
                }[kind]
                if units.sum() < 20:
                    continue
                amount = max(round(units.sum() / np.exp(middle + spread * rng.standard_t(8) * np.sqrt(6 / 8))), 1)
                name = f"{campaign}-{channel}"
                contracts.append((name, f"b{brand:02}", campaign, f"{channel}-1", channel, "", kind, amount, first,
                                  first + timedelta(length - 1), 1000, 500))  # fmt: skip
                daily += [
                    (name, first + timedelta(int(d)), int(units[d]), int(shown[d])) for d in np.flatnonzero(shown)
                ]
    columns = ["contract_id", "brand", "campaign_id", "placement", "channel", "crowd", "guarantee", "amount", "first_day",
               "last_day", "price_minor", "penalty_minor"]  # fmt: skip
    return (pd.DataFrame(contracts, columns=columns).sort_values("contract_id", ignore_index=True),
            pd.DataFrame(daily, columns=["contract_id", "day", "units", "impressions"]),
            pd.DataFrame(phases, columns=["campaign_id", "phase", "first_day", "last_day"]))  # fmt: skip
