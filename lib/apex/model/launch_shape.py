"""How earlier launches grew, and what they were: growth curves, a list of them, and what they brought in people."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from apex.measure.launches import DAYS, Launches

LEAST_BRANDS = 5  # other brands together are shown from so many on
STEP = 7
OURS, THEIRS = "ours", "analogues"
GROWTH = ["stage", "day", "share", "low", "high"]
LISTED = ["item_id", "launched", "price_minor", "apart", "weight", "launches", "units_28", "units_90"]


def weighted(
    values: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], shares: tuple[float, ...]
) -> list[float]:
    """Quantiles of weighted values: the least value at or below which so much of the weight lies."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weight[order]) / weight.sum()
    return [float(values[order][min(int(np.searchsorted(sums, p - 1e-12)), len(values) - 1)]) for p in shares]


def growth(known: Launches, alike: pd.DataFrame, row: int, age: int, whole: float | None) -> pd.DataFrame:
    """Share of the first ninety days' units sold by day 0, 7, … 84, 90: analogues (weighted median, quartiles), and ours.

    alike: analogues with row and weight; whole: what we are expected to sell in ninety days (None: our line is left out).
    """
    rows, days = alike["row"].to_numpy(dtype="int64"), [*range(0, DAYS, STEP), DAYS]
    last = known.units[rows, DAYS] if len(rows) else np.zeros(0)
    there = np.nan_to_num(last) > 0
    found: list[tuple[str, int, float, float | None, float | None]] = []
    if there.sum() >= LEAST_BRANDS:
        weight = alike.weight.to_numpy(float)[there]
        for day in days:
            middle, low, high = weighted(known.units[rows[there], day] / last[there], weight, (0.5, 0.25, 0.75))
            found.append((THEIRS, day, middle, low, high))
    if row >= 0 and whole and age:
        mine = [day for day in days if day <= age]
        found += [
            (OURS, d, min(float(known.units[row, d]) / whole, 1.0), None, None)
            for d in dict.fromkeys([*mine, min(age, DAYS)])
        ]
    frame = pd.DataFrame(found, columns=GROWTH).astype(
        {"day": "int64", "share": "Float64", "low": "Float64", "high": "Float64"}
    )
    return frame.sort_values(["stage", "day"], ignore_index=True)


def listed(known: Launches, alike: pd.DataFrame, brand: str, buyers: pd.Series, most: int) -> pd.DataFrame:
    """The analogues: the brand's own (most alike first), then all of other brands in one row, where these are LEAST_BRANDS.

    Returns LISTED and buyers (of the first 28 days, of own launches; null for the others): apart is their price over ours,
    weight their share of the whole, units by day 28 and 90 (of the others the middle). item_id "" for the others.
    """
    rows = alike["row"].to_numpy(dtype="int64")
    frame = alike.assign(
        launches=1, price_minor=alike.price, units_28=known.units[rows, 28], units_90=known.units[rows, DAYS]
    )
    mine = frame[frame.brand == brand].head(most)
    mine = mine.assign(buyers=mine.item_id.map(buyers).astype("Int64"))[[*LISTED, "buyers"]]
    rest = frame[frame.brand != brand]
    if rest.brand.nunique() < LEAST_BRANDS:
        return mine.reset_index(drop=True)
    middle = rest[["price_minor", "apart", "units_28", "units_90"]].median()
    one = {
        "item_id": "",
        "launched": None,
        "weight": rest.weight.sum(),
        "launches": len(rest),
        "buyers": pd.NA,
        **middle,
    }
    return pd.concat([mine, pd.DataFrame([one]).astype({"buyers": "Int64"})], ignore_index=True)[[*LISTED, "buyers"]]


def people(kpis: pd.DataFrame, brand: str) -> pd.DataFrame:
    """New customers and repeat buyers of launches like it, and of the item so far: kpi (new, again), who, some, of, launches.

    who: analogues, ours. Launches of other brands count where they are of LEAST_BRANDS or more; else only the brand's own.
    """
    theirs = kpis[kpis.part == "alike"]
    if theirs.brand[theirs.brand != brand].nunique() < LEAST_BRANDS:
        theirs = theirs[theirs.brand == brand]
    rows = []
    for who, part in ((THEIRS, theirs), (OURS, kpis[kpis.part == "ours"])):
        for kpi, some, of in (("new", "new", "buyers"), ("again", "again", "judged")):
            if len(part):
                rows.append((kpi, who, int(part[some].sum()), int(part[of].sum()), len(part)))
    return pd.DataFrame(rows, columns=["kpi", "who", "some", "of", "launches"])


def out_days(kpis: pd.DataFrame) -> float | None:
    """Days without goods among the first ninety, on average of the analogues that are counted; None where nothing is known."""
    known = kpis[(kpis.part == "alike") & (kpis.known_days.fillna(0) > 0)]
    return float(known.out_days.sum() / known.known_days.sum() * DAYS) if len(known) else None
