"""A media plan from what the warehouse knows: contacts, trials and prices made into curves, and splits under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.measure.media_contacts import Contacts, Rows, number
from apex.measure.media_trials import Lift
from apex.model import media_choices, media_curves, media_fit, split
from apex.model.media_curves import REPEATED, Curves
from apex.model.media_prices import Prices
from apex.model.media_worth import Worth, worth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DRAWS = 200
YEAR = 365
TOUCH = 15  # days up to an order in which the last contact takes its credit


@dataclass(frozen=True)
class Learned:
    """What was fitted: curves of the channels with a price, `worth` of all channels of the contacts, the fit itself."""

    curves: Curves
    worth: Worth
    fit: media_fit.Fit
    trials: int


def learn(
    of: Contacts, whole: pd.DataFrame, then: pd.DataFrame, phases: pd.DataFrame, supply: pd.DataFrame,
    window: tuple[date, date], days: int, trials: list[Lift], seed: int, prices: "Prices | None" = None,
    fit: media_fit.Fit | None = None,
) -> Learned:  # fmt: skip
    """Curves for a campaign of `days` days like the one of `window`.

    whole, then: `measure.media.spent` over all days and over the window (whole with `crowd`, the targeting); phases:
    `measure.media.by_phase` of it; supply: `measure.media.supply`; prices: what lessons told of them;
    fit: of the choices, where it is known.
    """
    names = list(of.channels)
    whom = list(whole.set_index("channel").reindex(names).crowd.fillna(""))
    found = fit or media_fit.fitted(media_choices.choices(of, whom, media_fit.CARRY, seed))
    brings = worth(of, found, whom, (number(window[0]), number(window[1])), trials)
    rng = np.random.default_rng(seed)
    there = carrying(of, whole, then, phases, supply, window, days)
    paid, bought = there.channels, there.bought
    at = [names.index(c) for c in paid]
    here = (of.orders.day >= number(window[0])) & (of.orders.day <= number(window[1]))
    year = of.contacts.day > of.last - YEAR
    met = np.zeros((of.consumers, len(names)))
    np.add.at(met, (of.contacts.who[year], of.contacts.what[year]), of.contacts.value[year])
    length = (window[1] - window[0]).days + 1
    heard = (prices or Prices()).of(paid)
    curves = Curves(
        tuple(paid), there.share, there.price, there.carries, there.auction, of.consumers / of.share,
        media_curves.shapes(met)[at], bought * days / length, brings.draws(rng, DRAWS)[:, at],
        REPEATED[0] * np.exp(REPEATED[1] * rng.standard_normal(DRAWS)),
        heard.depth * np.exp(heard.depth_sd * rng.standard_normal((DRAWS, 1))),
        float(of.orders.value[here].sum()) / max(int(here.sum()), 1), heard.depth, heard.room,
    )  # fmt: skip
    return Learned(curves, brings, found, len(trials))


ROOM_OWN = 6.0  # a channel carries at least a sixth of what the brand itself bought of it


@dataclass(frozen=True)
class Carrying:
    """What C channels carried and cost in the P parts of a campaign, as the next one of `days` days may have it.

    share, price, carries: see `Curves`; bought: (C,) contacts; market: (P, C) fen a contact that others paid, null where unknown;
    cost, contacts: (P, C) of the brand's own.
    """

    channels: list[str]
    share: "Floats"
    price: "Floats"
    carries: "Floats"
    auction: "NDArray[np.bool_]"
    bought: "Floats"
    market: "Floats"
    cost: "Floats"
    contacts: "Floats"


def carrying(
    of: Contacts, whole: pd.DataFrame, then: pd.DataFrame, phases: pd.DataFrame, supply: pd.DataFrame,
    window: tuple[date, date], days: int,
) -> Carrying:  # fmt: skip
    """See `Carrying`; arguments as of `learn`.

    Prices are those of contacts before they get dearer: where an auction made the brand pay more than others did on the same
    days, theirs, since the difference is what its own buying did to the price.
    """
    names = list(of.channels)
    whom = list(whole.set_index("channel").reindex(names).crowd.fillna(""))
    last = then.set_index("channel")
    paid = [c for c in names if c in last.index and last.cost_minor[c] > 0 and last.impressions[c] > 0]
    at = [names.index(c) for c in paid]
    bought = last.impressions[paid].to_numpy(float)
    auction = (last.buying[paid] != "contract").to_numpy()
    length = (window[1] - window[0]).days + 1
    daily = supply.set_index("channel").daily.reindex(paid).fillna(0).to_numpy(float) * for_us(of, whom)[at]
    spans = phases.groupby("phase", sort=False).days.first()

    def grid(column: str) -> "Floats":
        wide = phases.pivot(index="phase", columns="channel", values=column)
        return np.asarray(wide.reindex(index=spans.index, columns=paid), float)

    cost, shown = (np.nan_to_num(grid(c)) for c in ("cost_minor", "impressions"))
    usual = last.cost_minor[paid].to_numpy(float) / bought
    price = np.where((shown > 0) & (cost > 0), cost / np.maximum(shown, 1), usual)
    market = grid("others_minor") if "others_minor" in phases else np.full(cost.shape, np.nan)
    price = np.where(auction & (market > 0), np.fmin(price, market), price)
    span = spans.to_numpy(float)
    carries = np.maximum(daily, bought / length / ROOM_OWN) * span[:, None] * days / max(span.sum(), 1.0)
    share = cost / np.maximum(cost.sum(axis=0), 1.0)
    return Carrying(paid, share, price, carries, auction, bought, market, cost, shown)


def for_us(of: Contacts, targeting: Sequence[str]) -> "Floats":
    """(C,) what a channel carries for this brand beside an average one: who may be met depends on targeting.

    A brand with more members has more members to write to. Brands are weighed by their contacts in channels that meet anybody.
    """
    count = len(of.brands)

    def by_brand(kept: "NDArray[np.bool_]", rows: Rows) -> "Floats":
        return np.bincount(rows.who[kept] % count, rows.value[kept], count).astype(float) + 1.0

    met = of.every_contact
    kind = np.array([*targeting, ""])[met.what]
    chasing = np.isin(kind, ["likely", "visitors", "members"])
    weight = by_brand(~chasing, met)
    late = of.every_visit.day > of.last - SEASON
    known = np.unique(np.r_[of.every_order.who, of.members.who, of.followers.who]) % count
    open_to = {
        "likely": by_brand(kind == "likely", met) / weight,
        "visitors": by_brand(late, of.every_visit),
        "members": np.bincount(known, minlength=count) + 1.0,
    }
    times = {k: v[of.own] * weight.sum() / (weight * v).sum() for k, v in open_to.items()}
    return np.array([times.get(t, 1.0) for t in targeting])


SEASON = 120  # days whose visitors say how many there are to be met again


def last_touch(of: Contacts, channels: tuple[str, ...], first: date, last: date) -> "Floats":
    """(C,) money of the orders from `first` to `last` by the channel of the last contact in the `TOUCH` days up to each."""
    orders, met = of.orders, of.contacts
    here = (orders.day >= number(first)) & (orders.day <= number(last))
    key = met.who * (1 << 20) + met.day
    at = np.searchsorted(key, orders.who[here] * (1 << 20) + orders.day[here], side="right") - 1
    row = np.maximum(at, 0)
    known = (at >= 0) & (met.who[row] == orders.who[here]) & (orders.day[here] - met.day[row] < TOUCH)
    clicked = orders.what[here]
    touch = np.where(clicked >= 0, clicked, np.where(known, met.what[row], -1))
    credit = np.bincount(touch[touch >= 0], orders.value[here][touch >= 0], len(of.channels))
    return credit.astype(float)[[of.channels.index(c) for c in channels]]


def rivals(learned: Learned, then: pd.DataFrame, credit: "Floats", total: float, caps: "Floats") -> "dict[str, Floats]":
    """Splits to compare with, each within the caps: as last time, even, by last touch."""
    curves = learned.curves
    spent = then.set_index("channel").cost_minor.reindex(curves.channels).fillna(0).to_numpy(float)
    wished = {"last": spent, "even": np.ones(len(spent)), "touch": credit}
    return {name: split.within(w, total, caps) for name, w in wished.items() if w.sum() > 0}


def regret(
    curves: Curves, budget: "Floats", total: float, floors: "Floats", caps: "Floats", least: Sequence[split.Least] = (),
    draws: int = 40,
) -> "Floats":  # fmt: skip
    """(draws,) share of the gain that is lost where a draw is the truth and another split would have been best."""
    out = []
    for d in range(min(draws, len(curves.orders))):
        ideal = split.best(partial(curves.gmv, draw=d), total, floors, caps, curves.channels, least).budget
        most, had = curves.gmv(ideal, d).sum(), curves.gmv(budget, d).sum()
        out.append(1 - had / most if most > 0 else 0.0)
    return np.clip(np.array(out), 0, 1)
