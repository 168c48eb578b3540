"""Consumers: traits, the crowds that follow from them, and what nobody sees: tempo, tastes, activity."""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from twin.benefits import response
from twin.chance import uniform

INCOME = {"L1": "<3k", "L2": "3-6k", "L3": "6-10k", "L4": "10-20k", "L5": "20k+"}


class People(NamedTuple):
    """What the kernel reads of consumers: (n,), or by brand or category where it says so."""

    number: np.ndarray
    crowd: np.ndarray
    city_tier: np.ndarray
    takes_part: np.ndarray  # (n, categories) bool: whether the consumer ever needs anything of the category
    shop: np.ndarray  # (n, categories)
    media: np.ndarray  # (n, categories)
    cycle: np.ndarray  # (n, categories)
    affinity: np.ndarray  # (n, brands)
    arm: np.ndarray  # (n, trials): 1 treated, 0 control, −1 not on the list
    benefit: np.ndarray  # (n, kinds): what a benefit in hand is worth
    listed: np.ndarray  # (n, lists of a plan) bool: whether a plan's line is for the consumer


def traits(spec: dict[str, Any], seed: int, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The visible traits of consumers, by their numbers alone, and `crowd` as an index of CROWDS."""
    people = spec["people"]
    out = {}
    for name in ("city_tier", "region", "age_band", "gender", "purchasing_power"):
        values = np.array(list(people[name]), dtype=object)
        edges = np.cumsum(list(people[name].values()))
        out[name] = values[np.minimum(np.searchsorted(edges, uniform(seed, name, numbers)[:, 0]), len(values) - 1)]
    u = uniform(seed, "household", numbers, 4)
    age, tier = out["age_band"], out["city_tier"].astype(int)
    child = u[:, 0] < np.select([age == "18-24", age == "25-35", age == "36-50"], [0.04, 0.42, 0.55], 0.06)
    out["life_stage"] = np.where(child, "有孩", np.where(u[:, 1] < 0.55, "已婚或同居", "单身")).astype(object)
    out["household"] = np.where(
        child, np.where(u[:, 2] < 0.6, "3", "4+"), np.where(out["life_stage"] == "单身", "1", "2")
    ).astype(object)
    out["income_band"] = np.array([INCOME[p] for p in out["purchasing_power"]], dtype=object)
    power = np.array([int(p[1]) for p in out["purchasing_power"]])
    city, other = tier <= 3, u[:, 3] < 0.12
    rules = [
        other,
        ~city & np.isin(age, ["18-24", "25-35"]),
        ~city,
        (age == "25-35") & child & (power >= 3) & (out["gender"] == "女"),
        age == "18-24",
        (age == "25-35") & (power >= 3),
        (age == "36-50") & (power >= 3),
        np.isin(age, ["25-35", "36-50"]),
        age == "51+",
    ]
    order = [8, 0, 7, 3, 1, 2, 4, 5, 6]
    out["crowd"] = np.select(rules, order, 8)
    # Down-tier crowds need behaviour nobody has yet: a consumer's leaning stands for it; two tiers overlap, so tier ≥ 3.
    lean = uniform(seed, "down tier", numbers)[:, 0]
    young = np.isin(age, ["18-24", "25-35"])
    kind = np.select(
        [
            young & (lean < 0.3),
            power >= 4,
            (power <= 2) & (lean < 0.6),
            (out["gender"] == "女") & (lean > 0.6),
            lean > 0.4,
        ],
        [0, 3, 1, 4, 2],
        -1,
    )
    kind[tier < 3] = -1
    out["down_tier"] = kind
    return out


def people(
    spec: dict[str, Any], seed: int, numbers: np.ndarray, brands: int, trials: list[dict[str, Any]]
) -> tuple[People, dict[str, np.ndarray]]:
    """Consumers of these numbers for the kernel, and their visible traits."""
    seen, demand = traits(spec, seed, numbers), spec["demand"]
    categories = list(spec["categories"].values())
    z = ndtri(uniform(seed, "tempo", numbers, 2 + len(categories)))
    cycle = np.array([c["cycle_days"] for c in categories]) * np.exp(demand["cycle_spread"] * z[:, 2:])
    takes_part = uniform(seed, "takes part", numbers, len(categories)) < np.array([c["takes_part"] for c in categories])
    # Media know who shops in a category and leave most others alone; so do the others' own trips.
    shop = demand["shop"] * np.exp(demand["shop_spread"] * z[:, :1]) * np.where(takes_part, 1, demand["idle_shop"])
    media = np.exp(0.4 * z[:, 1:2] - 0.08) * np.where(takes_part, 1, demand["idle_media"])
    affinity = demand["affinity_sd"] * ndtri(uniform(seed, "affinity", numbers, brands))
    arm = np.full((len(numbers), max(1, len(trials))), -1, np.int8)
    for e, trial in enumerate(trials):
        listed, treated = uniform(seed, f"trial {trial['key']}", numbers, 2).T
        arm[:, e] = np.where(listed < trial["share"], treated < trial["propensity"], -1)
    return (
        People(
            numbers.astype(np.int64),
            seen["crowd"].astype(np.int8),
            seen["city_tier"].astype(np.int8),
            takes_part,
            shop,
            media,
            cycle,
            affinity.astype(np.float32),
            arm,
            response(spec, seed, numbers, seen["crowd"].astype(np.int64)),
            np.zeros((len(numbers), 1), bool),
        ),
        seen,
    )
