"""Back into the book (回流): who came into it after a touch of an off-site channel, and was then met or active again.

Counted from the ledger: a consumer at no stage whose move up was booked with a touch. What follows is counted with equal
time for everybody, and beside those who came in after an on-site touch, or after none.
"""

from datetime import date, timedelta

import ibis
import pandas as pd

from apex.ledger import Book

SITES = ("off", "on", "other", "none")  # other: a channel whose site is not known; none: no touch near enough
NO_CHANNEL = "none"
STEPS = ("entered", "met", "active", "bought")


def returned(book: Book, brand: str, day: date, days: int = 90, follow: int = 30) -> pd.DataFrame:
    """Consumers who came into the book in the `days` days up to `day` − `follow`, and what followed in `follow` days.

    A consumer counts once, at the first entry of that time. Returns site (of the touch that the entry was booked with: one
    of SITES), channel (NO_CHANNEL where there was none), step, consumers (int), zeros included. Steps are: entered; and of
    these, in the `follow` days after the day of entry: met (any event of the brand in a channel of our own sites, exposures
    included), active (any behaviour but an exposure, not in an off-site channel), bought. A consumer may be in several of
    the three. Site and step are ordered categories.
    """
    until = day - timedelta(days=follow)
    rows = book.rows
    into = rows.filter(
        (rows.brand == brand) & (rows.from_stage == 0) & (rows.to_stage > 0)
        & (rows.day > until - timedelta(days=days)) & (rows.day <= until)
    )  # fmt: skip
    first = into.group_by("consumer_id").agg(entered_on=into.day.min(), channel=into.touch_channel.argmin(into.day))
    events = book.warehouse.table("events")
    events = events.filter((events.brand == brand) & (events.occurred_at >= until - timedelta(days=days)))
    sites = _sites(book)
    later = events.left_join(sites, events.channel == sites.name)
    later = later.select(
        "consumer_id",
        on=later.occurred_at.date(),
        met=(later.site == "on").fill_null(False),
        active=(later.behaviour != "expose") & (later.site != "off").fill_null(True),
        bought=later.behaviour == "buy",
    )
    after = [
        first.consumer_id == later.consumer_id,
        later.on > first.entered_on,
        later.on <= first.entered_on + ibis.interval(days=follow),
    ]
    each = first.left_join(later, after).group_by("consumer_id", "channel")
    each = each.agg(**{step: lambda t, step=step: t[step].any().fill_null(False) for step in STEPS[1:]})
    known = each.left_join(sites, each.channel == sites.name)
    site = known.channel.isnull().ifelse("none", known.site.fill_null("other"))
    counted = known.group_by("channel", site=site).agg(
        entered=known.count(), **{step: known[step].sum() for step in STEPS[1:]}
    )
    found = counted.execute()
    long = found.fillna({"channel": NO_CHANNEL}).melt(["site", "channel"], list(STEPS), "step", "consumers")
    return _ordered(long.astype({"consumers": "int64"}), ["site", "channel", "step"])


def by_site(returned: pd.DataFrame) -> pd.DataFrame:
    """The frame of `returned` without its channels: site, step, consumers; every site, zeros included."""
    return returned.groupby(["site", "step"], observed=False).consumers.sum().reset_index()


def _ordered(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """With its categories, sorted by keys."""
    frame["site"] = pd.Categorical(frame.site, SITES, ordered=True)
    frame["step"] = pd.Categorical(frame.step, STEPS, ordered=True)
    return frame.sort_values(keys, ignore_index=True)[[*keys, "consumers"]]


def _sites(book: Book) -> "ibis.expr.types.Table":
    """name, site of every channel: on for whatever is not off."""
    if not book.warehouse.has("channels"):
        return ibis.memtable({"name": [""], "site": [""]}).filter(False)
    channels = book.warehouse.table("channels")
    return channels.select("site", name=channels.channel)
