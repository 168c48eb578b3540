"""True moves up between two days: the same lives played again without a channel's contacts after the first of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from apex.ledger import Book, RuleSet, ensure, sweep
from apex.warehouse import Warehouse, open_warehouse
from apex.warehouse.ingest import ingest
from apex.warehouse.sources import Feed
from twin import tables
from twin.act import Market, Played
from twin.market import draw_market
from twin.people import People
from twin.play import BLOCK, advance, ordered, world
from twin.stages import AT
from twin.truth import Worlds

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

SETTLED = 60  # observed days before the first period: windows of 15 days are full, media have worked
Period = tuple[date, date]  # the day before the first and the last


@dataclass(frozen=True)
class Lives:
    """A market's default brand, lived once: `worlds` to play on, `brand` its name."""

    seed: int
    worlds: Worlds

    @property
    def brand(self) -> str:
        """The default brand's name."""
        return self.worlds.market.brands[0]

    def periods(self, length: int, most: int | None = None) -> list[Period]:
        """Periods of `length` days, one after the other, up to the last day; the `most` latest ones."""
        calendar = self.worlds.market.calendar
        ends = list(range(calendar.days - 1, calendar.observed + SETTLED + length, -length))[::-1]
        return [(calendar.date(e - length), calendar.date(e)) for e in ends[-(most or len(ends)) :]]


def live(seed: int, consumers: int) -> Lives:
    """Draw a market and play its default brand's category once."""
    return Lives(seed, Worlds(draw_market(seed), np.arange(1, consumers + 1)))


def book(lives: Lives, rules: RuleSet, folder: Path, also: Sequence[str] = ()) -> Book:
    """The brand's events as a warehouse in `folder`, and its ledger under these rules: what a notebook would see.

    also: further small tables, such as `experiments` and `assignments` (of consumers).
    """
    if not (folder / "market" / "manifest.json").exists():
        files = folder / "files"
        files.mkdir(parents=True, exist_ok=True)
        market = lives.worlds.market
        small = tables.others(market)
        by_row = [_rows_as_ids(t) for t in tables.people_table(market, np.arange(1, len(lives.worlds.state) + 1))]
        written = {
            "items": small["items"].filter(pa.compute.equal(small["items"]["brand"], lives.brand)),
            "consumers": by_row[0],
            "channels": small["channels"],
            "events": canonical(lives, lives.worlds.factual),
            **{name: by_row[1] if name == "assignments" else small[name] for name in also},
        }
        for name, table in written.items():
            pq.write_table(table, files / f"{name}.parquet")
        ingest(source({name: files / f"{name}.parquet" for name in written}), "market", folder / "market", "truth")
    return ensure(open_warehouse(folder / "market"), rules)


def _rows_as_ids(table: pa.Table) -> pa.Table:
    """Consumers by their row, as the events of `canonical` have them; numbers begin with 1."""
    at = table.column_names.index("consumer_id")
    return table.set_column(at, "consumer_id", pa.compute.subtract(table["consumer_id"], 1))


