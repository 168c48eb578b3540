"""A small market in which a brand has ended one campaign and plans the next, and the same with garbage after a day.

Consumers buy and see things of six brands at rates of their own; the list of each mailing takes those who bought most.
Garbage keeps the calendars and all that lies on or before the day, and replaces every later fact, in every table that has
a cut (data/rules/tables.yml), by noise: other consumers, brands, behaviours and amounts, many rows or hardly any.
"""

import datetime as dt

import numpy as np
import pandas as pd

from apex.warehouse import open_warehouse, schema
from apex.warehouse.ingest import ingest

FIRST, DAYS = dt.datetime(2024, 1, 1), 280
LAST_DAY = (FIRST + dt.timedelta(days=DAYS - 1)).date()
CONSUMERS, BRANDS = 200, ("b", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
CATEGORY = {b: "milk" if b in ("c6", "c7") else "tea" for b in BRANDS}
WINDOWS = {"spring": (dt.date(2024, 5, 20), dt.date(2024, 6, 16)), "summer": (dt.date(2024, 8, 5), dt.date(2024, 9, 1))}
CAMPAIGNS = {
    "spring-test": """
title: {en: Spring, zh: 春}
warehouse: market
brand: b
rules: aipl-panel
campaign_id: spring
goal: {window: [2024-05-20, 2024-06-16], gmv_minor: 300000}
currency: CNY
privacy_threshold: 3
""",
    "summer-test": """
extends: spring-test
title: {en: Summer, zh: 夏}
campaign_id: summer
compare: [spring]
learns_from: [spring-test]
goal: {window: [2024-08-05, 2024-09-01], gmv_minor: 400000}
settings:
  2_plan/goal: {cohort: 7}
""",
}


def tables():
    """The canonical tables of the market, as frames."""
    dice = np.random.default_rng(7)
    names = [f"k{n:03}" for n in range(CONSUMERS)]
    events = pd.concat([_events(dice, names, brand) for brand in BRANDS], ignore_index=True)
    items = [
        {"item_id": f"{b}{n}", "brand": b, "category": CATEGORY[b], "department": "drinks", "launched_on": _day(day)}
        for b in BRANDS
        for n, day in enumerate((None, 30, 120, 220, 240, 270))
    ]
    rows = [
        {"campaign_id": name, "owner": "b", "name": name, "first_day": first, "last_day": last}
        for name, (first, last) in WINDOWS.items()
    ]
    listed = []
    for name, (first, _) in WINDOWS.items():
        mine = events[(events.brand == "b") & (events.behaviour == "buy") & (events.occurred_at < pd.Timestamp(first))]
        most = mine.consumer_key.value_counts().index[: CONSUMERS // 3]
        at = pd.Timestamp(first) - pd.Timedelta(days=3)
        listed.append(pd.DataFrame({"experiment_id": name, "consumer_key": most, "arm": "treated", "assigned_at": at}))
    ages = dice.choice(["19-24", "25-34", "35-44"], CONSUMERS)
    daily = pd.MultiIndex.from_product([range(0, DAYS, 7), ["b", "c1"]], names=["n", "brand"]).to_frame(index=False)
    return {
        "items": pd.DataFrame(items),
        "consumers": pd.DataFrame({"consumer_key": names, "age_band": ages}),
        "events": events,
        "campaigns": pd.DataFrame(rows),
        "campaign_items": pd.DataFrame({"campaign_id": list(WINDOWS), "brand": "b", "item_id": "b0"}),
        "assignments": pd.concat(listed, ignore_index=True),
        "spend": pd.DataFrame({
            "day": daily.n.map(_day), "brand": daily.brand, "channel": "mail", "buying": "cpm",
            "impressions": 1000, "cost_minor": 5000,
        }),
        "contents": pd.DataFrame({
            "content_id": [f"v{n}" for n in range(8)], "brand": "b", "format": "video", "channel": "circular",
            "published_at": [FIRST + dt.timedelta(days=35 * n) for n in range(8)],
        }),
        "services": pd.DataFrame({
            "provider": "p", "brand": "b", "track": [f"t{n}" for n in range(4)],
            "first_day": [_day(70 * n) for n in range(4)], "last_day": LAST_DAY,
        }),
        "on_hand": pd.DataFrame({"item_id": "b0", "day": [_day(n) for n in range(0, DAYS, 5)], "units": 50}),
    }  # fmt: skip


def garbage(clean, day, dice, many):
    """The same tables with every fact after `day` replaced by noise: three rows for one, or one in twenty."""
    made = dict(clean)
    for name, frame in clean.items():
        cut = schema.table(name).cut
        if cut is None:
            continue
        later = pd.to_datetime(frame[cut]) >= pd.Timestamp(day) + pd.Timedelta(days=1)
        fake = frame[later].sample(frac=3 if many else 0.05, replace=True, random_state=dice).reset_index(drop=True)
        for column in fake.columns.difference([cut, *schema.table(name).key]):
            # whatever stands in the column at any time: types and checks hold, everything else is wrong
            fake[column] = dice.permutation(frame[column].to_numpy())[dice.integers(0, len(frame), len(fake))]
        fake = _believable(name, fake, frame[~later], dice, many)
        made[name] = pd.concat([frame[~later], fake], ignore_index=True)
    assert len(made["events"]) != len(clean["events"])
    return made


def build(source, folder, frames):
    """The tables, ingested and opened; always from the first to the last day, with the same digest."""
    ingest(source(folder / "files", frames), "market", folder / "market", "test")
    market = open_warehouse(folder / "market")
    assert market.manifest["last_day"] == LAST_DAY.isoformat()
    assert not any(feed["quarantined"] for feed in market.manifest["feeds"])
    return market


def _believable(name, fake, before, dice, many):
    """What the checks ask for, and what would hurt most if it were seen."""
    if name == "events":
        bought = fake.behaviour == "buy"
        fake["quantity"] = pd.Series(np.where(bought, 9, None), dtype="Int64")
        fake["value_minor"] = pd.Series(np.where(bought, dice.integers(50_000, 90_000, len(fake)), None), dtype="Int64")
        fake["category"] = dice.choice(["milk", "tea", "soap"], len(fake))
        fake["seq"] = range(10**6, 10**6 + len(fake))
        edge = fake.sample(len(fake) // 5, random_state=dice).index  # many on the very next day
        if many and len(fake):
            fake.loc[edge, "occurred_at"] = fake.occurred_at.min().normalize() + pd.Timedelta(hours=9)
        end = before.iloc[[-1]].assign(occurred_at=pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=23))
        return pd.concat([fake, end], ignore_index=True)
    keys = list(schema.table(name).key)
    if name == "items":
        fake["category"], fake["department"] = "soap", "home"
    if name == "assignments":
        return fake.drop_duplicates(["experiment_id", "consumer_key"])
    return fake.drop_duplicates(keys) if keys else fake


def _events(dice, names, brand):
    """One brand's events: exposures and purchases, a quarter of the consumers keen, baskets with a coupon now and then."""
    keen = dice.gamma(0.7, 1.0, len(names)) * (1.6 if brand == "b" else 1.0)
    frames = []
    for behaviour, rate in (("expose", 3.0), ("buy", 2.6), ("redeem", 0.3)):
        times = dice.poisson(rate * keen)
        who = np.repeat(names, times)
        at = dice.integers(0, DAYS * 24 * 60, len(who))
        frames.append(pd.DataFrame({"consumer_key": who, "minute": at, "behaviour": behaviour}))
    frame = pd.concat(frames, ignore_index=True)
    bought = frame.behaviour == "buy"
    frame["occurred_at"] = pd.Timestamp(FIRST) + pd.to_timedelta(frame.pop("minute"), unit="min")
    frame["brand"], frame["category"], frame["seq"] = brand, CATEGORY[brand], range(len(frame))
    frame["channel"] = np.where(frame.behaviour == "expose", dice.choice(["circular", "mail"], len(frame)), "store")
    frame["item_id"] = brand + "0"
    frame["quantity"] = pd.Series(np.where(bought, 1, None), dtype="Int64")
    spent = dice.lognormal(7, 0.5, len(frame)).astype(int)
    frame["value_minor"] = pd.Series(np.where(bought, spent, None), dtype="Int64")
    frame["discount_minor"] = pd.Series(np.where(bought & (dice.random(len(frame)) < 0.3), 50, None), dtype="Int64")
    last = frame.iloc[[0]].assign(occurred_at=pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=12))
    return pd.concat([frame, last], ignore_index=True)


def _day(number):
    return None if number is None else (FIRST + dt.timedelta(days=number)).date()
