"""Guaranteed buys: contracts of promotion campaigns, what they truly delivered, and what the slots will carry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.chance import stream
from twin.counts import GUARANTEES, Counts
from twin.crowds import CROWDS
from twin.market import Drawn

if TYPE_CHECKING:
    import pyarrow as pa

PLACES = ("首屏", "次屏")


@dataclass(frozen=True)
class Contract:
    """One guaranteed buy. crowd: −1 everybody, else an index of CROWDS; money in fen; `delivered` in units of the guarantee."""

    key: str
    campaign: int
    channel: int
    place: int
    crowd: int
    guarantee: str
    amount: int
    price: int
    penalty: int
    delivered: int


def contracts(market: Drawn, counts: Counts) -> list[Contract]:
    """Contracts of the default brand and some others, by campaign and slot.

    Of each promotion campaign of these brands and each slot of a channel bought by contract there is none, one for everybody, or
    some for a strategic crowd each, so that no contact counts for two. Amounts are drawn around what was delivered.
    """
    of, chance = market.spec["contracts"], stream(market.seed, "contracts")
    buys = chance.random(len(market.brands)) < of["others"]
    buys[0] = True
    out = []
    for number, campaign in enumerate(market.campaigns):
        for n, channel in enumerate(counts.channels):
            for place, name in enumerate(PLACES):
                # Drawn for all, so that one campaign more or less bought by contract changes no other.
                u, crowds = chance.random(2), chance.permutation(len(CROWDS))[: of["crowds"]]
                terms = [_terms(of, chance) for _ in range(of["crowds"])]
                if not campaign.promotion or not buys[campaign.brand] or u[0] >= of["placed"][name]:
                    continue
                split = u[1] < of["split"]
                for part, (guarantee, rate, premium, penalty) in enumerate(terms if split else terms[:1]):
                    crowd = int(crowds[part]) if split else -1
                    counted = {
                        g: int(c[number, 2 * n + place, crowd] if split else c[number, 2 * n + place].sum())
                        for g, c in counts.contract.items()
                    }
                    # Nobody guarantees a handful of heads: then impressions, and of those too few are no contract.
                    guarantee = guarantee if counted[guarantee] >= of["least"] else "impressions"
                    delivered = counted[guarantee]
                    if delivered < of["least"]:
                        continue
                    amount = _round(delivered / rate)
                    kind = market.spec["channels"][market.channels[channel]]
                    head = of["head"].get(guarantee, kind["cpm"] * market.spec["cost_level"] / 1000)
                    price = round(amount * head * premium)
                    key = f"{campaign.key}-{market.channels[channel]}-{place + 1}" + (f"-{part + 1}" if split else "")
                    where = (key, number, channel, place, crowd)
                    out.append(Contract(*where, guarantee, amount, price, round(price * penalty), delivered))
    return out


def _terms(of: dict[str, Any], chance: np.random.Generator) -> tuple[str, float, float, float]:
    share = np.cumsum([float(of["guarantee"][g]) for g in GUARANTEES])
    guarantee = GUARANTEES[min(int(np.searchsorted(share / share[-1], chance.random())), len(GUARANTEES) - 1)]
    rate = of["delivery"]["median"] * np.exp(of["delivery"]["sd"] * chance.standard_normal())
    return guarantee, float(rate), chance.uniform(*of["premium"]), chance.uniform(*of["penalty"])


def _round(amount: float) -> int:
    """To two digits, at least 1: contracts name round sums."""
    step = 10 ** max(0, int(np.floor(np.log10(max(amount, 1)))) - 1)
    return max(1, round(amount / step) * step)


def _shared(market: Drawn, of: list[Contract]) -> dict[str, list[Any]]:
    c = market.campaigns
    return {
        "contract_id": [k.key for k in of],
        "brand": [market.brands[c[k.campaign].brand] for k in of],
        "campaign_id": [c[k.campaign].key for k in of],
        "placement": [f"{market.channels[k.channel]}-{PLACES[k.place]}" for k in of],
        "crowd": [_targeted(market, k) for k in of],
        "guarantee": [k.guarantee for k in of],
        "amount": [k.amount for k in of],
    }


def _targeted(market: Drawn, of: Contract) -> str:
    """Everybody is called as `spend` calls the channel's targeting."""
    return CROWDS[of.crowd] if of.crowd >= 0 else market.spec["channels"][market.channels[of.channel]]["target"]


