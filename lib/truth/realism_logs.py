"""Logs to look at: of a market that is played, of the panel, and of the public logs beside this project, if they are there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from apex import warehouse
from apex.files import ROOT
from twin.market import Drawn, draw_market
from twin.play import play, world
from twin.purchase import FIELDS
from twin.stages import codes

SHARED = ROOT.parent / "shared" / "data"
MONDAY = date(1970, 1, 5)  # day 0 of every log
COLUMNS = ["consumer", "category", "brand", "item", "day", "hour", "what", "order", "value", "quantity"]
WHAT = ("view", "favourite", "cart", "buy")
TOUCHES = ("expose", "watch", "click")
# Panel categories of the same kind of goods as the twin's; a kind's figures are counted within each and pooled.
KINDS = {
    "面部护肤": ("HAND/BODY/FACIAL PRODUCTS", "MAKEUP AND TREATMENT"),
    "休闲零食": ("BAG SNACKS", "COOKIES/CONES", "CRACKERS/MISC BKD FD", "SNACK NUTS"),
    "家庭清洁": ("HOUSEHOLD CLEANG NEEDS", "LAUNDRY DETERGENTS", "DISHWASH DETERGENTS"),
}
EVERY = "all"


@dataclass(frozen=True)
class Log:
    """Events as `truth.realism` reads them, of one kind of goods (EVERY: all of them); touches where the source has them."""

    kind: str
    events: pd.DataFrame
    touches: pd.DataFrame | None = None

    def keep(self, chosen: Callable[[np.ndarray], np.ndarray]) -> "Log":
        """The log of the consumers whose numbers `chosen` takes."""
        held = None if self.touches is None else self.touches[chosen(self.touches.consumer.to_numpy())]
        return Log(self.kind, self.events[chosen(self.events.consumer.to_numpy())], held)


def twin(seed: int, consumers: int, overrides: dict[str, Any] | None = None) -> tuple[Drawn, Log]:
    """A market drawn and played: all its consumers' views, favourites, carts and purchases, history included, and touches."""
    market = draw_market(seed, overrides)
    wanted = {code: name for name in (*WHAT, *TOUCHES) for code in codes(name)}
    at = {name: FIELDS.index(name) for name in FIELDS}
    keep = [
        at[c] for c in ("consumer", "minute", "behaviour", "category", "brand", "item", "value", "quantity", "channel")
    ]
    parts = []
    for rows in play(market, np.arange(1, consumers + 1), world(market)):
        parts.append(rows[np.isin(rows[:, at["behaviour"]], list(wanted))][:, keep])
    rows = np.concatenate(parts)
    start = (market.calendar.start - MONDAY).days
    frame = pd.DataFrame({
        "consumer": rows[:, 0], "category": rows[:, 3], "brand": rows[:, 4], "item": rows[:, 5],
        "day": rows[:, 1] // 1440 + start, "hour": rows[:, 1] % 1440 // 60, "what": _names(rows[:, 2], wanted),
        "order": rows[:, 1] % 1440, "value": rows[:, 6], "quantity": rows[:, 7],
    })  # fmt: skip
    frame["item"] = np.where(frame["item"] >= 0, frame["item"] + 1000 * frame.brand, -1)
    paid = rows[:, 8] < len(market.channels)  # met in passing on a trip of one's own is no touch of media
    touch = frame.what.isin(TOUCHES).to_numpy()
    touches = frame.loc[touch & paid & (rows[:, 8] >= 0), ["consumer", "category", "brand", "day"]]
    return market, Log(EVERY, frame[~touch].reset_index(drop=True), touches.reset_index(drop=True))


def _names(code: np.ndarray, names: dict[int, str]) -> pd.Categorical:
    order = sorted(names)
    return pd.Categorical.from_codes(np.searchsorted(order, code), [names[c] for c in order])


def between(log: Log, spans: list[tuple[date, date]]) -> Log:
    """The days of some spans; each span's consumers count as others, so that no span is held against another."""

    def cut(frame: pd.DataFrame) -> pd.DataFrame:
        parts = []
        for number, (first, last) in enumerate(spans):
            part = frame[(frame.day >= (first - MONDAY).days) & (frame.day <= (last - MONDAY).days)]
            parts.append(part.assign(consumer=part.consumer + number * 10_000_000))
        return pd.concat(parts, ignore_index=True)

    return Log(log.kind, cut(log.events), None if log.touches is None else cut(log.touches))


