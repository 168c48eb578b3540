"""From what the kernel lived to canonical tables, as data/rules/tables.yml describes them."""

from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from twin.crowds import CROWDS, DOWN_TIER
from twin.market import Drawn
from twin.play import consumers
from twin.purchase import AT_START, FIELDS

TABLES = Path(__file__).resolve().parents[2] / "data" / "rules" / "tables.yml"
TYPES = {
    "int64": pa.int64(), "string": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us"), "float64": pa.float64(),
}  # fmt: skip
DETAILS = ("like", "comment", "save")


@cache
def described() -> dict[str, Any]:
    """tables.yml as it stands."""
    return yaml.safe_load(TABLES.read_text(encoding="utf-8"))


def schema(table: str) -> dict[str, pa.DataType]:
    """Column → Arrow type of a canonical table."""
    return {c.rstrip("?"): TYPES[t] for c, t in described()["tables"][table]["columns"].items()}


def _table(name: str, columns: dict[str, Any]) -> pa.Table:
    """Columns in their canonical order and types, absent ones null, further ones kept behind as strings."""
    wanted = schema(name)
    n = len(next(iter(columns.values())))
    given = {c: v if isinstance(v, pa.Array) else pa.array(v, wanted.get(c, pa.string())) for c, v in columns.items()}
    return pa.table({c: given.get(c, pa.nulls(n, t)) for c, t in wanted.items()} | given)


def text(index: np.ndarray, of: list[str], there: np.ndarray | None = None) -> pa.Array:
    """The texts of an index, kept as index and texts (each once); null where not `there`."""
    place = {t: n for n, t in enumerate(dict.fromkeys(of))}
    index = np.array([place[t] for t in of], np.int32)[index]
    return pa.DictionaryArray.from_arrays(
        pa.array(index, mask=None if there is None else ~there), pa.array(list(place), pa.string())
    )


class Names:
    """The texts behind the kernel's numbers."""

    def __init__(self, market: Drawn) -> None:  # noqa: D107
        m = market
        self.behaviour = described()["behaviours"]
        self.channel = [*m.channels, "natural"]
        self.placement = [f"{c}-{place}" for c in self.channel for place in ("首屏", "次屏")]
        self.creative = [f"b{g:02}-v{v}" for g, v in np.ndindex(m.creatives["message"].shape)]
        self.item = [f"b{g:02}-i{j}" for g in range(len(m.brands)) for j in range(m.rules.item_price.shape[1])]
        self.content = [f"n{c:04}" for c in range(len(m.contents["brand"]))]
        self.campaign = [c.key for c in m.campaigns]
        self.coupon = [f"b{g:02}-{kind}" for g in range(len(m.brands)) for kind in m.spec["benefits"]["kinds"]]
        self.store = [f"s{s:02}" for s in range(20)]
        self.detail = [*DETAILS, *m.spec["tiers"], "at_start"]


