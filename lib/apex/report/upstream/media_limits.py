"""Limits of a media plan as they are written in the notebook: shares of the budget, what slots carry, people who must be met."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from apex.errors import ApexError, nearest
from apex.measure import media
from apex.measure.media_contacts import Contacts
from apex.model.media_curves import Curves, shapes
from apex.model.split import Least
from apex.warehouse import Warehouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 0.999  # of a group: more can hardly be asked for
YEAR = 365


def bounds(given: Sequence[str], names: Sequence[str], total: float, what: str, default: float) -> "Floats":
    """(C,) limits in money from "channel: share" texts. ApexError: another form, an unknown channel, a share outside 0 to 1."""
    out = np.full(len(names), default * total)
    for text in given:
        name, part = _share(
            text, f'media: {what}: "{text}" should be "channel: share of the budget", such as "social: 0.1".'
        )
        if name not in names:
            raise ApexError(f'media: {what}: nothing was bought in a channel "{name}".{nearest(name, names)}')
        out[list(names).index(name)] = part * total
    return out


def slots(warehouse: Warehouse, curves: Curves, first: date, last: date) -> "Floats":
    """(C,) money that contracts can take: their price times what the slots are foretold to carry; elsewhere infinite."""
    known = media.inventory(warehouse, first, last).set_index("channel").contacts.reindex(curves.channels)
    money = known.to_numpy(float) * curves.usual_price()
    return np.where(curves.auction | np.isnan(money), np.inf, money)


def people(warehouse: Warehouse, of: Contacts, curves: Curves, given: Sequence[str]) -> list[Least]:
    """What must be met at least of a group, from "trait value: share" texts such as "age_band 18-24: 0.3".

    Channels meet a group as they did in the last year, independently of each other: of N people contacts n in a channel leave
    (1 + n / (N a))^−a unmet, so that the logarithms of what is left add up. ApexError for an unknown trait or value.
    """
    table, out = warehouse.table("consumers"), []
    late = of.contacts.day > of.last - YEAR
    met = np.zeros((of.consumers, len(of.channels)))
    np.add.at(met, (of.contacts.who[late], of.contacts.what[late]), of.contacts.value[late])
    met = met[:, [of.channels.index(c) for c in curves.channels]]
    for text in given:
        form = f'media: reach: "{text}" should be "trait value: share of them", such as "age_band 18-24: 0.3".'
        whole, part = _share(text, form)
        trait, _, value = (t.strip() for t in whole.partition(" "))
        traits = [c for c in table.columns if c != "consumer_id"]
        if not value:
            raise ApexError(form)
        if trait not in traits:
            raise ApexError(f'media: reach: consumers have no trait "{trait}".{nearest(trait, traits)}')
        frame = table.select("consumer_id", trait).execute()
        frame = frame[frame.consumer_id.isin(of.ids)]
        values = sorted(frame[trait].dropna().unique())
        if value not in values:
            raise ApexError(f'media: reach: nobody has {trait} "{value}".{nearest(value, values)}')
        group = np.searchsorted(of.ids, frame.consumer_id[frame[trait] == value])
        mine = met[group]
        share = np.divide(mine.sum(axis=0), met.sum(axis=0), out=np.zeros(met.shape[1]), where=met.sum(axis=0) > 0)
        size = len(group) / of.share
        sums = partial(_unmet, curves=curves, share=share, people=size, shape=shapes(mine))
        out.append(Least(f"reach of {trait} {value}", sums, -float(np.log1p(-min(part, MOST))), _told))
    return out


def _unmet(budget: "Floats", curves: Curves, share: "Floats", people: float, shape: "Floats") -> "Floats":
    """−log of the part of a group that each channel leaves unmet."""
    return np.asarray(shape * np.log1p(curves.contacts(budget) * share / (people * shape)), float)


def _told(unmet: float) -> str:
    return f"{-100 * np.expm1(-unmet):.1f}% of them"


def _share(text: str, form: str) -> tuple[str, float]:
    """What stands before the last colon, and the share behind it. ApexError(form) for anything else."""
    name, _, share = str(text).rpartition(":")
    try:
        part = float(share)
    except ValueError:
        part = float("nan")
    if not name.strip() or not 0 <= part <= 1:
        raise ApexError(form)
    return name.strip(), part
