"""Who went into a second business: what those who did and those who did not had done before, and what they spent after.

Buyers of one business alone (their *home*) who ordered again: some of them, for the first time in a year, elsewhere. Both
kinds ordered in the same time, so that they can be compared at an equal number of orders then and before. Several waves
lie behind each other, so that a consumer may be there more than once: errors must be clustered by consumer.
"""

from datetime import date, timedelta

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.businesses import JOIN, UNKNOWN, YEAR, lines

PERIOD = 90  # days of entering, and as many of watching what follows
WAVES = 4
COLUMNS = ("prior_orders", "prior_minor", "recency", "entry_orders", "own_minor", "other_minor", "placebo_minor")


def waves(book: Book, day: date, number: int = WAVES, period: int = PERIOD, prior: int = YEAR) -> pd.DataFrame:
    """The waves that the data hold whole, the latest first.

    wave (0, 1, …), end (its last day), eve (the day before entering began), since (the day before its prior time began),
    placebo (bool: an equal time before that one is in the data as well).
    """
    rows = []
    for wave in range(number):
        end = day - timedelta(days=period * wave)
        eve = end - timedelta(days=2 * period)
        since = eve - timedelta(days=prior)
        if since + timedelta(days=1) >= book.warehouse.first_day:
            placebo = since - timedelta(days=period - 1) >= book.warehouse.first_day
            rows.append((wave, end, eve, since, placebo))
    return pd.DataFrame(rows, columns=["wave", "end", "eve", "since", "placebo"])


def entrants(book: Book, brand: str, day: date, number: int = WAVES, period: int = PERIOD) -> pd.DataFrame:
    """One row a wave and consumer who had bought in one business only in a year, and ordered in the next `period` days.

    Returns wave, consumer_id, home (the one business), entered (bool: ordered elsewhere in the `period` days), into (the other
    businesses, joined by JOIN; "" where none), stage (of the ledger, at the eve; 0 is none), city_tier ("?" where
    unknown), prior_orders, prior_minor, recency (days from the last order of the year to the eve), entry_orders, own_minor
    and other_minor (paid at home and elsewhere in the `period` days that follow), placebo_minor (paid in the `period` days
    before the year: long before anybody entered; null where the data do not reach back). Whoever has a purchase without
    business in the year or the days of entering is left out.
    """
    asked = waves(book, day, number, period)
    if asked.empty:
        names = ["wave", "consumer_id", "home", "entered", "into", "stage", "city_tier", *COLUMNS]
        return pd.DataFrame(columns=names).astype({"entered": bool})
    dates = dict.fromkeys(["end", "eve", "since"], "date")
    on = ibis.memtable(asked, schema={"wave": "int64", **dates, "placebo": "bool"})
    sold = lines(book.warehouse, brand, asked.since.min() - timedelta(days=period), asked.end.max())
    sold = sold.mutate(bought_on=sold.occurred_at.date())
    span = ibis.interval(days=period)
    inside = [sold.bought_on > on.since - span, sold.bought_on <= on.end]
    each = sold.join(on, inside)
    early, prior = each.bought_on <= each.since, (each.bought_on > each.since) & (each.bought_on <= each.eve)
    late = each.bought_on > each.end - span
    entry = (each.bought_on > each.eve) & ~late
    keys = ["wave", "consumer_id"]
    each = each.group_by(*keys, "business", "eve", "placebo").agg(
        prior_orders=each.order_id.nunique(where=prior),
        prior_minor=each.value_minor.sum(where=prior).fill_null(0),
        last_on=each.bought_on.max(where=prior),
        entry_orders=each.order_id.nunique(where=entry),
        after_minor=each.value_minor.sum(where=late).fill_null(0),
        placebo_minor=each.value_minor.sum(where=early).fill_null(0),
    )
    own = ibis.window(group_by=keys)
    before, entering = each.prior_orders > 0, each.entry_orders > 0
    each = each.mutate(
        homes=before.sum().over(own),
        home=each.business.max(where=before).over(own),
        unknown=((each.business == UNKNOWN) & (before | entering)).any().over(own),
        ordered=entering.any().over(own),
    )
    each = each.filter((each.homes == 1) & ~each.unknown & each.ordered)
    at_home, new = each.business == each.home, (each.business != each.home) & (each.entry_orders > 0)
    each = each.group_by(*keys, "home", "eve").agg(
        entered=new.any(),
        into=each.business.group_concat(JOIN, where=new, order_by=each.business).fill_null(""),
        prior_orders=each.prior_orders.sum(),
        prior_minor=each.prior_minor.sum(),
        last_on=each.last_on.max(),
        entry_orders=each.entry_orders.sum(),
        own_minor=each.after_minor.sum(where=at_home).fill_null(0),
        other_minor=each.after_minor.sum(where=~at_home).fill_null(0),
        placebo_minor=each.placebo_minor.sum(),
        placebo=each.placebo.any(),
    )
    rows = book.rows
    rows = rows.filter(rows.brand == brand)
    there = rows.join(on, rows.day <= on.eve).group_by(*keys).agg(stage=lambda t: t.to_stage.argmax(t.day))
    people = book.warehouse.table("consumers").select("consumer_id", "city_tier")
    joined = each.left_join(there, keys).drop("wave_right", "consumer_id_right")
    frame = joined.left_join(people, "consumer_id").execute()
    frame["recency"] = (pd.to_datetime(frame.eve) - pd.to_datetime(frame.last_on)).dt.days
    frame["stage"] = frame.stage.fillna(0).astype(int)
    frame["city_tier"] = frame.city_tier.astype("object").where(frame.city_tier.notna(), "?").astype(str)
    frame["placebo_minor"] = frame.placebo_minor.astype("Int64").where(frame.placebo)
    chosen = ["wave", "consumer_id", "home", "entered", "into", "stage", "city_tier", *COLUMNS]
    return frame[chosen].sort_values(keys, ignore_index=True)
