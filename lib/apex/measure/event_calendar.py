"""The calendar of event days: the platform's and a brand's own festivals with their phases, past and announced.

Calendars are announced beforehand, so they are read to their end whatever the day. A festival that came every year and is not
announced yet is expected on the date of last year, and marked so.
"""

from datetime import date, timedelta

import pandas as pd

from apex.warehouse import Warehouse

COLUMNS = ["event", "name", "kind", "campaign_id", "before_day", "first_day", "last_day", "until_day"]
NEAR = 45  # days around last year's date within which an announced festival of the same name is the same one
PHASES = ("build-up", "presale", "warm-up", "burst", "return")


def events(warehouse: Warehouse, brand: str, lead: int, after: int) -> pd.DataFrame:
    """All event days of the brand and of the platform, by first day. See COLUMNS.

    event: first day and name, once each. kind: own, platform, or mailing (where the data know no festivals: the campaigns that
    cover the brand, or that are its own). before_day: the first day of its campaign's first phase, else `lead` days before.
    until_day: `after` days after the last. campaign_id: the brand's campaign for it, null where there is none.
    """
    ours, known = _campaigns(warehouse, brand), _table(warehouse, "festivals")
    if known.empty:
        rows = ours.assign(kind="mailing", phased_from=ours.first_day)
    else:
        known = known[known.brand.isna() | (known.brand == brand)]
        known = known.assign(kind=known.brand.notna().map({True: "own", False: "platform"}))
        rows = _with_campaigns(known, ours, _table(warehouse, "phases"))
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    rows = rows.assign(
        event=[f"{day} {name}" for day, name in zip(rows.first_day, rows.name, strict=True)],
        before_day=[min(p, d - timedelta(days=lead)) for p, d in zip(rows.phased_from, rows.first_day, strict=True)],
        until_day=[d + timedelta(days=after) for d in rows.last_day],
    )
    rows = rows.sort_values(["first_day", "event"], ignore_index=True).drop_duplicates("event")
    return rows[COLUMNS].reset_index(drop=True)


def others_own(warehouse: Warehouse, brands: list[str], lead: int, after: int) -> pd.DataFrame:
    """Other brands' own festivals, as `events`, with their brand: to compute with, not to be shown."""
    known = _table(warehouse, "festivals")
    known = known[known.brand.isin(brands)] if len(known) else known
    if known.empty:
        return pd.DataFrame(columns=["brand", *COLUMNS])
    return known.assign(
        event=[f"{day} {name}" for day, name in zip(known.first_day, known.name, strict=True)], kind="own",
        campaign_id=None, before_day=[d - timedelta(days=lead) for d in known.first_day],
        until_day=[d + timedelta(days=after) for d in known.last_day],
    )[["brand", *COLUMNS]].reset_index(drop=True)  # fmt: skip


def pushed(warehouse: Warehouse, brand: str, known: pd.DataFrame, days: pd.Series) -> pd.Series:
    """1.0 on days on which a campaign of the brand ran that is no event day of `known` (media, trials), else 0.0; by `days`."""
    ours = _campaigns(warehouse, brand)
    ours = ours[(ours.owner == brand) & ~ours.campaign_id.isin(known.campaign_id.dropna())]
    busy = pd.Series(False, days.index)
    for first, last in zip(ours.first_day, ours.last_day, strict=True):
        busy |= (days >= first) & (days <= last)
    return busy.astype(float)


def expected(known: pd.DataFrame, day: date, until: date) -> pd.DataFrame:
    """Platform festivals of the last year that are not announced again, a year later: as `known`, kind `expected`.

    Only those that begin after `day` and by `until`.
    """
    past = known[(known.kind == "platform") & (known.first_day > day - timedelta(days=365))]
    rows = []
    for row in past.to_dict("records"):
        moved = {c: _next_year(row[c]) for c in COLUMNS[4:]}
        same = known[known.name == row["name"]].first_day
        if any(abs((d - moved["first_day"]).days) <= NEAR for d in same) or not day < moved["first_day"] <= until:
            continue
        rows.append({**row, **moved, "event": f"{moved['first_day']} {row['name']}", "kind": "expected"})
    return pd.DataFrame(rows, columns=COLUMNS)


def phases(
    warehouse: Warehouse, known: pd.DataFrame, said: list[tuple[str, date, date]], campaign_id: str | None
) -> pd.DataFrame:
    """The phases of each event: event, phase, first_day, last_day; one without phases is one, burst or mailing.

    What is expected again has the phases of last year, a year later. said: the phases that the campaign file gives; they stand
    for those of its `campaign_id`.
    """
    table, rows = _table(warehouse, "phases"), []
    for event in known.itertuples():
        if said and event.kind != "expected" and event.campaign_id == campaign_id:
            found = [(phase, first, last) for phase, first, last in said]
        elif len(table) and isinstance(event.campaign_id, str):
            mine = table[table.campaign_id == event.campaign_id]
            found = list(zip(mine.phase, mine.first_day, mine.last_day, strict=True))
            if event.kind == "expected":
                found = [(phase, _next_year(first), _next_year(last)) for phase, first, last in found]
        else:
            found = []
        rows += [(event.event, *phase) for phase in found or [(_whole(event.kind), event.first_day, event.last_day)]]
    frame = pd.DataFrame(rows, columns=["event", "phase", "first_day", "last_day"])
    return frame.sort_values(["first_day", "event"], kind="stable", ignore_index=True)


def _whole(kind: str) -> str:
    return "mailing" if kind == "mailing" else "burst"


def _next_year(day: date) -> date:
    return (pd.Timestamp(day) + pd.DateOffset(years=1)).date()


def _with_campaigns(known: pd.DataFrame, ours: pd.DataFrame, phases: pd.DataFrame) -> pd.DataFrame:
    """Each festival with the brand's campaign for it: one with phases around its days, else one of exactly its days."""
    phased = set(phases.campaign_id) if len(phases) else set()
    rows = []
    for festival in known.to_dict("records"):
        first, last = festival["first_day"], festival["last_day"]
        around = ours[(ours.first_day <= first) & (ours.last_day >= last) & ours.campaign_id.isin(phased)]
        same = ours[(ours.first_day == first) & (ours.last_day == last)]
        began, one = first, None
        if len(around):
            one = sorted(around.campaign_id)[0]
            began = min(phases.first_day[phases.campaign_id == one])
        elif len(same):
            one = sorted(same.campaign_id)[0]
        rows.append({**festival, "campaign_id": one, "phased_from": began})
    return pd.DataFrame(rows).astype({"campaign_id": object})


def _campaigns(warehouse: Warehouse, brand: str) -> pd.DataFrame:
    """Campaigns of the brand, and those that cover it: campaign_id, owner, name, first_day, last_day."""
    table, covered = _table(warehouse, "campaigns"), _table(warehouse, "campaign_items")
    if table.empty:
        return pd.DataFrame(columns=["campaign_id", "owner", "name", "first_day", "last_day"])
    theirs = set(covered.campaign_id[covered.brand == brand]) if len(covered) else set()
    mine = table[(table.owner == brand) | table.campaign_id.isin(theirs)]
    return mine[["campaign_id", "owner", "name", "first_day", "last_day"]]


def _table(warehouse: Warehouse, name: str) -> pd.DataFrame:
    """A calendar table with its days as dates; empty where the data have none."""
    if not warehouse.has(name):
        return pd.DataFrame()
    frame = warehouse.table(name).execute()
    for column in ("first_day", "last_day"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column]).dt.date
    return frame
