"""Logs of purchases with which forecasts are tested: two public ones and the twin's default brand.

`python lib/tests/model/clv_data.py` prints every method's errors on all of them.
"""

import datetime as dt
import sys

import pandas as pd

from apex import warehouse
from apex.files import ROOT
from apex.measure import buyers as counted
from apex.model import clv_check, lifetime
from apex.model.clock import Clock

SHARED = ROOT.parent / "shared" / "data"
CDNOW = SHARED / "cdnow" / "CDNOW_sample.txt"
UCI = SHARED / "uci_online_retail" / "online_retail_2009_2010.parquet"
TWIN = ROOT / "data" / "warehouse" / "twin"
# (data, calibration ends after so many days, so many days are held out)
SPLITS = [
    ("cdnow", 273, 273),
    ("cdnow", 364, 182),
    ("uci", 284, 90),
    ("uci", 187, 187),
    ("twin", None, 365),
    ("twin", None, 90),
]


def cdnow():
    """consumer_id, day (a date), money: 2,357 customers of a record shop who first bought in the first quarter of 1997."""
    names = ["master", "consumer_id", "day", "quantity", "money"]
    log = pd.read_csv(CDNOW, sep=r"\s+", header=None, names=names)
    return log.assign(day=pd.to_datetime(log.day.astype(str)))[["consumer_id", "day", "money"]]


def uci():
    """A wholesaler's year, returns left out."""
    log = pd.read_parquet(UCI)
    log = log[log["Customer ID"].notna() & (log.Quantity > 0) & (log.Price > 0)]
    day, money = pd.to_datetime(log.InvoiceDate).dt.normalize(), log.Quantity * log.Price
    return pd.DataFrame({"consumer_id": log["Customer ID"].astype(int), "day": day, "money": money})


def buyers(log, day, recent, later):
    """What `apex.measure.buyers.buyers` gives, of a log in memory."""
    each = log.groupby(["consumer_id", "day"], as_index=False).money.sum()
    each["gap"] = (each.day - day).dt.days
    seen = each[each.gap <= 0].groupby("consumer_id").agg(
        first_day=("day", "min"), last_day=("day", "max"), days=("day", "size"), value_minor=("money", "sum"))  # fmt: skip
    for name, part in {
        "recent": each[(each.gap <= 0) & (each.gap > -recent)],
        "later": each[(each.gap > 0) & (each.gap <= later)],
    }.items():
        sums = part.groupby("consumer_id").money.agg(["size", "sum"]).reindex(seen.index, fill_value=0)
        seen[f"{name}_days"], seen[f"{name}_minor"] = sums["size"], sums["sum"]
    seen = seen[seen.value_minor > 0]  # a free record says nothing of what a purchase brings
    return seen.reset_index()


def even(day, since):
    """A clock on which all days are alike, for logs without a market around them."""
    days = pd.date_range(since, day)
    return Clock(pd.DataFrame({"day": days, "buyers": 0}), day)


def split(name, until, ahead, family="BG/NBD", clock="market"):
    """The model fitted to the first `until` days (None: all but the last `ahead`), and the frame of `held_out`.

    The rival that learns from the period before learns from as many days, or half of what there is, scaled up.
    """
    if name == "twin":
        whole = warehouse.open_warehouse(TWIN)
        day, before = whole.last_day - dt.timedelta(days=ahead), whole.last_day - dt.timedelta(days=2 * ahead)
        cuts = {"held": counted.Cut(day, ahead, ahead), "earlier": counted.Cut(before, ahead, ahead)}
        every = counted.buyers(whole, "清禾", cuts)
        now, earlier = (every[every.cut == cut].reset_index(drop=True) for cut in cuts)
        when, learn, pace = pd.Timestamp(day), ahead, counted.pace(whole.until(day), "清禾", day)
        time = Clock(pace, when) if clock == "market" else even(when, pace.day.min())
    else:
        log = {"cdnow": cdnow, "uci": uci}[name]()
        when, learn = log.day.min() + pd.Timedelta(days=until - 1), min(ahead, until // 2)
        now, earlier = buyers(log, when, ahead, ahead), buyers(log, when - pd.Timedelta(days=learn), learn, learn)
        earlier[["later_days", "later_minor"]] *= ahead / learn
        time = even(when, log.day.min())
    model = lifetime.fit(now, time, family)
    return model, clv_check.held_out(model, earlier, when - pd.Timedelta(days=learn), ahead)


if __name__ == "__main__":
    pd.set_option("display.width", 200)
    for name, until, ahead in SPLITS:
        for family, clock in (
            ("BG/NBD", "market"),
            ("MBG/NBD", "market"),
            *([("BG/NBD", "even")] if name == "twin" else []),
        ):
            model, held = split(name, until, ahead, family, clock)
            found = clv_check.errors(held)
            if (family, clock) != ("BG/NBD", "market"):
                found = found[found.method == "model"]
            sys.stdout.write(f"\n{name}, {ahead} days held out, {family}, clock {clock}: {model.rhythm.parameters}\n")
            sys.stdout.write(found.round(4).to_string(index=False) + "\n")
        model, held = split(name, until, ahead)
        sys.stdout.write("tenths of the forecast, purchases: forecast / actual\n")
        sys.stdout.write(clv_check.tenths(held, "purchases").round(3).T.to_string(header=False) + "\n")
