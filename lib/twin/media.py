"""Media: campaigns and trials, how much of which channel on which day, contents and when they are shown."""

from datetime import date
from typing import Any

import numpy as np

from twin.chance import stream
from twin.crowds import CROWDS
from twin.days import Calendar
from twin.lines import Line
from twin.lookup import guide, since
from twin.market import CONTENT_CHANNELS, TARGETS, UPPER, Campaign

ACCEPTED = 3.0  # candidates a contact: targeting and unequal use thin them out again
ITEM_TRIAL = "测款"
FORMATS = {"short-video": "短视频", "live": "直播", "social": "图文笔记", "video-feed": "短视频"}


def campaigns(
    spec: dict[str, Any], calendar: Calendar, brands: list[str]
) -> tuple[list[Campaign], list[dict[str, Any]]]:
    """Campaigns of the observed years and the default brand's randomised trials; one at a time per brand."""
    out: list[Campaign] = []
    trials: list[dict[str, Any]] = []
    for b, brand in enumerate(brands):
        for p in calendar.promotions:
            if p.first < calendar.observed:
                continue
            share = spec["held_out"].get(p.kind, 0) if b == 0 else 0
            if share:
                trials.append({"key": f"b{b:02}-{p.key}", "share": 1.0, "propensity": 1 - share, "first": p.first,
                               "last": p.last, "campaign": len(out)})  # fmt: skip
            out.append(
                Campaign(f"b{b:02}-{p.key}", b, f"{brand} {p.name} {p.year}", "大促", p.first, p.last, p,
                         len(trials) - 1 if share else -1)
            )  # fmt: skip
        for y, first in zip(calendar.years, calendar.own[b], strict=True):
            if first >= calendar.observed:
                last = int(first) + calendar.own_days - 1
                out.append(Campaign(f"b{b:02}-own-{y}", b, f"{brand} 超级品牌日 {y}", "品牌节", int(first), last))
    first_year = spec["market"]["first_observed"].year
    for t in spec["trials"]:
        year = first_year + t["year"]
        first = calendar.number(date(year, int(t["first"][:2]), int(t["first"][3:])))
        last = first + t["days"] - 1
        if not calendar.observed <= first <= last < calendar.days:
            continue
        key = f"b00-{t['channel']}-{year}"
        trials.append({**t, "key": key, "first": first, "last": last, "campaign": len(out)})
        out.append(Campaign(key, 0, f"{brands[0]} {t['name']} {year}", "种草", first, last, trial=len(trials) - 1))
    return out, trials


def item_trials(
    spec: dict[str, Any], calendar: Calendar, launch: np.ndarray, run: list[Campaign], brand: str, channels: list[str]
) -> tuple[list[dict[str, Any]], list[Line]]:
    """The default brand's trials of its newest items, which are shown at random; their campaigns are added to `run`.

    launch: (items,) days, ascending by age within old and new ones. Each trial: key, first, last, items (numbers), campaign.
    """
    out, lines = [], []
    for t in spec["item_trials"]:
        year = spec["market"]["first_observed"].year + t["year"]
        first = calendar.number(date(year, int(t["first"][:2]), int(t["first"][3:])))
        last = first + t["days"] - 1
        there = np.flatnonzero(launch <= first)
        if not calendar.observed <= first <= last < calendar.days or len(there) < 2:
            continue
        items = there[-int(t["newest"]) :]
        key, channel = f"b00-items-{year}", channels.index(t["channel"])
        trial = {"key": key, "first": first, "last": last, "items": tuple(map(int, items))}
        lines.append(
            Line(key, 0, channel, first, last, float(t["rate"]), target=TARGETS.index("broad"), items=trial["items"],
                 campaign=len(run), usual=True)
        )  # fmt: skip
        out.append({**trial, "campaign": len(run)})
        run.append(Campaign(key, 0, f"{brand} {t['name']} {year}", ITEM_TRIAL, first, last))
    return out, lines


def phase_of_day(calendar: Calendar) -> np.ndarray:
    """(days,): 0 plain, 1 presale, 2 warm-up, 3 burst."""
    out = np.zeros(calendar.days, np.int8)
    for p in calendar.promotions:
        for number, phase in enumerate(("presale", "warm-up", "burst"), 1):
            first, last = p.days(phase)
            out[first : last + 1] = number
    return out


