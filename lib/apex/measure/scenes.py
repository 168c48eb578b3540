"""What business scenes need to know of a brand on a day: whom they could address, and what they would have to be run with.

Counting only; what a scene is worth is estimated in `apex.model.scenes`. Rules: `apex.measure.scene_rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure import crowds, event_calendar
from apex.measure.crowd_file import Crowds
from apex.measure.crowd_rules import Part
from apex.measure.members import spans
from apex.measure.scene_rules import Contents, Done, Event, Followers, Items, Members, Scenes, Table, Young
from apex.measure.trade import purchases
from apex.warehouse import Warehouse

YEAR, QUARTER, BACK = 365, 90, 60  # days looked back; of a quarter's buyers; within which a first buyer should be back
STATUS = {"members": ("join", "leave"), "followers": ("follow", "unfollow")}


def segments(
    book: Book, brand: str, asked: Crowds, names: tuple[str, ...], day: date, category: str | None
) -> pd.DataFrame:
    """Consumers by cell and by which audiences they are in, so that nobody is counted twice.

    asked: the audiences `names` and the crowds that they refer to. Returns stage, one bool column an audience of `names`,
    consumers: one row for each combination that somebody has, people in no audience left out. Where the brand has no main
    category, audiences that need one are empty.
    """
    if category is None:
        unseen = crowds.unseen(book, asked, day, category=None)
        gone = set(unseen.crowd[unseen.kind == "category"])
        if len(gone) == len(asked.names):
            return pd.DataFrame(columns=["stage", *names, "consumers"])
        asked = asked.without(gone)
    table = crowds.members(book, brand, asked, day, category=category)
    kept = [name for name in names if name in asked.names]
    tallied = crowds.tally(table.select("stage", *kept).to_pyarrow() if kept else table.limit(0).to_pyarrow())
    frame = pd.DataFrame(tallied.bits.astype(bool), columns=list(tallied.names)).reindex(
        columns=list(names), fill_value=False
    )
    frame = pd.concat([tallied.counts[["stage"]], frame, tallied.counts[["consumers"]]], axis=1)
    return frame[frame[list(names)].any(axis=1)].reset_index(drop=True)


@dataclass(frozen=True)
class Facts:
    """What the data up to a day hold of what scenes may need.

    tables: names; done: behaviours of the brand's consumers in the last year; channels: by which the brand was met in that
    time; status: members, followers; staged: the brand's items now (stage, age_days; see `measure.item_life`); published: days
    since each piece of content; event: days to the next event day and its name (null: none is known).
    """

    tables: frozenset[str]
    done: frozenset[str]
    channels: frozenset[str]
    status: Mapping[str, int]
    staged: pd.DataFrame
    published: pd.Series
    event: tuple[int, str] | None


def facts(warehouse: Warehouse, brand: str, day: date, staged: pd.DataFrame) -> Facts:
    """The facts of a brand on a day. staged: its items now, at least with stage and age_days; empty where none is known."""
    events = warehouse.table("events")
    recent = events.filter((events.brand == brand) & (events.occurred_at >= day - timedelta(days=YEAR - 1)))
    seen = recent.select("behaviour", "channel").distinct().execute()
    status = {
        kind: int(held.filter(held.until > day).consumer_id.nunique().execute())
        for kind, held in ((kind, spans(warehouse, [brand], by)) for kind, by in STATUS.items())
    }
    published = pd.Series([], dtype="int64")
    if warehouse.has("contents"):
        pieces = warehouse.table("contents")
        at = pieces.filter(pieces.brand == brand).published_at.execute()
        published = (pd.Timestamp(day) - pd.to_datetime(at).dt.normalize()).dt.days
    known = event_calendar.events(warehouse, brand, 0, 0)
    ahead = pd.concat(
        [known[known.first_day > day], event_calendar.expected(known, day, day + timedelta(days=YEAR))]
    ).sort_values("first_day")  # fmt: skip
    first = (int((ahead.first_day.iloc[0] - day).days), str(ahead["name"].iloc[0])) if len(ahead) else None
    optional = ("contracts", "inventory", "contents", "creatives", "spend", "experiments", "on_hand")
    return Facts(
        frozenset(t for t in optional if warehouse.has(t)), frozenset(seen.behaviour.dropna()),
        frozenset(seen.channel.dropna()), status, staged, published, first,
    )  # fmt: skip


def unmet(rules: Scenes, known: Facts, people: Mapping[str, int]) -> pd.DataFrame:
    """What each scene needs and does not have: scene, need, about, wanted, seen (numbers; null where the need has none).

    people: consumers of each scene's audience in the cells that it takes people from. need: a kind of
    `apex.measure.scene_rules.NEEDS`, or `channel` (none of its channels is in the data) or `audience` (too few people).
    """
    rows: list[tuple[str, str, str, float | None, float | None]] = []
    for id, scene in rules.scenes.items():
        channels = rules.channels(id)
        if not set(channels) & known.channels:
            rows.append((id, "channel", ", ".join(scene.media), None, None))
        if people[id] < rules.settings.least_people:
            rows.append((id, "audience", scene.audience, rules.settings.least_people, people[id]))
        rows += [(id, *lack) for need in scene.needs if (lack := _lacking(need, known)) is not None]
    frame = pd.DataFrame(rows, columns=["scene", "need", "about", "wanted", "seen"])
    return frame.astype({"wanted": "Int64", "seen": "Int64"})


def _lacking(need: Part, known: Facts) -> tuple[str, str, int | None, int | None] | None:
    """(need, about, wanted, seen) where it is not met."""
    found: tuple[str, str, int | None, int | None]
    if isinstance(need, Table):
        return None if need.table in known.tables else ("table", need.table, None, None)
    if isinstance(need, Done):
        return None if need.behaviour in known.done else ("behaviour", need.behaviour, None, None)
    if isinstance(need, Members | Followers):
        kind = "members" if isinstance(need, Members) else "followers"
        wanted = need.members if isinstance(need, Members) else need.followers
        found = (kind, "", wanted, known.status[kind])
    elif isinstance(need, Items):
        found = ("items", ", ".join(need.items), need.at_least, int(known.staged.stage.isin(need.items).sum()))
    elif isinstance(need, Young):
        young = int(known.staged.age_days.between(0, need.younger_than_days).sum())
        found = ("younger_than_days", str(need.younger_than_days), need.at_least, young)
    elif isinstance(need, Contents):
        lately = int(known.published.between(0, need.within_days - 1).sum())
        found = ("contents", str(need.within_days), need.contents, lately)
    else:
        assert isinstance(need, Event)
        days = known.event[0] if known.event else None
        late = days is None or days > need.event_within_days
        return (
            ("event_within_days", known.event[1] if known.event else "", need.event_within_days, days) if late else None
        )
    return found if found[3] is not None and found[2] is not None and found[3] < found[2] else None


def growth(warehouse: Warehouse, brand: str, day: date) -> dict[str, int]:
    """How far a brand has come: buyers of the last 90 days and of the 90 before, first buyers of the last year who can be
    watched for 60 days, and how many of them were back by then (on another day).

    Returns buyers_90, buyers_before, followed, back: distinct consumers.
    """
    lines = purchases(warehouse, brand, warehouse.first_day, day)
    bought = lines.select("consumer_id", on=lines.occurred_at.date()).distinct()
    order = ibis.row_number().over(group_by=bought.consumer_id, order_by=bought.on)
    next_on = bought.on.lead().over(group_by=bought.consumer_id, order_by=bought.on)
    firsts = bought.mutate(place=order, next_on=next_on)
    quarter, before = day - timedelta(days=QUARTER), day - timedelta(days=2 * QUARTER)
    since, ripe = day - timedelta(days=YEAR), day - timedelta(days=BACK)
    told = (firsts.place == 0) & (firsts.on > since) & (firsts.on <= ripe)
    found = firsts.agg(
        buyers_90=firsts.consumer_id.nunique(where=firsts.on > quarter),
        buyers_before=firsts.consumer_id.nunique(where=(firsts.on > before) & (firsts.on <= quarter)),
        followed=told.sum(),
        back=(told & (firsts.next_on.delta(firsts.on, unit="day") <= BACK).fill_null(False)).sum(),
    ).execute()
    return {name: int(found[name].fillna(0).iloc[0]) for name in ("buyers_90", "buyers_before", "followed", "back")}