def table(market: Drawn, of: list[Contract]) -> "pa.Table":
    """The canonical table `contracts`: penalty_minor is due by the share that is missing."""
    from twin.tables import _table

    run = [market.campaigns[k.campaign] for k in of]
    columns = _shared(market, of) | {
        "first_day": [market.calendar.date(c.first) for c in run],
        "last_day": [market.calendar.date(c.last) for c in run],
        "price_minor": [k.price for k in of],
        "penalty_minor": [k.penalty for k in of],
    }
    order = np.argsort(np.array(columns["contract_id"], dtype=object), kind="stable")
    return _table("contracts", columns).take(order)


def delivery(market: Drawn, of: list[Contract]) -> "pa.Table":
    """A table of the truth: what each contract delivered (units of its guarantee), its rate, and the penalty due in fen."""
    import pyarrow as pa

    rate = [k.delivered / k.amount for k in of]
    columns = _shared(market, of) | {
        "delivered": [k.delivered for k in of],
        "rate": rate,
        "penalty_due_minor": [round(k.penalty * max(0.0, 1 - r)) for k, r in zip(of, rate, strict=True)],
    }
    return pa.table(columns)


def inventory(market: Drawn, contacts: np.ndarray) -> np.ndarray:
    """(observed days, slots, crowds) int64: what each slot will carry, in the unit of `contacts`, of the same shape.

    Level within a phase of a promotion, and for 28 days at most in between: mean contacts / sell-through of the slot in that
    phase (drawn), at least what all brands together got there on each day.
    """
    of, chance = market.spec["contracts"], stream(market.seed, "inventory")
    phase = market.rules.phase[market.calendar.observed :].astype(int)
    sold = chance.uniform(of["sell_through"][0], of["sell_through"][1], (contacts.shape[1], 4))
    days = np.arange(len(phase))
    run = np.cumsum(np.r_[True, phase[1:] != phase[:-1]])
    began = np.maximum.accumulate(np.where(np.r_[True, run[1:] != run[:-1]], days, 0))
    _, stretch = np.unique(run * len(days) + (days - began) // 28, return_inverse=True)
    total = np.zeros((stretch.max() + 1, *contacts.shape[1:]))
    np.add.at(total, stretch, contacts)
    level = (total / np.bincount(stretch)[:, None, None])[stretch] / sold.T[phase][:, :, None]
    return np.maximum(np.ceil(level), contacts).astype(np.int64)


def inventory_table(market: Drawn, counts: Counts) -> "pa.Table":
    """The canonical table `inventory`: slot × strategic crowd × observed day, in impressions as `spend` counts them."""
    from twin.tables import _table, text

    carried = inventory(market, counts.contacts)
    names = [f"{market.channels[c]}-{place}" for c in counts.channels for place in PLACES]
    slot, crowd, day = (a.ravel() for a in np.indices((len(names), len(CROWDS), len(carried))))
    order = np.lexsort((day, np.array(CROWDS)[crowd], np.array(names)[slot]))
    slot, crowd, day = slot[order], crowd[order], day[order]
    start = np.datetime64(market.calendar.date(market.calendar.observed).isoformat(), "D")
    return _table("inventory", {
        "placement": text(slot, names).cast("string"),
        "crowd": text(crowd, list(CROWDS)).cast("string"),
        "day": start + day.astype("timedelta64[D]"),
        "impressions": carried[day, slot, crowd],
    })  # fmt: skip
