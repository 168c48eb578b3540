"""The names and the frames of items: measures, bounds and roles as people say them, and what charts and tables are given."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from apex.show.words import MISSING, Words

SIGNS = {"at_least": "≥", "at_most": "≤", "above": ">", "below": "<"}
SHARES = ("sales_percentile", "shop_share", "growth", "cart_percentile", "sample_share")
NOT_YET, NEXT, NEW = "none", 0, -1  # as apex.measure.item_life and apex.model.hit_tests write them
LONGEST = 28  # characters of an item's name in a chart
ORDER = ("near", "percentile", "brand", "views", "carts", "favourites", "samples", "buyers", "new")
Columns = dict[str, tuple[str, str | Callable[[object], str]]]


def measures(words: Words) -> dict[str, str]:
    """The measures of the rules in words."""
    return {
        "age_days": words("days since launch"),
        "sales": words("sales"),
        "sales_percentile": words("rank by sales in its category"),
        "shop_share": words("share of the brand's sales"),
        "growth": words("growth against its category"),
        "cart_percentile": words("rank by carts per view"),
        "sample_share": words("share of samples"),
        "cover_days": words("days of stock"),
    }


def rankings(words: Words) -> dict[str, str]:
    """The rankings that are held against each other."""
    return {
        "model": words("Model"),
        "sales": words("Best sellers now"),
        "near": words("Nearest to the standard"),
        "percentile": words("Rank in the category"),
        "brand": words("Size of the brand before"),
        "views": words("Views"),
        "carts": words("Carts"),
        "favourites": words("Favourites"),
        "samples": words("Samples"),
        "buyers": words("Buyers"),
        "new": words("Share of new customers"),
    }


def brief(names: Mapping[str, str], item: str) -> str:
    """An item's name as a chart or a narrow table holds it: what tells it from others is kept, the rest is cut."""
    name, mark = names.get(item, item), f" ({item})"
    if len(name) <= LONGEST or not name.endswith(mark):
        return name
    room = max(LONGEST - len(mark) - 1, 6)
    return name[:room].rstrip() + "…" + mark


def points(gain: float, low: float, high: float, words: Words) -> str:
    """A difference of two shares with its interval, in points."""
    a, b, c = (words.signed(round(100 * x)) for x in (gain, low, high))
    return words("{gain} points ({low} to {high})", gain=a, low=b, high=c)


def race(days: int, words: Words) -> str:
    """What a test is about, by its days."""
    if days == NEXT:
        return words("All items, next period")
    return words("No hit of late, next period") if days == NEW else words("Launches, first {n} days", n=int(days))


def stage_names(rules: Any, words: Words) -> list[tuple[str, str]]:
    """The stages as (id, name), in the order of the rules (`apex.measure.item_rules.ItemRules`)."""
    return [(id, words.name(name)) for id, name in rules.names.items()]


def described(rules: Any, gone: Sequence[str], words: Words) -> pd.DataFrame:
    """Each stage with what takes an item to it: stage, rule. Bounds left out because the data know nothing of them are marked."""
    names = measures(words)
    rows = []
    for stage in rules.stages.values():
        lines = []
        for line in stage.any:
            parts = []
            for measure, bound in line.items():
                limits = [f"{SIGNS[s]} {_value(measure, v, words)}" for s, v in bound.limits.items()]
                text = f"{names[measure]} {words(', ').join(limits)}"
                if bound.periods > 1:
                    text = words("{bound}, {n} periods in a row", bound=text, n=bound.periods)
                if measure in gone:
                    left = words("{bound} (left out)", bound=text)
                    text = left if bound.if_known else words("{bound} (not known)", bound=text)
                parts.append(text)
            lines.append(words("; ").join(parts))
        rows.append((words.name({str(k): v for k, v in stage.name.items()}), words(" – or – ").join(lines)))
    rows.append((words.name({str(k): v for k, v in rules.rest.name.items()}), words("none of these")))
    return pd.DataFrame(rows, columns=["stage", "rule"])


def _value(measure: str, value: float, words: Words) -> str:
    return words.share(value) if measure in SHARES else words.number(value)


def shelf(
    items: pd.DataFrame, names: Mapping[str, str], stages: Sequence[tuple[str, str]], words: Words
) -> pd.DataFrame:
    """The items of one period for a table: item, stage_name, age (a text), and the numbers; most sales first."""
    told = dict(stages)
    frame = items.assign(
        item=[names.get(item, item) for item in items.item_id], stage_name=[told[str(s)] for s in items.stage],
        age=[_age(a, words) for a in items.age_days],
    )  # fmt: skip
    size = frame.sales.astype("Float64").fillna(-1)
    return frame.assign(size=size).sort_values(["size", "item_id"], ascending=[False, True], ignore_index=True)


def _age(days: float, words: Words) -> str:
    if pd.isna(days):
        return MISSING
    return words("before the data") if days == float("inf") else words.count(days)