def plan(
    spec: dict[str, Any],
    seed: int,
    calendar: Calendar,
    run: list[Campaign],
    trials: list[dict[str, Any]],
    quality: np.ndarray,
    channels: list[str],
) -> dict[str, np.ndarray]:
    """Media of every brand: expected contacts, which campaign they belong to, and the kernel's cdf over brand × channel.

    rate[g, c, t] = reach_c · scale_g · mix_gc · flight_gc(t) · phase_c(t); what a campaign adds over rest is its own.
    """
    chance = stream(seed, "media")
    g, c, t = len(quality), len(channels), calendar.days
    per = g // len(spec["categories"])
    scale = np.exp(0.5 * quality + 0.4 * chance.standard_normal(g))
    scale /= scale.mean()
    scale[0] = spec["demand"]["focal_media"]
    reach = np.array([spec["channels"][n]["reach"] for n in channels])
    mix = np.exp(0.4 * chance.standard_normal((g, c)))
    flights = np.exp(
        spec["demand"]["flight_sd"] * chance.standard_normal((g, c, t // 14 + 1)) - spec["demand"]["flight_sd"] ** 2 / 2
    )
    rest = (reach * scale[:, None] * mix / per)[:, :, None] * np.repeat(flights, 14, axis=2)[:, :, :t]
    times = np.ones((c, t))
    upper = np.array([n in UPPER for n in channels])
    for p in calendar.promotions:
        for phase, first, last in p.phases:
            row = spec["phase"][phase]
            times[:, first : last + 1] = np.where(upper, row["upper"], row["lower"])[:, None]
    more = rest * np.maximum(times - 1, 0)
    rest = rest * np.minimum(times, 1)
    for b, y in np.argwhere(calendar.own >= 0):
        days = slice(calendar.own[b, y], calendar.own[b, y] + calendar.own_days)
        more[b, :, days] = rest[b, :, days] * (spec["own_festival"]["media"] - 1)
    for trial in trials:
        if "channel" in trial:
            more[0, channels.index(trial["channel"]), trial["first"] : trial["last"] + 1] = trial["rate"]
    campaign = np.full((g, t), -1, np.int16)
    for number, item in enumerate(run):
        if item.scene == ITEM_TRIAL:  # its media are lines of their own
            continue
        campaign[item.brand, item.first : item.last + 1] = number
    total = (rest + more).reshape(g // per, per * c, t)
    cdf = np.cumsum(total, axis=1).transpose(0, 2, 1)
    cdf = np.ascontiguousarray((cdf / cdf[:, :, -1:]).astype(np.float32))
    return {
        "candidates": ACCEPTED * total.sum(axis=1),
        "cdf": cdf,
        "guide": guide(cdf),
        "since": since(cdf),
        "campaign": np.ascontiguousarray(campaign.T),
        "extra": np.ascontiguousarray((more / (rest + more)).astype(np.float32).transpose(2, 0, 1)),
    }


def usage(spec: dict[str, Any], seed: int, channels: list[str]) -> np.ndarray:
    """(crowds, channels): how readily a crowd is met in a channel, the readiest at 1."""
    out = np.exp(spec["demand"]["crowd_usage_sd"] * stream(seed, "usage").standard_normal((len(CROWDS), len(channels))))
    return out / out.max(axis=0)


def contents(
    spec: dict[str, Any], seed: int, calendar: Calendar, brands: int, channels: list[str]
) -> dict[str, np.ndarray]:
    """Contents of the observed years, ordered by brand, channel and day of publication."""
    chance = stream(seed, "contents")
    number = spec["market"]["contents"]
    rows = []
    for b in range(brands):
        n = number["focal"] if b == 0 else number["other"]
        channel = chance.choice([channels.index(c) for c in CONTENT_CHANNELS], n)
        published = chance.integers(calendar.observed, calendar.days - 15, n)
        rows.append(np.column_stack([np.full(n, b), channel, published]))
    table = np.concatenate(rows)
    table = table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))]
    n = len(table)
    length = np.clip(np.exp(np.log(35) + 0.8 * chance.standard_normal(n)), 6, 600)
    length[table[:, 1] == channels.index("live")] = (
        3600 * chance.uniform(1, 4, n)[table[:, 1] == channels.index("live")]
    )
    return {
        "brand": table[:, 0],
        "channel": table[:, 1],
        "published": table[:, 2],
        "minute": chance.integers(480, 1200, n),
        "creator": chance.integers(0, 120, n),
        "item": chance.integers(0, spec["market"]["items_per_brand"] // 2, n),
        "length": np.round(length),
        "pull": np.exp(spec["demand"]["content_sd"] * chance.standard_normal(n)),
    }


def shown(
    of: dict[str, np.ndarray], brands: int, channels: list[str], calendar: Calendar, lasts: int
) -> dict[str, Any]:
    """Which contents are shown on a day: of one brand and channel they follow each other, so a range says it."""
    first = np.zeros((calendar.days, brands, len(channels)), np.int32)
    last = np.zeros_like(first)
    day = np.arange(calendar.days)
    for b in range(brands):
        for c in {channels.index(n) for n in CONTENT_CHANNELS}:
            at = np.flatnonzero((of["brand"] == b) & (of["channel"] == c))
            if len(at):
                published = of["published"][at]
                first[:, b, c] = at[0] + np.searchsorted(published, day - lasts, side="right")
                last[:, b, c] = at[0] + np.searchsorted(published, day - 1, side="right")
    return {"content_first": first, "content_last": last, "content_pull": of["pull"], "content_length": of["length"]}
