"""Brand switching held against a market without winners, and newcomers' choice against everybody's."""

import numpy as np
import pandas as pd

from apex.model.estimate import LEVEL, NAN

LEAST = 20  # fewer say nothing about what a segment chooses


def expected(flows: pd.DataFrame) -> pd.DataFrame:
    """Brand switching beside what a market without winners would show: from_party, to_party, consumers, expected.

    flows: from_party, to_party, consumers of those who bought in both windows (`none` is left out). The Dirichlet model of
    brand choice (Goodhardt, Ehrenberg, Chatfield 1984): each consumer has constant chances of their own, so that a share φ
    of every brand's buyers stay for what they are, and the others choose by the brands' sizes (the mean of both windows).
    φ is set so that as many stay in all as did stay; each row adds to its party's buyers. Missing everywhere if a count is.
    """
    inside = flows[(flows.from_party != "none") & (flows.to_party != "none")].reset_index(drop=True)
    counts, total = inside.consumers.astype("Float64"), inside.consumers.sum()
    if counts.isna().any() or not total:
        return inside.assign(expected=pd.array([pd.NA] * len(inside), "Float64"))
    rows = inside.groupby("from_party", observed=True).consumers.sum().astype(float)
    columns = inside.groupby("to_party", observed=True).consumers.sum().astype(float)
    size = (rows + columns) / (2 * total)
    same = inside.from_party.astype(str) == inside.to_party.astype(str)
    by_size = float((rows * size).sum()) / total
    stay = (float(counts[same].sum()) / total - by_size) / (1 - by_size) if by_size < 1 else 0.0
    chance = stay * same + (1 - stay) * inside.to_party.astype(str).map(size.rename(index=str)).astype(float)
    return inside.assign(expected=chance * inside.from_party.astype(str).map(rows.rename(index=str)).astype(float))


def net(flows: pd.DataFrame, party: str = "us") -> pd.DataFrame:
    """What `party` won from each other party and lost to it: party, won, lost, net, low, high (of net; missing if hidden).

    Of those who changed between two parties, chance would send half each way: net ± z·√(won + lost).
    """
    from scipy.special import ndtri

    z, rows = float(ndtri(0.5 + LEVEL / 2)), []
    for other in flows.from_party.cat.categories:
        if other == party:
            continue
        won, lost = (
            flows.consumers[(flows.from_party == a) & (flows.to_party == b)].iloc[0]
            for a, b in ((other, party), (party, other))
        )
        hidden = pd.isna(won) or pd.isna(lost)
        reach = NAN if hidden else z * float(np.sqrt(won + lost))
        balance = pd.NA if hidden else won - lost
        rows.append({"party": other, "won": won, "lost": lost, "net": balance,
                     "low": pd.NA if hidden else balance - reach, "high": pd.NA if hidden else balance + reach})  # fmt: skip
    kinds = {"won": "Int64", "lost": "Int64", "net": "Int64", "low": "Float64", "high": "Float64"}
    return pd.DataFrame(rows, columns=["party", *kinds]).astype(kinds)


def chosen(newcomers: pd.DataFrame, party: str = "us") -> pd.DataFrame:
    """The party's share among newcomers and among settled buyers: segment, consumers (chose it), of, share, low, high (Wilson).

    newcomers: segment, party, consumers as they may be shown; missing where one of a segment's counts is, and with fewer
    than LEAST consumers in it.
    """
    from statsmodels.stats.proportion import proportion_confint

    rows = []
    for segment, part in newcomers.groupby("segment", observed=False):
        if part.consumers.isna().any() or part.consumers.sum() < LEAST:
            rows.append({"segment": segment})
            continue
        mine, of = int(part.consumers[part.party == party].sum()), int(part.consumers.sum())
        low, high = proportion_confint(mine, of, alpha=1 - LEVEL, method="wilson")
        rows.append({"segment": segment, "consumers": mine, "of": of, "share": mine / of, "low": low, "high": high})
    kinds = {"consumers": "Int64", "of": "Int64", "share": "Float64", "low": "Float64", "high": "Float64"}
    return pd.DataFrame(rows, columns=["segment", *kinds]).astype(kinds)
