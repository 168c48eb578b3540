"""The tag library: every trait and every behaviour that the data hold, how many consumers have it, and how fresh it is."""

import pandas as pd

from apex.warehouse import Warehouse, schema

PEOPLE = ("consumers", "without")


def tags(warehouse: Warehouse) -> pd.DataFrame:
    """Coverage and freshness of every tag, as the warehouse's day knows it.

    Returns kind (trait, behaviour), tag, values (distinct; null for behaviours), consumers (with a value, or with at least
    one event), without (the others), coverage (share of all consumers), latest (the day of the last event; null for traits,
    which are a snapshot without a date), days (since then). A trait that nobody has and a behaviour that nobody did are in
    it with 0: what is asked for and missing is an answer too.
    """
    people, day = warehouse.table("consumers"), warehouse.last_day
    columns = [c for c in people.columns if c != "consumer_id"]
    asked = {f"n{i}": people[c].count() for i, c in enumerate(columns)}
    asked |= {f"v{i}": people[c].nunique() for i, c in enumerate(columns)}
    found = people.agg(everybody=people.count(), **asked).execute().iloc[0]
    everybody = int(found.everybody)
    traits = pd.DataFrame(
        {"kind": "trait", "tag": columns, "values": [int(found[f"v{i}"]) for i in range(len(columns))],
         "consumers": [int(found[f"n{i}"]) for i in range(len(columns))]}
    )  # fmt: skip
    events = warehouse.table("events")
    each = events.group_by("behaviour", "consumer_id").agg(latest=events.occurred_at.max())
    done = each.group_by(tag=each.behaviour).agg(consumers=each.count(), latest=each.latest.max())
    done = done.execute().set_index("tag").reindex(schema.behaviours()).reset_index().assign(kind="behaviour")
    frame = pd.concat([traits, done], ignore_index=True)
    frame["latest"] = pd.to_datetime(frame.latest).dt.date
    frame["values"], frame["consumers"] = frame["values"].astype("Int64"), frame.consumers.fillna(0).astype("int64")
    frame["without"] = everybody - frame.consumers
    frame["coverage"] = (frame.consumers / everybody).astype("Float64") if everybody else pd.NA
    frame["days"] = pd.array([pd.NA if pd.isna(d) else (day - d).days for d in frame.latest], dtype="Int64")
    frame["kind"] = pd.Categorical(frame.kind, ["trait", "behaviour"], ordered=True)
    frame["tag"] = pd.Categorical(frame.tag, [*columns, *schema.behaviours()], ordered=True)
    return frame[["kind", "tag", "values", "consumers", "without", "coverage", "latest", "days"]]
