"""The providers' page: what each service truly brought, beside what comparisons that anybody can make say of it."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from apex import files, show
from apex.files import ROOT
from apex.show import Words
from apex.show.tables import Format
from truth.paper import paper
from truth.served import METRICS, Seen, played
from twin import services
from twin.market import Drawn, draw_market
from twin.store import DEFAULT

CURRENCY = "CNY"
LONGEST = 365  # days of the period before that a service's days are held against
SHORTEST = 60
MATCHED = 5  # brands a served one is held against
FEWEST = 3
NAMES = {
    "before": "Before and after 前后对比",
    "level": "Served against others 与未服务品牌比",
    "did": "Matched differences 匹配双重差分",
}


@dataclass(frozen=True)
class Told:
    """One market on the page: frames of `compared` and of `by_provider`."""

    seed: int
    consumers: int
    market: Drawn
    services: pd.DataFrame
    providers: pd.DataFrame


def compared(market: Drawn, found: pd.DataFrame, seen: Seen) -> pd.DataFrame:
    """`found` of `truth.served.played` with the true effect and three estimates of each metric, as logs of ratios.

    {metric}_truth: log of with / without in the service's days. _before: of the service's days against as many days before
    (60–365). _level: against brands of its category that nobody serves or served then. _did: the change against
    that of the five such brands nearest before (level, trend); _did_se, _did_df from how such brands' changes differ. Missing
    where nothing was sold or too few brands are free.
    """
    per, rows = market.rules.brands, []
    busy = np.zeros((len(market.brands), market.calendar.days), bool)
    for s in market.services:  # a service that has faded to a tenth is over
        busy[s.brand, s.first : s.last + int(np.log(10) * market.spec["services"]["fade_days"])] = True
    for row in found.itertuples():
        k = row.brand // per
        length = min(LONGEST, max(SHORTEST, row.last - row.first + 1))
        before, after = slice(row.first - length, row.first), slice(row.first, row.last + 1)
        free = [
            b for b in range(k * per, (k + 1) * per) if not busy[b, before.start : after.stop].any() and b != row.brand
        ]
        out = {}
        for metric in METRICS:
            daily = getattr(seen, metric)
            with np.errstate(divide="ignore", invalid="ignore"):
                with_, without = (np.float64(getattr(row, f"{metric}_{w}")) for w in ("with", "without"))
                out[f"{metric}_truth"] = np.log(with_ / without) if with_ * without > 0 else np.nan
                early, late = (np.log(daily[:, part].mean(axis=1)) for part in (before, after))
                half = before.start + length // 2
                trend = np.log(daily[:, half : before.stop].mean(axis=1) / daily[:, before.start : half].mean(axis=1))
                out[f"{metric}_before"] = late[row.brand] - early[row.brand]  # it may have sold nothing
            usable = [b for b in free if np.isfinite([early[b], late[b], trend[b]]).all()]
            level = (
                np.log(daily[free][:, after].mean()) if len(free) >= FEWEST and daily[free][:, after].any() else np.nan
            )
            out[f"{metric}_level"] = late[row.brand] - level
            did, se = _matched(row.brand, usable, early, late, trend)
            out |= {f"{metric}_did": did, f"{metric}_did_se": se, f"{metric}_did_df": len(usable) - 1}
        rows.append(out)
    both = pd.concat([found.reset_index(drop=True), pd.DataFrame(rows)], axis=1)
    return both.replace([np.inf, -np.inf], np.nan)


def _matched(
    brand: int, free: list[int], early: np.ndarray, late: np.ndarray, trend: np.ndarray
) -> tuple[float, float]:
    """A brand's change less the mean change of those nearest to it before, and its standard error."""
    if len(free) < FEWEST or not np.isfinite([early[brand], late[brand], trend[brand]]).all():
        return np.nan, np.nan
    near = np.abs(early[free] - early[brand]) + np.abs(trend[free] - trend[brand])
    chosen = np.array(free)[np.argsort(near, kind="stable")[:MATCHED]]
    change = late[free] - early[free]  # of others both may be −inf
    return (
        float(late[brand] - early[brand] - (late[chosen] - early[chosen]).mean()),
        float(change.std(ddof=1) * np.sqrt(1 + 1 / len(chosen))),
    )