def events(market: Drawn, block: np.ndarray, first_seq: int, names: Names | None = None) -> pa.Table:
    """One block of events (rows of FIELDS) as canonical rows; `seq` counts on from `first_seq`."""
    names, at = names or Names(market), dict(zip(FIELDS, np.ascontiguousarray(block.T), strict=True))
    per_brand, creatives = market.rules.item_price.shape[1], market.creatives["message"].shape[1]

    def coded(field: str, of: list[str]) -> pa.Array:
        return text(at[field], of, at[field] >= 0)

    def number(field: str, kind: pa.DataType) -> pa.Array:
        return pa.array(at[field], mask=at[field] < 0).cast(kind)

    tier = at["behaviour"] == names.behaviour.index("tier")
    detail = np.where(
        at["detail"] == AT_START, len(names.detail) - 1, np.where(tier, len(DETAILS) - 1 + at["detail"], at["detail"])
    )
    alone = at["basket"] < 0
    basket = [pa.array(at[f], mask=alone).cast(pa.string()) for f in ("consumer", "category", "basket")]
    start = np.datetime64(market.calendar.start.isoformat(), "us")
    columns = {
        "consumer_id": pa.array(at["consumer"], pa.int64()),
        "brand": coded("brand", market.brands),
        "category": coded("category", market.categories),
        "occurred_at": pa.array(start + at["minute"].astype("timedelta64[m]").astype("timedelta64[us]")),
        "seq": pa.array(np.arange(first_seq, first_seq + len(block))),
        "behaviour": coded("behaviour", names.behaviour),
        "business": coded("business", market.businesses),
        "channel": coded("channel", names.channel),
        "placement": text(at["channel"] * 2 + at["placement"], names.placement, at["placement"] >= 0),
        "campaign_id": coded("campaign", names.campaign),
        "creative_id": text(at["brand"] * creatives + at["creative"], names.creative, at["creative"] >= 0),
        "content_id": coded("content", names.content),
        "item_id": text(at["brand"] * per_brand + at["item"], names.item, at["item"] >= 0),
        "store_id": coded("store", names.store),
        "basket_id": pc.binary_join_element_wise(*basket, "-"),
        "coupon_id": coded("coupon", names.coupon),
        "quantity": number("quantity", pa.int64()),
        "value_minor": number("value", pa.int64()),
        "discount_minor": number("discount", pa.int64()),
        "duration_s": number("duration", pa.float64()),
        "score": number("score", pa.float64()),
        "detail": text(detail, names.detail, at["detail"] >= 0),
    }
    return pa.table({c: columns[c] for c in schema("events")})