def of_kind(log: Log, market: Drawn, kind: str) -> Log:
    """One of the twin's categories."""
    number = market.categories.index(kind)
    touches = None if log.touches is None else log.touches[log.touches.category == number]
    return Log(kind, log.events[log.events.category == number], touches)


def shops(log: Log) -> Log:
    """Every brand as a shop of its own: what a single seller's log would hold."""
    return Log(log.kind, log.events.assign(category=log.events.brand, brand=0))


def panel() -> list[Log]:
    """The grocery panel's purchases and possible exposures in categories of the twin's kinds, a maker being a brand."""
    events = warehouse.ensure("complete-journey").table("events")
    logs = []
    for kind, categories in KINDS.items():
        rows = events.filter(events.category.isin(categories), events.behaviour.isin(["buy", "expose"]))
        frame = rows.select(
            "consumer_id", "category", "brand", "item_id", "occurred_at", "behaviour", "value_minor", "quantity"
        ).to_pandas()
        logs.append(_log(
            kind, frame.consumer_id, frame.occurred_at, frame.behaviour, frame.category, frame.brand, frame.item_id,
            frame.value_minor, frame.quantity,
        ))  # fmt: skip
    return logs


def taobao() -> list[Log]:
    """Complete logs of 114 consumers over nine days of 2017, all goods; no brands."""
    file = SHARED / "taobao_userbehavior" / "UserBehavior_10k_114users.csv"
    frame = pd.read_csv(file, header=None, names=["user", "item", "category", "what", "second"])
    when = pd.to_datetime(frame.second + 8 * 3600, unit="s")
    frame, when = frame[when >= "2017-11-25"], when[when >= "2017-11-25"]
    what = frame.what.map({"pv": "view", "fav": "favourite", "cart": "cart", "buy": "buy"})
    return [_log(EVERY, frame.user, when, what, frame.category, None, frame["item"])]


def tianchi() -> list[Log]:
    """Random rows of a month of 34 consumers of the same marketplace, 2014, 12 December among them."""
    frame = pd.read_csv(SHARED / "tianchi_mobile" / "sample_user_behavior.csv")
    what = frame.behavior_type.map({1: "view", 2: "favourite", 3: "cart", 4: "buy"})
    when = pd.to_datetime(frame.time, format="%Y-%m-%d %H")
    return [_log(EVERY, frame.user_id, when, what, frame.item_category, None, frame.item_id)]


def tmall() -> list[Log]:
    """11 November 2014 of 358 consumers who bought that day; brands, no hours."""
    names = ["user", "item", "category", "seller", "brand", "month", "day", "action", "age", "gender", "province"]
    frame = pd.read_csv(SHARED / "ijcai15_tmall" / "user_log_dblab_10k.csv", header=None, names=names).drop_duplicates()
    what = frame.action.map({0: "view", 1: "cart", 2: "buy", 3: "favourite"})
    log = _log(EVERY, frame.user, pd.Series(pd.Timestamp("2014-11-11"), frame.index), what, frame.category, frame.brand,
               frame["item"])  # fmt: skip
    return [Log(EVERY, log.events.assign(hour=-1))]


def cdnow() -> list[Log]:
    """A shop's 23,570 customers who first bought in the first quarter of 1997, followed for 18 months."""
    names = ["consumer", "day", "quantity", "money"]
    frame = pd.read_csv(SHARED / "cdnow" / "CDNOW_master.txt", sep=r"\s+", skiprows=1, header=None, names=names)
    when = pd.to_datetime(frame.day.astype(str), format="%Y%m%d")
    what = pd.Series("buy", frame.index)
    log = _log(EVERY, frame.consumer, when, what, None, None, None, (frame.money * 100).round(), frame.quantity)
    return [Log(EVERY, log.events.assign(hour=-1))]


def uci() -> list[Log]:
    """A wholesaler of gifts, a year of 2009–2010, cancellations and unknown customers left out."""
    frame = pd.read_parquet(SHARED / "uci_online_retail" / "online_retail_2009_2010.parquet")
    good = frame["Customer ID"].notna() & ~frame.Invoice.str.startswith("C") & (frame.Quantity > 0) & (frame.Price > 0)
    frame = frame[good]
    when = pd.to_datetime(frame.InvoiceDate, format="%Y-%m-%d %H:%M:%S")
    what = pd.Series("buy", frame.index)
    money = (frame.Quantity * frame.Price * 100).round()
    return [
        _log(EVERY, frame["Customer ID"].astype(int), when, what, None, None, frame.StockCode, money, frame.Quantity)
    ]