def true_moves(lives: Lives, rules: RuleSet, periods: Sequence[Period]) -> pd.DataFrame:
    """What each channel truly brought of the moves up between the two days of each period.

    Everything up to the first day stays as it was; from the next day on the channel is silent, with all chance shared. Returns
    start, cause, from_stage, to_stage, moves (ids of stages; consumers who rose from → to less those who would have without
    the channel, int; pairs at nought are absent).
    """
    w, rows = lives.worlds, []
    market, n = w.market, len(w.state)
    days = w.factual[:, AT["minute"]] // 1440
    state, lived_to = w.state, market.calendar.observed
    names = ["none", *rules.ids]
    for start, end in periods:
        first, last = market.calendar.number(start), market.calendar.number(end)
        _, state = advance(market, w.crowd, world(market, only=0), 0, lived_to, first + 1, state, keep=True)
        lived_to = first + 1
        inside = w.factual[(days > first) & (days <= last)]
        past = w.factual[days <= first]
        seen = sweep.filed(canonical(lives, w.factual[days <= last]))
        before, after = (stages_on(seen, rules, day, n) for day in (start, end))
        for number, channel in enumerate(market.channels):
            met = np.unique(inside[inside[:, AT["channel"]] == number, 0])
            if not len(met):
                continue
            few = People(*(a[met] for a in w.crowd))
            without = world(market, only=0, channels=(number,))
            lived, _ = advance(market, few, without, 0, first + 1, last + 1, state[met])
            lived[:, 0] = met[lived[:, 0]]
            mine = np.concatenate([past[np.isin(past[:, 0], met)], lived])
            then = stages_on(sweep.filed(canonical(lives, mine)), rules, end, n)
            for sign, stage in ((1, after), (-1, then)):
                rose = met[stage[met] > before[met]]
                rows += [
                    (start, channel, names[a], names[b], sign) for a, b in zip(before[rose], stage[rose], strict=True)
                ]
    frame = pd.DataFrame(rows, columns=["start", "cause", "from_stage", "to_stage", "moves"])
    summed = frame.groupby(["start", "cause", "from_stage", "to_stage"], as_index=False).moves.sum()
    return summed[summed.moves != 0].reset_index(drop=True)


def stages_on(events: pa.Table, rules: RuleSet, day: date, n: int) -> np.ndarray:
    """The stage of each consumer (row number) at the end of a day."""
    found = sweep.positions_of(events, rules, day)
    out = np.zeros(n, int)
    out[found["consumer_id"].to_numpy()] = found["stage"].to_numpy()
    return out


def canonical(lives: Lives, events: np.ndarray) -> pa.Table:
    """Events of the kernel as canonical rows, by consumer and time; consumer_id is the row number."""
    order = np.lexsort((events[:, AT["minute"]], events[:, 0]))
    return tables.events(lives.worlds.market, events[order], 1)


def seen(market: Market, eve: date, names: Iterable[str], folder: Path) -> Warehouse:
    """What a notebook would see of life as usual up to `eve`, the default brand's category, as a warehouse in `folder`."""
    drawn, stop, parts = market.drawn, market.drawn.calendar.number(eve) + 1, []
    for start in range(0, market.config.consumers, BLOCK):
        part = People(*(a[start : start + BLOCK] for a in market.crowd))
        events, _ = advance(drawn, part, world(drawn), 0, 0, stop)
        events[:, 0] = part.number[events[:, 0]]
        parts.append(ordered(events))
    lived = Played(market, drawn, 0, stop, np.concatenate(parts), {})
    return booked(lived.tables, names, folder).until(eve)


def booked(played: Mapping[str, pa.Table], names: Iterable[str], folder: Path) -> Warehouse:
    """These tables of a market that was played, filed as a brand's own would be: a warehouse in `folder`/market."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    paths = {name: files / f"{name}.parquet" for name in names}
    for name, path in paths.items():
        pq.write_table(played[name], path)
    ingest(source(paths), "market", folder / "market", "truth")
    return open_warehouse(folder / "market")


def source(paths: dict[str, Path]) -> Any:
    """A source module in miniature over these Parquet files."""

    def feeds(con: "Backend", files: dict[str, Path]) -> Any:
        for name, path in files.items():
            keyed = name in ("consumers", "events", "assignments")
            key, drop = ("consumer_id::VARCHAR AS consumer_key, ", "consumer_id, ") if keyed else ("", "")
            yield Feed(name, con.sql(f"""
                SELECT {key}* EXCLUDE ({drop}file_row_number), file_row_number + 1 AS line
                FROM read_parquet('{path}', file_row_number = true)"""), name)  # fmt: skip

    return SimpleNamespace(
        TIMEZONE="Asia/Shanghai", CURRENCY="CNY", PUBLIC=True, ABOUT={"en": "a twin", "zh": "模拟市场"}, LICENCE="ours",
        NOTES=[], files=lambda: paths, feeds=feeds,
    )  # fmt: skip
