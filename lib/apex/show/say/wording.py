"""What the sentences of all notebooks share: claims that fit, and the names of things that the data write as codes."""

from collections.abc import Sequence

import pandas as pd

from apex.show.words import Words

LONGEST = 60  # characters of a finding's short claim
LEAST = 8  # of a name: cut further it names nothing


def fitting(text: str, *names: str) -> str:
    """A claim of at most LONGEST characters: the longest name in it is cut first, and the end where that is not enough."""
    for name in sorted(names, key=len, reverse=True):
        kept = max(len(name) - (len(text) - LONGEST) - 1, LEAST)
        if len(text) > LONGEST and kept < len(name) - 1:
            text = text.replace(name, name[:kept].rstrip() + "…", 1)
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def cells(stages: Sequence[tuple[str, str]], words: Words) -> dict[str, str]:
    """The cells of a day in words: neither, the opportunity, and the stages (id, name)."""
    return {"none": words("neither"), "O": words("Opportunity"), **dict(stages)}


def whole_sum(counts: pd.Series) -> int | None:
    """The sum, or None where one of the counts is suppressed and the sum would help to find it."""
    return None if counts.isna().any() else int(counts.sum())


def shown_sum(counts: pd.Series, words: Words) -> str:
    """The sum in words; at least what may be shown of it where some counts are suppressed."""
    total = int(counts.sum())
    if not counts.isna().any():
        return words.count(total)
    return words("at least {n}", n=total) if total else words.suppressed()


def trait(name: str, words: Words) -> str:
    """A consumer's trait as people say it; one that the warehouse does not define keeps its own name."""
    known = {
        "age_band": words("age"),
        "business": words("business"),  # this and the category: what a share of a crowd's rule may name
        "category": words("category"),
        "city_tier": words("city tier"),
        "down_tier_crowd": words("down-tier crowd"),
        "gender": words("gender"),
        "home_ownership": words("home ownership"),
        "household": words("household"),
        "income_band": words("income"),
        "kids_count": words("children"),
        "life_stage": words("life stage"),
        "marital_status": words("marital status"),
        "purchasing_power": words("purchasing power"),
        "region": words("region"),
        "strategic_crowd": words("strategic crowd"),
    }
    return known.get(name, name)


def behaviour(name: str, words: Words) -> str:
    """A behaviour as people say it."""
    known = {
        "expose": words("exposures"),
        "watch": words("video views"),
        "click": words("clicks"),
        "search_category": words("category searches"),
        "search_brand": words("brand searches"),
        "view": words("page views"),
        "engage": words("likes and comments"),
        "follow": words("follows"),
        "unfollow": words("unfollows"),
        "join": words("joining members"),
        "leave": words("leaving members"),
        "tier": words("member tiers"),
        "claim": words("coupon claims"),
        "redeem": words("coupon redemptions"),
        "sample": words("samples"),
        "favourite": words("favourites"),
        "cart": words("carts"),
        "reserve": words("reservations"),
        "buy": words("purchases"),
        "buy_category": words("category purchases"),
        "review": words("reviews"),
        "share": words("shares"),
        "refund": words("refunds"),
    }
    return known.get(name, name)


def after(first: str, second: str, words: Words) -> str:
    """Two sentences, one after the other; the first alone where the second is empty."""
    return words("{first} {second}", first=first, second=second) if second else first
