"""Who changed brand, and whom newcomers to the category chose: counted by party, never by single other brand."""

from datetime import date

import ibis
import pandas as pd

from apex.measure.assets import NONE
from apex.measure.market import Parties, in_category
from apex.measure.windows import Window
from apex.warehouse import Warehouse

CHOICES = ("main", "last")
SEGMENTS = ("new", "settled")


def switching(
    warehouse: Warehouse, parties: Parties, before: Window, after: Window, choice: str = "main"
) -> pd.DataFrame:
    """Where the buyers of each party in the window `before` are in the window `after`.

    A consumer's brand in a window is the one most was paid for there (`choice` main; ties go to the one bought last) or the
    one bought last (`last`; on the same moment, the one more was paid for). Who bought nothing of the category in a window is at
    `none`. Returns from_party, to_party (ordered: the parties, then none), consumers: every pair but none → none, zeros
    included; each consumer who bought in one of the windows is in one pair.
    """
    bought = in_category(warehouse, parties.shown, min(before[0], after[0]), max(before[1], after[1]))
    sides = []
    for name, (first, last) in (("before", before), ("after", after)):
        inside = bought.filter((bought.bought_on >= first) & (bought.bought_on <= last))
        brands = inside.group_by("consumer_id", "brand").agg(
            gmv=inside.value_minor.sum(), latest=inside.occurred_at.max()
        )
        order = [brands.gmv.desc(), brands.latest.desc()]
        order = [*(order if choice == "main" else order[::-1]), brands.brand]
        place = ibis.row_number().over(group_by=brands.consumer_id, order_by=order)
        chosen = brands.mutate(place=place)
        chosen = chosen.filter(chosen.place == 0)
        sides.append(chosen.select("consumer_id", party=parties.of(chosen.brand), side=ibis.literal(name)))
    both = sides[0].union(sides[1])
    pairs = both.group_by("consumer_id").agg(
        from_party=both.party.max(where=both.side == "before").fill_null(NONE),
        to_party=both.party.max(where=both.side == "after").fill_null(NONE),
    )
    counted = pairs.group_by("from_party", "to_party").agg(consumers=pairs.count()).execute()
    ids = [*parties.ids, NONE]
    grid = pd.MultiIndex.from_product([ids, ids], names=["from_party", "to_party"])[:-1]
    frame = counted.set_index(grid.names).consumers.reindex(grid, fill_value=0).astype(int).reset_index()
    kind = pd.CategoricalDtype(ids, ordered=True)
    return frame.astype({"from_party": kind, "to_party": kind})


def newcomers(warehouse: Warehouse, parties: Parties, first: date, last: date) -> pd.DataFrame:
    """Whose brand the category's buyers took first in the window, newcomers beside those who had bought there before.

    `new`: no purchase in the category before `first`, as far back as the data go; `settled`: the others. First is the first
    day in the window; of several brands on it, the one most was paid for. Returns segment, party, consumers: every pair, zeros
    included; they add to the category's buyers of the window.
    """
    everything = in_category(warehouse, parties.shown, warehouse.first_day, last)
    inside = everything.filter(everything.bought_on >= first)
    earlier = everything.filter(everything.bought_on < first).consumer_id
    days = inside.group_by("consumer_id", "bought_on", "brand").agg(gmv=inside.value_minor.sum())
    order = [days.bought_on, days.gmv.desc(), days.brand]
    taken = days.mutate(place=ibis.row_number().over(group_by=days.consumer_id, order_by=order))
    taken = taken.filter(taken.place == 0)
    taken = taken.select(
        segment=taken.consumer_id.isin(earlier).ifelse("settled", "new"), party=parties.of(taken.brand)
    )
    counted = taken.group_by("segment", "party").agg(consumers=taken.count()).execute()
    grid = pd.MultiIndex.from_product([SEGMENTS, parties.ids], names=["segment", "party"])
    frame = counted.set_index(grid.names).consumers.reindex(grid, fill_value=0).astype(int).reset_index()
    return frame.astype(
        {"segment": pd.CategoricalDtype(SEGMENTS, True), "party": pd.CategoricalDtype(parties.ids, True)}
    )
