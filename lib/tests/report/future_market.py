"""A small market in which a brand has ended one campaign and plans the next, and the same with garbage after a day.

Consumers buy and see things of six brands at rates of their own; the list of each mailing takes those who bought most.
Garbage keeps the calendars and all that lies on or before the day, and replaces every later fact, in every table that has
a cut (data/rules/tables.yml), by noise (other consumers, brands, behaviours and amounts, many more rows), or by nothing, as
it was on that day.
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
    "private-test": """
extends: summer-test
learns_from: []
privacy_threshold: 20
""",
}


def tables():
    """The canonical tables of the market, as frames."""
    dice = np.random.default_rng(7)
    names = [f"k{n:03}" for n in range(CONSUMERS)]
    events = [_events(dice, names, brand) for brand in BRANDS]
    events = pd.concat([*events, *(_watched(np.random.default_rng(n), names, brand) for n, brand in enumerate(BRANDS))])
    events = events.reset_index(drop=True)
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
        "contents": pd.DataFrame([
            {"content_id": f"{b}v{n}", "brand": b, "format": ("video", "note")[n % 2], "channel": "circular", "item_id": f"{b}0",
             "creator": f"m{n % 3}", "length_s": 30.0 + n, "published_at": FIRST + dt.timedelta(days=23 * n)}
            for b in BRANDS for n in range(12)
        ]),
        "services": pd.DataFrame({
            "provider": "p", "brand": "b", "track": [f"t{n}" for n in range(4)],
            "first_day": [_day(70 * n) for n in range(4)], "last_day": LAST_DAY,
        }),
        "benefits": pd.DataFrame({
            "coupon_id": [f"c{n}" for n in range(4)], "brand": "b", "kind": "gift",
            "first_day": [_day(70 * n) for n in range(4)], "last_day": LAST_DAY,
        }),
        "on_hand": pd.DataFrame({"item_id": "b0", "day": [_day(n) for n in range(0, DAYS, 5)], "units": 50}),
    }  # fmt: skip


def garbage(clean, day, dice, many):
    """The same tables with every fact after `day` replaced by noise: several times as many rows, or none at all."""
    made, ahead = dict(clean), (LAST_DAY - day).days
    for name, frame in clean.items():
        cut = schema.table(name).cut
        if cut is None:
            continue
        at = pd.to_datetime(frame[cut])
        later = at >= pd.Timestamp(day) + pd.Timedelta(days=1)
        if not many:
            made[name] = frame[~later]
            continue
        number = max(3 * int(later.sum()), 40)
        rows = dice.integers(0, len(frame), (number, len(frame.columns)))
        # whatever stands in a column at any time: types and checks hold, everything else is wrong
        fake = pd.DataFrame({c: frame[c].to_numpy()[rows[:, n]] for n, c in enumerate(frame.columns)})
        fake = fake.astype({c: t for c, t in frame.dtypes.items() if c != cut})
        when = pd.Timestamp(day) + pd.to_timedelta(
            1 + dice.integers(0, ahead, number) * (dice.random(number) < 0.8), "D"
        )
        fake[cut] = when + pd.Timedelta(hours=9) if schema.table(name).columns[cut] == "timestamp" else when.date
        made[name] = _believable(name, frame[~later], fake, dice)
    assert len(made["events"]) != len(clean["events"])
    return made


def build(source, folder, frames):
    """The tables, ingested and opened; always with the same digest."""
    ingest(source(folder / "files", frames), "market", folder / "market", "test")
    market = open_warehouse(folder / "market")
    assert not any(feed["quarantined"] for feed in market.manifest["feeds"])
    return market


def _believable(name, before, fake, dice):
    """Past and garbage together: what the checks ask for holds, and what is wrong would hurt if it were seen."""
    if name == "events":
        bought = fake.behaviour == "buy"
        fake["quantity"] = pd.Series(np.where(bought, 9, None), dtype="Int64")
        fake["value_minor"] = pd.Series(np.where(bought, dice.integers(50_000, 90_000, len(fake)), None), dtype="Int64")
        fake["category"] = dice.choice(["milk", "tea", "soap"], len(fake))
        fake["seq"] = range(10**6, 10**6 + len(fake))
        fake = pd.concat([fake, fake.iloc[[0]].assign(occurred_at=pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=23))])
    # a key may not be there twice: what is new has a new name, but for a day of the key, which the future moved already
    for key in {*schema.table(name).key} - {schema.table(name).cut}:
        fake[key] = [f"new{n}" for n in range(len(fake))]
    if name == "items":
        fake["category"], fake["department"] = dice.choice(["milk", "tea"], len(fake)), "home"
    if name in ("services", "benefits"):
        fake["last_day"] = LAST_DAY
    both = pd.concat([before, fake], ignore_index=True)
    return both.drop_duplicates(["experiment_id", "consumer_key"]) if name == "assignments" else both


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


def _watched(dice, names, brand):
    """Views of the brand's contents in their first weeks, and visits that follow some of them."""
    n = 1160 if brand == "b" else 150
    piece, keen = dice.integers(0, 12, n), dice.gamma(0.7, 1.0, len(names))
    day = np.minimum(23 * piece + dice.integers(0, 21, n), DAYS - 1)
    at = pd.Timestamp(FIRST) + pd.to_timedelta(day * 1440 + dice.integers(480, 1300, n), unit="min")
    frame = pd.DataFrame({
        "consumer_key": dice.choice(names, n, p=keen / keen.sum()), "behaviour": "watch", "occurred_at": at,
        "channel": "circular", "content_id": [f"{brand}v{p}" for p in piece], "duration_s": dice.exponential(12.0, n).round(),
    })  # fmt: skip
    came = frame[dice.random(n) < 0.2].assign(behaviour="view", content_id=None, item_id=f"{brand}0")
    came["occurred_at"] += pd.Timedelta(minutes=5)
    both = pd.concat([frame, came], ignore_index=True)
    return both.assign(brand=brand, category=CATEGORY[brand], seq=range(10**5, 10**5 + len(both)))


def _day(number):
    return None if number is None else (FIRST + dt.timedelta(days=number)).date()