def by_provider(market: Drawn, services_: pd.DataFrame) -> pd.DataFrame:
    """One row a provider: true effects of its services, and what the estimates say, as means over services.

    Columns: provider, tracks, services, ability, gmv_minor, buyers, members (with less without, in the services' days),
    gmv_all_minor (to the end of the data), truth, before, level, did, low, high (ratios less 1, of GMV), told (the interval
    of `did` leaves out 0).
    """
    rows = []
    for provider, tracks in market.spec["services"]["providers"].items():
        mine = services_[services_.provider == provider]
        row = {"provider": provider, "tracks": "、".join(tracks), "services": len(mine)}
        row["ability"] = services.abilities(market.spec, market.seed)[provider]
        for metric in METRICS:
            row[metric] = int((mine[f"{metric}_with"] - mine[f"{metric}_without"]).sum())
        row["gmv_all_minor"] = int((mine.gmv_minor_all_with - mine.gmv_minor_all_without).sum())
        # Of services all alike, so that the truth and what is said of it are about the same.
        row |= {name: np.expm1(mine[f"gmv_minor_{name}"].mean()) for name in ("truth", *NAMES)}
        known = mine.dropna(subset=["gmv_minor_did", "gmv_minor_did_se"])
        wide = np.nan
        if len(known):
            se = np.sqrt((known.gmv_minor_did_se**2).sum()) / len(known)
            wide = stats.t.ppf(0.975, known.gmv_minor_did_df.sum()) * se
        middle = np.log1p(row["did"])
        row |= {"low": np.expm1(middle - wide), "high": np.expm1(middle + wide)}
        row["told"] = bool(middle - wide > 0 or middle + wide < 0)
        rows.append(row)
    return pd.DataFrame(rows).sort_values(["ability", "provider"], ascending=[False, True], ignore_index=True)


def answer(table: pd.DataFrame) -> str:
    """The page in some sentences: who has no effect, and whom the comparisons tell from those."""
    served = table[table.services > 0]
    none, some = served[served.ability == 0], served[served.ability != 0]
    told, known = some[some.told & some.did.gt(0)], served.dropna(subset=["did"])
    said = "; ".join(f"{label} {', '.join(_share(v) for v in none[name])}" for name, label in NAMES.items())
    off = "; ".join(
        f"{label} {100 * (served[name] - served.truth).abs().mean():.1f} points" for name, label in NAMES.items()
    )
    inside = ((known.low <= known.truth) & (known.truth <= known.high)).mean()
    wrong = ", ".join(none[none.told].provider)
    return (
        f"<strong>{len(none)} of {len(served)} providers change nothing: {', '.join(none.provider)}.</strong> "
        f"Of them the comparisons say: {said}. "
        f"The matched comparison tells {len(told)} of the {len(some)} others from nothing: {', '.join(told.provider) or '–'}; "
        f"tied with those who change nothing: {', '.join(some[~some.provider.isin(told.provider)].provider) or '–'}. "
        + (f"It takes {wrong} for one who changes something. " if wrong else "")
        + f"Its 95 % intervals hold the truth of {inside:.0%} of the providers. Mean error of GMV: {off}."
    )


def _share(value: float) -> str:
    return f"{value:+.0%}" if np.isfinite(value) else "–"


def _log(value: object) -> str:
    return _share(float(np.expm1(value)))  # type: ignore[call-overload]


def _said(row: Any) -> str:
    if not np.isfinite(row.did):
        return "–"
    if row.ability == 0:
        return "an effect where none is" if row.told else "nothing, as is true"
    return "told from nothing" if row.told else "tied with nothing"


