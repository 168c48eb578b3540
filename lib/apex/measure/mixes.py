"""Mixes: which channels a consumer met together between two days, and whether the relation then reached deeper."""

from collections.abc import Sequence
from datetime import date
from itertools import combinations

import ibis
import pandas as pd

from apex.ledger import Book
from apex.measure.assets import stage_type, states
from apex.measure.touches import OWN, touches_of

APART = "\x1f"  # between the channels of a set: a character that no name holds


def met_together(book: Book, brand: str, periods: Sequence[tuple[date, date]], goal: str) -> pd.DataFrame:
    """Consumers below the stage `goal` at a period's start, by where they stood and the set of channels they met in it.

    periods: (start, end), touches counting after `start` and up to `end`; a consumer counts once in each. Returns from_stage,
    channels (tuple, sorted; own visits are none), consumers, reached (of them, at `goal` or deeper at the period's end): ints
    over all periods. Who met no channel is not in it. One question to the engine.
    """
    depth = book.rules.ids.index(goal) + 1
    parts = []
    for start, end in periods:
        met = touches_of(book, brand, start, end)
        met = met.filter(met.channel != OWN)
        sets = met.group_by("consumer_id").agg(channels=met.channel.group_concat(APART, order_by=met.channel))
        at = sets.left_join(states(book, brand, start, end), "consumer_id")
        at = at.select("channels", before=at.before.fill_null(0), after=at.after.fill_null(0))
        parts.append(at.filter(at.before < depth))
    if not parts:
        return pd.DataFrame({"from_stage": [], "channels": [], "consumers": [], "reached": []}).astype(
            {"channels": object}
        )
    at = ibis.union(*parts) if len(parts) > 1 else parts[0]
    counted = at.group_by("before", "channels").agg(
        consumers=at.count(), reached=(at.after >= depth).cast("int64").sum()
    )
    frame = counted.execute()
    frame.insert(0, "from_stage", pd.Categorical.from_codes(frame.pop("before").to_numpy(int), dtype=stage_type(book)))
    frame["channels"] = [tuple(c.split(APART)) for c in frame.channels]
    frame = frame.astype({"consumers": int, "reached": int})
    return frame.sort_values(["from_stage", "channels"], ignore_index=True)


def mixes(together: pd.DataFrame, sizes: Sequence[int] = (2, 3), least: int = 30, threshold: int = 1) -> pd.DataFrame:
    """Each set of two or three channels: of the consumers who met all of them, how many reached the goal, and how many should.

    together: the frame of `met_together`. `expected`: as many as of all consumers who stood at the same stage and met as many
    channels, so that a mix is held against other mixes of equal size. Returns mix (tuple), consumers, reached (ints),
    expected; left out are mixes met by fewer than `least` consumers, and those that with a larger mix inside them would tell of
    fewer than `threshold` consumers.
    """
    frame = together.assign(size=together.channels.map(len))
    sums = frame.groupby(["from_stage", "size"], observed=True)[["consumers", "reached"]].transform("sum")
    frame["expected"] = frame.consumers * sums.reached / sums.consumers
    found: dict[tuple[str, ...], list[float]] = {}
    for row in frame[frame["size"] >= min(sizes)].itertuples():
        for size in sizes:
            for mix in combinations(row.channels, size):
                total = found.setdefault(mix, [0, 0, 0.0])
                total[0], total[1], total[2] = (
                    total[0] + row.consumers, total[1] + row.reached, total[2] + row.expected
                )  # fmt: skip
    rows = [
        (mix, int(n), int(r), e) for mix, (n, r, e) in found.items()
        if n >= least and not any(_tells(found[part], (n, r), threshold) for part in _inside(mix, sizes))
    ]  # fmt: skip
    out = pd.DataFrame(rows, columns=["mix", "consumers", "reached", "expected"])
    return out.sort_values("mix", ignore_index=True)


def _inside(mix: tuple[str, ...], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """The smaller mixes that are part of this one."""
    return [part for size in sizes if size < len(mix) for part in combinations(mix, size)]


def _tells(whole: Sequence[float], part: Sequence[float], threshold: int) -> bool:
    """Whether the difference of two mixes' consumers, or of those who reached the goal, is a small count."""
    return any(0 < a - b < threshold for a, b in zip(whole, part, strict=False))