def scanner() -> list[Log]:
    """Three Nielsen panels, ketchup, crackers and yogurt: each household's choices in their order; days are order only."""
    parts = []
    for number, name in enumerate(("Catsup", "Cracker", "Yogurt")):
        frame = pd.read_csv(SHARED / "ecdat_scanner" / f"{name}.csv", usecols=["id", "choice"])
        order = frame.groupby("id").cumcount()
        parts.append(pd.DataFrame({"user": frame.id + 1000 * number, "brand": name + frame.choice, "nth": order}))
    both = pd.concat(parts, ignore_index=True)
    when = pd.Timestamp("2000-01-03") + pd.to_timedelta(both.nth, unit="D")
    category = both.user // 1000
    return [_log(EVERY, both.user, when, pd.Series("buy", both.index), category, both.brand, None)]


def _log(kind: str, consumer: pd.Series, when: pd.Series, what: pd.Series, category: Any = None, brand: Any = None,
         item: Any = None, value: Any = None, quantity: Any = None) -> Log:  # fmt: skip
    """A log from columns of one source; texts become numbers, what is absent one number for all."""

    def coded(column: Any, absent: int) -> Any:
        return absent if column is None else pd.factorize(column)[0]

    frame = pd.DataFrame({
        "consumer": pd.factorize(consumer)[0], "category": coded(category, 0), "brand": coded(brand, 0), "item": coded(item, -1),
        "day": (when.dt.normalize() - pd.Timestamp(MONDAY)).dt.days.to_numpy(), "hour": when.dt.hour.to_numpy(),
        "what": pd.Categorical(what), "order": (when.dt.hour * 3600 + when.dt.minute * 60 + when.dt.second).to_numpy(),
        "value": 1 if value is None else np.asarray(value), "quantity": 1 if quantity is None else np.asarray(quantity),
    })  # fmt: skip
    met = frame.what == "expose"
    touches = frame.loc[met, ["consumer", "category", "brand", "day"]] if met.any() else None
    return Log(kind, frame[~met].reset_index(drop=True), touches)


SOURCES: dict[str, tuple[Callable[[], list[Log]], Path | None]] = {
    "panel": (panel, None),
    "taobao": (taobao, SHARED / "taobao_userbehavior"),
    "tianchi": (tianchi, SHARED / "tianchi_mobile"),
    "tmall": (tmall, SHARED / "ijcai15_tmall"),
    "cdnow": (cdnow, SHARED / "cdnow"),
    "uci": (uci, SHARED / "uci_online_retail"),
    "scanner": (scanner, SHARED / "ecdat_scanner"),
}


def there() -> tuple[dict[str, list[Log]], list[str]]:
    """The sources that can be read here, and the names of those that cannot."""
    found = {name: read() for name, (read, folder) in SOURCES.items() if folder is None or folder.exists()}
    return found, [name for name in SOURCES if name not in found]


def like(source: str, market: Drawn, log: Log) -> list[Log]:
    """The twin's log in the window and cut of a source: same length, same place in the year, same goods where there are some."""
    last = market.calendar.date(market.calendar.days - 1)
    years = (last.year - 1, last.year)
    if source in ("panel", "uci", "scanner"):
        first = date.fromordinal(last.toordinal() - 364)
        year = between(log, [(first, last)])
        if source == "panel":
            return [of_kind(year, market, kind) for kind in KINDS]
        return [shops(year)] if source == "uci" else [year]
    if source == "cdnow":
        return [_cohort(shops(log), date(years[0], 1, 1), date(years[0], 3, 31), date(years[1], 6, 30))]
    spans = {"taobao": ((11, 25), (12, 3)), "tianchi": ((11, 18), (12, 18)), "tmall": ((11, 11), (11, 11))}[source]
    days = between(log, [(date(y, *spans[0]), date(y, *spans[1])) for y in years])
    if source == "tmall":  # the sample holds buyers of the day only
        buyers = days.events.consumer[days.events.what == "buy"].unique()
        days = days.keep(lambda consumer: np.isin(consumer, buyers))
    return [days]


def _cohort(log: Log, first: date, last: date, until: date) -> Log:
    """Purchases up to `until` of those whose first purchase at a shop lies in first … last."""
    of = log.events[log.events.what == "buy"]
    began = of.groupby(["consumer", "category"]).day.transform("min")
    low, high, end = ((d - MONDAY).days for d in (first, last, until))
    return Log(EVERY, of[(began >= low) & (began <= high) & (of.day <= end)].reset_index(drop=True))
