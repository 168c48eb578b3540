"""Rates beside each other: how far two shares may differ by chance, and where a figure stands among few peers."""

from typing import NamedTuple

import pandas as pd

from apex.measure.peers import Peers, benchmark, quartiles

LEVEL = 0.95


class Difference(NamedTuple):
    """The difference of two shares with its interval, and how many people stand behind both."""

    value: float
    low: float
    high: float
    n: int

    @property
    def clear(self) -> bool:
        """Whether the interval leaves nought out."""
        return self.low > 0 or self.high < 0


def difference(some: int, of: int, some_before: int, of_before: int, level: float = LEVEL) -> Difference | None:
    """Share now less share before, with Newcombe's interval (1998, method 10: from the two Wilson intervals).

    None where one of the two is a share of nobody. It takes the two groups for independent; where the same people stand in
    both, as in two periods of one brand, it is rough, and a page says so.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    if not (of > 0 and of_before > 0):
        return None
    low, high = confint_proportions_2indep(
        some, of, some_before, of_before, method="newcomb", compare="diff", alpha=1 - level
    )
    return Difference(some / of - some_before / of_before, float(low), float(high), int(of + of_before))


def compared(shown: pd.DataFrame, noticeable: float, level: float = LEVEL) -> pd.DataFrame:
    """Each figure now, in the period before and a year ago, and whether it is better.

    shown: the frame of `measure.fast.values` of one brand (what may be shown of it; `suppressed` where it may not), periods
    now, before and, where there is one, year_ago. Returns figure, now, before, year_ago (Float64), share (bool), change (of a
    share: the difference; of an amount: relative to before), low, high (of a share's change), n (people behind that), state
    (`better`, `worse`, `steady`, `unknown`), hidden (bool). A share is better or worse where the interval leaves nought out,
    an amount where it changed by more than the share `noticeable`.
    """
    rows = []
    for figure, part in shown.groupby("figure", sort=True, observed=True):
        at = part.set_index(part.period.astype(str))
        now, before = at.loc["now"], at.loc["before"]
        row = {"figure": figure, "share": bool(part.of.notna().any()), "hidden": bool(now.get("suppressed", False))}
        row |= {p: at.value.get(p, pd.NA) for p in ("now", "before", "year_ago")}
        row |= {"state": "unknown", **_change(now, before, row["share"], noticeable, level)}
        rows.append(row)
    columns = ["figure", "now", "before", "year_ago", "share", "change", "low", "high", "n", "state", "hidden"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = ["now", "before", "year_ago", "change", "low", "high"]
    return frame.astype(dict.fromkeys(numbers, "Float64") | {"n": "Int64", "figure": shown.figure.dtype})


def _change(now: pd.Series, before: pd.Series, share: bool, noticeable: float, level: float) -> dict[str, object]:
    if pd.isna(now.value) or pd.isna(before.value):
        return {}
    if share:
        found = difference(int(now.n), int(now.of), int(before.n), int(before.of), level)
        if found is None:
            return {}
        state = "steady" if not found.clear else "better" if found.value > 0 else "worse"
        return {"change": found.value, "low": found.low, "high": found.high, "n": found.n, "state": state}
    if not before.value:
        return {}
    change = float(now.value / before.value - 1)
    return {"change": change, "state": "steady" if abs(change) <= noticeable else "better" if change > 0 else "worse"}


def changes(values: pd.DataFrame) -> pd.DataFrame:
    """brand, figure, value: how far each brand's figure changed on the period before, in the measure of `compared`.

    values: the frame of `measure.fast.values` of all brands. Null where either period has no number.
    """
    wide = values.assign(period=values.period.astype(str), of=values.of.astype("Int64"))
    wide = wide.pivot(index=["brand", "figure"], columns="period", values=["value", "of"])
    now, before = (wide["value", p].astype("Float64") for p in ("now", "before"))
    share = wide["of", "now"].notna() | wide["of", "before"].notna()
    found = (now - before).where(share, now / before.where(before > 0) - 1)
    return found.rename("value").reset_index()


def among_peers(values: pd.DataFrame, brand: str, peers: Peers, level: float = LEVEL) -> pd.DataFrame:
    """Where the brand's figures stand among its peers'; of the peers nothing but quartiles and the best five's mean.

    values: brand, figure, value, one row each. Returns figure, rank (share of the peers with a lower value; equals count
    half), rank_low, rank_high (Wilson's interval: the peers are taken for a sample of brands like them), peers (how many
    have the figure), low, middle, high (quartiles), best: one row a figure, null where peers with the figure are too few.
    """
    from statsmodels.stats.proportion import proportion_confint

    wide = values.assign(figure=values.figure.astype(str)).pivot(index="brand", columns="figure", values="value")
    others, rows = wide.reindex(peers.frame.brand), []
    for figure in dict.fromkeys(values.figure.astype(str)):
        known = others[figure].dropna().astype(float)
        own, four = wide[figure].get(brand), quartiles(known)
        row = {"figure": figure, "peers": len(known), "best": benchmark(known, peers)}
        if four is not None:
            row |= four.to_dict()
            if not pd.isna(own):
                below = (known < float(own)).sum() + (known == float(own)).sum() / 2
                low, high = proportion_confint(below, len(known), alpha=1 - level, method="wilson")
                row |= {"rank": below / len(known), "rank_low": float(low), "rank_high": float(high)}
        rows.append(row)
    columns = ["figure", "rank", "rank_low", "rank_high", "peers", "low", "middle", "high", "best"]
    return pd.DataFrame(rows, columns=columns).astype({c: "Float64" for c in columns if c not in ("figure", "peers")})


def middles(values: pd.DataFrame, peers: Peers, by: str = "day") -> pd.DataFrame:
    """The peers' middle of each figure over time: `by`, figure, middle (null where too few peers have the figure)."""
    others = values[values.brand.isin(peers.frame.brand)]
    found = [
        {by: when, "figure": figure, "middle": None if (four := quartiles(part.value)) is None else four["middle"]}
        for (when, figure), part in others.groupby([by, "figure"], observed=True)
    ]
    return pd.DataFrame(found, columns=[by, "figure", "middle"]).astype({"middle": "Float64"})
