"""Services by providers: who served a brand when, how able each provider truly is, and what that changes day by day."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from twin.chance import stream
from twin.days import Calendar

if TYPE_CHECKING:
    import pyarrow as pa

LEVERS = ("media", "content", "join", "lift")
MOST = 3  # services of one brand


@dataclass(frozen=True)
class Service:
    """One provider serves one brand (its number) in one track from day `first` to day `last`, both included.

    `last` is the agreed day and may lie behind the calendar's end.
    """

    provider: str
    brand: int
    track: str
    first: int
    last: int


def abilities(spec: dict[str, Any], seed: int) -> dict[str, float]:
    """Every provider's true ability in this market: 1 is the track's full effect, some are exactly 0."""
    of, chance = spec["services"], stream(seed, "providers")
    names = list(of["providers"])
    found = np.maximum(of["ability"]["worst"], chance.normal(of["ability"]["mean"], of["ability"]["sd"], len(names)))
    found[chance.permutation(len(names))[: of["nothing"]]] = 0.0
    return dict(zip(names, found.tolist(), strict=True))


def services(spec: dict[str, Any], seed: int, calendar: Calendar, quality: np.ndarray) -> list[Service]:
    """All services of a market, by brand and first day.

    quality: (G,). The chance of being served rises with it (logistic, mean `served`), so that who compares served with other
    brands is misled; the default brand is always served. A brand's services are of different tracks.
    """
    of, chance = spec["services"], stream(seed, "services")
    # What one brand draws does not depend on the others: a row of uniforms each.
    u = chance.random((len(quality), 2 + 5 * MOST))
    z = (quality - quality.mean()) / max(float(quality.std()), 1e-9)
    level = brentq(lambda a: expit(a + of["chase"] * z).mean() - of["served"], -20, 20)
    served = u[:, 0] < expit(level + of["chase"] * z)
    served[0] = True
    earliest, latest = calendar.observed - of["before"], calendar.days - 30 * of["months"][0]
    out = []
    for b in np.flatnonzero(served):
        taken: set[str] = set()
        for n in range(1 + int((u[b, 1] < of["again"]) + (u[b, 1] < of["again"] ** 2))):
            which, start, months = u[b, 2 + 5 * n : 5 + 5 * n]
            free = {p: [t for t in tracks if t not in taken] for p, tracks in of["providers"].items()}
            free = {p: tracks for p, tracks in free.items() if tracks}
            provider = list(free)[int(which * len(free))]
            track = free[provider][int(which * len(free) % 1 * len(free[provider]))]
            taken.add(track)
            first = int(earliest + start * (latest - earliest))
            long = 30 * int(of["months"][0] + months * (of["months"][1] - of["months"][0] + 1))
            out.append(Service(provider, int(b), track, first, first + long - 1))
    return sorted(out, key=lambda s: (s.brand, s.first, s.provider, s.track))


def strength(spec: dict[str, Any], service: Service, days: int) -> np.ndarray:
    """(days,): how much of its effect a service has: 1 − e^(−d/ramp) while it lasts, then what it had · e^(−d/fade)."""
    ramp, fade = spec["services"]["ramp_days"], spec["services"]["fade_days"]
    t = np.arange(days)
    had = 1 - np.exp(-np.clip(t - service.first + 1, 0, service.last - service.first + 1) / ramp)
    return had * np.exp(-np.maximum(0, t - service.last) / fade)


def effects(
    spec: dict[str, Any],
    seed: int,
    calendar: Calendar,
    of: list[Service],
    brands: list[str],
    without: Collection[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """What services change: (served, lift), float32.

    served: (T, G, 3) multipliers of the effect of a media contact, the effect of content, the chance to join; lift: (T, G)
    utility. Services of a brand add up. without: indices of `of` that are left out, for paired worlds.
    """
    able = abilities(spec, seed)
    total = np.zeros((calendar.days, len(brands), len(LEVERS)))
    for n, service in enumerate(of):
        if n not in without:
            levers = np.array([float(spec["services"]["tracks"][service.track][lever]) for lever in LEVERS])
            total[:, service.brand] += able[service.provider] * strength(spec, service, calendar.days)[:, None] * levers
    return (1 + total[:, :, :3]).astype(np.float32), total[:, :, 3].astype(np.float32)


def table(calendar: Calendar, of: list[Service], brands: list[str]) -> "pa.Table":
    """The canonical table `services`."""
    from twin.tables import _table

    rows = sorted((s.provider, brands[s.brand], s.track, calendar.date(s.first), calendar.date(s.last)) for s in of)
    return _table("services", dict(zip(("provider", "brand", "track", "first_day", "last_day"),
                                       map(list, zip(*rows, strict=True)), strict=True)))  # fmt: skip