def section(of: Told) -> list[str]:
    """One market's part of the page, as HTML."""
    words, market = Words("en", CURRENCY, 1), of.market
    columns = {
        "provider": ("Provider", "text"), "tracks": ("Tracks", "text"), "services": ("Services", "count"),
        "ability": ("True ability", "number"), "truth": ("True GMV", "signed_share"),
        "before": ("Before/after", "signed_share"), "level": ("Served/others", "signed_share"),
        "did": ("Matched", "signed_share"), "low": ("Low", "signed_share"), "high": ("High", "signed_share"),
        "said": ("Matched says", "text"),
    }  # fmt: skip
    brought = {
        "provider": ("Provider", "text"), "services": ("Services", "count"), "gmv_minor": ("True GMV", "signed_money"),
        "gmv_all_minor": ("With what follows", "signed_money"), "buyers": ("True buyers", "signed"),
        "members": ("True members", "signed"),
    }  # fmt: skip
    each = of.services

    def day(number: int) -> str:
        return market.calendar.date(number).isoformat()

    each = each.assign(
        brand=[market.brands[b] for b in each.brand],
        served=[f"{day(a)} – {day(b)}" for a, b in zip(each["first"], each["last"], strict=True)],
        gmv=each.gmv_minor_with - each.gmv_minor_without, bought=each.buyers_with - each.buyers_without,
        joined=each.members_with - each.members_without,
    )  # fmt: skip
    every: dict[str, tuple[str, Format]] = {
        "provider": ("Provider", "text"), "brand": ("Brand", "text"), "track": ("Track", "text"), "served": ("Days", "text"),
        "gmv": ("True GMV", "signed_money"), "bought": ("True buyers", "signed"), "joined": ("True members", "signed"),
        "gmv_minor_truth": ("True GMV, share", _log), "gmv_minor_before": ("Before/after", _log),
        "gmv_minor_level": ("Served/others", _log), "gmv_minor_did": ("Matched", _log),
    }  # fmt: skip
    shown = of.providers.assign(said=[_said(row) for row in of.providers.itertuples()])
    title = f"What each provider changes: seed {of.seed}, {of.consumers:,} consumers"
    return [
        f"<h2>Market of seed {of.seed}</h2>", f"<p>{answer(of.providers)}</p>",
        show.table(shown, f"providers-{of.seed}", words, columns, title=title).html,
        show.table(shown, f"brought-{of.seed}", words, brought, title="What each provider brought").html,
        show.table(each, f"services-{of.seed}", words, every, title="Every service").html,
    ]  # fmt: skip


HOW = """<h2>How to read it</h2><p>The truth: the same lives are played again from a service's first day without that service, all
chance and all other services as they are. Shares are of the GMV without it, in the service's days; a provider has the mean of
its services. <em>Before/after</em>: the service's days against as many days before (60–365); it takes seasons for effects.
<em>Served/others</em>: against brands of the category that nobody serves or served then; strong brands buy services.
<em>Matched</em>: the change against that of the five such brands that stood nearest before (level and trend of GMV); 95 %
intervals (Student) from how unserved brands' changes differ. <em>Tied with nothing</em>: the interval holds 0.</p>"""


def write(markets: list[Told], folder: Path) -> Path:
    """providers.html, providers.csv and services.csv in `folder`; returns the page."""
    parts = [
        "<h1>Providers: what they truly change 服务商真值</h1>",
        *(part for one in markets for part in section(one)),
        HOW,
    ]
    for name in ("services", "providers"):
        frames = [getattr(one, name).assign(seed=one.seed, consumers=one.consumers) for one in markets]
        text = pd.concat(frames, ignore_index=True).round(6).to_csv(index=False, lineterminator="\n")
        files.atomic_write(folder / f"{name}.csv", text)
    return paper("Providers", parts, folder / "providers.html")


def main(arguments: list[str] | None = None) -> int:
    """`python -m truth providers`: play, compare, write; prints where."""
    parser = argparse.ArgumentParser(prog="python -m truth providers", description="Services' true effects.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[DEFAULT.seed])
    parser.add_argument("--consumers", type=int, default=4000)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports" / "truth")
    chosen = parser.parse_args(arguments)
    markets = []
    for seed in chosen.seeds:
        market = draw_market(seed)
        each = compared(market, *played(market, np.arange(1, chosen.consumers + 1)))
        markets.append(Told(seed, chosen.consumers, market, each, by_provider(market, each)))
    sys.stdout.write(f"{write(markets, chosen.folder)}\n")
    return 0