def shelf_columns(words: Words) -> Columns:
    """The columns of a table of `shelf`."""
    return {
        "item": (words("Item"), "text"), "stage_name": (words("Stage"), "text"), "age": (words("Days since launch"), "text"),
        "sales": (words("Sales"), "count"), "gmv_minor": (words("GMV"), "money"),
        "growth": (words("Growth against category"), "signed_share"),
        "sales_percentile": (words("Rank in category"), "share"), "shop_share": (words("Share of brand"), "share"),
    }  # fmt: skip


def portfolio_bars(portfolio: pd.DataFrame) -> pd.DataFrame:
    """Shares of GMV as bars, with shares of items as marks: label, value, before, suppressed; stages with items only."""
    known = portfolio.gmv_minor.notna().all() and portfolio.gmv_minor.sum() > 0
    total = portfolio.gmv_minor.sum() if known else pd.NA
    frame = pd.DataFrame({
        "label": portfolio.stage.astype(str), "value": (portfolio.gmv_minor / total).astype("Float64"),
        "before": portfolio["items"] / max(int(portfolio["items"].sum()), 1), "suppressed": portfolio.suppressed,
    })  # fmt: skip
    return frame[portfolio["items"].to_numpy() > 0].reset_index(drop=True)


def portfolio_columns(words: Words) -> Columns:
    """The columns of the table of stages."""
    return {
        "stage_name": (words("Stage"), "text"), "items": (words("Items"), "count"), "buyers": (words("Buyers"), "count"),
        "orders": (words("Sales"), "count"), "gmv_minor": (words("GMV"), "money"),
        "items_before": (words("Items before"), "count"),
    }  # fmt: skip


def squared(moves: pd.DataFrame) -> pd.DataFrame:
    """Moves of all periods for `show.matrix`: from_party, to_party, consumers (here items)."""
    sums = moves.groupby(["from_stage", "to_stage"], observed=True)["items"].sum().reset_index()
    frame = sums.rename(columns={"from_stage": "from_party", "to_stage": "to_party", "items": "consumers"})
    return frame.astype({"from_party": str, "to_party": str})


def ordered(tests: pd.DataFrame) -> pd.DataFrame:
    """The frame of tests as they are read: the next period, then launches, the model first and best sellers after it."""
    place = {NEXT: 0, NEW: 1}
    days = [place.get(int(d), int(d) + 1) for d in tests.days]
    rank = [-1 if r == "model" else 0 if r == "sales" else 1 + ORDER.index(r) for r in tests.ranking]
    return tests.assign(d=days, r=rank).sort_values(["d", "r"], ignore_index=True).drop(columns=["d", "r"])


