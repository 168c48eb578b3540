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