def people_table(market: Drawn, numbers: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """`consumers` of these numbers, and their `assignments` of all trials, a consumer's together."""
    crowd, seen = consumers(market, numbers)
    traits = ("city_tier", "region", "age_band", "gender", "income_band", "household", "life_stage", "purchasing_power")
    table = _table(
        "consumers",
        {
            "consumer_id": numbers,
            **{name: seen[name] for name in traits},
            "strategic_crowd": np.array(CROWDS, object)[seen["crowd"]],
            "down_tier_crowd": np.array([*DOWN_TIER, None])[seen["down_tier"]],  # −1 is the last: none
        },
    )
    arm = crowd.arm[:, : len(market.trials)]
    row, trial = np.nonzero(arm >= 0)
    treated = arm[row, trial] == 1
    began = [datetime.combine(market.calendar.date(t["first"]), time()) for t in market.trials]
    share = np.array([float(t["propensity"]) for t in market.trials])[trial]
    assigned = {
        "experiment_id": text(trial, [t["key"] for t in market.trials]),
        "consumer_id": numbers[row],
        "arm": text(treated.astype(np.int8), ["control", "treated"]),
        "assigned_at": np.array(began, "datetime64[us]")[trial],
        "propensity": np.where(treated, share, 1 - share),  # of the arm that the row names
    }
    return table, _table("assignments", assigned)


def shown_items(market: Drawn) -> pa.Table:
    """`assignments` of the trials whose unit is an impression: a row an item, with its share of the impressions."""
    names = Names(market).item
    pairs = [(n, item) for n, t in enumerate(market.item_trials) for item in t["items"]]
    trial, item = np.array(pairs, np.int64).reshape(-1, 2).T
    began = [datetime.combine(market.calendar.date(t["first"]), time()) for t in market.item_trials]
    of = np.array([len(t["items"]) for t in market.item_trials], float)
    return _table("assignments", {
        "experiment_id": text(trial, [t["key"] for t in market.item_trials]),
        "unit_id": pa.array([names[n] for n in item], pa.string()),
        "arm": text(item, names),
        "assigned_at": np.array(began, "datetime64[us]")[trial],
        "propensity": 1 / of[trial],
    })  # fmt: skip


def others(market: Drawn) -> dict[str, pa.Table]:
    """The small tables that need no consumer: items, campaigns, phases, festivals, channels, creatives, contents, trials."""
    m, names, day = market, Names(market), market.calendar.date
    per, n_items, trials = m.rules.brands, m.rules.item_price.shape[1], [*m.trials, *m.item_trials]
    g = np.repeat(np.arange(len(m.brands)), n_items)
    covered = {c.key: c.brand for c in m.campaigns}
    seen = (m.creatives["message"] >= 0) & (m.creatives["last"] >= m.calendar.observed)
    out = {
        "items": _table("items", {
            "item_id": names.item,
            "brand": [m.brands[b] for b in g],
            "category": [m.categories[b // per] for b in g],
            "name": [f"{m.brands[b]} {m.categories[b // per]} {j % n_items + 1} 号" for j, b in enumerate(g)],
            "list_price_minor": m.items["price"].ravel(),
            "launched_on": [day(d) for d in m.items["launch"].ravel()],
        }),
        "campaign_items": _table("campaign_items", {
            "campaign_id": list(covered), "brand": [m.brands[b] for b in covered.values()],
        }),
        "channels": _table("channels", {
            "channel": names.channel,
            "site": [m.spec["channels"][c]["site"] for c in m.channels] + [m.spec["natural"]["site"]],
            "kind": [m.spec["channels"][c]["kind"] for c in m.channels] + [m.spec["natural"]["kind"]],
        }),
        "creatives": _table("creatives", {
            "creative_id": [names.creative[g * m.creatives["message"].shape[1] + v] for g, v in np.argwhere(seen)],
            "brand": [m.brands[g] for g, _ in np.argwhere(seen)],
            "message": [m.messages[v] for v in m.creatives["message"][seen]],
            "format": ["图片" if v % 2 else "视频" for v in m.creatives["message"][seen]],
        }),
        "experiments": _table("experiments", {
            "experiment_id": [t["key"] for t in trials], "brand": [m.brands[0]] * len(trials),
            "unit": ["consumer"] * len(m.trials) + ["impression"] * len(m.item_trials),
            "first_day": [day(t["first"]) for t in trials], "last_day": [day(t["last"]) for t in trials],
            "metric": ["buyers"] * len(m.trials) + ["clicks"] * len(m.item_trials), "alpha": [0.05] * len(trials),
        }),
    }  # fmt: skip
    from twin.media import FORMATS

    c = m.contents
    published = [
        datetime.combine(day(d), time(int(t) // 60, int(t) % 60))
        for d, t in zip(c["published"], c["minute"], strict=True)
    ]
    out["contents"] = _table("contents", {
        "content_id": names.content, "brand": [m.brands[b] for b in c["brand"]],
        "format": [FORMATS[m.channels[i]] for i in c["channel"]], "channel": [m.channels[i] for i in c["channel"]],
        "creator": [f"达人{i:03}" for i in c["creator"]],
        "item_id": [names.item[b * n_items + i] for b, i in zip(c["brand"], c["item"], strict=True)],
        "length_s": c["length"], "published_at": published,
    })  # fmt: skip
    phases = [
        (item.key, phase, day(first), day(last))
        for item in m.campaigns
        if item.promotion
        for phase, first, last in item.promotion.phases
    ]
    out["phases"] = _table("phases", dict(zip(schema("phases"), zip(*phases, strict=True), strict=True)))
    festivals: list[tuple[Any, ...]] = [
        (n, day(a), day(b), None) for n, a, b, _ in m.calendar.platform_days if a >= m.calendar.observed
    ]
    for p in m.calendar.promotions:
        if p.first >= m.calendar.observed:
            festivals.append((p.name, *map(day, p.days("burst")), None))
    for item in m.campaigns:
        if item.scene == "品牌节":
            festivals.append(("超级品牌日", day(item.first), day(item.last), m.brands[item.brand]))
    festivals.sort(key=lambda f: (f[1], f[0], f[3] or ""))
    out["festivals"] = _table("festivals", dict(zip(schema("festivals"), zip(*festivals, strict=True), strict=True)))
    return out