def tested(tests: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of tests for a table: what, ranking_name, and texts of the intervals."""
    names = rankings(words)
    return tests.assign(
        what=[race(d, words) for d in tests.days], ranking_name=[names[r] for r in tests.ranking],
        interval=[words("{low} to {high}", low=words.share(a), high=words.share(b))
                  for a, b in zip(tests.low, tests.high, strict=True)],
        ahead=[MISSING if r == "model" else points(g, a, b, words)
               for r, g, a, b in zip(tests.ranking, tests.gain, tests.gain_low, tests.gain_high, strict=True)],
    )  # fmt: skip


def tested_columns(words: Words) -> Columns:
    """The columns of a table of `tested`."""
    return {
        "what": (words("What is foretold"), "text"), "ranking_name": (words("Ranking"), "text"),
        "precision": (words("Became hits"), "share"), "interval": (words("95% limits"), "text"),
        "ahead": (words("Model ahead by"), "text"), "picks": (words("Named"), "count"),
        "base": (words("Of all candidates"), "share1"), "ceiling": (words("At best"), "share"),
    }  # fmt: skip


def raced(tests: pd.DataFrame, days: int, words: Words) -> pd.DataFrame:
    """One test as bars: label, value, low, high; what chance alone would do is the last."""
    part, names = tests[tests.days == days], rankings(words)
    bars = pd.DataFrame(
        {"label": [names[r] for r in part.ranking], "value": part.precision, "low": part.low, "high": part.high}
    )
    if part.empty:
        return bars
    chance = pd.DataFrame({"label": [words("Drawn by lot")], "value": [part.base.iloc[0]]})
    return pd.concat([bars, chance], ignore_index=True)


def chances(told: pd.DataFrame, names: Mapping[str, str], day: int, words: Words) -> pd.DataFrame:
    """The frame of `model.hit_tests.outlook` for a table: item, what, chance, interval."""
    return told.assign(
        item=[names.get(item, item) for item in told.item_id],
        what=[words("in the next period") if d == NEXT else words("at day {n}", n=day) for d in told.days],
        interval=[MISSING if pd.isna(a) else words("{low} to {high}", low=words.share(a, 1), high=words.share(b, 1))
                  for a, b in zip(told.low, told.high, strict=True)],
    ).sort_values("chance", ascending=False, kind="stable", ignore_index=True)  # fmt: skip


def chance_columns(words: Words) -> Columns:
    """The columns of a table of `chances`."""
    return {
        "item": (words("Item"), "text"), "what": (words("Hit when"), "text"), "chance": (words("Chance"), "share1"),
        "interval": (words("95% limits"), "text"), "sales": (words("Sales so far"), "count"),
    }  # fmt: skip


def price_bars(shares: pd.DataFrame, bands: Mapping[str, str]) -> pd.DataFrame:
    """Our share of GMV by band as bars, the others' as marks."""
    frame = shares.rename(columns={"share": "value", "others_share": "before"})
    frame = frame.assign(label=[bands[str(b)] for b in frame.band])
    return frame[["label", "value", "low", "high", "before", "suppressed"]]


def pair_columns(words: Words) -> Columns:
    """The columns of the table of pairs."""
    return {
        "first": (words("Item"), "text"), "second": (words("With"), "text"), "orders": (words("Orders together"), "count"),
        "expected": (words("Expected"), "number"), "lift": (words("Lift"), two(words)), "interval": (words("95% limits"), "text"),
        "told": (words("Beyond chance"), "text"),
    }  # fmt: skip


def paired(pairs: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The frame of `model.together.pair_lifts` for a table."""
    first, second = ([brief(names, item) for item in pairs[c]] for c in ("item_a", "item_b"))
    return pairs.assign(first=first, second=second, **_between(pairs, words))


def liked(found: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The frame of `model.together.affinities` for a table: what is beyond chance first."""
    frame = found.assign(**_between(found, words), far=-(found.ratio.astype("Float64") - 1).abs())
    return frame.sort_values(["clear", "far"], ascending=[False, True], kind="stable", ignore_index=True)


def liked_columns(words: Words) -> Columns:
    """The columns of a table of `liked`."""
    return {
        "category": (words("Category"), "text"), "share_ours": (words("Of our buyers"), "share1"),
        "share_others": (words("Of others' buyers"), "share1"), "ratio": (words("Ratio, like with like"), two(words)),
        "interval": (words("95% limits"), "text"), "told": (words("Beyond chance"), "text"),
        "ours": (words("Buyers of ours"), "count"),
    }  # fmt: skip


def _between(frame: pd.DataFrame, words: Words) -> dict[str, list[str]]:
    return {
        "interval": [MISSING if pd.isna(a) else words("{low} to {high}", low=words.number(a, 2), high=words.number(b, 2))
                     for a, b in zip(frame.low, frame.high, strict=True)],
        "told": [MISSING if pd.isna(a) else words("yes") if c else words("no")
                 for a, c in zip(frame.low, frame.clear, strict=True)],
    }  # fmt: skip


def two(words: Words) -> Callable[[object], str]:
    """A ratio with two decimals."""
    return lambda value: words.number(value, 2)


def role_rows(roles: pd.DataFrame, kind: str, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The columns of `model.item_shares.roles` of one kind as they may be shown, with the items' names; largest first."""
    frame = roles.assign(
        item=[names.get(item, item) for item in roles.item_id], brief=[brief(names, item) for item in roles.item_id],
        interval=[MISSING if pd.isna(a) else words("{low} to {high}", low=words.number(a, 2), high=words.number(b, 2))
                  for a, b in zip(roles[f"{kind}_low"], roles[f"{kind}_high"], strict=True)],
        told=[MISSING if pd.isna(r) else words("yes") if c else words("no")
              for r, c in zip(roles[f"{kind}_ratio"], roles[f"{kind}_clear"], strict=True)],
    )  # fmt: skip
    size = (frame.followed if kind == "repeat" else frame[kind]).astype("Float64").fillna(-1)
    return frame.assign(size=size).sort_values(["size", "item_id"], ascending=[False, True], ignore_index=True)


def role_columns(kind: str, words: Words) -> Columns:
    """The columns of a table of `role_rows`."""
    shares = {"firsts": words("Of first orders"), "seconds": words("Of second orders"), "returns": words("Of returning orders"),
              "repeat": words("Ordered again in time")}  # fmt: skip
    counts = {"firsts": words("First orders"), "seconds": words("Second orders"), "returns": words("Returning orders"),
              "repeat": words("First buyers followed")}  # fmt: skip
    return {
        "item": (words("Item"), "text"), f"{kind}_share": (shares[kind], "share1"),
        f"{kind}_ratio": (words("Times others of the time"), two(words)), "interval": (words("95% limits"), "text"),
        "told": (words("Beyond chance"), "text"), "followed" if kind == "repeat" else kind: (counts[kind], "count"),
    }  # fmt: skip


def role_bars(rows: pd.DataFrame, kind: str, number: int) -> pd.DataFrame:
    """The items' share of first (or returning) orders as bars, that of other orders of the same time as marks."""
    top = rows[rows[f"{kind}_share"].notna()].head(number) if len(rows) else rows
    names = {"brief": "label", f"{kind}_share": "value", f"{kind}_share_low": "low", f"{kind}_share_high": "high",
             f"{kind}_plain": "before"}  # fmt: skip
    return top.rename(columns=names).reindex(columns=list(names.values()))
