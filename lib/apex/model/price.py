"""Where a brand's price stands: against the others' with the mix held fixed, and among what the category's buyers pay."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from apex.model.estimate import NAN


@dataclass(frozen=True)
class Price:
    """Our price against the others': index (1: the same), raw and with the mix of subcategories held fixed (Fisher).

    ours, theirs: minor units a unit. matched: share of our units in subcategories that at least two others sold; fisher is NaN
    where nothing is matched, or where there is one subcategory only and so no mix to hold fixed.
    """

    ours: float
    theirs: float
    raw: float
    fisher: float
    matched: float


def price(sold: pd.DataFrame, least_others: int = 2) -> Price:
    """Price index from the frame of `measure.market.prices`.

    Paasche: our units at our prices ÷ our units at theirs; Laspeyres: their units at ours ÷ theirs; Fisher: the geometric mean.
    """
    wide = sold.pivot(index="subcategory", columns="party", values=["units", "gmv_minor", "brands"]).reindex(
        columns=pd.MultiIndex.from_product([["units", "gmv_minor", "brands"], ["us", "others"]]), fill_value=0
    )
    wide = wide.fillna(0).astype(float)
    units, money = wide["units"], wide["gmv_minor"]
    ours, theirs = (money[p].sum() / units[p].sum() if units[p].sum() else NAN for p in ("us", "others"))
    both = (units.us > 0) & (units.others > 0) & (wide["brands"].others >= least_others)
    matched = units.us[both].sum() / units.us.sum() if units.us.sum() else NAN
    own, other = money.us[both] / units.us[both], money.others[both] / units.others[both]
    fisher = NAN
    if both.any() and len(wide) > 1:
        paasche = money.us[both].sum() / (units.us[both] * other).sum()
        laspeyres = (units.others[both] * own).sum() / money.others[both].sum()
        fisher = float(np.sqrt(paasche * laspeyres))
    return Price(float(ours), float(theirs), float(ours / theirs) if theirs else NAN, fisher, float(matched))


def position(found: Price, paid: pd.Series, sizes: pd.DataFrame, now: tuple[object, object]) -> pd.DataFrame:
    """Our price among the quartiles over the category's buyers: what, value (minor units; below, raw, fisher: fractions), buyers.

    paid: that of `measure.market.paid`; sizes: that of `model.share.shares` as it may be shown, whose window `now` gives the
    buyers behind each figure. Empty where that window is hidden.
    """
    row = sizes[(sizes.first_day == now[0]) & (sizes.last_day == now[1]) & ~sizes.suppressed]
    if row.empty:
        return pd.DataFrame({"what": [], "value": pd.array([], "Float64"), "buyers": pd.array([], "Int64")})
    ours, whole = int(row.buyers_brand.iloc[0]), int(row.buyers.iloc[0])
    of_all = [(k, paid[k], whole) for k in ("low", "middle", "high")]
    of_us = [
        (k, v, ours)
        for k, v in (("ours", found.ours), ("raw", found.raw), ("fisher", found.fisher), ("below", paid.below))
    ]
    frame = pd.DataFrame([*of_all, *of_us], columns=["what", "value", "buyers"])
    return frame.astype({"value": "Float64", "buyers": "Int64"})
